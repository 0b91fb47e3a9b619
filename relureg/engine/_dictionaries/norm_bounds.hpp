// Norms of matrices in doubles: numbers that are no smaller, and for a matrix that is known no larger, than they are.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../_cells/interface/network.hpp"
#include "../_cells/interface/norms.hpp"

namespace relureg {

struct NormBounds {
    double low, high;
};

// Squares of numbers between these neither vanish nor overflow, and what does is less than the slack.
constexpr double kLeastSize = 0x1p-300, kMostSize = 0x1p300;
// Of so many outputs at most, powers of a matrix bound its eigenvalues; of more, sums of its rows.
constexpr int kFewOutputs = 24;
// So many squarings: what is missed is a factor of m^(2^-n).
constexpr int kSquarings = 40;

inline double vector_norm(const double* entries, int count, std::size_t step, Norm norm) {
    double sum = 0;
    for (int i = 0; i < count; ++i) {
        const double size = std::fabs(entries[static_cast<std::size_t>(i) * step]);
        sum = norm == Norm::inf ? std::max(sum, size) : sum + (norm == Norm::one ? size : size * size);
    }
    return norm == Norm::two ? std::sqrt(sum) : sum;
}

inline Norm dual(Norm norm) { return norm == Norm::one ? Norm::inf : norm == Norm::inf ? Norm::one : norm; }

// Whether the norm is the largest one of a row, or of a column: then that of the sizes of the entries is no larger.
inline bool is_of_vectors(Norm p, Norm q, int rows) { return rows == 1 || p == Norm::one || q == Norm::inf; }

// The norm from p to q of a matrix (rows, columns) without negative entries, but for rounding no less than that of any
// matrix whose entries are at most these in size.
inline double norm_of_sizes(const std::vector<double>& sizes, int rows, int columns, Norm p, Norm q) {
    double largest = 0;
    if (rows == 1 || q == Norm::inf) {
        for (int a = 0; a < rows; ++a)
            largest =
                std::max(largest, vector_norm(&sizes[static_cast<std::size_t>(a) * columns], columns, 1, dual(p)));
        return largest;
    }
    if (p == Norm::one) {
        for (int j = 0; j < columns; ++j) largest = std::max(largest, vector_norm(&sizes[j], rows, columns, q));
        return largest;
    }
    const bool is_by_column = q == Norm::one;
    std::vector<double> sums(is_by_column ? columns : rows, 0.0);
    for (int a = 0; a < rows; ++a)
        for (int j = 0; j < columns; ++j)
            sums[is_by_column ? j : a] += sizes[static_cast<std::size_t>(a) * columns + j];
    return vector_norm(sums.data(), static_cast<int>(sums.size()), 1, is_by_column ? dual(p) : Norm::two);
}

// The largest eigenvalue of a positive semidefinite matrix (m, m), but for rounding, between two numbers.
//
// With Q_0 = S / tr S and Q_(i+1) = Q_i^2 / t_i, t_i = tr Q_i^2, it is tr S (t_0 (t_1 (...)^(1/2))^(1/2))^(1/2) times a
// root of that of the last Q, which lies between 1 / m and 1. As ||Q_i||_F <= 1, a squaring errs by m gamma_m at most,
// which is relative to the largest eigenvalue of Q_i^2, at least 1 / m^2, no more than m^3 gamma_m; roots halve it.
inline NormBounds largest_eigenvalue(std::vector<double> s, int m) {
    double trace = 0, row_sum = 0;
    for (int a = 0; a < m; ++a) {
        trace += s[static_cast<std::size_t>(a) * m + a];
        row_sum = std::max(row_sum, vector_norm(&s[static_cast<std::size_t>(a) * m], m, 1, Norm::one));
    }
    if (m == 1 || !(trace > 0)) return {trace, trace};
    if (m > kFewOutputs) return {trace / m, std::min(trace, row_sum)};
    for (double& entry : s) entry /= trace;
    std::vector<double> square(s.size());
    double traces[kSquarings];
    int count = 0;
    while (count < kSquarings) {
        double next = 0;
        for (int a = 0; a < m; ++a)
            for (int b = 0; b < m; ++b) {
                double sum = 0;
                for (int k = 0; k < m; ++k)
                    sum += s[static_cast<std::size_t>(a) * m + k] * s[static_cast<std::size_t>(k) * m + b];
                square[static_cast<std::size_t>(a) * m + b] = sum;
                if (a == b) next += sum;
            }
        traces[count++] = next;
        for (std::size_t i = 0; i < s.size(); ++i) s[i] = square[i] / next;
        if (next >= 1 - 0x1p-50) break;  // all but one eigenvalue have vanished
    }
    double high = 1, low = 1.0 / m;
    while (count-- > 0) {
        high = std::sqrt(high * traces[count]);
        low = std::max(std::sqrt(low * traces[count]), traces[count]);  // the sum of squares is at most the largest one
    }
    return {trace * low, trace * high};
}

// At least the largest eigenvalue of a symmetric matrix (m, m) without negative entries, but for rounding: for any
// v > 0 the largest (T v)_i / v_i (Collatz and Wielandt).
inline double perron_bound(const std::vector<double>& t, int m) {
    if (m == 1) return t[0];
    std::vector<double> v(m, 1.0), image(m);
    double bound = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 8; ++round) {
        double ratio = 0, largest = 0;
        for (int a = 0; a < m; ++a) {
            image[a] = 0;
            for (int b = 0; b < m; ++b) image[a] += t[static_cast<std::size_t>(a) * m + b] * v[b];
            ratio = std::max(ratio, image[a] / v[a]), largest = std::max(largest, image[a]);
        }
        bound = std::min(bound, ratio);
        if (!(largest > 0)) return bound;
        for (int a = 0; a < m; ++a) v[a] = image[a] / largest + 0x1p-30;
    }
    return bound;
}

}  // namespace relureg
