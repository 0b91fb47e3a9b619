// Tests of networks without twins, and of the doubles nearest to integers, against rational arithmetic.
#pragma once

#include "interface/twins.hpp"
#include "networks_on_cells.hpp"

namespace {

using Values = std::vector<std::vector<mpq_class>>;  // [stage][unit]

// What units are before ReLU at a point: of integers, units are times what these stand for; or of doubles.
Values values_at(const std::vector<Stage>& stages, const std::vector<mpq_class>& point, bool of_integers) {
    Values found;
    for (const Stage& stage : stages) {
        std::vector<mpq_class> sums;
        const auto entry = [&](const std::vector<double>& high, const std::vector<double>& low, std::size_t at) {
            return mpq_class(exactly(high[at]) + (low.empty() ? mpq_class(0) : exactly(low[at])));
        };
        for (int i = 0; i < stage.units; ++i) {
            mpq_class sum =
                of_integers ? mpq_class(stage.exact_constant[i]) : entry(stage.constant, stage.constant_low, i);
            for (const Term& term : stage.terms)
                for (int k = 0; k < term.columns; ++k) {
                    const mpq_class x = term.source ? found[term.source - 1][k] : point[k];
                    if (term.source && x < 0) continue;
                    const std::size_t at = static_cast<std::size_t>(k) * stage.units + i;
                    sum += x * (of_integers ? mpq_class(term.exact->row(i)[k])
                                            : entry(term.by_column, term.by_column_low, at));
                }
            sums.push_back(sum);
        }
        found.push_back(sums);
    }
    return found;
}

// The factor q for which one unit is q times another at all points; 0 if there is none.
mpq_class ratio(const std::vector<Values>& a, const std::vector<Values>& b, std::size_t stage, int i, int k) {
    mpq_class factor = 0;
    for (std::size_t p = 0; p < a.size(); ++p) {
        const mpq_class &x = a[p][stage][i], &y = b[p][stage][k];
        if ((x == 0) != (y == 0)) return 0;
        if (y == 0) continue;
        if (factor == 0) factor = x / y;
        if (factor * y != x) return 0;
    }
    return factor;
}

bool is_constant(const std::vector<Values>& values, std::size_t stage, int unit) {
    return std::all_of(values.begin(), values.end(),
                       [&](const Values& at) { return at[stage][unit] == values[0][stage][unit]; });
}

// Whether two units have the same hyperplane: rows of integers, one a multiple of the other.
bool are_twins(const Stage& stage, int i, int k) {
    std::vector<mpz_class> a{stage.exact_constant[i]}, b{stage.exact_constant[k]};
    for (const Term& term : stage.terms) {
        a.insert(a.end(), term.exact->row(i).begin(), term.exact->row(i).end());
        b.insert(b.end(), term.exact->row(k).begin(), term.exact->row(k).end());
    }
    for (std::size_t c = 0; c < a.size(); ++c)
        for (std::size_t d = 0; d < c; ++d)
            if (a[c] * b[d] != a[d] * b[c]) return false;
    return true;
}

// Each unit that is not constant is a multiple of one that stays, and each that stays of one; there are no twins; and
// the doubles are the integers times a positive factor of the stage, but for what is lost of two doubles.
void check_merged(const Network& network, const std::vector<Stage>& merged, Rng& rng) {
    std::vector<Values> before, after, in_doubles;
    for (int p = 0; p < 9; ++p) {
        std::vector<mpq_class> point(network.dim);
        for (mpq_class& x : point) x = mpq_class(static_cast<long>(rng() % 2001) - 1000, 97), x.canonicalize();
        before.push_back(values_at(network.stages, point, true));
        after.push_back(values_at(merged, point, true));
        in_doubles.push_back(values_at(merged, point, false));
    }
    bool is_rounded = false;
    for (std::size_t s = 0; s < merged.size(); ++s) {
        is_rounded = is_rounded || merged[s].is_rounded;
        std::vector<bool> is_met(merged[s].units, false);
        for (int i = 0; i < network.stages[s].units; ++i) {
            bool meets = is_constant(before, s, i);
            for (int k = 0; k < merged[s].units; ++k)
                if (ratio(before, after, s, i, k) != 0) meets = is_met[k] = true;
            CHECK(meets);
        }
        mpq_class scale = 0;
        for (int k = 0; k < merged[s].units; ++k) {
            CHECK(is_met[k] || is_constant(after, s, k));
            for (int i = 0; i < k; ++i) CHECK(!are_twins(merged[s], i, k));
            for (std::size_t p = 0; p < after.size(); ++p) {
                const mpq_class &x = in_doubles[p][s][k], &y = after[p][s][k];
                if (y == 0) continue;
                if (scale == 0) scale = x / y;
                CHECK(scale > 0 && abs(x / y - scale) <= (is_rounded ? exactly(0x1p-60) : 0) * scale);
            }
        }
    }
}

// Stages of a few rows, each there several times, times one of some factors, among units that are constant.
Network network_of_twins(Rng& rng, int dim, const std::vector<int>& widths, int digits) {
    Network network;
    network.dim = dim;
    network.exponents.assign(dim, 0);
    int columns = dim;
    for (const int width : widths) {
        std::vector<std::vector<double>> rows;
        for (int base = 0; base < width; ++base) {
            std::vector<double> row(columns + 1);
            for (double& x : row)
                x = std::ldexp(static_cast<double>(rng() % (2ULL << digits)) - std::ldexp(1, digits), -digits);
            for (const double factor : {1.0, -1.0, 2.0, 3.0, -0.375}) {
                if (factor != 1 && rng() % 2) continue;
                rows.push_back(row);
                for (double& x : rows.back()) x *= factor;
            }
        }
        for (const double constant : {-1.0, 0.0, 0.75}) {
            rows.emplace_back(columns + 1, 0.0);
            rows.back()[0] = constant;
        }
        std::shuffle(rows.begin(), rows.end(), rng);
        std::vector<double> constants, weights;
        for (const auto& row : rows) {
            constants.push_back(row[0]);
            weights.insert(weights.end(), row.begin() + 1, row.end());
        }
        columns = static_cast<int>(rows.size());
        add_stage(network, columns, constants, weights);
    }
    return network;
}

void test_merged_twins() {
    Rng rng(17);
    for (int round = 0; round < 30; ++round) {
        const int digits = round % 3 == 0 ? 5 : 12;
        const Network network = network_of_twins(rng, 1 + round % 3, {3, 2, 2}, digits);
        check_merged(network, TwinMerger<double>(network).reduce(), rng);
        check_merged(network, TwinMerger<mpz_class>(network).reduce(), rng);
    }
    for (int round = 0; round < 5; ++round) {  // more digits than sums of doubles have
        const Network network = network_of_twins(rng, 2, {3, 3, 2}, 48);
        bool is_rounded = false;
        try {
            TwinMerger<double>(network).reduce();
        } catch (const RoundedError&) {
            is_rounded = true;
        }
        CHECK(is_rounded);
        check_merged(network, TwinMerger<mpz_class>(network).reduce(), rng);
    }
}

// The nearest double is off by half a unit in the last place or less, and what it lacks is known as well; halves, too.
void test_nearest_doubles() {
    Rng rng(18);
    for (int round = 0; round < 2000; ++round) {
        mpz_class integer = static_cast<unsigned long>(rng() >> (rng() % 64));
        for (int words = static_cast<int>(rng() % 3); words > 0; --words)
            integer = (integer << 64) + (rng() % 2 ? static_cast<unsigned long>(rng()) : ~0UL);
        if (rng() % 4 == 0) integer = (integer << 1 | 1) << 20;  // often just between two doubles
        if (rng() % 2) integer = -integer;
        const long exponent = static_cast<long>(rng() % 400) - 200;
        NearestDoubles nearest(1);
        nearest.set(0, integer, exponent);
        mpq_class truth(integer);
        (exponent < 0 ? mpq_div_2exp : mpq_mul_2exp)(truth.get_mpq_t(), truth.get_mpq_t(), std::labs(exponent));
        const mpq_class rest = truth - exactly(nearest.high[0]);
        CHECK(abs(rest) <= abs(truth) * exactly(0x1p-53));
        CHECK(nearest.is_rounded == (rest != 0) && nearest.low.empty() == (rest == 0) && !nearest.is_out_of_range);
        if (rest != 0) CHECK(abs(rest - exactly(nearest.low[0])) <= abs(rest) * exactly(0x1p-53));
    }
    for (const long exponent : {-1000L, 1000L, -5000L, 5000L}) {
        NearestDoubles nearest(2);
        nearest.set(0, 3, exponent), nearest.set(1, (mpz_class(1) << 80) + 1, -80);
        CHECK(nearest.is_out_of_range && nearest.is_rounded && nearest.low.empty() && std::isfinite(nearest.high[0]));
    }
}

}  // namespace
