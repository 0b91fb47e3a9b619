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

#ifdef __AVX2__
// Append those of four edges whose bit is set. The place to write to stays in a register.
inline SectionEdge* append_four(SectionEdge* to, __m256i four, int bits) {
    alignas(32) static constexpr std::int32_t kFront[16][8] = {
        {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {2, 3, 0, 1, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7},
        {4, 5, 0, 1, 2, 3, 6, 7}, {0, 1, 4, 5, 2, 3, 6, 7}, {2, 3, 4, 5, 0, 1, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7},
        {6, 7, 0, 1, 2, 3, 4, 5}, {0, 1, 6, 7, 2, 3, 4, 5}, {2, 3, 6, 7, 0, 1, 4, 5}, {0, 1, 2, 3, 6, 7, 4, 5},
        {4, 5, 6, 7, 0, 1, 2, 3}, {0, 1, 4, 5, 6, 7, 2, 3}, {2, 3, 4, 5, 6, 7, 0, 1}, {0, 1, 2, 3, 4, 5, 6, 7}};
    const __m256i order = _mm256_load_si256(reinterpret_cast<const __m256i*>(kFront[bits]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32(four, order));
    return to + __builtin_popcount(bits);
}
#endif

// Some edges, with room for more.
class EdgeList {
  public:
    void clear() { count_ = 0; }
    void make_room(std::size_t more) {
        if (edges_.size() < count_ + more + 4) edges_.resize(2 * (count_ + more + 4));
    }
    void add(SectionEdge edge) { edges_[count_++] = edge; }
    // Room that `make_room` has made, to be filled from here on, and up to where it was.
    SectionEdge* room() { return edges_.data() + count_; }
    void fill_to(const SectionEdge* end) { count_ = end - edges_.data(); }
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
        SectionEdge* to = edges.room();
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
                to = append_four(to, _mm256_set_m128i(_mm_unpackhi_epi32(its, ends), _mm_unpacklo_epi32(its, ends)),
                                 hits);
            }
        }
#endif
        for (; b < count; ++b) {
            int facets = 0;
            for (int w = 0; w < words(); ++w) facets += __builtin_popcountll(differ(mine[w], masks_[b * words() + w]));
            if (facets == 1) *to++ = {a, others_[b]};
        }
        edges.fill_to(to);
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

// What is known of an edge from its ends, and of several of them together.
struct alignas(32) EdgeEnds {
    std::uint64_t positive, negative;  // the rows that are so at one end at least: a row that is both crosses
    std::uint64_t facets;              // that contain both; only where they fit into one word
    std::uint64_t at_infinity;         // whether both are: 1

    void operator|=(const EdgeEnds& o) {
#ifdef __AVX2__
        auto* its = reinterpret_cast<__m256i*>(this);
        _mm256_store_si256(
            its, _mm256_or_si256(_mm256_load_si256(its), _mm256_load_si256(reinterpret_cast<const __m256i*>(&o))));
#else
        positive |= o.positive, negative |= o.negative, facets |= o.facets, at_infinity |= o.at_infinity;
#endif
    }
};

// What crosses a section's edges, row by row.
struct Crossings {
    EdgeList edges;                       // of the section
    std::vector<EdgeEnds> ends;           // [edge]
    std::vector<std::uint64_t> crossing;  // [edge]: the rows that cross it
    std::vector<std::uint64_t> crossed;   // [row * words + edge / 64]: the edges that a row crosses, a bit each
    std::vector<int> zeros;               // generators where some row vanishes
    int words;
    int number[kMaxCutting];  // [row]: of edges that it crosses
    int order[kMaxCutting];   // the rows, those with the largest section first
    int num_cutting;

    int count(int row) const { return number[row]; }
    const std::uint64_t* crossed_by(int row) const { return crossed.data() + static_cast<std::size_t>(row) * words; }
    std::uint64_t zeros_at(const Section& s, int point) const {
        return s.cutting & ~(s.points[point].positive | s.points[point].negative);
    }

    // Visit the numbers of the edges that a row crosses.
    template <class Visit>
    void each_edge(int row, Visit visit) const {
        const std::uint64_t* its = crossed_by(row);
        for (int w = 0; w < words; ++w) each_bit(its[w], 64 * w, visit);
    }

    // The edges of the section, row by row.
    void sort(const Section& s) {
        begin(s, s.num_rows);
        each_bit(s.cutting, 0, [&](int row) {
            std::uint64_t* its = crossed.data() + static_cast<std::size_t>(row) * words;
            number[row] = 0;
            for (int w = 0; w < words; ++w) {
                its[w] = 0;
                const int last = std::min<int>(64, static_cast<int>(edges.size()) - 64 * w);
                for (int e = 0; e < last; e += 4)
                    its[w] |= static_cast<std::uint64_t>(bits_of_four(&crossing[64 * w + e], row)) << e;
                number[row] += __builtin_popcountll(its[w]);
            }
        });
        arrange(s);
    }

    // The edges are those that one row crosses.
    void take(const Section& s, int row) {
        begin(s, row + 1);
        number[row] = static_cast<int>(edges.size());
        std::uint64_t* its = crossed.data() + static_cast<std::size_t>(row) * words;
        for (int w = 0; w < words; ++w) {
            const int more = number[row] - 64 * w;
            its[w] = more >= 64 ? ~std::uint64_t{0} : bit(more) - 1;
        }
    }

    // An edge that a row crosses, from above to below.
    static SectionEdge oriented(const Section& s, int row, SectionEdge edge) {
        return s.points[edge.above].positive >> row & 1 ? edge : SectionEdge{edge.below, edge.above};
    }

    // Whether another row vanishes wherever a row does, as far as signs at generators tell.
    bool may_coincide(const Section& s, int row, int other) const {
        bool may = true;
        each_edge(row, [&](int e) { may = may && crossing[e] >> other & 1; });
        return may && std::all_of(zeros.begin(), zeros.end(),
                                  [&](int i) { return !(zeros_at(s, i) >> row & 1) || zeros_at(s, i) >> other & 1; });
    }

    // Whether two rows cross the same edges.
    bool cross_the_same(int row, int other) const {
        const std::uint64_t *its = crossed_by(row), *others = crossed_by(other);
        int w = 0;
        while (w < words && its[w] == others[w]) ++w;
        return w == words;
    }

  private:
    void begin(const Section& s, int rows) {
        const std::size_t count = edges.size();
        words = static_cast<int>((count + 63) / 64);
        if (crossing.size() < count + 4) crossing.resize(2 * count + 4), ends.resize(2 * count + 4);
        if (crossed.size() < static_cast<std::size_t>(rows) * words)
            crossed.resize(2 * static_cast<std::size_t>(rows) * words);
        for (std::size_t e = 0; e < count; ++e) {
            const SectionPoint &a = s.points[edges[e].above], &b = s.points[edges[e].below];
            crossing[e] = ((a.positive & b.negative) | (a.negative & b.positive)) & s.cutting;
            ends[e] = {a.positive | b.positive, a.negative | b.negative,
                       s.masks[edges[e].above] & s.masks[edges[e].below], a.at_infinity && b.at_infinity};
        }
        for (std::size_t e = count; e < count + 4; ++e) crossing[e] = 0;
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
