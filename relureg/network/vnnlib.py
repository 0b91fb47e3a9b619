"""The input constraints of a VNN-LIB property, as a domain.

VNN-LIB (Demarchi, Guidotti, Pulina, Tacchella 2023; https://www.vnnlib.org) writes a property as SMT-LIB assertions
over inputs ``X_0, X_1, ...`` and outputs ``Y_0, Y_1, ...``. A domain is what the assertions on inputs alone, joined by
"and", say; those on outputs are left out. Numbers are taken for the doubles they parse to, as everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction

from relureg.errors import DataError
from relureg.network.domain import Domain

_TOKEN = re.compile(r"\s*(?:;[^\n]*|([()])|([^\s();]+))")
_INPUT = re.compile(r"X_(\d+)")
MAX_DEPTH = 100
"""Deepest nesting that is read; no property needs a tenth of it."""

Expression = str | list["Expression"]
Linear = dict[int, Fraction]
"""Coefficients by input number; -1 is the constant."""


def read(text: str, dim: int, name: str) -> Domain:
    """The domain in R^dim that a property's input constraints state.

    Raises
    ------
    DataError
        The text is no VNN-LIB, names inputs that the network has not, or its input constraints are not linear or not
        one polyhedron.
    """
    rows = [row for expression in _parse(text) for row in _constraints(expression)]
    if not rows:
        raise DataError("states no constraint on inputs X_0, X_1, ...")
    largest = max(max(row) for row in rows)
    if largest >= dim:
        raise DataError(f"constrains X_{largest}, but the network has the inputs X_0 to X_{dim - 1}")
    domain = _as_box(rows, dim)
    if domain is None:
        # Each row says row <= 0.
        domain = Domain.polytope(
            [[row.get(axis, Fraction(0)) for axis in range(dim)] for row in rows],
            [-row.get(-1, Fraction(0)) for row in rows],
        )
    return Domain(
        constants=domain.constants,
        normals=domain.normals,
        label=f"inputs of {name}" if dim > 4 or not domain.label.startswith("box") else domain.label,
        equations=domain.equations,
    )


def _as_box(rows: list[Linear], dim: int) -> Domain | None:
    """The tightest bounds, where every row bounds one input."""
    low: list[Fraction | float] = [-math.inf] * dim
    high: list[Fraction | float] = [math.inf] * dim
    for row in rows:
        axes = [axis for axis, factor in row.items() if axis >= 0 and factor]
        if len(axes) != 1:
            return None
        (axis,) = axes
        bound = -row.get(-1, Fraction(0)) / row[axis]
        if row[axis] > 0:
            high[axis] = min(high[axis], bound)
        else:
            low[axis] = max(low[axis], bound)
    return Domain.box(low, high)


def _parse(text: str) -> list[Expression]:
    stack: list[list[Expression]] = [[]]
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            break  # white space at the end
        position = match.end()
        if match[1] == "(":
            if len(stack) > MAX_DEPTH:
                raise DataError("is nested too deeply")
            stack.append([])
        elif match[1] == ")":
            if len(stack) == 1:
                raise DataError("has a closing parenthesis too many")
            done = stack.pop()
            stack[-1].append(done)
        elif match[2]:
            stack[-1].append(match[2])
    if len(stack) > 1:
        raise DataError("ends inside a parenthesis; the file is truncated")
    return stack[0]


def _constraints(expression: Expression) -> Iterator[Linear]:
    """What an assertion says of inputs alone, as rows that are <= 0."""
    if not isinstance(expression, list) or not expression:
        raise DataError(f"is no VNN-LIB: {expression!r} stands outside of parentheses")
    head, *rest = expression
    if head == "assert" and len(rest) == 1:
        yield from _formula(rest[0])
    elif head not in ("declare-const", "declare-fun", "set-logic", "set-info", "check-sat", "exit"):
        raise DataError(f"is not understood at {_shown(expression)}; declarations and assertions are read")


def _formula(formula: Expression) -> Iterator[Linear]:
    names = set(_names(formula))
    if not any(_INPUT.fullmatch(name) for name in names):
        return  # on outputs
    if any(name.startswith("Y_") for name in names):
        raise DataError(f"joins inputs and outputs in {_shown(formula)}, which is no domain of inputs")
    assert isinstance(formula, list)
    head, *rest = formula
    if head == "and":
        for part in rest:
            yield from _formula(part)
    elif head == "or":
        if len(rest) != 1:
            raise DataError(f"states a union of {len(rest)} input sets; write one of them to a file of its own")
        yield from _formula(rest[0])
    elif head in ("<=", ">=", "<", ">", "=") and len(rest) == 2:
        left, right = (_linear(side) for side in rest)
        difference = {k: left.get(k, Fraction(0)) - right.get(k, Fraction(0)) for k in left | right}
        if head in ("<=", "<", "="):
            yield difference
        if head in (">=", ">", "="):
            yield {k: -factor for k, factor in difference.items()}
    else:
        raise DataError(f"has {_shown(formula)}, which is no linear constraint")


def _linear(term: Expression) -> Linear:
    if isinstance(term, str):
        found = _INPUT.fullmatch(term)
        if found:
            return {int(found[1]): Fraction(1)}
        try:
            return {-1: Fraction(float(term))}
        except (ValueError, OverflowError) as error:
            raise DataError(f"has {term!r} where a number or an input X_i belongs") from error
    if not term:
        raise DataError("has an empty term")
    head, *rest = term
    values = [_linear(part) for part in rest]
    if head == "+" or (head == "-" and len(values) > 1):
        signs = [1] + [1 if head == "+" else -1] * (len(values) - 1)
        total: Linear = {}
        for sign, value in zip(signs, values, strict=True):
            for k, factor in value.items():
                total[k] = total.get(k, Fraction(0)) + sign * factor
        return total
    if head == "-" and values:
        return {k: -factor for k, factor in values[0].items()}
    if head == "*" and len(values) == 2:
        for number, other in (values, values[::-1]):
            if set(number) <= {-1}:
                return {k: number.get(-1, Fraction(0)) * entry for k, entry in other.items()}
    if head == "/" and len(values) == 2 and set(values[1]) == {-1} and values[1][-1]:
        return {k: entry / values[1][-1] for k, entry in values[0].items()}
    raise DataError(f"has {_shown(term)}, which is not linear")


def _names(expression: Expression) -> Iterator[str]:
    if isinstance(expression, str):
        yield expression
    else:
        for part in expression:
            yield from _names(part)


def _shown(expression: Expression) -> str:
    def text(part: Expression) -> str:
        return part if isinstance(part, str) else "(" + " ".join(map(text, part)) + ")"

    shown = text(expression)
    return shown if len(shown) < 80 else shown[:77] + "..."
