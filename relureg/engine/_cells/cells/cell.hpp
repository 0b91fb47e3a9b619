// A cell: a pointed polyhedral cone in homogeneous coordinates (y_0 >= 0), by generators and incidences.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "../base/arena.hpp"
#include "../base/exact.hpp"
#include "../base/hashing.hpp"
#include "../base/lanes.hpp"

namespace relureg {

struct Context;

// A number and how far it may be off.
struct Measure {
    double value = 0, error = HUGE_VAL;
};

// Better forms of a generator, shared by all cells that hold it, computed when first needed.
struct Forms {
    std::unique_ptr<ExactVector> exact;
    std::unique_ptr<double[]> twofold;  // see TwofoldVector
    bool has_failed = false;            // no twofold form can be had
    std::unique_ptr<std::vector<std::uint64_t>> residues;  // [prime * coordinate]: see ModularRung
    std::unique_ptr<std::vector<Measure>> values;  // coordinates, and values of units: see UnitValues
};

struct ExactSlot {
    Forms* forms = nullptr;

    Forms& need() {
        if (!forms) forms = new Forms;
        return *forms;
    }
};

// Exact generators made for one split live until both its children are done.
struct SlotOwner {
    ExactSlot* slots;
    int count;
    SlotOwner(ExactSlot* s, int n) : slots(s), count(n) {
        for (int i = 0; i < n; ++i) slots[i].forms = nullptr;
    }
    ~SlotOwner() {
        for (int i = 0; i < count; ++i) delete slots[i].forms;
    }
    SlotOwner(const SlotOwner&) = delete;
    SlotOwner& operator=(const SlotOwner&) = delete;
};

struct UnitNode {
    int unit;
    const UnitNode* next;
};

// A hyperplane that bounds the cell in a facet.
struct Facet {
    Hash to_key;             // region hash ^ to_key = facet key
    const Context* context;  // where its row is known: the stage context of its unit; null: y_0 = 0
    const UnitNode* units;   // the units that vanish on it (kept when regions are recorded)
    int local_unit;          // of the unit that cut it, within the stage of `context`; 0 for y_0 = 0
    std::int8_t side;        // the sign of that unit inside the cell
    bool on_boundary;        // cut by a row of the domain
};

// Bitset of facet slots: one word where that is enough (W = 1), else `words` of them (W = 0).
template <int W>
struct Bits {
    static int count(const std::uint64_t* a, int words) {
        int sum = 0;
        for (int w = 0; w < (W ? W : words); ++w) sum += __builtin_popcountll(a[w]);
        return sum;
    }
    static bool contains(const std::uint64_t* a, const std::uint64_t* b, int words) {
        for (int w = 0; w < (W ? W : words); ++w)
            if (b[w] & ~a[w]) return false;
        return true;
    }
    template <class Visit>
    static void each(const std::uint64_t* a, int words, Visit visit) {
        for (int w = 0; w < (W ? W : words); ++w)
            for (std::uint64_t rest = a[w]; rest; rest &= rest - 1) visit(64 * w + __builtin_ctzll(rest));
    }
};

// What is known of a generator besides where it lies.
struct Tags {
    double eps;             // absolute error of each coordinate, 0 when exact
    std::uint64_t quiet;    // bit s: source s does not change in this direction (see Search::disturb)
    ExactSlot* exact;
    std::uint8_t bits;      // x * 2^bits is integral with entries below 2^bits; kInexact otherwise
    bool at_infinity;
};

// Generators one after the other, each in one piece: tags, the facets that contain it, coordinates of max-norm in [1/2,
// 1]. A child takes many of its parent's over as they are: these are a few wide moves each.
class Generators {
  public:
    int count = 0;

    static Generators allocate(Arena& arena, int capacity, int dim, int words) {
        Generators g;
        g.words_ = words;
        g.size_ = (kTags + words + dim + 3) & ~3;
        g.memory_ = arena.take<double>(static_cast<std::size_t>(capacity) * g.size_);
        return g;
    }

    Tags& tags(int i) { return *reinterpret_cast<Tags*>(at(i)); }
    const Tags& tags(int i) const { return *reinterpret_cast<const Tags*>(at(i)); }
    std::uint64_t* incident(int i) { return reinterpret_cast<std::uint64_t*>(at(i) + kTags); }
    const std::uint64_t* incident(int i) const { return reinterpret_cast<const std::uint64_t*>(at(i) + kTags); }
    double* x(int i) { return at(i) + kTags + words_; }
    const double* x(int i) const { return at(i) + kTags + words_; }

    // Append a generator as it is.
    void take_over(const Generators& from, int i) {
        double* to = at(count++);
        const double* source = from.at(i);
        for (int k = 0; k < size_; k += 4) Four::load(source + k).store(to + k);
    }

  private:
    static constexpr int kTags = sizeof(Tags) / sizeof(double);
    static_assert(sizeof(Tags) == kTags * sizeof(double));

    double* at(int i) const { return memory_ + static_cast<std::size_t>(i) * size_; }

    double* memory_ = nullptr;
    int size_ = 0, words_ = 0;
};

// At the very start a cell contains lines, a basis of its lineality space: each but for one coordinate, its axis, is
// along inputs whose lines have been cut. So where all coordinates of axes are 0 the cell is pointed; its generators
// are taken from there, and a line is 0 in the axes of the others.
struct Cell {
    Generators generators;
    std::uint64_t* alive;      // the facets of the cell
    Facet* facets;             // by slot
    int num_slots;
    Generators lines = {};     // in either direction; on all facets, their `incident` is not kept
    const int* axes = nullptr; // [line]: its coordinate
    // Cells with lines of the same origin have the same generators up to signs; 0: none is known.
    std::uint64_t origin = 0;
};

}  // namespace relureg
