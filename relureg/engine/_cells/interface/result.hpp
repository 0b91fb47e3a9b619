// What a search yields: figures that add up over batches, and records of regions where they are asked for.
#pragma once

#include <gmpxx.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../base/hashing.hpp"
#include "../base/stopwatch.hpp"

namespace relureg {

struct Statistics {
    std::int64_t decisions = 0;  // signs of an affine form at a generator
    std::int64_t exact = 0;      // of these, settled by integers of any size
    std::int64_t zeros = 0;      // of all decisions, the form vanishes
    // Of all decisions, settled by: the signs at the ends of the edge; what is known of the network's structure; exact
    // arithmetic with small integers; a refined generator; twofold doubles; the values of the units that are read;
    // remainders modulo primes. The
    // rest, but for `exact`, by plain doubles.
    // Of dictionaries: by identities between rows in doubles; by what integers have found before.
    std::int64_t identities = 0, remembered = 0;
    std::int64_t edges = 0, structural = 0, small_integers = 0, refined = 0, twofold = 0, by_values = 0, modular = 0;
    Watched exact_time;  // spent in integers of any size
    void operator+=(const Statistics& s) {
        decisions += s.decisions, exact += s.exact, zeros += s.zeros;
        edges += s.edges, structural += s.structural, small_integers += s.small_integers;
        refined += s.refined, twofold += s.twofold, by_values += s.by_values, modular += s.modular;
        identities += s.identities, remembered += s.remembered;
        exact_time.nanoseconds += s.exact_time.nanoseconds;
    }
};

// Columns of relureg.engine.records.Records, in the essential inputs.
struct Records {
    std::vector<std::uint8_t> patterns, vanishing, bounded, facet_on_boundary;
    std::vector<double> points;
    std::vector<std::pair<std::int64_t, std::vector<std::string>>> exact_points;  // region, hexadecimal "p/q"
    std::vector<std::int64_t> facet_count;  // per region
    std::vector<std::int64_t> facet_length;  // units per facet
    std::vector<std::int32_t> facet_units;
    std::vector<std::int32_t> facet_wall;  // the first row of the domain that vanishes on the facet; -1: none does
    // Where generators are asked for: vertices as points, rays as directions of max-norm 1.
    std::vector<std::int64_t> generator_count;  // per region
    std::vector<double> generators;  // dim coordinates each
    std::vector<std::uint64_t> generator_zeros;  // words each: bit u, row u vanishes; bit num_units, a ray

    // Whether these are as many regions as should be held at once, or take as much memory.
    bool is_full(std::int64_t most_regions) const {
        constexpr std::size_t kMostBytes = std::size_t{1} << 24;
        const std::size_t bytes = 2 * patterns.size() + 8 * (points.size() + generators.size()) +
                                  4 * facet_units.size() + 8 * generator_zeros.size();
        return static_cast<std::int64_t>(bounded.size()) >= most_regions || bytes >= kMostBytes;
    }
};

// A coordinate of the search, times 2^exponent, as the input that it stands for: hexadecimal "p/q", and a double near
// it.
inline std::string input_text(mpq_class x, int exponent, double& rounded) {
    if (exponent >= 0)
        x <<= exponent;
    else
        x >>= -exponent;
    rounded = x.get_d();
    if (!std::isfinite(rounded)) rounded = 0;
    return x.get_num().get_str(16) + '/' + x.get_den().get_str(16);
}

struct Result {
    std::int64_t regions = 0, bounded = 0, facet_sides = 0, boundary_facets = 0;
    std::int64_t unclassified = 0;  // of the regions, those that a limit left no time to ask whether they are bounded
    std::int64_t unsummed_sides = 0;  // of facet_sides, those that parts of a counted cell share: no sum has them
    std::int64_t counted_cells = 0;  // in which the last stage was counted, not searched
    std::int64_t compared_cells = 0;  // of these, in which it was searched, too
    std::vector<std::int64_t> per_stage;
    Wide balance = 0;  // sum of side * mix(facet key), modulo 2^128: 0 when watertight
    Statistics statistics;
    Records records;

    void add_figures(const Result& other) {
        regions += other.regions, bounded += other.bounded, unclassified += other.unclassified;
        facet_sides += other.facet_sides, boundary_facets += other.boundary_facets;
        if (per_stage.size() < other.per_stage.size()) per_stage.resize(other.per_stage.size());
        for (std::size_t i = 0; i < other.per_stage.size(); ++i) per_stage[i] += other.per_stage[i];
        unsummed_sides += other.unsummed_sides;
        counted_cells += other.counted_cells, compared_cells += other.compared_cells;
        balance += other.balance;
        statistics += other.statistics;
    }
};

}  // namespace relureg
