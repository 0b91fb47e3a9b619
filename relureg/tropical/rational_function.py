"""Tropical rational functions: differences of tropical polynomials, the functions that ReLU networks compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked
from relureg.errors import UsageError
from relureg.exact.numbers import as_fraction
from relureg.exact.rational import RationalMatrix
from relureg.tropical.epigraph import common_denominator
from relureg.tropical.polynomial import TropicalPolynomial, Watch, largest_of


@dataclass(frozen=True, slots=True)
class TropicalRational:
    """``f - g`` for tropical polynomials f and g; tropically the quotient of f and g.

    The four operations are tropical: ``+`` is the maximum, ``*`` the sum, ``/`` the difference, and ``** q`` the
    multiple by any rational number q. Results are pruned, and a denominator of one monomial is divided out.

    Examples
    --------
    >>> x = TropicalRational.affine(0, [1])
    >>> zero = TropicalRational.affine(0, [0])
    >>> hat = (x * TropicalRational.affine(1, [0]) + zero) / (x + zero) ** 2
    >>> [int(hat([k])) for k in (-1, 0, 1, 2)]
    [0, 1, 0, -1]
    """

    numerator: TropicalPolynomial
    denominator: TropicalPolynomial

    def __post_init__(self) -> None:
        if self.numerator.dim != self.denominator.dim:
            raise UsageError(
                f"a numerator in {self.numerator.dim} and a denominator in {self.denominator.dim} variables do not fit"
            )

    @classmethod
    @checked
    def affine(cls, constant: Fraction | int, exponents: Sequence[Fraction | int]) -> TropicalRational:
        """An affine function."""
        return cls(TropicalPolynomial.affine(constant, exponents), TropicalPolynomial.affine(0, [0] * len(exponents)))

    @property
    def dim(self) -> int:
        """d, the number of variables."""
        return self.numerator.dim

    @property
    def has_integer_exponents(self) -> bool:
        return self.numerator.has_integer_exponents and self.denominator.has_integer_exponents

    @property
    def is_affine(self) -> bool:
        return self.numerator.num_monomials == self.denominator.num_monomials == 1

    @property
    def is_polynomial(self) -> bool:
        """Whether the denominator is the tropical one, the constant 0."""
        return self.denominator.monomials.is_zero and self.denominator.num_monomials == 1

    @checked
    def __call__(self, point: Sequence[Fraction | int | float]) -> Fraction:
        """The exact value at one point."""
        return self.numerator(point) - self.denominator(point)

    def values(self, points: Sequence[Sequence[Fraction | int | float]]) -> list[Fraction]:
        """The exact values at several points."""
        pairs = zip(self.numerator.values(points), self.denominator.values(points), strict=True)
        return [above - below for above, below in pairs]

    def product(self, watch: Watch | None = None) -> TropicalPolynomial:
        """The pruned F + G, on each of whose pieces F, G and F - G are affine."""
        return largest_of([[self.numerator, self.denominator]], watch)

    def is_same_function(self, other: TropicalRational, watch: Watch | None = None) -> bool:
        """Whether two quotients are one function: whether ``F + G'`` and ``F' + G`` have the same pruned form."""
        crossed = [[self.numerator, other.denominator]], [[other.numerator, self.denominator]]
        left, right = (largest_of(one, watch) for one in crossed)
        return left == right

    def __add__(self, other: TropicalRational) -> TropicalRational:
        if self.denominator == other.denominator:
            return _reduced([[self.numerator], [other.numerator]], [self.denominator])
        crossed = [[self.numerator, other.denominator], [other.numerator, self.denominator]]
        return _reduced(crossed, [self.denominator, other.denominator])

    def __mul__(self, other: TropicalRational) -> TropicalRational:
        return _reduced([[self.numerator, other.numerator]], [self.denominator, other.denominator])

    def __truediv__(self, other: TropicalRational) -> TropicalRational:
        return _reduced([[self.numerator, other.denominator]], [self.denominator, other.numerator])

    def __pow__(self, power: Fraction | int) -> TropicalRational:
        factor = as_fraction(power)
        parts = self.numerator ** abs(factor), self.denominator ** abs(factor)
        above, below = parts if factor >= 0 else parts[::-1]
        return _reduced([[above]], [below])


def _reduced(
    numerator: Sequence[Sequence[TropicalPolynomial]], denominator: Sequence[TropicalPolynomial]
) -> TropicalRational:
    """The quotient of a sum of products and a product, pruned; monomials in the denominator are divided out."""
    above, below = largest_of(numerator), largest_of([denominator])
    if below.num_monomials > 1:
        return TropicalRational(above, below)
    (rows, one), common = common_denominator([above.monomials, below.monomials])
    return TropicalRational(
        TropicalPolynomial.of_rows(RationalMatrix(np.array(rows - one, dtype=object), common)),
        TropicalPolynomial.affine(0, [0] * above.dim),
    )
