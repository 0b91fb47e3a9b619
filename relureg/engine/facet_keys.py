"""Facet keys: the sign vector of a region with 0 for every unit that vanishes on the facet.

Both sides of a facet compute the same key. Keys are kept packed, eight units a byte, and hashed to 64 bits: one fixed
random word for a unit that is positive, one for a unit that is zero, none for a negative one, combined by xor. So the
hash of a key is that of its region with a word or two changed for each unit on the facet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.engine.records import Records
from relureg.exact.ranges import chunks, ranges

_ROWS = 1 << 19
"""Facets handled at once: some tens of megabytes, whatever the number of facets."""

_SEED = 0x72656C75726567  # any fixed number


def hash_facets(records: Records) -> tuple[NDArray[np.uint64], NDArray[np.int8]]:
    """The hash of each facet key, and the side of the facet on which its region lies.

    Returns
    -------
    hashes : array, shape (K,)
    sides : array, shape (K,)
        The sign, in the region, of the first unit that vanishes on the facet but not on the region; 0 if there is none.
    """
    positive, zero = random_words(2 * records.num_units).reshape(2, -1)
    regions = hash_packed(records.patterns, positive) ^ hash_packed(records.vanishing, zero)
    hashes = regions[records.facet_region]
    sides = np.zeros(len(hashes), dtype=np.int8)
    for chunk in chunks(len(hashes), _ROWS):
        first, last = chunk.start, chunk.stop
        starts = records.facet_starts[first : last + 1]
        lengths = np.diff(starts)
        units = records.facet_units[starts[0] : starts[-1]]
        region = np.repeat(records.facet_region[first:last], lengths)
        is_positive = _bits(records.patterns, region, units)
        is_zero = _bits(records.vanishing, region, units)
        change = np.where(is_zero, np.uint64(0), zero[units] ^ np.where(is_positive, positive[units], np.uint64(0)))
        running = np.zeros(len(change) + 1, dtype=np.uint64)
        np.bitwise_xor.accumulate(change, out=running[1:])
        offsets = starts - starts[0]
        hashes[first:last] ^= running[offsets[1:]] ^ running[offsets[:-1]]
        telling = np.flatnonzero(~is_zero)[::-1]  # the first unit of a facet is written last, and stays
        facet = np.repeat(np.arange(first, last), lengths)
        sides[facet[telling]] = np.where(is_positive[telling], 1, -1)
    return hashes, sides


def equal_keys(records: Records, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the facets of the rows `left` and `right` have the same keys, entry by entry."""
    equal = np.empty(len(left), dtype=np.bool_)
    for chunk in chunks(len(left), _ROWS):
        equal[chunk] = (packed_keys(records, left[chunk]) == packed_keys(records, right[chunk])).all(axis=1)
    return equal


def packed_keys(records: Records, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The keys of some rows of the facet columns: bits of the units that are zero, then of the positive ones."""
    region = records.facet_region[rows]
    zero = records.vanishing[region]
    lengths = records.facet_starts[rows + 1] - records.facet_starts[rows]
    facet = np.repeat(np.arange(len(rows)), lengths)
    units = records.facet_units[ranges(records.facet_starts[rows], lengths)]
    place = np.arange(len(units)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    for turn in range(int(lengths.max(initial=0))):
        # The units of one facet may share a byte: one unit of each facet at a time.
        now = slice(None) if len(units) == len(rows) else place == turn
        zero[facet[now], units[now] >> 3] |= (1 << (units[now] & 7)).astype(np.uint8)
    return np.concatenate([zero, records.patterns[region] & ~zero], axis=1)


def random_words(count: int) -> NDArray[np.uint64]:
    """(count,): fixed random words, the same on every machine."""
    words: NDArray[np.uint64] = np.random.PCG64(_SEED).random_raw(count)
    return words


def hash_packed(packed: NDArray[np.uint8], words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(R,): the words of all bits that are set in rows of packed bits, combined by xor; a look-up for each byte."""
    hashes = np.zeros(len(packed), dtype=np.uint64)
    for byte in range(packed.shape[1]):
        table = np.zeros(256, dtype=np.uint64)
        for bit, word in enumerate(words[8 * byte : 8 * byte + 8]):
            table[1 << bit : 2 << bit] = table[: 1 << bit] ^ word
        hashes ^= table[packed[:, byte]]
    return hashes


def _bits(packed: NDArray[np.uint8], rows: NDArray[np.int64], units: NDArray[np.int32]) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = (packed[rows, units >> 3] >> (units & 7).astype(np.uint8)) & 1 != 0
    return flags
