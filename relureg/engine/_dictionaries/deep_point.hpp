// A point that keeps away from all rows of a thin cell, by a linear program in doubles. What is found is proven to lie
// inside, or is not taken.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

class DeepPoint {
  public:
    explicit DeepPoint(CellRows& rows) : rows_(rows) {}

    // Maximise t with g_i(x) >= t in units of the rows and t <= 1 from a point on, then go so far off the bounds of the
    // inputs that half of each row's value is left. False: where that ends is not proven to lie inside.
    template <class Visit>
    bool find(std::vector<double>& point, Visit visit) {
        begin(point);
        if (dictionary_.improve(rows_.dim() + 1, 1, false, 2.0, bounds_, visit) != Outcome::kOptimal) return false;
        for (int j = 0; j < rows_.dim(); ++j) point[j + 1] = dictionary_.value_of(j);
        leave_bounds(point);
        return rows_.is_inside(point);
    }

  private:
    void begin(const std::vector<double>& point) {
        const int dim = rows_.dim(), goal = dim + 1;
        bounds_ = Bounds<double>();
        bounds_.resize(dim + 2 + rows_.path().size());
        std::vector<double> at(dim + 1), entries(dim + 1, 0.0), values;
        const Bounds<double>& box = rows_.box().bounds;
        for (int j = 0; j < dim; ++j) {
            at[j] = point[j + 1];
            bounds_.has_lower[j] = box.has_lower[j], bounds_.lower[j] = box.lower[j];
            bounds_.has_upper[j] = box.has_upper[j], bounds_.upper[j] = box.upper[j];
            if (box.has_lower[j]) at[j] = std::max(at[j], box.lower[j]);
            if (box.has_upper[j]) at[j] = std::min(at[j], box.upper[j]);
        }
        double t = 1;
        for (const int slot : rows_.path()) {
            values.push_back(value(slot, point));
            t = std::min(t, values.back());
        }
        at[dim] = t, entries[dim] = 1;
        bounds_.has_upper[dim] = 1, bounds_.upper[dim] = 1;
        dictionary_.reset(at);
        dictionary_.add_row(goal, entries.data(), t);
        entries[dim] = -1;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const Slot& slot = rows_[rows_.path()[i]];
            for (int j = 0; j < dim; ++j) entries[j] = slot.side * slot.row[j + 1] / slot.unit_size;
            const int variable = goal + 1 + static_cast<int>(i);
            dictionary_.add_row(variable, entries.data(), values[i] - t);
            bounds_.has_lower[variable] = 1;
        }
    }

    double value(int slot, const std::vector<double>& point) const {
        return rows_[slot].side * product(rows_[slot].row, point.data(), rows_.width()) / rows_[slot].unit_size;
    }

    void leave_bounds(std::vector<double>& point) const {
        const std::vector<double> centre = rows_.between_bounds();
        double share = 0.5;
        for (const int slot : rows_.path()) {
            const double here = value(slot, point), there = value(slot, centre);
            if (there < here) share = std::min(share, here / (2 * (here - there)));
        }
        for (int j = 1; j <= rows_.dim(); ++j) point[j] += share * (centre[j] - point[j]);
    }

    CellRows& rows_;
    Bounds<double> bounds_;
    Dictionary<double> dictionary_;
};

}  // namespace relureg
