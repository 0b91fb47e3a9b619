// Numbers of a network in doubles: those nearest to integers times a power of two, and what they lack.
//
// Where parameters are no doubles, as decimals, the integers that all of a stage are made by its common denominator
// stand for its units times a positive factor, which moves no region; and as a rule these integers are doubles. Divided
// by a power of two near the denominator they are about as large as the parameters.
#pragma once

#include <gmpxx.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "../base/exact.hpp"

namespace relureg {

// Whether a double is 0, or far from overflow and underflow: the nearest one is then off by at most 2^-53 of it.
inline bool is_in_range(double x) { return x == 0 || (std::fabs(x) > 0x1p-900 && std::fabs(x) < 0x1p900); }

// The double nearest to an integer times 2^exponent; infinity, or what is left of it, where that is out of range.
inline double nearest_double(mpz_class integer, long exponent) {
    const long surplus = static_cast<long>(mpz_sizeinbase(integer.get_mpz_t(), 2)) - 53;
    if (surplus > 0) {  // half a unit in the last place that stays, and the rest is cut off
        const mpz_class half = mpz_class(1) << (surplus - 1);
        integer += integer > 0 ? half : mpz_class(-half);
    }
    long digits = 0;
    const double mantissa = mpz_get_d_2exp(&digits, integer.get_mpz_t());  // truncates
    return std::ldexp(mantissa, static_cast<int>(std::clamp(digits + exponent, -4000L, 4000L)));
}

struct NearestDoubles {
    std::vector<double> high;
    std::vector<double> low;  // empty: nothing lacks
    bool is_rounded = false;
    bool is_out_of_range = false;  // then there is no `low`

    explicit NearestDoubles(std::size_t size) : high(size, 0.0) {}

    // The entry there is an integer times 2^exponent.
    void set(std::size_t at, const mpz_class& integer, long exponent) {
        if (integer == 0) return;
        const double x = high[at] = nearest_double(integer, exponent);
        if (x == 0 || !is_in_range(x)) {
            is_rounded = is_out_of_range = true;
            low.clear();
            high[at] = std::isfinite(x) ? x : 0;
        }
        if (is_out_of_range) return;
        const mpz_class rest = integer - scaled(x, -exponent);
        if (rest == 0) return;
        is_rounded = true;
        low.resize(high.size());
        low[at] = nearest_double(rest, exponent);
    }
};

}  // namespace relureg
