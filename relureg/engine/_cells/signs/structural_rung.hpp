// Signs by what is known of the network's structure, mostly zeros: no coordinate in common, sources that vanish, a row
// parallel to a facet's.
#pragma once

#include "parallels.hpp"
#include "place.hpp"
#include "twofold_rows.hpp"

namespace relureg {

template <int D_, int W>
class StructuralRung {
  public:
    StructuralRung(int coordinates, int words, const std::int8_t* sign, const IntegerRows<D_>& integers)
        : coordinates_(coordinates), words_(words), sign_(sign), parallels_(coordinates, sign, integers) {}

    // A value that looks like 0: whether row and generator have no coordinate in common, or the
    // row is parallel to a facet's. False where nothing is known.
    bool knows(const Place& place, const Context& context, int unit, int i, const double* row_in_doubles,
               TwofoldRows<D_>& twofold_rows, int& sign) {
        const double* x = place.generators.x(i);
        const Tags& tags = place.generators.tags(i);
        bool is_apart = !context.data->is_out_of_range;
        const auto is_zero = [&](int j) { return x[j] == 0 && (tags.eps == 0 || (j == 0 && tags.at_infinity)); };
        for (int j = 0; j < D(); ++j) is_apart = is_apart && (row_in_doubles[j] == 0 || is_zero(j));
        if (is_apart) {
            const TwofoldRow row = twofold_rows.of(context, unit);
            for (int j = 0; j < D(); ++j)
                is_apart = is_apart && ((row.high[4 * j] == 0 && row.error[4 * j] == 0) || is_zero(j));
            if (is_apart) return sign = 0, true;
        }
        bool is_known = false;
        each_row<W>(place, i, words(), [&](const Context* facet, int facet_unit) {
            if (is_known || !facet || !parallels_.propose(row_in_doubles, *facet, facet_unit)) return;
            const auto& pair = parallels_.prove(context, unit, *facet, facet_unit);
            is_known = pair.is_parallel, sign = pair.beta;
        });
        if (tags.at_infinity) sign = 0;
        return is_known;
    }

    // Whether the row is known to be parallel to a facet's already.
    bool recalls(const Place& place, const Context& context, int unit, int i, int& sign) const {
        if (!parallels_.knows(context, unit)) return false;
        bool is_known = false;
        each_row<W>(place, i, words(), [&](const Context* facet, int facet_unit) {
            if (is_known || !facet) return;
            const auto* pair = parallels_.recall(context, unit, *facet, facet_unit);
            if (pair && pair->is_parallel) is_known = true, sign = pair->beta;
        });
        if (place.generators.tags(i).at_infinity) sign = 0;
        return is_known;
    }

    // Whether a unit reads nothing but inactive units and such that vanish on a facet that contains the generator: its
    // value is its constant then.
    bool vanishes_with_its_sources(const Place& place, const Context& context, int unit, int i, int& sign) const {
        const Stage& data = *context.data;
        if (data.is_out_of_range) return false;
        for (const Term& term : data.terms) {
            for (const int k : columns_read(term, unit)) {
                if (term.by_column[static_cast<std::size_t>(k) * data.stride + unit] == 0) continue;
                if (term.source == 0) return false;
                const Context& source = context.at(term.source - 1);
                if (sign_[source.data->first_unit + k] > 0 && !is_on_facet<W>(place, i, words(), source, k))
                    return false;
            }
        }
        sign = place.generators.tags(i).at_infinity ? 0 : (data.constant[unit] > 0) - (data.constant[unit] < 0);
        return true;
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    const int coordinates_, words_;
    const std::int8_t* sign_;
    Parallels<D_> parallels_;
};

}  // namespace relureg
