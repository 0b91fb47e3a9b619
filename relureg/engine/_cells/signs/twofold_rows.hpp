// The rows of a stage's units on a cell in twofold precision, with a bound on the error of each coordinate.
//
// Made when first asked for, four units at a time. Neighbouring cells differ in few signs: four rows are kept for the
// next context of their stage, and stand there if the same units that they read are active, with the same rows. The
// bounds are running ones: from what
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

    // Four rows of a stage, as they were last made.
    struct Block {
        std::unique_ptr<double[]> values;
        std::uint64_t serial = 0;            // of the context for which they are known to hold
        std::uint64_t version = 0;           // another one whenever they are made anew
        std::vector<std::uint64_t> sources;  // each active unit that is read, and the version of its row
    };

    const double* block(const Context& context, int number) {
        Block& kept = at(context, number);
        if (kept.serial == context.serial) return kept.values.get();
        if (!holds(kept, context, 4 * number)) {
            if (!kept.values) kept.values = std::make_unique<double[]>(12 * D());
            note_sources(kept, context, 4 * number);
            sum(context, 4 * number, kept.values.get());
            kept.version = ++num_versions_;
        }
        kept.serial = context.serial;
        return kept.values.get();
    }

    Block& at(const Context& context, int number) {
        const auto stage = static_cast<std::size_t>(context.stage);
        if (stages_.size() <= stage) stages_.resize(stage + 1);
        if (stages_[stage].empty()) stages_[stage].resize(context.data->stride / 4);
        return stages_[stage][number];
    }

    const double* row_of(const Context& source, int unit) const {
        return stages_[source.stage][unit / 4].values.get() + unit % 4;
    }

    std::uint64_t version_of(const Context& source, int unit) const { return stages_[source.stage][unit / 4].version; }

    bool is_active(const Context& source, int unit) const { return sign_[source.data->first_unit + unit] > 0; }

    // Visit the active units that four units read.
    template <class Visit>
    void each_source(const Context& context, int first, Visit visit) const {
        for (const Term& term : context.data->terms) {
            if (term.source == 0) continue;
            const Context& source = context.at(term.source - 1);
            for (const int k : columns_read(term, first))
                if (is_active(source, k)) visit(source, k);
        }
    }

    // Whether four rows are those of a context, too; makes the rows that they are summed of.
    bool holds(const Block& kept, const Context& context, int first) {
        std::size_t at = 0;
        bool is_same = kept.version > 0;
        each_source(context, first, [&](const Context& source, int unit) {
            block(source, unit / 4);
            is_same = is_same && at + 2 <= kept.sources.size() &&
                      kept.sources[at] == static_cast<std::uint64_t>(source.data->first_unit + unit) &&
                      kept.sources[at + 1] == version_of(source, unit);
            at += 2;
        });
        return is_same && at == kept.sources.size();
    }

    void note_sources(Block& kept, const Context& context, int first) const {
        kept.sources.clear();
        each_source(context, first, [&](const Context& source, int unit) {
            kept.sources.push_back(static_cast<std::uint64_t>(source.data->first_unit + unit));
            kept.sources.push_back(version_of(source, unit));
        });
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
                add(term, static_cast<std::size_t>(k) * data.stride + first, row_of(source, k));
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
                const double* row = row_of(source, k);
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
    std::vector<std::vector<Block>> stages_;  // [stage][unit / 4]
    std::uint64_t num_versions_ = 0;
};

}  // namespace relureg
