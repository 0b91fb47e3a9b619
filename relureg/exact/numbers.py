"""Single exact numbers: fractions of finite floats, and the doubles nearest to fractions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from relureg.errors import UsageError

Number = Fraction | float | int
"""What is taken for an exact number: a float for the dyadic rational it is."""


def as_fraction(value: Fraction | float | int) -> Fraction:
    """A finite number, exactly; a NumPy scalar is taken for the Python number it equals.

    Raises
    ------
    ValueError
        The value is NaN or infinite.

    Examples
    --------
    >>> as_fraction(0.75), as_fraction(np.uint8(3))
    (Fraction(3, 4), Fraction(3, 1))
    """
    # A Fraction of a NumPy integer would keep its 8 to 64 bits, and wrap around in what follows.
    number = value.item() if isinstance(value, np.generic) else value
    try:
        return Fraction(number)
    except OverflowError as error:
        raise ValueError(f"{number} is not a finite number") from error


def exact_point(point: Sequence[Number], dim: int) -> tuple[Fraction, ...]:
    """A point of `dim` coordinates, exactly.

    Raises
    ------
    UsageError
        Another number of coordinates, or one that is NaN, infinite or no number.

    Examples
    --------
    >>> exact_point([0.5, 2], 2)
    (Fraction(1, 2), Fraction(2, 1))
    """
    if len(point) != dim:
        raise UsageError(f"a point needs {dim} coordinates, not {len(point)}")
    try:
        return tuple(map(as_fraction, point))
    except (TypeError, ValueError) as error:
        raise UsageError(f"a point needs finite coordinates: {error}") from error


def as_double(value: Fraction) -> float | None:
    """The double that equals `value`, or None when no double does.

    Examples
    --------
    >>> as_double(Fraction(1, 4)), as_double(Fraction(1, 3))
    (0.25, None)
    """
    try:
        rounded = value.numerator / value.denominator
    except OverflowError:
        return None
    return rounded if Fraction(rounded) == value else None


def nearest_double(value: Fraction) -> float:
    """The nearest double; infinite where `value` is beyond all of them."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def double_below(value: Fraction) -> float:
    """A double that is no larger: the number itself where it is one, else a neighbour; -inf below all of them.

    Examples
    --------
    >>> double_below(Fraction(1, 4)), double_below(Fraction(1, 10)) < Fraction(1, 10)
    (0.25, True)
    """
    near = nearest_double(value)
    return near if math.isfinite(near) and Fraction(near) <= value else math.nextafter(near, -math.inf)


def nearest_root(value: Fraction) -> float:
    """The double nearest to the square root of a number that is not negative; infinite beyond all of them.

    Examples
    --------
    >>> nearest_root(Fraction(2)), nearest_root(Fraction(9, 4)), nearest_root(Fraction(1, 10**700))
    (1.4142135623730951, 1.5, 0.0)
    """
    # The root times 2^places, rounded down, has 64 bits at least. Where it is not exact, half a unit more stands for
    # what lies between it and the next integer: no double does, and none lies halfway between two.
    places = max(0, 65 + (value.denominator.bit_length() - value.numerator.bit_length()) // 2)
    scaled = (value.numerator << 2 * places) // value.denominator
    root = math.isqrt(scaled)
    is_exact = Fraction(root**2) == value * 4**places
    return nearest_double(Fraction(2 * root + (not is_exact), 2 << places))


def primitive(row: Sequence[int]) -> tuple[int, ...]:
    """Scale a row of integers by a positive number so that they are coprime (zero stays zero).

    Examples
    --------
    >>> primitive([4, -6, 0])
    (2, -3, 0)
    """
    divisor = math.gcd(*row)
    return tuple(row) if divisor <= 1 else tuple(entry // divisor for entry in row)
