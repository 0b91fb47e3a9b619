"""Which inequalities are facets, in doubles: linear programs around a point, each over the few rows that are near.

A row is a facet if a point violates it alone. Such a point is looked for in a box around a point inside, which the rows
that are too far do not cut; where there is none, in larger boxes. A row that follows from those near is redundant.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import CheckFailedError
from relureg.exact.float_matrices import Floats
from relureg.packages import needing

_SLACK = 1e-6
"""By how much a program in a box from -1 to 1 must see a row violated: ten times the tolerance of HiGHS."""

_INSIDE = 1e-9
"""Rows of norm 1 with smaller values at the point are taken to meet it."""

_FIRST, _GROWTH = 2.0, 4.0
"""The first box is twice as large as one that touches the row; each further one four times as large as the last."""


def facets_among(candidates: NDArray[np.intp], matrix: Floats, values: Floats, direction: Floats) -> NDArray[np.intp]:
    """Which of some rows of ``matrix @ y + values >= 0`` are facets.

    Parameters
    ----------
    candidates : (k,)
        The rows to decide.
    matrix : (n, d)
        Distinct rows of norm 1.
    values : (n,)
        The rows' values at the origin, which lies in the polyhedron.
    direction : (d,)
        Where the interior lies, if the origin is on the boundary.

    Returns
    -------
    (f,)
        Those that are facets, in the order of `candidates`.

    Raises
    ------
    CheckFailedError
        There is no interior.
    UsageError
        SciPy is missing.
    """
    sparse, linprog = _scipy()
    values = matrix @ _interior(matrix, values, direction) + values
    reaches = np.abs(matrix).sum(axis=1)
    held = sparse.csr_array(matrix)

    def least(row: int, others: NDArray[np.intp], limits: Floats, bounds: tuple[float | None, float | None]) -> float:
        """The least value of a row where others are at least -limits; -inf where the program fails."""
        found = linprog(matrix[row], A_ub=-held[others], b_ub=limits, bounds=bounds, method="highs")
        return float(found.fun) if found.status == 0 else -np.inf

    def is_facet(row: int) -> bool:
        size = _FIRST * values[row] / reaches[row]
        while True:
            near = np.flatnonzero(values < size * reaches)
            others = near[near != row]
            if least(row, others, values[others] / size, (-1, 1)) < -values[row] / size - _SLACK:
                return True
            # Without a box, but held above -1.
            limits = np.append(values[others] / size, values[row] / size + 1)
            if least(row, np.append(others, row), limits, (None, None)) > -values[row] / size - _SLACK:
                return False
            size *= _GROWTH

    return candidates[[is_facet(row) for row in candidates.tolist()]]


def _interior(matrix: Floats, values: Floats, direction: Floats) -> Floats:
    """A point inside: the origin, or one a step along the direction, or the one that is deepest."""
    origin = np.zeros(matrix.shape[1])
    if values.min() > _INSIDE:
        return origin
    slopes = matrix @ direction
    steps = np.full(len(values), np.inf)
    falling = (values > _INSIDE) & (slopes < 0)
    steps[falling] = values[falling] / -slopes[falling]
    step = min(float(steps.min()) / 2, 1.0)
    if (matrix @ (step * direction) + values > 0).all():
        return step * direction
    _, linprog = _scipy()
    rows = np.concatenate([-matrix, np.ones((len(matrix), 1))], axis=1)
    bounds = [(None, None)] * len(origin) + [(None, 1.0)]
    found = linprog(np.append(origin, -1.0), A_ub=rows, b_ub=values, bounds=bounds, method="highs")
    if found.status != 0 or found.x[-1] <= 0:
        raise CheckFailedError("in doubles the region around the point has no interior; try exact=True")
    return np.asarray(found.x[:-1])


def _scipy() -> tuple[Any, Any]:
    with needing("linear programs in doubles need SciPy", "maps", "ask exactly"):
        import scipy.sparse
        from scipy.optimize import linprog
    return scipy.sparse, linprog
