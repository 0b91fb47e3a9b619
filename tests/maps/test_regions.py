"""Regions and affine maps at points, against complexes enumerated by the engines."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

import relureg
from relureg import maps
from relureg.maps.float_network import FloatNetwork
from relureg.maps.signs import SignFinder, direction, exact_region_signs

TRUTH = Path(__file__).parents[2] / "fixtures" / "truth"
NAMES = ("xor", "int_2-6-6-1", "int_3-6-6-1", "nobias_2-10-1", "dup_dead_2", "saw_3", "rand_2-16-16-1")


@pytest.fixture(scope="module", params=NAMES)
def cells(request: pytest.FixtureRequest) -> relureg.Complex:
    return relureg.enumerate_regions(relureg.load(TRUTH / f"{request.param}.json"))


def lattice(network: relureg.Network, count: int = 400) -> np.ndarray:
    """Points of which many lie on boundaries."""
    random = np.random.default_rng(1)
    return random.integers(-6, 7, size=(count, network.input_dim)) / 2


def test_xor_has_the_three_maps_of_the_source_and_never_the_empty_pattern() -> None:
    xor = relureg.load(TRUTH / "xor.json")
    grid = np.stack(np.meshgrid(np.linspace(-3, 3, 49), np.linspace(-3, 3, 49)), axis=-1).reshape(-1, 2)
    found = maps.local_maps(xor, grid)
    assert set(found.regions.patterns(xor)) == {"11", "10", "00"}
    assert (found.regions.num_regions, found.num_maps) == (3, 3)
    expected = {"11": (-2.0, -2.0, 1.0), "10": (2.0, 2.0, 1.0), "00": (0.0, 0.0, -1.0)}  # equation (3)
    for pattern, weights, bias in zip(found.regions.patterns(xor), found.weights, found.bias, strict=True):
        assert (*weights[0].tolist(), bias[0]) == expected[pattern]


def test_points_inside_regions_lie_in_them_with_their_maps(cells: relureg.Complex) -> None:
    network = cells.network
    inside = [k for k in range(cells.num_regions) if k not in cells.records.exact_points]
    found = maps.local_maps(network, cells.records.points[inside])
    assert found.regions.patterns(network) == [cells.pattern(k) for k in inside]
    assert not found.regions.on_boundary.any()
    assert found.regions.num_regions == len(inside)
    for place, region in enumerate(inside):
        exact = cells.affine_map(region)
        np.testing.assert_allclose(found.weights[place], exact.matrix.floats, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found.bias[place], exact.constant.floats[:, 0], rtol=1e-12, atol=1e-12)
    if len(inside) == cells.num_regions:
        assert found.num_maps == cells.linear_regions.affine_pieces


def test_a_point_on_a_boundary_is_in_the_region_entered_along_the_documented_direction(cells: relureg.Complex) -> None:
    network = cells.network
    points = lattice(network)
    found = maps.find_regions(network, points)
    number = {cells.pattern(k): k for k in range(cells.num_regions)}
    mine = [number[pattern] for pattern in found.patterns(network)]  # a real region, for every point
    located = cells.locate(points)
    inside = ~found.on_boundary
    assert np.array_equal(np.array(mine)[inside], located[inside])
    if network.name.startswith(("xor", "int", "nobias_2", "saw")):
        assert found.on_boundary.any()
    step = [Fraction(x) / 2**60 for x in direction(network.input_dim).tolist()]
    for point in np.flatnonzero(found.on_boundary)[:60].tolist():
        at = [Fraction(x) for x in points[point].tolist()]
        zeros = cells.network.exact_signs(at) == 0
        signs = cells.records.signs[mine[point]]
        assert (zeros & (signs != 0)).any()
        assert found.boundary[point] == np.flatnonzero(zeros & (signs != 0))[0]
        moved = [x + s * 2**20 / 2**20 for x, s in zip(at, step, strict=True)]
        there = network.exact_signs(moved)
        if (there == signs).all():
            continue
        # Along v nothing changes for a unit that is still 0; the partial derivatives then decide.
        assert (there[there != signs] == 0).all()


def test_doubles_and_rationals_agree_on_signs(cells: relureg.Complex) -> None:
    network = cells.network
    finder = SignFinder(FloatNetwork.of(network))
    points = lattice(network, 60)
    signs, boundary = finder.find(points)
    for row, point in enumerate(points):
        exact, unit = exact_region_signs(network, point)
        assert np.array_equal(signs[row], exact)
        assert boundary[row] == unit


def test_chunks_change_nothing(cells: relureg.Complex) -> None:
    points = lattice(cells.network, 50)
    whole, parts = maps.local_maps(cells.network, points), maps.local_maps(cells.network, points, chunk=7)
    assert np.array_equal(whole.regions.active, parts.regions.active)
    assert np.array_equal(whole.map_number, parts.map_number)
    np.testing.assert_allclose(whole.weights, parts.weights, rtol=1e-13)


def test_distinct_maps_are_told_from_distinct_regions() -> None:
    # |x| by two units, and a third whose weight in the output is 0: four regions, two maps.
    network = relureg.Network.from_layers([[[1], [-1], [1]], [[1, 1, 0]]], [[0, 0, -1], [0]])
    found = maps.local_maps(network, [[-2.0], [0.5], [2.0], [3.0]])
    assert found.regions.num_regions == 3
    assert (found.num_maps, found.map_number.tolist()) == (2, [0, 1, 1, 1])


def pooled() -> tuple[relureg.Network, torch.nn.Module]:
    torch.manual_seed(3)
    module = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 6, 6)), torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.BatchNorm2d(2), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2), torch.nn.Conv2d(2, 3, 2), torch.nn.LeakyReLU(0.25), torch.nn.Flatten(),
        torch.nn.Linear(12, 3),
    )  # fmt: skip
    module[2].weight.data = torch.tensor([1.5, -0.5])
    module.eval()
    return relureg.from_torch(module, (36,)), module


def test_blank_patches_are_decided_exactly_without_rationals(monkeypatch: pytest.MonkeyPatch) -> None:
    network, _ = pooled()
    images = np.random.default_rng(0).integers(0, 3, size=(12, 36)) / 2.0
    images[:, :18] = 0.0  # equal patches: comparisons of equal numbers in the max pooling
    found = maps.find_regions(network, images)
    assert found.on_boundary.all()
    for row, point in enumerate(images):
        exact, unit = exact_region_signs(network, point)
        assert np.array_equal(found.signs_of(slice(row, row + 1))[0], exact)
        assert found.boundary[row] == unit
    calls = []
    monkeypatch.setattr("relureg.maps.signs.exact_region_signs", lambda *_: calls.append(1))
    again = maps.find_regions(network, images)
    assert np.array_equal(again.active, found.active)
    assert not calls


def test_maps_of_a_convolutional_network_are_its_jacobians() -> None:
    network, module = pooled()
    module.double()
    points = np.random.default_rng(1).normal(size=(20, 36))
    found = maps.local_maps(network, points)
    for row, point in enumerate(points):
        jacobian = torch.autograd.functional.jacobian(module, torch.tensor(point[None]))[0, :, 0].numpy()
        np.testing.assert_allclose(found.weights[row], jacobian, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(found.weights[row] @ point + found.bias[row], found.outputs[row], rtol=1e-10)


# -- nearest facets and inequalities -------------------------------------------------------------------


def test_nearest_facets_are_those_of_the_complex(cells: relureg.Complex) -> None:
    network = cells.network
    random = np.random.default_rng(2)
    points = random.normal(size=(40, network.input_dim)) * 3
    found = maps.nearest_facets(network, points)
    for row, region in enumerate(cells.locate(points).tolist()):
        shape = cells.polyhedron(region)
        at = [Fraction(x) for x in points[row].tolist()]
        squares = []
        for normal, (constant,) in zip(
            shape.inequalities.matrix.fractions(), shape.inequalities.constant.fractions(), strict=True
        ):
            value = constant + sum(a * x for a, x in zip(normal, at, strict=True))
            squares.append(value * value / sum(a * a for a in normal))
        if not squares:
            assert found.unit[row] == -1
            continue
        facet = min(range(len(squares)), key=lambda k: squares[k])
        assert found.unit[row] in shape.facet_units[facet]
        assert found.distance[row] == pytest.approx(float(squares[facet]) ** 0.5, rel=1e-9)
        assert np.linalg.norm(points[row] - found.foot[row]) == pytest.approx(found.distance[row], rel=1e-9)


def test_equally_near_facets_give_the_lowest_unit() -> None:
    network = relureg.Network.from_layers([[[1, 0], [0, 1], [-1, 0]], [[1, 1, 1]]], [[0, 0, 2], [0]])
    found = maps.nearest_facets(network, [[1.0, 1.0], [1.0, 2.0]])
    assert found.unit.tolist() == [0, 0]
    assert found.distance.tolist() == [1.0, 1.0]


def test_inequalities_around_points_are_those_of_the_complex(cells: relureg.Complex) -> None:
    network = cells.network
    points = np.random.default_rng(5).normal(size=(6, network.input_dim)) * 2
    for point, region in zip(points, cells.locate(points).tolist(), strict=True):
        expected = cells.polyhedron(region)
        exact, doubles = (maps.region_around(network, point, exact=e) for e in (True, False))
        assert exact.is_exact
        assert not doubles.is_exact
        units = sorted(min(units) for units in expected.facet_units)
        assert sorted(exact.units.tolist()) == sorted(doubles.units.tolist())
        assert all(any(u in on for on in expected.facet_units) for u in exact.units.tolist())
        assert exact.num_facets == len(units)


def test_a_circle_against_an_annulus_is_told_apart_by_a_closed_region() -> None:
    # The task of Sattelberg et al., Section 3.1: three hidden units are the fewest that can do it.
    random = np.random.default_rng(0)
    angle, inside = random.uniform(0, 2 * np.pi, 400), np.arange(400) < 200
    radius = np.where(inside, random.uniform(0, 0.5, 400), random.uniform(1.5, 2, 400))
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    optimiser = torch.optim.Adam(module.parameters(), lr=0.05)
    inputs, targets = torch.tensor(points, dtype=torch.float32), torch.tensor(inside, dtype=torch.float32)
    for _ in range(400):
        optimiser.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(module(inputs)[:, 0], targets).backward()
        optimiser.step()
    network = relureg.from_torch(module, (2,))
    cells = relureg.enumerate_regions(network)
    found = maps.local_maps(network, points)
    assert (found.classes == inside).all()
    assert (cells.num_regions, int(cells.records.bounded.sum())) == (7, 1)
    closed = int(np.flatnonzero(cells.records.bounded)[0])
    located = cells.locate(points)
    assert (located[inside] == closed).any()
    # The inner class is closed, too: the output falls or stays along every ray, and is negative far away.
    for number in range(cells.num_regions):
        rays, slope = cells.polyhedron(number).rays, cells.affine_map(number).matrix
        assert all(value <= 0 for row in (rays @ slope.T).fractions() for value in row)
    turn = np.linspace(0, 2 * np.pi, 2000)
    assert (network(1e4 * np.stack([np.cos(turn), np.sin(turn)], axis=1)) < 0).all()
    region = maps.region_around(network, cells.records.points[closed], exact=True)
    assert region.units.tolist() == [0, 1, 2]
