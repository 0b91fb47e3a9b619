// Generators of a cell and the hyperplanes that contain them, as far as the search knows.
#pragma once

#include "../cells/context.hpp"

namespace relureg {

// Generators, or the lines of a cell, and the hyperplanes that contain them: facets of the cell, and for all of them
// one that cuts it, or none.
struct Place {
    const Cell& cell;
    Generators& generators;
    const Context* cut = nullptr;
    int cut_unit = -1;
    bool is_of_lines = false;

    static Place of_lines(Cell& cell) { return {cell, cell.lines, nullptr, -1, true}; }
};

// Visit the hyperplanes known to contain a generator: their contexts and units; null and j for y_j = 0.
template <int W, class Visit>
void each_row(const Place& place, int i, int words, Visit visit) {
    Bits<W>::each(place.is_of_lines ? place.cell.alive : place.generators.incident(i), words, [&](int slot) {
        const Facet& facet = place.cell.facets[slot];
        visit(facet.context, facet.local_unit);
    });
    if (place.cut) visit(place.cut, place.cut_unit);
    for (int k = 0; k < place.cell.lines.count; ++k)
        if (!place.is_of_lines || k != i) visit(nullptr, place.cell.axes[k]);
}

// Whether a unit is one that cut a facet which contains the generator: it is 0 there.
template <int W>
bool is_on_facet(const Place& place, int i, int words, const Context& source, int unit) {
    bool found = false;
    each_row<W>(place, i, words, [&](const Context* facet, int facet_unit) {
        found = found || (facet == &source && facet_unit == unit);
    });
    return found;
}

}  // namespace relureg
