"""How well a set of regions is parted from the others: the conductance of a cut of the region graph."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.errors import UsageError


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


def find_conductance(starts: NDArray[np.int64], neighbours: NDArray[np.int32], part: ArrayLike) -> Conductance:
    """The conductance of a set of regions, given as in `RegionGraph.conductance`."""
    inside, count = np.asarray(part), len(starts) - 1
    if inside.dtype != np.bool_ or inside.shape != (count,):
        raise UsageError(
            f"a Boolean for each of {count:,} regions is needed, not {inside.dtype} of shape {inside.shape}",
            where="part",
        )
    degrees = np.diff(starts)
    volume = int(degrees[inside].sum())
    return Conductance(
        num_regions=int(inside.sum()),
        num_crossing=int((~inside[neighbours] & np.repeat(inside, degrees)).sum()),
        volume=volume,
        volume_outside=len(neighbours) - volume,
    )
