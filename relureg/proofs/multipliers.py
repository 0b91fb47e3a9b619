"""Integer multipliers that prove a cell empty beyond a row, made of what doubles propose, and verified exactly.

Let ``f_1, ..., f_m`` be positive on a cell and g a function that is to be positive there, too. If ``y_0 > 0`` and
``y_i >= 0`` make ``F = y_0 (-g) + sum of y_i f_i`` nowhere positive on the domain, then no point of the domain has
``f_i > 0`` for all i and ``g < 0``: F would be positive there.

1. Where walls bound every coordinate, about optimal multipliers will do, with few digits: the little that is left of
   the gradient moves F by little over the box.
2. Else F has to be constant. The rows that were met at the optimum are linearly independent, so that with g they have
   one combination with gradient 0, but for a factor: a null vector of integers.
3. Where a proposal was wrong, an exact descent finds the optimum (`exact_descent`), or a point that shows that there is
   nothing to prove.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from flint import fmpz_mat

from relureg.errors import CheckFailedError
from relureg.proofs.exact_descent import descend_exactly
from relureg.proofs.rows import Row, Walls

_DIGITS = (12, 24, 48)
"""Significant bits of rounded multipliers, to be tried one after the other."""
_LEAST = 1e-13
"""A multiplier of less than this part of the goal's, in rows with normals of length 1, is left out."""

Weights = list[tuple[int, Row]]
"""Positive integers and the rows that they weigh; the row of the goal, negated, comes first."""


def proved(goal: Row, weighed: Sequence[tuple[float, Row]], walls: Walls, *, may_round: bool = True) -> Weights | None:
    """Multipliers near the proposed ones that prove that `goal` is negative nowhere on the cell; None: these do not.

    Parameters
    ----------
    goal : Row
    weighed : sequence of (float, Row)
        What the goal's scaled normal is a combination of.
    walls : Walls
    may_round : bool
        Whether what walls bound may be used, as it may not where the goal is a wall itself.
    """
    terms = [(1.0, -goal), *((y, row) for y, row in weighed if y > _LEAST)]
    if may_round and walls.is_bounded:
        for bits in _DIGITS:
            found = _rounded(terms, bits)
            if found is not None and walls.is_nowhere_positive(total(found)):
                return found
    found = _combination([row for _, row in terms])
    if found is not None and not any((told := total(found))[1:]) and told[0] <= 0:
        return found
    return None


def found_exactly(goal: Row, rows: Sequence[Row], start: Sequence[Fraction]) -> Weights | tuple[Fraction, ...]:
    """Multipliers that prove that `goal` is negative nowhere on a cell, or a point of it where it is.

    Parameters
    ----------
    goal : Row
    rows : sequence of Row
        Which cut out the cell.
    start : sequence of d Fraction
        A point strictly inside.
    """
    outcome = descend_exactly(goal, rows, start)
    if outcome.point is not None:
        return outcome.point
    over = math.lcm(*(y.denominator for y, _ in outcome.multipliers))
    terms = [(over, -goal), *((int(y * over), row) for y, row in outcome.multipliers if y)]
    found = _reduced(terms)
    told = total(found)
    if any(told[1:]) or told[0] > 0:
        raise CheckFailedError("multipliers of an exact descent do not add up; please report the network")
    return found


def total(weights: Weights) -> list[int]:
    """The combination, as integers over the largest `over` of its rows, of which the others are divisors."""
    top = max(row.over for _, row in weights)
    sums = [0] * len(weights[0][1].integers)
    for weight, row in weights:
        factor = weight * (top // row.over)
        sums = [a + factor * b for a, b in zip(sums, row.integers, strict=True)]
    return sums


def _rounded(terms: Sequence[tuple[float, Row]], bits: int) -> Weights | None:
    """Multipliers of so many significant bits, over a common power of two."""
    split = [math.frexp(y * row.weight) for y, row in terms]
    if not all(0 < mantissa < 1 for mantissa, _ in split):
        return None  # beyond the doubles
    lowest = min(exponent for _, exponent in split)
    rounded = [round(math.ldexp(mantissa, bits)) << (exponent - lowest) for mantissa, exponent in split]
    return _reduced([(weight, row) for weight, (_, row) in zip(rounded, terms, strict=True)])


def _combination(rows: Sequence[Row]) -> Weights | None:
    """The one combination of rows with gradient 0, positive weights and the first row; None where there is none."""
    contents = [math.gcd(*row.integers) for row in rows]
    primitive = [[entry // content for entry in row.integers[1:]] for row, content in zip(rows, contents, strict=True)]
    kernel, nullity = fmpz_mat([list(column) for column in zip(*primitive, strict=True)]).nullspace()
    if nullity != 1:
        return None
    weights = [int(kernel[k, 0]) for k in range(len(rows))]
    sign = -1 if weights[0] < 0 else 1
    if not weights[0] or min(sign * weight for weight in weights) < 0:
        return None
    # Of functions, which are their primitive rows times a content over `over`.
    common = math.lcm(*contents)
    exact = [sign * w * row.over * (common // c) for w, row, c in zip(weights, rows, contents, strict=True)]
    return _reduced([(y, row) for y, row in zip(exact, rows, strict=True) if y])


def _reduced(terms: Sequence[tuple[int, Row]]) -> Weights:
    common = math.gcd(*(weight for weight, _ in terms))
    return [(weight // common, row) for weight, row in terms]
