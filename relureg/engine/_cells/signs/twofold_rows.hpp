// The rows of a stage's units on a cell in twofold precision, with a bound on the error of each coordinate.
//
// Made when first asked for, four units at a time, and kept with the context. The bounds are running ones: from what
// was really summed, not from the majorant with every unit active, which grows with the depth. With n terms, known to
// (hi, lo) with errors E_k, the row m = b + sum of w_k m_k over active k errs in each coordinate by at most
//     2 (n + 5)^2 u^2 M + sum |w_k| E_k + underflow,   M = |b| + sum |w_k hi_k|
// (`double_double.hpp`; the constant is one term more).
#pragma once

#include <algorithm>
#include <memory>

#include "../base/double_double.hpp"
#include "../cells/context.hpp"

namespace relureg {

// One row of a block of four: coordinate j is high[4 j] + low[4 j], off by at most error[4 j].
struct TwofoldRow {
    const double *high, *low, *error;
};

template <int D_>
class TwofoldRows {
  public:
    TwofoldRows(int coordinates, const std::int8_t* sign)
        : coordinates_(coordinates), sign_(sign), sums_(coordinates), errors_(coordinates) {}

    TwofoldRow of(const Context& context, int unit) {
        const double* block = this->block(context, unit / 4) + unit % 4;
        return {block, block + 4 * D(), block + 8 * D()};
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }

    const double* block(const Context& context, int number) {
        if (context.twofold_rows.empty()) context.twofold_rows.resize(context.data->stride / 4);
        auto& kept = context.twofold_rows[number];
        if (!kept) {
            for (const Term& term : context.data->terms)  // first, since the sums below are shared
                if (term.source > 0) need(context, term, 4 * number);
            kept = std::make_unique<double[]>(12 * D());
            sum(context, 4 * number, kept.get());
        }
        return kept.get();
    }

    bool is_active(const Context& source, int unit) const { return sign_[source.data->first_unit + unit] > 0; }

    void need(const Context& context, const Term& term, int first) {
        const Context& source = context.at(term.source - 1);
        for (const int k : columns_read(term, first))
            if (is_active(source, k)) block(source, k / 4);
    }

    // Four units from `first` on.
    void sum(const Context& context, int first, double* out) {
        const Stage& data = *context.data;
        const Four none = Four::all(0);
        std::fill_n(sums_.begin(), D(), TwofoldSum<Four>{none, none, none});
        std::fill_n(errors_.begin(), D(), none);
        begin_with(sums_[0], data.constant, data.constant_low, first);
        double terms = 0;
        for (const Term& term : data.terms) {
            if (term.source == 0) {
                for (int k = 0; k < term.columns; ++k)
                    begin_with(sums_[k + 1], term.by_column, term.by_column_low,
                               static_cast<std::size_t>(k) * data.stride + first);
                continue;
            }
            const Context& source = context.at(term.source - 1);
            for (const int k : columns_read(term, first)) {
                if (!is_active(source, k)) continue;
                add(term, static_cast<std::size_t>(k) * data.stride + first, source.twofold_rows[k / 4].get() + k % 4);
                ++terms;
            }
        }
        const double exact = terms == 0 && !data.is_rounded ? 0 : 1;
        const double relative = exact * compensated_error(terms + 1) * kInflation * kInflation;
        for (int j = 0; j < D(); ++j) {
            sums_[j].normalise();
            sums_[j].high.store(out + 4 * j);
            sums_[j].low.store(out + 4 * (D() + j));
            double size[4], error[4];
            sums_[j].size.store(size), errors_[j].store(error);
            for (int k = 0; k < 4; ++k) {
                const bool vanishes = size[k] == 0 && error[k] == 0 && is_zero(context, j, first + k);
                out[4 * (2 * D() + j) + k] =
                    vanishes ? 0 : relative * size[k] + error[k] * kInflation + exact * kUnderflow;
            }
        }
    }

    // Whether each product that a coordinate is summed of has a factor that is known to be 0.
    bool is_zero(const Context& context, int j, int unit) const {
        const Stage& data = *context.data;
        if (unit >= data.units) return true;
        if (j == 0 && data.constant[unit] != 0) return false;
        for (const Term& term : data.terms) {
            if (term.source == 0) {
                if (j > 0 && term.by_column[static_cast<std::size_t>(j - 1) * data.stride + unit] != 0) return false;
                continue;
            }
            const Context& source = context.at(term.source - 1);
            for (const int k : columns_read(term, unit)) {
                if (!is_active(source, k) || term.by_column[static_cast<std::size_t>(k) * data.stride + unit] == 0)
                    continue;
                const double* row = source.twofold_rows[k / 4].get() + k % 4;
                if (row[4 * j] != 0 || row[4 * (2 * D() + j)] != 0) return false;
            }
        }
        return true;
    }

    static void begin_with(TwofoldSum<Four>& sum, const std::vector<double>& high, const std::vector<double>& low,
                           std::size_t at) {
        sum.high = Four::load(&high[at]);
        if (!low.empty()) sum.low = Four::load(&low[at]);
        sum.size = absolute(sum.high);
    }

    void add(const Term& term, std::size_t at, const double* row) {
        const Four weight = Four::load(&term.by_column[at]), size = absolute(weight);
        const double *low = row + 4 * D(), *error = row + 8 * D();
        if (term.by_column_low.empty()) {
            for (int j = 0; j < D(); ++j) sums_[j].add(weight, Four::all(row[4 * j]), Four::all(low[4 * j]));
        } else {
            const Four rest = Four::load(&term.by_column_low[at]);
            for (int j = 0; j < D(); ++j) sums_[j].add(weight, rest, Four::all(row[4 * j]), Four::all(low[4 * j]));
        }
        for (int j = 0; j < D(); ++j) errors_[j] = multiply_add(size, Four::all(error[4 * j]), errors_[j]);
    }

    const int coordinates_;
    const std::int8_t* sign_;
    std::vector<TwofoldSum<Four>> sums_;
    std::vector<Four> errors_;
};

}  // namespace relureg
