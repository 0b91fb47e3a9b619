"""Which regions share which facet: both sides of a facet compute the same key.

A facet key is the region's sign vector with 0 for every unit that vanishes on the facet. Keys are
sorted by a 128-bit hash (one fixed random word per unit and sign, combined by xor) and then compared
entry by entry, so that a collision could not go unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.engine.records import Records, freeze

_CHUNK = 1 << 22
"""Entries handled at once where an array of regions x units would be needed."""

_SEED = 0x72656C75726567  # any fixed number: equal input gives equal hashes on every machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """The facets of a complex, each once. Facet f is the one that record row `record[f]` describes."""

    regions: NDArray[np.int64]
    """(F, 2): the two regions that share each inner facet, the lower number first."""
    record: NDArray[np.int64]
    """(F,): a row of the facet columns of the records, for the units that vanish there."""
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

    @property
    def num_boundary(self) -> int:
        """Facets on the domain's boundary."""
        return int(self.boundary.shape[0])


def match_facets(records: Records) -> Facets:
    """Join the facets of all regions by their keys.

    Across a facet the first unit (in network order) that vanishes on it but not on the whole region is
    the same affine function on both sides, so it must be positive on one and negative on the other.
    """
    inner = np.flatnonzero(~records.facet_on_boundary)
    keys = _keys(records)[inner]
    order = np.lexsort((keys[:, 0], keys[:, 1]))
    inner, keys = inner[order], keys[order]
    same = (keys[1:] == keys[:-1]).all(axis=1)
    same &= _equal_vectors(records, inner[:-1], inner[1:], same)
    starts = np.flatnonzero(np.concatenate([[True], ~same])) if len(inner) else np.empty(0, dtype=np.int64)
    counts = np.diff(np.append(starts, len(inner)))
    paired = starts[counts == 2]
    record = np.stack([inner[paired], inner[paired + 1]], axis=1) if len(paired) else np.empty((0, 2), np.int64)
    regions = records.facet_region[record].reshape(-1, 2)
    sides = _sides(records)[record].reshape(-1, 2)
    by_region = np.lexsort((regions.max(axis=1), regions.min(axis=1)))
    facets = Facets(
        regions=np.sort(regions, axis=1)[by_region],
        record=record[by_region, 0],
        boundary=np.flatnonzero(records.facet_on_boundary),
        unmatched=inner[np.repeat(counts != 2, counts)],
        one_sided=np.flatnonzero((sides[:, 0] + sides[:, 1] != 0)[by_region]),
    )
    freeze(facets)
    return facets


def facet_units(records: Records, row: int) -> tuple[int, ...]:
    """The units that vanish on the facet of one row of the facet columns."""
    start, stop = records.facet_starts[row : row + 2].tolist()
    return tuple(records.facet_units[start:stop].tolist())


def _keys(records: Records) -> NDArray[np.uint64]:
    """(K, 2): the 128-bit hash of each facet key."""
    words = np.random.PCG64(_SEED).random_raw(records.num_units * 6).reshape(-1, 3, 2)
    signs = records.signs
    units = np.arange(records.num_units)
    region_hash = np.zeros((records.num_regions, 2), dtype=np.uint64)
    step = max(1, _CHUNK // max(records.num_units, 1))
    for start in range(0, records.num_regions, step):
        part = signs[start : start + step]
        region_hash[start : start + step] = np.bitwise_xor.reduce(words[units, part + 1], axis=1)
    facet_of_entry = np.repeat(np.arange(len(records.facet_region)), np.diff(records.facet_starts))
    sign = signs[records.facet_region[facet_of_entry], records.facet_units]
    change = words[records.facet_units, sign + 1] ^ words[records.facet_units, 1]
    running = np.concatenate([np.zeros((1, 2), dtype=np.uint64), np.bitwise_xor.accumulate(change, axis=0)])
    vanish = running[records.facet_starts[1:]] ^ running[records.facet_starts[:-1]]
    keys: NDArray[np.uint64] = region_hash[records.facet_region] ^ vanish
    return keys


def _equal_vectors(
    records: Records, left: NDArray[np.int64], right: NDArray[np.int64], candidates: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether two facets have the same key, entry by entry, where `candidates` asks for it."""
    result = np.zeros(len(left), dtype=np.bool_)
    asked = np.flatnonzero(candidates)
    signs = records.signs
    step = max(1, _CHUNK // max(records.num_units, 1))
    for start in range(0, len(asked), step):
        part = asked[start : start + step]
        result[part] = (_vectors(records, signs, left[part]) == _vectors(records, signs, right[part])).all(axis=1)
    return result


def _vectors(records: Records, signs: NDArray[np.int8], rows: NDArray[np.int64]) -> NDArray[np.int8]:
    vectors = signs[records.facet_region[rows]]
    lengths = np.diff(records.facet_starts)[rows]
    entry = np.repeat(np.arange(len(rows)), lengths)
    offset = np.arange(len(entry)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    vectors[entry, records.facet_units[np.repeat(records.facet_starts[rows], lengths) + offset]] = 0
    return vectors


def _sides(records: Records) -> NDArray[np.int8]:
    """(K,): the sign, in its region, of the first unit that vanishes on the facet but not on the region."""
    facet_of_entry = np.repeat(np.arange(len(records.facet_region)), np.diff(records.facet_starts))
    sign = records.signs[records.facet_region[facet_of_entry], records.facet_units]
    telling = np.flatnonzero(sign != 0)[::-1]  # the first entry of a facet is written last, and stays
    sides = np.zeros(len(records.facet_region), dtype=np.int8)
    sides[facet_of_entry[telling]] = sign[telling]
    return sides
