"""Cells as simplex dictionaries: many inputs, ties, limits, work shared, and what is said of the proof."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import relureg
from relureg import Domain, Network, count_regions, enumerate_regions
from relureg.engine import lp
from relureg.engine.gathering import is_witness
from relureg.engine.limits import Limits, Watch, Workers
from relureg.engine.single_regions import SingleRegions
from relureg.engine.split import CompiledRun, merge, merge_facet_walls
from relureg.errors import DomainError
from relureg.exact.rational import RationalMatrix
from relureg.families.random import random_network
from relureg.maps.exact_regions import exact_unit_rows
from relureg.network.problem import Problem

from ..contract.agreement import assert_same_complex, facet_rows


def _box(dim: int, low: float = -1, high: float = 1) -> Domain:
    return Domain.box([low] * dim, [high] * dim)


def _random(*widths: int, seed: int = 1) -> Network:
    return random_network(list(widths), seed=seed)


@pytest.mark.parametrize(
    ("widths", "low", "high", "regions"),
    [
        ((12, 12, 4), -1, 1, 9_959),
        ((20, 8, 4), -1, 1, 1_606),
        pytest.param((784, 8, 4), 0, 1, 2_730, marks=pytest.mark.sweep),
        ((784, 128, 10), 0, 0.01, 1_188),
    ],
)
def test_counts_of_many_inputs(widths: tuple[int, ...], low: float, high: float, regions: int) -> None:
    """All but the third are what a search in floats finds, too, which misses a thin region of that one."""
    count = count_regions(_random(*widths), _box(widths[0], low, high), "dictionaries", jobs=1)
    assert (count.complete, count.num_regions, count.num_bounded) == (True, regions, regions)
    assert count.predicates is not None
    assert count.predicates.exact <= count.predicates.total / 1000


def test_points_keep_off_the_walls_of_thin_cells() -> None:
    """With 60 hyperplanes behind a cell, points that went halfway to the next one would be up against walls."""
    network, box = _random(30, 128), _box(30, 0, 1)
    count = count_regions(network, box, "dictionaries", jobs=1, max_regions=2_000)
    assert count.num_regions == 2_000
    assert count.predicates is not None
    assert count.predicates.exact == 0


def test_the_thin_region_that_floats_miss_is_there() -> None:
    """Every region has a point at which the network, in rationals, has its signs."""
    network, box = _random(30, 6, 3), _box(30, 0, 1)
    cells = enumerate_regions(network, box, "dictionaries")
    problem, signs = cells.problem, cells.records.signs
    assert cells.num_regions == count_regions(network, box, "dictionaries").num_regions
    assert all(is_witness(cells.records.point(k), signs[k], problem) for k in range(cells.num_regions))
    assert len(np.unique(signs, axis=0)) == cells.num_regions


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("widths", [(5, 6, 5), (7, 4, 3, 3), (8, 5, 2)])
def test_all_that_the_splitter_finds_is_found(widths: tuple[int, ...], seed: int) -> None:
    network, box = _random(*widths, seed=seed), _box(widths[0])
    found = enumerate_regions(network, box, "dictionaries")
    split = enumerate_regions(network, box, "split")
    assert np.array_equal(found.records.patterns, split.records.patterns)
    assert np.array_equal(found.facets.regions, split.facets.regions)
    assert (found.facets.num_inner, found.facets.num_boundary) == (split.facets.num_inner, split.facets.num_boundary)
    assert (len(found.facets.unmatched), len(found.facets.one_sided)) == (0, 0)


def _integers(rng: np.random.Generator, shape: tuple[int, ...]) -> list[list[int]]:
    matrix: list[list[int]] = rng.integers(-2, 3, shape).tolist()
    return matrix


def _bias_free(rng: np.random.Generator) -> Network:
    return Network.from_layers([_integers(rng, (4, 3)), _integers(rng, (3, 4)), [[1] * 3]], [[0] * 4, [0] * 3, [0]])


def _repeated(rng: np.random.Generator) -> Network:
    first, constants = _integers(rng, (3, 3)), rng.integers(-1, 2, 3).tolist()
    doubled = [[2 * entry for entry in row] for row in first]
    opposite = [[-entry for entry in row] for row in first]
    return Network.from_layers(
        [[*first, *doubled, *opposite], [[1] * 9, [0] * 9]],
        [[*constants, *(2 * c for c in constants), *(-c for c in constants)], [0, 1]],
    )


def _on_walls(rng: np.random.Generator) -> Network:
    """Hyperplanes through the corners of the box, and along its walls."""
    rows = [[1, 0, 0], [0, 1, 1], [1, 1, 1], *_integers(rng, (3, 3))]
    return Network.from_layers([rows, [[1] * 6]], [[-1, 2, -3, 0, 1, -1], [0]])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", [_bias_free, _repeated, _on_walls])
def test_ties_are_settled_by_integers(kind: Callable[[np.random.Generator], Network], seed: int) -> None:
    network = kind(np.random.default_rng(seed))
    found = enumerate_regions(network, _box(3), "dictionaries", audit=True)
    assert_same_complex(found, enumerate_regions(network, _box(3), "lp"))
    assert_same_complex(enumerate_regions(network, None, "dictionaries"), enumerate_regions(network, None, "lp"))


@pytest.mark.parametrize("dim", [9, 34])
def test_facets_of_many_inputs_are_those_of_the_referee(dim: int) -> None:
    """In 34 dimensions programs go by long steps, and ways along the rows find bounds."""
    network, box = _random(dim, 2), _box(dim)
    found = enumerate_regions(network, box, "dictionaries", audit=True)
    referee = enumerate_regions(network, box, "lp")
    assert facet_rows(found.records) == facet_rows(referee.records)
    assert found.facets.num_boundary > 2 * dim


def _rows(network: Network, signs: np.ndarray) -> list[tuple[int, ...]]:
    """The inequalities ``row[0] + row[1:] . x >= 0`` of a region of which no unit vanishes everywhere."""
    matrix, constant = exact_unit_rows(network, signs > 0, np.arange(network.num_units))
    rows = _primitive_rows(constant, matrix)
    return [tuple(int(sign) * entry for entry in row) for sign, row in zip(signs, rows, strict=True)]


def _primitive_rows(constants: RationalMatrix, normals: RationalMatrix) -> list[tuple[int, ...]]:
    return RationalMatrix.hstack([constants, normals], constants.shape[0]).primitive_rows()


def _is_facet(number: int, walls: tuple[tuple[int, ...], ...]) -> bool:
    """Whether some point violates one of the walls alone."""
    crossed = [tuple(-entry for entry in wall) if k == number else wall for k, wall in enumerate(walls)]
    return lp.interior_point(crossed, len(walls[0]) - 1) is not None


def test_facets_behind_rows_in_many_inputs_are_those_of_the_referee() -> None:
    """Most bounds lie behind some row along their axis; the points that show them are decided by integers, too."""
    dim, random = 33, np.random.default_rng(1)
    weights = [random.integers(-3, 4, shape).tolist() for shape in ((5, dim), (3, 5))]
    network, box = Network.from_layers([*weights, [[1] * 3]], [[1, -1, 2, 0, 1], [1, -2, 1], [0]]), _box(dim, 0, 1)
    problem = Problem(network=network, domain=box)
    watch = Watch(Limits(max_regions=2))
    run = CompiledRun(problem, Workers(jobs=1, audit=True), watch, records=True, dictionaries=True)
    chunks = list(run.chunks())
    records, of_box = merge(chunks, problem, as_found=True), merge_facet_walls(chunks, problem)
    bounds = _primitive_rows(box.constants, -box.normals)
    walls = (*_rows(network, records.signs[1]), *bounds)
    of_last = np.flatnonzero(records.facet_region == 1)
    units = records.facet_units[records.facet_starts[of_last[0]] :].tolist()
    found = {*units, *(network.num_units + of_box[of_last][of_box[of_last] >= 0]).tolist()}
    assert len(found) == len(of_last) < len(walls)
    looked_at = [*range(network.num_units), *(number for number in range(8, len(walls), 9))]
    assert {number for number in looked_at if _is_facet(number, walls)} == found.intersection(looked_at)


def _around_zero(rows: list[list[int]]) -> Network:
    """A network that is active at 0, in a region of these rows."""
    return Network.from_layers([rows, [[1] * len(rows)]], [[1] * len(rows), [0]])


def _rising(dim: int, count: int, least: int, seed: int) -> Network:
    """Random rows, all of which rise by `least` or more along one direction."""
    rows = np.random.default_rng(seed).integers(-3, 4, (count, dim))
    rows[:, 0] += np.maximum(least - rows.sum(axis=1), 0)
    return _around_zero(rows.tolist())


_SLABS = [*np.eye(34, dtype=int).tolist(), *(-np.eye(34, dtype=int)).tolist()]


@pytest.mark.parametrize(
    ("network", "is_bounded"),
    [
        (_around_zero(_SLABS), True),
        (_around_zero(_SLABS[:-1]), False),  # a single ray, along which all other walls stay
        (_rising(34, 60, -99, 1), False),
        (_rising(34, 90, -99, 1), True),
        (_rising(34, 90, 20, 1), False),
        (_rising(34, 90, 1, 1), False),
        (_rising(34, 90, 0, 2), False),  # some rows stay along it
    ],
)
def test_a_region_of_many_inputs_is_bounded_where_the_referee_says_so(network: Network, is_bounded: bool) -> None:
    signs = np.ones(network.num_units, dtype=np.int8)
    found = SingleRegions(Problem(network=network), Watch(), jobs=1).find(signs[None])
    assert found.bounded.tolist() == [lp.is_bounded(_rows(network, signs))] == [is_bounded]


def test_a_wall_is_shown_to_be_redundant_once_for_all_cells_behind_the_same_rows() -> None:
    network, box = _random(9, 9, 4), _box(9)
    count = count_regions(network, box, "dictionaries", by_enumeration=True, jobs=1)
    assert count.predicates is not None
    assert count.predicates.total < 8 * count.num_regions  # 10.7 where each cell is shown anew


def test_facets_where_bounds_do_not_all_carry_one() -> None:
    """Corners that a polytope cuts off, bounds behind other walls, and bounds that touch the region in a corner."""
    normals = [[1] * 9, [-1] * 9, [2, 1, *[0] * 7], [1, 1, *[0] * 7], *np.eye(9, dtype=int).tolist()]
    bounds = [4, 3, 3, 2, 5, *[1] * 8]
    domain = Domain.polytope(normals, bounds).intersect(_box(9))
    network = _random(9, 3)
    found = enumerate_regions(network, domain, "dictionaries", audit=True)
    assert facet_rows(found.records) == facet_rows(enumerate_regions(network, domain, "lp").records)


def test_entries_that_underflow_beside_others_prove_nothing() -> None:
    """Where 2^600 x - 2^-600 y is negative, y is 2^1200 times as large as x: in doubles of x's size y is not there."""
    tiny, huge = Fraction(1, 2**600), Fraction(2**600)
    rows = [[huge, -tiny], [Fraction(1), Fraction(0)], [Fraction(2), -2 * huge]]
    network = Network.from_layers([rows, [[1] * 3]], [[-2 * tiny, Fraction(-3), -2 * tiny], [0]])
    domain = Domain.box([-1, -1], [float("inf")] * 2)
    assert_same_complex(
        enumerate_regions(network, domain, "dictionaries", audit=True), enumerate_regions(network, domain, "lp")
    )


def test_half_infinite_domains_have_their_facets() -> None:
    inf = float("inf")
    domain = Domain.box([0, -inf, -1, 0], [inf, 1, 1, inf])
    network = _random(4, 4, 2)
    assert_same_complex(
        enumerate_regions(network, domain, "dictionaries", audit=True), enumerate_regions(network, domain, "lp")
    )


def _exact_share(count: relureg.RegionCount) -> float:
    assert count.predicates is not None
    return count.predicates.exact / count.predicates.total


def test_the_whole_space_of_many_inputs_takes_no_integers() -> None:
    """Where nothing bounds the inputs, doubles solve for multipliers; each region is proven bounded, or not."""
    network = _random(9, 11, 3)
    count = count_regions(network, None, "dictionaries", jobs=1)
    split = count_regions(network, None, "split")
    assert (count.num_regions, count.num_bounded) == (split.num_regions, split.num_bounded)
    assert _exact_share(count) < 0.001
    assert count.predicates is not None
    assert count.predicates.identities > count.num_regions / 10


@pytest.mark.parametrize(
    "domain",
    [Domain.box([0] * 6, [float("inf")] * 6), Domain.box([-1] * 3 + [-float("inf")] * 3, [1] * 3 + [float("inf")] * 3)],
    ids=["half-infinite", "slabs"],
)
def test_domains_that_some_inputs_have_no_bound_in_take_no_integers(domain: Domain) -> None:
    """Bounds of inputs are rows like others where a ray is looked for, and ends of what falls from them on."""
    network = _random(6, 8, 5)
    count = count_regions(network, domain, "dictionaries", jobs=1)
    split = count_regions(network, domain, "split")
    assert (count.num_regions, count.num_bounded) == (split.num_regions, split.num_bounded)
    assert 0 < count.num_bounded < count.num_regions
    assert _exact_share(count) < 0.001


def test_thin_regions_in_the_whole_space_are_proven_bounded_in_doubles() -> None:
    """Some 82 hyperplanes lie behind each; their multipliers differ in size by ten orders of magnitude."""
    count = count_regions(_random(30, 128), None, "dictionaries", jobs=1, max_regions=300)
    assert (count.num_regions, _exact_share(count)) == (300, 0)
    assert count.num_bounded > 200


def _sparse(widths: tuple[int, ...], seed: int, weights: Callable[[np.random.Generator, int, int], object]) -> Network:
    """A third of the weights are kept."""
    random = np.random.default_rng(seed)
    layers = [weights(random, b, a) * (random.random((b, a)) < 1 / 3) for a, b in pairwise(widths)]
    return Network.from_layers(
        [*(layer.tolist() for layer in layers), [[1] * widths[-1]]],
        [*(random.integers(-4, 5, n).tolist() for n in widths[1:]), [0]],
    )


def test_rows_span_no_more_than_the_units_that_they_read() -> None:
    """In a pruned network a unit reads a few of the active ones, so that fewer rows than these coincide along a ray."""
    network = _sparse((16, 16, 5), 1, lambda random, *shape: random.normal(size=shape))
    count = count_regions(network, None, "dictionaries", jobs=1, max_regions=1000)
    assert count.num_regions == 1000
    assert _exact_share(count) < 0.05


@pytest.mark.parametrize("has_integers", [False, True])
@pytest.mark.parametrize("widths", [(5, 7, 5), (4, 6, 4, 3), (7, 7, 3)])
@pytest.mark.parametrize("seed", range(2))
def test_regions_of_pruned_networks_are_bounded_where_the_splitter_says_so(
    widths: tuple[int, ...], seed: int, *, has_integers: bool
) -> None:
    """Many go on for ever along facets alone, where more rows vanish than there are dimensions to it."""
    if has_integers:
        network = _sparse(widths, seed, lambda random, *shape: random.integers(-2, 3, shape))
    else:
        network = _sparse(widths, seed, lambda random, *shape: random.normal(size=shape))
    inf = float("inf")
    for domain in (None, Domain.box([0] * 2 + [-inf] * (widths[0] - 2), [inf] * widths[0])):
        count = count_regions(network, domain, "dictionaries", jobs=1)
        split = count_regions(network, domain, "split", by_enumeration=True)
        assert (count.num_regions, count.num_bounded) == (split.num_regions, split.num_bounded)


@pytest.mark.parametrize(("widths", "seed"), [((3, 8, 8), 0), ((3, 6, 6, 5), 0), ((4, 9, 9), 0)])
def test_cells_as_thin_as_rounding_errors_are_there_or_not(widths: tuple[int, ...], seed: int) -> None:
    """Weights of four bits times a scale, rounded: what would be a tie is off by 1e-17 of the rows, on either side."""
    random = np.random.default_rng(seed)
    layers = [random.integers(-7, 8, (b, a)) * (0.1 / 7) for a, b in pairwise(widths)]
    constants = [random.integers(-7, 8, n) * (0.1 / 7) for n in widths[1:]]
    network = Network.from_layers(
        [*(layer.tolist() for layer in layers), [[1] * widths[-1]]], [*(c.tolist() for c in constants), [0]]
    )
    for domain in (_box(widths[0]), None):
        count = count_regions(network, domain, "dictionaries", jobs=1)
        split = count_regions(network, domain, "split", by_enumeration=True)
        assert (count.num_regions, count.num_bounded) == (split.num_regions, split.num_bounded)
    assert _exact_share(count) > 0


def test_ties_without_constants_take_no_integers() -> None:
    widths = (6, 8, 6)
    random = np.random.default_rng(1)
    weights = [random.normal(size=(b, a)).tolist() for a, b in pairwise(widths)]
    network = Network.from_layers([*weights, [[1] * 6]], [[0] * 8, [0] * 6, [0]])
    count = count_regions(network, _box(6), "dictionaries", jobs=1)
    assert count.num_regions == count_regions(network, _box(6), "split").num_regions
    assert count.predicates is not None
    assert count.predicates.zero > count.predicates.total / 10
    assert _exact_share(count) < 0.001


def test_integers_are_asked_once_for_each_basis() -> None:
    """A unit and its multiples touch in every cell, by the same rows."""
    network = _repeated(np.random.default_rng(0))
    count = count_regions(network, _box(3), "dictionaries", jobs=1)
    assert count.predicates is not None
    assert count.predicates.remembered > 0
    assert count.predicates.zero >= count.predicates.remembered


def test_the_first_regions_of_a_space_of_many_inputs_come_at_once() -> None:
    count = count_regions(_random(20, 28, 8), max_regions=50, jobs=1)
    assert (count.engine, count.num_regions) == ("dictionaries", 50)


def test_the_result_does_not_depend_on_threads_or_limits() -> None:
    network, box = _random(10, 10, 6), _box(10)
    one = count_regions(network, box, "dictionaries", jobs=1)
    three = count_regions(network, box, "dictionaries", jobs=3)
    assert (one.num_regions, one.per_stage) == (three.num_regions, three.per_stage)
    some = count_regions(network, box, "dictionaries", max_regions=50)
    assert (some.complete, some.num_regions, some.num_facets) == (False, 50, None)


def test_work_in_batches_gives_the_same(tmp_path: object) -> None:
    network, box = _random(9, 9, 5), _box(9)
    whole = count_regions(network, box, "dictionaries")
    shared = count_regions(network, box, "dictionaries", journal=f"{tmp_path}/run.journal")
    assert (shared.engine, shared.num_regions, shared.per_stage) == ("dictionaries", whole.num_regions, whole.per_stage)
    again = relureg.resume(f"{tmp_path}/run.journal")
    assert (again.engine, again.num_regions) == ("dictionaries", whole.num_regions)


def test_a_time_limit_ends_a_search_of_many_inputs() -> None:
    count = count_regions(_random(100, 40, 40), _box(100), "dictionaries", timeout=0.5)
    assert not count.complete
    assert count.num_regions >= 1


@pytest.mark.parametrize(
    ("normals", "constants"),
    [
        ([[1, 1, 0], [-1, 0, 0], [0, -1, 0]], [-1, 0, 0]),  # empty
        ([[-1, 0, 0], [0, -1, 0], [1, 1, 0]], [0, 0, 0]),  # a line
    ],
)
def test_a_domain_without_interior_is_refused(normals: list[list[int]], constants: list[int]) -> None:
    with pytest.raises(DomainError, match="no interior"):
        count_regions(_random(3, 3), Domain.polytope(normals, constants), "dictionaries")


@pytest.mark.parametrize("widths", [(6, 12), (4, 8, 4)])
def test_what_is_taken_over_from_other_cells_is_so_by_integers(widths: tuple[int, ...]) -> None:
    """Some signs are known to be absent from proofs about cells before; each is asked of a program in rationals."""
    network, box = _random(*widths), _box(widths[0], -2, 2)
    count = count_regions(network, box, "dictionaries", jobs=1, audit=True)
    assert count.num_regions == count_regions(network, box, "split").num_regions


@pytest.mark.parametrize("widths", [(3, 14), (4, 10, 3)])
def test_cells_behind_a_bounded_one_are_bounded_and_no_others(widths: tuple[int, ...]) -> None:
    """The search comes back from bounded cells to others, again and again."""
    network = _random(*widths)
    count = count_regions(network, None, "dictionaries", jobs=1)
    split = count_regions(network, None, "split")
    assert (count.num_regions, count.num_bounded) == (split.num_regions, split.num_bounded)
    assert 0 < count.num_bounded < count.num_regions


def test_units_that_the_box_leaves_stable_cost_no_program() -> None:
    network = Network.from_layers([np.eye(20).tolist(), [[1] * 20]], [[3] * 20, [0]])
    count = count_regions(network, _box(20), "dictionaries")
    assert count.num_regions == 1
    assert count.predicates is not None
    assert count.predicates.total == 0


def test_units_that_repeat_others_are_told_without_integers() -> None:
    """Multiples of a unit, by positive and by negative factors, touch the walls of every cell that it bounds."""
    random = np.random.default_rng(3)
    factors = np.array([1, 2, -1, -0.5])
    first, second = random.normal(size=(5, 6)), random.normal(size=(4, 20))
    weights = [np.kron(first, factors[:, None]), np.kron(second, factors[:, None]), np.ones((1, 16))]
    biases = [np.kron(random.normal(size=5), factors), np.kron(random.normal(size=4), factors), np.zeros(1)]
    network, box = Network.from_layers(weights, biases), Domain.box([-1] * 6, [1] * 6)
    found = count_regions(network, box, engine="dictionaries", jobs=1)
    assert (found.predicates.exact, found.predicates.zero > 100) == (0, True)
    assert found.num_regions == count_regions(network, box, engine="split", by_enumeration=True, jobs=1).num_regions
    assert count_regions(network, box, engine="dictionaries", audit=True, jobs=1).num_regions == found.num_regions
