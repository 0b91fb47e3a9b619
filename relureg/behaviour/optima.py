"""What a linear program is made of, and its proved answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from flint import fmpq

Row = tuple[int, ...]
"""An affine function ``row[0] + row[1:] . x`` with integer coefficients."""
Bound = Fraction | None


class Outcome(Enum):
    """How a program ends."""

    OPTIMAL = "optimal"
    EMPTY = "empty"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The proved answer of a program."""

    outcome: Outcome
    point: tuple[Fraction, ...] = ()
    """Where the maximum is attained; if unbounded, a point of the polyhedron."""
    value: Fraction = Fraction(0)
    """The maximum of ``c . x``."""
    ray: tuple[Fraction, ...] = ()
    """If unbounded, a direction of the polyhedron along which ``c . x`` grows."""
    multipliers: tuple[Fraction, ...] = ()
    """Of the rows, none negative: where bounds of coordinates hold, ``c . x`` plus the sum of multipliers times rows is
    at most the maximum; if empty, that sum alone is negative."""


def value_at(row: Sequence[int], point: Sequence[Fraction]) -> Fraction:
    """``row[0] + row[1:] . x``."""
    total = fmpq(row[0])
    for a, x in zip(row[1:], point, strict=True):
        if a:
            total += fmpq(a) * fmpq(x.numerator, x.denominator)
    return as_python(total)


def as_python(number: Any) -> Fraction:
    """A rational of flint as one of Python."""
    return Fraction(int(number.p), int(number.q))


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Rows ``>= 0`` and bounds of coordinates: a closed polyhedron in R^d."""

    rows: tuple[Row, ...]
    low: tuple[Bound, ...]
    """(d,): None where there is no bound."""
    high: tuple[Bound, ...]

    @property
    def dim(self) -> int:
        return len(self.low)

    def holds_at(self, point: Sequence[Fraction]) -> bool:
        """Whether a point lies in the polyhedron."""
        within = all(
            (lo is None or x >= lo) and (hi is None or x <= hi)
            for x, lo, hi in zip(point, self.low, self.high, strict=True)
        )
        return within and all(value_at(row, point) >= 0 for row in self.rows)
