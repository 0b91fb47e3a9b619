"""Exact linear programs against the referee's solver, and against what can be seen."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from relureg.behaviour import proposed_bases
from relureg.behaviour.optima import Outcome, value_at
from relureg.behaviour.programs import Program
from relureg.engine import lp


@pytest.mark.parametrize("with_proposals", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_random_programs(seed: int, with_proposals: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_proposals:
        monkeypatch.setattr(proposed_bases, "propose", lambda program, objective: None)
    rng = np.random.default_rng(seed)
    outcomes = set()
    for _ in range(60):
        dim, num_rows = int(rng.integers(1, 5)), int(rng.integers(0, 7))
        table = rng.integers(-3, 4, (num_rows, dim + 1)).tolist()
        low = [None if rng.random() < 0.4 else Fraction(int(rng.integers(-3, 1))) for _ in range(dim)]
        high = [None if rng.random() < 0.4 else Fraction(int(rng.integers(0, 4))) for _ in range(dim)]
        objective = rng.integers(-2, 3, dim).tolist()
        program = Program(rows=tuple(map(tuple, table)), low=tuple(low), high=tuple(high))
        found = program.maximise(objective)
        outcomes.add(found.outcome)
        rows = [*table, *(_bound(j, lo, 1, dim) for j, lo in enumerate(low) if lo is not None)]
        rows += [_bound(j, hi, -1, dim) for j, hi in enumerate(high) if hi is not None]
        check_against_the_referee(program, rows, objective)
    assert outcomes == set(Outcome)


def check_against_the_referee(program: Program, rows: list[list[int]], objective: list[int]) -> None:
    dim = program.dim
    found = program.maximise(objective)
    # Feasible: max t with rows >= t, t <= 0. Optimal: nothing is above the value found.
    primal, _ = lp._maximise([*([*row, -1] for row in rows), [0] + [0] * dim + [-1]], [0] * (dim + 1) + [1])
    assert (found.outcome is Outcome.EMPTY) == (primal[-1] < 0)
    if found.outcome is Outcome.EMPTY:
        return
    assert all(value_at(row, found.point) >= 0 for row in rows)
    assert program.holds_at(found.point)
    if found.outcome is Outcome.UNBOUNDED:
        assert sum(c * v for c, v in zip(objective, found.ray, strict=True)) > 0
        assert all(sum(a * v for a, v in zip(row[1:], found.ray, strict=True)) >= 0 for row in rows)
        return
    best, _ = lp._maximise([*rows], [0, *objective])
    assert found.value == sum(c * x for c, x in zip(objective, best, strict=True))
    assert found.value == sum(c * x for c, x in zip(objective, found.point, strict=True))


def _bound(axis: int, bound: Fraction, sign: int, dim: int) -> list[int]:
    row = [0] * (dim + 1)
    row[0], row[1 + axis] = -sign * int(bound), sign
    return row


def test_a_wrong_proposal_costs_pivots_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    square = Program(rows=((3, -1, -1),), low=(Fraction(0), Fraction(0)), high=(Fraction(2), Fraction(2)))
    zeros = np.zeros(1), np.zeros(2)
    monkeypatch.setattr(proposed_bases, "propose", lambda program, objective: ([0.0, 0.0], *zeros))
    assert square.maximise([2, 1]).value == 5


def test_cycling_of_the_simplex_method() -> None:
    """Beale's program, on which the largest-coefficient rule cycles."""
    rows = ((0, -25, 6000, 4, -900), (0, -50, 9000, 2, -300), (1, 0, 0, -1, 0))
    program = Program(rows=rows, low=(Fraction(0),) * 4, high=(None,) * 4)
    found = program.maximise([75, -15000, 2, -600])
    assert (found.outcome, found.value) == (Outcome.OPTIMAL, 5)


def test_open_polyhedra() -> None:
    plane = Program(rows=(), low=(None, None), high=(None, None))
    assert plane.deepest([(0, 1, 0), (0, -1, 0)]).value == 0
    assert plane.deepest([(1, 1, 0), (1, -1, 0)]).value == 1
