// Arithmetic modulo primes of one word, in Montgomery's form.
//
// A product carries a factor 2^-64 that is not removed where what is computed is homogeneous in each row: every entry
// of a row carries the same power of it then, and only zeros are asked for.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace relureg {

class Prime {
  public:
    explicit Prime(std::uint64_t p) : p_(p), inverse_(p) {
        for (int k = 0; k < 5; ++k) inverse_ *= 2 - p * inverse_;  // Newton: right to 3 bits, then to 6, 12, ...
        one_ = -p % p;
        square_ = static_cast<std::uint64_t>(static_cast<unsigned __int128>(one_) * one_ % p);
    }

    std::uint64_t value() const { return p_; }
    // a b / 2^64
    std::uint64_t multiply(std::uint64_t a, std::uint64_t b) const {
        const auto product = static_cast<unsigned __int128>(a) * b;
        const std::uint64_t factor = static_cast<std::uint64_t>(product) * inverse_;
        const auto high = static_cast<std::uint64_t>(product >> 64);
        const auto less = static_cast<std::uint64_t>((static_cast<unsigned __int128>(factor) * p_) >> 64);
        return high >= less ? high - less : high - less + p_;
    }
    std::uint64_t add(std::uint64_t a, std::uint64_t b) const { return a + b >= p_ ? a + b - p_ : a + b; }
    std::uint64_t subtract(std::uint64_t a, std::uint64_t b) const { return a >= b ? a - b : a - b + p_; }
    std::uint64_t of(std::int64_t x) const {  // |x| <= 2 p
        const auto size = static_cast<std::uint64_t>(x < 0 ? -x : x), rest = size >= p_ ? size - p_ : size;
        return x >= 0 || rest == 0 ? rest : p_ - rest;
    }

    std::uint64_t dot(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) const {
        std::uint64_t sum = 0;
        for (std::size_t j = 0; j < a.size(); ++j) sum = add(sum, multiply(a[j], b[j]));
        return sum;
    }
    // x 2^64 for a finite double x, which is a fraction whose denominator is a power of two: a product with it is one
    // with x.
    std::uint64_t factor(double x) const {
        int exponent = 0;
        const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
        exponent -= 53;
        std::uint64_t result = multiply(of(mantissa), square_);
        std::uint64_t power = exponent >= 0 ? add(one_, one_) : half(one_);
        for (int rest = std::abs(exponent); rest; rest >>= 1, power = multiply(power, power))
            if (rest & 1) result = multiply(result, power);
        return result;
    }
    std::uint64_t of(double x) const { return multiply(factor(x), 1); }

  private:
    std::uint64_t half(std::uint64_t x) const { return x % 2 ? x / 2 + p_ / 2 + 1 : x / 2; }

    std::uint64_t p_, inverse_;
    std::uint64_t one_, square_;  // 2^64 and 2^128
};

constexpr int kMostPrimes = 24, kPrimeBits = 61;

// Miller-Rabin with the first twelve primes as bases, which decides below 2^64 (Sorenson and Webster 2015).
inline bool is_prime(std::uint64_t n) {
    const auto multiply = [n](std::uint64_t a, std::uint64_t b) {
        return static_cast<std::uint64_t>(static_cast<unsigned __int128>(a) * b % n);
    };
    const int twos = __builtin_ctzll(n - 1);
    for (const std::uint64_t base : {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37}) {
        std::uint64_t power = 1, square = base;
        for (std::uint64_t rest = (n - 1) >> twos; rest; rest >>= 1, square = multiply(square, square))
            if (rest & 1) power = multiply(power, square);
        bool passes = power == 1 || power == n - 1;
        for (int k = 1; k < twos && !passes; ++k) {
            power = multiply(power, power);
            passes = power == n - 1;
        }
        if (!passes) return false;
    }
    return true;
}

// The smallest primes above 2^61: each is worth 61 bits.
inline const std::vector<Prime>& primes() {
    static const std::vector<Prime> found = [] {
        std::vector<Prime> result;
        for (std::uint64_t n = (std::uint64_t{1} << kPrimeBits) + 1; result.size() < kMostPrimes; n += 2)
            if (is_prime(n)) result.emplace_back(n);
        return result;
    }();
    return found;
}

// The vector on which k rows of `size` entries vanish modulo a prime, where their rank is size - 1; else false. The
// rows are spoilt.
inline bool null_vector(const Prime& p, std::uint64_t* rows, int k, int size, int* pivots, std::uint64_t* x) {
    int done = 0, free = -1;
    for (int column = 0; column < size; ++column) {
        int pivot = done;
        while (pivot < k && rows[pivot * size + column] == 0) ++pivot;
        if (pivot == k) {
            if (free >= 0) return false;
            free = column;
            continue;
        }
        if (pivot != done)
            for (int j = 0; j < size; ++j) std::swap(rows[pivot * size + j], rows[done * size + j]);
        const std::uint64_t* by = rows + done * size;
        for (int i = done + 1; i < k; ++i) {
            std::uint64_t* row = rows + i * size;
            const std::uint64_t factor = row[column];
            if (factor == 0) continue;
            for (int j = column; j < size; ++j)
                row[j] = p.subtract(p.multiply(by[column], row[j]), p.multiply(factor, by[j]));
            for (int j = 0; j < column; ++j) row[j] = 0;
        }
        pivots[done++] = column;
    }
    if (free < 0) return false;
    for (int j = 0; j < size; ++j) x[j] = 0;
    x[free] = 1;
    for (int i = done - 1; i >= 0; --i) {
        const std::uint64_t* row = rows + i * size;
        std::uint64_t sum = 0;
        for (int j = pivots[i] + 1; j < size; ++j) sum = p.add(sum, p.multiply(row[j], x[j]));
        for (int j = pivots[i] + 1; j < size; ++j) x[j] = p.multiply(x[j], row[pivots[i]]);
        x[pivots[i]] = p.subtract(0, sum);
    }
    return true;
}

}  // namespace relureg
