// The dual simplex method with long steps (Fourer 1994; Kostina, Comput. Math. Math. Phys. 42, 2002; Koberstein 2005),
// for hundreds of inputs between bounds and few rows: one pivot passes the breakpoints of as many inputs as it can.
#pragma once

#include <limits>

#include "dictionary.hpp"

namespace relureg {

class LongSteps {
  public:
    // Take a basic variable to its largest (direction 1) or smallest value (-1), from any basis. kReached: it stands
    // there, beyond `enough` times the direction. kOptimal: it stands there and is not beyond that, or a bound has
    // shown that it cannot be beyond `hopeless`, which is less.
    template <class Visit>
    Outcome solve(Dictionary<double>& dictionary, int variable, int direction, double enough, double hopeless,
                  const Bounds<double>& bounds, Visit visit) {
        d_ = &dictionary, bounds_ = &bounds, direction_ = direction, goal_ = dictionary.row_of(variable);
        if (goal_ < 0 || !release_slacks() || !flip_to_best()) return Outcome::kStuck;
        const int most = 20 + 4 * d_->rows();
        for (int step = 0; step < most; ++step) {
            visit();
            const double value = d_->value_[goal_] * direction;
            if (value < hopeless) return Outcome::kOptimal;
            const int leaving = most_violated();
            if (leaving < 0) return value > enough ? Outcome::kReached : Outcome::kOptimal;
            if (!repair(leaving)) return Outcome::kStuck;
        }
        return Outcome::kStuck;
    }

  private:
    static constexpr double kFeasible = 1e-11;
    static constexpr double kPivot = 1e-6;
    static constexpr std::size_t kFew = 16;  // sorted, not halved further

    bool is_input(int variable) const { return variable < d_->columns_; }

    // A row that is nonbasic and would improve the goal has no bound to go to: it takes the place of a basic input.
    bool release_slacks() {
        for (int c = 0; c < d_->columns_; ++c) {
            if (is_input(d_->nonbasic_[c]) || !improves(c)) continue;
            int best = -1;
            double most = kPivot;
            for (int i = 0; i < d_->rows(); ++i) {
                const double size = std::fabs(d_->row(i)[c]);
                if (is_input(d_->basic_[i]) && size > most) most = size, best = i;
            }
            if (best < 0) return false;
            d_->exchange(best, c, d_->value_[best], d_->at_[c]);
            c = -1;  // reduced costs have changed
        }
        return true;
    }

    bool improves(int c) const {
        const double reduced = d_->row(goal_)[c] * direction_;
        const int variable = d_->nonbasic_[c];
        if (std::fabs(reduced) <= 1e-14) return false;
        return reduced > 0 ? !bounds_->has_upper[variable] : !bounds_->has_lower[variable];
    }

    // Every input to the bound at which the goal is best.
    bool flip_to_best() {
        const double* reduced = d_->row(goal_);
        moves_.clear();
        for (int c = 0; c < d_->columns_; ++c) {
            const int variable = d_->nonbasic_[c];
            const bool is_up = reduced[c] * direction_ > 0;
            const bool has = (is_up ? bounds_->has_upper : bounds_->has_lower)[variable];
            if (!has) {
                if (improves(c)) return false;
                continue;
            }
            const double to = (is_up ? bounds_->upper : bounds_->lower)[variable];
            if (d_->at_[c] != to) moves_.push_back({c, to - d_->at_[c]}), d_->at_[c] = to;
        }
        apply_moves();
        return true;
    }

    void apply_moves() {
        for (int i = 0; i < d_->rows(); ++i) {
            const double* entries = d_->row(i);
            double sum = 0;
            for (const Move& move : moves_) sum += entries[move.column] * move.by;
            d_->value_[i] += sum;
        }
    }

    int most_violated() const {
        int worst = -1;
        double most = kFeasible;
        for (int i = 0; i < d_->rows(); ++i) {
            const double violation = std::fabs(violation_of(i));
            if (violation > most) most = violation, worst = i;
        }
        return worst;
    }

    // By how much a row has to rise (above 0) or to fall.
    double violation_of(int row) const {
        const int variable = d_->basic_[row];
        const double value = d_->value_[row];
        if (bounds_->has_lower[variable] && value < bounds_->lower[variable]) return bounds_->lower[variable] - value;
        if (bounds_->has_upper[variable] && value > bounds_->upper[variable]) return bounds_->upper[variable] - value;
        return 0;
    }

    // Take a row to the bound that it violates. Columns go to their other bound in the order in which their reduced
    // costs would change sign, as long as that is not enough; the next one enters the basis.
    bool repair(int leaving) {
        const double violation = violation_of(leaving);
        find_breaks(leaving, violation > 0 ? 1 : -1);
        double left = std::fabs(violation);
        std::size_t first = 0, last = breaks_.size();
        while (last - first > kFew) {  // part what is looked at: the sooner part is passed as a whole, or has the end
            const double a = breaks_[first].ratio, b = breaks_[first + (last - first) / 2].ratio;
            const double pivot = std::max(std::min(a, b), std::min(std::max(a, b), breaks_[last - 1].ratio));
            std::size_t middle = first;
            double sum = 0;
            for (std::size_t i = first; i < last; ++i) {
                if (!(breaks_[i].ratio < pivot)) continue;
                sum += breaks_[i].gain;
                std::swap(breaks_[i], breaks_[middle++]);
            }
            if (middle == first) break;  // about equal: what is left is sorted
            if (sum < left)
                left -= sum, first = middle;
            else
                last = middle;
        }
        const auto sooner = [](const Break& a, const Break& b) { return a.ratio < b.ratio; };
        std::sort(breaks_.begin() + first, breaks_.begin() + last, sooner);
        while (first < last && breaks_[first].gain < left) left -= breaks_[first++].gain;
        if (first == breaks_.size()) return false;
        moves_.clear();
        for (std::size_t i = 0; i < first; ++i) pass(breaks_[i].column);
        enter(leaving, breaks_[first].column);
        return true;
    }

    // The columns that can help a row to rise (direction 1) or fall (-1): when their reduced cost changes sign, and by
    // how much they move the row on the way to their other bound.
    void find_breaks(int leaving, int direction) {
        const double *entries = d_->row(leaving), *reduced = d_->row(goal_);
        breaks_.clear();
        for (int c = 0; c < d_->columns_; ++c) {
            const double entry = entries[c] * direction;
            if (!(std::fabs(entry) > kPivot)) continue;
            const int variable = d_->nonbasic_[c];
            const bool has = (entry > 0 ? bounds_->has_upper : bounds_->has_lower)[variable];
            const double to = (entry > 0 ? bounds_->upper : bounds_->lower)[variable];
            const double gain = has ? entry * (to - d_->at_[c]) : std::numeric_limits<double>::infinity();
            if (gain > 0) breaks_.push_back({std::fabs(reduced[c] / entry), gain, c});
        }
    }

    // A column goes to its other bound.
    void pass(int c) {
        const int variable = d_->nonbasic_[c];
        const double to = d_->at_[c] == bounds_->lower[variable] ? bounds_->upper[variable] : bounds_->lower[variable];
        moves_.push_back({c, to - d_->at_[c]});
        d_->at_[c] = to;
    }

    void enter(int leaving, int c) {
        apply_moves();
        const double step = violation_of(leaving) / d_->row(leaving)[c];
        const double bound = d_->value_[leaving] + violation_of(leaving);
        for (int i = 0; i < d_->rows(); ++i) d_->value_[i] += d_->row(i)[c] * step;
        d_->exchange(leaving, c, bound, d_->at_[c] + step);
    }

    struct Move {
        int column;
        double by;
    };
    struct Break {
        double ratio, gain;
        int column;
    };

    Dictionary<double>* d_ = nullptr;
    const Bounds<double>* bounds_ = nullptr;
    int direction_ = 1, goal_ = -1;
    std::vector<Move> moves_;
    std::vector<Break> breaks_;
};

}  // namespace relureg
