"""Points strictly inside a cell with few digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.proofs.rows import Row

_SPARE = (1, 4, 12)
"""Bits of a coordinate beyond those that the distance to the nearest row asks for, to be tried one after the other."""


def short_point(near: NDArray[np.float64], rows: Sequence[Row], scaled: NDArray[np.float64]) -> tuple[int, ...] | None:
    """Integers (q, p_1, ..., p_d) of a point p / q near another one, which is proven to lie strictly inside all rows.

    Parameters
    ----------
    near : (d,) array
    rows : sequence of M Row
    scaled : (M, 1 + d) array
        Theirs.

    Returns
    -------
    tuple of int, or None
        None: a point so near does not lie inside, or that cannot be shown with doubles' coordinates.
    """
    distance = float((scaled[:, 0] + scaled[:, 1:] @ near).min(initial=1.0))
    if not 0 < distance < math.inf or not np.isfinite(near).all():
        return None
    grid = -math.floor(math.log2(distance / math.sqrt(len(near))))
    for spare in _SPARE:
        bits = max(grid + spare, 0)
        if bits > 1000:
            return None
        found = (1 << bits, *(round(Fraction(x) * (1 << bits)) for x in near.tolist()))
        common = math.gcd(*found)
        found = tuple(entry // common for entry in found)
        if is_inside(found, rows):
            return found
    return None


def is_inside(point: Sequence[int], rows: Sequence[Row]) -> bool:
    """Whether a point lies strictly inside all rows, in integers."""
    return all(row.at(point) > 0 for row in rows)
