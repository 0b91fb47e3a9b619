// Tests of the last rungs of the predicate, against rational arithmetic: values of units, and remainders modulo primes.
#pragma once

#include "networks_on_cells.hpp"

namespace {

// -- values of units ------------------------------------------------------------------------------------------

// A cell of generators on the first `dim` hyperplanes of a network, made where needed.
struct Corner {
    Arena arena;
    std::uint64_t alive;
    std::vector<Facet> facets;
    std::unique_ptr<SlotOwner> owner;
    Cell cell;

    Corner(const Rows& rows, int dim, int generators) : alive((std::uint64_t{1} << dim) - 1) {
        for (int i = 0; i < dim; ++i) facets.push_back({{}, &rows.contexts[0], nullptr, i, 1, false});
        owner = std::make_unique<SlotOwner>(arena.take<ExactSlot>(generators), generators);
        cell = Cell{Generators::allocate(arena, generators, dim + 1, 1), &alive, facets.data(), dim};
    }

    // A generator on the facets of `incident`, off by less than `eps`.
    void add(const ExactVector& vector, std::uint64_t incident, double eps) {
        Generators& g = cell.generators;
        to_doubles(vector, g.x(g.count));
        g.tags(g.count) = {eps, 0, owner->slots + g.count, kInexact, false};
        *g.incident(g.count) = incident;
        owner->slots[g.count].need().exact = std::make_unique<ExactVector>(vector);
        ++g.count;
    }
};

// Whether values are those of a vector in integers, in the scale of its best known coordinate.
void check_values(const std::vector<Measure>& values, const Rows& rows, const ExactVector& x,
                  const std::vector<std::int8_t>& sign) {
    const int size = static_cast<int>(x.size());
    int q = 0;
    for (int j = 1; j < size; ++j)
        if (std::fabs(values[j].value) > std::fabs(values[q].value)) q = j;
    if (x[q] == 0) return CHECK(false);
    const mpq_class scale = exactly(values[q].value) / mpq_class(x[q]);
    const mpq_class loose = abs(exactly(values[q].error) / mpq_class(x[q]));
    for (int j = 0; j < size; ++j)
        CHECK(abs(mpq_class(x[j]) * scale - exactly(values[j].value)) <=
              exactly(values[j].error) + loose * abs(mpq_class(x[j])));
    for (const Context& context : rows.contexts)
        for (int k = 0; k < context.data->units; ++k) {
            const std::size_t at = size + context.data->first_unit + k;
            if (at >= values.size() || !(values[at].error < HUGE_VAL)) continue;
            const mpq_class truth =
                mpq_class(dot(context.exact_row(k, size - 1, sign.data()), x)) / denominator(context.stage);
            CHECK(abs(truth * scale - exactly(values[at].value)) <= exactly(values[at].error) + loose * abs(truth));
        }
}

// Values at two corners of a random network, and at the point between them where another hyperplane cuts, for sizes
// from 2^-spread to 2^spread in one row.
void test_unit_values(int spread) {
    Rng rng(50 + spread);
    int num_cut = 0, num_settled = 0;
    for (int round = 0; round < 60; ++round) {
        const int dim = 2 + round % 3;
        const Network network = random_network(rng, dim, {dim + 2, 6, 5}, spread);
        std::vector<std::int8_t> sign(network.num_units + 1);
        for (auto& s : sign) s = rng() % 4 ? 1 : -1;
        const Rows rows(network, sign);
        const Context &first = rows.contexts[0], &last = rows.contexts[2];
        TwofoldRung<0, 1> twofold(dim + 1, 1, sign.data());
        Watched time;
        const ExactRung<0, 1> exact(dim + 1, 1, sign.data(), time);
        using Values = UnitValues<0, 1>;
        Values rung(dim + 1, 1, sign.data(), twofold, exact);
        // Corners on an edge: all facets but one, and either of two other rows; a third row cuts the edge.
        Corner corner(rows, dim, 3);
        corner.facets.back().local_unit = dim - 1;
        std::vector<ExactVector> planes, ends;
        for (int i = 0; i + 1 < dim; ++i) planes.push_back(first.exact_row(i, dim, sign.data()));
        for (const int other : {dim - 1, dim}) {
            auto all = planes;
            all.push_back(first.exact_row(other, dim, sign.data()));
            ends.push_back(null_vector(all, dim + 1));
        }
        const ExactVector& cut = first.exact_row(dim + 1, dim, sign.data());
        const std::uint64_t edge = corner.alive >> 1;
        if (sgn(dot(cut, ends[0])) < 0)
            for (auto& entry : ends[0]) entry = -entry;
        if (sgn(dot(cut, ends[1])) > 0)
            for (auto& entry : ends[1]) entry = -entry;
        if (sgn(dot(cut, ends[0])) <= 0 || sgn(dot(cut, ends[1])) >= 0) continue;
        for (const ExactVector& end : ends) corner.add(end, edge, 0x1p-50);
        const Place place{corner.cell, corner.cell.generators};
        for (const int i : {0, 1}) {
            rung.begin(place, i);
            for (const Context& context : rows.contexts)
                for (int k = 0; k < context.data->units; ++k) {
                    int said = 0;
                    const int truth = sgn(dot(context.exact_row(k, dim, sign.data()), ends[i]));
                    for (const auto effort : {Values::Effort::kQuick, Values::Effort::kThorough})
                        if (rung.knows(place, context, k, i, effort, said)) ++num_settled, CHECK(said == truth);
                    if (k % 2) rung.improve(place, context, k, i);
                }
            check_values(*corner.owner->slots[i].forms->values, rows, ends[i], sign);
        }
        // Only units of the stage that cuts are affine on the edge; with the signs held all of the network are, so that
        // a cut by the last stage hands all on.
        for (const Context* by : {&first, &last}) {
            const int unit = by == &first ? dim + 1 : 0;
            ExactSlot slot;
            if (!rung.interpolate(place, *by, unit, 0, 1, slot)) continue;
            ++num_cut;
            const ExactVector& row = by->exact_row(unit, dim, sign.data());
            check_values(*slot.forms->values, rows, combine(-dot(row, ends[1]), ends[0], dot(row, ends[0]), ends[1]),
                         sign);
            delete slot.forms;
        }
    }
    CHECK(num_cut > 20 && num_settled > 1000);
}

// -- zeros modulo primes ---------------------------------------------------------------------------------------

void test_primes() {
    const mpz_class least = mpz_class(1) << kPrimeBits;
    for (const Prime& p : primes()) {
        const mpz_class value(std::to_string(p.value()));
        CHECK(value > least && mpz_probab_prime_p(value.get_mpz_t(), 40));
    }
    CHECK(primes().size() == static_cast<std::size_t>(kMostPrimes));
}

// The rung modulo primes, and the others that it stands on.
struct Modular {
    Modular(int coordinates, const std::vector<std::int8_t>& sign)
        : twofold(coordinates, 1, sign.data()), exact(coordinates, 1, sign.data(), time),
          integers(coordinates, twofold.rows()), rung(coordinates, 1, sign.data(), integers, exact) {}

    Watched time;
    TwofoldRung<0, 1> twofold;
    const ExactRung<0, 1> exact;
    const IntegerRows<0> integers;
    ModularRung<0, 1> rung;
};

// Rows summed modulo primes are the rows in integers modulo these, up to one factor.
void test_rows_modulo_primes() {
    Rng rng(91);
    for (int round = 0; round < 24; ++round) {
        const int dim = 2 + round % 3;
        const Network network = random_network(rng, dim, {4, 5, 3}, round % 2 ? 120 : 3);
        std::vector<std::int8_t> sign(network.num_units + 1);
        for (auto& s : sign) s = rng() % 3 ? 1 : -1;
        const Rows rows(network, sign);
        Modular made(dim + 1, sign);
        ModularRung<0, 1>& rung = made.rung;
        for (const Context& context : rows.contexts)
            for (int unit = 0; unit < context.data->units; ++unit)
                for (int k = 0; k < 3; ++k) {
                    const mpz_class p(std::to_string(primes()[k].value()));
                    const ExactVector& row = context.exact_row(unit, dim, sign.data());
                    std::vector<std::uint64_t> residues(dim + 1);
                    rung.read(context, unit, k, residues.data());
                    for (int j = 0; j <= dim; ++j) {
                        CHECK((residues[j] == 0) == (row[j] % p == 0));
                        const mpz_class here(std::to_string(residues[j])), first(std::to_string(residues[0]));
                        CHECK((here * row[0] - first * row[j]) % p == 0);
                    }
                }
    }
}

// A value that every prime but the last one that is needed divides is no zero, and 0 is one.
void test_modular(int factors) {
    mpz_class product = 1;
    for (int k = 0; k < factors; ++k) product *= mpz_class(std::to_string(primes()[k].value()));
    for (const bool vanishes : {false, true}) {
        Network network;
        network.dim = 1;
        network.exponents.assign(1, 0);
        add_stage(network, 2, {0, vanishes ? 0.0 : 1.0}, {1, 1});
        network.stages[0].is_rounded = true;  // no double is taken for the row
        network.finish();
        network.stages[0].exact_constant[1] = vanishes ? 0 : product;
        const std::vector<std::int8_t> sign(network.num_units + 1, 1);
        const Rows rows(network, sign);
        Modular made(2, sign);
        ModularRung<0, 1>& rung = made.rung;
        Corner corner(rows, 1, 1);
        corner.add({1, 0}, 1, 0x1p-50);
        CHECK(rung.is_zero({corner.cell, corner.cell.generators}, rows.contexts[0], 1, 0) == vanishes);
    }
}

// The same where all parameters are doubles: the product is a sum of units that are constant.
void test_modular_in_doubles(int factors) {
    mpz_class product = 1;
    for (int k = 0; k < factors; ++k) product *= mpz_class(std::to_string(primes()[k].value()));
    std::vector<double> constants{0}, slopes{1}, weights{0}, others{1};
    for (int k = 0; product != 0; ++k, product >>= 50) {
        const mpz_class part = product % (mpz_class(1) << 50);
        constants.push_back(std::ldexp(part.get_d(), 50 * k));
        slopes.push_back(0), weights.push_back(1), others.push_back(0);
    }
    weights.insert(weights.end(), others.begin(), others.end());  // of a unit that vanishes with the facet
    Network network;
    network.dim = 1;
    network.exponents.assign(1, 0);
    add_stage(network, static_cast<int>(constants.size()), constants, slopes);
    add_stage(network, 2, {0, 0}, weights);
    network.finish();
    const std::vector<std::int8_t> sign(network.num_units + 1, 1);
    const Rows rows(network, sign);
    Modular made(2, sign);
    ModularRung<0, 1>& rung = made.rung;
    Corner corner(rows, 1, 1);
    corner.add({1, 0}, 1, 0x1p-50);
    const Place place{corner.cell, corner.cell.generators};
    CHECK(!rung.is_zero(place, rows.contexts[1], 0, 0));
    CHECK(rung.is_zero(place, rows.contexts[1], 1, 0));
}

// Zeros and what is next to them, by both: rows through a corner, and rows that miss it by one unit in their last
// place.
void test_modular_against_integers() {
    Rng rng(77);
    for (int round = 0; round < 60; ++round) {
        const int dim = 2 + round % 4;
        const Network network = random_network(rng, dim, {dim, 1}, round % 3);
        const std::vector<std::int8_t> sign(network.num_units + 1, 1);
        Network other = network;
        other.stages[1].constant[0] = 0;
        other.stages[1].exact_constant[0] = round % 2;  // the second stage is a sum of units that are 0 at the corner
        other.stages[1].is_rounded = true;
        const Rows rows(other, sign);
        Modular made(dim + 1, sign);
        ModularRung<0, 1>& rung = made.rung;
        std::vector<ExactVector> planes;
        for (int i = 0; i < dim; ++i) planes.push_back(rows.contexts[0].exact_row(i, dim, sign.data()));
        Corner corner(rows, dim, 1);
        corner.add(null_vector(planes, dim + 1), corner.alive, 0x1p-50);
        const Place place{corner.cell, corner.cell.generators};
        const bool is_zero = made.exact.sign(place, rows.contexts[1], 0, 0) == 0;
        CHECK(is_zero == (round % 2 == 0));
        const bool proved = rung.is_zero(place, rows.contexts[1], 0, 0);
        CHECK(!proved || is_zero);
        if (dim == 2) CHECK(proved == is_zero);
    }
}

// Rows that are integers are read as such, whatever the rounding.
void test_integer_rows() {
    Rng rng(5);
    int num_read = 0;
    for (const int bits : {10, 20, 26}) {
        Network network;
        network.dim = 2;
        network.exponents.assign(2, 0);
        const auto integers = [&](int count) {
            std::vector<double> values(count);
            for (double& x : values) x = static_cast<double>(static_cast<std::int64_t>(rng() % (1ull << bits))) / 4 - 1;
            return values;
        };
        add_stage(network, 4, integers(4), integers(8));
        add_stage(network, 4, integers(4), integers(16));
        network.finish();
        const std::vector<std::int8_t> sign(network.num_units + 1, 1);
        const Rows rows(network, sign);
        TwofoldRows<0> twofold(3, sign.data());
        const IntegerRows<0> reader(3, twofold);
        for (const Context& context : rows.contexts)
            for (int k = 0; k < context.data->units; ++k) {
                std::int64_t row[3];
                if (!reader.read(context, k, row)) continue;
                ++num_read;
                const ExactVector& exact = context.exact_row(k, 2, sign.data());
                const mpz_class scale = mpz_class(1) << context.data->fraction_bits;
                for (int j = 0; j < 3; ++j)
                    CHECK(mpq_class(exact[j]) / denominator(context.stage) ==
                          mpq_class(mpz_class(std::to_string(row[j]))) / scale);
            }
    }
    CHECK(num_read == 24);
}

}  // namespace
