// The facets of a cell and of the children that a cut makes of it: slots, keys, and what lies on them.
#pragma once

#include <algorithm>

#include "search_state.hpp"

namespace relureg {

template <int D_, int W>
class CellFacets {
    using Mask = Bits<W>;

  public:
    explicit CellFacets(SearchState<D_, W>& state) : state_(state) {}

    // The facets of a child: those of the cell with a generator strictly on its side, and the cut itself.
    int bound_child(const Cell& cell, const Context& context, int unit, int side, Cell& child, const Part& own) {
        child.alive = state_.arena.template take<std::uint64_t>(words());
        gather(cell, own, child.alive);
        return add_cut(cell, context, unit, side, child);
    }

    // The facets of a cell that contain one of the generators.
    void gather(const Cell& cell, const Part& part, std::uint64_t* facets) const {
        for (int w = 0; w < words(); ++w) facets[w] = 0;
        for (const int i : part)
            for (int w = 0; w < words(); ++w) facets[w] |= cell.generators.incident(i)[w];
        for (int w = 0; w < words(); ++w) facets[w] &= cell.alive[w];
    }

    // A slot for the cut, beside the facets that the child has alive.
    int add_cut(const Cell& cell, const Context& context, int unit, int side, Cell& child) {
        int slot = 0;
        while (slot < 64 * words() && (child.alive[slot / 64] >> (slot % 64) & 1)) ++slot;
        if (slot == 64 * words()) throw TooManyFacetsError{};
        child.num_slots = std::max(slot + 1, cell.num_slots);
        child.facets = state_.arena.template take<Facet>(child.num_slots);
        Mask::each(child.alive, words(), [&](int old) { child.facets[old] = cell.facets[old]; });
        const int number = context.data->first_unit + unit;
        child.facets[slot] = Facet{state_.hash_words.to_zero(number, side),
                                   &context,
                                   state_.options.records ? state_.node_for(number, nullptr) : nullptr,
                                   unit,
                                   static_cast<std::int8_t>(side),
                                   context.data->forced};
        child.alive[slot / 64] |= std::uint64_t{1} << (slot % 64);
        return slot;
    }

    // Take a generator over. It forgets facets that the child has not; a slot that such a facet has left may be the
    // cut's own by now, so only the cut sets it.
    void adopt(Cell& child, const Generators& from, int i, int slot, bool is_on_cut) const {
        std::uint64_t* incident = child.generators.incident(child.generators.count);
        child.generators.take_over(from, i);
        for (int w = 0; w < words(); ++w) incident[w] &= child.alive[w];
        const std::uint64_t cut = std::uint64_t{1} << (slot % 64);
        incident[slot / 64] = is_on_cut ? incident[slot / 64] | cut : incident[slot / 64] & ~cut;
    }

    // If a unit that does not cut the cell vanishes on a facet, the facet's key has a 0 for it.
    void touch(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs, int k, int side) {
        const Generators& g = cell.generators;
        int zeros = 0;
        for (int i = 0; i < g.count; ++i) zeros += !signs.of(i, k);
        if (zeros < state_.rank(cell)) return;
        std::uint64_t* elsewhere = state_.scratch_mask();
        for (int i = 0; i < g.count; ++i)
            if (signs.of(i, k))
                for (int w = 0; w < words(); ++w) elsewhere[w] |= g.incident(i)[w];
        for (int w = 0; w < words(); ++w) elsewhere[w] = cell.alive[w] & ~elsewhere[w];
        const int number = context.data->first_unit + candidates.unit[k];
        Mask::each(elsewhere, words(), [&](int slot) {
            Facet& facet = cell.facets[slot];
            facet.to_key ^= state_.hash_words.to_zero(number, side);
            if (state_.options.records) facet.units = state_.node_for(number, facet.units);
        });
    }

  private:
    int words() const { return state_.words(); }

    SearchState<D_, W>& state_;
};

}  // namespace relureg
