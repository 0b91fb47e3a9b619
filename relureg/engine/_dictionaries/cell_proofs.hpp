// Proofs about the cell on the present path: a sign is absent, a half-space is empty, a point is there, no ray is.
#pragma once

#include <map>
#include <memory>

#include "bounded_path.hpp"
#include "exact_program.hpp"
#include "exact_vertex.hpp"
#include "identities.hpp"
#include "known_ties.hpp"

namespace relureg {

// Whether a sign is proven absent in an open cell: not; in the closed one, too; or where its closure may touch 0.
enum class Absence { kNo, kStrict, kTie };

class CellProofs {
  public:
    CellProofs(CellRows& rows, Statistics& statistics, const std::atomic<bool>& stop, bool audit)
        : rows_(rows), statistics_(statistics), stop_(stop), audit_(audit) {}

    // From the whole domain.
    void begin(const Stage* walls) {
        if (!rows_.begin(walls)) return;
        combination_ = std::make_unique<Combination>(rows_.box());
        program_ = std::make_unique<ExactProgram>(rows_.box(), stop_);
        known_.clear();
    }

    // A point between all bounds.
    void start(Point& point) { rows_.take(point, program_->inside_box()); }

    // A point inside the cell, where there is one; in doubles if these are good enough. False: the cell is empty.
    bool find_point(Point& point) {
        ++statistics_.decisions, ++statistics_.exact;
        auto found = program_->solve(rows_.signed_path());
        if (!found) return false;
        rows_.take(point, std::move(*found));
        return true;
    }

    // Likewise, in the part of a cell beyond a slot, from where a dictionary stands that reaches furthest there. False:
    // that is not known.
    bool find_point_at(const Dictionary<double>& dictionary, int slot, int side, Point& point) {
        auto found = point_towards_vertex(rows_, dictionary, slot, side, point);
        if (!found) return false;
        ++statistics_.decisions, ++statistics_.exact;
        rows_.take(point, std::move(*found));
        return true;
    }

    // Whether interval arithmetic over the box proves that a sign is absent.
    bool is_absent_in_box(int slot, int sign) {
        combination_->begin(rows_[slot], sign);
        return combination_->is_negative();
    }

    // What the multipliers of a dictionary prove, which stands where the cell reaches furthest towards a half-space:
    // that none of it lies there, or kNo, nothing. A half-space beyond one of the cell's own walls is asked about with
    // the cell that has no such wall.
    //
    // A strict proof shows that the cell does not touch a hyperplane, so it may use all that is known of the domain. A
    // tie beyond an own wall is one of points outside the domain, too, so it rests on the other walls alone.
    Absence absence(const Dictionary<double>& dictionary, const HalfSpace& beyond) {
        ++statistics_.decisions;
        const int goal = goal_row(dictionary, beyond);
        if (goal < 0) return Absence::kNo;
        combine(dictionary, goal, beyond);
        if (combination_->is_negative()) return audited(Absence::kStrict, beyond);
        Absence found = by_identity(dictionary, beyond);
        if (found != Absence::kNo)
            ++statistics_.identities;
        else if (is_tie(dictionary, beyond))
            found = Absence::kTie;
        if (found == Absence::kTie) ++statistics_.zeros;
        return found == Absence::kNo ? found : audited(found, beyond);
    }

    // The rows on which the last answer of `absence` rests, beside bounds of inputs.
    const std::vector<int>& support() const { return support_; }

    // Where all answers are to be asked of integers, this one, which was known.
    void audit_absence(const HalfSpace& beyond) { audited(Absence::kStrict, beyond); }

    // Whether no point of the open cell lies in a half-space, by a linear program in rationals.
    bool is_empty_beyond(const HalfSpace& beyond) {
        ++statistics_.decisions, ++statistics_.exact;
        return has_no_point(beyond);
    }

    // Whether no ray lies in the cell.
    bool is_bounded() {
        ++statistics_.decisions;
        if (const auto known = bounded_path_.is_bounded()) return *known;
        ++statistics_.exact;
        return program_->is_bounded(rows_.signed_path());
    }

    // Bounds of inputs that several walls make together, each proven; for proofs only.
    void find_hull(Dictionary<double>& dictionary) {
        const Box& box = rows_.box();
        if (box.is_bounded) return;
        for (int j = 0; j < rows_.dim(); ++j)
            for (const bool is_upper : {false, true}) {
                if ((is_upper ? box.hull.has_upper : box.hull.has_lower)[j]) continue;
                if (!dictionary.is_basic(j) && !dictionary.free_row(j)) continue;
                const double most = std::numeric_limits<double>::infinity();
                const auto outcome = dictionary.improve(j, is_upper ? 1 : -1, false, most, rows_.bounds(), [] {});
                if (outcome == Outcome::kOptimal) bound_hull(dictionary, j, is_upper);
            }
        rows_.settle();
    }

  private:
    static constexpr double kNothing = 1e-10;  // a multiplier below this share of the largest entry is left out

    int goal_row(const Dictionary<double>& dictionary, const HalfSpace& beyond) const {
        return dictionary.row_of(beyond.is_bound() ? beyond.input : rows_.variable(beyond.slot));
    }

    // Add up the half-space's row and the rows of the cell, by the multipliers of the dictionary.
    void combine(const Dictionary<double>& dictionary, int goal, const HalfSpace& beyond) {
        support_.clear();
        const double* reduced = dictionary.row(goal);
        const double size = beyond.is_bound() ? 1.0 : rows_[beyond.slot].unit_size;
        double largest = 0;
        for (int c = 0; c < dictionary.columns(); ++c) largest = std::max(largest, std::fabs(reduced[c]));
        if (beyond.is_bound())
            combination_->begin(beyond.input, beyond.is_upper());
        else
            combination_->begin(rows_[beyond.slot], beyond.sign);
        for (int c = 0; c < dictionary.columns(); ++c) {
            const int other = rows_.slot_of(dictionary.nonbasic(c));
            if (other < 0 || !rows_[other].side) continue;
            const double factor = -reduced[c] * beyond.sign * rows_[other].side;
            if (!(factor > kNothing * largest)) continue;
            combination_->add(rows_[other], factor * (size / rows_[other].unit_size));
            support_.push_back(other);
        }
    }

    // Whether the half-space lies beyond a wall of the cell.
    bool is_own(const HalfSpace& beyond) const { return beyond.is_bound() || rows_[beyond.slot].side; }

    // What multipliers prove that are solved for in doubles, where inputs have no bounds or rows no constants.
    Absence by_identity(const Dictionary<double>& dictionary, const HalfSpace& beyond) {
        if (beyond.is_bound()) return Absence::kNo;
        const Slot& slot = rows_[beyond.slot];
        if (rows_.box().is_bounded && slot.majorant[0] != 0) return Absence::kNo;
        bounded_rows_.clear();
        for (const int other : support_) bounded_rows_.push_back(BoundedRow::of(rows_[other], rows_[other].side));
        const BoundedRow target = BoundedRow::of(slot, beyond.sign);
        const std::vector<int> on = entries(dictionary);
        if (!identity_.solve(target, bounded_rows_, on, rank_at_most(rows_, support_and(beyond.slot))))
            return Absence::kNo;
        if (identity_.is_negative(on)) return Absence::kStrict;
        return identity_.is_zero() ? Absence::kTie : Absence::kNo;
    }

    std::vector<int> support_and(int slot) const {
        std::vector<int> slots = support_;
        slots.push_back(slot);
        return slots;
    }

    // Whether integers show a tie: by the rows that doubles name, once for each basis; else by all rows of the basis,
    // since a multiplier that doubles take for 0 may be as small as their errors.
    bool is_tie(const Dictionary<double>& dictionary, const HalfSpace& beyond) {
        if (!beyond.is_bound() && support_.size() == 1 &&
            is_twin(rows_[support_.front()], rows_[beyond.slot], beyond.sign)) {
            ++statistics_.remembered;
            return true;
        }
        if (is_known_tie(dictionary, beyond)) return true;
        std::vector<int> basis;
        for (int c = 0; c < dictionary.columns(); ++c) {
            const int other = rows_.slot_of(dictionary.nonbasic(c));
            if (other >= 0 && rows_[other].side) basis.push_back(other);
        }
        if (basis.size() == support_.size() || !is_identity(dictionary, basis, beyond)) return false;
        support_ = std::move(basis);
        return true;
    }

    bool is_known_tie(const Dictionary<double>& dictionary, const HalfSpace& beyond) {
        KnownTies::Key key = key_of(dictionary, beyond);
        if (const auto known = known_.find(key)) {
            ++statistics_.remembered;
            return *known;
        }
        ++statistics_.exact;
        const bool found = is_identity(dictionary, support_, beyond);
        known_.add(std::move(key), found);
        return found;
    }

    // Whether a unit's row is minus that of another one of its stage, on these sides, in whatever cell, up to a factor:
    // then what they read is multiplied by rows that are. Asked of integers once for each pair.
    bool is_twin(const Slot& other, const Slot& slot, int sign) {
        if (other.context != slot.context) return false;
        const auto [at, is_new] = twins_.try_emplace({other.number, slot.number}, 0);
        if (is_new) at->second = same_direction(*slot.context->data, other.unit, slot.unit);
        return at->second * other.side * sign < 0;
    }

    // All that an identity depends on: its rows with their sides, and the inputs that are not bounded there.
    KnownTies::Key key_of(const Dictionary<double>& dictionary, const HalfSpace& beyond) const {
        KnownTies::Key key{beyond.is_bound() ? 0 : rows_[beyond.slot].serial + 1,
                           static_cast<std::uint64_t>(beyond.input + 1),
                           static_cast<std::uint64_t>(2 * (beyond.sign > 0) + is_own(beyond))};
        for (const int other : support_) key.push_back(2 * rows_[other].serial + (rows_[other].side > 0));
        std::sort(key.begin() + 3, key.end());
        for (int j = 0; j < rows_.dim(); j += 64) {
            std::uint64_t word = 0;
            for (int k = j; k < std::min(j + 64, rows_.dim()); ++k)
                word |= std::uint64_t{dictionary.is_basic(k)} << (k - j);
            key.push_back(word);
        }
        return key;
    }

    // Solve for the multipliers of rows of the basis over the integers, in the inputs that are basic: of those that it
    // names there are as many.
    bool is_identity(const Dictionary<double>& dictionary, const std::vector<int>& slots, const HalfSpace& beyond) {
        const Bounds<mpq_class>& bounds = is_own(beyond) ? rows_.box().exact : rows_.box().hull;
        std::vector<SignedRow> rows;
        for (const int other : slots) rows.push_back({&rows_.exact(other), rows_[other].side});
        const ExactVector row = rows_.exact(beyond);
        const SignedRow target{&row, beyond.sign};
        if (rows.size() == 1 && are_opposite(rows.front(), target)) return true;
        const auto y = multipliers(rows, target, entries(dictionary));
        if (!y) return false;
        const auto most = largest_by(bounds, rows, target, *y, beyond);
        return most && *most <= 0;
    }

    // The inputs in which multipliers have to add up to 0: those that are basic, or not bounded.
    std::vector<int> entries(const Dictionary<double>& dictionary) const {
        std::vector<int> found;
        const Bounds<mpq_class>& exact = rows_.box().exact;
        for (int j = 0; j < rows_.dim(); ++j)
            if (dictionary.is_basic(j) || (!exact.has_lower[j] && !exact.has_upper[j])) found.push_back(j + 1);
        return found;
    }

    bool has_no_point(const HalfSpace& beyond) {
        std::vector<SignedRow> rows = rows_.signed_path(beyond.slot);
        const ExactVector row = rows_.exact(beyond);
        rows.push_back({&row, beyond.sign});
        return !program_->solve(rows, beyond);
    }

    Absence audited(Absence absence, const HalfSpace& beyond) {
        if (audit_ && !has_no_point(beyond))
            throw ContradictionError("a sign that is proven absent is there by a linear program in rationals");
        return absence;
    }

    // The largest or smallest value of an input, by the walls that the dictionary names.
    void bound_hull(const Dictionary<double>& dictionary, int j, bool is_upper) {
        ExactVector target(rows_.dim() + 1);
        target[j + 1] = 1;
        const int goal = dictionary.row_of(j), sign = is_upper ? 1 : -1;
        std::vector<SignedRow> rows;
        for (int c = 0; c < dictionary.columns(); ++c) {
            const int slot = rows_.slot_of(dictionary.nonbasic(c));
            if (slot >= 0 && std::fabs(dictionary.row(goal)[c]) > kNothing)
                rows.push_back({&rows_.exact(slot), rows_[slot].side});
        }
        const SignedRow wanted{&target, sign};
        const auto y = multipliers(rows, wanted, entries(dictionary));
        if (!y) return;
        const auto most = largest_by(rows_.box().hull, rows, wanted, *y);
        if (most) rows_.tighten(j, is_upper, sign * *most);
    }

    CellRows& rows_;
    Statistics& statistics_;
    const std::atomic<bool>& stop_;
    const bool audit_;
    std::unique_ptr<Combination> combination_;
    std::unique_ptr<ExactProgram> program_;
    std::vector<int> support_;
    Identity identity_{rows_.box()};
    std::vector<BoundedRow> bounded_rows_;
    KnownTies known_;
    std::map<std::pair<int, int>, int> twins_;  // of the network: 1 or -1 where one unit repeats another, else 0
    Rays rays_{rows_, identity_, statistics_, stop_};
    BoundedPath bounded_path_{rows_, rays_};
};

}  // namespace relureg
