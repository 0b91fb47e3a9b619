"""One small linear program in rationals: how small a function becomes on a cell, with its proof.

The descent of `descent`, where doubles do not decide: steps to the nearest row, and Bland's rule [Bla77], by which
it ends. It is called where a proposal has failed, and is slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_mat

from relureg.errors import CheckFailedError
from relureg.proofs.rows import Row

_Vector = list[Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactDescent:
    """A point where the function is negative, or multipliers by which it is not."""

    point: tuple[Fraction, ...] | None
    """On the closed cell, beyond the function's hyperplane; on an open one after any small step inwards."""
    multipliers: tuple[tuple[Fraction, Row], ...]
    """The function is the sum of these times rows, and a constant that is not negative."""


def descend_exactly(goal: Row, rows: Sequence[Row], start: Sequence[Fraction]) -> ExactDescent:
    """Go down from a point inside until the goal is negative, or no lower."""
    normals = [_normal(row) for row in rows]
    constants = [Fraction(row.integers[0], row.over) for row in rows]
    gradient, offset = _normal(goal), Fraction(goal.integers[0], goal.over)
    point, met = list(start), list[int]()
    while True:
        multipliers, rest = _project(gradient, [normals[k] for k in met])
        if not any(rest):
            negative = [k for k, y in zip(met, multipliers, strict=True) if y < 0]
            if not negative:
                told = tuple((y, rows[k]) for y, k in zip(multipliers, met, strict=True))
                if offset + _product(gradient, point) < 0:
                    raise CheckFailedError("an exact descent went past 0 unseen; please report the network")
                return ExactDescent(point=None, multipliers=told)
            met.remove(min(negative))
            continue
        way = [-x for x in rest]
        slopes = [_product(normal, way) for normal in normals]
        reaches = [
            ((constants[k] + _product(normals[k], point)) / -slope, k)
            for k, slope in enumerate(slopes)
            if slope < 0 and k not in met
        ]
        height, fall = offset + _product(gradient, point), -_product(gradient, way)
        furthest, first = min(reaches, default=(height / fall + 1, -1))
        if height - furthest * fall < 0:
            return ExactDescent(point=tuple(x + furthest * v for x, v in zip(point, way, strict=True)), multipliers=())
        point = [x + furthest * v for x, v in zip(point, way, strict=True)]
        met.append(first)


def _normal(row: Row) -> _Vector:
    return [Fraction(entry, row.over) for entry in row.integers[1:]]


def _product(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def _project(gradient: _Vector, held: Sequence[_Vector]) -> tuple[_Vector, _Vector]:
    """The gradient by normals that are linearly independent, and what is left of it."""
    if not held:
        return [], gradient
    gram = fmpq_mat(len(held), len(held), [_rational(_product(a, b)) for a in held for b in held])
    right = fmpq_mat(len(held), 1, [_rational(_product(normal, gradient)) for normal in held])
    solved = gram.solve(right)
    multipliers = [Fraction(int(solved[k, 0].p), int(solved[k, 0].q)) for k in range(len(held))]
    taken = [sum((y * normal[j] for y, normal in zip(multipliers, held, strict=True)), Fraction(0))
             for j in range(len(gradient))]  # fmt: skip
    return multipliers, [x - t for x, t in zip(gradient, taken, strict=True)]


def _rational(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)
