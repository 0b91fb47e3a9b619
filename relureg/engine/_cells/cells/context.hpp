// A stage on a cell: its units' rows as affine functions of the reduced input, in doubles and, lazily, exactly.
#pragma once

#include <memory>
#include <vector>

#include "../interface/network.hpp"
#include "cell.hpp"

namespace relureg {

struct Context {
    const Context* parent;  // the stage before, on the cell that this one was entered from
    int stage;
    const Stage* data;
    const double* rows;     // [coordinate * stride + unit]
    std::uint64_t serial;   // of no other context of the search
    mutable const std::uint64_t* active = nullptr;  // the active units, a bit each, once all have their signs
    mutable std::vector<std::unique_ptr<ExactVector>> exact_rows = {};
    mutable std::vector<std::vector<std::uint64_t>> residues = {};  // [unit], see ModularRung

    const Context& at(int wanted) const {
        const Context* context = this;
        while (context->stage != wanted) context = context->parent;
        return *context;
    }

    // The row of a unit times the stage's common denominator. `sign` holds the signs of all earlier stages.
    const ExactVector& exact_row(int unit, int dim, const std::int8_t* sign) const {
        if (exact_rows.empty()) exact_rows.resize(data->units);
        auto& cached = exact_rows[unit];
        if (cached) return *cached;
        auto row = std::make_unique<ExactVector>(dim + 1);
        (*row)[0] = data->exact_constant[unit];
        for (const auto& term : data->terms) {
            const std::vector<mpz_class>& weights = term.exact->row(unit);
            if (term.source == 0) {
                for (int k = 0; k < term.columns; ++k) (*row)[k + 1] += weights[k];
                continue;
            }
            const Context& source = at(term.source - 1);
            const auto add = [&](int k) {
                if (weights[k] == 0 || sign[source.data->first_unit + k] <= 0) return;
                const ExactVector& active = source.exact_row(k, dim, sign);
                for (int j = 0; j <= dim; ++j)
                    mpz_addmul((*row)[j].get_mpz_t(), weights[k].get_mpz_t(), active[j].get_mpz_t());
            };
            if (data->is_out_of_range)
                for (int k = 0; k < term.columns; ++k) add(k);
            else
                for (const int k : columns_read(term, unit)) add(k);
        }
        cached = std::move(row);
        return *cached;
    }
};

}  // namespace relureg
