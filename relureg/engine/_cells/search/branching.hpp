// The two sides of a cut: which of them is visited here, given to others, or only passed on the way to a batch.
#pragma once

#include <stdexcept>

#include "search_state.hpp"

namespace relureg {

template <int D_, int W>
class Branching {
  public:
    explicit Branching(SearchState<D_, W>& state) : state_(state) {}

    // Call `descend(side, depth)` for each side of a unit that is to be visited; a probe goes on above it with that
    // chance, or else below.
    template <class Descend>
    void for_each_side(const Context& context, int unit, int depth, double chance_above, Descend descend) {
        SearchState<D_, W>& s = state_;
        const int number = context.data->first_unit + unit;
        if (context.data->forced) {  // the domain leaves no choice: not a step of the prefix
            s.set_sign(number, 1);
            return descend(1, depth);
        }
        if (!s.is_own(depth) && (*s.prefix)[depth].unit != number)
            throw std::runtime_error("a prefix names other cuts than this network's");
        const double weight = s.sampler.weight();
        const int chosen = s.sampler.is_probe() && s.is_own(depth) ? s.sampler.choose(chance_above) : 0;
        const bool can_give = s.is_own(depth) && !s.is_comparing && !s.sampler.is_on();
        if (can_give) s.open.open(depth, number, s.options.records && depth < kRecordDepth);
        for (const int side : {-1, 1}) {
            if (!s.is_own(depth) && (*s.prefix)[depth].side != side) continue;
            if (chosen && chosen != side) continue;
            if (can_give && side > 0 && !s.open.close()) continue;
            const auto mark = s.arena.mark();
            s.path.push_back({number, static_cast<std::int8_t>(side)});
            s.set_sign(number, side);
            try {
                descend(side, depth + 1);
            } catch (const TooManyFacetsError&) {
                // Thrown before anything below this cell was counted: all of it is a batch of its own, for a search
                // with wide bitsets. What this search has found elsewhere stays.
                if (!can_give) throw;
                s.control.give_away(s.path);
            }
            s.path.pop_back();
            s.arena.release(mark);
            if (depth + 1 == kReportDepth && s.is_own(depth)) s.tally.advance(depth + 1);
        }
        if (chosen) s.sampler.change_weight(weight);
    }

  private:
    SearchState<D_, W>& state_;
};

}  // namespace relureg
