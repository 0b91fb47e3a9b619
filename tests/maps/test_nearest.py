"""The nearest facet of a point, at all sizes of weights and coordinates: compared with fractions."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import maps
from relureg.exact.numbers import nearest_root
from relureg.exact.rational import RationalMatrix

KINDS: dict[str, Callable[[random.Random], Fraction]] = {
    "small integers": lambda rng: Fraction(rng.randint(-3, 3)),
    "doubles": lambda rng: Fraction(rng.gauss(0, 1)),
    "quotients": lambda rng: Fraction(rng.randint(-9, 9), rng.randint(1, 9)),
    "all doubles": lambda rng: Fraction(rng.gauss(0, 1) * 10.0 ** rng.choice([-320, -308, -30, 0, 0, 30, 200, 299])),
}


def some_points(rng: random.Random, dim: int) -> list[list[float]]:
    points = [[rng.gauss(0, 1) * size for _ in range(dim)] for size in (1.0, 1e-17, 1e-310, 1e15, 1e21, 1e60)]
    points.append([rng.gauss(0, 1) * 10.0 ** rng.randint(-20, 20) for _ in range(dim)])
    points.append([float(rng.randint(-3, 3)) for _ in range(dim)])
    return points


def rows_at(network: relureg.Network, signs: list[int]) -> list[list[Fraction]]:
    """All units as they are affine in a region, constants first; by hand."""
    sources = {0: [[Fraction(i == j + 1) for i in range(network.input_dim + 1)] for j in range(network.input_dim)]}
    found: list[list[Fraction]] = []
    for number, stage in enumerate(network.stages, start=1):
        form, rows = stage.pre_activation, []
        for unit, (constant,) in enumerate(form.constant.fractions()):
            row = [constant, *(Fraction(0) for _ in range(network.input_dim))]
            for source, matrix in form.terms.items():
                for weight, below in zip(matrix.fractions()[unit], sources[source], strict=True):
                    row = [x + weight * y for x, y in zip(row, below, strict=True)]
            rows.append(row)
        active = signs[len(found) : len(found) + len(rows)]
        sources[number] = [
            row if sign > 0 else [Fraction(0)] * len(row) for row, sign in zip(rows, active, strict=True)
        ]
        found += rows
    return found


def nearest(x: Fraction) -> float:
    try:
        return x.numerator / x.denominator
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def root(x: Fraction) -> float:
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 1500, -9999999, 9999999
        exact = (Decimal(x.numerator) / Decimal(x.denominator)).sqrt()
        return float(exact) if exact < Decimal("1e309") else math.inf


def check(network: relureg.Network, points: list[list[float]]) -> None:
    found = maps.nearest_facets(network, np.array(points))
    signs = maps.find_regions(network, np.array(points)).signs_of(np.arange(len(points)))
    for index, point in enumerate(points):
        exact = [Fraction(x) for x in point]
        distances = []
        for unit, (constant, *gradient) in enumerate(rows_at(network, signs[index].tolist())):
            square = sum(g * g for g in gradient)
            value = constant + sum(g * x for g, x in zip(gradient, exact, strict=True))
            if square:
                distances.append((value * value / square, unit, [value / square * g for g in gradient]))
        if not distances:
            assert (found.unit[index], found.distance[index]) == (-1, math.inf)
            continue
        square, unit, step = min(distances)
        assert (found.unit[index], found.distance[index]) == (unit, root(square)), point
        assert found.foot[index].tolist() == [nearest(x - s) for x, s in zip(exact, step, strict=True)], point


@pytest.mark.parametrize("kind", KINDS)
def test_against_fractions(kind: str) -> None:
    for seed in range(12):
        rng = random.Random(seed)
        sizes = [rng.randint(1, 3), *(rng.randint(1, 5) for _ in range(rng.randint(1, 3))), 1]
        shapes, entry = list(itertools.pairwise(sizes)), KINDS[kind]
        network = relureg.Network.from_layers(
            [RationalMatrix.from_fractions([[entry(rng) for _ in range(a)] for _ in range(b)], a) for a, b in shapes],
            [RationalMatrix.from_fractions([[entry(rng)] for _ in range(b)], 1) for _, b in shapes],
        )
        check(network, some_points(rng, sizes[0]))


def test_a_denormal_weight_makes_a_hyperplane() -> None:
    network = relureg.Network.from_layers([[[1], [5e-324]], [[1, 1]]], [[0.25, 0], [0]])
    found = maps.nearest_facets(network, [[0.5], [-0.125]])
    assert (found.unit.tolist(), found.distance.tolist()) == ([1, 0], [0.5, 0.125])


def test_weights_whose_products_overflow() -> None:
    network = relureg.Network.from_layers([[[1e300], [1]], [[1e300, 1]]], [[1e300, -3], [-1]])
    check(network, [[1.0], [1e21], [-1.0 + 2**-53]])


def test_a_point_a_hair_inside_its_region() -> None:
    network = relureg.Network.from_layers([[[1, 1]], [[1]]], [[-1], [0]])
    found = maps.nearest_facets(network, [[1.0, 1e-17]])
    assert found.distance.tolist() == [root(Fraction(1e-17) ** 2 / 2)]


def test_maps_far_beyond_the_doubles_are_still_told_apart() -> None:
    # The maps of the two outer regions are the same, and overflow on the way.
    network = relureg.Network.from_layers([[[1e300], [-1e300]], [[1e300, 1e300]], [[0]]], [[0, 0], [-1], [2]])
    found = maps.local_maps(network, [[1.0], [-1.0]])
    assert (found.num_maps, found.regions.num_regions) == (1, 2)


def test_a_region_without_a_facet() -> None:
    network = relureg.Network.from_layers([[[0, 0]], [[1]]], [[-1], [0]])
    for exact in (False, True):
        region = maps.region_around(network, [1.0, 2.0], exact=exact)
        assert (region.num_facets, region.num_left_out, region.matrix.shape) == (0, 0, (0, 2))


def test_the_nearest_hyperplanes_are_chosen_exactly() -> None:
    # In doubles both distances are 0; the second hyperplane is nearer.
    weights, biases = [[1e-200, 0], [0, 1e-200]], [3e-320, 2e-320]
    network = relureg.Network.from_layers([weights, [[1, 1]]], [biases, [0]])
    region = maps.region_around(network, [0.0, 0.0], exact=True, most=1)
    assert (region.units.tolist(), region.num_left_out) == ([1], 1)


@pytest.mark.parametrize(
    ("square", "expected"), [(Fraction(0), 0.0), (Fraction(1, 4), 0.5), (Fraction(10**620), math.inf)]
)
def test_roots_that_are_plain(square: Fraction, expected: float) -> None:
    assert nearest_root(square) == expected


def test_roots_beside_the_middle_of_two_doubles() -> None:
    middle = 1 + Fraction(1, 2**53)
    tiny = Fraction(1, 2**3000)
    assert [nearest_root(middle**2 + t) for t in (-tiny, Fraction(0), tiny)] == [1.0, 1.0, 1 + 2.0**-52]
