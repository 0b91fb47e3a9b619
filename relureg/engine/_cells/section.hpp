// A section of a cell: where some hyperplanes of the last stage meet in it, a polyhedron of lower dimension.
//
// A section has no coordinates. Each of its generators is held by the values there of the rows that may still cut it,
// and by the facets of the cell that contain it. The generator on the edge from a to b where row i vanishes is
// n = w_a a + w_b b with w_a = -v_i(b) / s, w_b = v_i(a) / s, s = v_i(a) - v_i(b), and so for the value of any row
// v(n) = w_a v(a) + w_b v(b): two multiplications, whatever the dimension.
//
// Error bounds. All of the cell's generators have max-norm at most 1, so all convex combinations have. Values v of a
// row of norm N err by at most
//     e + N eps,    eps_n = w_a eps_a + w_b eps_b + 2.5 shift + 12 u,   shift = (w_a d_a + w_b d_b) / (s - d_a - d_b)
// where d_a, d_b are the errors of v_i(a), v_i(b), each at most a quarter of the value. For the weights err by at most
// shift in sum, which moves v by shift |v(a) - v(b)| <= shift (N (2 + eps_a + eps_b) + 2 e), with eps < 1/4; rounding
// weights, products and the sum adds 12 u N at most. The term 2 shift e is covered by e being inflated by 2^-10 at the
// start and shift being at most 2^-20 at each of fewer than 500 steps. Where a value is too close to its error, eps is
// infinite: no double settles anything at that generator, and integers decide.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "arena.hpp"
#include "exact.hpp"
#include "lanes.hpp"
#include "network.hpp"

namespace relureg {

constexpr int kMaxCutting = 64;  // rows that cut one section: one bit each

inline std::uint64_t bit(int i) { return std::uint64_t{1} << i; }

// A generator of a section.
struct SectionPoint {
    double eps;
    std::uint64_t positive, negative;  // the signs of the rows there
    std::int64_t* integers;  // the values times some positive number, exactly, where `state` says that they are known
    ExactVector* exact;      // its coordinates, where they have been asked for
    int above, below;        // the ends of the edge of the parent that it lies on; below < 0: the parent's generator `above`
    enum State : std::int8_t { kUnknown, kKnown, kTooLarge } state;
    bool at_infinity;
};

struct Section {
    const Section* parent;   // null: the cell itself
    int cut;                 // which row of the parent vanishes here
    int dim, count, stride, num_rows;
    SectionPoint* points;
    std::uint64_t* masks;    // [point * words]: facets of the cell
    double* values;          // [point * stride + row]
    const int* number;       // [row]: in the parent
    const double *norm, *error;
    std::uint64_t cutting;   // rows that cut this section
    std::uint64_t single;    // of these, traces of one hyperplane of the parent only
    std::uint64_t* facets;   // facets of the cell each of which contains a facet of this section that no other one contains

    double value(int point, int row) const { return values[static_cast<std::size_t>(point) * stride + row]; }
    double error_of(int point, int row) const { return error[row] + norm[row] * points[point].eps; }

    int sign(int point, int row) const {
        return static_cast<int>(points[point].positive >> row & 1) - static_cast<int>(points[point].negative >> row & 1);
    }

    static Section allocate(Arena& arena, int count, int num_rows, int words) {
        Section s{};
        s.num_rows = num_rows;
        s.stride = (num_rows + 3) & ~3;
        s.points = arena.take<SectionPoint>(count);
        s.masks = arena.take<std::uint64_t>(static_cast<std::size_t>(count) * words);
        s.values = arena.take<double>(static_cast<std::size_t>(count) * s.stride);
        s.facets = arena.take<std::uint64_t>(words);
        auto* integers = arena.take<std::int64_t>(static_cast<std::size_t>(count) * s.stride);  // seldom touched
        for (int i = 0; i < count; ++i) s.points[i].integers = integers + static_cast<std::size_t>(i) * s.stride;
        return s;
    }

    // A generator that nothing is known of yet.
    void append(int above, int below, double eps, bool at_infinity) {
        SectionPoint& point = points[count++];
        point = {eps, 0, 0, point.integers, nullptr, above, below, SectionPoint::kUnknown, at_infinity};
    }
};

// A point of an edge by its weights on the ends.
struct Mixture {
    double above, below, eps;

    // Where row `i` vanishes on the edge of a section from `above`, where it is positive, to `below`.
    static Mixture of(const Section& s, int i, int above, int below) {
        const double va = s.value(above, i), vb = s.value(below, i);
        const double da = s.error_of(above, i), db = s.error_of(below, i);
        const double infinity = std::numeric_limits<double>::infinity();
        if (!(va > 4 * da) || !(-vb > 4 * db)) return {0.5, 0.5, infinity};
        const double inverse = 1 / (va - vb), wa = -vb * inverse, wb = va * inverse;
        const double shift = (wa * da + wb * db) * inverse * 1.4;  // s - d_a - d_b is at least 3/4 of s
        const double eps = (wa * s.points[above].eps + wb * s.points[below].eps + 2.5 * shift) * (1 + 0x1p-20) + 12 * kUnitRoundoff;
        return {wa, wb, shift <= 0x1p-20 && eps < 0.25 ? eps : infinity};
    }
};

}  // namespace relureg
