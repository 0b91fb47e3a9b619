// Whether a cell goes on for ever, in doubles: a ray that surely lies in it, or multipliers that show that there is
// none.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "kernel.hpp"
#include "known_rays.hpp"
#include "spans.hpp"

namespace relureg {

class Rays {
  public:
    Rays(const CellRows& rows, Identity& identity, Statistics& statistics, const std::atomic<bool>& stop)
        : rows_(rows), identity_(identity), statistics_(statistics), stop_(stop) {}

    // Whether the pointed cell of the path is bounded; nothing where doubles do not know.
    std::optional<bool> is_bounded() {
        if (known_.has_one_in(rows_)) return false;
        const bool are_many = rows_.dim() > kManyInputs;
        if (are_many ? finds_ray_by_projections() : has_sure_ray()) return false;
        take_rows();
        if (const auto known = is_total_bounded()) return known;
        if (are_many && has_sure_ray()) return false;
        if (find_common_rise() && !rises_.empty()) return has_ray_along_rows();
        return std::nullopt;
    }

  private:
    static constexpr double kRise = 0.5;  // of a row that can rise by 1 and more along some ray
    // A row that rises by less along a ray with largest entry 1 may be 0 on it.
    static constexpr double kNothing = 1e-9;
    static constexpr int kManyInputs = 32;
    static constexpr int kSweeps = 400;

    void stop_if_told() const {
        if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
    }

    // The rows of the path, then those of the bounds of inputs, of which only the direction counts.
    void take_rows() {
        const int dim = rows_.dim(), width = rows_.width();
        const Bounds<mpq_class>& exact = rows_.box().exact;
        if (axes_.empty()) {
            axes_.assign(static_cast<std::size_t>(dim) * width, 0.0);
            for (int j = 0; j < dim; ++j) axes_[static_cast<std::size_t>(j) * width + j + 1] = 1;
        }
        cell_.clear();
        for (const int slot : rows_.path()) cell_.push_back(BoundedRow::of(rows_[slot], rows_[slot].side));
        for (int j = 0; j < dim; ++j) {
            const double* axis = &axes_[static_cast<std::size_t>(j) * width];
            if (exact.has_lower[j]) cell_.push_back({axis, axis, 1.0, 0.0});
            if (exact.has_upper[j]) cell_.push_back({axis, axis, -1.0, 0.0});
        }
    }
    bool is_of_path(std::size_t row) const { return row < rows_.path().size(); }

    // Whether every row surely rises along a direction, and no input meets a bound of its own.
    bool takes_sure_ray(const std::vector<double>& ray) {
        const Bounds<mpq_class>& exact = rows_.box().exact;
        for (int j = 0; j < rows_.dim(); ++j)
            if ((exact.has_lower[j] && ray[j + 1] < 0) || (exact.has_upper[j] && ray[j + 1] > 0)) return false;
        for (const int slot : rows_.path())
            if (!is_surely_beyond(rows_[slot], rows_[slot].side, ray.data(), rows_.width())) return false;
        known_.add({ray, {}, {}});
        return true;
    }

    // Whether projections onto the rows in turn end in such a direction, as they do where the rays of the cell have an
    // interior (Agmon 1954): each row is to rise by half its length, and is moved to do so by its length.
    bool finds_ray_by_projections() {
        const Bounds<mpq_class>& exact = rows_.box().exact;
        const std::vector<int>& path = rows_.path();
        const int width = rows_.width();
        const double infinity = std::numeric_limits<double>::infinity();
        std::vector<double> least(width, 0.0), most(width, 0.0), lengths;
        for (int j = 0; j < rows_.dim(); ++j) {
            least[j + 1] = exact.has_lower[j] ? 0.0 : -infinity;
            most[j + 1] = exact.has_upper[j] ? 0.0 : infinity;
        }
        for (const int slot : path) {
            double square = 0;
            for (int k = 1; k < width; ++k) square += rows_[slot].row[k] * rows_[slot].row[k];
            lengths.push_back(std::sqrt(square));
        }
        ray_.assign(width, 0.0);
        bool is_moved = true;
        for (int sweep = 0; sweep < kSweeps && is_moved; ++sweep) {
            stop_if_told();
            is_moved = false;
            for (std::size_t i = 0; i < path.size(); ++i) {
                const Slot& slot = rows_[path[i]];
                const double rise = slot.side * product(slot.row, ray_.data(), width) / lengths[i];
                if (!(rise < 0.5)) continue;
                const double by = slot.side * (1 - rise) / lengths[i];
                for (int k = 0; k < width; ++k) {
                    const double moved = ray_[k] + by * slot.row[k], up = moved < least[k] ? least[k] : moved;
                    ray_[k] = up > most[k] ? most[k] : up;
                }
                is_moved = true;
            }
        }
        return !is_moved && takes_sure_ray(ray_);
    }

    // Whether doubles find a direction along which every row surely rises. It is one where the smallest slope is
    // largest; so it misses the cells whose rays all lie along a facet.
    bool has_sure_ray() {
        const int dim = rows_.dim(), t = dim, goal = dim + 1;
        const Bounds<mpq_class>& exact = rows_.box().exact;
        const std::vector<int>& path = rows_.path();
        Bounds<double> bounds;
        bounds.resize(goal + 1 + path.size());
        for (int j = 0; j < dim; ++j) {
            bounds.has_lower[j] = bounds.has_upper[j] = 1;
            bounds.lower[j] = exact.has_lower[j] ? 0.0 : -1.0, bounds.upper[j] = exact.has_upper[j] ? 0.0 : 1.0;
        }
        bounds.has_upper[t] = 1, bounds.upper[t] = 1;
        std::vector<double> at(dim + 1, 0.0), entries(dim + 1, 0.0);
        at[t] = -1, entries[t] = 1;
        Dictionary<double> program;
        program.reset(at);
        program.add_row(goal, entries.data(), -1);
        for (std::size_t i = 0; i < path.size(); ++i) {
            const Slot& slot = rows_[path[i]];
            for (int j = 0; j < dim; ++j) entries[j] = slot.side * slot.row[j + 1] / slot.unit_size;
            entries[t] = -1;
            const int variable = goal + 1 + static_cast<int>(i);
            program.add_row(variable, entries.data(), 1);
            bounds.has_lower[variable] = 1;
        }
        const auto look = [this] { stop_if_told(); };
        program.improve(goal, 1, false, 0.5, bounds, look);
        std::vector<double> ray(rows_.width(), 0.0);
        for (int j = 0; j < dim; ++j) ray[j + 1] = program.value_of(j);
        return takes_sure_ray(ray);
    }

    // The direction in which as many rows as can rise, do: the largest sum of s_i with 0 <= s_i <= 1 and row i rising
    // by at least s_i. `rises_` are they, `stays_` the rows that do not along any ray. False: rounding.
    bool find_common_rise() {
        const int dim = rows_.dim(), count = static_cast<int>(cell_.size()), goal = dim + count;
        Bounds<double> bounds;
        bounds.resize(goal + 1 + count);
        for (int j = 0; j < dim; ++j) {
            bounds.has_lower[j] = bounds.has_upper[j] = 1;
            bounds.lower[j] = -0x1p20, bounds.upper[j] = 0x1p20;
        }
        std::vector<double> entries(goal, 0.0);
        program_.reset(entries);
        for (int i = 0; i < count; ++i) {
            bounds.has_lower[dim + i] = bounds.has_upper[dim + i] = 1, bounds.upper[dim + i] = 1;
            std::fill(entries.begin(), entries.end(), 0.0);
            for (int j = 0; j < dim; ++j) entries[j] = cell_[i].at(j + 1);
            entries[dim + i] = -1;
            program_.add_row(goal + 1 + i, entries.data(), 0);
            bounds.has_lower[goal + 1 + i] = 1;
        }
        std::fill(entries.begin(), entries.begin() + dim, 0.0);
        std::fill(entries.begin() + dim, entries.end(), 1.0);
        program_.add_row(goal, entries.data(), 0);
        const double most = std::numeric_limits<double>::infinity();
        if (program_.improve(goal, 1, false, most, bounds, [this] { stop_if_told(); }) != Outcome::kOptimal)
            return false;
        rises_.clear(), stays_.clear();
        for (int i = 0; i < count; ++i) (program_.value_of(dim + i) > kRise ? rises_ : stays_).push_back(i);
        ray_.assign(rows_.width(), 0.0);
        for (int j = 0; j < dim; ++j) ray_[j + 1] = program_.value_of(j);
        return true;
    }

    // Whether a sum of all rows, which rises along each ray of a pointed cell, has a largest value where each row may
    // fall to about -1, by amounts that differ, so that vertices are simple. Then it is minus a positive combination of
    // rows, and no row rises along a ray; else the program ends at an extreme ray. The weights in the sum differ, too:
    // else that combination would often lack a row, of small integers above all.
    std::optional<bool> is_total_bounded() {
        const int dim = rows_.dim();
        std::vector<double> total(rows_.width(), 0.0), sizes(rows_.width(), 0.0), entries(dim);
        Bounds<double> bounds;
        bounds.resize(dim + 1 + cell_.size());
        program_.reset(std::vector<double>(dim, 0.0));
        double c = 0;
        for (std::size_t i = 0; i < cell_.size(); ++i) {
            const double weight = 1 + std::fmod(0.755 * static_cast<double>(i), 1);
            for (int j = 0; j < dim; ++j) {
                entries[j] = cell_[i].at(j + 1);
                total[j + 1] += weight * entries[j];
                sizes[j + 1] += weight * cell_[i].size_at(j + 1) * (1 + 0x1p-20);
            }
            c = std::max(c, cell_[i].c);
            const int variable = dim + 1 + static_cast<int>(i);
            program_.add_row(variable, entries.data(), 0);
            bounds.has_lower[variable] = 1, bounds.lower[variable] = -1 - std::fmod(0.618 * static_cast<double>(i), 1);
        }
        program_.add_row(dim, total.data() + 1, 0);
        const double most = std::numeric_limits<double>::infinity();
        const Outcome outcome = program_.improve(dim, 1, false, most, bounds, [this] { stop_if_told(); });
        if (outcome == Outcome::kUnbounded) return has_ray_of_program();
        if (outcome != Outcome::kOptimal) return std::nullopt;
        std::vector<BoundedRow> rows;
        for (int k = 0; k < dim; ++k) {
            const int i = program_.nonbasic(k) - dim - 1;
            if (i >= 0) rows.push_back(cell_[i]);
        }
        std::vector<int> on(dim);
        for (int j = 0; j < dim; ++j) on[j] = j + 1;
        const BoundedRow target{total.data(), sizes.data(), 1.0, c + gamma(static_cast<double>(cell_.size()) + 3)};
        return identity_.solve(target, rows, on, dim) ? std::optional(true) : std::nullopt;
    }

    // Whether the ray along which the program has ended lies near one of the cell, which is 0 on the same rows.
    std::optional<bool> has_ray_of_program() {
        ray_.assign(rows_.width(), 0.0);
        double largest = 0;
        for (int j = 0; j < rows_.dim(); ++j) {
            ray_[j + 1] = program_.slope_along_ray(j);
            largest = std::max(largest, std::fabs(ray_[j + 1]));
        }
        rises_.clear(), stays_.clear();
        for (std::size_t i = 0; i < cell_.size(); ++i) {
            const double slope = program_.slope_along_ray(rows_.dim() + 1 + static_cast<int>(i));
            (slope > kNothing * largest ? rises_ : stays_).push_back(i);
        }
        return rises_.empty() ? std::nullopt : has_ray_along_rows();
    }

    // A ray along some rows, which are 0 on it, and into all others. Near the computed direction r there is one, if
    // some rows that are independent on as many inputs span all of them: with R about the inverse there, it differs
    // from r on these inputs by at most |R| |values at r| + a / (1 - a) max, as in identities.hpp.
    std::optional<bool> has_ray_along_rows() {
        std::vector<BoundedRow> rows;
        std::vector<int> slots;
        int num_axes = 0;
        const double* last = nullptr;
        for (const std::size_t i : stays_) {
            rows.push_back(cell_[i]);
            if (is_of_path(i))
                slots.push_back(rows_.path()[i]);
            else if (std::exchange(last, cell_[i].entries) != cell_[i].entries)  // not the other bound of that input
                ++num_axes;
        }
        ray_[0] = 0;
        bool has_asked = false;
        const auto depends = [&](std::size_t row, const std::vector<std::size_t>& others) {
            return has_asked = true, depends_exactly(row, others);
        };
        const int rank = std::min(rows_.dim(), rank_at_most(rows_, slots) + num_axes);
        if (!kernel_.solve(rows, ray_, rows_.dim(), rank, depends)) return std::nullopt;
        for (const std::size_t i : rises_) {
            const BoundedRow& row = cell_[i];
            double value = 0, size = 0;
            for (int j = 1; j <= rows_.dim(); ++j)
                value += row.at(j) * ray_[j], size += row.size_at(j) * std::fabs(ray_[j]);
            const double error = (row.c + gamma(rows_.dim() + 3) * (1 + row.c)) * size + kernel_.change(row);
            if (!(value > error * (1 + 0x1p-20))) return std::nullopt;
        }
        statistics_.exact += has_asked;
        NearRay found{ray_, std::vector<double>(rows_.width(), 0.0), {}};
        kernel_.spread_change(found.change);
        for (const int slot : slots) found.zeros.push_back(rows_[slot].serial);
        std::sort(found.zeros.begin(), found.zeros.end());
        known_.add(std::move(found));
        return false;
    }

    // Whether one of the rows that stay is a combination of others of them, in integers.
    bool depends_exactly(std::size_t row, const std::vector<std::size_t>& others) {
        std::vector<SignedRow> rows;
        for (const std::size_t i : others) rows.push_back(exact_row(stays_[i]));
        std::vector<int> entries(rows_.dim());
        std::iota(entries.begin(), entries.end(), 1);
        return multipliers(rows, exact_row(stays_[row]), entries).has_value();
    }

    SignedRow exact_row(std::size_t i) {
        if (is_of_path(i)) return {&rows_.exact(rows_.path()[i]), rows_[rows_.path()[i]].side};
        const std::size_t width = rows_.width(), input = (cell_[i].entries - axes_.data()) / width;
        if (exact_axes_.empty()) {
            exact_axes_.assign(rows_.dim(), ExactVector(rows_.dim() + 1));
            for (int j = 0; j < rows_.dim(); ++j) exact_axes_[j][j + 1] = 1;
        }
        return {&exact_axes_[input], cell_[i].factor > 0 ? 1 : -1};
    }

    const CellRows& rows_;
    Identity& identity_;
    Statistics& statistics_;
    const std::atomic<bool>& stop_;
    KnownRays known_;
    Kernel kernel_;
    Dictionary<double> program_;
    std::vector<double> axes_;  // unit vectors, by row
    std::vector<ExactVector> exact_axes_;
    std::vector<BoundedRow> cell_;
    std::vector<double> ray_;
    std::vector<std::size_t> rises_, stays_;  // of those rows
};

}  // namespace relureg
