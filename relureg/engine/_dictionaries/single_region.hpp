// A region that is named by its signs, on the way to it from the whole domain: which cut leads there, and on which
// side.
#pragma once

#include "cell_search.hpp"

namespace relureg {

class SingleRegion {
  public:
    SingleRegion(const Network& network, CellRows& rows, CellSearch& cell)
        : network_(network), rows_(rows), cell_(cell) {}

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

  private:
    bool has(Frame& frame, const Entered& stage, int k, int sign) const {
        return frame.seen.has(k, sign) || cell_.seek(frame, stage, k, sign);
    }

    const Network& network_;
    CellRows& rows_;
    CellSearch& cell_;
    bool is_on_ = false;
    std::vector<std::int8_t> wanted_;  // [unit]
};

}  // namespace relureg
