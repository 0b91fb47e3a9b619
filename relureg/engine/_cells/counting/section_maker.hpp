// The section of a section by one of its rows: generators, values, signs, and facets of its own.
#pragma once

#include <array>

#include "section_edges.hpp"
#include "section_exact.hpp"

namespace relureg {

// The rows of a section that keeps its parent's.
inline constexpr auto kSame = [] {
    std::array<int, kMaxCutting> numbers{};
    for (int k = 0; k < kMaxCutting; ++k) numbers[k] = k;
    return numbers;
}();

template <int D_, int W>
class SectionMaker {
    using Mask = Bits<W>;

  public:
    SectionMaker(int words, Predicate<D_, W>& oracle, ExactSections<D_, W>& exact, Arena& arena, bool audit)
        : words_(words), oracle_(oracle), exact_(exact), arena_(arena), audit_(audit) {}

    // The section by a row, of `count` generators, with the values of `rows` there.
    Section cut(const Section& s, const Crossings& crossings, int row, std::uint64_t rows, int count) {
        // To sort the rows that matter out of the others costs more than to take the others along, if these are few.
        const int live = __builtin_popcountll(rows);
        const bool takes_all = s.num_rows <= 3 * live + 1;
        Section part = Section::allocate(arena_, count, takes_all ? s.num_rows : live, words());
        part.parent = &s, part.cut = row, part.dim = s.dim - 1;
        part.rows = takes_all ? rows : extract_bits(rows, rows);
        part.number = takes_all ? kSame.data() : numbers(rows, row, part.stride);
        if (takes_all)
            mix_edges(s, crossings, row, part, [](const double* from, int k) { return Four::load(from + k); });
        else
            mix_edges(s, crossings, row, part,
                      [number = part.number](const double* from, int k) { return Four::gather(from, number + k); });
        for (const int i : crossings.zeros) {
            if (!(crossings.zeros_at(s, i) >> row & 1)) continue;
            part.append(i, -1, s.points[i].at_infinity);
            take_values(s, part, takes_all ? ~std::uint64_t{0} : rows);
        }
        part.single = takes_all ? s.single & rows : extract_bits(s.single, rows);
        return part;
    }

    // Which rows cut a section, and on which facets of the cell it has a facet of its own.
    void close(Section& part, bool is_special) {
        std::uint64_t positive = 0, negative = 0, zero = 0;
        for (int i = 0; i < part.count; ++i) {
            positive |= part.points[i].positive, negative |= part.points[i].negative;
            zero |= ~(part.points[i].positive | part.points[i].negative);
        }
        part.cutting = positive & negative & part.rows;
        if (!is_special && !(zero & part.rows)) return;
        std::uint64_t* own = arena_.take<std::uint64_t>(2 * static_cast<std::size_t>(words()));
        std::uint64_t* shared = own + words();
        gather_at_simple(part, part.rows, own);
        for (int w = 0; w < words(); ++w)
            each_bit(part.facets[w] & ~own[w], 64 * w, [&](int slot) {
                if (!is_own_facet(part, slot, part.rows, shared)) part.facets[w] &= ~bit(slot % 64);
            });
    }

  private:
    int words() const { return W ? W : words_; }
    std::uint64_t* mask(const Section& s, int i) const { return s.masks + static_cast<std::size_t>(i) * words(); }

    // The rows by their numbers in the parent; filling is computed with, and never looked at.
    const int* numbers(std::uint64_t rows, int filling, int stride) {
        int* number = arena_.take<int>(stride);
        int k = 0;
        each_bit(rows, 0, [&](int old) { number[k++] = old; });
        for (; k < stride; ++k) number[k] = filling;
        return number;
    }

    // The generators on the edges that a row crosses, with values and signs. What does not change from one to the next
    // is held in variables of its own: the compiler cannot tell that no store changes it.
    template <class Values>
    void mix_edges(const Section& s, const Crossings& crossings, int row, Section& part, Values values) {
        const int num_rows = part.num_rows, stride = part.stride, its_stride = s.stride;
        const std::uint64_t rows = part.rows;
        const double* const from = s.values;
        double* const to = part.values;
        SectionPoint* const points = part.points;
        int i = 0;
        crossings.each_edge(row, [&](int e) {
            const auto [top, bottom] = Crossings::oriented(s, row, crossings.edges[e]);
            for (int w = 0; w < words(); ++w) mask(part, i)[w] = mask(s, top)[w] & mask(s, bottom)[w];
            const double* a = from + 2 * static_cast<std::size_t>(top) * its_stride;
            const double* b = from + 2 * static_cast<std::size_t>(bottom) * its_stride;
            const Mixture at = Mixture::of(s, row, top, bottom);
            double* out = to + 2 * static_cast<std::size_t>(i) * stride;
            std::uint64_t positive = 0, negative = 0;
            for (int k = 0; k < num_rows; k += 4) {
                const auto [value, bound] =
                    at.of_four({values(a, k), values(b, k), values(a + its_stride, k), values(b + its_stride, k)});
                value.store(out + k);
                bound.store(out + stride + k);
                positive |= static_cast<std::uint64_t>(above(value, bound)) << k;
                negative |= static_cast<std::uint64_t>(below_minus(value, bound)) << k;
            }
            points[i] = {positive & rows,
                         negative & rows,
                         nullptr,
                         top,
                         bottom,
                         SectionPoint::kUnknown,
                         crossings.ends[e].at_infinity != 0};
            part.count = ++i;
            const std::uint64_t open = rows & ~(positive | negative);
            if (open) settle(s, part, i - 1, open);
            if (audit_) audit(part, i - 1);
        });
        oracle_.statistics.decisions += static_cast<std::int64_t>(i) * __builtin_popcountll(rows);
    }

    // Signs that doubles leave open: the ends of the edge tell them unless they have opposite signs.
    void settle(const Section& s, Section& part, int i, std::uint64_t open) {
        SectionPoint& point = part.points[i];
        each_bit(open, 0, [&](int k) {
            const int a = s.sign(point.above, part.number[k]), b = s.sign(point.below, part.number[k]);
            const bool is_open = a * b < 0;
            const int sign = is_open ? exact_.sign(part, i, k) : a ? a : b;
            oracle_.statistics.edges += !is_open;
            if (sign > 0) point.positive |= bit(k);
            if (sign < 0) point.negative |= bit(k);
            oracle_.statistics.zeros += sign == 0;
        });
    }

    // The last generator of a section is one of its parent's.
    void take_values(const Section& s, Section& part, std::uint64_t rows) {
        const int i = part.count - 1;
        SectionPoint& point = part.points[i];
        std::copy_n(mask(s, point.above), words(), mask(part, i));
        for (int k = 0; k < part.stride; ++k) {
            part.values_at(i)[k] = s.value(point.above, part.number[k]);
            part.values_at(i)[part.stride + k] = s.error(point.above, part.number[k]);
        }
        point.positive = extract_bits(s.points[point.above].positive, rows) & part.rows;
        point.negative = extract_bits(s.points[point.above].negative, rows) & part.rows;
        if (audit_) audit(part, i);
    }

    void audit(const Section& s, int i) {
        each_bit(s.rows, 0, [&](int k) {
            if (exact_.truth(s, i, k) != s.sign(i, k))
                throw ContradictionError("the sign of a row on a section is not what the integers say");
        });
    }

    // The facets of the cell at generators of as many facets as the section has dimensions, where no row vanishes. Each
    // is a facet of the section there, on no other one: fewer have no vertex.
    void gather_at_simple(const Section& s, std::uint64_t rows, std::uint64_t* facets) const {
        for (int w = 0; w < words(); ++w) facets[w] = 0;
        for (int i = 0; i < s.count; ++i)
            if (!(rows & ~(s.points[i].positive | s.points[i].negative)) && Mask::count(mask(s, i), words()) == s.dim)
                for (int w = 0; w < words(); ++w) facets[w] |= mask(s, i)[w];
    }

    // Whether a section has a facet on that facet of the cell, on no other one and on no row.
    bool is_own_facet(const Section& s, int slot, std::uint64_t rows, std::uint64_t* shared) const {
        for (int w = 0; w < words(); ++w) shared[w] = ~std::uint64_t{0};
        for (int i = 0; i < s.count; ++i) {
            if (!(mask(s, i)[slot / 64] >> (slot % 64) & 1)) continue;
            for (int w = 0; w < words(); ++w) shared[w] &= mask(s, i)[w];
            rows &= ~(s.points[i].positive | s.points[i].negative);
        }
        return !rows && Mask::count(shared, words()) == 1;
    }

    int words_;
    Predicate<D_, W>& oracle_;
    ExactSections<D_, W>& exact_;
    Arena& arena_;
    bool audit_;
};

}  // namespace relureg
