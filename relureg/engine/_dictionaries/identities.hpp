// Identities between rows that doubles prove: multipliers that are solved for, with a bound on their error.
//
// Let g_1, ..., g_m be rows that are not negative in a cell, h one that is asked about, and J the inputs that nothing
// bounds there. Let the linear parts of all these rows, seen on J, lie in a space of dimension at most m, and let
// M = (g_i at input k) for m inputs k of J have an inverse. Then the g_i span that space, and the y with M y = -h has
//     h + sum of y_i g_i = 0   on all of J.
// So y >= 0 shows that h is at most the largest value of the sum on the inputs that are bounded, and its constant.
// Where the linear parts lie in such a space on all inputs, the sum is its constant.
//
// With R about the inverse of M, G = I - R M and |G| = a < 1 (largest sum of a row), and r the residual of a computed
// y,
//     |y - exact y| <= |R| |r| + a / (1 - a) max |R| |r|   in each entry,
// (Rump, Acta Numerica 19, 2010, section 10; refine.hpp of the splitter does the same). Entries are off by at most c
// times their majorant, and sums of n products by gamma_(n + 2) times that of the majorants; both are in every bound
// below.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "slots.hpp"

namespace relureg {

// A row times a factor, constant first: entries in doubles, each off by at most c times its majorant.
struct BoundedRow {
    const double* entries;
    const double* majorant;
    double factor;
    double c;

    // In units of the row, on one side of it.
    static BoundedRow of(const Slot& slot, int side) {
        return {slot.row, slot.majorant, side / slot.unit_size, slot.relative_error};
    }

    double at(int j) const { return factor * entries[j]; }
    double size_at(int j) const { return std::fabs(factor) * majorant[j]; }
    // Whether no product with an entry underflows.
    bool is_in_range(int dim) const {
        for (int j = 0; j <= dim; ++j)
            if (majorant[j] != 0 && !(size_at(j) >= 0x1p-600)) return false;
        return true;
    }
};

class Identity {
  public:
    explicit Identity(const Box& box) : box_(box) {}

    // Solve for the multipliers; false where their signs are not proven. `on`: J, constants being 0. `rank`: what the
    // dimension of the space is at most.
    bool solve(const BoundedRow& target, const std::vector<BoundedRow>& rows, const std::vector<int>& on, int rank) {
        const std::size_t m = rows.size();
        is_everywhere_ = rank <= static_cast<int>(m) || on.size() == box_.inner_lower.size();
        rank = std::min(rank, static_cast<int>(on.size()));
        if (!m || m > on.size() || rank > static_cast<int>(m)) return false;
        target_ = &target, rows_ = &rows;
        c_ = target.c;
        for (const BoundedRow& row : rows) c_ = std::max(c_, row.c);
        if (!(c_ < 0x1p-20)) return false;
        const int dim = static_cast<int>(box_.inner_lower.size());
        const auto is_in_range = [dim](const BoundedRow& row) { return row.is_in_range(dim); };
        if (!is_in_range(target) || !std::all_of(rows.begin(), rows.end(), is_in_range)) return false;
        slack_ = (gamma(static_cast<double>(m) + 4) + c_) * (1 + 0x1p-10);
        return choose_inputs(on) && bound_multipliers();
    }

    // Whether the sum is 0 everywhere: it vanishes on all inputs, and no row has a constant.
    bool is_zero() const {
        return is_everywhere_ && target_->majorant[0] == 0 &&
               std::all_of(rows_->begin(), rows_->end(), [](const BoundedRow& row) { return row.majorant[0] == 0; });
    }

    // Whether the sum is surely below 0, between the bounds of all inputs but those named in solve.
    bool is_negative(const std::vector<int>& on) {
        is_free_.assign(static_cast<std::size_t>(box_.width()), 0);
        for (const int j : on) is_free_[j] = 1;
        double most = 0, error = 0;
        const int dim = static_cast<int>(box_.inner_lower.size());
        for (int j = 0; j <= dim; ++j) {
            if (is_free_[j] || (j && is_everywhere_)) continue;
            double sum = target_->at(j), size = target_->size_at(j), off = 0;
            for (std::size_t i = 0; i < rows_->size(); ++i) {
                sum += y_[i] * (*rows_)[i].at(j);
                size += y_[i] * (*rows_)[i].size_at(j), off += errors_[i] * (*rows_)[i].size_at(j);
            }
            if (j && size == 0) continue;
            // Roundings of the products and of adding them up: |centre| + radius <= 4 reach.
            const double reach = box_.reach[j], each = slack_ * size + off * (1 + 0x1p-10);
            const double rounding = 4 * gamma(dim + 6) * (size + off);
            if (std::isfinite(reach)) {
                most += sum * box_.centre[j] + std::fabs(sum) * box_.radius[j];
                error += (each + rounding) * reach;
                continue;
            }
            // Largest at the one bound, where it surely falls from there on.
            if (!(std::fabs(sum) > each + rounding)) return false;
            const double end = sum < 0 ? box_.low[j - 1] : box_.high[j - 1];
            if (!std::isfinite(end)) return false;
            most += sum * end;
            error += (each + rounding) * std::fabs(end);
        }
        return most < -(error * (1 + 0x1p-10) + 0x1p-900);
    }

  private:
    // Inputs on which the rows are independent, by elimination with full pivoting, and about the inverse there.
    bool choose_inputs(const std::vector<int>& on) {
        const std::size_t m = rows_->size(), n = on.size();
        work_.resize(m * n), inverse_.assign(m * m, 0.0), inputs_.resize(m);
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t k = 0; k < n; ++k) work_[i * n + k] = (*rows_)[i].at(on[k]);
        for (std::size_t i = 0; i < m; ++i) inverse_[i * m + i] = 1;
        // Gauss-Jordan on (rows | I): row operations turn the rows into unit vectors on the inputs chosen.
        for (std::size_t i = 0; i < m; ++i) {
            std::size_t best = 0;
            double most = 0;
            for (std::size_t k = 0; k < n; ++k)
                if (std::fabs(work_[i * n + k]) > most) most = std::fabs(work_[i * n + k]), best = k;
            if (!(most > 1e-12)) return false;
            inputs_[i] = on[best];
            const double by = 1 / work_[i * n + best];
            for (std::size_t k = 0; k < n; ++k) work_[i * n + k] *= by;
            for (std::size_t k = 0; k < m; ++k) inverse_[i * m + k] *= by;
            for (std::size_t other = 0; other < m; ++other) {
                const double factor = work_[other * n + best];
                if (other == i || factor == 0) continue;
                for (std::size_t k = 0; k < n; ++k) work_[other * n + k] -= factor * work_[i * n + k];
                for (std::size_t k = 0; k < m; ++k) inverse_[other * m + k] -= factor * inverse_[i * m + k];
            }
        }
        return true;
    }

    // `inverse_` E has E A = I for A[i][k] = g_i at input k, and y solves A^T y = -h: so R = E^T.
    double inverse(std::size_t i, std::size_t k) const { return inverse_[k * rows_->size() + i]; }

    bool bound_multipliers() {
        const std::size_t m = rows_->size();
        y_.assign(m, 0.0), errors_.assign(m, 0.0);
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t k = 0; k < m; ++k) y_[i] -= inverse(i, k) * target_->at(inputs_[k]);
        for (const double y : y_)
            if (!(y > 0x1p-100)) return false;
        residual_.resize(m);
        for (std::size_t k = 0; k < m; ++k) {
            double sum = target_->at(inputs_[k]), size = target_->size_at(inputs_[k]);
            for (std::size_t i = 0; i < m; ++i) {
                sum += y_[i] * (*rows_)[i].at(inputs_[k]);
                size += y_[i] * (*rows_)[i].size_at(inputs_[k]);
            }
            residual_[k] = std::fabs(sum) + slack_ * size + 0x1p-900;
        }
        double norm = 0, largest = 0;
        for (std::size_t i = 0; i < m; ++i) {
            double total = 0;
            for (std::size_t l = 0; l < m; ++l) {
                double sum = i == l ? -1.0 : 0.0, size = i == l ? 1.0 : 0.0;
                for (std::size_t k = 0; k < m; ++k) {
                    sum += inverse(i, k) * (*rows_)[l].at(inputs_[k]);
                    size += std::fabs(inverse(i, k)) * (*rows_)[l].size_at(inputs_[k]);
                }
                total += std::fabs(sum) + slack_ * size;
            }
            norm = std::max(norm, total);
            for (std::size_t k = 0; k < m; ++k) errors_[i] += std::fabs(inverse(i, k)) * residual_[k];
            largest = std::max(largest, errors_[i]);
        }
        norm *= 1 + 0x1p-10;
        if (!(norm < 0.5)) return false;
        for (std::size_t i = 0; i < m; ++i) {
            errors_[i] = (errors_[i] + norm / (1 - norm) * largest) * (1 + 0x1p-10);
            if (!(y_[i] > errors_[i])) return false;
        }
        return true;
    }

    const Box& box_;
    const BoundedRow* target_ = nullptr;
    const std::vector<BoundedRow>* rows_ = nullptr;
    bool is_everywhere_ = false;  // the rows span all linear parts on all inputs, not only on J
    double c_ = 0, slack_ = 0;
    std::vector<double> work_, inverse_, y_, errors_, residual_;
    std::vector<int> inputs_;  // [m]: on which the system is solved
    std::vector<std::uint8_t> is_free_;
};

}  // namespace relureg
