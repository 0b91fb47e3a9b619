// The rows of a stage's units on a cell: what does not change is summed once, active units are added as they turn out.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "candidates.hpp"
#include "context.hpp"

namespace relureg {

template <int D_>
class StageRows {
  public:
    StageRows(const Network& network, const std::int8_t* sign) : network_(network), sign_(sign) {}

    // constant + weights on the input + rows of the active units of stages before `context`, for a stage.
    void affine_part(const Context& context, int stage, double* rows) {
        const Stage& data = network_.stages[stage];
        std::fill(rows, rows + static_cast<std::size_t>(D()) * data.stride, 0.0);
        std::copy(data.constant.begin(), data.constant.end(), rows);
        for (const auto& term : data.terms) {
            if (term.source == 0) {
                std::copy(term.by_column.begin(), term.by_column.end(), rows + data.stride);
            } else if (term.source - 1 < context.stage) {
                const Context& source = context.at(term.source - 1);
                if (is_sparse(term, data.stride)) {
                    add_sparse(source, term, data.stride, rows);
                    continue;
                }
                active_.clear();
                for (int k = 0; k < term.columns; ++k)
                    if (sign_[source.data->first_unit + k] > 0) active_.push_back(k);
                add(source, term, active_.data(), static_cast<int>(active_.size()), data.stride, rows, rows);
            }
        }
    }

    bool is_last(const Context& context) const { return context.stage + 1 == static_cast<int>(network_.stages.size()); }

    std::size_t next_size(const Context& context) const {
        return static_cast<std::size_t>(D()) * network_.stages[context.stage + 1].stride;
    }

    // Add the units of this stage that turned out active to the rows of the next stage, on a copy.
    const double* extend(const Context& context, const double* rows, const int* active, int count, Arena& arena) const {
        const Term* term = rows && count ? term_on(context) : nullptr;
        if (!term) return rows;
        double* sum = arena.take<double>(next_size(context));
        add(context, *term, active, count, network_.stages[context.stage + 1].stride, rows, sum);
        return sum;
    }

    // All units of a stage on a cell, with the bounds of the filter.
    Candidates all_units(const Context& context, Arena& arena) const {
        const Stage& data = *context.data;
        double* norm = arena.take<double>(data.stride);
        std::fill(norm, norm + data.stride, 0.0);
        for (int j = 0; j < D(); ++j) {
            const double* row = context.rows + static_cast<std::size_t>(j) * data.stride;
            for (int i = 0; i < data.units; ++i) norm[i] += std::fabs(row[i]);
        }
        for (int i = 0; i < data.units; ++i) norm[i] = data.norm_of(i, norm[i]);
        return {data.units, data.stride, data.all_units.data(), context.rows, data.value_error.data(), norm};
    }

  private:
    int D() const { return D_ ? D_ : network_.dim + 1; }

    const Term* term_on(const Context& context) const {
        for (const auto& term : network_.stages[context.stage + 1].terms)
            if (term.source == context.stage + 1) return &term;
        return nullptr;
    }

    // Whether few columns are read by a block of four units: in lattices and pruned networks.
    static bool is_sparse(const Term& term, int stride) {
        return 4 * 4 * term.read_columns.size() <= static_cast<std::size_t>(term.columns) * stride;
    }

    void add_sparse(const Context& source, const Term& term, int stride, double* rows) {
        for (int i = 0; i < stride; i += 4) {
            active_.clear();
            for (const int k : columns_read(term, i))
                if (sign_[source.data->first_unit + k] > 0) active_.push_back(k);
            if (!active_.empty())
                add_block<1>(source, term, active_.data(), static_cast<int>(active_.size()), stride, i, rows, rows);
        }
    }

    // to = from + weights times rows of active units of `source`.
    void add(const Context& source, const Term& term, const int* active, int count, int stride, const double* from,
             double* to) const {
        constexpr int kWide = D_ && D_ <= 6 ? 2 : 1;
        int i = 0;
        for (; i + 4 * kWide <= stride; i += 4 * kWide)
            add_block<kWide>(source, term, active, count, stride, i, from, to);
        if (i < stride) add_block<1>(source, term, active, count, stride, i, from, to);
    }

    // The same for 4 * kWide units: with the dimension known, all their sums stay in registers.
    template <int kWide>
    void add_block(const Context& source, const Term& term, const int* active, int count, std::size_t stride, int i,
                   const double* from, double* to) const {
        constexpr int kCoordinates = D_ ? D_ : 1;
        const double* weights = term.by_column.data() + i;
        const std::size_t source_stride = source.data->stride;
        for (int first = 0; first < D(); first += kCoordinates) {
            Four sum[kCoordinates][kWide];
            for (int j = 0; j < kCoordinates; ++j)
                for (int b = 0; b < kWide; ++b) sum[j][b] = Four::load(from + (first + j) * stride + i + 4 * b);
            for (int k = 0; k < count; ++k) {
                const std::size_t unit = active[k];
                const double* z = source.rows + first * source_stride + unit;
                Four weight[kWide];
                for (int b = 0; b < kWide; ++b) weight[b] = Four::load(weights + unit * stride + 4 * b);
                for (int j = 0; j < kCoordinates; ++j) {
                    const Four entry = Four::all(z[j * source_stride]);
                    for (int b = 0; b < kWide; ++b) sum[j][b] = multiply_add(weight[b], entry, sum[j][b]);
                }
            }
            for (int j = 0; j < kCoordinates; ++j)
                for (int b = 0; b < kWide; ++b) sum[j][b].store(to + (first + j) * stride + i + 4 * b);
        }
    }

    const Network& network_;
    const std::int8_t* sign_;
    std::vector<int> active_;
};

}  // namespace relureg
