"""Exact matrices of which only the entries that are not zero are held.

A convolution, a pooling or a selection of entries has few of them in each row, whatever the size of the
image. A `SparseMatrix` is a `RationalMatrix` in every respect: who asks for its `numerators` gets the dense
array, made then and kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UnsupportedNetworkError
from relureg.exact.doubles import are_exact_as, as_doubles
from relureg.exact.ranges import chunks, ranges
from relureg.exact.rational import IntArray, RationalMatrix

Index = NDArray[np.intp]

MAX_DENSE = 2**27
"""Most entries of a matrix written out in full: one gibibyte of pointers."""

MAX_PRODUCTS = 2**27
"""Most products of two entries in one multiplication: tens of seconds of exact arithmetic."""

_SMALL = 2**12
"""Entries of a matrix so small that a dense array is always faster."""

_BLOCK = 2**20
"""Products held side by side while they are summed."""


class SparseMatrix(RationalMatrix):
    """A rational matrix in compressed rows, immutable, in lowest terms.

    Parameters
    ----------
    shape : (int, int)
    starts : shape (rows + 1,)
        Row i holds the entries ``starts[i]`` to ``starts[i + 1]``.
    places : shape (entries,)
        The column of each entry, ascending within a row, each once.
    values : object array of int, shape (entries,)
        Numerators, none of them zero.
    denominator : int, positive
    """

    def __init__(  # the base holds a dense array, which is made here only when it is asked for
        self, shape: tuple[int, int], starts: Index, places: Index, values: IntArray, denominator: int = 1
    ) -> None:
        if denominator != 1:
            common = math.gcd(denominator, *values)
            if common != 1:
                values, denominator = values // common, denominator // common
        self._shape = shape
        self.starts = starts
        self.places = places
        self.values = values
        self.denominator = denominator
        for array in (starts, places, values):
            array.flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _of_entries, (self._shape, self.starts, self.places, self.values.tolist(), self.denominator)

    # -- making ------------------------------------------------------------------------------------

    @classmethod
    def from_entries(
        cls, shape: tuple[int, int], rows: Index, columns: Index, values: IntArray, denominator: int = 1
    ) -> SparseMatrix:
        """Gather entries in any order; those at one place add up, and zeros are left out."""
        keys = np.asarray(rows, dtype=np.int64) * shape[1] + columns
        if len(keys) > 1 and not (np.diff(keys) > 0).all():
            order = np.argsort(keys, kind="stable")
            keys, values = keys[order], values[order]
            first = np.flatnonzero(np.concatenate([[True], np.diff(keys) > 0]))
            if len(first) < len(keys):
                keys, values = keys[first], np.add.reduceat(values, first)
        kept = values.astype(np.bool_)
        if not kept.all():
            keys, values = keys[kept], values[kept]
        starts = np.searchsorted(keys, np.arange(shape[0] + 1, dtype=np.int64) * shape[1])
        places = keys % shape[1] if shape[1] else keys
        return cls(shape, starts.astype(np.intp), places.astype(np.intp), np.array(values), denominator)

    @classmethod
    def identity(cls, size: int) -> SparseMatrix:
        return cls.selection(np.arange(size, dtype=np.intp), size)

    @classmethod
    def zeros(cls, num_rows: int, num_columns: int) -> SparseMatrix:
        return cls.from_entries((num_rows, num_columns), _none(), _none(), _ones(0))

    @classmethod
    def selection(cls, index: Index, size: int) -> SparseMatrix:
        """The matrix that picks the entries `index` of a vector of length `size`."""
        count = len(index)
        return cls((count, size), np.arange(count + 1, dtype=np.intp), np.array(index, dtype=np.intp), _ones(count))

    @classmethod
    def of(cls, matrix: RationalMatrix) -> SparseMatrix:
        """The same matrix, held sparsely."""
        if isinstance(matrix, SparseMatrix):
            return matrix
        rows, columns = np.nonzero(matrix.numerators.astype(np.bool_))
        return cls.from_entries(matrix.shape, rows, columns, matrix.numerators[rows, columns], matrix.denominator)

    # -- reading -----------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        return self._shape

    @cached_property
    def numerators(self) -> IntArray:  # type: ignore[override]  # an attribute of the base, computed here
        """The dense array; made when it is first asked for.

        Raises
        ------
        UnsupportedNetworkError
            It has more than `MAX_DENSE` entries.
        """
        if math.prod(self.shape) > MAX_DENSE:
            raise UnsupportedNetworkError(
                f"a matrix of {self.shape[0]:,} x {self.shape[1]:,} entries is too large to work with in full"
            )
        dense = np.zeros(self.shape, dtype=object)
        dense[self._rows, self.places] = self.values
        dense.flags.writeable = False
        return dense

    @cached_property
    def doubles(self) -> NDArray[np.float64] | None:
        doubles = as_doubles(self.values, self.denominator)
        return None if doubles is None else self._spread(doubles)

    @cached_property
    def floats(self) -> NDArray[np.float64]:
        if self.doubles is not None:
            return self.doubles
        return self._spread([n / self.denominator for n in self.values])

    def _spread(self, entries: Any) -> NDArray[np.float64]:
        dense = np.zeros(self.shape)
        dense[self._rows, self.places] = entries
        dense.flags.writeable = False
        return dense

    @property
    def _rows(self) -> Index:
        """The row of each entry."""
        return np.repeat(np.arange(self.shape[0], dtype=np.intp), np.diff(self.starts))

    def times_floats(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        height = max(1, 2**22 // max(self.shape[1], 1))
        blocks = [np.empty((0, points.shape[1]))]
        for chunk in chunks(self.shape[0], height):
            blocks.append(self.rows(np.arange(chunk.start, chunk.stop)).floats @ points)
        return np.concatenate(blocks)

    def is_exact_as(self, kind: type[np.float32] | type[np.float64]) -> bool:
        return are_exact_as(as_doubles(self.values, self.denominator), kind)

    @property
    def num_held(self) -> int:
        return len(self.values)

    def nonzeros(self) -> tuple[Index, Index, IntArray]:
        return self._rows, self.places, self.values

    @cached_property
    def is_zero(self) -> bool:
        return not len(self.values)

    @cached_property
    def is_identity(self) -> bool:
        rows, columns = self.shape
        return (
            rows == columns == len(self.values)
            and self.denominator == 1
            and bool((self.places == np.arange(rows)).all() and (np.diff(self.starts) == 1).all())
            and all(n == 1 for n in self.values)
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RationalMatrix):
            return NotImplemented
        if self.shape != other.shape or self.denominator != other.denominator:
            return False
        that = SparseMatrix.of(other)
        return (
            np.array_equal(self.starts, that.starts)
            and np.array_equal(self.places, that.places)
            and bool((self.values == that.values).all())
        )

    __hash__ = RationalMatrix.__hash__

    # -- arithmetic --------------------------------------------------------------------------------

    def _times(self, other: RationalMatrix) -> RationalMatrix:
        that = SparseMatrix.of(other)
        lengths = np.diff(that.starts)[self.places]
        total = int(lengths.sum())
        if total > MAX_PRODUCTS:
            raise UnsupportedNetworkError(
                f"folding two layers of shapes {list(self.shape)} and {list(other.shape)} takes {total:,} products; "
                f"at most {MAX_PRODUCTS:,} are computed"
            )
        return self._product(that, lengths)

    def __rmatmul__(self, other: RationalMatrix) -> RationalMatrix:
        # Python asks this first where the left factor is dense.
        return other if self.is_identity and other.shape[1] == self.shape[0] else SparseMatrix.of(other) @ self

    def _product(self, that: SparseMatrix, lengths: Index) -> SparseMatrix:
        """Row by row: each entry times the row of `that` which it meets, summed in blocks of rows."""
        before = np.concatenate([[0], np.cumsum(lengths)])  # products before each entry
        row_ends = before[self.starts]
        denominator = self.denominator * that.denominator
        rows, first = [SparseMatrix.zeros(0, that.shape[1])], 0
        while first < self.shape[0]:
            last = max(first + 1, int(np.searchsorted(row_ends, row_ends[first] + _BLOCK, side="right")) - 1)
            mine = slice(self.starts[first], self.starts[last])
            counts = lengths[mine]
            theirs = ranges(that.starts[self.places[mine]], counts)
            products = np.repeat(self.values[mine], counts) * that.values[theirs]
            in_row = np.repeat(self._rows[mine] - first, counts)
            shape = (last - first, that.shape[1])
            rows.append(SparseMatrix.from_entries(shape, in_row, that.places[theirs], products))
            first = last
        stacked = self._stack(rows, that.shape[1])
        return SparseMatrix(stacked.shape, stacked.starts, stacked.places, stacked.values, denominator)

    def __add__(self, other: RationalMatrix) -> RationalMatrix:
        if self.shape != other.shape:
            raise ValueError(f"cannot add shapes {self.shape} and {other.shape}")
        that = SparseMatrix.of(other)
        denominator = math.lcm(self.denominator, that.denominator)
        parts = [(m, m.values * (denominator // m.denominator)) for m in (self, that)]
        return SparseMatrix.from_entries(
            self.shape,
            np.concatenate([m._rows for m, _ in parts]),
            np.concatenate([m.places for m, _ in parts]),
            np.concatenate([values for _, values in parts]),
            denominator,
        )

    __radd__ = __add__

    def __neg__(self) -> RationalMatrix:
        return SparseMatrix(self.shape, self.starts, self.places, -self.values, self.denominator)

    def scale_rows(self, factors: RationalMatrix) -> RationalMatrix:
        scales = np.repeat(factors.numerators[:, 0], np.diff(self.starts))
        return SparseMatrix.from_entries(
            self.shape, self._rows, self.places, self.values * scales, self.denominator * factors.denominator
        )

    # -- shaping -----------------------------------------------------------------------------------

    @property
    def T(self) -> SparseMatrix:
        return SparseMatrix.from_entries(self.shape[::-1], self.places, self._rows, self.values, self.denominator)

    def rows(self, index: Any) -> RationalMatrix:
        chosen = np.arange(self.shape[0], dtype=np.intp)[index]
        counts = np.diff(self.starts)[chosen]
        taken = ranges(self.starts[chosen], counts)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        return SparseMatrix(
            (len(chosen), self.shape[1]), starts, self.places[taken], self.values[taken], self.denominator
        )

    def columns(self, index: Any) -> RationalMatrix:
        return self.T.rows(index).T

    def masked_rows(self, keep: NDArray[np.bool_]) -> RationalMatrix:
        kept = keep[self._rows]
        return SparseMatrix.from_entries(
            self.shape, self._rows[kept], self.places[kept], self.values[kept], self.denominator
        )

    @staticmethod
    def _stack(parts: Sequence[RationalMatrix], num_columns: int) -> SparseMatrix:
        blocks = [SparseMatrix.of(part) for part in parts]
        denominator = math.lcm(1, *(block.denominator for block in blocks))
        ends = np.cumsum([0, *(len(block.values) for block in blocks)])
        starts = [block.starts[1:] + end for block, end in zip(blocks, ends[:-1], strict=True)]
        return SparseMatrix(
            (sum(block.shape[0] for block in blocks), num_columns),
            np.concatenate([[0], *starts]).astype(np.intp),
            np.concatenate([_none(), *(block.places for block in blocks)]),
            np.concatenate([_ones(0), *(block.values * (denominator // block.denominator) for block in blocks)]),
            denominator,
        )


def compact(matrix: RationalMatrix) -> RationalMatrix:
    """The dense form of what is small, or a column, or at least half full: it is faster there, and not larger."""
    if not isinstance(matrix, SparseMatrix):
        return matrix
    size = math.prod(matrix.shape)
    if size > _SMALL and matrix.shape[1] > 1 and 2 * matrix.num_held < size:
        return matrix
    return RationalMatrix(matrix.numerators, matrix.denominator)


def _of_entries(
    shape: tuple[int, int], starts: Index, places: Index, values: list[int], denominator: int
) -> SparseMatrix:
    numerators = np.empty(len(values), dtype=object)
    numerators[:] = values
    return SparseMatrix(shape, starts, places, numerators, denominator)


def _ones(count: int) -> IntArray:
    return np.full(count, 1, dtype=object)


def _none() -> Index:
    return np.empty(0, dtype=np.intp)
