// The generators and lines of a simplicial cell, computed anew from the rows of its facets, all at once in twofold
// precision.
//
// Of D independent rows a_i, let vector x_j be about where all but the j-th vanish: the vectors are about the dual
// basis, each up to its scale, so that no matrix has to be inverted to improve them. With d_i = a_i . x_i and R_ij =
// a_i . x_j / d_i for i != j, R_ii = 0, the matrices of rows and vectors obey D^-1 A X = I + R, and the true vectors
// are, in the scale of those that are held, the columns t_j of X (I + R)^-1. Since (I + R)^-1 = I - R + R (I + R)^-1 R,
//     t_j - (x_j - sum_i R_ij x_i) = X R (I + R)^-1 R e_j.
// Let g_i be the row sums of |R|, g < 1/2 the largest, and q_j = max_i |R_ij|. Where R is known up to Delta, what the
// step leaves is in coordinate c at most
//     sum_i |x_ic| (Delta_ij + g_i q_j / (1 - g) + gamma_(D + 4) |R_ij|) + 8 u^2 |x_jc|,
// gamma for the step in doubles, which takes the high parts of the x_i alone, 8 u^2 for its sum with x_j. A product
// that is off by e_ij, and one by e_ii that it is divided by, give
//     Delta_ij = (e_ij + |R_ij| e_ii) / (|d_i| - e_ii) + 2 u |R_ij|.
// So each step squares R, down to u^2 times the condition of the rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "twofold_rows.hpp"

namespace relureg {

template <int D_>
class DualBasis {
  public:
    DualBasis(int coordinates, TwofoldRows<D_>& source) : coordinates_(coordinates), source_(source) {
        for (auto* matrix : {&high_, &low_, &step_, &error_, &ratio_, &slack_})
            matrix->resize(static_cast<std::size_t>(coordinates) * stride());
        row_sum_.resize(coordinates), column_.resize(stride());
    }

    void begin() { rows_.clear(), is_usable_ = true; }

    // A row, no context: that of a coordinate, and the vector on which it alone does not vanish.
    void add(const Context* context, int unit, const double* x) {
        is_usable_ = is_usable_ && count() < D() && !(context && context->data->is_out_of_range);
        if (!is_usable_) return;
        for (int c = 0; c < D(); ++c) high_[at(c, count())] = x[c], low_[at(c, count())] = 0;
        rows_.push_back(context ? Row{source_.of(*context, unit), -1} : Row{{nullptr, nullptr, nullptr}, unit});
    }

    // Improve all vectors until a step leaves less than `goal`, or no less than the one before; false where they are
    // not as many as coordinates, or too far from what they stand for.
    bool solve(double goal) {
        if (!is_usable_ || count() != D()) return false;
        double last = HUGE_VAL;
        for (int k = 0; k < kSteps; ++k) {
            const double left = compare();
            if (!(left < last)) return k > 0;
            take_step();
            if (left < goal) break;
            last = left;
        }
        return true;
    }

    // Vector j, as a TwofoldVector has it; false where it may not be in the sense of `guess`, which is right in that of
    // its largest coordinate.
    bool read(int j, const double* guess, bool at_infinity, double* out) const {
        int p = 0;
        for (int c = 0; c < D(); ++c) {
            out[c] = high_[at(c, j)], out[D() + c] = low_[at(c, j)], out[2 * D() + c] = error_[at(c, j)];
            if (std::fabs(guess[c]) > std::fabs(guess[p])) p = c;
        }
        if (at_infinity) out[0] = out[D()] = out[2 * D()] = 0;
        return std::fabs(out[p]) > 2 * out[2 * D() + p] && (out[p] > 0) == (guess[p] > 0);
    }

  private:
    struct Row {
        TwofoldRow row;
        int coordinate;  // of which this is the row, if it is none of a unit
    };

    static constexpr int kSteps = 6;

    int D() const { return D_ ? D_ : coordinates_; }
    int stride() const { return (D() + 3) & ~3; }
    int count() const { return static_cast<int>(rows_.size()); }
    std::size_t at(int i, int j) const { return static_cast<std::size_t>(i) * stride() + j; }

    // The products of a row with all vectors, and how far each may be off.
    void multiply(const Row& row, double* product, double* error) const {
        if (row.coordinate >= 0) {
            std::copy_n(&high_[at(row.coordinate, 0)], stride(), product);
            for (int j = 0; j < stride(); ++j) error[j] = std::fabs(low_[at(row.coordinate, j)]);
            return;
        }
        const Four none = Four::all(0);
        for (int j = 0; j < stride(); j += 4) {
            TwofoldSum<Four> sum{none, none, none};
            Four inherited = none;
            for (int c = 0; c < D(); ++c) {
                const Four high = Four::load(&high_[at(c, j)]);
                sum.add(Four::all(row.row.high[4 * c]), Four::all(row.row.low[4 * c]), high,
                        Four::load(&low_[at(c, j)]));
                inherited = multiply_add(Four::all(row.row.error[4 * c]), absolute(high), inherited);
            }
            sum.normalise();
            sum.high.store(product + j);
            const Four rounding = multiply_add(Four::all(compensated_error(D())), sum.size,
                                               Four::all(kUnitRoundoff) * absolute(sum.high));
            (multiply_add(inherited, Four::all(kInflation), rounding) * Four::all(kInflation) + Four::all(kUnderflow))
                .store(error + j);
        }
    }

    // R and how far it is off; the most that a step leaves of a vector, in units of the others, infinity where R is
    // too large.
    double compare() {
        double g = 0, most = 0;
        std::fill(column_.begin(), column_.end(), 0.0);
        for (int i = 0; i < D(); ++i) {
            double *ratio = &ratio_[at(i, 0)], *slack = &slack_[at(i, 0)];
            multiply(rows_[i], ratio, slack);
            const double own = ratio[i], own_error = slack[i], least = std::fabs(own) - own_error;
            if (!(least > 0)) return HUGE_VAL;
            ratio[i] = slack[i] = row_sum_[i] = 0;
            for (int j = 0; j < D(); ++j) {
                ratio[j] /= own;
                const double size = std::fabs(ratio[j]);
                slack[j] = (slack[j] + size * own_error) / least + 2 * kUnitRoundoff * size;
                row_sum_[i] += size + slack[j];
                column_[j] = std::max(column_[j], size + slack[j]);
            }
            if (!(row_sum_[i] * kInflation < 0.5)) return HUGE_VAL;
            g = std::max(g, row_sum_[i] * kInflation);
        }
        for (int i = 0; i < D(); ++i)
            for (int j = 0; j < D(); ++j) {
                double& slack = slack_[at(i, j)];
                slack += row_sum_[i] * column_[j] / (1 - g) + gamma(D() + 4) * std::fabs(ratio_[at(i, j)]);
                most = std::max(most, slack);
            }
        return most;
    }

    // A step of Newton's method, and what it leaves.
    void take_step() {
        for (int c = 0; c < D(); ++c) {
            double *high = &high_[at(c, 0)], *low = &low_[at(c, 0)], *step = &step_[at(c, 0)],
                   *error = &error_[at(c, 0)];
            for (int j = 0; j < D(); ++j)
                step[j] = 0, error[j] = 8 * kUnitRoundoff * kUnitRoundoff * std::fabs(high[j]);
            for (int i = 0; i < D(); ++i) {
                if (high[i] == 0) continue;
                const double *ratio = &ratio_[at(i, 0)], *slack = &slack_[at(i, 0)];
                const double x = high[i], size = std::fabs(x);
                for (int j = 0; j < D(); ++j) step[j] += ratio[j] * x, error[j] += slack[j] * size;
            }
            for (int j = 0; j < D(); ++j) {
                double rest;
                two_sum(high[j], -step[j], high[j], rest);
                low[j] += rest;
                two_sum(high[j], low[j], high[j], low[j]);
                error[j] = error[j] * kInflation * kInflation + kUnderflow;
            }
        }
    }

    const int coordinates_;
    TwofoldRows<D_>& source_;
    bool is_usable_ = true;
    std::vector<Row> rows_;
    std::vector<double> high_, low_, step_, error_;  // [coordinate, vector]
    std::vector<double> ratio_, slack_;  // [row, vector]: R, and what a step leaves of the vector
    std::vector<double> row_sum_, column_;
};

}  // namespace relureg
