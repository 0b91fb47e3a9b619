// The one predicate: the sign of a unit's affine form at a generator. Doubles propose, integers decide.
//
// A sign is taken from doubles when the value exceeds a proven bound on its error (see Network::finish for the
// derivation); else from doubles again where everything is a small integer, so that no operation rounds, or where
// only the entries of the row that meet this generator count; else from twofold doubles, whose bound goes by coordinate
// (`twofold_rung.hpp`). Remainders modulo primes prove that it is 0 (`modular_rung.hpp`), the values of the units that
// are read tell the smallest ones (`unit_values.hpp`); what is left is for integers of any size (`exact_rung.hpp`).
#pragma once

#include <cmath>
#include <string>
#include <utility>

#include "../base/stopwatch.hpp"
#include "../cells/candidates.hpp"
#include "../interface/result.hpp"
#include "exact_rung.hpp"
#include "modular_rung.hpp"
#include "refine.hpp"
#include "structural_rung.hpp"
#include "twofold_rung.hpp"
#include "unit_values.hpp"

namespace relureg {

template <int D_, int W>
class Predicate {
  public:
    Predicate(int coordinates, int words, const std::int8_t* sign, bool audit)
        : coordinates_(coordinates), words_(words), audit_(audit), refiner_(coordinates), row_(coordinates),
          twofold_(coordinates, words, sign), integers_(coordinates, twofold_.rows()),
          structure_(coordinates, words, sign, integers_), exact_(coordinates, words, sign, statistics.exact_time),
          modular_(coordinates, words, sign, integers_, exact_), values_(coordinates, words, sign, twofold_, exact_) {}

    Statistics statistics;

    // Fetch a unit's row, for `evaluate` and `error_of`.
    void load(const Context& context, int unit) {
        const Stage& data = *context.data;
        double norm = 0;
        for (int j = 0; j < D(); ++j) {
            row_[j] = context.rows[static_cast<std::size_t>(j) * data.stride + unit];
            norm += std::fabs(row_[j]);
        }
        norm_ = data.norm_of(unit, norm);
    }

    void evaluate(const Generators& g, double* value) const {
        for (int i = 0; i < g.count; ++i) value[i] = this->value(g, i);
    }

    double value(const Generators& g, int i) const {
        const double* x = g.x(i);
        double sum = 0;
        for (int j = 0; j < D(); ++j) sum = multiply_add(row_[j], x[j], sum);
        return sum;
    }

    // How far the value of the loaded row at a generator may be off.
    double error_of(const Context& context, int unit, double eps) const {
        return context.data->value_error[unit] + norm_ * eps;
    }

    // Decide the signs of all candidates at the generators where they are not known. Generators may come out refined.
    // Cells that are only passed on the way to a unit of work are counted by the search that they belong to.
    void decide(Cell& cell, const Context& context, const Candidates& candidates, Signs& signs, bool is_counted) {
        if (!is_counted) return uncounted([&] { decide(cell, context, candidates, signs, true); });
        const Place place{cell, cell.generators};
        for (int w = 0; w < signs.words; ++w) {
            const std::uint64_t mask = candidates.mask(w);
            for (int i = signs.known; i < cell.generators.count; ++i)
                decide_word<true>(place, context, candidates, signs, i, w, mask, mask, 0, 0);
        }
        statistics.decisions += static_cast<std::int64_t>(cell.generators.count - signs.known) * candidates.count;
        signs.known = cell.generators.count;
        if (audit_) audit(place, context, candidates, signs);
    }

    // The same for new generators on the edges of a cell. Each is a sum of positive multiples of its edge's ends, so
    // only a candidate of opposite signs at these (`known`, of which `kept` are asked about) is open: else its sign is
    // that of the ends, and 0 where it is 0 at both.
    void decide_between(const Place& place, const std::vector<std::pair<int, int>>& edges, const Signs& known,
                        const std::uint64_t* kept, const Context& context, const Candidates& candidates, Signs& signs,
                        bool is_counted) {
        if (!is_counted)
            return uncounted([&] { decide_between(place, edges, known, kept, context, candidates, signs, true); });
        const auto asked = static_cast<std::int64_t>(place.generators.count) * candidates.count;
        std::int64_t num_open = 0;
        for (const auto& [a, b] : edges) signs.inherit(known, a, b, kept);
        for (int w = 0; w < signs.words; ++w) {
            const std::uint64_t mask = candidates.mask(w);
            for (int i = 0; i < place.generators.count; ++i) {
                const std::size_t at = static_cast<std::size_t>(i) * signs.words + w;
                const std::uint64_t positive = signs.positive[at], negative = signs.negative[at],
                                    open = positive & negative;
                num_open += __builtin_popcountll(open);
                decide_word<false>(place, context, candidates, signs, i, w, mask, open, positive & ~open,
                                   negative & ~open);
            }
        }
        statistics.decisions += asked, statistics.edges += asked - num_open;
        signs.known = place.generators.count;
        if (audit_) audit(place, context, candidates, signs);
    }

    // The sign of a unit along a line of the cell; not one of the decisions that are counted.
    int sign_along(Cell& cell, const Context& context, int unit, int line) {
        const Place place = Place::of_lines(cell);
        const Statistics before = statistics;
        const int sign = is_unchanging(context, cell.lines.tags(line)) ? 0 : settle(place, context, unit, line);
        const Watched time = statistics.exact_time;
        statistics = before, statistics.exact_time = time;
        if (audit_) audit_sign(place, context, unit, line, sign);
        return sign;
    }

    // How far the value of the loaded row may be off, by the sizes of its products; infinity where they tell nothing. A
    // direction has no constant, however large that of the row is.
    double error_at(const Context& context, int unit, const Generators& g, int i) const {
        if (!(context.data->norm[unit] < 0x1p900)) return HUGE_VAL;
        bool meets = false;
        double norm = norm_;
        if (g.tags(i).at_infinity) {
            double size = 0;
            for (int j = 1; j < D(); ++j) size += std::fabs(row_[j]);
            norm = context.data->norm_of(unit, size);
        }
        return support_error(context, unit, g.x(i), meets) + norm * g.tags(i).eps;
    }

    const ExactVector& exact_row(const Context& context, int unit) const { return exact_.row(context, unit); }

    const ExactVector& exact_generator(const Place& place, int i) const { return exact_.generator(place, i); }
    const ExactVector& exact_generator(const Cell& cell, Generators& g, int i) const {
        return exact_generator({cell, g}, i);
    }
    ExactVector null_vector_of(const Place& place, int i) const { return exact_.null_vector(place, i); }

    // Modulo the first prime, up to factors; null where that tells nothing of the generator.
    void read_residues(const Context& context, int unit, std::uint64_t* row) { modular_.read(context, unit, 0, row); }
    const std::uint64_t* generator_residues(const Place& place, int i) { return modular_.generator(place, i, 0); }

    TwofoldRows<D_>& twofold_rows() { return twofold_.rows(); }
    const double* twofold_generator(const Place& place, int i) { return twofold_.generator(place, i); }
    bool twofold_value(const Place& place, const Context& context, int unit, int i, TwofoldSum<double>& sum,
                       double& error) {
        return twofold_.value(place, context, unit, i, sum, error);
    }
    // The values of some units of a stage at a generator, and their errors after them: better ones, in another scale,
    // where there are such, or where one that is not 0 is known badly. There are at most 64 units.
    void improve_values(const Place& place, const Context& context, const Candidates& units, int i,
                        std::uint64_t nonzero, double* values) {
        if (!values_.has(place.generators, i)) {
            bool is_poor = false;
            each_bit(nonzero, 0,
                     [&](int k) { is_poor = is_poor || !(std::fabs(values[k]) > kPoorly * values[units.stride + k]); });
            if (!is_poor) return;
            values_.begin(place, i);
        }
        values_.list(place, context, units, i, values);
    }
    bool has_values(const Generators& g, int i) const { return values_.has(g, i); }
    // The values of units at a new generator on an edge; those at its ends are made where there are none. Coordinates
    // of the ends may come out better, and in another scale.
    bool carry_values(const Place& place, const Context& context, int unit, int a, int b, ExactSlot& slot) {
        for (const int end : {a, b})
            if (!values_.has(place.generators, end)) values_.begin(place, end);
        return values_.interpolate(place, context, unit, a, b, slot);
    }
    void take_doubles(const double* form, Generators& g, int i) const { twofold_.take_doubles(form, g, i); }

    // Compute a generator anew from the rows of its facets; false where that gives no better bound.
    bool refine(const Place& place, int i) {
        refiner_.begin();
        each_row<W>(place, i, words(), [&](const Context* context, int unit) { refiner_.add(context, unit); });
        Tags& tags = place.generators.tags(i);
        return refiner_.refine(place.generators.x(i), tags.at_infinity, tags.eps);
    }

    bool refine(Cell& cell, int i) { return refine({cell, cell.generators}, i); }

  private:
    using Effort = typename UnitValues<D_, W>::Effort;

    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    template <class Decide>
    [[gnu::noinline]] void uncounted(Decide decide) {
        const Statistics before = statistics;
        decide();
        statistics = before;
    }

    // Word w of the signs at a generator: those of `open` candidates are found, the others given. kAll: all are open.
    template <bool kAll>
    [[gnu::always_inline]] void decide_word(const Place& place, const Context& context, const Candidates& candidates,
                                            Signs& signs, int i, int w, std::uint64_t mask, std::uint64_t open,
                                            std::uint64_t positive, std::uint64_t negative) {
        if (open && is_unchanging(context, place.generators.tags(i))) {
            statistics.structural += __builtin_popcountll(open);
        } else if (open) {
            filter<kAll>(place.generators, i, candidates, w, open, positive, negative);
            each_bit(open & ~(positive | negative), 0, [&](int k) {
                if (candidates.norm[64 * w + k] == 0) return void(++statistics.structural);  // the row is 0
                const int sign = settle(place, context, candidates.unit[64 * w + k], i);
                const std::uint64_t bit = std::uint64_t{1} << k;
                if (sign > 0) positive |= bit;
                if (sign < 0) negative |= bit;
            });
        }
        const std::size_t at = static_cast<std::size_t>(i) * signs.words + w;
        signs.positive[at] = positive, signs.negative[at] = negative;
        if (const std::uint64_t zero = mask & ~(positive | negative)) statistics.zeros += __builtin_popcountll(zero);
    }

    // In a direction in which no source changes, the units of the stage do not change either.
    static bool is_unchanging(const Context& context, const Tags& tags) {
        return tags.at_infinity && !(context.data->sources & ~tags.quiet);
    }

    // One word of candidates at a generator: the signs of open ones that doubles settle.
    template <bool kAll>
    void filter(const Generators& g, int i, const Candidates& candidates, int w, std::uint64_t open,
                std::uint64_t& positive, std::uint64_t& negative) const {
        const std::size_t stride = candidates.stride;
        const Four eps = Four::all(g.tags(i).eps);
        const double* x = g.x(i);
        std::uint64_t above_zero = 0, below_zero = 0;
        const int end = std::min(candidates.count - 64 * w, 64);
        for (int k = 0; k < end; k += 4) {
            if (!kAll && !(open >> k & 15)) continue;
            const double* row = candidates.rows + 64 * w + k;
            Four value = Four::load(row) * Four::all(x[0]);
            for (int j = 1; j < D(); ++j) value = multiply_add(Four::load(row + j * stride), Four::all(x[j]), value);
            const Four bound =
                multiply_add(Four::load(candidates.norm + 64 * w + k), eps, Four::load(candidates.error + 64 * w + k));
            above_zero |= static_cast<std::uint64_t>(above(value, bound)) << k;
            below_zero |= static_cast<std::uint64_t>(below_minus(value, bound)) << k;
        }
        positive |= above_zero & open;
        negative |= below_zero & open;
    }

    // A value within its error bound: find the sign all the same.
    [[gnu::noinline]] int settle(const Place& place, const Context& context, int unit, int i) {
        Generators& g = place.generators;
        const Tags& tags = g.tags(i);
        int sign = 0;
        if (structure_.vanishes_with_its_sources(place, context, unit, i, sign) ||
            structure_.recalls(place, context, unit, i, sign))
            return ++statistics.structural, sign;
        load(context, unit);
        double value = this->value(g, i);
        // The generator may have been refined for another unit.
        if (std::fabs(value) > error_of(context, unit, tags.eps)) return (value > 0) - (value < 0);
        if (context.data->row_bits[unit] + tags.bits <= 53)
            return ++statistics.small_integers, (value > 0) - (value < 0);
        if (tags.eps == 0 && context.data->norm[unit] < 0x1p900) {
            bool meets = false;
            const double bound = support_error(context, unit, g.x(i), meets);
            if (!meets) return ++statistics.structural, 0;
            if (std::fabs(value) > bound) return (value > 0) - (value < 0);
        }
        const bool has_values = values_.has(g, i);
        if (has_values && values_.knows(place, context, unit, i, Effort::kQuick, sign))
            return ++statistics.by_values, sign;
        if (std::fabs(value) <= kNearZero * norm_) {
            if (structure_.knows(place, context, unit, i, row_.data(), twofold_.rows(), sign))
                return ++statistics.structural, sign;
        }
        // Where doubles know the generator well, and the row is of small integers, such a value is 0 as a rule.
        const bool must_be_zero = std::fabs(value) <= kNearZero * norm_ && tags.eps <= kWell &&
                                  IntegerRows<D_>::are_small(*context.data, unit) && !place.is_of_lines;
        if (must_be_zero && modular_.is_zero(place, context, unit, i)) return ++statistics.modular, 0;
        const bool has_form = tags.exact->forms && tags.exact->forms->twofold;
        if (!has_form && tags.bits == kInexact && tags.eps > kWorthRefining && refine(place, i)) {
            value = this->value(g, i);
            const double bound = error_of(context, unit, tags.eps);
            if (std::fabs(value) > bound) return ++statistics.refined, (value > 0) - (value < 0);
        }
        TwofoldSum<double> sum{};
        double error = 0;
        if (twofold_.value(place, context, unit, i, sum, error))
            return ++statistics.twofold, (sum.high > 0) - (sum.high < 0);
        if (!must_be_zero && modular_.is_zero(place, context, unit, i)) return ++statistics.modular, 0;
        if (!place.is_of_lines) {
            if (!has_values) values_.begin(place, i);
            for (const Effort effort : {Effort::kQuick, Effort::kThorough})
                if (values_.knows(place, context, unit, i, effort, sign)) return ++statistics.by_values, sign;
        }
        ++statistics.exact;
        const Stopwatch watch(statistics.exact_time);
        if (!place.is_of_lines) values_.improve(place, context, unit, i);
        return exact_.sign(place, context, unit, i);
    }

    // At an exactly known generator only the coordinates where it is not zero can err.
    double support_error(const Context& context, int unit, const double* x, bool& meets) const {
        const double relative = context.data->relative_error[unit] + gamma(D() + 2) * 2;
        double bound = 0;
        for (int j = 0; j < D(); ++j) {
            const double r = context.data->majorant[static_cast<std::size_t>(j) * context.data->stride + unit];
            const double size = std::fabs(x[j]);
            meets = meets || (r > 0 && size > 0);
            bound += r * size;
        }
        return bound * relative * (1 + 0x1p-20) + 0x1p-900;
    }

    [[gnu::noinline]] void audit(const Place& place, const Context& context, const Candidates& candidates,
                                 const Signs& signs) {
        for (int i = 0; i < place.generators.count; ++i)
            for (int k = 0; k < candidates.count; ++k)
                audit_sign(place, context, candidates.unit[k], i, signs.of(i, k));
    }

    void audit_sign(const Place& place, const Context& context, int unit, int i, int sign) const {
        const int truth = exact_.sign(place, context, unit, i);
        if (truth != sign)
            throw ContradictionError("the filtered predicate says " + std::to_string(sign) + ", the integers " +
                                     std::to_string(truth) + ", for unit " + std::to_string(unit) + " of stage " +
                                     std::to_string(context.stage));
    }

    static constexpr double kPoorly = 16;  // times its error, a value is too near to 0 to interpolate with
    static constexpr double kWell = 0x1p-40;  // an error of a generator; a value near 0 is seldom another one then
    static constexpr double kNearZero = 0x1p-30;  // beyond, a structural zero is not worth looking for

    int coordinates_, words_;
    bool audit_;
    Refiner<D_> refiner_;
    std::vector<double> row_;
    double norm_ = 0;
    TwofoldRung<D_, W> twofold_;
    IntegerRows<D_> integers_;
    StructuralRung<D_, W> structure_;
    ExactRung<D_, W> exact_;
    ModularRung<D_, W> modular_;
    UnitValues<D_, W> values_;
};

}  // namespace relureg
