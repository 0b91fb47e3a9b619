// Greatest common divisors of machine words.
#pragma once

#include <cstdint>

namespace relureg {

inline std::uint64_t size_of(std::int64_t x) {
    return x < 0 ? 0 - static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
}

// Stein's algorithm (1967) without branches: as written in the library, with one that is taken at random in each step,
// it takes twice as long. 0 if both are 0.
inline std::int64_t common_divisor(std::int64_t x, std::int64_t y) {
    std::uint64_t a = size_of(x), b = size_of(y);
    if (!a || !b) return static_cast<std::int64_t>(a | b);
    const int twos = __builtin_ctzll(a | b);
    a >>= __builtin_ctzll(a), b >>= __builtin_ctzll(b);
    while (a != b) {
        const std::uint64_t difference = a - b, borrow = 0 - static_cast<std::uint64_t>(a < b);  // all ones if a < b
        b += difference & borrow;                                                       // the smaller one
        a = ((difference ^ borrow) - borrow) >> __builtin_ctzll(difference);            // |a - b|, odd
    }
    return static_cast<std::int64_t>(a << twos);
}

// The same of one more number than a divisor is of: as a rule that is 1, or divides this one, too, and stays.
inline std::int64_t extend_divisor(std::int64_t divisor, std::int64_t x) {
    if (divisor == 1) return 1;
    return common_divisor(divisor, divisor ? x % divisor : x);
}

}  // namespace relureg
