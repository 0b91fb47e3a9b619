// How many dimensions rows of several stages span at most, as far as the network tells.
#pragma once

#include <algorithm>

#include "cell_rows.hpp"

namespace relureg {

inline bool reads_only_the_stage_before(const Context& context) {
    return context.stage < 63 && context.data->sources == source_bit(context.stage);
}

// All rows of later stages, and active units, are combinations of the active units of a stage that all of them pass.
inline int rank_at_most(const CellRows& rows, const std::vector<int>& slots) {
    int rank = std::min(rows.dim(), static_cast<int>(slots.size()));
    if (slots.empty()) return rank;
    const Context* context = rows[slots.front()].context;
    for (const int slot : slots)
        if (rows[slot].context->stage > context->stage) context = rows[slot].context;
    for (; context->parent && reads_only_the_stage_before(*context); context = context->parent) {
        const Context& before = *context->parent;
        if (before.data->forced) break;
        const std::int8_t* sign = rows.sign() + before.data->first_unit;
        auto count = std::count_if(sign, sign + before.data->units, [](std::int8_t s) { return s > 0; });
        count += std::count_if(slots.begin(), slots.end(), [&](int slot) {
            const Slot& row = rows[slot];
            return row.context->stage < before.stage ||
                   (row.context->stage == before.stage && rows.sign()[row.number] <= 0);
        });
        rank = std::min(rank, static_cast<int>(count));
    }
    return rank;
}

}  // namespace relureg
