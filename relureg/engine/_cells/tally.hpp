// What regions add up to: their number, and the sum over their facets that is zero when none is missing.
#pragma once

#include "cell.hpp"
#include "searcher.hpp"

namespace relureg {

template <int W>
class Tally {
  public:
    Tally(const Options& options, Control& control, int words) : options_(options), control_(control), words_(words) {}

    void begin(Result& result) { result_ = &result; }

    // Count one region, unless the limit forbids it.
    bool claim_region() {
        if (options_.max_regions) {
            if (control_.regions.fetch_add(1) >= options_.max_regions) {
                control_.out_of_regions = true;
                control_.stop = true;
                return false;
            }
        } else if (++unreported_ == 4096) {
            flush_progress();
        }
        ++result_->regions;
        return true;
    }

    // A subtree at that depth is done.
    void advance(std::size_t depth) {
        if (!control_.stop.load(std::memory_order_relaxed)) control_.done.fetch_add(std::int64_t{1} << (kReportDepth - depth));
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
};

}  // namespace relureg
