// Exact integer vectors: rows of hyperplanes and generators, and the null vector that defines a generator.
#pragma once

#include <gmpxx.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
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
    for (std::size_t j = 0; j < a.size(); ++j) {
        mpz_mul(result[j].get_mpz_t(), p.get_mpz_t(), a[j].get_mpz_t());
        mpz_addmul(result[j].get_mpz_t(), q.get_mpz_t(), b[j].get_mpz_t());
    }
    make_primitive(result);
    return result;
}

// A double times 2^shift, where that makes it an integer.
inline mpz_class scaled(double value, long shift) {
    int exponent = 0;
    mpz_class integer = std::ldexp(std::frexp(value, &exponent), 53);  // below 2^53: taken over exactly
    const long shift_left = shift + exponent - 53;
    if (shift_left >= 0)
        integer <<= shift_left;
    else
        mpz_tdiv_q_2exp(integer.get_mpz_t(), integer.get_mpz_t(), -shift_left);
    return integer;
}

inline std::vector<mpz_class> scaled(const std::vector<double>& values, long shift) {
    std::vector<mpz_class> integers;
    integers.reserve(values.size());
    for (const double value : values) integers.push_back(scaled(value, shift));
    return integers;
}

// A matrix of integers by row: given, or each row made from doubles by column when first asked for, which is seldom.
class LazyIntegers {
  public:
    LazyIntegers(const std::vector<mpz_class>& given, int rows) : rows_(rows), once_(new std::once_flag[rows_]) {
        const std::size_t columns = rows_ ? given.size() / rows_ : 0;
        for (std::size_t i = 0; i < rows_; ++i)
            std::call_once(once_[i],
                           [&] { rows_of_[i].assign(given.begin() + i * columns, given.begin() + (i + 1) * columns); });
    }
    LazyIntegers(std::vector<double> by_column, int rows, long shift)
        : by_column_(std::move(by_column)), shift_(shift), rows_(rows), once_(new std::once_flag[rows_]) {}

    const std::vector<mpz_class>& row(std::size_t i) {
        std::call_once(once_[i], [this, i] {
            const std::size_t columns = by_column_.size() / rows_;
            rows_of_[i].reserve(columns);
            for (std::size_t k = 0; k < columns; ++k) rows_of_[i].push_back(scaled(by_column_[k * rows_ + i], shift_));
        });
        return rows_of_[i];
    }

  private:
    std::vector<double> by_column_;
    long shift_ = 0;
    std::size_t rows_;
    std::unique_ptr<std::once_flag[]> once_;
    std::vector<std::vector<mpz_class>> rows_of_ = std::vector<std::vector<mpz_class>>(rows_);
};

// Divide by the largest common power of two: what products of dyadic numbers have most in common.
inline void remove_twos(ExactVector& v) {
    mp_bitcnt_t least = ~mp_bitcnt_t{0};
    for (const auto& x : v)
        if (x != 0) least = std::min(least, mpz_scan1(x.get_mpz_t(), 0));
    if (least == 0 || least == ~mp_bitcnt_t{0}) return;
    for (auto& x : v) mpz_tdiv_q_2exp(x.get_mpz_t(), x.get_mpz_t(), least);
}

// The digits of the largest entry.
inline std::size_t width(const ExactVector& v) {
    std::size_t most = 0;
    for (const auto& x : v)
        if (x != 0) most = std::max(most, mpz_sizeinbase(x.get_mpz_t(), 2));
    return most;
}

// The vector, unique up to scale, that is orthogonal to all rows; their rank is one less than the number of entries.
// Fraction-free elimination (Bareiss 1968): every entry stays a minor of the rows done so far, and each step divides
// exactly by the pivot before it, so that integers stay as short as without any gcd they can, and shortest with short
// rows first. With the last pivot as the free entry the others are minors, too (Cramer): each division is exact.
inline ExactVector null_vector(std::vector<ExactVector> rows, int size) {
    constexpr std::size_t kLong = 512;  // digits beyond which a gcd takes longer than it saves
    std::vector<std::pair<std::size_t, std::size_t>> order;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        remove_twos(rows[i]);
        order.emplace_back(width(rows[i]), i);
    }
    std::sort(order.begin(), order.end());
    std::vector<ExactVector*> row;
    for (const auto& place : order) row.push_back(&rows[place.second]);
    std::vector<int> pivot_of_row;
    std::vector<bool> has_pivot(size, false);
    const mpz_class one = 1;
    const mpz_class* previous = &one;
    std::size_t done = 0;
    for (int column = 0; column < size && done < row.size(); ++column) {
        std::size_t pivot = done;
        while (pivot < row.size() && (*row[pivot])[column] == 0) ++pivot;
        if (pivot == row.size()) continue;
        std::rotate(row.begin() + done, row.begin() + pivot, row.begin() + pivot + 1);
        const ExactVector& by = *row[done];
        for (std::size_t i = done + 1; i < row.size(); ++i) {
            ExactVector& reduced = *row[i];
            const mpz_class& factor = reduced[column];
            for (int j = column + 1; j < size; ++j) {
                mpz_class& entry = reduced[j];
                entry *= by[column];
                if (factor != 0 && by[j] != 0) mpz_submul(entry.get_mpz_t(), factor.get_mpz_t(), by[j].get_mpz_t());
                if (entry != 0) mpz_divexact(entry.get_mpz_t(), entry.get_mpz_t(), previous->get_mpz_t());
            }
            reduced[column] = 0;
        }
        previous = &by[column];
        pivot_of_row.push_back(column);
        has_pivot[column] = true;
        ++done;
    }
    if (static_cast<int>(done) != size - 1)
        throw ContradictionError("the hyperplanes of a generator do not meet in a line");
    int free = 0;
    while (has_pivot[free]) ++free;
    ExactVector x(size);
    x[free] = *previous;
    for (std::size_t i = done; i-- > 0;) {
        const int column = pivot_of_row[i];
        mpz_class& entry = x[column];
        for (int j = column + 1; j < size; ++j)
            mpz_submul(entry.get_mpz_t(), (*row[i])[j].get_mpz_t(), x[j].get_mpz_t());
        if (entry != 0) mpz_divexact(entry.get_mpz_t(), entry.get_mpz_t(), (*row[i])[column].get_mpz_t());
    }
    remove_twos(x);
    if (width(x) <= kLong) make_primitive(x);  // once: it is evaluated, and combined, many times
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
