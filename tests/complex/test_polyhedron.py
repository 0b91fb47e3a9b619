"""Regions as polyhedra: against cddlib, against the splitter's generators, and against the network itself."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import Complex, Domain, Network, Polyhedron, enumerate_regions, stopping
from relureg.complex.polyhedron import derive_generators
from relureg.errors import CheckFailedError, LimitReachedError, UsageError
from relureg.exact.double_description import extreme_rays

NETWORKS = ["int_2-6-6-1", "int_3-6-6-1", "nobias_3-8-1", "dup_dead_2", "xor", "rand_2-16-16-1"]


def _cells(name: str, box: int | None = None) -> Complex:
    network = relureg.load(f"fixtures/truth/{name}.json")
    domain = Domain.box([-box] * network.input_dim, [box] * network.input_dim) if box else None
    return enumerate_regions(network, domain)


def _by_cddlib(polyhedron: Polyhedron) -> tuple[set[Any], set[Any], int, set[int]]:
    """Vertices, rays (largest entry 1), the dimension of the lineality space, and redundant rows."""
    import cdd
    from cdd import gmp

    rows = [
        [constant, *normal]
        for (constant,), normal in zip(
            polyhedron.inequalities.constant.fractions(), polyhedron.inequalities.matrix.fractions(), strict=True
        )
    ]
    matrix = gmp.matrix_from_array(rows, rep_type=cdd.RepType.INEQUALITY)
    generators = gmp.copy_generators(gmp.polyhedron_from_matrix(matrix))
    points = [row for i, row in enumerate(generators.array) if i not in generators.lin_set]
    vertices = {tuple(Fraction(x) for x in row[1:]) for row in points if row[0]}
    rays = {_scaled([Fraction(x) for x in row[1:]]) for row in points if not row[0]}
    vertices = vertices or {(Fraction(0),) * polyhedron.vertices.shape[1]}  # cddlib does not name the apex of a cone
    return vertices, rays, len(generators.lin_set), set(gmp.redundant_rows(matrix))


def _scaled(ray: list[Fraction]) -> tuple[Fraction, ...]:
    largest = max(map(abs, ray))
    return tuple(x / largest for x in ray)


@pytest.mark.parametrize(("name", "box"), [(name, None) for name in NETWORKS if name != "xor"] + [("int_2-6-6-1", 3)])
def test_inequalities_and_generators_are_those_of_cddlib(name: str, box: int | None) -> None:
    cells = _cells(name, box)
    for region in range(0, cells.num_regions, max(1, cells.num_regions // 40)):
        found = cells.polyhedron(region)
        vertices, rays, num_lines, redundant = _by_cddlib(found)
        assert {tuple(row) for row in found.vertices.fractions()} == vertices
        assert {_scaled(row) for row in found.rays.fractions()} == rays
        assert (num_lines, redundant) == (0, set())
        assert found.is_bounded is bool(cells.records.bounded[region])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_region_is_what_its_polyhedron_says(name: str) -> None:
    cells = _cells(name)
    for region in range(0, cells.num_regions, max(1, cells.num_regions // 60)):
        found = cells.polyhedron(region)
        point = [[x] for x in cells.point(region)]
        column = relureg.exact.rational.RationalMatrix.from_fractions(point, 1)
        inside = found.inequalities.matrix @ column + found.inequalities.constant
        assert all(n > 0 for n in inside.numerators.flat)
        units = {neighbour.units for neighbour in cells.neighbours(region)}
        assert units == set(found.facet_units)
        _assert_incidence(found)


def _assert_incidence(found: Polyhedron) -> None:
    at_vertices = found.inequalities.matrix @ found.vertices.T
    along_rays = found.inequalities.matrix @ found.rays.T
    for facet, (constant,) in enumerate(found.inequalities.constant.fractions()):
        values = [constant + x for x in at_vertices.fractions()[facet]] + along_rays.fractions()[facet]
        assert [value == 0 for value in values] == found.incidence[:, facet].tolist()
        assert min(values) >= 0


def test_a_region_with_lines() -> None:
    cells = _cells("xor")
    middle = cells.polyhedron(1)
    assert middle.vertices.fractions() == [[-1, 0], [0, 0]]
    assert middle.lines.fractions() in ([[1, -1]], [[-1, 1]])
    assert (middle.rays.shape[0], middle.is_bounded) == (0, False)
    vertices, rays, num_lines, redundant = _by_cddlib(middle)
    assert (len(vertices), rays, num_lines, redundant) == (2, set(), 1, set())


def test_walls_are_named() -> None:
    """The unit square, cut along x + y = 1: rows 0 and 2 of the box are the lower bounds."""
    network = Network.from_layers([[[1, 1]], [[1]]], [[-1], [0]])
    cells = enumerate_regions(network, Domain.box([0, 0], [1, 1]))
    below = cells.polyhedron(0)
    assert below.facet_walls == (None, 0, 2)
    assert below.facet_units == ((0,), (), ())
    assert below.inequalities.matrix.fractions() == [[-1, -1], [1, 0], [0, 1]]
    assert below.vertices.fractions() == [[0, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize(("name", "box"), [(name, None) for name in NETWORKS] + [("int_3-6-6-1", 2), ("dup_dead_2", 1)])
def test_the_splitter_and_the_inequalities_have_the_same_generators(name: str, box: int | None) -> None:
    cells = _cells(name, box)
    told = cells.generators
    derived = derive_generators(cells.problem, cells.records)
    assert np.array_equal(told.starts, derived.starts)
    assert _by_zeros(told) == _by_zeros(derived)


def test_a_stop_while_generators_are_found_again_is_no_contradiction() -> None:
    # Large enough that the run is not over before somebody looks at the clock.
    cells = relureg.enumerate_regions(relureg.random_network([2, 48, 48], seed=1))
    with stopping.within(1e-9), pytest.raises(LimitReachedError, match="stopped by the time limit of 1e-09 s"):
        _ = cells.generators
    assert cells.generators.num_regions == cells.num_regions


def _by_zeros(generators: Any) -> list[dict[bytes, tuple[float, ...]]]:
    """For each region, what vanishes at each generator and its coordinates, to 9 digits (they differ by rounding)."""
    lines = [
        (zeros.tobytes(), tuple(float(f"{x:.9g}") + 0.0 for x in point))
        for zeros, point in zip(generators.zeros, generators.coordinates.tolist(), strict=True)
    ]
    return [dict(lines[start:stop]) for start, stop in zip(generators.starts, generators.starts[1:], strict=False)]


def test_vertices_of_a_region_are_numbered_in_the_complex() -> None:
    cells = _cells("int_2-6-6-1")
    for region in range(cells.num_regions):
        mine = cells.vertices[cells.vertex_numbers(region)]
        assert sorted(map(tuple, mine.tolist())) == sorted(
            tuple(map(float, row)) for row in cells.polyhedron(region).vertices.fractions()
        )
    used = np.concatenate([cells.vertex_numbers(region) for region in range(cells.num_regions)])
    assert set(used.tolist()) == set(range(36))


def test_a_part_of_the_regions_has_polyhedra_but_no_f_vector() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    some = enumerate_regions(network, max_regions=20)
    assert some.generators.num_regions == 20
    assert some.polyhedron(3).vertices.shape[0] >= 1
    with pytest.raises(relureg.errors.LimitReachedError, match="faces need all of them"):
        some.f_vector  # noqa: B018
    assert {check.passed for check in some.face_checks} == {None}


def test_regions_that_are_not_there() -> None:
    cells = _cells("xor")
    for ask in (cells.polyhedron, cells.affine_map, cells.neighbours, cells.vertex_numbers):
        for region in (3, -4):
            with pytest.raises(UsageError, match=f"no region {region}; they are numbered 0 to 2"):
                ask(region)


def test_facets_that_bound_no_region_are_refused() -> None:
    import dataclasses

    cells = _cells("int_2-6-6-1")
    keep = cells.records.facet_region != 17
    lengths = np.diff(cells.records.facet_starts)
    records = dataclasses.replace(
        cells.records,
        facet_region=cells.records.facet_region[keep],
        facet_on_boundary=cells.records.facet_on_boundary[keep],
        facet_starts=np.concatenate([[0], np.cumsum(lengths[keep])]),
        facet_units=cells.records.facet_units[np.repeat(keep, lengths)],
    )
    with pytest.raises(CheckFailedError, match="the facets of region 17 leave a line in it"):
        dataclasses.replace(cells, records=records).polyhedron(17)


def test_extreme_rays_of_a_cone_over_a_square() -> None:
    square = [(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (2, 1, 1)]
    rays = extreme_rays(square, 3)
    assert {ray.vector for ray in rays} == {(1, x, y) for x in (-1, 1) for y in (-1, 1)}
    assert sorted(ray.zeros.bit_count() for ray in rays) == [2, 2, 2, 3]
    with pytest.raises(ValueError, match="line"):
        extreme_rays(square[:2], 3)
