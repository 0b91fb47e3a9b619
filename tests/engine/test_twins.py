"""A count without the units that repeat others of their stage: the same figures as with them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

import relureg
from relureg.engine import split
from relureg.engine.twins import without_twins
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


def _sizes(network: relureg.Network) -> list[int]:
    return [form.size for form in without_twins([stage.pre_activation for stage in network.stages])]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("dim", "widths"), [(1, [3, 3, 2]), (2, [4, 3, 3]), (3, [5, 3])])
def test_figures_are_those_of_a_search_with_twins(seed: int, dim: int, widths: list[int]) -> None:
    network = _with_twins(seed, dim, widths)
    assert all(size <= width for size, width in zip(_sizes(network), widths, strict=True))
    box = relureg.Domain.box([-1] * dim, [1] * dim)
    for domain in (None, box):
        count = relureg.count_regions(network, domain, "split", jobs=1)
        assert count.checks[0].passed is not False
        assert _figures(count) == _figures(relureg.count_regions(network, domain, "split", jobs=1, by_enumeration=True))


def test_outputs_of_twins_are_those_of_the_network() -> None:
    """Each unit that stays is one of the network's, and each of the network's is one that stays, or its negative."""
    network = _with_twins(7, 2, [4, 3, 3])
    first, second, third = (stage.pre_activation for stage in network.stages)
    skipping = AffineForm(
        constant=third.constant, terms={1: RationalMatrix.from_floats(np.ones((6, 8))), **third.terms}
    )
    stages = [first, second, skipping]
    reduced = without_twins(stages)
    points = np.array([[0.5, -1.25], [-2.0, 0.75], [3.0, 2.0], [-0.125, -0.5]])
    values = [_values(forms, points) for forms in (stages, reduced)]
    for whole, part in zip(*values, strict=True):
        for column in part.T:
            assert np.isclose(whole, column[:, None], atol=1e-9).all(axis=0).any()
        for column in whole.T:
            assert any(np.allclose(column, sign * other, atol=1e-9) for other in part.T for sign in (1, -1))


def _values(forms: list[AffineForm], points: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    sources, found = {0: points}, []
    for number, form in enumerate(forms, start=1):
        found.append(form.evaluate_floats(sources))
        sources[number] = np.maximum(found[-1], 0)
    return found


def test_a_lattice_reads_inputs_and_one_unit_a_pair() -> None:
    """min(a, b) = a - max(a - b, 0): neither the sums nor the mirrored differences are read any more."""
    network = two_level_lattice(2, functions=8, minima=4, terms=4)
    assert network.widths == (32, 16, 8, 4)
    assert _sizes(network) == [14, 8, 4, 2]
    second = without_twins([stage.pre_activation for stage in network.stages])[1]
    assert sorted(second.terms) == [0, 1]
    assert {np.count_nonzero(row) for row in second.terms[1].numerators.astype(bool)} == {2}
    count = relureg.count_regions(network, jobs=1)
    assert _figures(count) == _figures(relureg.count_regions(network, jobs=1, by_enumeration=True))


def test_a_few_dead_units_change_nothing() -> None:
    weights = np.random.default_rng(1).normal(size=(24, 2))
    weights[:2] = 0
    network = relureg.Network.from_layers([weights, np.ones((1, 24))], [[0.0] * 24, [0.0]], name="dead")
    stages = [stage.pre_activation for stage in network.stages]
    assert without_twins(stages) == stages


def test_doubles_stay_doubles() -> None:
    """2^60 + 2^-60 is no double: then twins stay."""
    first = [[2.0**60], [-(2.0**60)]]
    second = [[1.0, 0.0], [0.0, 2.0**-60]]
    network = relureg.Network.from_layers(
        [first, second, [[2.0**60, 1.0], [1.0, 2.0**60]], [[1.0, 1.0]]], [[2.0**-60, -(2.0**-60)], [0, 0], [1, 1], [0]]
    )
    stages = [stage.pre_activation for stage in network.stages]
    reduced = without_twins(stages)
    assert all(m.doubles is not None for form in reduced for m in (form.constant, *form.terms.values()))
    count = relureg.count_regions(network, jobs=1)
    assert _figures(count) == _figures(relureg.count_regions(network, jobs=1, by_enumeration=True))


def _kept(network: relureg.Network, domain: relureg.Domain | None = None) -> list[int]:
    """Units of each stage of which the search is told."""
    problem = Problem(network=network, domain=domain)
    widths: list[int] = split.translate(problem, merges_twins=True).widths
    return widths[domain is not None :]


def _rescaled(network: relureg.Network, factors: NDArray[np.float64]) -> relureg.Network:
    """The same function, with units times factors that are taken in turn."""
    forms = [*(stage.pre_activation for stage in network.stages), network.output]
    weights, biases, before, used = [], [], np.ones(network.input_dim), 0
    for source, form in enumerate(forms):
        is_last = form is network.output
        own = np.ones(form.size) if is_last else np.resize(np.roll(factors, -used), form.size)
        weights.append(own[:, None] * form.terms[source].floats / before)
        biases.append(own * form.constant.floats[:, 0])
        before, used = own, used + form.size
    return relureg.Network.from_layers(weights, biases, name="rescaled")


def test_powers_of_two_of_units_are_left_out() -> None:
    """The figures are those of the lattice, and its units that stay are as many."""
    lattice = two_level_lattice(2, functions=8, minima=4, terms=4)
    network = _rescaled(lattice, np.array([4.0, 0.125, 2.0, 1.0, 0.5, 8.0, 0.25]))
    assert _kept(network) == _kept(lattice) == [14, 8, 4, 2]
    count = relureg.count_regions(network, jobs=1)
    assert count.checks[0].passed
    assert _figures(count) == _figures(relureg.count_regions(lattice, jobs=1, by_enumeration=True))


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
    """2^60 + 2^-60 needs more than a double, and thirds are none. Four pairs of units are opposite; two thirds stay."""
    long = [[2.0**60], [2.0**-60], [-(2.0**60)], [-(2.0**-60)]] * 4
    network = relureg.Network.from_layers(
        [long, np.ones((4, 16)), [[1.0] * 4]], [np.arange(16) - 8.0, np.arange(4) - 2.0, [0]]
    )
    assert _kept(network) == [12, 4]
    thirds = RationalMatrix.from_fractions([[Fraction(k, 3)] for k in (1, -1, 2, -2, 1, -1, 2, -2)] * 2, 1)
    form = AffineForm(constant=RationalMatrix.zeros(16, 1), terms={INPUT: thirds})
    thirds_alone = relureg.Network(name="thirds", input_dim=1, stages=(Stage(pre_activation=form),), output=form)
    assert _kept(thirds_alone) == [2]


@pytest.mark.parametrize("seed", range(20))
def test_integers_agree_on_lattices(seed: int) -> None:
    network = two_level_lattice(2, functions=6, minima=2, terms=4, seed=seed)
    count = relureg.count_regions(network, jobs=1, audit=True)
    assert count.checks[0].passed
    assert _figures(count) == _figures(relureg.count_regions(network, jobs=1, by_enumeration=True))
