// Regions written down one by one: pattern, a certified point inside, facets with the units that vanish on them, and
// where asked for the generators.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "../cells/stage_rows.hpp"
#include "../signs/predicate.hpp"

namespace relureg {

template <int D_, int W>
class Recorder {
    using Mask = Bits<W>;

  public:
    // `num_walls` rows of the domain stand before the network's own units.
    Recorder(const Network& network, int num_walls, const std::int8_t* sign, Predicate<D_, W>& oracle)
        : network_(network), num_walls_(num_walls), sign_(sign), oracle_(oracle),
          is_scaled_(std::any_of(network.exponents.begin(), network.exponents.end(), [](int e) { return e != 0; })),
          pattern_((network.num_units - num_walls + 7) / 8, 0), vanishing_(pattern_) {}

    // Keep the packed patterns in step with the signs on the current path.
    void set_sign(int number, int sign) {
        const int unit = number - num_walls_;
        if (unit < 0) return;
        const auto bit = static_cast<std::uint8_t>(1u << (unit % 8));
        pattern_[unit / 8] = static_cast<std::uint8_t>(sign > 0 ? pattern_[unit / 8] | bit : pattern_[unit / 8] & ~bit);
        vanishing_[unit / 8] =
            static_cast<std::uint8_t>(sign == 0 ? vanishing_[unit / 8] | bit : vanishing_[unit / 8] & ~bit);
    }

    void record(Cell& cell, bool bounded, Records& out) {
        out.patterns.insert(out.patterns.end(), pattern_.begin(), pattern_.end());
        out.vanishing.insert(out.vanishing.end(), vanishing_.begin(), vanishing_.end());
        out.bounded.push_back(bounded);
        record_point(cell, out);
        list_vanishing();
        std::int64_t count = 0;
        Mask::each(cell.alive, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!facet.context) return;
            const auto first = out.facet_units.size();
            std::int32_t wall = -1;
            for (const UnitNode* node = facet.units; node; node = node->next) {
                if (node->unit >= num_walls_)
                    out.facet_units.push_back(node->unit - num_walls_);
                else if (wall < 0 || node->unit < wall)
                    wall = node->unit;
            }
            out.facet_wall.push_back(wall);
            out.facet_units.insert(out.facet_units.end(), vanishing_units_.begin(), vanishing_units_.end());
            const std::size_t length = out.facet_units.size() - first;
            if (length > 1)
                std::sort(out.facet_units.begin() + static_cast<std::ptrdiff_t>(first), out.facet_units.end());
            out.facet_length.push_back(static_cast<std::int64_t>(length));
            out.facet_on_boundary.push_back(facet.on_boundary);
            ++count;
        });
        out.facet_count.push_back(count);
    }

    // The generators, each with the rows that vanish on it: a vertex's sign vector names it, whatever its coordinates.
    void record_generators(Cell& cell, const Context* context, const StageRows<D_>& rows, Arena& arena, Records& out) {
        const Generators& g = cell.generators;
        out.generator_count.push_back(g.count);
        zeros_.assign(g.count * row_words(), 0);
        decided_.assign(network_.num_units, false);
        mark_facets(cell);
        for (; context; context = context->parent) mark_zeros(cell, *context, rows, arena);
        for (int i = 0; i < g.count; ++i) {
            if (g.tags(i).at_infinity) mark(i, network_.num_units);
            record_coordinates(cell, i, out);
        }
        out.generator_zeros.insert(out.generator_zeros.end(), zeros_.begin(), zeros_.end());
    }

  private:
    int D() const { return D_ ? D_ : network_.dim + 1; }
    int words() const { return W ? W : network_.num_units / 64 + 1; }
    std::size_t row_words() const { return network_.num_units / 64 + 1; }  // a bit for every row, one for infinity

    // The units that vanish on the whole region, which are few or none.
    void list_vanishing() {
        vanishing_units_.clear();
        for (std::size_t byte = 0; byte < vanishing_.size(); ++byte)
            for (unsigned rest = vanishing_[byte]; rest; rest &= rest - 1)
                vanishing_units_.push_back(static_cast<std::int32_t>(8 * byte) + __builtin_ctz(rest));
    }

    void mark(int i, int unit) { zeros_[i * row_words() + unit / 64] |= std::uint64_t{1} << (unit % 64); }

    // A unit that vanishes on a facet of the cell vanishes there and nowhere else.
    void mark_facets(const Cell& cell) {
        const Generators& g = cell.generators;
        Mask::each(cell.alive, words(), [&](int slot) {
            for (const UnitNode* node = cell.facets[slot].units; node; node = node->next) {
                decided_[node->unit] = true;
                for (int i = 0; i < g.count; ++i)
                    if (g.incident(i)[slot / 64] >> (slot % 64) & 1) mark(i, node->unit);
            }
        });
    }

    // Where the other units of a stage vanish is asked of the predicate.
    void mark_zeros(Cell& cell, const Context& context, const StageRows<D_>& rows, Arena& arena) {
        const Generators& g = cell.generators;
        const Candidates all = rows.all_units(context, arena);
        open_.assign(all.words(), 0);
        for (int local = 0; local < all.count; ++local) {
            const int unit = context.data->first_unit + local;
            if (decided_[unit]) continue;
            if (sign_[unit]) open_[local / 64] |= std::uint64_t{1} << (local % 64);
            for (int i = 0; i < g.count && !sign_[unit]; ++i) mark(i, unit);
        }
        const Candidates open = Candidates::subset(all, open_.data(), D(), arena);
        Signs signs = Signs::allocate(arena, g.count, open.words());
        oracle_.decide(cell, context, open, signs, true);
        for (int i = 0; i < g.count; ++i)
            for (int k = 0; k < open.count; ++k)
                if (!signs.of(i, k)) mark(i, context.data->first_unit + open.unit[k]);
    }

    // A vertex as a point, a ray as a direction of max-norm 1. The doubles decide nothing; where they are poor, better
    // ones are taken from the integers.
    void record_coordinates(Cell& cell, int i, Records& out) {
        constexpr double kPoor = 0x1p-33;  // better ones would take integers at every vertex of a deep network
        Generators& g = cell.generators;
        Tags& tags = g.tags(i);
        if (tags.eps > kPoor) oracle_.refine(cell, i);
        if (tags.eps > kPoor) {
            to_doubles(oracle_.exact_generator(cell, g, i), g.x(i));
            tags.eps = 4 * kUnitRoundoff;
        }
        const double* x = g.x(i);
        double scale = x[0];
        if (tags.at_infinity)
            for (int j = 1; j < D(); ++j) scale = std::max(scale, std::fabs(in_input_units(j, x[j])));
        for (int j = 1; j < D(); ++j) out.generators.push_back(in_input_units(j, x[j]) / scale);
    }

    // The mean of the generators, as doubles if these lie inside; else, exactly, as rationals.
    void record_point(Cell& cell, Records& out) {
        Generators& g = cell.generators;
        std::vector<double>&point = point_, &inputs = inputs_;
        point.assign(D(), 0.0);
        for (int j = 0; j < D(); ++j)
            for (int i = 0; i < g.count; ++i) point[j] += g.x(i)[j];
        for (int j = 1; j < D(); ++j) point[j] /= point[0];
        point[0] = 1;
        inputs = point;
        const bool is_whole = is_inside(cell, point) && (!is_scaled_ || scale_exactly(point, inputs));
        if (!is_whole) {
            std::vector<mpq_class> mean(D());
            for (int i = 0; i < g.count; ++i) {
                const ExactVector& x = oracle_.exact_generator(cell, g, i);
                mpz_class norm;
                for (const auto& entry : x)
                    if (mpz_cmpabs(entry.get_mpz_t(), norm.get_mpz_t()) > 0) norm = abs(entry);
                for (int j = 0; j < D(); ++j) {
                    mpq_class scaled(x[j], norm);
                    scaled.canonicalize();
                    mean[j] += scaled;
                }
            }
            std::vector<std::string> coordinates;
            for (int j = 1; j < D(); ++j) {
                coordinates.push_back(input_text(mean[j] / mean[0], network_.exponents[j - 1], inputs[j]));
            }
            out.exact_points.emplace_back(static_cast<std::int64_t>(out.bounded.size()) - 1, std::move(coordinates));
        }
        out.points.insert(out.points.end(), inputs.begin() + 1, inputs.end());
    }

    // Whether the inputs that a point of the search stands for are doubles, and which.
    bool scale_exactly(const std::vector<double>& point, std::vector<double>& inputs) const {
        bool is_exact = true;
        for (int j = 1; j < D(); ++j) {
            inputs[j] = in_input_units(j, point[j]);
            is_exact =
                is_exact && std::isfinite(inputs[j]) && std::ldexp(inputs[j], -network_.exponents[j - 1]) == point[j];
        }
        return is_exact;
    }

    // A coordinate of the search as the input that it stands for.
    double in_input_units(int j, double x) const { return std::ldexp(x, network_.exponents[j - 1]); }

    // Whether a point of doubles lies strictly on its side of every facet: filtered, then exact.
    bool is_inside(const Cell& cell, const std::vector<double>& point) {
        double norm = 0;
        for (const double x : point) {
            if (!std::isfinite(x)) return false;
            norm = std::max(norm, std::fabs(x));
        }
        bool inside = true;
        Mask::each(cell.alive, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!inside || !facet.context) return;
            const Stage& data = *facet.context->data;
            double value = 0;
            for (int j = 0; j < D(); ++j)
                value += facet.context->rows[static_cast<std::size_t>(j) * data.stride + facet.local_unit] * point[j];
            if (value * facet.side > data.value_error[facet.local_unit] * norm) return;
            mpq_class sum;
            const ExactVector& row = oracle_.exact_row(*facet.context, facet.local_unit);
            for (int j = 0; j < D(); ++j) sum += mpq_class(row[j]) * mpq_class(point[j]);
            inside = sgn(sum) * facet.side > 0;
        });
        return inside;
    }

    const Network& network_;
    const int num_walls_;
    const std::int8_t* sign_;
    Predicate<D_, W>& oracle_;
    const bool is_scaled_;  // whether any input is not the coordinate of the search itself
    std::vector<std::uint8_t> pattern_, vanishing_;
    std::vector<std::uint64_t> zeros_;  // scratch, as are the following
    std::vector<std::int32_t> vanishing_units_;
    std::vector<double> point_, inputs_;
    std::vector<bool> decided_;
    std::vector<std::uint64_t> open_;
};

}  // namespace relureg
