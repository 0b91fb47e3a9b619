"""The first cuts of the whole space, which leave lines in cells: signs along them, and what is moved along them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from relureg import Domain, Network, count_regions
from relureg.exact.rational import RationalMatrix
from tests.contract.networks import Draft

Rows = list[list[Fraction]]


def _network(rows: Rows, constants: list[Fraction]) -> Network:
    """One stage, and the sum of its units."""
    ones = [[Fraction(1)] * len(rows)]
    return Network.from_layers(
        [RationalMatrix.from_fractions(matrix, len(matrix[0])) for matrix in (rows, ones)],
        [RationalMatrix.from_fractions([[x] for x in column], 1) for column in (constants, [Fraction(0)])],
    )


def _regions(network: Network, domain: Domain | None = None) -> int:
    """Counted and searched, with integers asked at every generator and along every line."""
    counted, searched = (
        count_regions(network, domain, engine="split", audit=True, jobs=1, by_enumeration=by_enumeration)
        for by_enumeration in (False, True)
    )
    assert all(check.passed is not False for count in (counted, searched) for check in count.checks)
    assert counted.num_regions == searched.num_regions
    return searched.num_regions


def _fractions(random: np.random.Generator, *shape: int) -> Rows:
    return [[Fraction(x) for x in row] for row in random.normal(size=shape).tolist()]


@pytest.mark.parametrize("density", [0.4, 1.0])
def test_they_need_no_integers_of_any_size(density: float) -> None:
    random = np.random.default_rng(1)
    weights = [random.normal(size=shape) * (random.random(shape) < density) for shape in ((9, 3), (8, 9))]
    network = Network.from_layers(weights, [random.normal(size=9), random.normal(size=8)])
    predicates = count_regions(network, jobs=1, by_enumeration=True).predicates
    assert predicates is not None
    assert (predicates.exact, predicates.exact_share) == (0, 0.0)  # no clock was read


def test_many_dimensions_need_none_either() -> None:
    """Bounds would grow beyond use from line to line: all vectors are told anew from the rows."""
    random = np.random.default_rng(1)
    network = Network.from_layers(
        [random.normal(size=shape) for shape in ((64, 64), (4, 64), (1, 4))],
        [random.normal(size=n) for n in (64, 4, 1)],
    )
    count = count_regions(network, engine="split", jobs=1, max_regions=100)
    assert count.num_regions == 100
    assert count.predicates is not None
    assert count.predicates.exact_share == 0.0


@pytest.mark.parametrize("scale", [1e-290, 1.0, 1e290])
@pytest.mark.parametrize("bits", [20, 45, 60, 110])
@pytest.mark.parametrize("dim", [2, 4])
def test_hyperplanes_that_are_parallel_but_for_a_few_bits(dim: int, bits: int, scale: float) -> None:
    random = np.random.default_rng(bits)
    first = _fractions(random, 1, dim)[0]
    others = _fractions(random, dim, dim)
    rows = [first, *([a + b / 2**bits for a, b in zip(first, row, strict=True)] for row in others)]
    constants = _fractions(random, 1, dim + 1)[0]
    by = Fraction(scale)
    network = _network([[x * by for x in row] for row in rows], [x * by for x in constants])
    assert _regions(network) == 2 ** (dim + 1) - 1  # dim + 1 hyperplanes in general position


def test_denormal_numbers() -> None:
    tiny = Fraction(5e-324)
    rows = [[tiny, 3 * tiny], [2 * tiny, tiny], [Fraction(1), -tiny]]
    assert _regions(_network(rows, [tiny, Fraction(1), tiny])) == 7


@pytest.mark.parametrize("gap", [Fraction(0), Fraction(1, 2**30), Fraction(1, 2**110)])
def test_cells_with_lines_that_are_cut_across_their_edges(gap: Fraction) -> None:
    """A first stage of lower rank cuts cells that keep a line; the next one reads the third input, too."""
    third = Fraction(1, 3)
    first = _array([[1, third, 0], [1, third + gap, 0], [gap, 1, 0]])
    second = _array([[1, 1, 0], [third, -1, 1]])
    draft = Draft(
        dim=3,
        constants=[_array([0, gap, 1]), _array([gap, 1])],
        terms=[{0: first}, {0: second, 1: _array([[1, 0, -2], [0, third, -1]])}],
    )
    network = draft.to_network("lines")
    assert _regions(network) == count_regions(network, engine="lp").num_regions
    half = Domain.polytope([[1, third, 1]], [1])
    assert _regions(network, half) == count_regions(network, half, engine="lp").num_regions


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("units", "sources"),
    [((2, 3, 2), ({0}, {1}, {2})), ((2, 3, 2), ({0}, {0, 1}, {2})), ((1, 1, 3), ({0}, {0, 1}, {0}))],
)
def test_lines_that_outlive_a_stage(units: tuple[int, ...], sources: tuple[set[int], ...], seed: int) -> None:
    """Cells enter a stage with the same lines; rows that read another stage differ from cell to cell, as do cuts."""
    random = np.random.default_rng(seed)
    widths = (3, *units)
    network = Draft(
        dim=3,
        constants=[_array(_fractions(random, 1, n)[0]) for n in units],
        terms=[
            {k: _array(_fractions(random, n, widths[k])) for k in read} for n, read in zip(units, sources, strict=True)
        ],
    ).to_network("lines")
    assert _regions(network) == count_regions(network, engine="lp").num_regions


@pytest.mark.parametrize("bits", range(36, 52, 2))
def test_rows_that_depend_on_two_others_but_for_a_few_bits(bits: int) -> None:
    """Along a line that two nearly parallel cuts have left, the third is as large as the error of the line."""
    random = np.random.default_rng(bits)
    rows = _fractions(random, 2, 4)
    rows[1] = [a + b / 2**9 for a, b in zip(*rows, strict=True)]
    for other in _fractions(random, 3, 4):
        rows.append([a - 3 * b + c / 2**bits for a, b, c in zip(rows[0], rows[1], other, strict=True)])
    assert _regions(_network(rows, _fractions(random, 1, 5)[0])) == 2**5 - 1


@pytest.mark.parametrize("bits", [54, 60, 70])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_remembered_keeps_its_bound(bits: int, seed: int) -> None:
    """The second cut is computed once for both sides of the first one. It leaves a line of which one coordinate is far
    below the error of its doubles, and that coordinate is all that the third unit reads.
    """
    random = np.random.default_rng(seed)
    slope = Fraction(random.normal())
    rows = _fractions(random, 2, 4)
    for row in rows:  # 0 along (2^-bits, slope, 1, 0)
        row[2] = -row[0] / 2**bits - row[1] * slope
    rows += [[Fraction(1), Fraction(0), Fraction(0), Fraction(0)], *_fractions(random, 2, 4)]
    assert _regions(_network(rows, _fractions(random, 1, 5)[0])) == 2**5 - 1


def _array(numbers: Sequence[object]) -> NDArray[np.object_]:
    array: NDArray[np.object_] = np.array(numbers, dtype=object)
    array.reshape(-1)[:] = [Fraction(x) for x in array.reshape(-1).tolist()]
    return array
