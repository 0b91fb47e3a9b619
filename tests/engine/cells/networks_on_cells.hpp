// What the tests of the splitter share: networks of any size of numbers, and their rows on a cell.
#pragma once

#include <random>
#include <string>

#include "cells/stage_rows.hpp"
#include "checks.hpp"
#include "signs/predicate.hpp"

using namespace relureg;

namespace {

// -- networks ---------------------------------------------------------------------------------------------

[[maybe_unused]] mpq_class exactly(double x) { return mpq_class(x); }

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

[[maybe_unused]] Network random_network(Rng& rng, int dim, const std::vector<int>& widths, int spread) {
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
    Arena arena;
    std::vector<std::vector<double>> memory;
    std::vector<Context> contexts;
    inline static std::uint64_t num_contexts = 0;

    Rows(const Network& network, const std::vector<std::int8_t>& sign) {
        const std::size_t stages = network.stages.size();
        memory.resize(stages);
        contexts.resize(stages);
        StageRows<0> maker(network, sign.data());
        for (std::size_t s = 0; s < stages; ++s) {
            const Context* parent = s ? &contexts[s - 1] : nullptr;
            const double* rows = network.stages[s].input_rows.data();
            // As the search does: rows of a stage are summed on the context of the one before it.
            if (parent) {
                std::vector<int> active;
                for (int k = 0; k < parent->data->units; ++k)
                    if (sign[parent->data->first_unit + k] > 0) active.push_back(k);
                rows = maker.affine_part(*parent, static_cast<int>(s), arena);
                rows = maker.extend(*parent, rows, active.data(), static_cast<int>(active.size()), arena);
            }
            memory[s].assign(rows, rows + static_cast<std::size_t>(network.dim + 1) * network.stages[s].stride);
            contexts[s] = Context{parent, static_cast<int>(s), &network.stages[s], memory[s].data(), ++num_contexts};
            maker.note_active(contexts[s], arena);
        }
    }
};

[[maybe_unused]] mpq_class denominator(int stage) {
    mpz_class one = 1;
    return mpq_class(one << (kShift * (stage + 1)));
}

}  // namespace
