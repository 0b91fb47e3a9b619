// Counting the regions of the last stage in a cell without visiting them: by deletion and restriction.
#pragma once

#include <vector>

#include "searcher.hpp"
#include "section_maker.hpp"
#include "segment.hpp"

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
    CellCounter(int coordinates, int words, Predicate<D_, W>& oracle, Arena& arena, const std::atomic<bool>& stop,
                bool audit)
        : coordinates_(coordinates), words_(words), oracle_(oracle), arena_(arena), stop_(stop), edges_(words, stop),
          exact_(coordinates, oracle), maker_(words, oracle, exact_, arena, audit), segments_(exact_),
          levels_(coordinates) {}

    // Whether a cell of that many dimensions is counted as it is, rather than cut in two first. A cell that is counted
    // is never left to others, so it must not take longer than a part of a second.
    static bool fits(int rows, int dim, double most_regions) {
        if (rows > kMaxCutting || rows == kFew) return false;
        double most = 1, term = 1;  // regions of so many hyperplanes in general position
        for (int i = 1; i <= std::min(rows, dim); ++i) most += term = term * (rows - i + 1) / i;
        return most <= most_regions;
    }

    // Count in a pointed cell that `rows` cut, with their signs at its generators. Stops beyond `most` regions; then,
    // and when the run stops, the figures are lower bounds.
    const CellFigures& count(Cell& cell, const Context& context, const Candidates& rows, const Signs& signs,
                             std::int64_t most) {
        figures_.regions = figures_.bounded = figures_.facets = 0;
        figures_.pieces.assign(cell.num_slots, 0);
        most_ = most;
        const auto mark = arena_.mark();
        exact_.begin(cell, context, rows.unit);
        Section s = section_of(cell, context, rows, signs);
        add(s);
        go_on(s);
        arena_.release(mark);
        return figures_;
    }

    // The same at once in a cell that no row cuts (-1) or one alone, straight from its signs: a facet, and what lies at
    // infinity, is cut where generators on it have both signs. Null where the row vanishes at a generator.
    const CellFigures* count_few(const Cell& cell, const Signs& signs, int row) {
        const auto mark = arena_.mark();
        std::uint64_t* above = arena_.take<std::uint64_t>(2 * static_cast<std::size_t>(words()));
        std::uint64_t* below = above + words();
        std::fill_n(above, 2 * words(), std::uint64_t{0});
        arena_.release(mark);
        bool is_above_infinite = false, is_below_infinite = false;
        const Generators& g = cell.generators;
        for (int i = 0; i < g.count; ++i) {
            const int sign = row < 0 ? 1 : signs.of(i, row);
            if (!sign) return nullptr;
            (sign > 0 ? is_above_infinite : is_below_infinite) |= g.tags(i).at_infinity;
            for (int w = 0; w < words(); ++w) (sign > 0 ? above : below)[w] |= g.incident(i)[w];
        }
        const bool is_cut = row >= 0;
        figures_.regions = 1 + is_cut, figures_.facets = is_cut;
        figures_.bounded = !(is_above_infinite || is_below_infinite);
        figures_.bounded += is_cut && !(is_above_infinite && is_below_infinite);
        figures_.pieces.assign(cell.num_slots, 1);
        for (int w = 0; w < words(); ++w)
            each_bit(above[w] & below[w], 64 * w, [&](int slot) { ++figures_.pieces[slot]; });
        return &figures_;
    }

  private:
    // Two rows: the section costs more than to cut the cell and count its parts at once.
    static constexpr int kFew = 2;

    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }
    std::uint64_t* mask(const Section& s, int i) const { return s.masks + static_cast<std::size_t>(i) * words(); }

    bool is_over() const { return figures_.regions > most_ || stop_.load(std::memory_order_relaxed); }

    // The cell itself, as a section by nothing.
    Section section_of(Cell& cell, const Context& context, const Candidates& rows, const Signs& signs) {
        constexpr double kPoor = 1e-8;  // from here on better bounds pay: fewer signs are left to integers
        Generators& g = cell.generators;
        Section s = Section::allocate(arena_, g.count, rows.count, words());
        s.dim = D() - 1;
        s.cutting = s.single = rows.mask(0);
        for (int i = 0; i < g.count; ++i) {
            if (rows.count > 1 && g.tags(i).eps > kPoor && !oracle_.refine(cell, i))
                oracle_.twofold_generator({cell, g}, i);
            s.append(i, -1, g.tags(i).at_infinity);
            std::copy_n(g.incident(i), words(), mask(s, i));
            if (!rows.count) continue;
            s.points[i].positive = signs.positive[i], s.points[i].negative = signs.negative[i];
            if (rows.count <= 1) continue;
            evaluate(g, i, rows, s.values_at(i));
            oracle_.improve_values({cell, g}, context, rows, i, signs.positive[i] | signs.negative[i], s.values_at(i));
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
        const std::size_t stride = rows.stride;
        const Four eps = Four::all(g.tags(i).eps);
        for (int k = 0; k < rows.stride; k += 4) {
            const double* row = rows.rows + k;
            Four value = Four::load(row) * Four::all(x[0]);
            for (int j = 1; j < D(); ++j) value = multiply_add(Four::load(row + j * stride), Four::all(x[j]), value);
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
            segments_.each_point(s, [&](bool is_single) {
                ++figures_.regions;
                ++figures_.bounded;
                figures_.facets += is_single;
            });
        else if (s.cutting & (s.cutting - 1) || !add_only_section(s))
            divide(s);
    }

    // Where one row alone cuts, its section is one region more, and need not be made: a facet, and what lies at
    // infinity, is cut where generators on it have both signs. False where the row vanishes at a generator.
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

    // The rows without those that vanish where one before vanishes. What several hyperplanes share has been there
    // before the last of them came, so on it no facet is divided; rows that coincide on the whole cell are one
    // hyperplane.
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
            const double ea = s.error(above, other), eb = s.error(below, other);
            if (std::fabs(at.value(va, vb)) > at.error(va, vb, ea, eb)) return false;
            const auto mark = arena_.mark();
            Section point = Section::allocate(arena_, 1, 1, words());
            point.parent = &s, point.cut = row, point.number = &other;
            point.append(above, below, false);
            ++oracle_.statistics.decisions;
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
            Section part = maker_.cut(s, crossings, row, open, count);
            for (int w = 0; w < words(); ++w) part.facets[w] = facets[w] & s.facets[w];
            maker_.close(s, part, is_special);
            add(part);
            go_on(part);
            exact_.forget(part);
        }
        arena_.release(mark);
    }

    int coordinates_, words_;
    Predicate<D_, W>& oracle_;
    Arena& arena_;
    const std::atomic<bool>& stop_;
    SectionEdges<W> edges_;
    ExactSections<D_, W> exact_;
    SectionMaker<D_, W> maker_;
    SegmentCutter<D_, W> segments_;
    std::vector<Crossings> levels_;  // [dimension]
    CellFigures figures_;
    std::int64_t most_ = 0;
};

}  // namespace relureg
