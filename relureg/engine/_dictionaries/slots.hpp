// The rows that a cell is made of and those that are asked about, in doubles with proven bounds and in integers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "../_cells/cells/context.hpp"
#include "dictionary.hpp"

namespace relureg {

// sum of a[k] b[k], for a multiple of four entries.
inline double product(const double* a, const double* b, int size) {
    Four sum = Four::all(0), other = Four::all(0);
    int k = 0;
    for (; k + 8 <= size; k += 8) {
        sum = multiply_add(Four::load(a + k), Four::load(b + k), sum);
        other = multiply_add(Four::load(a + k + 4), Four::load(b + k + 4), other);
    }
    if (k < size) sum = multiply_add(Four::load(a + k), Four::load(b + k), sum);
    double parts[4];
    (sum + other).store(parts);
    return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

// sum of |a[k]| b[k], likewise.
inline double absolute_product(const double* a, const double* b, int size) {
    Four sum = Four::all(0);
    for (int k = 0; k < size; k += 4) sum = multiply_add(absolute(Four::load(a + k)), Four::load(b + k), sum);
    double parts[4];
    sum.store(parts);
    return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

// The units of a stage, on the cell that it was entered from: slots from `first` on.
struct Entered {
    const Context* context;
    int first;
};

// A unit, or a row of the domain, on the present path. A row has entries 1, x_1, ..., x_d and is filled up with 0.
struct Slot {
    const Context* context;
    int unit;                // within its stage
    int number;              // over all stages
    const double* row;
    const double* majorant;  // R of Network::finish, by row
    double relative_error;   // c: each entry is off by at most c R
    double size;             // (1 + c) sum of R_j X_j, where |x_j| <= X_j in the box
    double error;            // c sum of R_j X_j
    double unit_size;        // a power of two about as large as its values: the dictionary has the row divided by it
    std::uint64_t serial;    // of all slots of a search: the same row, as long as it is there
    int side = 0;            // on which the path goes on; 0: open
};

// Where a slot has that sign; or where an input is beyond its upper (1) or lower bound (-1).
struct HalfSpace {
    int slot = -1, input = -1, sign = 1;

    static HalfSpace of_slot(int slot, int sign) { return {slot, -1, sign}; }
    static HalfSpace of_bound(int input, bool is_upper) { return {-1, input, is_upper ? 1 : -1}; }
    bool is_bound() const { return input >= 0; }
    bool is_upper() const { return sign > 0; }
};

// The box that the walls with one entry make, or what there is of it.
class Box {
  public:
    // `walls`: the first stage, where it is forced.
    void read(const Network& network, const Stage* walls) {
        dim_ = network.dim;
        width_ = (dim_ + 1 + 3) & ~3;
        bounds = Bounds<double>(), hull = Bounds<mpq_class>();
        bounds.resize(dim_), hull.resize(dim_);
        if (walls) read_walls(*walls);
        exact = hull;
        derive();
    }

    // Take in a proven bound.
    void tighten(int j, bool is_upper, const mpq_class& to) {
        auto& has = is_upper ? hull.has_upper : hull.has_lower;
        mpq_class& old = is_upper ? hull.upper[j] : hull.lower[j];
        if (has[j] && (is_upper ? to >= old : to <= old)) return;
        has[j] = 1, old = to;
    }

    // Doubles from the exact bounds: outside for proofs of absence, inside for points.
    void derive() {
        const double infinity = std::numeric_limits<double>::infinity();
        inner_lower.assign(dim_, -infinity), inner_upper.assign(dim_, infinity);
        outer_lower = inner_lower, outer_upper = inner_upper;
        low.assign(dim_, -infinity), high.assign(dim_, infinity);
        centre.assign(width_, 0.0), radius.assign(width_, 0.0), reach.assign(width_, 0.0);
        centre[0] = reach[0] = 1;
        is_bounded = true;
        underflow = 0x1p-900;
        for (int j = 0; j < dim_; ++j) {
            if (exact.has_lower[j]) set(exact.lower[j], -1, bounds.has_lower[j], bounds.lower[j], inner_lower[j]);
            if (exact.has_upper[j]) set(exact.upper[j], 1, bounds.has_upper[j], bounds.upper[j], inner_upper[j]);
            if (exact.has_lower[j]) outer_lower[j] = outside(exact.lower[j], -1);
            if (exact.has_upper[j]) outer_upper[j] = outside(exact.upper[j], 1);
            if (hull.has_lower[j]) low[j] = outside(hull.lower[j], -1);
            if (hull.has_upper[j]) high[j] = outside(hull.upper[j], 1);
            const bool is_whole = std::isfinite(low[j]) && std::isfinite(high[j]);
            is_bounded = is_bounded && is_whole;
            centre[j + 1] = is_whole ? low[j] / 2 + high[j] / 2 : 0.0;
            // Rounded up: both subtractions and their results are off by an ulp at most.
            const double half = std::max(high[j] - centre[j + 1], centre[j + 1] - low[j]);
            radius[j + 1] = is_whole ? half * (1 + 0x1p-50) : infinity;
            reach[j + 1] = std::max(std::fabs(low[j]), std::fabs(high[j]));
            if (is_whole) underflow = std::max(underflow, 0x1p-900 * reach[j + 1]);
        }
    }

    // No point lies between the bounds of some input.
    bool is_flat() const {
        for (int j = 0; j < dim_; ++j)
            if (hull.has_lower[j] && hull.has_upper[j] && hull.lower[j] >= hull.upper[j]) return true;
        return false;
    }

    // A wall with one entry is a bound, and no row.
    static bool is_bound(const Stage& walls, int wall) {
        if (walls.terms.empty()) return false;
        const auto& term = walls.terms.front();
        int entries = 0;
        for (int j = 0; j < term.columns; ++j) entries += term.exact->row(wall)[j] != 0;
        return entries == 1;
    }

    int width() const { return width_; }

    Bounds<double> bounds;    // [input]: the nearest doubles
    Bounds<mpq_class> exact;  // [input]: walls with one entry
    Bounds<mpq_class> hull;   // [input]: proven for the whole domain; at least these
    std::vector<double> inner_lower, inner_upper;
    std::vector<double> outer_lower, outer_upper;  // surely beyond the bounds; infinite where there are none
    std::vector<double> low, high;                 // likewise of the hull
    // With entries for 1, x_1, ..., x_d: the box lies in centre +- radius, and in |x_j| <= reach_j.
    std::vector<double> centre, radius, reach;
    double underflow = 0;  // more than products that underflow make in a sum over the box
    bool is_bounded = false;

  private:
    // A double at least one ulp beyond: `x` is the truncation of a rational, so within an ulp of it.
    static double moved(double x, int direction) {
        const double far = direction * std::numeric_limits<double>::infinity();
        return std::nextafter(std::nextafter(x, far), far);
    }

    static constexpr double kMost = 0x1p900;

    // A bound in doubles: the nearest one, and one inside. Beyond the doubles there is none.
    static void set(const mpq_class& to, int outwards, std::uint8_t& has, double& nearest, double& inner) {
        has = abs(to) <= kMost;
        if (has) nearest = to.get_d();
        inner = has ? moved(nearest, -outwards) : sgn(to) * std::numeric_limits<double>::infinity();
    }
    static double outside(const mpq_class& to, int outwards) {
        return abs(to) <= kMost ? moved(to.get_d(), outwards) : outwards * std::numeric_limits<double>::infinity();
    }

    void read_walls(const Stage& walls) {
        for (int i = 0; i < walls.units; ++i) {
            if (!is_bound(walls, i)) continue;
            const auto& term = walls.terms.front();
            for (int j = 0; j < dim_; ++j) {
                const mpz_class& weight = term.exact->row(i)[j];
                if (weight == 0) continue;
                mpq_class to(-walls.exact_constant[i], weight);
                to.canonicalize();
                tighten(j, weight < 0, to);
            }
        }
    }

    int dim_ = 0, width_ = 0;
};

}  // namespace relureg
