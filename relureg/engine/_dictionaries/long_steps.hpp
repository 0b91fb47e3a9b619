// The dual simplex method with long steps (Fourer 1994; Kostina, Comput. Math. Math. Phys. 42, 2002; Koberstein 2005),
// for hundreds of inputs between bounds and few rows: one pivot passes the breakpoints of as many inputs as it can.
#pragma once

#include <limits>

#include "slots.hpp"

namespace relureg {

class LongSteps {
  public:
    // Take a basic variable to its largest (direction 1) or smallest value (-1), from any basis. kReached: it stands
    // there, beyond `enough` times the direction, or `visit` has had enough on the way. kOptimal: it stands there and
    // is not beyond that, or a bound has shown that it cannot be beyond `hopeless`, which is less.
    template <class Visit>
    Outcome solve(Dictionary<double>& dictionary, int variable, int direction, double enough, double hopeless,
                  const Bounds<double>& bounds, Visit visit) {
        d_ = &dictionary, bounds_ = &bounds, direction_ = direction, goal_ = dictionary.row_of(variable);
        if (goal_ < 0 || !release_slacks()) return Outcome::kStuck;
        read_columns();
        if (!flip_to_best()) return Outcome::kStuck;
        const int most = 20 + 4 * d_->rows();
        for (int step = 0; step < most; ++step) {
            if (visit()) return Outcome::kReached;
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
    static constexpr double kInfinity = std::numeric_limits<double>::infinity();
    static constexpr double kNever = 1e300;
    static constexpr std::size_t kFew = 16;  // sorted, not halved further
    static constexpr int kSample = 15;  // breakpoints that are compared with all others, to leave a part of them
    static constexpr int kLanes = 8;  // columns that are added up side by side

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
        if (std::fabs(reduced) <= kNothing) return false;
        return reduced > 0 ? !bounds_->has_upper[variable] : !bounds_->has_lower[variable];
    }

    // The bounds of the columns side by side, infinite where there is none. What fills them up never moves.
    void read_columns() {
        const std::size_t size = (d_->columns_ + kLanes - 1) / kLanes * kLanes;
        low_.assign(size, 0.0), high_.assign(size, 0.0), moves_.assign(size, 0.0);
        gains_.assign(size, 0.0), ratios_.assign(size, kNever);
        for (int c = 0; c < d_->columns_; ++c) read_column(c);
    }
    void read_column(int c) {
        const int variable = d_->nonbasic_[c];
        low_[c] = bounds_->has_lower[variable] ? bounds_->lower[variable] : -kInfinity;
        high_[c] = bounds_->has_upper[variable] ? bounds_->upper[variable] : kInfinity;
    }

    // Every input to the bound at which the goal is best.
    bool flip_to_best() {
        const double* const reduced = d_->row(goal_);
        const Four none = Four::all(0), least = Four::all(std::numeric_limits<double>::denorm_min());
        const Four never = Four::all(kNever), nothing = Four::all(kNothing);
        unsigned is_unbounded = 0;
        for (int c = 0; c < d_->stride_; c += 4) {
            const Four slope = Four::all(direction_) * Four::load(reduced + c), at = Four::load(&d_->at_[c]);
            const Four to =
                where_above(slope, none, Four::load(&high_[c])) + where_above(least, slope, Four::load(&low_[c]));
            is_unbounded |= above(absolute(to), never) & above(absolute(slope), nothing);
            where_above(never, absolute(to), to - at).store(&moves_[c]);
            (where_above(never, absolute(to), to) + where_above(absolute(to), never, at)).store(&d_->at_[c]);
        }
        if (is_unbounded) return false;
        apply_moves();
        return true;
    }

    void apply_moves() {
        for (int i = 0; i < d_->rows(); ++i) d_->value_[i] += product(d_->row(i), moves_.data(), d_->stride_);
    }

    // The row that is furthest from where it may be, as the crow flies: so steps are long (Forrest and Goldfarb 1992).
    int most_violated() const {
        int worst = -1;
        double most = 0;
        for (int i = 0; i < d_->rows(); ++i) {
            const double violation = std::fabs(violation_of(i));
            if (!(violation > kFeasible)) continue;
            const double square = 1 + product(d_->row(i), d_->row(i), d_->stride_);
            if (violation * violation > most * square) most = violation * violation / square, worst = i;
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
        const double passed = narrow(left);
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
        pass(leaving, violation > 0 ? 1 : -1, passed, first);
        enter(leaving, breaks_[first].column);
        return true;
    }

    // For each column when its reduced cost changes sign, and by how much it moves the row, which is to rise (direction
    // 1) or fall (-1), on the way to its other bound. Never and by 0, if it cannot help.
    void find_breaks(int leaving, int direction) {
        const double *const entries = d_->row(leaving), *const reduced = d_->row(goal_);
        double* const ratios = ratios_.data();
        for (int c = 0; c < d_->columns_; ++c) ratios[c] = std::fabs(reduced[c] / entries[c]);
        const Four none = Four::all(0), one = Four::all(1), never = Four::all(kNever), least = Four::all(kPivot);
        for (int c = 0; c < d_->stride_; c += 4) {
            const Four entry = Four::all(direction) * Four::load(entries + c), at = Four::load(&d_->at_[c]);
            const Four room = where_above(entry, none, Four::load(&high_[c]) - at) +
                              where_above(none, entry, Four::load(&low_[c]) - at);
            const Four gain = where_above(absolute(entry), least, entry * room), helps = where_above(gain, none, one);
            where_above(gain, none, gain).store(&gains_[c]);
            (where_above(gain, none, Four::load(ratios + c)) + (one - helps) * never).store(ratios + c);
        }
    }

    // Leave of the breaks those among which the end lies: the later ones than what is returned, which are taken off
    // what is left. Each of a sample's is either passed or not; so some sixteenth of the columns stays.
    double narrow(double& left) {
        double sample[kSample];
        int count = 0;
        const int step = std::max(1, d_->columns_ / kSample);
        for (int c = 0; c < d_->columns_ && count < kSample; c += step)
            if (ratios_[c] < kNever) sample[count++] = ratios_[c];
        std::sort(sample, sample + count);
        double passed = 0, end = kNever, sum = 0;
        for (int below = 0, above = count; below < above;) {
            const int middle = (below + above) / 2;
            const double before = gain_before(sample[middle]);
            if (before < left)
                passed = sample[middle], sum = before, below = middle + 1;
            else
                end = sample[middle], above = middle;
        }
        left -= sum;
        breaks_.clear();
        for (int c = 0; c < d_->columns_; ++c)
            if (ratios_[c] >= passed && ratios_[c] < end) breaks_.push_back({ratios_[c], gains_[c], c});
        return passed;
    }

    // What the columns gain together whose breaks come sooner.
    double gain_before(double ratio) const {
        const Four end = Four::all(ratio);
        Four some = Four::all(0), others = Four::all(0);
        for (std::size_t c = 0; c < gains_.size(); c += kLanes) {
            some = some + where_above(end, Four::load(&ratios_[c]), Four::load(&gains_[c]));
            others = others + where_above(end, Four::load(&ratios_[c + 4]), Four::load(&gains_[c + 4]));
        }
        double parts[4];
        (some + others).store(parts);
        return (parts[0] + parts[1]) + (parts[2] + parts[3]);
    }

    // The columns go to their other bound whose breaks come sooner than `passed`, and the first ones of those left.
    void pass(int leaving, int direction, double passed, std::size_t count) {
        const double* const entries = d_->row(leaving);
        for (std::size_t i = 0; i < count; ++i) ratios_[breaks_[i].column] = -1;
        const Four none = Four::all(0), one = Four::all(1), end = Four::all(passed);
        for (int c = 0; c < d_->stride_; c += 4) {
            const Four entry = Four::all(direction) * Four::load(entries + c), at = Four::load(&d_->at_[c]);
            const Four to =
                where_above(entry, none, Four::load(&high_[c])) + where_above(none, entry, Four::load(&low_[c]));
            const Four ratio = Four::load(&ratios_[c]);
            where_above(end, ratio, to - at).store(&moves_[c]);
            ((one - where_above(end, ratio, one)) * at + where_above(end, ratio, to)).store(&d_->at_[c]);
        }
    }

    void enter(int leaving, int c) {
        apply_moves();
        const double step = violation_of(leaving) / d_->row(leaving)[c];
        const double bound = d_->value_[leaving] + violation_of(leaving);
        for (int i = 0; i < d_->rows(); ++i) d_->value_[i] += d_->row(i)[c] * step;
        d_->exchange(leaving, c, bound, d_->at_[c] + step);
        read_column(c);
    }

    static constexpr double kNothing = 1e-14;  // a reduced cost that improves nothing

    struct Break {
        double ratio, gain;
        int column;
    };

    Dictionary<double>* d_ = nullptr;
    const Bounds<double>* bounds_ = nullptr;
    int direction_ = 1, goal_ = -1;
    std::vector<double> low_, high_;  // [column]
    std::vector<double> gains_, ratios_;  // [column]
    std::vector<double> moves_;  // [column]: to another bound
    std::vector<Break> breaks_;
};

}  // namespace relureg
