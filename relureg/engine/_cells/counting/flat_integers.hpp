// Hyperplanes on flats as small integers: nothing is rounded, and what does not fit into 62 bits ends the attempt.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "../base/divisors.hpp"
#include "flats.hpp"

namespace relureg {

struct OverflowError {};  // a row has no room in 62 bits

class IntegerFlats {
  public:
    std::int64_t decisions = 0, zeros = 0;

    // Room for `count` rows of `dim` + 1 entries, the constant first.
    void begin(int dim, int count) {
        decisions = zeros = 0;
        levels_.resize(std::max<std::size_t>(levels_.size(), dim + 1));
        for (int m = 0; m <= dim; ++m) levels_[m].resize(static_cast<std::size_t>(count) * (m + 1));
    }

    std::int64_t* row(int dim, int i) { return levels_[dim].data() + static_cast<std::size_t>(i) * (dim + 1); }

    void copy_row(int dim, int i, int to) {
        if (i != to) std::copy_n(row(dim, i), dim + 1, row(dim, to));
    }

    // Rows are to be restricted to the flat where row i vanishes: its coordinate with the smallest entry is solved for.
    void cut(int dim, int i) {
        by_ = row(dim, i);
        pivot_ = 0;
        for (int c = 1; c <= dim; ++c)
            if (by_[c] && (!pivot_ || std::abs(by_[c]) < std::abs(by_[pivot_]))) pivot_ = c;
    }

    // Row j on that flat, as row `to` there: the pivot's entry goes, and the last one takes its place.
    Meeting restrict_row(int dim, int j, int to) {
        const std::int64_t* from = row(dim, j);
        std::int64_t* result = row(dim - 1, to);
        std::int64_t p = by_[pivot_], q = from[pivot_];
        if (q) {
            const std::int64_t common = common_divisor(p, q);
            p /= common, q /= common;
        }
        std::int64_t divisor = 0, gradient = 0;
        for (int c = 0; c < dim; ++c) {
            const int old = c == pivot_ ? dim : c;
            result[c] = q ? combine(p, from[old], q, by_[old]) : from[old];
            if (c) gradient |= result[c];
            if (q) divisor = extend_divisor(divisor, result[c]);
        }
        ++decisions;
        zeros += !gradient;
        if (!gradient) return result[0] ? Meeting::kMisses : Meeting::kContains;
        if (divisor > 1)
            for (int c = 0; c < dim; ++c) result[c] /= divisor;
        return Meeting::kCrosses;
    }

    // The distinct points in which rows meet a line: `add(one of the rows, how many)`.
    template <class Add>
    void each_point(int count, Add add) {
        order_.resize(count);
        std::iota(order_.begin(), order_.end(), 0);
        for (int i = 0; i < count; ++i)
            if (std::int64_t* at = row(1, i); at[1] < 0) at[0] = -at[0], at[1] = -at[1];
        std::sort(order_.begin(), order_.end(), [&](int a, int b) { return is_before(row(1, a), row(1, b)); });
        for (int begin = 0, end; begin < count; begin = end) {
            for (end = begin + 1; end < count && !is_before(row(1, order_[begin]), row(1, order_[end])); ++end) {
            }
            add(order_[begin], end - begin);
        }
    }

  private:
    static constexpr std::int64_t kLargest = std::int64_t{1} << 62;

    // p a - q b.
    static std::int64_t combine(std::int64_t p, std::int64_t a, std::int64_t q, std::int64_t b) {
        std::int64_t x, y, sum;
        if (__builtin_mul_overflow(p, a, &x) || __builtin_mul_overflow(q, b, &y) ||
            __builtin_sub_overflow(x, y, &sum) || sum > kLargest || sum < -kLargest)
            throw OverflowError{};
        return sum;
    }

    static bool is_before(const std::int64_t* a, const std::int64_t* b) {
        return static_cast<__int128>(a[0]) * b[1] < static_cast<__int128>(b[0]) * a[1];
    }

    std::vector<std::vector<std::int64_t>> levels_;
    std::vector<int> order_;
    const std::int64_t* by_ = nullptr;
    int pivot_ = 0;
};

}  // namespace relureg
