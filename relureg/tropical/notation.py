"""Tropical functions as text, in the notation with max and in the tropical one; `expression.parse` reads both."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from relureg.tropical.polynomial import TropicalPolynomial
from relureg.tropical.rational_function import TropicalRational


def variable_names(dim: int) -> tuple[str, ...]:
    """``x`` for one variable, ``x0, x1, ...`` for several, as ``--box`` names the inputs."""
    return ("x",) if dim == 1 else tuple(f"x{axis}" for axis in range(dim))


def in_max_notation(function: TropicalPolynomial | TropicalRational, names: Sequence[str] = ()) -> str:
    """Ordinary arithmetic and max; monomials of large exponents first.

    Examples
    --------
    >>> in_max_notation(TropicalPolynomial.of_terms({(2,): 0, (Fraction(1, 2),): 2, (0,): -4}))
    'max(2x, 1/2 x + 2, -4)'
    """
    if isinstance(function, TropicalRational):
        above = in_max_notation(function.numerator, names)
        if function.is_polynomial:
            return above
        below = in_max_notation(function.denominator, names)
        return f"{above} - {below if below.startswith('max') else f'({below})'}"
    shown = names or variable_names(function.dim)
    parts = [_affine(constant, exponents, shown) for exponents, constant in reversed(function.terms.items())]
    return parts[0] if len(parts) == 1 else f"max({', '.join(parts)})"


def in_tropical_notation(function: TropicalPolynomial | TropicalRational, names: Sequence[str] = ()) -> str:
    """Tropical sums, products, powers and quotients; a coefficient 0, the tropical one, is left out.

    Examples
    --------
    >>> in_tropical_notation(TropicalPolynomial.of_terms({(2,): 0, (Fraction(1, 2),): 2, (0,): -4}))
    'x^2 ⊕ 2⊗x^(1/2) ⊕ -4'
    """
    if isinstance(function, TropicalRational):
        above = in_tropical_notation(function.numerator, names)
        if function.is_polynomial:
            return above
        return f"({above}) ⊘ ({in_tropical_notation(function.denominator, names)})"
    shown = names or variable_names(function.dim)
    return " ⊕ ".join(_monomial(constant, exponents, shown) for exponents, constant in reversed(function.terms.items()))


def _affine(constant: Fraction, exponents: Sequence[Fraction], names: Sequence[str]) -> str:
    text = ""
    for exponent, name in zip(exponents, names, strict=True):
        if exponent:
            size = abs(exponent)
            factor = "" if size == 1 else str(size) if size.denominator == 1 else f"{size} "
            text += f"{_sign(exponent, first=not text)}{factor}{name}"
    if constant or not text:
        text += f"{_sign(constant, first=not text)}{abs(constant)}"
    return text


def _sign(value: Fraction, *, first: bool) -> str:
    if first:
        return "-" if value < 0 else ""
    return " - " if value < 0 else " + "


def _monomial(constant: Fraction, exponents: Sequence[Fraction], names: Sequence[str]) -> str:
    factors = [_power(name, exponent) for exponent, name in zip(exponents, names, strict=True) if exponent]
    if constant or not factors:
        factors.insert(0, str(constant))
    return "⊗".join(factors)


def _power(name: str, exponent: Fraction) -> str:
    if exponent == 1:
        return name
    return f"{name}^{exponent}" if exponent.denominator == 1 and exponent > 0 else f"{name}^({exponent})"
