// Sums and products of doubles without error (Knuth; Dekker; Ogita, Rump, Oishi 2005), and the bound of the compensated
// sum.
//
// A twofold number is an unevaluated sum hi + lo with |lo| <= u |hi|. A sum of n products of such numbers is
// accumulated as
//     (S, s_i) = two_sum(S, p_i),   T += s_i + e_i,   p_i + e_i ~ the i-th product,
// where p_i is the rounded product of the high parts and e_i holds its error and the products with the low parts. The
// sums S are exact but for s_i, which are added up; so what is lost are the roundings of e_i, of T and the product of
// the low parts. With M = sum |p_i|:
//     |e_i| <= 3.1 u |p_i|, itself off by at most 8.1 u^2 |p_i|;   |s_i| <= u |S_i| <= u (1 + u)^n M;
//     2 n additions in T: gamma_2n (n (1 + u)^n + 3.1) u M.
// Together at most (2 n (n + 3.1) + 8.2) u^2 M, and with one weight that is rounded to twofold precision u^2 M more:
//     |S + T - sum| <= 2 (n + 4)^2 u^2 M,   for n < 2^20.
// A product that underflows loses at most some 2^-1070 a term, which `kUnderflow` absorbs; one that overflows yields an
// infinity or a NaN, with which no comparison settles anything.
#pragma once

#include <cmath>

#include "lanes.hpp"

namespace relureg {

constexpr double kUnderflow = 0x1p-1000;
// For what is computed in doubles on the way to a bound: up to 2^30 roundings, all upwards.
constexpr double kInflation = 1 + 0x1p-20;

// The factor of M in the bound above, for n products.
inline double compensated_error(double n) { return 2 * (n + 4) * (n + 4) * 0x1p-106; }

// s + e = a + b exactly.
template <class Real>
inline void two_sum(Real a, Real b, Real& s, Real& e) {
    const Real sum = a + b;
    const Real shadow = sum - a;
    e = (a - (sum - shadow)) + (b - shadow);
    s = sum;
}

// p + e = a * b exactly, but for underflow.
inline void two_product(double a, double b, double& p, double& e) {
    p = a * b;
#ifdef __FMA__
    e = __builtin_fma(a, b, -p);
#else
    // Veltkamp's splitting into 26 bits each.
    const double big_a = 134217729.0 * a, big_b = 134217729.0 * b;
    const double high_a = big_a - (big_a - a), high_b = big_b - (big_b - b);
    const double low_a = a - high_a, low_b = b - high_b;
    e = ((high_a * high_b - p) + high_a * low_b + low_a * high_b) + low_a * low_b;
#endif
}

inline void two_product(Four a, Four b, Four& p, Four& e) {
#ifdef __FMA__
    p = a * b;
    e = multiply_add(a, b, -p);
#else
    double x[4], y[4], high[4], low[4];
    a.store(x), b.store(y);
    for (int k = 0; k < 4; ++k) two_product(x[k], y[k], high[k], low[k]);
    p = Four::load(high), e = Four::load(low);
#endif
}

// A compensated sum of products of twofold numbers.
template <class Real>
struct TwofoldSum {
    Real high, low, size;  // S, T, M

    // + (a + b) * (h + l)
    void add(Real a, Real b, Real h, Real l) {
        Real p, e, s;
        two_product(a, h, p, e);
        e = e + (a * l + b * h);
        two_sum(high, p, high, s);
        low = low + (s + e);
        size = size + absolute(p);
    }
    // + a * (h + l)
    void add(Real a, Real h, Real l) {
        Real p, e, s;
        two_product(a, h, p, e);
        e = e + a * l;
        two_sum(high, p, high, s);
        low = low + (s + e);
        size = size + absolute(p);
    }
    // hi + lo = the sum, |lo| <= u |hi|
    void normalise() { two_sum(high, low, high, low); }
};

}  // namespace relureg
