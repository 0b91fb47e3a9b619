// Splitting a pointed cell by a unit: the new generators on the cut, and the two children.
#pragma once

#include "../cells/cuts.hpp"
#include "../cells/edges.hpp"
#include "../signs/generator_maker.hpp"
#include "branching.hpp"
#include "cell_facets.hpp"

namespace relureg {

template <int D_, int W>
class Splitter {
  public:
    explicit Splitter(SearchState<D_, W>& state)
        : state_(state), branching_(state), facets_(state), edges_(state.words(), state.control.stop),
          maker_(state.network.dim + 1, state.num_words, state.oracle, state.options.records) {}

    // Call `descend(child, signs, side, depth)` for each child, with the signs of the candidates of `rest` there.
    // `rest` are the other candidates that cut the cell, those of `cut` among the candidates of `signs`.
    template <class Descend>
    void split(Cell& cell, const Context& context, int unit, const Parts& parts, const Candidates& rest,
               const Signs& signs, const std::uint64_t* cut, int depth, Descend descend) {
        SearchState<D_, W>& s = state_;
        const auto& edges = edges_.find(cell.generators, parts, s.rank(cell));
        const int num_fresh = static_cast<int>(edges.size());
        SlotOwner owner(s.arena.template take<ExactSlot>(num_fresh), num_fresh);
        Generators fresh = new_generators(cell, context, unit, edges, owner);
        Signs fresh_signs = Signs::allocate(s.arena, num_fresh, rest.words());
        s.oracle.decide_between({cell, fresh, &context, unit}, edges, signs, cut, context, rest, fresh_signs,
                                s.is_own(depth));
        const double chance = s.sampler.is_probe() ? chance_above(parts, signs, cut) : 0.5;
        branching_.for_each_side(context, unit, depth, chance, [&](int side, int below) {
            const Part& own = side > 0 ? parts.above : parts.below;
            Cell child = child_of(cell, context, unit, side, own, parts.on, fresh);
            Signs child_signs = Signs::allocate(s.arena, child.generators.count, rest.words());
            for (const int i : own) child_signs.inherit(signs, i, cut);
            for (const int i : parts.on) child_signs.inherit(signs, i, cut);
            child_signs.append(fresh_signs);
            descend(child, child_signs, side, below);
        });
    }

  private:
    using Edges = std::vector<std::pair<int, int>>;

    // The points where the unit vanishes on the edges that it cuts.
    Generators new_generators(Cell& cell, const Context& context, int unit, const Edges& edges, SlotOwner& owner) {
        const Generators& g = cell.generators;
        maker_.begin(cell, context, unit);
        Generators fresh = Generators::allocate(state_.arena, owner.count, state_.D(), state_.words());
        for (int k = 0; k < owner.count; ++k) {
            if (k % 1024 == 1023 && state_.control.stop.load(std::memory_order_relaxed)) throw StoppedError{};
            std::uint64_t* incident = fresh.incident(k);
            for (int w = 0; w < state_.words(); ++w)
                incident[w] = g.incident(edges[k].first)[w] & g.incident(edges[k].second)[w];
            maker_.make(cell, context, unit, edges[k].first, edges[k].second, fresh, &owner.slots[k]);
        }
        return fresh;
    }

    // The child on one side: the generators strictly there, those on the cut, and the new ones.
    Cell child_of(const Cell& cell, const Context& context, int unit, int side, const Part& own, const Part& on,
                  const Generators& fresh) {
        const Generators& g = cell.generators;
        Cell child;
        child.generators =
            Generators::allocate(state_.arena, own.count + on.count + fresh.count, state_.D(), state_.words());
        child.lines = cell.lines, child.axes = cell.axes;
        const int slot = facets_.bound_child(cell, context, unit, side, child, own);
        for (const int i : own) facets_.adopt(child, g, i, slot, false);
        if (side > 0 && !state_.rows.is_last(context))
            for (int i = 0; i < own.count; ++i) child.generators.tags(i).quiet &= ~source_bit(context.stage + 1);
        for (const int i : on) facets_.adopt(child, g, i, slot, true);
        for (int k = 0; k < fresh.count; ++k) facets_.adopt(child, fresh, k, slot, true);
        return child;
    }

    SearchState<D_, W>& state_;
    Branching<D_, W> branching_;
    CellFacets<D_, W> facets_;
    EdgeFinder<W> edges_;
    GeneratorMaker<D_, W> maker_;
};

}  // namespace relureg
