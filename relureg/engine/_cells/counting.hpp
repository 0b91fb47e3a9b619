// Counting the regions of the last stage in a cell without visiting them: by deletion and restriction.
#pragma once

#include <vector>

#include "searcher.hpp"
#include "section_edges.hpp"
#include "section_exact.hpp"

namespace relureg {

// What lies in one cell.
struct CellFigures {
    std::int64_t regions = 0, bounded = 0;
    std::int64_t facets = 0;            // on hyperplanes of the last stage
    std::vector<std::int64_t> pieces;   // [slot]: parts into which they cut that facet of the cell
};

template <int D_, int W>
class CellCounter {
    using Mask = Bits<W>;

  public:
    CellCounter(int coordinates, int words, Predicate<D_, W>& oracle, Arena& arena, const std::atomic<bool>& stop, bool audit)
        : coordinates_(coordinates), words_(words), oracle_(oracle), arena_(arena), stop_(stop), audit_(audit),
          edges_(words, stop), exact_(coordinates, oracle), levels_(coordinates) {}

    // Whether a cell of that many dimensions is counted as it is, rather than cut in two first. A cell that is counted is
    // never left to others, so it must not take longer than a part of a second.
    static bool fits(int rows, int dim) {
        if (rows > kMaxCutting) return false;
        double most = 1, term = 1;  // regions of so many hyperplanes in general position
        for (int i = 1; i <= std::min(rows, dim); ++i) most += term = term * (rows - i + 1) / i;
        return most <= kMostRegions;
    }

    // Count in a pointed cell that `rows` cut, with their signs at its generators. Stops beyond `most` regions; then, and
    // when the run stops, the figures are lower bounds.
    const CellFigures& count(Cell& cell, const Context& context, const Candidates& rows, const Signs& signs,
                             std::int64_t most) {
        figures_.regions = figures_.bounded = figures_.facets = 0;
        figures_.pieces.assign(cell.num_slots, 0);
        most_ = most;
        const auto mark = arena_.mark();
        exact_.begin(cell, context, rows.unit);
        Section s = section_of(cell, rows, signs);
        add(s);
        go_on(s);
        arena_.release(mark);
        return figures_;
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }
    std::uint64_t* mask(const Section& s, int i) const { return s.masks + static_cast<std::size_t>(i) * words(); }

    bool is_over() const { return figures_.regions > most_ || stop_.load(std::memory_order_relaxed); }

    // The cell itself, as a section by nothing.
    Section section_of(Cell& cell, const Candidates& rows, const Signs& signs) {
        constexpr double kPoor = 1e-11;  // better bounds pay where many signs are decided by one generator
        Generators& g = cell.generators;
        Section s = Section::allocate(arena_, g.count, rows.count, words());
        s.dim = D() - 1;
        s.cutting = s.single = rows.mask(0);
        for (int i = 0; i < g.count; ++i) {
            if (rows.count > 1 && g.tags(i).eps > kPoor) oracle_.refine(cell, i);
            s.append(i, -1, g.tags(i).at_infinity);
            std::copy_n(g.incident(i), words(), mask(s, i));
            if (!rows.count) continue;
            s.points[i].positive = signs.positive[i], s.points[i].negative = signs.negative[i];
            if (rows.count > 1) evaluate(g, i, rows, s.values_at(i));
        }
        for (int w = 0; w < words(); ++w) s.facets[w] = 0;
        Mask::each(cell.alive, words(), [&](int slot) {
            if (cell.facets[slot].context) s.facets[slot / 64] |= bit(slot % 64);
        });
        return s;
    }

    // The values of all rows at a generator of the cell, and their errors.
    void evaluate(const Generators& g, int i, const Candidates& rows, double* values) const {
        const double* x = g.x(i);
        const Four eps = Four::all(g.tags(i).eps);
        for (int k = 0; k < rows.stride; k += 4) {
            const double* row = rows.rows + k;
            Four value = Four::load(row) * Four::all(x[0]);
            for (int j = 1; j < D(); ++j)
                value = multiply_add(Four::load(row + static_cast<std::size_t>(j) * rows.stride), Four::all(x[j]), value);
            value.store(values + k);
            multiply_add(Four::load(rows.norm + k), eps, Four::load(rows.error + k)).store(values + rows.stride + k);
        }
    }

    // Count the section itself: one region more, and the parts of facets that it parts off.
    void add(const Section& s) {
        bool is_bounded = true;
        for (int i = 0; i < s.count; ++i) is_bounded = is_bounded && !s.points[i].at_infinity;
        add(s.facets, is_bounded);
    }

    void add(const std::uint64_t* facets, bool is_bounded) {
        ++figures_.regions;
        figures_.bounded += is_bounded;
        Mask::each(facets, words(), [&](int slot) { ++figures_.pieces[slot]; });
    }

    void go_on(Section& s) {
        if (!s.cutting) return;
        if (s.dim == 1)
            add_points(s);
        else if (s.cutting & (s.cutting - 1) || !add_only_section(s))
            divide(s);
    }

    // Where one row alone cuts, its section is one region more, and need not be made: a facet, and what lies at infinity,
    // is cut where generators on it have both signs. False where the row vanishes at a generator.
    bool add_only_section(const Section& s) {
        const auto mark = arena_.mark();
        std::uint64_t* above = arena_.take<std::uint64_t>(2 * static_cast<std::size_t>(words()));
        std::uint64_t* below = above + words();
        std::fill_n(above, 2 * words(), std::uint64_t{0});
        bool is_above_infinite = false, is_below_infinite = false, is_through = false;
        for (int i = 0; i < s.count && !is_through; ++i) {
            const bool is_above = s.points[i].positive & s.cutting, is_below = s.points[i].negative & s.cutting;
            is_through = !is_above && !is_below;
            (is_above ? is_above_infinite : is_below_infinite) |= s.points[i].at_infinity;
            for (int w = 0; w < words(); ++w) (is_above ? above : below)[w] |= mask(s, i)[w];
        }
        if (!is_through) {
            for (int w = 0; w < words(); ++w) above[w] &= below[w] & s.facets[w];
            add(above, !(is_above_infinite && is_below_infinite));
            figures_.facets += (s.single & s.cutting) != 0;
        }
        arena_.release(mark);
        return !is_through;
    }

    // Count the sections of a section: of each row, with the rows before it.
    void divide(Section& s) {
        Crossings& crossings = levels_[s.dim];
        edges_.find(s, crossings.edges);
        crossings.sort(s);
        const std::uint64_t distinct = without_coinciding(s, crossings);
        std::uint64_t before = 0;
        for (int k = 0; k < crossings.num_cutting; ++k) {
            const int row = crossings.order[k];
            if (!(distinct >> row & 1)) continue;
            if (is_over()) return;
            const std::int64_t so_far = figures_.regions;
            restrict_to(s, crossings, row, before);
            if (s.single >> row & 1) figures_.facets += figures_.regions - so_far;
            before |= bit(row);
        }
    }

    // The rows without those that vanish where one before vanishes. What several hyperplanes share has been there before
    // the last of them came, so on it no facet is divided; but rows that coincide on the whole cell are one hyperplane.
    std::uint64_t without_coinciding(Section& s, const Crossings& crossings) {
        std::uint64_t distinct = 0;
        for (int k = 0; k < crossings.num_cutting; ++k) {
            const int row = crossings.order[k];
            int twin = -1;
            each_bit(crossings.common[row] & distinct, 0, [&](int other) {
                if (twin < 0 && crossings.common[other] >> row & 1 && coincide(s, crossings, row, other)) twin = other;
            });
            if (twin < 0)
                distinct |= bit(row);
            else if (s.parent)
                s.single &= ~bit(twin);
        }
        return distinct;
    }

    // Whether two rows that cross the same edges cross them in the same points.
    bool coincide(const Section& s, const Crossings& crossings, int row, int other) {
        for (int e = crossings.begin[row]; e < crossings.begin[row + 1]; ++e) {
            const auto [above, below] = crossings.by_row[e];
            const Mixture at = Mixture::of(s, row, above, below);
            const double va = s.value(above, other), vb = s.value(below, other);
            if (std::fabs(at.value(va, vb)) > at.error(va, vb, s.error(above, other), s.error(below, other))) return false;
            const auto mark = arena_.mark();
            Section point = Section::allocate(arena_, 1, 1, words());
            point.parent = &s, point.cut = row, point.number = &other;
            point.append(above, below, false);
            const int sign = exact_.sign(point, 0, 0);
            exact_.forget(point);
            arena_.release(mark);
            if (sign) return false;
        }
        return true;
    }

    // The section by a row, with the rows of `before` that cut it, and all that lies on it.
    void restrict_to(const Section& s, const Crossings& crossings, int row, std::uint64_t before) {
        std::uint64_t positive = 0, negative = 0, zero = 0;
        bool is_bounded = true, is_through = false;
        int count = 0;
        const auto mark = arena_.mark();
        std::uint64_t* facets = arena_.take<std::uint64_t>(words());
        for (int w = 0; w < words(); ++w) facets[w] = 0;
        const auto see = [&](int a, int b) {
            const std::uint64_t p = s.points[a].positive | s.points[b].positive;
            const std::uint64_t n = s.points[a].negative | s.points[b].negative;
            positive |= p, negative |= n, zero |= ~(p | n);
            is_bounded = is_bounded && !(s.points[a].at_infinity && s.points[b].at_infinity);
            for (int w = 0; w < words(); ++w) facets[w] |= mask(s, a)[w] & mask(s, b)[w];
            ++count;
        };
        for (int e = crossings.begin[row]; e < crossings.begin[row + 1]; ++e)
            see(crossings.by_row[e].above, crossings.by_row[e].below);
        for (const int i : crossings.zeros)
            if (crossings.zeros_at(s, i) >> row & 1) see(i, i), is_through = true;
        const bool is_special = is_through || zero & before;
        const std::uint64_t open = is_special ? before : positive & negative & before;
        if (!is_special && !open) {
            for (int w = 0; w < words(); ++w) facets[w] &= s.facets[w];
            add(facets, is_bounded);
        } else {
            Section part = cut(s, crossings, row, open, count);
            for (int w = 0; w < words(); ++w) part.facets[w] = facets[w] & s.facets[w];
            close(s, part, is_special);
            add(part);
            go_on(part);
            exact_.forget(part);
        }
        arena_.release(mark);
    }

    // The section by a row, of `count` generators, with the values of `rows` there.
    Section cut(const Section& s, const Crossings& crossings, int row, std::uint64_t rows, int count) {
        const int num_rows = __builtin_popcountll(rows);
        Section part = Section::allocate(arena_, count, num_rows, words());
        part.parent = &s, part.cut = row, part.dim = s.dim - 1;
        int* number = arena_.take<int>(part.stride);
        part.number = number;
        int k = 0;
        each_bit(rows, 0, [&](int old) { number[k++] = old; });
        for (; k < part.stride; ++k) number[k] = row;  // filling: computed with, never looked at
        for (int e = crossings.begin[row]; e < crossings.begin[row + 1]; ++e) {
            const auto [above, below] = crossings.by_row[e];
            part.append(above, below, s.points[above].at_infinity && s.points[below].at_infinity);
            mix_values(s, part, row);
        }
        for (const int i : crossings.zeros) {
            if (!(crossings.zeros_at(s, i) >> row & 1)) continue;
            part.append(i, -1, s.points[i].at_infinity);
            take_values(s, part, rows);
        }
        oracle_.statistics.decisions += static_cast<std::int64_t>(count) * num_rows;
        return part;
    }

    // Values and signs at the last generator of a section, a new one.
    void mix_values(const Section& s, Section& part, int row) {
        const int i = part.count - 1;
        SectionPoint& point = part.points[i];
        for (int w = 0; w < words(); ++w) mask(part, i)[w] = mask(s, point.above)[w] & mask(s, point.below)[w];
        if (!part.num_rows) return;
        const Mixture at = Mixture::of(s, row, point.above, point.below);
        const double *from_above = s.values_at(point.above), *from_below = s.values_at(point.below);
        double* values = part.values_at(i);
        const Four wa = Four::all(at.above), wb = Four::all(at.below), shift = Four::all(at.shift);
        const Four rounding = Four::all(8 * kUnitRoundoff), slack = Four::all(1 + 0x1p-20);
        for (int k = 0; k < part.num_rows; k += 4) {
            const Four va = Four::gather(from_above, part.number + k), vb = Four::gather(from_below, part.number + k);
            const Four ea = Four::gather(from_above + s.stride, part.number + k);
            const Four eb = Four::gather(from_below + s.stride, part.number + k);
            const Four value = multiply_add(va, wa, vb * wb);
            const Four size = multiply_add(magnitude(va), wa, magnitude(vb) * wb);
            const Four error = multiply_add(ea, wa, eb * wb);
            const Four moved = multiply_add(shift, magnitude(va - vb) + ea + eb, error);
            const Four bound = multiply_add(moved, slack, rounding * size);
            value.store(values + k);
            bound.store(values + part.stride + k);
            point.positive |= static_cast<std::uint64_t>(above(value, bound)) << k;
            point.negative |= static_cast<std::uint64_t>(below_minus(value, bound)) << k;
        }
        const std::uint64_t all = ~std::uint64_t{0} >> (64 - part.num_rows);
        point.positive &= all, point.negative &= all;
        const std::uint64_t open = all & ~(point.positive | point.negative);
        if (open) settle(s, part, i, open);
        if (audit_) audit(part, i);
    }

    // Signs that doubles leave open: the ends of the edge tell them unless they have opposite signs.
    void settle(const Section& s, Section& part, int i, std::uint64_t open) {
        SectionPoint& point = part.points[i];
        each_bit(open, 0, [&](int k) {
            const int a = s.sign(point.above, part.number[k]), b = s.sign(point.below, part.number[k]);
            const int sign = a * b < 0 ? exact_.sign(part, i, k) : a ? a : b;
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
        for (int k = 0; k < part.num_rows; ++k) {
            part.values_at(i)[k] = s.value(point.above, part.number[k]);
            part.values_at(i)[part.stride + k] = s.error(point.above, part.number[k]);
        }
        point.positive = extract_bits(s.points[point.above].positive, rows);
        point.negative = extract_bits(s.points[point.above].negative, rows);
        if (audit_) audit(part, i);
    }

    void audit(const Section& s, int i) {
        for (int k = 0; k < s.num_rows; ++k)
            if (exact_.truth(s, i, k) != s.sign(i, k))
                throw ContradictionError("the sign of a row on a section is not what the integers say");
    }

    // Which rows cut a section, and on which facets of the cell it has a facet of its own.
    void close(const Section& s, Section& part, bool is_special) {
        std::uint64_t positive = 0, negative = 0, zero = 0;
        for (int i = 0; i < part.count; ++i) {
            positive |= part.points[i].positive, negative |= part.points[i].negative;
            zero |= ~(part.points[i].positive | part.points[i].negative);
        }
        part.cutting = positive & negative;
        part.single = extract_single(s, part);
        const std::uint64_t all = part.num_rows ? ~std::uint64_t{0} >> (64 - part.num_rows) : 0;
        if (!is_special && !(zero & all)) return;
        std::uint64_t* shared = arena_.take<std::uint64_t>(words());
        for (int w = 0; w < words(); ++w)
            each_bit(part.facets[w], 64 * w, [&](int slot) {
                if (!is_own_facet(part, slot, all, shared)) part.facets[w] &= ~bit(slot % 64);
            });
    }

    std::uint64_t extract_single(const Section& s, const Section& part) const {
        std::uint64_t single = 0;
        for (int k = 0; k < part.num_rows; ++k) single |= (s.single >> part.number[k] & 1) << k;
        return single;
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

    // -- segments ----------------------------------------------------------------------------------------

    struct Cut {
        double at, error;
        int row;
    };

    // Count the points in which rows cut a segment.
    void add_points(const Section& s) {
        Cut cuts[kMaxCutting];
        int count = 0;
        each_bit(s.cutting, 0, [&](int row) {
            const Cut cut = cut_of(s, row);
            int at = count++;
            for (; at > 0 && cuts[at - 1].at > cut.at; --at) cuts[at] = cuts[at - 1];
            cuts[at] = cut;
        });
        for (int begin = 0, end; begin < count; begin = end) {  // a run of points that doubles do not part
            double reach = cuts[begin].at + cuts[begin].error;
            for (end = begin + 1; end < count && !(cuts[end].at - cuts[end].error > reach); ++end)
                reach = std::max(reach, cuts[end].at + cuts[end].error);
            if (end == begin + 1)
                add_point(s.single >> cuts[begin].row & 1);
            else
                add_run(s, cuts + begin, end - begin);
        }
    }

    void add_point(bool is_single) {
        ++figures_.regions;
        ++figures_.bounded;
        figures_.facets += is_single;
    }

    // Where a row vanishes, as a part of the segment from its first end to its second, and how far that may be off.
    static Cut cut_of(const Section& s, int row) {
        const double a = s.value(0, row), b = s.value(1, row), da = s.error(0, row), db = s.error(1, row);
        if (!(std::fabs(a) > 4 * da) || !(std::fabs(b) > 4 * db)) return {0.5, 1, row};
        const double inverse = 1 / (a - b), at = a * inverse;
        const double error = (std::fabs(b) * da + std::fabs(a) * db) * inverse * inverse * 1.4 + 8 * kUnitRoundoff;
        return {at, error, row};
    }

    void add_run(const Section& s, const Cut* cuts, int count) {
        std::uint64_t done = 0;
        for (int i = 0; i < count; ++i) {
            if (done >> i & 1) continue;
            int same = 1;
            for (int j = i + 1; j < count; ++j)
                if (!(done >> j & 1) && exact_.meet(s, cuts[i].row, cuts[j].row)) done |= bit(j), ++same;
            add_point(same == 1 ? s.single >> cuts[i].row & 1 : !s.parent);
        }
    }

    static constexpr double kMostRegions = 1 << 22;

    int coordinates_, words_;
    Predicate<D_, W>& oracle_;
    Arena& arena_;
    const std::atomic<bool>& stop_;
    bool audit_;
    SectionEdges<W> edges_;
    ExactSections<D_, W> exact_;
    std::vector<Crossings> levels_;  // [dimension]
    CellFigures figures_;
    std::int64_t most_ = 0;
};

}  // namespace relureg
