r"""Signs from doubles, decided wherever a proven bound of the rounding allows it: the filter before exact arithmetic.

An operation on doubles gives its exact result times 1 + e with ``|e| <= u = 2^-53``, and near 0 it loses up to 2^-1074
besides; so a number with at most n roundings on its way, in whatever order its terms were summed up, is off by at most
``gamma_n = n u / (1 - n u)`` times the same sum over absolute values (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., Lemma 3.1 and Section 4.2).

Take an affine form ``z = c + sum_s W_s h_s``, whose parameters are rounded to doubles once, at computed values h' with
``|h' - h| <= e``. Put ``z' = c + sum W h'``, without rounding. Then

* ``|fl(z) - z'| <= gamma_n (|c| + sum |W| |h'|)``, where n counts for each term the rounding of its parameter, that of
  its product and those of the sums it is in;
* ``|z' - z| <= sum |W| e``;
* what underflows is lost besides: 2^-1074 in each product, and in each parameter, of which the value makes up to
  2^-1074 (|h'| + e). Of fewer than 2^100 terms this is less than ``2^-900 (1 + sum (|h'| + e))``.

So ``|fl(z) - z|`` is at most ``gamma_n |c| + sum |W| (gamma_n |h'| + e) + 2^-900 (1 + sum (|h'| + e))``. The bound is
itself computed in doubles, with the rounded |W|: fewer than 2^30 roundings, each of relative size u, of numbers that
are not negative, which a factor 1 + 2^-20 covers. As ``max(z, 0)`` moves no two numbers apart, the bound holds for the
units, too, and goes on to the next stage. Where a sum overflows, fl(z) is infinite or NaN and says nothing.

A sign is that of fl(z) where ``|fl(z)|`` is larger than the bound; any other one is left to exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import Floats, Matrix, forward

ROUNDOFF = 2.0**-53
"""u, of one operation."""

UNDERFLOW = 2.0**-900
"""More than all that numbers near 0 can lose in one sum, in which each loses at most 2^-1074."""

SLACK = 1 + 2.0**-20
"""Covers the rounding of a bound that is computed in doubles itself."""

FLOOR = 2.0**-500
"""Factors in bounds that are no smaller have a product that is not 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounded:
    """Numbers as doubles compute them."""

    value: Floats
    error: Floats
    """By how much the exact numbers differ from `value` at most; NaN or infinite where that is not known."""

    @classmethod
    def exactly(cls, value: Floats) -> Rounded:
        """Doubles as they are."""
        return cls(value=value, error=np.zeros_like(value))

    @property
    def signs(self) -> NDArray[np.int8]:
        """1 or -1 where no other sign is possible, 0 where it is open.

        Examples
        --------
        >>> value, error = np.array([2.0, -1e-20, 1.0, np.inf, np.nan]), np.array([1e-16, 0.0, 1.0, 1.0, 0.0])
        >>> Rounded(value=value, error=error).signs.tolist()
        [1, -1, 0, 0, 0]
        """
        is_certain = (np.abs(self.value) > self.error) & np.isfinite(self.value)
        return np.where(is_certain, np.sign(self.value), 0).astype(np.int8)

    @property
    def rectified(self) -> Rounded:
        """``max(z, 0)`` of each number z."""
        return Rounded(value=np.maximum(self.value, 0.0), error=self.error)

    def where(self, mask: NDArray[np.bool_], other: Rounded | None = None) -> Rounded:
        """The same numbers there, elsewhere others, which are 0 if none are given."""
        value, error = (0.0, 0.0) if other is None else (other.value, other.error)
        return Rounded(value=np.where(mask, self.value, value), error=np.where(mask, self.error, error))


def gamma(num_roundings: int) -> float:
    """The relative error that so many roundings add up to at most, against sums of absolute values."""
    total = num_roundings * ROUNDOFF
    return total / (1 - total)


def floored(sizes: Floats) -> Floats:
    """Numbers that are not negative, those that are not 0 no smaller than `FLOOR`."""
    return _floored_where(sizes != 0, sizes)


def affine_error(
    constant: Floats,
    terms: Iterable[tuple[Matrix, Rounded]],
    num_roundings: int,
    count: int,
    *,
    keeps_zeros: bool = False,
) -> Floats:
    """(count, n): by how much an affine form in doubles differs from the exact one at most.

    Parameters
    ----------
    constant : (n,)
        ``|c|``; zeros for the linear part alone.
    terms : iterable of pairs
        For each source ``|W|`` (n, size), and h' with e, (count, size).
    num_roundings : int
        n of the derivation: no term has more.
    count : int
        The number of points.
    keeps_zeros : bool, optional
        No parameter that is not 0 is 0 in doubles, nor is an entry of ``|W|`` between 0 and `FLOOR`. Then the error is
        0 where all terms are: there the form itself is 0.
    """
    share = gamma(num_roundings)
    bound = np.tile(_floored_where(constant != 0, constant * share), (count, 1))
    sizes = np.zeros((count, 1))
    for absolute, h in terms:
        size = np.abs(h.value)
        total = size + h.error
        bound += forward(_floored_where(total != 0, size * share + h.error), absolute)
        sizes += total.sum(axis=1, keepdims=True)
    error = bound * SLACK + (sizes + 1) * UNDERFLOW
    return np.where(bound == 0, 0.0, error) if keeps_zeros else error


def _floored_where(mask: NDArray[np.bool_], sizes: Floats) -> Floats:
    """The same where a mask says which numbers are not 0, whatever underflow made of them."""
    return np.where(mask, np.maximum(sizes, FLOOR), 0.0)
