// Points strictly inside the two parts of a cell that is split: near the middle of what is known of a part, as
// doubles if these can tell that they lie inside.
#pragma once

#include <algorithm>

#include "cell_proofs.hpp"
#include "deep_point.hpp"

namespace relureg {

class PartPoints {
  public:
    // `vertices`: points of the cells on the path, to which frames refer.
    PartPoints(CellRows& rows, CellProofs& proofs, Statistics& statistics, const std::atomic<bool>& stop,
               Vertices& vertices)
        : rows_(rows), proofs_(proofs), statistics_(statistics), stop_(stop), vertices_(vertices) {}

    // A point strictly inside the part of a cell on one side of a slot; false: there is none. Points that only ever
    // went half the way to the next hyperplane would creep up to walls until none but integers could tell the sides, so
    // they also go half the way to the mean of the known ones.
    bool find(const Frame& frame, Point& found, int k, int slot, int side) {
        found = frame.point;
        const bool is_there = rows_.is_beyond(found, slot, side);
        if (is_there && !is_near(found, slot)) return true;
        rows_.step(slot, side);
        const bool is_found = is_there ? keep_off(frame, found, k, side) : find_beyond(frame, found, k, slot, side);
        rows_.step(slot, 0);
        return is_found;
    }

  private:
    static constexpr double kNear = 0x1p-10;  // in units of a row's size; proofs do not rest on it

    void stop_if_told() const {
        if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
    }

    // Whether a point is that near to a hyperplane that its cell may be found to be thin there.
    bool is_near(const Point& point, int slot) const {
        return point.exact.empty() &&
               std::fabs(product(rows_[slot].row, point.doubles.data(), rows_.width())) < kNear * rows_[slot].unit_size;
    }

    bool keep_off(const Frame& frame, Point& found, int k, int side) {
        go_to_middle(frame, found, k, side);
        if (!rows_.is_surely_inside(found.doubles)) found = frame.point;
        return true;
    }

    bool find_beyond(const Frame& frame, Point& found, int k, int slot, int side) {
        ++statistics_.decisions;
        const bool is_likely = approach(frame, found, k, slot, side);
        if (is_likely) go_to_middle(frame, found, k, side);
        if (is_likely && rows_.is_surely_inside(found.doubles)) return true;
        Point deep{found.doubles, {}};
        if (deep_.find(deep.doubles, [this] { stop_if_told(); })) {
            found = std::move(deep);
            return true;
        }
        return (is_likely && rows_.is_inside(found.doubles)) || find_at_vertex(frame, found, slot, side) ||
               proofs_.find_point(found);
    }

    // By the vertex of the cell that is furthest beyond a slot.
    bool find_at_vertex(const Frame& frame, Point& found, int slot, int side) {
        loose_ = frame.dictionary;
        rows_.bound(slot, 0);
        const double most = std::numeric_limits<double>::infinity();
        loose_.improve(rows_.variable(slot), side, false, most, rows_.bounds(), [this] { stop_if_told(); });
        rows_.bound(slot, side);
        found = frame.point;
        return proofs_.find_point_at(loose_, slot, side, found);
    }

    // Half the way on to the mean of the points that are known in a part of the cell.
    void go_to_middle(const Frame& frame, Point& found, int k, int side) {
        mean_.assign(rows_.width(), 0.0);
        int count = 0;
        for (const int v : frame.vertices) {
            if (vertices_.has(v, k, -side)) continue;
            const double* vertex = vertices_.point(v);
            for (int j = 0; j < rows_.width(); ++j) mean_[j] += vertex[j];
            ++count;
        }
        std::vector<double>& point = found.doubles;
        for (int j = 1; count && j < rows_.width(); ++j) point[j] += (mean_[j] / count - point[j]) / 2;
    }

    // Go from the point inside to where the hyperplane is half behind, towards the mean of points beyond it.
    bool approach(const Frame& frame, Point& found, int k, int slot, int side) {
        mean_.assign(rows_.width(), 0.0);
        int count = 0;
        for (auto v = frame.vertices.rbegin(); v != frame.vertices.rend() && count < 16; ++v) {
            if (!vertices_.has(*v, k, side)) continue;
            const double* vertex = vertices_.point(*v);
            for (int j = 0; j < rows_.width(); ++j) mean_[j] += vertex[j];
            ++count;
        }
        if (!count) return false;
        for (double& x : mean_) x /= count;
        std::vector<double>& point = found.doubles;
        const double here = product(rows_[slot].row, point.data(), rows_.width());
        const double there = product(rows_[slot].row, mean_.data(), rows_.width());
        const double share = (1 + here / (here - there)) / 2;
        for (int j = 1; j < rows_.width(); ++j) point[j] += share * (mean_[j] - point[j]);
        found.exact.clear();
        return true;
    }

    CellRows& rows_;
    CellProofs& proofs_;
    Statistics& statistics_;
    const std::atomic<bool>& stop_;
    Vertices& vertices_;
    DeepPoint deep_{rows_};
    Dictionary<double> loose_;
    std::vector<double> mean_;
};

}  // namespace relureg
