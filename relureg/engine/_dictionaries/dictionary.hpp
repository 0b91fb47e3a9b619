// A simplex dictionary with bounds on its variables: basic variables as affine functions of the nonbasic ones, each of
// which stands at a value of its own (Chvatal, Linear Programming, 1983, chapters 2 and 8). In doubles it proposes; in
// rationals, it decides.
#pragma once

#include <gmpxx.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "pivot_search.hpp"

namespace relureg {

// What each variable may be. Variables 0, 1, ... are the inputs; rows follow.
template <class Number>
struct Bounds {
    std::vector<Number> lower, upper;
    std::vector<std::uint8_t> has_lower, has_upper;

    void resize(std::size_t size) {
        lower.resize(size), upper.resize(size);
        has_lower.resize(size, 0), has_upper.resize(size, 0);
    }
};

enum class Outcome {
    kReached,    // the variable is beyond what was asked for
    kOptimal,    // it grows no further
    kUnbounded,  // it grows along `ray` for ever
    kStuck,      // rounding, or too many steps
};

class LongSteps;

template <class Number>
class Dictionary {
    friend class LongSteps;
    static constexpr bool kIsExact = !std::is_same_v<Number, double>;

  public:
    struct Ray {
        int column = -1, direction = 0;
    };

    // Every input is nonbasic, at the value given.
    void reset(const std::vector<Number>& at) {
        columns_ = static_cast<int>(at.size());
        stride_ = kIsExact ? columns_ : in_fours(columns_);
        at_ = at;
        at_.resize(stride_, Number(0));
        nonbasic_.resize(columns_);
        place_.assign(columns_, 0);
        for (int c = 0; c < columns_; ++c) nonbasic_[c] = c, place_[c] = ~c;
        basic_.clear(), value_.clear(), table_.clear();
    }

    int columns() const { return columns_; }
    int rows() const { return static_cast<int>(basic_.size()); }
    int basic(int row) const { return basic_[row]; }
    int nonbasic(int column) const { return nonbasic_[column]; }
    const Number& value(int row) const { return value_[row]; }
    const Number* row(int row) const { return &table_[static_cast<std::size_t>(row) * stride_]; }
    const Ray& ray() const { return ray_; }
    // The row of a basic variable; below 0 where it is not basic.
    int row_of(int variable) const { return place_[variable]; }
    bool is_basic(int variable) const { return place_[variable] >= 0; }
    const Number& value_of(int variable) const {
        const int place = place_[variable];
        return place >= 0 ? value_[place] : at_[~place];
    }

    // How a variable changes along the ray that ended the last program.
    Number slope_along_ray(int variable) const {
        const int place = place_[variable];
        if (place >= 0) return ray_.direction * row(place)[ray_.column];
        return ~place == ray_.column ? Number(ray_.direction) : Number(0);
    }
    // So far along that ray a variable is beyond 0, in that direction, by as much as it is now, and 1.
    Number ray_length(int variable, int direction) const {
        const Number value = direction * value_of(variable);
        return (1 + magnitude(value) - value) / magnitude(slope_along_ray(variable));
    }

    // A new basic variable: `weights` on the inputs, and its value where the inputs are.
    void add_row(int variable, const Number* weights, const Number& value) {
        const std::size_t start = table_.size();
        table_.resize(start + stride_);
        for (int c = 0; c < stride_; ++c) table_[start + c] = 0;
        for (int j = 0; j < columns_; ++j) {
            if (weights[j] == 0) continue;
            const int place = place_[j];
            if (place < 0)
                table_[start + ~place] += weights[j];
            else
                add(&table_[start], weights[j], this->row(place));
        }
        if (static_cast<std::size_t>(variable) >= place_.size()) place_.resize(variable + 1, 0);
        place_[variable] = rows();
        basic_.push_back(variable);
        value_.resize(num_values());
        value_[rows() - 1] = value;
    }

    void remove_row(int row) {
        const int last = rows() - 1;
        if (row != last) {
            std::swap_ranges(mutable_row(row), mutable_row(row) + stride_, mutable_row(last));
            std::swap(basic_[row], basic_[last]), std::swap(value_[row], value_[last]);
            place_[basic_[row]] = row;
        }
        basic_.pop_back();
        value_.resize(num_values());
        table_.resize(table_.size() - stride_);
    }

    // Let a basic variable grow (direction 1) or fall (-1) until it is beyond `enough` times the direction. Where it
    // `stops_at_zero` the last step takes it to 0 and out of the basis. `visit` is told of each vertex on the way.
    template <class Visit>
    Outcome improve(int variable, int direction, bool stops_at_zero, const Number& enough, const Bounds<Number>& bounds,
                    Visit visit) {
        const int most = 100 + 10 * (columns_ + rows());
        int num_degenerate = 0;
        if constexpr (!kIsExact) {
            search_.begin(basic_, nonbasic_, bounds);
            if (stops_at_zero && is_basic(variable)) search_.stop_at_zero(place_[variable]);
        }
        for (int step = 0; kIsExact || step < most; ++step) {
            const int goal = place_[variable];
            if (goal < 0 || value_[goal] * direction > enough) return Outcome::kReached;
            const bool is_careful = num_degenerate > kPatience;
            const int column = entering(goal, direction, bounds, is_careful);
            if (column < 0) return Outcome::kOptimal;
            const int way = (row(goal)[column] > 0) == (direction > 0) ? 1 : -1;
            const Leaving<Number> leaving = leave(column, way, stops_at_zero ? goal : -1, bounds, is_careful);
            if (leaving.kind == leaving.kNone) {
                ray_ = {column, way};
                return Outcome::kUnbounded;
            }
            if (leaving.kind == leaving.kUnsafe) return Outcome::kStuck;
            num_degenerate = leaving.step > 0 ? 0 : num_degenerate + 1;
            move(column, way, leaving);
            visit();
        }
        return Outcome::kStuck;
    }

    // Make a nonbasic variable basic, in exchange for any other that may move: where it stands, all stays.
    bool free_row(int variable) {
        const int column = ~place_[variable];
        int best = -1;
        Number most = 0;
        for (int i = 0; i < rows(); ++i) {
            const Number size = magnitude(row(i)[column]);
            if (size > most) most = size, best = i;
        }
        if (best < 0) return false;
        exchange(best, column, value_[best], at_[column]);
        return true;
    }

  private:
    static constexpr int kPatience = 20;  // steps that lead nowhere before the rule that cannot cycle [Bland 1977]
    static constexpr double kSmall = 1e-11;  // of the largest entry: taken for 0
    static constexpr double kPivot = 1e-9;

    static Number magnitude(const Number& x) { return x < 0 ? Number(-x) : x; }
    Number* mutable_row(int row) { return &table_[static_cast<std::size_t>(row) * stride_]; }

    std::size_t num_values() const { return kIsExact ? rows() : in_fours(rows()); }

    void add(Number* to, const Number& factor, const Number* from) const {
        if constexpr (kIsExact) {
            for (int c = 0; c < columns_; ++c)
                if (from[c] != 0) to[c] += factor * from[c];
        } else {
            for (int c = 0; c < stride_; ++c) to[c] = multiply_add(factor, from[c], to[c]);
        }
    }

    // The column whose variable improves the goal most; with care, the one of the first variable that does.
    int entering(int goal, int direction, const Bounds<Number>& bounds, bool is_careful) {
        const Number* reduced = row(goal);
        if constexpr (!kIsExact)
            if (!is_careful) return search_.entering(reduced, at_.data(), direction, kSmall);
        int best = -1;
        Number most = 0;
        for (int c = 0; c < columns_; ++c) {
            const Number size = magnitude(reduced[c]);
            if (!(size > (is_careful && best >= 0 ? Number(0) : most))) continue;
            const int variable = nonbasic_[c];
            const bool grows = (reduced[c] > 0) == (direction > 0);
            if (grows ? bounds.has_upper[variable] && at_[c] >= bounds.upper[variable]
                      : bounds.has_lower[variable] && at_[c] <= bounds.lower[variable])
                continue;
            if (is_careful && best >= 0 && variable > nonbasic_[best]) continue;
            if constexpr (!kIsExact)
                if (size < kPivot) continue;
            most = size, best = c;
        }
        return best;
    }

    // The first variable to reach a bound when that of the column moves; of several, the safest pivot.
    Leaving<Number> leave(int column, int way, int goal, const Bounds<Number>& bounds, bool is_careful) {
        if constexpr (kIsExact)
            return first_to_leave(column, way, goal, bounds);
        else
            return search_.leaving(table_.data(), stride_, value_.data(), rows(), column, way, at_[column], kPivot,
                                   is_careful ? basic_.data() : nullptr);
    }

    // In rationals, of several the first one.
    Leaving<Number> first_to_leave(int column, int way, int goal, const Bounds<Number>& bounds) const {
        Leaving<Number> best;
        const int own = nonbasic_[column];
        if (way > 0 ? bounds.has_upper[own] : bounds.has_lower[own]) {
            best.kind = best.kBound;
            best.to = way > 0 ? bounds.upper[own] : bounds.lower[own];
            best.step = magnitude(best.to - at_[column]);
        }
        const Number* entry = &table_[column];
        for (int i = 0; i < rows(); ++i, entry += stride_) {
            const int variable = basic_[i];
            const bool is_up = (*entry > 0) == (way > 0), is_goal = i == goal;
            if (*entry == 0 || !(is_goal || (is_up ? bounds.has_upper[variable] : bounds.has_lower[variable])))
                continue;
            Number to = 0;
            if (!is_goal) to = is_up ? bounds.upper[variable] : bounds.lower[variable];
            Number step = (is_up ? Number(to - value_[i]) : Number(value_[i] - to)) / magnitude(*entry);
            if (step < 0) step = 0;
            if (best.kind != best.kNone) {
                if (step > best.step) continue;
                if (step == best.step && (best.kind == best.kBound || variable > basic_[best.row])) continue;
            }
            best.kind = best.kRow, best.row = i, best.step = step, best.to = to;
        }
        return best;
    }

    void move(int column, int way, const Leaving<Number>& leaving) {
        const Number step = way > 0 ? leaving.step : Number(-leaving.step);
        if constexpr (kIsExact) {
            const Number* entry = &table_[column];
            for (int i = 0; i < rows() && step != 0; ++i, entry += stride_) value_[i] += *entry * step;
        } else {
            search_.follow(value_.data(), step);
        }
        if (leaving.kind == leaving.kBound) {
            at_[column] = leaving.to;
            return;
        }
        exchange(leaving.row, column, leaving.to, at_[column] + step);
        if constexpr (!kIsExact) search_.exchange(leaving.row, column);
    }

    // The variable of the row leaves the basis, at `left`; that of the column enters, at `entered`.
    void exchange(int pivot_row, int column, Number left, Number entered) {
        Number* by = mutable_row(pivot_row);
        const Number inverse = Number(1) / by[column];
        for (int c = 0; c < columns_; ++c) by[c] *= -inverse;
        by[column] = inverse;
        if constexpr (kIsExact) {
            for (int i = 0; i < rows(); ++i) {
                if (i == pivot_row) continue;
                Number* other = mutable_row(i);
                const Number factor = other[column];
                if (factor == 0) continue;
                other[column] = 0;
                add(other, factor, by);
            }
        } else {
            add_to_rows(table_.data(), rows(), stride_, pivot_row, column);
        }
        std::swap(basic_[pivot_row], nonbasic_[column]);
        place_[basic_[pivot_row]] = pivot_row, place_[nonbasic_[column]] = ~column;
        value_[pivot_row] = std::move(entered), at_[column] = std::move(left);
    }

    int columns_ = 0, stride_ = 0;
    std::vector<Number> table_;  // [row * stride_ + column]
    std::vector<Number> value_;  // [row], in doubles filled up to a multiple of four
    std::vector<Number> at_;  // [column], filled up as rows are
    std::vector<int> basic_, nonbasic_;
    std::vector<int> place_;  // [variable]: its row, or ~column
    Ray ray_;
    PivotSearch search_;
};

}  // namespace relureg
