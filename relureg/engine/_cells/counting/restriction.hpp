// Deletion and restriction on the sections of a cell: what each of them parts off, down to points of segments.
#pragma once

#include <utility>
#include <vector>

#include "polygon.hpp"
#include "section_maker.hpp"
#include "section_sides.hpp"
#include "segment.hpp"

namespace relureg {

// What lies in one cell.
struct CellFigures {
    std::int64_t regions = 0, bounded = 0;
    std::int64_t facets = 0;            // on hyperplanes of the last stage
    std::vector<std::int64_t> pieces;   // [slot]: parts into which they cut that facet of the cell

    bool operator==(const CellFigures& o) const {
        return regions == o.regions && bounded == o.bounded && facets == o.facets && pieces == o.pieces;
    }
    void operator+=(const CellFigures& o) {
        regions += o.regions, bounded += o.bounded, facets += o.facets;
        for (std::size_t i = 0; i < pieces.size(); ++i) pieces[i] += o.pieces[i];
    }
};

template <int D_, int W>
class SectionCounter {
    using Mask = Bits<W>;

  public:
    SectionCounter(int coordinates, int words, Predicate<D_, W>& oracle, Arena& arena, const std::atomic<bool>& stop,
                   bool audit)
        : words_(words), oracle_(oracle), arena_(arena), stop_(stop), edges_(words, stop), exact_(coordinates, oracle),
          maker_(words, oracle, exact_, arena, audit), segments_(exact_), audit_(audit), levels_(coordinates) {}

    // Count a cell, held as a section by nothing, that rows with these units cut. Stops beyond `most` regions; then,
    // and when the run stops, the figures are lower bounds.
    void count(Cell& cell, const Context& context, const int* unit, Section& s, std::int64_t most,
               CellFigures& figures) {
        figures_ = &figures, most_ = most;
        exact_.begin(cell, context, unit);
        add(s);
        go_on(s);
    }

  private:
    int words() const { return W ? W : words_; }
    std::uint64_t* mask(const Section& s, int i) const { return s.masks + static_cast<std::size_t>(i) * words(); }

    bool is_over() const { return figures_->regions > most_ || stop_.load(std::memory_order_relaxed); }

    // Count the section itself: one region more, and the parts of facets that it parts off.
    void add(const Section& s) {
        bool is_bounded = true;
        for (int i = 0; i < s.count; ++i) is_bounded = is_bounded && !s.points[i].at_infinity;
        add(s.facets, is_bounded);
    }

    void add(const std::uint64_t* facets, bool is_bounded) {
        ++figures_->regions;
        figures_->bounded += is_bounded;
        Mask::each(facets, words(), [&](int slot) { ++figures_->pieces[slot]; });
    }

    void go_on(Section& s) {
        if (!s.cutting) return;
        if (s.dim == 1)
            segments_.each_point(s, [&](bool is_single) {
                ++figures_->regions;
                ++figures_->bounded;
                figures_->facets += is_single;
            });
        else if (!(s.cutting & (s.cutting - 1)))
            add_only_section(s, __builtin_ctzll(s.cutting));
        else if (s.dim == 2 && words() == 1 && polygon_.count(s, oracle_.statistics))
            audit_ ? audit_polygon(s) : add_polygon(s);
        else
            go_on_with_sections(s);
    }

    void go_on_with_sections(Section& s) {
        if (__builtin_popcountll(s.cutting) == 2)
            divide_by_two(s);
        else
            divide(s);
    }

    // Where one row alone cuts, its section is one region more, and need not be made. A facet that it cuts lies on no
    // other one there: that would contain points from within the facet, and so all of it.
    void add_only_section(const Section& s, int row) {
        const auto mark = arena_.mark();
        SectionSides sides = SectionSides::begin(arena_, words());
        for (int i = 0; i < s.count; ++i) sides.see(s.sign(i, row), s.points[i].at_infinity, mask(s, i), words());
        for (int w = 0; w < words(); ++w) sides.above[w] &= sides.below[w] & s.facets[w];
        add(sides.above, sides.is_cut_bounded());
        figures_->facets += s.single >> row & 1;
        arena_.release(mark);
    }

    // A polygon whose chords are known: each chord has its ends on two facets, if these are facets of the polygon.
    void add_polygon(const Section& s) {
        figures_->regions += polygon_.regions;
        figures_->bounded += polygon_.bounded;
        figures_->facets += polygon_.facets;
        for (int k = 0; k < polygon_.num_corners; ++k)
            if (polygon_.wall[k] & *s.facets)
                figures_->pieces[__builtin_ctzll(polygon_.wall[k])] += __builtin_popcountll(polygon_.crossing[k]);
    }

    // The sections of a polygon, where integers decide every sign, make of it what the order of chord ends does.
    void audit_polygon(Section& s) {
        const Statistics statistics = oracle_.statistics;
        CellFigures* const figures = figures_;
        CellFigures by_order, by_sections;
        by_order.pieces.resize(figures->pieces.size()), by_sections.pieces = by_order.pieces;
        figures_ = &by_order;
        add_polygon(s);
        figures_ = &by_sections;
        go_on_with_sections(s);
        figures_ = figures;
        oracle_.statistics = statistics;
        if (!stop_.load(std::memory_order_relaxed) && by_sections.regions <= most_ && !(by_order == by_sections))
            throw ContradictionError("a polygon has other parts by the order of its chords' ends than by sections");
        *figures += by_sections;
    }

    // Two rows: of the first one's section nothing is asked, so only the edges that the other one crosses are found.
    void divide_by_two(Section& s) {
        int first = __builtin_ctzll(s.cutting), second = __builtin_ctzll(s.cutting & (s.cutting - 1));
        if (num_pairs(s, first) < num_pairs(s, second)) std::swap(first, second);
        Crossings& crossings = levels_[s.dim];
        crossings.edges.clear();
        edges_.find_across(s, second, crossings.edges);
        crossings.take(s, second);
        if (crossings.may_coincide(s, second, first) && coincide(s, crossings, second, first))
            drop_twin(s, first);
        else
            count_section(s, crossings, second, bit(first));
        add_only_section(s, first);
    }

    // Generators on one side of a row times those on the other: among these are the edges that it crosses.
    static int num_pairs(const Section& s, int row) {
        int positive = 0, negative = 0;
        for (int i = 0; i < s.count; ++i)
            positive += s.points[i].positive >> row & 1, negative += s.points[i].negative >> row & 1;
        return positive * negative;
    }

    // Count the sections of a section: of each row, with the rows before it.
    void divide(Section& s) {
        Crossings& crossings = levels_[s.dim];
        crossings.edges.clear();
        edges_.find(s, crossings.edges);
        crossings.sort(s);
        const std::uint64_t distinct = without_coinciding(s, crossings);
        std::uint64_t before = 0;
        for (int k = 0; k < crossings.num_cutting && !is_over(); ++k) {
            const int row = crossings.order[k];
            if (!(distinct >> row & 1)) continue;
            if (before)
                count_section(s, crossings, row, before);
            else
                add_only_section(s, row);
            before |= bit(row);
        }
    }

    void count_section(const Section& s, const Crossings& crossings, int row, std::uint64_t before) {
        const std::int64_t so_far = figures_->regions;
        restrict_to(s, crossings, row, before);
        if (s.single >> row & 1) figures_->facets += figures_->regions - so_far;
    }

    // The rows without those that vanish where one before vanishes.
    std::uint64_t without_coinciding(Section& s, const Crossings& crossings) {
        std::uint64_t distinct = 0;
        for (int k = 0; k < crossings.num_cutting; ++k) {
            const int row = crossings.order[k];
            int twin = -1;
            each_bit(distinct, 0, [&](int other) {
                if (twin < 0 && crossings.cross_the_same(row, other) && crossings.may_coincide(s, row, other) &&
                    coincide(s, crossings, row, other))
                    twin = other;
            });
            if (twin < 0)
                distinct |= bit(row);
            else
                drop_twin(s, twin);
        }
        return distinct;
    }

    // A row is dropped that coincides with another one. What several hyperplanes share has been there before the last
    // of them came, so on it no facet is divided; rows that coincide on the whole cell are one hyperplane.
    static void drop_twin(Section& s, int twin) {
        if (s.parent) s.single &= ~bit(twin);
    }

    // Whether two rows that cross the same edges cross them in the same points.
    bool coincide(const Section& s, const Crossings& crossings, int row, int other) {
        bool do_coincide = true;
        crossings.each_edge(row, [&](int e) {
            if (!do_coincide) return;
            const auto [above, below] = Crossings::oriented(s, row, crossings.edges[e]);
            do_coincide = !sign_on_edge(s, row, other, above, below) && !exact_sign(s, row, other, above, below);
        });
        return do_coincide;
    }

    // The sign of a row where another one crosses an edge, by integers.
    int exact_sign(const Section& s, int row, int other, int above, int below) {
        const auto mark = arena_.mark();
        Section point = Section::allocate(arena_, 1, 1, words());
        point.parent = &s, point.cut = row, point.number = &other, point.rows = 1;
        point.append(above, below, false);
        ++oracle_.statistics.decisions;
        const int sign = exact_.sign(point, 0, 0);
        exact_.forget(point);
        arena_.release(mark);
        return sign;
    }

    // Visit the generators of the section by a row: the ends of edges that it crosses, and generators that lie on it.
    template <class Visit>
    static void each_generator(const Section& s, const Crossings& crossings, int row, Visit visit) {
        crossings.each_edge(row, [&](int e) { visit(crossings.edges[e].above, crossings.edges[e].below); });
        for (const int i : crossings.zeros)
            if (crossings.zeros_at(s, i) >> row & 1) visit(i, i);
    }

    // The section by a row, as far as the ends of the edges tell that it crosses.
    struct Outline {
        std::uint64_t open;     // rows that may cut it
        std::uint64_t* facets;  // that contain one of its own, or do for certain where `is_settled`
        bool is_bounded, is_special, is_settled;
        int count;  // of generators
    };

    // The section by a row, with the rows of `before` that cut it, and all that lies on it.
    void restrict_to(const Section& s, const Crossings& crossings, int row, std::uint64_t before) {
        const auto mark = arena_.mark();
        const bool is_plain = words() == 1 && crossings.zeros.empty();
        const Outline o = is_plain ? plain_outline(s, crossings, row, before) : outline(s, crossings, row, before);
        if (o.is_settled && !o.open) {
            add(o.facets, o.is_bounded);
        } else if (!o.is_settled || o.open & (o.open - 1) || !add_with_one(s, crossings, row, o)) {
            Section part = maker_.cut(s, crossings, row, o.open, o.count);
            std::copy_n(o.facets, words(), part.facets);
            maker_.close(part, o.is_special);
            add(part.facets, o.is_bounded);
            go_on(part);
            exact_.forget(part);
        }
        arena_.release(mark);
    }

    // Where no row vanishes at a generator.
    Outline plain_outline(const Section& s, const Crossings& crossings, int row, std::uint64_t before) {
        EdgeEnds all{0, 0, 0, 0};
        crossings.each_edge(row, [&](int e) { all |= crossings.ends[e]; });
        auto* facets = arena_.take<std::uint64_t>(1);
        *facets = all.facets & *s.facets;
        const std::uint64_t open = all.positive & all.negative & before;
        return {open, facets, !all.at_infinity, false, true, crossings.count(row)};
    }

    Outline outline(const Section& s, const Crossings& crossings, int row, std::uint64_t before) {
        std::uint64_t positive = 0, negative = 0, zero = 0, is_through = 0;
        bool is_bounded = true;
        int count = 0;
        std::uint64_t* facets = arena_.take<std::uint64_t>(2 * static_cast<std::size_t>(words()));
        std::uint64_t* own = facets + words();  // no other facet, nor a row, contains them on the section
        std::fill_n(facets, 2 * words(), std::uint64_t{0});
        each_generator(s, crossings, row, [&](int a, int b) {
            const std::uint64_t p = s.points[a].positive | s.points[b].positive;
            const std::uint64_t n = s.points[a].negative | s.points[b].negative;
            positive |= p, negative |= n, zero |= ~(p | n);
            is_through |= a == b;
            is_bounded = is_bounded && !(s.points[a].at_infinity && s.points[b].at_infinity);
            const bool is_simple = !(before & ~(p | n)) && num_common(s, a, b) == s.dim - 1;
            for (int w = 0; w < words(); ++w) {
                facets[w] |= mask(s, a)[w] & mask(s, b)[w];
                if (is_simple) own[w] |= mask(s, a)[w] & mask(s, b)[w];
            }
            ++count;
        });
        const bool is_special = is_through || zero & before;
        bool is_settled = true;
        for (int w = 0; w < words(); ++w) {
            facets[w] &= s.facets[w];
            is_settled = is_settled && (!is_special || !(facets[w] & ~own[w]));
        }
        const std::uint64_t open = ((positive & negative) | zero) & before;
        return {open, facets, is_bounded, is_special, is_settled, count};
    }

    int num_common(const Section& s, int a, int b) const {
        int count = 0;
        for (int w = 0; w < words(); ++w) count += __builtin_popcountll(mask(s, a)[w] & mask(s, b)[w]);
        return count;
    }

    // A section that no more than one other row cuts, and what that parts off, from signs alone. False where doubles do
    // not tell the sign of a value that is asked for.
    bool add_with_one(const Section& s, const Crossings& crossings, int row, const Outline& o) {
        const int other = __builtin_ctzll(o.open);
        SectionSides sides = SectionSides::begin(arena_, words());
        if (audit_ || (!see_values(s, crossings, row, other, sides) && !see_signs(s, crossings, row, other, sides)))
            return false;
        oracle_.statistics.decisions += crossings.count(row);
        add(o.facets, o.is_bounded);
        if (!sides.is_above || !sides.is_below) return true;
        for (int w = 0; w < words(); ++w) sides.above[w] &= sides.below[w] & o.facets[w];
        add(sides.above, sides.is_cut_bounded());
        figures_->facets += s.single >> other & 1;
        return true;
    }

    // What lies on either side of `other` on the section by `row`: from all values, without a branch. False where one
    // of them is too close to 0, or a generator of the section is one of its parent's.
    bool see_values(const Section& s, const Crossings& crossings, int row, int other, SectionSides& sides) {
        if (words() != 1 || !crossings.zeros.empty()) return false;
        bool is_known = true;
        crossings.each_edge(row, [&](int e) {
            const auto [above, below] = Crossings::oriented(s, row, crossings.edges[e]);
            const int sign = sign_on_edge(s, row, other, above, below);
            is_known &= sign != 0;
            sides.see(sign, crossings.ends[e].at_infinity, &crossings.ends[e].facets, 1);
        });
        if (!is_known) sides.clear(1);
        return is_known;
    }

    // The same in general. Only where the ends of an edge have opposite signs is a value asked for.
    bool see_signs(const Section& s, const Crossings& crossings, int row, int other, SectionSides& sides) {
        bool is_known = true;
        each_generator(s, crossings, row, [&](int a, int b) {
            if (!is_known) return;
            const int at_a = s.sign(a, other), at_b = s.sign(b, other);
            const bool is_open = at_a * at_b < 0;
            const auto [above, below] = Crossings::oriented(s, row, {a, b});
            const int sign = is_open ? sign_on_edge(s, row, other, above, below) : at_a ? at_a : at_b;
            is_known = sign || !is_open;
            sides.see_between(sign, s.points[a].at_infinity && s.points[b].at_infinity, mask(s, a), mask(s, b),
                              words());
        });
        return is_known;
    }

    int words_;
    Predicate<D_, W>& oracle_;
    Arena& arena_;
    const std::atomic<bool>& stop_;
    SectionEdges<W> edges_;
    ExactSections<D_, W> exact_;
    SectionMaker<D_, W> maker_;
    SegmentCutter<D_, W> segments_;
    bool audit_;
    Polygon polygon_;
    std::vector<Crossings> levels_;  // [dimension]
    CellFigures* figures_ = nullptr;
    std::int64_t most_ = 0;
};

}  // namespace relureg
