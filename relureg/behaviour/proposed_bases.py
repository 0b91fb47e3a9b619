"""Which constraints of a linear program are active at its optimum, as a solver in doubles has it; it proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relureg.behaviour.optima import Constraints, Row
from relureg.exact.numbers import nearest_double

_ACTIVE = 1e-7
"""A constraint is proposed as active where its slack is below this share of its size; a wrong guess costs pivots."""


def looks_active(
    program: Constraints, objective: Sequence[int], usable: Sequence[int]
) -> tuple[list[int], list[float]]:
    """Constraints that look active at the optimum, those with multipliers first; and distances to bounds."""
    solution = propose(program, objective)
    if solution is None:
        return [], [0.0] * program.dim
    x, weights, bound_weights = solution
    ranked: list[tuple[float, int]] = []
    nearest = []
    for j in range(program.dim):
        size = 1.0 + abs(x[j])
        gaps = [(abs(x[j] - float(b)) / size, number) for b, number in
                ((program.low[j], j), (program.high[j], j + program.dim)) if b is not None]  # fmt: skip
        gap, number = min(gaps, default=(np.inf, j))
        nearest.append(gap)
        if gap < _ACTIVE:
            ranked.append((-abs(bound_weights[j]), number))
    for i in usable:
        slack, size = _slack(program.rows[i], x)
        if weights[i] > 0 or slack < _ACTIVE * size:
            ranked.append((-weights[i], 2 * program.dim + i))
    ranked.sort()
    # Rows with multipliers before bounds without.
    strong = [n for w, n in ranked if w < -1e-12]
    weak_rows = [n for w, n in ranked if w >= -1e-12 and n >= 2 * program.dim]
    weak_bounds = [n for w, n in ranked if w >= -1e-12 and n < 2 * program.dim]
    num_rows = sum(n >= 2 * program.dim for n in strong)
    held = {n % program.dim for n in strong if n < 2 * program.dim}
    # Bounds without a multiplier are held unless the rows with one need their coordinates.
    spare = program.dim - len(held) - num_rows
    return [*strong, *weak_bounds[: max(spare, 0)], *weak_rows], nearest


def propose(
    program: Constraints, objective: Sequence[int]
) -> tuple[list[float], NDArray[np.float64], NDArray[np.float64]] | None:
    """An optimal point in doubles, and the multipliers of rows and of bounds; None where there is nothing to say."""
    try:
        from scipy.optimize import linprog
    except ImportError:
        return None
    if not program.dim:
        return None
    scaled = [_scaled(row) for row in program.rows]
    table = np.array([row for row, _ in scaled]).reshape(len(scaled), program.dim + 1)
    goal = _scaled((0, *objective))[0]
    bounds = [
        (None if lo is None else nearest_double(lo), None if hi is None else nearest_double(hi))
        for lo, hi in zip(program.low, program.high, strict=True)
    ]
    try:
        found = linprog(
            [-c for c in goal[1:]], A_ub=-table[:, 1:] if len(scaled) else None,
            b_ub=table[:, 0] if len(scaled) else None, bounds=bounds, method="highs-ds",
        )  # fmt: skip
    except ValueError:
        return None
    if found.status != 0 or not np.isfinite(found.x).all():
        return None
    weights = -found.ineqlin.marginals if len(scaled) else np.zeros(0)
    return found.x.tolist(), weights, found.lower.marginals + found.upper.marginals


def _scaled(row: Sequence[int]) -> tuple[tuple[float, ...], float]:
    largest = max(map(abs, row[1:]), default=0) or abs(row[0]) or 1
    try:
        return tuple(entry / largest for entry in row), float(largest)
    except OverflowError:
        return (0.0,) * len(row), 1.0


def _slack(row: Row, x: list[float]) -> tuple[float, float]:
    """The value of a scaled row in doubles, and the size of its terms."""
    scaled, _ = _scaled(row)
    terms = [a * v for a, v in zip(scaled[1:], x, strict=True)]
    return scaled[0] + sum(terms), abs(scaled[0]) + sum(map(abs, terms)) + 1e-300
