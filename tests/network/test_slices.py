"""Slices and fixed inputs: networks of their own, compared with composition by hand and with the referee."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from relureg import Domain, Network, Slice, count_regions, enumerate_regions, load
from relureg.errors import DomainError, UsageError
from relureg.network.problem import Problem

TRUTH = Path(__file__).parents[2] / "fixtures" / "truth"


def random_network(widths: tuple[int, ...], seed: int) -> tuple[Network, list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    weights = [np.round(rng.normal(size=(b, a)) * 8) / 8 for a, b in pairs]
    biases = [np.round(rng.normal(size=b) * 8) / 8 for _, b in pairs]
    return Network.from_layers(weights, biases), weights, biases


def test_a_plane_through_three_points_of_784_inputs_is_the_composed_network() -> None:
    network, weights, biases = random_network((784, 10, 8, 3), 4)
    rng = np.random.default_rng(5)
    points = np.round(rng.random((3, 784)) * 256) / 256
    plane = Slice.through(points.tolist())
    # Multiples of 2^-11 below 2^10 in size: these products of doubles are exact.
    directions = (points[1:] - points[0]).T
    by_hand = Network.from_layers(
        [weights[0] @ directions, *weights[1:]], [weights[0] @ points[0] + biases[0], *biases[1:]]
    )
    on_plane = network.on(plane)
    assert on_plane == by_hand
    found, expected = enumerate_regions(on_plane), enumerate_regions(by_hand, engine="lp")
    assert found.num_regions == expected.num_regions > 60
    assert found.facets.num_inner == expected.facets.num_inner
    # And the point with coordinates (s, t) is base + s u + t v: the network itself has the region's signs there.
    for region in range(0, found.num_regions, 7):
        t = found.point(region)
        at = [
            Fraction(b) + t[0] * Fraction(u) + t[1] * Fraction(v)
            for b, (u, v) in zip(points[0], directions, strict=True)
        ]
        assert (network.exact_signs(at) == found.records.signs[region]).all()


def test_the_points_of_a_slice_are_its_origin_and_unit_vectors() -> None:
    plane = Slice.through([[1, 0, 2], [3, 0, 2], [1, 1, Fraction(1, 3)]])
    assert plane.base.fractions() == [[1], [0], [2]]
    assert (plane.base + plane.directions.columns([1])).fractions() == [[1], [1], [Fraction(1, 3)]]
    assert plane.embed([[0, 0], [1, 0]]).tolist() == [[1, 0, 2], [3, 0, 2]]
    along = Slice.along([1, 0, 2], [[2, 0, 0], [0, 1, Fraction(-5, 3)]])
    assert (along.base, along.directions) == (plane.base, plane.directions)


def test_a_slice_of_a_slice_lies_in_the_space_around() -> None:
    network, _, _ = random_network((4, 6, 1), 1)
    plane = Slice.through([[0, 0, 0, 0], [1, 2, 0, 0], [0, 0, 3, 1]])
    line = Slice.through([[1, 1], [2, 3]])
    twice = network.on(plane).on(line)
    assert twice.slice is not None
    assert twice.slice.embed([[0], [1]]).tolist() == [[1, 2, 3, 1], [2, 4, 9, 3]]
    assert twice == network.on(twice.slice)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 0]], "needs two points"),
        ([[0, 0], [0, 0]], "are the same"),
        ([[0, 0], [1, 1], [3, 3]], "on one line"),
        ([[0, 0], [1]], "same number of coordinates"),
        ([[0, 0], [1, float("nan")]], "finite"),
    ],
)
def test_points_that_span_no_slice_are_refused(points: list[list[float]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Slice.through(points)


def test_a_slice_needs_the_networks_number_of_coordinates() -> None:
    with pytest.raises(UsageError, match="3 coordinates and the network 2 inputs"):
        load(TRUTH / "xor.json").on(Slice.through([[0, 0, 0], [1, 1, 1]]))
    with pytest.raises(UsageError, match="linearly independent"):
        Slice.along([0, 0], [[1, 2], [2, 4]])


# -- domains of lower dimension ----------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["split", "lp"])
def test_equal_bounds_fix_an_input(engine: str) -> None:
    network, weights, biases = random_network((3, 7, 5, 1), 2)
    value = Fraction(1, 3)
    inside = enumerate_regions(network, Domain.box([-2, value, -3], [2, value, 3]), engine)
    # By hand: the fixed input goes into the bias. 1/3 is no double, so the layer is scaled by 3 first.
    first = np.array(weights[0] * 3), np.array(biases[0] * 3 + weights[0][:, 1])
    by_hand = Network.from_layers([first[0][:, [0, 2]], weights[1], weights[2]], [first[1], biases[1] * 3, biases[2]])
    expected = enumerate_regions(by_hand, Domain.box([-2, -3], [2, 3]), "lp")
    assert inside.num_regions == expected.num_regions > 10
    assert np.array_equal(inside.records.signs, expected.records.signs)
    assert inside.facets.num_inner == expected.facets.num_inner
    assert inside.facets.num_boundary == expected.facets.num_boundary
    assert inside.network.slice is not None
    assert inside.network.slice.embed([[5, 7]]).tolist() == [[5, 1 / 3, 7]]
    assert (
        count_regions(network, Domain.box([-2, value, -3], [2, value, 3]), engine).num_bounded == expected.num_regions
    )


def test_opposite_inequalities_are_an_equation() -> None:
    network = load(TRUTH / "int_2-6-6-1.json")
    # The line 2 y = x, which is the slice through (0, 0) and (2, 1).
    flat = Domain.polytope([[1, -2], [-2, 4], [1, 0]], [0, 0, 10])
    assert flat.num_rows == 1
    expected = enumerate_regions(network.on(Slice.through([[0, 0], [2, 1]])), Domain.polytope([[1]], [5]), "lp")
    assert enumerate_regions(network, flat).num_regions == expected.num_regions


def test_domains_intersect() -> None:
    network = load(TRUTH / "int_2-6-6-1.json")
    quarter = Domain.box([0, 0], [10, 10]).intersect(Domain.polytope([[1, 1]], [10]))
    expected = Domain.polytope([[-1, 0], [0, -1], [1, 1]], [0, 0, 10])
    found, wanted = (count_regions(network, domain) for domain in (quarter, expected))
    assert (found.num_regions, found.num_facets) == (wanted.num_regions, wanted.num_facets)
    with pytest.raises(DomainError, match="2 and 3 coordinates"):
        quarter.intersect(Domain.box([0] * 3, [1] * 3))


def test_a_slice_cuts_a_domain() -> None:
    box = Domain.box([-1, -1], [1, 1])
    line = Slice.through([[0, 0], [1, 1]])
    cut = box.substitute(line.base, line.directions)
    assert cut is not None
    assert [cut.has_inside([t]) for t in (-1, Fraction(-99, 100), 0, 1)] == [False, True, True, False]
    assert Domain.box([-1, -np.inf], [1, np.inf]).substitute(*parts(Slice.along([0, 0], [[0, 1]]))) is None
    with pytest.raises(DomainError, match="misses the domain"):
        box.substitute(*parts(Slice.along([2, 0], [[0, 1]])))
    # A slice in a wall meets the closed box in a segment, as the equation x0 = 1 does.
    edge = box.substitute(*parts(Slice.along([1, 0], [[0, 1]])))
    assert edge is not None
    assert edge.rows.fractions() == [[1, 1], [1, -1]]


def parts(flat: Slice) -> tuple[object, object]:
    return flat.base, flat.directions


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        (Domain.box([1, 2], [1, 2]), "single point"),
        (Domain.box([1, -3], [1, 3]).intersect(Domain.box([2, -3], [2, 3])), "contradict"),
        (Domain.box([1, 0, 0], [1, 1, 1]), "3 coordinates"),
    ],
)
def test_a_domain_without_room_is_refused(domain: Domain, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Problem(network=load(TRUTH / "xor.json"), domain=domain).restricted()
