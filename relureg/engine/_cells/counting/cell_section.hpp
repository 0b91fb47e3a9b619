// A cell as a section by nothing: the values of the rows that cut it, at its own generators.
#pragma once

#include <algorithm>

#include "../signs/predicate.hpp"
#include "section.hpp"

namespace relureg {

template <int D_, int W>
class CellSection {
    using Mask = Bits<W>;

  public:
    CellSection(int coordinates, int words, Predicate<D_, W>& oracle, Arena& arena)
        : coordinates_(coordinates), words_(words), oracle_(oracle), arena_(arena) {}

    // With the signs of the rows at the cell's generators.
    Section of(Cell& cell, const Context& context, const Candidates& rows, const Signs& signs) {
        constexpr double kPoor = 1e-8;  // from here on better bounds pay: fewer signs are left to integers
        Generators& g = cell.generators;
        Section s = Section::allocate(arena_, g.count, rows.count, words());
        s.dim = D() - 1;
        s.rows = s.cutting = s.single = rows.mask(0);
        for (int i = 0; i < g.count; ++i) {
            if (rows.count > 1 && g.tags(i).eps > kPoor && !oracle_.refine(cell, i))
                oracle_.twofold_generator({cell, g}, i);
            s.append(i, -1, g.tags(i).at_infinity);
            std::copy_n(g.incident(i), words(), mask(s, i));
            if (!rows.count) continue;
            s.points[i].positive = signs.positive[i], s.points[i].negative = signs.negative[i];
            if (rows.count <= 1) continue;
            evaluate(g, i, rows, s.values_at(i));
            oracle_.improve_values({cell, g}, context, rows, i, signs.positive[i] | signs.negative[i], s.values_at(i));
        }
        for (int w = 0; w < words(); ++w) s.facets[w] = 0;
        Mask::each(cell.alive, words(), [&](int slot) {
            if (cell.facets[slot].context) s.facets[slot / 64] |= bit(slot % 64);
        });
        return s;
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }
    std::uint64_t* mask(const Section& s, int i) const { return s.masks + static_cast<std::size_t>(i) * words(); }

    // The values of all rows at a generator of the cell, and their errors.
    void evaluate(const Generators& g, int i, const Candidates& rows, double* values) const {
        const double* x = g.x(i);
        const std::size_t stride = rows.stride;
        const Four eps = Four::all(g.tags(i).eps);
        for (int k = 0; k < rows.stride; k += 4) {
            const double* row = rows.rows + k;
            Four value = Four::load(row) * Four::all(x[0]);
            for (int j = 1; j < D(); ++j) value = multiply_add(Four::load(row + j * stride), Four::all(x[j]), value);
            value.store(values + k);
            multiply_add(Four::load(rows.norm + k), eps, Four::load(rows.error + k)).store(values + rows.stride + k);
        }
    }

    int coordinates_, words_;
    Predicate<D_, W>& oracle_;
    Arena& arena_;
};

}  // namespace relureg
