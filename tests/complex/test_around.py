"""Regions around a point: those that the whole complex has there, with their facets, and what leads out."""

import sys
from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import Complex, Domain, Network
from relureg.complex.graph import breadth_first
from relureg.engine.records import Records
from relureg.errors import DomainError, LimitReachedError, UsageError
from relureg.maps import region_around

from ..contract.agreement import facet_rows


def networks() -> list[tuple[Network, Domain | None, list[float], int]]:
    random = np.random.default_rng(5)
    cases: list[tuple[Network, Domain | None, list[float], int]] = []
    for seed in range(6):
        for init in ("he", "integer", "sparse", "nobias"):
            d = int(random.integers(1, 5))
            widths = d, int(random.integers(2, 6)), int(random.integers(2, 5))
            network = relureg.random_network(widths, init, seed=seed)
            domains = None, Domain.box([-1] * d, [1] * d), Domain.box([0] * d, [2] * d)
            points = [0.25] * d, [0.0] * d, random.normal(size=d).clip(0, 1).tolist()
            cases.append((network, domains[seed % 3], points[int(random.integers(3))], seed % 4))
    return cases


def facets_of(records: Records, region: int) -> set[tuple[bool, tuple[int, ...]]]:
    rows = np.flatnonzero(records.facet_region == region).tolist()
    starts = records.facet_starts
    return {
        (bool(records.facet_on_boundary[row]), tuple(records.facet_units[starts[row] : starts[row + 1]].tolist()))
        for row in rows
    }


def numbers(cells: Complex, some: Complex) -> list[int]:
    """The regions of the one in the other, by their sign vectors."""
    place = {signs.tobytes(): number for number, signs in enumerate(cells.records.signs)}
    return [place[signs.tobytes()] for signs in some.records.signs]


@pytest.mark.parametrize("case", range(24))
def test_all_regions_within_a_radius_are_found(case: int) -> None:
    network, domain, point, radius = networks()[case]
    cells = relureg.enumerate_regions(network, domain, engine="lp")
    near = relureg.regions_around(network, point, domain, radius=radius, jobs=1)
    found = numbers(cells, near)
    (first,) = [number for number, steps in zip(found, near.distance.tolist(), strict=True) if steps == 0]
    if network.exact_signs(point).all():
        assert cells.locate([point]).tolist() == [first]
    steps = breadth_first.distances(cells.graph.starts, cells.graph.neighbours, first)
    assert found == np.flatnonzero((steps >= 0) & (steps <= radius)).tolist()
    assert near.distance.tolist() == steps[found].tolist()
    assert [facets_of(near.records, k) for k in range(len(found))] == [facets_of(cells.records, k) for k in found]
    assert near.degrees.tolist() == cells.graph.degrees[found].tolist()
    behind = {near.pattern_behind(row).tobytes() for row in near.leading_out.tolist()}
    outside = {cells.records.signs[k].tobytes() for k in np.flatnonzero(steps == radius + 1)}
    assert behind == outside
    assert [check.name for check in near.checks if check.passed is False] == []
    assert near.limit is None


@pytest.mark.parametrize("case", range(0, 24, 2))
def test_all_regions_that_meet_a_box_are_found_uncut(case: int) -> None:
    network, _, point, _ = networks()[case]
    half = Fraction(3, 10)
    near = relureg.regions_around(network, point, box_radius=half, jobs=2)
    box = Domain.box([Fraction(x) - half for x in point], [Fraction(x) + half for x in point])
    cut = relureg.enumerate_regions(network, box)
    assert near.records.signs.tolist() == cut.records.signs.tolist()
    cells = relureg.enumerate_regions(network)
    assert near.degrees.tolist() == cells.graph.degrees[numbers(cells, near)].tolist()


def test_the_nearest_are_found_first_and_the_last_layer_in_order() -> None:
    network = relureg.random_network((3, 12, 8), "he", seed=3)
    whole = relureg.regions_around(network, [0.1, 0.2, 0.3], radius=3)
    some = relureg.regions_around(network, [0.1, 0.2, 0.3], max_regions=40)
    assert some.num_regions == 40
    assert some.limit == "the limit of 40 regions"
    last = int(some.distance.max())
    inner = whole.records.signs[whole.distance < last].tolist()
    layer = whole.records.signs[whole.distance == last].tolist()
    assert sorted(some.records.signs.tolist()) == sorted(inner + sorted(layer)[: 40 - len(inner)])


def test_a_facet_on_which_several_units_vanish_is_crossed_by_slopes() -> None:
    # max(x, 0), twice, and once with the other sign; the second stage vanishes where the first does.
    network = Network.from_layers(
        [[[1.0], [2.0], [-1.0]], [[1.0, -1.0, 0.0], [1.0, 0.0, 1.0]], [[1.0, 1.0]]], [[0, 0, 0], [0, 0], [0]]
    )
    near = relureg.regions_around(network, [1.0], radius=0)
    assert [near.pattern_behind(row).tolist() for row in near.leading_out.tolist()] == [[-1, -1, 1, 0, 1]]
    assert relureg.regions_around(network, [1.0]).records.signs.tolist() == [[-1, -1, 1, 0, 1], [1, 1, -1, -1, 1]]


def test_a_unit_on_a_wall_that_only_rounding_shows_to_cut() -> None:
    """Beside 10^400 no double of the stage means anything; the first unit vanishes on the wall x >= -3."""
    network = Network.from_layers([[[1], [3]], [[1, 1]]], [[3, -(10**400)], [0]])
    around = relureg.regions_around(network, [0], Domain.box([-3], [3]))
    assert facet_rows(around.records) == [(0, True, ()), (0, True, (0,))]


def test_many_inputs() -> None:
    network = relureg.random_network((100, 12, 6), "he", seed=1)
    point = np.random.default_rng(0).uniform(size=100).tolist()
    near = relureg.regions_around(network, point, Domain.box([0] * 100, [1] * 100))
    assert near.num_regions == 1 + int(near.degrees[near.distance == 0][0])
    assert [check.passed for check in near.checks[:2]] == [True, True]


@pytest.mark.parametrize("init", ["he", "integer", "sparse", "nobias", "repeated", "one input"])
def test_many_inputs_as_the_search_for_all_regions_finds_them(init: str) -> None:
    """A single region is found from all of its rows at once, the search for all goes cut by cut."""
    dim = 36
    network = relureg.random_network((dim, 5, 4), "he" if init in ("repeated", "one input") else init, seed=2)
    if init == "one input":  # on one side of which a bound of that input carries no facet
        first, second = (np.array(stage.pre_activation.terms[k].floats) for k, stage in enumerate(network.stages))
        first[1] = np.eye(dim)[3]
        biases = [[0, 0.25, 0, 0, 0], np.zeros(4), [0.0]]
        network = Network.from_layers([first, second, np.ones((1, 4))], biases)
    if init == "repeated":  # two units that vanish together, and one that vanishes with another of the next stage
        first, second = (np.array(stage.pre_activation.terms[k].floats) for k, stage in enumerate(network.stages))
        first[1], first[4] = 2 * first[0], -first[2]
        network = Network.from_layers([first, second, np.ones((1, 4))], [np.zeros(5), np.zeros(4), [0.0]])
    box = Domain.box([-1] * dim, [1] * dim)
    cells = relureg.enumerate_regions(network, box, engine="dictionaries", jobs=1)
    point = np.random.default_rng(1).uniform(-0.5, 0.5, size=dim).tolist()
    near = relureg.regions_around(network, point, box, radius=2, jobs=1)
    found = numbers(cells, near)
    first_region = found[int(np.flatnonzero(near.distance == 0)[0])]
    steps = breadth_first.distances(cells.graph.starts, cells.graph.neighbours, first_region)
    assert found == np.flatnonzero((steps >= 0) & (steps <= 2)).tolist()
    assert [facets_of(near.records, k) for k in range(len(found))] == [facets_of(cells.records, k) for k in found]
    boundary = [np.bincount(some.records.facet_region, some.records.facet_on_boundary) for some in (near, cells)]
    assert boundary[0].tolist() == boundary[1][found].tolist()


def test_more_units_than_inputs_as_rational_programs_tell_them() -> None:
    """Then each unit is asked about by itself; the facets are compared with those that linear programs prove."""
    for seed in range(3):
        network = relureg.random_network((34, 36, 5), "he", seed=seed)
        point = np.random.default_rng(seed).normal(size=34).tolist()
        near = relureg.regions_around(network, point, radius=0, jobs=1)
        assert near.records.signs.tolist() == [network.exact_signs(point).tolist()]
        proved = region_around(network, point, exact=True)
        assert {units[0] for _, units in facets_of(near.records, 0)} == set(proved.units.tolist())


@pytest.mark.parametrize(("init", "half"), [("he", 0.02), ("integer", 0.003), ("sparse", 0.02), ("repeated", 0.012)])
def test_more_units_than_inputs_as_the_search_for_all_regions_finds_them(init: str, half: float) -> None:
    dim = 34
    network = relureg.random_network((dim, 40, 6), "he" if init == "repeated" else init, seed=1)
    if init == "repeated":
        first, second = (np.array(stage.pre_activation.terms[k].floats) for k, stage in enumerate(network.stages))
        first[20:] = -2 * first[:20]
        network = Network.from_layers([first, second, np.ones((1, 6))], [np.zeros(40), np.zeros(6), [0.0]])
    point = np.random.default_rng(1).uniform(-0.5, 0.5, size=dim).tolist()
    domain = Domain.box([x - half for x in point], [x + half for x in point])
    cells = relureg.enumerate_regions(network, domain, engine="dictionaries", jobs=1)
    near = relureg.regions_around(network, point, domain, radius=99, jobs=1)
    assert 3 < cells.num_regions < 200
    found = numbers(cells, near)
    assert found == list(range(cells.num_regions))
    inner = [{units for wall, units in facets_of(cells.records, k) if not wall} for k in found]
    assert [{units for wall, units in facets_of(near.records, k) if not wall} for k in found] == inner


@pytest.mark.parametrize("dim", [2, 100])
def test_the_corner_of_a_box_needs_no_referee(monkeypatch: pytest.MonkeyPatch, dim: int) -> None:
    """Images have inputs at the ends of their range; what leads inside from there is found by the search itself."""
    monkeypatch.setitem(sys.modules, "cdd", None)
    network = relureg.random_network((dim, 6, 4), "he", seed=1)
    box = Domain.box([0] * dim, [1] * dim)
    near = relureg.regions_around(network, [0.0, 1.0] * (dim // 2), box, radius=0)
    assert near.records.signs.tolist() == [network.exact_signs([0.0, 1.0] * (dim // 2)).tolist()]
    assert box.has_inside(near.point(0))


def test_what_is_refused() -> None:
    network = relureg.load("fixtures/truth/xor.json")
    with pytest.raises(DomainError, match="outside the domain"):
        relureg.regions_around(network, [3, 0], Domain.box([0, 0], [1, 1]))
    with pytest.raises(UsageError, match="2 coordinates, not 1"):
        relureg.regions_around(network, [3])
    with pytest.raises(UsageError, match="give one of them"):
        relureg.regions_around(network, [0, 0], radius=1, box_radius=1)
    with pytest.raises(UsageError, match="positive number"):
        relureg.regions_around(network, [0, 0], box_radius=0)
    near = relureg.regions_around(network, [0.25, 0.25], radius=0)
    with pytest.raises(LimitReachedError, match="faces need all of them"):
        _ = near.faces
