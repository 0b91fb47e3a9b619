"""Activation patterns: as text, and how many begin apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def texts(active: NDArray[np.bool_], widths: Sequence[int]) -> list[str]:
    """The patterns of k regions.

    Parameters
    ----------
    active : array of bool, shape (k, N)
        The active units, z > 0, of each region.
    widths : sequence of int
        How many units each stage has, N in all.

    Examples
    --------
    >>> texts(np.array([[True, False, True], [False, False, True]]), [2, 1])
    ['10|1', '00|1']
    """
    text = letters(active, widths)
    width = text.shape[1]
    return text.view(f"S{width}")[:, 0].astype(str).tolist() if width else [""] * len(text)


def letters(active: NDArray[np.bool_], widths: Sequence[int]) -> NDArray[np.uint8]:
    """The same as (k, width) letters in ASCII."""
    digits = active.astype(np.uint8) + np.uint8(ord("0"))
    ends = np.cumsum(widths, dtype=np.int64)[:-1]
    return np.ascontiguousarray(np.insert(digits, ends, np.uint8(ord("|")), axis=1) if len(ends) else digits)


def regions_per_stage(widths: Sequence[int], signs: NDArray[np.int8]) -> tuple[int, ...]:
    """Regions of the networks cut off after stage 1, 2, ..., L: distinct beginnings of the sign vectors, (R, n)."""
    return tuple(len(np.unique(signs[:, :end], axis=0)) for end in np.cumsum(widths))
