"""The region graph: activation regions, joined where they share a facet."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import index
from relureg.complex.graph import breadth_first
from relureg.complex.graph.conductance import Conductance, find_conductance
from relureg.complex.graph.cycles import find_odd_cycle
from relureg.complex.graph.diameter import Diameter, find_diameter
from relureg.complex.graph.distance_distribution import DistanceDistribution, find_distances
from relureg.complex.graph.eigenvalues import Spectrum, find_spectrum
from relureg.complex.graph.radius import Radius, find_radius
from relureg.errors import UsageError
from relureg.frozen import Frozen
from relureg.showing import Shown
from relureg.words import plural

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RegionGraph(Shown, Frozen):
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
    neighbours: NDArray[np.int32]
    """(2 F,): ascending for each region."""
    longest: int | None = None
    """A proven upper bound of the diameter, where one is known: reaching it ends the search for a longer distance."""

    @classmethod
    def from_facets(cls, num_regions: int, pairs: NDArray[np.int64], longest: int | None = None) -> RegionGraph:
        """The graph with an edge for each row of `pairs`, shape (F, 2), two different regions in each.

        Raises
        ------
        UsageError
            More than 2^31 - 1 regions.
        """
        if num_regions > np.iinfo(np.int32).max:
            raise UsageError(f"{num_regions:,} regions are too many for a graph; give a smaller box")
        # One number for each ordered pair: sorting numbers is several times faster than sorting pairs.
        low, high = pairs[:, 0], pairs[:, 1]
        arcs = np.concatenate([low * num_regions + high, high * num_regions + low])
        arcs.sort()
        tails = arcs // max(num_regions, 1)
        arcs -= tails * num_regions
        starts = np.zeros(num_regions + 1, dtype=np.int64)
        np.cumsum(np.bincount(tails, minlength=num_regions), out=starts[1:])
        neighbours = arcs.astype(np.int32)
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

    def neighbours_of(self, region: int) -> NDArray[np.int32]:
        """The regions that share a facet with a region, ascending."""
        number = index(region, self.num_regions, "region")
        return self.neighbours[self.starts[number] : self.starts[number + 1]]

    @property
    def edges(self) -> NDArray[np.int32]:
        """(F, 2): the two regions of each facet, the lower number first, in ascending order."""
        tails = np.repeat(np.arange(self.num_regions, dtype=np.int32), self.degrees)
        once = tails < self.neighbours
        return np.stack([tails[once], self.neighbours[once]], axis=1)

    # -- distances ---------------------------------------------------------------------------------

    def distances_from(self, region: int) -> NDArray[np.int32]:
        """(R,): steps from a region to each region, -1 where there is no path.

        Raises
        ------
        ArgumentIndexError
            There is no such region; -1 is the last one.
        """
        return breadth_first.distances(self.starts, self.neighbours, index(region, self.num_regions, "region"))

    def eccentricity(self, region: int) -> int:
        """The largest distance from a region to one that can be reached."""
        return int(self.distances_from(region).max())

    @cached_property
    def diameter_search(self) -> Diameter:
        """The exact diameter, a pair of regions that attains it, and the searches that proved it.

        Raises
        ------
        UsageError
            The graph is not connected.
        """
        return find_diameter(self.starts, self.neighbours, self.longest)

    @property
    def diameter(self) -> int:
        """The largest distance between two regions."""
        return self.diameter_search.value

    @cached_property
    def radius_search(self) -> Radius:
        """The smallest eccentricity of a region, and a region that has it; raises as `diameter_search` does."""
        return find_radius(self.starts, self.neighbours)

    @property
    def radius(self) -> int | None:
        """The smallest eccentricity of a region; None when only bounds were found (see `radius_search`)."""
        return self.radius_search.high if self.radius_search.low == self.radius_search.high else None

    @cached_property
    def distance_distribution(self) -> DistanceDistribution:
        """How many pairs of regions are how far apart; of more than 1,000 regions, from 64 of them.

        Examples
        --------
        >>> import relureg
        >>> graph = relureg.enumerate_regions(relureg.load("fixtures/truth/saw_3.json")).graph
        >>> dict(graph.distance_distribution.histogram), graph.distance_distribution.mean
        ({1: 18, 2: 16, 3: 14, 4: 12, 5: 10, 6: 8, 7: 6, 8: 4, 9: 2}, Fraction(11, 3))
        """
        return find_distances(self.starts, self.neighbours)

    # -- spectrum ----------------------------------------------------------------------------------

    @cached_property
    def spectrum(self) -> Spectrum | None:
        """Fiedler value and spectral gap, in doubles with proven errors; None unless connected and of two or more.

        Raises
        ------
        MissingPackageError
            There are more than `eigenvalues.MOST_DENSE` regions, and SciPy is not installed.

        Examples
        --------
        >>> import relureg
        >>> graph = relureg.enumerate_regions(relureg.load("fixtures/truth/saw_3.json")).graph  # a path of ten
        >>> round(graph.spectrum.fiedler.value, 9), round(graph.spectrum.gap.value, 9)
        (0.097886967, 0.060307379)
        """
        if self.num_regions < 2 or not self.is_connected:
            return None
        return find_spectrum(self.starts, self.neighbours)

    def conductance(self, part: ArrayLike) -> Conductance:
        """How well a set of regions is parted from the others: see `Conductance`.

        Parameters
        ----------
        part : array_like of bool, shape (R,)
            Whether each region is in the set.

        Raises
        ------
        UsageError
            Another shape.

        Examples
        --------
        >>> import relureg
        >>> graph = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json")).graph
        >>> graph.conductance([True, False, False])
        Conductance(num_regions=1, num_crossing=1, volume=1, volume_outside=3)
        >>> graph.conductance([True, False, False]).value
        Fraction(1, 1)
        """
        return find_conductance(self.starts, self.neighbours, part)

    # -- structure ---------------------------------------------------------------------------------

    @cached_property
    def components(self) -> NDArray[np.int32]:
        """(R,): the number of the connected component of each region, from 0."""
        return breadth_first.components(self.starts, self.neighbours)

    @property
    def num_components(self) -> int:
        return int(self.components.max()) + 1

    @property
    def is_connected(self) -> bool:
        return self.num_components == 1

    @cached_property
    def odd_cycle(self) -> tuple[int, ...] | None:
        """An odd cycle of regions, each adjacent to the next and the last to the first; None when bipartite."""
        return find_odd_cycle(self.starts, self.neighbours, self.components)

    @property
    def is_bipartite(self) -> bool:
        """Whether no cycle of regions is odd; `odd_cycle` is the witness where one is."""
        return self.odd_cycle is None

    def to_networkx(self) -> networkx.Graph[Any]:
        """The same graph for networkx, nodes 0..R-1."""
        import networkx

        graph = networkx.Graph()
        graph.add_nodes_from(range(self.num_regions))
        graph.add_edges_from(self.edges.tolist())
        return graph

    def __repr__(self) -> str:
        return f"<RegionGraph: {plural(self.num_regions, 'region')}, {plural(self.num_facets, 'facet')}>"
