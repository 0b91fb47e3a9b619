// The depth-first search over sign prefixes: cells are split until every unit has its sign.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>

#include "predicate.hpp"
#include "searcher.hpp"

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
          oracle_(network.dim + 1, words_, sign_.data(), options.audit), refiner_(network.dim + 1),
          num_walls_(!network.stages.empty() && network.stages[0].forced ? network.stages[0].units : 0),
          pattern_((network.num_units - num_walls_ + 7) / 8, 0), vanishing_(pattern_), integers_(network.dim + 1) {
        if (!network.stages.empty()) {
            root_rows_.assign(static_cast<std::size_t>(D()) * network.stages[0].units, 0.0);
            root_ = Context{nullptr, 0, &network.stages[0], root_rows_.data(), {}};
            affine_part(root_, 0, root_rows_.data());
        }
    }

    void run(const Prefix& prefix, int depth, std::vector<Prefix>* open, Result& result) override {
        prefix_ = &prefix, depth_limit_ = depth, open_ = open, result_ = &result;
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
        append_exact(cell.generators, std::move(origin), &owner.slots[0], false, 0);
        std::memset(cell.generators.incident, 0, words() * sizeof(std::uint64_t));
        if (network_.stages.empty())
            leaf(cell, Hash{});
        else
            enter(cell, root_, Hash{}, 0);
        flush_progress();
        result.statistics += oracle_.statistics;
        oracle_.statistics = Statistics{};
    }

  private:
    int D() const { return D_ ? D_ : network_.dim + 1; }
    int words() const { return W ? W : words_; }

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
        if (!is_last(context)) {
            rows = arena_.take<double>(next_size(context));
            affine_part(context, context.stage + 1, rows);
        }
        node(cell, context, candidates, n, {rows, -1}, hash, depth);
    }

    // constant + weights on the input + rows of the active units of stages before `context`, for a stage.
    void affine_part(const Context& context, int stage, double* rows) const {
        const Stage& data = network_.stages[stage];
        const int n = data.units;
        std::fill(rows, rows + static_cast<std::size_t>(D()) * n, 0.0);
        std::copy(data.constant.begin(), data.constant.end(), rows);
        for (const auto& term : data.terms) {
            if (term.source == 0)
                std::copy(term.by_column.begin(), term.by_column.end(), rows + n);
            else if (term.source - 1 < context.stage)
                for (int k = 0; k < term.columns; ++k) add_active(context.at(term.source - 1), term, k, n, rows);
        }
    }

    void add_active(const Context& source, const Term& term, int k, int n, double* rows) const {
        if (sign_[source.data->first_unit + k] <= 0) return;
        const double* weight = &term.by_column[static_cast<std::size_t>(k) * n];
        for (int j = 0; j < D(); ++j) {
            const double z = source.rows[static_cast<std::size_t>(j) * source.data->units + k];
            double* row = rows + static_cast<std::size_t>(j) * n;
            for (int i = 0; i < n; ++i) row[i] += weight[i] * z;
        }
    }

    const Term* term_on(const Context& context) const {
        for (const auto& term : network_.stages[context.stage + 1].terms)
            if (term.source == context.stage + 1) return &term;
        return nullptr;
    }

    bool is_last(const Context& context) const {
        return context.stage + 1 == static_cast<int>(network_.stages.size());
    }

    std::size_t next_size(const Context& context) const {
        return static_cast<std::size_t>(D()) * network_.stages[context.stage + 1].units;
    }

    // Add the units of this stage that turned out active to the rows of the next stage, on a copy.
    const double* extend(const Context& context, const double* rows, const int* active, int count) {
        const Term* term = rows ? term_on(context) : nullptr;
        if (!term || !count) return rows;
        double* sum = arena_.take<double>(next_size(context));
        std::memcpy(sum, rows, next_size(context) * sizeof(double));
        for (int k = 0; k < count; ++k)
            add_active(context, *term, active[k], network_.stages[context.stage + 1].units, sum);
        return sum;
    }

    // Every unit of the stage has its sign on the cell.
    void finish_stage(Cell& cell, const Context& context, const double* next_rows, Hash hash, int depth) {
        if (is_counted(depth)) ++result_->per_stage[context.stage];
        if (is_last(context)) return leaf(cell, hash);
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
        const double* rows = extend(context, carry.rows, active, num_active);
        if (!num_cut) return finish_stage(cell, context, rows, hash, depth);
        int* rest = arena_.take<int>(num_cut);
        int num_rest = 0;
        for (int c = 0; c < num_cut; ++c)
            if (cut[c] != best) rest[num_rest++] = cut[c];
        const bool by_line = !cell.lines->empty() && crosses_line(cell, context, best) >= 0;
        if (by_line)
            split_line(cell, context, best, rest, num_rest, rows, hash, depth);
        else if (!num_rest && is_last(context) && !options_.records && !context.data->forced &&
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
        const int unit = number - num_walls_;
        if (unit < 0) return;
        const auto bit = static_cast<std::uint8_t>(1u << (unit % 8));
        pattern_[unit / 8] = static_cast<std::uint8_t>(sign > 0 ? pattern_[unit / 8] | bit : pattern_[unit / 8] & ~bit);
        vanishing_[unit / 8] =
            static_cast<std::uint8_t>(sign == 0 ? vanishing_[unit / 8] | bit : vanishing_[unit / 8] & ~bit);
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
        find_edges(cell, side);
        oracle_.load(context, unit);
        oracle_.evaluate(cell.generators, value_.data());  // generators may have been refined since
        const int num_fresh = static_cast<int>(edges_.size());
        SlotOwner owner(arena_.take<ExactSlot>(num_fresh), num_fresh);
        Generators fresh = Generators::allocate(arena_, num_fresh, D(), words());
        for (int k = 0; k < num_fresh; ++k) {
            std::uint64_t* incident = fresh.incident + static_cast<std::size_t>(k) * words();
            for (int w = 0; w < words(); ++w)
                incident[w] = at(g, edges_[k].first)[w] & at(g, edges_[k].second)[w];
            make_generator(cell, context, unit, edges_[k].first, edges_[k].second, fresh, &owner.slots[k]);
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

    // Pairs of generators on either side that span an edge: no third one lies on all their common facets.
    //
    // The r facets of a simple generator meet in its edges when one of them is left out. So a simple generator spans
    // an edge with another one iff exactly one of its facets does not contain that; only two degenerate ones need a look
    // at all others.
    void find_edges(const Cell& cell, const std::int8_t* side) {
        const Generators& g = cell.generators;
        const int r = rank(cell);
        edges_.clear();
        below_.clear();
        degenerate_below_.clear();
        for (int i = 0; i < g.count; ++i)
            if (side[i] < 0) (Mask::count(at(g, i), words()) == r ? below_ : degenerate_below_).push_back(i);
        const std::size_t num_simple = below_.size();
        below_.insert(below_.end(), degenerate_below_.begin(), degenerate_below_.end());
        below_masks_.clear();
        for (const int b : below_) below_masks_.insert(below_masks_.end(), at(g, b), at(g, b) + words());
        edge_mask_.assign(words(), 0);
        std::uint64_t* common = edge_mask_.data();
        for (int a = 0; a < g.count; ++a) {
            if (side[a] <= 0) continue;
            if (Mask::count(at(g, a), words()) == r) {
                join(a, at(g, a), below_.size(), [](auto mine, auto other) { return mine & ~other; });
                continue;
            }
            join(a, at(g, a), num_simple, [](auto mine, auto other) { return other & ~mine; });
            for (const int b : degenerate_below_) {
                for (int w = 0; w < words(); ++w) common[w] = at(g, a)[w] & at(g, b)[w];
                if (Mask::count(common, words()) >= r - 1 && spans_edge(g, a, b, common)) edges_.emplace_back(a, b);
            }
        }
    }

    // Edges from a to those of the first `count` of `below_` for which `differ` leaves exactly one facet. This is the
    // innermost loop in high dimension, and most pairs are no edges: four are dismissed at once where the processor can.
    template <class Differ>
    void join(int a, const std::uint64_t* mask, std::size_t count, Differ differ) {
        std::size_t b = 0;
#ifdef __AVX2__
        if (words() == 1) {
            const __m256i mine = _mm256_set1_epi64x(static_cast<long long>(*mask)), one = _mm256_set1_epi64x(1);
            for (; b + 4 <= count; b += 4) {
                const auto* four = reinterpret_cast<const __m256i*>(&below_masks_[b]);
                const __m256i rest = differ(mine, _mm256_loadu_si256(four));
                const __m256i more = _mm256_and_si256(rest, _mm256_sub_epi64(rest, one));
                int hits = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(more, _mm256_setzero_si256())));
                for (; hits; hits &= hits - 1) edges_.emplace_back(a, below_[b + __builtin_ctz(hits)]);
            }
        }
#endif
        for (; b < count; ++b) {
            int facets = 0;
            for (int w = 0; w < words(); ++w)
                facets += __builtin_popcountll(differ(mask[w], below_masks_[b * words() + w]));
            if (facets == 1) edges_.emplace_back(a, below_[b]);
        }
    }

    bool spans_edge(const Generators& g, int a, int b, const std::uint64_t* common) const {
        for (int c = 0; c < g.count; ++c)
            if (c != a && c != b && Mask::contains(at(g, c), common, words())) return false;
        return true;
    }

    // The point of the edge from a (value > 0) to b (value < 0) where the unit vanishes.
    void make_generator(Cell& cell, const Context& context, int unit, int a, int b, Generators& fresh, ExactSlot* slot) {
        Generators& g = cell.generators;
        const int k = fresh.count;
        fresh.exact[k] = slot;
        fresh.at_infinity[k] = g.at_infinity[a] && g.at_infinity[b];
        fresh.quiet[k] = g.quiet[a] & g.quiet[b];
        if (cell.lines->empty()) {  // else facets do not determine a generator yet: combine exactly, and keep it
            if (interpolate_integers(context, unit, g, a, b, fresh) ||
                interpolate_doubles(cell, context, unit, a, b, fresh) ||
                (refine_ends(cell, a, b) && interpolate_doubles(cell, context, unit, a, b, fresh))) {
                ++fresh.count;
                return;
            }
        }
        const ExactVector &ga = oracle_.exact_generator(cell, g, a), &gb = oracle_.exact_generator(cell, g, b);
        const ExactVector& row = oracle_.exact_row(context, unit);
        append_exact(fresh, combine(-dot(row, gb), ga, dot(row, ga), gb), slot, fresh.at_infinity[k], fresh.quiet[k]);
    }

    // Values too close to their error bounds to interpolate with: better the ends of the edge, if that is possible.
    bool refine_ends(Cell& cell, int a, int b) {
        bool refined = false;
        for (const int end : {a, b})
            if (cell.generators.eps[end] > 1e-12 && oracle_.refine(cell, end)) {
                value_[end] = oracle_.value(cell.generators, end);
                refined = true;
            }
        return refined;
    }

    // Small integers stay integers: then later values, zeros among them, are decided without any rounding.
    bool interpolate_integers(const Context& context, int unit, const Generators& g, int a, int b, Generators& fresh) {
        const int row = context.data->row_bits[unit], bits_a = g.bits[a], bits_b = g.bits[b];
        if (row + std::max(bits_a, bits_b) > 53) return false;
        auto p = static_cast<std::int64_t>(value_[a] * power_of_two(context.data->fraction_bits + bits_a));
        auto q = static_cast<std::int64_t>(-value_[b] * power_of_two(context.data->fraction_bits + bits_b));
        const std::int64_t common = std::__gcd(p, q);
        p /= common, q /= common;
        if (std::max(width(p) + bits_b, width(q) + bits_a) > 61) return false;
        const double scale_a = power_of_two(bits_a), scale_b = power_of_two(bits_b);
        std::int64_t divisor = 0, largest = 0;
        for (int j = 0; j < D(); ++j) {
            const auto xa = static_cast<std::int64_t>(g.x[j * g.stride + a] * scale_a);
            const auto xb = static_cast<std::int64_t>(g.x[j * g.stride + b] * scale_b);
            integers_[j] = p * xb + q * xa;
            divisor = std::__gcd(divisor, std::abs(integers_[j]));
            largest = std::max(largest, std::abs(integers_[j]));
        }
        const int bits = width(largest / divisor);
        if (bits > 53) return false;
        const int k = fresh.count;
        for (int j = 0; j < D(); ++j)
            fresh.x[j * fresh.stride + k] = static_cast<double>(integers_[j] / divisor) * power_of_two(-bits);
        fresh.eps[k] = 0;
        fresh.bits[k] = static_cast<std::uint8_t>(bits);
        return true;
    }

    // Exact for exponents of normal doubles; fraction_bits is below 1000 where row_bits is small.
    static double power_of_two(int exponent) {
        const auto bits = static_cast<std::uint64_t>(1023 + exponent) << 52;
        double power;
        std::memcpy(&power, &bits, sizeof power);
        return power;
    }

    static int width(std::int64_t x) { return x ? 64 - __builtin_clzll(static_cast<std::uint64_t>(x)) : 0; }

    // n = wa a + wb b with wa = -v_b / s, wb = v_a / s, s = v_a - v_b. The values err by da and db, so wb errs by at
    // most (|v_b| da + v_a db) / (s (s - da - db)), which moves n by |a - b| times that; a and b bring their own errors
    // in convex combination; 8 u covers the rounding of coordinates of at most 1.
    bool interpolate_doubles(const Cell& cell, const Context& context, int unit, int a, int b, Generators& fresh) {
        const Generators& g = cell.generators;
        const double va = value_[a], vb = value_[b];
        const double da = oracle_.error_of(context, unit, g.eps[a]), db = oracle_.error_of(context, unit, g.eps[b]);
        if (!(va > 4 * da) || !(-vb > 4 * db)) return false;
        const double sum = va - vb;
        const double wa = -vb / sum, wb = va / sum;
        const int k = fresh.count;
        double largest = 0, distance = g.eps[a] + g.eps[b];
        for (int j = 0; j < D(); ++j) {
            const double xa = g.x[j * g.stride + a], xb = g.x[j * g.stride + b];
            const double x = wa * xa + wb * xb;
            fresh.x[j * fresh.stride + k] = x;
            largest = std::max(largest, std::fabs(x));
            distance = std::max(distance, std::fabs(xa - xb) + g.eps[a] + g.eps[b]);
        }
        const double shift = (wa * da + wb * db) / (sum - da - db);
        double eps = (wa * g.eps[a] + wb * g.eps[b] + shift * distance) * (1 + 0x1p-20) + 8 * kUnitRoundoff;
        if (!(largest > 0x1p-60)) return false;
        int exponent;
        std::frexp(largest, &exponent);
        if (exponent != 0) {
            const double scale = std::ldexp(1.0, -exponent);
            for (int j = 0; j < D(); ++j) fresh.x[j * fresh.stride + k] *= scale;
            eps *= scale;
        }
        fresh.eps[k] = eps;
        fresh.bits[k] = kInexact;
        if (eps < kLargestError) return true;
        if (!(eps < 0.25)) return false;  // the doubles must still tell the orientation
        refiner_.begin();
        Mask::each(at(fresh, k), words(), [&](int slot) {
            refiner_.add(cell.facets[slot].context, cell.facets[slot].local_unit);
        });
        refiner_.add(&context, unit);
        return refiner_.refine(fresh.x + k, fresh.stride, fresh.at_infinity[k], fresh.eps[k]);
    }

    void append_exact(Generators& g, ExactVector vector, ExactSlot* slot, bool at_infinity,
                      std::uint64_t quiet) {
        const int k = g.count++;
        g.quiet[k] = quiet;
        const int bits = to_doubles(vector, g.x + k, g.stride);
        g.eps[k] = bits <= 53 ? 0 : 4 * kUnitRoundoff;
        g.bits[k] = static_cast<std::uint8_t>(bits);
        g.at_infinity[k] = at_infinity;
        slot->vector = new ExactVector(std::move(vector));
        g.exact[k] = slot;
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
                    append_exact(child.generators, combine(slope, old, -dot(row, old), line), &owner.slots[i],
                                 g.at_infinity[i], g.quiet[i]);
                    for (int w = 0; w < words(); ++w) incident[w] = at(g, i)[w];
                    incident[slot / 64] |= std::uint64_t{1} << (slot % 64);
                } else {  // the line itself lies on every facet so far, but not on the new one
                    ExactVector ray = line;
                    if (s < 0)
                        for (auto& entry : ray) entry = -entry;
                    // Along a line of the cell no source so far has changed; this unit, if active, does.
                    const std::uint64_t quiet = (std::uint64_t{2} << std::min(context.stage + 1, 62)) - 2;
                    append_exact(child.generators, std::move(ray), &owner.slots[i], true,
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
            if (!claim_region()) return;
            ++result_->per_stage[context.stage];
            result_->bounded += bounded;
            const Hash region = hash ^ hash_words_.of(number, s);
            balance(cell, alive, region);
            add_side(region ^ hash_words_.to_zero(number, s), s);
        }
    }

    void leaf(const Cell& cell, Hash hash) {
        if (path_.size() < prefix_->size() || !claim_region()) return;
        bool bounded = true;
        for (int i = 0; i < cell.generators.count; ++i) bounded = bounded && !cell.generators.at_infinity[i];
        result_->bounded += bounded;
        balance(cell, cell.alive, hash);
        if (options_.records) record(cell, bounded);
    }

    // Count one region, unless the limit forbids it.
    bool claim_region() {
        if (options_.max_regions) {
            if (control_.regions.fetch_add(1) >= options_.max_regions) {
                control_.out_of_regions = true;
                control_.stop = true;
                return false;
            }
        } else if (++unreported_ == 4096) {
            flush_progress();
        }
        ++result_->regions;
        return true;
    }

    void flush_progress() {
        control_.regions.fetch_add(unreported_, std::memory_order_relaxed);
        unreported_ = 0;
    }

    void balance(const Cell& cell, const std::uint64_t* alive, const Hash& region) {
        Mask::each(alive, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!facet.context) return;
            if (facet.on_boundary)
                ++result_->boundary_facets;
            else
                add_side(region ^ facet.to_key, facet.side);
        });
    }

    void add_side(const Hash& key, int side) {
        ++result_->facet_sides;
        if (side > 0)
            result_->balance += mix(key);
        else
            result_->balance -= mix(key);
    }

    void record(const Cell& cell, bool bounded) {
        Records& out = result_->records;
        out.patterns.insert(out.patterns.end(), pattern_.begin(), pattern_.end());
        out.vanishing.insert(out.vanishing.end(), vanishing_.begin(), vanishing_.end());
        out.bounded.push_back(bounded);
        record_point(cell);
        std::int64_t count = 0;
        Mask::each(cell.alive, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!facet.context) return;
            const auto first = out.facet_units.size();
            for (const UnitNode* node = facet.units; node; node = node->next)
                if (node->unit >= num_walls_) out.facet_units.push_back(node->unit - num_walls_);
            for (int unit = num_walls_; unit < network_.num_units; ++unit)
                if (!sign_[unit]) out.facet_units.push_back(unit - num_walls_);
            std::sort(out.facet_units.begin() + static_cast<std::ptrdiff_t>(first), out.facet_units.end());
            out.facet_length.push_back(static_cast<std::int64_t>(out.facet_units.size() - first));
            out.facet_on_boundary.push_back(facet.on_boundary);
            ++count;
        });
        out.facet_count.push_back(count);
    }

    // The mean of the generators, as doubles if these lie inside; else, exactly, as rationals.
    void record_point(const Cell& cell) {
        const Generators& g = cell.generators;
        Records& out = result_->records;
        std::vector<double> point(D(), 0.0);
        for (int j = 0; j < D(); ++j)
            for (int i = 0; i < g.count; ++i) point[j] += g.x[j * g.stride + i];
        for (int j = 1; j < D(); ++j) point[j] /= point[0];
        point[0] = 1;
        if (!is_inside(cell, point)) {
            std::vector<mpq_class> mean(D());
            for (int i = 0; i < g.count; ++i) {
                const ExactVector& x = oracle_.exact_generator(cell, g, i);
                mpz_class norm;
                for (const auto& entry : x)
                    if (mpz_cmpabs(entry.get_mpz_t(), norm.get_mpz_t()) > 0) norm = abs(entry);
                for (int j = 0; j < D(); ++j) {
                    mpq_class scaled(x[j], norm);
                    scaled.canonicalize();
                    mean[j] += scaled;
                }
            }
            std::vector<std::string> coordinates;
            for (int j = 1; j < D(); ++j) {
                const mpq_class x = mean[j] / mean[0];
                coordinates.push_back(x.get_str());
                const double rounded = x.get_d();
                point[j] = std::isfinite(rounded) ? rounded : 0.0;
            }
            out.exact_points.emplace_back(static_cast<std::int64_t>(out.bounded.size()) - 1, std::move(coordinates));
        }
        out.points.insert(out.points.end(), point.begin() + 1, point.end());
    }

    // Whether a point of doubles lies strictly on its side of every facet: filtered, then exact.
    bool is_inside(const Cell& cell, const std::vector<double>& point) {
        double norm = 0;
        for (const double x : point) {
            if (!std::isfinite(x)) return false;
            norm = std::max(norm, std::fabs(x));
        }
        bool inside = true;
        Mask::each(cell.alive, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!inside || !facet.context) return;
            const Stage& data = *facet.context->data;
            double value = 0;
            for (int j = 0; j < D(); ++j)
                value += facet.context->rows[static_cast<std::size_t>(j) * data.units + facet.local_unit] * point[j];
            if (value * facet.side > data.value_error[facet.local_unit] * norm) return;
            mpq_class sum;
            const ExactVector& row = oracle_.exact_row(*facet.context, facet.local_unit);
            for (int j = 0; j < D(); ++j) sum += mpq_class(row[j]) * mpq_class(point[j]);
            inside = sgn(sum) * facet.side > 0;
        });
        return inside;
    }

    // Beyond, a generator is computed anew from its rows. Up to there a decision that its bound leaves open is rare, and
    // refines it then: the limit only balances the two (measured: anything from 1e-2 to 1e-4 does).
    static constexpr double kLargestError = 1e-3;

    const Network& network_;
    const Options options_;
    Control& control_;
    const int words_;
    const Words hash_words_;
    std::vector<std::int8_t> sign_;  // [unit]: on the current path
    Oracle oracle_;
    Refiner<D_> refiner_;
    const int num_walls_;
    std::vector<std::uint8_t> pattern_, vanishing_;
    std::vector<std::int64_t> integers_;
    Context root_{};
    std::vector<double> root_rows_;
    Arena arena_;
    std::vector<double> value_;
    std::vector<std::int8_t> side_, best_side_;
    std::vector<std::pair<int, int>> edges_;
    std::vector<int> below_, degenerate_below_, chosen_;
    std::vector<std::uint64_t> mask_, edge_mask_, below_masks_;
    std::int64_t unreported_ = 0;

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
