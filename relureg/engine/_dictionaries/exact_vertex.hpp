// Points of cells that are as thin as rounding errors: rationals, by the vertex where a dictionary of doubles stands.
#pragma once

#include <optional>
#include <vector>

#include "cell_rows.hpp"

namespace relureg {

// That vertex: inputs that are not basic stand at a bound, rows that are not vanish. Nothing where these depend.
inline std::optional<std::vector<mpq_class>> exact_vertex(const CellRows& rows, const Dictionary<double>& dictionary) {
    const Box& box = rows.box();
    std::vector<mpq_class> point(rows.dim());
    std::vector<int> unknown, vanishing;
    mpz_class denominator = 1;
    for (int j = 0; j < rows.dim(); ++j) {
        const double at = dictionary.value_of(j);
        if (dictionary.is_basic(j)) {
            unknown.push_back(j);
            continue;
        }
        if (!std::isfinite(at)) return std::nullopt;
        if (box.exact.has_lower[j] && at == box.bounds.lower[j])
            point[j] = box.exact.lower[j];
        else if (box.exact.has_upper[j] && at == box.bounds.upper[j])
            point[j] = box.exact.upper[j];
        else
            point[j] = at;
        denominator = lcm(denominator, point[j].get_den());
    }
    for (int c = 0; c < dictionary.columns(); ++c)
        if (dictionary.nonbasic(c) >= rows.dim()) vanishing.push_back(rows.slot_of(dictionary.nonbasic(c)));
    // In the unknown inputs: the sum of the columns of the rows times them is minus what the other inputs make.
    const std::size_t count = vanishing.size();
    std::vector<ExactVector> columns(unknown.size(), ExactVector(count));
    ExactVector others(count);
    std::vector<int> entries;
    for (std::size_t i = 0; i < count; ++i) {
        const ExactVector& row = rows.exact(vanishing[i]);
        others[i] = mpq_class(value_at(row, point) * denominator).get_num();
        for (std::size_t k = 0; k < unknown.size(); ++k) columns[k][i] = row[unknown[k] + 1];
        entries.push_back(static_cast<int>(i));
    }
    std::vector<SignedRow> signed_columns;
    for (const ExactVector& column : columns) signed_columns.push_back({&column, 1});
    const auto solution = multipliers(signed_columns, {&others, 1}, entries);
    if (!solution) return std::nullopt;
    for (std::size_t k = 0; k < unknown.size(); ++k) {
        point[unknown[k]] = mpq_class((*solution)[k], solution->back() * denominator);
        point[unknown[k]].canonicalize();
    }
    return point;
}

// A point strictly inside the cell of the path and beyond a slot, between the vertex of a dictionary and a point inside
// the cell; nothing where that vertex is not in the closed cell, or not beyond the slot.
inline std::optional<std::vector<mpq_class>> point_towards_vertex(const CellRows& rows,
                                                                  const Dictionary<double>& dictionary, int slot,
                                                                  int side, const Point& inside) {
    auto point = exact_vertex(rows, dictionary);
    if (!point) return std::nullopt;
    const Bounds<mpq_class>& bounds = rows.box().exact;
    for (int j = 0; j < rows.dim(); ++j) {
        if (bounds.has_lower[j] && (*point)[j] < bounds.lower[j]) return std::nullopt;
        if (bounds.has_upper[j] && (*point)[j] > bounds.upper[j]) return std::nullopt;
    }
    for (const SignedRow& row : rows.signed_path(slot))
        if (sgn(value_at(*row.row, *point)) * row.sign < 0) return std::nullopt;
    std::vector<mpq_class> from = inside.exact;
    for (int j = 0; inside.exact.empty() && j < rows.dim(); ++j) from.emplace_back(inside.doubles[j + 1]);
    const mpq_class there = side * value_at(rows.exact(slot), *point), here = side * value_at(rows.exact(slot), from);
    if (there <= 0) return std::nullopt;
    // Half of what the slot is at the vertex is left, at the least.
    mpq_class share(1, 2);
    if (here < there) share = std::min(share, mpq_class(there / (2 * (there - here))));
    for (int j = 0; j < rows.dim(); ++j) (*point)[j] += share * (from[j] - (*point)[j]);
    return point;
}

}  // namespace relureg
