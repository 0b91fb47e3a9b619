"""Which regions share which facet: both sides of a facet compute the same key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine.facet_keys import equal_keys, hash_facets, packed_keys
from relureg.engine.records import Records, freeze
from relureg.frozen import Frozen

ON_BOUNDARY, ELSEWHERE = -1, -2
"""Instead of the number of a region: there is none behind a facet on the domain's boundary; or it is not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A region on the other side of a facet."""

    region: int
    units: tuple[int, ...]
    """The units that vanish on the facet."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Facets(Frozen):
    """The facets of a complex, each once. Facet f is the one that record row `record[f]` describes."""

    regions: NDArray[np.int64]
    """(F, 2): the two regions that share each inner facet, the lower number first; in ascending order."""
    record: NDArray[np.int64]
    """(F,): a row of the facet columns of the records, for the units that vanish there."""
    record_behind: NDArray[np.int64]
    """(F,): the row of the facet columns that describes the same facet from its other region, `regions[f, 1]`."""
    boundary: NDArray[np.int64]
    """Rows of the facet columns that lie on the domain's boundary."""
    unmatched: NDArray[np.int64]
    """Rows whose key occurs another number of times than twice; empty when the complex is watertight."""
    one_sided: NDArray[np.int64]
    """Inner facets whose two regions lie on the same side of it; empty when the complex is watertight."""

    @property
    def num_inner(self) -> int:
        """Facets shared by two regions: the edges of the region graph."""
        return int(self.regions.shape[0])

    @cached_property
    def regions_behind(self) -> NDArray[np.int64]:
        """(K,): the region behind each row of the facet columns; `ON_BOUNDARY` or `ELSEWHERE` for none."""
        size = 2 * len(self.record) + len(self.boundary) + len(self.unmatched)
        behind = np.full(size, ON_BOUNDARY, dtype=np.int64)
        behind[self.record] = self.regions[:, 1]
        behind[self.record_behind] = self.regions[:, 0]
        behind[self.unmatched] = ELSEWHERE
        return behind

    @property
    def num_boundary(self) -> int:
        """Facets on the domain's boundary."""
        return int(self.boundary.shape[0])


def match_facets(records: Records) -> Facets:
    """Join the facets of all regions by their keys, in the time of two sorts.

    1. Sort the hashes of the keys, and compare the keys of those that occur twice.
    2. Whatever is left (a hash that occurs another number of times, or that two keys share) is joined by the keys.

    Across a facet the first unit (in network order) that vanishes on it but not on the whole region is the same affine
    function on both sides, so it must be positive on one and negative on the other.
    """
    hashes, sides = hash_facets(records)
    inner = np.flatnonzero(~records.facet_on_boundary)
    left, right, rest = _pairs(inner, hashes[inner])
    equal = equal_keys(records, left, right)
    if not equal.all():
        rest = np.concatenate([rest, left[~equal], right[~equal]])
        left, right = left[equal], right[equal]
    partner = np.full(len(hashes), -1, dtype=np.int64)
    partner[left], partner[right] = right, left
    if len(rest):
        labels = np.unique(packed_keys(records, rest), axis=0, return_inverse=True)[1].reshape(-1)
        left, right, rest = _pairs(rest, labels)
        partner[left], partner[right] = right, left
    first = np.flatnonzero(partner > np.arange(len(partner)))
    regions = records.facet_region[np.stack([first, partner[first]], axis=1)]
    # Rows are in the order of regions, so nearly all of this is sorted: merging runs is fast.
    order = np.argsort(regions[:, 0] * records.num_regions + regions[:, 1], kind="stable")
    first = first[order]
    second = partner[first]
    facets = Facets(
        regions=regions[order],
        record=first,
        record_behind=second,
        boundary=np.flatnonzero(records.facet_on_boundary),
        unmatched=np.sort(rest),
        one_sided=np.flatnonzero(sides[first] + sides[second] != 0),
    )
    freeze(facets)
    return facets


def facet_units(records: Records, row: int) -> tuple[int, ...]:
    """The units that vanish on the facet of one row of the facet columns."""
    start, stop = records.facet_starts[row : row + 2].tolist()
    return tuple(records.facet_units[start:stop].tolist())


def neighbours(records: Records, regions_behind: NDArray[np.int64], region: int) -> tuple[Neighbour, ...]:
    """The regions across the facets of a region, ascending; `regions_behind` is that of `Facets`."""
    start, stop = np.searchsorted(records.facet_region, [region, region + 1])
    behind = regions_behind[start:stop].tolist()
    rows = sorted((other, start + row) for row, other in enumerate(behind) if other >= 0)
    return tuple(Neighbour(region=other, units=facet_units(records, row)) for other, row in rows)


def _pairs(
    rows: NDArray[np.int64], labels: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The rows, two and two, whose label occurs exactly twice, and all other rows."""
    order = np.argsort(labels)
    rows, labels = rows[order], labels[order]
    starts = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]])) if len(rows) else order
    counts = np.diff(np.append(starts, len(rows)))
    twice = starts[counts == 2]
    return rows[twice], rows[twice + 1], rows[np.repeat(counts != 2, counts)]
