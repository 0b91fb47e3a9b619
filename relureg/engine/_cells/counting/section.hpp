// A section of a cell: where some hyperplanes of the last stage meet in it, a polyhedron of lower dimension.
//
// A section has no coordinates. Each of its generators is held by the values there of the rows that may still cut it,
// and by the facets of the cell that contain it. The generator on the edge from a to b where row i vanishes is
// n = w_a a + w_b b with w_a = -v_i(b) / s, w_b = v_i(a) / s, s = v_i(a) - v_i(b), and so for the value of any row
// v(n) = w_a v(a) + w_b v(b): two multiplications, whatever the dimension.
//
// Error bounds. Each value is stored with a bound e on its error, which for the new one is
//     e(n) = w_a e(a) + w_b e(b) + shift (|v(a) - v(b)| + e(a) + e(b)) + 8 u (w_a |v(a)| + w_b |v(b)|),
//     shift = (w_a e_i(a) + w_b e_i(b)) / (s - e_i(a) - e_i(b)),
// where v_i(a) and -v_i(b) are more than 4 times their errors. For the weights are off by at most shift in sum, and the
// last term covers the rounding of weights, products and sum (6 u) and of the bound itself; 2^-1000 more, of shift and
// bound, what products lose by underflow. Where v_i is closer to its error than that, or a weight is so small that it
// may have lost digits, e is infinite: no double settles anything at that generator, and integers decide.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../base/arena.hpp"
#include "../base/double_double.hpp"
#include "../base/exact.hpp"
#include "../base/lanes.hpp"
#include "../interface/network.hpp"

namespace relureg {

constexpr int kMaxCutting = 64;  // rows that cut one section: one bit each

inline std::uint64_t bit(int i) { return std::uint64_t{1} << i; }

// A generator of a section.
struct SectionPoint {
    std::uint64_t positive, negative;  // the signs of the rows there
    ExactVector* exact;  // its coordinates, where they have been asked for
    int above, below;  // the ends of the parent's edge that it lies on; below < 0: the parent's generator `above`
    enum State : std::int8_t { kUnknown, kKnown, kTooLarge } state;  // of its integers
    bool at_infinity;
};

struct Section {
    const Section* parent;  // null: the cell itself
    int cut;  // which row of the parent vanishes here
    int dim, count, stride, num_rows;
    SectionPoint* points;
    std::uint64_t* masks;  // [point * words]: facets of the cell
    double* values;  // [2 * point * stride + row]; errors from [(2 * point + 1) * stride] on
    std::int64_t* integers;  // [point * stride + row]: the values times some positive number, exactly, where known
    const int* number;  // [row]: in the parent
    std::uint64_t rows;  // those of `num_rows` that stand for something
    std::uint64_t cutting;  // rows that cut this section
    std::uint64_t single;  // of these, traces of one hyperplane of the parent only
    std::uint64_t* facets;  // facets of the cell that contain a facet of this section, each one that no other contains

    double* values_at(int point) const { return values + 2 * static_cast<std::size_t>(point) * stride; }
    double value(int point, int row) const { return values_at(point)[row]; }
    double error(int point, int row) const { return values_at(point)[stride + row]; }

    int sign(int point, int row) const {
        const SectionPoint& p = points[point];
        return static_cast<int>(p.positive >> row & 1) - static_cast<int>(p.negative >> row & 1);
    }

    std::int64_t* integers_at(int point) const { return integers + static_cast<std::size_t>(point) * stride; }

    static Section allocate(Arena& arena, int count, int num_rows, int words) {
        static_assert(sizeof(SectionPoint) % 8 == 0 && alignof(SectionPoint) <= 8, "all are taken in one piece");
        Section s{};
        s.num_rows = num_rows;
        s.stride = (num_rows + 3) & ~3;
        const std::size_t points = count, entries = points * s.stride, masks = points * words;
        auto* memory = arena.take<std::byte>(points * sizeof(SectionPoint) + 8 * (3 * entries + masks + words));
        s.values = reinterpret_cast<double*>(memory);
        s.integers = reinterpret_cast<std::int64_t*>(s.values + 2 * entries);  // seldom touched
        s.masks = reinterpret_cast<std::uint64_t*>(s.integers + entries);
        s.facets = s.masks + masks;
        s.points = reinterpret_cast<SectionPoint*>(s.facets + words);
        return s;
    }

    // A generator that nothing is known of yet.
    void append(int above, int below, bool at_infinity) {
        points[count++] = {0, 0, nullptr, above, below, SectionPoint::kUnknown, at_infinity};
    }
};

// A point of an edge by its weights on the ends, and how far these may be off.
struct Mixture {
    double above, below, shift;

    static constexpr double kLeast = 0x1p-900;  // of a weight: what it lacks of the true one is a part of it

    // Where row `i` vanishes on the edge of a section from `above`, where it is positive, to `below`.
    static Mixture of(const Section& s, int i, int above, int below) {
        const double va = s.value(above, i), vb = s.value(below, i), ea = s.error(above, i), eb = s.error(below, i);
        if (!(va > 4 * ea) || !(-vb > 4 * eb)) return {0.5, 0.5, std::numeric_limits<double>::infinity()};
        const double inverse = 1 / (va - vb), wa = -vb * inverse, wb = va * inverse;
        if (!(wa > kLeast) || !(wb > kLeast)) return {0.5, 0.5, std::numeric_limits<double>::infinity()};
        // s - e_i(a) - e_i(b) is at least 3/4 of s; the last term is more than any product loses by underflow.
        return {wa, wb, (wa * (ea * inverse) + wb * (eb * inverse)) * 1.4 + kUnderflow};
    }

    struct AtEnds {
        Four above, below, above_error, below_error;
    };
    struct Values {
        Four value, error;
    };
    // The values of four rows there, and their errors.
    Values of_four(const AtEnds& its) const {
        const Four wa = Four::all(above), wb = Four::all(below);
        const Four size = multiply_add(absolute(its.above), wa, absolute(its.below) * wb);
        const Four error = multiply_add(its.above_error, wa, its.below_error * wb);
        const Four moved =
            multiply_add(Four::all(shift), absolute(its.above - its.below) + its.above_error + its.below_error, error);
        return {multiply_add(its.above, wa, its.below * wb),
                multiply_add(moved, Four::all(1 + 0x1p-20),
                             multiply_add(Four::all(8 * kUnitRoundoff), size, Four::all(kUnderflow)))};
    }
};

// The sign of row j where row i vanishes on an edge from `a`, where it is positive, to `b`, as far as doubles tell; 0:
// they do not. It is that of the determinant v_i(a) v_j(b) - v_i(b) v_j(a). No weight is needed, nor a branch.
inline int sign_on_edge(const Section& s, int i, int j, int a, int b) {
    const double *at_a = s.values_at(a), *at_b = s.values_at(b);
    const double* const errors_a = at_a + s.stride;
    const double* const errors_b = at_b + s.stride;
    const double first = at_a[i] * at_b[j], second = at_b[i] * at_a[j], size = std::fabs(first) + std::fabs(second);
    const double of_first = std::fabs(at_a[i]) * errors_b[j] + (std::fabs(at_b[j]) + errors_b[j]) * errors_a[i];
    const double of_second = std::fabs(at_b[i]) * errors_a[j] + (std::fabs(at_a[j]) + errors_a[j]) * errors_b[i];
    const double error = (of_first + of_second) * (1 + 0x1p-20) + 8 * kUnitRoundoff * size + kUnderflow;
    return (first - second > error) - (first - second < -error);
}

}  // namespace relureg
