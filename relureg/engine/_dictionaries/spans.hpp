// How many dimensions rows of several stages span at most, as far as the network tells.
#pragma once

#include <algorithm>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

inline bool reads_only_the_stage_before(const Context& context) {
    return context.stage < 63 && context.data->sources == source_bit(context.stage) && !context.data->is_out_of_range;
}

// Units of one stage.
using UnitSet = std::vector<std::uint8_t>;

// Whether one of the units of a stage that reads only the stage before reads that one.
inline bool is_read(const Stage& stage, const UnitSet& units, int column) {
    const double* weights = stage.terms.front().by_column.data() + static_cast<std::size_t>(column) * stage.stride;
    for (int i = 0; i < stage.units; ++i)
        if (units[i] && weights[i] != 0) return true;
    return false;
}

// From the last stage on back, all rows of a stage and of those behind it are combinations of the active units of the
// stage before that they read; and of those stages' own rows that are asked about.
inline int rank_at_most(const CellRows& rows, const std::vector<int>& slots) {
    int rank = std::min(rows.dim(), static_cast<int>(slots.size()));
    if (slots.empty()) return rank;
    const Context* context = rows[slots.front()].context;
    for (const int slot : slots)
        if (rows[slot].context->stage > context->stage) context = rows[slot].context;
    const auto units_asked = [&](const Context& of) {
        UnitSet units(of.data->units, 0);
        for (const int slot : slots)
            if (rows[slot].context->stage == of.stage) units[rows[slot].unit] = 1;
        return units;
    };
    UnitSet units = units_asked(*context);
    for (; context->parent && reads_only_the_stage_before(*context); context = context->parent) {
        const Context& before = *context->parent;
        if (before.data->forced) break;
        const std::int8_t* sign = rows.sign() + before.data->first_unit;
        UnitSet read = units_asked(before);
        for (int k = 0; k < before.data->units; ++k)
            if (!read[k] && sign[k] > 0 && is_read(*context->data, units, k)) read[k] = 1;
        auto count = std::count(read.begin(), read.end(), std::uint8_t{1});
        count += std::count_if(slots.begin(), slots.end(),
                               [&](int slot) { return rows[slot].context->stage < before.stage; });
        rank = std::min(rank, static_cast<int>(count));
        units = std::move(read);
    }
    return rank;
}

}  // namespace relureg
