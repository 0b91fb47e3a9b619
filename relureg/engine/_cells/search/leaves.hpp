// What a search adds up at its end: regions that it has reached, one by one.
#pragma once

#include "../cells/cuts.hpp"
#include "cell_facets.hpp"

namespace relureg {

template <int D_, int W>
class Leaves {
  public:
    explicit Leaves(SearchState<D_, W>& state) : state_(state), facets_(state) {}

    // The last cut of the last stage: its two regions are known without their generators.
    void add_both(const Cell& cell, const Context& context, int unit, const Parts& parts, Hash hash) {
        const int number = context.data->first_unit + unit;
        const bool bounded_on = is_bounded(cell.generators, parts.on);
        for (const int side : {-1, 1}) {
            const Part& own = side > 0 ? parts.above : parts.below;
            std::uint64_t* alive = state_.scratch_mask();
            facets_.gather(cell, own, alive);
            const bool bounded = bounded_on && is_bounded(cell.generators, own);
            if (!state_.tally.claim_region()) return;
            ++state_.result->per_stage[context.stage];
            state_.result->bounded += bounded;
            const Hash region = hash ^ state_.hash_words.of(number, side);
            state_.tally.balance(cell, alive, region);
            state_.tally.add_side(region ^ state_.hash_words.to_zero(number, side), side);
        }
        state_.advance();
    }

    // `context` is that of the last stage; null where the network has none.
    void add(Cell& cell, const Context* context, Hash hash) {
        if (state_.path.size() < state_.prefix->size() || !state_.tally.claim_region()) return;
        bool bounded = true;
        for (int i = 0; i < cell.generators.count; ++i) bounded = bounded && !cell.generators.tags(i).at_infinity;
        Result& result = *state_.result;
        if (context) ++result.per_stage[context->stage];
        result.bounded += bounded;
        state_.tally.balance(cell, cell.alive, hash);
        if (state_.options.records) state_.recorder.record(cell, bounded, result.records);
        if (state_.options.generators)
            state_.recorder.record_generators(cell, context, state_.rows, state_.arena, result.records);
        hand_over_if_full(state_.options, state_.control, result);
        state_.advance();
    }

  private:
    SearchState<D_, W>& state_;
    CellFacets<D_, W> facets_;
};

}  // namespace relureg
