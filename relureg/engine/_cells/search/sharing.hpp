// The parts of a search that are still open, and giving them to threads that have nothing to do.
#pragma once

#include <utility>
#include <vector>

#include "../interface/searcher.hpp"

namespace relureg {

// The cells on the path whose positive side is still to be visited.
class OpenParts {
  public:
    // `path` leads to the cell that is being split.
    OpenParts(Control& control, const Prefix& path) : control_(control), path_(path) {}

    void begin() {
        open_.clear();
        nodes_ = wanted_since_ = 0;
    }

    // Work as much as in splitting so many cells.
    void add_work(std::int64_t nodes) { nodes_ += nodes; }

    // A cell is to be split by a unit. Its positive side is left open, or left to others at once.
    void open(int depth, int number, bool is_for_others) {
        open_.push_back({depth, number, false, nodes_++});
        if (is_for_others) give_away(open_.back());
        if (control_.is_wanted.load(std::memory_order_relaxed))
            share();
        else
            wanted_since_ = nodes_;
    }

    // The positive side of the cell opened last is to be visited now: false if it has been given away.
    bool close() {
        const bool is_given = open_.back().is_given;
        open_.pop_back();
        return !is_given;
    }

  private:
    struct Open {
        int depth;
        int number;
        bool is_given;
        std::int64_t since;  // cells split before it
    };

    // Give open parts away, from the shallowest one on, which is about the most work there is: one to a thread that has
    // none, all when the run is to be over.
    void share() {
        const bool any = nodes_ - wanted_since_ > kPatience;
        for (Open& open : open_) {
            if (open.is_given) continue;
            if (!any && nodes_ - open.since <= kGiveAge) return;
            give_away(open);
            if (!control_.is_over.load(std::memory_order_relaxed)) return;
        }
    }

    void give_away(Open& open) {
        open.is_given = true;
        Prefix prefix(path_.begin(), path_.begin() + open.depth);
        prefix.push_back({open.number, 1});
        control_.give_away(std::move(prefix));
    }

    Control& control_;
    const Prefix& path_;
    std::vector<Open> open_;
    std::int64_t nodes_ = 0;         // cells of this batch that have been split
    std::int64_t wanted_since_ = 0;  // `nodes_` when parts were last not wanted
};

}  // namespace relureg
