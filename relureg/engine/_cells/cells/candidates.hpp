// The units of a stage whose sign is still open on a cell, and what is known of their signs at its generators.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../base/arena.hpp"
#include "../base/lanes.hpp"

namespace relureg {

// Rows side by side: coordinate j of candidate k is rows[j * stride + k]. There is room for a multiple of four.
struct Candidates {
    int count;
    int stride;
    const int* unit;      // number within the stage
    const double* rows;
    const double* error;  // of a value at an exact generator
    const double* norm;   // |row|_1 is at most this

    int words() const { return (count + 63) / 64; }
    // The bits of word w that stand for candidates.
    std::uint64_t mask(int w) const {
        const int rest = count - 64 * w;
        return rest >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << rest) - 1;
    }

    // Those whose bit is set in `keep`.
    static Candidates subset(const Candidates& all, const std::uint64_t* keep, int dim, Arena& arena) {
        int count = 0;
        for (int w = 0; w < all.words(); ++w) count += __builtin_popcountll(keep[w]);
        const int stride = (count + 3) & ~3;
        int* unit = arena.take<int>(stride);
        double* rows = arena.take<double>(static_cast<std::size_t>(stride) * (dim + 2));
        double* error = rows + static_cast<std::size_t>(stride) * dim;
        double* norm = error + stride;
        int k = 0;
        for (int w = 0; w < all.words(); ++w)
            each_bit(keep[w], 64 * w, [&](int old) {
                unit[k] = all.unit[old];
                for (int j = 0; j < dim; ++j)
                    rows[static_cast<std::size_t>(j) * stride + k] =
                        all.rows[static_cast<std::size_t>(j) * all.stride + old];
                error[k] = all.error[old];
                norm[k++] = all.norm[old];
            });
        for (; k < stride; ++k) {  // filling: computed with, never looked at
            for (int j = 0; j < dim + 2; ++j) rows[static_cast<std::size_t>(j) * stride + k] = 0;
        }
        return {count, stride, unit, rows, error, norm};
    }
};

// Signs of candidates at generators, a bit each: they hold for every cell that keeps the generator.
struct Signs {
    int words;
    int known;                // the first generators, whose signs are decided
    std::uint64_t* positive;  // [generator * words]
    std::uint64_t* negative;

    static Signs allocate(Arena& arena, int generators, int words) {
        const std::size_t size = static_cast<std::size_t>(generators) * words;
        auto* bits = arena.take<std::uint64_t>(2 * size);
        return {words, 0, bits, bits + size};
    }

    int of(int generator, int candidate) const {
        const std::size_t word = static_cast<std::size_t>(generator) * words + candidate / 64;
        return static_cast<int>(positive[word] >> (candidate % 64) & 1) -
               static_cast<int>(negative[word] >> (candidate % 64) & 1);
    }

    // Hand the next generator's signs down from generator `i` of a cell with more candidates.
    void inherit(const Signs& from, int i, const std::uint64_t* keep) { inherit(from, i, i, keep); }

    // The same from two: what is positive, or negative, at either. So a bit in both stands for opposite signs.
    [[gnu::always_inline]] void inherit(const Signs& from, int a, int b, const std::uint64_t* keep) {
        if (from.words > 1) return inherit_words(from, a, b, keep);
        if (words) {
            positive[known] = extract_bits(from.positive[a] | from.positive[b], *keep);
            negative[known] = extract_bits(from.negative[a] | from.negative[b], *keep);
        }
        ++known;
    }
    // The same candidates at more generators.
    void append(const Signs& more) {
        const std::size_t at = static_cast<std::size_t>(known) * words,
                          size = static_cast<std::size_t>(more.known) * words;
        std::copy_n(more.positive, size, positive + at);
        std::copy_n(more.negative, size, negative + at);
        known += more.known;
    }

  private:
    void inherit_words(const Signs& from, int a, int b, const std::uint64_t* keep) {
        const std::size_t to = static_cast<std::size_t>(known++) * words;
        const std::size_t at = static_cast<std::size_t>(a) * from.words,
                          also = static_cast<std::size_t>(b) * from.words;
        for (int w = 0; w < words; ++w) positive[to + w] = negative[to + w] = 0;
        int k = 0;
        for (int w = 0; w < from.words; ++w) {
            if (!keep[w]) continue;
            put(positive + to, k, extract_bits(from.positive[at + w] | from.positive[also + w], keep[w]));
            put(negative + to, k, extract_bits(from.negative[at + w] | from.negative[also + w], keep[w]));
            k += __builtin_popcountll(keep[w]);
        }
    }

    static void put(std::uint64_t* to, int offset, std::uint64_t bits) {
        to[offset / 64] |= bits << (offset % 64);
        if (offset % 64 && bits >> (64 - offset % 64)) to[offset / 64 + 1] |= bits >> (64 - offset % 64);
    }
};

// Some generators of a cell.
struct Part {
    int* indices;
    int count;
    const int* begin() const { return indices; }
    const int* end() const { return indices + count; }
};

// The generators of a cell by their side of a candidate that cuts it.
struct Parts {
    Part below, on, above;

    static Parts of(const Signs& signs, int candidate, int generators, Arena& arena) {
        int* room = arena.take<int>(3 * static_cast<std::size_t>(generators));
        Parts parts{{room, 0}, {room + generators, 0}, {room + 2 * generators, 0}};
        const std::uint64_t *positive = signs.positive + candidate / 64, *negative = signs.negative + candidate / 64;
        int below = 0, on = 0, above = 0;
        for (int i = 0; i < generators; ++i, positive += signs.words, negative += signs.words) {
            const int is_above = *positive >> (candidate % 64) & 1, is_below = *negative >> (candidate % 64) & 1;
            parts.above.indices[above] = parts.below.indices[below] = parts.on.indices[on] = i;
            above += is_above, below += is_below, on += 1 - is_above - is_below;
        }
        parts.below.count = below, parts.on.count = on, parts.above.count = above;
        return parts;
    }
};

}  // namespace relureg
