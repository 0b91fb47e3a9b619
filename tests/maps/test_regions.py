"""Regions and affine maps at points, against complexes enumerated by the engines."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import relureg
from relureg import Network, maps, stopping
from relureg.engine import split
from relureg.engine.limits import Watch
from relureg.engine.single_regions import SingleRegions
from relureg.errors import DataError, LimitReachedError
from relureg.exact.rational import RationalMatrix
from relureg.maps.exact_regions import direction, exact_region_signs, exact_unit_rows
from relureg.maps.float_network import FloatNetwork
from relureg.maps.maxima import as_maxima
from relureg.maps.residues import ResidueNetwork, num_binary_places, num_primes, primes
from relureg.maps.signs import SignFinder
from relureg.network.problem import Problem

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


def pooled_first() -> relureg.Network:
    """Max pooling before the ReLU, whose comparisons are of sums over the input, and a leaky ReLU after it."""
    torch.manual_seed(5)
    module = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 6, 6)), torch.nn.Conv2d(1, 2, 3), torch.nn.MaxPool2d(2), torch.nn.ReLU(),
        torch.nn.Conv2d(2, 3, 1), torch.nn.LeakyReLU(0.1), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(3, 3),
    )  # fmt: skip
    return relureg.from_torch(module, (36,))


@pytest.mark.parametrize("background", [0.0, -0.1307 / 0.3081])
@pytest.mark.parametrize("build", [lambda: pooled()[0], pooled_first])
def test_equal_patches_are_told_apart_without_rationals(
    build: Callable[[], relureg.Network], background: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build()
    images = np.random.default_rng(2).integers(0, 256, size=(10, 6, 6)) / 255
    images[:, :, :4] = background
    points = images.reshape(10, 36)
    expected = [exact_region_signs(network, point) for point in points]

    def refuse(*_: object) -> None:
        raise AssertionError("a point went to the rationals")

    monkeypatch.setattr("relureg.maps.signs.exact_region_signs", refuse)
    found = maps.find_regions(network, points)
    assert found.on_boundary.any()
    assert np.array_equal(found.signs_of(slice(None)), [signs for signs, _ in expected])
    assert found.boundary.tolist() == [unit for _, unit in expected]


@pytest.mark.parametrize("difference", [-1, 0, 1])
def test_a_difference_below_all_doubles_is_not_taken_for_zero(difference: int) -> None:
    # Two units 3 x and (3 + difference 2^-90) x, compared: doubles see the same number twice.
    rows = RationalMatrix.from_fractions([[3], [3 + Fraction(difference, 2**90)]], 1)
    zero, compare = RationalMatrix.from_fractions([[0], [0]], 1), [[1, -1]]
    network = relureg.Network.from_layers([rows, compare, [[1]]], [zero, [0], [0]])
    found = maps.find_regions(network, [[0.7]])
    assert found.signs_of(slice(None))[0].tolist() == [1, 1, -difference]
    assert not found.on_boundary.any()


@pytest.mark.parametrize("foreseen", [None, 2])
def test_a_number_that_some_primes_divide_is_not_taken_for_zero(
    foreseen: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # z is positive at (0.7, 0.7), by far less than doubles can see, and falls in the direction of the step.
    divided = math.prod(primes()[:2])
    if foreseen is not None:  # too few primes: what they leave open goes to the rationals
        monkeypatch.setattr("relureg.maps.signs.num_primes", lambda _: foreseen)
    constant = RationalMatrix.from_fractions([[Fraction(divided, 2**150)]], 1)
    network = relureg.Network.from_layers([[[-1, 1]], [[1]]], [constant, [0]])
    at_unused = relureg.Network.from_layers([[[-1, 1, 0]], [[1]]], [constant, [0]])
    for found in (
        maps.find_regions(network, [[0.7, 0.7]]),
        maps.find_regions(at_unused, [[0.7, 0.7, 0.0], [0.7, 0.7, 2.0**-400], [0.7, 0.7, 2.0**-1000]]),
    ):
        assert (found.signs_of(slice(None)) == 1).all()
        assert not found.on_boundary.any()


def test_residues_are_those_of_the_exact_numbers() -> None:
    network, _ = pooled()
    stages, _ = as_maxima(network)
    points = np.random.default_rng(3).integers(0, 256, size=(3, 36)) / 255
    places = int(num_binary_places(points).max())
    residues = ResidueNetwork(stages)
    sources = {0: residues.of_points(points, places, 4)}
    exact = {0: RationalMatrix.from_floats(points.T)}
    one = RationalMatrix.from_floats(np.ones((1, 3)))
    for number, stage in enumerate(stages, start=1):
        value = stage.p.evaluate(one, exact)
        found = residues.evaluate(number, "p", sources, places)
        scale = residues.denominator(number) * 2**places
        for prime, mine in zip(primes(), found, strict=False):
            whole = [[int(entry * scale) for entry in row] for row in value.fractions()]
            assert all(entry * scale == int(entry * scale) for row in value.fractions() for entry in row)
            assert ((mine.T - np.array([[n % prime for n in row] for row in whole])) % prime == 0).all()
            assert (np.abs(mine) <= prime / 2 + 1).all()
        sources[number], exact[number] = found, value


def test_enough_primes_are_taken() -> None:
    for bits in (0.0, 19.0, 20.0, 39.99, 40.0, 200.0, 900.0):
        count = num_primes(bits)
        assert math.prod(primes()[:count]) > 2**bits
        assert count == 1 or math.prod(primes()[: count - 1]) < 2 ** (bits + 0.01)
    assert num_primes(math.inf) == 0
    assert all(prime < 2**20 and all(prime % k for k in range(2, 1024)) for prime in primes())


@pytest.mark.parametrize("told", [True, False])
def test_equal_maps_are_found_whether_or_not_doubles_tell_maps_apart(
    told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = relureg.load(TRUTH / "int_2-6-6-1.json")
    cells = relureg.enumerate_regions(network)
    inside = np.setdiff1d(np.arange(cells.num_regions), list(cells.records.exact_points))
    if not told:
        monkeypatch.setattr(
            "relureg.maps.local._projected_maps", lambda _, found, *__: (np.zeros((len(found.first), 4)), 1.0)
        )
    found = maps.local_maps(network, cells.records.points[inside])
    exact = [
        (*cells.affine_map(k).matrix.fractions()[0], cells.affine_map(k).constant.fractions()[0][0]) for k in inside
    ]
    assert found.num_maps == len(set(exact)) < len(inside)
    assert found.map_number.tolist() == [list(dict.fromkeys(exact)).index(key) for key in exact]


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


@pytest.mark.parametrize("build", [lambda: pooled()[0], pooled_first])
def test_nearest_facets_of_convolutional_networks_are_those_of_all_units(build: Callable[[], relureg.Network]) -> None:
    network = build()
    points = np.random.default_rng(6).normal(size=(12, 36))
    found, regions = maps.nearest_facets(network, points), maps.find_regions(network, points)
    for row, point in enumerate(points):
        signs = regions.signs_of(slice(row, row + 1))[0]
        units = np.flatnonzero(signs)
        matrix, constant = exact_unit_rows(network, signs > 0, units)
        values = [value for (value,) in (matrix @ RationalMatrix.from_floats(point[:, None]) + constant).fractions()]
        squares = [sum(a * a for a in normal) for normal in matrix.fractions()]
        facing = [(v * v / n, unit) for v, n, unit in zip(values, squares, units.tolist(), strict=True) if n]
        nearest, unit = min(facing)
        assert found.unit[row] == unit
        assert found.distance[row] == pytest.approx(float(nearest) ** 0.5, rel=1e-9)


def test_facets_of_a_convolutional_network_are_those_of_exact_programs() -> None:
    network = pooled_first()
    point = np.random.default_rng(7).normal(size=36)
    exact, doubles = (maps.region_around(network, point, exact=e, most=7) for e in (True, False))
    assert exact.units.tolist() == doubles.units.tolist()
    assert exact.num_left_out == doubles.num_left_out > 0
    np.testing.assert_allclose(exact.matrix, doubles.matrix, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(exact.constant, doubles.constant, rtol=1e-9, atol=1e-12)
    assert 0 < exact.num_facets <= 7


def test_the_nearest_hyperplanes_are_decided_against_all_others() -> None:
    cells = relureg.enumerate_regions(relureg.load(TRUTH / "int_3-6-6-1.json"))
    for point in np.random.default_rng(8).normal(size=(5, 3)):
        whole = maps.region_around(cells.network, point, most=None)
        assert whole.num_left_out == 0
        for most in (0, 1, 3):
            some = maps.region_around(cells.network, point, most=most)
            assert set(some.units.tolist()) <= set(whole.units.tolist())
            assert some.num_left_out > 0
        assert maps.region_around(cells.network, point, most=1).num_facets == 1  # the nearest is always a facet


def test_inequalities_at_a_point_on_a_boundary_are_those_of_its_region(cells: relureg.Complex) -> None:
    network = cells.network
    for point in lattice(network, 4):
        exact, doubles = (maps.region_around(network, point, exact=e) for e in (True, False))
        assert exact.units.tolist() == doubles.units.tolist()


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


def test_facets_in_many_inputs_are_those_that_doubles_find() -> None:
    """Programs in doubles, of another library, find the same facets among 61 hyperplanes in 16 inputs."""
    network = relureg.random_network([16, 40, 20, 1], seed=1)
    point = np.random.default_rng(2).normal(size=16)
    region, floats = (maps.region_around(network, point, exact=exact, most=None) for exact in (True, False))
    assert sorted(region.units.tolist()) == sorted(floats.units.tolist())
    assert region.num_facets == 50


def test_single_regions_are_called_bounded_only_where_that_is_asked_for() -> None:
    network = relureg.load(TRUTH / "int_2-6-6-1.json")
    cells = relureg.enumerate_regions(network)
    signs, problem = cells.records.signs[cells.records.bounded][:1], Problem(network=network)
    assert SingleRegions(problem, Watch(), jobs=1).find(signs).bounded.tolist() == [True]
    assert SingleRegions(problem, Watch(), jobs=1, asks_bounded=False).find(signs).bounded.tolist() == [False]


def test_a_network_without_units_has_no_facet() -> None:
    network = relureg.Network.from_layers([np.eye(2)], [np.zeros(2)])
    found = maps.nearest_facets(network, [[0.5, 1.0]])
    assert (found.unit.tolist(), found.distance.tolist()) == ([-1], [np.inf])


def test_numbers_whose_squares_overflow_are_refused() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    with pytest.raises(DataError, match=r"row 1, column 0 is -1e\+155; scale the data"):
        maps.nearest_facets(network, [[1.0, 2.0], [-1e155, 1.0]])


class _EndlessRun:
    """A search that ends by nothing but its limits."""

    error = ""

    def __init__(self, network: object, **options: object) -> None:
        """Of whatever network."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def join(self) -> None: ...

    def wait(self, seconds: float) -> bool:
        return False

    def take_chunk(self) -> None:
        return None


def test_a_limit_ends_the_search_for_facets(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as what it is, and not as a region that is empty."""
    xor, kernel = relureg.load(TRUTH / "xor.json"), split.module()
    box = relureg.Domain.box([-1, -1], [1, 1])
    monkeypatch.setattr(split, "module", lambda: SimpleNamespace(Run=_EndlessRun, Network=kernel.Network))
    with stopping.within(0.001), pytest.raises(LimitReachedError, match=r"stopped by the time limit of 0\.001 s"):
        maps.region_around(xor, [-0.5, 0.0], exact=True)
    with stopping.within(0.001), pytest.raises(LimitReachedError, match=r"stopped by the time limit of 0\.001 s"):
        relureg.regions_around(xor, [0, 0], box)  # on a boundary: a point inside the domain is looked for


@pytest.mark.parametrize("asks_bounded", [False, True])
def test_a_stop_holds_within_a_region_of_many_hyperplanes(asks_bounded: bool) -> None:
    """Of 1,500 facets in 200 inputs: that the region is there is known long before half of the time is over."""
    random = np.random.default_rng(0)
    weights, constants = random.normal(size=(1500, 200)), 1 + random.random(1500)
    network = Network.from_layers([weights, np.ones((1, 1500))], [constants, np.zeros(1)])

    def begun() -> Any:
        run = split.module().Run(
            split.translate(Problem(network=network)), records=True, generators=False, audit=False, max_regions=1,
            enumerates=False, dictionaries=True, single=True, asks_bounded=asks_bounded, jobs=1,
            batches=[list(range(1, 1501))],
        )  # fmt: skip
        run.start()
        return run

    def is_done_within(run: Any, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not run.wait(0.001):  # regions end a wait, too
            if time.monotonic() > end:
                return False
        return True

    begin = time.monotonic()
    whole = begun()
    assert is_done_within(whole, 600)
    whole.join()
    assert whole.take_chunk()["facet_count"].tolist() == [1500]
    seconds = (time.monotonic() - begin) / 2
    while is_done_within(run := begun(), seconds):  # the machine has become faster
        run.join()
        seconds /= 2
    run.stop()
    run.join()
    assert run.take_chunk() is None
