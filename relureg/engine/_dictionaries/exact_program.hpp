// Linear programs in rationals, each answer of which is verified: where a basis in doubles names no identity.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

// A point strictly inside the box at which all rows are positive; or none, where that is proven. Rows are weighted by
// their largest entry, so that the point keeps away from all of them.
class ExactProgram {
  public:
    ExactProgram(const Box& box, const std::atomic<bool>& stop)
        : box_(box), dim_(box.exact.lower.size()), stop_(stop) {}

    // Without the bound that a half-space lies beyond, if it does.
    std::optional<std::vector<mpq_class>> solve(const std::vector<SignedRow>& rows, const HalfSpace& beyond = {}) {
        std::vector<mpq_class> start = inside_box();
        begin(rows, start);
        if (beyond.input >= 0) (beyond.is_upper() ? bounds_.has_upper : bounds_.has_lower)[beyond.input] = 0;
        const auto outcome = dictionary_.improve(goal(), 1, false, mpq_class(0), bounds_, look());
        if (outcome == Outcome::kOptimal) {
            if (!is_proof(rows, beyond)) throw ContradictionError("a linear program in rationals proves nothing");
            return std::nullopt;
        }
        if (outcome != Outcome::kReached) throw ContradictionError("a bounded linear program has no optimum");
        dictionary_.improve(goal(), 1, false, mpq_class(2), bounds_, look());  // away from the walls: on to the optimum
        return strictly_inside(rows, start);
    }

    // Whether the pointed cell of the rows contains no ray: no direction along which none of them falls.
    bool is_bounded(const std::vector<SignedRow>& rows) {
        bounds_ = Bounds<mpq_class>();
        bounds_.resize(dim_ + 1 + rows.size());
        std::vector<mpq_class> total(dim_);
        for (std::size_t j = 0; j < dim_; ++j) {
            const bool has_lower = box_.exact.has_lower[j], has_upper = box_.exact.has_upper[j];
            bounds_.has_lower[j] = bounds_.has_upper[j] = 1;
            bounds_.lower[j] = has_lower ? 0 : -1, bounds_.upper[j] = has_upper ? 0 : 1;
            total[j] = has_lower - has_upper;
        }
        dictionary_.reset(std::vector<mpq_class>(dim_));
        std::vector<mpq_class> entries(dim_);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            for (std::size_t j = 0; j < dim_; ++j) {
                entries[j] = rows[i].sign * (*rows[i].row)[j + 1];
                total[j] += entries[j];
            }
            const int variable = static_cast<int>(dim_ + 1 + i);
            dictionary_.add_row(variable, entries.data(), 0);
            bounds_.has_lower[variable] = 1;
        }
        const int sum = static_cast<int>(dim_);
        dictionary_.add_row(sum, total.data(), 0);
        return dictionary_.improve(sum, 1, false, mpq_class(0), bounds_, look()) == Outcome::kOptimal;
    }

    // A point between all bounds.
    std::vector<mpq_class> inside_box() const {
        std::vector<mpq_class> point(dim_);
        for (std::size_t j = 0; j < dim_; ++j) {
            const auto& e = box_.exact;
            if (e.has_lower[j] && e.has_upper[j])
                point[j] = (e.lower[j] + e.upper[j]) / 2;
            else if (e.has_lower[j])
                point[j] = e.lower[j] + 1;
            else if (e.has_upper[j])
                point[j] = e.upper[j] - 1;
        }
        return point;
    }

  private:
    std::function<void()> look() const {
        return [this] {
            if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
        };
    }

    int goal() const { return static_cast<int>(dim_) + 1; }  // t, which is also the last input

    // Maximise t with g_i(x) >= w_i t and t <= 1, from the point on.
    void begin(const std::vector<SignedRow>& rows, const std::vector<mpq_class>& start) {
        bounds_ = Bounds<mpq_class>();
        bounds_.resize(dim_ + 2 + rows.size());
        for (std::size_t j = 0; j < dim_; ++j) {
            bounds_.has_lower[j] = box_.exact.has_lower[j], bounds_.lower[j] = box_.exact.lower[j];
            bounds_.has_upper[j] = box_.exact.has_upper[j], bounds_.upper[j] = box_.exact.upper[j];
        }
        bounds_.has_upper[dim_] = 1, bounds_.upper[dim_] = 1;
        weights_.clear();
        std::vector<mpq_class> values;
        mpq_class t = 1;
        for (const auto& row : rows) {
            mpz_class weight;
            for (std::size_t j = 1; j <= dim_; ++j)
                if (mpz_cmpabs((*row.row)[j].get_mpz_t(), weight.get_mpz_t()) > 0) weight = abs((*row.row)[j]);
            if (weight == 0) weight = 1;
            values.push_back(row.sign * value_at(*row.row, start));
            weights_.push_back(weight);
            t = std::min(t, mpq_class(values.back() / weight));
        }
        std::vector<mpq_class> at = start;
        at.push_back(t);
        dictionary_.reset(at);
        std::vector<mpq_class> entries(dim_ + 1);
        entries[dim_] = 1;
        dictionary_.add_row(goal(), entries.data(), t);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            for (std::size_t j = 0; j < dim_; ++j) entries[j] = rows[i].sign * (*rows[i].row)[j + 1];
            entries[dim_] = -weights_[i];
            const int variable = goal() + 1 + static_cast<int>(i);
            dictionary_.add_row(variable, entries.data(), values[i] - weights_[i] * t);
            bounds_.has_lower[variable] = 1;
        }
    }

    // Whether the multipliers of the optimum, verified anew, show that no point makes all rows positive.
    bool is_proof(const std::vector<SignedRow>& rows, const HalfSpace& beyond) const {
        std::vector<mpq_class> sum(dim_ + 1);
        bool is_any = false;
        const mpq_class* reduced = dictionary_.row(dictionary_.row_of(goal()));
        for (int c = 0; c < dictionary_.columns(); ++c) {
            const int i = dictionary_.nonbasic(c) - goal() - 1;
            if (i < 0 || reduced[c] == 0) continue;
            if (reduced[c] > 0) return false;
            is_any = true;
            for (std::size_t j = 0; j <= dim_; ++j) sum[j] -= reduced[c] * rows[i].sign * (*rows[i].row)[j];
        }
        // A positive combination of positive rows would be positive.
        const auto most = largest_in(box_.exact, sum, beyond);
        return is_any && most && *most <= 0;
    }

    // Off the walls of the box: between the optimum and a point between all bounds, so near that rows stay positive.
    std::vector<mpq_class> strictly_inside(const std::vector<SignedRow>& rows, const std::vector<mpq_class>& start) {
        std::vector<mpq_class> point(dim_);
        for (std::size_t j = 0; j < dim_; ++j) point[j] = dictionary_.value_of(static_cast<int>(j));
        mpq_class share(1, 2);
        for (const auto& row : rows) {
            const mpq_class here = row.sign * value_at(*row.row, point), there = row.sign * value_at(*row.row, start);
            if (here <= 0) throw ContradictionError("a point of a linear program violates a row");
            if (there < here) share = std::min(share, mpq_class(here / (2 * (here - there))));
        }
        for (std::size_t j = 0; j < dim_; ++j) point[j] += share * (start[j] - point[j]);
        return point;
    }

    const Box& box_;
    const std::size_t dim_;
    const std::atomic<bool>& stop_;
    Bounds<mpq_class> bounds_;
    std::vector<mpz_class> weights_;
    Dictionary<mpq_class> dictionary_;
};

}  // namespace relureg
