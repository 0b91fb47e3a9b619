"""Elimination modulo a prime, in blocks of rows.

Each block is as wide as its entries reach, so that a convolution stays a band.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.exact.ranges import chunks

PRIME = 8_388_593
"""The largest prime below 2^23. Residues are below 2^22 in size or little above, and below 2^23 as they come, so that a
sum of `BLOCK` products of two is below 2^52, and exact in doubles."""

BLOCK = 64
"""Rows that are eliminated together."""

Index = NDArray[np.intp]


class _Block:
    """Rows of an echelon form: 1 at its own pivot, 0 at the pivots of its block and of all blocks before."""

    def __init__(self, rows: NDArray[np.float64], pivots: list[int]) -> None:
        used = np.flatnonzero(rows.any(axis=0))
        self.first, self.end = int(used[0]), int(used[-1]) + 1
        self.rows = rows[:, self.first : self.end].copy()
        self.pivots = np.array(pivots, dtype=np.intp)

    def reduce(self, rows: NDArray[np.float64]) -> None:
        """Clear the pivots of this block in other rows."""
        factors = rows[:, self.pivots]
        if factors.any():
            window = rows[:, self.first : self.end]
            window -= factors @ self.rows
            _reduce(window)


def pivot_columns(shape: tuple[int, int], rows: Index, columns: Index, residues: NDArray[np.float64]) -> list[int]:
    """The columns in which the rows of the echelon form begin; their number is the rank modulo the prime.

    Parameters
    ----------
    shape : (int, int)
    rows, columns, residues : arrays of one length
        The entries that are not 0, row by row, modulo `PRIME`.

    Raises
    ------
    LimitReachedError
        The time is over.

    Examples
    --------
    >>> pivot_columns((2, 3), np.array([0, 1, 1]), np.array([1, 1, 2]), np.array([2.0, 1.0, 5.0]))
    [1, 2]
    """
    blocks: list[_Block] = []
    found: list[int] = []
    for taken in _dense_blocks(shape, rows, columns, residues):
        stopping.check()
        for block in blocks:
            block.reduce(taken)
        own, pivots = _echelon(taken)
        if pivots:
            blocks.append(_Block(own, pivots))
            found += pivots
        if len(found) == shape[1]:
            break
    return sorted(found)


def _dense_blocks(
    shape: tuple[int, int], rows: Index, columns: Index, residues: NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    for chunk in chunks(shape[0], BLOCK):
        first, last = chunk.start, chunk.stop
        start, end = np.searchsorted(rows, [first, last]).tolist()
        dense = np.zeros((last - first, shape[1]))
        dense[rows[start:end] - first, columns[start:end]] = residues[start:end]
        yield dense


def _echelon(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[int]]:
    """The rows that are not zero, reduced among themselves, and their pivots: the first entry of each."""
    used = np.flatnonzero(rows.any(axis=0))
    if not len(used):
        return rows[:0], []
    window = rows[:, used[0] : used[-1] + 1]
    own: list[int] = []
    pivots: list[int] = []
    for row in range(len(rows)):
        entries = np.flatnonzero(window[row])
        if not len(entries):
            continue
        pivot = int(entries[0])
        mine = window[row, entries] * float(pow(int(window[row, pivot]), -1, PRIME))
        window[row, entries] = _reduce(mine)
        others = np.flatnonzero(window[:, pivot])
        others = others[others != row]
        if len(others):
            place = np.ix_(others, entries)
            window[place] = _reduce(window[place] - np.outer(window[others, pivot], mine))
        own.append(row)
        pivots.append(pivot + int(used[0]))
    return rows[own], pivots


def _reduce(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integers below 2^53 become the nearest residue to 0, in place; a multiple of the prime becomes 0 itself."""
    numbers -= np.rint(numbers * (1.0 / PRIME)) * PRIME
    return numbers
