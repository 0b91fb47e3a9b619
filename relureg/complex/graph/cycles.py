"""Whether a graph is bipartite, with an odd cycle as the witness that it is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.complex.graph.breadth_first import UNREACHED, distances


def find_odd_cycle(
    starts: NDArray[np.int64], neighbours: NDArray[np.int32], components: NDArray[np.int32]
) -> tuple[int, ...] | None:
    """A cycle with an odd number of nodes, or None when the graph is bipartite.

    A graph is bipartite if and only if no edge joins two nodes equally far from the first node of their component
    (an edge never joins distances that differ by more than 1). The two shortest paths to the ends of such an edge,
    followed back until they meet, make the cycle; of all such edges one nearest to the start is taken.

    Returns
    -------
    tuple of int, or None
        The nodes in order, each adjacent to the next and the last to the first.
    """
    tails = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
    for first in np.unique(components, return_index=True)[1].tolist():
        steps = distances(starts, neighbours, first)
        level = np.flatnonzero((steps[tails] == steps[neighbours]) & (steps[tails] != UNREACHED))
        if len(level):
            edge = int(level[steps[tails[level]].argmin()])
            return _cycle(starts, neighbours, steps, int(tails[edge]), int(neighbours[edge]))
    return None


def _cycle(
    starts: NDArray[np.int64], neighbours: NDArray[np.int32], steps: NDArray[np.int32], left: int, right: int
) -> tuple[int, ...]:
    paths = [left], [right]
    while paths[0][-1] != paths[1][-1]:
        for path in paths:
            around = neighbours[starts[path[-1]] : starts[path[-1] + 1]]
            path.append(int(around[steps[around] < steps[path[-1]]][0]))
    return *paths[0], *paths[1][-2::-1]
