"""Bounds of the eccentricity of every node, tightened by each breadth-first search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.complex.graph.breadth_first import UNREACHED, distances
from relureg.errors import UsageError


class Eccentricities:
    """Lower and upper bounds of the eccentricity of every node [TK11].

    A search from v with eccentricity e bounds that of every w at distance k: ``max(k, e - k) <= ecc(w) <= e + k``.

    Parameters
    ----------
    starts, neighbours : arrays of shape (R + 1,) and (2 F,)
        Compressed sparse rows of a connected graph with at least one node.
    """

    def __init__(self, starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> None:
        self.starts = starts
        self.neighbours = neighbours
        self.degrees = np.diff(starts)
        self.size = len(self.degrees)
        self.lower = np.zeros(self.size, dtype=np.int32)
        self.upper = np.full(self.size, self.size - 1, dtype=np.int32)
        self.searched = np.zeros(self.size, dtype=np.bool_)
        self.num_searches = 0

    def search(self, node: int) -> NDArray[np.int32]:
        """Distances from a node; every bound is tightened.

        Raises
        ------
        UsageError
            The graph is not connected.
        """
        steps = distances(self.starts, self.neighbours, node)
        if steps.min() == UNREACHED:
            raise UsageError("diameter and radius of a graph that is not connected are not defined")
        self.num_searches += 1
        self.searched[node] = True
        eccentricity = int(steps.max())
        np.maximum(self.lower, np.maximum(steps, eccentricity - steps), out=self.lower)
        np.minimum(self.upper, eccentricity + steps, out=self.upper)
        self.lower[node] = self.upper[node] = eccentricity
        return steps
