// Cells with lines: from the whole space, the first r independent rows make the cell pointed.
#pragma once

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "../signs/generator_maker.hpp"
#include "branching.hpp"
#include "cell_facets.hpp"

namespace relureg {

template <int D_, int W>
class LineSplitter {
  public:
    explicit LineSplitter(SearchState<D_, W>& state) : state_(state), branching_(state), facets_(state) {}

    // A basis of the input space: a line along every axis.
    std::vector<ExactVector> axes() const {
        std::vector<ExactVector> lines(state_.network.dim, ExactVector(state_.D()));
        for (int j = 0; j < state_.network.dim; ++j) lines[j][j + 1] = 1;
        return lines;
    }

    // The whole space: the point at the origin, and the lines.
    Cell whole_space(const std::vector<ExactVector>& lines, SlotOwner& owner) {
        const int words = state_.words();
        Cell cell;
        cell.generators = Generators::allocate(state_.arena, 1, state_.D(), words);
        cell.alive = state_.arena.template take<std::uint64_t>(words);
        std::memset(cell.alive, 0, words * sizeof(std::uint64_t));
        cell.alive[0] = 1;
        cell.facets = state_.arena.template take<Facet>(1);
        cell.facets[0] = Facet{{}, nullptr, nullptr, -1, 0, false};  // y_0 = 0, never a facet of the complex
        cell.num_slots = 1;
        cell.lines = &lines;
        ExactVector origin(state_.D());
        origin[0] = 1;
        Maker::append(cell.generators, std::move(origin), &owner.slots[0], false, 0);
        std::memset(cell.generators.incident(0), 0, words * sizeof(std::uint64_t));
        return cell;
    }

    // The candidates of a word that cross a line of the cell; the first one found is to be cut before all others.
    std::uint64_t crossing(const Cell& cell, const Context& context, const Candidates& candidates, int w, int& first) {
        std::uint64_t crossing = 0;
        line_.resize(state_.D());
        to_doubles(cell.lines->front(), line_.data());
        each_bit(candidates.mask(w), 64 * w, [&](int k) {
            if (!state_.oracle.is_surely_nonzero(context, candidates.unit[k], line_.data()) &&
                crosses_line(cell, context, candidates.unit[k]) < 0)
                return;
            crossing |= std::uint64_t{1} << (k % 64);
            if (first < 0) first = k;
        });
        return crossing;
    }

    // A line that the unit's hyperplane cuts becomes a ray on either side; all else is moved along it, onto the
    // hyperplane, which changes neither the cell nor the facets that contain what is moved. `descend` as in splitting.
    template <class Descend>
    void split(Cell& cell, const Context& context, int unit, const Candidates& rest, int depth, Descend descend) {
        const Moved& moved = move(cell, context, unit);
        const std::vector<bool> is_turned = turned(cell, moved);
        const Generators& g = cell.generators;
        branching_.for_each_side(context, unit, depth, 0.5, [&](int side, int below) {
            SlotOwner owner(state_.arena.template take<ExactSlot>(g.count + 1), g.count + 1);
            Cell child = child_of(cell, context, unit, side, moved, is_turned, owner);
            child.lines = &moved.lines;
            Signs signs = Signs::allocate(state_.arena, g.count + 1, rest.words());
            descend(child, signs, side, below);
        });
    }

  private:
    using Maker = GeneratorMaker<D_, W>;

    // What was moved last along one of so many lines, and what came out. Other cells with as many move the same, but
    // for signs of generators: cells below have fewer lines, so that it stands while a cell is split.
    struct Moved {
        ExactVector row;
        std::vector<ExactVector> from_lines, from_generators;
        ExactVector line;  // the one that is cut, on the positive side
        std::vector<ExactVector> lines, generators;
    };

    const Moved& move(Cell& cell, const Context& context, int unit) {
        const Stopwatch watch(state_.oracle.statistics.exact_time);
        const std::vector<ExactVector>& from = *cell.lines;
        if (moved_.size() < from.size()) moved_.resize(from.size());
        std::unique_ptr<Moved>& moved = moved_[from.size() - 1];
        const ExactVector& row = state_.oracle.exact_row(context, unit);
        if (moved && is_same(cell, row, *moved)) return *moved;
        const int which = crosses_line(cell, context, unit);
        moved = std::make_unique<Moved>(Moved{row, from, {}, from[which], {}, {}});
        ExactVector& line = moved->line;
        mpz_class slope = dot(row, line);
        if (slope < 0) {
            slope = -slope;
            for (auto& entry : line) entry = -entry;
        }
        const auto along = [&](const ExactVector& x) { return combine(slope, x, -dot(row, x), line); };
        for (std::size_t k = 0; k < from.size(); ++k)
            if (static_cast<int>(k) != which) moved->lines.push_back(along(from[k]));
        for (int i = 0; i < cell.generators.count; ++i) {
            moved->from_generators.push_back(state_.oracle.exact_generator(cell, cell.generators, i));
            moved->generators.push_back(along(moved->from_generators.back()));
        }
        return *moved;
    }

    static bool is_opposite(const ExactVector& a, const ExactVector& b) {
        for (std::size_t j = 0; j < a.size(); ++j)
            if (mpz_cmpabs(a[j].get_mpz_t(), b[j].get_mpz_t()) != 0 || sgn(a[j]) != -sgn(b[j])) return false;
        return true;
    }

    // Whether the same was moved, but for signs of generators.
    bool is_same(Cell& cell, const ExactVector& row, const Moved& moved) {
        Generators& g = cell.generators;
        if (moved.row != row || moved.from_lines != *cell.lines) return false;
        for (int i = 0; i < g.count; ++i) {
            const ExactVector& x = state_.oracle.exact_generator(cell, g, i);
            if (x != moved.from_generators[i] && !is_opposite(x, moved.from_generators[i])) return false;
        }
        return true;
    }

    // Which generators of a cell have another sign than what was moved.
    std::vector<bool> turned(Cell& cell, const Moved& moved) {
        std::vector<bool> result;
        for (int i = 0; i < cell.generators.count; ++i)
            result.push_back(state_.oracle.exact_generator(cell, cell.generators, i) != moved.from_generators[i]);
        return result;
    }

    int crosses_line(const Cell& cell, const Context& context, int unit) const {
        const ExactVector& row = state_.oracle.exact_row(context, unit);
        for (std::size_t k = 0; k < cell.lines->size(); ++k)
            if (dot(row, (*cell.lines)[k]) != 0) return static_cast<int>(k);
        return -1;
    }

    // The child on one side: the generators moved onto the cut, which lie on it, and the line as a ray, which lies on
    // every facet so far but not on the new one.
    Cell child_of(const Cell& cell, const Context& context, int unit, int side, const Moved& moved,
                  const std::vector<bool>& is_turned, SlotOwner& owner) {
        const Generators& g = cell.generators;
        const int words = state_.words();
        Cell child;
        child.generators = Generators::allocate(state_.arena, g.count + 1, state_.D(), words);
        child.alive = state_.arena.template take<std::uint64_t>(words);
        std::copy(cell.alive, cell.alive + words, child.alive);
        const int slot = facets_.add_cut(cell, context, unit, side, child);
        for (int i = 0; i < g.count; ++i) {
            ExactVector vector = moved.generators[i];
            if (is_turned[i])
                for (auto& entry : vector) entry = -entry;
            const Tags& tags = g.tags(i);
            Maker::append(child.generators, std::move(vector), &owner.slots[i], tags.at_infinity, tags.quiet);
            std::copy(g.incident(i), g.incident(i) + words, child.generators.incident(i));
            child.generators.incident(i)[slot / 64] |= std::uint64_t{1} << (slot % 64);
        }
        ExactVector ray = moved.line;
        if (side < 0)
            for (auto& entry : ray) entry = -entry;
        // Along a line of the cell no source so far has changed; this unit, if active, does.
        const std::uint64_t quiet = (std::uint64_t{2} << std::min(context.stage + 1, 62)) - 2;
        Maker::append(child.generators, std::move(ray), &owner.slots[g.count], true,
                      side > 0 ? quiet & ~source_bit(context.stage + 1) : quiet);
        std::copy(cell.alive, cell.alive + words, child.generators.incident(g.count));
        return child;
    }

    SearchState<D_, W>& state_;
    Branching<D_, W> branching_;
    CellFacets<D_, W> facets_;
    std::vector<double> line_;
    std::vector<std::unique_ptr<Moved>> moved_;  // [lines - 1]
};

}  // namespace relureg
