"""The formulas of a VNN-LIB property: affine terms, comparisons and what joins them, brought to a normal form.

A negation is moved inwards, to the comparisons, and constants are folded, so that a formula is true, false, one
comparison ``affine <= 0`` or ``< 0``, or an "and" or "or" of at least two different ones.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from relureg.readers.texts import parse_number
from relureg.readers.vnnlib.names import Names
from relureg.readers.vnnlib.s_expressions import Expression, Symbol, refusal

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMPARISONS = {"<=", ">=", "<", ">", "=", "=="}
_READ = "and, or, not, =>, <=, >=, <, >, =, distinct, +, -, *, /"

Key = int | str
"""An input by its number, an output by its name."""
Affine = dict[Key, Fraction]
"""Coefficients; the constant is that of the name that nothing has."""
_ONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``constant + sum of coefficients times inputs and outputs <= 0``, or ``< 0``."""

    coefficients: tuple[tuple[Key, Fraction], ...]
    """None of them is 0, and there is one at least."""
    constant: Fraction
    is_strict: bool
    source: Expression = field(compare=False, repr=False)

    @property
    def reads(self) -> set[str]:
        """Of "inputs" and "outputs" those that it depends on."""
        return {"inputs" if isinstance(key, int) else "outputs" for key, _ in self.coefficients}


@dataclass(frozen=True, slots=True, kw_only=True)
class Junction:
    """Formulas joined by "and" or "or"."""

    kind: Literal["and", "or"]
    parts: tuple[Comparison | Junction, ...]
    source: Expression = field(compare=False, repr=False)

    @property
    def reads(self) -> set[str]:
        """Of "inputs" and "outputs" those that it depends on."""
        return set().union(*(part.reads for part in self.parts))


Formula = bool | Comparison | Junction


def formula(expression: Expression, names: Names, *, holds: bool = True) -> Formula:
    """The normal form of an expression, or, unless it `holds`, of its negation.

    Raises
    ------
    DataError
        A name is not known, a term is not affine, or an operator is not read; says in which line.
    """
    if isinstance(expression, Symbol):
        if expression.text in ("true", "false") and not expression.is_text:
            return (expression.text == "true") == holds
        raise refusal(expression, "stands where a formula belongs")
    arguments = expression.arguments
    match expression.head:
        case "and" | "or" as head if arguments:
            kind: Literal["and", "or"] = "and" if (head == "and") == holds else "or"
            return _joined(kind, [formula(part, names, holds=holds) for part in arguments], expression)
        case "not" if len(arguments) == 1:
            return formula(arguments[0], names, holds=not holds)
        case "=>" if len(arguments) > 1:
            *reasons, result = arguments
            parts = [formula(part, names, holds=not holds) for part in reasons]
            return _joined("or" if holds else "and", [*parts, formula(result, names, holds=holds)], expression)
        case "!" if arguments and all(isinstance(word, Symbol) for word in arguments[1:]):  # an annotation
            return formula(arguments[0], names, holds=holds)
        case "distinct" | "!=" if len(arguments) == 2:
            return _compared("=", arguments, names, expression, holds=not holds)
        case head if head in _COMPARISONS and len(arguments) > 1:
            return _compared("=" if head == "==" else str(head), arguments, names, expression, holds=holds)
    raise refusal(expression, f"is no formula that is understood; read are {_READ}")


def _compared(
    operator: str, arguments: Sequence[Expression], names: Names, source: Expression, *, holds: bool
) -> Formula:
    terms = [_affine(argument, names) for argument in arguments]
    found: list[Formula] = []
    for left, right in itertools.pairwise(terms):
        rise, fall = _sum([(1, left), (-1, right)]), _sum([(1, right), (-1, left)])
        # "a < b" is the negation of "b <= a", and a strict comparison that of one that is not.
        sides = {"<=": [rise], "<": [rise], ">=": [fall], ">": [fall], "=": [rise, fall]}[operator]
        is_strict = (operator in ("<", ">")) == holds
        pair = [_comparison(side if holds else _sum([(-1, side)]), is_strict, source) for side in sides]
        found.append(_joined("and" if holds else "or", pair, source))
    return _joined("and" if holds else "or", found, source)


def _comparison(affine: Affine, is_strict: bool, source: Expression) -> Formula:
    constant = affine.get(_ONE, Fraction(0))
    rest = tuple(sorted(((k, x) for k, x in affine.items() if k != _ONE and x), key=lambda pair: str(pair[0])))
    if not rest:
        return constant < 0 if is_strict else constant <= 0
    return Comparison(coefficients=rest, constant=constant, is_strict=is_strict, source=source)


def _joined(kind: Literal["and", "or"], parts: Iterable[Formula], source: Expression) -> Formula:
    decisive = kind == "or"
    kept: dict[Comparison | Junction, None] = {}
    for part in parts:
        if isinstance(part, bool):
            if part == decisive:
                return decisive
        elif isinstance(part, Junction) and part.kind == kind:
            kept |= dict.fromkeys(part.parts)
        else:
            kept[part] = None
    if not kept:
        return not decisive
    if len(kept) == 1:
        return next(iter(kept))
    return _factored(kind, tuple(kept), source)


def _factored(kind: Literal["and", "or"], parts: tuple[Comparison | Junction, ...], source: Expression) -> Formula:
    """A junction of different parts; of an "or", what all parts demand is taken out: (A and B) or (A and C)."""
    demands = [dict.fromkeys(part.parts if isinstance(part, Junction) else (part,)) for part in parts]
    common = [one for one in demands[0] if all(one in other for other in demands[1:])]
    if kind == "and" or not common:
        return Junction(kind=kind, parts=parts, source=source)
    rests = [_joined("and", [one for one in demand if one not in common], source) for demand in demands]
    return _joined("and", [*common, _joined("or", rests, source)], source)


def _affine(term: Expression, names: Names) -> Affine:
    if isinstance(term, Symbol):
        if term.is_text:
            raise refusal(term, "stands where a number or an input belongs")
        if not term.quoted and _NUMBER.fullmatch(term.text):
            return _sum([(1, {_ONE: _number(term)})])
        number = names.number(term)
        return {term.text if number is None else number: Fraction(1)}
    parts = [_affine(part, names) for part in term.arguments] if term.head in ("+", "-", "*", "/") else []
    if not parts:
        raise refusal(term, f"is no term that is understood; read are {_READ}")
    first, *rest = parts
    match term.head:
        case "+":
            return _sum([(1, part) for part in parts])
        case "-":
            return _sum([(1, first), *((-1, part) for part in rest)] if rest else [(-1, first)])
        case "*":
            product = first
            for part in rest:
                factor, other = (product, part) if product.keys() <= {_ONE} else (part, product)
                if not factor.keys() <= {_ONE}:
                    raise refusal(term, "is not affine")
                product = _sum([(factor.get(_ONE, Fraction(0)), other)])
            return product
    if not rest or any(not part.keys() <= {_ONE} for part in rest):
        raise refusal(term, "is not affine")
    quotient = first
    for part in rest:
        if not part:
            raise refusal(term, "divides by zero")
        quotient = _sum([(1 / part[_ONE], quotient)])
    return quotient


def _sum(parts: Iterable[tuple[Fraction | int, Affine]]) -> Affine:
    """The sum of factors times terms; without the coefficients that are 0."""
    total: Affine = {}
    for factor, part in parts:
        for key, entry in part.items():
            total[key] = total.get(key, Fraction(0)) + factor * entry
    return {key: entry for key, entry in total.items() if entry}


def _number(term: Symbol) -> Fraction:
    try:
        return Fraction(parse_number(term.text))
    except ValueError as error:
        raise refusal(term, "is no double") from error
