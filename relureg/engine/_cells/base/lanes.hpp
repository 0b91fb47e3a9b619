// Four doubles side by side where the processor has such registers, else one after the other; and packed bits.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace relureg {

inline double absolute(double x) { return std::fabs(x); }
// max(x, 0) and min(x, 0); what is no number stays none
inline double positive_part(double x) { return x < 0 ? 0.0 : x; }
inline double negative_part(double x) { return x > 0 ? 0.0 : x; }
// a * b + c, rounded once where the processor can, else twice
inline double multiply_add(double a, double b, double c) {
#ifdef __FMA__
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

#ifdef __AVX2__
struct Four {
    __m256d x;
    static Four load(const double* from) { return {_mm256_loadu_pd(from)}; }
    static Four all(double value) { return {_mm256_set1_pd(value)}; }
    // from[index[k]]
    static Four gather(const double* from, const int* index) {
        const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(index));
        const __m256d none = _mm256_setzero_pd(), all = _mm256_castsi256_pd(_mm256_set1_epi64x(-1));
        return {_mm256_mask_i32gather_pd(none, from, four, all, 8)};
    }
    void store(double* to) const { _mm256_storeu_pd(to, x); }
    friend Four operator*(Four a, Four b) { return {_mm256_mul_pd(a.x, b.x)}; }
    friend Four operator+(Four a, Four b) { return {_mm256_add_pd(a.x, b.x)}; }
    friend Four operator-(Four a, Four b) { return {_mm256_sub_pd(a.x, b.x)}; }
    friend Four operator-(Four a) { return {_mm256_xor_pd(a.x, _mm256_set1_pd(-0.0))}; }
    friend Four operator/(Four a, Four b) { return {_mm256_div_pd(a.x, b.x)}; }
    friend Four larger(Four a, Four b) { return {_mm256_max_pd(a.x, b.x)}; }
    friend Four absolute(Four a) { return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.x)}; }
    // Of a number and what is none these instructions take the second.
    friend Four positive_part(Four a) { return {_mm256_max_pd(_mm256_setzero_pd(), a.x)}; }
    friend Four negative_part(Four a) { return {_mm256_min_pd(_mm256_setzero_pd(), a.x)}; }
    // b[k] where it is smaller than a[k], else a[k]
    friend Four smaller(Four a, Four b) { return {_mm256_min_pd(b.x, a.x)}; }
    // a * b + c
    friend Four multiply_add(Four a, Four b, Four c) { return {_mm256_fmadd_pd(a.x, b.x, c.x)}; }
    // Bit k: a[k] > b[k]; never for a NaN.
    friend unsigned above(Four a, Four b) {
        return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(a.x, b.x, _CMP_GT_OQ)));
    }
    // x[k] where a[k] > b[k], else 0
    friend Four where_above(Four a, Four b, Four x) {
        return {_mm256_and_pd(_mm256_cmp_pd(a.x, b.x, _CMP_GT_OQ), x.x)};
    }
    // x[k] where a[k] > b[k], else y[k]
    friend Four either(Four a, Four b, Four x, Four y) {
        return {_mm256_blendv_pd(y.x, x.x, _mm256_cmp_pd(a.x, b.x, _CMP_GT_OQ))};
    }
    // Bit k: a[k] < -b[k]
    friend unsigned below_minus(Four a, Four b) {
        const __m256d minus = _mm256_xor_pd(b.x, _mm256_set1_pd(-0.0));
        return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(a.x, minus, _CMP_LT_OQ)));
    }
};
#else
struct Four {
    double x[4];
    static Four load(const double* from) { return {{from[0], from[1], from[2], from[3]}}; }
    static Four all(double value) { return {{value, value, value, value}}; }
    static Four gather(const double* from, const int* index) {
        return {{from[index[0]], from[index[1]], from[index[2]], from[index[3]]}};
    }
    void store(double* to) const {
        for (int k = 0; k < 4; ++k) to[k] = x[k];
    }
    friend Four operator*(Four a, Four b) {
        for (int k = 0; k < 4; ++k) a.x[k] *= b.x[k];
        return a;
    }
    friend Four operator+(Four a, Four b) {
        for (int k = 0; k < 4; ++k) a.x[k] += b.x[k];
        return a;
    }
    friend Four operator-(Four a, Four b) {
        for (int k = 0; k < 4; ++k) a.x[k] -= b.x[k];
        return a;
    }
    friend Four operator-(Four a) {
        for (int k = 0; k < 4; ++k) a.x[k] = -a.x[k];
        return a;
    }
    friend Four operator/(Four a, Four b) {
        for (int k = 0; k < 4; ++k) a.x[k] /= b.x[k];
        return a;
    }
    friend Four larger(Four a, Four b) {
        for (int k = 0; k < 4; ++k) a.x[k] = a.x[k] > b.x[k] ? a.x[k] : b.x[k];
        return a;
    }
    friend Four absolute(Four a) {
        for (int k = 0; k < 4; ++k) a.x[k] = std::fabs(a.x[k]);
        return a;
    }
    friend Four positive_part(Four a) {
        for (int k = 0; k < 4; ++k) a.x[k] = positive_part(a.x[k]);
        return a;
    }
    friend Four negative_part(Four a) {
        for (int k = 0; k < 4; ++k) a.x[k] = negative_part(a.x[k]);
        return a;
    }
    friend Four smaller(Four a, Four b) {
        for (int k = 0; k < 4; ++k) a.x[k] = b.x[k] < a.x[k] ? b.x[k] : a.x[k];
        return a;
    }
    friend Four multiply_add(Four a, Four b, Four c) {
        for (int k = 0; k < 4; ++k) c.x[k] += a.x[k] * b.x[k];
        return c;
    }
    friend unsigned above(Four a, Four b) {
        unsigned bits = 0;
        for (int k = 0; k < 4; ++k) bits |= static_cast<unsigned>(a.x[k] > b.x[k]) << k;
        return bits;
    }
    friend Four where_above(Four a, Four b, Four x) {
        for (int k = 0; k < 4; ++k) x.x[k] = a.x[k] > b.x[k] ? x.x[k] : 0.0;
        return x;
    }
    friend Four either(Four a, Four b, Four x, Four y) {
        for (int k = 0; k < 4; ++k) x.x[k] = a.x[k] > b.x[k] ? x.x[k] : y.x[k];
        return x;
    }
    friend unsigned below_minus(Four a, Four b) {
        unsigned bits = 0;
        for (int k = 0; k < 4; ++k) bits |= static_cast<unsigned>(a.x[k] < -b.x[k]) << k;
        return bits;
    }
};
#endif

inline double smallest_of(Four a) {
    double x[4];
    a.store(x);
    return std::min(std::min(x[0], x[1]), std::min(x[2], x[3]));
}
inline double largest_of(Four a) {
    double x[4];
    a.store(x);
    return std::max(std::max(x[0], x[1]), std::max(x[2], x[3]));
}

// Bit k: bit `number` of from[k], of four words.
inline unsigned bits_of_four(const std::uint64_t* from, int number) {
#ifdef __AVX2__
    const __m256i four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return static_cast<unsigned>(
        _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_sll_epi64(four, _mm_cvtsi32_si128(63 - number)))));
#else
    unsigned bits = 0;
    for (int k = 0; k < 4; ++k) bits |= static_cast<unsigned>(from[k] >> number & 1) << k;
    return bits;
#endif
}

// The bits of `from` where `keep` is set, moved together.
inline std::uint64_t extract_bits(std::uint64_t from, std::uint64_t keep) {
#ifdef __BMI2__
    return _pext_u64(from, keep);
#else
    std::uint64_t bits = 0;
    for (int k = 0; keep; keep &= keep - 1, ++k)
        if (from & keep & -keep) bits |= std::uint64_t{1} << k;
    return bits;
#endif
}

template <class Visit>
void each_bit(std::uint64_t bits, int offset, Visit visit) {
    for (; bits; bits &= bits - 1) visit(offset + __builtin_ctzll(bits));
}

}  // namespace relureg
