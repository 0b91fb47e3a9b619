// A step back through one stage: what affine functions of its units are at most, as ones of its pre-activations.
// On each cell a unit lies between two lines; relureg/behaviour/relaxation.py derives what is computed here.
#pragma once

#include <cstddef>

#include "base/lanes.hpp"

namespace relureg {

// Of one cell, for each unit h of the stage and its pre-activation z: below * z <= h <= above * z + rise.
struct Lines {
    const double *above, *rise, *below;
    const double* size;  // at least the sum of the absolute terms of z
};

// What a step adds to one function.
struct Stepped {
    double lifted = 0;  // by the lines' rise
    double shift = 0;  // by the constants of the pre-activations
    double absolute = 0;  // the sum of the absolute new coefficients: 0 iff all of them are
    double weight = 0;  // and of these times the sizes
};

inline double sum_of(Four four) {
    double x[4];
    four.store(x);
    return (x[0] + x[1]) + (x[2] + x[3]);
}

// The coefficients `passed` of the n pre-activations, from those of the units. Whatever is not a number stays so.
inline Stepped step_back(const double* coefficients, const Lines& lines, const double* constant, std::size_t n,
                         double* passed) {
    Four lifted = Four::all(0), shift = lifted, absolutes = lifted, weight = lifted;
    std::size_t j = 0;
    for (; j + 4 <= n; j += 4) {
        const Four c = Four::load(coefficients + j);
        const Four up = positive_part(c), down = negative_part(c);
        const Four next = up * Four::load(lines.above + j) + down * Four::load(lines.below + j);
        const Four size = absolute(next);
        next.store(passed + j);
        lifted = multiply_add(up, Four::load(lines.rise + j), lifted);
        shift = multiply_add(next, Four::load(constant + j), shift);
        absolutes = absolutes + size;
        weight = multiply_add(size, Four::load(lines.size + j), weight);
    }
    Stepped found{sum_of(lifted), sum_of(shift), sum_of(absolutes), sum_of(weight)};
    for (; j < n; ++j) {
        const double up = positive_part(coefficients[j]), down = negative_part(coefficients[j]);
        passed[j] = up * lines.above[j] + down * lines.below[j];
        found.lifted += up * lines.rise[j];
        found.shift += passed[j] * constant[j];
        found.absolute += absolute(passed[j]);
        found.weight += absolute(passed[j]) * lines.size[j];
    }
    return found;
}

}  // namespace relureg
