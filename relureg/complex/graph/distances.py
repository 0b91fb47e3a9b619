"""How many pairs of regions are how far apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from relureg.frozen import Frozen, read_only

if TYPE_CHECKING:
    from relureg.complex.graph.region_graph import RegionGraph

FEW_REGIONS, FEW_SOURCES = 1_000, 64
"""Distances are found from each of up to 1,000 regions, from 64 evenly spread ones of more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DistanceDistribution(Frozen):
    """Distances from some regions, or from all, to all others that can be reached."""

    num_sources: int
    """Regions that distances are counted from; those of the graph, where these are all pairs."""
    histogram: Mapping[int, int]
    """Distance, from 1, ascending -> ordered pairs of a source and another region."""

    @property
    def mean(self) -> Fraction | None:
        """The mean distance of these pairs, exactly; None where there is no pair."""
        pairs = sum(self.histogram.values())
        return Fraction(sum(steps * count for steps, count in self.histogram.items()), pairs) if pairs else None


def find_distances(graph: RegionGraph) -> DistanceDistribution:
    """Breadth-first searches from all regions, or from `FEW_SOURCES` evenly spread ones of more than `FEW_REGIONS`."""
    count = graph.num_regions
    sources = np.arange(count) if count <= FEW_REGIONS else np.linspace(0, count - 1, FEW_SOURCES).astype(int)
    total = np.zeros(1, dtype=np.int64)
    for source in sources.tolist():
        steps = graph.distances_from(source)
        found = np.bincount(steps[steps > 0])
        if len(found) > len(total):
            total = np.pad(total, (0, len(found) - len(total)))
        total[: len(found)] += found
    histogram = {steps: int(pairs) for steps, pairs in enumerate(total.tolist()) if pairs}
    return DistanceDistribution(num_sources=len(sources), histogram=read_only(histogram))
