"""The radius of a graph, with a node that attains it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.complex.graph.eccentricities import Eccentricities

MAX_RADIUS_SEARCHES = 2_000
"""Breadth-first searches after which the radius is given by bounds; proving it may take one from every region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Radius:
    """The radius, or the bounds found within `MAX_RADIUS_SEARCHES` searches."""

    low: int
    high: int
    """The eccentricity of `centre`; equal to `low` when the radius is exact."""
    centre: int
    num_searches: int


def find_radius(starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> Radius:
    """The smallest eccentricity of a node of a connected graph.

    Searches start in turn from the node with the lowest lower bound of its eccentricity, and from one of the nodes
    farthest from it, which raises the lower bounds around the first one. Ties go to the node nearest to (farthest
    from) all searched so far, then to the lowest number.

    Raises
    ------
    UsageError
        The graph is not connected.
    """
    search = _SmallestEccentricity(starts, neighbours)
    while search.is_open:
        steps = search.run_from(search.lowest())
        farthest = np.flatnonzero((steps == steps.max()) & ~search.bounds.searched)
        if len(farthest) and search.is_open:
            search.run_from(int(farthest[search.total[farthest].argmax()]))
    low = min(search.best, int(search.bounds.lower.min()))
    return Radius(low=low, high=search.best, centre=search.centre, num_searches=search.bounds.num_searches)


class _SmallestEccentricity:
    """The smallest eccentricity found, and what bounds the others."""

    def __init__(self, starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> None:
        self.bounds = Eccentricities(starts, neighbours)
        self.total = np.zeros(self.bounds.size, dtype=np.int64)
        """The sum of the distances from all nodes searched."""
        self.best = self.bounds.size
        self.centre = 0

    @property
    def is_open(self) -> bool:
        """Whether some node may have a smaller eccentricity, and there are searches left."""
        return self.bounds.num_searches < MAX_RADIUS_SEARCHES and bool((self.bounds.lower < self.best).any())

    def lowest(self) -> int:
        candidates = np.flatnonzero(self.bounds.lower == self.bounds.lower.min())
        return int(candidates[self.total[candidates].argmin()])

    def run_from(self, node: int) -> NDArray[np.int32]:
        steps = self.bounds.search(node)
        self.total += steps
        if int(steps.max()) < self.best:
            self.best, self.centre = int(steps.max()), node
        return steps
