// Bounds of affine functions over a cell that hold whatever the multipliers are, in doubles (Neumaier and Shcherbina,
// Math. Program. 99, 2004; Jansson, SIAM J. Optim. 14, 2004), and points in doubles that surely lie inside.
//
// With u = 2^-53 let h and g_i be rows with computed entries, each off by at most c R_j (see Network::finish), and let
// l_i >= 0 be any doubles. On a cell with g_i >= 0 every x has h(x) <= h(x) + sum of l_i g_i(x) = r(x), and over the
// box r(x) <= r(centre) + sum of |r_j| radius_j. What is computed of this from k multipliers and w entries differs from
// what the computed entries give exactly by at most
//     gamma_n  sum over j of (|h_j| + sum of l_i |g_ij|) (|centre_j| + radius_j),      n = k + w + 8
// since no term passes more than k + 2 roundings in r_j, 2 in the product and w + 3 in the two sums and their joining.
// |centre_j| + radius_j <= 4 X_j, where X_j is the reach of input j. The entries themselves are off by c R_j, which
// moves r(x) in the box by at most sum of c (R_h + sum of l_i R_i)_j X_j. Both sums are known for each unit beforehand.
// They are computed in doubles too, and inflated by 2^-20. A product that underflows is off by 2^-1074 before it is
// multiplied by X_j: 2^-900 times the largest X_j, or 1, absorbs all of them.
#pragma once

#include "slots.hpp"

namespace relureg {

// A linear combination of rows, with what is needed to bound it.
class Combination {
  public:
    explicit Combination(const Box& box) : box_(box), sum_(box.width()) {}

    void begin(const Slot& slot, int sign) {
        for (int k = 0; k < box_.width(); ++k) sum_[k] = sign * slot.row[k];
        error_ = slot.error, size_ = slot.size, count_ = 0;
    }

    // x_j - u for the upper bound u of an input, or l - x_j for the lower one. The double is within 2 ulps of the
    // bound.
    void begin(int input, bool is_upper) {
        std::fill(sum_.begin(), sum_.end(), 0.0);
        const double bound = (is_upper ? box_.bounds.upper : box_.bounds.lower)[input];
        sum_[0] = is_upper ? -bound : bound, sum_[input + 1] = is_upper ? 1 : -1;
        error_ = 4 * kUnitRoundoff * std::fabs(bound) + 0x1p-1000;
        size_ = std::fabs(bound) + box_.reach[input + 1], count_ = 0;
    }

    // Add `factor` >= 0 times the row that is not negative in the cell.
    void add(const Slot& slot, double factor) {
        const double signed_factor = slot.side * factor;
        const Four by = Four::all(signed_factor);
        for (int k = 0; k < box_.width(); k += 4)
            multiply_add(by, Four::load(slot.row + k), Four::load(&sum_[k])).store(&sum_[k]);
        error_ += factor * slot.error, size_ += factor * slot.size;
        ++count_;
    }

    // Whether the sum is surely below 0 everywhere in the box.
    bool is_negative() const {
        const int w = box_.width();
        const double most =
            product(sum_.data(), box_.centre.data(), w) + absolute_product(sum_.data(), box_.radius.data(), w);
        return most < -(margin(error_, size_, count_, w) + box_.underflow);
    }

    // What a computed value over the box may be off by, but for underflow.
    static double margin(double error, double size, int count, int width) {
        return (error + 4 * gamma(count + width + 8) * size) * (1 + 0x1p-20);
    }

  private:
    const Box& box_;
    std::vector<double> sum_;
    double error_ = 0, size_ = 0;
    int count_ = 0;
};

// What a computed value at a point (1, x_1, ..., x_d) of doubles may be off by:
// |fl(row . p) - row . p| <= (c + gamma_(w + 1) (1 + c)) sum of R_j |p_j|.
inline double error_at(const Slot& slot, const double* point, int width) {
    const double c = slot.relative_error;
    if (!std::isfinite(c)) return std::numeric_limits<double>::infinity();
    const double size = absolute_product(point, slot.majorant, width);
    return (c + gamma(width + 1) * (1 + c)) * size * (1 + 0x1p-20) + 0x1p-900;
}

// Whether a row is surely positive, on that side, at a point.
inline bool is_surely_beyond(const Slot& slot, int side, const double* point, int width) {
    const double value = side * product(slot.row, point, width);
    return value > 0 && value > error_at(slot, point, width);
}

// What a row is at least at a point, on the side on which the path goes on.
inline double sure_value(const Slot& slot, const double* point, int width) {
    return (slot.side * product(slot.row, point, width) - error_at(slot, point, width)) * (1 - 0x1p-40);
}

// Whether doubles know that two rows are not the same but for a factor. With pivot p, a_j b_p - b_j a_p is off by at
// most (2 c (1 + c) + 3 u (1 + c)^2) (R_j S_p + S_j R_p), for the larger c of the two and their majorants R and S.
inline bool are_surely_apart(const Slot& a, const Slot& b, int width) {
    const double c = std::max(a.relative_error, b.relative_error);
    if (!(c < 0x1p-20)) return false;
    int pivot = 0;
    for (int j = 1; j < width; ++j)
        if (std::fabs(a.row[j]) > std::fabs(a.row[pivot])) pivot = j;
    for (int j = 0; j < width; ++j) {
        const double size = a.majorant[j] * b.majorant[pivot] + b.majorant[j] * a.majorant[pivot];
        if (std::fabs(a.row[j] * b.row[pivot] - b.row[j] * a.row[pivot]) > 4 * (c + kUnitRoundoff) * size + 0x1p-900)
            return true;
    }
    return false;
}

// Whether a point is surely beyond a bound of its input.
inline bool is_beyond_bound(const Box& box, const double* point, const HalfSpace& beyond) {
    const double x = point[beyond.input + 1];
    return beyond.is_upper() ? x >= box.outer_upper[beyond.input] : x <= box.outer_lower[beyond.input];
}

// Whether a point lies strictly between the bounds of all inputs; or beyond that one, and between all others.
inline bool is_surely_in(const Box& box, const double* point, const HalfSpace* beyond = nullptr) {
    const int dim = static_cast<int>(box.inner_lower.size());
    for (int j = 0; j < dim; ++j) {
        const bool is_below = point[j + 1]<box.inner_upper[j], is_above = point[j + 1]> box.inner_lower[j];
        if (is_below && is_above) continue;
        if (!beyond || beyond->input != j) return false;
        if (!(beyond->is_upper() ? is_above && point[j + 1] >= box.outer_upper[j]
                                 : is_below && point[j + 1] <= box.outer_lower[j]))
            return false;
    }
    return !beyond || !beyond->is_bound() || is_beyond_bound(box, point, *beyond);
}

}  // namespace relureg
