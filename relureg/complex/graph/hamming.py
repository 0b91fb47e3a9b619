"""Distances in the region graph against Hamming distances of sign vectors.

In a hyperplane arrangement both agree, counted over distinct hyperplanes. In deep networks neither bounds the other:
regions that differ in one unit need not touch, and regions that touch may differ in several units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.complex.graph.region_graph import RegionGraph
from relureg.engine.facet_keys import hash_packed, random_words
from relureg.engine.records import Records

MAX_SOURCES_UNASKED = 16
"""Regions whose distances to all others are compared in a larger complex."""

_FEW_REGIONS = 1_000
"""Up to so many regions, all pairs are compared."""

_BITS_OF_BYTE = np.array([value.bit_count() for value in range(256)], dtype=np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class HammingComparison:
    """How distances between regions compare with Hamming distances of their sign vectors."""

    pairs_one_apart: int
    """Pairs of regions, of all pairs, whose signs differ in exactly one unit; adjacent or not."""
    num_sources: int
    """Regions whose distances to all regions were compared; R when all pairs were."""
    most_above: int
    """The largest distance minus Hamming distance found, at least 0."""
    most_below: int
    """The largest Hamming distance minus distance found, at least 0."""

    @property
    def agree(self) -> bool:
        """Whether both were the same wherever they were compared."""
        return not self.most_above and not self.most_below


def hamming_distances(records: Records, region: int) -> NDArray[np.int32]:
    """(R,): the number of units whose sign (-, 0, +) differs between each region and one of them."""
    patterns, vanishing = records.patterns, records.vanishing
    differ = (patterns ^ patterns[region]) | (vanishing ^ vanishing[region])
    distances: NDArray[np.int32] = _BITS_OF_BYTE[differ].sum(axis=1, dtype=np.int32)
    return distances


def compare_with_hamming(records: Records, graph: RegionGraph) -> HammingComparison:
    """Compare distances in the region graph of all regions with Hamming distances of sign vectors.

    All pairs of up to 1,000 regions; from `MAX_SOURCES_UNASKED` evenly spread regions to all others of more.
    """
    count = records.num_regions
    sources = range(count) if count <= _FEW_REGIONS else np.linspace(0, count - 1, MAX_SOURCES_UNASKED).astype(int)
    above = below = 0
    for source in map(int, sources):
        difference = graph.distances_from(source) - hamming_distances(records, source)
        above, below = max(above, int(difference.max())), max(below, -int(difference.min()))
    return HammingComparison(
        pairs_one_apart=count_pairs_one_apart(records),
        num_sources=len(sources),
        most_above=above,
        most_below=below,
    )


def count_pairs_one_apart(records: Records) -> int:
    """Pairs of regions whose sign vectors differ in exactly one unit."""
    positive, zero = random_words(2 * records.num_units).reshape(2, -1)
    hashes = hash_packed(records.patterns, positive) ^ hash_packed(records.vanishing, zero)
    order = np.argsort(hashes)
    hashes = hashes[order]
    width = records.patterns.shape[1]
    rows = np.concatenate([records.patterns, records.vanishing], axis=1)[order]
    count = 0
    for unit in range(records.num_units):
        byte, bit = unit >> 3, np.uint8(1 << (unit & 7))
        is_positive, is_zero = rows[:, byte] & bit != 0, rows[:, width + byte] & bit != 0
        negative = np.flatnonzero(~is_positive & ~is_zero)
        vanishing = np.flatnonzero(is_zero)
        # Each pair once: from the region where the sign is the lower one, - < 0 < +.
        count += _count_changed(hashes, rows, negative, byte, bit, positive[unit])
        if len(vanishing):
            change = positive[unit] ^ zero[unit]
            count += _count_changed(hashes, rows, negative, width + byte, bit, zero[unit])
            count += _count_changed(hashes, rows, vanishing, np.array([byte, width + byte]), bit, change)
    return count


def _count_changed(
    hashes: NDArray[np.uint64],
    rows: NDArray[np.uint8],
    regions: NDArray[np.int64],
    byte: Any,
    bit: np.uint8,
    change: np.uint64,
) -> int:
    """How many of the regions become another one when a bit is flipped, which changes the hash by `change`."""
    wanted = hashes[regions] ^ change
    first, last = np.searchsorted(hashes, wanted), np.searchsorted(hashes, wanted, side="right")
    count = 0
    for turn in range(int((last - first).max(initial=0))):  # more than one turn only where hashes collide
        found = np.flatnonzero(first + turn < last)
        changed = rows[regions[found]]
        changed[:, byte] ^= bit
        count += int((rows[first[found] + turn] == changed).all(axis=1).sum())
    return count
