// Walls that rows in front of them are known to hide: what holds in one cell holds in all cells that lie behind the
// same rows, since the other walls of these only take more away.
#pragma once

#include <array>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

class KnownRedundancies {
  public:
    explicit KnownRedundancies(const CellRows& rows) : rows_(rows) {}

    // A wall is redundant by these rows of the path and bounds of inputs.
    void add(const HalfSpace& wall, const std::vector<int>& support) {
        Proofs& proofs = of(wall);
        Proof& proof = proofs.last[proofs.next++ % proofs.last.size()];
        proof.is_there = true;
        proof.sides.clear();
        if (!wall.is_bound()) proof.sides.push_back(side_of(wall.slot));
        for (const int slot : support) proof.sides.push_back(side_of(slot));
    }

    // Whether the cell of the path has a wall that is known to be redundant there.
    bool has(const HalfSpace& wall) {
        for (const Proof& proof : of(wall).last)
            if (proof.is_there && holds(proof)) return true;
        return false;
    }

  private:
    // A row on one side, whichever of the search has had that slot.
    struct Side {
        int slot, side;
        std::uint64_t serial;
    };
    struct Proof {
        bool is_there = false;
        std::vector<Side> sides;  // all of which are to be on the path
    };
    struct Proofs {
        std::array<Proof, 4> last;
        std::size_t next = 0;
    };

    Side side_of(int slot) const { return {slot, rows_[slot].side, rows_[slot].serial}; }

    bool holds(const Proof& proof) const {
        for (const Side& wanted : proof.sides) {
            if (wanted.slot >= rows_.size()) return false;
            const Slot& slot = rows_[wanted.slot];
            if (slot.side != wanted.side || slot.serial != wanted.serial) return false;
        }
        return true;
    }

    Proofs& of(const HalfSpace& wall) {
        std::vector<Proofs>& all = wall.is_bound() ? of_bounds_ : of_rows_;
        const std::size_t i = wall.is_bound() ? 2 * wall.input + wall.is_upper() : wall.slot;
        if (i >= all.size()) all.resize(i + 1);
        return all[i];
    }

    const CellRows& rows_;
    std::vector<Proofs> of_rows_, of_bounds_;  // by slot, and by input from below and from above
};

}  // namespace relureg
