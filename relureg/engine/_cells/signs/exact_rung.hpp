// The last rung: rows and generators in integers of any size.
#pragma once

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "../base/stopwatch.hpp"
#include "place.hpp"

namespace relureg {

template <int D_, int W>
class ExactRung {
  public:
    ExactRung(int coordinates, int words, const std::int8_t* sign, Watched& time)
        : coordinates_(coordinates), words_(words), sign_(sign), time_(time) {}

    Watched& time() const { return time_; }

    int sign(const Place& place, const Context& context, int unit, int i) const {
        return sgn(dot(row(context, unit), generator(place, i)));
    }

    const ExactVector& row(const Context& context, int unit) const {
        if (!context.exact_rows.empty() && context.exact_rows[unit]) return *context.exact_rows[unit];
        const Stopwatch watch(time_);
        return context.exact_row(unit, D() - 1, sign_);
    }

    // The generator in integers: the null vector of the rows of its facets, oriented by its doubles.
    const ExactVector& generator(const Place& place, int i) const {
        Forms& forms = place.generators.tags(i).exact->need();
        if (forms.exact) return *forms.exact;
        const Stopwatch watch(time_);
        forms.exact = std::make_unique<ExactVector>(solve(place, i));
        return *forms.exact;
    }

    // The vector, up to its sign, on which all hyperplanes known to contain a generator vanish.
    ExactVector null_vector(const Place& place, int i) const {
        std::vector<ExactVector> rows;
        each_row<W>(place, i, words(), [&](const Context* context, int unit) {
            if (context) {
                rows.push_back(row(*context, unit));
            } else {
                rows.emplace_back(D());
                rows.back()[unit] = 1;
            }
        });
        return relureg::null_vector(std::move(rows), D());
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    ExactVector solve(const Place& place, int i) const {
        ExactVector vector = null_vector(place, i);
        const double* x = place.generators.x(i);
        int largest = 0;
        for (int j = 1; j < D(); ++j)
            if (std::fabs(x[j]) > std::fabs(x[largest])) largest = j;
        if (sgn(vector[largest]) * x[largest] < 0)
            for (auto& entry : vector) entry = -entry;
        return vector;
    }

    const int coordinates_, words_;
    const std::int8_t* sign_;
    Watched& time_;
};

}  // namespace relureg
