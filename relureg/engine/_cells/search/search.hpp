// The depth-first search over sign prefixes: cells are split until every unit has its sign.
#pragma once

#include <optional>

#include "last_stage.hpp"
#include "leaves.hpp"
#include "lines.hpp"
#include "splitting.hpp"

namespace relureg {

template <int D_, int W>
class Search final : public Searcher {
  public:
    Search(const Network& network, const Options& options, Control& control)
        : state_(network, options, control), facets_(state_), lines_(state_), splitter_(state_), last_stage_(state_),
          leaves_(state_) {
        if (!network.stages.empty()) {
            const Stage& first = network.stages[0];
            root_ = Context{nullptr, 0, &first, first.input_rows.data(), ++state_.num_contexts};
        }
    }

    void run(const Prefix& prefix, Result& result) override {
        state_.begin(prefix, result);
        SlotOwner owner(state_.arena.template take<ExactSlot>(state_.D()), state_.D());
        Cell cell = lines_.whole_space(owner);
        if (state_.network.stages.empty())
            leaves_.add(cell, nullptr, Hash{});
        else
            enter(cell, root_, Hash{}, 0);
        state_.end();
    }

    Sample sample(const Prefix& prefix, const SampleOptions& options) override {
        Result result;
        result.per_stage.assign(state_.network.stages.size(), 0);
        state_.sampler.begin(options, result, state_.network.stages.size());
        run(prefix, result);
        return state_.sampler.end();
    }

  private:
    // The rows of the next stage as far as they are known on a cell, and a unit of this stage that the last cut made
    // active (or -1): summed once for all cells below, so that a leaf of the stage has nothing left to add.
    struct Carry {
        const double* rows;
        int unit;
        bool is_entrance;  // of the stage
    };

    // -- stages ------------------------------------------------------------------------------------------

    void enter(Cell& cell, const Context& context, Hash hash, int depth) {
        if (context.stage + 1 < 63)
            for (int i = 0; i < cell.generators.count; ++i)
                if (Tags& tags = cell.generators.tags(i); tags.at_infinity) tags.quiet |= source_bit(context.stage + 1);
        const double* rows = nullptr;
        if (!state_.rows.is_last(context)) rows = state_.rows.affine_part(context, context.stage + 1, state_.arena);
        const Candidates candidates = state_.rows.all_units(context, state_.arena);
        Signs signs = Signs::allocate(state_.arena, cell.generators.count, candidates.words());
        node(cell, context, candidates, signs, {rows, -1, true}, hash, depth);
    }

    // Every unit of the stage has its sign on the cell.
    void finish_stage(Cell& cell, const Context& context, const double* next_rows, Hash hash, int depth) {
        if (state_.rows.is_last(context)) return leaves_.add(cell, &context, hash);
        if (state_.is_own(depth)) ++state_.result->per_stage[context.stage];
        const auto mark = state_.arena.mark();
        state_.rows.note_active(context, state_.arena);
        const Context next{&context, context.stage + 1, &state_.network.stages[context.stage + 1], next_rows,
                           ++state_.num_contexts};
        enter(cell, next, hash, depth);
        state_.arena.release(mark);
    }

    // -- one cell ----------------------------------------------------------------------------------------

    // Give every candidate that does not cut the cell its sign; split by the most balanced of the others.
    void node(Cell& cell, const Context& context, const Candidates& candidates, Signs& signs, Carry carry, Hash hash,
              int depth) {
        if (state_.control.stop.load(std::memory_order_relaxed)) return;
        state_.oracle.decide(cell, context, candidates, signs, state_.is_own(depth));
        std::uint64_t* cut = state_.arena.template take<std::uint64_t>(candidates.words());
        int* active = state_.arena.template take<int>(candidates.count + 1);
        int num_active = 0;
        if (carry.unit >= 0) active[num_active++] = carry.unit;
        int across = -1;  // crosses a line of the cell
        for (int w = 0; w < candidates.words(); ++w) {
            const Sides sides = Sides::of(cell.generators, signs, w);
            cut[w] = sides.positive & sides.negative;
            if (cell.lines.count) cut[w] |= lines_.crossing(cell, context, candidates, w, across);
            const std::uint64_t uncut = candidates.mask(w) & ~cut[w];
            if (context.data->forced && uncut & ~sides.positive & sides.negative) return;  // outside the domain
            if (!state_.counts(context))
                settle_uncut(cell, context, candidates, signs, w, sides, uncut, active, num_active, hash);
        }
        std::optional<Sampler::Visit> visit;
        if (state_.sampler.is_on() && state_.is_own(depth) && !context.data->forced) {
            const int cutting = num_bits(cut, candidates.words());
            const double weight = state_.sampler.weight(context.stage, cutting, depth, carry.is_entrance);
            if (!weight) return;
            visit.emplace(state_.sampler, weight, context.stage, cutting);
            if (state_.sampler.is_too_large()) throw StoppedError{};
        }
        const double* rows = state_.rows.extend(context, carry.rows, active, num_active, state_.arena);
        const auto go_on = [&] {
            if (across < 0) return split_further(cell, context, candidates, signs, cut, rows, hash, depth);
            cut[across / 64] &= ~bit(across % 64);
            const Candidates rest = Candidates::subset(candidates, cut, state_.D(), state_.arena);
            const int unit = candidates.unit[across];
            lines_.split(cell, context, unit, signs, across, rest, depth, descent(context, unit, rest, rows, hash));
        };
        if (last_stage_.is_to_count(cell, context, candidates, cut, depth))
            return last_stage_.count(cell, context, candidates, signs, cut, hash, go_on);
        go_on();
    }

    // Split a cell without lines by the most balanced candidate of `cut`, if there is any.
    void split_further(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs,
                       std::uint64_t* cut, const double* rows, Hash hash, int depth) {
        const int best = most_balanced(cell.generators, candidates, signs, cut);
        if (best < 0) return finish_stage(cell, context, rows, hash, depth);
        cut[best / 64] &= ~bit(best % 64);
        const int unit = candidates.unit[best];
        const Parts parts = Parts::of(signs, best, cell.generators.count, state_.arena);
        if (!num_bits(cut, candidates.words()) && state_.rows.is_last(context) && !state_.options.records &&
            !context.data->forced && state_.is_own(depth))
            return leaves_.add_both(cell, context, unit, parts, hash);
        const Candidates rest = Candidates::subset(candidates, cut, state_.D(), state_.arena);
        splitter_.split(cell, context, unit, parts, rest, signs, cut, depth, descent(context, unit, rest, rows, hash));
    }

    // How the search goes on in each child of a cell that a unit cuts.
    auto descent(const Context& context, int unit, const Candidates& rest, const double* rows, Hash hash) {
        return [this, &context, unit, &rest, rows, hash](Cell& child, Signs& signs, int side, int depth) {
            const int number = context.data->first_unit + unit;
            node(child, context, rest, signs, {rows, side > 0 ? unit : -1, false},
                 state_.step(context, hash, number, side), depth);
        };
    }

    // The units of a word that do not cut the cell get their signs; those that are positive join the active ones.
    void settle_uncut(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs, int w,
                      const Sides& sides, std::uint64_t uncut, int* active, int& num_active, Hash& hash) {
        const std::uint64_t positive = uncut & sides.positive, zero = uncut & ~(sides.positive | sides.negative);
        const int *unit = candidates.unit, first = context.data->first_unit;
        Hash own = hash;
        int count = num_active;
        each_bit(positive, 64 * w, [&](int k) { own ^= state_.hash_words.of(first + unit[k], 1); });
        each_bit(positive, 64 * w, [&](int k) { active[count++] = unit[k]; });
        each_bit(zero, 64 * w, [&](int k) { own ^= state_.hash_words.of(first + unit[k], 0); });
        hash = own, num_active = count;
        state_.set_signs(first, unit + 64 * w, uncut, positive, zero);
        each_bit(uncut & sides.zero & sides.positive, 64 * w,
                 [&](int k) { facets_.touch(cell, context, candidates, signs, k, 1); });
        each_bit(uncut & sides.zero & sides.negative, 64 * w,
                 [&](int k) { facets_.touch(cell, context, candidates, signs, k, -1); });
        if (!state_.rows.is_last(context)) disturb(cell.generators, context, signs, w, uncut);
    }

    // Generators at infinity are directions. Along some, all active units of a stage vanish: later units, which read
    // nothing else, are then exactly 0 there, in any network. Such zeros are the rule where few units are active, so
    // they are recognised by bookkeeping: `quiet` loses a stage's bit when an active unit of it is positive.
    static void disturb(Generators& g, const Context& context, const Signs& signs, int w, std::uint64_t uncut) {
        const std::uint64_t bit = source_bit(context.stage + 1);
        for (int i = 0; i < g.count; ++i)
            if (g.tags(i).at_infinity && signs.positive[static_cast<std::size_t>(i) * signs.words + w] & uncut)
                g.tags(i).quiet &= ~bit;
    }

    SearchState<D_, W> state_;
    CellFacets<D_, W> facets_;
    LineSplitter<D_, W> lines_;
    Splitter<D_, W> splitter_;
    LastStage<D_, W> last_stage_;
    Leaves<D_, W> leaves_;
    Context root_{};
};

template <int D, int W>
std::unique_ptr<Searcher> make(const Network& network, const Options& options, Control& control) {
    return std::make_unique<Search<D, W>>(network, options, control);
}

inline std::unique_ptr<Searcher> make_searcher(const Network& network, const Options& options, Control& control,
                                               bool wide) {
    // A pointed cell has as many facets as there are dimensions, and y_0 = 0: more than one word holds.
    if (wide || network.dim >= 64) return make<0, 0>(network, options, control);
#if defined( \
    RELUREG_SANITIZE)  // compiling each takes a minute with sanitizers: every kind of search, but not every size
    switch (network.dim + 1) {
        case 3: return make<3, 1>(network, options, control);
        case 4: return make<4, 1>(network, options, control);
        default: return make<0, 1>(network, options, control);
    }
#else
    switch (network.dim + 1) {
        case 2: return make<2, 1>(network, options, control);
        case 3: return make<3, 1>(network, options, control);
        case 4: return make<4, 1>(network, options, control);
        case 5: return make<5, 1>(network, options, control);
        case 6: return make<6, 1>(network, options, control);
        case 7: return make<7, 1>(network, options, control);
        case 8: return make<8, 1>(network, options, control);
        case 9: return make<9, 1>(network, options, control);
        default: return make<0, 1>(network, options, control);
    }
#endif
}

}  // namespace relureg
