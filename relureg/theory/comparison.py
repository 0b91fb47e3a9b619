"""What a theorem compares: two exact numbers, in the words of its verdict; or why it does not apply."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Number = Fraction | int

NOT_WHOLE = "for the whole space, not for a domain"
NOT_CONNECTED = "the graph is not connected"
NOT_GENERIC = "for networks whose facets flip one unit each"
ONE_LAYER = "for one hidden layer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two numbers compare."""

    holds: bool | None
    """None where the theorem does not apply."""
    lhs: Number | None = None
    rhs: Number | None = None
    detail: str = ""
    """The comparison with its numbers, or why the theorem does not apply."""


def not_applicable(reason: str) -> Comparison:
    """The theorem says nothing here."""
    return Comparison(holds=None, detail=reason)


def at_most(lhs: Number, rhs: Number) -> Comparison:
    """Whether ``lhs <= rhs``."""
    return _compared(lhs, rhs, "<=" if lhs <= rhs else ">", holds=lhs <= rhs)


def below(lhs: Number, rhs: Number) -> Comparison:
    """Whether ``lhs < rhs``."""
    return _compared(lhs, rhs, "<" if lhs < rhs else ">=", holds=lhs < rhs)


def equal(lhs: Number, rhs: Number) -> Comparison:
    """Whether ``lhs = rhs``."""
    return _compared(lhs, rhs, "=" if lhs == rhs else "!=", holds=lhs == rhs)


def _compared(lhs: Number, rhs: Number, relation: str, *, holds: bool) -> Comparison:
    detail = f"{number_text(lhs)} {relation} {number_text(rhs)}"
    return Comparison(holds=holds, lhs=lhs, rhs=rhs, detail=detail)


def number_text(value: Number) -> str:
    """A number as reports print it; long integers by their size."""
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    whole = int(value)
    return str(whole) if abs(whole) < 10**18 else f"about 2^{whole.bit_length() - 1}"
