"""Vertices and rays are the nearest doubles: compared with brute force over all sets of rows, in fractions alone."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg.complex.complex import Complex
from relureg.complex.halfspaces import _ONE_THREAD, _product
from relureg.exact.rational import RationalMatrix

Row = tuple[Fraction, ...]

KINDS: dict[str, Callable[[random.Random], Fraction]] = {
    "small integers": lambda rng: Fraction(rng.randint(-3, 3)),
    "doubles": lambda rng: Fraction(rng.gauss(0, 1)),
    "quotients": lambda rng: Fraction(rng.randint(-9, 9), rng.randint(1, 9)),
    "twelve orders of magnitude": lambda rng: Fraction(rng.gauss(0, 1) * 10.0 ** rng.randint(-12, 12)),
    "all doubles": lambda rng: Fraction(rng.gauss(0, 1) * 10.0 ** rng.choice([-320, -200, -30, 0, 0, 30, 200, 299])),
}


def random_network(rng: random.Random, entry: Callable[[random.Random], Fraction]) -> relureg.Network:
    sizes = [rng.randint(1, 3), *(rng.randint(1, 4) for _ in range(rng.randint(1, 2))), 1]
    shapes = list(itertools.pairwise(sizes))
    return relureg.Network.from_layers(
        [RationalMatrix.from_fractions([[entry(rng) for _ in range(a)] for _ in range(b)], a) for a, b in shapes],
        [RationalMatrix.from_fractions([[entry(rng)] for _ in range(b)], 1) for _, b in shapes],
    )


def rows_of(cells: Complex, region: int) -> list[Row]:
    """What is >= 0 on a region, constants first, by hand, in fractions: walls, and units that vanish on a facet."""
    network, domain, records = cells.network, cells.domain, cells.records
    first, last = records.facet_starts[np.searchsorted(records.facet_region, [region, region + 1])].tolist()
    bounding = set(records.facet_units[first:last].tolist())
    signs = iter(cells.records.signs_of(np.array([region]))[0].tolist())
    found = [] if domain is None else [tuple(row) for row in domain.rows.fractions()]
    identity = [[Fraction(i == j + 1) for i in range(network.input_dim + 1)] for j in range(network.input_dim)]
    sources, total = {0: identity}, 0
    for number, stage in enumerate(network.stages, start=1):
        sources[number] = []
        constants = stage.pre_activation.constant.fractions()
        matrices = {source: matrix.fractions() for source, matrix in stage.pre_activation.terms.items()}
        for unit, (constant,) in enumerate(constants):
            row = [constant, *(Fraction(0) for _ in identity)]
            for source, matrix in matrices.items():
                for weight, below in zip(matrix[unit], sources[source], strict=True):
                    row = [x + weight * y for x, y in zip(row, below, strict=True)]
            sign = next(signs)
            sources[number].append(row if sign > 0 else [Fraction(0)] * len(row))
            if total + unit in bounding:
                found.append(tuple(sign * x for x in row))
        total += len(constants)
    return [row for row in found if any(row[1:])]


def brute_force(rows: list[Row]) -> tuple[list[list[float]], list[list[float]]]:
    """The vertices and rays of a polyhedron, rounded: of all sets of rows, the points and directions they determine."""
    dim = len(rows[0]) - 1
    infinity = (Fraction(1), *(Fraction(0) for _ in range(dim)))
    vertices, rays = set(), set()
    for chosen in itertools.combinations([*rows, infinity], dim):
        kernel = RationalMatrix.from_fractions([list(row) for row in chosen], dim + 1).kernel().fractions()
        if len(kernel) != 1:
            continue
        for turn in (1, -1):
            y = [turn * x for x in kernel[0]]
            if y[0] < 0 or any(sum(a * b for a, b in zip(row, y, strict=True)) < 0 for row in rows):
                continue
            if y[0]:
                vertices.add(tuple(x / y[0] for x in y[1:]))
            else:
                rays.add(tuple(x / max(map(abs, y)) for x in y[1:]))
    return sorted(rounded(x) for x in vertices), sorted(rounded(x) for x in rays)


def rounded(point: tuple[Fraction, ...]) -> list[float]:
    def nearest(x: Fraction) -> float:
        try:
            return x.numerator / x.denominator  # Python divides integers with one rounding
        except OverflowError:
            return math.inf if x > 0 else -math.inf

    return [nearest(x) for x in point]


def assert_nearest(cells: Complex) -> None:
    generators = cells.generators
    for region, (start, stop) in enumerate(itertools.pairwise(generators.starts.tolist())):
        is_ray, coordinates = generators.is_ray[start:stop], generators.coordinates[start:stop]
        found = sorted(coordinates[~is_ray].tolist()), sorted(coordinates[is_ray].tolist())
        assert found == brute_force(rows_of(cells, region)), region


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("domain", [None, (-0.1, 0.1), (Fraction(-1, 3), math.inf)])
def test_coordinates_of_random_networks(kind: str, domain: tuple[float, float] | None) -> None:
    checked = 0
    for seed in itertools.count(1):
        network = random_network(random.Random(seed), KINDS[kind])
        box = None if domain is None else relureg.Domain.box(*([bound] * network.input_dim for bound in domain))
        cells = relureg.enumerate_regions(network, box)
        if cells.essential_dim == network.input_dim:
            assert_nearest(cells)
            checked += cells.num_regions
        if checked >= 30:
            return


def test_vertices_lie_in_the_box() -> None:
    network = relureg.load("fixtures/nets/sherlock_cartpole_matlab_gemm4d.onnx")
    cells = relureg.enumerate_regions(network, relureg.Domain.box([-0.1] * 4, [0.1] * 4))
    assert np.abs(cells.vertices).max() == 0.1
    assert np.abs(cells.generators.coordinates).max() == 0.1
    assert_nearest(cells)


def test_a_box_whose_bounds_are_no_doubles() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    cells = relureg.enumerate_regions(network, relureg.Domain.box([Fraction(1, 10)] * 2, [Fraction(7, 3)] * 2))
    assert [cells.vertices.min(), cells.vertices.max()] == [0.1, 7 / 3]
    assert_nearest(cells)


def test_rays_whose_two_largest_entries_are_as_large() -> None:
    network = relureg.Network.from_layers([[[1, 1], [1, -1], [3, 2]], [[1, 1, 1]]], [[0, 0, 1], [0]])
    cells = relureg.enumerate_regions(network)
    assert_nearest(cells)
    rays = cells.generators.coordinates[cells.generators.is_ray]
    assert {(1.0, 1.0), (-1.0, 1.0), (2 / 3, -1.0)} <= set(map(tuple, rays.tolist()))


def test_a_vertex_beyond_the_doubles_is_infinite() -> None:
    network = relureg.Network.from_layers([[[1e-300], [1.0]], [[1, 1]]], [[-1e300, 0], [0]])
    assert sorted(relureg.enumerate_regions(network).vertices.tolist()) == [[0.0], [math.inf]]


def test_hundreds_of_vertices_of_a_deep_network() -> None:
    assert_nearest(relureg.enumerate_regions(relureg.random_network([2, 6, 6, 6], seed=5)))


def test_products_by_parts_are_the_product() -> None:
    """Integers, so that no order of the sums rounds: 300 rows are more than one part, and leave a rest."""
    rows, matrix = (np.random.default_rng(4).integers(-9, 9, shape).astype(float) for shape in ((300, 60), (80, 60)))
    assert _ONE_THREAD // matrix.size < 60
    assert np.array_equal(_product(rows, matrix), rows @ matrix.T)
