"""The exact diameter of a graph in few breadth-first searches, with a pair of nodes that attains it.

Bounds on single nodes (`Eccentricities`) alone need very many searches here, because region graphs resemble cubes:
all eccentricities are nearly equal. Bounds on pairs do better. The distances from landmarks l give
``d(u, v) <= min_l d(l, u) + d(l, v)``, and any two nodes farther apart than the longest distance found must be open
under all landmarks at once. Two landmarks at the ends of a diameter D already close every pair of nodes that lie on
shortest paths between them, since the two sums add up to 2 D; in a cube or an arrangement that is every pair.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.complex.graph.eccentricities import Eccentricities
from relureg.complex.graph.far_pairs import open_pairs

MAX_LANDMARKS = 64
"""Searches whose distances are kept, the last ones: what memory holds for a million nodes."""

_FIRST_LOOK = 4
"""Landmarks before pairs are looked at for the first time: fewer leave most pairs open."""

_MOST_OPEN = 200_000
"""Open pairs listed at most; with more, another landmark closes them sooner than a look at each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diameter:
    """The exact diameter, with two regions that attain it."""

    value: int
    pair: tuple[int, int]
    num_searches: int
    """Breadth-first searches it took to prove."""


def find_diameter(starts: NDArray[np.int64], neighbours: NDArray[np.int32], longest: int | None = None) -> Diameter:
    """The largest distance between two nodes of a connected graph.

    1. Search in turn from the node with the highest upper and the lowest lower bound of its eccentricity (ties:
       highest degree, then lowest number): ends and centres make good landmarks.
    2. Now and then list the pairs that no landmark closes. When these are few enough to list all, search from the
       node in most of them, until none is left.

    The search ends early when no eccentricity can exceed the longest distance found, or when that is `longest`, a
    proven upper bound. The result is the same on every machine.

    Raises
    ------
    UsageError
        The graph is not connected.
    """
    search = _LongestDistance(starts, neighbours, longest)
    next_look = _FIRST_LOOK
    while not search.is_proven:
        search.run_from(search.next_landmark())
        if search.bounds.num_searches >= next_look and not search.is_proven:
            next_look += max(2, next_look // 2)
            pairs = search.open_pairs()
            if pairs is not None:
                search.close(pairs)
                break
    return Diameter(value=search.best, pair=search.pair, num_searches=search.bounds.num_searches)


class _LongestDistance:
    """The longest distance found, the pair it was found between, and what bounds the others."""

    def __init__(self, starts: NDArray[np.int64], neighbours: NDArray[np.int32], longest: int | None) -> None:
        self.bounds = Eccentricities(starts, neighbours)
        self.longest = longest
        self.best = -1
        self.pair = (0, 0)
        self.landmarks: deque[NDArray[np.int32]] = deque(maxlen=MAX_LANDMARKS)

    @property
    def is_proven(self) -> bool:
        return self.best == self.longest or bool((self.bounds.upper <= self.best).all())

    def next_landmark(self) -> int:
        bounds = self.bounds
        candidates = np.flatnonzero(bounds.upper > self.best)
        value = bounds.upper[candidates] if bounds.num_searches % 2 == 0 else -bounds.lower[candidates]
        candidates = candidates[value == value.max()]
        return int(candidates[bounds.degrees[candidates].argmax()])

    def run_from(self, node: int) -> NDArray[np.int32]:
        steps = self.bounds.search(node)
        self.landmarks.append(steps)
        if int(steps.max()) > self.best:
            self.best, self.pair = int(steps.max()), (node, int(steps.argmax()))
        return steps

    def open_pairs(self) -> NDArray[np.int64] | None:
        """Every pair that may be farther apart than `best`; None when these are too many to list."""
        rest = np.flatnonzero(self.bounds.upper > self.best)
        pairs, is_complete = open_pairs(
            [steps[rest] for steps in self.landmarks],
            self.best,
            most_found=_MOST_OPEN,
            most_looked_at=(1 << 20) + 64 * len(rest),
        )
        return rest[pairs] if is_complete else None

    def close(self, pairs: NDArray[np.int64]) -> None:
        """Search until no pair is open."""
        while len(pairs) and self.best != self.longest:
            nodes, counts = np.unique(pairs, return_counts=True)
            node = int(nodes[counts.argmax()])
            before = self.best
            self.run_from(node)
            # From `node` itself every distance is now known, and `best` is at least the largest.
            pairs = pairs[(pairs != node).all(axis=1)]
            # A longer distance lets every landmark close more.
            for steps in [self.landmarks[-1]] if self.best == before else self.landmarks:
                pairs = pairs[steps[pairs[:, 0]] + steps[pairs[:, 1]] > self.best]
