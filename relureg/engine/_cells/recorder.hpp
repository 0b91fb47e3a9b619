// Regions written down one by one: pattern, a certified point inside, facets with the units that vanish on them.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "predicate.hpp"

namespace relureg {

template <int D_, int W>
class Recorder {
    using Mask = Bits<W>;

  public:
    // `num_walls` rows of the domain stand before the network's own units.
    Recorder(const Network& network, int num_walls, const std::int8_t* sign, Predicate<D_, W>& oracle)
        : network_(network), num_walls_(num_walls), sign_(sign), oracle_(oracle),
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

    void record(const Cell& cell, bool bounded, Records& out) {
        out.patterns.insert(out.patterns.end(), pattern_.begin(), pattern_.end());
        out.vanishing.insert(out.vanishing.end(), vanishing_.begin(), vanishing_.end());
        out.bounded.push_back(bounded);
        record_point(cell, out);
        std::int64_t count = 0;
        Mask::each(cell.alive, words(), [&](int slot) {
            const Facet& facet = cell.facets[slot];
            if (!facet.context) return;
            const auto first = out.facet_units.size();
            for (const UnitNode* node = facet.units; node; node = node->next)
                if (node->unit >= num_walls_) out.facet_units.push_back(node->unit - num_walls_);
            for (int unit = num_walls_; unit < network_.num_units; ++unit)
                if (!sign_[unit]) out.facet_units.push_back(unit - num_walls_);
            std::sort(out.facet_units.begin() + static_cast<std::ptrdiff_t>(first), out.facet_units.end());
            out.facet_length.push_back(static_cast<std::int64_t>(out.facet_units.size() - first));
            out.facet_on_boundary.push_back(facet.on_boundary);
            ++count;
        });
        out.facet_count.push_back(count);
    }

  private:
    int D() const { return D_ ? D_ : network_.dim + 1; }
    int words() const { return W ? W : network_.num_units / 64 + 1; }

    // The mean of the generators, as doubles if these lie inside; else, exactly, as rationals.
    void record_point(const Cell& cell, Records& out) {
        const Generators& g = cell.generators;
        std::vector<double> point(D(), 0.0);
        for (int j = 0; j < D(); ++j)
            for (int i = 0; i < g.count; ++i) point[j] += g.x(i)[j];
        for (int j = 1; j < D(); ++j) point[j] /= point[0];
        point[0] = 1;
        if (!is_inside(cell, point)) {
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
                const mpq_class x = mean[j] / mean[0];
                coordinates.push_back(x.get_num().get_str(16) + '/' + x.get_den().get_str(16));
                const double rounded = x.get_d();
                point[j] = std::isfinite(rounded) ? rounded : 0.0;
            }
            out.exact_points.emplace_back(static_cast<std::int64_t>(out.bounded.size()) - 1, std::move(coordinates));
        }
        out.points.insert(out.points.end(), point.begin() + 1, point.end());
    }

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
    std::vector<std::uint8_t> pattern_, vanishing_;
};

}  // namespace relureg
