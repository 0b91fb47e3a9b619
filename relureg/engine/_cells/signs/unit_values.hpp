// Signs from the values of the units that a unit reads, at one generator, each value known relative to its own size.
//
// The value of a unit at a point does not depend on the cell, since the network is continuous; in a direction it is
// that of the network without its constants, which is continuous, too. So a generator keeps the values of units, in a
// scale of its own, together with its coordinates. They are found in two ways.
//
// From the units that are read: v = b y_0 + sum of w_k v_k over active k. With n terms that err by e_k it is off by at
// most
//     sum of |w_k| e_k + gamma_(n + 4) sum of |w_k v_k|.
//
// From the ends a, b of the edge on which the generator was made, for units that are affine on it. Where the cutting
// unit is v_a > 0 > v_b, known up to factors 1 + rho: n = w_a a + w_b b with w_a = -v_b / (v_a - v_b), w_b = v_a / (v_a
// - v_b), and a value is off by at most
//     w_a (e_a + (rho_b + 4 u) (|v(a)| + e_a)) + w_b (e_b + (rho_a + 4 u) (|v(b)| + e_b)),
// where 4 u is for three roundings (the sum v_a - v_b only scales n). An active unit is nowhere negative on a cell:
// nothing cancels, and it stays known relative to its size, be it 10^-60. So hyperplanes that differ by parts of 10^-38
// are told apart in doubles, which neither coordinates nor rows in twofold precision can do.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>

#include "../cells/candidates.hpp"
#include "exact_rung.hpp"
#include "twofold_rung.hpp"

namespace relureg {

template <int D_, int W>
class UnitValues {
  public:
    UnitValues(int coordinates, int words, const std::int8_t* sign, TwofoldRung<D_, W>& twofold,
               const ExactRung<D_, W>& exact)
        : coordinates_(coordinates), words_(words), sign_(sign), twofold_(twofold), exact_(exact) {}

    static bool has(const Generators& g, int i) {
        const Forms* forms = g.tags(i).exact->forms;
        return forms && forms->values;
    }

    // Begin with the coordinates of a generator.
    void begin(const Place& place, int i) {
        auto values = std::make_unique<std::vector<Measure>>(D());
        if (const double* form = twofold_.generator(place, i)) {
            const TwofoldVector x = TwofoldVector::at(form, D());
            for (int j = 0; j < D(); ++j) (*values)[j] = {x.high[j], (x.error[j] + std::fabs(x.low[j])) * kInflation};
        } else {
            const ExactVector& x = exact_.generator(place, i);
            long highest = 0;
            for (const mpz_class& entry : x) highest = std::max(highest, Scaled::of(entry).exponent);
            for (int j = 0; j < D(); ++j) (*values)[j] = Scaled::of(x[j]).measure(-highest, 0);
        }
        place.generators.tags(i).exact->need().values = std::move(values);
    }

    // Quick: what twofold doubles tell of the units that are read, once. Most signs need no more: a unit that is known
    // badly is often too small to matter. Thorough: each of them as well as integers can.
    enum class Effort { kQuick, kThorough };

    // The sign of a unit at a generator that `has` values; false where these do not settle it.
    bool knows(const Place& place, const Context& context, int unit, int i, Effort effort, int& sign) {
        if (context.data->is_out_of_range) return false;
        const Measure value = find(place, context, unit, i, effort);
        sign = (value.value > 0) - (value.value < 0);
        return std::fabs(value.value) > value.error || (value.value == 0 && value.error == 0);
    }

    // The values of some units at a generator that `has` values, and how far each is off; false, and
    // nothing is written, where one has none.
    bool list(const Place& place, const Context& context, const Candidates& units, int i, double* out) {
        if (context.data->is_out_of_range) return false;
        for (int k = 0; k < units.count; ++k) {
            const Measure quick = find(place, context, units.unit[k], i, Effort::kQuick);
            if (!is_good(quick) && !(find(place, context, units.unit[k], i, Effort::kThorough).error < HUGE_VAL))
                return false;
        }
        for (int k = 0; k < units.count; ++k) {
            const Measure value = at(place, context, units.unit[k], i);
            out[k] = value.value, out[units.stride + k] = value.error;
        }
        return true;
    }

    // Keep what integers say of a unit.
    void improve(const Place& place, const Context& context, int unit, int i) {
        if (context.data->is_out_of_range) return;
        const Stopwatch watch(exact_.time());
        Measure& value = at(place, context, unit, i);
        const ExactVector &row = exact_.row(context, unit), &x = exact_.generator(place, i);
        const mpz_class product = dot(row, x);
        if (product == 0) return void(value = {0, 0});
        // Row and generator in integers are those in doubles, times factors that their best known coordinates tell.
        const TwofoldRow rounded = twofold_.rows().of(context, unit);
        const std::vector<Measure>& values = *place.generators.tags(i).exact->forms->values;
        double of_row = 0, of_point = 0, row_error = 1, point_error = 1;
        int p = -1, q = -1;
        for (int j = 0; j < D(); ++j) {
            const double entry = rounded.high[4 * j];
            if (entry == 0 || !(rounded.error[4 * j] + std::fabs(rounded.low[4 * j]) < kGood * std::fabs(entry)) ||
                std::fabs(entry) <= std::fabs(of_row))
                continue;
            p = j, of_row = entry;
            row_error = (rounded.error[4 * j] + std::fabs(rounded.low[4 * j])) / std::fabs(entry);
        }
        for (int j = 0; j < D(); ++j)
            if (std::fabs(values[j].value) > std::fabs(of_point) &&
                values[j].error < kGood * std::fabs(values[j].value))
                q = j, of_point = values[j].value, point_error = values[j].error / std::fabs(of_point);
        if (p < 0 || q < 0 || row[p] == 0 || x[q] == 0) return;
        const Scaled by = Scaled::of(row[p]), and_by = Scaled::of(x[q]), times = Scaled::of(of_row),
                     and_times = Scaled::of(of_point), of_product = Scaled::of(product);
        const Scaled divisor{by.mantissa * and_by.mantissa, by.exponent + and_by.exponent};
        const Scaled result{of_product.mantissa * (times.mantissa * and_times.mantissa / divisor.mantissa),
                            of_product.exponent + times.exponent + and_times.exponent - divisor.exponent};
        const Measure found = result.measure(0, row_error + point_error);
        if (found.error < value.error) value = found;
    }

    // The values at the new generator on the edge from a to b, which both have some; false where the cut is not known.
    bool interpolate(const Place& place, const Context& context, int unit, int a, int b, ExactSlot& slot) {
        if (context.data->is_out_of_range) return false;
        const Measure above = source(place, context, unit, a, Effort::kThorough),
                      below = source(place, context, unit, b, Effort::kThorough);
        const double rho_a = above.error / above.value, rho_b = below.error / -below.value;
        if (!(above.value > 0 && below.value < 0 && rho_a < kGood && rho_b < kGood)) return false;
        const double sum = above.value - below.value, wa = -below.value / sum, wb = above.value / sum;
        if (!(std::min(wa, wb) > 0x1p-900)) return false;
        const std::vector<Measure>&from_a = *place.generators.tags(a).exact->forms->values,
              &from_b = *place.generators.tags(b).exact->forms->values;
        // Units of later stages bend on the edge.
        const std::size_t size = std::min({from_a.size(), from_b.size(), index(context, context.data->units)});
        auto values = std::make_unique<std::vector<Measure>>(size);
        const double ka = rho_b * kInflation + 4 * kUnitRoundoff, kb = rho_a * kInflation + 4 * kUnitRoundoff;
        for (std::size_t k = 0; k < size; ++k) {
            const Measure &va = from_a[k], &vb = from_b[k];
            const double error = wa * (va.error + ka * (std::fabs(va.value) + va.error)) +
                                 wb * (vb.error + kb * (std::fabs(vb.value) + vb.error));
            const bool vanishes = va.value == 0 && va.error == 0 && vb.value == 0 && vb.error == 0;
            (*values)[k] = {wa * va.value + wb * vb.value, vanishes ? 0 : error * kInflation + kUnderflow};
        }
        (*values)[index(context, unit)] = {0, 0};
        slot.need().values = std::move(values);
        return true;
    }

  private:
    // A number of any size, to a few roundings.
    struct Scaled {
        double mantissa;
        long exponent;
        static Scaled of(const mpz_class& x) {
            Scaled result{0, 0};
            result.mantissa = mpz_get_d_2exp(&result.exponent, x.get_mpz_t());
            return result;
        }
        static Scaled of(double x) {
            int exponent = 0;
            const double mantissa = std::frexp(x, &exponent);
            return {mantissa, exponent};
        }
        // The number times 2^shift, where its relative error is `error` and 16 roundings.
        Measure measure(long shift, double error) const {
            if (mantissa == 0) return {0, 0};
            const double value = std::ldexp(mantissa, static_cast<int>(std::clamp(exponent + shift, -4000L, 4000L)));
            return {value, std::fabs(value) * (error * 2 + 16 * kUnitRoundoff) + kUnderflow};
        }
    };

    static constexpr double kGood = 0x1p-20;
    static bool is_good(const Measure& value) { return value.error <= kGood * std::fabs(value.value); }

    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    std::size_t index(const Context& context, int unit) const {
        return static_cast<std::size_t>(D()) + context.data->first_unit + unit;
    }

    Measure& at(const Place& place, const Context& context, int unit, int i) const {
        std::vector<Measure>& values = *place.generators.tags(i).exact->forms->values;
        const std::size_t k = index(context, unit);
        if (k >= values.size()) values.resize(index(context, context.data->units));
        return values[k];
    }

    Measure find(const Place& place, const Context& context, int unit, int i, Effort effort) {
        Measure& known = at(place, context, unit, i);
        if (is_good(known)) return known;
        if (is_on_facet<W>(place, i, words(), context, unit)) return known = {0, 0};
        if (effort == Effort::kQuick && known.error < HUGE_VAL) return known;
        sum_block(place, context, unit & ~3, i, effort);
        return at(place, context, unit, i);
    }

    // The value of a unit that others read: known well, whatever that takes where the effort is thorough.
    Measure source(const Place& place, const Context& context, int unit, int i, Effort effort) {
        const Measure value = find(place, context, unit, i, effort);
        if (is_good(value)) return value;
        if (!improve_by_twofold(place, context, unit, i) && effort == Effort::kThorough)
            improve(place, context, unit, i);
        return at(place, context, unit, i);
    }

    // From row and generator in twofold precision, where these tell it well.
    bool improve_by_twofold(const Place& place, const Context& context, int unit, int i) {
        TwofoldSum<double> sum{0, 0, 0};
        double error = 0;
        if (!twofold_.value(place, context, unit, i, sum, error) || !(error < kGood / 4 * std::fabs(sum.high)))
            return false;
        const Forms& forms = *place.generators.tags(i).exact->forms;
        const TwofoldVector x = TwofoldVector::at(forms.twofold.get(), D());
        int q = 0;
        for (int j = 1; j < D(); ++j)
            if (std::fabs(x.high[j]) > std::fabs(x.high[q])) q = j;
        const Measure& there = (*forms.values)[q];
        const double scale = there.value / x.high[q];
        const double relative = there.error / std::fabs(there.value) + x.error[q] / std::fabs(x.high[q]) +
                                error / std::fabs(sum.high) + 16 * kUnitRoundoff;
        if (!(relative < kGood / 2) || !(scale > 0x1p-900 && scale < 0x1p900)) return false;
        const double value = sum.high * scale;
        at(place, context, unit, i) = {value, std::fabs(value) * 2 * relative + kUnderflow};
        return true;
    }

    // Four units from `first` on.
    void sum_block(const Place& place, const Context& context, int first, int i, Effort effort) {
        const Stage& data = *context.data;
        for (const Term& term : data.terms)  // before the sums, since these are made of it
            if (term.source > 0)
                for (const int k : columns_read(term, first))
                    if (const Context& source = context.at(term.source - 1); sign_[source.data->first_unit + k] > 0)
                        this->source(place, source, k, i, effort);
        const std::vector<Measure>& values = *place.generators.tags(i).exact->forms->values;
        const Four constant = Four::load(&data.constant[first]);
        Four value = constant * Four::all(values[0].value), size = absolute(value);
        Four error = absolute(constant) * Four::all(values[0].error);
        double terms = 1;
        for (const Term& term : data.terms) {
            const Context* source = term.source ? &context.at(term.source - 1) : nullptr;
            for (const int k : columns_read(term, first)) {
                if (source && sign_[source->data->first_unit + k] <= 0) continue;
                const Measure& read = source ? values[index(*source, k)] : values[k + 1];
                if (read.value == 0 && read.error == 0) continue;
                const Four weight = Four::load(&term.by_column[static_cast<std::size_t>(k) * data.stride + first]);
                const Four product = weight * Four::all(read.value);
                value = value + product;
                size = size + absolute(product);
                error = multiply_add(absolute(weight), Four::all(read.error), error);
                ++terms;
            }
        }
        double sums[4], sizes[4], errors[4];
        value.store(sums), size.store(sizes), error.store(errors);
        for (int k = 0; k < 4 && first + k < data.units; ++k) {
            Measure& known = at(place, context, first + k, i);
            const double error = (errors[k] + gamma(terms + 4) * sizes[k]) * kInflation + kUnderflow;
            if (error < known.error) known = {sums[k], error};
        }
    }

    const int coordinates_, words_;
    const std::int8_t* sign_;
    TwofoldRung<D_, W>& twofold_;
    const ExactRung<D_, W>& exact_;
};

}  // namespace relureg
