"""How many pairs of regions are how far apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.complex.graph import breadth_first
from relureg.frozen import Frozen, read_only

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


def find_distances(starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> DistanceDistribution:
    """Breadth-first searches from all regions, or from `FEW_SOURCES` evenly spread ones of more than `FEW_REGIONS`."""
    count = len(starts) - 1
    sources = np.arange(count) if count <= FEW_REGIONS else np.linspace(0, count - 1, FEW_SOURCES).astype(int)
    total = np.zeros(1, dtype=np.int64)
    for source in sources.tolist():
        steps = breadth_first.distances(starts, neighbours, source)
        found = np.bincount(steps[steps > 0])
        if len(found) > len(total):
            total = np.pad(total, (0, len(found) - len(total)))
        total[: len(found)] += found
    histogram = {steps: int(pairs) for steps, pairs in enumerate(total.tolist()) if pairs}
    return DistanceDistribution(num_sources=len(sources), histogram=read_only(histogram))
