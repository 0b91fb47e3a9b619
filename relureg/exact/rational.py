"""Exact matrices: integer numerators over one common denominator.

A float enters as the dyadic rational it is, and leaves only through `RationalMatrix.floats`,
which rounds once. The class has no mixed arithmetic with floats, so exact and rounded numbers cannot
meet by accident.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.exact import echelon
from relureg.exact.doubles import are_exact_as, as_doubles
from relureg.exact.numbers import nearest_double, primitive

IntArray = np.ndarray[Any, np.dtype[Any]]
"""An object array whose entries are Python integers."""

_SMALL = 2**10
"""Entries of a matrix so small that elimination over the integers is the fastest way to its rank."""


_FEW_SHOWN = 12
"""Entries of a matrix that its representation shows."""
_LONG = 10**12
"""Numerators and denominators from here on are too long for it."""


class RationalMatrix:
    """A rational matrix of shape (rows, columns), immutable, in lowest terms.

    Parameters
    ----------
    numerators : object array of int, shape (rows, columns)
    denominator : int, positive
        Entry (i, j) is ``numerators[i, j] / denominator``.
    doubles : float64 array, shape (rows, columns), optional
        The same entries, where they are known to be doubles: spares finding that out.

    Examples
    --------
    >>> m = RationalMatrix.from_floats([[0.5, 3.0]])
    >>> m.fractions()
    [[Fraction(1, 2), Fraction(3, 1)]]
    >>> m
    <RationalMatrix 1 x 2: 1/2 3>
    >>> (m @ m.T).fractions()
    [[Fraction(37, 4)]]
    """

    def __init__(self, numerators: IntArray, denominator: int = 1, doubles: NDArray[np.float64] | None = None) -> None:
        if numerators.ndim != 2 or denominator <= 0:
            raise ValueError("a rational matrix needs two dimensions and a positive denominator")
        if denominator != 1:
            common = math.gcd(denominator, *numerators.flat)
            if common != 1:
                numerators, denominator = numerators // common, denominator // common
        self.numerators = numerators
        self.numerators.flags.writeable = False
        self.denominator = denominator
        if doubles is not None:
            doubles.flags.writeable = False
            self.__dict__["doubles"] = doubles

    def __reduce__(self) -> tuple[Any, ...]:
        # What is kept of a matrix besides its entries is left behind, and arrays stay read-only.
        if (doubles := self.__dict__.get("doubles")) is not None:
            return RationalMatrix.from_floats, (np.ascontiguousarray(doubles),)
        return _of_integers, (self.shape, self.numerators.ravel().tolist(), self.denominator)

    # -- making ------------------------------------------------------------------------------------

    @classmethod
    def from_floats(cls, values: Any) -> RationalMatrix:
        """Take finite floats (or integers that fit a float) for the dyadic rationals they are."""
        array = np.asarray(values, dtype=np.float64)
        if not np.isfinite(array).all():
            raise ValueError("NaN and infinity are not rational numbers")
        mantissas, exponents = np.frexp(array)
        # frexp gives m in [1/2, 1): m * 2^53 is an integer for every double.
        integers = np.ldexp(mantissas, 53).astype(np.int64)
        # An odd numerator is the shortest: most weights are float32, with 29 zero bits at the end.
        _, trailing = np.frexp((integers & -integers).astype(np.float64))
        zeros = np.where(integers != 0, trailing - 1, 0).astype(np.int64)
        odd, shifts = integers >> zeros, exponents + zeros - 53
        lowest = int(shifts[odd != 0].min(initial=0))
        shifts = np.where(odd != 0, shifts - lowest, 0)
        if (exponents - lowest).max(initial=0) < 63:
            numerators = (odd << shifts).astype(object)
        else:
            entries = [int(m) << int(e) for m, e in zip(odd.flat, shifts.flat, strict=True)]
            numerators = np.array(entries, dtype=object).reshape(array.shape)
        return RationalMatrix(numerators, 1 << -lowest, array + 0.0)

    @classmethod
    def from_fractions(cls, rows: Sequence[Sequence[Fraction | int]], num_columns: int) -> RationalMatrix:
        """Gather exact numbers, row by row; `num_columns` matters when there is no row."""
        numerators = np.empty((len(rows), num_columns), dtype=object)
        denominator = math.lcm(1, *(entry.denominator for row in rows for entry in row))
        for i, row in enumerate(rows):
            # int() lest the numerator of a NumPy integer keeps its 64 bits.
            numerators[i] = [int(entry.numerator) * (denominator // entry.denominator) for entry in row]
        return RationalMatrix(numerators, denominator)

    @classmethod
    def zeros(cls, num_rows: int, num_columns: int) -> RationalMatrix:
        return RationalMatrix(_filled((num_rows, num_columns)))

    @classmethod
    def identity(cls, size: int) -> RationalMatrix:
        numerators = _filled((size, size))
        np.fill_diagonal(numerators, 1)
        return RationalMatrix(numerators)

    @classmethod
    def of_units(cls, units: Sequence[tuple[int, int]], num_columns: int) -> RationalMatrix:
        """A row for each pair (column, entry), 0 everywhere else."""
        numerators = _filled((len(units), num_columns))
        for row, (column, entry) in enumerate(units):
            numerators[row, column] = entry
        return RationalMatrix(numerators)

    # -- reading -----------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        return self.numerators.shape[0], self.numerators.shape[1]

    @property
    def T(self) -> RationalMatrix:
        return RationalMatrix(self.numerators.T, self.denominator, self._known_doubles(lambda doubles: doubles.T))

    def fractions(self) -> list[list[Fraction]]:
        """The entries as `fractions.Fraction`, row by row."""
        return [[Fraction(n, self.denominator) for n in row] for row in self.numerators.tolist()]

    @cached_property
    def doubles(self) -> NDArray[np.float64] | None:
        """The entries as the doubles they are, read-only; None when one of them is no double."""
        doubles = as_doubles(self.numerators.ravel(), self.denominator)
        if doubles is None:
            return None
        doubles = doubles.reshape(self.shape)
        doubles.flags.writeable = False
        return doubles

    @cached_property
    def floats(self) -> NDArray[np.float64]:
        """The entries as floats, each rounded once and correctly; read-only.

        Raises
        ------
        OverflowError
            An entry exceeds the range of a float.
        """
        if self.doubles is not None:
            return self.doubles
        rounded = np.array([n / self.denominator for n in self.numerators.flat], dtype=np.float64)
        rounded = rounded.reshape(self.shape)
        rounded.flags.writeable = False
        return rounded

    def times_floats(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The product with floats, shape (columns, k), rounded."""
        product: NDArray[np.float64] = self.floats @ points
        return product

    @property
    def num_held(self) -> int:
        """How many numbers are held in memory."""
        return int(self.numerators.size)

    def nonzeros(self) -> tuple[NDArray[np.intp], NDArray[np.intp], IntArray]:
        """Row, column and numerator of each entry that is not zero, row by row."""
        return self._nonzeros

    @cached_property
    def _nonzeros(self) -> tuple[NDArray[np.intp], NDArray[np.intp], IntArray]:
        rows, columns = np.nonzero(self.numerators.astype(np.bool_))
        return rows, columns, self.numerators[rows, columns]

    @cached_property
    def is_integral(self) -> bool:
        return self.denominator == 1

    def is_exact_as(self, kind: type[np.float32] | type[np.float64]) -> bool:
        """Whether every entry is a number of that floating-point type."""
        return are_exact_as(self.doubles, kind)

    @cached_property
    def is_zero(self) -> bool:
        return not any(self.numerators.flat)

    @cached_property
    def is_identity(self) -> bool:
        rows, columns = self.shape
        if rows != columns or self.denominator != 1:
            return False
        return bool((self.numerators == np.eye(rows, dtype=np.int64)).all())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RationalMatrix):
            return NotImplemented
        return (
            self.shape == other.shape
            and self.denominator == other.denominator
            and bool((self.numerators == other.numerators).all())
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.denominator, tuple(self.nonzeros()[2])))

    def __repr__(self) -> str:
        rows, columns = self.shape
        text = ""
        if rows * columns <= _FEW_SHOWN and not any(abs(n) >= _LONG for n in (*self.numerators.flat, self.denominator)):
            text = ": " + "; ".join(" ".join(map(str, row)) for row in self.fractions())
        return f"<RationalMatrix {rows} x {columns}{text}>"

    # -- arithmetic --------------------------------------------------------------------------------

    def __matmul__(self, other: RationalMatrix) -> RationalMatrix:
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"cannot multiply shapes {self.shape} and {other.shape}")
        if self.is_identity:
            return other
        if other.is_identity:
            return self
        return self._times(other)

    def _times(self, other: RationalMatrix) -> RationalMatrix:
        """The product with a matrix that fits; neither is an identity."""
        if not self.shape[1]:
            return RationalMatrix.zeros(self.shape[0], other.shape[1])
        product = _product(self.numerators, other.numerators)
        return RationalMatrix(product, self.denominator * other.denominator)

    def __add__(self, other: RationalMatrix) -> RationalMatrix:
        if self.shape != other.shape:
            raise ValueError(f"cannot add shapes {self.shape} and {other.shape}")
        denominator = math.lcm(self.denominator, other.denominator)
        return RationalMatrix(
            self.numerators * (denominator // self.denominator) + other.numerators * (denominator // other.denominator),
            denominator,
        )

    def __neg__(self) -> RationalMatrix:
        return RationalMatrix(-self.numerators, self.denominator)

    def __sub__(self, other: RationalMatrix) -> RationalMatrix:
        return self + (-other)

    def scale_rows(self, factors: RationalMatrix) -> RationalMatrix:
        """Multiply row i by the i-th entry of the column `factors`."""
        return RationalMatrix(self.numerators * factors.numerators, self.denominator * factors.denominator)

    # -- shaping -----------------------------------------------------------------------------------

    def rows(self, index: Any) -> RationalMatrix:
        """The rows that a slice, an integer array or a Boolean mask selects, in its order."""
        return RationalMatrix(
            self.numerators[index], self.denominator, self._known_doubles(lambda doubles: doubles[index])
        )

    def columns(self, index: Any) -> RationalMatrix:
        """The columns that a slice, an integer array or a Boolean mask selects, in its order."""
        if type(index) is list and index == list(range(self.shape[1])):
            return self  # with the doubles that it knows already
        return RationalMatrix(
            self.numerators[:, index], self.denominator, self._known_doubles(lambda doubles: doubles[:, index])
        )

    def masked_rows(self, keep: NDArray[np.bool_]) -> RationalMatrix:
        """The same shape, with the rows outside `keep` set to zero."""
        return RationalMatrix(np.where(keep[:, None], self.numerators, 0), self.denominator)

    def _known_doubles(
        self, select: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    ) -> NDArray[np.float64] | None:
        doubles = self.__dict__.get("doubles")
        return None if doubles is None else select(doubles)

    @classmethod
    def vstack(cls, blocks: Iterable[RationalMatrix], num_columns: int) -> RationalMatrix:
        """Blocks with `num_columns` columns each, one under the other."""
        parts = list(blocks)
        sparse = next((part for part in parts if type(part) is not RationalMatrix), cls)
        return sparse._stack(parts, num_columns)

    @staticmethod
    def _stack(parts: Sequence[RationalMatrix], num_columns: int) -> RationalMatrix:
        denominator = math.lcm(1, *(part.denominator for part in parts))
        scaled = [part.numerators * (denominator // part.denominator) for part in parts]
        return RationalMatrix(np.concatenate([_filled((0, num_columns)), *scaled]), denominator)

    @classmethod
    def hstack(cls, blocks: Iterable[RationalMatrix], num_rows: int) -> RationalMatrix:
        """Blocks with `num_rows` rows each, side by side."""
        return cls.vstack((block.T for block in blocks), num_rows).T

    # -- linear algebra ----------------------------------------------------------------------------

    def pivot_columns(self) -> list[int]:
        """Indices of columns that form a basis of the column space; their number is the rank."""
        return list(self._pivot_columns)

    @cached_property
    def _pivot_columns(self) -> list[int]:
        if math.prod(self.shape) <= _SMALL:
            return echelon.pivots_of_rows(self.numerators.tolist())
        return echelon.pivots_of_entries(self.shape, *self.nonzeros())

    def rank(self) -> int:
        """The exact rank."""
        return len(self.pivot_columns())

    def kernel(self) -> RationalMatrix:
        """A basis, row by row in coprime integers, of the vectors x with ``self @ x = 0``."""
        return RationalMatrix(echelon.kernel(self.primitive_rows(), self.shape[1]))

    def primitive_rows(self) -> list[tuple[int, ...]]:
        """Each row scaled by a positive number to coprime integers; a zero row stays zero."""
        return [primitive(row) for row in self.numerators.tolist()]


def nearest_doubles(matrix: RationalMatrix) -> NDArray[np.float64]:
    """`nearest_double` of each entry."""
    if matrix.doubles is not None:
        return matrix.floats
    return np.array([[nearest_double(x) for x in row] for row in matrix.fractions()]).reshape(matrix.shape)


def _product(left: IntArray, right: IntArray) -> IntArray:
    """The product of two integer matrices."""
    (rows, inner), columns = left.shape, right.shape[1]
    if rows * inner * columns < 2**14:  # conversion takes longer
        return left @ right
    from flint import fmpz_mat

    factors = fmpz_mat(rows, inner, left.ravel().tolist()), fmpz_mat(inner, columns, right.ravel().tolist())
    product = np.empty(rows * columns, dtype=object)
    product[:] = [int(entry) for entry in (factors[0] * factors[1]).entries()]
    return product.reshape(rows, columns)


def _of_integers(shape: tuple[int, int], numerators: list[int], denominator: int) -> RationalMatrix:
    column = np.empty(len(numerators), dtype=object)
    column[:] = numerators
    return RationalMatrix(column.reshape(shape), denominator)


def _filled(shape: tuple[int, int]) -> IntArray:
    array = np.empty(shape, dtype=object)
    array.fill(0)
    return array
