// A generator in twofold precision: from the rows of its facets by Newton's method, with a bound on each coordinate's
// error.
//
// Fix the largest coordinate p. With the other coordinates in units sigma_j, powers of two of about their sizes, and
// the rows scaled to about 1, the others solve A z = c. Let B be about the inverse of A, G = I - B A, |G| < 1/2 (row
// sums), and rho the residual of z^ for the true rows, known up to delta. Then
//     z - z^ = -(I - G)^-1 B rho,   so   |z - z^|_i <= e_i + |G|_i / (1 - |G|) max_k e_k,   e = |B| (|rho^| + delta).
// |G|_i is the computed row sum of |I - B A|, plus gamma_(2 r + 6) |B| |A| for its rounding and for the low parts of A,
// plus |B| times the errors of the rows. The residual is a compensated sum, so that e is about u^2 times the condition
// of A. Units fit the coordinates: each is known relative to its own size, whatever the sizes of the others. What was
// a poor guess of a small coordinate is a good one after one round, which then sets the units of the next.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "refine.hpp"
#include "twofold_rows.hpp"

namespace relureg {

// Coordinate j is high[j] + low[j], off by at most error[j].
struct TwofoldVector {
    const double *high, *low, *error;
    static TwofoldVector at(const double* memory, int size) { return {memory, memory + size, memory + 2 * size}; }
};

// The same vector in twofold precision, its largest entry in [1/2, 1): each entry is off by at most 2^-104 of itself.
inline void to_twofold(const ExactVector& x, double* out) {
    const std::size_t size = x.size();
    long highest = 0;
    for (const auto& entry : x)
        if (entry != 0) highest = std::max(highest, static_cast<long>(mpz_sizeinbase(entry.get_mpz_t(), 2)));
    for (std::size_t j = 0; j < size; ++j) {
        long exponent = 0;
        const double high = mpz_get_d_2exp(&exponent, x[j].get_mpz_t());  // cut off, so that the rest has the same sign
        const long shift = std::max(exponent - 53, 0L);
        mpz_class rest = static_cast<mpz_class>(std::ldexp(high, static_cast<int>(std::min(exponent, 53L))));
        rest = x[j] - (rest << shift);
        out[j] = std::ldexp(high, static_cast<int>(exponent - highest));
        long exponent_of_rest = 0;
        const double low = mpz_get_d_2exp(&exponent_of_rest, rest.get_mpz_t());
        out[size + j] = std::ldexp(low, static_cast<int>(exponent_of_rest - highest));
        two_sum(out[j], out[size + j], out[j], out[size + j]);
        out[2 * size + j] = x[j] == 0 ? 0 : std::fabs(out[j]) * 0x1p-104 + kUnderflow;
    }
}

template <int D_>
class TwofoldSolver {
  public:
    TwofoldSolver(int coordinates, TwofoldRows<D_>& source)
        : coordinates_(coordinates), source_(source), unit_(coordinates), spread_(coordinates) {
        const std::size_t r = coordinates - 1;
        matrix_.resize(r * r), inverse_.resize(r * r), pivots_.resize(r), product_.resize(r), size_.resize(r);
        residual_.resize(r), error_.resize(r), g_.resize(r);
    }

    void begin() { rows_.clear(), is_usable_ = true; }
    // A row that vanishes at the generator; no context: that of a coordinate.
    void add(const Context* context, int unit) {
        is_usable_ = is_usable_ && !(context && context->data->is_out_of_range);
        rows_.push_back(is_usable_ && context ? Row{source_.of(*context, unit), 4, 1, -1}
                                              : Row{{nullptr, nullptr, nullptr}, 0, 1, unit});
    }

    // Write the generator near `guess`, whose largest coordinate has the right sign, to `out`: 3 D doubles.
    bool solve(const double* guess, bool at_infinity, double* out) {
        if (!is_usable_ || static_cast<int>(rows_.size()) < r()) return false;
        double *high = out, *low = out + D();
        std::copy(guess, guess + D(), high);
        std::fill(low, low + D(), 0.0);
        if (at_infinity) high[0] = 0;
        p_ = 0;
        for (int j = 1; j < D(); ++j)
            if (std::fabs(high[j]) > std::fabs(high[p_])) p_ = j;
        for (int round = 0; round < kRounds; ++round) {
            if (round == 0)
                level_units(at_infinity);
            else if (!fit_units(high))
                break;
            if (at_infinity) unit_[0] = kNothing;
            scale_rows();
            if (!choose_rows() || !invert()) return false;
            double last = HUGE_VAL;
            for (int k = 0; k < kSteps; ++k) {
                const double step = improve(high, low);
                if (!(step < last) || step < kConverged) break;
                last = step;
            }
        }
        if (at_infinity) high[0] = low[0] = 0;
        return bound(at_infinity, high, low, out + 2 * D());
    }

  private:
    struct Row {
        TwofoldRow row;
        int stride;
        double scale;
        int coordinate;  // of which this is the row, if it is none of a unit
        double high(int j) const { return row.high ? row.high[stride * j] : j == coordinate; }
        double low(int j) const { return row.low ? row.low[stride * j] : 0; }
        double error(int j) const { return row.error ? row.error[stride * j] : 0; }
    };

    static constexpr int kRounds = 4, kSteps = 8;
    static constexpr double kNothing = 0x1p-300;  // the unit of a coordinate that is 0, so that no row is scaled by it
    static constexpr double kConverged = 0x1p-90;
    static constexpr double kWorst = 0x1p-30;  // what is known worse, in its unit, is not worth keeping

    int D() const { return D_ ? D_ : coordinates_; }
    int r() const { return D() - 1; }
    int coordinate(int column) const { return column + (column >= p_); }

    // A power of two of about |x|, within a range in which products of several stay finite.
    static double magnitude(double x) {
        int exponent = 0;
        std::frexp(x, &exponent);
        return std::ldexp(1.0, std::clamp(exponent, -300, 300));
    }

    // Units in which the columns of the matrix are level: the guess may be wrong in all small coordinates.
    void level_units(bool at_infinity) {
        std::fill(unit_.begin(), unit_.end(), 1.0);
        if (at_infinity) unit_[0] = kNothing;
        for (int round = 0; round < 2; ++round) {
            scale_rows();
            for (int j = 0; j < D(); ++j) {
                double largest = 0;
                for (const Row& row : rows_) largest = std::max(largest, std::fabs(row.high(j)) * row.scale);
                if (j != p_ && (j > 0 || !at_infinity) && largest > 0 && largest < HUGE_VAL)
                    unit_[j] = 1 / magnitude(largest);
            }
        }
    }

    // Units by the sizes of the coordinates; false if they fit already.
    bool fit_units(const double* x) {
        bool has_changed = false;
        for (int j = 0; j < D(); ++j) {
            if (x[j] == 0) continue;
            const double unit = magnitude(x[j]);
            if (unit <= 256 * unit_[j] && unit_[j] <= 256 * unit) continue;
            unit_[j] = unit;
            has_changed = true;
        }
        return has_changed;
    }

    void scale_rows() {
        for (Row& row : rows_) {
            double largest = 0;
            for (int j = 0; j < D(); ++j) largest = std::max(largest, std::fabs(row.high(j)) * unit_[j]);
            row.scale = largest > 0 && largest < HUGE_VAL ? 1 / magnitude(largest) : 1;
        }
    }

    double entry(const Row& row, int column) const {
        const int j = coordinate(column);
        return row.high(j) * row.scale * unit_[j];
    }

    // Of more rows than coordinates, bring r to the front that Gaussian elimination finds most independent.
    bool choose_rows() {
        const int k = static_cast<int>(rows_.size());
        if (k == r()) return true;
        work_.resize(static_cast<std::size_t>(k) * r());
        for (int i = 0; i < k; ++i)
            for (int c = 0; c < r(); ++c) work_[i * r() + c] = entry(rows_[i], c);
        for (int step = 0; step < r(); ++step) {
            int best = step, column = 0;
            for (int i = step; i < k; ++i)
                for (int c = 0; c < r(); ++c)
                    if (std::fabs(work_[i * r() + c]) > std::fabs(work_[best * r() + column])) best = i, column = c;
            const double pivot = work_[best * r() + column];
            if (!(std::fabs(pivot) > 0)) return false;
            std::swap(rows_[best], rows_[step]);
            std::swap_ranges(&work_[best * r()], &work_[best * r()] + r(), &work_[step * r()]);
            for (int i = step + 1; i < k; ++i) {
                const double factor = work_[i * r() + column] / pivot;
                for (int c = 0; c < r(); ++c) work_[i * r() + c] -= factor * work_[step * r() + c];
                work_[i * r() + column] = 0;
            }
        }
        return true;
    }

    bool invert() {
        for (int i = 0; i < r(); ++i)
            for (int c = 0; c < r(); ++c) matrix_[i * r() + c] = entry(rows_[i], c);
        std::copy(matrix_.begin(), matrix_.end(), inverse_.begin());
        return invert_in_place(inverse_.data(), pivots_.data(), r());
    }

    // The residual of a row, scaled; `error` bounds how far it is off.
    double residual(const Row& row, const double* high, const double* low, double* error) const {
        TwofoldSum<double> sum{0, 0, 0};
        double inherited = 0;
        for (int j = 0; j < D(); ++j) {
            sum.add(row.high(j), row.low(j), high[j], low[j]);
            inherited += row.error(j) * std::fabs(high[j]);
        }
        sum.normalise();
        if (error)
            *error =
                row.scale *
                    (compensated_error(D()) * sum.size + inherited * kInflation + kUnitRoundoff * std::fabs(sum.high)) *
                    kInflation +
                row.scale * kUnderflow;
        return row.scale * sum.high;
    }

    // One step of Newton's method; its size, in units.
    double improve(double* high, double* low) {
        for (int i = 0; i < r(); ++i) residual_[i] = residual(rows_[i], high, low, nullptr);
        double size = 0;
        for (int c = 0; c < r(); ++c) {
            double step = 0;
            for (int i = 0; i < r(); ++i) step += inverse_[c * r() + i] * residual_[i];
            size = std::max(size, std::fabs(step));
            const int j = coordinate(c);
            double rest;
            two_sum(high[j], -step * unit_[j], high[j], rest);
            low[j] += rest;
            two_sum(high[j], low[j], high[j], low[j]);
        }
        return size;
    }

    bool bound(bool at_infinity, const double* high, const double* low, double* out) {
        for (int i = 0; i < r(); ++i) residual_[i] = residual(rows_[i], high, low, &error_[i]);
        double largest = 0, g = 0;
        for (int c = 0; c < r(); ++c) {
            spread_[c] = 0;
            for (int i = 0; i < r(); ++i)
                spread_[c] += std::fabs(inverse_[c * r() + i]) * (std::fabs(residual_[i]) + error_[i]);
            g_[c] = row_sum(c);
            largest = std::max(largest, spread_[c]);
            g = std::max(g, g_[c]);
        }
        if (!(g < 0.5)) return false;
        for (int j = 0; j < D(); ++j) out[j] = 0;
        for (int c = 0; c < r(); ++c) {
            const int j = coordinate(c);
            const double error = (spread_[c] + g_[c] / (1 - g) * largest) * kInflation * kInflation;
            if (!(error < kWorst)) return false;
            out[j] = j == 0 && at_infinity ? 0 : error * unit_[j] + kUnderflow;
        }
        return true;
    }

    // Of |G|, for one row.
    double row_sum(int c) {
        std::fill(product_.begin(), product_.end(), 0.0), std::fill(size_.begin(), size_.end(), 0.0);
        product_[c] = size_[c] = 1;
        double inherited = 0;
        for (int i = 0; i < r(); ++i) {
            const double factor = inverse_[c * r() + i];
            double errors = 0;
            for (int d = 0; d < r(); ++d) {
                const double term = factor * matrix_[i * r() + d];
                product_[d] -= term;
                size_[d] += std::fabs(term);
                errors += rows_[i].error(coordinate(d)) * unit_[coordinate(d)];
            }
            inherited += std::fabs(factor) * (errors * rows_[i].scale + kUnderflow);
        }
        double sum = inherited;
        for (int d = 0; d < r(); ++d) sum += std::fabs(product_[d]) + gamma(2 * r() + 6) * size_[d];
        return sum * kInflation;
    }

    const int coordinates_;
    TwofoldRows<D_>& source_;
    int p_ = 0;
    bool is_usable_ = true;
    std::vector<Row> rows_;
    std::vector<int> pivots_;
    std::vector<double> unit_, spread_, matrix_, inverse_, product_, size_, residual_, error_, g_, work_;
};

}  // namespace relureg
