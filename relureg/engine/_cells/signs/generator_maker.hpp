// New generators: the point of an edge where a unit vanishes, in small integers, in doubles, or exactly.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../base/divisors.hpp"
#include "predicate.hpp"

namespace relureg {

template <int D_, int W>
class GeneratorMaker {
    using Mask = Bits<W>;

  public:
    // `keeps_points`: points are told that depend on the scale of generators, which then hangs on their edges alone.
    GeneratorMaker(int coordinates, int words, Predicate<D_, W>& oracle, bool keeps_points)
        : coordinates_(coordinates), words_(words), oracle_(oracle), refiner_(coordinates), integers_(coordinates),
          keeps_points_(keeps_points) {}

    // Prepare for the edges of one cell that one unit cuts.
    void begin(const Cell& cell, const Context& context, int unit) {
        value_.resize(std::max<std::size_t>(value_.size(), cell.generators.count));
        oracle_.load(context, unit);
        oracle_.evaluate(cell.generators, value_.data());
    }

    // The point of the edge from a (value > 0) to b (value < 0) where the unit vanishes.
    void make(Cell& cell, const Context& context, int unit, int a, int b, Generators& fresh, ExactSlot* slot) {
        Generators& g = cell.generators;
        const int k = fresh.count;
        Tags& tags = fresh.tags(k);
        tags.exact = slot;
        tags.at_infinity = g.tags(a).at_infinity && g.tags(b).at_infinity;
        tags.quiet = g.tags(a).quiet & g.tags(b).quiet;
        const bool has_values =
            oracle_.has_values(g, a) && oracle_.has_values(g, b) && carry_values(cell, context, unit, a, b, *slot);
        if ((do_integers_pay() && interpolate_integers(context, unit, end_of(g, a), end_of(g, b), fresh)) ||
            interpolate_doubles(cell, context, unit, a, b, fresh) ||
            (has_values && take_coordinates(*slot->forms->values, fresh)) ||
            (refine_ends(cell, a, b) && interpolate_doubles(cell, context, unit, a, b, fresh)) ||
            interpolate_twofold(cell, context, unit, a, b, fresh) ||
            (!has_values && interpolate_values(cell, context, unit, a, b, fresh))) {
            ++fresh.count;
            return;
        }
        const Stopwatch watch(oracle_.statistics.exact_time);
        append(fresh, from_rows(cell, context, unit, a, b, fresh), slot, tags.at_infinity, tags.quiet);
    }

    // Append what a generator, or another line, becomes when it is moved along a line of the cell, in the direction of
    // `side`, onto the hyperplane of a unit that is positive there: x - (m . x) / (m . l) l.
    void move(Cell& cell, const Place& place, int i, const Context& context, int unit, int line, int side,
              Generators& to, ExactSlot* slot) {
        const Tags& tags = place.generators.tags(i);
        to.tags(to.count) = {HUGE_VAL, tags.quiet, slot, kInexact, tags.at_infinity};
        oracle_.load(context, unit);
        const End above{cell.lines.x(line), cell.lines.tags(line).bits, side * oracle_.value(cell.lines, line)};
        const End other{place.generators.x(i), tags.bits, side * oracle_.value(place.generators, i)};
        if (interpolate_integers(context, unit, above, other, to) || shift_doubles(place, i, context, unit, line, to)) {
            ++to.count;
            return;
        }
        const Stopwatch watch(oracle_.statistics.exact_time);
        const ExactVector &row = oracle_.exact_row(context, unit), &x = oracle_.exact_generator(place, i);
        const ExactVector& along = oracle_.exact_generator(Place::of_lines(cell), line);
        append(to, combine(side * dot(row, along), x, -side * dot(row, x), along), slot, tags.at_infinity, tags.quiet);
    }

    // Append a line as a ray, in the direction of `side`.
    void turn(const Generators& lines, int line, int side, Generators& to, ExactSlot* slot) const {
        const Tags& tags = lines.tags(line);
        const ExactVector* exact = tags.exact->forms ? tags.exact->forms->exact.get() : nullptr;
        append(to, lines.x(line), tags.eps, tags.bits, exact, side, tags, slot);
    }

    // Append a vector times a sign, of which integers may be known, with the tags of a direction that it stands for.
    void append(Generators& g, const double* x, double eps, int bits, const ExactVector* exact, int sign,
                const Tags& tags, ExactSlot* slot) const {
        const int k = g.count++;
        for (int j = 0; j < D(); ++j) g.x(k)[j] = sign * x[j];
        g.tags(k) = {eps, tags.quiet, slot, static_cast<std::uint8_t>(bits), tags.at_infinity};
        if (!exact) return;
        const Stopwatch watch(oracle_.statistics.exact_time);
        auto vector = std::make_unique<ExactVector>(*exact);
        if (sign < 0)
            for (auto& entry : *vector) entry = -entry;
        slot->need().exact = std::move(vector);
    }

    // The new generator from its rows, whose integers do not grow with its history. It lies strictly inside of whatever
    // does not contain both ends of its edge: y_0 = 0 or else a facet of the cell tells its orientation.
    ExactVector from_rows(const Cell& cell, const Context& context, int unit, int a, int b, Generators& fresh) const {
        ExactVector vector = oracle_.null_vector_of({cell, fresh, &context, unit}, fresh.count);
        int sign = fresh.tags(fresh.count).at_infinity ? 0 : sgn(vector[0]);
        const std::uint64_t *at_a = cell.generators.incident(a), *at_b = cell.generators.incident(b);
        Mask::each(cell.alive, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (sign || !facet.context || (at_a[slot / 64] & at_b[slot / 64]) >> (slot % 64) & 1) return;
            sign = facet.side * sgn(dot(oracle_.exact_row(*facet.context, facet.local_unit), vector));
        });
        if (sign < 0)
            for (auto& x : vector) x = -x;
        return vector;
    }

    // Append a generator known exactly.
    static void append(Generators& g, ExactVector vector, ExactSlot* slot, bool at_infinity, std::uint64_t quiet) {
        const int k = g.count++;
        const int bits = to_doubles(vector, g.x(k));
        slot->need().exact = std::make_unique<ExactVector>(std::move(vector));
        g.tags(k) = {bits <= 53 ? 0 : 4 * kUnitRoundoff, quiet, slot, static_cast<std::uint8_t>(bits), at_infinity};
    }

  private:
    // An end of an edge: its coordinates, their bits as integers, and the value of the unit that cuts.
    struct End {
        const double* x;
        int bits;
        double value;
    };

    End end_of(const Generators& g, int i) const { return {g.x(i), g.tags(i).bits, value_[i]}; }

    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    // Their doubles may be better now, and in another scale.
    void evaluate_ends(const Generators& g, int a, int b) {
        for (const int end : {a, b}) value_[end] = oracle_.value(g, end);
    }

    // The values of units at the new generator.
    bool carry_values(Cell& cell, const Context& context, int unit, int a, int b, ExactSlot& slot) {
        const bool is_made = oracle_.carry_values({cell, cell.generators}, context, unit, a, b, slot);
        evaluate_ends(cell.generators, a, b);
        return is_made;
    }

    // Coordinates by way of the values of units, which are made for this.
    [[gnu::noinline]] bool interpolate_values(Cell& cell, const Context& context, int unit, int a, int b,
                                              Generators& fresh) {
        ExactSlot& slot = *fresh.tags(fresh.count).exact;
        return carry_values(cell, context, unit, a, b, slot) && take_coordinates(*slot.forms->values, fresh);
    }

    // Values too close to their error bounds to interpolate with: better the ends of the edge, if that is possible.
    [[gnu::noinline]] bool refine_ends(Cell& cell, int a, int b) {
        bool refined = false;
        for (const int end : {a, b})
            if (cell.generators.tags(end).eps > kWorthRefining && oracle_.refine(cell, end)) {
                value_[end] = oracle_.value(cell.generators, end);
                refined = true;
            }
        return refined;
    }

    // In general position small integers settle next to nothing that doubles leave open, and their common divisors take
    // a tenth of the time: few are made then, as many as show whether that changes.
    bool do_integers_pay() {
        constexpr std::int64_t kTrial = 256, kEach = 64, kSeldom = 16;
        ++num_made_;
        return keeps_points_ || num_made_ < kTrial || kEach * oracle_.statistics.small_integers >= num_made_ ||
               num_made_ % kSeldom == 0;
    }

    // Small integers stay integers: then later values, zeros among them, are decided without any rounding.
    bool interpolate_integers(const Context& context, int unit, const End& a, const End& b, Generators& fresh) {
        const int row = context.data->row_bits[unit];
        if (row + std::max(a.bits, b.bits) > 53) return false;
        auto p = static_cast<std::int64_t>(a.value * power_of_two(context.data->fraction_bits + a.bits));
        auto q = static_cast<std::int64_t>(-b.value * power_of_two(context.data->fraction_bits + b.bits));
        const std::int64_t common = common_divisor(p, q);
        p /= common, q /= common;
        if (std::max(width(p) + b.bits, width(std::abs(q)) + a.bits) > 61) return false;
        const double scale_a = power_of_two(a.bits), scale_b = power_of_two(b.bits);
        std::int64_t divisor = 0, largest = 0;
        for (int j = 0; j < D(); ++j) {
            const auto xa = static_cast<std::int64_t>(a.x[j] * scale_a);
            const auto xb = static_cast<std::int64_t>(b.x[j] * scale_b);
            integers_[j] = p * xb + q * xa;
            divisor = extend_divisor(divisor, integers_[j]);
            largest = std::max(largest, std::abs(integers_[j]));
        }
        const int bits = width(largest / divisor);
        if (bits > 53) return false;
        if (divisor != 1)
            for (int j = 0; j < D(); ++j) integers_[j] /= divisor;
        const int k = fresh.count;
        const double scale = power_of_two(-bits);
        for (int j = 0; j < D(); ++j) fresh.x(k)[j] = static_cast<double>(integers_[j]) * scale;
        fresh.tags(k).eps = 0;
        fresh.tags(k).bits = static_cast<std::uint8_t>(bits);
        return true;
    }

    // Exact for exponents of normal doubles; fraction_bits is below 1000 where row_bits is small.
    static double power_of_two(int exponent) {
        const auto bits = static_cast<std::uint64_t>(1023 + exponent) << 52;
        double power;
        std::memcpy(&power, &bits, sizeof power);
        return power;
    }

    static int width(std::int64_t x) { return x ? 64 - __builtin_clzll(static_cast<std::uint64_t>(x)) : 0; }

    // The generator x is moved along the line l to n = x - t l, t = v / s, from their values v and s; these err by d_v
    // and d_s, so that t is off by at most (d_v + |t| d_s) / (|s| - d_s) and, by its rounding, 2 u |t|. What comes out
    // badly, or so far away that doubles lose its constant, is left to integers, which all cells of its origin share.
    bool shift_doubles(const Place& place, int i, const Context& context, int unit, int line, Generators& to) const {
        const Generators &g = place.generators, &lines = place.cell.lines;
        const double s = oracle_.value(lines, line), ds = oracle_.error_at(context, unit, lines, line);
        if (!(std::fabs(s) > 4 * ds)) return false;
        const double t = oracle_.value(g, i) / s, size = std::fabs(t);
        const double dt =
            (oracle_.error_at(context, unit, g, i) + size * ds) / (std::fabs(s) - ds) + 2 * kUnitRoundoff * size;
        const double eps_x = g.tags(i).eps, eps_l = lines.tags(line).eps;
        const double eps =
            (eps_x + size * eps_l + dt * (1 + eps_l) + 4 * kUnitRoundoff * (1 + size)) * (1 + 0x1p-20) + 0x1p-900;
        double* x = to.x(to.count);
        double largest = 0;
        for (int j = 0; j < D(); ++j) {
            x[j] = multiply_add(-t, lines.x(line)[j], g.x(i)[j]);
            largest = std::max(largest, std::fabs(x[j]));
        }
        if (!(eps < kMovedError * largest && largest > 0x1p-60 && largest < 0x1p60)) return false;
        const double scale = power_of_two(-1 - std::ilogb(largest));
        for (int j = 0; j < D(); ++j) x[j] *= scale;
        to.tags(to.count).eps = eps * scale;
        return true;
    }

    // n = wa a + wb b with wa = -v_b / s, wb = v_a / s, s = v_a - v_b. The values err by da and db, so wb errs by at
    // most (|v_b| da + v_a db) / (s (s - da - db)), which moves n by |a - b| times that; a and b bring their own errors
    // in convex combination; 8 u covers the rounding of coordinates of at most 1.
    bool interpolate_doubles(const Cell& cell, const Context& context, int unit, int a, int b, Generators& fresh) {
        const Generators& g = cell.generators;
        const double va = value_[a], vb = value_[b], eps_a = g.tags(a).eps, eps_b = g.tags(b).eps;
        const double da = oracle_.error_of(context, unit, eps_a), db = oracle_.error_of(context, unit, eps_b);
        if (!(va > 4 * da) || !(-vb > 4 * db)) return false;
        const double sum = va - vb;
        const double wa = -vb / sum, wb = va / sum;
        const int k = fresh.count;
        const double *from_a = g.x(a), *from_b = g.x(b);
        double* to = fresh.x(k);
        double largest = 0, distance = eps_a + eps_b;
        for (int j = 0; j < D(); ++j) {
            const double xa = from_a[j], xb = from_b[j];
            const double x = multiply_add(wa, xa, wb * xb);
            to[j] = x;
            largest = std::max(largest, std::fabs(x));
            distance = std::max(distance, std::fabs(xa - xb) + eps_a + eps_b);
        }
        const double shift = (wa * da + wb * db) / (sum - da - db);
        double eps = (wa * eps_a + wb * eps_b + shift * distance) * (1 + 0x1p-20) + 8 * kUnitRoundoff;
        if (!(largest > 0x1p-60)) return false;
        std::uint64_t pattern;
        std::memcpy(&pattern, &largest, sizeof pattern);
        const int exponent = static_cast<int>(pattern >> 52) - 1022;  // largest is in [2^(exponent-1), 2^exponent)
        if (exponent != 0) {
            const double scale = power_of_two(-exponent);
            for (int j = 0; j < D(); ++j) to[j] *= scale;
            eps *= scale;
        }
        Tags& tags = fresh.tags(k);
        tags.eps = eps;
        tags.bits = kInexact;
        if (eps < kLargestError) return true;
        if (!(eps < 0.25)) return false;  // the doubles must still tell the orientation
        refiner_.begin();
        each_row<W>({cell, fresh, &context, unit}, k, words(),
                    [&](const Context* facet, int facet_unit) { refiner_.add(facet, facet_unit); });
        return refiner_.refine(to, tags.at_infinity, tags.eps);
    }

    // Coordinates from those that stand with the values of units; false where the doubles would not tell the
    // orientation.
    bool take_coordinates(const std::vector<Measure>& values, Generators& fresh) const {
        double largest = 0, error = 0;
        for (int j = 0; j < D(); ++j)
            largest = std::max(largest, std::fabs(values[j].value)), error = std::max(error, values[j].error);
        if (!(error < kLargestError * largest && largest > 0x1p-900)) return false;
        const int exponent = std::ilogb(largest) + 1, k = fresh.count;
        for (int j = 0; j < D(); ++j) fresh.x(k)[j] = std::ldexp(values[j].value, -exponent);
        fresh.tags(k).bits = kInexact;
        fresh.tags(k).eps = std::ldexp(error, -exponent) * kInflation + 2 * kUnitRoundoff;
        return true;
    }

    // n = |v_b| a + |v_a| b in twofold precision, all with their bounds. Weights that are off by d_a, d_b move n by at
    // most d_b |a| + d_a |b| in each coordinate. What is not known to 2^-70 of its largest coordinate is computed from
    // its rows.
    [[gnu::noinline]] bool interpolate_twofold(Cell& cell, const Context& context, int unit, int a, int b,
                                               Generators& fresh) {
        const Place place{cell, cell.generators}, here{cell, fresh, &context, unit};
        TwofoldSum<double> va{}, vb{};
        double da = 0, db = 0;
        const bool is_known = oracle_.twofold_value(place, context, unit, a, va, da) &&
                              oracle_.twofold_value(place, context, unit, b, vb, db);
        evaluate_ends(cell.generators, a, b);
        if (!is_known || !(va.high > 0x1p20 * da) || !(-vb.high > 0x1p20 * db)) return false;
        const int exponent = std::ilogb(std::max(va.high, -vb.high));
        const double scale = std::ldexp(1.0, -exponent);  // at least 2^-1023, as `is_out_of_range` sees to
        auto form = std::make_unique<double[]>(3 * D());
        const TwofoldVector xa = TwofoldVector::at(oracle_.twofold_generator(place, a), D());
        const TwofoldVector xb = TwofoldVector::at(oracle_.twofold_generator(place, b), D());
        double largest = 0, worst = 0;
        for (int j = 0; j < D(); ++j) {
            TwofoldSum<double> sum{0, 0, 0};
            sum.add(-vb.high * scale, -vb.low * scale, xa.high[j], xa.low[j]);
            sum.add(va.high * scale, va.low * scale, xb.high[j], xb.low[j]);
            sum.normalise();
            form[j] = sum.high, form[D() + j] = sum.low;
            const double moved =
                (db * (std::fabs(xa.high[j]) + xa.error[j]) + da * (std::fabs(xb.high[j]) + xb.error[j])) * scale;
            const double inherited = -vb.high * scale * xa.error[j] + va.high * scale * xb.error[j];
            const double error =
                (compensated_error(2) * sum.size + moved + inherited) * kInflation * kInflation + kUnderflow;
            // Of two zeros that are known, not of products that underflow.
            const bool vanishes = xa.high[j] == 0 && xa.error[j] == 0 && xb.high[j] == 0 && xb.error[j] == 0;
            form[2 * D() + j] = vanishes ? 0 : error;
            largest = std::max(largest, std::fabs(sum.high));
            worst = std::max(worst, error);
        }
        if (!(largest > 0x1p10 * worst)) return false;  // the doubles must still tell the orientation
        Tags& tags = fresh.tags(fresh.count);
        tags.bits = kInexact;
        tags.eps = 1;
        oracle_.take_doubles(form.get(), fresh, fresh.count);
        if (worst < 0x1p-70 * largest)
            tags.exact->need().twofold = std::move(form);
        else
            oracle_.twofold_generator(here, fresh.count);
        return true;
    }

    // Beyond, a generator is computed anew from its rows. Up to there a decision that its bound leaves open is rare,
    // and refines it then: the limit only balances the two (measured: anything from 1e-2 to 1e-4 does).
    static constexpr double kLargestError = 1e-3;
    static constexpr double kMovedError = 0x1p-20;  // of the largest coordinate, what is moved along a line

    int coordinates_, words_;
    Predicate<D_, W>& oracle_;
    Refiner<D_> refiner_;
    std::vector<std::int64_t> integers_;
    const bool keeps_points_;
    std::int64_t num_made_ = 0;  // on edges
    std::vector<double> value_;  // of the unit, at each generator of the cell
};

}  // namespace relureg
