// The depth-first search over sign prefixes: cells are split until every unit has its sign.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "comparison.hpp"
#include "counting.hpp"
#include "cuts.hpp"
#include "edges.hpp"
#include "generator_maker.hpp"
#include "probing.hpp"
#include "recorder.hpp"
#include "searcher.hpp"
#include "sharing.hpp"
#include "stage_rows.hpp"
#include "tally.hpp"

namespace relureg {

template <int D_, int W>
class Search final : public Searcher {
    using Mask = Bits<W>;
    using Oracle = Predicate<D_, W>;

  public:
    Search(const Network& network, const Options& options, Control& control)
        : network_(network), options_(options), control_(control), words_(network.num_units / 64 + 1),
          hash_words_(network.num_units), sign_(network.num_units + 1, 0),
          oracle_(network.dim + 1, words_, sign_.data(), options.audit), rows_(network, sign_.data()),
          tally_(options_, control, words()), edges_(words(), control.stop), maker_(network.dim + 1, words_, oracle_),
          counter_(network.dim + 1, words_, oracle_, arena_, control.stop, options.audit),
          recorder_(network, num_walls(network), sign_.data(), oracle_),
          counts_(!options.records && !options.enumerates) {
        if (!network.stages.empty()) {
            root_rows_.assign(static_cast<std::size_t>(D()) * network.stages[0].stride, 0.0);
            root_ = Context{nullptr, 0, &network.stages[0], root_rows_.data(), {}, {}, {}};
            rows_.affine_part(root_, 0, root_rows_.data());
        }
    }

    void run(const Prefix& prefix, Result& result) override {
        prefix_ = &prefix, result_ = &result;
        open_.begin();
        is_comparing_ = false;
        tally_.begin(result);
        result.per_stage.assign(network_.stages.size(), 0);
        path_.clear();
        arena_.release({0, 0});
        const std::vector<ExactVector> lines = axes();
        SlotOwner owner(arena_.take<ExactSlot>(1), 1);
        Cell cell = whole_space(lines, owner);
        if (network_.stages.empty())
            leaf(cell, nullptr, Hash{});
        else
            enter(cell, root_, Hash{}, 0);
        tally_.flush_progress();
        result.statistics += oracle_.statistics;
        oracle_.statistics = Statistics{};
    }

    // A probe is a unit of work whose prefix grows by a random step at each cut.
    double probe(const Prefix& prefix, std::uint64_t seed) override {
        Result result;
        probe_.begin(prefix, seed);
        run(probe_.prefix(), result);
        probe_.end();
        return probe_.estimate(result.regions);
    }

  private:
    int D() const { return D_ ? D_ : network_.dim + 1; }
    int words() const { return W ? W : words_; }

    // A basis of the input space: a line along every axis.
    std::vector<ExactVector> axes() const {
        std::vector<ExactVector> lines(network_.dim, ExactVector(D()));
        for (int j = 0; j < network_.dim; ++j) lines[j][j + 1] = 1;
        return lines;
    }

    // The whole space: the point at the origin, and the lines.
    Cell whole_space(const std::vector<ExactVector>& lines, SlotOwner& owner) {
        Cell cell;
        cell.generators = Generators::allocate(arena_, 1, D(), words());
        cell.alive = arena_.take<std::uint64_t>(words());
        std::memset(cell.alive, 0, words() * sizeof(std::uint64_t));
        cell.alive[0] = 1;
        cell.facets = arena_.take<Facet>(1);
        cell.facets[0] = Facet{{}, nullptr, nullptr, -1, 0, false};  // y_0 = 0, never a facet of the complex
        cell.num_slots = 1;
        cell.lines = &lines;
        ExactVector origin(D());
        origin[0] = 1;
        maker_.append(cell.generators, std::move(origin), &owner.slots[0], false, 0);
        std::memset(cell.generators.incident(0), 0, words() * sizeof(std::uint64_t));
        return cell;
    }

    static int num_walls(const Network& network) {
        return !network.stages.empty() && network.stages[0].forced ? network.stages[0].units : 0;
    }

    // The rows of the next stage as far as they are known on a cell, and a unit of this stage that the last cut made
    // active (or -1): summed once for all cells below, so that a leaf of the stage has nothing left to add.
    struct Carry {
        const double* rows;
        int unit;
    };

    // -- stages ------------------------------------------------------------------------------------------

    void enter(Cell& cell, const Context& context, Hash hash, int depth) {
        if (context.stage + 1 < 63)
            for (int i = 0; i < cell.generators.count; ++i)
                if (Tags& tags = cell.generators.tags(i); tags.at_infinity) tags.quiet |= source_bit(context.stage + 1);
        double* rows = nullptr;
        if (!rows_.is_last(context)) {
            rows = arena_.take<double>(rows_.next_size(context));
            rows_.affine_part(context, context.stage + 1, rows);
        }
        const Candidates candidates = rows_.all_units(context, arena_);
        Signs signs = Signs::allocate(arena_, cell.generators.count, candidates.words());
        node(cell, context, candidates, signs, {rows, -1}, hash, depth);
    }

    // Every unit of the stage has its sign on the cell.
    void finish_stage(Cell& cell, const Context& context, const double* next_rows, Hash hash, int depth) {
        if (is_own(depth)) ++result_->per_stage[context.stage];
        if (rows_.is_last(context)) return leaf(cell, &context, hash);
        const auto mark = arena_.mark();
        const Context next{&context, context.stage + 1, &network_.stages[context.stage + 1], next_rows, {}, {}, {}};
        enter(cell, next, hash, depth);
        arena_.release(mark);
    }

    // -- one cell ----------------------------------------------------------------------------------------

    // Give every candidate that does not cut the cell its sign; split by the most balanced of the others.
    void node(Cell& cell, const Context& context, const Candidates& candidates, Signs& signs, Carry carry, Hash hash,
              int depth) {
        if (control_.stop.load(std::memory_order_relaxed)) return;
        oracle_.decide(cell, context, candidates, signs, is_own(depth));
        std::uint64_t* cut = arena_.take<std::uint64_t>(candidates.words());
        int* active = arena_.take<int>(candidates.count + 1);
        int num_active = 0;
        if (carry.unit >= 0) active[num_active++] = carry.unit;
        int best = -1;
        for (int w = 0; w < candidates.words(); ++w) {
            const Sides sides = Sides::of(cell.generators, signs, w);
            cut[w] = sides.positive & sides.negative;
            if (!cell.lines->empty()) cut[w] |= crossing(cell, context, candidates, w, best);
            const std::uint64_t uncut = candidates.mask(w) & ~cut[w];
            if (context.data->forced && uncut & ~sides.positive & sides.negative) return;  // outside the domain
            if (counts(context)) continue;
            each_bit(uncut & sides.positive, 64 * w, [&](int k) {
                settle(context, candidates.unit[k], 1, hash);
                active[num_active++] = candidates.unit[k];
            });
            each_bit(uncut & sides.negative, 64 * w,
                     [&](int k) { set_sign(context.data->first_unit + candidates.unit[k], -1); });
            each_bit(uncut & ~(sides.positive | sides.negative), 64 * w,
                     [&](int k) { settle(context, candidates.unit[k], 0, hash); });
            each_bit(uncut & sides.zero & sides.positive, 64 * w,
                     [&](int k) { touch(cell, context, candidates, signs, k, 1); });
            each_bit(uncut & sides.zero & sides.negative, 64 * w,
                     [&](int k) { touch(cell, context, candidates, signs, k, -1); });
            if (!rows_.is_last(context)) disturb(cell.generators, context, signs, w, uncut);
        }
        if (counts(context) && !is_comparing_ && cell.lines->empty() && is_own(depth) &&
            CellCounter<D_, W>::fits(num_bits(cut, candidates.words()), network_.dim))
            return count(cell, context, candidates, signs, cut, carry.rows, hash, depth);
        const double* rows = rows_.extend(context, carry.rows, active, num_active, arena_);
        if (best >= 0) {
            cut[best / 64] &= ~bit(best % 64);
            const Candidates rest = Candidates::subset(candidates, cut, D(), arena_);
            return split_line(cell, context, candidates.unit[best], rest, rows, hash, depth);
        }
        split_further(cell, context, candidates, signs, cut, rows, hash, depth);
    }

    // Split a cell without lines by the most balanced candidate of `cut`, if there is any.
    void split_further(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs,
                       std::uint64_t* cut, const double* rows, Hash hash, int depth) {
        const int best = most_balanced(cell.generators, candidates, signs, cut);
        if (best < 0) return finish_stage(cell, context, rows, hash, depth);
        cut[best / 64] &= ~bit(best % 64);
        const int unit = candidates.unit[best];
        const Parts parts = Parts::of(signs, best, cell.generators.count, arena_);
        if (!num_bits(cut, candidates.words()) && rows_.is_last(context) && !options_.records &&
            !context.data->forced && is_own(depth))
            return split_into_leaves(cell, context, unit, parts, hash);
        const Candidates rest = Candidates::subset(candidates, cut, D(), arena_);
        split(cell, context, unit, parts, rest, signs, cut, rows, hash, depth);
    }

    // The candidates of a word that cross a line of the cell; the first one found is to be cut before all others.
    std::uint64_t crossing(const Cell& cell, const Context& context, const Candidates& candidates, int w, int& first) {
        std::uint64_t crossing = 0;
        line_.resize(D());
        to_doubles(cell.lines->front(), line_.data());
        each_bit(candidates.mask(w), 64 * w, [&](int k) {
            if (!oracle_.is_surely_nonzero(context, candidates.unit[k], line_.data()) &&
                crosses_line(cell, context, candidates.unit[k]) < 0)
                return;
            crossing |= std::uint64_t{1} << (k % 64);
            if (first < 0) first = k;
        });
        return crossing;
    }

    static int num_bits(const std::uint64_t* mask, int words) { return Bits<0>::count(mask, words); }

    // A unit that does not cut the cell gets its sign.
    void settle(const Context& context, int unit, int sign, Hash& hash) {
        const int number = context.data->first_unit + unit;
        set_sign(number, sign);
        hash ^= hash_words_.of(number, sign);
    }

    // If a unit that does not cut the cell vanishes on a facet, the facet's key has a 0 for it.
    void touch(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs, int k, int sign) {
        const Generators& g = cell.generators;
        int zeros = 0;
        for (int i = 0; i < g.count; ++i) zeros += !signs.of(i, k);
        if (zeros < rank(cell)) return;
        std::uint64_t* elsewhere = scratch_mask();
        for (int i = 0; i < g.count; ++i)
            if (signs.of(i, k))
                for (int w = 0; w < words(); ++w) elsewhere[w] |= g.incident(i)[w];
        for (int w = 0; w < words(); ++w) elsewhere[w] = cell.alive[w] & ~elsewhere[w];
        const int number = context.data->first_unit + candidates.unit[k];
        Mask::each(elsewhere, words(), [&](int slot) {
            Facet& facet = cell.facets[slot];
            facet.to_key ^= hash_words_.to_zero(number, sign);
            if (options_.records) facet.units = node_for(number, facet.units);
        });
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

    void set_sign(int number, int sign) {
        sign_[number] = static_cast<std::int8_t>(sign);
        if (options_.records) recorder_.set_sign(number, sign);
    }

    int rank(const Cell& cell) const { return network_.dim - static_cast<int>(cell.lines->size()); }

    std::uint64_t* scratch_mask() {
        mask_.assign(words(), 0);
        return mask_.data();
    }

    const UnitNode* node_for(int unit, const UnitNode* next) {
        auto* node = arena_.take<UnitNode>(1);
        *node = {unit, next};
        return node;
    }

    // -- splitting ---------------------------------------------------------------------------------------

    template <class Descend>
    void for_each_side(const Context& context, int unit, int depth, double chance_above, Descend descend) {
        const int number = context.data->first_unit + unit;
        if (context.data->forced) {  // the domain leaves no choice: not a step of the prefix
            set_sign(number, 1);
            return descend(1, depth);
        }
        if (!is_own(depth) && (*prefix_)[depth].unit != number)
            throw std::runtime_error("a prefix names other cuts than this network's");
        if (probe_.is_on() && is_own(depth)) probe_.choose(number, chance_above);
        const bool can_give = is_own(depth) && !is_comparing_;
        if (can_give) open_.open(depth, number, options_.records && depth < kRecordDepth);
        for (const int side : {-1, 1}) {
            if (!is_own(depth) && (*prefix_)[depth].side != side) continue;
            if (can_give && side > 0 && !open_.close()) continue;
            const auto mark = arena_.mark();
            path_.push_back({number, static_cast<std::int8_t>(side)});
            set_sign(number, side);
            try {
                descend(side, depth + 1);
            } catch (const TooManyFacetsError&) {
                // Thrown before anything below this cell was counted: all of it is a unit of work of its own, for a
                // search with wide bitsets. What this search has found elsewhere stays.
                if (!can_give) throw;
                control_.give_away(path_);
            }
            path_.pop_back();
            arena_.release(mark);
            if (depth + 1 == kReportDepth && is_own(depth)) tally_.advance(depth + 1);
        }
    }

    // Whether the cell at this depth is part of the unit of work, and not only passed on the way to it.
    bool is_own(int depth) const { return depth >= static_cast<int>(prefix_->size()); }

    // `rest` are the other candidates that cut the cell, those of `cut` among the candidates of `signs`.
    void split(Cell& cell, const Context& context, int unit, const Parts& parts, const Candidates& rest,
               const Signs& signs, const std::uint64_t* cut, const double* rows, Hash hash, int depth) {
        const Generators& g = cell.generators;
        const auto& edges = edges_.find(g, parts, rank(cell));
        maker_.begin(cell, context, unit);
        const int num_fresh = static_cast<int>(edges.size());
        SlotOwner owner(arena_.take<ExactSlot>(num_fresh), num_fresh);
        Generators fresh = Generators::allocate(arena_, num_fresh, D(), words());
        for (int k = 0; k < num_fresh; ++k) {
            if (k % 1024 == 1023 && control_.stop.load(std::memory_order_relaxed)) throw StoppedError{};
            std::uint64_t* incident = fresh.incident(k);
            for (int w = 0; w < words(); ++w)
                incident[w] = g.incident(edges[k].first)[w] & g.incident(edges[k].second)[w];
            maker_.make(cell, context, unit, edges[k].first, edges[k].second, fresh, &owner.slots[k]);
        }
        Signs fresh_signs = Signs::allocate(arena_, num_fresh, rest.words());
        oracle_.decide_between({cell, fresh, &context, unit}, edges, signs, cut, context, rest, fresh_signs,
                               is_own(depth));
        const double chance_above = probe_.is_on() ? Probe::chance_above(parts, signs, cut) : 0.5;
        for_each_side(context, unit, depth, chance_above, [&](int s, int below) {
            const Part& own = s > 0 ? parts.above : parts.below;
            const int num_all = own.count + parts.on.count + num_fresh;
            Cell child;
            child.generators = Generators::allocate(arena_, num_all, D(), words());
            child.lines = cell.lines;
            const int slot = bound_child(cell, context, unit, s, child, own);
            for (const int i : own) adopt(child, g, i, slot, false);
            if (s > 0 && !rows_.is_last(context))
                for (int i = 0; i < own.count; ++i) child.generators.tags(i).quiet &= ~source_bit(context.stage + 1);
            for (const int i : parts.on) adopt(child, g, i, slot, true);
            for (int k = 0; k < num_fresh; ++k) adopt(child, fresh, k, slot, true);
            Signs child_signs = Signs::allocate(arena_, num_all, rest.words());
            for (const int i : own) child_signs.inherit(signs, i, cut);
            for (const int i : parts.on) child_signs.inherit(signs, i, cut);
            child_signs.append(fresh_signs);
            const int number = context.data->first_unit + unit;
            node(child, context, rest, child_signs, {rows, s > 0 ? unit : -1}, step(context, hash, number, s), below);
        });
    }

    // The facets of a child: those of the cell with a generator strictly on its side, and the cut itself.
    int bound_child(const Cell& cell, const Context& context, int unit, int s, Cell& child, const Part& own) {
        child.alive = arena_.take<std::uint64_t>(words());
        gather_facets(cell, own, child.alive);
        return add_facet(cell, context, unit, s, child);
    }

    // The facets of a cell that contain one of the generators.
    void gather_facets(const Cell& cell, const Part& part, std::uint64_t* facets) const {
        for (int w = 0; w < words(); ++w) facets[w] = 0;
        for (const int i : part)
            for (int w = 0; w < words(); ++w) facets[w] |= cell.generators.incident(i)[w];
        for (int w = 0; w < words(); ++w) facets[w] &= cell.alive[w];
    }

    int add_facet(const Cell& cell, const Context& context, int unit, int s, Cell& child) {
        int slot = 0;
        while (slot < 64 * words() && (child.alive[slot / 64] >> (slot % 64) & 1)) ++slot;
        if (slot == 64 * words()) throw TooManyFacetsError{};
        child.num_slots = std::max(slot + 1, cell.num_slots);
        child.facets = arena_.take<Facet>(child.num_slots);
        Mask::each(child.alive, words(), [&](int old) { child.facets[old] = cell.facets[old]; });
        const int number = context.data->first_unit + unit;
        child.facets[slot] = Facet{hash_words_.to_zero(number, s),
                                   &context,
                                   options_.records ? node_for(number, nullptr) : nullptr,
                                   unit,
                                   static_cast<std::int8_t>(s),
                                   context.data->forced};
        child.alive[slot / 64] |= std::uint64_t{1} << (slot % 64);
        return slot;
    }

    // Take a generator over. It forgets facets that the child has not; a slot that such a facet has left may be the
    // cut's own by now, so only the cut sets it.
    void adopt(Cell& child, const Generators& from, int i, int slot, bool is_on_cut) {
        std::uint64_t* incident = child.generators.incident(child.generators.count);
        child.generators.take_over(from, i);
        for (int w = 0; w < words(); ++w) incident[w] &= child.alive[w];
        const std::uint64_t cut = std::uint64_t{1} << (slot % 64);
        incident[slot / 64] = is_on_cut ? incident[slot / 64] | cut : incident[slot / 64] & ~cut;
    }

    // -- lineality: the first r independent rows make the cell pointed ------------------------------------

    int crosses_line(const Cell& cell, const Context& context, int unit) const {
        const ExactVector& row = oracle_.exact_row(context, unit);
        for (std::size_t k = 0; k < cell.lines->size(); ++k)
            if (dot(row, (*cell.lines)[k]) != 0) return static_cast<int>(k);
        return -1;
    }

    // A line that the unit's hyperplane cuts becomes a ray on either side; all else is moved along it, onto the
    // hyperplane, which changes neither the cell nor the facets that contain what is moved.
    void split_line(Cell& cell, const Context& context, int unit, const Candidates& rest, const double* rows, Hash hash,
                    int depth) {
        const ExactVector& row = oracle_.exact_row(context, unit);
        const int which = crosses_line(cell, context, unit);
        ExactVector line = (*cell.lines)[which];
        mpz_class slope = dot(row, line);
        if (slope < 0) {
            slope = -slope;
            for (auto& entry : line) entry = -entry;
        }
        std::vector<ExactVector> lines;
        for (std::size_t k = 0; k < cell.lines->size(); ++k)
            if (static_cast<int>(k) != which)
                lines.push_back(combine(slope, (*cell.lines)[k], -dot(row, (*cell.lines)[k]), line));
        Generators& g = cell.generators;
        std::vector<ExactVector> moved;
        for (int i = 0; i < g.count; ++i) {
            const ExactVector& old = oracle_.exact_generator(cell, g, i);
            moved.push_back(combine(slope, old, -dot(row, old), line));
        }
        for_each_side(context, unit, depth, 0.5, [&](int s, int below) {
            SlotOwner owner(arena_.take<ExactSlot>(g.count + 1), g.count + 1);
            Cell child;
            child.generators = Generators::allocate(arena_, g.count + 1, D(), words());
            child.lines = &lines;
            child.alive = arena_.take<std::uint64_t>(words());
            std::copy(cell.alive, cell.alive + words(), child.alive);
            const int slot = add_facet(cell, context, unit, s, child);
            for (int i = 0; i <= g.count; ++i) {
                std::uint64_t* incident = child.generators.incident(i);
                if (i < g.count) {
                    maker_.append(child.generators, moved[i], &owner.slots[i], g.tags(i).at_infinity, g.tags(i).quiet);
                    for (int w = 0; w < words(); ++w) incident[w] = g.incident(i)[w];
                    incident[slot / 64] |= std::uint64_t{1} << (slot % 64);
                } else {  // the line itself lies on every facet so far, but not on the new one
                    ExactVector ray = line;
                    if (s < 0)
                        for (auto& entry : ray) entry = -entry;
                    // Along a line of the cell no source so far has changed; this unit, if active, does.
                    const std::uint64_t quiet = (std::uint64_t{2} << std::min(context.stage + 1, 62)) - 2;
                    maker_.append(child.generators, std::move(ray), &owner.slots[i], true,
                                  s > 0 ? quiet & ~source_bit(context.stage + 1) : quiet);
                    for (int w = 0; w < words(); ++w) incident[w] = cell.alive[w];
                }
            }
            const int number = context.data->first_unit + unit;
            Signs signs = Signs::allocate(arena_, g.count + 1, rest.words());
            node(child, context, rest, signs, {rows, s > 0 ? unit : -1}, step(context, hash, number, s), below);
        });
    }

    // -- counting the last stage ------------------------------------------------------------------------

    // Whether the units of a stage only have to be counted. Then they leave no mark in hashes: the cells that they cut
    // are told apart by the stages before.
    bool counts(const Context& context) const {
        return counts_ && rows_.is_last(context) && !context.data->forced && !probe_.is_on();
    }

    // The hash of a cell beyond a cut.
    Hash step(const Context& context, Hash hash, int number, int side) const {
        return counts(context) ? hash : hash ^ hash_words_.of(number, side);
    }

    // Count what the candidates of `cut` make of a cell. Each part into which they cut a facet of it is a facet of the
    // complex. From either side of a wall the parts are as many, so that the sum over all sides is zero here as well.
    void count(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs, std::uint64_t* cut,
               const double* rows, Hash hash, int depth) {
        const auto mark = arena_.mark();
        const CellFigures& figures = figures_of(cell, context, candidates, signs, cut);
        open_.add_work(figures.regions / kRegionsPerNode);
        const bool is_whole = !control_.stop.load(std::memory_order_relaxed);
        const std::int64_t regions = tally_.claim_regions(figures.regions);
        result_->per_stage[context.stage] += regions;
        result_->bounded += std::min(figures.bounded, regions);
        ++result_->counted_cells;
        result_->facet_sides += 2 * figures.facets;
        std::int64_t inner = 2 * figures.facets, boundary = 0;
        Mask::each(cell.alive, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!facet.context) return;
            const std::int64_t pieces = figures.pieces[slot];
            (facet.on_boundary ? boundary : inner) += pieces;
            if (!facet.on_boundary) tally_.add_sides(key_of(facet, context, hash), facet.side, pieces);
        });
        result_->boundary_facets += boundary;
        if (path_.size() < kReportDepth) tally_.advance(path_.size());
        if (is_whole &&
            (options_.audit || is_to_compare(path_, figures.regions, hash, context.data->first_unit, hash_words_)))
            compare(cell, context, candidates, signs, cut, rows, hash, depth,
                    {figures.regions, figures.bounded, inner, boundary});
        arena_.release(mark);
    }

    const CellFigures& figures_of(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs,
                                  const std::uint64_t* cut) {
        if (num_bits(cut, candidates.words()) <= 1) {
            int row = -1;
            for (int w = 0; w < candidates.words(); ++w) each_bit(cut[w], 64 * w, [&](int k) { row = k; });
            if (const CellFigures* few = counter_.count_few(cell, signs, row)) return *few;
        }
        const Candidates cutting = Candidates::subset(candidates, cut, D(), arena_);
        Signs their_signs = Signs::allocate(arena_, cell.generators.count, cutting.words());
        for (int i = 0; i < cell.generators.count; ++i) their_signs.inherit(signs, i, cut);
        return counter_.count(cell, context, cutting, their_signs, tally_.room());
    }

    // A facet between cells that the last stage itself has parted has its unit's name; all parts of it add up.
    Hash key_of(const Facet& facet, const Context& context, Hash hash) const {
        if (facet.context != &context) return hash ^ facet.to_key;
        return hash ^ hash_words_.of(context.data->first_unit + facet.local_unit, 0);
    }

    // Search a cell that has been counted, and compare.
    void compare(Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs,
                 std::uint64_t* cut, const double* rows, Hash hash, int depth, const CellTotals& counted) {
        Result found;
        found.per_stage.assign(network_.stages.size(), 0);
        Result* const result = result_;
        const Statistics statistics = oracle_.statistics;
        result_ = &found, is_comparing_ = true;
        tally_.begin_comparison(found);
        bool is_complete = true;
        try {
            split_further(cell, context, candidates, signs, cut, rows, hash, depth);
        } catch (const TooManyFacetsError&) {
            if (options_.audit) throw;
            is_complete = false;
        }
        result_ = result, is_comparing_ = false;
        tally_.begin(*result);
        oracle_.statistics = statistics;
        if (!is_complete || control_.stop.load(std::memory_order_relaxed)) return;
        ++result_->compared_cells;
        if (!(counted == CellTotals{found.regions, found.bounded, found.facet_sides, found.boundary_facets}))
            throw ContradictionError("a cell has " + std::to_string(counted.regions) +
                                     " regions by deletion and restriction, " + std::to_string(found.regions) +
                                     " by search, or other figures that differ");
    }

    // -- leaves ------------------------------------------------------------------------------------------

    // The last cut of the last stage: its two regions are known without their generators.
    void split_into_leaves(const Cell& cell, const Context& context, int unit, const Parts& parts, Hash hash) {
        const int number = context.data->first_unit + unit;
        const bool bounded_on = is_bounded(cell.generators, parts.on);
        for (const int s : {-1, 1}) {
            const Part& own = s > 0 ? parts.above : parts.below;
            std::uint64_t* alive = scratch_mask();
            gather_facets(cell, own, alive);
            const bool bounded = bounded_on && is_bounded(cell.generators, own);
            if (!tally_.claim_region()) return;
            ++result_->per_stage[context.stage];
            result_->bounded += bounded;
            const Hash region = hash ^ hash_words_.of(number, s);
            tally_.balance(cell, alive, region);
            tally_.add_side(region ^ hash_words_.to_zero(number, s), s);
        }
        if (path_.size() < kReportDepth) tally_.advance(path_.size());
    }

    // `context` is that of the last stage; null where the network has none.
    void leaf(Cell& cell, const Context* context, Hash hash) {
        if (path_.size() < prefix_->size() || !tally_.claim_region()) return;
        bool bounded = true;
        for (int i = 0; i < cell.generators.count; ++i) bounded = bounded && !cell.generators.tags(i).at_infinity;
        result_->bounded += bounded;
        tally_.balance(cell, cell.alive, hash);
        if (options_.records) recorder_.record(cell, bounded, result_->records);
        if (options_.generators) recorder_.record_generators(cell, context, rows_, arena_, result_->records);
        if (path_.size() < kReportDepth) tally_.advance(path_.size());
    }

    const Network& network_;
    const Options options_;
    Control& control_;
    const int words_;
    const Words hash_words_;
    std::vector<std::int8_t> sign_;  // [unit]: on the current path
    Arena arena_;
    Oracle oracle_;
    StageRows<D_> rows_;
    Tally<W> tally_;
    EdgeFinder<W> edges_;
    GeneratorMaker<D_, W> maker_;
    CellCounter<D_, W> counter_;
    Recorder<D_, W> recorder_;
    const bool counts_;
    bool is_comparing_ = false;  // searching a cell that has been counted
    Context root_{};
    std::vector<double> root_rows_;
    std::vector<double> line_;
    std::vector<std::uint64_t> mask_;

    const Prefix* prefix_ = nullptr;
    Result* result_ = nullptr;
    Prefix path_;

    OpenParts open_{control_, path_};
    Probe probe_;
};

template <int D, int W>
std::unique_ptr<Searcher> make(const Network& network, const Options& options, Control& control) {
    return std::make_unique<Search<D, W>>(network, options, control);
}

inline std::unique_ptr<Searcher> make_searcher(const Network& network, const Options& options, Control& control,
                                               bool wide) {
    if (wide) return make<0, 0>(network, options, control);
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
