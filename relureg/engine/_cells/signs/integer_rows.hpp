// Rows as integers of 62 bits, where they are so small: without integers of any size.
//
// If all parameters are doubles, a row is a multiple of 2^-F, F the digits after the point that products of them can
// have (`Stage::fraction_bits`). Where it is known to less than half of that, rounding tells it exactly.
#pragma once

#include <cmath>
#include <cstdint>

#include "twofold_rows.hpp"

namespace relureg {

template <int D_>
class IntegerRows {
  public:
    IntegerRows(int coordinates, TwofoldRows<D_>& source) : coordinates_(coordinates), source_(source) {}

    // Whether the rows of a unit are as small as that on every cell.
    static bool are_small(const Stage& data, int unit) {
        return !data.is_rounded && data.fraction_bits < 62 &&
               data.norm[unit] < std::ldexp(1.0, 62 - data.fraction_bits);  // infinite where out of range
    }

    // The row of a unit times 2^F; false where it is not known, or larger.
    bool read(const Context& context, int unit, std::int64_t* out) const {
        const Stage& data = *context.data;
        if (data.is_rounded || data.is_out_of_range || data.fraction_bits >= 900) return false;
        const double scale = std::ldexp(1.0, data.fraction_bits);
        if (data.row_bits[unit] <= 53) {
            const double* row = context.rows + unit;
            for (int j = 0; j < D(); ++j)
                out[j] = static_cast<std::int64_t>(row[static_cast<std::size_t>(j) * data.stride] * scale);
            return true;
        }
        const TwofoldRow row = source_.of(context, unit);
        for (int j = 0; j < D(); ++j) {
            const double high = row.high[4 * j] * scale, low = row.low[4 * j] * scale;
            if (!(row.error[4 * j] * scale < 0.25) || !(std::fabs(high) < 0x1p62)) return false;
            const double whole = std::nearbyint(high);
            out[j] = static_cast<std::int64_t>(whole) + std::llrint((high - whole) + low);
        }
        return true;
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }

    const int coordinates_;
    TwofoldRows<D_>& source_;
};

}  // namespace relureg
