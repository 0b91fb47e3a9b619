"""Which pairs of nodes may be far apart, given the distances of all nodes from a few landmarks.

A landmark l bounds every distance: ``d(u, v) <= d(l, u) + d(l, v)``. A pair is open for a value D while no landmark
shows that its distance is at most D. The nodes are sorted by their distances from the landmarks, and put in a tree of
runs; a run keeps the largest distance from each landmark. A pair of runs is closed as soon as one landmark closes the
two maxima, and split into pairs of shorter runs otherwise, so that few of the R^2 / 2 pairs are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FAN = 4
"""Runs that make one run of the next level."""

_BATCH = 1 << 15
"""Pairs of runs that are split together; with 16 children each, some megabytes."""


def open_pairs(
    landmarks: Sequence[NDArray[np.int32]], distance: int, *, most_found: int, most_looked_at: int
) -> tuple[NDArray[np.int64], bool]:
    """Pairs of nodes whose distance no landmark bounds by `distance`.

    Parameters
    ----------
    landmarks : sequence of arrays, shape (R,)
        The distances from each landmark, all of them reached. Those that come first are tried first.
    distance : int
    most_found, most_looked_at : int
        After so many open pairs, or pairs of runs looked at, the search is given up.

    Returns
    -------
    pairs : array, shape (P, 2)
        The open pairs found, u and v distinct, each pair once.
    is_complete : bool
        Whether these are all.
    """
    order = np.lexsort(landmarks[::-1])
    levels = _levels(np.stack([steps[order] for steps in landmarks]))
    top = len(levels) - 1
    width = levels[top].shape[1]
    first, second = np.triu_indices(width)
    stack = [(top, first.astype(np.int64), second.astype(np.int64))]
    found: list[NDArray[np.int64]] = []
    num_found = looked_at = 0
    while stack:
        level, first, second = stack.pop()
        if len(first) > _BATCH:
            stack.append((level, first[_BATCH:], second[_BATCH:]))
            first, second = first[:_BATCH], second[:_BATCH]
        looked_at += len(first)
        first, second = _still_open(levels[level], first, second, distance)
        if not len(first):
            continue
        if level == 0:
            apart = first < second
            first, second = first[apart], second[apart]
            found.append(np.stack([order[first], order[second]], axis=1))
            num_found += len(first)
        else:
            stack.append((level - 1, *_children(first, second, levels[level - 1].shape[1])))
        if num_found > most_found or looked_at > most_looked_at:
            return np.concatenate([np.empty((0, 2), dtype=np.int64), *found]), False
    return np.concatenate([np.empty((0, 2), dtype=np.int64), *found]), True


def _levels(steps: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """Level 0: the distances, (L, R); each further level: the maxima of `_FAN` columns of the one before."""
    levels = [steps]
    while levels[-1].shape[1] > _FAN:
        last = levels[-1]
        levels.append(np.maximum.reduceat(last, np.arange(0, last.shape[1], _FAN), axis=1))
    return levels


def _still_open(
    maxima: NDArray[np.int32], first: NDArray[np.int64], second: NDArray[np.int64], distance: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    for row in maxima:
        if not len(first):
            break
        keep = row[first] + row[second] > distance
        first, second = first[keep], second[keep]
    return first, second


def _children(
    first: NDArray[np.int64], second: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of a child of `first` and a child of `second`, each pair of runs once."""
    left, right = (side.reshape(-1) for side in np.meshgrid(range(_FAN), range(_FAN), indexing="ij"))
    first = (first[:, None] * _FAN + left).reshape(-1)
    second = (second[:, None] * _FAN + right).reshape(-1)
    keep = (first <= second) & (second < width)
    return first[keep], second[keep]
