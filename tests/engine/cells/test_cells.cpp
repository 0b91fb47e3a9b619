// Tests of the splitter's parts that decide signs: error bounds, refinement and the predicate, against exact
// arithmetic. A failed check is printed with its place, and the program's exit status tells of any.

#include <numeric>
#include <set>

#include "base/divisors.hpp"
#include "base/enclosures.hpp"
#include "merged_twins.hpp"
#include "moved_lines.hpp"
#include "rungs.hpp"

namespace {

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

// -- integers of any size --------------------------------------------------------------------------------------

mpz_class integer(Rng& rng, int words) {
    mpz_class result = rng() % 4;
    for (int k = 1; result != 0 && k < words; ++k) result = (result << 60) + (rng() >> 4);
    return rng() % 2 ? result : mpz_class(-result);
}

// Rows of few and of many digits, one of them a sum of others: all vanish on the vector, which has no divisor where it
// is short.
void test_null_vector() {
    Rng rng(13);
    int num_found = 0, num_short = 0;
    for (int round = 0; round < 300; ++round) {
        const int size = 2 + round % 5;
        std::vector<ExactVector> rows(size - 1, ExactVector(size));
        for (auto& row : rows)
            for (auto& entry : row) entry = integer(rng, rng() % 2 ? 1 : 1 + round % 9);
        ExactVector sum(size);
        for (const auto& row : rows)
            for (int j = 0; j < size; ++j) sum[j] += 3 * row[j];
        rows.insert(rows.begin() + rng() % rows.size(), sum);
        ExactVector x;
        try {
            x = null_vector(rows, size);
        } catch (const ContradictionError&) {  // they are dependent
            continue;
        }
        ++num_found;
        mpz_class divisor = 0;
        for (const auto& entry : x) divisor = gcd(divisor, entry);
        CHECK(divisor != 0);
        for (const auto& row : rows) CHECK(dot(row, x) == 0);
        if (width(x) <= 300) ++num_short, CHECK(divisor == 1);
    }
    CHECK(num_found > 200 && num_short > 50 && num_short < num_found);
    bool is_refused = false;
    try {
        null_vector({{1, 2, 3}, {2, 4, 6}}, 3);
    } catch (const ContradictionError&) {
        is_refused = true;
    }
    CHECK(is_refused);
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
    std::uint64_t alive = (std::uint64_t{1} << dim) - 1;
    std::vector<Facet> facets;
    for (int i = 0; i < dim; ++i) facets.push_back({{}, &rows.contexts[0], nullptr, i, 1, false});
    SlotOwner owner(arena.take<ExactSlot>(1), 1);
    Cell cell{Generators::allocate(arena, 1, dim + 1, 1), &alive, facets.data(), dim};
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

// Points are counted as often as there are different ones, where some are known badly: a wide enclosure reaches back
// over narrow ones, which part it from points that it may equal when they are sorted by their middles.
void test_enclosures() {
    CHECK(Enclosure::around(HUGE_VAL, HUGE_VAL, 0).low == -HUGE_VAL);
    const double truth[] = {0.1, 0.2, 0.3, 0.3, 0.7, 0.9}, errors[] = {0, 0.001, 0.02, 0.4, 2};
    const int count = sizeof truth / sizeof *truth;
    std::mt19937_64 rng(7);
    for (int trial = 0; trial < 2000; ++trial) {
        std::vector<Enclosure> points;
        for (int copies = 0; copies < 1 + trial % 20; ++copies)  // beyond 64 they are sorted in another way
            for (int row = 0; row < count; ++row) {
                const double error = errors[rng() % 5], off = static_cast<double>(rng() >> 11) * 0x1p-52 - 1;
                points.push_back(Enclosure::around(truth[row] + off * error, error + 1e-12, row));
            }
        int different = 0;
        each_run(points.data(), static_cast<int>(points.size()), [&](int begin, int end) {
            std::set<double> in_run;
            for (int i = begin; i < end; ++i) in_run.insert(truth[points[i].row]);
            different += static_cast<int>(in_run.size());
        });
        CHECK(different == count - 1);
    }
}

// Of words of all lengths with and without common factors, against the library.
void test_divisors() {
    Rng rng(19);
    const auto word = [&] { return static_cast<std::int64_t>(rng() >> (1 + rng() % 63)) * (rng() % 2 ? 1 : -1); };
    for (int round = 0; round < 2000; ++round) {
        const std::int64_t common = round % 3 ? 1 : word() % 1000, x = word() % (1LL << 50) * common,
                           y = round % 7 ? word() % (1LL << 50) * common : 0, z = word();
        const std::int64_t divisor = common_divisor(x, y);
        CHECK(divisor == std::gcd(x, y) && divisor == common_divisor(y, x));
        CHECK(extend_divisor(divisor, z) == std::gcd(divisor, z) && extend_divisor(divisor, x) == divisor);
    }
    CHECK(common_divisor(INT64_MIN, 6) == 2 && common_divisor(0, 0) == 0 && extend_divisor(0, -9) == 9);
}

}  // namespace

int main() {
    test_enclosures();
    for (const int spread : {0, 2, 10, 40}) test_bounds(spread);
    test_small_integers();
    test_out_of_range();
    test_refine();
    for (const int dim : {2, 3, 5})
        for (const int bits : {10, 40, 50, 60, 80, 100, 120, 200})
            for (const int side : {-1, 0, 1}) test_predicate(dim, bits, side);
    for (const int spread : {0, 2, 10, 40}) test_unit_values(spread);
    for (const int spread : {0, 2, 10, 40, 100}) test_moved_lines(0, spread);
    for (const int spread : {10, 20, 40, 50, 52}) test_moved_lines(1, spread);
    test_moved_lines(2, 0);
    test_null_vector();
    test_primes();
    test_rows_modulo_primes();
    for (const int factors : {1, 2, 5, kMostPrimes - 2}) test_modular(factors);
    for (const int factors : {1, 2, 5}) test_modular_in_doubles(factors);
    test_modular_against_integers();
    test_integer_rows();
    test_divisors();
    test_merged_twins();
    test_nearest_doubles();
    std::printf("%d checks, %d failed\n", num_checked, num_failed);
    return num_failed ? 1 : 0;
}
