// Where one input moves to a bound, the others make up for what that takes from the rows: with hundreds of inputs and
// few rows, most bounds of a thin cell are reached so, on the products of the rows alone.
//
// Let p be a point of doubles in the box |x_l| <= X_l and inside all rows, v_i the row i on its side but 0 where an
// input has little room, f_i doubles. The point q has q_j = t at a bound of input j, and q_l = p_l + sum of f_i v_il
// elsewhere, as real numbers: nothing is rounded. If no other input leaves the box, then sum of |f_i v_il| <= 2 X_l is
// enough to bound what is computed of row k at q,
//     m_k . p + m_kj (t - p_j) + sum of f_i (m_k . v_i - m_kj v_ij),
// for w entries and n rows: no term passes more than w + n + 8 roundings, and by their sizes terms add up to at most
// (1 + 2 + 4) (1 + c) sum of R_l X_l, so that with the errors of the entries it is off by at most
//     c sum of R_l X_l + 8 gamma_(w + n + 8) (1 + c) sum of R_l X_l.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

class Corrections {
  public:
    explicit Corrections(const CellRows& rows) : rows_(rows) {}

    // From a point of doubles that lies inside: only inputs with room on both sides are to make up for anything.
    void begin(const std::vector<double>& from) {
        const Box& box = rows_.box();
        const int width = rows_.width(), dim = rows_.dim();
        from_ = from;
        room_.assign(width, 0.0);
        for (int j = 0; j < dim; ++j) {
            const double low = from[j + 1] - box.inner_lower[j], high = box.inner_upper[j] - from[j + 1];
            const double room = std::min(low, high);
            if (room > kRoom * (std::isfinite(low + high) ? low + high : 1.0)) room_[j + 1] = room;
        }
        const std::size_t m = rows_.path().size();
        moving_.assign(m * width, 0.0), products_.resize(m * m);
        values_.resize(m), margins_.resize(m), lengths_.resize(m), uses_.assign(m, 0.0);
        for (std::size_t i = 0; i < m; ++i) {
            const Slot& slot = rows_[rows_.path()[i]];
            for (int j = 1; j <= dim; ++j) {
                if (!(room_[j] > 0)) continue;
                moving_[i * width + j] = slot.side * slot.row[j];
                uses_[i] = std::max(uses_[i], std::fabs(slot.row[j]) / room_[j]);
            }
            values_[i] = slot.side * product(slot.row, from.data(), width);
            const double roundings = gamma(static_cast<double>(width) + static_cast<double>(m) + 8);
            margins_[i] = (slot.error + 8 * roundings * slot.size) * (1 + 0x1p-20) + 0x1p-900;
            for (std::size_t k = 0; k <= i; ++k)
                products_[i * m + k] = products_[k * m + i] = product(row(i), row(k), width);
            lengths_[i] = 1 / std::sqrt(products_[i * m + i] + 0x1p-900);
        }
    }

    enum class Reached {
        kNo,
        kLikely,  // that the point lies beyond the bound and inside all else
        kSurely,  // the real point does, of which the computed one is an approximation
    };

    // A point just beyond a bound.
    Reached reach(const HalfSpace& bound) {
        const Box& box = rows_.box();
        const std::size_t m = values_.size();
        bound_ = bound, to_ = (bound.is_upper() ? box.outer_upper : box.outer_lower)[bound.input];
        const double by = to_ - from_[bound.input + 1];
        factors_.assign(m, 0.0);
        set_values(by);
        if (!restore(bound.input + 1)) return Reached::kNo;
        set_values(by);
        double used = 0;
        for (std::size_t i = 0; i < m; ++i) used += std::fabs(factors_[i]) * uses_[i];
        if (!(used < 1 - 0x1p-20)) return Reached::kLikely;
        for (std::size_t i = 0; i < m; ++i)
            if (!(after_[i] > margins_[i])) return Reached::kLikely;
        rows_.audit(bound, [this] { return exact_point(); });
        return Reached::kSurely;
    }

    // The point that was found last.
    void put(std::vector<double>& point) const {
        point = from_;
        for (std::size_t i = 0; i < values_.size(); ++i) {
            if (factors_[i] == 0) continue;
            const Four factor = Four::all(factors_[i]);
            for (int k = 0; k < rows_.width(); k += 4)
                multiply_add(factor, Four::load(row(i) + k), Four::load(&point[k])).store(&point[k]);
        }
        point[bound_.input + 1] = to_;
    }

  private:
    static constexpr double kRoom = 0.02;   // of the distance between two bounds
    static constexpr double kWanted = 0.5, kLeast = 0.25;  // of what a row is at the point inside
    static constexpr int kSteps = 400;

    const double* row(std::size_t i) const { return &moving_[i * rows_.width()]; }

    // The real point, of which `put` gives an approximation.
    std::vector<mpq_class> exact_point() const {
        std::vector<mpq_class> point(from_.begin() + 1, from_.begin() + 1 + rows_.dim());
        for (std::size_t i = 0; i < values_.size(); ++i)
            for (int j = 0; j < rows_.dim(); ++j) point[j] += mpq_class(factors_[i]) * mpq_class(row(i)[j + 1]);
        point[bound_.input] = to_;
        return point;
    }

    // What all rows are where the input has moved, and others as the factors say.
    void set_values(double by) {
        const std::size_t m = values_.size();
        const int j = bound_.input + 1;
        after_.resize(m);
        for (std::size_t k = 0; k < m; ++k) {
            const Slot& slot = rows_[rows_.path()[k]];
            const double own = slot.side * slot.row[j];
            double sum = values_[k] + own * by;
            for (std::size_t i = 0; i < m; ++i)
                if (factors_[i] != 0) sum += factors_[i] * (products_[i * m + k] - own * row(i)[j]);
            after_[k] = sum;
        }
    }

    // Move along the row that lacks most, again and again, without input j (Agmon 1954).
    bool restore(int j) {
        const std::size_t m = values_.size();
        for (int step = 0; step < kSteps; ++step) {
            std::size_t worst = 0;
            double most = 0;
            for (std::size_t i = 0; i < m; ++i) {
                const double lacks = (kLeast * values_[i] - after_[i]) * lengths_[i];
                if (lacks > most) most = lacks, worst = i;
            }
            if (!(most > 0)) return true;
            const double own = row(worst)[j], length = products_[worst * m + worst] - own * own;
            if (!(length > 0)) return false;
            const double by = (kWanted * values_[worst] - after_[worst]) / length;
            factors_[worst] += by;
            for (std::size_t i = 0; i < m; ++i) after_[i] += by * (products_[worst * m + i] - own * row(i)[j]);
        }
        return false;
    }

    const CellRows& rows_;
    std::vector<double> from_;
    std::vector<double> room_;      // [entry]: to the nearer bound; 0 where that is too little
    std::vector<double> moving_;    // [row of the path][entry]: on its side, in inputs that have room
    std::vector<double> products_;  // of these
    std::vector<double> values_, margins_, after_, factors_;  // [row of the path]
    std::vector<double> lengths_;  // [row of the path]: 1 over its length
    std::vector<double> uses_;  // [row of the path]: the largest share of the room that a step by 1 along it takes
    HalfSpace bound_;
    double to_ = 0;
};

}  // namespace relureg
