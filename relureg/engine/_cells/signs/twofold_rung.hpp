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
        : coordinates_(coordinates), words_(words), rows_(coordinates, sign), solver_(coordinates, rows_) {}

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

    const int coordinates_, words_;
    TwofoldRows<D_> rows_;
    TwofoldSolver<D_> solver_;
};

}  // namespace relureg
