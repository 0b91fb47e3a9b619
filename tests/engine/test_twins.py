"""A count without the units that repeat others of their stage: the same figures as with them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import relureg
from relureg.engine.twins import without_twins
from relureg.exact.rational import RationalMatrix
from relureg.families.lattices import two_level_lattice
from relureg.network.affine_forms import AffineForm


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
