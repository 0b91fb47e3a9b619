// The depth-first search over sign prefixes, for one dimension and one width of bitsets.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "network.hpp"
#include "result.hpp"
#include "sampling.hpp"

namespace relureg {

// One decision on the way from the whole space to a cell: (unit, side). A prefix of them names a batch. Where single
// regions are looked for, a batch names the sign of every unit; those that it leaves out have 0, walls aside.
struct Step {
    std::int32_t unit;
    std::int8_t side;
    bool operator==(const Step& other) const { return unit == other.unit && side == other.side; }
};
using Prefix = std::vector<Step>;

struct NormSearch;  // norms.hpp

struct Options {
    bool records = false;      // yield regions one by one, not figures alone
    bool generators = false;   // with them, their vertices and rays
    bool audit = false;        // decide every predicate both ways, and stop on a contradiction
    std::int64_t max_regions = 0;  // 0: no limit
    bool dictionaries = false;     // hold cells by simplex dictionaries, not by generators
    bool enumerates = false;   // search the last stage, too, where figures alone are wanted
    bool single = false;       // each batch names one region (of dictionaries alone)
    bool asks_bounded = true;  // of each region whether it is bounded; else none is called so (likewise)
    std::int64_t chunk_regions = 0;  // records are handed over whenever a thread holds so many; 0: as batches end
    std::shared_ptr<NormSearch> norms;  // yield only regions with a larger norm than before (of dictionaries alone)
};

// Shared by all searches of a run.
struct Control {
    std::atomic<bool> stop{false};
    std::atomic<bool> out_of_regions{false};
    std::atomic<std::int64_t> regions{0};
    std::atomic<std::int64_t> done{0};       // of the search tree, in parts of 2^-kReportDepth
    std::atomic<bool> is_wanted{false};      // some thread has nothing to do, or the run is to be over
    std::atomic<bool> is_over{false};        // all that is left is to be given away
    std::function<void(Prefix)> give_away;   // takes a batch that a search leaves to others
    std::function<void(Records)> hand_over;  // takes records, and returns once there is room for more
};

// Let go of the records of a batch that has not ended, where they are many.
inline void hand_over_if_full(const Options& options, const Control& control, Result& result) {
    if (!options.chunk_regions || !result.records.is_full(options.chunk_regions)) return;
    control.hand_over(std::move(result.records));
    result.records = Records{};
}

// A search gives an open part away when it has split that many cells since the part was left open: what lies there is
// then likely as much, and worth the walk from the root.
constexpr std::int64_t kGiveAge = 64;
// Where a search is asked for open parts and has split that many cells without one of that age, it gives any.
constexpr std::int64_t kPatience = 4 * kGiveAge;
// With records, it leaves all that lies below this depth as batches of their own, so that records come in pieces.
constexpr int kRecordDepth = 6;
// A subtree below depth d is 2^-d of the work; progress looks no deeper than this.
constexpr int kReportDepth = 12;

// A cell that is counted stands for one cell that is split for so many of its regions, as regards the work in it.
constexpr std::int64_t kRegionsPerNode = 64;
// A cell is counted at once if it cannot have more regions.
constexpr double kMostRegions = 1 << 22;
// In a probe of the tree, only if these are few.
constexpr double kSmallCell = 256;
// Where a count searches a cell as well, to compare, up to so many regions: the first one, those that one positive side
// leads to, and one in so many of all.
constexpr std::int64_t kFirstCell = 4096, kNextCell = 64, kLargeCell = 1 << 14;
constexpr std::uint64_t kShare = 1024;

struct StoppedError {};  // told to stop within a long step
struct TooManyFacetsError {};  // more than a one-word bitset holds: what lies below is searched with wide ones

class Searcher {
  public:
    virtual ~Searcher() = default;
    // Go down from the cell of `prefix` to its regions. Throws TooManyFacetsError only if nothing was found.
    virtual void run(const Prefix& prefix, Result& result) = 0;

    // A sample of what lies in the cell of `prefix`. Throws TooManyFacetsError where it meets such a cell.
    virtual Sample sample(const Prefix& prefix, const SampleOptions& options) = 0;
};

}  // namespace relureg
