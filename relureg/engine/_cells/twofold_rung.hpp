// Signs by twofold doubles, whose bounds go by coordinate.
#pragma once

#include <cmath>
#include <memory>
#include <utility>

#include "place.hpp"
#include "twofold_generator.hpp"

namespace relureg {

template <int D_, int W>
class TwofoldRung {
  public:
    TwofoldRung(int coordinates, int words, const std::int8_t* sign)
        : coordinates_(coordinates), words_(words), sign_(sign), rows_(coordinates, sign), solver_(coordinates, rows_) {
    }

    TwofoldRows<D_>& rows() { return rows_; }

    // The generator in twofold precision; null where that cannot be had. Its doubles come out as good as they can be.
    const double* generator(const Place& place, int i) {
        Tags& tags = place.generators.tags(i);
        Forms& forms = tags.exact->need();
        if (forms.twofold || forms.has_failed) return forms.twofold.get();
        auto form = std::make_unique<double[]>(3 * D());
        if (tags.bits <= 53) {
            std::copy_n(place.generators.x(i), D(), form.get());
            std::fill_n(form.get() + D(), 2 * D(), 0.0);
        } else if (forms.exact) {
            to_twofold(*forms.exact, form.get());
        } else {
            solver_.begin();
            each_row<W>(place, i, words(), [&](const Context* context, int unit) { solver_.add(context, unit); });
            if (!solver_.solve(place.generators.x(i), tags.at_infinity, form.get())) {
                forms.has_failed = true;
                return nullptr;
            }
        }
        forms.twofold = std::move(form);
        take_doubles(forms.twofold.get(), place.generators, i);
        return forms.twofold.get();
    }

    // The value of a unit at a generator in twofold precision; false where the bound on its error is no smaller.
    bool value(const Place& place, const Context& context, int unit, int i, TwofoldSum<double>& sum, double& error) {
        if (context.data->is_out_of_range) return false;
        const double* form = generator(place, i);
        if (!form) return false;
        const TwofoldVector x = TwofoldVector::at(form, D());
        const TwofoldRow row = rows_.of(context, unit);
        sum = {0, 0, 0}, error = 0;
        for (int j = 0; j < D(); ++j) {
            sum.add(row.high[4 * j], row.low[4 * j], x.high[j], x.low[j]);
            error += std::fabs(row.high[4 * j]) * x.error[j] + row.error[4 * j] * (std::fabs(x.high[j]) + x.error[j]);
        }
        sum.normalise();
        error = (error + compensated_error(D()) * sum.size) * kInflation * kInflation + kUnderflow;
        return std::fabs(sum.high) > error;
    }

    // The same from the values of the units that it reads: those of a facet that contains the generator are 0, and what
    // is left may be 10^38 times smaller than the row. A source that is badly known is taken from its own sources in
    // turn.
    bool by_sources(const Place& place, const Context& context, int unit, int i, TwofoldSum<double>& sum,
                    double& error) {
        const Stage& data = *context.data;
        const double* form = data.is_out_of_range ? nullptr : generator(place, i);
        if (!form) return false;
        const TwofoldVector x = TwofoldVector::at(form, D());
        double terms = 1;
        sum = {0, 0, 0}, error = std::fabs(data.constant[unit]) * x.error[0];
        sum.add(data.constant[unit], data.constant_low.empty() ? 0 : data.constant_low[unit], x.high[0], x.low[0]);
        for (const Term& term : data.terms) {
            for (const int k : columns_read(term, unit)) {
                const std::size_t at = static_cast<std::size_t>(k) * data.stride + unit;
                const double weight = term.by_column[at], low = term.by_column_low.empty() ? 0 : term.by_column_low[at];
                TwofoldSum<double> value{0, 0, 0};
                double own = 0;
                if (weight == 0) continue;
                if (term.source == 0) {
                    value.high = x.high[k + 1], value.low = x.low[k + 1], own = x.error[k + 1];
                } else {
                    const Context& source = context.at(term.source - 1);
                    if (sign_[source.data->first_unit + k] <= 0 || is_on_facet<W>(place, i, words(), source, k))
                        continue;
                    source_value(place, source, k, i, value, own);
                }
                sum.add(weight, low, value.high, value.low);
                error += std::fabs(weight) * own;
                ++terms;
            }
        }
        sum.normalise();
        error = (error + compensated_error(terms) * sum.size) * kInflation * kInflation + kUnderflow;
        return std::fabs(sum.high) > error;
    }

    // The doubles of a generator from its twofold form, where these are better.
    void take_doubles(const double* form, Generators& g, int i) const {
        Tags& tags = g.tags(i);
        const TwofoldVector from = TwofoldVector::at(form, D());
        double largest = 0, error = 0;
        for (int j = 0; j < D(); ++j)
            largest = std::max(largest, std::fabs(from.high[j])), error = std::max(error, from.error[j]);
        int exponent = 0;
        std::frexp(largest, &exponent);
        const double eps = std::ldexp(error, -exponent) * kInflation + 2 * kUnitRoundoff;
        if (tags.bits <= 53 || !(eps < tags.eps)) return;
        for (int j = 0; j < D(); ++j) g.x(i)[j] = std::ldexp(from.high[j], -exponent);
        tags.eps = eps;
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    void source_value(const Place& place, const Context& source, int unit, int i, TwofoldSum<double>& sum,
                      double& error) {
        value(place, source, unit, i, sum, error);
        if (std::fabs(sum.high) > 0x1p30 * error || !source.stage) return;
        TwofoldSum<double> other{0, 0, 0};
        double bound = 0;
        by_sources(place, source, unit, i, other, bound);
        if (bound < error) sum = other, error = bound;
    }

    const int coordinates_, words_;
    const std::int8_t* sign_;
    TwofoldRows<D_> rows_;
    TwofoldSolver<D_> solver_;
};

}  // namespace relureg
