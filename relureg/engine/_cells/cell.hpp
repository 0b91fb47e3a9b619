// A cell: a pointed polyhedral cone in homogeneous coordinates (y_0 >= 0), by generators and incidences.
#pragma once

#include <cstdint>

#include "arena.hpp"
#include "exact.hpp"
#include "hashing.hpp"

namespace relureg {

struct Context;

// The exact form of a generator, shared by all cells that hold it, computed when first needed.
struct ExactSlot {
    ExactVector* vector = nullptr;
};

struct UnitNode {
    int unit;
    const UnitNode* next;
};

// A hyperplane that bounds the cell in a facet.
struct Facet {
    Hash to_key;             // region hash ^ to_key = facet key
    const Context* context;  // where its row is known: the stage context of its unit; null: y_0 = 0
    const UnitNode* units;   // the units that vanish on it (kept when regions are recorded)
    int local_unit;          // of the unit that cut it, within the stage of `context`
    std::int8_t side;        // the sign of that unit inside the cell
    bool on_boundary;        // cut by a row of the domain
};

// Bitset of facet slots: one word where that is enough (W = 1), else `words` of them (W = 0).
template <int W>
struct Bits {
    static int count(const std::uint64_t* a, int words) {
        int sum = 0;
        for (int w = 0; w < (W ? W : words); ++w) sum += __builtin_popcountll(a[w]);
        return sum;
    }
    static bool contains(const std::uint64_t* a, const std::uint64_t* b, int words) {
        for (int w = 0; w < (W ? W : words); ++w)
            if (b[w] & ~a[w]) return false;
        return true;
    }
    template <class Visit>
    static void each(const std::uint64_t* a, int words, Visit visit) {
        for (int w = 0; w < (W ? W : words); ++w)
            for (std::uint64_t rest = a[w]; rest; rest &= rest - 1) visit(64 * w + __builtin_ctzll(rest));
    }
};

// Generators in columns; D coordinates, each a row of `stride` doubles.
struct Generators {
    int count = 0;
    int stride = 0;
    double* x;                // [coordinate * stride + generator], max-norm in [1/2, 1]
    double* eps;              // absolute error of each coordinate, 0 when exact
    std::uint8_t* bits;       // x * 2^bits is integral with entries below 2^bits; kInexact otherwise
    std::uint8_t* at_infinity;
    std::uint64_t* incident;  // [generator * words]: the facets that contain it
    std::uint64_t* quiet;     // bit s: source s does not change in this direction (see Search::settle)
    ExactSlot** exact;

    static Generators allocate(Arena& arena, int capacity, int dim, int words) {
        Generators g;
        g.stride = (capacity + 3) & ~3;
        const std::size_t n = g.stride;
        g.x = arena.take<double>(n * (dim + words + 3) + (n + 3) / 4);
        g.eps = g.x + n * dim;
        g.incident = reinterpret_cast<std::uint64_t*>(g.eps + n);
        g.quiet = g.incident + n * words;
        g.exact = reinterpret_cast<ExactSlot**>(g.quiet + n);
        g.bits = reinterpret_cast<std::uint8_t*>(g.exact + n);
        g.at_infinity = g.bits + n;
        return g;
    }

    // Append all of a generator but its coordinates and incidences.
    void copy_tags(const Generators& from, int source) {
        eps[count] = from.eps[source];
        bits[count] = from.bits[source];
        at_infinity[count] = from.at_infinity[source];
        quiet[count] = from.quiet[source];
        exact[count] = from.exact[source];
        ++count;
    }
};

struct Cell {
    Generators generators;
    std::uint64_t* alive;      // the facets of the cell
    Facet* facets;             // by slot
    int num_slots;
    const std::vector<ExactVector>* lines;  // a basis of the lineality space; empty but at the very start
};

}  // namespace relureg
