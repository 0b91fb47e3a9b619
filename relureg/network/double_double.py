"""Affine forms at points in pairs of doubles, about 100 bits, with a proven bound of the error.

A pair (high, low) stands for ``high + low``, where `high` is the double nearest to that sum. Products of matrices are
taken slice by slice [OOOR12]: numbers are cut into slices of so few bits that products of
slices, summed up in any order, are exact in doubles; so compiled products of matrices, dense or sparse, do the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import (
    Floats,
    Matrix,
    at_entries,
    dense,
    entries,
    forward,
    row_maxima,
    transposed,
    with_entries,
)
from relureg.exact.numbers import nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import ROUNDOFF
from relureg.exact.sparse import SparseMatrix
from relureg.network.affine_forms import AffineForm

_SLICES = 5
"""Of a number: about 100 bits."""

_LARGEST_EXPONENT = 400
"""Numbers between 2^-400 and 2^400 have slices and products that are far from underflow and overflow; for any others
no bound is given."""

_SLACK = 1 + 2.0**-20
"""Covers the rounding of the bounds themselves."""

_SPLITTER = 2.0**27 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Numbers in pairs of doubles, all of one shape."""

    high: Floats
    low: Floats
    error: Floats
    """By how much the true numbers differ from the pairs at most; NaN or infinite where that is not known."""

    @classmethod
    def of(cls, values: Floats, low: Floats | None = None) -> Pairs:
        """Doubles, or pairs of them, as they are."""
        return cls(high=values, low=np.zeros_like(values) if low is None else low, error=np.zeros_like(values))

    def where(self, mask: NDArray[np.bool_]) -> Pairs:
        """The same numbers there, and 0 elsewhere."""
        return Pairs(**{name: np.where(mask, getattr(self, name), 0.0) for name in Pairs.__slots__})

    def take(self, index: Any) -> Pairs:
        """Those that an index selects."""
        return Pairs(high=self.high[index], low=self.low[index], error=self.error[index])

    def __add__(self, other: Pairs) -> Pairs:
        total, lost = two_sum(self.high, other.high)
        high, low = two_sum(total, lost + (self.low + other.low))
        rounding = 8 * ROUNDOFF**2 * (np.abs(self.high) + np.abs(other.high))
        return Pairs(high=high, low=low, error=(self.error + other.error + rounding) * _SLACK)

    @staticmethod
    def concatenate(parts: list[Pairs], axis: int) -> Pairs:
        """Along an axis."""
        columns = {name: np.concatenate([getattr(p, name) for p in parts], axis=axis) for name in Pairs.__slots__}
        return Pairs(**columns)


class SlicedMatrix:
    """A matrix (n, size) whose products with pairs are taken slice by slice.

    Parameters
    ----------
    high, low : Matrix
        The parameters as pairs; NaN where no pair is near.
    """

    def __init__(self, high: Matrix, low: Matrix) -> None:
        size = int(high.shape[1])
        # Products of two slices, summed up: at most 2^53 in units of the product of their last bits.
        self._bits = (53 - max(size, 1).bit_length()) // 2
        self._absolute = abs(high)
        self._pattern = (high != 0).astype(np.float64)
        self._scale, exponent = _powers(row_maxima(self._absolute))
        slices = _cut(entries(high), entries(low), at_entries(high, exponent), self._bits)
        parts = [(number, with_entries(high, values)) for number, values in enumerate(slices, start=1)]
        self._parts = [(number, part) for number, part in parts if entries(part).any()]
        # What slices leave out of either factor, and the products of slices that are left out.
        self._lost = size * ((_SLICES + 3) * 2.0 ** (-self._bits * _SLICES) + 600 * ROUNDOFF**2)

    @property
    def shape(self) -> tuple[int, int]:
        return int(self._absolute.shape[0]), int(self._absolute.shape[1])

    def times(self, h: Pairs) -> Pairs:
        """(k, n): the matrix times each row of h (k, size); an entry without a term that is not 0 has no error."""
        scale, exponent = _powers(np.abs(h.high).max(axis=1, initial=0.0))
        high = np.zeros((len(h.high), self.shape[0]))
        low = np.zeros_like(high)
        slices = list(_cut(h.high, h.low, exponent[:, None], self._bits))
        for a, values in enumerate(slices, start=1):
            for b, part in self._parts:
                if a + b <= _SLICES + 1:
                    high, lost = two_sum(high, forward(values, part))
                    low += lost
        high, low = two_sum(high, low)
        error = forward(h.error, self._absolute) + self._lost * scale[:, None] * self._scale
        touched = forward(((h.high != 0) | (h.error != 0)).astype(np.float64), self._pattern) > 0
        return Pairs(high=high, low=low, error=np.where(touched, error * _SLACK, 0.0))


@dataclass(frozen=True, kw_only=True, eq=False)
class PairForm:
    """An affine form ``y = constant + sum_s terms[s] @ h_s``, each parameter as a pair of doubles."""

    constant: tuple[Floats, Floats]
    """High and low, (n,)."""
    matrices: Mapping[int, tuple[Matrix, Matrix]]
    """Source -> high and low, (n, size of that source); NaN where a parameter is beyond the doubles."""

    @classmethod
    def of(cls, form: AffineForm) -> PairForm:
        high, low = (dense(part)[:, 0] for part in _pair(form.constant))
        return cls(
            constant=(high, low),
            matrices={source: _pair(matrix) for source, matrix in form.terms.items()},
        )

    @cached_property
    def terms(self) -> dict[int, SlicedMatrix]:
        """The matrices, to be multiplied with sources."""
        return {source: SlicedMatrix(high, low) for source, (high, low) in self.matrices.items()}

    @cached_property
    def transposes(self) -> dict[int, SlicedMatrix]:
        """The matrices, to be passed back through."""
        return {
            source: SlicedMatrix(transposed(high), transposed(low)) for source, (high, low) in self.matrices.items()
        }

    def __call__(self, one: Floats, sources: Mapping[int, Pairs]) -> Pairs:
        """(k, n): the values at k places; `one` (k,) is 1 for a point, 0 for a direction."""
        value = Pairs.of(*(part * one[:, None] for part in self.constant))
        for source, matrix in self.terms.items():
            value = value + matrix.times(sources[source])
        return value

    def rows(self, index: NDArray[np.intp]) -> dict[int, Pairs]:
        """The matrices' rows that an index (k,) selects: source -> (k, size)."""
        return {
            source: Pairs.of(dense(high[index]), dense(low[index])) for source, (high, low) in self.matrices.items()
        }

    @property
    def num_products(self) -> int:
        """How many products there are in one entry, at most."""
        return sum(int(high.shape[1]) for high, _ in self.matrices.values())


def is_nearest(high: Floats, low: Floats, error: Floats) -> NDArray[np.bool_]:
    """Whether `high` is proved to be the double nearest to all numbers within `error` of ``high + low``."""
    above = (np.nextafter(high, np.inf) - high) / 2
    below = (high - np.nextafter(high, -np.inf)) / 2
    exact = (error == 0) & (low == 0) & np.isfinite(high)
    between = ((low + error) * (1 + 2.0**-40) < above) & ((error - low) * (1 + 2.0**-40) < below)
    return np.asarray(exact | between)


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded sum, and what rounding took away from it."""
    total = a + b
    share = total - a
    return total, (a - (total - share)) + (b - share)


def two_product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded product, and what rounding took away from it, up to underflow; NaN beyond 2^996."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _halves(a: Floats) -> tuple[Floats, Floats]:
    """Two numbers of 26 bits with sum a."""
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


# -- slices --------------------------------------------------------------------------------------------


def _powers(largest: Floats) -> tuple[Floats, NDArray[np.intc]]:
    """(n,): powers of two that are not smaller, 0 for 0 and infinite where no bound is to be given; their exponents."""
    _, exponent = np.frexp(largest)
    good = np.isfinite(largest) & (np.abs(exponent) <= _LARGEST_EXPONENT)
    exponent = np.where(good, exponent, 0).astype(np.intc)
    scale = np.where(good, np.ldexp(1.0, exponent), np.inf)
    return np.where(largest == 0, 0.0, scale), exponent


def _cut(high: Floats, low: Floats, exponent: NDArray[np.intc], bits: int) -> Iterator[Floats]:
    """Slices of pairs below 2^exponent: slice a is a multiple of ``2^(exponent - a bits)``, below 2^bits of them."""
    for number in range(1, _SLICES + 1):
        shift = exponent - number * bits
        piece = np.ldexp(np.rint(np.ldexp(high, -shift)), shift)
        yield piece
        high, low = two_sum(high - piece, low)


# -- dense or sparse -----------------------------------------------------------------------------------


def _pair(matrix: RationalMatrix) -> tuple[Matrix, Matrix]:
    """High and low parts; sparse where the matrix is held sparsely and SciPy is there."""
    if isinstance(matrix, SparseMatrix) and (sparse := _scipy_sparse()) is not None:
        rows, columns, numerators = matrix.nonzeros()
        parts = _split([Fraction(n, matrix.denominator) for n in numerators.tolist()])
        high, low = (sparse.csr_array((part, (rows, columns)), shape=matrix.shape) for part in parts)
        low.indices, low.indptr = high.indices, high.indptr
        return high, low
    if matrix.doubles is not None:
        return matrix.floats, np.zeros(matrix.shape)
    high, low = _split([x for row in matrix.fractions() for x in row])
    return high.reshape(matrix.shape), low.reshape(matrix.shape)


def _split(numbers: list[Fraction]) -> tuple[Floats, Floats]:
    high = [nearest_double(x) for x in numbers]
    good = [np.isfinite(h) and (h != 0 or not x) for h, x in zip(high, numbers, strict=True)]
    high = [h if g else np.nan for h, g in zip(high, good, strict=True)]
    low = [nearest_double(x - Fraction(h)) if g else 0.0 for h, g, x in zip(high, good, numbers, strict=True)]
    return np.array(high, dtype=np.float64), np.array(low, dtype=np.float64)


def _scipy_sparse() -> Any:
    try:
        import scipy.sparse
    except ImportError:
        return None
    return scipy.sparse
