// The facets of a cell by Clarkson's method (More output-sensitive geometric algorithms, FOCS 1994): the first wall
// that a way from a point inside meets carries a facet; a wall that is not met is asked about with the facets found so
// far.
//
// Every answer is proven. A wall carries a facet if and only if the cell without it reaches beyond it. So a facet has a
// point that surely lies beyond its wall and inside all others; a redundant wall has multipliers of the others that
// show it, as a sign that is absent from a cell does. Walls that coincide are one: those of the path do not, since the
// later ones would not have cut, and bounds of an input on the same side are merged to the tightest.
#pragma once

#include <algorithm>

#include "cell_proofs.hpp"
#include "facet_shots.hpp"
#include "known_redundancies.hpp"
#include "leaf_writer.hpp"
#include "long_steps.hpp"

namespace relureg {

class FacetFinder {
  public:
    FacetFinder(CellRows& rows, CellProofs& proofs, const std::atomic<bool>& stop)
        : rows_(rows), proofs_(proofs), stop_(stop) {}

    // The facets of the cell, with the units that vanish there: `tied` are slots that may touch it, `middle` a point
    // that is likely far inside. The frame's dictionary stands at a vertex of the cell where `is_feasible`, else at any
    // basis.
    const std::vector<FoundFacet>& find(const Frame& frame, const std::vector<double>& middle,
                                        const std::vector<int>& tied, bool is_feasible) {
        begin(frame, is_feasible);
        if (is_feasible)
            shots_.begin(frame.point, middle);
        else
            shots_.begin_near_centre(frame.point);
        return found(tied);
    }

    // Likewise of a cell of many inputs, the frame's point of which lies far inside.
    const std::vector<FoundFacet>& find_around_point(const Frame& frame, const std::vector<int>& tied) {
        begin(frame, false);
        shots_.begin_at(frame.point);
        return found(tied);
    }

    // Let go of rows of the path that coincide with walls before them, all of which hold strictly at some point: those
    // are told apart by doubles, else exactly.
    std::vector<int> let_go_of_twins() {
        const std::vector<int> path = rows_.path();
        std::vector<int> kept, twins;
        for (const int slot : path) {
            stop_if_told();
            const auto is_same = [&](int other) { return coincide(HalfSpace::of_slot(other, 1), slot); };
            const bool is_twin = is_bound(slot) || std::any_of(kept.begin(), kept.end(), is_same);
            (is_twin ? twins : kept).push_back(slot);
        }
        if (twins.empty()) return twins;
        std::vector<int> sides;
        for (const int slot : kept) sides.push_back(rows_[slot].side);
        while (!rows_.path().empty()) rows_.step(rows_.path().back(), 0);
        for (std::size_t i = 0; i < kept.size(); ++i) rows_.step(kept[i], sides[i]);
        return twins;
    }

  private:
    void stop_if_told() const {
        if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
    }

    static constexpr double kEnough = 1e-9;  // of a wall's unit: so far beyond it a vertex shows the way

    void begin(const Frame& frame, bool is_feasible) {
        frame_ = &frame, is_feasible_ = is_feasible, is_ready_ = false;
        walls_.begin();
        for (std::size_t i = 0; i < walls_.size(); ++i)
            if (known_.has(walls_[i].beyond)) walls_[i].state = Wall::kRedundant;
    }

    const std::vector<FoundFacet>& found(const std::vector<int>& tied) {
        shots_.along_axes();
        if (is_feasible_)
            shots_.around_vertex(frame_->dictionary, rows_.bounds());
        else
            shots_.across_bounds();
        shots_.at_rows();
        if (!is_feasible_) shots_.across_rows();
        for (std::size_t i = 0; i < walls_.size(); ++i)
            if (walls_[i].state == Wall::kOpen) settle(walls_[i]);
        facets_.clear();
        for (std::size_t i = 0; i < walls_.size(); ++i)
            if (walls_[i].state == Wall::kFacet) facets_.push_back(facet_on(walls_[i].beyond, tied));
        return facets_;
    }

    // -- programs ------------------------------------------------------------------------------------------

    // Let the facets found so far, and all bounds, hold a wall: they do, and it is redundant, or the way to where they
    // do not meets a facet that is new. It may be the wall itself.
    void settle(Wall& wall) {
        if (wall.beyond.is_bound() && !walls_.has_double(wall.beyond)) return settle_exactly(wall);
        for (std::size_t most = walls_.size(); wall.state == Wall::kOpen && most > 0; --most) {
            if (!is_ready_) make_ready();
            const Outcome outcome = grow(wall.beyond, false);
            if (outcome == Outcome::kOptimal && !is_beyond(wall.beyond)) {
                if (is_feasible_) shots_.around_vertex(program_, rows_.bounds());
                if (proofs_.absence(program_, wall.beyond) == Absence::kNo) break;
                return hide(wall);
            }
            is_ready_ = false;  // the program's vertex may lie outside the cell
            if (outcome == Outcome::kStuck || !turn_to_end(wall.beyond, outcome) || !shots_.meets_another()) break;
        }
        if (wall.state == Wall::kOpen) settle_by_all(wall);
    }

    // By all other walls.
    void settle_by_all(Wall& wall) {
        make_ready();
        const Outcome outcome = grow(wall.beyond, true);
        is_ready_ = false;
        if (outcome == Outcome::kOptimal && proofs_.absence(program_, wall.beyond) != Absence::kNo) return hide(wall);
        if (outcome != Outcome::kStuck && turn_to_end(wall.beyond, outcome)) shots_.meets_another();
        if (wall.state == Wall::kOpen) settle_exactly(wall);
    }

    // As the last answer shows.
    void hide(Wall& wall) {
        wall.state = Wall::kRedundant;
        known_.add(wall.beyond, proofs_.support());
    }

    // In rationals, where doubles prove nothing.
    void settle_exactly(Wall& wall) {
        wall.state = proofs_.is_empty_beyond(wall.beyond) ? Wall::kRedundant : Wall::kFacet;
    }

    // The program where the cell's own dictionary stands.
    void make_ready() {
        program_ = frame_->dictionary;
        bounds_ = rows_.bounds();
        is_ready_ = true;
    }

    int variable(const HalfSpace& beyond) const {
        return beyond.is_bound() ? beyond.input : rows_.variable(beyond.slot);
    }
    // Where a wall is in its variable, and what is taken for clearly beyond it.
    double place(const HalfSpace& wall) const { return wall.is_bound() ? walls_.bound(wall) : 0.0; }
    double enough(const HalfSpace& wall) const { return kEnough * std::max(1.0, std::fabs(place(wall))); }

    // Go beyond a wall, to a vertex where the facets, or all other walls, allow it.
    Outcome grow(const HalfSpace& beyond, bool by_all) {
        const auto look = [this] {
            stop_if_told();
            return false;
        };
        for (std::size_t i = 0; i < walls_.num_rows(); ++i) {
            const HalfSpace& row = walls_[i].beyond;
            const bool holds = (by_all || walls_[i].state == Wall::kFacet) && row.slot != beyond.slot;
            const int v = rows_.variable(row.slot);
            bounds_.has_lower[v] = holds && row.sign < 0, bounds_.has_upper[v] = holds && row.sign > 0;
        }
        const double at = beyond.sign * place(beyond), much = enough(beyond);
        const double far = by_all ? std::numeric_limits<double>::infinity() : at + much;
        if (!is_feasible_) {
            const Outcome outcome = grow_by_long_steps(beyond, far, at - much, look);
            if (outcome != Outcome::kStuck) return outcome;
            restart();
        }
        const int goal = variable(beyond);
        if (!program_.is_basic(goal) && !program_.free_row(goal)) return Outcome::kStuck;
        std::uint8_t unused = 0;
        std::uint8_t& own =
            beyond.is_bound() ? (beyond.is_upper() ? bounds_.has_upper : bounds_.has_lower)[goal] : unused;
        own = 0;
        const Outcome outcome = program_.improve(goal, beyond.sign, false, far, bounds_, look);
        own = 1;
        return outcome;
    }

    // The program at the point inside, free of rounding errors.
    void restart() {
        const std::vector<double>& point = frame_->point.doubles;
        program_.reset({point.begin() + 1, point.begin() + 1 + rows_.dim()});
        for (const int slot : rows_.path()) rows_.add_to(program_, slot);
    }

    // Long steps have a row for their goal, and bounds for all inputs: so a bound that is to be passed gets a row, and
    // is moved outwards, which is as good as none.
    template <class Visit>
    Outcome grow_by_long_steps(const HalfSpace& beyond, double far, double hopeless, Visit look) {
        if (!beyond.is_bound()) {
            const int row = variable(beyond);
            if (!program_.is_basic(row) && !program_.free_row(row)) return Outcome::kStuck;
            return long_steps_.solve(program_, row, beyond.sign, far, hopeless, bounds_, look);
        }
        const int j = beyond.input, goal = rows_.variable(rows_.size());
        end_.assign(rows_.dim(), 0.0);
        end_[j] = 1;
        program_.add_row(goal, end_.data(), program_.value_of(j));
        bounds_.resize(goal + 1);
        bounds_.has_lower[goal] = bounds_.has_upper[goal] = 0;
        double& own = (beyond.is_upper() ? bounds_.upper : bounds_.lower)[j];
        const double at = own;
        own += beyond.sign * (1 + 2 * rows_.box().radius[j + 1]);
        const Outcome outcome = long_steps_.solve(program_, goal, beyond.sign, far, hopeless, bounds_, look);
        own = at;
        if (program_.is_basic(goal)) program_.remove_row(program_.row_of(goal));
        return outcome;
    }

    // Whether the program stands beyond a wall.
    bool is_beyond(const HalfSpace& wall) const {
        return wall.sign * (program_.value_of(variable(wall)) - place(wall)) > enough(wall);
    }

    // Turn the next shot to where the program has ended, or far along its ray.
    bool turn_to_end(const HalfSpace& beyond, Outcome outcome) {
        const bool is_ray = outcome == Outcome::kUnbounded;
        if (!is_ray && !is_beyond(beyond)) return false;
        const int goal = variable(beyond);
        double length = 0;
        if (is_ray)
            length = program_.ray_length(goal, beyond.sign) +
                     2 * std::fabs(place(beyond)) / std::fabs(program_.slope_along_ray(goal));
        if (!std::isfinite(length)) return false;
        end_.assign(rows_.width(), 0.0);
        end_[0] = 1;
        for (int j = 0; j < rows_.dim(); ++j)
            end_[j + 1] = program_.value_of(j) + (is_ray ? length * program_.slope_along_ray(j) : 0.0);
        shots_.turn_to(end_);
        return true;
    }

    // -- what is found -------------------------------------------------------------------------------------

    FoundFacet facet_on(const HalfSpace& wall, const std::vector<int>& tied) const {
        FoundFacet facet;
        facet.on_boundary = wall.is_bound();
        if (!wall.is_bound()) {
            facet.on_boundary = rows_[wall.slot].context->data->forced;
            if (facet.on_boundary) facet.wall = rows_[wall.slot].number;
            facet.units.push_back(rows_[wall.slot].number);
        } else {
            facet.wall = -2 - 2 * wall.input - wall.is_upper();
        }
        for (const int other : tied) {
            if (!coincide(wall, other)) continue;
            if (rows_[other].context->data->forced)
                facet.on_boundary = true, facet.wall = rows_[other].number;
            else
                facet.units.push_back(rows_[other].number);
        }
        std::sort(facet.units.begin(), facet.units.end());
        return facet;
    }

    // Whether a slot vanishes on a wall.
    bool coincide(const HalfSpace& wall, int other) const {
        if (!wall.is_bound() && are_surely_apart(rows_[wall.slot], rows_[other], rows_.width())) return false;
        if (wall.is_bound() && depends_on_others(rows_[other], wall.input)) return false;
        return are_parallel(rows_.exact(wall), rows_.exact(other));
    }

    // Whether doubles know that a row depends on some other input than that one.
    bool depends_on_others(const Slot& slot, int input) const {
        for (int j = 0; j < rows_.dim(); ++j)
            if (j != input && depends_on(slot, j)) return true;
        return false;
    }
    // Whether a slot vanishes on a bound of an input.
    bool is_bound(int slot) const {
        int input = 0;
        while (input < rows_.dim() && !depends_on(rows_[slot], input)) ++input;
        if (input < rows_.dim() && depends_on_others(rows_[slot], input)) return false;
        const Bounds<mpq_class>& exact = rows_.box().exact;
        for (int j = 0; j < rows_.dim(); ++j)
            for (const bool is_upper : {false, true})
                if ((is_upper ? exact.has_upper : exact.has_lower)[j] &&
                    coincide(HalfSpace::of_bound(j, is_upper), slot))
                    return true;
        return false;
    }
    static bool depends_on(const Slot& slot, int input) {
        return std::fabs(slot.row[input + 1]) > slot.relative_error * slot.majorant[input + 1] * (1 + 0x1p-20);
    }

    CellRows& rows_;
    CellProofs& proofs_;
    const std::atomic<bool>& stop_;
    const Frame* frame_ = nullptr;
    bool is_feasible_ = false, is_ready_ = false;
    Walls walls_{rows_};
    FacetShots shots_{rows_, walls_, stop_};
    KnownRedundancies known_{rows_};
    std::vector<double> end_;
    Dictionary<double> program_;
    Bounds<double> bounds_;
    LongSteps long_steps_;
    std::vector<FoundFacet> facets_;
};

}  // namespace relureg
