// The edges of a section, and the rows that cross each of them.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <atomic>
#include <cstdint>
#include <vector>

#include "cell.hpp"
#include "section.hpp"

namespace relureg {

struct SectionEdge {
    int above, below;
};

// Two generators span an edge if no third one lies on all their common facets; edges.hpp has the same two cases. Facets
// of the cell that are none of the section do no harm: a face is what lies on all that its generators share.
template <int W>
class SectionEdges {
    using Mask = Bits<W>;

  public:
    SectionEdges(int words, const std::atomic<bool>& stop) : words_(words), stop_(stop), common_(words) {}

    void find(const Section& s, std::vector<SectionEdge>& edges) {
        edges.clear();
        is_simple_.resize(s.count);
        for (int i = 0; i < s.count; ++i) is_simple_[i] = Mask::count(mask(s, i), words()) == s.dim;
        const bool is_long = s.count > kLong;
        for (int a = 1; a < s.count; ++a) {
            if (is_long && stop_.load(std::memory_order_relaxed)) return;
            int b = 0;
            if (is_simple_[a]) b = join(s, a, edges);
            for (; b < a; ++b)
                if (is_edge(s, a, b)) edges.push_back({a, b});
        }
    }

  private:
    int words() const { return W ? W : words_; }
    const std::uint64_t* mask(const Section& s, int i) const { return s.masks + static_cast<std::size_t>(i) * words(); }

    // Edges from a simple generator to the first ones, four at a time; returns how many have been looked at.
    int join(const Section& s, int a, std::vector<SectionEdge>& edges) const {
        int b = 0;
#ifdef __AVX2__
        if (words() == 1) {
            const __m256i mine = _mm256_set1_epi64x(static_cast<long long>(s.masks[a])), one = _mm256_set1_epi64x(1);
            for (; b + 4 <= a; b += 4) {
                const __m256i four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(s.masks + b));
                const __m256i rest = _mm256_andnot_si256(four, mine);
                const __m256i more = _mm256_and_si256(rest, _mm256_sub_epi64(rest, one));
                int hits = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(more, _mm256_setzero_si256())));
                for (; hits; hits &= hits - 1) edges.push_back({a, b + __builtin_ctz(hits)});
            }
        }
#else
        (void)s, (void)a, (void)edges;
#endif
        return b;
    }

    bool is_edge(const Section& s, int a, int b) {
        if (is_simple_[a]) return num_missing(mask(s, a), mask(s, b)) == 1;
        if (is_simple_[b]) return num_missing(mask(s, b), mask(s, a)) == 1;
        for (int w = 0; w < words(); ++w) common_[w] = mask(s, a)[w] & mask(s, b)[w];
        if (Mask::count(common_.data(), words()) < s.dim - 1) return false;
        for (int c = 0; c < s.count; ++c)
            if (c != a && c != b && Mask::contains(mask(s, c), common_.data(), words())) return false;
        return true;
    }

    // How many facets of a generator do not contain another one.
    int num_missing(const std::uint64_t* mine, const std::uint64_t* other) const {
        int count = 0;
        for (int w = 0; w < words(); ++w) count += __builtin_popcountll(mine[w] & ~other[w]);
        return count;
    }

    static constexpr int kLong = 4096;

    int words_;
    const std::atomic<bool>& stop_;
    std::vector<std::uint64_t> common_;
    std::vector<char> is_simple_;
};

// What crosses a section's edges, row by row.
struct Crossings {
    std::vector<SectionEdge> edges;        // of the section
    std::vector<std::uint64_t> crossing;   // [edge]: the rows that cross it
    std::vector<SectionEdge> by_row;       // edges that a row crosses: from begin[row] to begin[row + 1]
    std::vector<int> zeros;                // generators where some row vanishes
    int begin[kMaxCutting + 1];
    std::uint64_t common[kMaxCutting];  // rows that vanish wherever a row does, as far as signs at generators tell
    int order[kMaxCutting];  // the rows, those with the largest section first
    int num_cutting;

    int count(int row) const { return begin[row + 1] - begin[row]; }
    std::uint64_t zeros_at(const Section& s, int point) const {
        return s.cutting & ~(s.points[point].positive | s.points[point].negative);
    }

    void sort(const Section& s) {
        std::fill_n(begin, s.num_rows + 1, 0);
        std::fill_n(common, s.num_rows, s.cutting);
        crossing.resize(edges.size());
        for (std::size_t e = 0; e < edges.size(); ++e) {
            const SectionPoint &a = s.points[edges[e].above], &b = s.points[edges[e].below];
            const std::uint64_t cut = ((a.positive & b.negative) | (a.negative & b.positive)) & s.cutting;
            crossing[e] = cut;
            each_bit(cut, 0, [&](int row) {
                ++begin[row];
                common[row] &= cut;
            });
        }
        int sum = 0;
        for (int row = 0; row < s.num_rows; ++row) sum += begin[row], begin[row] = sum;
        begin[s.num_rows] = sum;
        by_row.resize(std::max<std::size_t>(by_row.size(), sum));
        for (std::size_t e = edges.size(); e-- > 0;)
            each_bit(crossing[e], 0, [&](int row) {
                const SectionEdge edge = edges[e];
                const bool is_above = s.points[edge.above].positive >> row & 1;
                by_row[--begin[row]] = is_above ? edge : SectionEdge{edge.below, edge.above};
            });
        zeros.clear();
        for (int i = 0; i < s.count; ++i)
            if (const std::uint64_t zero = zeros_at(s, i)) {
                zeros.push_back(i);
                each_bit(zero, 0, [&](int row) { common[row] &= zero; });
            }
        arrange(s);
    }

  private:
    // On each section only the rows before it count, so large ones come first, which then see few.
    void arrange(const Section& s) {
        num_cutting = 0;
        each_bit(s.cutting, 0, [&](int row) {
            int at = num_cutting++;
            if (s.dim > 2)
                for (; at > 0 && count(order[at - 1]) < count(row); --at) order[at] = order[at - 1];
            order[at] = row;
        });
    }
};

}  // namespace relureg
