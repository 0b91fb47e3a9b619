// The edges of a cell that a hyperplane cuts: where the new generators of its two parts lie.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <atomic>
#include <utility>
#include <vector>

#include "../interface/searcher.hpp"
#include "candidates.hpp"
#include "cell.hpp"

namespace relureg {

template <int W>
class EdgeFinder {
    using Mask = Bits<W>;

  public:
    EdgeFinder(int words, const std::atomic<bool>& stop) : words_(words), stop_(stop), edge_mask_(words) {}

    // Pairs of generators on either side that span an edge: no third one lies on all their common facets.
    //
    // The r facets of a simple generator meet in its edges when one of them is left out. So a simple generator spans
    // an edge with another one iff exactly one of its facets does not contain that; only two degenerate ones need a
    // look at all others.
    const std::vector<std::pair<int, int>>& find(const Generators& g, const Parts& parts, int r) {
        edges_.clear();
        below_.clear();
        degenerate_below_.clear();
        for (const int i : parts.below)
            (Mask::count(g.incident(i), words()) == r ? below_ : degenerate_below_).push_back(i);
        const std::size_t num_simple = below_.size();
        below_.insert(below_.end(), degenerate_below_.begin(), degenerate_below_.end());
        below_masks_.clear();
        for (const int b : below_)
            for (int w = 0; w < words(); ++w) below_masks_.push_back(g.incident(b)[w]);
        std::uint64_t* common = edge_mask_.data();
        // Minutes with the many generators of a cell in high dimension, and longer than anything else that a search
        // does.
        const bool is_long = below_.size() > kLong;
        for (const int a : parts.above) {
            if (is_long && stop_.load(std::memory_order_relaxed)) throw StoppedError{};
            if (Mask::count(g.incident(a), words()) == r) {
                join(a, g.incident(a), below_.size(), [](auto mine, auto other) { return mine & ~other; });
                continue;
            }
            join(a, g.incident(a), num_simple, [](auto mine, auto other) { return other & ~mine; });
            for (const int b : degenerate_below_) {
                for (int w = 0; w < words(); ++w) common[w] = g.incident(a)[w] & g.incident(b)[w];
                if (Mask::count(common, words()) >= r - 1 && spans_edge(g, a, b, common)) edges_.emplace_back(a, b);
            }
        }
        return edges_;
    }

  private:
    int words() const { return W ? W : words_; }

    // Edges from a to those of the first `count` of `below_` for which `differ` leaves exactly one facet. This is the
    // innermost loop in high dimension, and most pairs are no edges: four are dismissed at once where the processor
    // can.
    template <class Differ>
    void join(int a, const std::uint64_t* mask, std::size_t count, Differ differ) {
        std::size_t b = 0;
#ifdef __AVX2__
        if (words() == 1) {
            const __m256i mine = _mm256_set1_epi64x(static_cast<long long>(*mask)), one = _mm256_set1_epi64x(1);
            for (; b + 4 <= count; b += 4) {
                const auto* four = reinterpret_cast<const __m256i*>(&below_masks_[b]);
                const __m256i rest = differ(mine, _mm256_loadu_si256(four));
                const __m256i more = _mm256_and_si256(rest, _mm256_sub_epi64(rest, one));
                int hits = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(more, _mm256_setzero_si256())));
                for (; hits; hits &= hits - 1) edges_.emplace_back(a, below_[b + __builtin_ctz(hits)]);
            }
        }
#endif
        for (; b < count; ++b) {
            int facets = 0;
            for (int w = 0; w < words(); ++w)
                facets += __builtin_popcountll(differ(mask[w], below_masks_[b * words() + w]));
            if (facets == 1) edges_.emplace_back(a, below_[b]);
        }
    }

    bool spans_edge(const Generators& g, int a, int b, const std::uint64_t* common) const {
        for (int c = 0; c < g.count; ++c)
            if (c != a && c != b && Mask::contains(g.incident(c), common, words())) return false;
        return true;
    }

    static constexpr std::size_t kLong = 4096;

    int words_;
    const std::atomic<bool>& stop_;
    std::vector<std::pair<int, int>> edges_;
    std::vector<int> below_, degenerate_below_;  // the negative side, simple generators first
    std::vector<std::uint64_t> below_masks_, edge_mask_;
};

}  // namespace relureg
