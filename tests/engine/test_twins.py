"""A count without the units that repeat others of their stage: the same figures as with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import cycle
from random import Random

import numpy as np
import pytest

import relureg
from relureg.engine import split
from relureg.exact.rational import RationalMatrix
from relureg.families.lattices import two_level_lattice
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Stage
from relureg.network.problem import Problem


def _with_twins(seed: int, dim: int, widths: list[int]) -> relureg.Network:
    """Stages of which half of the units repeat others, some of opposite sign; each reads all of the one before."""
    random = np.random.default_rng(seed)
    weights, biases, fan_in = [], [], dim
    for width in widths:
        rows = np.hstack(
            [random.integers(-3, 4, size=(width, 1)), random.integers(-99, 100, size=(width, fan_in)) / 64]
        )
        twins = rows[random.integers(0, width, size=width)] * random.choice([-1.0, 1.0], size=(width, 1))
        rows = random.permutation(np.vstack([rows, twins]))
        weights.append(rows[:, 1:])
        biases.append(rows[:, 0])
        fan_in = 2 * width
    return relureg.Network.from_layers([*weights, np.ones((1, fan_in))], [*biases, [0.0]], name=f"twins_{seed}")


def _figures(count: relureg.RegionCount) -> tuple[object, ...]:
    bounded = count.num_bounded, count.num_relatively_bounded
    return count.num_regions, *bounded, count.per_stage, count.num_facets, count.num_boundary_facets


def _kept(network: relureg.Network, domain: relureg.Domain | None = None) -> list[int]:
    """Units of each stage of which the search is told."""
    problem = Problem(network=network, domain=domain)
    widths: list[int] = split.translate(problem, merges_twins=True).widths
    return widths[domain is not None :]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("dim", "widths"), [(1, [3, 3, 2]), (2, [4, 3, 3]), (3, [5, 3])])
def test_figures_are_those_of_a_search_with_twins(seed: int, dim: int, widths: list[int]) -> None:
    network = _with_twins(seed, dim, widths)
    assert all(size <= width for size, width in zip(_kept(network), widths, strict=True))
    box = relureg.Domain.box([-1] * dim, [1] * dim)
    for domain in (None, box):
        count = relureg.count_regions(network, domain, "split", jobs=1)
        assert count.checks[0].passed is not False
        assert _figures(count) == _figures(relureg.count_regions(network, domain, "split", jobs=1, by_enumeration=True))


def test_a_lattice_reads_inputs_and_one_unit_a_pair() -> None:
    """min(a, b) = a - max(a - b, 0): neither the sums nor the mirrored differences are read any more."""
    network = two_level_lattice(2, functions=8, minima=4, terms=4)
    assert network.widths == (32, 16, 8, 4)
    assert _kept(network) == [14, 8, 4, 2]
    count = relureg.count_regions(network, jobs=1)
    assert _figures(count) == _figures(relureg.count_regions(network, jobs=1, by_enumeration=True))


def test_a_few_dead_units_change_nothing() -> None:
    weights = np.random.default_rng(1).normal(size=(24, 2))
    weights[:2] = 0
    network = relureg.Network.from_layers([weights, np.ones((1, 24))], [[0.0] * 24, [0.0]], name="dead")
    assert _kept(network) == [24]


@pytest.mark.parametrize("seed", range(4))
def test_a_last_stage_has_no_twins_though_sums_round(seed: int) -> None:
    """The last stage reads each unit of the first one twice, by weights whose sum is no double; nothing reads it."""
    random = np.random.default_rng(seed)
    first, second = random.normal(size=(6, 3)), random.normal(size=(6, 13)) * random.choice([1, 1e-30], size=(6, 1))
    rows = [first.repeat(2, axis=0), second.repeat(2, axis=0)]
    rows[1] *= random.choice([-2.0, 0.25, 1.0], size=(12, 1))
    network = relureg.Network.from_layers(
        [*(stage[:, 1:] for stage in rows), np.ones((1, 12))], [*(stage[:, 0] for stage in rows), [0.0]], name="round"
    )
    assert _kept(network) == [12, 6]
    count = relureg.count_regions(network, engine="split", jobs=1)
    assert count.checks[0].passed is True
    assert _figures(count) == _figures(relureg.count_regions(network, engine="split", jobs=1, by_enumeration=True))
    assert count.predicates is not None
    assert count.predicates.exact == 0


def test_doubles_stay_doubles() -> None:
    """2^60 - 2^-60 is no double: then twins stay."""
    slopes, places = np.ones((8, 1)), 2.0**-60 * np.arange(1, 9)
    reads = np.tile([[1.0, 0.0, -1.0, 0.0, 1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0, 1.0]], 2)
    network = relureg.Network.from_layers(
        [np.vstack([slopes, -slopes]), reads, [[1.0, 1.0]]], [[*places, *-places], [-(2.0**60), 1.0], [0.0]]
    )
    assert _kept(network) == [16, 2]
    count = relureg.count_regions(network, jobs=1)
    assert count.num_regions == relureg.count_regions(network, engine="lp").num_regions
    assert _figures(count) == _figures(relureg.count_regions(network, jobs=1, by_enumeration=True))


def _rescaled(network: relureg.Network, factors: Sequence[Fraction]) -> relureg.Network:
    """The same function, with units times factors that are taken in turn."""
    layers, before, turns = [], [Fraction(1)] * network.input_dim, cycle(factors)
    for source, form in enumerate(network.forms):
        own = [Fraction(1)] * form.size if form is network.output else [next(turns) for _ in range(form.size)]
        weights = [
            [factor * x / b for x, b in zip(row, before, strict=True)]
            for factor, row in zip(own, form.terms[source].fractions(), strict=True)
        ]
        layers.append((weights, [factor * x for factor, (x,) in zip(own, form.constant.fractions(), strict=True)]))
        before = own
    return relureg.Network.from_layers(*zip(*layers, strict=True), name="rescaled")


@pytest.mark.parametrize(
    "factors",
    [
        [4, Fraction(1, 8), 2, 1, Fraction(1, 2), 8, Fraction(1, 4)],
        [3, 1, Fraction(1, 7), Fraction(5, 3), 10, Fraction(1, 10), 2],
    ],
)
def test_multiples_of_units_are_left_out(factors: list[Fraction]) -> None:
    """The figures are those of the lattice, its units that stay are as many, and signs are decided in the same way."""
    lattice = two_level_lattice(2, functions=8, minima=4, terms=4)
    network = _rescaled(lattice, list(map(Fraction, factors)))
    assert _kept(network) == _kept(lattice) == [14, 8, 4, 2]
    count, plain = relureg.count_regions(network, jobs=1), relureg.count_regions(lattice, jobs=1)
    assert count.checks[0].passed
    assert _figures(count) == _figures(relureg.count_regions(lattice, jobs=1, by_enumeration=True))
    assert count.predicates == plain.predicates


def _with_multiples(random: Random, number: Callable[[], Fraction]) -> relureg.Network:
    """Two or three stages in which rows return, times positive and negative factors, among constant units."""
    layers, fan_in = [], random.randint(1, 2)
    for width in (3, 2, 1)[: random.randint(2, 3)]:
        rows = [[number() for _ in range(fan_in + 1)] for _ in range(width)]
        factors = [Fraction(random.choice([1, -1, 2, 3, -4, -7]), random.choice([1, 2, 3, 10])) for _ in range(4)]
        rows += [[q * x for x in random.choice(rows)] for q in factors]
        rows += [[number(), *[Fraction(0)] * fan_in] for _ in range(2)]
        random.shuffle(rows)
        layers.append(([row[1:] for row in rows], [row[0] for row in rows]))
        fan_in = len(rows)
    layers.append(([[Fraction(1)] * fan_in], [Fraction(0)]))
    return relureg.Network.from_layers(*zip(*layers, strict=True))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["integers", "decimals", "fractions", "doubles", "sizes"])
def test_multiples_and_constants_against_the_referee(kind: str, seed: int) -> None:
    random = Random(f"{kind} {seed}")
    numbers: dict[str, Callable[[], Fraction]] = {
        "integers": lambda: Fraction(random.randint(-5, 5)),
        "decimals": lambda: Fraction(random.randint(-99, 99), 100),
        "fractions": lambda: Fraction(random.randint(-9, 9), random.randint(1, 9)),
        "doubles": lambda: Fraction(random.uniform(-1, 1)),
        "sizes": lambda: random.choice([Fraction(2) ** 60, -(Fraction(2) ** -60), Fraction(-3), Fraction(1, 3)]),
    }
    network = _with_multiples(random, numbers[kind])
    for domain in (None, relureg.Domain.box([-1] * network.input_dim, [Fraction(4, 3)] * network.input_dim)):
        count = relureg.count_regions(network, domain, "split", jobs=1, audit=True)
        referee = relureg.enumerate_regions(network, domain, "lp")
        assert (count.num_regions, count.num_bounded) == (referee.num_regions, referee.num_bounded)
        assert _figures(count) == _figures(relureg.count_regions(network, domain, "split", jobs=1, by_enumeration=True))


def test_constant_units_are_left_out() -> None:
    """Units that are 0, 2 or -1 everywhere, and a stage of nothing else; the referee knows no twins."""
    random = np.random.default_rng(3)
    rows = random.integers(-9, 10, size=(6, 2)) / 4
    first = np.vstack([rows, np.zeros((3, 2)), -rows[:3], 2 * rows[3:]])
    biases = np.concatenate([np.arange(6) - 2.5, [0, 2, -1], 2.5 - np.arange(3), 2 * np.arange(3, 6) - 5])
    second = np.vstack([random.integers(-3, 4, size=(5, 15)), np.eye(15)[7:9]])
    third = np.vstack([np.zeros((2, 7)), random.integers(-3, 4, size=(2, 7))])
    dead = np.zeros((2, 4))
    network = relureg.Network.from_layers(
        [first, second, third, dead, np.ones((1, 2))], [biases, [1, -2, 3, 0, 1, 0, 0], [1, -1, 2, -3], [0, -1], [0]]
    )
    assert _kept(network) == [6, 5, 2, 1]
    box = relureg.Domain.box([-2, -2], [2, 2])
    assert _kept(network, box) == [6, 5, 2, 1]
    for domain in (None, box):
        count = relureg.count_regions(network, domain, "split", jobs=1)
        referee = relureg.enumerate_regions(network, domain, "lp")
        assert (count.num_regions, count.num_bounded) == (referee.num_regions, referee.num_bounded)
        assert _figures(count) == _figures(relureg.count_regions(network, domain, "split", jobs=1, by_enumeration=True))


def test_products_with_constant_outputs_are_not_rounded() -> None:
    """(1 + 2^-30) (1 - 2^-30) is 1 in doubles, and less: units of the second stage vanish at 1 and at 1 - 2^-60."""
    places = np.arange(8) / 8
    rows = [[1.0]] * 8 + [[-1.0]] * 8 + [[0.0]]
    reads = np.zeros((2, 17))
    reads[:, 0], reads[1, 16] = 1, -(1 + 2.0**-30)
    network = relureg.Network.from_layers(
        [rows, reads, [[1.0, 1.0]]], [[*-places, *places, 1 - 2.0**-30], [-1, 0], [0]]
    )
    count = relureg.count_regions(network, engine="split", jobs=1)
    assert count.num_regions == relureg.count_regions(network, engine="lp").num_regions == 11


def test_integers_tell_what_doubles_would_round() -> None:
    """2^60 + 2^-60 needs more than a double, and thirds are none. Four pairs of units are opposite; one third stays."""
    long = [[2.0**60], [2.0**-60], [-(2.0**60)], [-(2.0**-60)]] * 4
    network = relureg.Network.from_layers(
        [long, np.ones((4, 16)), [[1.0] * 4]], [np.arange(16) - 8.0, np.arange(4) - 2.0, [0]]
    )
    assert _kept(network) == [12, 4]
    thirds = RationalMatrix.from_fractions([[Fraction(k, 3)] for k in (1, -1, 2, -2, 1, -1, 2, -2)] * 2, 1)
    form = AffineForm(constant=RationalMatrix.zeros(16, 1), terms={INPUT: thirds})
    thirds_alone = relureg.Network(name="thirds", input_dim=1, stages=(Stage(pre_activation=form),), output=form)
    assert _kept(thirds_alone) == [1]


def test_integers_tell_multiples_beyond_doubles() -> None:
    """Entries of 2^800 are 2^1600 times the others of their row, and more than that where all are integers."""
    far = [[2.0 ** (800 + k) * m, 2.0**-800 * m] for k in range(6) for m in (1, 2)]
    near = [[k * m, m] for k in range(1, 4) for m in (1.0, 4.0)]
    biases = [0.0] * len(far) + [1.0, 4.0] * 3
    network = relureg.Network.from_layers([[*far, *near], np.ones((1, 18))], [biases, [0]])
    assert _kept(network) == [9]
    count = relureg.count_regions(network, engine="split", jobs=1)
    assert count.num_regions == relureg.count_regions(network, engine="lp").num_regions == 35


@pytest.mark.parametrize("seed", range(20))
def test_integers_agree_on_lattices(seed: int) -> None:
    network = two_level_lattice(2, functions=6, minima=2, terms=4, seed=seed)
    count = relureg.count_regions(network, jobs=1, audit=True)
    assert count.checks[0].passed
    assert _figures(count) == _figures(relureg.count_regions(network, jobs=1, by_enumeration=True))
