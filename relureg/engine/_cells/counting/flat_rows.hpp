// Hyperplanes on flats in doubles with proven errors; integers of any size decide what these leave open.
//
// A row stands for its hyperplane, so it may be scaled. On the flat where row i vanishes, with p the coordinate of its
// largest gradient entry, row j becomes r_j - q r_i, q = r_j[p] / r_i[p], without its entry p. With e the largest error
// of a gradient's entry and M the largest entry, q is off by at most
//     shift = (e_j + |q| e_i) / (|r_i[p]| - e_i)
// and its rounding, so that the new entries are off by at most
//     e_j + |q| e_i + shift (M_i + e_i) + 8 u (M_j + |q| M_i),
// the last term for the rounding of q, of product and sum, and of the bound itself; 2^-900 (1 + M_i) covers underflow
// of any of these. The same holds of the constant, with its own e and M but that shift: it says nothing of the
// gradient, which is small where hyperplane and flat are nearly parallel. |r_i[p]| is more than 4 e_i, or else the row
// is taken anew from its integers; where even that leaves it closer to 0, the new error is infinite.
//
// Where nothing has been rounded yet and this tells nothing, the entries are the minors r_j[c] r_i[p] - r_i[c] r_j[p]:
// of h + l and h' + l', the products without any error, and s + e = h - h' without error, s + (e + (l - l')) is off by
// at most 4 u (|e| + |l| + |l'| + |sum|), and 0 where both parts are equal.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "../base/double_double.hpp"
#include "../base/enclosures.hpp"
#include "../signs/predicate.hpp"
#include "flats.hpp"

namespace relureg {

template <int D_, int W>
class FlatRows {
  public:
    FlatRows(Predicate<D_, W>& oracle, bool audit) : oracle_(oracle), audit_(audit) {}

    void begin(const Context& context, const Candidates& rows, int dim) {
        context_ = &context, unit_ = rows.unit, dim_ = dim;
        levels_.resize(std::max<std::size_t>(levels_.size(), dim + 1));
        for (int m = 0; m <= dim; ++m) levels_[m].begin(m, rows.count);
        is_central_ = true;
        for (int k = 0; k < rows.count; ++k) {
            is_central_ = is_central_ && rows.rows[k] == 0 && has_no_constant(context, unit_[k]);
            double* to = levels_[dim].row(k);
            for (int c = 0; c <= dim; ++c) to[c] = rows.rows[static_cast<std::size_t>(c) * rows.stride + k];
            levels_[dim].measure(k);
            const Stage& data = *context.data;
            Row& row = levels_[dim].rows[k];
            double steepest = 0;
            for (int c = 1; c <= dim; ++c)
                steepest = std::max(steepest, data.majorant[static_cast<std::size_t>(c) * data.stride + unit_[k]]);
            const double relative = data.relative_error[unit_[k]] * (1 + 0x1p-20);
            row.error = relative > 0 ? relative * steepest + kUnderflow : 0;
            row.constant_error = relative > 0 ? relative * data.majorant[unit_[k]] + kUnderflow : 0;
            if (data.is_out_of_range) row.error = row.constant_error = kUnknown;
            row.parent = k;
        }
    }

    void copy_row(int dim, int i, int to) {
        if (i == to) return;
        std::copy_n(levels_[dim].row(i), dim + 1, levels_[dim].row(to));
        levels_[dim].rows[to] = levels_[dim].rows[i];
    }

    // Rows are to be restricted to the flat where row i vanishes.
    void cut(int dim, int i) {
        Level& level = levels_[dim];
        levels_[dim - 1].forget();
        level.by = i;
        if (!is_steep(level, i)) take_from_integers(dim, i);
        const double* by = level.row(i);
        int pivot = 1;
        for (int c = 2; c <= dim; ++c)
            if (std::fabs(by[c]) > std::fabs(by[pivot])) pivot = c;
        is_open_ = !is_steep(level, i);
        if (is_open_) pivot = largest_entry(exact(dim, i));
        level.pivot = pivot;
        const Row& row = level.rows[i];
        const double constant = std::fabs(by[0]), steep = std::fabs(by[pivot]) - row.error;
        slant_ = kInflation * (1 + (row.steepest + row.error) / steep);
        constant_slant_ = kInflation * (constant + row.constant_error) / steep;
        rounding_ = 8 * kUnitRoundoff * row.steepest;
        constant_own_ = kInflation * row.constant_error + 8 * kUnitRoundoff * constant;
        underflow_ = kUnderflow * (1 + row.steepest + constant);
    }

    Meeting restrict_row(int dim, int j, int to) {
        const Level& level = levels_[dim];
        Level& below = levels_[dim - 1];
        const Row &by = level.rows[level.by], &old = level.rows[j];
        const double *from = level.row(j), *pivot_row = level.row(level.by);
        double* result = below.row(to);
        if (below.num_exact) below.exact[to].reset();
        const double q = from[level.pivot] / pivot_row[level.pivot], size = std::fabs(q);
        const double moved = old.error + size * by.error;
        for (int c = 0; c < dim; ++c) result[c] = from[c] - q * pivot_row[c];
        if (level.pivot < dim) result[level.pivot] = from[dim] - q * pivot_row[dim];
        below.measure(to);
        Row& row = below.rows[to];
        row.parent = j;
        row.error = moved * slant_ + 8 * kUnitRoundoff * old.steepest + size * rounding_ + underflow_;
        row.constant_error = kInflation * old.constant_error + 8 * kUnitRoundoff * std::fabs(from[0]) +
                             size * constant_own_ + moved * constant_slant_ + underflow_;
        // A product that overflows may leave its bound finite.
        const double most = row.error + row.constant_error + row.steepest + std::fabs(result[0]);
        if (is_open_ || !(most < kUnknown)) row.error = row.constant_error = kUnknown;
        ++oracle_.statistics.decisions;
        if (!(row.steepest > row.error) && old.is_exact() && by.is_exact() && !is_open_) {
            const bool is_rounded = !is_unrounded(from, pivot_row, q, dim);
            row.error = row.constant_error = 0;
            if (is_rounded) take_minors(from, pivot_row, dim, to);
            if (is_told(below, to)) {
                if (audit_) audit(dim - 1, to);
                ++(is_rounded ? oracle_.statistics.twofold : oracle_.statistics.small_integers);
                return meeting_of(below, to);
            }
        }
        if (audit_) audit(dim - 1, to);
        return row.steepest > row.error ? Meeting::kCrosses : decide(dim - 1, to);
    }

    // The distinct points in which rows meet a line: `add(one of the rows, how many)`.
    template <class Add>
    void each_point(int count, Add add) {
        if (is_central_) return add(0, count);  // all at the origin
        points_.clear();
        for (int i = 0; i < count; ++i) points_.push_back(point_of(i));
        each_run(points_.data(), count, [&](int begin, int end) {  // what doubles do not part
            if (end == begin + 1)
                add(points_[begin].row, 1);
            else
                each_of_run(begin, end, add);
        });
    }

  private:
    static constexpr double kUnknown = std::numeric_limits<double>::infinity();
    static constexpr double kUnderflow = 0x1p-900;

    struct Row {
        double error, constant_error;  // of each entry of the gradient
        double steepest;  // the largest of these
        int parent;  // its number on the flat above

        bool is_exact() const { return error == 0 && constant_error == 0; }
    };

    struct Level {
        int dim = 0, by = 0, pivot = 0, num_exact = 0;
        std::vector<double> entries;
        std::vector<Row> rows;
        std::vector<std::unique_ptr<ExactVector>> exact;

        void begin(int its_dim, int count) {
            dim = its_dim;
            entries.resize(static_cast<std::size_t>(count) * (dim + 1));
            rows.resize(count);
            forget();
            exact.resize(count);
        }
        void forget() {
            if (!num_exact) return;
            for (auto& vector : exact) vector.reset();
            num_exact = 0;
        }
        double* row(int i) { return entries.data() + static_cast<std::size_t>(i) * (dim + 1); }
        const double* row(int i) const { return entries.data() + static_cast<std::size_t>(i) * (dim + 1); }
        void measure(int i) {
            const double* entry = row(i);
            double steepest = 0;
            for (int c = 1; c <= dim; ++c) steepest = std::max(steepest, std::fabs(entry[c]));
            rows[i].steepest = steepest;
        }
    };

    static bool is_steep(const Level& level, int i) { return level.rows[i].steepest > 4 * level.rows[i].error; }

    // A row in integers, up to a factor: primitive.
    const ExactVector& exact(int dim, int i) {
        if (dim == dim_) return oracle_.exact_row(*context_, unit_[levels_[dim].rows[i].parent]);
        Level& level = levels_[dim];
        if (!level.exact[i]) {
            const Level& above = levels_[dim + 1];
            const ExactVector& from = exact(dim + 1, level.rows[i].parent);
            const ExactVector& by = exact(dim + 1, above.by);
            auto made = std::make_unique<ExactVector>(combine(by[above.pivot], from, -from[above.pivot], by));
            if (above.pivot <= dim) std::swap((*made)[above.pivot], made->back());
            made->pop_back();
            level.exact[i] = std::move(made);
            ++level.num_exact;
        }
        return *level.exact[i];
    }

    // Of a row whose constant is 0 in doubles, whether it is 0.
    bool has_no_constant(const Context& context, int unit) const {
        const bool is_in_doubles = context.data->relative_error[unit] == 0 && !context.data->is_out_of_range;
        return is_in_doubles || oracle_.exact_row(context, unit)[0] == 0;
    }

    static int largest_entry(const ExactVector& row) {
        std::size_t largest = 1;
        for (std::size_t c = 2; c < row.size(); ++c)
            if (mpz_cmpabs(row[c].get_mpz_t(), row[largest].get_mpz_t()) > 0) largest = c;
        return static_cast<int>(largest);
    }

    // The doubles of a row from its integers, whose largest entry then is in [1/2, 1].
    void take_from_integers(int dim, int i) {
        const Stopwatch watch(oracle_.statistics.exact_time);
        Level& level = levels_[dim];
        to_doubles(exact(dim, i), level.row(i));
        level.measure(i);
        Row& row = level.rows[i];  // entries are cut off at 53 digits
        row.error = 4 * kUnitRoundoff * row.steepest + kUnderflow;
        row.constant_error = 4 * kUnitRoundoff * std::fabs(level.row(i)[0]) + kUnderflow;
    }

    // Whether a row is known exactly on the flat of another one: a quotient, and entries, without any rounding.
    bool is_unrounded(const double* from, const double* by, double q, int dim) const {
        for (int c = 0; c <= dim; ++c) {
            double product = 0, rest = 0, difference = 0, lost = 0;
            two_product(q, by[c], product, rest);
            two_sum(from[c], -product, difference, lost);
            if (!is_product(q, by[c], product) || rest != 0 || lost != 0) return false;
        }
        return from[levels_[dim].pivot] == q * by[levels_[dim].pivot];
    }

    // The row of minors of two exact rows: its errors are infinite where products are out of range.
    void take_minors(const double* from, const double* by, int dim, int to) {
        const int pivot = levels_[dim].pivot;
        Level& below = levels_[dim - 1];
        Row& row = below.rows[to];
        double constant_error = 0, error = 0;
        for (int c = 0; c <= dim; ++c) {
            if (c == pivot) continue;
            double& worst = c ? error : constant_error;
            double own = 0;
            below.row(to)[c < dim ? c : pivot] = minor(from[c], by[pivot], by[c], from[pivot], own);
            if (!(own <= worst)) worst = own < kUnknown ? own : kUnknown;
        }
        below.measure(to);
        row.error = error, row.constant_error = constant_error;
    }

    // a b - c d, and how far that is off.
    static double minor(double a, double b, double c, double d, double& error) {
        double high = 0, low = 0, other_high = 0, other_low = 0, sum = 0, lost = 0;
        two_product(a, b, high, low);
        two_product(c, d, other_high, other_low);
        error = kUnknown;
        if (!is_product(a, b, high) || !is_product(c, d, other_high)) return 0;
        if (high == other_high && low == other_low) return error = 0;
        two_sum(high, -other_high, sum, lost);
        const double result = sum + (lost + (low - other_low));
        error = 4 * kUnitRoundoff * (std::fabs(lost) + std::fabs(low) + std::fabs(other_low) + std::fabs(result));
        return result;
    }

    // Whether what a product lacks is a double: it does not underflow.
    static bool is_product(double a, double b, double product) {
        return a == 0 || b == 0 || std::fabs(product) > kUnderflow;
    }

    // Whether the doubles of a row tell how it meets its flat.
    static bool is_told(const Level& level, int i) {
        const Row& row = level.rows[i];
        if (row.steepest > row.error) return true;
        const double constant = std::fabs(level.row(i)[0]);
        return row.error == 0 && (constant > row.constant_error || row.constant_error == 0);
    }

    // How it does.
    Meeting meeting_of(const Level& level, int i) {
        if (level.rows[i].steepest > 0) return Meeting::kCrosses;
        ++oracle_.statistics.zeros;
        return level.row(i)[0] == 0 ? Meeting::kContains : Meeting::kMisses;
    }

    // How a row meets its flat, by integers.
    Meeting decide(int dim, int i) {
        ++oracle_.statistics.exact;
        const Stopwatch watch(oracle_.statistics.exact_time);
        const ExactVector& row = exact(dim, i);
        if (std::any_of(row.begin() + 1, row.end(), [](const mpz_class& x) { return x != 0; })) {
            take_from_integers(dim, i);
            return Meeting::kCrosses;
        }
        ++oracle_.statistics.zeros;
        return row[0] == 0 ? Meeting::kContains : Meeting::kMisses;
    }

    // Whether some multiple of the integers lies within the bound of each entry.
    void audit(int dim, int i) {
        const ExactVector& row = exact(dim, i);
        const double* entry = levels_[dim].row(i);
        const Row& bounds = levels_[dim].rows[i];
        if (!(bounds.error < kUnknown) || !(bounds.constant_error < kUnknown)) return;
        mpq_class low, high;
        bool is_bounded = false, is_wrong = false;
        for (int c = 0; c <= dim; ++c) {
            const mpq_class error(c ? bounds.error : bounds.constant_error);
            const mpq_class least = mpq_class(entry[c]) - error, most = mpq_class(entry[c]) + error;
            if (row[c] == 0) {
                is_wrong = is_wrong || least > 0 || most < 0;
                continue;
            }
            const mpq_class from = (row[c] > 0 ? least : most) / row[c], to = (row[c] > 0 ? most : least) / row[c];
            low = is_bounded ? std::max(low, from) : from, high = is_bounded ? std::min(high, to) : to;
            is_bounded = true;
        }
        if (is_wrong || low > high)
            throw ContradictionError("a hyperplane on a flat is not within the bounds of its doubles");
    }

    Enclosure point_of(int i) {
        if (!is_steep(levels_[1], i)) take_from_integers(1, i);
        const Row& row = levels_[1].rows[i];
        if (!is_steep(levels_[1], i)) return Enclosure::around(0, kUnknown, i);
        const double at = -levels_[1].row(i)[0] / levels_[1].row(i)[1], size = std::fabs(at);
        const double error = (row.constant_error + row.error * size) / (row.steepest - row.error);
        return Enclosure::around(at, error * (1 + 0x1p-20) + 4 * kUnitRoundoff * size + kUnderflow, i);
    }

    template <class Add>
    void each_of_run(int begin, int end, Add add) {
        std::vector<char> is_done(end - begin);
        for (int i = begin; i < end; ++i) {
            if (is_done[i - begin]) continue;
            int same = 1;
            for (int j = i + 1; j < end; ++j)
                if (!is_done[j - begin] && meet(points_[i].row, points_[j].row)) is_done[j - begin] = true, ++same;
            add(points_[i].row, same);
        }
    }

    // Whether two rows meet the line in one point.
    bool meet(int i, int j) {
        ++oracle_.statistics.decisions;
        ++oracle_.statistics.exact;
        const Stopwatch watch(oracle_.statistics.exact_time);
        const ExactVector &a = exact(1, i), &b = exact(1, j);
        return a[0] * b[1] == a[1] * b[0];
    }

    Predicate<D_, W>& oracle_;
    bool audit_;
    const Context* context_ = nullptr;
    const int* unit_ = nullptr;
    int dim_ = 0;
    std::vector<Level> levels_;  // [dimension]
    std::vector<Enclosure> points_;
    bool is_open_ = false, is_central_ = false;
    double slant_ = 0, constant_slant_ = 0, rounding_ = 0, constant_own_ = 0, underflow_ = 0;  // parts of the bounds
};

}  // namespace relureg
