// Tests of what proposes answers, and of what is taken over from cell to cell: pivots of doubles against the simplex
// method in rationals, and sets of signs that have no common point.
#pragma once

#include "_dictionaries/conflicts.hpp"
#include "_dictionaries/dictionary.hpp"
#include "checks.hpp"

using namespace relureg;

namespace {

// Programs between bounds, some of them infinite, against the simplex method in rationals; of all widths of rows that
// are kept in registers, and wider ones.
void pivots_end_at_the_optimum() {
    Rng rng(11);
    int num_optimal = 0;
    for (int trial = 0; trial < 120; ++trial) {
        const int dim = 1 + trial % 37, rows = 1 + static_cast<int>(rng() % 12), goal = dim + rows;
        Bounds<double> bounds;
        Bounds<mpq_class> exact_bounds;
        bounds.resize(goal + 1), exact_bounds.resize(goal + 1);
        for (int v = 0; v < goal; ++v) {
            bounds.has_lower[v] = v >= dim || v % 5, bounds.has_upper[v] = v % 3 == 0;
            bounds.lower[v] = v < dim ? -1 : 0, bounds.upper[v] = static_cast<double>(rng() % 8) / 2 + 1;
            exact_bounds.lower[v] = bounds.lower[v], exact_bounds.upper[v] = bounds.upper[v];
        }
        exact_bounds.has_lower = bounds.has_lower, exact_bounds.has_upper = bounds.has_upper;
        Dictionary<double> dictionary;
        Dictionary<mpq_class> exact;
        dictionary.reset(std::vector<double>(dim, 0.0)), exact.reset(std::vector<mpq_class>(dim));
        for (int i = 0; i <= rows; ++i) {
            std::vector<double> weights(dim);
            for (double& weight : weights) weight = static_cast<double>(rng() % 17) - 8;
            const double value = i < rows ? static_cast<double>(rng() % 3) + 0.5 : 0;
            dictionary.add_row(dim + i, weights.data(), std::min(value, bounds.upper[dim + i]));
            const std::vector<mpq_class> same(weights.begin(), weights.end());
            exact.add_row(dim + i, same.data(), std::min(value, bounds.upper[dim + i]));
        }
        if (rows > 3) {  // rows that are let go of are no longer there, whatever has been stored of them
            dictionary.remove_row(1), exact.remove_row(1);
        }
        const auto nothing = [] {};
        const Outcome proved = exact.improve(goal, 1, false, 1000000, exact_bounds, nothing);
        const Outcome outcome = dictionary.improve(goal, 1, false, 1e6, bounds, nothing);
        CHECK(outcome == proved);
        if (proved != Outcome::kOptimal) continue;
        ++num_optimal;
        const double most = exact.value_of(goal).get_d();
        CHECK(std::fabs(dictionary.value_of(goal) - most) <= 1e-9 * (1 + std::fabs(most)));
        for (int i = 0; i < dictionary.rows(); ++i) {
            const int v = dictionary.basic(i);
            CHECK(!bounds.has_lower[v] || dictionary.value(i) >= bounds.lower[v] - 1e-9);
            CHECK(!bounds.has_upper[v] || dictionary.value(i) <= bounds.upper[v] + 1e-9);
        }
    }
    CHECK(num_optimal > 30);
}

// A sign is ruled out where all others of a set hold that has no common point, and nowhere else.
void a_conflict_rules_out_its_last_sign() {
    for (const int words : {1, 3}) {
        const int units = 64 * words, last = units - 1;
        Conflicts conflicts;
        conflicts.begin(words);
        const auto set = [&](const std::vector<std::pair<int, int>>& signs) {
            SignSet bits;
            bits.begin(words);
            for (const auto& [unit, sign] : signs) bits.note(unit, sign);
            return bits;
        };
        const SignSet none = set({});
        CHECK(!conflicts.rules_out(none, 0, 1));
        conflicts.add(set({{0, 1}, {5, -1}, {last, 1}}));
        CHECK(conflicts.rules_out(set({{5, -1}, {last, 1}, {7, 1}}), 0, 1));
        CHECK(conflicts.rules_out(set({{0, 1}, {5, -1}}), last, 1));
        CHECK(conflicts.rules_out(set({{0, 1}, {last, 1}}), 5, -1));
        CHECK(!conflicts.rules_out(set({{5, -1}, {last, 1}}), 0, -1));  // the other sign
        CHECK(!conflicts.rules_out(set({{5, 1}, {last, 1}}), 0, 1));    // one that does not hold
        CHECK(!conflicts.rules_out(set({{5, -1}}), 0, 1));              // two that are not known
        CHECK(!conflicts.rules_out(set({{0, 1}}), 5, -1));
        CHECK(!conflicts.rules_out(set({{0, 1}}), last, 1));
        CHECK(!conflicts.rules_out(set({{5, -1}, {last, 1}}), 7, 1));
        for (int k = 0; k < 1000; ++k) conflicts.add(set({{0, 1}, {1 + k % 4, -1}}));
        CHECK(conflicts.rules_out(set({{3, -1}}), 0, 1));
        CHECK(!conflicts.rules_out(set({{5, -1}, {last, 1}}), 0, 1));  // the oldest are forgotten
        CHECK(conflicts.rules_out(set({{0, 1}, {5, -1}}), last, 1));   // of each sign
        conflicts.begin(words);
        CHECK(!conflicts.rules_out(set({{3, -1}}), 0, 1));
    }
}

}  // namespace
