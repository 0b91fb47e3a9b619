// Rays that were proven to lie in some cells, for others that they lie in as well.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

// A direction of doubles, with a 0 first. Within `change` of it, input by input, there is one on which some rows of
// cells are exactly 0, and bounds of inputs are kept.
struct NearRay {
    std::vector<double> ray;
    std::vector<double> change;  // empty: it is that direction
    std::vector<std::uint64_t> zeros;  // serial numbers of the rows, ascending

    bool is_zero_on(const Slot& slot) const { return std::binary_search(zeros.begin(), zeros.end(), slot.serial); }

    // Whether a row surely rises along the exact ray, on the side on which the path goes on. On that ray it differs
    // from what it is at `ray` by at most the sum of (1 + c) R_j change_j, and both are off as at any point.
    bool surely_raises(const Slot& slot, int width) const {
        const double value = slot.side * product(slot.row, ray.data(), width);
        if (!(value > 0)) return false;
        double error = error_at(slot, ray.data(), width);
        if (!change.empty())
            error += absolute_product(change.data(), slot.majorant, width) * (1 + slot.relative_error) * (1 + 0x1p-10);
        return value > error;
    }
};

// The last rays found: of the two parts of a cell, one at least has a ray of that.
class KnownRays {
  public:
    void add(NearRay ray) {
        if (rays_.size() == kMost) rays_.pop_back();
        rays_.insert(rays_.begin(), std::move(ray));
    }

    // Whether one of them lies in the cell of the path. Cells that were looked at last differ in their last rows.
    bool has_one_in(const CellRows& rows) {
        for (std::size_t i = 0; i < rays_.size(); ++i) {
            if (!is_in(rays_[i], rows)) continue;
            std::rotate(rays_.begin(), rays_.begin() + i, rays_.begin() + i + 1);
            return true;
        }
        return false;
    }

  private:
    static constexpr std::size_t kMost = 16;

    // An exact ray on which a row rises is not 0.
    static bool is_in(const NearRay& near, const CellRows& rows) {
        bool does_rise = false;
        for (auto slot = rows.path().rbegin(); slot != rows.path().rend(); ++slot) {
            if (near.is_zero_on(rows[*slot])) continue;
            if (!near.surely_raises(rows[*slot], rows.width())) return false;
            does_rise = true;
        }
        return does_rise;
    }

    std::vector<NearRay> rays_;
};

}  // namespace relureg
