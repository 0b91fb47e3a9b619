// What a search for the largest norm, or entry, of a Jacobian is asked, and the largest one its threads have found.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace relureg {

enum class Norm { one, two, inf };

// What the outputs are of the units of a source, or of the input (source 0), where units of later stages are each any
// multiple between 0 and 1 of their pre-activation: between `low` and `high`.
struct OutputWeights {
    int source;
    int columns;
    std::vector<double> low, high;  // [output * columns + column]
};

// Some of the outputs, of which the largest norm is looked for by itself; or the derivative of one in one input, times
// a sense of 1 or -1.
struct OutputGroup {
    OutputGroup(int first_output, int last_output, int its_input = -1, int its_sense = 1)
        : first(first_output), last(last_output), input(its_input), sense(its_sense) {}
    int first, last;
    int input;  // -1: norms
    int sense;
    // Cells in which nothing is larger are closed.
    std::atomic<double> closing{-std::numeric_limits<double>::infinity()};

    void raise_to(double value) {
        double known = closing.load(std::memory_order_relaxed);
        while (value > known && !closing.compare_exchange_weak(known, value)) {
        }
    }
};

struct NormSearch {
    int outputs = 0;
    Norm p = Norm::two, q = Norm::two;
    std::vector<std::vector<OutputWeights>> levels;  // [stage]: where all later stages are open
    std::deque<OutputGroup> groups;
    std::atomic<std::int64_t> cells{0};  // that were looked at
};

}  // namespace relureg
