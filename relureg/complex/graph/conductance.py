"""How well a set of regions is parted from the others: the conductance of a cut of the region graph."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from relureg.errors import UsageError

if TYPE_CHECKING:
    from relureg.complex.graph.region_graph import RegionGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Conductance:
    """A set of regions against all others."""

    num_regions: int
    """Regions in the set."""
    num_crossing: int
    """Facets between a region of the set and another one."""
    volume: int
    """The sum of the degrees in the set."""
    volume_outside: int
    """The sum of the degrees of all others."""

    @property
    def value(self) -> Fraction | None:
        """The crossing facets per volume of the smaller side, exactly [Chu97, Section 2.2]; None where it has none."""
        smaller = min(self.volume, self.volume_outside)
        return Fraction(self.num_crossing, smaller) if smaller else None


def find_conductance(graph: RegionGraph, part: ArrayLike) -> Conductance:
    """The conductance of a set of regions, given as in `RegionGraph.conductance`."""
    inside = np.asarray(part)
    if inside.dtype != np.bool_ or inside.shape != (graph.num_regions,):
        raise UsageError(
            f"a Boolean for each of {graph.num_regions:,} regions is needed, not {inside.dtype} of shape "
            f"{inside.shape}",
            where="part",
        )
    first, second = graph.edges.T
    volume = int(graph.degrees[inside].sum())
    return Conductance(
        num_regions=int(inside.sum()),
        num_crossing=int((inside[first] != inside[second]).sum()),
        volume=volume,
        volume_outside=len(graph.neighbours) - volume,
    )
