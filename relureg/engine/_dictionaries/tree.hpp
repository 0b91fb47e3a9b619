// The depth-first search over cells held as dictionaries: every side that is not entered is proven empty, and every
// cell that is entered has a point that is proven to lie strictly inside.
#pragma once

#include <algorithm>
#include <optional>

#include "../_cells/search/sharing.hpp"
#include "../_cells/search/tally.hpp"
#include "cell_search.hpp"
#include "facets.hpp"
#include "norm_cut.hpp"
#include "single_region.hpp"

namespace relureg {

class Tree final : public Searcher {
  public:
    Tree(const Network& network, const Options& options, Control& control)
        : network_(network), options_(options), control_(control), sign_(network.num_units + 1, 0),
          rows_(network, sign_.data(), statistics_, options.audit), tally_(options_, control, 1),
          words_(most_words(network)) {
        if (network.stages.empty()) return;
        root_ = Context{nullptr, 0, &network.stages[0], network.stages[0].input_rows.data(), 0};
    }

    // What was found before a limit stays.
    void run(const Prefix& prefix, Result& result) override {
        if (options_.single) single_.name(prefix);
        try {
            search_from(options_.single ? everywhere_ : prefix, result);
        } catch (const StoppedError&) {
        }
        tally_.flush_progress();
        cut_.flush();
        result.statistics += statistics_;
    }

    // A sample that is broken off is none.
    Sample sample(const Prefix& prefix, const SampleOptions& options) override {
        Result result;
        result.per_stage.assign(network_.stages.size(), 0);
        sampler_.begin(options, result, network_.stages.size());
        search_from(prefix, result);
        return sampler_.end();
    }

  private:
    // From the whole domain, along a prefix.
    void search_from(const Prefix& prefix, Result& result) {
        prefix_ = &prefix, result_ = &result;
        open_.begin();
        tally_.begin(result);
        result.per_stage.assign(network_.stages.size(), 0);
        path_.clear();
        stages_.begin();
        statistics_ = Statistics{};
        proofs_.begin(has_walls() ? &network_.stages[0] : nullptr);
        cell_.begin();
        if (!rows_.box().is_flat()) search();
    }

    static int most_words(const Network& network) {
        int words = 1;
        for (const Stage& stage : network.stages) words = std::max(words, (stage.units + 63) / 64);
        return words;
    }

    bool has_walls() const { return !network_.stages.empty() && network_.stages[0].forced; }
    bool is_last(const Context& context) const { return stages_.is_last(context); }
    bool is_own(int depth) const { return depth >= static_cast<int>(prefix_->size()); }
    void set_sign(int number, int sign) { sign_[number] = static_cast<std::int8_t>(sign); }

    void search() {
        Frame& frame = frames_.at(0);
        const Bounds<double>& bounds = rows_.bounds();
        std::vector<double> at(network_.dim, 0.0);
        for (int j = 0; j < network_.dim; ++j)
            if (bounds.has_lower[j] || bounds.has_upper[j])
                at[j] = (bounds.has_lower[j] ? bounds.lower : bounds.upper)[j];
        frame.dictionary.reset(at);
        frame.vertices.clear();
        proofs_.start(frame.point);
        if (network_.stages.empty())
            leaf(frame, 0);
        else if (!options_.single || !cell_.has_many_inputs() || !finds_at_once(frame))
            enter(frame, root_, 0, 0);
    }

    // The region that is named, all of whose stages are entered by then.
    bool finds_at_once(Frame& frame) {
        return single_.find_at_once(frame, root_, [&] {
            for (std::size_t s = 0; s + 1 < result_->per_stage.size(); ++s) ++result_->per_stage[s];
            leaf(frame, 0, true);
        });
    }

    // -- stages ------------------------------------------------------------------------------------------

    void enter(Frame& frame, const Context& context, int depth, int level) {
        const Stage& data = *context.data;
        const Entered stage{&context, rows_.size()};
        if (data.forced && rows_.are_walls_bounds()) {
            std::fill_n(sign_.begin() + data.first_unit, data.units, std::int8_t{1});
            return finish_stage(frame, stage, depth, level);
        }
        stages_.push_rows(context);
        frame.open.assign(words_, 0);
        bool is_empty = false;
        for (int i = 0; i < data.units && !is_empty; ++i) {
            const int sign = stages_.sign_at_once(stage, i);
            if (sign != Stages::kOpen && single_.is_elsewhere(data.first_unit + i, sign)) {
                is_empty = true;
            } else if (sign == Stages::kOpen) {
                frame.open[i / 64] |= std::uint64_t{1} << (i % 64);
                rows_.add_to(frame.dictionary, stage.first + i);
            } else {
                set_sign(data.first_unit + i, sign);
                is_empty = data.forced && sign <= 0;
            }
        }
        if (!is_empty) {
            cell_.enter(frame, stage);
            cut_.enter(context);
            node(frame, stage, depth, level, true);
        }
        rows_.release(stage.first);
    }

    // Every unit of the stage has its sign on the cell.
    void finish_stage(Frame& frame, const Entered& stage, int depth, int level) {
        const Context& context = *stage.context;
        if (is_last(context)) return cut_.is_on() ? large_leaf(frame, context, depth) : leaf(frame, depth);
        if (is_own(depth)) ++result_->per_stage[context.stage];
        if (context.data->forced) proofs_.find_hull(frame.dictionary);
        stages_.with_next(context, [&](const Context& next) {
            enter(frame, next, depth, level);
            return true;
        });
    }

    // -- one cell ----------------------------------------------------------------------------------------

    // Give every candidate that does not cut the cell its sign; split by the most balanced of the others.
    void node(Frame& frame, const Entered& stage, int depth, int level, bool is_entrance) {
        if (control_.stop.load(std::memory_order_relaxed)) return;
        if (options_.single) return towards_region(frame, stage, depth, level);
        if (cut_.closes(*stage.context, frame.open)) return;
        const std::size_t tied = cell_.num_tied();
        std::optional<Sampler::Visit> visit;
        if (close_candidates(frame, stage) && !cut_.closes(*stage.context, frame.open) &&
            is_to_visit(frame, stage, depth, is_entrance, visit)) {
            const int best = choose(frame, stage, depth);
            if (best < 0)
                finish_stage(frame, stage, depth, level);
            else
                split(frame, stage, best, depth, level);
        }
        cell_.release_tied(tied);
    }

    // Straight to the region that is looked for.
    void towards_region(Frame& frame, const Entered& stage, int depth, int level) {
        const std::size_t tied = cell_.num_tied();
        const auto way = single_.look(frame, stage, [&](int k, int sign) { close(frame, stage, k, sign); });
        if (way.is_here && way.candidate < 0) {
            finish_stage(frame, stage, depth, level);
        } else if (way.is_here) {
            const int k = way.candidate, number = rows_[stage.first + k].number;
            frame.open[k / 64] &= ~(std::uint64_t{1} << (k % 64));
            set_sign(number, single_.side(number));
            descend(frame, stage, k, single_.side(number), depth, level, true);
        }
        cell_.release_tied(tied);
    }

    // Whether a sample goes on with the cell.
    bool is_to_visit(const Frame& frame, const Entered& stage, int depth, bool is_entrance,
                     std::optional<Sampler::Visit>& visit) {
        if (!sampler_.is_on() || !is_own(depth) || stage.context->data->forced) return true;
        const int number = stage.context->stage, cutting = Bits<0>::count(frame.open.data(), words_);
        const double weight = sampler_.weight(number, cutting, depth, is_entrance);
        if (!weight) return false;
        visit.emplace(sampler_, weight, number, cutting);
        if (sampler_.is_too_large()) throw StoppedError{};
        return true;
    }

    // The candidate to split by, with a point on either side of it; -1: none cuts the cell. Where only rounding had
    // shown two signs, one side may turn out to be empty.
    int choose(Frame& frame, const Entered& stage, int depth) {
        const bool is_free = is_own(depth) || stage.context->data->forced;
        while (true) {
            const int named = is_free ? -1 : named_by_prefix(frame, stage, depth);
            const int k = named >= 0 ? named : to_split(frame, stage);
            if (k < 0) return k;
            const int slot = stage.first + k;
            const bool is_below = cell_.find_point(frame, frame.below, k, slot, -1);
            const bool is_above = cell_.find_point(frame, frame.above, k, slot, 1);
            if (is_below && is_above && !is_free && named < 0)
                throw std::runtime_error("a prefix names other cuts than this network's");
            if (is_below && is_above) return k;
            if (!is_below && !is_above) throw ContradictionError("both sides of a cut are empty");
            close(frame, stage, k, is_above ? 1 : -1);
            cell_.add_tied(slot);
        }
    }

    int to_split(const Frame& frame, const Entered& stage) {
        const bool is_bounded = cut_.is_on() && !stage.context->data->forced;
        return is_bounded ? cut_.most_influential(*stage.context, frame.open) : cell_.most_balanced(frame);
    }

    void close(Frame& frame, const Entered& stage, int k, int sign) {
        set_sign(rows_[stage.first + k].number, sign);
        cell_.close(frame, stage, k, sign);
    }

    // What is known from other cells goes first, so that less is asked. False: the cell lies outside the domain.
    bool close_candidates(Frame& frame, const Entered& stage) {
        return close_absent(frame, stage, [&](int k, int sign) { return cell_.is_ruled_out(frame, stage, k, sign); }) &&
               close_absent(frame, stage, [&](int k, int sign) { return !cell_.seek(frame, stage, k, sign); });
    }

    template <class IsAbsent>
    bool close_absent(Frame& frame, const Entered& stage, IsAbsent is_absent) {
        for (int w = 0; w < words_; ++w)
            for (std::uint64_t left = frame.open[w]; left; left &= left - 1) {
                const int k = 64 * w + __builtin_ctzll(left);
                for (const int sign : {-1, 1}) {
                    if (frame.seen.has(k, sign) || !is_absent(k, sign)) continue;
                    if (stage.context->data->forced && sign > 0) return false;
                    close(frame, stage, k, -sign);
                    break;
                }
            }
        return true;
    }

    // -- splitting ---------------------------------------------------------------------------------------

    void split(Frame& frame, const Entered& stage, int k, int depth, int level) {
        const int number = rows_[stage.first + k].number;
        frame.open[k / 64] &= ~(std::uint64_t{1} << (k % 64));
        if (!stage.context->data->forced) return split_at(frame, stage, k, depth, level);
        set_sign(number, 1);  // the domain leaves no choice: not a step of the prefix
        descend(frame, stage, k, 1, depth, level, true);
    }

    // The open candidate that the prefix names; -1: it names one of a later stage.
    int named_by_prefix(const Frame& frame, const Entered& stage, int depth) const {
        const int k = (*prefix_)[depth].unit - stage.context->data->first_unit;
        const bool is_open = k >= 0 && k < stage.context->data->units && (frame.open[k / 64] >> (k % 64) & 1);
        return is_open ? k : -1;
    }

    void split_at(Frame& frame, const Entered& stage, int k, int depth, int level) {
        const int number = rows_[stage.first + k].number;
        const double weight = sampler_.weight();
        const int chosen = sampler_.is_probe() && is_own(depth) ? sampler_.choose(0.5) : 0;
        const bool can_give = is_own(depth) && !sampler_.is_on();
        const bool is_early = options_.records && depth < kRecordDepth && !cut_.knows_values();
        if (can_give) open_.open(depth, number, is_early);
        for (const int side : {-1, 1}) {
            if (!is_own(depth) && (*prefix_)[depth].side != side) continue;
            if (chosen && chosen != side) continue;
            if (can_give && side > 0 && !open_.close()) continue;
            path_.push_back({number, static_cast<std::int8_t>(side)});
            set_sign(number, side);
            descend(frame, stage, k, side, depth + 1, level, side > 0);
            path_.pop_back();
            if (depth + 1 == kReportDepth && is_own(depth)) tally_.advance(depth + 1);
        }
        if (chosen) sampler_.change_weight(weight);
    }

    // Into the part of a cell on that side. The cell's own dictionary may be used up `at_last`.
    void descend(Frame& frame, const Entered& stage, int k, int side, int depth, int level, bool at_last) {
        const int slot = stage.first + k, mark = cell_.num_points();
        Frame& child = frames_.at(level + 1);
        rows_.step(slot, side);
        child.point = side > 0 ? frame.above : frame.below;
        child.open = frame.open, child.known = frame.known;
        child.known.note(k, side);
        child.vertices.clear();
        const bool is_done =
            !Bits<0>::count(child.open.data(), words_) && is_last(*stage.context) && (cut_.is_on() || !finds_facets());
        if (!is_done) cell_.prepare(frame, child, stage, k, side, at_last);
        node(child, stage, depth, level + 1, false);
        rows_.step(slot, 0);
        cell_.release_points(mark);
    }

    // -- leaves ------------------------------------------------------------------------------------------

    // Whether there may be no ray: d + 1 half-spaces bound a cell at the least.
    bool has_rows_to_bound() const {
        int bounds = static_cast<int>(rows_.path().size());
        for (int j = 0; j < network_.dim; ++j) bounds += rows_.bounds().has_lower[j] + rows_.bounds().has_upper[j];
        return bounds > network_.dim;
    }

    bool finds_facets() const { return options_.records || options_.enumerates; }

    // `is_far_inside`: the frame's point, in a cell of many inputs.
    void leaf(Frame& frame, int depth, bool is_far_inside = false) {
        if (!is_own(depth)) return;
        const bool bounded =
            options_.asks_bounded && (rows_.box().is_bounded || (has_rows_to_bound() && proofs_.is_bounded()));
        const std::vector<FoundFacet>* facets = nullptr;
        if (finds_facets())
            facets = is_far_inside ? &facets_.find_around_point(frame, cell_.tied())
                                   : &facets_.find(frame, cell_.middle(frame), cell_.tied(), !cell_.has_many_inputs());
        // Only now, since a limit may break off what comes before: a region that is claimed is told whole.
        if (!tally_.claim_region()) return;
        if (!network_.stages.empty()) ++result_->per_stage.back();
        result_->bounded += bounded;
        if (facets) {
            for (const FoundFacet& facet : *facets) leaf_writer_.add_up(facet, *result_);
            if (options_.records) leaf_writer_.record(frame.point, bounded, *facets, result_->records);
            hand_over_if_full(options_, control_, *result_);
        }
        if (path_.size() < kReportDepth) tally_.advance(path_.size());
    }

    // Of a search for the largest norm: a region is yielded without its facets, and only if its norm is larger.
    void large_leaf(const Frame& frame, const Context& context, int depth) {
        if (is_own(depth) && cut_.is_larger(context) && tally_.claim_region())
            leaf_writer_.record(frame.point, false, {}, result_->records);
        if (is_own(depth) && path_.size() < kReportDepth) tally_.advance(path_.size());
    }

    const Network& network_;
    const Options options_;
    Control& control_;
    Statistics statistics_;
    std::vector<std::int8_t> sign_;  // [unit]: on the current path
    CellRows rows_;
    CellProofs proofs_{rows_, statistics_, control_.stop, options_.audit};
    Stages stages_{network_, sign_.data(), rows_, proofs_};
    Tally<1> tally_;
    const int words_;
    CellSearch cell_{rows_, proofs_, statistics_, control_.stop, words_};
    FacetFinder facets_{rows_, proofs_, control_.stop};
    SingleRegion single_{network_, sign_.data(), stages_, rows_, cell_, facets_};
    Frames frames_;
    Context root_{};
    LeafWriter leaf_writer_{network_, sign_.data()};
    NormCut cut_{network_, options_.norms, sign_.data()};

    const Prefix everywhere_;
    const Prefix* prefix_ = nullptr;
    Result* result_ = nullptr;
    Prefix path_;
    OpenParts open_{control_, path_};
    Sampler sampler_;
};

}  // namespace relureg
