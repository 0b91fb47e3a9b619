// Cells with lines: from the whole space, the first r independent rows make the cell pointed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "../signs/dual_basis.hpp"
#include "../signs/generator_maker.hpp"
#include "branching.hpp"
#include "cell_facets.hpp"

namespace relureg {

template <int D_, int W>
class LineSplitter {
  public:
    explicit LineSplitter(SearchState<D_, W>& state)
        : state_(state), branching_(state), facets_(state),
          maker_(state.network.dim + 1, state.num_words, state.oracle, state.options.records),
          basis_(state.network.dim + 1, state.oracle.twofold_rows()), form_(3 * (state.network.dim + 1)) {}

    // The whole space: the point at the origin, and a line along every axis. `owner` has a slot for each.
    Cell whole_space(SlotOwner& owner) {
        const int words = state_.words(), dim = state_.network.dim;
        Cell cell;
        cell.generators = Generators::allocate(state_.arena, 1, state_.D(), words);
        cell.alive = state_.arena.template take<std::uint64_t>(words);
        std::memset(cell.alive, 0, words * sizeof(std::uint64_t));
        cell.alive[0] = 1;
        cell.facets = state_.arena.template take<Facet>(1);
        cell.facets[0] = Facet{{}, nullptr, nullptr, 0, 0, false};  // y_0 = 0, never a facet of the complex
        cell.num_slots = 1;
        append_axis(cell.generators, 0, {0, 0, &owner.slots[0], 1, false});
        std::memset(cell.generators.incident(0), 0, words * sizeof(std::uint64_t));
        cell.lines = Generators::allocate(state_.arena, dim, state_.D(), words);
        int* axes = state_.arena.template take<int>(dim);
        for (int j = 1; j <= dim; ++j) {
            axes[j - 1] = j;
            append_axis(cell.lines, j, {0, kAllQuiet, &owner.slots[j], 1, true});
        }
        cell.axes = axes;
        cell.origin = 1;
        return cell;
    }

    // The candidates of a word that cross a line of the cell; the first one found is to be cut before all others.
    std::uint64_t crossing(Cell& cell, const Context& context, const Candidates& candidates, int w, int& first) {
        std::uint64_t crossing = 0;
        each_bit(candidates.mask(w), 64 * w, [&](int k) {
            int side = 0;
            if (crossed_line(cell, context, candidates.unit[k], side) < 0) return;
            crossing |= std::uint64_t{1} << (k % 64);
            if (first < 0) first = k;
        });
        return crossing;
    }

    // A line that the unit's hyperplane cuts becomes a ray on either side; all else is moved along it, onto the
    // hyperplane, which changes neither the cell nor the facets that contain what is moved. The unit is candidate k of
    // `signs`. `descend` as in splitting.
    template <class Descend>
    void split(Cell& cell, const Context& context, int unit, const Signs& signs, int k, const Candidates& rest,
               int depth, Descend descend) {
        const int count = cell.generators.count, num_slots = count + cell.lines.count + 1;
        SlotOwner owner(state_.arena.template take<ExactSlot>(num_slots), num_slots);
        const Moved moved = move(cell, context, unit, signs, k, owner);
        branching_.for_each_side(context, unit, depth, 0.5, [&](int side, int below) {
            Cell child = child_of(cell, context, unit, side, moved, &owner.slots[num_slots - 1 - (side > 0)]);
            Signs child_signs = Signs::allocate(state_.arena, count + 1, rest.words());
            descend(child, child_signs, side, below);
        });
    }

  private:
    using Maker = GeneratorMaker<D_, W>;

    static constexpr int kFewDimensions = 16;  // where twofold precision takes no longer than the rest of a search
    static constexpr double kGood = 0x1p-50;   // of a vector that is known as well as doubles can tell

    // Along a line of a cell no source so far has changed.
    static constexpr std::uint64_t kAllQuiet = (std::uint64_t{2} << 62) - 2;

    // The generators and the other lines of a cell, moved along the line that is cut; this one is positive in the
    // direction of `side`.
    struct Moved {
        Generators generators, lines;
        const int* axes;
        int line, side;
        std::uint64_t origin;  // of the cells that are made of it
    };

    // What was moved last along one of so many lines. Other cells of the same origin move the same, but for signs of
    // generators: cells below have fewer lines, so that it stands while a cell is split.
    struct Kept {
        double eps;
        int bits, largest;  // coordinate of what was moved
        bool is_moved, is_negative;
        std::unique_ptr<ExactVector> exact;
    };
    struct Memory {
        std::uint64_t from = 0, context = 0, origin = 0;
        int stage = 0, unit = 0, line = 0, side = 0;
        std::vector<double> x;    // [(generators, then lines) * D]
        std::vector<Kept> kept;

        // Whether a cell is cut as that was.
        bool holds(const Cell& cell, const Context& by, int by_unit) const {
            return cell.origin && from == cell.origin && stage == by.stage && unit == by_unit &&
                   (context == by.serial || by.data->sources == source_bit(0));
        }
    };

    void append_axis(Generators& g, int j, const Tags& tags) {
        const int k = g.count++;
        std::fill_n(g.x(k), state_.D(), 0.0);
        g.x(k)[j] = 0.5;
        g.tags(k) = tags;
    }

    Moved move(Cell& cell, const Context& context, int unit, const Signs& signs, int k, SlotOwner& owner) {
        Memory& memory = memory_of(cell);
        if (memory.holds(cell, context, unit)) return recall(cell, memory, owner);
        int side = 0;
        const int line = crossed_line(cell, context, unit, side);
        Moved moved = begin(cell, line, side, ++num_origins_);
        ExactSlot* slot = owner.slots;
        {
            std::optional<Stopwatch> watch;  // integers of words, and the doubles between them
            if (context.data->row_bits[unit] <= 53) watch.emplace(state_.oracle.statistics.exact_time);
            each_moved(cell, moved, [&](const Place& place, int i, Generators& to) {
                if (place.is_of_lines ? state_.oracle.sign_along(cell, context, unit, i) : signs.of(i, k))
                    maker_.move(cell, place, i, context, unit, line, side, to, slot++);
                else
                    to.take_over(place.generators, i);
            });
        }
        refine(cell, context, unit, moved);
        if (cell.origin) remember(cell, context, unit, moved, memory);
        return moved;
    }

    // What a cell of the same origin became, where the same unit cut it.
    Moved recall(Cell& cell, const Memory& memory, SlotOwner& owner) {
        Moved moved = begin(cell, memory.line, memory.side, memory.origin);
        const double* x = memory.x.data();
        const Kept* kept = memory.kept.data();
        ExactSlot* slot = owner.slots;
        each_moved(cell, moved, [&](const Place& place, int i, Generators& to) {
            const Generators& from = place.generators;
            if (kept->is_moved)
                maker_.append(to, x, kept->eps, kept->bits, kept->exact.get(),
                              (from.x(i)[kept->largest] < 0) == kept->is_negative ? 1 : -1, from.tags(i), slot++);
            else
                to.take_over(from, i);
            x += state_.D(), ++kept;
        });
        return moved;
    }

    // Room for what becomes of a cell whose line is cut.
    Moved begin(const Cell& cell, int line, int side, std::uint64_t origin) {
        int* axes = state_.arena.template take<int>(cell.lines.count);
        std::copy_n(cell.axes, line, axes);
        std::copy(cell.axes + line + 1, cell.axes + cell.lines.count, axes + line);
        return {Generators::allocate(state_.arena, cell.generators.count, state_.D(), state_.words()),
                Generators::allocate(state_.arena, cell.lines.count, state_.D(), state_.words()),
                axes,
                line,
                side,
                origin};
    }

    // Visit all generators and the other lines of a cell: `add` appends to the last argument what each becomes.
    template <class Add>
    void each_moved(Cell& cell, Moved& moved, Add add) {
        const Place points{cell, cell.generators}, lines = Place::of_lines(cell);
        for (int i = 0; i < cell.generators.count; ++i) {
            add(points, i, moved.generators);
            std::copy_n(cell.generators.incident(i), state_.words(), moved.generators.incident(i));
        }
        for (int i = 0; i < cell.lines.count; ++i)
            if (i != moved.line) add(lines, i, moved.lines);
    }

    Memory& memory_of(const Cell& cell) {
        const std::size_t at = cell.lines.count - 1;
        if (memories_.size() <= at) memories_.resize(at + 1);
        return memories_[at];
    }

    void remember(const Cell& cell, const Context& context, int unit, const Moved& moved, Memory& memory) {
        memory.from = cell.origin, memory.context = context.serial, memory.origin = moved.origin;
        memory.stage = context.stage, memory.unit = unit, memory.line = moved.line, memory.side = moved.side;
        memory.x.clear(), memory.kept.clear();
        const auto keep = [&](const Generators& from, int old, const Generators& to, int i) {
            const double *x = from.x(old), *result = to.x(i);
            const Tags& tags = to.tags(i);
            const ExactVector* exact = tags.exact->forms ? tags.exact->forms->exact.get() : nullptr;
            int largest = 0;
            for (int j = 1; j < state_.D(); ++j)
                if (std::fabs(x[j]) > std::fabs(x[largest])) largest = j;
            memory.x.insert(memory.x.end(), result, result + state_.D());
            memory.kept.push_back({tags.eps, tags.bits, largest, tags.exact != from.tags(old).exact, x[largest] < 0,
                                   exact ? std::make_unique<ExactVector>(*exact) : nullptr});
        };
        for (int i = 0; i < moved.generators.count; ++i) keep(cell.generators, i, moved.generators, i);
        for (int i = 0; i < moved.lines.count; ++i) keep(cell.lines, i + (i >= moved.line), moved.lines, i);
    }

    // Bounds of what was moved grow from line to line; rows tell it as well as they can. All cells begin with what is
    // there in the end, and their bounds grow from that: it is told as well as doubles can. A simplicial cell is told
    // all at once, else each vector that is known badly by its own rows.
    void refine(const Cell& cell, const Context& context, int unit, Moved& moved) {
        Cell next = cell;
        next.lines = moved.lines, next.axes = moved.axes;
        const double enough = next.lines.count <= 1 ? kGood : kWorthRefining;
        const Place points{next, moved.generators, &context, unit}, lines{next, next.lines, &context, unit, true};
        const auto each_worse = [&](double than, auto visit) {
            int number = 0;
            for (const Place* place : {&points, &lines})
                for (int i = 0; i < place->generators.count; ++i, ++number)
                    if (place->generators.tags(i).eps > than) visit(*place, i, number);
        };
        bool is_good = true;
        each_worse(enough, [&](const Place&, int, int) { is_good = false; });
        if (is_good) return;
        if (tell_all(cell, points, lines, moved.line))
            each_worse(kGood, [&](const Place& place, int i, int number) { take(place.generators, i, number); });
        each_worse(enough, [&](const Place& place, int i, int) {
            if (place.generators.tags(i).eps > kWorthRefining) state_.oracle.refine(place, i);
            if (enough == kGood && state_.network.dim <= kFewDimensions) state_.oracle.twofold_generator(place, i);
        });
    }

    // Where each generator lies on all facets but one, these rows, those of the axes of lines and of the unit that cuts
    // a line are as many as the vectors, which are their dual basis.
    bool tell_all(const Cell& cell, const Place& points, const Place& lines, int line) {
        basis_.begin();
        const int words = state_.words();
        for (int i = 0; i < points.generators.count; ++i) {
            std::uint64_t* missing = state_.scratch_mask();
            for (int w = 0; w < words; ++w) missing[w] = cell.alive[w] & ~points.generators.incident(i)[w];
            if (Bits<W>::count(missing, words) != 1) return false;
            Bits<W>::each(missing, words, [&](int slot) {
                basis_.add(cell.facets[slot].context, cell.facets[slot].local_unit, points.generators.x(i));
            });
        }
        for (int i = 0; i < lines.generators.count; ++i) basis_.add(nullptr, lines.cell.axes[i], lines.generators.x(i));
        basis_.add(points.cut, points.cut_unit, cell.lines.x(line));
        return basis_.solve(lines.generators.count <= 1 ? 0x1p-100 : 0x1p-60);
    }

    // A vector as `basis_` has it, where that is better.
    void take(Generators& g, int i, int number) {
        if (basis_.read(number, g.x(i), g.tags(i).at_infinity, form_.data()))
            state_.oracle.take_doubles(form_.data(), g, i);
    }

    // The first line that a unit crosses, and its sign along it; -1: it crosses none.
    int crossed_line(Cell& cell, const Context& context, int unit, int& side) {
        for (int k = 0; k < cell.lines.count; ++k)
            if ((side = state_.oracle.sign_along(cell, context, unit, k))) return k;
        return -1;
    }

    // The child on one side: the generators moved onto the cut, which lie on it, and the line as a ray, which lies on
    // every facet so far but not on the new one.
    Cell child_of(const Cell& cell, const Context& context, int unit, int side, const Moved& moved, ExactSlot* slot) {
        const int words = state_.words(), count = moved.generators.count;
        Cell child;
        child.generators = Generators::allocate(state_.arena, count + 1, state_.D(), words);
        child.alive = state_.arena.template take<std::uint64_t>(words);
        std::copy_n(cell.alive, words, child.alive);
        const int cut = facets_.add_cut(cell, context, unit, side, child);
        for (int i = 0; i < count; ++i) {
            child.generators.take_over(moved.generators, i);
            child.generators.incident(i)[cut / 64] |= std::uint64_t{1} << (cut % 64);
        }
        maker_.turn(cell.lines, moved.line, side * moved.side, child.generators, slot);
        std::copy_n(cell.alive, words, child.generators.incident(count));
        // This unit, if active, changes along the ray.
        if (side > 0) child.generators.tags(count).quiet &= ~source_bit(context.stage + 1);
        child.lines = moved.lines, child.axes = moved.axes, child.origin = moved.origin;
        return child;
    }

    SearchState<D_, W>& state_;
    Branching<D_, W> branching_;
    CellFacets<D_, W> facets_;
    Maker maker_;
    DualBasis<D_> basis_;
    std::vector<double> form_;  // of one vector
    std::uint64_t num_origins_ = 1;
    std::vector<Memory> memories_;  // [lines - 1]
};

}  // namespace relureg
