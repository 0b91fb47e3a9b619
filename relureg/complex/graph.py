"""The region graph: activation regions, joined where they share a facet."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UsageError

if TYPE_CHECKING:
    import networkx

UNREACHED = -1
"""Distance to a region in another component."""


MAX_RADIUS_SEARCHES = 500
"""Breadth-first searches after which the radius is given by bounds; proving it may take one from every region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diameter:
    """The exact diameter, with two regions that attain it."""

    value: int
    pair: tuple[int, int]
    num_searches: int
    """Breadth-first searches it took to prove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Radius:
    """The radius, or the bounds found within `MAX_RADIUS_SEARCHES` searches."""

    low: int
    high: int
    """The eccentricity of `centre`; equal to `low` when the radius is exact."""
    centre: int
    num_searches: int


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionGraph:
    """An undirected graph on regions 0..R-1, in compressed sparse rows.

    Examples
    --------
    >>> import relureg
    >>> graph = relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json")).graph
    >>> graph.num_regions, graph.num_facets, graph.average_degree, graph.diameter
    (49, 84, Fraction(24, 7), 10)
    """

    starts: NDArray[np.int64]
    """(R + 1,): region i has the neighbours ``neighbours[starts[i]:starts[i + 1]]``."""
    neighbours: NDArray[np.int64]
    """(2 F,): ascending for each region."""
    longest: int | None = None
    """A proven upper bound of the diameter, where one is known: reaching it ends the search for a longer distance."""

    @classmethod
    def from_facets(cls, num_regions: int, pairs: NDArray[np.int64], longest: int | None = None) -> RegionGraph:
        """The graph with an edge for each row of `pairs`, shape (F, 2)."""
        ends = np.concatenate([pairs, pairs[:, ::-1]])
        ends = ends[np.lexsort((ends[:, 1], ends[:, 0]))]
        counts = np.bincount(ends[:, 0], minlength=num_regions)
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])
        neighbours = np.ascontiguousarray(ends[:, 1])
        for array in (starts, neighbours):
            array.flags.writeable = False
        return cls(starts=starts, neighbours=neighbours, longest=longest)

    # -- degrees -----------------------------------------------------------------------------------

    @property
    def num_regions(self) -> int:
        return len(self.starts) - 1

    @property
    def num_facets(self) -> int:
        """F, the number of edges."""
        return len(self.neighbours) // 2

    @property
    def degrees(self) -> NDArray[np.int64]:
        """(R,): the number of neighbours of each region."""
        return np.diff(self.starts)

    @property
    def average_degree(self) -> Fraction:
        """2 F / R, exactly."""
        return Fraction(2 * self.num_facets, self.num_regions)

    @property
    def degree_histogram(self) -> dict[int, int]:
        """Degree -> number of regions that have it, ascending."""
        values, counts = np.unique(self.degrees, return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    # -- distances ---------------------------------------------------------------------------------

    def distances_from(self, region: int) -> NDArray[np.int64]:
        """(R,): steps from a region to each region, `UNREACHED` (-1) where there is no path."""
        if not 0 <= region < self.num_regions:
            raise UsageError(f"region {region} is not one of 0..{self.num_regions - 1}")
        distances = np.full(self.num_regions, UNREACHED, dtype=np.int64)
        distances[region] = 0
        frontier = np.array([region])
        while len(frontier):
            reached = self.neighbours[_ranges(self.starts[frontier], self.starts[frontier + 1])]
            reached = np.unique(reached[distances[reached] == UNREACHED])
            distances[reached] = distances[frontier[0]] + 1
            frontier = reached
        return distances

    def eccentricity(self, region: int) -> int:
        """The largest distance from a region to one that can be reached."""
        return int(self.distances_from(region).max())

    @cached_property
    def diameter_found(self) -> Diameter:
        """The exact diameter, by bounding eccentricities (Takes and Kosters 2011).

        A search from v with eccentricity e bounds that of every w at distance k:
        ``max(k, e - k) <= ecc(w) <= e + k``. Searches start in turn from the region with the highest upper and the
        lowest lower bound (ties: highest degree, then lowest number), until no region can have a larger
        eccentricity than the largest found.

        Raises
        ------
        UsageError
            The graph is not connected.
        """
        bounds = _Eccentricities(self)
        best, pair = -1, (0, 0)
        while best != self.longest and (open_ := bounds.upper > best).any():
            region = bounds.pick(open_, highest=bounds.num_searches % 2 == 0)
            distances = bounds.search(region)
            if int(distances.max()) > best:
                best, pair = int(distances.max()), (region, int(distances.argmax()))
        return Diameter(value=best, pair=pair, num_searches=bounds.num_searches)

    @property
    def diameter(self) -> int:
        """The largest distance between two regions."""
        return self.diameter_found.value

    @cached_property
    def radius_found(self) -> Radius:
        """The smallest eccentricity of a region, by the same bounds; raises as `diameter_found` does."""
        bounds = _Eccentricities(self)
        best, centre = self.num_regions, 0
        while (open_ := bounds.lower < best).any() and bounds.num_searches < MAX_RADIUS_SEARCHES:
            region = bounds.pick(open_, highest=bounds.num_searches % 2 == 1)
            eccentricity = int(bounds.search(region).max())
            if eccentricity < best:
                best, centre = eccentricity, region
        low = min(best, int(bounds.lower.min()))
        return Radius(low=low, high=best, centre=centre, num_searches=bounds.num_searches)

    @property
    def radius(self) -> int | None:
        """The smallest eccentricity of a region; None when only bounds were found (see `radius_found`)."""
        return self.radius_found.high if self.radius_found.low == self.radius_found.high else None

    # -- structure ---------------------------------------------------------------------------------

    @cached_property
    def components(self) -> NDArray[np.int64]:
        """(R,): the number of the connected component of each region, from 0."""
        component = np.full(self.num_regions, UNREACHED, dtype=np.int64)
        count = 0
        while (rest := np.flatnonzero(component == UNREACHED)).size:
            component[self.distances_from(int(rest[0])) != UNREACHED] = count
            count += 1
        return component

    @property
    def num_components(self) -> int:
        return int(self.components.max()) + 1

    @property
    def is_connected(self) -> bool:
        return self.num_components == 1

    @cached_property
    def is_bipartite(self) -> bool:
        """Whether no cycle of regions is odd: no facet joins two regions equally far from a start."""
        tail = np.repeat(np.arange(self.num_regions), self.degrees)
        for component in range(self.num_components):
            start = int(np.flatnonzero(self.components == component)[0])
            distances = self.distances_from(start)
            inside = distances[tail] != UNREACHED
            if (distances[tail[inside]] % 2 == distances[self.neighbours[inside]] % 2).any():
                return False
        return True

    def to_networkx(self) -> networkx.Graph[Any]:
        """The same graph for networkx, nodes 0..R-1."""
        import networkx

        graph = networkx.Graph()
        graph.add_nodes_from(range(self.num_regions))
        tail = np.repeat(np.arange(self.num_regions), self.degrees)
        once = tail < self.neighbours
        graph.add_edges_from(zip(tail[once].tolist(), self.neighbours[once].tolist(), strict=True))
        return graph


class _Eccentricities:
    """Lower and upper bounds of the eccentricity of every region, tightened by each search."""

    def __init__(self, graph: RegionGraph) -> None:
        self.graph = graph
        self.degrees = graph.degrees
        self.lower = np.zeros(graph.num_regions, dtype=np.int64)
        self.upper = np.full(graph.num_regions, graph.num_regions, dtype=np.int64)
        self.num_searches = 0

    def pick(self, open_: NDArray[np.bool_], *, highest: bool) -> int:
        """Of the open regions one with the highest upper, or the lowest lower bound."""
        candidates = np.flatnonzero(open_)
        bound = self.upper[candidates] if highest else -self.lower[candidates]
        candidates = candidates[bound == bound.max()]
        return int(candidates[self.degrees[candidates].argmax()])

    def search(self, region: int) -> NDArray[np.int64]:
        """Distances from a region; every bound is tightened."""
        distances = self.graph.distances_from(region)
        if distances.min() == UNREACHED:
            raise UsageError("the diameter of a graph that is not connected is not defined")
        self.num_searches += 1
        eccentricity = int(distances.max())
        np.maximum(self.lower, np.maximum(distances, eccentricity - distances), out=self.lower)
        np.minimum(self.upper, eccentricity + distances, out=self.upper)
        self.lower[region] = self.upper[region] = eccentricity
        return distances


def _ranges(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices ``starts[i], ..., stops[i] - 1`` for all i, one after the other."""
    lengths = stops - starts
    ends = np.cumsum(lengths)
    indices: NDArray[np.int64] = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
    return indices
