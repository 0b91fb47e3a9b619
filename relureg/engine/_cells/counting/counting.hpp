// Counting the regions of the last stage in a cell without visiting them: by deletion and restriction.
#pragma once

#include "../cells/cuts.hpp"
#include "cell_section.hpp"
#include "restriction.hpp"

namespace relureg {

template <int D_, int W>
class CellCounter {
  public:
    CellCounter(int coordinates, int words, Predicate<D_, W>& oracle, Arena& arena, const std::atomic<bool>& stop,
                bool audit)
        : words_(words), arena_(arena), whole_(coordinates, words, oracle, arena),
          sections_(coordinates, words, oracle, arena, stop, audit) {}

    // Whether a cell of that many dimensions is counted as it is, rather than cut in two first. A cell that is counted
    // is never left to others, so it must not take longer than a part of a second.
    static bool fits(int rows, int dim, double most) {
        return rows <= kMaxCutting && rows != kFew && most_regions(rows, dim) <= most;
    }

    // Count in a pointed cell that `rows` cut, with their signs at its generators. Stops beyond `most` regions; then,
    // and when the run stops, the figures are lower bounds.
    const CellFigures& count(Cell& cell, const Context& context, const Candidates& rows, const Signs& signs,
                             std::int64_t most) {
        figures_.regions = figures_.bounded = figures_.facets = 0;
        figures_.pieces.assign(cell.num_slots, 0);
        const auto mark = arena_.mark();
        Section s = whole_.of(cell, context, rows, signs);
        sections_.count(cell, context, rows.unit, s, most, figures_);
        arena_.release(mark);
        return figures_;
    }

    // The same at once in a cell that no row cuts (-1) or one alone, straight from its signs: a facet, and what lies at
    // infinity, is cut where generators on it have both signs.
    const CellFigures& count_few(const Cell& cell, const Signs& signs, int row) {
        const auto mark = arena_.mark();
        SectionSides sides = SectionSides::begin(arena_, words());
        const Generators& g = cell.generators;
        for (int i = 0; i < g.count; ++i)
            sides.see(row < 0 ? 1 : signs.of(i, row), g.tags(i).at_infinity, g.incident(i), words());
        const bool is_cut = row >= 0;
        figures_.regions = 1 + is_cut, figures_.facets = is_cut;
        figures_.bounded = !(sides.is_above_infinite || sides.is_below_infinite || sides.is_on_infinite);
        figures_.bounded += is_cut && sides.is_cut_bounded();
        figures_.pieces.assign(cell.num_slots, 1);
        for (int w = 0; w < words(); ++w)
            each_bit(sides.above[w] & sides.below[w], 64 * w, [&](int slot) { ++figures_.pieces[slot]; });
        arena_.release(mark);
        return figures_;
    }

  private:
    // Two rows: the section costs more than to cut the cell and count its parts at once.
    static constexpr int kFew = 2;

    int words() const { return W ? W : words_; }

    int words_;
    Arena& arena_;
    CellSection<D_, W> whole_;
    SectionCounter<D_, W> sections_;
    CellFigures figures_;
};

}  // namespace relureg
