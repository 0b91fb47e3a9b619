"""Expressions in both notations: what they mean, how they are printed, and where they are wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relureg.errors import ExpressionError, UsageError
from relureg.tropical import TropicalPolynomial, TropicalRational, in_max_notation, in_tropical_notation, parse
from tests.tropical.test_polynomial import polynomials

MEANINGS = {
    "max(2x, x+2, -4)": lambda x: max(2 * x, x + 2, -4),
    "x^2 ⊕ 2⊗x ⊕ -4": lambda x: max(2 * x, x + 2, -4),
    "x^2 (+) 2 (*) x (+) -4": lambda x: max(2 * x, x + 2, -4),
    "relu(x+1) - 2 relu(x) + relu(x-1)": lambda x: max(x + 1, 0) - 2 * max(x, 0) + max(x - 1, 0),
    "-(x - 1/3) * 3 + 0.1": lambda x: -3 * x + 1 + Fraction(1, 10),
    "2(x - max(x, 1)/4)": lambda x: 2 * x - max(x, 1) / Fraction(2),
    "min(x, 2x, -x) − 1": lambda x: min(x, 2 * x, -x) - 1,
    "max(x, -max(-x, -3))": lambda x: max(x, min(x, 3)),
    "1 ⊘ (x ⊕ 0)^2": lambda x: 1 - 2 * max(x, 0),
    "(1 ⊗ x ⊕ 0)/(x^2 ⊕ 0) ⊕ 0": lambda x: max(max(1 + x, 0) - max(2 * x, 0), 0),
    "x^(-1/2) ⊕ 1/2": lambda x: max(-x / 2, Fraction(1, 2)),
    "x**2 ⊕ 3x": lambda x: max(2 * x, x + 3),
    "- - x": lambda x: x,
    "3/4 x - .5": lambda x: Fraction(3, 4) * x - Fraction(1, 2),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_meaning(text: str) -> None:
    function = parse(text).function
    for x in [Fraction(k, 3) for k in range(-30, 31)]:
        assert function([x]) == MEANINGS[text](x)


def test_a_classical_polynomial_read_tropically() -> None:
    read = parse("x1^2 + 2 x1 x2 + x2^2 + 2 x1 + 2*x2 + 2", notation="tropical")
    assert read.variables == ("x1", "x2")
    assert read.function.numerator.terms == {
        (0, 0): 2, (0, 1): 2, (0, 2): 0, (1, 0): 2, (1, 1): 2, (2, 0): 0
    }  # fmt: skip
    assert read.function.is_polynomial


def test_the_triangle_wave_and_its_relu_have_one_rational_function() -> None:
    wave = parse("relu(x+1) - 2 relu(x) + relu(x-1)").function
    assert in_tropical_notation(wave) == "(x^2 ⊕ 1⊗x ⊕ 0) ⊘ (x^2 ⊕ 0)"
    after = parse("relu(relu(x+1) - 2 relu(x))").function
    assert after == wave == parse("(x^2 ⊕ 1⊗x ⊕ 0) ⊘ (x^2 ⊕ 0)").function


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_what_is_printed_is_read_back(data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, 3))
    names = ("x", "y1", "z10")[:dim]
    above, below = data.draw(polynomials(dim)).pruned(), data.draw(polynomials(dim)).pruned()
    for function in (above, TropicalRational(above, below)):
        for show in (in_max_notation, in_tropical_notation):
            read = parse(show(function, names), variables=names).function
            whole = function if isinstance(function, TropicalRational) else parse_constant(function)
            assert read.is_same_function(whole)


def parse_constant(polynomial: TropicalPolynomial) -> TropicalRational:
    return TropicalRational(polynomial, TropicalPolynomial.affine(0, [0] * polynomial.dim))


def test_variables_are_ordered_by_name_and_number() -> None:
    assert parse("x10 + x2 + a").variables == ("a", "x2", "x10")
    assert parse("y", variables=["x", "y"]).function([1, 5]) == 5
    with pytest.raises(ExpressionError, match="'z' is not one of the variables x, y"):
        parse("z", variables=["x", "y"])


MALFORMED = {
    "max(2x, x+2": (4, "this parenthesis is not closed"),
    "max(2x,, 3)": (8, "a number, a variable or ( is expected, not ','"),
    "x^2": (2, "a power is not piecewise linear"),
    "x*x": (2, "a product of two functions is not piecewise linear"),
    "x ⊕ 2 + x": (7, "'+' is unclear beside tropical signs"),
    "x ⊕ 2*x": (6, "'*' is unclear beside tropical signs"),
    "x ⊕ -x": (5, "- can only stand before a number"),
    "x ⊕ 3 - 1": (7, "there is no tropical difference"),
    "x ⊕ x^y": (7, "an exponent must be a number"),
    "x ⊕ 1/0": (5, "the denominator is zero"),
    "3": (1, "the expression has no variable"),
    "": (1, "the expression ends too early"),
    "max x": (5, "( is expected after max"),
    "2 $ x": (3, "'$' cannot be read"),
    "x/0": (2, "only a number other than 0"),
    "x/(x)": (2, "only a number other than 0"),
    "x)": (2, "')' is not expected here"),
    "relu(x,3)": (7, "a comma is not expected here"),
    "x - ": (4, "the expression ends too early"),
    "(" * 200 + "x": (101, "more than 100 parentheses"),
    "x + " + "9" * 5000: (5, "a number of more than 4,000 digits"),
}


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:12] or "empty")
def test_malformed_expressions_say_where(text: str) -> None:
    column, message = MALFORMED[text]
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert message in caught.value.message
    assert caught.value.where == f"column {column}"
    line, caret = caught.value.excerpt.split("\n")
    assert caret.endswith("^")
    shown = text.ljust(column)[max(0, column - 41) :]
    assert line.ljust(len(caret))[len(caret) - 1] == shown[len(caret) - 1]


def test_the_excerpt_of_a_long_or_odd_text_stays_one_short_line() -> None:
    for text in ("x + " * 500 + "$", "x\n+\t\x1b[31m$", "é̂" * 60 + "$"):
        with pytest.raises(ExpressionError) as caught:
            parse(text)
        line, caret = caught.value.excerpt.split("\n")
        assert len(line) <= 80
        assert len(caret) <= len(line)
        assert "\x1b" not in line


def test_unknown_notations_and_endless_texts_are_refused() -> None:
    with pytest.raises(UsageError, match="there is no notation 'min'"):
        parse("x", notation="min")
    with pytest.raises(UsageError, match="at most 100,000 are read"):
        parse("x" * 100_001)
