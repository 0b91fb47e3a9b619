"""Tropical polynomials: maxima of finitely many affine functions, with rational coefficients and exponents.

The tropical sum of two numbers is their maximum, the tropical product their ordinary sum. A monomial
``c (x) x^a`` is the affine function ``c + a . x``; exponents may be any rational numbers, so that any weight of a
network is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked
from relureg.errors import UsageError
from relureg.exact.numbers import as_fraction, exact_point
from relureg.exact.rational import RationalMatrix
from relureg.tropical.epigraph import Hull, common_denominator, upper_hull

Exponents = tuple[Fraction, ...]
Watch = Callable[[int], None]
"""Called with the number of monomials that a result has so far; may raise to stop."""


@dataclass(frozen=True, slots=True)
class TropicalPolynomial:
    """``max over k of (c_k + a_k . x)``, exactly.

    ``f + g`` is the tropical sum ``max(f, g)``, ``f * g`` the tropical product ``f + g``, ``f ** q`` the tropical power
    ``q f`` for a rational q >= 0. These write every monomial down; `pruned` keeps those that matter.

    Parameters
    ----------
    monomials : RationalMatrix, shape (m, 1 + d)
        A row is coefficient and exponents; rows ascend by exponents, and no exponent stands twice. `of_rows` brings
        any rows into this form.

    Examples
    --------
    >>> f = TropicalPolynomial.of_terms({(2,): 0, (1,): 2, (0,): -4})
    >>> f([Fraction(1, 2)])
    Fraction(5, 2)
    >>> (f * f).num_monomials, (f * f).pruned().num_monomials
    (5, 3)
    >>> (f * f).pruned() == f**2
    True
    """

    monomials: RationalMatrix

    @classmethod
    def of_rows(cls, rows: RationalMatrix) -> TropicalPolynomial:
        """The maximum of the affine functions ``row[0] + row[1:] . x``; of equal exponents the larger one is kept."""
        if not rows.shape[0]:
            raise UsageError("a tropical polynomial needs at least one monomial")
        best: dict[tuple[int, ...], int] = {}
        for constant, *exponents in rows.numerators.tolist():
            key = tuple(exponents)
            if key not in best or constant > best[key]:
                best[key] = constant
        numerators = np.array([[best[key], *key] for key in sorted(best)], dtype=object)
        return cls(RationalMatrix(numerators.reshape(len(best), -1), rows.denominator))

    @classmethod
    def of_terms(cls, terms: Mapping[Sequence[Fraction | int | float], Fraction | int | float]) -> TropicalPolynomial:
        """From exponents to coefficient; floats are taken as the dyadic rationals they are."""
        dims = {len(exponents) for exponents in terms}
        if len(dims) > 1:
            raise UsageError(f"exponents of {sorted(dims)} entries; all need as many as there are variables")
        rows = [[as_fraction(c), *map(as_fraction, exponents)] for exponents, c in terms.items()]
        return cls.of_rows(RationalMatrix.from_fractions(rows, 1 + next(iter(dims), 0)))

    @classmethod
    @checked
    def affine(cls, constant: Fraction | int, exponents: Sequence[Fraction | int]) -> TropicalPolynomial:
        """One monomial."""
        return cls(RationalMatrix.from_fractions([[constant, *exponents]], 1 + len(exponents)))

    # -- reading -----------------------------------------------------------------------------------

    @property
    def dim(self) -> int:
        """d, the number of variables."""
        return self.monomials.shape[1] - 1

    @property
    def num_monomials(self) -> int:
        return self.monomials.shape[0]

    @property
    def terms(self) -> dict[Exponents, Fraction]:
        """Exponents -> coefficient, exponents ascending."""
        return {tuple(exponents): constant for constant, *exponents in self.monomials.fractions()}

    @property
    def has_integer_exponents(self) -> bool:
        return self.monomials.columns(slice(1, None)).is_integral

    @checked
    def __call__(self, point: Sequence[Fraction | int | float]) -> Fraction:
        """The exact value at one point."""
        return self.values([point])[0]

    def values(self, points: Sequence[Sequence[Fraction | int | float]]) -> list[Fraction]:
        """The exact values at several points."""
        columns = _homogeneous(points, self.dim)
        numerators = (self.monomials.numerators @ columns.numerators).max(axis=0)
        denominator = self.monomials.denominator * columns.denominator
        return [Fraction(numerator, denominator) for numerator in numerators.tolist()]

    def maximal(self, point: Sequence[Fraction | int | float]) -> list[int]:
        """The monomials that attain the maximum at a point; the point lies on the hypersurface if there are two.

        Of a pruned polynomial: monomials that do not matter may attain it too.
        """
        values = (self.monomials.numerators @ _homogeneous([point], self.dim).numerators)[:, 0]
        return [int(index) for index in np.flatnonzero(values == values.max())]

    # -- algebra -----------------------------------------------------------------------------------

    def __add__(self, other: TropicalPolynomial) -> TropicalPolynomial:
        _check_dims([self, other])
        return self.of_rows(RationalMatrix.vstack([self.monomials, other.monomials], 1 + self.dim))

    def __mul__(self, other: TropicalPolynomial) -> TropicalPolynomial:
        _check_dims([self, other])
        (left, right), denominator = common_denominator([self.monomials, other.monomials])
        sums = (left[:, None, :] + right[None, :, :]).reshape(-1, 1 + self.dim)
        return self.of_rows(RationalMatrix(sums, denominator))

    def __pow__(self, power: Fraction | int) -> TropicalPolynomial:
        if power < 0:
            raise UsageError(f"the tropical power {power} of a polynomial is none; take a quotient")
        if power == 0:
            return self.affine(0, [0] * self.dim)
        factor = as_fraction(power)
        rows = RationalMatrix(self.monomials.numerators * factor.numerator, self.monomials.denominator)
        return TropicalPolynomial(RationalMatrix(rows.numerators, rows.denominator * factor.denominator))

    def shifted(self, constant: Fraction | int) -> TropicalPolynomial:
        """``f + constant`` in ordinary arithmetic."""
        return self * self.affine(constant, [0] * self.dim)

    def pruned(self, watch: Watch | None = None) -> TropicalPolynomial:
        """The same function by the monomials that are maximal on an open set.

        They are the vertices of the upper hull of the lifted exponents (a, c); which they are is decided exactly.
        """
        return largest_of([[self]], watch)

    def hull(self, watch: Watch | None = None) -> Hull:
        """The epigraph: monomials that matter, vertices and rays, in units of the denominator of `monomials`."""
        return upper_hull([[self.monomials.numerators]], watch)


def largest_of(alternatives: Sequence[Sequence[TropicalPolynomial]], watch: Watch | None = None) -> TropicalPolynomial:
    """The pruned tropical sum of tropical products, ``max over alternatives of the sum of factors``.

    Products are not expanded: the work follows the number of monomials that the result has.

    Examples
    --------
    >>> steps = [TropicalPolynomial.of_terms({(1,): -k, (0,): 0}) for k in range(40)]
    >>> largest_of([steps]).num_monomials  # of 2 ** 40
    41
    """
    flat = [polynomial for factors in alternatives for polynomial in factors]
    _check_dims(flat)
    matrices, denominator = common_denominator([polynomial.monomials for polynomial in flat])
    remaining = iter(matrices)
    hull = upper_hull([[next(remaining) for _ in factors] for factors in alternatives], watch)
    return TropicalPolynomial(RationalMatrix(hull.rows, denominator))


def _check_dims(polynomials: Iterable[TropicalPolynomial]) -> None:
    dims = sorted({polynomial.dim for polynomial in polynomials})
    if len(dims) != 1:
        raise UsageError(f"polynomials in {' and '.join(map(str, dims))} variables cannot be combined")


def _homogeneous(points: Sequence[Sequence[Fraction | int | float]], dim: int) -> RationalMatrix:
    """The points as columns (1, x)."""
    return RationalMatrix.from_fractions([[1, *exact_point(point, dim)] for point in points], 1 + dim).T
