// The rows of a stage's units on a cell: what does not change is summed once, active units are added as they turn out.
#pragma once

#include <algorithm>
#include <cstring>

#include "context.hpp"

namespace relureg {

template <int D_>
class StageRows {
  public:
    StageRows(const Network& network, const std::int8_t* sign) : network_(network), sign_(sign) {}

    // constant + weights on the input + rows of the active units of stages before `context`, for a stage.
    void affine_part(const Context& context, int stage, double* rows) const {
        const Stage& data = network_.stages[stage];
        const int n = data.units;
        std::fill(rows, rows + static_cast<std::size_t>(D()) * n, 0.0);
        std::copy(data.constant.begin(), data.constant.end(), rows);
        for (const auto& term : data.terms) {
            if (term.source == 0)
                std::copy(term.by_column.begin(), term.by_column.end(), rows + n);
            else if (term.source - 1 < context.stage)
                for (int k = 0; k < term.columns; ++k) add_active(context.at(term.source - 1), term, k, n, rows);
        }
    }

    void add_active(const Context& source, const Term& term, int k, int n, double* rows) const {
        if (sign_[source.data->first_unit + k] <= 0) return;
        const double* weight = &term.by_column[static_cast<std::size_t>(k) * n];
        for (int j = 0; j < D(); ++j) {
            const double z = source.rows[static_cast<std::size_t>(j) * source.data->units + k];
            double* row = rows + static_cast<std::size_t>(j) * n;
            for (int i = 0; i < n; ++i) row[i] += weight[i] * z;
        }
    }

    const Term* term_on(const Context& context) const {
        for (const auto& term : network_.stages[context.stage + 1].terms)
            if (term.source == context.stage + 1) return &term;
        return nullptr;
    }

    bool is_last(const Context& context) const {
        return context.stage + 1 == static_cast<int>(network_.stages.size());
    }

    std::size_t next_size(const Context& context) const {
        return static_cast<std::size_t>(D()) * network_.stages[context.stage + 1].units;
    }

    // Add the units of this stage that turned out active to the rows of the next stage, on a copy.
    const double* extend(const Context& context, const double* rows, const int* active, int count, Arena& arena) const {
        const Term* term = rows ? term_on(context) : nullptr;
        if (!term || !count) return rows;
        double* sum = arena.take<double>(next_size(context));
        std::memcpy(sum, rows, next_size(context) * sizeof(double));
        for (int k = 0; k < count; ++k)
            add_active(context, *term, active[k], network_.stages[context.stage + 1].units, sum);
        return sum;
    }

  private:
    int D() const { return D_ ? D_ : network_.dim + 1; }

    const Network& network_;
    const std::int8_t* sign_;
};

}  // namespace relureg
