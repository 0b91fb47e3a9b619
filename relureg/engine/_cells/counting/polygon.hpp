// A polygon that rows cut in general position: counted from the order in which their ends lie around it.
//
// Rows are chords here. Two of them meet inside if and only if their ends alternate around the polygon, so that k
// chords with p such pairs part it into 1 + k + p regions, if no three meet in one point. The order of ends on an edge
// is that of the points where rows vanish, as parts of it (segment.hpp).
//
// Three chords meet in one point, or are parallel, if and only if the determinant of their values at three corners is
// 0. Let values be scaled so that the largest of each row is 1, with errors of at most rho then, which is at most
// 2^-10. The determinant is linear in each row and has six terms, so that it is off by at most 6 (1 + rho)^2 times the
// sum of the three rho, and by 32 u for the rounding of nine products and eight sums of at most 4.
#pragma once

#include <cmath>
#include <cstdint>

#include "../signs/predicate.hpp"
#include "segment.hpp"

namespace relureg {

// What the chords of a polygon make, where doubles tell that no two ends and no three chords coincide.
class Polygon {
  public:
    std::int64_t regions, bounded, facets;  // beyond the polygon itself; facets: on rows that are single
    int num_corners;
    std::uint64_t wall[16];  // [edge]: the facet of the cell that it lies on
    std::uint64_t crossing[16];  // [edge]: the rows that end there

    // False where anything is open: a row through a corner, a corner on more facets than two, values too close.
    bool count(const Section& s, Statistics& statistics) {
        if (!walk(s) || !arrange(s, statistics) || !is_generic(s, statistics)) return false;
        std::int64_t pairs = 0;
        facets = 0;
        each_bit(s.cutting, 0, [&](int row) {
            const int others = __builtin_popcountll(meeting_[row]);
            pairs += others;
            if (s.single >> row & 1) facets += 1 + others;
        });
        const int chords = __builtin_popcountll(s.cutting);
        regions = chords + pairs / 2;
        bounded = regions - __builtin_popcountll(unbounded_);
        return true;
    }

  private:
    static constexpr int kMostCorners = 16;

    // The corners in their order around the polygon, with the edges between them. (Each edge has a facet of the cell to
    // itself, and a corner that is on two facets is on two edges.)
    bool walk(const Section& s) {
        num_corners = s.count;
        if (s.count < 3 || s.count > kMostCorners) return false;
        for (int i = 0; i < s.count; ++i)
            if (__builtin_popcountll(s.masks[i]) != 2 || s.cutting & ~(s.points[i].positive | s.points[i].negative))
                return false;
        std::uint64_t shared = s.masks[0] & -s.masks[0];
        unsigned left = (1u << s.count) - 2;
        corner_[0] = 0;
        for (int k = 1; k < s.count; ++k) {
            unsigned rest = left;
            while (rest && !(s.masks[__builtin_ctz(rest)] & shared)) rest &= rest - 1;
            if (!rest) return false;
            corner_[k] = __builtin_ctz(rest);
            left &= ~(rest & -rest);
            wall[k - 1] = shared;
            shared ^= s.masks[corner_[k]];
        }
        wall[s.count - 1] = shared;
        return s.masks[0] & shared;
    }

    // Which rows alternate with each row around the polygon: those of which one end lies between its two.
    bool arrange(const Section& s, Statistics& statistics) {
        std::uint64_t seen = 0, passed = 0;
        unbounded_ = 0;
        const auto pass = [&](int row) {
            if (seen >> row & 1) meeting_[row] ^= passed;
            passed ^= bit(row);
            if (!(seen >> row & 1)) meeting_[row] = passed, seen |= bit(row);
        };
        for (int k = 0; k < num_corners; ++k) {
            const int a = corner_[k], b = corner_[k + 1 < num_corners ? k + 1 : 0];
            const SectionPoint &from = s.points[a], &to = s.points[b];
            crossing[k] = ((from.positive & to.negative) | (from.negative & to.positive)) & s.cutting;
            if (from.at_infinity && to.at_infinity) unbounded_ |= crossing[k];
            if (!(crossing[k] & (crossing[k] - 1))) {
                if (crossing[k]) pass(__builtin_ctzll(crossing[k]));
                continue;
            }
            Enclosure ends[kMaxCutting];
            int count = 0;
            each_bit(crossing[k], 0, [&](int row) { ends[count++] = point_of_edge(s, a, b, row); });
            bool is_parted = true;
            each_run(ends, count, [&](int begin, int end) {
                is_parted = is_parted && end == begin + 1;
                pass(ends[begin].row);
            });
            statistics.decisions += count;
            if (!is_parted) return false;
        }
        return true;
    }

    // Whether no three rows that meet in pairs meet in one point.
    bool is_generic(const Section& s, Statistics& statistics) {
        std::uint64_t scaled = 0;
        const auto scale = [&](int row) {
            if (!(scaled >> row & 1)) scaled |= bit(row), scale_row(s, row);
        };
        std::int64_t triples = 0;
        for (std::uint64_t rows = s.cutting; rows; rows &= rows - 1) {
            const int i = __builtin_ctzll(rows);
            for (std::uint64_t first = meeting_[i] & rows; first; first &= first - 1) {
                const int j = __builtin_ctzll(first);
                const std::uint64_t second = first & meeting_[j];
                if (!second) continue;
                scale(i), scale(j);
                const double *a = row_[i], *b = row_[j];
                const double x = a[1] * b[2] - a[2] * b[1], y = a[2] * b[0] - a[0] * b[2],
                             z = a[0] * b[1] - a[1] * b[0];
                for (std::uint64_t third = second; third; third &= third - 1, ++triples) {
                    const int k = __builtin_ctzll(third);
                    scale(k);
                    const double* c = row_[k];
                    if (!(std::fabs(x * c[0] + y * c[1] + z * c[2]) > 7 * (a[3] + b[3] + c[3]) + 0x1p-48)) return false;
                }
            }
        }
        statistics.decisions += triples;
        return true;
    }

    // Values at three corners with the largest 1, and their errors then: infinite where they are large.
    void scale_row(const Section& s, int row) {
        const int at[3] = {corner_[0], corner_[num_corners / 3], corner_[2 * num_corners / 3]};
        double largest = 0, error = 0;
        for (const int i : at) {
            largest = std::max(largest, std::fabs(s.value(i, row)));
            error = std::max(error, s.error(i, row));
        }
        const double inverse = 1 / largest, rho = error * inverse * (1 + 0x1p-20) + 4 * kUnitRoundoff;
        for (int c = 0; c < 3; ++c) row_[row][c] = s.value(at[c], row) * inverse;
        row_[row][3] = rho < 0x1p-10 ? rho : std::numeric_limits<double>::infinity();
    }

    int corner_[kMostCorners];
    std::uint64_t unbounded_;
    std::uint64_t meeting_[kMaxCutting];
    double row_[kMaxCutting][4];
};

}  // namespace relureg
