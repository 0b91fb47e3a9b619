// Counting an arrangement of hyperplanes in the whole space: one stage and no cell, only flats where hyperplanes meet.
//
// Deletion and restriction need no polyhedron here. With A_i the hyperplanes before the i-th one, restricted to it,
//     chi(t) = t^r - sum over i of chi_(A_i)(t)                                             (Zaslavsky 1975),
// so each flat of dimension m that the recursion comes to adds (-1)^(r-m) t^m. With c_m of them there are sum of c_m
// regions, and |sum of (-1)^m c_m| bounded ones where the normals span the space. Facets as in counting.hpp: a trace
// of exactly one hyperplane keeps its weight, what several share has none.
//
// `Rows` holds the hyperplanes as rows (constant, gradient) in coordinates of each flat: see flat_rows.hpp and
// flat_integers.hpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace relureg {

// How a hyperplane meets a flat.
enum class Meeting { kCrosses, kMisses, kContains };

struct ArrangementFigures {
    std::int64_t regions, bounded, facets;
};

template <class Rows>
class FlatCounter {
  public:
    FlatCounter(Rows& rows, const std::atomic<bool>& stop) : rows_(rows), stop_(stop) {}

    // Count `count` hyperplanes, the rows that `Rows` has been begun with. Stops beyond `most` regions; then, and when
    // the run stops, the figures are lower bounds.
    ArrangementFigures count(int dim, int count, std::int64_t most) {
        dim_ = dim, most_ = most, regions_ = 1, facets_ = 0;
        flats_.assign(dim + 1, 0);
        flats_[dim] = 1;
        single_.assign(dim + 1, std::vector<char>(count));
        single_[dim].assign(count, true);
        const int distinct = dim > 1 ? without_twins(dim, count) : count;
        if (distinct) divide(dim, distinct);
        std::int64_t sum = 0;
        for (int m = 0; m <= dim; ++m) sum += m % 2 ? -flats_[m] : flats_[m];
        return {regions_, is_over() ? 0 : std::abs(sum), facets_};
    }

  private:
    bool is_over() const { return regions_ > most_ || stop_.load(std::memory_order_relaxed); }

    void add(int dim, bool is_facet) {
        ++regions_;
        ++flats_[dim];
        facets_ += is_facet;
    }

    // Hyperplanes that coincide in the whole space are one: the rows that are left.
    int without_twins(int dim, int count) {
        int distinct = 0;
        for (int i = 0; i < count; ++i) {
            rows_.copy_row(dim, i, distinct);
            int twin = -1;
            restrict_to(dim, distinct, twin);
            distinct += twin < 0;
        }
        return distinct;
    }

    // Count the flats within one of dimension `dim` that `count` rows cross. The last one comes first: where it
    // coincides with one before, that one is no single trace from then on.
    void divide(int dim, int count) {
        if (dim == 1)
            return rows_.each_point(
                count, [&](int first, int same) { add(0, same == 1 ? single_[dim][first] : dim == dim_); });
        for (int i = count - 1; i >= 0 && !is_over(); --i) {
            int twin = -1;
            const int crossing = restrict_to(dim, i, twin);
            if (twin >= 0) {
                single_[dim][twin] = false;
                continue;
            }
            const std::int64_t so_far = regions_;
            add(dim - 1, false);
            if (crossing) divide(dim - 1, crossing);
            if (single_[dim][i]) facets_ += regions_ - so_far;
        }
    }

    // The rows before `i` on the flat where it vanishes: how many cross it; `twin`: one that contains it.
    int restrict_to(int dim, int i, int& twin) {
        int crossing = 0;
        rows_.cut(dim, i);
        for (int j = 0; j < i; ++j) {
            const Meeting meeting = rows_.restrict_row(dim, j, crossing);
            if (meeting == Meeting::kContains) return twin = j, 0;
            if (meeting == Meeting::kCrosses) single_[dim - 1][crossing++] = single_[dim][j];
        }
        return crossing;
    }

    Rows& rows_;
    const std::atomic<bool>& stop_;
    std::vector<std::vector<char>> single_;  // [dimension][row]: the trace of one hyperplane only
    std::vector<std::int64_t> flats_;        // [dimension]: so many of them
    int dim_ = 0;
    std::int64_t most_ = 0, regions_ = 0, facets_ = 0;
};

}  // namespace relureg
