// The two sides of a row on a section: what it parts, from signs at generators alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../base/arena.hpp"

namespace relureg {

// What lies on either side of a row: generators, facets, and whether something does at infinity. Which side a generator
// lies on is no pattern, so no branch depends on it.
struct SectionSides {
    std::uint64_t *above, *below;
    std::uint64_t is_above, is_below, is_above_infinite, is_below_infinite, is_on_infinite;  // 0 or 1

    static SectionSides begin(Arena& arena, int words) {
        SectionSides sides{};
        sides.above = arena.take<std::uint64_t>(2 * static_cast<std::size_t>(words));
        sides.below = sides.above + words;
        sides.clear(words);
        return sides;
    }

    void clear(int words) {
        std::fill_n(above, 2 * words, std::uint64_t{0});
        is_above = is_below = is_above_infinite = is_below_infinite = is_on_infinite = 0;
    }

    void see(int sign, std::uint64_t at_infinity, const std::uint64_t* facets, int words) {
        see_between(sign, at_infinity, facets, facets, words);
    }
    // A point between two generators.
    void see_between(int sign, std::uint64_t at_infinity, const std::uint64_t* a, const std::uint64_t* b, int words) {
        const std::uint64_t up = sign > 0, down = sign < 0;
        is_above |= up, is_below |= down;
        is_above_infinite |= up & at_infinity, is_below_infinite |= down & at_infinity;
        is_on_infinite |= ~(up | down) & at_infinity;
        for (int w = 0; w < words; ++w) above[w] |= a[w] & b[w] & -up, below[w] |= a[w] & b[w] & -down;
    }
    bool is_cut_bounded() const { return !is_on_infinite && !(is_above_infinite && is_below_infinite); }
};

}  // namespace relureg
