// The last stage in one cell: counted, and in some cells searched as well, to compare.
#pragma once

#include <string>

#include "../cells/cuts.hpp"
#include "../counting/arrangement.hpp"
#include "../counting/counting.hpp"
#include "comparison.hpp"
#include "search_state.hpp"

namespace relureg {

template <int D_, int W>
class LastStage {
    using Mask = Bits<W>;

  public:
    explicit LastStage(SearchState<D_, W>& state)
        : state_(state), counter_(state.network.dim + 1, state.num_words, state.oracle, state.arena, state.control.stop,
                                  state.options.audit),
          arrangements_(state.oracle, state.control.stop, state.options.audit) {}

    // Whether a cell that the candidates of `cut` cut is counted as it is; else it is split first.
    bool is_to_count(const Cell& cell, const Context& context, const Candidates& candidates, const std::uint64_t* cut,
                     int depth) const {
        if (!state_.counts(context) || state_.is_comparing || !state_.is_own(depth)) return false;
        const double most = state_.sampler.is_probe() ? kSmallCell : kMostRegions;
        const int rows = num_bits(cut, candidates.words()), dim = state_.network.dim;
        if (is_whole_space(cell)) return ArrangementCounter<D_, W>::fits(rows, dim);
        return !cell.lines.count && CellCounter<D_, W>::fits(rows, dim, most);
    }

    // Count what the candidates of `cut` make of a cell. Each part into which they cut a facet of it is a facet of the
    // complex. From either side of a wall the parts are as many, so that the sum over all sides is zero here as well.
    // `search` splits the cell and goes on to its regions.
    template <class Search>
    void count(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs,
               const std::uint64_t* cut, Hash hash, Search search) {
        SearchState<D_, W>& s = state_;
        const auto mark = s.arena.mark();
        const CellFigures& figures = figures_of(cell, context, candidates, signs, cut);
        s.open.add_work(figures.regions / kRegionsPerNode);
        const bool is_whole = !s.control.stop.load(std::memory_order_relaxed);
        const std::int64_t regions = s.tally.claim_regions(figures.regions);
        s.result->per_stage[context.stage] += regions;
        const std::int64_t bounded = std::min(figures.bounded, regions);
        s.result->bounded += bounded;
        // Flats tell bounded regions in the end only; cells, section by section.
        if (is_whole_space(cell) && !(is_whole && regions == figures.regions))
            s.result->unclassified += regions - bounded;
        ++s.result->counted_cells;
        s.result->facet_sides += 2 * figures.facets;
        s.result->unsummed_sides += 2 * figures.facets;
        std::int64_t inner = 2 * figures.facets, boundary = 0;
        Mask::each(cell.alive, s.words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!facet.context) return;
            const std::int64_t pieces = figures.pieces[slot];
            (facet.on_boundary ? boundary : inner) += pieces;
            if (!facet.on_boundary) s.tally.add_sides(key_of(facet, context, hash), facet.side, pieces);
        });
        s.result->boundary_facets += boundary;
        s.advance();
        if (is_whole && !s.sampler.is_on() &&
            (s.options.audit || is_to_compare(s.path, figures.regions, hash, context.data->first_unit, s.hash_words)))
            compare({figures.regions, figures.bounded, inner, boundary}, search);
        s.arena.release(mark);
    }

  private:
    bool is_whole_space(const Cell& cell) const { return cell.lines.count && cell.lines.count == state_.network.dim; }

    const CellFigures& figures_of(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs,
                                  const std::uint64_t* cut) {
        if (!cell.lines.count && num_bits(cut, candidates.words()) <= 1) {
            int row = -1;
            for (int w = 0; w < candidates.words(); ++w) each_bit(cut[w], 64 * w, [&](int k) { row = k; });
            return counter_.count_few(cell, signs, row);
        }
        const Candidates cutting = Candidates::subset(candidates, cut, state_.D(), state_.arena);
        if (is_whole_space(cell)) return whole_space(context, cutting);
        Signs their_signs = Signs::allocate(state_.arena, cell.generators.count, cutting.words());
        for (int i = 0; i < cell.generators.count; ++i) their_signs.inherit(signs, i, cut);
        return counter_.count(cell, context, cutting, their_signs, state_.tally.room());
    }

    // The whole space has no facets, and the one slot of infinity.
    const CellFigures& whole_space(const Context& context, const Candidates& rows) {
        const ArrangementFigures found = arrangements_.count(context, rows, state_.network.dim, state_.tally.room());
        whole_space_ = {found.regions, found.bounded, found.facets, {0}};
        return whole_space_;
    }

    // A facet between cells that the last stage itself has parted has its unit's name; all parts of it add up.
    Hash key_of(const Facet& facet, const Context& context, Hash hash) const {
        if (facet.context != &context) return hash ^ facet.to_key;
        return hash ^ state_.hash_words.of(context.data->first_unit + facet.local_unit, 0);
    }

    // Search a cell that has been counted, and compare.
    template <class Search>
    void compare(const CellTotals& counted, Search search) {
        SearchState<D_, W>& s = state_;
        Result found;
        found.per_stage.assign(s.network.stages.size(), 0);
        Result* const result = s.result;
        const Statistics statistics = s.oracle.statistics;
        s.result = &found, s.is_comparing = true;
        s.tally.begin_comparison(found);
        bool is_complete = true;
        try {
            search();
        } catch (const TooManyFacetsError&) {
            if (s.options.audit) throw;
            is_complete = false;
        }
        s.result = result, s.is_comparing = false;
        s.tally.begin(*result);
        s.oracle.statistics = statistics;
        if (!is_complete || s.control.stop.load(std::memory_order_relaxed)) return;
        ++result->compared_cells;
        if (!(counted == CellTotals{found.regions, found.bounded, found.facet_sides, found.boundary_facets}))
            throw ContradictionError("a cell has " + std::to_string(counted.regions) +
                                     " regions by deletion and restriction, " + std::to_string(found.regions) +
                                     " by search, or other figures that differ");
    }

    SearchState<D_, W>& state_;
    CellCounter<D_, W> counter_;
    ArrangementCounter<D_, W> arrangements_;
    CellFigures whole_space_;
};

}  // namespace relureg
