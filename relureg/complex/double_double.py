"""Affine forms at points in pairs of doubles, about 106 bits, with a proven bound of the error.

A pair (high, low) stands for ``high + low``, where `high` is the double nearest to that sum. Sources: Dekker 1971 and
Knuth for the exact sum and product of two doubles; Ogita, Rump and Oishi 2005 for sums of products.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.network.affine_forms import AffineForm
from relureg.network.rational import RationalMatrix, nearest_double

Floats = NDArray[np.float64]

ROUNDOFF = 2.0**-53

UNDERFLOW = 2.0**-900
"""More than all that numbers near 0 can lose in one sum, in which each loses at most some 2^-1074."""

_SPLITTER = 2.0**27 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Numbers in pairs of doubles, all of one shape."""

    high: Floats
    low: Floats
    error: Floats
    """By how much the true numbers differ from the pairs at most; NaN or infinite where that is not known."""

    @classmethod
    def of(cls, values: Floats) -> Pairs:
        """Doubles as they are."""
        zeros = np.zeros_like(values)
        return cls(high=values, low=zeros, error=zeros)

    def where(self, mask: NDArray[np.bool_]) -> Pairs:
        """The same numbers there, and 0 elsewhere."""
        return Pairs(**{name: np.where(mask, getattr(self, name), 0.0) for name in Pairs.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class PairForm:
    """An affine form ``y = constant + sum_s terms[s] @ h_s``, each parameter as a pair of doubles."""

    constant: tuple[Floats, Floats]
    """High and low, (n,)."""
    terms: Mapping[int, tuple[Floats, Floats]]
    """Source -> high and low, (n, size of that source)."""

    @classmethod
    def of(cls, form: AffineForm) -> PairForm:
        """A parameter beyond the doubles becomes infinite, so that no bound holds."""
        high, low = _pair(form.constant)
        return cls(constant=(high[:, 0], low[:, 0]), terms={s: _pair(matrix) for s, matrix in form.terms.items()})

    @property
    def num_products(self) -> int:
        """How many products there are in one entry, at most."""
        return sum(high.shape[1] for high, _ in self.terms.values())

    def __call__(self, one: Floats, sources: Mapping[int, Pairs]) -> Pairs:
        """(k, n): the values at k places; `one` (k,) is 1 for a point, 0 for a direction.

        With n products in a sum of size S, over absolute values, the low parts are n + 3 numbers of at most about u S,
        of which 4 n sums are taken, and what they leave out is three times u^2 S: together below 4 (n + 4)^2 u^2 S.
        """
        total, low = (part * one[:, None] for part in self.constant)
        size = np.abs(total)
        error = np.full_like(size, UNDERFLOW)
        for source, (matrix, matrix_low) in self.terms.items():
            h = sources[source]
            for i in np.flatnonzero(matrix.any(axis=0)).tolist():
                column, value = matrix[:, i], h.high[:, i, None]
                product, lost = two_product(value, column)
                total, lost_too = two_sum(total, product)
                low += (lost + lost_too) + (value * matrix_low[:, i] + h.low[:, i, None] * column)
            size += np.abs(h.high) @ np.abs(matrix.T)
            error += h.error @ np.abs(matrix.T)
        rounding = 4 * (self.num_products + 4) ** 2 * ROUNDOFF**2
        high, low = two_sum(total, low)
        return Pairs(high=high, low=low, error=(size * rounding + error) * (1 + 2.0**-20))


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded sum, and what rounding took away from it."""
    total = a + b
    share = total - a
    return total, (a - (total - share)) + (b - share)


def two_product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded product, and what rounding took away from it, up to underflow."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _split(a: Floats) -> tuple[Floats, Floats]:
    """Two numbers of 26 bits with sum a; NaN where a is larger than 2^996."""
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _pair(matrix: RationalMatrix) -> tuple[Floats, Floats]:
    if matrix.doubles is not None:
        return matrix.floats, np.zeros(matrix.shape)
    entries = [x for row in matrix.fractions() for x in row]
    high = [nearest_double(x) for x in entries]
    low = [nearest_double(x - type(x)(h)) if np.isfinite(h) else 0.0 for x, h in zip(entries, high, strict=True)]
    return np.reshape(high, matrix.shape), np.reshape(low, matrix.shape)
