"""Signs near zero: each rung of the predicate decides what it says it decides, at its worst."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest

import relureg
from relureg import Domain, Network, count_regions, enumerate_regions
from relureg.engine import split
from relureg.engine.magnitudes import level
from relureg.engine.records import Predicates
from relureg.exact.rational import RationalMatrix
from relureg.families.catalogue import construct
from tests.contract.agreement import assert_engines_agree

Rows = list[list[Fraction]]


@pytest.fixture(params=["_cells", "_cells_v3"])
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either compiled search: products without error are found in different ways with and without fused operations."""
    cells = import_module("relureg.engine._cells")
    if request.param == "_cells_v3" and cells.has_modern_processor():
        cells = import_module("relureg.engine._cells_v3")
    monkeypatch.setattr(split, "module", lambda: cells)


def _network(*layers: tuple[Rows, list[Fraction]]) -> Network:
    return Network.from_layers(
        [RationalMatrix.from_fractions(rows, len(rows[0])) for rows, _ in layers],
        [RationalMatrix.from_fractions([[x] for x in constants], 1) for _, constants in layers],
    )


def _decided(network: Network, domain: Domain | None = None) -> tuple[int, Predicates]:
    """Regions, counted and searched, which have their own ways to decide; and the signs of the search."""
    counted, searched = (
        count_regions(network, domain, audit=True, jobs=1, by_enumeration=by_enumeration)
        for by_enumeration in (False, True)
    )
    assert all(check.passed is not False for count in (counted, searched) for check in count.checks)
    assert counted.num_regions == searched.num_regions
    assert searched.predicates is not None
    return searched.num_regions, searched.predicates


def _near_tie(dim: int, gap: Fraction, scale: Fraction, seed: int) -> Network:
    """d + 1 hyperplanes that miss one common point by `gap`, relative to the size of the terms."""
    random = np.random.default_rng(seed)
    rows = [[Fraction(x) * scale for x in row] for row in random.normal(size=(dim + 1, dim)).tolist()]
    point = [Fraction(x) / scale for x in random.normal(size=dim).tolist()]
    constants = [-sum((a * x for a, x in zip(row, point, strict=True)), Fraction(0)) for row in rows]
    constants[-1] += gap
    return _network((rows, constants), ([[Fraction(1)] * (dim + 1)], [Fraction(0)]))


@pytest.mark.parametrize("dim", [2, 3, 5])
@pytest.mark.parametrize(
    "scale", [Fraction(1), Fraction(10) ** 300, Fraction(10) ** -300], ids=["1", "1e300", "1e-300"]
)
@pytest.mark.usefixtures("compiled")
def test_hyperplanes_that_almost_meet_in_a_point(dim: int, scale: Fraction) -> None:
    """In general position d + 1 hyperplanes have 2^(d+1) - 1 regions; through one point 2^(d+1) - 2."""
    for bits in (50, 55, 65, 75, 85, 95, 100, 104, 108, 110):
        for sign in (-1, 1):
            gap = sign * Fraction(1, 2**bits)
            assert _decided(_near_tie(dim, gap, scale, seed=bits))[0] == 2 ** (dim + 1) - 1
    assert _decided(_near_tie(dim, Fraction(0), scale, seed=0))[0] == 2 ** (dim + 1) - 2


def test_which_rung_decides_a_near_tie() -> None:
    """2^-80 is too near for doubles and far enough for pairs of them; 2^-110 is for integers."""
    near, nearest = (_decided(_near_tie(2, Fraction(1, 2**bits), Fraction(1), seed=4))[1] for bits in (80, 110))
    assert near.twofold > 0
    assert near.exact == 0
    assert nearest.exact > 0


@pytest.mark.usefixtures("compiled")
def test_a_later_stage_that_almost_meets_a_vertex() -> None:
    """A sum of two active units less its value at the vertex of two hyperplanes, and a little more or less."""
    random = np.random.default_rng(7)
    for bits in (50, 60, 70, 80, 90, 98, 104, 110):
        rows = [[Fraction(x) for x in row] for row in random.normal(size=(4, 2)).tolist()]
        first = [Fraction(x) for x in random.normal(size=4).tolist()]
        (a, b), (c, d) = rows[:2]
        vertex = [(b * first[1] - d * first[0]) / (a * d - b * c), (c * first[0] - a * first[1]) / (a * d - b * c)]
        values = [max(u + p * vertex[0] + q * vertex[1], Fraction(0)) for u, (p, q) in zip(first, rows, strict=True)]
        weights = [Fraction(x) for x in random.normal(size=4).tolist()]
        level_there = sum((w * h for w, h in zip(weights, values, strict=True)), Fraction(0))
        counts = []
        for gap in (-1, 0, 1):
            second = [-level_there + gap * Fraction(1, 2**bits)]
            network = _network((rows, first), ([weights], second), ([[Fraction(1)]], [Fraction(0)]))
            counts.append(assert_engines_agree(network).num_regions)
        assert len(counts) == 3


@pytest.mark.parametrize("size", [1e-38, 1e-150, 1e-300, 5e-324])
@pytest.mark.usefixtures("compiled")
def test_weights_that_have_decayed(size: float) -> None:
    """Coordinates of 1 and 1e37 in one vector; denormal weights, which doubles are not asked about at all."""
    random = np.random.default_rng(3)
    weights, biases = [], []
    for fan_in, units in pairwise((2, 6, 4, 1)):
        weight = random.normal(size=(units, fan_in))
        decayed = (random.random((units, fan_in)) < 0.2) | (random.random(units) < 0.2)[:, None]
        weights.append(np.where(decayed, weight * size, weight))
        biases.append(random.normal(size=units))
    assert_engines_agree(Network.from_layers(weights, biases))


def test_decayed_weights_need_few_integers() -> None:
    random = np.random.default_rng(5)
    weight = random.normal(size=(12, 3))
    weight[:4] *= 1e-38
    later = random.normal(size=(8, 12)) * np.where(random.random((8, 12)) < 0.2, 1e-34, 1)
    network = Network.from_layers(
        [weight, later, np.ones((1, 8))], [random.normal(size=12), random.normal(size=8), np.zeros(1)]
    )
    _, decided = _decided(network)
    assert decided.twofold > 0
    assert decided.exact < decided.total / 10


def test_whole_units_that_have_decayed() -> None:
    """Later hyperplanes differ from earlier ones by parts of 1e-38, which values of units tell apart, not integers."""
    random = np.random.default_rng(2)
    weights, biases = [], []
    for fan_in, units in pairwise((4, 20, 20, 20, 1)):
        weight, bias = random.normal(size=(units, fan_in)) * np.sqrt(2 / fan_in), random.normal(size=units) * 0.3
        small = 10.0 ** -random.uniform(30, 38, size=(units, fan_in))
        gone = random.random(units) < 0.25
        decayed = (random.random((units, fan_in)) < 0.05) | gone[:, None] | (random.random(fan_in) < 0.1)
        weights.append(np.where(decayed, weight * small, weight))
        biases.append(np.where(gone & (random.random(units) < 0.5), bias * 1e-34, bias))
    network = Network.from_layers(weights, biases)
    count = count_regions(network, max_regions=2_000, audit=True, jobs=1)
    decided = count.predicates
    assert decided is not None
    assert decided.by_values > 1_000
    assert decided.exact < decided.by_values / 20


@pytest.mark.parametrize(("dim", "units"), [(2, 20), (3, 10)])
def test_points_of_an_edge_that_differ_by_parts_of_1e_38(dim: int, units: int) -> None:
    """A remainder parts them, and does not part what a sum of two units meets where both are 0."""
    random = np.random.default_rng(0)
    weights, biases = [], []
    for fan_in, size in pairwise((dim, units, units, 1)):
        weight = random.normal(size=(size, fan_in)).astype(np.float32).astype(float)
        decayed = (random.random((size, fan_in)) < 0.1) | (random.random(size) < 0.2)[:, None]
        weights.append(np.where(decayed, weight * 1e-38, weight))
        biases.append(random.normal(size=size).astype(np.float32).astype(float))
    later, constants = weights[1], biases[1]
    later[:6] = random.normal(size=(6, units)).astype(np.float32)
    later[4:6], constants[4:6] = later[:2] + later[2:4], constants[:2] + constants[2:4]
    network = Network.from_layers(weights, biases)
    counted, searched = (
        count_regions(network, audit=True, jobs=1, by_enumeration=by_enumeration) for by_enumeration in (False, True)
    )
    assert all(check.passed is not False for count in (counted, searched) for check in count.checks)
    assert counted.num_regions == searched.num_regions
    assert counted.predicates is not None
    assert counted.predicates.modular > 0


# -- zeros ---------------------------------------------------------------------------------------------


def test_zeros_of_dead_and_repeated_units_need_no_integers() -> None:
    random = np.random.default_rng(1)
    first = random.normal(size=(8, 3))
    second = random.normal(size=(8, 8)) * (random.random((8, 8)) < 0.25)
    second[5] = 3 * second[4]  # the same hyperplane
    second[6] = 0  # a unit that reads nothing
    bias = random.normal(size=8)
    bias[5], bias[6] = 3 * bias[4], 0
    last = random.normal(size=(4, 8)) * (random.random((4, 8)) < 0.25)
    network = Network.from_layers(
        [first, second, last, np.ones((1, 4))], [random.normal(size=8), bias, np.zeros(4), np.zeros(1)]
    )
    _, decided = _decided(network)
    assert decided.zero > decided.total / 50
    assert decided.structural + decided.modular > decided.zero * 0.9
    assert decided.exact < decided.zero / 100


def test_zeros_where_hyperplanes_meet_are_proved_modulo_primes() -> None:
    """In a lattice three differences of affine functions meet, none parallel to another."""
    network = construct("lattice", {"d": "4", "functions": "8", "minima": "2", "terms": "4", "seed": "1"}).network
    _, decided = _decided(network)
    assert decided.modular > 100
    assert decided.exact < decided.modular / 20


def test_a_chain_of_single_units() -> None:
    """Each later hyperplane is parallel to an earlier one, or the same."""
    random = np.random.default_rng(2)
    weights = [random.normal(size=(9, 2))]
    weights += [random.normal(size=shape) for shape in ((1, 9), (3, 1), (1, 3), (2, 1), (1, 2))]
    biases = [random.normal(size=9), np.zeros(1), np.zeros(3), np.array([0.1]), np.zeros(2), np.zeros(1)]
    network = Network.from_layers(weights, biases)
    assert_engines_agree(network)
    assert _decided(network)[1].exact == 0


def test_new_generators_take_signs_from_the_ends_of_their_edges() -> None:
    count = count_regions(relureg.load("fixtures/truth/rand_3-16-16-1.json"), jobs=1, by_enumeration=True)
    decided = count.predicates
    assert decided is not None
    assert decided.edges > decided.total / 10
    others = decided.refined + decided.twofold + decided.by_values + decided.modular + decided.exact
    assert decided.total == decided.edges + decided.doubles + decided.structural + decided.small_integers + others


@pytest.mark.parametrize("kind", ["integer", "quantised", "pruned", "without biases", "repeated", "lattice"])
@pytest.mark.parametrize("seed", range(4))
def test_degenerate_networks(kind: str, seed: int) -> None:
    network = _degenerate(kind, seed)
    count = count_regions(network, audit=True, jobs=1)
    assert count.num_regions == enumerate_regions(network, engine="lp").num_regions
    assert all(check.passed is not False for check in count.checks)


def _degenerate(kind: str, seed: int) -> Network:
    if kind == "lattice":
        parameters = {"d": "2", "functions": "3", "minima": "2", "terms": "2", "seed": str(seed)}
        return construct("lattice", parameters).network
    random = np.random.default_rng(seed)
    weights, biases = [], []
    for fan_in, units in pairwise((2 + seed % 2, 5, 4, 1)):
        weight, bias = random.normal(size=(units, fan_in)), random.normal(size=units)
        if kind == "integer":
            weight, bias = np.round(2 * weight), np.round(2 * bias)
        elif kind == "quantised":
            weight, bias = np.round(40 * weight) / 37, np.round(40 * bias) / 37
        elif kind == "pruned":
            weight = weight * (random.random(weight.shape) < 0.5)
        elif kind == "without biases":
            bias = np.zeros(units)
        elif units > 1:
            weight[1], bias[1] = -2 * weight[0], -2 * bias[0]
        weights.append(weight)
        biases.append(bias)
    return Network.from_layers(weights, biases)


# -- levels --------------------------------------------------------------------------------------------


def test_inputs_of_different_size_are_levelled() -> None:
    assert level([(np.array([[1.0], [0.0]]), np.array([[2.0, 1e-6], [-1.0, 2e-6]]))], 2) == [-1, 19]
    assert level([(np.array([[1.0]]), np.array([[2.0, 0.5]]))], 2) == [0, 0]
    assert level([(np.array([[np.inf]]), np.array([[2.0, 0.5]]))], 2) == [0, 0]
    assert level([], 0) == []


@pytest.mark.parametrize("exponent", [-60, 20, 300])
def test_units_of_inputs_make_no_difference(exponent: int) -> None:
    """The same network in other units: the same regions and facets, and each point mapped back exactly."""
    random = np.random.default_rng(9)
    weight, bias = random.normal(size=(7, 2)), random.normal(size=7)
    later = random.normal(size=(4, 7)), random.normal(size=4)
    plain, other = (
        Network.from_layers([weight * [1, factor], later[0], np.ones((1, 4))], [bias, later[1], np.zeros(1)])
        for factor in (1.0, 2.0**exponent)
    )
    one, two = assert_engines_agree(plain), assert_engines_agree(other)
    assert np.array_equal(one.records.patterns, two.records.patterns)
    for region in range(two.num_regions):
        x, y = two.point(region)
        there = plain.exact_signs([x, y * Fraction(2) ** exponent])
        assert np.array_equal(there, other.exact_signs([x, y]))
    box = Domain.box([-1, -(2.0**-exponent)], [1, 2.0**-exponent])
    assert count_regions(other, box).num_regions == count_regions(plain, Domain.box([-1, -1], [1, 1])).num_regions


def test_normalisation_makes_no_difference() -> None:
    folded, raw = (relureg.load("fixtures/nets/hcas_pra0_tau00_nnet.nnet", raw=raw) for raw in (False, True))
    one, two = (count_regions(network, max_regions=2_000, jobs=1) for network in (folded, raw))
    assert one.predicates is not None
    assert two.predicates is not None
    assert one.predicates.exact == 0
    assert one.per_stage == two.per_stage


@pytest.mark.usefixtures("compiled")
def test_a_coordinate_below_all_doubles_is_not_zero() -> None:
    # The first coordinate of a vertex is 2^-1200 of the largest, and the last row reads it with the weight 2^601.
    tiny, huge = 2.0**-600, 2.0**600
    rows = [
        [-3 * tiny, 2 * tiny, 2], [0, -2, 2 * tiny], [2 * huge, 3 * tiny, -2 * tiny], [3 * huge, 3 * huge, -1],
        [-1, 0, 3], [-3 * huge, 3 * tiny, tiny],
    ]  # fmt: skip
    network = Network.from_layers([[row[1:] for row in rows], [[1] * len(rows)]], [[row[0] for row in rows], [0]])
    assert count_regions(network, audit=True, by_enumeration=True, jobs=1).num_regions == 22
    assert count_regions(network, engine="charpoly").num_regions == 22
