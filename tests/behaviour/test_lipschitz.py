"""Lipschitz constants: published values, brute force over the referee's regions, and norms of matrices."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import Domain, lipschitz_constant, lipschitz_constants
from relureg.behaviour import jacobian_search
from relureg.behaviour.jacobian_search import JacobianSearch
from relureg.behaviour.lipschitz_constants import NormMaximum
from relureg.behaviour.norms import NORMS, OperatorNorm
from relureg.behaviour.open_stages import derivative_bounds
from relureg.behaviour.relaxation import Relaxation
from relureg.behaviour.steep_points import steep_points
from relureg.engine import split
from relureg.engine.limits import Limits, Watch, Workers
from relureg.network.problem import Problem
from tests.contract.networks import KINDS, generated
from tests.deadlines import LONG, over_after

from .brute_force import regions_of

PAIRS = list(itertools.product(NORMS, NORMS))


@pytest.mark.parametrize("kind", KINDS)
def test_generated_networks(kind: str) -> None:
    sample = generated(kind, 3, size=8)
    if sample.domain is not None and sample.domain.equations is not None:
        return
    for p, q in (("1", "1"), ("inf", "inf"), ("1", "inf")):
        found = lipschitz_constant(sample.network, sample.domain, p=p, q=q)
        exact = max(_plain_norm(region.matrix, p, q) for region in regions_of(sample.network, sample.domain))
        assert found.value.low == found.value.high == exact
        assert _plain_norm(found.jacobian.fractions(), p, q) == exact
    euclidean = lipschitz_constant(sample.network, sample.domain).value
    matrices = [region.matrix for region in regions_of(sample.network, sample.domain)]
    unit = max(abs(x) for matrix in matrices for row in matrix for x in row) or Fraction(1)
    largest = max(np.linalg.norm([[float(x / unit) for x in row] for row in matrix], 2) for matrix in matrices)
    assert float(euclidean.low / unit) == pytest.approx(largest, rel=1e-9)
    assert euclidean.high - euclidean.low <= euclidean.high / 10**11


def _plain_norm(matrix: list[list[Fraction]], p: str, q: str) -> Fraction:
    if p == q == "1":
        return max(sum(map(abs, column)) for column in zip(*matrix, strict=True))
    if p == q == "inf":
        return max(sum(map(abs, row)) for row in matrix)
    return max(abs(x) for row in matrix for x in row)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_norms_of_matrices_by_their_definition(p: str, q: str) -> None:
    rng = np.random.default_rng(1)
    norm = OperatorNorm(p=p, q=q)
    orders = {"1": 1, "2": 2, "inf": np.inf}
    for shape in ((1, 3), (2, 3), (3, 2), (3, 3), (4, 1)):
        numbers = rng.integers(-5, 6, shape)
        found = norm.of([[Fraction(int(x)) for x in row] for row in numbers])
        assert found.low <= found.high <= found.low * (1 + Fraction(1, 10**11))
        # Corners of the ball attain the maximum for 1 and inf; elsewhere points only come near.
        points = rng.normal(size=(4000, shape[1]))
        corners = np.vstack([np.eye(shape[1]), list(itertools.product([1.0, -1.0], repeat=shape[1]))])
        points = np.vstack([points, corners])
        values = np.linalg.norm(points @ numbers.T, orders[q], axis=1) / np.linalg.norm(points, orders[p], axis=1)
        assert values.max() <= float(found.high) * (1 + 1e-12)
        assert values.max() >= float(found.low) * (1 - (1e-12 if p != "2" else 0.03))
        assert norm.bound(np.abs(numbers)[None].astype(float))[0] >= float(found.low)


def test_where_the_constant_is_attained() -> None:
    network = relureg.load("fixtures/truth/rand_2-16-16-1.json")
    box = Domain.box([-1, -1], [1, 1])
    found = lipschitz_constant(network, box)
    cells = relureg.enumerate_regions(network, box)
    (region,) = cells.locate([[float(x) for x in found.point]]).tolist()
    assert cells.affine_map(region).matrix == found.jacobian
    points = np.random.default_rng(0).uniform(-1, 1, (2, 3000, 2))
    slopes = np.abs(network(points[0]) - network(points[1]))[:, 0] / np.linalg.norm(points[0] - points[1], axis=1)
    assert slopes.max() <= float(found.value.high)
    assert lipschitz_constant(network).value.high >= found.value.low


def test_each_output() -> None:
    network = relureg.load("fixtures/nets/marabou_fc_2_2_3.onnx")
    together = lipschitz_constant(network, q="inf").value
    assert max(one.value.low for one in lipschitz_constants(network)) == together.low


def test_what_is_refused() -> None:
    network = relureg.load("fixtures/truth/xor.json")
    with pytest.raises(relureg.errors.UsageError, match="none of the norms"):
        lipschitz_constant(network, p="3")
    with pytest.raises(relureg.errors.DomainError, match="flat"):
        lipschitz_constant(network, Domain.box([0, 0], [0, 1]))
    with pytest.raises(relureg.errors.UsageError, match="is hard"):
        OperatorNorm(p="2", q="1").check_size(20, 20)


@pytest.mark.parametrize("exponent", [-1000, -560, 0, 450])
def test_norms_whose_squares_no_double_holds(exponent: int) -> None:
    """Hats with slopes 1, 3, 7 times a power of two: the largest is found whatever its size."""
    slopes = [[2.0**exponent, 2.0 * 2.0**exponent, 4.0 * 2.0**exponent]]
    network = relureg.Network.from_layers([[[1.0], [1.0], [1.0]], slopes], [[0, -1, -2], [0]])
    for p, q in PAIRS:
        assert lipschitz_constant(network, p=p, q=q).value.low == 7 * Fraction(2) ** exponent


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_where_doubles_do_not_reach_no_bound_is_told(p: str, q: str) -> None:
    """A bound that is no number stands last in any order, behind those at which the search ends."""
    sizes = np.array([[[np.nan, 1.0], [2.0, 3.0]], [[1.0, np.inf], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]])
    with np.errstate(all="ignore"):
        bounds = OperatorNorm(p=p, q=q).bound(sizes)
    assert bounds[:2].tolist() == [np.inf, np.inf]
    assert 1 <= bounds[2] < 3


PUBLISHED = {"iris": 11.634355134114875, "wine": 1.7433699967107172, "abalone": 11.121602332235268}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_constants(name: str) -> None:
    """Final bounds of an exact method in doubles, on the whole space of up to 11 inputs."""
    found = lipschitz_constant(relureg.load(f"fixtures/lipschitz/exlipbab_{name}.json"))
    assert float(found.value.low) == pytest.approx(PUBLISHED[name], rel=1e-14)
    assert found.value.high - found.value.low <= found.value.high / 10**11
    assert found.cells < 200_000  # of abalone's 8 million regions
    assert float(np.linalg.norm(found.jacobian.floats, 2)) == pytest.approx(PUBLISHED[name], rel=1e-13)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_what_bounds_cut_off_is_no_larger(p: str, q: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the norm on every region that another engine lists, with no bound of anything; no point is guessed."""
    monkeypatch.setattr(jacobian_search, "_POINTS", 0)
    network = relureg.random_network([3, 8, 6], seed=5, outputs=2)
    box = Domain.box([-1, -1, -1], [2, 1, 1])
    cells = relureg.enumerate_regions(network, box, engine="split")
    norm = OperatorNorm(p=p, q=q)
    matrices, _ = cells.affine_maps()
    about = norm.bound(np.abs(matrices))
    largest = max(
        (norm.of(cells.affine_map(int(k)).matrix.fractions()) for k in np.argsort(-about)[:60]),
        key=lambda value: value.low,
    )
    found = lipschitz_constant(network, box, p=p, q=q)
    assert found.value.low == largest.low


@pytest.mark.parametrize(("p", "q"), [("1", "1"), ("1", "2")])
def test_units_times_thirds_and_sevenths_change_nothing(p: str, q: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search has them in another scale, and their weights in the output, too, so that bounds are as close."""
    monkeypatch.setattr(jacobian_search, "_POINTS", 0)
    network = relureg.random_network([3, 8, 6], seed=5, outputs=2)
    factors = {0: Fraction(1), 1: Fraction(1, 3), 2: Fraction(2, 7), 3: Fraction(1)}
    rows = []
    for number, form in enumerate(network.forms, start=1):
        own, before = factors[number], factors[number - 1]
        weights = [[x * own / before for x in row] for row in form.terms[number - 1].fractions()]
        rows.append((weights, [x * own for (x,) in form.constant.fractions()]))
    scaled = relureg.Network.from_layers(*zip(*rows, strict=True))
    assert set(split.unit_scales(Problem(network=scaled)).values()) == {1, Fraction(3, 2), Fraction(21, 16)}
    box = Domain.box([-1, -1, -1], [2, 1, 1])
    found, plain = (lipschitz_constant(each, box, p=p, q=q, jobs=1) for each in (scaled, network))
    assert (found.value, found.cells) == (plain.value, plain.cells)


def test_units_are_as_large_as_the_essential_inputs_make_them() -> None:
    """The second input is a seventh of the first, which alone is searched: no sevenths are left."""
    network = relureg.Network.from_layers(
        [[[1, Fraction(1, 7)], [-2, Fraction(-2, 7)]], [[Fraction(1, 3), 1], [1, -1]], [[1, 1]]], [[1, 0], [1, 2], [0]]
    )
    assert set(split.unit_scales(Problem(network=network)).values()) == {1, Fraction(3, 2)}


def test_a_limit_leaves_an_enclosure() -> None:
    network = relureg.load("fixtures/lipschitz/exlipbab_bike.json")
    with pytest.raises(relureg.errors.LimitReachedError, match="the constant is at least") as stopped:
        lipschitz_constant(network, timeout=LONG, jobs=1, progress=over_after(lambda progress: progress.regions > 0))
    least = float(str(stopped.value).split("at least ")[1].split()[0])
    assert 0 < least < 11548


def test_an_enclosure_is_there_from_the_start() -> None:
    """Whatever was looked at: a Jacobian at a point from below, intervals of weights from above."""
    network = relureg.load("fixtures/lipschitz/exlipbab_bike.json")
    with pytest.raises(relureg.errors.LimitReachedError, match=r"the constant is at least .* and at most ") as stopped:
        lipschitz_constant(network, timeout=1e-6, jobs=1)
    least, most = (float(word) for word in re.findall(r"at (?:least|most) (\S+)", str(stopped.value)))
    assert 0 < least <= 10802.403812748 <= most < 1e6


@pytest.mark.parametrize("norms", [("2", "2"), ("1", "inf"), ("inf", "1")])
def test_intervals_of_weights_bound_a_constant(norms: tuple[str, str]) -> None:
    network = relureg.load("fixtures/lipschitz/exlipbab_iris.json")
    p, q = norms
    known = NormMaximum(network, slice(None), OperatorNorm(p=p, q=q))
    JacobianSearch(network, None, [known], Workers(jobs=1), Watch(Limits()))._bound_from_weights()
    assert lipschitz_constant(network, p=p, q=q).value.high <= known.closed_above < 10**6


def test_no_derivative_of_a_region_exceeds_the_intervals_of_weights() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    low, high = derivative_bounds(Relaxation(network))
    entries = np.array([np.array(m, dtype=float) for m in relureg.enumerate_regions(network).affine_maps()[0]])
    assert (low <= entries.min(axis=0)).all()
    assert (high >= entries.max(axis=0)).all()
    # By hand: x -> 2 max(3 x, 0) - 5 max(-x, 0), whose slopes 6 and 5 count from 0 each.
    hat = relureg.Network.from_layers([[[3], [-1]], [[2, -5]]], [[0, 0], [0]])
    low, high = derivative_bounds(Relaxation(hat))
    assert -1e-9 < low[0, 0] <= 0
    assert 11 <= high[0, 0] < 11 + 1e-9


def test_points_beyond_all_doubles_are_not_drawn() -> None:
    """A unit that vanishes at 1.5e308: points of ten and a hundred times that size are none."""
    network = relureg.Network.from_layers([[[1]], [[1]]], [[-1.5e308], [0]])
    box = np.full(1, -np.inf), np.full(1, np.inf)
    asked = []

    def alike(jacobians: np.ndarray) -> np.ndarray:
        asked.append(len(jacobians))
        return np.ones(len(jacobians))

    found = steep_points(Relaxation(network), box, slice(None), alike, lambda points: np.ones(len(points), bool))
    assert np.isfinite(found).all()
    assert len(found) == 16
    assert 0 < asked[0] < 2000  # some were, and fewer than were drawn
