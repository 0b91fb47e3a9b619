"""Breadth-first search on compressed sparse rows, level after level in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.exact.ranges import ranges

UNREACHED = -1
"""Distance to a node in another component."""

_SMALL = 32
"""A level of fewer than 1 / 32 of the nodes is put in order by sorting it, a larger one by a look at all nodes."""


def distances(starts: NDArray[np.int64], neighbours: NDArray[np.int32], source: int) -> NDArray[np.int32]:
    """Steps from one node to each node, `UNREACHED` where there is no path.

    Parameters
    ----------
    starts : array, shape (R + 1,)
    neighbours : array, shape (2 F,)
        Node i has the neighbours ``neighbours[starts[i]:starts[i + 1]]``.
    source : int
    """
    size = len(starts) - 1
    steps = np.full(size, UNREACHED, dtype=np.int32)
    steps[source] = level = 0
    frontier = np.array([source])
    while len(frontier):
        reached = neighbours[ranges(starts[frontier], starts[frontier + 1] - starts[frontier])]
        reached = reached[steps[reached] == UNREACHED]
        level += 1
        steps[reached] = level
        frontier = np.flatnonzero(steps == level) if len(reached) * _SMALL > size else np.unique(reached)
    return steps


def components(starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> NDArray[np.int32]:
    """(R,): the number of the connected component of each node, from 0, in the order of their first nodes."""
    component = np.full(len(starts) - 1, UNREACHED, dtype=np.int32)
    first = count = 0
    while first < len(component):
        component[distances(starts, neighbours, first) != UNREACHED] = count
        count += 1
        rest = component[first:] == UNREACHED
        first = first + int(rest.argmax()) if rest.any() else len(component)
    return component
