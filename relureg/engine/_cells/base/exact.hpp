// Exact integer vectors: rows of hyperplanes and generators, and the null vector that defines a generator.
#pragma once

#include <gmpxx.h>

#include <cmath>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace relureg {

using ExactVector = std::vector<mpz_class>;

struct ContradictionError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline mpz_class dot(const ExactVector& a, const ExactVector& b) {
    mpz_class sum;
    for (std::size_t j = 0; j < a.size(); ++j) mpz_addmul(sum.get_mpz_t(), a[j].get_mpz_t(), b[j].get_mpz_t());
    return sum;
}

// Divide by the greatest common divisor of all entries.
inline void make_primitive(ExactVector& v) {
    mpz_class divisor;
    for (const auto& x : v) {
        mpz_gcd(divisor.get_mpz_t(), divisor.get_mpz_t(), x.get_mpz_t());
        if (divisor == 1) return;
    }
    if (divisor > 1)
        for (auto& x : v) mpz_divexact(x.get_mpz_t(), x.get_mpz_t(), divisor.get_mpz_t());
}

// p * a + q * b, primitive.
inline ExactVector combine(const mpz_class& p, const ExactVector& a, const mpz_class& q, const ExactVector& b) {
    ExactVector result(a.size());
    for (std::size_t j = 0; j < a.size(); ++j) result[j] = p * a[j] + q * b[j];
    make_primitive(result);
    return result;
}

// Doubles times 2^shift, where that makes them integers.
inline std::vector<mpz_class> scaled(const std::vector<double>& values, long shift) {
    std::vector<mpz_class> integers(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        int exponent = 0;
        mpz_class& integer = integers[i];
        integer = std::ldexp(std::frexp(values[i], &exponent), 53);  // below 2^53: taken over exactly
        const long shift_left = shift + exponent - 53;
        if (shift_left >= 0)
            integer <<= shift_left;
        else
            mpz_tdiv_q_2exp(integer.get_mpz_t(), integer.get_mpz_t(), -shift_left);
    }
    return integers;
}

// A matrix of integers by row: given, or made from doubles by column when first asked for, which is seldom.
class LazyIntegers {
  public:
    explicit LazyIntegers(std::vector<mpz_class> given) : integers_(std::move(given)) {
        std::call_once(once_, [] {});
    }
    LazyIntegers(std::vector<double> by_column, int rows, long shift)
        : by_column_(std::move(by_column)), rows_(rows), shift_(shift) {}

    const std::vector<mpz_class>& all() {
        std::call_once(once_, [this] {
            const std::size_t columns = rows_ ? by_column_.size() / rows_ : 0;
            std::vector<double> by_row(by_column_.size());
            for (std::size_t k = 0; k < columns; ++k)
                for (std::size_t i = 0; i < rows_; ++i) by_row[i * columns + k] = by_column_[k * rows_ + i];
            integers_ = scaled(by_row, shift_);
        });
        return integers_;
    }

  private:
    std::vector<double> by_column_;
    std::size_t rows_ = 0;
    long shift_ = 0;
    std::once_flag once_;
    std::vector<mpz_class> integers_;
};

// Divide by the largest common power of two: what products of dyadic numbers have most in common.
inline void remove_twos(ExactVector& v) {
    mp_bitcnt_t least = ~mp_bitcnt_t{0};
    for (const auto& x : v)
        if (x != 0) least = std::min(least, mpz_scan1(x.get_mpz_t(), 0));
    if (least == 0 || least == ~mp_bitcnt_t{0}) return;
    for (auto& x : v) mpz_tdiv_q_2exp(x.get_mpz_t(), x.get_mpz_t(), least);
}

// The vector, unique up to scale, that is orthogonal to all rows; their rank is one less than the number of entries.
// Fraction-free Gauss-Jordan elimination (Bareiss 1968): every entry stays a minor of the matrix, and each step divides
// exactly by the pivot before it, so that integers stay as short as without any gcd they can.
inline ExactVector null_vector(std::vector<ExactVector> rows, int size) {
    std::vector<int> pivot_of_row;
    std::vector<bool> has_pivot(size, false);
    for (auto& row : rows) remove_twos(row);
    mpz_class previous = 1, product;
    std::size_t done = 0;
    for (int column = 0; column < size && done < rows.size(); ++column) {
        std::size_t pivot = done;
        while (pivot < rows.size() && rows[pivot][column] == 0) ++pivot;
        if (pivot == rows.size()) continue;
        std::swap(rows[done], rows[pivot]);
        const ExactVector& by = rows[done];
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i == done) continue;
            const mpz_class factor = rows[i][column];
            for (int j = 0; j < size; ++j) {
                mpz_class& entry = rows[i][j];
                entry *= by[column];
                if (factor != 0 && by[j] != 0) mpz_submul(entry.get_mpz_t(), factor.get_mpz_t(), by[j].get_mpz_t());
                if (entry != 0) mpz_divexact(entry.get_mpz_t(), entry.get_mpz_t(), previous.get_mpz_t());
            }
        }
        previous = by[column];
        pivot_of_row.push_back(column);
        has_pivot[column] = true;
        ++done;
    }
    if (static_cast<int>(done) != size - 1)
        throw ContradictionError("the hyperplanes of a generator do not meet in a line");
    int free = 0;
    while (has_pivot[free]) ++free;
    // Every pivot is the same minor by now: previous x_p + rows[i][free] x_free = 0.
    ExactVector x(size);
    x[free] = previous;
    for (std::size_t i = 0; i < done; ++i) x[pivot_of_row[i]] = -rows[i][free];
    remove_twos(x);
    make_primitive(x);  // once: it is evaluated, and combined, many times
    return x;
}

// The doubles x[j] / 2^bits with max-norm in [1/2, 1); returns bits when they are exact and few, else kInexact,
// with each entry then off by at most 2^-52.
inline int to_doubles(const ExactVector& x, double* out) {
    long highest = 0;
    for (const auto& entry : x)
        if (entry != 0) highest = std::max(highest, static_cast<long>(mpz_sizeinbase(entry.get_mpz_t(), 2)));
    for (std::size_t j = 0; j < x.size(); ++j) {
        long exponent = 0;
        const double mantissa = mpz_get_d_2exp(&exponent, x[j].get_mpz_t());
        out[j] = std::ldexp(mantissa, static_cast<int>(exponent - highest));
    }
    return highest <= 53 ? static_cast<int>(highest) : 255;
}

}  // namespace relureg
