// What is asked in one cell: which candidates take which signs there, at which points, and what a part of it starts
// from.
#pragma once

#include <algorithm>
#include <cstring>

#include "cell_proofs.hpp"
#include "long_steps.hpp"
#include "part_points.hpp"

namespace relureg {

class CellSearch {
  public:
    // `words`: of a bitset of the units of any stage.
    CellSearch(CellRows& rows, CellProofs& proofs, Statistics& statistics, const std::atomic<bool>& stop, int words)
        : rows_(rows), proofs_(proofs), statistics_(statistics), stop_(stop), words_(words) {}

    void begin() {
        vertices_.begin(rows_.width(), words_);
        vertices_.release(0);
        tied_.clear();
    }

    bool has_many_inputs() const { return rows_.dim() > kFewInputs; }

    int num_points() const { return vertices_.size(); }
    void release_points(int size) { vertices_.release(size); }

    // Slots of the path's cells that touch 0 without taking the other sign.
    const std::vector<int>& tied() const { return tied_; }
    std::size_t num_tied() const { return tied_.size(); }
    void add_tied(int slot) { tied_.push_back(slot); }
    void release_tied(std::size_t size) { tied_.resize(size); }

    // A stage is entered, in which no unit has its sign but those that have it in the whole domain.
    void enter(Frame& frame, const Entered& stage) {
        conflicts_.resize(std::max<std::size_t>(conflicts_.size(), stage.context->stage + 1));
        conflicts(stage).begin(words_);
        frame.known.begin(words_);
        take_points_along(frame, stage);
    }

    // The points known in the cell, with the signs of the new stage.
    void take_points_along(Frame& frame, const Entered& stage) {
        const std::size_t count = frame.vertices.size(), skipped = count > kMostPoints ? count - kMostPoints : 0;
        for (std::size_t v = skipped; v < count; ++v) {
            const int fresh = vertices_.push();
            std::memcpy(vertices_.point(fresh), vertices_.point(frame.vertices[v]), rows_.width() * sizeof(double));
            note_signs(fresh, frame.open, stage);
            frame.vertices[v - skipped] = fresh;
        }
        frame.vertices.resize(count - skipped);
        look_at_vertices(frame);
        note_point(frame, stage);
    }

    // The point inside, among the points of the cell.
    void note_point(Frame& frame, const Entered& stage) {
        const int fresh = vertices_.push();
        std::memcpy(vertices_.point(fresh), frame.point.doubles.data(), rows_.width() * sizeof(double));
        note_signs(fresh, frame.open, stage);
        add_vertex(frame, fresh);
    }

    // Whether proofs about other cells of the stage show that a candidate does not take that sign.
    bool is_ruled_out(const Frame& frame, const Entered& stage, int k, int sign) {
        if (!conflicts(stage).rules_out(frame.known, k, sign)) return false;
        ++statistics_.decisions;
        proofs_.audit_absence(HalfSpace::of_slot(stage.first + k, sign));
        return true;
    }

    // The mean of the points known in the cell, which is likely far from its walls.
    const std::vector<double>& middle(const Frame& frame) {
        mean_.assign(rows_.width(), 0.0);
        for (const int v : frame.vertices)
            for (int j = 0; j < rows_.width(); ++j) mean_[j] += vertices_.point(v)[j];
        for (double& x : mean_) x /= static_cast<double>(frame.vertices.size());
        return mean_;
    }

    // The candidate has its sign on the whole cell.
    void close(Frame& frame, const Entered& stage, int k, int sign) {
        const int slot = stage.first + k;
        frame.open[k / 64] &= ~(std::uint64_t{1} << (k % 64));
        frame.known.note(k, sign);
        frame.dictionary.remove_row(frame.dictionary.row_of(rows_.variable(slot)));
    }

    // Look for a point of the cell where a candidate has that sign; false: there is none, which is proven.
    bool seek(Frame& frame, const Entered& stage, int k, int sign) {
        const int slot = stage.first + k;
        if (has_many_inputs() && shoot(frame, stage, slot, sign)) return true;
        for (const bool is_again : {false, true}) {
            if (is_again) restart(frame, stage);
            const auto outcome = grow(frame, stage, slot, sign, [&] {
                if (rows_.dim() <= kFewInputs) note_vertex(frame, stage);
            });
            if (outcome == Outcome::kReached && is_crossed_)
                note_crossing(frame, stage, slot, sign);
            else if (outcome == Outcome::kReached)
                note_vertex(frame, stage);
            if (outcome == Outcome::kUnbounded) note_ray(frame, stage, slot, sign);
            if (outcome == Outcome::kReached || outcome == Outcome::kUnbounded) return true;
            const Absence absence = proofs_.absence(*optimum_, HalfSpace::of_slot(slot, sign));
            if (absence == Absence::kTie) tied_.push_back(slot);
            if (absence == Absence::kStrict) learn(stage, k, sign);
            if (absence != Absence::kNo) return false;
        }
        Point thin = frame.point;
        if (!proofs_.find_point_at(*optimum_, slot, sign, thin) &&
            proofs_.is_empty_beyond(HalfSpace::of_slot(slot, sign))) {
            tied_.push_back(slot);
            return false;
        }
        note_point(frame, stage);  // somewhere in the cell: no matter where, since the split finds a point of its own
        vertices_.note(frame.vertices.back(), k, sign);
        frame.seen.note(k, sign);
        return true;
    }

    // The candidate of which the fewest points are on its smaller side's other side: that halves them best; -1: none.
    int most_balanced(const Frame& frame) {
        int best = -1, most = -1;
        for (int w = 0; w < words_; ++w)
            each_bit(frame.open[w], 64 * w, [&](int k) {
                int above = 0, below = 0;
                for (const int v : frame.vertices) above += vertices_.has(v, k, 1), below += vertices_.has(v, k, -1);
                const int balance = std::min(above, below);
                if (balance > most) most = balance, best = k;
            });
        return best;
    }

    // The dictionary and the points of a part. Long steps start at any basis, others at a vertex of the part.
    void prepare(Frame& frame, Frame& child, const Entered& stage, int k, int side, bool at_last) {
        for (const int v : frame.vertices)
            if (!vertices_.has(v, k, -side)) child.vertices.push_back(v);
        look_at_vertices(child);
        note_point(child, stage);
        if (at_last)
            std::swap(child.dictionary, frame.dictionary);
        else
            child.dictionary = frame.dictionary;
        const int slot = stage.first + k, variable = rows_.variable(slot);
        const int row = child.dictionary.row_of(variable);
        if (row < 0 || child.dictionary.value(row) * side >= 0 || has_many_inputs()) return;
        const auto visit = [&] { stop_if_told(); };
        rows_.bound(slot, 0);
        const auto outcome = child.dictionary.improve(variable, side, true, 0.0, rows_.bounds(), visit);
        rows_.bound(slot, side);
        if (outcome != Outcome::kReached) restart(child, stage);
    }

    // A point strictly inside the part of a cell on one side of a slot; false: there is none.
    bool find_point(const Frame& frame, Point& found, int k, int slot, int side) {
        return parts_.find(frame, found, k, slot, side);
    }

  private:
    // Values in units of their row's size that are taken for other than 0 on the way; proofs do not rest on it.
    static constexpr double kEnough = 1e-9;
    // In more dimensions, only the last vertex of a program is kept.
    static constexpr int kFewInputs = 32;
    // Points that are taken on into the next stage.
    static constexpr std::size_t kMostPoints = 64;

    void stop_if_told() const {
        if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
    }

    Conflicts& conflicts(const Entered& stage) { return conflicts_[stage.context->stage]; }

    // What the last proof of absence shows of all cells.
    void learn(const Entered& stage, int k, int sign) {
        conflict_.begin(words_);
        conflict_.note(k, sign);
        for (const int slot : proofs_.support())
            if (slot >= stage.first) conflict_.note(slot - stage.first, rows_[slot].side);
        conflicts(stage).add(conflict_);
    }

    void add_vertex(Frame& frame, int vertex) {
        frame.vertices.push_back(vertex);
        frame.seen.join(vertices_.signs(vertex));
    }

    // All signs that are seen at the points of a cell.
    void look_at_vertices(Frame& frame) {
        frame.seen.begin(words_);
        for (const int vertex : frame.vertices) frame.seen.join(vertices_.signs(vertex));
    }

    void note_signs(int vertex, const std::vector<std::uint64_t>& open, const Entered& stage) {
        const double* point = vertices_.point(vertex);
        for (int w = 0; w < words_; ++w)
            each_bit(open[w], 64 * w, [&](int k) {
                const Slot& slot = rows_[stage.first + k];
                const double value = product(slot.row, point, rows_.width());
                if (std::fabs(value) > kEnough * slot.unit_size) vertices_.note(vertex, k, value > 0 ? 1 : -1);
            });
    }

    // Go from the point inside towards the corner of the box where a slot is best, as far as the cell reaches: with
    // many inputs and few rows that mostly crosses the hyperplane, and takes no pivot.
    bool shoot(Frame& frame, const Entered& stage, int slot, int sign) {
        if (!rows_.box().is_bounded) return false;
        const double* row = rows_[slot].row;
        const double* from = frame.point.doubles.data();
        const Box& box = rows_.box();
        mean_.resize(rows_.width());
        for (int j = 0; j < rows_.width(); ++j)
            mean_[j] = box.centre[j] + (sign * row[j] > 0 ? box.radius[j] : -box.radius[j]) - from[j];
        mean_[0] = 0;
        const double length = std::min(1.0, rows_.reach(from, mean_.data()));
        // As much beyond the hyperplane as the point is on its side of it, about: else points come ever nearer to
        // walls.
        const double here = product(row, from, rows_.width());
        const double there = sign * (here + length * product(row, mean_.data(), rows_.width()));
        if (!(there > std::max(kEnough * rows_[slot].unit_size, std::fabs(here) / 4))) return false;
        const int fresh = vertices_.push();
        double* point = vertices_.point(fresh);
        for (int j = 0; j < rows_.width(); ++j) point[j] = frame.point.doubles[j] + length * mean_[j];
        note_signs(fresh, frame.open, stage);
        vertices_.note(fresh, slot - stage.first, sign);
        add_vertex(frame, fresh);
        return true;
    }

    // Go to a vertex where a slot has that sign; or to the one where it is best, if that is no vertex, or along a ray.
    template <class Visit>
    Outcome grow(Frame& frame, const Entered& stage, int slot, int sign, Visit visit) {
        const auto look = [&] { stop_if_told(); };
        const int variable = rows_.variable(slot);
        is_crossed_ = false;
        if (has_many_inputs()) {
            loose_ = frame.dictionary;
            measure_rows(frame.point, slot);
            const auto cross = [&] {
                stop_if_told();
                return is_crossed_ = crosses(frame.point, slot, sign);
            };
            const auto outcome = long_steps_.solve(loose_, variable, sign, kEnough, -kEnough, rows_.bounds(), cross);
            if (outcome == Outcome::kReached && !is_crossed_) std::swap(loose_, frame.dictionary);
            optimum_ =
                &loose_;  // which is no vertex of the cell where it has only been shown that there is no better one
            if (outcome != Outcome::kStuck) return outcome;
            restart(frame, stage);
        }
        optimum_ = &frame.dictionary;
        return frame.dictionary.improve(variable, sign, false, kEnough, rows_.bounds(), [&] { look(), visit(); });
    }

    // The values of the cell's rows and of a slot at the point inside, as the dictionary has them.
    void measure_rows(const Point& inside, int slot) {
        values_.resize(rows_.size());
        const auto measure = [&](int s) {
            values_[s] = product(rows_[s].row, inside.doubles.data(), rows_.width()) / rows_[s].unit_size;
        };
        for (const int s : rows_.path()) measure(s);
        measure(slot);
    }

    // Whether the way from the point inside to where long steps stand, which is outside of some rows and bounds as long
    // as they go on, leaves the cell beyond a slot: by about as much as the point is on this side of it, see `shoot`.
    bool crosses(const Point& inside, int slot, int sign) {
        const Bounds<double>& bounds = rows_.bounds();
        const int dim = rows_.dim();
        share_ = 1;
        for (int i = 0; i < loose_.rows(); ++i) {
            const int v = loose_.basic(i);
            if (!bounds.has_lower[v] && !bounds.has_upper[v]) continue;
            const double here = v < dim ? inside.doubles[v + 1] : values_[rows_.slot_of(v)], there = loose_.value(i);
            if (bounds.has_lower[v] && there < bounds.lower[v])
                share_ = std::min(share_, (here - bounds.lower[v]) / (here - there));
            if (bounds.has_upper[v] && there > bounds.upper[v])
                share_ = std::min(share_, (bounds.upper[v] - here) / (there - here));
        }
        const double here = values_[slot] * sign, there = loose_.value_of(rows_.variable(slot)) * sign;
        return here + share_ * (there - here) > std::max({kEnough, std::fabs(here) / 4, there / 4});
    }

    // The point where that way leaves the cell.
    void note_crossing(Frame& frame, const Entered& stage, int slot, int sign) {
        const int fresh = vertices_.push();
        double* point = vertices_.point(fresh);
        const double* from = frame.point.doubles.data();
        std::copy_n(from, rows_.width(), point);
        for (int j = 0; j < rows_.dim(); ++j) point[j + 1] += share_ * (loose_.value_of(j) - from[j + 1]);
        note_signs(fresh, frame.open, stage);
        vertices_.note(fresh, slot - stage.first, sign);
        add_vertex(frame, fresh);
    }

    void note_vertex(Frame& frame, const Entered& stage) {
        const Dictionary<double>& dictionary = frame.dictionary;
        const int fresh = vertices_.push();
        double* point = vertices_.point(fresh);
        point[0] = 1;
        for (int j = 0; j < rows_.dim(); ++j) point[j + 1] = dictionary.value_of(j);
        std::fill(point + rows_.dim() + 1, point + rows_.width(), 0.0);
        for (int w = 0; w < words_; ++w)
            each_bit(frame.open[w], 64 * w, [&](int k) {
                const double value = dictionary.value_of(rows_.variable(stage.first + k));
                if (std::fabs(value) > kEnough) vertices_.note(fresh, k, value > 0 ? 1 : -1);
            });
        add_vertex(frame, fresh);
    }

    // A point so far along the ray that the slot is beyond 0 by as much as it is now, and 1.
    void note_ray(Frame& frame, const Entered& stage, int slot, int sign) {
        const Dictionary<double>& dictionary = frame.dictionary;
        const double length = dictionary.ray_length(rows_.variable(slot), sign);
        const int fresh = vertices_.push();
        double* point = vertices_.point(fresh);
        point[0] = 1;
        for (int j = 0; j < rows_.dim(); ++j)
            point[j + 1] = dictionary.value_of(j) + length * dictionary.slope_along_ray(j);
        std::fill(point + rows_.dim() + 1, point + rows_.width(), 0.0);
        note_signs(fresh, frame.open, stage);
        vertices_.note(fresh, slot - stage.first, sign);
        add_vertex(frame, fresh);
    }

    // A dictionary free of rounding errors, at the point inside.
    void restart(Frame& frame, const Entered& stage) {
        const std::vector<double>& point = frame.point.doubles;
        frame.dictionary.reset({point.begin() + 1, point.begin() + 1 + rows_.dim()});
        for (const int slot : rows_.path()) rows_.add_to(frame.dictionary, slot);
        for (int w = 0; w < words_; ++w)
            each_bit(frame.open[w], 64 * w, [&](int k) { rows_.add_to(frame.dictionary, stage.first + k); });
    }

    CellRows& rows_;
    CellProofs& proofs_;
    Statistics& statistics_;
    const std::atomic<bool>& stop_;
    const int words_;
    Vertices vertices_;
    PartPoints parts_{rows_, proofs_, statistics_, stop_, vertices_};
    std::vector<int> tied_;
    std::vector<Conflicts> conflicts_;  // [stage]
    SignSet conflict_;
    std::vector<double> mean_;
    std::vector<double> values_;  // [slot]: at the point inside, in units of its row
    double share_ = 0;  // of the way to where long steps stand, in the cell
    bool is_crossed_ = false;  // and that was far enough
    LongSteps long_steps_;
    const Dictionary<double>* optimum_ = nullptr;  // where the last program that `grow` has solved has ended
    Dictionary<double> loose_;
};

}  // namespace relureg
