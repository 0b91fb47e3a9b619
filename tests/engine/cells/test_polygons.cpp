// Tests of counting in polygons, segments and points: what lines make of them, against clipping in rationals.
//
// The truth needs nothing of what is tested: a polygon is its corners in rationals, a line cuts in two the parts that
// have corners strictly on both of its sides, and facets are the edges of the parts that are left.

#include <array>
#include <set>

#include "networks_on_cells.hpp"
#include "search/search.hpp"

namespace {

using Corner = std::array<mpq_class, 3>;  // homogeneous; the first entry is 0 for a direction
using Corners = std::vector<Corner>;  // in their order around a polygon
using Line = std::array<int, 3>;  // constant and gradient; a wall is positive inside
using Lines = std::vector<Line>;

mpq_class value(const Line& line, const Corner& c) { return line[0] * c[0] + line[1] * c[1] + line[2] * c[2]; }

// -- the truth -----------------------------------------------------------------------------------------------

struct Truth {
    std::int64_t regions = 0, bounded = 0, inner_sides = 0, boundary = 0;
};

// The part of a polygon where a line is not negative, or not positive.
Corners clipped(const Corners& polygon, const Line& line, int side) {
    Corners part;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const Corner &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
        const mpq_class va = side * value(line, a), vb = side * value(line, b);
        if (va >= 0) part.push_back(a);
        if (va * vb >= 0) continue;
        Corner between;
        for (int c = 0; c < 3; ++c) between[c] = abs(vb) * a[c] + abs(va) * b[c];
        part.push_back(between);
    }
    return part;
}

bool is_cut(const Corners& polygon, const Line& line) {
    bool above = false, below = false;
    for (const Corner& c : polygon) above = above || value(line, c) > 0, below = below || value(line, c) < 0;
    return above && below;
}

bool is_edge_on_any(const Lines& lines, const Corner& a, const Corner& b) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const Line& line) { return value(line, a) == 0 && value(line, b) == 0; });
}

Truth truth_of(const Corners& polygon, const Lines& walls, const Lines& lines) {
    std::vector<Corners> parts{polygon};
    for (const Line& line : lines)
        for (std::size_t i = parts.size(); i-- > 0;)
            if (is_cut(parts[i], line)) {
                parts.push_back(clipped(parts[i], line, -1));
                parts[i] = clipped(parts[i], line, 1);
            }
    Truth truth;
    truth.regions = static_cast<std::int64_t>(parts.size());
    for (const Corners& part : parts) {
        truth.bounded += std::none_of(part.begin(), part.end(), [](const Corner& c) { return c[0] == 0; });
        for (std::size_t i = 0; i < part.size(); ++i) {
            const Corner &a = part[i], &b = part[(i + 1) % part.size()];
            const bool is_wall = is_edge_on_any(walls, a, b);
            truth.boundary += is_wall;
            truth.inner_sides += !is_wall && is_edge_on_any(lines, a, b);
        }
    }
    return truth;
}

// -- polygons and lines --------------------------------------------------------------------------------------

struct Shape {
    Corners corners;
    Lines walls;
};

int whole(Rng& rng, int size) { return static_cast<int>(rng() % (2 * size + 1)) - size; }

Line any_line(Rng& rng, int size) {
    Line line{0, 0, 0};
    while (!line[1] && !line[2]) line = {whole(rng, size), whole(rng, size), whole(rng, size)};
    return line;
}

// A square, a quadrant, or half a strip, of which walls around the origin cut something off.
Shape random_shape(Rng& rng) {
    Shape shape;
    const int kind = static_cast<int>(rng() % 3);
    if (kind == 0)
        shape = {{{1, -8, -8}, {1, 8, -8}, {1, 8, 8}, {1, -8, 8}}, {{8, 1, 0}, {8, 0, 1}, {8, -1, 0}, {8, 0, -1}}};
    else if (kind == 1)
        shape = {{{1, -3, -3}, {0, 1, 0}, {0, 0, 1}}, {{3, 1, 0}, {3, 0, 1}}};
    else
        shape = {{{1, -2, -4}, {0, 1, 0}, {1, -2, 4}}, {{2, 1, 0}, {4, 0, 1}, {4, 0, -1}}};
    for (std::uint64_t more = rng() % 4; more; --more) {
        Line wall = any_line(rng, 5);
        wall[0] = 5 + static_cast<int>(rng() % 20);
        if (is_cut(shape.corners, wall)) shape.corners = clipped(shape.corners, wall, 1);
        shape.walls.push_back(wall);
    }
    return shape;
}

// A line through two corners: a diagonal, or along an edge.
Line through(const Corner& a, const Corner& b) {
    std::array<mpq_class, 3> line;
    mpz_class denominator = 1;
    for (int c = 0; c < 3; ++c) {
        line[c] = a[(c + 1) % 3] * b[(c + 2) % 3] - a[(c + 2) % 3] * b[(c + 1) % 3];
        denominator = lcm(denominator, line[c].get_den());
    }
    Line whole_numbers;
    for (int c = 0; c < 3; ++c)
        whole_numbers[c] = static_cast<int>(mpq_class(line[c] * denominator).get_num().get_si());
    return whole_numbers;
}

enum Kind { kGeneric, kSmall, kPencil, kCorners, kWalls, kMixed, kNumKinds };

// Lines in general position; of small numbers; through a point inside; through corners; along walls and other lines.
Line random_line(Rng& rng, const Shape& shape, const Lines& before, Kind kind) {
    if (kind == kMixed) kind = static_cast<Kind>(rng() % kMixed);
    Line line = any_line(rng, kind == kGeneric ? 1000 : 3);
    const Corners& corners = shape.corners;
    const std::size_t i = rng() % corners.size(), j = rng() % corners.size();
    if (kind == kPencil) line[0] = -line[1] - line[2];  // through (1, 1)
    if (kind == kCorners && i != j) line = through(corners[i], corners[j]);
    if (kind == kCorners && i == j) line[0] = 0, line[0] = -static_cast<int>(value(line, corners[i]).get_d());
    if (kind == kWalls && rng() % 2) line = shape.walls[rng() % shape.walls.size()];
    if (kind == kWalls && !before.empty() && rng() % 3 == 0) {
        line = before[rng() % before.size()];
        for (int& entry : line) entry *= -2;
    }
    return line[1] || line[2] ? line : any_line(rng, 3);
}

// -- the order of chord ends alone ---------------------------------------------------------------------------

// A polygon as a section, its corners in any order, values off by as much as their errors say.
Section section_of(Rng& rng, Arena& arena, const Corners& corners, const Lines& lines, double error) {
    const int count = static_cast<int>(corners.size()), rows = static_cast<int>(lines.size());
    std::vector<int> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), rng);
    Section s = Section::allocate(arena, count, rows, 1);
    s.dim = 2;
    s.rows = s.single = bit(rows) - 1;
    std::uint64_t positive = 0, negative = 0;
    for (int i = 0; i < count; ++i) {
        const int at = order[i];
        s.append(i, -1, corners[at][0] == 0);
        s.masks[i] = bit(at) | bit((at + count - 1) % count);
        for (int k = 0; k < rows; ++k) {
            const mpq_class exact = value(lines[k], corners[at]);
            const double off = static_cast<double>(rng() >> 11) * 0x1p-52 - 1, near = exact.get_d();
            s.values_at(i)[k] = near + 0.9 * off * error;
            s.values_at(i)[s.stride + k] = error + std::fabs(near) * 0x1p-52;
            s.points[i].positive |= exact > 0 ? bit(k) : 0, s.points[i].negative |= exact < 0 ? bit(k) : 0;
        }
        positive |= s.points[i].positive, negative |= s.points[i].negative;
    }
    s.cutting = positive & negative;
    *s.facets = bit(count) - 1;
    return s;
}

// What is said of a polygon is true; in general position nearly always something is.
void test_order_of_ends(Kind kind, double error) {
    Rng rng(100 + kind);
    int num_told = 0;
    const int rounds = 400;
    for (int round = 0; round < rounds; ++round) {
        const Shape shape = random_shape(rng);
        Lines lines;
        for (std::uint64_t k = 2 + rng() % 9; k; --k) lines.push_back(random_line(rng, shape, lines, kind));
        Arena arena;
        const Section s = section_of(rng, arena, shape.corners, lines, error);
        Polygon polygon;
        Statistics statistics;
        if (!polygon.count(s, statistics)) continue;
        ++num_told;
        const Truth truth = truth_of(shape.corners, shape.walls, lines);
        const bool is_bounded =
            std::none_of(shape.corners.begin(), shape.corners.end(), [](const Corner& c) { return c[0] == 0; });
        CHECK(1 + polygon.regions == truth.regions);
        CHECK(is_bounded + polygon.bounded == truth.bounded);
        CHECK(2 * polygon.facets == truth.inner_sides);
    }
    if (kind == kGeneric && error < 1e-3) CHECK(num_told > rounds * 9 / 10);
}

// -- whole counts --------------------------------------------------------------------------------------------

// A stage of rows on the input: constants, and one column for each input.
Stage stage_of(int dim, const Lines& lines) {
    Network alone;
    alone.dim = dim;
    std::vector<double> constants, weights;
    for (const Line& line : lines) {
        constants.push_back(line[0]);
        for (int j = 1; j <= dim; ++j) weights.push_back(line[j]);
    }
    add_stage(alone, static_cast<int>(lines.size()), constants, weights);
    return std::move(alone.stages[0]);
}

Result counted(int dim, const Lines& walls, const Lines& lines, bool audit) {
    Network network;
    network.dim = dim;
    network.exponents.assign(dim, 0);
    if (!walls.empty()) network.stages.push_back(stage_of(dim, walls)), network.stages[0].forced = true;
    network.stages.push_back(stage_of(dim, lines));
    network.finish();
    Options options;
    options.audit = audit;
    Control control;
    Search<0, 1> search(network, options, control);
    Result result;
    try {
        search.run({}, result);
    } catch (const ContradictionError&) {
        CHECK(!"the audit found a contradiction");
    }
    CHECK(result.balance == 0);
    return result;
}

// With the audit, which compares both ways of going on from a polygon, and without.
void test_lines_in_polygons(Kind kind) {
    Rng rng(kind);
    for (int round = 0; round < 120; ++round) {
        const Shape shape = random_shape(rng);
        Lines lines;
        for (std::uint64_t k = 3 + rng() % 7; k; --k) lines.push_back(random_line(rng, shape, lines, kind));
        const Truth truth = truth_of(shape.corners, shape.walls, lines);
        for (const bool audit : {false, true}) {
            const Result found = counted(2, shape.walls, lines, audit);
            CHECK(found.regions == truth.regions);
            CHECK(found.bounded == truth.bounded);
            CHECK(found.facet_sides == truth.inner_sides);
            CHECK(found.boundary_facets == truth.boundary);
            CHECK(!audit || found.compared_cells == found.counted_cells);
        }
    }
}

// A segment or a ray from 0 on, cut in points, some of them the same and some at its ends.
void test_points_of_segments() {
    Rng rng(5);
    for (int round = 0; round < 400; ++round) {
        const int length = 1 + static_cast<int>(rng() % 4);
        const bool is_ray = rng() % 2;
        Lines walls{{0, 1, 0}}, lines;
        if (!is_ray) walls.push_back({length, -1, 0});
        for (std::uint64_t k = 1 + rng() % 12; k; --k) lines.push_back({whole(rng, 4), whole(rng, 3), 0});
        std::set<mpq_class> points;
        for (const Line& line : lines) {
            if (!line[1]) continue;
            mpq_class at(-line[0], line[1]);
            at.canonicalize();
            if (at > 0 && (is_ray || at < length)) points.insert(at);
        }
        const auto count = static_cast<std::int64_t>(points.size());
        const Result found = counted(1, walls, lines, round % 2);
        CHECK(found.regions == 1 + count);
        CHECK(found.bounded == 1 + count - is_ray);
        CHECK(found.facet_sides == 2 * count);
        CHECK(found.boundary_facets == 2 - is_ray);
    }
}

// Without inputs all is one point, whatever the signs of the constants.
void test_a_point() {
    const Result found = counted(0, {}, {{1, 0, 0}, {0, 0, 0}, {-1, 0, 0}}, true);
    CHECK(found.regions == 1 && found.bounded == 1 && found.facet_sides == 0);
}

}  // namespace

int main() {
    for (int kind = 0; kind < kNumKinds; ++kind)
        for (const double error : {0.0, 1e-9, 1e-2, 1.0}) test_order_of_ends(static_cast<Kind>(kind), error);
    for (int kind = 0; kind < kNumKinds; ++kind) test_lines_in_polygons(static_cast<Kind>(kind));
    test_points_of_segments();
    test_a_point();
    std::printf("%d checks, %d failed\n", num_checked, num_failed);
    return num_failed ? 1 : 0;
}
