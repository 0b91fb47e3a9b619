// Tests of the splitter's parts that decide signs: error bounds, refinement and the predicate, against exact
// arithmetic. A failed check is printed with its place, and the program's exit status tells of any.

#include <cstdio>
#include <random>
#include <string>

#include "predicate.hpp"
#include "stage_rows.hpp"

using namespace relureg;

namespace {

int num_failed = 0, num_checked = 0;

void check(bool holds, const char* what, const char* test, int line) {
    ++num_checked;
    if (holds) return;
    if (++num_failed <= 20) std::fprintf(stderr, "test_cells.cpp:%d: %s: failed: %s\n", line, test, what);
}
#define CHECK(condition) check(condition, #condition, __func__, __LINE__)

using Rng = std::mt19937_64;

// -- networks ---------------------------------------------------------------------------------------------

mpq_class exactly(double x) { return mpq_class(x); }

// A double of any size between 2^-spread and 2^spread.
double number(Rng& rng, int spread) {
    const double size = std::uniform_real_distribution<>(1, 2)(rng);
    const int exponent = std::uniform_int_distribution<>(-spread, spread)(rng);
    return std::ldexp(rng() % 2 ? size : -size, exponent);
}

std::vector<double> numbers(Rng& rng, int count, int spread) {
    std::vector<double> values(count);
    for (double& x : values) x = number(rng, spread);
    return values;
}

// Digits after the point that numbers of one stage may have: all of a stage share the denominator 2^shift.
constexpr long kShift = 400;

// Add a stage that reads the one before it, or the input.
void add_stage(Network& network, int units, const std::vector<double>& constants, const std::vector<double>& weights) {
    const int source = static_cast<int>(network.stages.size());
    const int columns = source ? network.stages.back().units : network.dim;
    std::vector<double> by_column(weights.size());
    for (int i = 0; i < units; ++i)
        for (int k = 0; k < columns; ++k) by_column[k * units + i] = weights[i * columns + k];
    Stage stage{};
    stage.units = units;
    stage.constant = constants;
    stage.exact_constant = scaled(constants, kShift * (source + 1));
    auto exact = std::make_shared<LazyIntegers>(by_column, units, kShift);
    stage.terms.push_back({source, columns, by_column, {}, {}, {}, exact});
    network.stages.push_back(std::move(stage));
}

Network random_network(Rng& rng, int dim, const std::vector<int>& widths, int spread) {
    Network network;
    network.dim = dim;
    network.exponents.assign(dim, 0);
    int columns = dim;
    for (const int units : widths) {
        add_stage(network, units, numbers(rng, units, spread), numbers(rng, units * columns, spread));
        columns = units;
    }
    network.finish();
    return network;
}

// The rows of every stage where all units that are read have the signs of `sign`.
struct Rows {
    std::vector<std::vector<double>> memory;
    std::vector<Context> contexts;

    Rows(const Network& network, const std::vector<std::int8_t>& sign) {
        const std::size_t stages = network.stages.size();
        memory.resize(stages);
        contexts.resize(stages);
        StageRows<0> maker(network, sign.data());
        for (std::size_t s = 0; s < stages; ++s) {
            memory[s].assign(static_cast<std::size_t>(network.dim + 1) * network.stages[s].stride, 0);
            const Context* parent = s ? &contexts[s - 1] : nullptr;
            contexts[s] = Context{parent, static_cast<int>(s), &network.stages[s], memory[s].data(), {}, {}, {}};
            // As the search does: rows of a stage are summed on the context of the one before it.
            const Context before{
                parent ? parent->parent : nullptr, static_cast<int>(s), &network.stages[s], nullptr, {}, {}, {}};
            if (parent) {
                std::vector<int> active;
                for (int k = 0; k < parent->data->units; ++k)
                    if (sign[parent->data->first_unit + k] > 0) active.push_back(k);
                maker.affine_part(*parent, static_cast<int>(s), memory[s].data());
                Arena arena;
                const double* sum =
                    maker.extend(*parent, memory[s].data(), active.data(), static_cast<int>(active.size()), arena);
                std::copy_n(sum, memory[s].size(), memory[s].data());
            } else {
                maker.affine_part(before, 0, memory[s].data());
            }
        }
    }
};

mpq_class denominator(int stage) {
    mpz_class one = 1;
    return mpq_class(one << (kShift * (stage + 1)));
}

// -- the bounds that Network::finish derives -----------------------------------------------------------------

// Computed rows, norms and values against exact ones, for networks in which much cancels.
void test_bounds(int spread) {
    Rng rng(spread);
    for (int round = 0; round < 40; ++round) {
        const int dim = 1 + round % 4;
        const Network network = random_network(rng, dim, {5, 7, 6}, spread);
        std::vector<std::int8_t> sign(network.num_units + 1);
        for (auto& s : sign) s = rng() % 4 ? 1 : -1;
        const Rows rows(network, sign);
        for (const Context& context : rows.contexts) {
            const Stage& stage = *context.data;
            std::vector<double> point = numbers(rng, dim + 1, 3);
            double largest = 0;
            for (const double x : point) largest = std::max(largest, std::fabs(x));
            for (double& x : point) x /= largest;
            for (int i = 0; i < stage.units; ++i) {
                const ExactVector& exact = context.exact_row(i, dim, sign.data());
                mpq_class norm = 0, value = 0;
                double computed = 0, computed_norm = 0;
                for (int j = 0; j <= dim; ++j) {
                    const double entry = context.rows[static_cast<std::size_t>(j) * stage.stride + i];
                    const mpq_class truth = mpq_class(exact[j]) / denominator(context.stage);
                    const double majorant = stage.majorant[static_cast<std::size_t>(j) * stage.stride + i];
                    CHECK(abs(exactly(entry) - truth) <= exactly(stage.relative_error[i]) * exactly(majorant));
                    CHECK(abs(truth) <= exactly(majorant));
                    norm += abs(truth);
                    value += truth * exactly(point[j]);
                    computed += entry * point[j];
                    computed_norm += std::fabs(entry);
                }
                CHECK(norm <= exactly(stage.norm[i]));
                CHECK(norm <= exactly(stage.norm_of(i, computed_norm)));
                CHECK(abs(exactly(computed) - value) <= exactly(stage.value_error[i]));
            }
        }
    }
}

// Small integers are computed without rounding, and are known to be; larger ones are not said to be.
void test_small_integers() {
    Rng rng(1);
    for (const int bits : {3, 8, 20, 30}) {
        Network network;
        network.dim = 2;
        network.exponents.assign(2, 0);
        const auto integers = [&](int count) {
            std::vector<double> values(count);
            for (double& x : values) x = static_cast<double>(static_cast<std::int64_t>(rng() % (1ull << bits))) - 1;
            return values;
        };
        add_stage(network, 4, integers(4), integers(8));
        add_stage(network, 4, integers(4), integers(16));
        network.finish();
        for (const Stage& stage : network.stages)
            for (int i = 0; i < stage.units; ++i) {
                const bool fits = stage.norm[i] < 0x1p52;
                CHECK((stage.row_bits[i] <= 53) == fits || stage.norm[i] > 0x1p51);
                if (fits) CHECK(stage.relative_error[i] == 0);
            }
    }
}

// Beyond the range of doubles no value settles anything.
void test_out_of_range() {
    Network network;
    network.dim = 1;
    network.exponents.assign(1, 0);
    add_stage(network, 1, {0x1p-390}, {0x1p-390});
    network.stages[0].is_out_of_range = true;
    add_stage(network, 1, {1}, {1});
    network.finish();
    for (const Stage& stage : network.stages) CHECK(std::isinf(stage.value_error[0]) && std::isinf(stage.norm[0]));
}

// -- refinement ----------------------------------------------------------------------------------------------

// A generator off by 2^-20 is found again within the bound that is given, from the rows of its facets.
void test_refine() {
    Rng rng(2);
    int num_refined = 0;
    for (int round = 0; round < 200; ++round) {
        const int dim = 2 + round % 4;
        const Network network = random_network(rng, dim, {dim}, 3);
        const std::vector<std::int8_t> sign(network.num_units + 1, 1);
        const Rows rows(network, sign);
        std::vector<ExactVector> planes;
        Refiner<0> refiner(dim + 1);
        refiner.begin();
        for (int i = 0; i < dim; ++i) {
            planes.push_back(rows.contexts[0].exact_row(i, dim, sign.data()));
            refiner.add(&rows.contexts[0], i);
        }
        const ExactVector exact = null_vector(planes, dim + 1);
        std::vector<double> x(dim + 1);
        to_doubles(exact, x.data());
        int largest = 0;
        for (int j = 0; j <= dim; ++j) {
            if (std::fabs(x[j]) > std::fabs(x[largest])) largest = j;
            x[j] += std::ldexp(number(rng, 0), -20);
        }
        double eps = 1e-3;
        if (!refiner.refine(x.data(), false, eps)) continue;
        ++num_refined;
        CHECK(eps <= 1e-8);
        // The same generator, up to a factor that leaves the coordinate of the largest entry as it is.
        const mpq_class factor = exactly(x[largest]) / mpq_class(exact[largest]);
        for (int j = 0; j <= dim; ++j) CHECK(abs(mpq_class(exact[j]) * factor - exactly(x[j])) <= exactly(eps));
    }
    CHECK(num_refined > 100);
}

// -- values of units ------------------------------------------------------------------------------------------

// A cell of generators on the first `dim` hyperplanes of a network, made where needed.
struct Corner {
    Arena arena;
    std::uint64_t alive;
    std::vector<Facet> facets;
    const std::vector<ExactVector> lines;
    std::unique_ptr<SlotOwner> owner;
    Cell cell;

    Corner(const Rows& rows, int dim, int generators) : alive((std::uint64_t{1} << dim) - 1) {
        for (int i = 0; i < dim; ++i) facets.push_back({{}, &rows.contexts[0], nullptr, i, 1, false});
        owner = std::make_unique<SlotOwner>(arena.take<ExactSlot>(generators), generators);
        cell = Cell{Generators::allocate(arena, generators, dim + 1, 1), &alive, facets.data(), dim, &lines};
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
        UnitValues<0, 1> rung(dim + 1, 1, sign.data(), twofold, exact);
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
                    if (rung.knows(place, context, k, i, said)) ++num_settled, CHECK(said == truth);
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
    CHECK(num_cut > 20 && num_settled > 500);
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

// A value that every prime but the last one that is needed divides is no zero, and 0 is one.
void test_modular(int factors) {
    mpz_class product = 1;
    for (int k = 0; k < factors; ++k) product *= mpz_class(std::to_string(primes()[k].value()));
    for (const bool vanishes : {false, true}) {
        Network network;
        network.dim = 1;
        network.exponents.assign(1, 0);
        add_stage(network, 2, {0, vanishes ? 0 : 1}, {1, 1});
        network.stages[0].is_rounded = true;  // no double is taken for the row
        network.finish();
        network.stages[0].exact_constant[1] = vanishes ? 0 : product;
        const std::vector<std::int8_t> sign(network.num_units + 1, 1);
        const Rows rows(network, sign);
        TwofoldRung<0, 1> twofold(2, 1, sign.data());
        Watched time;
        const ExactRung<0, 1> exact(2, 1, sign.data(), time);
        const IntegerRows<0> integers(2, twofold.rows());
        ModularRung<0, 1> rung(2, 1, integers, exact);
        Corner corner(rows, 1, 1);
        corner.add({1, 0}, 1, 0x1p-50);
        CHECK(rung.is_zero({corner.cell, corner.cell.generators}, rows.contexts[0], 1, 0) == vanishes);
    }
}

// Zeros and what is next to them, by both: rows through a corner, and rows that miss it by one unit in their last place.
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
        TwofoldRung<0, 1> twofold(dim + 1, 1, sign.data());
        Watched time;
        const ExactRung<0, 1> exact(dim + 1, 1, sign.data(), time);
        const IntegerRows<0> integers(dim + 1, twofold.rows());
        ModularRung<0, 1> rung(dim + 1, 1, integers, exact);
        std::vector<ExactVector> planes;
        for (int i = 0; i < dim; ++i) planes.push_back(rows.contexts[0].exact_row(i, dim, sign.data()));
        Corner corner(rows, dim, 1);
        corner.add(null_vector(planes, dim + 1), corner.alive, 0x1p-50);
        const Place place{corner.cell, corner.cell.generators};
        const bool is_zero = exact.sign(place, rows.contexts[1], 0, 0) == 0;
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

// -- the predicate -------------------------------------------------------------------------------------------

// A vertex of `dim` hyperplanes and one more that misses it by 2^-bits of the size of its terms, or not at all.
void test_predicate(int dim, int bits, int side) {
    Rng rng(1000 * dim + bits);
    Network network;
    network.dim = dim;
    network.exponents.assign(dim, 0);
    std::vector<double> weights = numbers(rng, dim * dim, 1), constants(dim);
    std::vector<double> point(dim), near(dim);
    for (double& x : point) x = static_cast<double>(static_cast<std::int64_t>(rng() % 201) - 100);
    for (double& w : weights) w = std::ldexp(std::round(std::ldexp(w, 20)), -20);
    for (double& w : near) w = std::ldexp(std::round(std::ldexp(number(rng, 1), 20)), -20);
    const auto through = [&](const double* w) {
        double sum = 0;  // exact: few digits
        for (int j = 0; j < dim; ++j) sum -= w[j] * point[j];
        return sum;
    };
    for (int i = 0; i < dim; ++i) constants[i] = through(&weights[i * dim]);
    // The last row is a sum of units of this one that are 0 at the vertex, and 2^-bits.
    add_stage(network, dim, constants, weights);
    add_stage(network, 1, {side * std::ldexp(1.0, -bits)}, near);
    network.finish();
    std::vector<std::int8_t> sign(network.num_units + 1, 1);
    const Rows rows(network, sign);

    Arena arena;
    Predicate<0, 1> oracle(dim + 1, 1, sign.data(), true);
    const std::vector<ExactVector> lines;
    std::uint64_t alive = (std::uint64_t{1} << dim) - 1;
    std::vector<Facet> facets;
    for (int i = 0; i < dim; ++i) facets.push_back({{}, &rows.contexts[0], nullptr, i, 1, false});
    SlotOwner owner(arena.take<ExactSlot>(1), 1);
    Cell cell{Generators::allocate(arena, 1, dim + 1, 1), &alive, facets.data(), dim, &lines};
    std::vector<ExactVector> planes;
    for (int i = 0; i < dim; ++i) planes.push_back(rows.contexts[0].exact_row(i, dim, sign.data()));
    ExactVector vertex = null_vector(planes, dim + 1);
    if (vertex[0] < 0)
        for (auto& entry : vertex) entry = -entry;
    Generators& g = cell.generators;
    to_doubles(vertex, g.x(0));
    for (int j = 0; j <= dim; ++j) g.x(0)[j] += std::ldexp(number(rng, 0), -40);
    g.tags(0) = {0x1p-38, 0, owner.slots, kInexact, false};
    *g.incident(0) = alive;
    g.count = 1;

    StageRows<0> maker(network, sign.data());
    const Candidates candidates = maker.all_units(rows.contexts[1], arena);
    Signs signs = Signs::allocate(arena, 1, 1);
    oracle.decide(cell, rows.contexts[1], candidates, signs, true);  // with audit: throws where integers differ
    CHECK(signs.of(0, 0) == side);
    CHECK(oracle.statistics.decisions == 1);
    CHECK(oracle.statistics.zeros == (side == 0));
}

}  // namespace

int main() {
    for (const int spread : {0, 2, 10, 40}) test_bounds(spread);
    test_small_integers();
    test_out_of_range();
    test_refine();
    for (const int dim : {2, 3, 5})
        for (const int bits : {10, 40, 50, 60, 80, 100, 120, 200})
            for (const int side : {-1, 0, 1}) test_predicate(dim, bits, side);
    for (const int spread : {0, 2, 10, 40}) test_unit_values(spread);
    test_primes();
    for (const int factors : {1, 2, 5, kMostPrimes - 2}) test_modular(factors);
    test_modular_against_integers();
    test_integer_rows();
    std::printf("%d checks, %d failed\n", num_checked, num_failed);
    return num_failed ? 1 : 0;
}
