// The arrangement of a network with one stage, in the whole space: counted on its flats.
#pragma once

#include <cmath>

#include "../cells/cuts.hpp"
#include "flat_integers.hpp"
#include "flat_rows.hpp"

namespace relureg {

template <int D_, int W>
class ArrangementCounter {
  public:
    ArrangementCounter(Predicate<D_, W>& oracle, const std::atomic<bool>& stop, bool audit)
        : oracle_(oracle), rows_(oracle, audit), by_rows_(rows_, stop), by_integers_(integers_, stop) {}

    // Whether so many hyperplanes are counted in one go, which nothing is left of for others: about half a second.
    static bool fits(int rows, int dim) { return most_regions(rows, dim) <= kMostFlats; }

    ArrangementFigures count(const Context& context, const Candidates& rows, int dim, std::int64_t most) {
        if (take_integers(context, rows, dim)) {
            try {
                const ArrangementFigures figures = by_integers_.count(dim, rows.count, most);
                oracle_.statistics.decisions += integers_.decisions;
                oracle_.statistics.small_integers += integers_.decisions;
                oracle_.statistics.zeros += integers_.zeros;
                return figures;
            } catch (const OverflowError&) {
            }
        }
        rows_.begin(context, rows, dim);
        return by_rows_.count(dim, rows.count, most);
    }

  private:
    // Degenerate arrangements often have small entries, and zeros for which doubles would ask integers of any size.
    bool take_integers(const Context& context, const Candidates& rows, int dim) {
        const Stage& data = *context.data;
        for (int k = 0; k < rows.count; ++k)
            if (data.row_bits[rows.unit[k]] > kFewBits) return false;
        integers_.begin(dim, rows.count);
        for (int k = 0; k < rows.count; ++k)
            for (int c = 0; c <= dim; ++c)
                integers_.row(dim, k)[c] = static_cast<std::int64_t>(
                    std::ldexp(rows.rows[static_cast<std::size_t>(c) * rows.stride + k], data.fraction_bits));
        return true;
    }

    static constexpr double kMostFlats = 1 << 23;
    static constexpr int kFewBits = 20;

    Predicate<D_, W>& oracle_;
    FlatRows<D_, W> rows_;
    IntegerFlats integers_;
    FlatCounter<FlatRows<D_, W>> by_rows_;
    FlatCounter<IntegerFlats> by_integers_;
};

}  // namespace relureg
