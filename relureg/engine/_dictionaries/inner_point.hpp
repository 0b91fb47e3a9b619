// A point far inside a cell of many inputs, by projections onto its rows in turn. What is found is proven to lie there.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

class InnerPoint {
  public:
    explicit InnerPoint(CellRows& rows) : rows_(rows) {}

    // Take in the path. Where an input has no two bounds, it is taken to vary by 1.
    void measure() {
        const Box& box = rows_.box();
        const int width = rows_.width();
        start_ = box.centre, radius_.assign(width, 0.0);
        low_.assign(width, 0.0), high_.assign(width, 0.0);
        for (int j = 0; j < rows_.dim(); ++j) {
            low_[j + 1] = box.outer_lower[j], high_[j + 1] = box.outer_upper[j];
            const bool has_low = std::isfinite(low_[j + 1]), has_high = std::isfinite(high_[j + 1]);
            radius_[j + 1] = has_low && has_high ? (high_[j + 1] - low_[j + 1]) / 2 : 1.0;
            if (has_low != has_high) start_[j + 1] = has_low ? low_[j + 1] + 1 : high_[j + 1] - 1;
        }
        variation_.clear(), length_.clear();
        for (const int slot : rows_.path()) {
            const double* row = rows_[slot].row;
            variation_.push_back(absolute_product(row, radius_.data(), width));
            length_.push_back(product(row, row, width) - row[0] * row[0]);
        }
    }

    // From between all bounds to a point nearby that keeps a distance from all rows of the path (Hildreth, Naval Res.
    // Logist. Q. 4, 1957); false: where that has ended, the point may lie outside.
    bool find(std::vector<double>& point) {
        point = start_;
        for (const double share : {0.1, 0.01, 0.001}) {
            wanted_.clear();
            for (const double variation : variation_) wanted_.push_back(share * variation);
            if (push(point, share, 1, kSweeps)) return true;
        }
        return false;
    }

    // Begin to cross walls, at a point inside.
    void begin_at(const std::vector<double>& point) {
        wanted_.clear();
        for (const int slot : rows_.path())
            wanted_.push_back(kShare * std::fabs(product(rows_[slot].row, point.data(), rows_.width())));
    }

    // From a point nearby to one beyond a row of the path or a bound, and inside all others, by a share of what rows
    // are at the point inside. They are only pushed from where they lack much of it, so that this ends.
    bool cross(std::vector<double>& point, const HalfSpace& beyond) {
        return push(point, 0, kMuch, beyond.is_bound() ? kMany : kFew, &beyond);
    }

  private:
    static constexpr int kSweeps = 30, kFew = 12, kMany = 300;  // few beyond a row: a program for it takes no longer
    static constexpr double kShare = 0.1, kMuch = 0.5, kBy = 1.7;
    static constexpr double kOff = 1e-6;  // of half the distance between two bounds

    // Where a row has less than a part of what is wanted, move along it to where it has all, again and again.
    bool push(std::vector<double>& point, double share, double part, int sweeps, const HalfSpace* beyond = nullptr) {
        least_.resize(low_.size()), most_.resize(low_.size());
        const double off = std::max(share, kOff);
        for (std::size_t j = 0; j < low_.size(); ++j)
            least_[j] = low_[j] + off * radius_[j], most_[j] = high_[j] - off * radius_[j];
        least_[0] = most_[0] = 1;
        if (beyond && beyond->is_bound()) {
            const int j = beyond->input + 1;
            least_[j] = most_[j] = beyond->is_upper() ? high_[j] : low_[j];
        }
        move(point, 0, start_.data());
        for (int sweep = 0; sweep < sweeps; ++sweep)
            if (!push_from_rows(point, part, beyond)) break;
        return rows_.is_inside(point, beyond);
    }

    // Whether some row had less.
    bool push_from_rows(std::vector<double>& point, double part, const HalfSpace* beyond) const {
        bool is_moved = false;
        const std::vector<int>& path = rows_.path();
        for (std::size_t i = 0; i < path.size(); ++i) {
            const Slot& slot = rows_[path[i]];
            const int side = beyond && path[i] == beyond->slot ? beyond->sign : slot.side;
            const double value = side * product(slot.row, point.data(), rows_.width());
            if (!(value < part * wanted_[i])) continue;
            move(point, side * (beyond ? kBy : 1) * (wanted_[i] - value) / length_[i], slot.row);
            is_moved = true;
        }
        return is_moved;
    }

    // Along a row, as far as the bounds of each input let it.
    void move(std::vector<double>& point, double by, const double* row) const {
        const double *const least = least_.data(), *const most = most_.data();
        double* const x = point.data();
        for (int j = 0; j < rows_.width(); ++j) {
            const double moved = x[j] + by * row[j], up = moved < least[j] ? least[j] : moved;
            x[j] = up > most[j] ? most[j] : up;
        }
    }

    CellRows& rows_;
    std::vector<double> start_, radius_, low_, high_;
    std::vector<double> least_, most_;  // [entry]: between which a point is moved
    std::vector<double> variation_, length_, wanted_;  // [row of the path]
};

}  // namespace relureg
