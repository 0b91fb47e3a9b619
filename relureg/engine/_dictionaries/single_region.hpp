// A region that is named by its signs: found at once from all of its rows, or by the cuts that lead there from the
// whole domain.
#pragma once

#include "cell_search.hpp"
#include "facets.hpp"
#include "inner_point.hpp"
#include "stages.hpp"

namespace relureg {

class SingleRegion {
  public:
    // `sign`: of each unit of the network, on the path.
    SingleRegion(const Network& network, std::int8_t* sign, Stages& stages, CellRows& rows, CellSearch& cell,
                 FacetFinder& facets)
        : network_(network), sign_(sign), stages_(stages), rows_(rows), cell_(cell), facets_(facets) {}

    // Units that are not named have sign 0 in the region, but for walls.
    void name(const Prefix& signs) {
        wanted_.assign(network_.num_units, 0);
        if (!network_.stages.empty() && network_.stages[0].forced)
            std::fill_n(wanted_.begin(), network_.stages[0].units, std::int8_t{1});
        for (const Step& step : signs) wanted_[step.unit] = step.side;
        is_on_ = true;
    }

    bool is_on() const { return is_on_; }
    int side(int number) const { return wanted_[number]; }
    // Whether the region lies elsewhere, since a unit has that sign on the whole cell.
    bool is_elsewhere(int number, int sign) const { return is_on_ && sign != wanted_[number]; }

    struct Way {
        bool is_here;  // whether the region may lie in the cell
        int candidate = -1;  // then, that cuts it, with a point on the side that is wanted; -1: none does
    };

    // Each candidate either has its sign on the whole cell, which `close` is told, or cuts it. Where only rounding had
    // shown the other sign it does not: such a row may coincide with a wall of the cell.
    template <class Close>
    Way look(Frame& frame, const Entered& stage, Close close) const {
        for (int k = 0; k < stage.context->data->units; ++k) {
            if (!(frame.open[k / 64] >> (k % 64) & 1)) continue;
            const int slot = stage.first + k, wanted = side(rows_[slot].number);
            if (!wanted) return {false};
            if (has(frame, stage, k, -wanted)) {
                Point &here = wanted > 0 ? frame.above : frame.below, &beyond = wanted > 0 ? frame.below : frame.above;
                if (!has(frame, stage, k, wanted) || !cell_.find_point(frame, here, k, slot, wanted)) return {false};
                if (cell_.find_point(frame, beyond, k, slot, -wanted)) return {true, k};
                cell_.add_tied(slot);
            }
            close(k, wanted);
        }
        return {true};
    }

    // All rows of the region are known from its signs, so that no order of cuts is needed: a point inside shows that it
    // is there, which `leaf` is told, and rows that do not bound it are told from its facets. False: that remains open.
    template <class Leaf>
    bool find_at_once(Frame& frame, const Context& root, Leaf leaf) {
        if (root.data->forced && !rows_.are_walls_bounds()) return false;
        return take_rows(frame, root, leaf);
    }

  private:
    // A stage of it, whose rows go onto the path, and all stages behind it.
    template <class Leaf>
    bool take_rows(Frame& frame, const Context& context, Leaf leaf) {
        const Stage& data = *context.data;
        const Entered stage{&context, rows_.size()};
        const std::size_t before = rows_.path().size();
        bool is_there = true;
        if (data.forced)
            std::fill_n(sign_ + data.first_unit, data.units, std::int8_t{1});
        else
            stages_.push_rows(context);
        for (int i = 0; i < data.units && is_there && !data.forced; ++i) {
            const int sign = stages_.sign_at_once(stage, i), wanted = side(data.first_unit + i);
            is_there = sign == Stages::kOpen ? wanted != 0 : sign == wanted;
            sign_[data.first_unit + i] = static_cast<std::int8_t>(wanted);
            if (sign == Stages::kOpen && is_there) rows_.step(stage.first + i, wanted);
        }
        bool is_known = true;
        if (is_there && stages_.is_last(context))
            is_known = reach(frame, leaf);
        else if (is_there)
            is_known = stages_.with_next(context, [&](const Context& next) { return take_rows(frame, next, leaf); });
        while (rows_.path().size() > before) rows_.step(rows_.path().back(), 0);
        rows_.release(stage.first);
        return is_known;
    }

    // Of walls that coincide each would show the others to be redundant, so that only one of them stays.
    template <class Leaf>
    bool reach(Frame& frame, Leaf leaf) {
        inner_.measure();
        if (!inner_.find(frame.point.doubles)) return false;
        frame.point.exact.clear();
        const std::vector<int> path = rows_.path();
        for (const int slot : facets_.let_go_of_twins()) cell_.add_tied(slot);
        frame.dictionary.reset({frame.point.doubles.begin() + 1, frame.point.doubles.begin() + 1 + network_.dim});
        for (const int slot : rows_.path()) rows_.add_to(frame.dictionary, slot);
        leaf();
        cell_.release_tied(0);
        while (!rows_.path().empty()) rows_.step(rows_.path().back(), 0);
        for (const int slot : path) rows_.step(slot, side(rows_[slot].number));
        return true;
    }

    bool has(Frame& frame, const Entered& stage, int k, int sign) const {
        return frame.seen.has(k, sign) || cell_.seek(frame, stage, k, sign);
    }

    const Network& network_;
    std::int8_t* sign_;
    Stages& stages_;
    CellRows& rows_;
    CellSearch& cell_;
    FacetFinder& facets_;
    InnerPoint inner_{rows_};
    bool is_on_ = false;
    std::vector<std::int8_t> wanted_;  // [unit]
};

}  // namespace relureg
