// The one predicate: the sign of a unit's affine form at a generator. Doubles propose, integers decide.
//
// A sign is taken from doubles when the value exceeds a proven bound on its error (see Network::finish for the
// derivation); else from doubles again where everything is a small integer, so that no operation rounds, or where
// only the entries of the row that meet this generator count; else from integers of any size.
#pragma once

#include <cmath>
#include <string>

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

    struct Sides {
        int positive = 0, negative = 0, zero = 0;
        bool is_cut() const { return positive && negative; }
    };

    // Fetch a unit's row, for `evaluate` and `error_of`.
    void load(const Context& context, int unit) {
        const Stage& data = *context.data;
        double norm = 0;
        for (int j = 0; j < D(); ++j) {
            row_[j] = context.rows[static_cast<std::size_t>(j) * data.units + unit];
            norm += std::fabs(row_[j]);
        }
        // |row|_1 of the true row: the computed one and its error, which is far below the majorant.
        norm_ = std::min(norm * (1 + 0x1p-20) + data.relative_error[unit] * data.norm[unit], data.norm[unit]);
    }

    void evaluate(const Generators& g, double* value) const {
        for (int i = 0; i < g.count; ++i) value[i] = row_[0] * g.x[i];
        for (int j = 1; j < D(); ++j) {
            const double m = row_[j];
            const double* x = g.x + static_cast<std::size_t>(j) * g.stride;
            for (int i = 0; i < g.count; ++i) value[i] += m * x[i];
        }
    }

    double value(const Generators& g, int i) const {
        double sum = 0;
        for (int j = 0; j < D(); ++j) sum += row_[j] * g.x[j * g.stride + i];
        return sum;
    }

    // How far the value of the loaded row at a generator may be off.
    double error_of(const Context& context, int unit, double eps) const {
        return context.data->value_error[unit] + norm_ * eps;
    }

    // The sides of all generators of a cell; `value` is room for as many doubles. Generators may come out refined.
    Sides classify(Cell& cell, const Context& context, int unit, double* value, std::int8_t* side) {
        const Generators& g = cell.generators;
        load(context, unit);
        evaluate(g, value);
        const double error = context.data->value_error[unit], norm = norm_;
        Sides sides;
        for (int i = 0; i < g.count; ++i) {
            const double bound = error + norm * g.eps[i];
            const int positive = value[i] > bound, negative = value[i] < -bound;
            side[i] = static_cast<std::int8_t>(positive - negative);
            sides.positive += positive;
            sides.negative += negative;
        }
        statistics.decisions += g.count;
        if (sides.positive + sides.negative < g.count)
            for (int i = 0; i < g.count; ++i) {
                if (side[i]) continue;
                side[i] = static_cast<std::int8_t>(settle(cell, context, unit, i, value[i]));
                sides.positive += side[i] > 0;
                sides.negative += side[i] < 0;
                sides.zero += side[i] == 0;
            }
        statistics.zeros += sides.zero;
        if (audit_) audit(cell, context, unit, side);
        return sides;
    }

    const ExactVector& exact_row(const Context& context, int unit) const {
        return context.exact_row(unit, D() - 1, sign_);
    }

    // The generator as coprime integers: the null vector of the rows of its facets, oriented by its doubles.
    const ExactVector& exact_generator(const Cell& cell, const Generators& g, int i) const {
        ExactSlot& slot = *g.exact[i];
        if (!slot.vector)
            slot.vector = new ExactVector(
                solve(cell, g.incident + static_cast<std::size_t>(i) * words(), [&](int j) { return g.x[j * g.stride + i]; }));
        return *slot.vector;
    }

    template <class Coordinate>
    ExactVector solve(const Cell& cell, const std::uint64_t* incident, Coordinate coordinate) const {
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
            if (std::fabs(coordinate(j)) > std::fabs(coordinate(largest))) largest = j;
        if (sgn(vector[largest]) * coordinate(largest) < 0)
            for (auto& entry : vector) entry = -entry;
        return vector;
    }

    // Compute a generator anew from the rows of its facets; false where that gives no better bound.
    bool refine(Cell& cell, int i) {
        Generators& g = cell.generators;
        refiner_.begin();
        Bits<W>::each(g.incident + static_cast<std::size_t>(i) * words(), words(), [&](int slot) {
            refiner_.add(cell.facets[slot].context, cell.facets[slot].local_unit);
        });
        return refiner_.refine(g.x + i, g.stride, g.at_infinity[i], g.eps[i]);
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    // A value within its error bound: find the sign all the same.
    int settle(Cell& cell, const Context& context, int unit, int i, double value) {
        Generators& g = cell.generators;
        // In a direction in which no source changes, the unit does not change either.
        if (g.at_infinity[i] && !(context.data->sources & ~g.quiet[i])) return 0;
        if (context.data->row_bits[unit] + g.bits[i] <= 53) return (value > 0) - (value < 0);
        if (g.eps[i] == 0 && context.data->norm[unit] < 0x1p900) {
            // The generator is exact: only the coordinates where it is not zero can err.
            const double relative = context.data->relative_error[unit] + gamma(D() + 2) * 2;
            double bound = 0;
            bool meets = false;
            for (int j = 0; j < D(); ++j) {
                const double r = context.data->majorant[static_cast<std::size_t>(j) * context.data->units + unit];
                const double x = std::fabs(g.x[j * g.stride + i]);
                meets = meets || (r > 0 && x > 0);
                bound += r * x;
            }
            if (!meets) return 0;
            bound = bound * relative * (1 + 0x1p-20) + 0x1p-900;
            if (std::fabs(value) > bound) return (value > 0) - (value < 0);
        }
        if (g.bits[i] == kInexact && g.eps[i] > 1e-12 && refine(cell, i)) {
            value = this->value(g, i);
            const double bound = error_of(context, unit, g.eps[i]);
            if (std::fabs(value) > bound) return (value > 0) - (value < 0);
        }
        ++statistics.exact;
        return sgn(dot(exact_row(context, unit), exact_generator(cell, g, i)));
    }

    void audit(const Cell& cell, const Context& context, int unit, const std::int8_t* side) const {
        for (int i = 0; i < cell.generators.count; ++i) {
            const int truth = sgn(dot(exact_row(context, unit), exact_generator(cell, cell.generators, i)));
            if (truth != side[i])
                throw ContradictionError("the filtered predicate says " + std::to_string(side[i]) + ", the integers " +
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
