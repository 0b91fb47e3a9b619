// Where one input moves to a bound, the others make up for what that takes from the rows: with hundreds of inputs and
// few rows, most bounds of a thin cell are reached so.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

class Corrections {
  public:
    explicit Corrections(const CellRows& rows) : rows_(rows) {}

    // From a point inside: only inputs with room on both sides are to make up for anything.
    void begin(const std::vector<double>& from) {
        const Box& box = rows_.box();
        const int width = rows_.width(), dim = rows_.dim();
        from_ = from;
        has_room_.assign(width, 0);
        for (int j = 0; j < dim; ++j) {
            const double low = from[j + 1] - box.outer_lower[j], high = box.outer_upper[j] - from[j + 1];
            has_room_[j + 1] = std::min(low, high) > kRoom * (std::isfinite(low + high) ? low + high : 1.0);
        }
        const std::size_t m = rows_.path().size();
        moving_.assign(m * width, 0.0), values_.resize(m), products_.resize(m * m);
        for (std::size_t i = 0; i < m; ++i) {
            const Slot& slot = rows_[rows_.path()[i]];
            for (int j = 1; j <= dim; ++j)
                if (has_room_[j]) moving_[i * width + j] = slot.side * slot.row[j];
            values_[i] = slot.side * product(slot.row, from.data(), width);
            for (std::size_t k = 0; k <= i; ++k)
                products_[i * m + k] = products_[k * m + i] = product(row(i), row(k), width);
        }
    }

    // A point just beyond a bound, which rows likely let pass; false: none was found.
    bool reach(const HalfSpace& bound, std::vector<double>& point) {
        const Box& box = rows_.box();
        const std::size_t m = values_.size();
        const int j = bound.input + 1;
        const double to = (bound.is_upper() ? box.outer_upper : box.outer_lower)[bound.input], by = to - from_[j];
        after_.resize(m), factors_.assign(m, 0.0);
        for (std::size_t i = 0; i < m; ++i) {
            const Slot& slot = rows_[rows_.path()[i]];
            after_[i] = values_[i] + slot.side * slot.row[j] * by;
        }
        if (!restore(j)) return false;
        point = from_;
        for (std::size_t i = 0; i < m; ++i) {
            if (factors_[i] == 0) continue;
            const Four factor = Four::all(factors_[i]);
            for (int k = 0; k < rows_.width(); k += 4)
                multiply_add(factor, Four::load(row(i) + k), Four::load(&point[k])).store(&point[k]);
        }
        point[j] = to;
        return true;
    }

  private:
    static constexpr double kRoom = 0.02;   // of the distance between two bounds
    static constexpr double kWanted = 0.5, kLeast = 0.25;  // of what a row is at the point inside
    static constexpr int kSteps = 400;

    const double* row(std::size_t i) const { return &moving_[i * rows_.width()]; }

    // Move along the row that lacks most, again and again, without input j (Agmon 1954).
    bool restore(int j) {
        const std::size_t m = values_.size();
        for (int step = 0; step < kSteps; ++step) {
            std::size_t worst = 0;
            double most = 0;
            for (std::size_t i = 0; i < m; ++i) {
                const double lacks = (kLeast * values_[i] - after_[i]) / std::sqrt(products_[i * m + i] + 0x1p-900);
                if (lacks > most) most = lacks, worst = i;
            }
            if (!(most > 0)) return true;
            const double own = row(worst)[j], length = products_[worst * m + worst] - own * own;
            if (!(length > 0)) return false;
            const double by = (kWanted * values_[worst] - after_[worst]) / length;
            factors_[worst] += by;
            for (std::size_t i = 0; i < m; ++i) after_[i] += by * (products_[worst * m + i] - own * row(i)[j]);
        }
        return false;
    }

    const CellRows& rows_;
    std::vector<double> from_;
    std::vector<std::uint8_t> has_room_;
    std::vector<double> moving_;    // [row of the path][entry]: on its side, in inputs that have room
    std::vector<double> products_;  // of these
    std::vector<double> values_, after_, factors_;  // [row of the path]
};

}  // namespace relureg
