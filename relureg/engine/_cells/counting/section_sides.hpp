// The two sides of a row on a section: what it parts, from signs at generators alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../base/arena.hpp"

namespace relureg {

// What lies on either side of a row: facets, and whether something does at infinity.
struct SectionSides {
    std::uint64_t *above, *below;
    bool is_above_infinite, is_below_infinite, is_on_infinite;

    static SectionSides begin(Arena& arena, int words) {
        auto* facets = arena.take<std::uint64_t>(2 * static_cast<std::size_t>(words));
        std::fill_n(facets, 2 * words, std::uint64_t{0});
        return {facets, facets + words, false, false, false};
    }

    void see(int sign, bool at_infinity, const std::uint64_t* facets, int words) {
        see_between(sign, at_infinity, facets, facets, words);
    }
    // A point between two generators.
    void see_between(int sign, bool at_infinity, const std::uint64_t* a, const std::uint64_t* b, int words) {
        if (!sign) return void(is_on_infinite |= at_infinity);
        (sign > 0 ? is_above_infinite : is_below_infinite) |= at_infinity;
        for (int w = 0; w < words; ++w) (sign > 0 ? above : below)[w] |= a[w] & b[w];
    }
    bool is_cut_bounded() const { return !is_on_infinite && !(is_above_infinite && is_below_infinite); }
};

}  // namespace relureg
