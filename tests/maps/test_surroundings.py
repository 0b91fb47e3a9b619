"""What is around each of many points: the same as the referee's whole complex says, one point after the other."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import Complex, Domain, Network, Slice
from relureg.complex.graph import breadth_first
from relureg.errors import DomainError, UsageError
from relureg.maps import Surroundings, iter_surroundings, nearest_facets
from relureg.maps.exact_regions import exact_unit_rows

KINDS = [("he", 2), ("integer", 2), ("sparse", 3), ("nobias", 2), ("he", 3), ("integer", 1)]


def network_of(kind: int) -> Network:
    init, dim = KINDS[kind]
    return relureg.random_network((dim, 6, 4), init, seed=kind)


def points_of(dim: int) -> list[list[Any]]:
    random = np.random.default_rng(dim)
    return [*random.normal(size=(3, dim)).tolist(), [Fraction(1, 3)] * dim, [0.25] * dim]


def unstable(signs: Any) -> int:
    return sum(len(set(column)) > 1 for column in zip(*signs.tolist(), strict=True))


def nearest_square(network: Network, point: list[Any]) -> Fraction | None:
    """The square of the distance to the nearest hyperplane of any unit, unit by unit."""
    signs = network.exact_signs(point)
    matrix, constant = exact_unit_rows(network, signs > 0, np.flatnonzero(signs))
    squares = []
    for row, (shift,) in zip(matrix.fractions(), constant.fractions(), strict=True):
        value = shift + sum(a * Fraction(x) for a, x in zip(row, point, strict=True))
        if any(row):
            squares.append(value**2 / sum(a * a for a in row))
    return min(squares, default=None)


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_the_regions_within_some_facets_are_those_of_the_whole_complex(kind: int) -> None:
    network = network_of(kind)
    points = points_of(network.input_dim)
    cells = relureg.enumerate_regions(network, engine="lp")
    for radius in (0, 2):
        rows = list(iter_surroundings(network, points, radius=radius, jobs=2))
        assert [one.row for one in rows] == list(range(len(points)))
        for point, one in zip(points, rows, strict=True):
            (centre,) = cells.locate([point]).tolist()
            steps = breadth_first.distances(cells.graph.starts, cells.graph.neighbours, centre)
            ball = (steps >= 0) & (steps <= radius)
            assert (one.num_regions, one.num_unstable_units) == (ball.sum(), unstable(cells.records.signs[ball]))
            assert one.stopped_by is None


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_the_regions_in_a_box_are_those_that_the_referee_counts_there(kind: int) -> None:
    network = network_of(kind)
    points, half = points_of(network.input_dim), Fraction(2, 5)
    for point, one in zip(points, iter_surroundings(network, points, box_radius=half, jobs=1), strict=True):
        box = Domain.box([Fraction(x) - half for x in point], [Fraction(x) + half for x in point])
        cut = relureg.enumerate_regions(network, box, engine="lp")
        assert (one.num_regions, one.num_unstable_units) == (cut.num_regions, unstable(cut.records.signs))


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_the_nearest_facet_is_the_nearest_hyperplane_over_the_rationals(kind: int) -> None:
    network = network_of(kind)
    points = points_of(network.input_dim)
    for point, one in zip(points, iter_surroundings(network, points, radius=0), strict=True):
        square = nearest_square(network, point)
        assert (one.unit < 0) == (square is None)
        if square is not None:
            assert one.distance == pytest.approx(float(square) ** 0.5, rel=1e-15)
    doubles = [point for point in points if isinstance(point[0], float)]
    found = nearest_facets(network, doubles)
    rows = list(iter_surroundings(network, doubles, radius=0))
    assert [(one.distance, one.unit) for one in rows] == list(
        zip(found.distance.tolist(), found.unit.tolist(), strict=True)
    )


def test_a_domain_that_fixes_inputs_leaves_those_of_the_network_on_the_rest() -> None:
    network = relureg.random_network((4, 7, 4), "he", seed=2)
    domain = Domain.box([-1, 0.5, -1, Fraction(1, 3)], [1, 0.5, 1, Fraction(1, 3)])
    flat = Slice.along([0, 0.5, 0, Fraction(1, 3)], [[1, 0, 0, 0], [0, 0, 1, 0]])
    points = [[0.1, 0.5, 0.2, Fraction(1, 3)], [-0.7, 0.5, 1, Fraction(1, 3)]]
    on_flat = [[point[0], point[2]] for point in points]
    inner = Domain.box([-1, -1], [1, 1])
    for asked in ({"radius": 2}, {"box_radius": 0.5}):
        rows = list(iter_surroundings(network, points, domain, **asked))  # type: ignore[arg-type]
        assert rows == list(iter_surroundings(network.on(flat), on_flat, inner, **asked))  # type: ignore[arg-type]
    near = relureg.regions_around(network, points[0], domain, box_radius=0.5)
    same = relureg.regions_around(network.on(flat), on_flat[0], inner, box_radius=0.5)
    assert near.centre == (Fraction(0.1), Fraction(0.2))
    assert near.records == same.records
    with pytest.raises(DomainError, match="point 1: the point lies outside the domain: it is not on the flat"):
        list(iter_surroundings(network, [points[0], [0, 0, 0, 0]], domain))


def test_a_region_that_is_the_whole_space_has_no_facet() -> None:
    network = Network.from_layers([[[0.0, 0.0]], [[1.0]]], [[1.0], [0.0]])
    for point in ([0.5, 1], [Fraction(1, 3), 0]):
        (one,) = iter_surroundings(network, [point])
        assert one == Surroundings(
            row=0, num_regions=1, num_unstable_units=0, distance=np.inf, unit=-1, stopped_by=None
        )


def test_limits_hold_for_each_point() -> None:
    network = relureg.random_network((3, 8, 6), "he", seed=1)
    points = [[0.0, 0.1, 0.2], [1.0, 2.0, 3.0]]
    cut = list(iter_surroundings(network, points, radius=3, max_regions=5))
    assert [(one.num_regions, one.stopped_by) for one in cut] == [(5, "the limit of 5 regions")] * 2
    nearest = list(iter_surroundings(network, points, max_regions=5))
    assert [(one.num_regions, one.stopped_by) for one in nearest] == [(5, None)] * 2


def test_rows_come_one_by_one_and_do_not_depend_on_threads() -> None:
    network = relureg.random_network((3, 8, 6), "he", seed=1)
    points = np.random.default_rng(1).normal(size=(12, 3)).tolist()
    done: list[int] = []
    rows = iter_surroundings(network, points, radius=1, jobs=3, progress=done.append)
    first = next(rows)
    assert len(done) < len(points)
    assert [first, *rows] == list(iter_surroundings(network, points, radius=1, jobs=1))
    assert done == list(range(1, len(points) + 1))


def test_what_is_refused() -> None:
    network = relureg.load("fixtures/truth/xor.json")
    with pytest.raises(DomainError, match="point 1: the point lies outside the domain"):
        list(iter_surroundings(network, [[0, 0], [3, 0]], Domain.box([-1, -1], [1, 1])))
    with pytest.raises(UsageError, match="point 0: a point needs 2 coordinates, not 1"):
        list(iter_surroundings(network, [[1]]))
    with pytest.raises(UsageError, match="give one of them"):
        list(iter_surroundings(network, [[0, 0]], radius=1, box_radius=1))
    with pytest.raises(UsageError, match="positive number"):
        list(iter_surroundings(network, [[0, 0]], box_radius=0))


def test_the_complex_of_the_referee_is_whole() -> None:
    """What the comparisons above rest on."""
    cells: Complex = relureg.enumerate_regions(network_of(0), engine="lp")
    assert cells.complete
    assert all(check.passed is not False for check in cells.checks)
