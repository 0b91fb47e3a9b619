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
    const double* affine_part(const Context& context, int stage, Arena& arena) {
        const Stage& data = network_.stages[stage];
        double* rows = nullptr;
        for (const auto& term : data.terms) {
            if (term.source == 0 || term.source - 1 >= context.stage) continue;
            if (!rows) {
                rows = arena.take<double>(data.input_rows.size());
                std::copy(data.input_rows.begin(), data.input_rows.end(), rows);
            }
            const Context& source = context.at(term.source - 1);
            if (is_sparse(term, data.stride)) {
                add_sparse(source, term, source.active, data.stride, rows);
                continue;
            }
            active_.clear();
            for (int w = 0; w < (term.columns + 63) / 64; ++w)
                each_bit(source.active[w], 64 * w, [&](int k) { active_.push_back(k); });
            add(source, term, active_.data(), static_cast<int>(active_.size()), data.stride, rows, rows);
        }
        return rows ? rows : data.input_rows.data();
    }

    bool is_last(const Context& context) const { return context.stage + 1 == static_cast<int>(network_.stages.size()); }

    std::size_t next_size(const Context& context) const {
        return static_cast<std::size_t>(D()) * network_.stages[context.stage + 1].stride;
    }

    // Add the units of this stage that turned out active to the rows of the next stage, on a copy.
    const double* extend(const Context& context, const double* rows, const int* active, int count, Arena& arena) {
        const Term* term = rows && count ? term_on(context) : nullptr;
        if (!term) return rows;
        const int stride = network_.stages[context.stage + 1].stride;
        double* sum = arena.take<double>(next_size(context));
        if (count < kFewActive || !is_sparse(*term, stride)) {
            add(context, *term, active, count, stride, rows, sum);
            return sum;
        }
        bits_.assign((term->columns + 63) / 64, 0);
        for (int i = 0; i < count; ++i) bits_[active[i] / 64] |= std::uint64_t{1} << (active[i] % 64);
        std::copy_n(rows, next_size(context), sum);
        add_sparse(context, *term, bits_.data(), stride, sum);
        return sum;
    }

    // The active units of a stage of which all have their signs.
    void note_active(const Context& context, Arena& arena) const {
        const int units = context.data->units, words = (units + 63) / 64;
        auto* active = arena.take<std::uint64_t>(words);
        const std::int8_t* sign = sign_ + context.data->first_unit;
        for (int w = 0; w < words; ++w) active[w] = 0;
        int k = 0;
        for (; k + 8 <= units; k += 8) {  // signs are 1, 0 and -1: bytes of which the first bit is set and the last not
            std::uint64_t eight;
            std::memcpy(&eight, sign + k, 8);
            eight &= ~(eight >> 7) & 0x0101010101010101;
            active[k / 64] |= (eight * 0x0102040810204080 >> 56) << (k % 64);
        }
        for (; k < units; ++k) active[k / 64] |= static_cast<std::uint64_t>(sign[k] > 0) << (k % 64);
        context.active = active;
    }

    // All units of a stage on a cell, with the bounds of the filter.
    Candidates all_units(const Context& context, Arena& arena) const {
        const Stage& data = *context.data;
        double* norm = arena.take<double>(data.stride);
        const Four inflation = Four::all(1 + 0x1p-20);
        for (int i = 0; i < data.stride; i += 4) {
            const double* row = context.rows + i;
            Four sum = absolute(Four::load(row));
            for (int j = 1; j < D(); ++j)
                sum = sum + absolute(Four::load(row + static_cast<std::size_t>(j) * data.stride));
            const Four most = Four::load(&data.norm[i]);
            smaller(sum * inflation + Four::load(&data.relative_error[i]) * most, most).store(norm + i);
        }
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

    // to += weights times rows of the units of `source` whose bit is set.
    void add_sparse(const Context& source, const Term& term, const std::uint64_t* active, int stride, double* to) {
        const int words = (term.columns + 63) / 64;
        active_.resize(std::max<std::size_t>(active_.size(), term.columns));
        const std::uint64_t* reads = term.reads.data();
        for (int i = 0; i < stride; i += 4, reads += words) {
            int count = 0;
            for (int w = 0; w < words; ++w)
                each_bit(active[w] & reads[w], 64 * w, [&](int k) { active_[count++] = k; });
            if (count) add_block<1>(source, term, active_.data(), count, stride, i, to, to);
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

    static constexpr int kFewActive = 4;  // added to all rows as quickly as to those that read them

    const Network& network_;
    const std::int8_t* sign_;
    std::vector<int> active_;
    std::vector<std::uint64_t> bits_;
};

}  // namespace relureg
