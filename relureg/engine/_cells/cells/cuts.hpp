// Which candidates cut a cell, and which of them to cut it by: from their signs at its generators.
#pragma once

#include <algorithm>

#include "candidates.hpp"
#include "cell.hpp"

namespace relureg {

// Which candidates are positive, negative, zero at some generator: a word of them.
struct Sides {
    std::uint64_t positive, negative, zero;

    static Sides of(const Generators& g, const Signs& signs, int w) {
        Sides sides{0, 0, 0};
        const std::uint64_t *positive = signs.positive + w, *negative = signs.negative + w;
        for (int i = 0; i < g.count; ++i, positive += signs.words, negative += signs.words) {
            sides.positive |= *positive;
            sides.negative |= *negative;
            sides.zero |= ~(*positive | *negative);
        }
        return sides;
    }
};

inline int num_bits(const std::uint64_t* mask, int words) { return Bits<0>::count(mask, words); }

// The candidate of `cut` with the most generators on its smaller side, the first of these; -1: none cuts the cell.
inline int most_balanced(const Generators& g, const Candidates& candidates, const Signs& signs,
                         const std::uint64_t* cut) {
    int best = -1, best_balance = 0;
    for (int w = 0; w < candidates.words(); ++w) {
        each_bit(cut[w], 64 * w, [&](int k) {
            const std::uint64_t *p = signs.positive + w, *n = signs.negative + w;
            std::uint64_t positive = 0, negative = 0;
            for (int i = 0; i < g.count; ++i) {
                positive += p[static_cast<std::size_t>(i) * signs.words] >> (k % 64) & 1;
                negative += n[static_cast<std::size_t>(i) * signs.words] >> (k % 64) & 1;
            }
            const int balance = static_cast<int>(std::min(positive, negative));
            if (balance > best_balance) best = k, best_balance = balance;
        });
    }
    return best;
}

// How many candidates of `cut` are positive at one of these generators and negative at another.
inline int num_cutting(const Part& own, const Part& on, const Signs& signs, const std::uint64_t* cut) {
    int count = 0;
    for (int w = 0; w < signs.words; ++w) {
        std::uint64_t positive = 0, negative = 0;
        for (const Part* part : {&own, &on}) {
            for (const int i : *part) {
                positive |= signs.positive[static_cast<std::size_t>(i) * signs.words + w];
                negative |= signs.negative[static_cast<std::size_t>(i) * signs.words + w];
            }
        }
        count += __builtin_popcountll(positive & negative & cut[w]);
    }
    return count;
}

// The chance with which a probe goes on above a cut: larger where more candidates cut, since more regions are there;
// never below 1/4, since later stages may have many where this one has few.
inline double chance_above(const Parts& parts, const Signs& signs, const std::uint64_t* cut) {
    const double above = 1.0 + num_cutting(parts.above, parts.on, signs, cut);
    const double below = 1.0 + num_cutting(parts.below, parts.on, signs, cut);
    return 0.25 + 0.5 * above * above / (above * above + below * below);
}

// Into so many regions hyperplanes cut a cell at most: as many as they have in general position.
inline double most_regions(int hyperplanes, int dim) {
    double most = 1, term = 1;
    for (int i = 1; i <= std::min(hyperplanes, dim); ++i) most += term = term * (hyperplanes - i + 1) / i;
    return most;
}

// Whether none of the generators is at infinity. (A new one between two at infinity lies there too.)
inline bool is_bounded(const Generators& g, const Part& part) {
    return std::none_of(part.begin(), part.end(), [&](int i) { return g.tags(i).at_infinity; });
}

}  // namespace relureg
