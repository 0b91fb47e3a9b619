// Points of a line that are known up to an error: which of them may be equal.
#pragma once

#include <algorithm>
#include <cmath>

namespace relureg {

// A point on a line, by an interval that contains it, and the row that vanishes there.
struct Enclosure {
    double low, high;
    int row;
    // The whole line where the error is not finite: `at` may be infinite, too, and the difference no number.
    static Enclosure around(double at, double error, int row) {
        if (!(error < HUGE_VAL)) return {-HUGE_VAL, HUGE_VAL, row};
        return {at - error, at + error, row};
    }
};

// Sort the enclosures, and call `add(begin, end)` for each run of them that hangs together: points of different runs
// differ. They are sorted by their lower ends, since one that is wide reaches back over many that are narrow.
template <class Add>
void each_run(Enclosure* points, int count, Add add) {
    const auto is_before = [](const Enclosure& a, const Enclosure& b) { return a.low < b.low; };
    constexpr int kFew = 64;
    if (count <= kFew) {  // then nothing is faster
        for (int i = 1; i < count; ++i) {
            const Enclosure point = points[i];
            int at = i;
            for (; at > 0 && is_before(point, points[at - 1]); --at) points[at] = points[at - 1];
            points[at] = point;
        }
    } else {
        std::sort(points, points + count, is_before);
    }
    for (int begin = 0, end; begin < count; begin = end) {
        double reach = points[begin].high;
        for (end = begin + 1; end < count && !(points[end].low > reach); ++end)
            reach = std::max(reach, points[end].high);
        add(begin, end);
    }
}

}  // namespace relureg
