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
// They are computed in doubles too, and inflated by 2^-20. 2^-900 absorbs underflow.
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
        return most < -margin(error_, size_, count_, w);
    }

    // What a computed value over the box may be off by.
    static double margin(double error, double size, int count, int width) {
        return (error + 4 * gamma(count + width + 8) * size) * (1 + 0x1p-20) + 0x1p-900;
    }

  private:
    const Box& box_;
    std::vector<double> sum_;
    double error_ = 0, size_ = 0;
    int count_ = 0;
};

// Whether a row is surely positive, on that side, at a point (1, x_1, ..., x_d) of doubles.
// |fl(row . p) - row . p| <= (c + gamma_(w + 1) (1 + c)) sum of R_j |p_j|.
inline bool is_surely_beyond(const Slot& slot, int side, const double* point, int width) {
    const double value = side * product(slot.row, point, width);
    if (!(value > 0) || !std::isfinite(slot.relative_error)) return false;
    const double c = slot.relative_error;
    const double size = absolute_product(point, slot.majorant, width);
    return value > (c + gamma(width + 1) * (1 + c)) * size * (1 + 0x1p-20) + 0x1p-900;
}

// Whether a point lies strictly between the bounds of all inputs.
inline bool is_surely_in(const Box& box, const double* point) {
    const int dim = static_cast<int>(box.inner_lower.size());
    for (int j = 0; j < dim; ++j)
        if (!(point[j + 1] > box.inner_lower[j] && point[j + 1] < box.inner_upper[j])) return false;
    return true;
}

}  // namespace relureg
