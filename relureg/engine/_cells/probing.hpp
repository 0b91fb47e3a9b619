// A probe: a search whose prefix grows by a random step at each cut, so that it comes to one region.
#pragma once

#include "cuts.hpp"
#include "hashing.hpp"
#include "searcher.hpp"

namespace relureg {

class Probe {
  public:
    void begin(const Prefix& prefix, std::uint64_t seed) {
        prefix_ = prefix;
        random_ = seed;
        chance_ = 1;
        is_on_ = true;
    }
    void end() { is_on_ = false; }

    bool is_on() const { return is_on_; }
    const Prefix& prefix() const { return prefix_; }

    // Choose the side of a unit on which to go on, the positive one with that chance.
    void choose(int number, double chance_above) {
        const bool is_above = static_cast<double>(splitmix(random_++) >> 11) * 0x1p-53 < chance_above;
        chance_ *= is_above ? chance_above : 1 - chance_above;
        prefix_.push_back({number, static_cast<std::int8_t>(is_above ? 1 : -1)});
    }

    // What regions that have been reached stand for (Knuth).
    double estimate(std::int64_t regions) const { return static_cast<double>(regions) / chance_; }

    // The chance to go on above the cut: larger where more candidates cut, since more regions are there; never below
    // 1/4, since later stages may have many where this one has few.
    static double chance_above(const Parts& parts, const Signs& signs, const std::uint64_t* cut) {
        const double above = 1.0 + num_cutting(parts.above, parts.on, signs, cut);
        const double below = 1.0 + num_cutting(parts.below, parts.on, signs, cut);
        return 0.25 + 0.5 * above * above / (above * above + below * below);
    }

  private:
    bool is_on_ = false;
    Prefix prefix_;
    double chance_ = 1;  // to come as far as the probe has come
    std::uint64_t random_ = 0;
};

}  // namespace relureg
