// The depth-first search over cells held as dictionaries: every side that is not entered is proven empty, and every
// cell that is entered has a point that is proven to lie strictly inside.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>

#include "../_cells/cells/stage_rows.hpp"
#include "../_cells/search/sharing.hpp"
#include "../_cells/search/tally.hpp"
#include "cell_rows.hpp"
#include "leaf_writer.hpp"
#include "long_steps.hpp"

namespace relureg {

class Tree final : public Searcher {
  public:
    Tree(const Network& network, const Options& options, Control& control)
        : network_(network), options_(options), control_(control), sign_(network.num_units + 1, 0),
          stage_rows_(network, sign_.data()), rows_(network, sign_.data(), statistics_, control.stop, options.audit),
          tally_(options_, control, 1), words_(most_words(network)) {
        if (network.stages.empty()) return;
        root_rows_.assign((network.dim + 1) * static_cast<std::size_t>(network.stages[0].stride), 0.0);
        root_ = Context{nullptr, 0, &network.stages[0], root_rows_.data(), {}, {}, {}};
        stage_rows_.affine_part(root_, 0, root_rows_.data());
    }

    // What was found before a limit stays.
    void run(const Prefix& prefix, Result& result) override {
        if (options_.single) name_region(prefix);
        try {
            search_from(options_.single ? everywhere_ : prefix, result);
        } catch (const StoppedError&) {
        }
        tally_.flush_progress();
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
        path_.clear(), tied_.clear();
        arena_.release({0, 0});
        statistics_ = Statistics{};
        // Bounds of many inputs are no rows of a single region: they would be most of its rows, and are known.
        const bool by_rows = finds_facets() && !(options_.single && has_many_inputs());
        rows_.begin(has_walls() ? &network_.stages[0] : nullptr, by_rows);
        vertices_.begin(rows_.width(), words_);
        vertices_.release(0);
        if (!rows_.box().is_flat()) search();
    }

    // Values in units of their row's size that are taken for other than 0 on the way; proofs do not rest on it.
    static constexpr double kEnough = 1e-9;
    // In more dimensions, only the last vertex of a program is kept.
    static constexpr int kFewInputs = 32;
    // Points that are taken on into the next stage.
    static constexpr std::size_t kMostPoints = 64;

    // The units of a stage, on the cell that it was entered from: slots from `first` on.
    struct Entered {
        const Context* context;
        int first;
    };

    static int most_words(const Network& network) {
        int words = 1;
        for (const Stage& stage : network.stages) words = std::max(words, (stage.units + 63) / 64);
        return words;
    }

    bool has_walls() const { return !network_.stages.empty() && network_.stages[0].forced; }
    bool is_last(const Context& context) const { return stage_rows_.is_last(context); }
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
        rows_.start(frame.point);
        if (network_.stages.empty())
            leaf(frame, 0);
        else
            enter(frame, root_, 0, 0);
    }

    // -- stages ------------------------------------------------------------------------------------------

    void enter(Frame& frame, const Context& context, int depth, int level) {
        const Stage& data = *context.data;
        const Entered stage{&context, rows_.size()};
        if (data.forced && rows_.are_walls_bounds()) {
            std::fill_n(sign_.begin() + data.first_unit, data.units, std::int8_t{1});
            return finish_stage(frame, stage, depth, level);
        }
        push_rows(context);
        frame.open.assign(words_, 0);
        bool is_empty = false;
        for (int i = 0; i < data.units && !is_empty; ++i) {
            const int sign = sign_at_once(stage, i);
            if (sign != kOpen && is_elsewhere(data.first_unit + i, sign)) {
                is_empty = true;
            } else if (sign == kOpen) {
                frame.open[i / 64] |= std::uint64_t{1} << (i % 64);
                if (!asks_one_by_one()) rows_.add_to(frame.dictionary, stage.first + i);
            } else {
                set_sign(data.first_unit + i, sign);
                is_empty = data.forced && sign <= 0;
            }
        }
        if (!is_empty) {
            take_points_along(frame, stage);
            node(frame, stage, depth, level, true);
        }
        rows_.release(stage.first);
    }

    static constexpr int kOpen = 2;

    // The sign of a unit that is known without a program: of a bound, of a constant unit, by interval arithmetic.
    int sign_at_once(const Entered& stage, int unit) {
        const Stage& data = *stage.context->data;
        if (data.forced && rows_.box().is_bound(data, unit)) return 1;
        const int slot = stage.first + unit;
        if (rows_.is_constant(slot)) return sgn(rows_.exact(slot)[0]);
        if (rows_.is_absent_in_box(slot, 1)) return -1;
        if (rows_.is_absent_in_box(slot, -1)) return 1;
        return kOpen;
    }

    // The rows of a stage, by row.
    void push_rows(const Context& context) {
        const Stage& data = *context.data;
        const int width = rows_.width();
        double* by_row = arena_.take<double>(static_cast<std::size_t>(data.units) * width);
        std::fill(by_row, by_row + static_cast<std::size_t>(data.units) * width, 0.0);
        for (int j = 0; j <= network_.dim; ++j) {
            const double* from = context.rows + static_cast<std::size_t>(j) * data.stride;
            for (int i = 0; i < data.units; ++i) by_row[static_cast<std::size_t>(i) * width + j] = from[i];
        }
        for (int i = 0; i < data.units; ++i) rows_.push(context, i, by_row + static_cast<std::size_t>(i) * width);
    }

    // The points known in the cell, with the signs of the new stage.
    void take_points_along(Frame& frame, const Entered& stage) {
        const std::size_t count = frame.vertices.size(), skipped = count > kMostPoints ? count - kMostPoints : 0;
        for (std::size_t v = skipped; v < count; ++v) {
            const int fresh = vertices_.push();
            std::memcpy(vertices_.point(fresh), vertices_.point(frame.vertices[v]), rows_.width() * sizeof(double));
            note_signs(fresh, frame.open, stage);
            frame.vertices[v - skipped] = fresh;
        }
        frame.vertices.resize(count - skipped);
        note_point(frame, stage);
    }

    // The point inside, among the points of the cell.
    void note_point(Frame& frame, const Entered& stage) {
        const int fresh = vertices_.push();
        std::memcpy(vertices_.point(fresh), frame.point.doubles.data(), rows_.width() * sizeof(double));
        note_signs(fresh, frame.open, stage);
        frame.vertices.push_back(fresh);
    }

    void note_signs(int vertex, const std::vector<std::uint64_t>& open, const Entered& stage) {
        const double* point = vertices_.point(vertex);
        for (int w = 0; w < words_; ++w)
            each_bit(open[w], 64 * w, [&](int k) {
                const Slot& slot = rows_[stage.first + k];
                const double value = product(slot.row, point, rows_.width());
                if (std::fabs(value) > kEnough * slot.unit_size) vertices_.note(vertex, k, value > 0 ? 1 : -1);
            });
    }

    // Every unit of the stage has its sign on the cell.
    void finish_stage(Frame& frame, const Entered& stage, int depth, int level) {
        const Context& context = *stage.context;
        if (is_own(depth)) ++result_->per_stage[context.stage];
        if (is_last(context)) return leaf(frame, depth);
        if (context.data->forced) rows_.find_hull(frame.dictionary);
        const auto mark = arena_.mark();
        const Stage& data = *context.data;
        std::vector<int> active;
        for (int i = 0; i < data.units; ++i)
            if (sign_[data.first_unit + i] > 0) active.push_back(i);
        double* rows = arena_.take<double>(stage_rows_.next_size(context));
        stage_rows_.affine_part(context, context.stage + 1, rows);
        const double* all = stage_rows_.extend(context, rows, active.data(), static_cast<int>(active.size()), arena_);
        const Context next{&context, context.stage + 1, &network_.stages[context.stage + 1], all, {}, {}, {}};
        enter(frame, next, depth, level);
        arena_.release(mark);
    }

    // -- one cell ----------------------------------------------------------------------------------------

    // Give every candidate that does not cut the cell its sign; split by the most balanced of the others.
    void node(Frame& frame, const Entered& stage, int depth, int level, bool is_entrance) {
        if (control_.stop.load(std::memory_order_relaxed)) return;
        if (options_.single) return towards_region(frame, stage, depth, level);
        const std::size_t tied = tied_.size();
        std::optional<Sampler::Visit> visit;
        if (close_candidates(frame, stage) && is_to_visit(frame, stage, depth, is_entrance, visit)) {
            const int best = choose(frame, stage, depth);
            if (best < 0)
                finish_stage(frame, stage, depth, level);
            else
                split(frame, stage, best, depth, level);
        }
        tied_.resize(tied);
    }

    // -- a single region ---------------------------------------------------------------------------------

    void name_region(const Prefix& signs) {
        wanted_.assign(network_.num_units, 0);
        if (has_walls()) std::fill_n(wanted_.begin(), network_.stages[0].units, std::int8_t{1});
        for (const Step& step : signs) wanted_[step.unit] = step.side;
    }

    // Whether the region that is looked for lies elsewhere, since the unit has that sign on the whole cell.
    bool is_elsewhere(int number, int sign) const { return options_.single && sign != wanted_[number]; }

    // Each candidate either has its sign on the whole cell, or cuts it: then go on to the side that is wanted.
    void towards_region(Frame& frame, const Entered& stage, int depth, int level) {
        const std::size_t tied = tied_.size();
        bool is_here = true;
        int cut = -1;
        for (int k = 0; k < stage.context->data->units && is_here && cut < 0; ++k) {
            if (!(frame.open[k / 64] >> (k % 64) & 1)) continue;
            const int slot = stage.first + k, side = wanted_[rows_[slot].number];
            if (!side) {
                is_here = false;
            } else if (!is_seen(frame, k, -side) && !seek(frame, stage, k, -side)) {
                close(frame, stage, k, side);
            } else {
                is_here = (is_seen(frame, k, side) || seek(frame, stage, k, side)) &&
                          find_point(frame, side > 0 ? frame.above : frame.below, k, slot, side);
                cut = k;
            }
        }
        if (is_here && cut < 0) finish_stage(frame, stage, depth, level);
        if (is_here && cut >= 0) {
            const int slot = stage.first + cut, side = wanted_[rows_[slot].number];
            frame.open[cut / 64] &= ~(std::uint64_t{1} << (cut % 64));
            set_sign(rows_[slot].number, side);
            descend(frame, stage, cut, side, depth, level, true);
        }
        tied_.resize(tied);
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
            const int k = named >= 0 ? named : most_balanced(frame);
            if (k < 0) return k;
            const int slot = stage.first + k;
            const bool is_below = find_point(frame, frame.below, k, slot, -1);
            const bool is_above = find_point(frame, frame.above, k, slot, 1);
            if (is_below && is_above && !is_free && named < 0)
                throw std::runtime_error("a prefix names other cuts than this network's");
            if (is_below && is_above) return k;
            if (!is_below && !is_above) throw ContradictionError("both sides of a cut are empty");
            close(frame, stage, k, is_above ? 1 : -1);
            tied_.push_back(slot);
        }
    }

    // False: the cell lies outside the domain.
    bool close_candidates(Frame& frame, const Entered& stage) {
        for (int w = 0; w < words_; ++w)
            for (std::uint64_t left = frame.open[w]; left; left &= left - 1) {
                const int k = 64 * w + __builtin_ctzll(left);
                for (const int sign : {-1, 1}) {
                    if (is_seen(frame, k, sign) || seek(frame, stage, k, sign)) continue;
                    if (stage.context->data->forced && sign > 0) return false;
                    close(frame, stage, k, -sign);
                    break;
                }
            }
        return true;
    }

    bool is_seen(const Frame& frame, int k, int sign) {
        for (auto v = frame.vertices.rbegin(); v != frame.vertices.rend(); ++v)
            if (vertices_.has(*v, k, sign)) return true;
        return false;
    }

    void close(Frame& frame, const Entered& stage, int k, int sign) {
        const int slot = stage.first + k;
        set_sign(rows_[slot].number, sign);
        frame.open[k / 64] &= ~(std::uint64_t{1} << (k % 64));
        if (!asks_one_by_one()) frame.dictionary.remove_row(frame.dictionary.row_of(rows_.variable(slot)));
    }

    // Look for a point of the cell where a candidate has that sign; false: there is none, which is proven.
    bool seek(Frame& frame, const Entered& stage, int k, int sign) {
        const int slot = stage.first + k;
        if (has_many_inputs() && shoot(frame, stage, slot, sign)) return true;
        for (const bool is_again : {false, true}) {
            if (is_again) restart(frame, stage);
            const auto outcome = grow(frame, stage, slot, sign, [&] {
                if (network_.dim <= kFewInputs) note_vertex(frame, stage);
            });
            if (outcome == Outcome::kReached) note_vertex(frame, stage);
            if (outcome == Outcome::kUnbounded) note_ray(frame, stage, slot, sign);
            if (outcome == Outcome::kReached || outcome == Outcome::kUnbounded) return true;
            const Absence absence = rows_.absence(*optimum_, slot, sign);
            if (absence == Absence::kTie) tied_.push_back(slot);
            if (absence != Absence::kNo) return false;
        }
        if (asks_one_by_one()) {
            Point found = frame.point;
            rows_.step(slot, sign);
            const auto outcome = rows_.seek_inside(found, slot);
            rows_.step(slot, 0);
            if (outcome == Outcome::kOptimal) return false;
            if (outcome == Outcome::kReached) {
                const int fresh = vertices_.push();
                std::memcpy(vertices_.point(fresh), found.doubles.data(), rows_.width() * sizeof(double));
                note_signs(fresh, frame.open, stage);
                vertices_.note(fresh, k, sign);
                frame.vertices.push_back(fresh);
                return true;
            }
        }
        if (rows_.is_empty_beyond(slot, sign)) {
            tied_.push_back(slot);
            return false;
        }
        note_point(frame, stage);  // somewhere in the cell: no matter where, since the split finds a point of its own
        vertices_.note(frame.vertices.back(), k, sign);
        return true;
    }

    bool has_many_inputs() const { return network_.dim > kFewInputs; }

    // Whether dictionaries hold the rows of the path alone, and that of the candidate that is asked about for as long
    // as that takes: a single region asks each candidate about twice, and a pivot costs as much as there are rows.
    // With fewer units than inputs that is little, and the basis of the last program is worth more.
    bool asks_one_by_one() const { return options_.single && has_many_inputs() && num_own_units() > network_.dim; }
    int num_own_units() const { return network_.num_units - (has_walls() ? network_.stages[0].units : 0); }

    // Go from the point inside towards the corner of the box where a slot is best, as far as the cell reaches: with
    // many inputs and few rows that mostly crosses the hyperplane, and takes no pivot.
    bool shoot(Frame& frame, const Entered& stage, int slot, int sign) {
        if (!rows_.box().is_bounded) return false;
        const double* row = rows_[slot].row;
        const double* from = frame.point.doubles.data();
        const Box& box = rows_.box();
        mean_.resize(rows_.width());
        for (int j = 0; j < rows_.width(); ++j)
            mean_[j] = box.centre[j] + (sign * row[j] > 0 ? box.radius[j] : -box.radius[j]) - from[j];
        mean_[0] = 0;
        const double length = std::min(1.0, reach(from, mean_.data()));
        // As much beyond the hyperplane as the point is on its side of it, about: else points come ever nearer to
        // walls.
        const double here = product(row, from, rows_.width());
        const double there = sign * (here + length * product(row, mean_.data(), rows_.width()));
        if (!(there > std::max(kEnough * rows_[slot].unit_size, std::fabs(here) / 4))) return false;
        const int fresh = vertices_.push();
        double* point = vertices_.point(fresh);
        for (int j = 0; j < rows_.width(); ++j) point[j] = frame.point.doubles[j] + length * mean_[j];
        note_signs(fresh, frame.open, stage);
        vertices_.note(fresh, slot - stage.first, sign);
        frame.vertices.push_back(fresh);
        return true;
    }

    // How far the rows of the path let a way go on from a point, by doubles; one of them may be left out.
    double reach(const double* from, const double* way, int without = -1) const {
        double length = std::numeric_limits<double>::infinity();
        for (const int slot : rows_.path()) {
            if (slot == without) continue;
            const double here = product(rows_[slot].row, from, rows_.width()) * rows_[slot].side;
            const double rise = product(rows_[slot].row, way, rows_.width()) * rows_[slot].side;
            if (rise < 0) length = std::min(length, -here / rise);
        }
        return length;
    }

    // Go to a vertex where a slot has that sign; or to the one where it is best, if that is no vertex, or along a ray.
    template <class Visit>
    Outcome grow(Frame& frame, const Entered& stage, int slot, int sign, Visit visit) {
        const auto look = [&] {
            if (control_.stop.load(std::memory_order_relaxed)) throw StoppedError{};
        };
        const int variable = rows_.variable(slot);
        if (asks_one_by_one()) {
            optimum_ = &loose_;
            take_loose(frame, slot);
            const auto outcome = solve_perturbed(slot, sign, look);
            if (outcome != Outcome::kStuck) return outcome;
            restart(frame, stage);
            take_loose(frame, slot);
            return loose_.improve(variable, sign, false, kEnough, rows_.bounds(), look);
        }
        if (has_many_inputs()) {
            loose_ = frame.dictionary;
            const auto outcome = long_steps_.solve(loose_, variable, sign, kEnough, rows_.bounds(), false, look);
            if (outcome == Outcome::kReached) std::swap(loose_, frame.dictionary);
            optimum_ =
                &loose_;  // which is no vertex of the cell where it has only been shown that there is no better one
            if (outcome != Outcome::kStuck) return outcome;
            restart(frame, stage);
        }
        optimum_ = &frame.dictionary;
        return frame.dictionary.improve(variable, sign, false, kEnough, rows_.bounds(), [&] { look(), visit(); });
    }

    // The dictionary of a cell, with the row of a slot.
    void take_loose(const Frame& frame, int slot) {
        loose_ = frame.dictionary;
        rows_.add_to(loose_, slot);
    }

    // Long steps with a perturbed goal, whose true row stands in the dictionary again afterwards.
    template <class Visit>
    Outcome solve_perturbed(int slot, int sign, Visit look) {
        const int variable = rows_.variable(slot);
        auto outcome = long_steps_.solve(loose_, variable, sign, kEnough, rows_.bounds(), true, look);
        if (!loose_.is_basic(variable)) return Outcome::kStuck;
        loose_.remove_row(loose_.row_of(variable));
        rows_.add_to(loose_, slot);
        if (outcome == Outcome::kReached && !(sign * loose_.value_of(variable) > kEnough)) outcome = Outcome::kOptimal;
        return outcome;
    }

    // Where the last program that `grow` has solved stands, if that is in the cell.
    const Dictionary<double>& reached(const Frame& frame) const {
        return asks_one_by_one() ? loose_ : frame.dictionary;
    }

    void note_vertex(Frame& frame, const Entered& stage) {
        const Dictionary<double>& dictionary = reached(frame);
        const int fresh = vertices_.push();
        double* point = vertices_.point(fresh);
        point[0] = 1;
        for (int j = 0; j < network_.dim; ++j) point[j + 1] = dictionary.value_of(j);
        std::fill(point + network_.dim + 1, point + rows_.width(), 0.0);
        if (asks_one_by_one()) note_signs(fresh, frame.open, stage);
        for (int w = 0; w < words_ && !asks_one_by_one(); ++w)
            each_bit(frame.open[w], 64 * w, [&](int k) {
                const double value = dictionary.value_of(rows_.variable(stage.first + k));
                if (std::fabs(value) > kEnough) vertices_.note(fresh, k, value > 0 ? 1 : -1);
            });
        frame.vertices.push_back(fresh);
    }

    // How a variable changes along the ray that ended the last program.
    static double slope_along_ray(const Dictionary<double>& dictionary, int variable) {
        const auto [column, way] = dictionary.ray();
        const int row = dictionary.row_of(variable);
        if (row >= 0) return way * dictionary.row(row)[column];
        return dictionary.nonbasic(column) == variable ? double(way) : 0.0;
    }

    // So far along that ray a slot is beyond 0 by as much as it is now, and 1.
    double ray_length(const Dictionary<double>& dictionary, int slot, int sign) const {
        const double value = sign * dictionary.value_of(rows_.variable(slot));
        return (1 + std::fabs(value) - value) / std::fabs(slope_along_ray(dictionary, rows_.variable(slot)));
    }

    // A point so far along the ray that the slot is beyond 0 by as much as it is now, and 1.
    void note_ray(Frame& frame, const Entered& stage, int slot, int sign) {
        const Dictionary<double>& dictionary = reached(frame);
        const double length = ray_length(dictionary, slot, sign);
        const int fresh = vertices_.push();
        double* point = vertices_.point(fresh);
        point[0] = 1;
        for (int j = 0; j < network_.dim; ++j)
            point[j + 1] = dictionary.value_of(j) + length * slope_along_ray(dictionary, j);
        std::fill(point + network_.dim + 1, point + rows_.width(), 0.0);
        note_signs(fresh, frame.open, stage);
        vertices_.note(fresh, slot - stage.first, sign);
        frame.vertices.push_back(fresh);
    }

    // A dictionary free of rounding errors, at the point inside.
    void restart(Frame& frame, const Entered& stage) {
        const std::vector<double>& point = frame.point.doubles;
        frame.dictionary.reset({point.begin() + 1, point.begin() + 1 + network_.dim});
        for (const int slot : rows_.path()) rows_.add_to(frame.dictionary, slot);
        for (int w = 0; w < words_ && !asks_one_by_one(); ++w)
            each_bit(frame.open[w], 64 * w, [&](int k) { rows_.add_to(frame.dictionary, stage.first + k); });
    }

    // The candidate of which the fewest points are on its smaller side's other side: that halves them best; -1: none.
    int most_balanced(const Frame& frame) {
        int best = -1, most = -1;
        for (int w = 0; w < words_; ++w)
            each_bit(frame.open[w], 64 * w, [&](int k) {
                int above = 0, below = 0;
                for (const int v : frame.vertices) above += vertices_.has(v, k, 1), below += vertices_.has(v, k, -1);
                const int balance = std::min(above, below);
                if (balance > most) most = balance, best = k;
            });
        return best;
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
        if (can_give) open_.open(depth, number, options_.records && depth < kRecordDepth);
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
        const int slot = stage.first + k, mark = vertices_.size();
        Frame& child = frames_.at(level + 1);
        rows_.step(slot, side);
        child.point = side > 0 ? frame.above : frame.below;
        child.open = frame.open;
        child.vertices.clear();
        const bool is_done = is_empty(child.open) && is_last(*stage.context) && !finds_facets();
        if (!is_done) prepare(frame, child, stage, k, side, at_last);
        node(child, stage, depth, level + 1, false);
        rows_.step(slot, 0);
        vertices_.release(mark);
    }

    static bool is_empty(const std::vector<std::uint64_t>& bits) {
        return std::all_of(bits.begin(), bits.end(), [](std::uint64_t word) { return !word; });
    }

    // The dictionary and the points of a part. Long steps start at any basis, others at a vertex of the part.
    void prepare(Frame& frame, Frame& child, const Entered& stage, int k, int side, bool at_last) {
        for (const int v : frame.vertices)
            if (!vertices_.has(v, k, -side)) child.vertices.push_back(v);
        note_point(child, stage);
        if (at_last)
            std::swap(child.dictionary, frame.dictionary);
        else
            child.dictionary = frame.dictionary;
        if (asks_one_by_one()) return rows_.add_to(child.dictionary, stage.first + k);
        const int slot = stage.first + k, variable = rows_.variable(slot);
        const int row = child.dictionary.row_of(variable);
        if (row < 0 || child.dictionary.value(row) * side >= 0 || has_many_inputs()) return;
        const auto visit = [&] {
            if (control_.stop.load(std::memory_order_relaxed)) throw StoppedError{};
        };
        rows_.bound(slot, 0);
        const auto outcome = child.dictionary.improve(variable, side, true, 0.0, rows_.bounds(), visit);
        rows_.bound(slot, side);
        if (outcome != Outcome::kReached) restart(child, stage);
    }

    // A point strictly inside the part of a cell on one side of a slot; false: there is none.
    bool find_point(const Frame& frame, Point& found, int k, int slot, int side) {
        found = frame.point;
        if (rows_.is_beyond(found, slot, side)) return true;
        rows_.step(slot, side);
        ++statistics_.decisions;
        bool is_found = approach(frame, found, k, slot, side) && rows_.is_inside(found.doubles);
        if (!is_found && asks_one_by_one()) {
            found = frame.point;
            is_found = rows_.seek_inside(found, slot) == Outcome::kReached;
        }
        is_found = is_found || rows_.find_point(found);
        rows_.step(slot, 0);
        return is_found;
    }

    // Go from the point inside to where the hyperplane is half behind, towards the mean of points beyond it.
    bool approach(const Frame& frame, Point& found, int k, int slot, int side) {
        mean_.assign(rows_.width(), 0.0);
        int count = 0;
        for (auto v = frame.vertices.rbegin(); v != frame.vertices.rend() && count < 16; ++v) {
            if (!vertices_.has(*v, k, side)) continue;
            const double* vertex = vertices_.point(*v);
            for (int j = 0; j < rows_.width(); ++j) mean_[j] += vertex[j];
            ++count;
        }
        if (!count) return false;
        for (double& x : mean_) x /= count;
        std::vector<double>& point = found.doubles;
        const double here = product(rows_[slot].row, point.data(), rows_.width());
        const double there = product(rows_[slot].row, mean_.data(), rows_.width());
        const double share = (1 + here / (here - there)) / 2;
        for (int j = 1; j < rows_.width(); ++j) point[j] += share * (mean_[j] - point[j]);
        found.exact.clear();
        return true;
    }

    // -- leaves ------------------------------------------------------------------------------------------

    // Whether there may be no ray: d + 1 half-spaces bound a cell at the least.
    bool has_rows_to_bound() const {
        int bounds = static_cast<int>(rows_.path().size());
        for (int j = 0; j < network_.dim; ++j) bounds += rows_.bounds().has_lower[j] + rows_.bounds().has_upper[j];
        return bounds > network_.dim;
    }

    bool finds_facets() const { return options_.records || options_.enumerates; }

    void leaf(Frame& frame, int depth) {
        if (!is_own(depth) || !tally_.claim_region()) return;
        const bool bounded = rows_.box().is_bounded || (has_rows_to_bound() && rows_.is_bounded());
        result_->bounded += bounded;
        if (finds_facets()) {
            find_facets(frame);
            for (const FoundFacet& facet : facets_) leaf_writer_.add_up(facet, *result_);
            if (options_.records) leaf_writer_.record(frame.point, bounded, facets_, result_->records);
        }
        if (path_.size() < kReportDepth) tally_.advance(path_.size());
    }

    // -- facets ------------------------------------------------------------------------------------------

    // The rows of the path without which the cell would be larger, with the units that vanish there.
    void find_facets(Frame& frame) {
        facets_.clear();
        // From a point far from all rows, straight ways to them mostly reach them.
        if (asks_one_by_one() && !rows_.path().empty()) rows_.seek_inside(frame.point, rows_.path().back());
        for (std::size_t i = 0; i < rows_.path().size(); ++i) {
            const int slot = rows_.path()[i], side = rows_[slot].side;
            rows_.bound(slot, 0);
            const bool is_facet = reaches_beyond(frame, slot, -side);
            rows_.bound(slot, side);
            if (is_facet) facets_.push_back(facet_at(slot));
        }
    }

    // Whether the cell without one of its rows reaches to that side of it.
    bool reaches_beyond(Frame& frame, int slot, int side) {
        if (shoots_beyond(frame, slot, side)) return true;
        if (has_many_inputs()) restart(frame, {nullptr, 0});
        Dictionary<double>& dictionary = loose_;
        dictionary = frame.dictionary;
        const int variable = rows_.variable(slot);
        if (asks_one_by_one()) {
            const auto look = [&] {
                if (control_.stop.load(std::memory_order_relaxed)) throw StoppedError{};
            };
            const auto outcome = solve_perturbed(slot, side, look);
            if (outcome == Outcome::kReached && is_reached(frame, slot, side, 0)) return true;
            if (outcome == Outcome::kOptimal && rows_.absence(dictionary, slot, side) != Absence::kNo) return false;
            dictionary = frame.dictionary;
        }
        if (dictionary.is_basic(variable) || dictionary.free_row(variable)) {
            const auto visit = [&] {
                if (control_.stop.load(std::memory_order_relaxed)) throw StoppedError{};
            };
            // A vertex hardly beyond the row proves nothing to doubles: then on to the best one.
            for (const double enough : {kEnough, std::numeric_limits<double>::infinity()}) {
                const auto outcome = dictionary.improve(variable, side, false, enough, rows_.bounds(), visit);
                const double length = outcome == Outcome::kUnbounded ? ray_length(dictionary, slot, side) : 0.0;
                const bool is_beyond = side * dictionary.value_of(variable) > kEnough || length > 0;
                if (is_beyond && is_reached(frame, slot, side, length)) return true;
                if (!is_beyond && outcome == Outcome::kOptimal && !asks_one_by_one())
                    return rows_.absence(dictionary, slot, side) == Absence::kNo && !rows_.is_empty_beyond(slot, side);
                if (!dictionary.is_basic(variable)) break;
            }
        }
        if (asks_one_by_one()) {
            Point found = frame.point;
            rows_.bound(slot, side);
            const auto outcome = rows_.seek_inside(found, slot);
            rows_.bound(slot, 0);
            if (outcome != Outcome::kStuck) return outcome == Outcome::kReached;
        }
        return !rows_.is_empty_beyond(slot, side);
    }

    // Whether the way from the point inside straight to the row, or to the corner of the box where it is best, leaves
    // the cell there. With fewer rows than inputs it mostly does, and takes no pivot.
    bool shoots_beyond(const Frame& frame, int slot, int side) {
        const std::vector<double>& from = frame.point.doubles;
        const double* row = rows_[slot].row;
        const Box& box = rows_.box();
        for (const bool to_corner : {false, true}) {
            if (to_corner && !box.is_bounded) return false;
            mean_.assign(rows_.width(), 0.0);
            double length = std::numeric_limits<double>::infinity();
            for (int j = 1; j < rows_.width(); ++j) {
                const double corner = box.centre[j] + (side * row[j] > 0 ? box.radius[j] : -box.radius[j]);
                mean_[j] = to_corner ? corner - from[j] : side * row[j];
                if (box.is_bounded && mean_[j] != 0) length = std::min(length, (corner - from[j]) / mean_[j]);
            }
            length = std::min(length, reach(from.data(), mean_.data(), slot));
            const double rise = product(row, mean_.data(), rows_.width()) * side;
            const double reached = -product(row, from.data(), rows_.width()) * side / rise;
            if (!(reached > 0 && reached < length)) continue;
            const double half = std::min((reached + length) / 2, 2 * reached);
            for (int j = 0; j < rows_.width(); ++j) mean_[j] = from[j] + half * mean_[j];
            rows_.bound(slot, side);
            const bool is_there = rows_.is_inside(mean_);
            rows_.bound(slot, 0);
            if (is_there) return true;
        }
        return false;
    }

    // Whether a point between the one inside and the vertex that was reached, or so far along the ray from there, is
    // beyond that row, and no other.
    bool is_reached(const Frame& frame, int slot, int side, double length) {
        mean_ = frame.point.doubles;
        double here = rows_[slot].row[0], there = here;
        const auto reached = [&](int j) {
            return loose_.value_of(j) + (length > 0 ? length * slope_along_ray(loose_, j) : 0.0);
        };
        for (int j = 0; j < network_.dim; ++j) {
            here += rows_[slot].row[j + 1] * frame.point.doubles[j + 1];
            there += rows_[slot].row[j + 1] * reached(j);
        }
        const double share = (1 + here / (here - there)) / 2;
        for (int j = 0; j < network_.dim; ++j) mean_[j + 1] += share * (reached(j) - mean_[j + 1]);
        rows_.bound(slot, side);
        const bool is_there = rows_.is_inside(mean_);
        rows_.bound(slot, 0);
        return is_there;
    }

    FoundFacet facet_at(int slot) const {
        FoundFacet facet;
        facet.on_boundary = rows_[slot].context->data->forced;
        facet.units.push_back(rows_[slot].number);
        for (const int other : tied_) {
            facet.on_boundary =
                facet.on_boundary || (rows_[other].context->data->forced && rows_.are_parallel(slot, other));
            if (!rows_[other].context->data->forced && rows_.are_parallel(slot, other))
                facet.units.push_back(rows_[other].number);
        }
        std::sort(facet.units.begin(), facet.units.end());
        return facet;
    }

    const Network& network_;
    const Options options_;
    Control& control_;
    Statistics statistics_;
    std::vector<std::int8_t> sign_;  // [unit]: on the current path
    Arena arena_;
    StageRows<0> stage_rows_;
    CellRows rows_;
    Tally<1> tally_;
    const int words_;
    Vertices vertices_;
    Frames frames_;
    Context root_{};
    std::vector<double> root_rows_, mean_;
    LongSteps long_steps_;
    const Dictionary<double>* optimum_ = nullptr;  // where the last program that `grow` has solved has ended
    Dictionary<double> loose_;
    std::vector<FoundFacet> facets_;
    LeafWriter leaf_writer_{network_, sign_.data()};
    std::vector<std::int8_t> wanted_;  // [unit]: of the region that is looked for
    std::vector<int> tied_;  // slots of the path's cells that touch 0 without taking the other sign

    const Prefix everywhere_;
    const Prefix* prefix_ = nullptr;
    Result* result_ = nullptr;
    Prefix path_;
    OpenParts open_{control_, path_};
    Sampler sampler_;
};

}  // namespace relureg
