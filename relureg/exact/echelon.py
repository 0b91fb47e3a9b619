"""Elimination of exact integer matrices: the columns in which the rows of their echelon form begin, and the kernel.

Scaling a row by a positive number moves no pivot: rows come in coprime integers, which keeps them short.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.exact import modular
from relureg.exact.numbers import primitive

Index = NDArray[np.intp]
Rows = Sequence[tuple[int, ...]]
"""Each in coprime integers."""

_FEW, _TINY = 3, 2**8
"""Rows or columns, and entries, for which elimination by hand is faster than any library, and than importing one."""


def pivots_of_rows(rows: Sequence[Sequence[int]]) -> list[int]:
    """The pivot columns of a small matrix, by elimination over the integers; rows need not be coprime.

    Examples
    --------
    >>> pivots_of_rows([(0, 1, 2), (0, 2, 5), (0, 1, 3)])
    [1, 2]
    """
    size = len(rows) * len(rows[0]) if rows else 0
    if size <= _TINY and min(len(rows), size // max(len(rows), 1)) <= _FEW:
        return _pivots_by_hand(rows)
    echelon, _, rank = _reduced([primitive(row) for row in rows])
    return _beginnings(echelon, rank)


def pivots_of_entries(
    shape: tuple[int, int], rows: Index, columns: Index, values: np.ndarray[Any, np.dtype[Any]]
) -> list[int]:
    """The pivot columns of a large matrix, from its entries that are not zero, row by row.

    Columns that are independent modulo a prime are independent. Where there are as many as the matrix has rows or
    columns that are not zero, there can be no more; else elimination over the integers decides.

    Examples
    --------
    >>> values = np.array([1, 5, 10, 3], dtype=object)
    >>> pivots_of_entries((3, 3), np.array([0, 1, 2, 2]), np.array([0, 2, 1, 2]), values)
    [0, 1, 2]
    """
    pivots, is_proved = _pivots_modulo(rows, columns, values)
    if is_proved:
        return pivots
    pivots = []
    # Parts that share neither row nor column are as good as matrices of their own, and soon done.
    for label in components(shape, rows, columns):
        pivots += _pivots_of_part(rows[label], columns[label], values[label])
    return sorted(pivots)


def kernel(rows: Rows, num_columns: int) -> np.ndarray[Any, np.dtype[Any]]:
    """A basis, row by row in coprime integers, of the vectors x with ``rows @ x = 0``; shape (n - rank, n)."""
    echelon, denominator, rank = _reduced(rows, num_columns)
    pivots = _beginnings(echelon, rank)
    free = [j for j in range(num_columns) if j not in pivots]
    basis = np.empty((len(free), num_columns), dtype=object)
    for k, j in enumerate(free):
        vector = [0] * num_columns
        vector[j] = denominator
        for i, pivot in enumerate(pivots):
            vector[pivot] = -int(echelon[i, j])
        basis[k] = primitive(vector)
    return basis


def components(shape: tuple[int, int], rows: Index, columns: Index) -> list[Index]:
    """The entries of the parts of a matrix that share neither row nor column, from their places, row by row.

    Examples
    --------
    >>> [part.tolist() for part in components((3, 3), np.array([0, 1, 2]), np.array([2, 0, 2]))]
    [[0, 2], [1]]
    """
    label = np.arange(shape[0], dtype=np.intp)
    while True:  # the smallest label spreads, from rows to columns and back
        of_column = np.full(shape[1], shape[0], dtype=np.intp)
        np.minimum.at(of_column, columns, label[rows])
        spread = label.copy()
        np.minimum.at(spread, rows, of_column[columns])
        spread = spread[spread]
        if (spread == label).all():
            break
        label = spread
    order = np.argsort(label[rows], kind="stable")
    _, starts = np.unique(label[rows][order], return_index=True)
    return np.split(order, starts[1:]) if len(order) else []


def _pivots_by_hand(rows: Sequence[Sequence[int]]) -> list[int]:
    """Row by row, until each column is a pivot."""
    echelon: dict[int, tuple[int, ...]] = {}
    for row in map(primitive, rows):
        for pivot in sorted(echelon):
            if factor := row[pivot]:
                above = echelon[pivot]
                own = above[pivot]
                row = primitive([own * mine - factor * theirs for mine, theirs in zip(row, above, strict=True)])
        pivot = next((column for column, entry in enumerate(row) if entry), -1)
        if pivot >= 0:
            echelon[pivot] = row
            if len(echelon) == len(row):
                break
    return sorted(echelon)


def _pivots_of_part(rows: Index, columns: Index, values: np.ndarray[Any, np.dtype[Any]]) -> list[int]:
    pivots, is_proved = _pivots_modulo(rows, columns, values)
    if is_proved:
        return pivots
    used_rows, at_row = np.unique(rows, return_inverse=True)
    used_columns, at_column = np.unique(columns, return_inverse=True)
    dense = np.zeros((len(used_rows), len(used_columns)), dtype=object)
    dense[at_row, at_column] = values
    distinct = list(dict.fromkeys(max(row, tuple(-n for n in row)) for row in map(primitive, dense.tolist())))
    if len(pivots) == len(distinct):  # all others are multiples of these
        return pivots
    stopping.check()
    pivots = pivots_of_rows(distinct)
    return [int(column) for column in used_columns[pivots]]


def _pivots_modulo(rows: Index, columns: Index, values: np.ndarray[Any, np.dtype[Any]]) -> tuple[list[int], bool]:
    """The pivot columns modulo a prime, and whether there can be no more."""
    used_rows, at_row = np.unique(rows, return_inverse=True)
    used_columns, at_column = np.unique(columns, return_inverse=True)
    residues = (values % modular.PRIME).astype(np.float64)
    pivots = modular.pivot_columns((len(used_rows), len(used_columns)), at_row, at_column, residues)
    return used_columns[pivots].tolist(), len(pivots) == min(len(used_rows), len(used_columns))


def _reduced(rows: Rows, num_columns: int | None = None) -> tuple[Any, int, int]:
    """The reduced echelon form as integers, their common denominator, and the rank."""
    from flint import fmpz_mat

    width = len(rows[0]) if num_columns is None else num_columns
    echelon, denominator, rank = fmpz_mat(len(rows), width, [n for row in rows for n in row]).rref()
    return echelon, int(denominator), rank


def _beginnings(echelon: Any, rank: int) -> list[int]:
    """The columns in which the rows of an echelon form begin."""
    pivots: list[int] = []
    for i in range(rank):
        start = pivots[-1] + 1 if pivots else 0
        pivots.append(next(j for j in range(start, echelon.ncols()) if echelon[i, j] != 0))
    return pivots
