// The depth-first search over sign prefixes: cells are split until every unit has its sign.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "edges.hpp"
#include "generator_maker.hpp"
#include "recorder.hpp"
#include "searcher.hpp"
#include "stage_rows.hpp"
#include "tally.hpp"

namespace relureg {

template <int D_, int W>
class Search final : public Searcher {
    using Mask = Bits<W>;
    using Oracle = Predicate<D_, W>;
    using Sides = typename Oracle::Sides;

  public:
    Search(const Network& network, const Options& options, Control& control)
        : network_(network), options_(options), control_(control), words_(network.num_units / 64 + 1),
          hash_words_(network.num_units), sign_(network.num_units + 1, 0),
          oracle_(network.dim + 1, words_, sign_.data(), options.audit), rows_(network, sign_.data()), tally_(options_, control, words()), edges_(words()),
          maker_(network.dim + 1, words_, oracle_), recorder_(network, num_walls(network), sign_.data(), oracle_) {
        if (!network.stages.empty()) {
            root_rows_.assign(static_cast<std::size_t>(D()) * network.stages[0].units, 0.0);
            root_ = Context{nullptr, 0, &network.stages[0], root_rows_.data(), {}};
            rows_.affine_part(root_, 0, root_rows_.data());
        }
    }

    void run(const Prefix& prefix, int depth, std::vector<Prefix>* open, Result& result) override {
        prefix_ = &prefix, depth_limit_ = depth, open_ = open, result_ = &result;
        tally_.begin(result);
        result.per_stage.assign(network_.stages.size(), 0);
        path_.clear();
        arena_.release({0, 0});
        // The whole space: the point at the origin, and a line along every axis.
        const int dim = network_.dim;
        std::vector<ExactVector> lines(dim, ExactVector(D()));
        for (int j = 0; j < dim; ++j) lines[j][j + 1] = 1;
        SlotOwner owner(arena_.take<ExactSlot>(1), 1);
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
        std::memset(cell.generators.incident, 0, words() * sizeof(std::uint64_t));
        if (network_.stages.empty())
            leaf(cell, nullptr, Hash{});
        else
            enter(cell, root_, Hash{}, 0);
        tally_.flush_progress();
        result.statistics += oracle_.statistics;
        oracle_.statistics = Statistics{};
    }

  private:
    int D() const { return D_ ? D_ : network_.dim + 1; }
    int words() const { return W ? W : words_; }

    static int num_walls(const Network& network) {
        return !network.stages.empty() && network.stages[0].forced ? network.stages[0].units : 0;
    }

    // The rows of the next stage as far as they are known on a cell, and a unit of this stage that the last cut made
    // active (or -1): summed once for all cells below, so that a leaf of the stage has nothing left to add.
    struct Carry {
        const double* rows;
        int unit;
    };

    // Exact generators made for one split live until both its children are done.
    struct SlotOwner {
        ExactSlot* slots;
        int count;
        SlotOwner(ExactSlot* s, int n) : slots(s), count(n) {
            for (int i = 0; i < n; ++i) slots[i].vector = nullptr;
        }
        ~SlotOwner() {
            for (int i = 0; i < count; ++i) delete slots[i].vector;
        }
        SlotOwner(const SlotOwner&) = delete;
        SlotOwner& operator=(const SlotOwner&) = delete;
    };

    // -- stages ------------------------------------------------------------------------------------------

    void enter(Cell& cell, const Context& context, Hash hash, int depth) {
        const int n = context.data->units;
        int* candidates = arena_.take<int>(n);
        for (int i = 0; i < n; ++i) candidates[i] = i;
        if (context.stage + 1 < 63)
            for (int i = 0; i < cell.generators.count; ++i)
                if (cell.generators.at_infinity[i]) cell.generators.quiet[i] |= source_bit(context.stage + 1);
        double* rows = nullptr;
        if (!rows_.is_last(context)) {
            rows = arena_.take<double>(rows_.next_size(context));
            rows_.affine_part(context, context.stage + 1, rows);
        }
        node(cell, context, candidates, n, {rows, -1}, hash, depth);
    }

    // Every unit of the stage has its sign on the cell.
    void finish_stage(Cell& cell, const Context& context, const double* next_rows, Hash hash, int depth) {
        if (is_counted(depth)) ++result_->per_stage[context.stage];
        if (rows_.is_last(context)) return leaf(cell, &context, hash);
        const auto mark = arena_.mark();
        const Context next{&context, context.stage + 1, &network_.stages[context.stage + 1], next_rows, {}};
        enter(cell, next, hash, depth);
        arena_.release(mark);
    }

    // -- one cell ----------------------------------------------------------------------------------------

    // Give every candidate that does not cut the cell its sign; split by the most balanced of the others.
    void node(Cell& cell, const Context& context, const int* candidates, int count, Carry carry, Hash hash, int depth) {
        if (control_.stop.load(std::memory_order_relaxed)) return;
        if (depth == depth_limit_) {
            open_->push_back(path_);
            return;
        }
        int* cut = arena_.take<int>(count);
        int* active = arena_.take<int>(count + 1);
        int num_active = 0;
        if (carry.unit >= 0) active[num_active++] = carry.unit;
        int num_cut = 0, best = -1, best_balance = -1;
        Sides best_sides;
        const int capacity = cell.generators.count;
        if (static_cast<int>(value_.size()) < capacity) value_.resize(2 * capacity + 16);
        for (auto* scratch : {&side_, &best_side_})
            if (static_cast<int>(scratch->size()) < capacity) scratch->resize(2 * capacity + 16);
        for (int c = 0; c < count; ++c) {
            const int unit = candidates[c];
            if (!cell.lines->empty() && crosses_line(cell, context, unit) >= 0) {
                if (best_balance < capacity) best = unit, best_balance = capacity;  // first of all
                cut[num_cut++] = unit;
                continue;
            }
            const Sides sides = oracle_.classify(cell, context, unit, value_.data(), side_.data());
            if (!sides.is_cut()) {
                const int sign = (sides.positive > 0) - (sides.negative > 0);
                if (context.data->forced && sign < 0) return;  // outside the domain
                settle(cell, context, unit, sign, sides.zero, hash);
                if (sign > 0) active[num_active++] = unit;
                continue;
            }
            cut[num_cut++] = unit;
            const int balance = std::min(sides.positive, sides.negative);
            if (balance > best_balance) {
                best = unit, best_balance = balance, best_sides = sides;
                side_.swap(best_side_);
            }
        }
        const double* rows = rows_.extend(context, carry.rows, active, num_active, arena_);
        if (!num_cut) return finish_stage(cell, context, rows, hash, depth);
        int* rest = arena_.take<int>(num_cut);
        int num_rest = 0;
        for (int c = 0; c < num_cut; ++c)
            if (cut[c] != best) rest[num_rest++] = cut[c];
        const bool by_line = !cell.lines->empty() && crosses_line(cell, context, best) >= 0;
        if (by_line)
            split_line(cell, context, best, rest, num_rest, rows, hash, depth);
        else if (!num_rest && rows_.is_last(context) && !options_.records && !context.data->forced &&
                 depth >= static_cast<int>(prefix_->size()) && depth_limit_ < 0)
            split_into_leaves(cell, context, best, hash);
        else
            split(cell, context, best, best_sides, rest, num_rest, rows, hash, depth);
    }

    // A unit that does not cut the cell gets its sign; if it vanishes on a facet, the facet's key has a 0 for it.
    void settle(Cell& cell, const Context& context, int unit, int sign, int num_zeros, Hash& hash) {
        const int number = context.data->first_unit + unit;
        set_sign(number, sign);
        hash ^= hash_words_.of(number, sign);
        if (sign > 0) disturb(cell.generators, context, side_.data());
        if (sign == 0 || num_zeros == 0 || num_zeros < rank(cell)) return;
        std::uint64_t* elsewhere = scratch_mask();
        const Generators& g = cell.generators;
        for (int i = 0; i < g.count; ++i)
            if (side_[i])
                for (int w = 0; w < words(); ++w) elsewhere[w] |= g.incident[static_cast<std::size_t>(i) * words() + w];
        for (int w = 0; w < words(); ++w) elsewhere[w] = cell.alive[w] & ~elsewhere[w];
        Mask::each(elsewhere, words(), [&](int slot) {
            Facet& facet = cell.facets[slot];
            facet.to_key ^= hash_words_.to_zero(number, sign);
            if (options_.records) facet.units = node_for(number, facet.units);
        });
    }

    // Generators at infinity are directions. Along some, all active units of a stage vanish: later units, which read
    // nothing else, are then exactly 0 there, in any network. Such zeros are the rule where few units are active, so
    // they are recognised by bookkeeping: `quiet` loses a stage's bit when an active unit of it is positive.
    static void disturb(Generators& g, const Context& context, const std::int8_t* side) {
        const std::uint64_t bit = source_bit(context.stage + 1);
        for (int i = 0; i < g.count; ++i)
            if (side[i] > 0) g.quiet[i] &= ~bit;
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
    void for_each_side(const Context& context, int unit, int depth, Descend descend) {
        const int number = context.data->first_unit + unit;
        for (const int side : {-1, 1}) {
            const bool forced = context.data->forced;  // the domain leaves no choice: not a step of the prefix
            if (forced && side < 0) continue;
            if (!forced && depth < static_cast<int>(prefix_->size()) && (*prefix_)[depth].side != side) continue;
            const auto mark = arena_.mark();
            if (!forced) path_.push_back({number, static_cast<std::int8_t>(side)});
            set_sign(number, side);
            descend(side, depth + !forced);
            if (!forced) path_.pop_back();
            arena_.release(mark);
        }
    }

    void split(Cell& cell, const Context& context, int unit, const Sides& sides, const int* rest, int num_rest,
               const double* rows, Hash hash, int depth) {
        const Generators& g = cell.generators;
        auto* side = arena_.take<std::int8_t>(g.count);
        std::memcpy(side, best_side_.data(), g.count);
        const auto& edges = edges_.find(g, side, rank(cell));
        maker_.begin(cell, context, unit);
        const int num_fresh = static_cast<int>(edges.size());
        SlotOwner owner(arena_.take<ExactSlot>(num_fresh), num_fresh);
        Generators fresh = Generators::allocate(arena_, num_fresh, D(), words());
        for (int k = 0; k < num_fresh; ++k) {
            std::uint64_t* incident = fresh.incident + static_cast<std::size_t>(k) * words();
            for (int w = 0; w < words(); ++w)
                incident[w] = at(g, edges[k].first)[w] & at(g, edges[k].second)[w];
            maker_.make(cell, context, unit, edges[k].first, edges[k].second, fresh, &owner.slots[k]);
        }
        for_each_side(context, unit, depth, [&](int s, int below) {
            Cell child;
            const int kept = (s > 0 ? sides.positive : sides.negative) + sides.zero;
            child.generators = Generators::allocate(arena_, kept + num_fresh, D(), words());
            child.lines = cell.lines;
            const int slot = bound_child(cell, context, unit, s, child, [&](std::uint64_t* alive) {
                for (int i = 0; i < g.count; ++i)
                    if (side[i] == s)
                        for (int w = 0; w < words(); ++w) alive[w] |= at(g, i)[w];
            });
            chosen_.clear();
            for (int i = 0; i < g.count; ++i)
                if (side[i] == s || side[i] == 0) chosen_.push_back(i);
            adopt(child, g, [&](int i) { return side[i] == 0; }, slot);
            if (s > 0) {
                const std::uint64_t quiet = ~source_bit(context.stage + 1);
                for (int i = 0; i < child.generators.count; ++i)
                    if (side[chosen_[i]] > 0) child.generators.quiet[i] &= quiet;
            }
            chosen_.resize(num_fresh);
            for (int k = 0; k < num_fresh; ++k) chosen_[k] = k;
            adopt(child, fresh, [](int) { return true; }, slot);
            const int number = context.data->first_unit + unit;
            node(child, context, rest, num_rest, {rows, s > 0 ? unit : -1}, hash ^ hash_words_.of(number, s), below);
        });
    }

    static const std::uint64_t* at(const Generators& g, int i, int words) {
        return g.incident + static_cast<std::size_t>(i) * words;
    }
    const std::uint64_t* at(const Generators& g, int i) const { return at(g, i, words()); }

    // The facets of a child: those of the cell with a generator strictly on its side, and the cut itself.
    template <class Collect>
    int bound_child(const Cell& cell, const Context& context, int unit, int s, Cell& child, Collect collect) {
        child.alive = arena_.take<std::uint64_t>(words());
        std::memset(child.alive, 0, words() * sizeof(std::uint64_t));
        collect(child.alive);
        for (int w = 0; w < words(); ++w) child.alive[w] &= cell.alive[w];
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

    // Take the chosen generators over, those on the cut with its facet. They forget facets that the child has not; a slot
    // that such a facet has left may be the cut's own by now, so only the cut sets it.
    template <class OnCut>
    void adopt(Cell& child, const Generators& from, OnCut is_on_cut, int slot) {
        Generators& g = child.generators;
        const int first = g.count, count = static_cast<int>(chosen_.size());
        for (int j = 0; j < D(); ++j) {
            double* to = g.x + static_cast<std::size_t>(j) * g.stride + first;
            const double* x = from.x + static_cast<std::size_t>(j) * from.stride;
            for (int k = 0; k < count; ++k) to[k] = x[chosen_[k]];
        }
        const std::uint64_t cut = std::uint64_t{1} << (slot % 64);
        for (int k = 0; k < count; ++k) {
            const int i = chosen_[k];
            g.copy_tags(from, i);
            std::uint64_t* incident = g.incident + static_cast<std::size_t>(first + k) * words();
            for (int w = 0; w < words(); ++w) incident[w] = at(from, i)[w] & child.alive[w];
            incident[slot / 64] = is_on_cut(i) ? incident[slot / 64] | cut : incident[slot / 64] & ~cut;
        }
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
    void split_line(Cell& cell, const Context& context, int unit, const int* rest, int num_rest, const double* rows, Hash hash,
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
        const Generators& g = cell.generators;
        for_each_side(context, unit, depth, [&](int s, int below) {
            SlotOwner owner(arena_.take<ExactSlot>(g.count + 1), g.count + 1);
            Cell child;
            child.generators = Generators::allocate(arena_, g.count + 1, D(), words());
            child.lines = &lines;
            const int slot = bound_child(cell, context, unit, s, child, [&](std::uint64_t* alive) {
                std::memcpy(alive, cell.alive, words() * sizeof(std::uint64_t));
            });
            for (int i = 0; i <= g.count; ++i) {
                std::uint64_t* incident = child.generators.incident + static_cast<std::size_t>(i) * words();
                if (i < g.count) {
                    const ExactVector& old = oracle_.exact_generator(cell, g, i);
                    maker_.append(child.generators, combine(slope, old, -dot(row, old), line), &owner.slots[i],
                                 g.at_infinity[i], g.quiet[i]);
                    for (int w = 0; w < words(); ++w) incident[w] = at(g, i)[w];
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
            node(child, context, rest, num_rest, {rows, s > 0 ? unit : -1}, hash ^ hash_words_.of(number, s), below);
        });
    }

    // -- leaves ------------------------------------------------------------------------------------------

    bool is_counted(int depth) const { return depth >= static_cast<int>(prefix_->size()); }

    // The last cut of the last stage: its two regions are known without their generators.
    void split_into_leaves(const Cell& cell, const Context& context, int unit, Hash hash) {
        const Generators& g = cell.generators;
        const int number = context.data->first_unit + unit;
        for (const int s : {-1, 1}) {
            std::uint64_t* alive = scratch_mask();
            bool bounded = true;
            for (int i = 0; i < g.count; ++i) {
                if (best_side_[i] == s)
                    for (int w = 0; w < words(); ++w) alive[w] |= at(g, i)[w];
                if (best_side_[i] != -s && g.at_infinity[i]) bounded = false;
            }
            for (int w = 0; w < words(); ++w) alive[w] &= cell.alive[w];
            if (!tally_.claim_region()) return;
            ++result_->per_stage[context.stage];
            result_->bounded += bounded;
            const Hash region = hash ^ hash_words_.of(number, s);
            tally_.balance(cell, alive, region);
            tally_.add_side(region ^ hash_words_.to_zero(number, s), s);
        }
    }

    // `context` is that of the last stage; null where the network has none.
    void leaf(Cell& cell, const Context* context, Hash hash) {
        if (path_.size() < prefix_->size() || !tally_.claim_region()) return;
        bool bounded = true;
        for (int i = 0; i < cell.generators.count; ++i) bounded = bounded && !cell.generators.at_infinity[i];
        result_->bounded += bounded;
        tally_.balance(cell, cell.alive, hash);
        if (options_.records) recorder_.record(cell, bounded, result_->records);
        if (options_.generators) recorder_.record_generators(cell, context, result_->records);
    }

    const Network& network_;
    const Options options_;
    Control& control_;
    const int words_;
    const Words hash_words_;
    std::vector<std::int8_t> sign_;  // [unit]: on the current path
    Oracle oracle_;
    StageRows<D_> rows_;
    Tally<W> tally_;
    EdgeFinder<W> edges_;
    GeneratorMaker<D_, W> maker_;
    Recorder<D_, W> recorder_;
    Context root_{};
    std::vector<double> root_rows_;
    Arena arena_;
    std::vector<double> value_;
    std::vector<std::int8_t> side_, best_side_;
    std::vector<int> chosen_;
    std::vector<std::uint64_t> mask_;

    const Prefix* prefix_ = nullptr;
    int depth_limit_ = -1;
    std::vector<Prefix>* open_ = nullptr;
    Result* result_ = nullptr;
    Prefix path_;
};

template <int D, int W>
std::unique_ptr<Searcher> make(const Network& network, const Options& options, Control& control) {
    return std::make_unique<Search<D, W>>(network, options, control);
}

inline std::unique_ptr<Searcher> make_searcher(const Network& network, const Options& options, Control& control, bool wide) {
    if (wide) return make<0, 0>(network, options, control);
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
}

}  // namespace relureg
