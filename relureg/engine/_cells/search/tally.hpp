// What regions add up to: their number, and the sum over their facets that is zero when none is missing.
#pragma once

#include <algorithm>
#include <limits>

#include "../cells/cell.hpp"
#include "../interface/searcher.hpp"

namespace relureg {

template <int W>
class Tally {
  public:
    Tally(const Options& options, Control& control, int words) : options_(options), control_(control), words_(words) {}

    void begin(Result& result) { result_ = &result, is_comparing_ = false; }
    // What follows is no part of the run, but only to be compared: no limit holds, no progress is made.
    void begin_comparison(Result& result) { result_ = &result, is_comparing_ = true; }

    // Count one region, unless the limit forbids it.
    bool claim_region() { return claim_regions(1) == 1; }

    // How many more regions the limit allows.
    std::int64_t room() const {
        if (!options_.max_regions) return std::numeric_limits<std::int64_t>::max();
        return options_.max_regions - control_.regions.load();
    }

    // Count regions that were found together: as many of them as the limit allows.
    std::int64_t claim_regions(std::int64_t count) {
        if (is_comparing_) {
        } else if (options_.max_regions) {
            std::int64_t before = control_.regions.load(), allowed = 0;  // never beyond the limit: others read it
            do allowed = std::min(count, options_.max_regions - before);
            while (!control_.regions.compare_exchange_weak(before, before + allowed));
            if (allowed < count) {
                control_.out_of_regions = true;
                control_.stop = true;
                count = allowed;
            }
        } else if ((unreported_ += count) >= 4096) {
            flush_progress();
        }
        result_->regions += count;
        return count;
    }

    // A subtree at that depth is done.
    void advance(std::size_t depth) {
        if (!is_comparing_ && !control_.stop.load(std::memory_order_relaxed))
            control_.done.fetch_add(std::int64_t{1} << (kReportDepth - depth));
    }

    void flush_progress() {
        control_.regions.fetch_add(unreported_, std::memory_order_relaxed);
        unreported_ = 0;
    }

    void balance(const Cell& cell, const std::uint64_t* alive, const Hash& region) {
        Bits<W>::each(alive, words_, [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!facet.context) return;
            if (facet.on_boundary)
                ++result_->boundary_facets;
            else
                add_side(region ^ facet.to_key, facet.side);
        });
    }

    // The parts of a facet that lie on one side of it, all with one key.
    void add_sides(const Hash& key, int side, std::int64_t count) {
        result_->facet_sides += count;
        result_->balance += mix(key) * static_cast<Wide>(side > 0 ? count : -count);
    }

    void add_side(const Hash& key, int side) {
        ++result_->facet_sides;
        if (side > 0)
            result_->balance += mix(key);
        else
            result_->balance -= mix(key);
    }

  private:
    const Options& options_;
    Control& control_;
    const int words_;
    Result* result_ = nullptr;
    std::int64_t unreported_ = 0;
    bool is_comparing_ = false;
};

}  // namespace relureg
