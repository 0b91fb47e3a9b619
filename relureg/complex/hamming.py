"""Distances in the region graph against Hamming distances of activation patterns.

In a hyperplane arrangement both agree, counted over distinct hyperplanes. In deep networks neither bounds the other:
regions that differ in one unit need not touch, and regions that touch may differ in several units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.complex.facet_keys import hash_packed, random_words

if TYPE_CHECKING:
    from relureg.complex.complex import Complex

MAX_SOURCES_UNASKED = 16
"""Regions whose distances to all others are compared in a larger complex."""

_FEW_REGIONS = 1_000
"""Up to so many regions, all pairs are compared."""

_BITS_OF_BYTE = np.array([value.bit_count() for value in range(256)], dtype=np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class HammingComparison:
    """How distances between regions compare with Hamming distances of their patterns."""

    pairs_one_apart: int
    """Pairs of regions, of all pairs, whose patterns differ in exactly one unit; adjacent or not."""
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


def hamming_distances(cells: Complex, region: int) -> NDArray[np.int32]:
    """(R,): the number of units in which the pattern of each region differs from that of one."""
    patterns = cells.records.patterns
    distances: NDArray[np.int32] = _BITS_OF_BYTE[patterns ^ patterns[region]].sum(axis=1, dtype=np.int32)
    return distances


def compare_with_hamming(cells: Complex) -> HammingComparison:
    """Compare distances in the region graph with Hamming distances of patterns.

    All pairs of up to 1,000 regions; from `MAX_SOURCES_UNASKED` evenly spread regions to all others of more.

    Raises
    ------
    LimitReachedError
        The complex is not complete.
    """
    count = cells.num_regions
    sources = range(count) if count <= _FEW_REGIONS else np.linspace(0, count - 1, MAX_SOURCES_UNASKED).astype(int)
    above = below = 0
    for source in map(int, sources):
        difference = cells.graph.distances_from(source) - hamming_distances(cells, source)
        above, below = max(above, int(difference.max())), max(below, -int(difference.min()))
    return HammingComparison(
        pairs_one_apart=count_pairs_one_apart(cells.records.patterns, cells.records.num_units),
        num_sources=len(sources),
        most_above=above,
        most_below=below,
    )


def count_pairs_one_apart(patterns: NDArray[np.uint8], num_units: int) -> int:
    """Pairs of distinct packed patterns, shape (R, ceil(N / 8)), that differ in exactly one of N units."""
    words = random_words(num_units)
    hashes = hash_packed(patterns, words)
    order = np.argsort(hashes)
    hashes, patterns = hashes[order], patterns[order]
    count = 0
    for unit in range(num_units):
        byte, bit = unit >> 3, np.uint8(1 << (unit & 7))
        without = np.flatnonzero(patterns[:, byte] & bit == 0)
        wanted = hashes[without] ^ words[unit]
        first, last = np.searchsorted(hashes, wanted), np.searchsorted(hashes, wanted, side="right")
        for turn in range(int((last - first).max(initial=0))):  # more than one turn only where hashes collide
            found = np.flatnonzero(first + turn < last)
            changed = patterns[without[found]]
            changed[:, byte] |= bit
            count += int((patterns[first[found] + turn] == changed).all(axis=1).sum())
    return count
