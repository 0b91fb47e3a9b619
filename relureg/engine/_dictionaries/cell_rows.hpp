// The rows on the present path, the box that they lie in, and whether points lie inside.
#pragma once

#include "../_cells/interface/searcher.hpp"
#include "frame.hpp"
#include "proofs.hpp"
#include "ties.hpp"

namespace relureg {

inline mpq_class value_at(const ExactVector& row, const std::vector<mpq_class>& point) {
    mpq_class sum = row[0];
    for (std::size_t j = 0; j < point.size(); ++j)
        if (row[j + 1] != 0) sum += row[j + 1] * point[j];
    return sum;
}

class CellRows {
  public:
    // With `audit` every answer of doubles is asked of integers as well.
    CellRows(const Network& network, const std::int8_t* sign, Statistics& statistics, bool audit)
        : network_(network), sign_(sign), statistics_(statistics), audit_(audit) {}

    // From the whole domain. False: nothing has changed but that there are no rows.
    bool begin(const Stage* walls) {
        slots_.clear(), path_.clear();
        if (is_read_ && box_.is_bounded) {  // nothing that a search has tightened
            bounds_ = box_.bounds;
            return false;
        }
        is_read_ = true;
        box_.read(network_, walls);
        are_walls_bounds_ = walls;
        for (int i = 0; walls && i < walls->units && are_walls_bounds_; ++i)
            are_walls_bounds_ = Box::is_bound(*walls, i);
        bounds_ = box_.bounds;
        if (majorants_.empty())
            for (const Stage& stage : network_.stages) majorants_.push_back(by_row(stage));
        measure();
        return true;
    }

    // Take in a proven bound; `settle` when all are.
    void tighten(int input, bool is_upper, const mpq_class& to) { box_.tighten(input, is_upper, to); }
    void settle() {
        box_.derive();
        measure();
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
    const std::int8_t* sign() const { return sign_; }

    void push(const Context& context, int unit, const double* row) {
        const Stage& data = *context.data;
        Slot slot{};
        slot.context = &context, slot.unit = unit, slot.number = data.first_unit + unit, slot.row = row;
        slot.serial = num_pushed_++;
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
    // What is asked of the cell that the first rows of the path make.
    template <class Ask>
    auto with_first(std::size_t count, Ask ask) {
        const std::vector<int> behind(path_.begin() + count, path_.end());
        path_.resize(count);
        const auto answer = ask();
        path_.insert(path_.end(), behind.begin(), behind.end());
        return answer;
    }

    // Let go of a row of the path for a while, to go beyond it; and take it back.
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

    // The row that is positive in a half-space, but for its sign, which is that of the half-space or, of a bound, in
    // it.
    ExactVector exact(const HalfSpace& beyond) const {
        if (!beyond.is_bound()) return exact(beyond.slot);
        ExactVector row(dim() + 1);
        const mpq_class& bound = (beyond.is_upper() ? box_.exact.upper : box_.exact.lower)[beyond.input];
        row[0] = -bound.get_num(), row[beyond.input + 1] = bound.get_den();
        return row;
    }

    // The rows of the path, but for one, with the sides on which it goes on.
    std::vector<SignedRow> signed_path(int without = -1) const {
        std::vector<SignedRow> rows;
        for (const int slot : path_)
            if (slot != without && slots_[slot].side) rows.push_back({&exact(slot), slots_[slot].side});
        return rows;
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

    // Whether a point of doubles surely lies strictly inside the cell, by doubles, else by integers; or, with a
    // half-space, beyond one of the cell's own walls and inside all the others.
    bool is_inside(const std::vector<double>& point, const HalfSpace* beyond = nullptr) {
        for (const double x : point)
            if (!std::isfinite(x)) return false;
        if (!is_surely_in(box_, point.data(), beyond) && (beyond || !is_exactly_in(point))) return false;
        for (const int slot : path_) {
            const int side = slots_[slot].side;
            if (!is_beyond(slot, beyond && beyond->slot == slot ? -side : side, point)) return false;
        }
        return true;
    }

    // Whether doubles alone know a point to lie strictly inside the cell.
    bool is_surely_inside(const std::vector<double>& point) const {
        if (!is_surely_in(box_, point.data())) return false;
        return std::all_of(path_.begin(), path_.end(), [&](int slot) {
            if (!is_surely_beyond(slots_[slot], slots_[slot].side, point.data(), width())) return false;
            check(slot, slots_[slot].side, point);
            return true;
        });
    }

    // A point between the bounds of all inputs: in the middle of two, and 1 from a single one.
    std::vector<double> between_bounds() const {
        std::vector<double> point = box_.centre;
        for (int j = 0; j < dim(); ++j) {
            const auto& b = box_.bounds;
            if (b.has_lower[j] != b.has_upper[j]) point[j + 1] = b.has_lower[j] ? b.lower[j] + 1 : b.upper[j] - 1;
        }
        return point;
    }

    // How far the rows of the path let a way go on from a point, by doubles.
    double reach(const double* from, const double* way) const {
        double length = std::numeric_limits<double>::infinity();
        for (const int slot : path_) {
            const double here = product(slots_[slot].row, from, width()) * slots_[slot].side;
            const double rise = product(slots_[slot].row, way, width()) * slots_[slot].side;
            if (rise < 0) length = std::min(length, -here / rise);
        }
        return length;
    }

    // With `audit`: a rational point that doubles call beyond one of the cell's own walls and inside all the others.
    template <class Make>
    void audit(const HalfSpace& beyond, Make make) const {
        if (!audit_) return;
        const std::vector<mpq_class> point = make();
        bool holds = true;
        for (const int slot : path_) {
            const int side = beyond.slot == slot ? -slots_[slot].side : slots_[slot].side;
            holds = holds && sgn(value_at(exact(slot), point)) * side > 0;
        }
        for (int j = 0; j < dim(); ++j) {
            const int low = box_.exact.has_lower[j] ? cmp(point[j], box_.exact.lower[j]) : 1;
            const int high = box_.exact.has_upper[j] ? cmp(box_.exact.upper[j], point[j]) : 1;
            holds = holds && (beyond.input == j ? (beyond.is_upper() ? high <= 0 && low > 0 : low <= 0 && high > 0)
                                                : low > 0 && high > 0);
        }
        if (!holds) throw ContradictionError("doubles and integers part over a point beyond a wall");
    }

    // Whether a point lies strictly on that side of a slot.
    bool is_beyond(const Point& point, int slot, int side) {
        if (point.exact.empty()) return is_beyond(slot, side, point.doubles);
        return sgn(value_at(exact(slot), point.exact)) * side > 0;
    }

    // Take a rational point over, as doubles where these lie inside too.
    void take(Point& point, std::vector<mpq_class> exact) {
        point.doubles.assign(width(), 0.0);
        point.doubles[0] = 1;
        for (int j = 0; j < dim(); ++j) point.doubles[j + 1] = exact[j].get_d();
        point.exact.clear();
        if (!is_inside(point.doubles)) point.exact = std::move(exact);
    }

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

  private:
    bool is_beyond(int slot, int side, const std::vector<double>& point) {
        if (is_surely_beyond(slots_[slot], side, point.data(), width())) {
            check(slot, side, point);
            return true;
        }
        // Far on the other side, or so near that only integers know.
        if (is_surely_beyond(slots_[slot], -side, point.data(), width())) return false;
        ++statistics_.decisions, ++statistics_.exact;
        return is_exactly_beyond(slot, side, point);
    }

    void check(int slot, int side, const std::vector<double>& point) const {
        if (audit_ && !is_exactly_beyond(slot, side, point))
            throw ContradictionError("doubles and integers part over a point");
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
    const bool audit_;
    Box box_;
    bool is_read_ = false, are_walls_bounds_ = false;
    std::vector<Slot> slots_;
    std::vector<int> path_;
    Bounds<double> bounds_;
    std::vector<std::vector<double>> majorants_, sizes_;
    std::vector<double> scaled_;
    std::uint64_t num_pushed_ = 0;
};

}  // namespace relureg
