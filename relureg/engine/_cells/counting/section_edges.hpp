// The edges of a section, and the rows that cross each of them.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "../cells/cell.hpp"
#include "section.hpp"

namespace relureg {

struct SectionEdge {
    int above, below;  // of a row that crosses it, once it is `oriented`
};

// Some edges, with room for more.
class EdgeList {
  public:
    void clear() { count_ = 0; }
    void make_room(std::size_t more) {
        if (edges_.size() < count_ + more + 4) edges_.resize(2 * (count_ + more + 4));
    }
    void add(SectionEdge edge) { edges_[count_++] = edge; }
#ifdef __AVX2__
    // Those of four edges whose bit is set.
    void add_four(__m256i four, int bits) {
        alignas(32) static constexpr std::int32_t kFront[16][8] = {
            {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {2, 3, 0, 1, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7},
            {4, 5, 0, 1, 2, 3, 6, 7}, {0, 1, 4, 5, 2, 3, 6, 7}, {2, 3, 4, 5, 0, 1, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7},
            {6, 7, 0, 1, 2, 3, 4, 5}, {0, 1, 6, 7, 2, 3, 4, 5}, {2, 3, 6, 7, 0, 1, 4, 5}, {0, 1, 2, 3, 6, 7, 4, 5},
            {4, 5, 6, 7, 0, 1, 2, 3}, {0, 1, 4, 5, 6, 7, 2, 3}, {2, 3, 4, 5, 6, 7, 0, 1}, {0, 1, 2, 3, 4, 5, 6, 7}};
        const __m256i order = _mm256_load_si256(reinterpret_cast<const __m256i*>(kFront[bits]));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(&edges_[count_]), _mm256_permutevar8x32_epi32(four, order));
        count_ += __builtin_popcount(bits);
    }
#endif
    std::size_t size() const { return count_; }
    const SectionEdge* begin() const { return edges_.data(); }
    const SectionEdge* end() const { return edges_.data() + count_; }
    SectionEdge operator[](std::size_t i) const { return edges_[i]; }

  private:
    std::vector<SectionEdge> edges_;
    std::size_t count_ = 0;
};

// Two generators span an edge if no third one lies on all their common facets; edges.hpp has the same two cases. Facets
// of the cell that are none of the section do no harm: a face is what lies on all that its generators share.
template <int W>
class SectionEdges {
    using Mask = Bits<W>;

  public:
    SectionEdges(int words, const std::atomic<bool>& stop) : words_(words), stop_(stop), common_(words) {}

    // All edges.
    void find(const Section& s, EdgeList& edges) {
        begin(s);
        for (const bool simple : {true, false})
            for (int a = 0; a < s.count && !is_stopped(s); ++a) {
                if (is_simple_[a] != simple) continue;
                join(s, a, edges);
                push(s, a);
            }
    }

    // Those that a row crosses.
    void find_across(const Section& s, int row, EdgeList& edges) {
        begin(s);
        for (const bool simple : {true, false})
            for (int b = 0; b < s.count; ++b)
                if (is_simple_[b] == simple && s.points[b].negative >> row & 1) push(s, b);
        for (int a = 0; a < s.count && !is_stopped(s); ++a)
            if (s.points[a].positive >> row & 1) join(s, a, edges);
    }

  private:
    int words() const { return W ? W : words_; }
    const std::uint64_t* mask(const Section& s, int i) const { return s.masks + static_cast<std::size_t>(i) * words(); }
    bool is_stopped(const Section& s) const { return s.count > kLong && stop_.load(std::memory_order_relaxed); }

    void begin(const Section& s) {
        num_others_ = num_simple_ = 0;
        others_.resize(std::max<std::size_t>(others_.size(), s.count));
        masks_.resize(std::max<std::size_t>(masks_.size(), static_cast<std::size_t>(s.count) * words()));
        is_simple_.resize(s.count);
        for (int i = 0; i < s.count; ++i) is_simple_[i] = Mask::count(mask(s, i), words()) == s.dim;
    }

    // From now on generator `i`, simple ones first, is one of those that others are joined with.
    void push(const Section& s, int i) {
        for (int w = 0; w < words(); ++w) masks_[num_others_ * words() + w] = mask(s, i)[w];
        others_[num_others_++] = i;
        num_simple_ += is_simple_[i];
    }

    // Edges from a generator to those pushed.
    void join(const Section& s, int a, EdgeList& edges) {
        const std::uint64_t* mine = mask(s, a);
        edges.make_room(num_others_);
        if (is_simple_[a]) return match(a, mine, num_others_, edges, [](auto one, auto other) { return one & ~other; });
        match(a, mine, num_simple_, edges, [](auto one, auto other) { return other & ~one; });
        for (std::size_t b = num_simple_; b < num_others_; ++b)
            if (is_edge(s, a, others_[b])) edges.add({a, others_[b]});
    }

    // Edges to those of the first `count` pushed for which `differ` leaves one facet: four at a time, and without a
    // branch, since which of them are edges is no pattern.
    template <class Differ>
    void match(int a, const std::uint64_t* mine, std::size_t count, EdgeList& edges, Differ differ) {
        std::size_t b = 0;
#ifdef __AVX2__
        if (words() == 1) {
            const __m256i all = _mm256_set1_epi64x(static_cast<long long>(*mine)), one = _mm256_set1_epi64x(1);
            const __m128i its = _mm_set1_epi32(a);
            for (; b + 4 <= count; b += 4) {
                const __m256i four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(&masks_[b]));
                const __m256i rest = differ(all, four);
                const __m256i more = _mm256_and_si256(rest, _mm256_sub_epi64(rest, one));
                const int hits =
                    _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(more, _mm256_setzero_si256())));
                const __m128i ends = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&others_[b]));
                edges.add_four(_mm256_set_m128i(_mm_unpackhi_epi32(its, ends), _mm_unpacklo_epi32(its, ends)), hits);
            }
        }
#endif
        for (; b < count; ++b) {
            int facets = 0;
            for (int w = 0; w < words(); ++w) facets += __builtin_popcountll(differ(mine[w], masks_[b * words() + w]));
            if (facets == 1) edges.add({a, others_[b]});
        }
    }

    // Whether two degenerate generators span an edge.
    bool is_edge(const Section& s, int a, int b) {
        for (int w = 0; w < words(); ++w) common_[w] = mask(s, a)[w] & mask(s, b)[w];
        if (Mask::count(common_.data(), words()) < s.dim - 1) return false;
        for (int c = 0; c < s.count; ++c)
            if (c != a && c != b && Mask::contains(mask(s, c), common_.data(), words())) return false;
        return true;
    }

    static constexpr int kLong = 4096;

    int words_;
    const std::atomic<bool>& stop_;
    std::vector<std::uint64_t> common_, masks_;
    std::vector<int> others_;
    std::vector<char> is_simple_;
    std::size_t num_others_ = 0, num_simple_ = 0;
};

// What crosses a section's edges, row by row.
struct Crossings {
    EdgeList edges;                        // of the section
    std::vector<std::uint64_t> crossing;   // [edge]: the rows that cross it
    std::vector<SectionEdge> by_row;       // edges that a row crosses: from begin[row] to begin[row + 1]
    std::vector<int> zeros;                // generators where some row vanishes
    int begin[kMaxCutting + 1];
    int order[kMaxCutting];  // the rows, those with the largest section first
    int num_cutting;

    int count(int row) const { return begin[row + 1] - begin[row]; }
    std::uint64_t zeros_at(const Section& s, int point) const {
        return s.cutting & ~(s.points[point].positive | s.points[point].negative);
    }

    // The edges of the section, row by row. (Without a branch an edge and row: which edges a row crosses is no
    // pattern.)
    void sort(const Section& s) {
        crossing.resize(edges.size());
        for (std::size_t e = 0; e < edges.size(); ++e) {
            const SectionPoint &a = s.points[edges[e].above], &b = s.points[edges[e].below];
            crossing[e] = (a.positive & b.negative) | (a.negative & b.positive);
        }
        const std::size_t most = edges.size() * __builtin_popcountll(s.cutting) + 1;
        by_row.resize(std::max(by_row.size(), most));
        int sum = 0;
        for (int row = 0; row < s.num_rows; ++row) {
            begin[row] = sum;
            if (!(s.cutting >> row & 1)) continue;
            for (std::size_t e = 0; e < edges.size(); ++e) {
                by_row[sum] = edges[e];
                sum += static_cast<int>(crossing[e] >> row & 1);
            }
        }
        begin[s.num_rows] = sum;
        find_zeros(s);
        arrange(s);
    }

    // An edge that a row crosses, from above to below.
    static SectionEdge oriented(const Section& s, int row, SectionEdge edge) {
        return s.points[edge.above].positive >> row & 1 ? edge : SectionEdge{edge.below, edge.above};
    }

    // The edges are those that one row crosses.
    void take(const Section& s, int row) {
        begin[row] = 0, begin[row + 1] = static_cast<int>(edges.size());
        by_row.assign(edges.begin(), edges.end());
        find_zeros(s);
    }

    // Whether another row vanishes wherever a row does, as far as signs at generators tell.
    bool may_coincide(const Section& s, int row, int other) const {
        for (int e = begin[row]; e < begin[row + 1]; ++e)
            if (s.sign(by_row[e].above, other) * s.sign(by_row[e].below, other) >= 0) return false;
        return std::all_of(zeros.begin(), zeros.end(),
                           [&](int i) { return !(zeros_at(s, i) >> row & 1) || zeros_at(s, i) >> other & 1; });
    }

  private:
    void find_zeros(const Section& s) {
        zeros.clear();
        for (int i = 0; i < s.count; ++i)
            if (zeros_at(s, i)) zeros.push_back(i);
    }

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
