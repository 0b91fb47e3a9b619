// The one predicate: the sign of a unit's affine form at a generator. Doubles propose, integers decide.
//
// A sign is taken from doubles when the value exceeds a proven bound on its error (see Network::finish for the
// derivation); else from doubles again where everything is a small integer, so that no operation rounds, or where
// only the entries of the row that meet this generator count; else from twofold doubles, whose bound goes by coordinate
// (`twofold_rows.hpp`, `twofold_generator.hpp`); else from integers of any size.
#pragma once

#include <time.h>

#include <cmath>
#include <string>
#include <utility>

#include "candidates.hpp"
#include "context.hpp"
#include "parallels.hpp"
#include "refine.hpp"
#include "result.hpp"
#include "twofold_generator.hpp"

namespace relureg {

// Generators, and the hyperplanes that contain them: facets of a cell, and for all of them one that cuts it, or none.
struct Place {
    const Cell& cell;
    Generators& generators;
    const Context* cut = nullptr;
    int cut_unit = -1;
};

// Adds the processor time of a scope to a sum.
class Stopwatch {
  public:
    explicit Stopwatch(std::int64_t& sum) : sum_(sum), start_(now()) {}
    ~Stopwatch() { sum_ += now() - start_; }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    static std::int64_t now() {
        timespec time;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return std::int64_t{1000000000} * time.tv_sec + time.tv_nsec;
    }

    std::int64_t& sum_;
    const std::int64_t start_;
};

template <int D_, int W>
class Predicate {
  public:
    Predicate(int coordinates, int words, const std::int8_t* sign, bool audit)
        : coordinates_(coordinates), words_(words), sign_(sign), audit_(audit), refiner_(coordinates),
          row_(coordinates), twofold_rows_(coordinates, sign), parallels_(coordinates, sign),
          solver_(coordinates, twofold_rows_) {}

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
        const Place place{cell, cell.generators};
        const Statistics before = statistics;
        for (int w = 0; w < signs.words; ++w) {
            const std::uint64_t mask = candidates.mask(w);
            for (int i = signs.known; i < cell.generators.count; ++i)
                decide_word<true>(place, context, candidates, signs, i, w, mask, mask, 0, 0);
        }
        statistics.decisions += static_cast<std::int64_t>(cell.generators.count - signs.known) * candidates.count;
        if (!is_counted) statistics = before;
        signs.known = cell.generators.count;
        if (audit_) audit(place, context, candidates, signs);
    }

    // The same for new generators on the edges of a cell. Each is a sum of positive multiples of its edge's ends, so
    // only a candidate of opposite signs at these (`known`, of which `kept` are asked about) is open: else its sign is
    // that of the ends, and 0 where it is 0 at both.
    void decide_between(const Place& place, const std::vector<std::pair<int, int>>& edges, const Signs& known,
                        const std::uint64_t* kept, const Context& context, const Candidates& candidates, Signs& signs,
                        bool is_counted) {
        const Statistics before = statistics;
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
        if (!is_counted) statistics = before;
        signs.known = place.generators.count;
        if (audit_) audit(place, context, candidates, signs);
    }

    // The sign of the loaded row along a vector of doubles, where they settle that it is not zero; else 0.
    bool is_surely_nonzero(const Context& context, int unit, const double* x) {
        load(context, unit);
        double sum = 0;
        for (int j = 0; j < D(); ++j) sum += row_[j] * x[j];
        return std::fabs(sum) > error_of(context, unit, 4 * kUnitRoundoff);
    }

    const ExactVector& exact_row(const Context& context, int unit) const {
        return context.exact_row(unit, D() - 1, sign_);
    }

    // The generator in integers: the null vector of the rows of its facets, oriented by its doubles.
    const ExactVector& exact_generator(const Cell& cell, Generators& g, int i) { return exact_generator({cell, g}, i); }

    const ExactVector& exact_generator(const Place& place, int i) {
        Forms& forms = place.generators.tags(i).exact->need();
        if (!forms.exact) forms.exact = std::make_unique<ExactVector>(solve(place, i));
        return *forms.exact;
    }

    // The vector, up to its sign, on which all hyperplanes known to contain a generator vanish.
    ExactVector null_vector_of(const Place& place, int i) const {
        std::vector<ExactVector> rows;
        each_row(place, i, [&](const Context* context, int unit) {
            if (context) {
                rows.push_back(exact_row(*context, unit));
            } else {
                rows.emplace_back(D());
                rows.back()[0] = 1;
            }
        });
        return null_vector(std::move(rows), D());
    }

    // The generator in twofold precision; null where that cannot be had. Its doubles come out as good as they can be.
    const double* twofold_generator(const Place& place, int i) {
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
            each_row(place, i, [&](const Context* context, int unit) { solver_.add(context, unit); });
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
    bool twofold_value(const Place& place, const Context& context, int unit, int i, TwofoldSum<double>& sum,
                       double& error) {
        if (context.data->is_out_of_range) return false;
        const double* form = twofold_generator(place, i);
        if (!form) return false;
        const TwofoldVector x = TwofoldVector::at(form, D());
        const TwofoldRow row = twofold_rows_.of(context, unit);
        sum = {0, 0, 0}, error = 0;
        for (int j = 0; j < D(); ++j) {
            sum.add(row.high[4 * j], row.low[4 * j], x.high[j], x.low[j]);
            error += std::fabs(row.high[4 * j]) * x.error[j] + row.error[4 * j] * (std::fabs(x.high[j]) + x.error[j]);
        }
        sum.normalise();
        error = (error + compensated_error(D()) * sum.size) * kInflation * kInflation + kUnderflow;
        return std::fabs(sum.high) > error;
    }

    // Compute a generator anew from the rows of its facets; false where that gives no better bound.
    bool refine(const Place& place, int i) {
        refiner_.begin();
        each_row(place, i, [&](const Context* context, int unit) { refiner_.add(context, unit); });
        Tags& tags = place.generators.tags(i);
        return refiner_.refine(place.generators.x(i), tags.at_infinity, tags.eps);
    }

    bool refine(Cell& cell, int i) { return refine({cell, cell.generators}, i); }

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

    // Visit the hyperplanes known to contain a generator: their contexts (null: y_0 = 0) and units.
    template <class Visit>
    void each_row(const Place& place, int i, Visit visit) const {
        Bits<W>::each(place.generators.incident(i), words(), [&](int slot) {
            const Facet& facet = place.cell.facets[slot];
            visit(facet.context, facet.local_unit);
        });
        if (place.cut) visit(place.cut, place.cut_unit);
    }

    ExactVector solve(const Place& place, int i) const {
        ExactVector vector = null_vector_of(place, i);
        const double* x = place.generators.x(i);
        int largest = 0;
        for (int j = 1; j < D(); ++j)
            if (std::fabs(x[j]) > std::fabs(x[largest])) largest = j;
        if (sgn(vector[largest]) * x[largest] < 0)
            for (auto& entry : vector) entry = -entry;
        return vector;
    }

    // Word w of the signs at a generator: those of `open` candidates are found, the others given. kAll: all are open.
    template <bool kAll>
    [[gnu::always_inline]] void decide_word(const Place& place, const Context& context, const Candidates& candidates,
                                            Signs& signs, int i, int w, std::uint64_t mask, std::uint64_t open,
                                            std::uint64_t positive, std::uint64_t negative) {
        if (open) {
            filter<kAll>(place.generators, i, candidates, w, open, positive, negative);
            each_bit(open & ~(positive | negative), 0, [&](int k) {
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
        // In a direction in which no source changes, the unit does not change either.
        const Tags& tags = g.tags(i);
        if (tags.at_infinity && !(context.data->sources & ~tags.quiet)) return ++statistics.structural, 0;
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
        if (std::fabs(value) <= kNearZero * norm_) {
            int sign = 0;
            if (knows_by_structure(place, context, unit, i, sign)) return ++statistics.structural, sign;
        }
        const bool has_form = tags.exact->forms && tags.exact->forms->twofold;
        if (!has_form && tags.bits == kInexact && tags.eps > 1e-12 && refine(place, i)) {
            value = this->value(g, i);
            const double bound = error_of(context, unit, tags.eps);
            if (std::fabs(value) > bound) return ++statistics.refined, (value > 0) - (value < 0);
        }
        TwofoldSum<double> sum{};
        double error = 0;
        if (twofold_value(place, context, unit, i, sum, error) || value_by_sources(place, context, unit, i, sum, error))
            return ++statistics.twofold, (sum.high > 0) - (sum.high < 0);
        ++statistics.exact;
        const Stopwatch watch(statistics.exact_nanoseconds);
        return sgn(dot(exact_row(context, unit), exact_generator(place, i)));
    }

    // A value that looks like 0: whether row and generator have no coordinate in common, or the row is parallel to a
    // facet's.
    bool knows_by_structure(const Place& place, const Context& context, int unit, int i, int& sign) {
        const double* x = place.generators.x(i);
        const Tags& tags = place.generators.tags(i);
        bool is_apart = !context.data->is_out_of_range;
        const auto is_zero = [&](int j) { return x[j] == 0 && (tags.eps == 0 || (j == 0 && tags.at_infinity)); };
        for (int j = 0; j < D(); ++j) is_apart = is_apart && (row_[j] == 0 || is_zero(j));
        if (is_apart) {
            const TwofoldRow row = twofold_rows_.of(context, unit);
            for (int j = 0; j < D(); ++j)
                is_apart = is_apart && ((row.high[4 * j] == 0 && row.error[4 * j] == 0) || is_zero(j));
            if (is_apart) return sign = 0, true;
        }
        if (vanishes_with_its_sources(place, context, unit, i)) {
            const double constant = context.data->constant[unit];
            return sign = tags.at_infinity ? 0 : (constant > 0) - (constant < 0), true;
        }
        bool is_known = false;
        each_row(place, i, [&](const Context* facet, int facet_unit) {
            if (is_known || !facet || !parallels_.propose(row_.data(), *facet, facet_unit)) return;
            is_known = parallels_.prove(context, unit, *facet, facet_unit, sign);
        });
        if (tags.at_infinity) sign = 0;
        return is_known;
    }

    // The same from the values of the units that it reads: those of a facet that contains the generator are 0, and what
    // is left may be 10^38 times smaller than the row. A source that is badly known is taken from its own sources in
    // turn.
    bool value_by_sources(const Place& place, const Context& context, int unit, int i, TwofoldSum<double>& sum,
                          double& error) {
        const Stage& data = *context.data;
        const double* form = data.is_out_of_range ? nullptr : twofold_generator(place, i);
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
                    if (sign_[source.data->first_unit + k] <= 0 || is_on_facet(place, i, source, k)) continue;
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

    void source_value(const Place& place, const Context& source, int unit, int i, TwofoldSum<double>& value,
                      double& error) {
        twofold_value(place, source, unit, i, value, error);
        if (std::fabs(value.high) > 0x1p30 * error || !source.stage) return;
        TwofoldSum<double> other{0, 0, 0};
        double bound = 0;
        value_by_sources(place, source, unit, i, other, bound);
        if (bound < error) value = other, error = bound;
    }

    // Whether a unit of an earlier stage is one that cut a facet which contains the generator: it is 0 there.
    bool is_on_facet(const Place& place, int i, const Context& source, int unit) const {
        bool found = false;
        each_row(place, i, [&](const Context* facet, int facet_unit) {
            found = found || (facet == &source && facet_unit == unit);
        });
        return found;
    }

    // Whether a unit reads nothing but inactive units and such that vanish on a facet that contains the generator: its
    // value is its constant then.
    bool vanishes_with_its_sources(const Place& place, const Context& context, int unit, int i) const {
        const Stage& data = *context.data;
        if (data.is_out_of_range) return false;
        for (const Term& term : data.terms) {
            for (const int k : columns_read(term, unit)) {
                if (term.by_column[static_cast<std::size_t>(k) * data.stride + unit] == 0) continue;
                if (term.source == 0) return false;
                const Context& source = context.at(term.source - 1);
                if (sign_[source.data->first_unit + k] > 0 && !is_on_facet(place, i, source, k)) return false;
            }
        }
        return true;
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
            for (int k = 0; k < candidates.count; ++k) {
                const int unit = candidates.unit[k], sign = signs.of(i, k);
                const int truth = sgn(dot(exact_row(context, unit), exact_generator(place, i)));
                if (truth != sign)
                    throw ContradictionError("the filtered predicate says " + std::to_string(sign) + ", the integers " +
                                             std::to_string(truth) + ", for unit " + std::to_string(unit) +
                                             " of stage " + std::to_string(context.stage));
            }
    }

    static constexpr double kNearZero = 0x1p-30;  // beyond, a structural zero is not worth looking for

    int coordinates_, words_;
    const std::int8_t* sign_;
    bool audit_;
    Refiner<D_> refiner_;
    std::vector<double> row_;
    double norm_ = 0;
    TwofoldRows<D_> twofold_rows_;
    Parallels<D_> parallels_;
    TwofoldSolver<D_> solver_;
};

}  // namespace relureg
