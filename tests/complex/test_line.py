"""Breakpoints on a line, compared with an exact scan that knows nothing of complexes."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from relureg import Domain, Network, Slice, breakpoints, enumerate_regions, load
from relureg.complex.walk import Walk, are_attained
from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix

ROOT = Path(__file__).parents[2]


def scan(network: Network, steps: int) -> list[tuple[Fraction, Fraction]]:
    """Neighbouring points of an even grid on [0, 1] between which the exact sign vector changes."""
    grid = [Fraction(2 * k + 1, 2 * steps + 3) for k in range(steps + 1)]
    signs = [network.exact_signs([t]).tobytes() for t in grid]
    return [(a, b) for (a, s), (b, t) in itertools.pairwise(zip(grid, signs, strict=True)) if s != t]


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("fixtures/truth/int_2-6-6-1.json", [[-3, -2], [3, 2]]),
        ("fixtures/truth/rand_2-16-16-1.json", [[-1, 1], [1, -0.5]]),
        ("fixtures/truth/dup_dead_2.json", [[-5, -5], [5, 6]]),
        ("fixtures/nets/marabou_fc1_2_25x3_2.onnx", [[-1, -1], [1, 1]]),
    ],
)
@pytest.mark.parametrize("engine", ["split", "lp"])
def test_breakpoints_are_where_a_dense_exact_scan_sees_changes(
    name: str, points: list[list[float]], engine: str
) -> None:
    network = load(ROOT / name).on(Slice.through(points))
    cells = enumerate_regions(network, Domain.box([0], [1]), engine)
    found = breakpoints(cells)
    assert len(found) == cells.num_regions - 1 >= 5
    assert [p.t for p in found] == sorted({p.t for p in found})
    for (low, high), inside in itertools.groupby(
        scan(network, 400), key=lambda pair: pair
    ):  # each change of the scan holds a breakpoint ...
        assert any(low <= p.t <= high for p in found)
        assert len(list(inside)) == 1
    for point in found:  # ... and at each breakpoint these units vanish, and on its sides the regions are these
        signs = network.exact_signs([point.t])
        assert all(signs[unit] == 0 for unit in point.units)
        near = Fraction(1, 10**12)
        sides = tuple(int(cells.locate([[point.t + side * near]])[0]) for side in (-1, 1))
        assert sides == point.regions
    for first, second in itertools.pairwise([Fraction(0), *(p.t for p in found), Fraction(1)]):
        signs = [network.exact_signs([first + (second - first) * k / 5]).tobytes() for k in range(1, 5)]
        assert len(set(signs)) == 1  # between two of them nothing changes


def test_a_line_needs_one_input() -> None:
    with pytest.raises(UsageError, match="2 inputs"):
        breakpoints(enumerate_regions(load(ROOT / "fixtures/truth/xor.json")))


def test_a_line_without_breakpoints() -> None:
    network = Network.from_layers([np.array([[0.0]]), np.array([[1.0]])], [np.array([1.0]), np.array([0.0])])
    assert breakpoints(enumerate_regions(network)) == ()


def test_units_that_change_at_a_breakpoint_are_told_whichever_side_they_vanish_on() -> None:
    one, both = np.array([[1.0], [-1.0]]), np.eye(2)
    mirror = Network.from_layers([one, both, np.ones((1, 2))], [np.zeros(2), np.zeros(2), np.zeros(1)])
    (point,) = breakpoints(enumerate_regions(mirror))
    assert point.units == (0, 1, 2, 3)
    chain = Network.from_layers([np.eye(1)] * 3, [np.zeros(1)] * 3)
    (point,) = breakpoints(enumerate_regions(chain))
    assert point.units == (0, 1)
    assert (point.t, point.regions) == (0, (0, 1))


@pytest.mark.parametrize("seed", range(3))
def test_a_walk_knows_which_signs_a_point_has(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(9, 3)), rng.integers(-1, 2, size=(8, 9)), rng.normal(size=(7, 8)), np.ones((1, 7))]
    network = Network.from_layers(weights, [rng.integers(-1, 2, size=len(w)) for w in weights])
    on_line = network.on(Slice.through([rng.integers(-3, 4, size=3).tolist(), [9.5, 1, 2]]))
    cells = enumerate_regions(on_line)
    points = [cells.records.point(region)[0] for region in range(cells.num_regions)]
    signs = cells.records.signs
    assert cells.num_regions > 5
    assert all(np.array_equal(on_line.exact_signs([t]), row) for t, row in zip(points, signs, strict=True))
    assert all(is_attained for _, is_attained in are_attained(on_line, points, signs))
    for unit in range(on_line.num_units):  # one sign in one region is wrong
        wrong = signs.copy()
        wrong[2, unit] = 1 if wrong[2, unit] <= 0 else -1
        assert [number for number, is_attained in are_attained(on_line, points, wrong) if not is_attained] == [2]


def test_a_walk_decides_in_rationals_what_doubles_cannot() -> None:
    third, tiny = Fraction(1, 3), Fraction(1, 10**400)
    network = Network.from_layers(
        [RationalMatrix.from_fractions([[1], [1], [tiny]], 1), np.ones((1, 3))],
        [RationalMatrix.from_fractions([[-third], [-third - Fraction(1, 10**40)], [0]], 1), [0]],
    )
    walk = Walk(network)
    walk.go_to(np.array([1, -1, 1], dtype=np.int8))
    between = third + Fraction(1, 10**41)
    assert [walk.has_signs_at(t) for t in (third, between, between + tiny, third + Fraction(1, 10**40))] == [
        False, True, True, False,
    ]  # fmt: skip
    assert (walk.root(0), walk.root(1), walk.root(2)) == (third, third + Fraction(1, 10**40), 0)
