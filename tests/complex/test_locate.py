"""Which region contains a point: against the definition of regions, and at places where doubles are not enough."""

from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import Complex, Domain, Network, enumerate_regions
from relureg.errors import UsageError


@pytest.fixture(scope="module")
def cells() -> Complex:
    return enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"))


@pytest.mark.parametrize("name", ["int_2-6-6-1", "int_3-6-6-1", "nobias_3-8-1", "dup_dead_2", "rand_3-16-16-1"])
def test_a_region_contains_its_point(name: str) -> None:
    cells = enumerate_regions(relureg.load(f"fixtures/truth/{name}.json"))
    own = np.arange(cells.num_regions)
    exact = [region for region in own.tolist() if region in cells.records.exact_points]
    assert np.array_equal(np.delete(cells.locate(cells.records.points), exact), np.delete(own, exact))
    some = own[:: max(1, len(own) // 50)].tolist()
    assert cells.locate([cells.point(region) for region in some]).tolist() == some


def test_a_grid_of_points_by_the_inequalities_of_all_regions(cells: Complex) -> None:
    """Integer weights: many of these points lie on facets and vertices."""
    polyhedra = [cells.polyhedron(region).inequalities for region in range(cells.num_regions)]
    points = [(Fraction(x, 2), Fraction(y, 2)) for x in range(-8, 9) for y in range(-8, 9)]
    on_boundary = 0
    for point, found in zip(points, cells.locate([list(map(float, p)) for p in points]).tolist(), strict=True):
        closed = [
            region
            for region, rows in enumerate(polyhedra)
            if all(
                c + sum(w * x for w, x in zip(row, point, strict=True)) >= 0
                for row, (c,) in zip(rows.matrix.fractions(), rows.constant.fractions(), strict=True)
            )
        ]
        assert found == closed[0]
        on_boundary += len(closed) > 1
    assert on_boundary > 30


def test_exact_vertices_lie_in_the_first_region_around_them(cells: Complex) -> None:
    regions_at: dict[tuple[Fraction, ...], int] = {}
    for region in range(cells.num_regions):
        for vertex in cells.polyhedron(region).vertices.fractions():
            regions_at.setdefault(tuple(vertex), region)
    assert len(regions_at) == 36
    assert cells.locate([list(vertex) for vertex in regions_at]).tolist() == list(regions_at.values())


def test_the_closure_counts_where_signs_could_mislead() -> None:
    """dup_dead_2 has units that coincide, oppose each other or never change."""
    cells = enumerate_regions(relureg.load("fixtures/truth/dup_dead_2.json"), engine="lp")
    for region in range(0, cells.num_regions, 7):
        for vertex in cells.polyhedron(region).vertices.fractions():
            found = int(cells.locate([vertex])[0])
            assert 0 <= found <= region
            assert vertex in cells.polyhedron(found).vertices.fractions()


def test_outside_the_domain_is_nowhere() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    cells = enumerate_regions(network, Domain.box([-1, -1], [1, 1]))
    inside = cells.locate([[1, 1], [-1, 0.5], [0, 0]])
    assert (inside >= 0).all()
    assert cells.locate([[np.nextafter(1, 2), 0], [0, -2]]).tolist() == [-1, -1]
    assert cells.locate([[Fraction(10**40 + 1, 10**40), 0]]).tolist() == [-1]


def test_a_part_of_the_regions_says_nothing_of_the_rest() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    every, some = enumerate_regions(network), enumerate_regions(network, max_regions=20)
    numbers = some.locate(every.records.points)
    assert sorted(numbers[numbers >= 0].tolist()) == list(range(20))


def test_a_hair_from_a_facet() -> None:
    """0.1 + 0.2 is not 0.3: as dyadic rationals, 0.1 + 0.2 - 0.3 is positive by 2.8e-17."""
    network = Network.from_layers([[[1, 1, -1]], [[1]]], [[0], [0]])
    cells = enumerate_regions(network)
    assert cells.locate([[0.1, 0.2, 0.3]]).tolist() == [1]
    assert cells.locate([[Fraction(1, 10), Fraction(2, 10), Fraction(3, 10)]]).tolist() == [0]
    assert cells.locate([[2**70, 1, 2**70]]).tolist() == [1]
    assert cells.locate(np.array([[2**62 + 1, 0, 2**62]])).tolist() == [1]
    assert cells.locate(np.array([[1e300, 1e-300, 1e300], [1e300, -1e-300, 1e300]])).tolist() == [1, 0]
    assert cells.locate(np.array([[1e308, 1e308, -1e308]])).tolist() == [1]


def test_sums_that_doubles_get_wrong() -> None:
    """Points near a hyperplane, of large coordinates: rounded sums have the wrong sign at many of them."""
    network = Network.from_layers([[[1] * 5], [[1]]], [[0], [0]])
    rng = np.random.default_rng(0)
    points = rng.integers(-8, 9, size=(500, 5)) / 2 + 2.0**54 * rng.permuted([[1, 1, -1, -1, 0]] * 500, axis=1)
    exact = [sum(map(Fraction, point), Fraction(0)) for point in points.tolist()]
    rounded = points.sum(axis=1)
    assert sum((a > 0) != (b > 0) for a, b in zip(exact, rounded.tolist(), strict=True)) > 20
    assert enumerate_regions(network).locate(points).tolist() == [int(value > 0) for value in exact]


def test_parameters_beyond_doubles() -> None:
    from relureg.exact.rational import RationalMatrix

    huge = RationalMatrix.from_fractions([[Fraction(10**400)], [Fraction(1, 10**400)]], 1)
    offset = RationalMatrix.from_fractions([[Fraction(-1)], [Fraction(-1, 10**400)]], 1)
    network = Network.from_layers([huge, [[1, 1]]], [offset, [0]])
    cells = enumerate_regions(network)
    assert cells.locate([[0.0], [0.5], [2.0], [1.0]]).tolist() == [0, 1, 2, 1]


def test_bad_points(cells: Complex) -> None:
    for points in ([1, 2], [[1, 2, 3]], [[[1, 2]]]):
        with pytest.raises(UsageError, match="points need shape"):
            cells.locate(points)
    for value in (float("nan"), float("inf")):
        with pytest.raises(UsageError, match="finite"):
            cells.locate([[0, value]])
        with pytest.raises(UsageError, match="finite"):
            cells.locate([[Fraction(1, 3), value]])
    assert cells.locate(np.empty((0, 2))).tolist() == []


# -- affine maps and neighbours --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["truth/int_3-6-6-1.json", "nets/marabou_fc_2_2_3.onnx", "truth/xor.json"])
def test_the_affine_map_of_a_region_is_the_network_there(path: str) -> None:
    network = relureg.load(f"fixtures/{path}")
    cells = enumerate_regions(network)
    matrices, constants = cells.affine_maps()
    assert (matrices.shape, constants.shape) == (
        (cells.num_regions, network.output_dim, network.input_dim),
        (cells.num_regions, network.output_dim),
    )
    for region in range(0, cells.num_regions, max(1, cells.num_regions // 40)):
        exact = cells.affine_map(region)
        point = cells.point(region)
        values = [
            c + sum(w * x for w, x in zip(row, point, strict=True))
            for row, (c,) in zip(exact.matrix.fractions(), exact.constant.fractions(), strict=True)
        ]
        assert tuple(values) == network.exact_output(point)
        np.testing.assert_allclose(matrices[region], exact.matrix.floats, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(constants[region], exact.constant.floats[:, 0], rtol=1e-12, atol=1e-12)
    some, _ = cells.affine_maps([cells.num_regions - 1, 0])
    assert np.array_equal(some, matrices[[-1, 0]])


def test_affine_maps_with_skips() -> None:
    """h = max(x, 0), z = h - x + 1, y = max(z, 0) + x."""
    network = relureg.network.json_format.read(
        b'{"format": "relureg-network", "version": 1, "layers": ['
        b'{"weight": [[1]], "bias": [0], "activation": "relu"},'
        b'{"weight": [[1]], "bias": [1], "activation": "relu", "skips": [{"from": 0, "weight": [[-1]]}]},'
        b'{"weight": [[1]], "bias": [0], "activation": "linear", "skips": [{"from": 0, "weight": [["1/3"]]}]}]}',
        name="skips",
    )
    cells = enumerate_regions(network)
    assert [cells.affine_map(region).matrix.fractions() for region in range(2)] == [
        [[Fraction(-2, 3)]],
        [[Fraction(1, 3)]],
    ]
    matrices, constants = cells.affine_maps()
    assert np.abs(matrices[:, 0, 0] - [-2 / 3, 1 / 3]).max() < 1e-15
    assert constants.tolist() == [[1.0], [1.0]]


def test_neighbours_are_those_of_the_graph(cells: Complex) -> None:
    graph = cells.graph.to_networkx()
    for region in range(cells.num_regions):
        found = cells.neighbours(region)
        assert [neighbour.region for neighbour in found] == sorted(graph.neighbors(region))
        for neighbour in found:
            back = {other.region: other.units for other in cells.neighbours(neighbour.region)}
            assert back[region] == neighbour.units
            signs = cells.records.signs
            apart = np.flatnonzero(signs[region] != signs[neighbour.region]).tolist()
            assert set(apart) <= set(neighbour.units)
