// Cells whose last stage has been counted and is searched as well: which ones, and what is compared.
#pragma once

#include "../base/hashing.hpp"
#include "../interface/searcher.hpp"

namespace relureg {

// What is found in one cell.
struct CellTotals {
    std::int64_t regions, bounded, facet_sides, boundary_facets;

    bool operator==(const CellTotals& o) const {
        return regions == o.regions && bounded == o.bounded && facet_sides == o.facet_sides &&
               boundary_facets == o.boundary_facets;
    }
};

// The first cell of all, small ones next to it, and a share of all; the same whoever searches them. `hash` is that of
// the stages before the last one, whose first unit is `first`.
inline bool is_to_compare(const Prefix& path, std::int64_t regions, Hash hash, int first, const Words& words) {
    if (regions <= kFirstCell) {
        int above = 0;
        for (auto step = path.rbegin(); step != path.rend() && above < 2; ++step) above += step->side > 0;
        if (above == 0 || (above == 1 && regions <= kNextCell)) return true;
    }
    for (auto step = path.rbegin(); step != path.rend() && step->unit >= first; ++step)
        hash ^= words.of(step->unit, step->side);
    return regions <= kLargeCell && splitmix(hash.a) % kShare == 0;
}

}  // namespace relureg
