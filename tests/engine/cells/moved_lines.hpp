// Tests of the first cuts, which move generators and lines along a line, and tell them anew from all rows, against
// rational arithmetic.
#pragma once

#include "networks_on_cells.hpp"
#include "signs/dual_basis.hpp"
#include "signs/generator_maker.hpp"

namespace {

using Rational = std::vector<mpq_class>;

mpq_class product(const Rational& a, const Rational& b) {
    mpq_class sum;
    for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
    return sum;
}

// Whether numbers are those of a positive multiple of the vector, each off by at most its error.
bool is_within(const Rational& x, const Rational& error, const Rational& truth) {
    mpq_class low = 0, high;
    bool is_bounded = false;
    for (std::size_t j = 0; j < truth.size(); ++j) {
        const mpq_class least = x[j] - error[j], most = x[j] + error[j];
        if (truth[j] == 0) {
            if (least > 0 || most < 0) return false;
            continue;
        }
        const mpq_class from = (truth[j] > 0 ? least : most) / truth[j], to = (truth[j] > 0 ? most : least) / truth[j];
        low = std::max(low, from), high = is_bounded ? std::min(high, to) : to;
        is_bounded = true;
    }
    return is_bounded && low <= high && high > 0;
}

bool is_within(const double* x, double eps, const Rational& truth) {
    return is_within(Rational(x, x + truth.size()), Rational(truth.size(), exactly(eps)), truth);
}

bool is_multiple(const ExactVector& x, const Rational& truth) {
    mpq_class factor = 0;
    for (std::size_t j = 0; j < truth.size(); ++j)
        if (truth[j] != 0) factor = x[j] / truth[j];
    for (std::size_t j = 0; j < truth.size(); ++j)
        if (truth[j] * factor != x[j]) return false;
    return factor > 0;
}

// The cell above all hyperplanes of a stage that were cut so far: as the search holds it, and in rationals.
class Lines {
  public:
    Lines(const Context& context, int dim, const std::int8_t* sign)
        : context_(context), dim_(dim), oracle_(dim + 1, 1, sign, true), maker_(dim + 1, 1, oracle_, false),
          basis_(dim + 1, oracle_.twofold_rows()),
          owner_(arena_.take<ExactSlot>(4 * (dim + 2) * (dim + 2)), 4 * (dim + 2) * (dim + 2)), alive_(1),
          facets_(dim + 1), axes_(dim) {
        for (int k = 0; k < dim; ++k) facets_[k + 1] = {{}, &context, nullptr, k, 1, false};
        cell_ = Cell{room(1), &alive_, facets_.data(), dim + 1, room(dim), axes_.data()};
        append(cell_.generators, 0);
        *cell_.generators.incident(0) = 0;
        points_.push_back(unit_vector(0));
        for (int j = 1; j <= dim; ++j) {
            axes_[j - 1] = j;
            append(cell_.lines, j);
            lines_.push_back(unit_vector(j));
        }
        for (int k = 0; k < dim; ++k) {
            const ExactVector& row = context.exact_row(k, dim, sign);
            rows_.emplace_back(row.begin(), row.end());
        }
    }

    // Tell all vectors anew, from doubles that are off by up to `off` of the largest; whether that was possible. The
    // worst error that is left goes to `worst`.
    bool tell_anew(Rng& rng, double off, double& worst) {
        std::vector<std::vector<double>> guesses;
        basis_.begin();
        const auto add = [&](const Facet& facet, const double* x) {
            std::vector<double>& guess = guesses.emplace_back(x, x + dim_ + 1);
            for (double& entry : guess)
                if (entry != 0) entry += off * (static_cast<double>(rng() % 201) / 100 - 1);
            basis_.add(facet.context, facet.local_unit, guess.data());
        };
        for (int i = 0; i < cell_.generators.count; ++i)
            add(facets_[__builtin_ctzll(alive_ & ~*cell_.generators.incident(i))], cell_.generators.x(i));
        for (int i = 0; i < cell_.lines.count; ++i) add({{}, nullptr, nullptr, axes_[i], 0, false}, cell_.lines.x(i));
        if (!basis_.solve(0x1p-100)) return false;
        const int size = dim_ + 1;
        std::vector<double> form(3 * size);
        for (int j = 0; j < size; ++j) {
            const bool is_line = j >= cell_.generators.count;
            const Rational& truth = is_line ? lines_[j - cell_.generators.count] : points_[j];
            if (!basis_.read(j, guesses[j].data(), truth[0] == 0, form.data())) return false;
            Rational value(size), error(size);
            for (int c = 0; c < size; ++c) {
                value[c] = exactly(form[c]) + exactly(form[size + c]), error[c] = exactly(form[2 * size + c]);
                worst = std::max(worst, form[2 * size + c]);
            }
            CHECK(is_within(value, error, truth));
        }
        return true;
    }

    // Cut by the hyperplane of a unit, if it crosses a line.
    void cut(int unit) {
        const Rational& row = rows_[unit];
        int line = -1;
        for (int i = 0; i < cell_.lines.count; ++i) {
            const int side = oracle_.sign_along(cell_, context_, unit, i);
            CHECK(side == sgn(product(row, lines_[i])));
            if (line < 0 && side) line = i;
        }
        if (line < 0) return;
        const Rational along = lines_[line];
        const int side = sgn(product(row, along));
        Generators points = room(cell_.generators.count + 1), lines = room(cell_.lines.count);
        const auto add = [&](const Place& place, int i, Rational& truth, Generators& to) {
            const mpq_class value = product(row, truth), by = value / product(row, along);
            for (int j = 0; j <= dim_; ++j) truth[j] -= by * along[j];
            if (value == 0) return to.take_over(place.generators, i);
            maker_.move(cell_, place, i, context_, unit, line, side, to, slot());
            num_in_doubles += to.tags(to.count - 1).bits == kInexact && to.tags(to.count - 1).eps > 0x1p-51;
        };
        for (int i = 0; i < cell_.generators.count; ++i) {
            add({cell_, cell_.generators}, i, points_[i], points);
            *points.incident(i) = *cell_.generators.incident(i) | std::uint64_t{2} << unit;
        }
        std::vector<int> axes;
        for (int i = 0; i < cell_.lines.count; ++i) {
            if (i == line) continue;
            axes.push_back(axes_[i]);
            add(Place::of_lines(cell_), i, lines_[i], lines);
        }
        maker_.turn(cell_.lines, line, side, points, slot());
        *points.incident(points.count - 1) = alive_;
        points_.push_back(along);
        if (side < 0)
            for (auto& entry : points_.back()) entry = -entry;
        lines_.erase(lines_.begin() + line);
        std::copy(axes.begin(), axes.end(), axes_.begin());
        alive_ |= std::uint64_t{2} << unit;
        cell_.generators = points, cell_.lines = lines;
        compare();
    }

    int num_in_doubles = 0;

  private:
    Generators room(int count) { return Generators::allocate(arena_, count, dim_ + 1, 1); }
    ExactSlot* slot() { return owner_.slots + num_slots_++; }

    Rational unit_vector(int j) const {
        Rational vector(dim_ + 1);
        vector[j] = 1;
        return vector;
    }

    void append(Generators& g, int j) {
        const int k = g.count++;
        std::fill_n(g.x(k), dim_ + 1, 0.0);
        g.x(k)[j] = 0.5;
        g.tags(k) = {0, 0, slot(), 1, j > 0};
    }

    // Doubles are within their bounds, and what is made of the hyperplanes alone is the same in integers.
    void compare() {
        compare({cell_, cell_.generators}, points_);
        compare(Place::of_lines(cell_), lines_);
    }

    void compare(const Place& place, const std::vector<Rational>& truth) {
        CHECK(place.generators.count == static_cast<int>(truth.size()));
        for (int i = 0; i < place.generators.count; ++i) {
            const Tags& tags = place.generators.tags(i);
            CHECK(is_within(place.generators.x(i), tags.eps, truth[i]));
            CHECK(is_multiple(oracle_.exact_generator(place, i), truth[i]));
            ExactVector vector = oracle_.null_vector_of(place, i);
            const mpq_class sense = product(Rational(vector.begin(), vector.end()), truth[i]);
            if (sense < 0)
                for (auto& entry : vector) entry = -entry;
            CHECK(is_multiple(vector, truth[i]));
        }
    }

    const Context& context_;
    const int dim_;
    Arena arena_;
    Predicate<0, 1> oracle_;
    GeneratorMaker<0, 1> maker_;
    DualBasis<0> basis_;
    SlotOwner owner_;
    int num_slots_ = 0;
    std::uint64_t alive_;
    std::vector<Facet> facets_;
    std::vector<int> axes_;
    Cell cell_;
    std::vector<Rational> rows_, points_, lines_;
};

// Rows of the input, each but for `spread` bits a combination of those before it, or of any size.
std::vector<double> rows_of(Rng& rng, int dim, int kind, int spread) {
    std::vector<double> weights =
        kind == 2 ? std::vector<double>(dim * dim) : numbers(rng, dim * dim, kind ? 1 : spread);
    for (int k = 0; k < dim * dim; ++k) {
        if (kind == 2) weights[k] = static_cast<double>(static_cast<int>(rng() % 7) - 3);
        if (kind == 1 && k >= dim) weights[k] = weights[k % dim] + std::ldexp(weights[k], -spread);
        if (rng() % 8 == 0) weights[k] = 0;
    }
    return weights;
}

// Kinds: numbers from 2^-spread to 2^spread; rows that are parallel but for 2^-spread; small integers.
void test_moved_lines(int kind, int spread) {
    Rng rng(90 + kind * 100 + spread);
    int num_in_doubles = 0, num_told_well = 0;
    for (int round = 0; round < 60; ++round) {
        const int dim = 1 + round % 5;
        Network network;
        network.dim = dim;
        network.exponents.assign(dim, 0);
        std::vector<double> constants = numbers(rng, dim, kind ? 0 : spread);
        if (kind == 2)
            for (double& x : constants) x = std::trunc(4 * x);
        add_stage(network, dim, constants, rows_of(rng, dim, kind, spread));
        network.finish();
        const std::vector<std::int8_t> sign(network.num_units + 1, 1);
        const Rows rows(network, sign);
        Lines lines(rows.contexts[0], dim, sign.data());
        for (int unit = 0; unit < dim; ++unit) {
            lines.cut(unit);
            for (const double off : {0.0, 0x1p-50, 0x1p-30, 0x1p-10}) {
                double worst = 0;
                num_told_well += lines.tell_anew(rng, off, worst) && worst < 0x1p-80;
            }
        }
        num_in_doubles += lines.num_in_doubles;
    }
    CHECK((num_in_doubles > 0) == (kind != 2));
    CHECK(num_told_well >= (kind != 1 && spread <= 2 ? 700 : 250));
}

}  // namespace
