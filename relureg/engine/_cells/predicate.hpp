// The one predicate: the sign of a unit's affine form at a generator. Doubles propose, integers decide.
//
// A sign is taken from doubles when the value exceeds a proven bound on its error (see Network::finish for the
// derivation); else from doubles again where everything is a small integer, so that no operation rounds, or where
// only the entries of the row that meet this generator count; else from integers of any size.
#pragma once

#include <cmath>
#include <string>

#include "candidates.hpp"
#include "context.hpp"
#include "refine.hpp"
#include "result.hpp"

namespace relureg {

template <int D_, int W>
class Predicate {
  public:
    Predicate(int coordinates, int words, const std::int8_t* sign, bool audit)
        : coordinates_(coordinates), words_(words), sign_(sign), audit_(audit), refiner_(coordinates), row_(coordinates) {}

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
        for (int j = 0; j < D(); ++j) sum += row_[j] * x[j];
        return sum;
    }

    // How far the value of the loaded row at a generator may be off.
    double error_of(const Context& context, int unit, double eps) const {
        return context.data->value_error[unit] + norm_ * eps;
    }

    // Decide the signs of all candidates at the generators where they are not known. Generators may come out refined.
    // Cells that are only passed on the way to a unit of work are counted by the search that they belong to.
    void decide(Cell& cell, const Context& context, const Candidates& candidates, Signs& signs, bool is_counted) {
        const Generators& g = cell.generators;
        const Statistics before = statistics;
        const int words = signs.words;
        for (int i = signs.known; i < g.count; ++i)
            for (int w = 0; w < words; ++w) {
                std::uint64_t positive = 0, negative = 0;
                filter(g, i, candidates, w, positive, negative);
                const std::uint64_t open = candidates.mask(w) & ~(positive | negative);
                if (open)
                    each_bit(open, 64 * w, [&](int k) {
                        const int sign = settle(cell, context, candidates.unit[k], i);
                        const std::uint64_t bit = std::uint64_t{1} << (k % 64);
                        if (sign > 0) positive |= bit;
                        if (sign < 0) negative |= bit;
                        statistics.zeros += sign == 0;
                    });
                signs.positive[static_cast<std::size_t>(i) * words + w] = positive;
                signs.negative[static_cast<std::size_t>(i) * words + w] = negative;
            }
        statistics.decisions += static_cast<std::int64_t>(g.count - signs.known) * candidates.count;
        if (!is_counted) statistics = before;
        signs.known = g.count;
        if (audit_) audit(cell, context, candidates, signs);
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

    // The generator as coprime integers: the null vector of the rows of its facets, oriented by its doubles.
    const ExactVector& exact_generator(const Cell& cell, const Generators& g, int i) const {
        ExactSlot& slot = *g.tags(i).exact;
        if (!slot.vector)
            slot.vector = new ExactVector(solve(cell, g.incident(i), g.x(i)));
        return *slot.vector;
    }

    ExactVector solve(const Cell& cell, const std::uint64_t* incident, const double* x) const {
        std::vector<ExactVector> rows;
        Bits<W>::each(incident, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (facet.context) {
                rows.push_back(exact_row(*facet.context, facet.local_unit));
            } else {
                rows.emplace_back(D());
                rows.back()[0] = 1;
            }
        });
        ExactVector vector = null_vector(std::move(rows), D());
        int largest = 0;
        for (int j = 1; j < D(); ++j)
            if (std::fabs(x[j]) > std::fabs(x[largest])) largest = j;
        if (sgn(vector[largest]) * x[largest] < 0)
            for (auto& entry : vector) entry = -entry;
        return vector;
    }

    // Compute a generator anew from the rows of its facets; false where that gives no better bound.
    bool refine(Cell& cell, int i) {
        Generators& g = cell.generators;
        refiner_.begin();
        Bits<W>::each(g.incident(i), words(), [&](int slot) {
            refiner_.add(cell.facets[slot].context, cell.facets[slot].local_unit);
        });
        return refiner_.refine(g.x(i), g.tags(i).at_infinity, g.tags(i).eps);
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    // One word of candidates at a generator: the signs that doubles settle.
    void filter(const Generators& g, int i, const Candidates& candidates, int w, std::uint64_t& positive,
                std::uint64_t& negative) const {
        const int end = std::min(candidates.count, 64 * w + 64);
        const std::size_t stride = candidates.stride;
        const Four eps = Four::all(g.tags(i).eps);
        const double* x = g.x(i);
        for (int k = 64 * w; k < end; k += 4) {
            const double* row = candidates.rows + k;
            Four value = Four::load(row) * Four::all(x[0]);
            for (int j = 1; j < D(); ++j)
                value = multiply_add(Four::load(row + j * stride), Four::all(x[j]), value);
            const Four bound = multiply_add(Four::load(candidates.norm + k), eps, Four::load(candidates.error + k));
            positive |= static_cast<std::uint64_t>(above(value, bound)) << (k % 64);
            negative |= static_cast<std::uint64_t>(below_minus(value, bound)) << (k % 64);
        }
        positive &= candidates.mask(w);
        negative &= candidates.mask(w);
    }

    // A value within its error bound: find the sign all the same.
    int settle(Cell& cell, const Context& context, int unit, int i) {
        Generators& g = cell.generators;
        // In a direction in which no source changes, the unit does not change either.
        const Tags& tags = g.tags(i);
        if (tags.at_infinity && !(context.data->sources & ~tags.quiet)) return 0;
        load(context, unit);
        double value = this->value(g, i);
        // The generator may have been refined for another unit.
        if (std::fabs(value) > error_of(context, unit, tags.eps)) return (value > 0) - (value < 0);
        if (context.data->row_bits[unit] + tags.bits <= 53) return (value > 0) - (value < 0);
        if (tags.eps == 0 && context.data->norm[unit] < 0x1p900) {
            // The generator is exact: only the coordinates where it is not zero can err.
            const double relative = context.data->relative_error[unit] + gamma(D() + 2) * 2;
            double bound = 0;
            bool meets = false;
            for (int j = 0; j < D(); ++j) {
                const double r = context.data->majorant[static_cast<std::size_t>(j) * context.data->stride + unit];
                const double x = std::fabs(g.x(i)[j]);
                meets = meets || (r > 0 && x > 0);
                bound += r * x;
            }
            if (!meets) return 0;
            bound = bound * relative * (1 + 0x1p-20) + 0x1p-900;
            if (std::fabs(value) > bound) return (value > 0) - (value < 0);
        }
        if (tags.bits == kInexact && tags.eps > 1e-12 && refine(cell, i)) {
            value = this->value(g, i);
            const double bound = error_of(context, unit, tags.eps);
            if (std::fabs(value) > bound) return (value > 0) - (value < 0);
        }
        ++statistics.exact;
        return sgn(dot(exact_row(context, unit), exact_generator(cell, g, i)));
    }

    void audit(const Cell& cell, const Context& context, const Candidates& candidates, const Signs& signs) const {
        for (int i = 0; i < cell.generators.count; ++i)
            for (int k = 0; k < candidates.count; ++k) {
                const int unit = candidates.unit[k], sign = signs.of(i, k);
                const int truth = sgn(dot(exact_row(context, unit), exact_generator(cell, cell.generators, i)));
                if (truth != sign)
                    throw ContradictionError("the filtered predicate says " + std::to_string(sign) + ", the integers " +
                                             std::to_string(truth) + ", for unit " + std::to_string(unit) + " of stage " +
                                             std::to_string(context.stage));
            }
    }

    int coordinates_, words_;
    const std::int8_t* sign_;
    bool audit_;
    Refiner<D_> refiner_;
    std::vector<double> row_;
    double norm_ = 0;
};

}  // namespace relureg
