// Regions written down: their signs, a point inside and their facets.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "../_cells/base/hashing.hpp"
#include "../_cells/interface/network.hpp"
#include "../_cells/interface/result.hpp"
#include "frame.hpp"

namespace relureg {

struct FoundFacet {
    bool on_boundary = false;
    // On the boundary, the row of the domain that vanishes there; where a bound of an input is known instead of it,
    // -2 - 2 * input, or 1 less for an upper one.
    int wall = -1;
    std::vector<int> units;  // that vanish on it, ascending, with the rows of the domain but without constant units
};

class LeafWriter {
  public:
    // `sign`: of all units, on the present path.
    LeafWriter(const Network& network, const std::int8_t* sign)
        : network_(network), sign_(sign), words_(network.num_units),
          num_walls_(!network.stages.empty() && network.stages[0].forced ? network.stages[0].units : 0) {}

    // A facet's part of the sum that is 0 when no region is missing. Its side is the sign of its first unit: all stages
    // before that of this unit are affine across the facet, so that the unit has the other sign on the other side.
    void add_up(const FoundFacet& facet, Result& result) const {
        if (facet.on_boundary) {
            ++result.boundary_facets;
            return;
        }
        Hash key;
        for (int unit = num_walls_; unit < network_.num_units; ++unit) key ^= words_.of(unit, sign_[unit]);
        for (const int unit : facet.units) key ^= words_.to_zero(unit, sign_[unit]);
        ++result.facet_sides;
        if (sign_[facet.units.front()] > 0)
            result.balance += mix(key);
        else
            result.balance -= mix(key);
    }

    void record(const Point& point, bool bounded, const std::vector<FoundFacet>& facets, Records& out) {
        const int count = network_.num_units - num_walls_;
        const std::size_t first = out.patterns.size();
        out.patterns.resize(first + (count + 7) / 8), out.vanishing.resize(first + (count + 7) / 8);
        for (int i = 0; i < count; ++i) {
            const auto bit = static_cast<std::uint8_t>(1u << (i % 8));
            if (sign_[num_walls_ + i] > 0) out.patterns[first + i / 8] |= bit;
            if (sign_[num_walls_ + i] == 0) out.vanishing[first + i / 8] |= bit;
        }
        out.bounded.push_back(bounded);
        record_point(point, out);
        constant_.clear();
        for (int i = 0; i < count; ++i)
            if (!sign_[num_walls_ + i]) constant_.push_back(i);
        for (const FoundFacet& facet : facets) record_facet(facet, out);
        out.facet_count.push_back(static_cast<std::int64_t>(facets.size()));
    }

  private:
    void record_facet(const FoundFacet& facet, Records& out) const {
        const std::size_t first = out.facet_units.size();
        for (const int unit : facet.units)
            if (unit >= num_walls_) out.facet_units.push_back(unit - num_walls_);
        out.facet_wall.push_back(facet.wall);
        out.facet_units.insert(out.facet_units.end(), constant_.begin(), constant_.end());
        std::sort(out.facet_units.begin() + static_cast<std::ptrdiff_t>(first), out.facet_units.end());
        out.facet_length.push_back(static_cast<std::int64_t>(out.facet_units.size() - first));
        out.facet_on_boundary.push_back(facet.on_boundary);
    }

    // The point in units of the inputs: in doubles where nothing is rounded, else as rationals as well.
    void record_point(const Point& point, Records& out) const {
        std::vector<double> inputs(network_.dim);
        bool is_whole = point.exact.empty();
        for (int j = 0; j < network_.dim; ++j) {
            const double x = point.doubles[j + 1];
            inputs[j] = std::ldexp(x, network_.exponents[j]);
            is_whole = is_whole && std::isfinite(inputs[j]) && std::ldexp(inputs[j], -network_.exponents[j]) == x;
        }
        if (!is_whole) {
            std::vector<std::string> coordinates;
            for (int j = 0; j < network_.dim; ++j) {
                const mpq_class x = point.exact.empty() ? mpq_class(point.doubles[j + 1]) : point.exact[j];
                coordinates.push_back(input_text(x, network_.exponents[j], inputs[j]));
            }
            out.exact_points.emplace_back(static_cast<std::int64_t>(out.bounded.size()) - 1, std::move(coordinates));
        }
        out.points.insert(out.points.end(), inputs.begin(), inputs.end());
    }

    const Network& network_;
    const std::int8_t* sign_;
    const Words words_;
    const int num_walls_;
    std::vector<std::int32_t> constant_;  // units with sign 0 in the region
};

}  // namespace relureg
