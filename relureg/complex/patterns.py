"""Activation patterns: a region's signs, stage by stage."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def activation_pattern(widths: Sequence[int], signs: NDArray[np.int8]) -> str:
    """The pattern of one region: 1 for an active unit (sign +), 0 for another, stages separated by ``|``.

    Examples
    --------
    >>> activation_pattern([2, 1], np.array([1, -1, 0], dtype=np.int8))
    '10|0'
    """
    bits = "".join("1" if sign > 0 else "0" for sign in signs)
    ends = np.cumsum([0, *widths]).tolist()
    return "|".join(bits[start:end] for start, end in itertools.pairwise(ends))


def regions_per_stage(widths: Sequence[int], signs: NDArray[np.int8]) -> tuple[int, ...]:
    """Regions of the networks cut off after stage 1, 2, ..., L: distinct beginnings of the sign vectors, (R, n)."""
    return tuple(len(np.unique(signs[:, :end], axis=0)) for end in np.cumsum(widths))
