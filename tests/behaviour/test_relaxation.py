"""Bounds of cells: the compiled step back against rationals, and bounds against exact values of the network."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import Network
from relureg.behaviour import relaxation
from relureg.behaviour.relaxation import Bounds, Cells, Relaxation
from relureg.engine import split
from relureg.exact.rounding_bounds import gamma


def step(c: np.ndarray, lines: np.ndarray, constant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cells, rows, n = lines.shape[1], c.shape[1], c.shape[2]
    passed, sums = np.full((cells, rows, n), np.nan), np.full((4, cells, rows), np.nan)
    split.module().step_back(c, lines, constant, passed, sums)
    return passed, sums


@pytest.mark.parametrize("n", [1, 3, 4, 5, 11])
@pytest.mark.parametrize("is_same", [False, True])
def test_a_step_back_in_rationals(n: int, is_same: bool) -> None:
    """Whatever is left over of lanes of four, each sum is that of the derivation."""
    rng = np.random.default_rng(n)
    c = rng.standard_normal((1 if is_same else 3, 2, n))
    lines, constant = rng.uniform(0.1, 2, (4, 3, n)), rng.standard_normal(n)
    passed, sums = step(c, lines, constant)
    for cell in range(3):
        for row in range(2):
            told = [Fraction(0)] * 4
            size = Fraction(0)
            for j in range(n):
                x = Fraction(c[0 if is_same else cell, row, j])
                above, rise, below, most = map(Fraction, lines[:, cell, j])
                assert passed[cell, row, j] == float(x * (above if x > 0 else below))  # rounded once
                new = Fraction(passed[cell, row, j])
                terms = max(x, 0) * rise, new * Fraction(constant[j]), abs(new), abs(new) * most
                told = [total + term for total, term in zip(told, terms, strict=True)]
                size += sum(map(abs, terms))
            for total, found in zip(told, sums[:, cell, row], strict=True):
                assert abs(Fraction(found) - total) <= Fraction(gamma(2 * n)) * size


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_dropped(place: int, number: float) -> None:
    """A coefficient that overflowed bounds nothing: it may not turn into 0."""
    c = np.ones((1, 1, 6))
    c[0, 0, place] = number
    passed, sums = step(c, np.ones((4, 1, 6)), np.ones(6))
    assert not np.isfinite(passed[0, 0, place])
    assert not np.isfinite(sums[2:]).any()


def test_only_zeros_have_no_absolute_sum() -> None:
    """The least double counts, and a negative coefficient of a unit that is 0 does not."""
    lines = np.ones((4, 1, 5))
    lines[2] = 0.0
    c = np.full((1, 2, 5), -1.0)
    c[0, 1, 4] = 5e-324
    _, sums = step(c, lines, np.zeros(5))
    assert sums[2, 0].tolist() == [0.0, 5e-324]


def test_arrays_of_other_shapes_are_refused() -> None:
    lines, constant = np.ones((4, 3, 5)), np.ones(5)
    with pytest.raises(ValueError, match="other shapes"):
        step(np.ones((2, 2, 5)), lines, constant)
    with pytest.raises(ValueError, match="other shapes"):
        step(np.ones((1, 2, 5)), lines, np.ones(4))


def boxes(dim: int, count: int) -> Cells:
    rng = np.random.default_rng(dim)
    middle, radius = rng.uniform(-1, 1, (count, dim)), rng.uniform(0.01, 0.6, (count, dim))
    unknown = np.full((count, NETWORK.num_units), math.inf)
    return Cells(
        low=middle - radius, high=middle + radius, signs=np.zeros((count, NETWORK.num_units), np.int8),
        least=-unknown, most=unknown,
    )  # fmt: skip


NETWORK = relureg.load("fixtures/truth/rand_4-12-12-1.json")


def bounded(cells: Cells) -> Bounds:
    return Relaxation(NETWORK).bound(cells)


def test_bounds_hold_at_points_of_each_cell() -> None:
    cells = boxes(4, 30)
    bounds = bounded(cells)
    rng = np.random.default_rng(0)
    for k in range(30):
        for _ in range(4):
            share = rng.integers(0, 9, 4) / 8
            point = [Fraction(x) for x in cells.low[k] + share * (cells.high[k] - cells.low[k])]
            point = [min(max(x, Fraction(lo)), Fraction(hi)) for x, lo, hi in
                     zip(point, cells.low[k], cells.high[k], strict=True)]  # fmt: skip
            (value,) = NETWORK.exact_output(point)
            above = Fraction(bounds.constants[k, 0]) + sum(
                Fraction(a) * x for a, x in zip(bounds.normals[k, 0], point, strict=True)
            )
            assert value <= above
            assert value <= Fraction(bounds.upper[k, 0])
            signs = NETWORK.exact_signs(point)
            assert not ((bounds.least[k] > 0) & (signs < 0)).any()
            assert not ((bounds.most[k] < 0) & (signs > 0)).any()


def test_cells_are_bounded_alike_however_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last part of a batch is smaller than the others."""
    cells = boxes(4, 7)
    together = bounded(cells)
    monkeypatch.setattr(relaxation, "_NUMBERS", 3 * 24 * 12)
    parted = bounded(cells)
    np.testing.assert_allclose(parted.upper, together.upper, rtol=1e-12)
    np.testing.assert_allclose(parted.normals, together.normals, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(parted.gain, together.gain, rtol=1e-12, atol=1e-12)


def test_a_constant_output_has_no_rounding() -> None:
    """Of units that are 0 on the cell nothing is left: the bound is the constant itself."""
    network = Network.from_layers([[[1, 1], [1, -1]], [[3, 7]]], [[-5, -5], [Fraction(1, 4)]])
    unknown = np.full((1, 2), math.inf)
    cells = Cells(low=-np.ones((1, 2)), high=np.ones((1, 2)), signs=np.zeros((1, 2), np.int8), least=-unknown,
                  most=unknown)  # fmt: skip
    assert Relaxation(network).bound(cells).upper.tolist() == [[0.25]]
