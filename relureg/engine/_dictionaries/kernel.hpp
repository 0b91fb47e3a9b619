// A point near a computed one on which some rows surely vanish.
#pragma once

#include "identities.hpp"

namespace relureg {

class Kernel {
  public:
    // Near the direction `at` (a 0 first) there is one on which all rows are 0; false: that is not proven. Of the rows,
    // as many are taken as are independent. That the others depend on them is clear where all span at most `rank`
    // dimensions; else it is asked of each and those it seems to be made of: `depends(row, others)`.
    template <class Depends>
    bool solve(const std::vector<BoundedRow>& rows, const std::vector<double>& at, int dim, int rank, Depends depends) {
        chosen_.clear(), inputs_.clear(), change_.clear();
        if (rows.empty()) return true;
        choose(rows, dim);
        const std::size_t m = chosen_.size();
        for (std::size_t i = 0, next = 0; static_cast<int>(m) < rank && i < rows.size(); ++i) {
            if (next < m && chosen_[next] == i)
                ++next;
            else if (!depends(i, made_of(i, rows.size())))
                return false;
        }
        double c = 0;
        for (const BoundedRow& row : rows) c = std::max(c, row.c);
        if (!(c < 0x1p-20)) return false;
        const double slack = (gamma(static_cast<double>(std::max(dim, static_cast<int>(m))) + 4) + c) * (1 + 0x1p-10);
        std::vector<double> value(m);
        for (std::size_t i = 0; i < m; ++i) {
            double sum = 0, size = 0;
            for (int j = 1; j <= dim; ++j) {
                sum += rows[chosen_[i]].at(j) * at[j];
                size += rows[chosen_[i]].size_at(j) * std::fabs(at[j]);
            }
            value[i] = std::fabs(sum) + slack * size + 0x1p-900;
        }
        double norm = 0, largest = 0;
        change_.assign(m, 0.0);
        for (std::size_t k = 0; k < m; ++k) {
            double total = 0;
            for (std::size_t l = 0; l < m; ++l) {
                double sum = k == l ? -1.0 : 0.0, size = k == l ? 1.0 : 0.0;
                for (std::size_t i = 0; i < m; ++i) {
                    const double entry = inverse_[k * rows.size() + chosen_[i]];
                    sum += entry * rows[chosen_[i]].at(inputs_[l]);
                    size += std::fabs(entry) * rows[chosen_[i]].size_at(inputs_[l]);
                }
                total += std::fabs(sum) + slack * size;
            }
            norm = std::max(norm, total);
            for (std::size_t i = 0; i < m; ++i)
                change_[k] += std::fabs(inverse_[k * rows.size() + chosen_[i]]) * value[i];
            largest = std::max(largest, change_[k]);
        }
        norm *= 1 + 0x1p-10;
        if (!(norm < 0.5)) return false;
        for (double& x : change_) x = (x + norm / (1 - norm) * largest) * (1 + 0x1p-10);
        return true;
    }

    // By how much that direction may differ from the computed one, input by input.
    void spread_change(std::vector<double>& to) const {
        for (std::size_t k = 0; k < inputs_.size(); ++k) to[inputs_[k]] = change_[k];
    }

    // By how much another row differs there from what it is at the computed direction.
    double change(const BoundedRow& row) const {
        double sum = 0;
        for (std::size_t k = 0; k < inputs_.size(); ++k) sum += row.size_at(inputs_[k]) * change_[k];
        return sum * (1 + row.c) * (1 + 0x1p-10) + 0x1p-900;
    }

  private:
    // Those of the chosen rows of which another one is the sum, as elimination has it.
    std::vector<std::size_t> made_of(std::size_t row, std::size_t count) const {
        std::vector<std::size_t> others;
        for (const std::size_t k : chosen_)
            if (std::fabs(sums_[row * count + k]) > kNothing) others.push_back(k);
        return others;
    }

    static constexpr double kNothing = 1e-9;  // proofs do not rest on it

    // Independent rows, inputs on which they are, and about the inverse there: row k of `inverse_` gives input k.
    void choose(const std::vector<BoundedRow>& rows, int dim) {
        const std::size_t n = rows.size();
        work_.resize(n * dim);
        sums_.assign(n * n, 0.0);
        for (std::size_t i = 0; i < n; ++i) {
            sums_[i * n + i] = 1;
            for (int j = 0; j < dim; ++j) work_[i * dim + j] = rows[i].at(j + 1);
        }
        for (std::size_t i = 0; i < n; ++i) {
            int best = 0;
            for (int j = 1; j < dim; ++j)
                if (std::fabs(work_[i * dim + j]) > std::fabs(work_[i * dim + best])) best = j;
            if (!(std::fabs(work_[i * dim + best]) > kNothing)) continue;
            const double by = 1 / work_[i * dim + best];
            for (int j = 0; j < dim; ++j) work_[i * dim + j] *= by;
            for (std::size_t k = 0; k < n; ++k) sums_[i * n + k] *= by;
            for (std::size_t other = 0; other < n; ++other) {
                const double factor = work_[other * dim + best];
                if (other == i || factor == 0) continue;
                for (int j = 0; j < dim; ++j) work_[other * dim + j] -= factor * work_[i * dim + j];
                for (std::size_t k = 0; k < n; ++k) sums_[other * n + k] -= factor * sums_[i * n + k];
            }
            chosen_.push_back(i), inputs_.push_back(best + 1);
        }
        inverse_.resize(chosen_.size() * n);
        for (std::size_t k = 0; k < chosen_.size(); ++k) std::copy_n(&sums_[chosen_[k] * n], n, &inverse_[k * n]);
    }

    std::vector<double> sums_;  // what each row has become, as a sum of the rows
    std::vector<double> work_, inverse_, change_;
    std::vector<std::size_t> chosen_;
    std::vector<int> inputs_;
};

}  // namespace relureg
