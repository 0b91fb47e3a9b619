"""The splitter: cells by hand, results that do not depend on threads, cells with many facets, thin regions."""

from dataclasses import fields
from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
import pytest

import relureg
from relureg import Complex, Domain, Network, count_regions, enumerate_regions
from relureg.errors import DomainError
from relureg.exact.rational import RationalMatrix

Rows = list[list[Fraction]]


def _one_stage(rows: Rows, biases: list[Fraction]) -> Network:
    return Network.from_layers(
        [RationalMatrix.from_fractions(rows, len(rows[0])), [[1] * len(rows)]],
        [RationalMatrix.from_fractions([[bias] for bias in biases], 1), [0]],
    )


def _gaussian(seed: int, *widths: int) -> Network:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(n, m)).astype(np.float32) for m, n in pairwise(widths)]
    return Network.from_layers(weights, [rng.normal(size=len(weight)).astype(np.float32) for weight in weights])


def _assert_proven(cells: Complex) -> None:
    passed = {check.name: check.passed for check in cells.checks}
    assert passed["witnesses"] is True
    assert passed["watertight"] is True
    assert False not in passed.values()


# -- cells by hand -------------------------------------------------------------------------------------


def test_regions_come_in_the_order_of_their_sign_vectors() -> None:
    cells = enumerate_regions(Network.from_layers([[[1], [1]], [[1, 1]]], [[0, -1], [0]]), engine="split")
    assert cells.engine == "split"
    assert cells.records.signs.tolist() == [[-1, -1], [1, -1], [1, 1]]
    assert cells.records.bounded.tolist() == [False, True, False]


def test_dead_duplicate_and_opposite_units() -> None:
    """relu(x), relu(x), relu(2x), relu(-x), relu(0), relu(-1): two regions, one facet on all but the last."""
    network = Network.from_layers([[[1], [1], [2], [-1], [0], [0]], [[1] * 6]], [[0, 0, 0, 0, 0, -1], [0]])
    cells = enumerate_regions(network, engine="split", audit=True)
    assert cells.records.signs.tolist() == [[-1, -1, -1, 1, 0, -1], [1, 1, 1, -1, 0, -1]]
    assert cells.facets.num_inner == 1
    assert cells.records.facet_units.tolist() == [0, 1, 2, 3, 4] * 2


def test_a_unit_that_vanishes_on_a_whole_region_has_sign_zero_there() -> None:
    """relu(relu(x)): where x < 0 the second unit is 0, not negative."""
    network = Network.from_layers([[[1]], [[1]], [[1]]], [[0], [0], [0]])
    cells = enumerate_regions(network, engine="split", audit=True)
    assert cells.records.signs.tolist() == [[-1, 0], [1, 1]]
    assert [cells.pattern(region) for region in range(2)] == ["0|0", "1|1"]


def test_a_unit_that_vanishes_everywhere() -> None:
    """relu(x) - relu(x) as a unit of its own, between others."""
    network = Network.from_layers([[[1], [1]], [[1, -1], [1, 1]], [[1, 1]]], [[0, 0], [0, -1], [0]])
    cells = enumerate_regions(network, engine="split", audit=True)
    assert cells.records.signs.tolist() == [[-1, -1, 0, -1], [1, 1, 0, -1], [1, 1, 0, 1]]
    assert count_regions(network).per_stage == (2, 3)


def test_no_hidden_layer_is_one_region() -> None:
    network = Network.from_layers([[[1, 2]]], [[3]])
    cells = enumerate_regions(network, engine="split")
    assert (cells.num_regions, cells.num_unbounded, cells.facets.num_inner) == (1, 1, 0)
    boxed = enumerate_regions(network, Domain.box([0, 0], [1, 1]), engine="split")
    assert (boxed.num_regions, boxed.num_bounded, boxed.facets.num_boundary) == (1, 1, 4)
    count = count_regions(network, Domain.box([0, 0], [1, 1]))
    assert (count.num_regions, count.num_bounded, count.num_facets, count.per_stage) == (1, 1, 0, ())


def test_units_without_weights_are_one_region() -> None:
    cells = enumerate_regions(Network.from_layers([[[0], [0]], [[1, 1]]], [[1, -1], [0]]), engine="split")
    assert (cells.num_regions, cells.num_bounded, cells.essential_dim) == (1, 0, 0)
    assert cells.pattern(0) == "10"


def test_a_wall_on_a_unit() -> None:
    """x >= 0 as domain and relu(x): the unit never changes sign, its hyperplane is the boundary."""
    network = Network.from_layers([[[1], [1]], [[1, 1]]], [[0, -1], [0]])
    cells = enumerate_regions(network, Domain.polytope([[-1]], [0]), engine="split", audit=True)
    assert cells.records.signs.tolist() == [[1, -1], [1, 1]]
    assert (cells.facets.num_inner, cells.facets.num_boundary) == (1, 1)


@pytest.mark.parametrize(
    ("rows", "bounds"),
    [
        ([[1], [-1]], [0, 0]),  # a point
        ([[1], [-1]], [0, -1]),  # empty
        ([[0]], [-1]),  # 0 <= -1
        ([[1], [0]], [1, -1]),
    ],
)
def test_a_domain_without_interior(rows: list[list[int]], bounds: list[int]) -> None:
    network = Network.from_layers([[[1]], [[1]]], [[0], [0]])
    domain = Domain.polytope(rows, bounds)
    for jobs in (1, 2):
        with pytest.raises(DomainError, match=r"no interior|is empty"):
            enumerate_regions(network, domain, engine="split", jobs=jobs)
        with pytest.raises(DomainError, match=r"no interior|is empty"):
            count_regions(network, domain, engine="split", jobs=jobs)


@pytest.mark.parametrize(
    ("rows", "bounds"), [([[0, 0]], [0]), ([[0, 0]], [1]), ([[0, 0], [1, 0]], [0, 1]), ([[0, 0], [1, 0]], [2, 1])]
)
def test_walls_without_normal_mean_the_same_to_both_engines(rows: list[list[int]], bounds: list[int]) -> None:
    network = Network.from_layers([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]])
    domain = Domain.polytope(rows, bounds)
    found: list[object] = []
    for engine in ("lp", "split"):
        try:
            cells = enumerate_regions(network, domain, engine=engine)
        except DomainError as error:
            found.append(str(error))
        else:
            _assert_proven(cells)
            found.append(cells.records.signs.tolist())
    assert found[0] == found[1]


def test_a_box_without_bounds_is_the_whole_space() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    infinite = [float("inf")] * 2
    everywhere = enumerate_regions(network, Domain.box([-x for x in infinite], infinite), engine="split")
    assert (everywhere.num_regions, everywhere.facets.num_boundary) == (49, 0)


def test_more_stages_than_bits_of_a_word() -> None:
    """A chain of relu(h - 1): one breakpoint a stage; and of relu(h), where later stages add none."""
    depth = 150
    shrinking = Network.from_layers([[[1]]] * (depth + 1), [[-1]] * (depth + 1))
    assert count_regions(shrinking, audit=True).per_stage == tuple(range(2, depth + 2))
    same = Network.from_layers([[[1]]] * (depth + 1), [[0]] * (depth + 1))
    cells = enumerate_regions(same, engine="split", audit=True)
    assert cells.records.signs.tolist() == [[-1] + [0] * (depth - 1), [1] * depth]


# -- threads -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("rand_3-16-16-1", None),
        ("rand_4-12-12-1", Domain.box([-1] * 4, [1] * 4)),
        ("int_3-6-6-1", None),
        ("nobias_3-8-1", None),
        ("rand_2-100-1", None),
    ],
)
def test_results_do_not_depend_on_the_number_of_threads(name: str, domain: Domain | None) -> None:
    """Bit for bit: every column, in the same order, the interior points too."""
    network = relureg.load(f"fixtures/truth/{name}.json")
    first, *others = (enumerate_regions(network, domain, engine="split", jobs=jobs) for jobs in (1, 2, 3, 8))
    for other in others:
        for column in fields(first.records):
            one, two = getattr(first.records, column.name), getattr(other.records, column.name)
            assert np.array_equal(one, two) if isinstance(one, np.ndarray) else one == two
    counts = [count_regions(network, domain, jobs=jobs) for jobs in (1, 2, 3, 8)]
    assert len({(c.num_regions, c.num_bounded, c.num_facets, c.per_stage, c.predicates) for c in counts}) == 1
    assert counts[0].num_regions == first.num_regions


def test_more_threads_than_work() -> None:
    assert count_regions(relureg.load("fixtures/truth/xor.json"), jobs=64).num_regions == 3
    assert count_regions(Network.from_layers([[[1, 2]]], [[3]]), jobs=8).num_regions == 1


# -- cells with many facets ----------------------------------------------------------------------------


def _tangent_lines(count: int) -> Rows:
    """Unit normals of lines that touch the unit circle; no two are parallel, no three meet in one point."""
    slopes = (3 * Fraction(2 * i - count + 1, count) for i in range(count))
    return [[(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)] for t in slopes]


def _tangent_planes(count: int) -> Rows:
    """Unit normals of planes that touch the unit sphere, in general position."""
    rng = np.random.default_rng(5)
    rows = []
    for p, q in rng.integers(-10_000, 10_000, (count, 2)).tolist():
        u, v = Fraction(p, 4_999), Fraction(q, 4_999)
        scale = 1 + u * u + v * v
        rows.append([2 * u / scale, 2 * v / scale, (1 - u * u - v * v) / scale])
    return rows


@pytest.mark.parametrize("count", [63, 64, 65, 130])
def test_a_polygon_with_many_edges(count: int) -> None:
    """Lines round a circle bound a cell that one word of bits cannot hold; 130 take long to decide both ways."""
    network = _one_stage(_tangent_lines(count), [Fraction(1)] * count)
    cells = enumerate_regions(network, engine="split", audit=count < 130)
    assert cells.num_regions == 1 + count + comb(count, 2)
    assert cells.facets.num_inner == count**2
    inside = cells.num_regions - 1  # all signs +
    assert cells.graph.degrees[inside] == count == cells.graph.degrees.max()
    assert int((cells.graph.degrees > 4).sum()) == 1
    _assert_proven(cells)


def test_a_polyhedron_with_many_faces() -> None:
    count = 70
    network = _one_stage(_tangent_planes(count), [Fraction(1)] * count)
    counted = count_regions(network, jobs=2)
    assert counted.num_regions == 1 + count + comb(count, 2) + comb(count, 3)
    assert counted.num_facets == count * (1 + count - 1 + comb(count - 1, 2))
    cells = enumerate_regions(network, engine="split", jobs=2)
    assert cells.graph.degrees[-1] == count == cells.graph.degrees.max()
    assert cells.facets.num_inner == counted.num_facets
    _assert_proven(cells)


@pytest.mark.parametrize(("dim", "count"), [(2, 100), (3, 66)])
def test_a_domain_with_more_walls_than_a_word_has_bits(dim: int, count: int) -> None:
    walls = _tangent_lines(count) if dim == 2 else _tangent_planes(count)
    domain = Domain.polytope([[-x for x in row] for row in walls], [1] * count)
    network = relureg.load(f"fixtures/truth/int_{dim}-6-6-1.json")
    whole = enumerate_regions(Network.from_layers([np.zeros((1, dim))], [[1]]), domain, engine="split", audit=True)
    assert (whole.num_regions, whole.num_bounded, whole.facets.num_boundary) == (1, 1, count)
    for jobs in (1, 2):
        cells = enumerate_regions(network, domain, engine="split", jobs=jobs)
        _assert_proven(cells)
        count = count_regions(network, domain, jobs=jobs)
        assert (count.num_regions, count.num_facets) == (cells.num_regions, cells.facets.num_inner)
        assert count.checks[0].detail.endswith(f"{cells.facets.num_boundary:,} on the domain's boundary")


# -- thin regions --------------------------------------------------------------------------------------


def test_a_region_too_thin_for_doubles_keeps_an_exact_point() -> None:
    """relu(x - 1/3) and relu(1/3 + 10^-30 - x): the sliver between holds no double."""
    low, high = Fraction(1, 3), Fraction(1, 3) + Fraction(1, 10**30)
    network = _one_stage([[Fraction(1)], [Fraction(-1)]], [-low, high])
    cells = enumerate_regions(network, engine="split", audit=True)
    sliver = [region for region in range(cells.num_regions) if cells.pattern(region) == "11"]
    assert list(cells.records.exact_points) == sliver
    assert low < cells.point(sliver[0])[0] < high
    _assert_proven(cells)


def test_slivers_in_the_plane() -> None:
    """Ten lines almost through one point, nearer to each other than doubles tell."""
    rows = [[Fraction(1), Fraction(k, 3)] for k in range(10)]
    cells = enumerate_regions(
        _one_stage(rows, [-Fraction(1, 7) + Fraction(k * k, 10**40) for k in range(10)]), engine="split", audit=True
    )
    assert (cells.num_regions, cells.num_bounded) == (1 + 10 + comb(10, 2), comb(9, 2))
    assert cells.records.exact_points
    _assert_proven(cells)


def test_ten_lines_through_one_point_that_no_double_holds() -> None:
    rows = [[Fraction(1), Fraction(k)] for k in range(10)]
    cells = enumerate_regions(_one_stage(rows, [Fraction(-1, 3)] * 10), engine="split", audit=True)
    assert (cells.num_regions, cells.num_bounded, cells.facets.num_inner) == (20, 0, 20)
    _assert_proven(cells)


# -- the predicate -------------------------------------------------------------------------------------


def test_gaussian_weights_need_no_integers() -> None:
    for widths in [(2, 40, 1), (3, 16, 16, 1), (5, 12, 1)]:
        predicates = count_regions(_gaussian(3, *widths)).predicates
        assert predicates is not None
        assert predicates.total > 1_000
        assert predicates.exact <= predicates.total / 10_000
    one_stage = count_regions(_gaussian(3, 3, 30, 1)).predicates
    assert one_stage is not None
    assert one_stage.zero == 0


def test_integer_weights_meet_zeros() -> None:
    rng = np.random.default_rng(0)
    network = Network.from_layers([rng.integers(-2, 3, (12, 3)), np.ones((1, 12))], [rng.integers(-2, 3, 12), [0]])
    predicates = count_regions(network).predicates
    assert predicates is not None
    assert predicates.zero > predicates.total / 100
    assert predicates.exact == 0  # small integers: doubles hold them all


def test_exact_doubles_tell_that_hyperplanes_coincide() -> None:
    """Of two units whose rows are multiples, and of one that is parallel; weights have all 53 bits."""
    rows = np.random.default_rng(5).normal(size=(4, 2))
    weights = [*rows, 2 * rows[0], -0.25 * rows[1], 4 * rows[2]]
    biases = np.array([0.5, 0.25, -0.75, 1, 1, -0.0625, 8])
    network = Network.from_layers([weights, [[1.0] * 7]], [biases, [0]])
    count = count_regions(network, jobs=1)
    assert count.num_regions == count_regions(network, engine="lp").num_regions == 15
    assert count.predicates is not None
    assert count.predicates.exact == 0
    assert count.predicates.zero >= 3


def test_hyperplanes_that_doubles_round_together_do_not_coincide() -> None:
    """(3, 1) times the double next to 1/3 is (1, that) after rounding alone."""
    third = 1 / 3
    for rows, regions in (([[3.0, 1.0], [1.0, third]], 4), ([[3.0, 1.0], [6.0, 2.0]], 2)):
        network = Network.from_layers([rows, [[1.0, 1.0]]], [[0, 0], [0]])
        assert count_regions(network, jobs=1).num_regions == regions


def test_numbers_that_are_no_doubles_are_decided_by_integers() -> None:
    """Of primes as denominators no double holds the product, by which all would be integers."""
    rows = [[Fraction(1), Fraction(1, prime)] for prime in (997, 1009, 1013, 1019, 1021, 1031, 1033)]
    predicates = count_regions(_one_stage(rows, [Fraction(-1, 7)] * 7), by_enumeration=True).predicates
    assert predicates is not None
    assert 0 < predicates.exact + predicates.modular <= predicates.total  # of any size, or modulo primes
    assert predicates.zero > 0


def test_the_audit_takes_no_other_decisions() -> None:
    network = relureg.load("fixtures/truth/int_3-6-6-1.json")
    plain, audited = (count_regions(network, audit=audit, jobs=1).predicates for audit in (False, True))
    assert plain is not None
    assert audited is not None
    assert (audited.total, audited.zero) == (plain.total, plain.zero)
