"""Solutions of linear programs found in doubles, for the referee to prove or to throw away.

In ten dimensions, exact pivoting takes most of a second for one program; HiGHS takes a millisecond. What it says
decides nothing: a point is put into every inequality in rationals, and multipliers are solved for anew, exactly, on
the rows that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

Row = tuple[int, ...]

FROM_DIMENSION = 6
"""In fewer dimensions exact pivoting takes less time than calling a solver."""

_NOTHING = 1e-9
"""A multiplier below this share of the largest one is taken for 0. A wrong guess makes the proof fail, nothing else."""


def propose(rows: Sequence[Row], dim: int) -> tuple[tuple[Fraction, ...] | None, list[tuple[int, Fraction]]] | None:
    """A point with ``row[0] + row[1:] . x > 0`` for all rows, or multipliers that show that there is none.

    Returns
    -------
    point : tuple of Fraction or None
        Where it is likely that such points exist: one well away from the walls.
    multipliers : list of (int, Fraction)
        Otherwise: row numbers and weights, of which ``sum y_i row_i[1:] = 0`` and no more is known.
    None
        SciPy is not installed, or has nothing to say.
    """
    try:
        from scipy.optimize import linprog
    except ImportError:
        return None
    table = np.array([_scaled(row) for row in rows])
    # Maximise t with t <= 1 and t <= row[0] + row[1:] . x, where each row is scaled to a largest coefficient of 1.
    matrix = np.hstack([-table[:, 1:], np.ones((len(rows), 1))])
    bounds = [(None, None)] * dim + [(None, 1.0)]
    found = linprog([0.0] * dim + [-1.0], A_ub=matrix, b_ub=table[:, 0], bounds=bounds, method="highs-ds")
    if found.status != 0:
        return None
    if found.x[-1] > 0:
        return tuple(Fraction(x) for x in found.x[:-1].tolist()), []
    weights = -found.ineqlin.marginals
    support = np.flatnonzero(weights > _NOTHING * weights.max(initial=0.0)).tolist()
    return None, _combination([rows[k][1:] for k in support], support)


def _combination(normals: list[Row], support: list[int]) -> list[tuple[int, Fraction]]:
    """The weights with which normals add up to 0, if there is one way to do so but for a factor; else none."""
    from flint import fmpz_mat

    if not normals:
        return []
    kernel, nullity = fmpz_mat([list(column) for column in zip(*normals, strict=True)]).nullspace()
    if nullity != 1:
        return []
    weights = [int(kernel[k, 0]) for k in range(len(support))]
    sign = -1 if sum(weights) < 0 else 1
    return [(k, Fraction(sign * weight)) for k, weight in zip(support, weights, strict=True)]


@lru_cache(maxsize=100_000)
def _scaled(row: Row) -> tuple[float, ...]:
    """A row in doubles, divided by its largest coefficient; of the constant too, where the others are 0."""
    largest = max(map(abs, row[1:]), default=0) or abs(row[0]) or 1
    try:
        return tuple(entry / largest for entry in row)
    except OverflowError:
        return (0.0,) * len(row)
