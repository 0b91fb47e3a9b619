// Which first rows of the path bound the cells behind them, so that most of these are known to be bounded.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "rays.hpp"

namespace relureg {

class BoundedPath {
  public:
    BoundedPath(CellRows& rows, Rays& rays) : rows_(rows), rays_(rays) {}

    // Whether the cell of the path is bounded; nothing where doubles do not know. A cell that lies in a bounded one is.
    std::optional<bool> is_bounded() {
        if (!bounded_.empty() && shared(bounded_) == bounded_.size()) return true;
        const std::optional<bool> known = rays_.is_bounded();
        if (known && *known) look_back();
        return known;
    }

  private:
    using Rows = std::vector<std::pair<std::uint64_t, int>>;  // serial numbers of slots, and sides

    Rows first_rows(std::size_t count) const {
        Rows found;
        for (std::size_t i = 0; i < count; ++i) {
            const Slot& slot = rows_[rows_.path()[i]];
            found.emplace_back(slot.serial, slot.side);
        }
        return found;
    }

    // How many rows the path begins with as others do.
    std::size_t shared(const Rows& others) const {
        const std::size_t most = std::min(others.size(), rows_.path().size());
        std::size_t count = 0;
        for (; count < most; ++count) {
            const Slot& slot = rows_[rows_.path()[count]];
            if (others[count] != std::make_pair(slot.serial, slot.side)) break;
        }
        return count;
    }

    // The fewest first rows that are known to bound the cell: by steps that double, then by halves. What was found not
    // to be enough is not asked about again.
    void look_back() {
        std::size_t enough = rows_.path().size(), step = 1;
        std::size_t few = std::max(shared(open_), std::min<std::size_t>(rows_.dim(), enough - 1));
        while (few + 1 < enough) {
            const std::size_t count = step ? std::max(enough - std::min(step, enough), few + 1) : (few + enough) / 2;
            const std::optional<bool> known = rows_.with_first(count, [this] { return rays_.is_bounded(); });
            if (known && *known)
                enough = count, step *= 2;
            else
                few = count, step = 0;
        }
        bounded_ = first_rows(enough), open_ = first_rows(few);
    }

    CellRows& rows_;
    Rays& rays_;
    Rows bounded_, open_;  // that bound a cell, and that were not found to
};

}  // namespace relureg
