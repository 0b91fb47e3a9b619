// Signs and coincidences on a section that doubles leave open, by integers: of 64 bits, then of any size.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "../base/divisors.hpp"
#include "../signs/predicate.hpp"
#include "section.hpp"

namespace relureg {

template <int D_, int W>
class ExactSections {
  public:
    ExactSections(int coordinates, Predicate<D_, W>& oracle) : coordinates_(coordinates), oracle_(oracle) {}

    // The sections to come are of this cell; `unit[row]` of the stage are the rows that cut it.
    void begin(Cell& cell, const Context& context, const int* unit) {
        cell_ = &cell, context_ = &context, unit_ = unit;
    }

    int sign(const Section& s, int point, int row) {
        if (const std::int64_t* values = integers(s, point))
            return ++oracle_.statistics.small_integers, (values[row] > 0) - (values[row] < 0);
        ++oracle_.statistics.exact;
        const Stopwatch watch(oracle_.statistics.exact_time);
        return truth(s, point, row);
    }

    // The sign by integers of any size, whatever is known.
    int truth(const Section& s, int point, int row) { return sgn(value(s, point, row)); }

    // Whether two rows vanish at the same point of a segment.
    bool meet(const Section& s, int i, int j) {
        ++oracle_.statistics.decisions;
        const std::int64_t *a = integers(s, 0), *b = integers(s, 1);
        if (a && b) {
            ++oracle_.statistics.small_integers;
            return static_cast<__int128>(a[i]) * b[j] == static_cast<__int128>(a[j]) * b[i];
        }
        if (are_parted(s, i, j)) return ++oracle_.statistics.modular, false;
        ++oracle_.statistics.exact;
        const Stopwatch watch(oracle_.statistics.exact_time);
        return value(s, 0, i) * value(s, 1, j) == value(s, 0, j) * value(s, 1, i);
    }

    // Free the vectors that points of a section were given.
    void forget(Section& s) {
        if (!num_vectors_) return;
        for (int i = 0; i < s.count; ++i)
            if (s.points[i].exact) {
                delete s.points[i].exact;
                s.points[i].exact = nullptr;
                --num_vectors_;
            }
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }

    mpz_class value(const Section& s, int point, int row) { return dot(this->row(s, row), vector(s, point)); }

    // The unit of a row.
    int unit_of(const Section& s, int row) const {
        const Section* at = &s;
        for (; at->parent; at = at->parent) row = at->number[row];
        return unit_[row];
    }

    const ExactVector& row(const Section& s, int row) const { return oracle_.exact_row(*context_, unit_of(s, row)); }

    const ExactVector& vector(const Section& s, int i) {
        if (!s.parent) return oracle_.exact_generator(*cell_, cell_->generators, i);
        SectionPoint& point = s.points[i];
        if (point.below < 0) return vector(*s.parent, point.above);
        if (!point.exact) {
            const ExactVector &a = vector(*s.parent, point.above), &b = vector(*s.parent, point.below);
            const ExactVector& row = this->row(*s.parent, s.cut);
            point.exact = new ExactVector(combine(-dot(row, b), a, dot(row, a), b));
            ++num_vectors_;
        }
        return *point.exact;
    }

    // Whether remainders modulo a prime show that two rows vanish at different points of a segment: those of
    // v_i(0) v_j(1) and v_j(0) v_i(1) differ. Rows and points are known up to factors, which both products have.
    bool are_parted(const Section& s, int i, int j) {
        const Residues first = residues(s, 0), second = residues(s, 1);
        if (first.empty() || second.empty()) return false;
        const Residues row_i = residues_of_row(s, i), row_j = residues_of_row(s, j);
        const Prime& p = primes()[0];
        return p.multiply(p.dot(row_i, first), p.dot(row_j, second)) !=
               p.multiply(p.dot(row_j, first), p.dot(row_i, second));
    }

    using Residues = std::vector<std::uint64_t>;

    Residues residues_of_row(const Section& s, int row) const {
        Residues result(D());
        oracle_.read_residues(*context_, unit_of(s, row), result.data());
        return result;
    }

    // A point modulo that prime; empty where that tells nothing of it.
    Residues residues(const Section& s, int i) {
        if (!s.parent) {
            const std::uint64_t* x = oracle_.generator_residues({*cell_, cell_->generators}, i);
            return x ? Residues(x, x + D()) : Residues();
        }
        const SectionPoint& point = s.points[i];
        Residues a = residues(*s.parent, point.above);
        if (point.below < 0 || a.empty()) return a;
        const Residues b = residues(*s.parent, point.below);
        if (b.empty()) return b;
        const Residues row = residues_of_row(*s.parent, s.cut);
        const Prime& p = primes()[0];
        const std::uint64_t va = p.dot(row, a), vb = p.dot(row, b);
        for (int j = 0; j < D(); ++j) a[j] = p.subtract(p.multiply(va, b[j]), p.multiply(vb, a[j]));
        return a;
    }

    // The values at a point as integers without common divisor, where 64 bits hold them; else null.
    const std::int64_t* integers(const Section& s, int i) {
        SectionPoint& point = s.points[i];
        if (point.state == SectionPoint::kUnknown)
            point.state = find(s, i, s.integers_at(i)) ? SectionPoint::kKnown : SectionPoint::kTooLarge;
        return point.state == SectionPoint::kKnown ? s.integers_at(i) : nullptr;
    }

    bool find(const Section& s, int i, std::int64_t* values) {
        if (!s.parent) return read(s, i, values);
        const SectionPoint& point = s.points[i];
        const std::int64_t* a = integers(*s.parent, point.above);
        if (!a) return false;
        if (point.below < 0) {
            each_bit(s.rows, 0, [&](int k) { values[k] = a[s.number[k]]; });
            return true;
        }
        const std::int64_t* b = integers(*s.parent, point.below);
        if (!b) return false;
        std::int64_t p = -b[s.cut], q = a[s.cut];
        const std::int64_t common = common_divisor(p, q);
        p /= common, q /= common;
        std::int64_t divisor = 0;
        for (std::uint64_t rows = s.rows; rows; rows &= rows - 1) {
            const int k = __builtin_ctzll(rows);
            std::int64_t x, y;
            if (__builtin_mul_overflow(p, a[s.number[k]], &x) || __builtin_mul_overflow(q, b[s.number[k]], &y) ||
                __builtin_add_overflow(x, y, &values[k]) || values[k] > kLargest || values[k] < -kLargest)
                return false;
            divisor = extend_divisor(divisor, values[k]);
        }
        if (divisor > 1) each_bit(s.rows, 0, [&](int k) { values[k] /= divisor; });
        return true;
    }

    // At a generator of the cell: the doubles, where row and generator are small integers times a power of two.
    bool read(const Section& s, int i, std::int64_t* values) const {
        const int bits = cell_->generators.tags(i).bits;
        const Stage& data = *context_->data;
        for (int k = 0; k < s.num_rows; ++k) {
            if (data.row_bits[unit_[k]] + bits > 53) return false;
            values[k] = static_cast<std::int64_t>(std::ldexp(s.value(i, k), data.fraction_bits + bits));
        }
        return true;
    }

    static constexpr std::int64_t kLargest = std::int64_t{1} << 61;  // two products of two of them add up in 128 bits

    int coordinates_;
    Predicate<D_, W>& oracle_;
    Cell* cell_ = nullptr;
    const Context* context_ = nullptr;
    const int* unit_ = nullptr;
    int num_vectors_ = 0;
};

}  // namespace relureg
