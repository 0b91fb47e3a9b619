// Proofs about the cell on the present path: a sign is absent, a half-space is empty, a point is there, no ray is.
#pragma once

#include <memory>

#include "exact_program.hpp"
#include "identities.hpp"
#include "known_ties.hpp"

namespace relureg {

// Whether a sign is proven absent in an open cell: not; in the closed one, too; or where its closure may touch 0.
enum class Absence { kNo, kStrict, kTie };

class CellProofs {
  public:
    CellProofs(CellRows& rows, Statistics& statistics, const std::atomic<bool>& stop, bool audit)
        : rows_(rows), statistics_(statistics), stop_(stop), audit_(audit) {}

    // From the whole domain.
    void begin(const Stage* walls) {
        if (!rows_.begin(walls)) return;
        combination_ = std::make_unique<Combination>(rows_.box());
        program_ = std::make_unique<ExactProgram>(rows_.box(), stop_);
        known_.clear();
    }

    // A point between all bounds.
    void start(Point& point) { rows_.take(point, program_->inside_box()); }

    // A point inside the cell, where there is one; in doubles if these are good enough. False: the cell is empty.
    bool find_point(Point& point) {
        ++statistics_.decisions, ++statistics_.exact;
        auto found = program_->solve(rows_.signed_path());
        if (!found) return false;
        rows_.take(point, std::move(*found));
        return true;
    }

    // Whether interval arithmetic over the box proves that a sign is absent.
    bool is_absent_in_box(int slot, int sign) {
        combination_->begin(rows_[slot], sign);
        return combination_->is_negative();
    }

    // What the multipliers of a dictionary prove, which stands where the cell reaches furthest towards a half-space: that
    // none of it lies there, or kNo, nothing. A half-space beyond one of the cell's own walls is asked about with the
    // cell that has no such wall.
    //
    // A strict proof shows that the cell does not touch a hyperplane, so it may use all that is known of the domain. A
    // tie beyond an own wall is one of points outside the domain, too, so it rests on the other walls alone.
    Absence absence(const Dictionary<double>& dictionary, const HalfSpace& beyond) {
        ++statistics_.decisions;
        const int goal = goal_row(dictionary, beyond);
        if (goal < 0) return Absence::kNo;
        combine(dictionary, goal, beyond);
        if (combination_->is_negative()) return audited(Absence::kStrict, beyond);
        Absence found = by_identity(dictionary, beyond);
        if (found != Absence::kNo)
            ++statistics_.identities;
        else if (is_tie(dictionary, beyond))
            found = Absence::kTie;
        if (found == Absence::kTie) ++statistics_.zeros;
        return audited(found, beyond);
    }

    // Whether no point of the open cell lies in a half-space, by a linear program in rationals.
    bool is_empty_beyond(const HalfSpace& beyond) {
        ++statistics_.decisions, ++statistics_.exact;
        return has_no_point(beyond);
    }

    // Whether no ray lies in the cell.
    bool is_bounded() {
        ++statistics_.decisions;
        if (has_sure_ray()) return false;
        if (is_surely_bounded()) {
            ++statistics_.identities;
            return true;
        }
        ++statistics_.exact;
        return program_->is_bounded(rows_.signed_path());
    }

    // Bounds of inputs that several walls make together, each proven; for proofs only.
    void find_hull(Dictionary<double>& dictionary) {
        const Box& box = rows_.box();
        if (box.is_bounded) return;
        for (int j = 0; j < rows_.dim(); ++j)
            for (const bool is_upper : {false, true}) {
                if ((is_upper ? box.hull.has_upper : box.hull.has_lower)[j]) continue;
                if (!dictionary.is_basic(j) && !dictionary.free_row(j)) continue;
                const double most = std::numeric_limits<double>::infinity();
                const auto outcome = dictionary.improve(j, is_upper ? 1 : -1, false, most, rows_.bounds(), [] {});
                if (outcome == Outcome::kOptimal) bound_hull(dictionary, j, is_upper);
            }
        rows_.settle();
    }

  private:
    static constexpr double kNothing = 1e-10;  // a multiplier below this share of the largest entry is left out

    int goal_row(const Dictionary<double>& dictionary, const HalfSpace& beyond) const {
        return dictionary.row_of(beyond.is_bound() ? beyond.input : rows_.variable(beyond.slot));
    }

    // Add up the half-space's row and the rows of the cell, by the multipliers of the dictionary.
    void combine(const Dictionary<double>& dictionary, int goal, const HalfSpace& beyond) {
        support_.clear();
        const double* reduced = dictionary.row(goal);
        const double size = beyond.is_bound() ? 1.0 : rows_[beyond.slot].unit_size;
        double largest = 0;
        for (int c = 0; c < dictionary.columns(); ++c) largest = std::max(largest, std::fabs(reduced[c]));
        if (beyond.is_bound())
            combination_->begin(beyond.input, beyond.is_upper());
        else
            combination_->begin(rows_[beyond.slot], beyond.sign);
        for (int c = 0; c < dictionary.columns(); ++c) {
            const int other = rows_.slot_of(dictionary.nonbasic(c));
            if (other < 0 || !rows_[other].side) continue;
            const double factor = -reduced[c] * beyond.sign * rows_[other].side;
            if (!(factor > kNothing * largest)) continue;
            combination_->add(rows_[other], factor * (size / rows_[other].unit_size));
            support_.push_back(other);
        }
    }

    // Whether the half-space lies beyond a wall of the cell.
    bool is_own(const HalfSpace& beyond) const { return beyond.is_bound() || rows_[beyond.slot].side; }

    // What multipliers prove that are solved for in doubles, where inputs have no bounds or rows no constants.
    Absence by_identity(const Dictionary<double>& dictionary, const HalfSpace& beyond) {
        if (beyond.is_bound()) return Absence::kNo;
        const Slot& slot = rows_[beyond.slot];
        if (rows_.box().is_bounded && slot.majorant[0] != 0) return Absence::kNo;
        const auto bounded = [](const Slot& s, int sign) {
            return BoundedRow{s.row, s.majorant, sign / s.unit_size, s.relative_error};
        };
        bounded_rows_.clear();
        for (const int other : support_) bounded_rows_.push_back(bounded(rows_[other], rows_[other].side));
        const BoundedRow target = bounded(slot, beyond.sign);
        const std::vector<int> on = entries(dictionary);
        if (!identity_.solve(target, bounded_rows_, on, rank_at_most(beyond.slot))) return Absence::kNo;
        if (identity_.is_negative(on)) return Absence::kStrict;
        const bool is_tie = static_cast<int>(on.size()) == rows_.dim() && identity_.is_homogeneous();
        return is_tie ? Absence::kTie : Absence::kNo;
    }

    // In how many dimensions the linear parts of a slot and of the support lie at most, as far as the network tells: all
    // rows of later stages, and active units, are combinations of the active units of a stage that all of them pass.
    int rank_at_most(int slot) const {
        const Context* context = rows_[slot].context;
        for (const int other : support_)
            if (rows_[other].context->stage > context->stage) context = rows_[other].context;
        int rank = rows_.dim();
        for (; context->parent && reads_only_the_stage_before(*context); context = context->parent) {
            const Context& before = *context->parent;
            if (before.data->forced) break;
            const std::int8_t* sign = rows_.sign() + before.data->first_unit;
            auto count = std::count_if(sign, sign + before.data->units, [](std::int8_t s) { return s > 0; });
            const auto is_outside = [&](int s) {
                const Slot& row = rows_[s];
                return row.context->stage < before.stage ||
                       (row.context->stage == before.stage && rows_.sign()[row.number] <= 0);
            };
            count += is_outside(slot) + std::count_if(support_.begin(), support_.end(), is_outside);
            rank = std::min(rank, static_cast<int>(count));
        }
        return rank;
    }

    static bool reads_only_the_stage_before(const Context& context) {
        return context.stage < 63 && context.data->sources == source_bit(context.stage);
    }

    // Whether integers show a tie; once for each basis.
    bool is_tie(const Dictionary<double>& dictionary, const HalfSpace& beyond) {
        KnownTies::Key key = key_of(dictionary, beyond);
        if (const auto known = known_.find(key)) {
            ++statistics_.remembered;
            return *known;
        }
        ++statistics_.exact;
        const bool found = is_identity(dictionary, beyond);
        known_.add(std::move(key), found);
        return found;
    }

    // All that an identity depends on: its rows with their sides, and the inputs that are not bounded there.
    KnownTies::Key key_of(const Dictionary<double>& dictionary, const HalfSpace& beyond) const {
        KnownTies::Key key{beyond.is_bound() ? 0 : rows_[beyond.slot].serial + 1,
                           static_cast<std::uint64_t>(beyond.input + 1),
                           static_cast<std::uint64_t>(2 * (beyond.sign > 0) + is_own(beyond))};
        for (const int other : support_) key.push_back(2 * rows_[other].serial + (rows_[other].side > 0));
        std::sort(key.begin() + 3, key.end());
        for (int j = 0; j < rows_.dim(); j += 64) {
            std::uint64_t word = 0;
            for (int k = j; k < std::min(j + 64, rows_.dim()); ++k)
                word |= std::uint64_t{dictionary.is_basic(k)} << (k - j);
            key.push_back(word);
        }
        return key;
    }

    // Solve for the multipliers of the support over the integers, in the inputs that are basic: there are as many.
    bool is_identity(const Dictionary<double>& dictionary, const HalfSpace& beyond) {
        const Bounds<mpq_class>& bounds = is_own(beyond) ? rows_.box().exact : rows_.box().hull;
        std::vector<SignedRow> rows;
        for (const int other : support_) rows.push_back({&rows_.exact(other), rows_[other].side});
        const ExactVector row = rows_.exact(beyond);
        const SignedRow target{&row, beyond.sign};
        const auto y = multipliers(rows, target, entries(dictionary));
        if (!y) return false;
        const auto most = largest_by(bounds, rows, target, *y, beyond);
        return most && *most <= 0;
    }

    // The inputs in which multipliers have to add up to 0: those that are basic, or not bounded.
    std::vector<int> entries(const Dictionary<double>& dictionary) const {
        std::vector<int> found;
        const Bounds<mpq_class>& exact = rows_.box().exact;
        for (int j = 0; j < rows_.dim(); ++j)
            if (dictionary.is_basic(j) || (!exact.has_lower[j] && !exact.has_upper[j])) found.push_back(j + 1);
        return found;
    }

    bool has_no_point(const HalfSpace& beyond) {
        std::vector<SignedRow> rows = rows_.signed_path(beyond.slot);
        const ExactVector row = rows_.exact(beyond);
        rows.push_back({&row, beyond.sign});
        return !program_->solve(rows, beyond);
    }

    Absence audited(Absence absence, const HalfSpace& beyond) {
        if (audit_ && !has_no_point(beyond))
            throw ContradictionError("a sign that is proven absent is there by a linear program in rationals");
        return absence;
    }

    // Whether doubles find a direction along which every row surely rises. It is one where the smallest slope is
    // largest; so it misses the cells whose rays all lie along a facet.
    bool has_sure_ray() {
        const int dim = rows_.dim(), t = dim, goal = dim + 1;
        const Bounds<mpq_class>& exact = rows_.box().exact;
        const std::vector<int>& path = rows_.path();
        Bounds<double> bounds;
        bounds.resize(goal + 1 + path.size());
        for (int j = 0; j < dim; ++j) {
            bounds.has_lower[j] = bounds.has_upper[j] = 1;
            bounds.lower[j] = exact.has_lower[j] ? 0.0 : -1.0, bounds.upper[j] = exact.has_upper[j] ? 0.0 : 1.0;
        }
        bounds.has_upper[t] = 1, bounds.upper[t] = 1;
        std::vector<double> at(dim + 1, 0.0), entries(dim + 1, 0.0);
        at[t] = -1, entries[t] = 1;
        Dictionary<double> program;
        program.reset(at);
        program.add_row(goal, entries.data(), -1);
        for (std::size_t i = 0; i < path.size(); ++i) {
            const Slot& slot = rows_[path[i]];
            for (int j = 0; j < dim; ++j) entries[j] = slot.side * slot.row[j + 1] / slot.unit_size;
            entries[t] = -1;
            const int variable = goal + 1 + static_cast<int>(i);
            program.add_row(variable, entries.data(), 1);
            bounds.has_lower[variable] = 1;
        }
        const auto look = [this] {
            if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
        };
        program.improve(goal, 1, false, 0.5, bounds, look);
        std::vector<double> ray(rows_.width(), 0.0);
        for (int j = 0; j < dim; ++j) {
            ray[j + 1] = program.value_of(j);
            if ((exact.has_lower[j] && ray[j + 1] < 0) || (exact.has_upper[j] && ray[j + 1] > 0)) return false;
        }
        return std::all_of(path.begin(), path.end(), [&](int slot) {
            return is_surely_beyond(rows_[slot], rows_[slot].side, ray.data(), rows_.width());
        });
    }

    // Whether doubles show that no ray lies in the cell of a domain whose inputs have no bounds: the sum of all rows, which
    // rises along each ray of a pointed cell, is minus a positive combination of rows.
    bool is_surely_bounded() {
        const int dim = rows_.dim(), goal = dim;
        const std::vector<int>& path = rows_.path();
        const Bounds<mpq_class>& exact = rows_.box().exact;
        for (int j = 0; j < dim; ++j)
            if (exact.has_lower[j] || exact.has_upper[j]) return false;
        Bounds<double> bounds;
        bounds.resize(goal + 1 + path.size());
        for (int j = 0; j < dim; ++j)
            bounds.has_lower[j] = bounds.has_upper[j] = 1, bounds.lower[j] = -1, bounds.upper[j] = 1;
        Dictionary<double> program;
        program.reset(std::vector<double>(dim, 0.0));
        std::vector<double> entries(dim), total(rows_.width(), 0.0), sizes(rows_.width(), 0.0);
        double c = 0;
        for (std::size_t i = 0; i < path.size(); ++i) {
            const Slot& slot = rows_[path[i]];
            for (int j = 0; j < dim; ++j) {
                entries[j] = slot.side * slot.row[j + 1] / slot.unit_size;
                total[j + 1] += entries[j], sizes[j + 1] += slot.majorant[j + 1] / slot.unit_size;
            }
            program.add_row(goal + 1 + static_cast<int>(i), entries.data(), 0);
            bounds.has_lower[goal + 1 + i] = 1;
            c = std::max(c, slot.relative_error);
        }
        program.add_row(goal, total.data() + 1, 0);
        const auto look = [this] {
            if (stop_.load(std::memory_order_relaxed)) throw StoppedError{};
        };
        if (program.improve(goal, 1, false, 1e-9, bounds, look) != Outcome::kOptimal) return false;
        const double* reduced = program.row(program.row_of(goal));
        bounded_rows_.clear();
        for (int k = 0; k < program.columns(); ++k) {
            const int i = program.nonbasic(k) - goal - 1;
            if (i < 0 || !(-reduced[k] > kNothing)) continue;
            const Slot& slot = rows_[path[i]];
            bounded_rows_.push_back({slot.row, slot.majorant, slot.side / slot.unit_size, slot.relative_error});
        }
        std::vector<int> on(dim);
        for (int j = 0; j < dim; ++j) on[j] = j + 1;
        for (double& size : sizes) size *= 1 + 0x1p-20;
        const BoundedRow target{total.data(), sizes.data(), 1.0, c + gamma(static_cast<double>(path.size()) + 2)};
        return identity_.solve(target, bounded_rows_, on, dim);
    }

    // The largest or smallest value of an input, by the walls that the dictionary names.
    void bound_hull(const Dictionary<double>& dictionary, int j, bool is_upper) {
        ExactVector target(rows_.dim() + 1);
        target[j + 1] = 1;
        const int goal = dictionary.row_of(j), sign = is_upper ? 1 : -1;
        std::vector<SignedRow> rows;
        for (int c = 0; c < dictionary.columns(); ++c) {
            const int slot = rows_.slot_of(dictionary.nonbasic(c));
            if (slot >= 0 && std::fabs(dictionary.row(goal)[c]) > kNothing)
                rows.push_back({&rows_.exact(slot), rows_[slot].side});
        }
        const SignedRow wanted{&target, sign};
        const auto y = multipliers(rows, wanted, entries(dictionary));
        if (!y) return;
        const auto most = largest_by(rows_.box().hull, rows, wanted, *y);
        if (most) rows_.tighten(j, is_upper, sign * *most);
    }

    CellRows& rows_;
    Statistics& statistics_;
    const std::atomic<bool>& stop_;
    const bool audit_;
    std::unique_ptr<Combination> combination_;
    std::unique_ptr<ExactProgram> program_;
    std::vector<int> support_;
    Identity identity_{rows_.box()};
    std::vector<BoundedRow> bounded_rows_;
    KnownTies known_;
};

}  // namespace relureg
