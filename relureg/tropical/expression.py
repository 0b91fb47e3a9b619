"""Tropical rational functions from text, in the notation with max or in the tropical one.

=========================  =================================================  ==================================
                           ``max`` notation                                   tropical notation
=========================  =================================================  ==================================
maximum                    ``max(a, b, ...)``                                 ``a ⊕ b`` or ``a (+) b``
sum                        ``a + b``, ``a - b``                               ``a ⊗ b`` or ``a (*) b``, ``a b``
difference                 ``a - b``                                          ``a ⊘ b`` or ``a (/) b``, ``a / b``
multiple by a number q     ``q a``, ``q * a``, ``a / q``                      ``a^q``
=========================  =================================================  ==================================

``min(...)`` and ``relu(a)`` are read in both. An expression with one of the tropical signs is tropical. With
``notation="tropical"`` a plain ``+`` is the maximum as well and ``*`` the sum: a classical polynomial read tropically.

Numbers are exact: ``p/q`` without spaces is a rational, ``0.1`` is one tenth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from relureg.arguments import checked
from relureg.errors import ExpressionError, UsageError
from relureg.tropical.rational_function import TropicalRational

NOTATIONS = ("auto", "max", "tropical")
MAX_DEPTH = 100
"""Deepest nesting of parentheses: far beyond what people write, and within Python's stack."""
MAX_LENGTH = 100_000
MAX_DIGITS = 4000
"""Longest number, as in network files."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+/\d+|\d+\.\d*|\.\d+|\d+)
    |(?P<name>[^\W\d]\w*)
    |(?P<sign>\(\+\)|\(\*\)|\(/\)|\*\*|[-+*/^(),⊕⊗⊘−·×]))""",
    re.VERBOSE,
)
_SAME = {"(+)": "⊕", "(*)": "⊗", "(/)": "⊘", "**": "^", "−": "-", "·": "*", "×": "*"}
_TROPICAL = {"⊕", "⊗", "⊘"}
_FUNCTIONS = {"max", "min", "relu"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What a text says."""

    function: TropicalRational
    variables: tuple[str, ...]
    """The name of each variable, in the order of the inputs."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """``number``, ``name``, ``end``, or a sign itself."""
    text: str
    start: int


@checked
def parse(text: str, *, notation: str = "auto", variables: Sequence[str] | None = None) -> Expression:
    """Read a tropical rational function.

    Parameters
    ----------
    text : str
    notation : {"auto", "max", "tropical"}, optional
    variables : sequence of str, optional
        The variables in the order of the inputs; those that occur, by name and number, when left out.

    Raises
    ------
    ExpressionError
        The text is malformed, not piecewise linear, or has a variable that is not listed; says where.

    Examples
    --------
    >>> from relureg.tropical.notation import in_max_notation, in_tropical_notation
    >>> in_tropical_notation(parse("max(2x, x + 2, -4) - max(x, 0)").function)
    '(x^2 ⊕ 2⊗x ⊕ -4) ⊘ (x ⊕ 0)'
    >>> in_max_notation(parse("(x^2 ⊕ 1⊗x ⊕ 0) / (x^2 ⊕ 0)").function)
    'max(2x, x + 1, 0) - max(2x, 0)'
    """
    if notation not in NOTATIONS:
        raise UsageError(f"there is no notation {notation!r}; choose {', '.join(NOTATIONS)}")
    if len(text) > MAX_LENGTH:
        raise UsageError(f"an expression of {len(text):,} characters; at most {MAX_LENGTH:,} are read")
    tokens = _tokens(text)
    names = [token for token in tokens if token.kind == "name" and token.text not in _FUNCTIONS]
    known = tuple(variables) if variables is not None else tuple(sorted({t.text for t in names}, key=_by_number))
    for token in names:
        if token.text not in known:
            raise ExpressionError(f"{token.text!r} is not one of the variables {', '.join(known)}", text, token.start)
    signs = any(token.kind in _TROPICAL for token in tokens)
    reader = _Tropical if notation == "tropical" or (notation == "auto" and signs) else _Max
    parser = reader(text, tokens, known, strict=signs and notation != "tropical")
    function = parser.read()
    if not known:
        raise ExpressionError("the expression has no variable", text, 0)
    return Expression(function=function, variables=known)


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(f"{text[start]!r} cannot be read", text, start)
        kind = match.lastgroup or ""
        found = match[kind]
        start = match.start(kind)
        if kind == "sign":
            found = kind = _SAME.get(found, found)
        tokens.append(_Token(kind, found, start))
        at = match.end()
    return [*tokens, _Token("end", "", end)]


class _Parser:
    """What both notations share: the tokens, parentheses, functions and numbers."""

    def __init__(self, text: str, tokens: list[_Token], names: Sequence[str], *, strict: bool) -> None:
        self.text, self.tokens, self.names, self.strict = text, tokens, names, strict
        self.position = 0
        self.depth = 0

    def read(self) -> TropicalRational:
        value = self.sum()
        if self.token.kind != "end":
            raise self.error(f"{self.token.text!r} is not expected here")
        return value

    def sum(self) -> TropicalRational:
        raise NotImplementedError

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def take(self, *kinds: str) -> _Token | None:
        """The next token if it is of one of these kinds."""
        token = self.token
        if token.kind not in kinds:
            return None
        self.position += 1
        return token

    def error(self, message: str, token: _Token | None = None) -> ExpressionError:
        return ExpressionError(message, self.text, (token or self.token).start)

    def constant(self, value: Fraction | int) -> TropicalRational:
        return TropicalRational.affine(value, [0] * len(self.names))

    def starts_operand(self) -> bool:
        return self.token.kind in ("number", "name", "(")

    def operand(self) -> TropicalRational:
        """A number, a variable, a function of expressions, or an expression in parentheses."""
        token = self.token
        if self.take("number"):
            return self.constant(self.number(token))
        if self.take("("):
            (value,) = self.arguments(token, 1)
            return value
        if self.take("name"):
            if token.text in _FUNCTIONS:
                return self.call(token)
            return TropicalRational.affine(0, [int(name == token.text) for name in self.names])
        expected = "a number, a variable or ( is expected"
        if token.kind == "end":
            raise self.error(f"the expression ends too early: {expected}")
        raise self.error(f"{expected}, not {token.text!r}")

    def call(self, name: _Token) -> TropicalRational:
        opening = self.take("(")
        if opening is None:
            raise self.error(f"( is expected after {name.text}")
        values = self.arguments(opening, 1 if name.text == "relu" else None)
        if name.text == "relu":
            return values[0] + self.constant(0)
        if name.text == "max":
            return reduce(lambda a, b: a + b, values)
        return reduce(lambda a, b: a + b, [value**-1 for value in values]) ** -1

    def arguments(self, opening: _Token, count: int | None) -> list[TropicalRational]:
        """Expressions up to the closing parenthesis."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} parentheses inside each other", opening)
        values = [self.sum()]
        while (comma := self.take(",")) is not None:
            if len(values) == count:
                raise self.error("a comma is not expected here", comma)
            values.append(self.sum())
        if self.take(")") is None:
            if self.token.kind == "end":
                raise self.error("this parenthesis is not closed", opening)
            raise self.error(f") is expected, not {self.token.text!r}")
        self.depth -= 1
        return values

    def number(self, token: _Token) -> Fraction:
        if len(token.text) > MAX_DIGITS:
            raise self.error(f"a number of more than {MAX_DIGITS:,} digits", token)
        try:
            return Fraction(token.text)
        except ZeroDivisionError as error:
            raise self.error("the denominator is zero", token) from error


class _Max(_Parser):
    """Ordinary arithmetic with max."""

    def sum(self) -> TropicalRational:
        value = self.product()
        while (token := self.take("+", "-")) is not None:
            other = self.product()
            value = value * other if token.kind == "+" else value / other
        return value

    def product(self) -> TropicalRational:
        value = self.signed()
        while True:
            token = self.token
            if self.take("*"):
                value = self.multiply(value, self.signed(), token)
            elif self.take("/"):
                value = self.divide(value, token)
            elif self.starts_operand():
                value = self.multiply(value, self.operand(), token)
            elif token.kind == "^":
                raise self.error("a power is not piecewise linear (with notation tropical it is a multiple)")
            elif token.kind in _TROPICAL:
                raise self.error(f"{token.text} is a sign of the tropical notation")
            else:
                return value

    def signed(self) -> TropicalRational:
        negative = False
        while (token := self.take("+", "-")) is not None:
            negative ^= token.kind == "-"
        value = self.operand()
        return value**-1 if negative else value

    def multiply(self, left: TropicalRational, right: TropicalRational, place: _Token) -> TropicalRational:
        for factor, value in ((left, right), (right, left)):
            if (number := _constant_value(factor)) is not None:
                return value**number
        raise self.error("a product of two functions is not piecewise linear; one factor must be a number", place)

    def divide(self, value: TropicalRational, place: _Token) -> TropicalRational:
        number = _constant_value(self.signed())
        if not number:
            raise self.error("only a number other than 0 can be divided by", place)
        return value ** (1 / number)


class _Tropical(_Parser):
    """Tropical arithmetic; `strict` refuses + and *, whose meaning is unclear beside the tropical signs."""

    def sum(self) -> TropicalRational:
        value = self.product()
        while (token := self.take("⊕", "+", "-")) is not None:
            if token.kind == "-":
                raise self.error("there is no tropical difference; ⊘ is the ordinary one", token)
            self.check(token, "⊕ is the maximum and ⊗ the ordinary sum")
            value = value + self.product()
        return value

    def product(self) -> TropicalRational:
        value = self.power()
        while True:
            token = self.token
            if self.take("⊗", "*"):
                self.check(token, "⊗ is the ordinary sum and ^ a multiple")
                value = value * self.power()
            elif self.take("⊘", "/"):
                value = value / self.power()
            elif self.starts_operand():
                value = value * self.power()
            else:
                return value

    def power(self) -> TropicalRational:
        value = self.signed(self.operand)
        while self.take("^"):
            value = value ** self.exponent()
        return value

    def exponent(self) -> Fraction:
        opening = self.take("(")
        negative = self.take("-") is not None
        token = self.token
        if self.take("number") is None:
            raise self.error("an exponent must be a number")
        if opening and self.take(")") is None:
            raise self.error(") is expected after the exponent")
        return -self.number(token) if negative else self.number(token)

    def signed(self, operand: Callable[[], TropicalRational]) -> TropicalRational:
        minus = self.take("-")
        if minus is None:
            return operand()
        if self.token.kind != "number":
            raise self.error("- can only stand before a number; ⊘ is the ordinary difference", minus)
        return operand() ** -1

    def check(self, token: _Token, hint: str) -> None:
        if self.strict and token.kind in ("+", "*"):
            raise self.error(f"{token.text!r} is unclear beside tropical signs: {hint}", token)


def _constant_value(value: TropicalRational) -> Fraction | None:
    """The number that an affine function without slope is, else None."""
    if not value.is_affine:
        return None
    ((above, *slopes),) = value.numerator.monomials.fractions()
    return None if any(slopes) else above


def _by_number(name: str) -> tuple[str, int, str]:
    """x2 comes before x10."""
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    return stem, int(digits[:18]) if digits else -1, name
