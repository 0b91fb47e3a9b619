// The depth-first search over sign prefixes, for one dimension and one width of bitsets.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "network.hpp"
#include "result.hpp"

namespace relureg {

// One decision on the way from the whole space to a cell: (unit, side). A prefix of them names a work unit.
struct Step {
    std::int32_t unit;
    std::int8_t side;
};
using Prefix = std::vector<Step>;

struct Options {
    bool records = false;      // yield regions one by one, not figures alone
    bool generators = false;   // with them, their vertices and rays
    bool audit = false;        // decide every predicate both ways, and stop on a contradiction
    std::int64_t max_regions = 0;  // 0: no limit
};

// Shared by all searches of a run.
struct Control {
    std::atomic<bool> stop{false};
    std::atomic<bool> out_of_regions{false};
    std::atomic<std::int64_t> regions{0};
};

struct TooManyFacetsError {};  // more than a one-word bitset holds: run the unit again with wide ones

class Searcher {
  public:
    virtual ~Searcher() = default;
    // Go down from the cell of `prefix` to its regions. With `depth` >= 0 do not go below that many steps, but
    // append the prefixes of the cells met there to `open`.
    virtual void run(const Prefix& prefix, int depth, std::vector<Prefix>* open, Result& result) = 0;
};

}  // namespace relureg
