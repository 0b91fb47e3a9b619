// The rows on the present path, and what is known of points and of signs in the cell that they make.
#pragma once

#include <deque>

#include "../_cells/interface/searcher.hpp"
#include "frame.hpp"
#include "proofs.hpp"
#include "ties.hpp"

namespace relureg {

// Whether a sign is proven absent in an open cell: not; in the closed one, too; or where its closure may touch 0.
enum class Absence { kNo, kStrict, kTie };

class CellRows {
  public:
    // With `audit` every answer of doubles is asked of integers as well.
    CellRows(const Network& network, const std::int8_t* sign, Statistics& statistics, const std::atomic<bool>& stop,
             bool audit)
        : network_(network), sign_(sign), statistics_(statistics), stop_(stop), audit_(audit) {}

    // Walls are rows of cells where facets are looked for.
    void begin(const Stage* walls, bool by_rows) {
        slots_.clear(), path_.clear();
        if (combination_ && box_.is_bounded && by_rows == by_rows_) {  // nothing that a search has tightened
            bounds_ = box_.bounds;
            return;
        }
        by_rows_ = by_rows;
        box_.read(network_, walls, by_rows);
        are_walls_bounds_ = walls;
        for (int i = 0; walls && i < walls->units && are_walls_bounds_; ++i)
            are_walls_bounds_ = box_.is_bound(*walls, i);
        combination_ = std::make_unique<Combination>(box_);
        program_ = std::make_unique<ExactProgram>(box_, stop_);
        bounds_ = box_.bounds;
        if (majorants_.empty())
            for (const Stage& stage : network_.stages) majorants_.push_back(by_row(stage));
        measure();
    }

    // A point between all bounds.
    void start(Point& point) { take(point, program_->inside_box()); }

    // Bounds of inputs that several walls make together, each proven; for proofs only.
    void find_hull(Dictionary<double>& dictionary) {
        if (box_.is_bounded) return;
        for (int j = 0; j < dim(); ++j)
            for (const bool is_upper : {false, true}) {
                if ((is_upper ? box_.hull.has_upper : box_.hull.has_lower)[j]) continue;
                if (!dictionary.is_basic(j) && !dictionary.free_row(j)) continue;
                const double most = std::numeric_limits<double>::infinity();
                const auto outcome = dictionary.improve(j, is_upper ? 1 : -1, false, most, bounds_, [] {});
                if (outcome == Outcome::kOptimal) bound_hull(dictionary, j, is_upper);
            }
        box_.derive();
        measure();
    }

    // Whether no ray lies in the cell.
    bool is_bounded() {
        ++statistics_.decisions;
        if (has_sure_ray()) return false;
        ++statistics_.exact;
        return program_->is_bounded(signed_path());
    }

    const Box& box() const { return box_; }
    bool are_walls_bounds() const { return are_walls_bounds_; }
    const Bounds<double>& bounds() const { return bounds_; }
    int dim() const { return network_.dim; }
    int width() const { return box_.width(); }
    int size() const { return static_cast<int>(slots_.size()); }
    int variable(int slot) const { return network_.dim + slot; }
    int slot_of(int variable) const { return variable - network_.dim; }
    const Slot& operator[](int slot) const { return slots_[slot]; }
    const std::vector<int>& path() const { return path_; }

    void push(const Context& context, int unit, const double* row) {
        const Stage& data = *context.data;
        Slot slot{};
        slot.context = &context, slot.unit = unit, slot.number = data.first_unit + unit, slot.row = row;
        slot.majorant = &majorants_[context.stage][static_cast<std::size_t>(unit) * width()];
        const double c = data.is_out_of_range ? std::numeric_limits<double>::infinity() : data.relative_error[unit];
        slot.relative_error = c;
        measure(slot);
        double largest = 0;
        for (int j = 1; j <= dim(); ++j) largest = std::max(largest, std::fabs(row[j]));
        int exponent = 0;
        std::frexp(largest, &exponent);
        slot.unit_size = largest > 0 && std::isfinite(largest) ? std::ldexp(1.0, std::clamp(exponent, -900, 900)) : 1.0;
        slots_.push_back(slot);
        bounds_.resize(dim() + slots_.size());
        bounds_.has_lower[variable(size() - 1)] = bounds_.has_upper[variable(size() - 1)] = 0;
    }
    void release(int size) { slots_.resize(size); }

    // The path goes on on that side of the slot, or comes back (0).
    void step(int slot, int side) {
        bound(slot, side);
        if (side)
            path_.push_back(slot);
        else
            path_.pop_back();
    }
    // Let go of a row of the path for a while, to ask what lies beyond it; and take it back.
    void bound(int slot, int side) {
        slots_[slot].side = side;
        const int v = variable(slot);
        bounds_.has_lower[v] = side > 0, bounds_.has_upper[v] = side < 0;
        bounds_.lower[v] = bounds_.upper[v] = 0;
    }
    const ExactVector& exact(int slot) const {
        const Slot& s = slots_[slot];
        return s.context->exact_row(s.unit, dim(), sign_);
    }

    // Add the slot to a dictionary, as a row that is asked about or that bounds the cell.
    void add_to(Dictionary<double>& dictionary, int slot) {
        const Slot& s = slots_[slot];
        scaled_.resize(dim());
        const double by = 1 / s.unit_size;
        double value = s.row[0] * by;
        for (int j = 0; j < dim(); ++j) {
            scaled_[j] = s.row[j + 1] * by;
            value += scaled_[j] * dictionary.value_of(j);
        }
        dictionary.add_row(variable(slot), scaled_.data(), value);
    }

    // -- points --------------------------------------------------------------------------------------------

    // Whether a point of doubles surely lies strictly inside the cell: by doubles, else by integers.
    bool is_inside(const std::vector<double>& point) {
        for (const double x : point)
            if (!std::isfinite(x)) return false;
        if (!is_surely_in(box_, point.data()) && !is_exactly_in(point)) return false;
        for (const int slot : path_)
            if (!is_beyond(slot, slots_[slot].side, point)) return false;
        return true;
    }

    // Whether a point lies strictly on that side of a slot.
    bool is_beyond(const Point& point, int slot, int side) {
        if (point.exact.empty()) return is_beyond(slot, side, point.doubles);
        return sgn(value_at(exact(slot), point.exact)) * side > 0;
    }

    // A point inside the cell, where there is one; in doubles if these are good enough. False: the cell is empty.
    bool find_point(Point& point) {
        ++statistics_.decisions, ++statistics_.exact;
        auto found = program_->solve(signed_path());
        if (!found) return false;
        take(point, std::move(*found));
        return true;
    }

    // Look for a point inside the cell from one that lies on the wrong side of a slot, which is a row of the path: by a
    // program in doubles that takes it as far from all rows as can be, in units of their sizes. kReached: `point` is
    // one, which is proven; kOptimal: there is none, which is proven; kStuck: that remains open.
    Outcome seek_inside(Point& point, int slot) {
        const int t = dim(), goal = dim() + 1;
        Bounds<double> bounds;
        bounds.resize(goal + 1 + path_.size());
        for (int j = 0; j < dim(); ++j) {
            bounds.has_lower[j] = bounds_.has_lower[j], bounds.has_upper[j] = bounds_.has_upper[j];
            bounds.lower[j] = bounds_.lower[j], bounds.upper[j] = bounds_.upper[j];
        }
        bounds.has_upper[t] = 1, bounds.upper[t] = 1;
        std::vector<double> at(point.doubles.begin() + 1, point.doubles.begin() + 1 + dim()), entries(dim() + 1, 0.0);
        std::vector<double> slacks;
        double least = 0;
        for (const int other : path_) {
            const Slot& s = slots_[other];
            slacks.push_back(s.side * product(s.row, point.doubles.data(), width()) / s.unit_size);
            if (s.side) least = std::min(least, slacks.back());
        }
        at.push_back(least);
        Dictionary<double> program;
        program.reset(at);
        entries[t] = 1;
        program.add_row(goal, entries.data(), least);
        for (std::size_t i = 0; i < path_.size(); ++i) {
            const Slot& s = slots_[path_[i]];
            if (!s.side) continue;
            for (int j = 0; j < dim(); ++j) entries[j] = s.side * s.row[j + 1] / s.unit_size;
            entries[t] = -1;
            const int variable = goal + 1 + static_cast<int>(i);
            program.add_row(variable, entries.data(), slacks[i] - least);
            bounds.has_lower[variable] = 1;
        }
        const auto look = [this] {
            if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
        };
        const double most = std::numeric_limits<double>::infinity();
        const auto outcome = program.improve(goal, 1, false, most, bounds, look);
        const double best = program.value_of(goal);
        if (best > 0) {
            std::vector<double> found = point.doubles;
            for (int j = 0; j < dim(); ++j) found[j + 1] = program.value_of(j);
            if (box_.is_bounded) move_to_centre(found, best);
            if (!is_inside(found)) return Outcome::kStuck;
            point.doubles = std::move(found), point.exact.clear();
            return Outcome::kReached;
        }
        if (outcome != Outcome::kOptimal || !program.is_basic(goal)) return Outcome::kStuck;
        return is_refuted(program, goal, slot) ? Outcome::kOptimal : Outcome::kStuck;
    }

    // Take a rational point over, as doubles where these lie inside too.
    void take(Point& point, std::vector<mpq_class> exact) {
        point.doubles.assign(width(), 0.0);
        point.doubles[0] = 1;
        for (int j = 0; j < dim(); ++j) point.doubles[j + 1] = exact[j].get_d();
        point.exact.clear();
        if (!is_inside(point.doubles)) point.exact = std::move(exact);
    }

    // -- signs ---------------------------------------------------------------------------------------------

    // Whether a stage's row is constant: surely not, by doubles; else exactly.
    bool is_constant(int slot) const {
        const Slot& s = slots_[slot];
        for (int j = 1; j <= dim(); ++j)
            if (std::fabs(s.row[j]) > s.relative_error * s.majorant[j] * (1 + 0x1p-20)) return false;
        const ExactVector& row = exact(slot);
        for (int j = 1; j <= dim(); ++j)
            if (row[j] != 0) return false;
        return true;
    }

    // Whether interval arithmetic over the box proves that a sign is absent.
    bool is_absent_in_box(int slot, int sign) {
        combination_->begin(slots_[slot], sign);
        return combination_->is_negative();
    }

    // What the multipliers of a dictionary, which stands where a slot is best for that sign, prove: kNo is nothing.
    Absence absence(const Dictionary<double>& dictionary, int slot, int sign) {
        ++statistics_.decisions;
        const int goal = dictionary.row_of(variable(slot));
        if (goal >= 0) {
            support_.clear();
            const double* reduced = dictionary.row(goal);
            const double size = slots_[slot].unit_size;
            double largest = 0;
            for (int c = 0; c < dictionary.columns(); ++c) largest = std::max(largest, std::fabs(reduced[c]));
            combination_->begin(slots_[slot], sign);
            for (int c = 0; c < dictionary.columns(); ++c) {
                const int other = slot_of(dictionary.nonbasic(c));
                if (other < 0 || !slots_[other].side) continue;
                const double factor = -reduced[c] * sign * slots_[other].side;
                if (!(factor > kNothing * largest)) continue;
                combination_->add(slots_[other], factor * (size / slots_[other].unit_size));
                support_.push_back(other);
            }
            if (combination_->is_negative()) return audited(Absence::kStrict, slot, sign);
            if (is_identity(dictionary, slot, sign)) {
                ++statistics_.zeros;
                return audited(Absence::kTie, slot, sign);
            }
        }
        return Absence::kNo;
    }

    // Whether no point of the open cell has that sign, by a linear program in rationals.
    bool is_empty_beyond(int slot, int sign) {
        ++statistics_.decisions, ++statistics_.exact;
        return has_no_point(slot, sign);
    }

    bool has_no_point(int slot, int sign) {
        std::vector<SignedRow> rows = signed_path();
        rows.push_back({&exact(slot), sign});
        return !program_->solve(rows);
    }

    // Whether two rows are the same but for a factor.
    bool are_parallel(int one, int other) const {
        const ExactVector &a = exact(one), &b = exact(other);
        std::size_t pivot = 0;
        while (pivot < a.size() && a[pivot] == 0) ++pivot;
        if (pivot == a.size() || b[pivot] == 0) return false;
        for (std::size_t j = 0; j < a.size(); ++j)
            if (a[j] * b[pivot] != b[j] * a[pivot]) return false;
        return true;
    }

    std::vector<SignedRow> signed_path() const {
        std::vector<SignedRow> rows;
        for (const int slot : path_)
            if (slots_[slot].side) rows.push_back({&exact(slot), slots_[slot].side});
        return rows;
    }

  private:
    // Whether doubles find a direction along which every row surely rises. It is one where the smallest slope is
    // largest; so it misses the cells whose rays all lie along a facet.
    bool has_sure_ray() {
        const int t = dim(), goal = dim() + 1;
        Bounds<double> bounds;
        bounds.resize(goal + 1 + path_.size());
        for (int j = 0; j < dim(); ++j) {
            bounds.has_lower[j] = bounds.has_upper[j] = 1;
            bounds.lower[j] = box_.exact.has_lower[j] ? 0.0 : -1.0,
            bounds.upper[j] = box_.exact.has_upper[j] ? 0.0 : 1.0;
        }
        bounds.has_upper[t] = 1, bounds.upper[t] = 1;
        std::vector<double> at(dim() + 1, 0.0), entries(dim() + 1, 0.0);
        at[t] = -1, entries[t] = 1;
        Dictionary<double> program;
        program.reset(at);
        program.add_row(goal, entries.data(), -1);
        for (std::size_t i = 0; i < path_.size(); ++i) {
            const Slot& slot = slots_[path_[i]];
            for (int j = 0; j < dim(); ++j) entries[j] = slot.side * slot.row[j + 1] / slot.unit_size;
            entries[t] = -1;
            const int variable = goal + 1 + static_cast<int>(i);
            program.add_row(variable, entries.data(), 1);
            bounds.has_lower[variable] = 1;
        }
        const auto look = [this] {
            if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
        };
        program.improve(goal, 1, false, 0.5, bounds, look);
        std::vector<double> ray(width(), 0.0);
        for (int j = 0; j < dim(); ++j) {
            ray[j + 1] = program.value_of(j);
            if ((box_.exact.has_lower[j] && ray[j + 1] < 0) || (box_.exact.has_upper[j] && ray[j + 1] > 0))
                return false;
        }
        return std::all_of(path_.begin(), path_.end(), [&](int slot) {
            return is_surely_beyond(slots_[slot], slots_[slot].side, ray.data(), width());
        });
    }

    // Away from the bounds of inputs, where vertices stand: half as far to the centre of the box as the rows of the path
    // allow, which are so large at the point, in units of their sizes.
    void move_to_centre(std::vector<double>& point, double rows) const {
        double least = 0;
        for (const int slot : path_) {
            const Slot& s = slots_[slot];
            if (s.side) least = std::min(least, s.side * product(s.row, box_.centre.data(), width()) / s.unit_size);
        }
        const double share = rows / (rows - least) / 2;
        for (int j = 1; j <= dim(); ++j) point[j] += share * (box_.centre[j] - point[j]);
    }

    // Whether the multipliers of a program of `seek_inside`, whose sum is 1, prove that no point is on the slot's side.
    bool is_refuted(const Dictionary<double>& program, int goal, int slot) {
        const double* reduced = program.row(program.row_of(goal));
        double own = 0;
        for (int c = 0; c < program.columns(); ++c) {
            const int place = program.nonbasic(c) - goal - 1;
            if (place >= 0 && path_[place] == slot) own = -reduced[c];
        }
        if (!(own > kNothing)) return false;
        ++statistics_.decisions;
        combination_->begin(slots_[slot], slots_[slot].side);
        for (int c = 0; c < program.columns(); ++c) {
            const int place = program.nonbasic(c) - goal - 1;
            if (place < 0 || path_[place] == slot || !(-reduced[c] > kNothing)) continue;
            const Slot& other = slots_[path_[place]];
            combination_->add(other, -reduced[c] / own * (slots_[slot].unit_size / other.unit_size));
        }
        return combination_->is_negative();
    }

    static constexpr double kNothing = 1e-10;  // a multiplier below this share of the largest entry is left out

    bool is_beyond(int slot, int side, const std::vector<double>& point) {
        if (is_surely_beyond(slots_[slot], side, point.data(), width())) {
            if (audit_ && !is_exactly_beyond(slot, side, point))
                throw ContradictionError("doubles and integers part over a point");
            return true;
        }
        // Far on the other side, or so near that only integers know.
        if (is_surely_beyond(slots_[slot], -side, point.data(), width())) return false;
        ++statistics_.decisions, ++statistics_.exact;
        return is_exactly_beyond(slot, side, point);
    }

    bool is_exactly_beyond(int slot, int side, const std::vector<double>& point) const {
        const ExactVector& row = exact(slot);
        mpq_class sum = row[0];
        for (int j = 1; j <= dim(); ++j) sum += row[j] * mpq_class(point[j]);
        return sgn(sum) * side > 0;
    }

    bool is_exactly_in(const std::vector<double>& point) const {
        for (int j = 0; j < dim(); ++j) {
            if (box_.exact.has_lower[j] && mpq_class(point[j + 1]) <= box_.exact.lower[j]) return false;
            if (box_.exact.has_upper[j] && mpq_class(point[j + 1]) >= box_.exact.upper[j]) return false;
        }
        return true;
    }

    Absence audited(Absence absence, int slot, int sign) {
        if (audit_ && !has_no_point(slot, sign))
            throw ContradictionError("a sign that is proven absent is there by a linear program in rationals");
        return absence;
    }

    // Solve for the multipliers of the support over the integers, in the inputs that are basic: there are as many.
    bool is_identity(const Dictionary<double>& dictionary, int slot, int sign) {
        std::vector<SignedRow> rows;
        for (const int other : support_) rows.push_back({&exact(other), slots_[other].side});
        std::vector<int> entries;
        for (int j = 0; j < dim(); ++j)
            if (dictionary.is_basic(j) || (!box_.exact.has_lower[j] && !box_.exact.has_upper[j]))
                entries.push_back(j + 1);
        const SignedRow target{&exact(slot), sign};
        ++statistics_.exact;
        const auto y = multipliers(rows, target, entries);
        if (!y) return false;
        const auto most = largest_by(box_, rows, target, *y);
        return most && *most <= 0;
    }

    // The largest or smallest value of an input, by the walls that the dictionary names.
    void bound_hull(const Dictionary<double>& dictionary, int j, bool is_upper) {
        ExactVector target(dim() + 1);
        target[j + 1] = 1;
        const int goal = dictionary.row_of(j), sign = is_upper ? 1 : -1;
        std::vector<SignedRow> rows;
        std::vector<int> entries;
        for (int c = 0; c < dictionary.columns(); ++c) {
            const int slot = slot_of(dictionary.nonbasic(c));
            if (slot >= 0 && std::fabs(dictionary.row(goal)[c]) > kNothing)
                rows.push_back({&exact(slot), slots_[slot].side});
        }
        for (int i = 0; i < dim(); ++i)
            if (dictionary.is_basic(i) || (!box_.exact.has_lower[i] && !box_.exact.has_upper[i]))
                entries.push_back(i + 1);
        const SignedRow wanted{&target, sign};
        const auto y = multipliers(rows, wanted, entries);
        if (!y) return;
        const auto most = largest_by(box_, rows, wanted, *y);
        if (!most) return;
        box_.tighten(j, is_upper, sign * *most);
    }

    // R by row.
    std::vector<double> by_row(const Stage& stage) const {
        std::vector<double> rows(static_cast<std::size_t>(stage.units) * width(), 0.0);
        for (int i = 0; i < stage.units; ++i)
            for (int j = 0; j <= dim(); ++j)
                rows[static_cast<std::size_t>(i) * width() + j] =
                    stage.majorant[static_cast<std::size_t>(j) * stage.stride + i];
        return rows;
    }

    // The sums of R_j X_j for all units.
    void measure() {
        sizes_.clear();
        for (std::size_t s = 0; s < majorants_.size(); ++s) {
            std::vector<double> sizes(network_.stages[s].units);
            for (std::size_t i = 0; i < sizes.size(); ++i) {
                const double* row = &majorants_[s][i * width()];
                for (int j = 0; j <= dim(); ++j)
                    if (row[j] != 0) sizes[i] += row[j] * box_.reach[j];
                sizes[i] *= 1 + 0x1p-20;
            }
            sizes_.push_back(std::move(sizes));
        }
        for (Slot& slot : slots_) measure(slot);
    }
    void measure(Slot& slot) const {
        const double reach = sizes_[slot.context->stage][slot.unit], c = slot.relative_error;
        slot.size = reach * (1 + c), slot.error = c > 0 ? c * reach : 0.0;
    }

    const Network& network_;
    const std::int8_t* sign_;
    Statistics& statistics_;
    const std::atomic<bool>& stop_;
    const bool audit_;
    Box box_;
    bool by_rows_ = false, are_walls_bounds_ = false;
    std::unique_ptr<Combination> combination_;
    std::unique_ptr<ExactProgram> program_;
    std::deque<Slot> slots_;
    std::vector<int> path_;
    Bounds<double> bounds_;
    std::vector<std::vector<double>> majorants_, sizes_;
    std::vector<double> scaled_;
    std::vector<int> support_;
};

}  // namespace relureg
