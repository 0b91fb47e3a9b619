// Facets that are found without a program: ways from a point inside, and around a vertex, each with a point beyond.
#pragma once

#include <algorithm>
#include <atomic>
#include <limits>

#include "corrections.hpp"
#include "inner_point.hpp"

namespace relureg {

// The half-space beyond a row of the path or beyond a bound of an input, and what is known of it.
struct Wall {
    enum State : std::int8_t { kOpen, kFacet, kRedundant };
    HalfSpace beyond;
    State state = kOpen;
};

// All walls of a cell: rows first, then bounds by input.
class Walls {
  public:
    explicit Walls(const CellRows& rows) : rows_(rows) {}

    void begin() {
        walls_.clear();
        of_row_.assign(rows_.size(), -1), of_bound_.assign(2 * static_cast<std::size_t>(rows_.dim()), -1);
        for (const int slot : rows_.path()) {
            of_row_[slot] = static_cast<int>(walls_.size());
            walls_.push_back({HalfSpace::of_slot(slot, -rows_[slot].side)});
        }
        num_rows_ = walls_.size();
        const Bounds<mpq_class>& exact = rows_.box().exact;
        for (int j = 0; j < rows_.dim(); ++j)
            for (const bool is_upper : {false, true}) {
                if (!(is_upper ? exact.has_upper : exact.has_lower)[j]) continue;
                of_bound_[2 * j + is_upper] = static_cast<int>(walls_.size());
                walls_.push_back({HalfSpace::of_bound(j, is_upper)});
            }
        const Bounds<double>& bounds = rows_.box().bounds;
        const double infinity = std::numeric_limits<double>::infinity();
        low_.resize(rows_.dim()), high_.resize(rows_.dim());
        for (int j = 0; j < rows_.dim(); ++j) {
            low_[j] = bounds.has_lower[j] ? bounds.lower[j] : -infinity;
            high_[j] = bounds.has_upper[j] ? bounds.upper[j] : infinity;
        }
    }

    std::size_t size() const { return walls_.size(); }
    std::size_t num_rows() const { return num_rows_; }
    Wall& operator[](std::size_t i) { return walls_[i]; }
    const Wall& operator[](std::size_t i) const { return walls_[i]; }
    // The number of a wall; below 0 where there is none.
    int of_row(int slot) const { return of_row_[slot]; }
    int of_bound(int input, bool is_upper) const { return of_bound_[2 * input + is_upper]; }

    // [input]: bounds in doubles, infinite where there are none.
    const double* low() const { return low_.data(); }
    const double* high() const { return high_.data(); }
    // A bound in doubles, where it has one.
    bool has_double(const HalfSpace& wall) const {
        const Bounds<double>& bounds = rows_.box().bounds;
        return (wall.is_upper() ? bounds.has_upper : bounds.has_lower)[wall.input];
    }
    double bound(const HalfSpace& wall) const {
        const Bounds<double>& bounds = rows_.box().bounds;
        return (wall.is_upper() ? bounds.upper : bounds.lower)[wall.input];
    }

  private:
    const CellRows& rows_;
    std::vector<Wall> walls_;
    std::size_t num_rows_ = 0;
    std::vector<int> of_row_, of_bound_;
    std::vector<double> low_, high_;
};

class FacetShots {
  public:
    FacetShots(CellRows& rows, Walls& walls, const std::atomic<bool>& stop) : rows_(rows), walls_(walls), stop_(stop) {}

    // Shoot from the middle, moved away from the rows that are near, if that is inside; else from the point.
    void begin(const Point& point, const std::vector<double>& middle) {
        way_.assign(rows_.width(), 0.0);
        from_ = middle;
        if (!leave_rows()) begin_at(point);
    }

    // With many inputs, from near the centre of the box, if there is such a point; else from between it and the point.
    void begin_near_centre(const Point& point) {
        begin_at(point);
        inner_.measure();
        if (inner_.find(target_)) return begin_at({target_, {}});
        for (int turn = 0; turn < 3 && is_inside_; ++turn) {
            turn_to(target_);
            const double length = std::min(1.0, reach() / 2);
            for (std::size_t j = 1; j < from_.size(); ++j) from_[j] += length * way_[j];
            measure();
        }
    }

    void begin_at(const Point& point) {
        way_.assign(rows_.width(), 0.0);
        from_ = point.doubles;
        is_inside_ = point.exact.empty();
        measure();
    }

    // From the point p inside along each axis: a bound of input j carries a facet where it is nearer than every row.
    //
    // Let v be the computed value of row m at p, on its side, off by at most E (see error_at). At p + t e_j with t > 0
    // the row is at least v - E + t (m_j - c R_j), m_j the computed entry on its side. So it stays positive where
    //     t (c R_j - m_j) / (v - E) < 1.
    // The few roundings are absorbed by 2^-40.
    void along_axes() {
        if (!is_inside_ || walls_.size() == walls_.num_rows()) return;
        const int dim = rows_.dim();
        up_.assign(dim, 0.0), down_.assign(dim, 0.0);
        for (std::size_t i = 0; i < walls_.num_rows(); ++i) {
            const Slot& slot = rows_[walls_[i].beyond.slot];
            const double least = sure_value(slot, from_.data(), rows_.width());
            if (!(least > 0)) return;
            const double c = slot.relative_error * (1 + 0x1p-20), by = 1 / least, signed_by = slot.side * by;
            const double *const row = slot.row + 1, *const majorant = slot.majorant + 1;
            double *const up = up_.data(), *const down = down_.data();
            for (int j = 0; j < dim; ++j) {
                const double slope = signed_by * row[j], error = by * (c * majorant[j]);
                up[j] = up[j] < error - slope ? error - slope : up[j];
                down[j] = down[j] < error + slope ? error + slope : down[j];
            }
        }
        const Box& box = rows_.box();
        for (std::size_t i = walls_.num_rows(); i < walls_.size(); ++i) {
            const HalfSpace& beyond = walls_[i].beyond;
            const int j = beyond.input;
            const double x = from_[j + 1];
            const double gap = beyond.is_upper() ? box.outer_upper[j] - x : x - box.outer_lower[j];
            const double falls = beyond.is_upper() ? up_[j] : down_[j];
            if (std::isfinite(gap) && gap * falls < 1 - 0x1p-40) walls_[i].state = Wall::kFacet;
        }
    }

    // Straight at each row, and at the corner of the box where it is best.
    void at_rows() {
        const Box& box = rows_.box();
        for (std::size_t i = 0; i < walls_.num_rows(); ++i)
            for (const bool to_corner : {false, true}) {
                stop_if_told();
                if (walls_[i].state != Wall::kOpen || (to_corner && !box.is_bounded)) break;
                const HalfSpace& beyond = walls_[i].beyond;
                const double* row = rows_[beyond.slot].row;
                for (int j = 1; j <= rows_.dim(); ++j) {
                    const double slope = beyond.sign * row[j];
                    const double corner = slope > 0 ? box.centre[j] + box.radius[j] : box.centre[j] - box.radius[j];
                    way_[j] = to_corner ? corner - from_[j] : slope;
                }
                meets_another();
            }
    }

    // Beyond each row that is left, by projections: with many inputs, there is room enough.
    void across_rows() {
        inner_.measure();
        inner_.begin_at(from_);
        for (std::size_t i = 0; i < walls_.num_rows(); ++i) {
            if (walls_[i].state != Wall::kOpen) continue;
            stop_if_told();
            target_ = from_;
            if (inner_.cross(target_, walls_[i].beyond)) walls_[i].state = Wall::kFacet;
        }
    }

    // Beyond each bound that is left: with many inputs and few rows, the other inputs make up for that.
    void across_bounds() {
        if (!is_inside_) return;
        bool is_begun = false;
        for (std::size_t i = walls_.num_rows(); i < walls_.size(); ++i) {
            Wall& wall = walls_[i];
            if (wall.state != Wall::kOpen || !walls_.has_double(wall.beyond)) continue;
            stop_if_told();
            if (!is_begun) corrections_.begin(from_), inner_.measure(), inner_.begin_at(from_);
            is_begun = true;
            const auto reached = corrections_.reach(wall.beyond);
            if (reached != Corrections::Reached::kSurely) {
                corrections_.put(target_);
                if (!rows_.is_inside(target_, &wall.beyond) && !inner_.cross(target_, wall.beyond)) continue;
            }
            wall.state = Wall::kFacet;
        }
    }

    // At a vertex where just as many walls meet as there are inputs, each carries a facet: beyond it and inside all
    // others there is a point nearby.
    void around_vertex(const Dictionary<double>& dictionary, const Bounds<double>& bounds) {
        if (!lift(dictionary, bounds)) return;
        for (int c = 0; c < dictionary.columns(); ++c) {
            Wall& wall = walls_[at_column_[c]];
            if (wall.state != Wall::kOpen) continue;
            target_ = lifted_;
            const double step = -2 * inwards_[c] * lift_;
            for (int j = 0; j < rows_.dim(); ++j) {
                const int row = dictionary.row_of(j);
                if (row >= 0) target_[j + 1] += step * dictionary.row(row)[c];
            }
            if (dictionary.nonbasic(c) < rows_.dim()) target_[dictionary.nonbasic(c) + 1] += step;
            if (rows_.is_inside(target_, &wall.beyond)) wall.state = Wall::kFacet;
        }
    }

    // Turn the next shot to a point.
    void turn_to(const std::vector<double>& point) {
        for (std::size_t j = 1; j < way_.size(); ++j) way_[j] = point[j] - from_[j];
    }

    // Shoot: whether the first wall that is met is a facet that was not known.
    bool meets_another() {
        const double infinity = std::numeric_limits<double>::infinity();
        double first = infinity, second = infinity;
        int met = 0;
        const auto meet = [&](double at, int wall) {
            if (at < first)
                second = first, first = at, met = wall;
            else
                second = std::min(second, at);
        };
        for (std::size_t i = 0; i < walls_.num_rows(); ++i) meet(distance(i), static_cast<int>(i));
        measure_bounds();
        for (int j = 0; j < rows_.dim(); ++j) meet(to_bound_[j], ~j);
        if (!(first < second)) return false;
        Wall& wall = walls_[met >= 0 ? met : walls_.of_bound(~met, way_[~met + 1] > 0)];
        if (wall.state == Wall::kFacet) return false;
        const double length = std::min((first + second) / 2, 2 * first);
        target_.resize(from_.size());
        for (std::size_t j = 0; j < from_.size(); ++j) target_[j] = from_[j] + length * way_[j];
        if (!rows_.is_inside(target_, &wall.beyond)) return false;
        wall.state = Wall::kFacet;
        return true;
    }

  private:
    // The values of all rows where shots begin, on the outer side.
    void measure() {
        values_.resize(walls_.num_rows());
        for (std::size_t i = 0; i < values_.size(); ++i) {
            const HalfSpace& beyond = walls_[i].beyond;
            values_[i] = beyond.sign * product(rows_[beyond.slot].row, from_.data(), rows_.width());
        }
    }

    // Move the beginning to the middle of the cell along the normal of each row; false: it is not inside.
    bool leave_rows() {
        for (std::size_t i = 0; i < walls_.num_rows(); ++i) {
            const double* row = rows_[walls_[i].beyond.slot].row;
            std::copy(row, row + rows_.width(), way_.begin());
            way_[0] = 0;
            measure();
            const double ahead = reach();
            for (double& x : way_) x = -x;
            const double behind = reach();
            if (!(ahead < 1e100 && behind < 1e100)) continue;
            for (std::size_t j = 1; j < from_.size(); ++j) from_[j] += (behind - ahead) / 2 * way_[j];
        }
        measure();
        return is_inside_ = rows_.is_inside(from_);
    }

    // How far the nearest wall is along `way_`.
    double reach() {
        double length = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < walls_.num_rows(); ++i) length = std::min(length, distance(i));
        measure_bounds();
        for (const double at : to_bound_) length = std::min(length, at);
        return length;
    }

    // How far along `way_` a row is.
    double distance(std::size_t i) const {
        const HalfSpace& beyond = walls_[i].beyond;
        const double rise = beyond.sign * product(rows_[beyond.slot].row, way_.data(), rows_.width());
        return rise > 0 ? std::max(-values_[i], 0.0) / rise : std::numeric_limits<double>::infinity();
    }

    // How far along `way_` the bound of each input is that it goes towards.
    void measure_bounds() {
        const double *const from = from_.data() + 1, *const way = way_.data() + 1;
        const double *const low = walls_.low(), *const high = walls_.high();
        to_bound_.resize(rows_.dim());
        double* const to = to_bound_.data();
        for (int j = 0; j < rows_.dim(); ++j) {
            const double at = ((way[j] > 0 ? high[j] : low[j]) - from[j]) / way[j];
            to[j] = way[j] == 0 ? std::numeric_limits<double>::infinity() : at < 0 ? 0.0 : at;
        }
    }

    // A point as far inside all walls of a vertex as the others leave room for: `lifted_`, by `lift_` in units of the
    // walls. False: some column is no wall of the cell, or other walls meet there, too.
    bool lift(const Dictionary<double>& dictionary, const Bounds<double>& bounds) {
        const int columns = dictionary.columns(), dim = rows_.dim();
        at_column_.resize(columns), inwards_.resize(columns);
        for (int c = 0; c < columns; ++c) {
            const int v = dictionary.nonbasic(c);
            const double at = dictionary.value_of(v);
            const bool is_lower = bounds.has_lower[v] && at == bounds.lower[v];
            if (!is_lower && !(bounds.has_upper[v] && at == bounds.upper[v])) return false;
            inwards_[c] = is_lower ? 1 : -1;
            at_column_[c] = v < dim ? walls_.of_bound(v, !is_lower) : walls_.of_row(rows_.slot_of(v));
            if (at_column_[c] < 0) return false;
        }
        lift_ = 1;
        for (int i = 0; i < dictionary.rows(); ++i) {
            const int v = dictionary.basic(i);
            double size = 0;
            for (int c = 0; c < columns; ++c) size += std::fabs(dictionary.row(i)[c]);
            for (const bool is_upper : {false, true}) {
                if (!(is_upper ? bounds.has_upper : bounds.has_lower)[v]) continue;
                const double room =
                    is_upper ? bounds.upper[v] - dictionary.value(i) : dictionary.value(i) - bounds.lower[v];
                if (!(room > 1e-9)) return false;
                lift_ = std::min(lift_, room / (2 * size));
            }
        }
        lifted_.assign(rows_.width(), 0.0);
        lifted_[0] = 1;
        for (int j = 0; j < dim; ++j) {
            const int row = dictionary.row_of(j);
            double x = dictionary.value_of(j);
            if (row >= 0)
                for (int c = 0; c < columns; ++c) x += inwards_[c] * lift_ * dictionary.row(row)[c];
            else
                x += inwards_[~row] * lift_;
            lifted_[j + 1] = x;
        }
        return lift_ > 1e-12;
    }

    void stop_if_told() const {
        if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
    }

    CellRows& rows_;
    Walls& walls_;
    const std::atomic<bool>& stop_;
    InnerPoint inner_{rows_};
    Corrections corrections_{rows_};
    std::vector<double> from_, way_, target_;
    bool is_inside_ = false;
    std::vector<double> values_;  // [row]
    std::vector<double> up_, down_;  // [input]: what of some row is surely left, falls at most so fast along its axis
    std::vector<double> to_bound_;  // [input]
    std::vector<int> at_column_;  // the wall of each nonbasic variable
    std::vector<double> inwards_, lifted_;
    double lift_ = 0;
};

}  // namespace relureg
