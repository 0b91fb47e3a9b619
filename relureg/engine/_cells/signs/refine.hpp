// A generator computed anew from the rows of its facets, with a verified error bound, in doubles.
//
// Interpolation along edges lets error bounds grow from one generation to the next. A generator of a simple cell is
// also the null vector of its r rows; one Newton step on that system forgets where it came from.
//
// Fix the largest coordinate p; the others solve A y = -a_p x_p. With any B and G = I - B A, |G| < 1 (row sums):
//     y - (y^ - B rho) = -(I - G)^-1 (G B rho + B delta),   rho = computed residual, delta its error,
// so its maximum norm is at most (|G| |B rho| + | |B| |delta| |) / (1 - |G|). Rows that err by at most c R entrywise
// add |B| c R to |G|; gamma_{2 r + 4} covers the rounding of B A, gamma_{r + 4} that of B rho.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "../cells/context.hpp"

namespace relureg {

// Gauss-Jordan inversion of an r x r matrix with row pivoting. False when a pivot vanishes.
inline bool invert_in_place(double* b, int* pivots, int r) {
    for (int k = 0; k < r; ++k) {
        int pivot = k;
        for (int i = k + 1; i < r; ++i)
            if (std::fabs(b[i * r + k]) > std::fabs(b[pivot * r + k])) pivot = i;
        if (!(std::fabs(b[pivot * r + k]) > 0)) return false;
        pivots[k] = pivot;
        if (pivot != k) std::swap_ranges(b + pivot * r, b + pivot * r + r, b + k * r);
        const double inverse = 1 / b[k * r + k];
        b[k * r + k] = 1;
        for (int j = 0; j < r; ++j) b[k * r + j] *= inverse;
        for (int i = 0; i < r; ++i) {
            if (i == k) continue;
            const double factor = b[i * r + k];
            b[i * r + k] = 0;
            for (int j = 0; j < r; ++j) b[i * r + j] -= factor * b[k * r + j];
        }
    }
    for (int k = r - 1; k >= 0; --k)  // rows were exchanged: columns of the inverse go back
        if (pivots[k] != k)
            for (int i = 0; i < r; ++i) std::swap(b[i * r + k], b[i * r + pivots[k]]);
    return true;
}

constexpr double kWorthRefining = 1e-12;  // what is known better comes out hardly better

template <int D_>
class Refiner {
  public:
    explicit Refiner(int coordinates) : coordinates_(coordinates) {
        const std::size_t r = coordinates - 1;
        a_.resize(r * r), b_.resize(r * r), pivots_.resize(r), residual_.resize(r), error_.resize(r), step_.resize(r);
        product_.resize(r), size_.resize(r);
    }

    void begin() { rows_.clear(); }
    // A row that vanishes at the generator; no context: that of a coordinate.
    void add(const Context* context, int unit) { rows_.push_back({context, unit}); }

    // Improve x (max-norm at most 1, right orientation); false when the rows are not r or the bound is no better.
    bool refine(double* x, bool at_infinity, double& eps) {
        const int r = D() - 1;
        if (static_cast<int>(rows_.size()) != r) return false;
        int p = 0;
        for (int j = 1; j <= r; ++j)
            if (std::fabs(x[j]) > std::fabs(x[p])) p = j;
        for (int i = 0; i < r; ++i) load(i, p, x);
        std::copy(a_.begin(), a_.end(), b_.begin());
        if (!invert_in_place(b_.data(), pivots_.data(), r)) return false;
        double g = 0, step = 0, spread = 0;
        for (int row = 0; row < r; ++row) {
            const double* b = &b_[row * r];
            double g_row = 0, step_row = 0, spread_row = 0;
            for (int column = 0; column < r; ++column) product_[column] = size_[column] = column == row;
            for (int m = 0; m < r; ++m) {
                const double* a = &a_[m * r];
                for (int column = 0; column < r; ++column) {
                    const double term = b[m] * a[column];
                    product_[column] -= term;
                    size_[column] += std::fabs(term);
                }
                step_row += b[m] * residual_[m];
                spread_row += std::fabs(b[m]) * (error_[m] + gamma(r + 4) * std::fabs(residual_[m]));
            }
            for (int column = 0; column < r; ++column)
                g_row += std::fabs(product_[column]) + gamma(2 * r + 4) * size_[column];
            for (int m = 0; m < r; ++m)
                if (const Context* context = rows_[m].context;
                    context && context->data->relative_error[rows_[m].unit] > 0)
                    g_row += std::fabs(b[m]) * context->data->relative_error[rows_[m].unit] *
                             context->data->norm[rows_[m].unit];
            step_[row] = step_row;
            g = std::max(g, g_row);
            step = std::max(step, std::fabs(step_row));
            spread = std::max(spread, spread_row);
        }
        g *= 1 + 0x1p-20;
        if (!(g < 0.5)) return false;
        const double bound = (g * step + spread) / (1 - g) * (1 + 0x1p-20) + 4 * kUnitRoundoff * (1 + step);
        if (!(bound < 1e-8 && bound < eps && step < 0.5)) return false;
        double largest = 0;
        for (int j = 0, row = 0; j <= r; ++j) {
            if (j != p) x[j] -= step_[row++];
            largest = std::max(largest, std::fabs(x[j]));
        }
        if (at_infinity) x[0] = 0;
        if (largest > 1)
            for (int j = 0; j <= r; ++j) x[j] *= 0.5;  // at most 1.5 before
        eps = bound;
        return true;
    }

  private:
    struct Row {
        const Context* context;
        int unit;
    };

    int D() const { return D_ ? D_ : coordinates_; }

    void load(int i, int p, const double* x) {
        const int r = D() - 1;
        double* a = &a_[i * r];
        if (const Context* context = rows_[i].context) {
            const Stage& data = *context->data;
            const double* row = context->rows + rows_[i].unit;
            double value = 0;
            for (int j = 0, column = 0; j <= r; ++j) {
                const double entry = row[static_cast<std::size_t>(j) * data.stride];
                value += entry * x[j];
                if (j != p) a[column++] = entry;
            }
            residual_[i] = value;
            error_[i] = data.value_error[rows_[i].unit];
            return;
        }
        std::fill(a, a + r, 0.0);
        const int j = rows_[i].unit;
        if (p != j) a[j - (j > p)] = 1;
        residual_[i] = x[j];
        error_[i] = 0;
    }

    const int coordinates_;
    std::vector<Row> rows_;
    std::vector<int> pivots_;
    std::vector<double> a_, b_, residual_, error_, step_, product_, size_;
};

}  // namespace relureg
