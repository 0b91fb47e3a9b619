"""The largest monomial of a maximum of sums of factors at a point, without expanding any product.

The largest monomial of a sum is the sum of the largest ones of its factors. Of several that are equally large the one
with the lexicographically largest exponents is taken: it is a vertex of the face on which they lie, so that it matters,
and the sum of such vertices is one of the sum.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from relureg.exact.rational import IntArray

_FEW = 6
"""Monomials that are compared exactly at once: a look at floats would take as long."""


class Maximum:
    """``max over alternatives of the sum of factors``, a factor being an array of monomials, exponents ascending."""

    def __init__(self, alternatives: Sequence[Sequence[IntArray]]) -> None:
        self._sums = [_Sum(factors) for factors in alternatives]

    def spanning(self) -> Iterator[IntArray]:
        """Monomials of which all others are affine combinations."""
        for one in self._sums:
            yield from one.spanning()

    def restrict(self, columns: NDArray[np.intp]) -> None:
        """Points will have the coordinates `columns` only, (s, x) with x in some of the inputs."""
        self._columns = columns
        for one in self._sums:
            for factor in one.factors:
                factor.restrict(columns)

    def largest(self, point: Sequence[int]) -> IntArray:
        """The monomial that is largest at (s, x)."""
        at = _Point(point)
        rows = [one.largest(at) for one in self._sums]
        if len(rows) == 1:
            return rows[0]
        return max(rows, key=lambda row: (row[self._columns] @ at.exact, tuple(row[1:]), row[0]))


class _Point:
    """A point in integers, and rounded after its largest coordinate is scaled to 1."""

    def __init__(self, point: Sequence[int]) -> None:
        self.exact = np.array(point, dtype=object)
        scale = max(map(abs, point)) or 1
        self.rounded = np.array([x / scale for x in point])


class _Sum:
    """A sum of factors; its monomials are all sums of one monomial of each factor."""

    def __init__(self, factors: Sequence[IntArray]) -> None:
        self.factors = [_Factor(factor) for factor in factors if len(factor) > 1]
        # A factor of one monomial adds the same everywhere.
        self._constant: IntArray = reduce(
            operator.add, [factor[0] for factor in factors if len(factor) == 1], 0 * factors[0][0]
        )

    def spanning(self) -> Iterator[IntArray]:
        """One monomial, then those that differ from it in one factor."""
        first = reduce(operator.add, [factor.rows[0] for factor in self.factors], self._constant)
        yield first
        for factor in self.factors:
            yield from first + (factor.rows[1:] - factor.rows[0])

    def largest(self, point: _Point) -> IntArray:
        """The largest monomial of each factor, added up."""
        return reduce(operator.add, [factor.largest(point) for factor in self.factors], self._constant)


class _Factor:
    """The monomials of one factor: doubles propose those that may be largest, integers decide.

    Rows and point are scaled so that no entry exceeds 1, and rounded once, with relative error u = 2^-53 each (or an
    absolute one below 2^-1074 where an entry is tiny). A sum of k products in any order then errs by at most
    ((1 + u)^(k + 2) - 1) S for S the sum of the absolute values of the exact products, and S exceeds the S' that is
    computed by no larger factor, so that (k + 4) u S' bounds the error for every k below 2^20, with 10^-300 for what
    underflows. Monomials whose value plus bound is below the largest value minus bound are smaller for certain.
    """

    def __init__(self, rows: IntArray) -> None:
        self.rows = rows

    def restrict(self, columns: NDArray[np.intp]) -> None:
        self._seen: IntArray = self.rows[:, columns]
        scale = max(map(abs, self._seen.flat)) or 1
        self._rounded = np.array([entry / scale for entry in self._seen.flat]).reshape(self._seen.shape)
        self._sizes = np.abs(self._rounded)
        self._unit = (len(columns) + 4) * 2.0**-53

    def largest(self, point: _Point) -> IntArray:
        """The row that is largest at a point; of several the last one."""
        row: IntArray = self.rows[self._last_largest(point)]
        return row

    def _last_largest(self, point: _Point) -> int:
        if len(self.rows) <= _FEW:
            return _last_maximum(self._seen @ point.exact)
        values = self._rounded @ point.rounded
        errors = self._unit * (self._sizes @ np.abs(point.rounded)) + 1e-300
        possible = np.flatnonzero(values + errors >= (values - errors).max())
        if len(possible) == 1:
            return int(possible[0])
        return int(possible[_last_maximum(self._seen[possible] @ point.exact)])


def _last_maximum(values: IntArray) -> int:
    return len(values) - 1 - int(np.argmax(values[::-1]))
