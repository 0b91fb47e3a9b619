// The stages along the path: the rows of their units, which signs these have without a program, and what comes behind.
#pragma once

#include <algorithm>

#include "../_cells/cells/stage_rows.hpp"
#include "cell_proofs.hpp"

namespace relureg {

class Stages {
  public:
    // `sign`: of each unit of the network, on the path.
    Stages(const Network& network, const std::int8_t* sign, CellRows& rows, CellProofs& proofs)
        : network_(network), sign_(sign), rows_(rows), proofs_(proofs), stage_rows_(network, sign) {}

    static constexpr int kOpen = 2;

    void begin() { arena_.release({0, 0}); }
    bool is_last(const Context& context) const { return stage_rows_.is_last(context); }

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

    // The sign of a unit that is known without a program: of a bound, of a constant unit, by interval arithmetic.
    int sign_at_once(const Entered& stage, int unit) {
        const Stage& data = *stage.context->data;
        if (data.forced && rows_.box().is_bound(data, unit)) return 1;
        const int slot = stage.first + unit;
        if (rows_.is_constant(slot)) return sgn(rows_.exact(slot)[0]);
        if (proofs_.is_absent_in_box(slot, 1)) return -1;
        if (proofs_.is_absent_in_box(slot, -1)) return 1;
        return kOpen;
    }

    // Go on to the stage behind one that has all its signs.
    template <class Visit>
    bool with_next(const Context& context, Visit visit) {
        const auto mark = arena_.mark();
        const Stage& data = *context.data;
        std::vector<int> active;
        for (int i = 0; i < data.units; ++i)
            if (sign_[data.first_unit + i] > 0) active.push_back(i);
        stage_rows_.note_active(context, arena_);
        const double* rows = stage_rows_.affine_part(context, context.stage + 1, arena_);
        const double* all = stage_rows_.extend(context, rows, active.data(), static_cast<int>(active.size()), arena_);
        const bool answer = visit(Context{&context, context.stage + 1, &network_.stages[context.stage + 1], all, 0});
        arena_.release(mark);
        return answer;
    }

  private:
    const Network& network_;
    const std::int8_t* sign_;
    CellRows& rows_;
    CellProofs& proofs_;
    Arena arena_;
    StageRows<0> stage_rows_;
};

}  // namespace relureg
