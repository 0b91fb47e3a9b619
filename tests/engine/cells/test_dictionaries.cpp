// Tests of the bounds on which the search with dictionaries rests, against exact arithmetic, at sums that are as near
// to 0 as doubles come.

#include <cstdio>
#include <random>

#include "_dictionaries/kernel.hpp"
#include "_dictionaries/long_steps.hpp"
#include "_dictionaries/proofs.hpp"
#include "_dictionaries/ties.hpp"
#include "pivots_and_conflicts.hpp"
#include "rays_near_others.hpp"

namespace {

double number(Rng& rng, int spread) {
    const double size = std::uniform_real_distribution<>(1, 2)(rng);
    const int exponent = std::uniform_int_distribution<>(-spread, spread)(rng);
    return std::ldexp(rng() % 2 ? size : -size, exponent);
}

Box random_box(Rng& rng, int dim, int spread) {
    Network network;
    network.dim = dim;
    Box box;
    box.read(network, nullptr);
    for (int j = 0; j < dim; ++j) {
        const double a = number(rng, spread), b = number(rng, spread);
        mpq_class low(std::min(a, b)), high(std::max(a, b));
        box.tighten(j, false, low / 3);  // no doubles
        box.tighten(j, true, high / 3 + mpq_class(1, 7));
    }
    box.exact = box.hull;
    box.derive();
    return box;
}

// A row in doubles whose true entries are off by c R, in the worst direction for a proof or a random one.
struct Row {
    std::vector<double> computed, majorant;
    std::vector<mpq_class> exact;
    Slot slot{};

    Row(Rng& rng, const Box& box, int dim, int spread, double c) {
        computed.assign(box.width(), 0.0), majorant.assign(box.width(), 0.0);
        for (int j = 0; j <= dim; ++j) computed[j] = number(rng, spread), majorant[j] = std::fabs(computed[j]) * 1.5;
        set_exact(rng, c);
        slot.row = computed.data(), slot.majorant = majorant.data(), slot.relative_error = c, slot.side = 1;
        measure(box, c);
    }
    void set_exact(Rng& rng, double c) {
        exact.clear();
        for (std::size_t j = 0; j < computed.size(); ++j)
            exact.push_back(mpq_class(computed[j]) + mpq_class(rng() % 2 ? c : -c) * mpq_class(majorant[j]));
    }
    void measure(const Box& box, double c) {
        double sum = 0;
        for (std::size_t j = 0; j < computed.size(); ++j)
            if (majorant[j] != 0) sum += majorant[j] * box.reach[j];
        sum *= 1 + 0x1p-20;
        slot.size = sum * (1 + c), slot.error = c * sum;
    }
};

void a_combination_called_negative_is_negative() {
    Rng rng(1);
    int num_negative = 0, num_near = 0;
    for (int trial = 0; trial < 20000; ++trial) {
        const int dim = 1 + static_cast<int>(rng() % 11), count = static_cast<int>(rng() % 9);
        const int spread = trial % 3 ? 1 : 12;
        const double c = trial % 2 ? 0 : 0x1p-49;
        const Box box = random_box(rng, dim, spread);
        Row target(rng, box, dim, spread, c);
        std::vector<Row> rows;
        std::vector<double> factors;
        rows.reserve(count);
        for (int i = 0; i < count; ++i) {
            rows.emplace_back(rng, box, dim, spread, c);
            rows.back().slot.row = rows.back().computed.data(), rows.back().slot.majorant = rows.back().majorant.data();
            factors.push_back(std::fabs(number(rng, spread)));
        }
        const auto largest = [&] {
            std::vector<mpq_class> sum(target.exact.begin(), target.exact.begin() + dim + 1);
            for (int i = 0; i < count; ++i)
                for (int j = 0; j <= dim; ++j) sum[j] += mpq_class(factors[i]) * rows[i].exact[j];
            return *largest_in(box.hull, sum);
        };
        // Move the target so that its largest value is a rounding error, or some of the margins, on either side of 0.
        double error = target.slot.error, size = target.slot.size;
        for (int i = 0; i < count; ++i)
            error += factors[i] * rows[i].slot.error, size += factors[i] * rows[i].slot.size;
        const double margin = Combination::margin(error, size, count, box.width());
        const int shifts[] = {0, 0, 1, -1, -4};
        target.computed[0] -= mpq_class(largest()).get_d();
        target.computed[0] += margin * shifts[trial % 5];
        target.majorant[0] = std::max(target.majorant[0], std::fabs(target.computed[0]));
        target.set_exact(rng, c);
        target.measure(box, c);
        Combination combination(box);
        combination.begin(target.slot, 1);
        for (int i = 0; i < count; ++i) combination.add(rows[i].slot, factors[i]);
        const bool is_negative = combination.is_negative();
        num_negative += is_negative, num_near += !is_negative;
        CHECK(!is_negative || largest() < 0);
    }
    CHECK(num_negative > 1000);  // far enough below 0 it is found to be
    CHECK(num_near > 1000);
}

void a_point_called_beyond_is_beyond() {
    Rng rng(2);
    int num_beyond = 0;
    for (int trial = 0; trial < 20000; ++trial) {
        const int dim = 1 + static_cast<int>(rng() % 11), spread = trial % 3 ? 1 : 12;
        const double c = trial % 2 ? 0 : 0x1p-49;
        const Box box = random_box(rng, dim, spread);
        Row row(rng, box, dim, spread, c);
        std::vector<double> point(box.width(), 0.0);
        point[0] = 1;
        for (int j = 1; j <= dim; ++j) point[j] = number(rng, spread);
        const auto value = [&] {
            mpq_class sum;
            for (int j = 0; j <= dim; ++j) sum += row.exact[j] * mpq_class(point[j]);
            return sum;
        };
        const double size = std::fabs(row.computed[0]) + row.slot.size;
        row.computed[0] -= mpq_class(value()).get_d();
        row.computed[0] += size * std::ldexp(1.0, -52 + static_cast<int>(rng() % 12));
        row.majorant[0] = std::max(row.majorant[0], std::fabs(row.computed[0]));
        row.set_exact(rng, c);
        const bool is_beyond = is_surely_beyond(row.slot, 1, point.data(), box.width());
        num_beyond += is_beyond;
        CHECK(!is_beyond || value() > 0);
        CHECK(!is_surely_beyond(row.slot, -1, point.data(), box.width()) || value() < 0);
    }
    CHECK(num_beyond > 1000);
}

void a_point_called_inside_the_box_is_inside() {
    Rng rng(3);
    for (int trial = 0; trial < 5000; ++trial) {
        const Box box = random_box(rng, 1, 12);
        for (const double near : {box.bounds.lower[0], box.bounds.upper[0]}) {
            double x = near;
            for (int step = 0; step < 8; ++step) x = std::nextafter(x, rng() % 2 ? 1e300 : -1e300);
            const double point[] = {1, x, 0, 0};
            const bool is_in = is_surely_in(box, point);
            CHECK(!is_in || (mpq_class(x) > box.exact.lower[0] && mpq_class(x) < box.exact.upper[0]));
        }
        CHECK(mpq_class(box.centre[1]) - mpq_class(box.radius[1]) <= box.exact.lower[0]);
        CHECK(mpq_class(box.centre[1]) + mpq_class(box.radius[1]) >= box.exact.upper[0]);
        CHECK(abs(box.exact.lower[0]) <= box.reach[1] && abs(box.exact.upper[0]) <= box.reach[1]);
    }
}

// The y with sum of y_i rows_i = -target in entries 1 to m, exactly; none where the rows depend on one another.
std::vector<mpq_class> exact_multipliers(const std::vector<Row>& rows, const Row& target) {
    const std::size_t m = rows.size();
    std::vector<std::vector<mpq_class>> system(m, std::vector<mpq_class>(m + 1));
    for (std::size_t j = 0; j < m; ++j) {
        for (std::size_t i = 0; i < m; ++i) system[j][i] = rows[i].exact[j + 1];
        system[j][m] = -target.exact[j + 1];
    }
    for (std::size_t k = 0; k < m; ++k) {
        std::size_t pivot = k;
        while (pivot < m && system[pivot][k] == 0) ++pivot;
        if (pivot == m) return {};
        std::swap(system[k], system[pivot]);
        for (std::size_t i = 0; i < m; ++i) {
            if (i == k) continue;
            const mpq_class factor = system[i][k] / system[k][k];
            for (std::size_t j = k; j <= m; ++j) system[i][j] -= factor * system[k][j];
        }
    }
    std::vector<mpq_class> y;
    for (std::size_t i = 0; i < m; ++i) y.push_back(system[i][m] / system[i][i]);
    return y;
}

BoundedRow bounded(const Row& row) { return {row.computed.data(), row.majorant.data(), 1.0, row.slot.relative_error}; }

// Multipliers from nearly 0 to large, of rows that may be nearly dependent; and constants that nearly cancel.
void an_identity_that_is_solved_has_positive_multipliers() {
    Rng rng(4);
    int num_solved = 0, num_left = 0, num_negative = 0;
    for (int trial = 0; trial < 6000; ++trial) {
        const int m = 1 + static_cast<int>(rng() % 6);
        const double c = trial % 2 ? 0 : 0x1p-49;
        const Box box = random_box(rng, m, 1);
        std::vector<Row> rows;
        rows.reserve(m);
        for (int i = 0; i < m; ++i) {
            rows.emplace_back(rng, box, m, 1, c);
            if (i && trial % 5 == 0)  // nearly the row before
                for (int j = 1; j <= m; ++j) {
                    rows[i].computed[j] = rows[i - 1].computed[j] + std::ldexp(rows[i].computed[j], -40);
                    rows[i].majorant[j] = 1.5 * std::fabs(rows[i].computed[j]);
                }
            rows[i].set_exact(rng, c);
        }
        Row target(rng, box, m, 1, c);
        std::vector<double> wanted(m);
        for (int i = 0; i < m; ++i)
            wanted[i] = std::ldexp(1.0 + i, i || trial % 3 ? 0 : -44 - static_cast<int>(rng() % 14));
        for (int j = 0; j <= m; ++j) {
            mpq_class sum;
            for (int i = 0; i < m; ++i) sum -= mpq_class(wanted[i]) * rows[i].exact[j];
            if (!j)
                sum += mpq_class(std::ldexp(static_cast<double>(rng() % 65) - 48, -48 + static_cast<int>(rng() % 10)));
            target.computed[j] = sum.get_d();
            target.majorant[j] = 1.5 * std::fabs(target.computed[j]) + 0x1p-40;
        }
        target.set_exact(rng, c);
        std::vector<BoundedRow> given;
        std::vector<int> on;
        for (int i = 0; i < m; ++i) given.push_back(bounded(rows[i])), on.push_back(i + 1);
        const BoundedRow asked = bounded(target);
        Identity identity(box);
        const bool is_solved = identity.solve(asked, given, on, m);
        num_solved += is_solved, num_left += !is_solved;
        if (!is_solved) continue;
        const auto y = exact_multipliers(rows, target);
        CHECK(!y.empty());
        mpq_class constant = target.exact[0];
        for (std::size_t i = 0; i < y.size(); ++i) {
            CHECK(y[i] > 0);
            constant += y[i] * rows[i].exact[0];
        }
        const bool is_negative = identity.is_negative(on);
        num_negative += is_negative;
        CHECK(!is_negative || constant < 0);
        CHECK(!identity.is_zero());
    }
    CHECK(num_solved > 2000);
    CHECK(num_left > 500);
    CHECK(num_negative > 500);
}

// [-1, inf)^2.
Box from_minus_one() {
    Network network;
    network.dim = 2;
    Box box;
    box.read(network, nullptr);
    for (const int j : {0, 1}) box.tighten(j, false, -1);
    box.exact = box.hull;
    box.derive();
    return box;
}

// On x >= 3 the largest value of 1 - x + slope y is -2 - slope, at y = -1; or there is none, as far as is known.
void an_input_with_one_bound_counts_from_there_on() {
    const Box half = from_minus_one();
    const std::vector<double> wall{-3, 1, 0, 0}, of_wall{3, 1, 0, 0};
    const std::vector<BoundedRow> walls{{wall.data(), of_wall.data(), 1, 0}};
    Identity identity(half);
    const auto is_negative = [&](double slope, double c) {
        const std::vector<double> asked{1, -1, slope, 0}, of_asked{1, 1, 1, 0};
        return identity.solve({asked.data(), of_asked.data(), 1, c}, walls, {1}, 2) && identity.is_negative({1});
    };
    for (const double slope : {-3.0, -2.0, 0.0, 0x1p-30, 1.0}) CHECK(!is_negative(slope, 0));
    for (const double slope : {-1.75, -1.0, -0x1p-30}) CHECK(is_negative(slope, 0));
    CHECK(is_negative(-1.0, 0x1p-29));
    CHECK(!is_negative(-0x1p-30, 0x1p-29));
}

// Entries so small, in units of their row, that they round to 0, on inputs that reach far.
void what_underflows_proves_nothing() {
    const Box half = from_minus_one();
    // On x >= 3 nothing bounds 2^-600 y - 2^600 x.
    const std::vector<double> wall{-3, 1, 0, 0}, of_wall{3, 1, 0, 0};
    const std::vector<double> asked{0, -0x1p600, 0x1p-600, 0}, of_asked{0, 0x1p600, 0x1p-600, 0};
    const std::vector<BoundedRow> walls{{wall.data(), of_wall.data(), 0.5, 0}};
    Identity identity(half);
    CHECK(!identity.solve({asked.data(), of_asked.data(), 0x1p-601, 0}, walls, {1}, 2) || !identity.is_negative({1}));
    const std::vector<double> plain{0, -2, 0, 0}, of_plain{0, 2, 0, 0};
    CHECK(identity.solve({plain.data(), of_plain.data(), 0.5, 0}, walls, {1}, 1) && identity.is_negative({1}));

    Box wide = half;
    wide.tighten(0, true, 1), wide.tighten(1, true, mpq_class(0x1p600));
    wide.exact = wide.hull;
    wide.derive();
    // -2^-500 + 2^-1000 (2^-80 y) is positive at y = 2^600.
    const std::vector<double> low{-0x1p-500, 0, 0, 0}, of_low{0x1p-500, 0, 0, 0};
    const std::vector<double> rise{0, 0, 0x1p-80, 0}, of_rise{0, 0, 0x1p-80, 0};
    Slot target{}, row{};
    target.row = low.data(), target.majorant = of_low.data(), target.size = 0x1p-500;
    row.row = rise.data(), row.majorant = of_rise.data(), row.size = 0x1p520, row.side = 1;
    Combination combination(wide);
    combination.begin(target, 1);
    combination.add(row, 0x1p-1000);
    CHECK(!combination.is_negative());
}

// Where rows vanish near a point, what other rows are there at the most.
void a_kernel_is_as_near_as_it_says() {
    Rng rng(5);
    int num_solved = 0;
    for (int trial = 0; trial < 4000; ++trial) {
        const int dim = 2 + static_cast<int>(rng() % 5), m = 1 + static_cast<int>(rng() % (dim - 1));
        const double c = trial % 2 ? 0 : 0x1p-49;
        const Box box = random_box(rng, dim, 1);
        std::vector<Row> rows;
        rows.reserve(m);
        for (int i = 0; i < m; ++i) rows.emplace_back(rng, box, dim, 1, c);
        std::vector<double> at(box.width(), 0.0);
        for (int j = 1; j <= dim; ++j) at[j] = number(rng, 1);
        // About where they vanish, by moving the first m coordinates.
        Row values = rows[0];
        for (int i = 0; i < m; ++i) {
            mpq_class sum;
            for (int j = m + 1; j <= dim; ++j) sum += rows[i].exact[j] * mpq_class(at[j]);
            values.exact[i + 1] = sum;
        }
        std::vector<Row> columns = rows;
        for (int i = 0; i < m; ++i)
            for (int j = 0; j < m; ++j) columns[i].exact[j + 1] = rows[j].exact[i + 1];
        const auto exact = exact_multipliers(columns, values);
        if (exact.empty()) continue;
        for (int i = 0; i < m; ++i) at[i + 1] = exact[i].get_d() + std::ldexp(number(rng, 1), -45);
        std::vector<BoundedRow> given;
        for (const Row& row : rows) given.push_back(bounded(row));
        Kernel kernel;
        const auto never = [](std::size_t, const std::vector<std::size_t>&) { return false; };
        if (!kernel.solve(given, at, dim, m, never)) continue;
        ++num_solved;
        // Rows that are multiples of those that vanish are 0 there, so that the change makes up for what they are.
        for (const Row& row : rows) {
            mpq_class here;
            for (int j = 1; j <= dim; ++j) here += row.exact[j] * mpq_class(at[j]);
            CHECK(abs(here) <= mpq_class(kernel.change(bounded(row))));
        }
        // A row that repeats another one depends on that alone; no row does where there are no more than dimensions.
        given.push_back(given.front());
        std::size_t num_asked = 0;
        const auto always = [&](std::size_t row, const std::vector<std::size_t>& others) {
            CHECK(row == given.size() - 1 && others == std::vector<std::size_t>{0});
            return ++num_asked, true;
        };
        CHECK(!kernel.solve(given, at, dim, m + 1, never));
        CHECK(kernel.solve(given, at, dim, m + 1, always) && num_asked == 1);
        CHECK(kernel.solve(given, at, dim, m, always) && num_asked == 1);
    }
    CHECK(num_solved > 2000);
}

// Along an axis, and at a bound: a wall's combination is negative only where no point of the wall is in the cell.
void a_bound_called_out_of_reach_is_out_of_reach() {
    Rng rng(6);
    int num_negative = 0;
    for (int trial = 0; trial < 5000; ++trial) {
        const int dim = 1 + static_cast<int>(rng() % 6), input = static_cast<int>(rng() % dim);
        const bool is_upper = rng() % 2;
        const double c = trial % 2 ? 0 : 0x1p-49;
        const Box box = random_box(rng, dim, 1);
        Row row(rng, box, dim, 1, c);
        const double factor = std::fabs(number(rng, 2));
        const auto largest = [&] {
            std::vector<mpq_class> sum(dim + 1);
            for (int j = 0; j <= dim; ++j) sum[j] = mpq_class(factor) * row.exact[j];
            const mpq_class& bound = (is_upper ? box.exact.upper : box.exact.lower)[input];
            sum[0] += is_upper ? mpq_class(-bound) : bound;
            sum[input + 1] += is_upper ? 1 : -1;
            return *largest_in(box.hull, sum);
        };
        row.computed[0] -= mpq_class(largest() / mpq_class(factor)).get_d();
        row.computed[0] += std::ldexp(static_cast<double>(rng() % 33) - 24, -46);
        row.majorant[0] = std::max(row.majorant[0], std::fabs(row.computed[0]));
        row.set_exact(rng, c);
        row.measure(box, c);
        Combination combination(box);
        combination.begin(input, is_upper);
        combination.add(row.slot, factor);
        num_negative += combination.is_negative();
        CHECK(!combination.is_negative() || largest() < 0);
    }
    CHECK(num_negative > 500);
}

// Long steps over as many inputs as leave a part of the breakpoints aside, against the simplex method in rationals.
// Several inputs are alike, so that many reduced costs change sign at once; some have one bound only.
void long_steps_end_at_the_optimum() {
    Rng rng(7);
    int num_reached = 0;
    for (int trial = 0; trial < 60; ++trial) {
        const int dim = 33 + static_cast<int>(rng() % 60), rows = 1 + static_cast<int>(rng() % 4), goal = dim + rows;
        Bounds<double> bounds;
        Bounds<mpq_class> exact_bounds;
        bounds.resize(goal + 1), exact_bounds.resize(goal + 1);
        std::vector<double> at(dim);
        for (int v = 0; v < goal; ++v) {
            bounds.has_lower[v] = 1, bounds.has_upper[v] = v < dim && v % 16;
            bounds.lower[v] = v < dim ? -1 : 0, bounds.upper[v] = static_cast<double>(rng() % 4) / 2;
            if (v < dim) at[v] = bounds.lower[v];
            exact_bounds.lower[v] = bounds.lower[v], exact_bounds.upper[v] = bounds.upper[v];
        }
        exact_bounds.has_lower = bounds.has_lower, exact_bounds.has_upper = bounds.has_upper;
        Dictionary<double> dictionary;
        Dictionary<mpq_class> exact;
        dictionary.reset(at), exact.reset({at.begin(), at.end()});
        for (int i = 0; i <= rows; ++i) {
            std::vector<double> weights(dim);
            double value = i < rows ? 1 : 0;
            for (int j = 0; j < dim; ++j) {
                weights[j] = static_cast<double>(rng() % 17) - 8;
                if (trial % 3 == 0 && j % 4) weights[j] = weights[j - j % 4];
                if (i == rows && j % 16 == 0)
                    weights[j] = -std::fabs(weights[j]);  // no upper bound: it is bounded all the same
            }
            dictionary.add_row(dim + i, weights.data(), value);
            const std::vector<mpq_class> same(weights.begin(), weights.end());
            exact.add_row(dim + i, same.data(), value);
        }
        const auto nothing = [] {};
        const Outcome proved = exact.improve(goal, 1, false, 1000000, exact_bounds, nothing);
        LongSteps steps;
        const Outcome outcome = steps.solve(dictionary, goal, 1, 1e6, -1e6, bounds, [] { return false; });
        if (proved != Outcome::kOptimal || outcome == Outcome::kStuck) continue;
        ++num_reached;
        const double most = exact.value_of(goal).get_d();
        CHECK(outcome == Outcome::kOptimal);
        CHECK(std::fabs(dictionary.value_of(goal) - most) <= 1e-9 * (1 + std::fabs(most)));
        for (int v = 0; v < goal; ++v) {
            CHECK(dictionary.value_of(v) >= bounds.lower[v] - 1e-9);
            CHECK(!bounds.has_upper[v] || dictionary.value_of(v) <= bounds.upper[v] + 1e-9);
        }
        const Outcome ended = steps.solve(dictionary, goal, -1, 1e6, -1e6, bounds, [] { return true; });
        CHECK(ended == Outcome::kReached || ended == Outcome::kStuck);
    }
    CHECK(num_reached > 30);
}

}  // namespace

int main() {
    a_combination_called_negative_is_negative();
    a_point_called_beyond_is_beyond();
    a_point_called_inside_the_box_is_inside();
    an_identity_that_is_solved_has_positive_multipliers();
    an_input_with_one_bound_counts_from_there_on();
    what_underflows_proves_nothing();
    a_kernel_is_as_near_as_it_says();
    a_bound_called_out_of_reach_is_out_of_reach();
    long_steps_end_at_the_optimum();
    pivots_end_at_the_optimum();
    a_conflict_rules_out_its_last_sign();
    a_row_called_rising_rises();
    std::printf("%d checks, %d failed\n", num_checked, num_failed);
    return num_failed ? 1 : 0;
}
