// Pivots of a dictionary of doubles, four columns or rows at a time: which variable enters the basis, which one leaves
// it, and what becomes of the rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "../_cells/base/lanes.hpp"

namespace relureg {

inline int in_fours(int size) { return (size + 3) & ~3; }

// Add to each row but one its entry in the column times that one, whose entry there is given; what the column has of it
// is no more than that product.
template <int kFours>
void add_to_rows(double* table, int rows, int stride, int pivot_row, int column, const double* by) {
    Four held[kFours ? kFours : 1];
    for (int k = 0; k < kFours; ++k) held[k] = Four::load(by + 4 * k);
    const double at_column = by[column];
    for (int i = 0; i < rows; ++i) {
        double* const row = table + static_cast<std::size_t>(i) * stride;
        const double factor = row[column];
        if (i == pivot_row || factor == 0) continue;
        const Four all = Four::all(factor);
        if constexpr (kFours > 0) {
            for (int k = 0; k < kFours; ++k) multiply_add(all, held[k], Four::load(row + 4 * k)).store(row + 4 * k);
        } else {
            for (int c = 0; c < stride; c += 4)
                multiply_add(all, Four::load(by + c), Four::load(row + c)).store(row + c);
        }
        row[column] = factor * at_column;
    }
}

// Likewise, with the row kept in registers where it fits into them.
inline void add_to_rows(double* table, int rows, int stride, int pivot_row, int column) {
    const double* const by = table + static_cast<std::size_t>(pivot_row) * stride;
    switch (stride / 4) {
        case 1: return add_to_rows<1>(table, rows, stride, pivot_row, column, by);
        case 2: return add_to_rows<2>(table, rows, stride, pivot_row, column, by);
        case 3: return add_to_rows<3>(table, rows, stride, pivot_row, column, by);
        case 4: return add_to_rows<4>(table, rows, stride, pivot_row, column, by);
        case 5: return add_to_rows<5>(table, rows, stride, pivot_row, column, by);
        case 6: return add_to_rows<6>(table, rows, stride, pivot_row, column, by);
        case 7: return add_to_rows<7>(table, rows, stride, pivot_row, column, by);
        case 8: return add_to_rows<8>(table, rows, stride, pivot_row, column, by);
        default: return add_to_rows<0>(table, rows, stride, pivot_row, column, by);
    }
}

// Which variable leaves the basis.
template <class Number>
struct Leaving {
    enum Kind { kNone, kBound, kRow, kUnsafe } kind = kNone;
    int row = -1;
    Number step = 0;
    Number to = 0;  // the bound at which it stops
};

// The bounds of basic and nonbasic variables as they stand, while a linear program is solved. A copy of a dictionary
// begins a program of its own.
class PivotSearch {
  public:
    PivotSearch() = default;
    PivotSearch(const PivotSearch&) {}
    PivotSearch& operator=(const PivotSearch&) { return *this; }

    template <class Bounds>
    void begin(const std::vector<int>& basic, const std::vector<int>& nonbasic, const Bounds& bounds) {
        rows_.read(basic, bounds), columns_.read(nonbasic, bounds);
        entries_.assign(rows_.lower.size(), 0.0), steps_.resize(rows_.lower.size()),
            gains_.resize(columns_.lower.size());
    }

    // A basic variable stops at 0.
    void stop_at_zero(int row) { rows_.lower[row] = rows_.upper[row] = 0; }

    void exchange(int row, int column) {
        std::swap(rows_.lower[row], columns_.lower[column]), std::swap(rows_.upper[row], columns_.upper[column]);
    }

    // The column that improves a row most in that direction; -1: none by more than `least` of the largest entry.
    int entering(const double* reduced, const double* at, int direction, double least) {
        const int size = static_cast<int>(gains_.size());
        const Four none = Four::all(0), towards = Four::all(direction);
        Four most = none, largest = none;
        for (int c = 0; c < size; c += 4) {
            const Four slope = towards * Four::load(reduced + c), here = Four::load(at + c), steep = absolute(slope);
            const Four room =
                either(slope, none, Four::load(&columns_.upper[c]) - here, here - Four::load(&columns_.lower[c]));
            const Four gain = where_above(room, none, steep);
            gain.store(&gains_[c]);
            most = larger(most, gain), largest = larger(largest, steep);
        }
        const double best = largest_of(most);
        if (!(best > least * largest_of(largest))) return -1;
        for (int c = 0; c < size; c += 4)
            if (const unsigned found = above(Four::load(&gains_[c]), Four::all(best * (1 - 0x1p-52))))
                return c + __builtin_ctz(found);
        return -1;
    }

    // The first variable to reach a bound when that of the column, which stands at `at`, moves; of several, the safest
    // pivot of more than `least`, or where they are given the first of the variables of the rows.
    Leaving<double> leaving(const double* table, int stride, const double* value, int rows, int column, int way,
                            double at, double least, const int* variables) {
        const Four none = Four::all(0), towards = Four::all(way), pivot = Four::all(least);
        const Four never = Four::all(std::numeric_limits<double>::infinity());
        for (int i = 0; i < rows; ++i) entries_[i] = table[static_cast<std::size_t>(i) * stride + column];
        Four first = never;
        for (int i = 0; i < rows; i += 4) {
            const Four rate = towards * Four::load(&entries_[i]);
            const Four to = either(rate, none, Four::load(&rows_.upper[i]), Four::load(&rows_.lower[i]));
            const Four step = positive_part((to - Four::load(value + i)) / rate);
            const Four counts = either(absolute(rate), pivot, step, never);
            counts.store(&steps_[i]);
            first = smaller(first, counts);
        }
        const double soonest = smallest_of(first);
        const double bound = (way > 0 ? columns_.upper : columns_.lower)[column];
        const double room = std::max(0.0, way * (bound - at));
        Leaving<double> found;
        const double slack = 1e-12 * (1 + std::min(room, soonest));
        if (room <= soonest + slack && room < std::numeric_limits<double>::infinity()) {
            found.kind = found.kBound, found.step = room, found.to = bound;
        } else if (soonest < std::numeric_limits<double>::infinity()) {
            const int row = found.row = best_until(soonest + slack, rows, variables);
            if (row < 0) return found.kind = found.kUnsafe, found;
            found.kind = found.kRow, found.step = steps_[row];
            found.to = (way * entries_[row] > 0 ? rows_.upper : rows_.lower)[row];
        }
        if (found.kind != found.kNone && !(found.step < 1e100)) found.kind = found.kUnsafe;
        return found;
    }

    // Let values of rows follow the column of which was asked last.
    void follow(double* value, double step) const {
        const Four by = Four::all(step);
        for (std::size_t i = 0; i < entries_.size(); i += 4)
            multiply_add(Four::load(&entries_[i]), by, Four::load(value + i)).store(value + i);
    }

  private:
    // Infinite where there is none; what fills them up is free.
    struct Range {
        std::vector<double> lower, upper;

        template <class Bounds>
        void read(const std::vector<int>& variables, const Bounds& bounds) {
            constexpr double kInfinity = std::numeric_limits<double>::infinity();
            const int size = static_cast<int>(variables.size());
            lower.assign(in_fours(size), -kInfinity), upper.assign(in_fours(size), kInfinity);
            for (int k = 0; k < size; ++k) {
                if (bounds.has_lower[variables[k]]) lower[k] = bounds.lower[variables[k]];
                if (bounds.has_upper[variables[k]]) upper[k] = bounds.upper[variables[k]];
            }
        }
    };

    // The row with the largest entry, or with the first variable, of those that are met until then; -1: rounding.
    int best_until(double latest, int rows, const int* variables) const {
        int best = -1;
        double most = 0;
        const Four end = Four::all(latest);
        for (int i = 0; i < rows; i += 4)
            for (unsigned left = ~above(Four::load(&steps_[i]), end) & 15; left; left &= left - 1) {
                const int row = i + __builtin_ctz(left);
                if (variables ? best < 0 || variables[row] < variables[best] : std::fabs(entries_[row]) > most)
                    most = std::fabs(entries_[row]), best = row;
            }
        return best;
    }

    Range rows_, columns_;
    std::vector<double> entries_, steps_, gains_;  // of a column; how far it goes for each row; what columns improve
};

}  // namespace relureg
