// The points in which rows cut a segment: parted by doubles where these can, else by integers.
#pragma once

#include "../base/enclosures.hpp"
#include "section_exact.hpp"

namespace relureg {

// Where a row vanishes between two generators of a section, as a part of the way from `a` to `b`, and how far that may
// be off.
inline Enclosure point_of_edge(const Section& s, int a, int b, int row) {
    const double va = s.value(a, row), vb = s.value(b, row), ea = s.error(a, row), eb = s.error(b, row);
    if (!(std::fabs(va) > 4 * ea) || !(std::fabs(vb) > 4 * eb)) return Enclosure::around(0.5, 1, row);
    const double inverse = 1 / (va - vb), at = va * inverse;
    // Divided first: products of small numbers would underflow.
    const double relative_a = ea * std::fabs(inverse), relative_b = eb * std::fabs(inverse);
    const double error = (std::fabs(vb * inverse) * relative_a + std::fabs(at) * relative_b) * 1.4 + 8 * kUnitRoundoff;
    return Enclosure::around(at, error, row);
}

template <int D_, int W>
class SegmentCutter {
  public:
    explicit SegmentCutter(ExactSections<D_, W>& exact) : exact_(exact) {}

    // Call `add(is_single)` for each point in which rows cut a segment: whether one row alone does, and that one is the
    // trace of one hyperplane. On the cell itself rows that coincide are one hyperplane.
    template <class Add>
    void each_point(const Section& s, Add add) {
        Enclosure cuts[kMaxCutting];
        int count = 0;
        each_bit(s.cutting, 0, [&](int row) { cuts[count++] = point_of_edge(s, 0, 1, row); });
        each_run(cuts, count, [&](int begin, int end) {  // what doubles do not part
            if (end == begin + 1)
                add(s.single >> cuts[begin].row & 1);
            else
                each_of_run(s, cuts + begin, end - begin, add);
        });
    }

  private:
    template <class Add>
    void each_of_run(const Section& s, const Enclosure* cuts, int count, Add add) {
        std::uint64_t done = 0;
        for (int i = 0; i < count; ++i) {
            if (done >> i & 1) continue;
            int same = 1;
            for (int j = i + 1; j < count; ++j)
                if (!(done >> j & 1) && exact_.meet(s, cuts[i].row, cuts[j].row)) done |= bit(j), ++same;
            add(same == 1 ? s.single >> cuts[i].row & 1 : !s.parent);
        }
    }

    ExactSections<D_, W>& exact_;
};

}  // namespace relureg
