"""VNN-LIB properties: what they say of inputs, compared with an evaluator of its own, and what is refused."""

from __future__ import annotations

import itertools
import random
import re
from fractions import Fraction
from typing import Any

import pytest

from relureg.errors import DataError, DomainError
from relureg.network.domain import Domain
from relureg.readers.vnnlib import property as vnnlib


def read(text: str, dim: int = 2) -> Domain:
    return vnnlib.read(text, dim, "p.vnnlib")


def same(a: Domain, b: Domain) -> bool:
    return (a.constants, a.normals, a.equations) == (b.constants, b.normals, b.equations)


# -- an evaluator that shares nothing with the reader ---------------------------------------------------------


def tree(text: str) -> Any:
    """Nested lists of words."""
    words = re.findall(r"[()]|[^\s()]+", re.sub(";.*", "", text))
    stack: list[list[Any]] = [[]]
    for word in words:
        if word == "(":
            stack.append([])
        elif word == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(word)
    return stack[0]


def value(term: Any, point: tuple[Fraction, ...]) -> Any:
    """A term or a formula at a point, in rationals."""
    if isinstance(term, str):
        if term in ("true", "false"):
            return term == "true"
        return point[int(term[2:])] if term.startswith("X_") else Fraction(float(term))
    head, *rest = term
    values = [value(part, point) for part in rest]
    pairs = list(itertools.pairwise(values))
    match head:
        case "and":
            return all(values)
        case "or":
            return any(values)
        case "not":
            return not values[0]
        case "=>":
            return not all(values[:-1]) or values[-1]
        case "<=":
            return all(a <= b for a, b in pairs)
        case "<":
            return all(a < b for a, b in pairs)
        case ">=":
            return all(a >= b for a, b in pairs)
        case ">":
            return all(a > b for a, b in pairs)
        case "=":
            return all(a == b for a, b in pairs)
        case "distinct":
            return values[0] != values[1]
        case "+":
            return sum(values)
        case "-":
            return -values[0] if len(values) == 1 else values[0] - sum(values[1:])
        case "*":
            return values[0] * values[1]
    assert head == "/"
    return values[0] / values[1]


def some_term(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(["X_0", "X_1", "|X_0|".strip("|"), "1", "-1", "0.5", "2", "1e0", "0"])
    inner = [some_term(rng, depth - 1) for _ in range(rng.randint(1, 3))]
    return rng.choice([
        f"(+ {' '.join(inner)})", f"(- {' '.join(inner)})", f"(* {rng.choice(['2', '(- 1)', '0'])} {inner[0]})",
        f"(* {inner[0]} {rng.choice(['3', '(/ 1 2)'])})", f"(/ {inner[0]} {rng.choice(['2', '(- 4)'])})",
    ])  # fmt: skip


def some_formula(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.3:
        if rng.random() < 0.1:
            return rng.choice(["true", "false"])
        operator = rng.choice(["<=", ">=", "<", ">", "<=", ">=", "=", "distinct"])
        count = 2 if operator == "distinct" else rng.choice([2, 2, 2, 3])
        return f"({operator} {' '.join(some_term(rng, 2) for _ in range(count))})"
    parts = [some_formula(rng, depth - 1) for _ in range(rng.randint(1, 3))]
    return rng.choice([
        f"(and {' '.join(parts)})", f"(and {' '.join(parts)})", f"(or {' '.join(parts)})", f"(not {parts[0]})",
        f"(=> {parts[0]} {some_formula(rng, depth - 1)})",
    ])  # fmt: skip


@pytest.mark.parametrize(("count", "least"), [(200, 25), pytest.param(600, 80, marks=pytest.mark.sweep)])
def test_random_properties_mean_what_an_evaluator_of_its_own_says(count: int, least: int) -> None:
    rng = random.Random(5)
    grid = [Fraction(n, 2) for n in range(-5, 6)] + [Fraction(1, 3), Fraction(-7, 5)]
    points = list(itertools.product(grid, repeat=2))
    outcomes = {"domain": 0, "empty": 0, "refused": 0}
    for _ in range(count):
        text = "\n".join(f"(assert {some_formula(rng, 2)}) ; one" for _ in range(rng.randint(1, 2)))
        asserted = [command[1] for command in tree(text)]
        holds = [all(value(formula, point) for formula in asserted) for point in points]
        try:
            domain = read(text)
        except DomainError:
            outcomes["empty"] += 1
            assert not any(holds), text
            continue
        except DataError as error:
            refused = str(error)
        else:
            refused = ""
        if refused:
            outcomes["refused"] += 1
            assert "union of" in refused or ("no constraint" in refused and all(holds)), text
            continue
        outcomes["domain"] += 1
        for point, is_in in zip(points, holds, strict=True):
            # A domain is closed: strict walls belong to it, and what lies strictly inside satisfies the property.
            if is_in:
                assert min(domain.exact_signs(point), default=1) >= 0, (text, point)
                assert domain.equations is None or not any(
                    row[0] + row[1] * point[0] + row[2] * point[1] for row in domain.equations.fractions()
                )
            else:
                assert not domain.has_inside(point), (text, point)
    assert min(outcomes.values()) > least, outcomes


# -- what is understood --------------------------------------------------------------------------------------

BOX = "(assert (<= -1 X_0 1)) (assert (<= -1 X_1 1))\n"
SQUARE = Domain.box([-1, -1], [1, 1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(assert (<= (- 1) |X_0| 1)) (assert (and (>= 1 X_1) (>= X_1 -1.0)))", SQUARE),
        ("; a comment (\r(assert (<= -1 X_0 1))\r\n(assert (<= -1 X_1 1))", SQUARE),
        ('(set-info :source "(assert (<= X_0 0)) a ""quoted"" one")' + BOX, SQUARE),
        ("(set-logic QF_LRA)(declare-const X_0 Real)(declare-fun |X_1| () Real)" + BOX + "(check-sat)(exit)", SQUARE),
        (BOX + "(assert true) (assert (or false (<= X_0 1))) (assert (<= (* 0 Y_7) 0))", SQUARE),
        (BOX + "(assert (! (<= X_0 1) :named first))", SQUARE),
        (BOX + "(assert (and (<= X_1 1) (or (<= Y_0 0) (>= Y_1 (* 2 Y_0)))))", SQUARE),
        (BOX + "(assert (not (< 1 X_0))) (assert (=> true (>= X_1 -1)))", SQUARE),
        (
            "(assert (or (and (<= -1 X_0 1) (<= Y_0 0) (<= -1 X_1 1))"
            " (and (<= Y_1 0) (<= -1 X_1 1) (<= -1 X_0 1))))", SQUARE,
        ),
        (BOX + "(assert (or (and (<= X_0 0) (<= Y_0 0)) (<= X_0 0)))", Domain.box([-1, -1], [0, 1])),
        (BOX + "(assert (not (and (or (< 1 X_1) (<= Y_0 2)) (or (< 1 X_1) (<= Y_0 3)))))", SQUARE),
        ("(assert (not (or (> X_0 1e0) (< X_0 -1E+0) (> (* 2 X_1) 2) (< (/ X_1 2) -.5))))", SQUARE),
        (BOX + "(assert (or (<= X_0 1) (<= X_0 1)))", SQUARE),
        (BOX + "(assert (= X_0 1 X_0))", Domain.box([1, -1], [1, 1])),
        ("(assert (<= (/ 1 3) X_0))", Domain.box([Fraction(1, 3), float("-inf")], [float("inf")] * 2)),
        ("(assert (<= (+ X_0 (* 2 3 X_1)) 0))", Domain.polytope([[1, 6]], [0])),
        ("(assert (<= (* (- X_0 X_0) X_1) X_0))", Domain.box([0, float("-inf")], [float("inf")] * 2)),
        (
            "(vnnlib-version <2.0>) (declare-network f (declare-input A float32 [1, 2]) (declare-output B real [1,3]))"
            "(assert (and (<= -1 A[0,0] 1) (>= A[0, 1] -1) (<= A[0,1] 1)))(assert (== B[0,2] 0))", SQUARE,
        ),
        ('(declare-network f (declare-input X Real [1,2] "images")(declare-output Y Real [1] "out"))'
         "(assert (<= -1 X[0,0] 1))(assert (<= -1 X[0,1] 1))", SQUARE),
        ("(declare-network f (declare-input X Real [2,1])) (assert (<= -1 X[0,0] 1))(assert (<= -1 X[1,0] 1))", SQUARE),
    ],
)  # fmt: skip
def test_what_is_understood(text: str, expected: Domain) -> None:
    assert same(read(text), expected)


def test_a_scalar_of_version_2() -> None:
    text = "(vnnlib-version <2.0>)(declare-network f (declare-input X float64 []))(assert (<= 0 X 1))"
    assert same(read(text, 1), Domain.box([0], [1]))


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("(assert (<= X0 0))", 3, "X0 is not declared"),
        ("(assert (<= speed 0))", 3, "speed is not declared"),
        ("(assert (<= X_00 0))", 3, "X_00 is not declared"),
        ("(assert (<= x_0 0))", 3, "x_0 is not declared"),
        ("(assert (<= X_-1 0))", 3, "X_-1 is not declared"),
        ("(assert (<= X_\u0663 0))", 3, "not declared"),
        ("(assert (<= |X_0 | 0))", 3, "not declared"),
        ("(assert (<= |1| X_0))", 3, "|1| is not declared"),
        ("(assert (<= inf X_0))", 3, "inf is not declared"),
        ("(assert (<= 1_0 X_0))", 3, "1_0 is not declared"),
        ("(assert (<= 0x10 X_0))", 3, "0x10 is not declared"),
        ("(assert (<= X_0 1e400))", 3, "1e400 is no double"),
        ('(assert (<= X_0 "1"))', 3, "stands where a number"),
        ("(declare-const speed Real)\n(assert (<= speed 0))", 4, "neither an input"),
        ("(assert (<= X_2 1))", 3, "X_2 is named, but the network has the inputs X_0 to X_1"),
        (f"(assert (<= X_{'9' * 5000} 1))", 3, "the network has the inputs X_0 to X_1"),
        ("(declare-const X_2 Real)", 3, "X_2 is named"),
        ("(declare-const X_0 Int)", 3, "not of sort Real"),
        ("(declare-const X_0)", 3, "is no declaration"),
        ("(declare-fun X_0 (Real) Real)", 3, "declares a function"),
        ("(declare-const X_0 Real)\n(declare-fun X_0 () Real)", 4, "declared again, after line 3"),
        ("(define-fun a () Real 1)", 3, "(define-fun a () Real 1) is not understood"),
        ("(push 1)", 3, "not understood"),
        ("(set-logic QF_LRA\n(assert (<= X_0 0)))\n(assert (<= X_1 0))", 3, "(set-logic QF_LRA (assert (<= X_0 0)))"),
        ("(set-info :source (assert (<= X_0 0)))", 3, "not understood"),
        ("(get-model (assert (<= X_0 0)))", 3, "not understood"),
        ("(check-sat (assert (<= X_0 0)))", 3, "not understood"),
        ("(assert (! (<= X_0 1) (<= X_0 0)))", 3, "no formula that is understood"),
        ("(Assert (<= X_0 1))", 3, "not understood"),
        ("((assert) (<= X_0 1))", 3, "not understood"),
        ("(assert)", 3, "does not assert one formula"),
        ("(assert (<= X_0 1) (<= X_1 1))", 3, "does not assert one formula"),
        ("(check-sat)\n(assert (<= X_0 0))", 4, "stands after (check-sat)"),
        ("hello", 3, "outside of parentheses"),
        ("(assert X_0)", 3, "stands where a formula belongs"),
        ("(assert (let ((a 1)) (<= X_0 a)))", 3, "no formula that is understood"),
        ("(assert (ite true (<= X_0 0) (<= X_0 1)))", 3, "no formula that is understood"),
        ("(assert (<= (ite true X_0 X_1) 0))", 3, "no term that is understood"),
        ("(assert (<= (abs X_0) 0))", 3, "no term that is understood"),
        ("(assert (<= X_0))", 3, "no formula that is understood"),
        ("(assert (and))", 3, "no formula that is understood"),
        ("(assert (<= X_0 ()))", 3, "() is no term"),
        ("(assert\n (or\n (<= X_0 1)\n (<= X_1 2)))", 4, "is a union of 2 input sets"),
        ("(assert (distinct X_0 1))", 3, "is a union of 2 input sets"),
        ("(assert (<= X_0 Y_0))", 3, "joins inputs and outputs"),
        ("(assert (or (and (<= X_0 0) (<= Y_0 0)) (and (>= X_0 0) (<= Y_1 0))))", 3, "joins inputs and outputs"),
        ("(assert (<= (* X_0 X_1) 1))", 3, "(* X_0 X_1) is not affine"),
        ("(assert (<= (/ 1 X_0) 1))", 3, "not affine"),
        ("(assert (<= (* Y_0 Y_0) 1))", 3, "not affine"),
        ("(assert (<= X_0 (/ 1 (- 2 2))))", 3, "divides by zero"),
        ("(assert (<= X_0 1)", 3, "it is truncated"),
        ("\n(assert (<= X_0 1)))", 4, "closing parenthesis too many"),
        ("(" * 200, 3, "nested too deeply"),
        ('(set-info :source "', 3, "begins nothing that ends"),
        ("(assert (<= |X_0 1))", 3, "begins nothing that ends"),
        ("(assert (<= X[0,1 1))", 3, "begins nothing that ends"),
        ("(vnnlib-version <3.0>)", 3, "is version 3.0; 1.0 and 2.0 are read"),
        ("(declare-network f (declare-input X Real [3]))", 3, "has an input of 3 numbers, but the network has 2"),
        ("(declare-network f (declare-input X Int [2]))", 3, "numbers of type Int"),
        ("(declare-network f (declare-input X Real [2,2,99999999999]))", 3, "has no shape"),
        ("(declare-network f (declare-input X Real [1]) (declare-input Z Real [1]))", 3, "has 2 inputs"),
        ("(declare-network f (declare-hidden H Real [2]))", 3, "is not read in a network"),
        ("(declare-network f (declare-input X Real [2]))\n(assert (<= X_0 0))", 4, "X_0 is no element of X"),
        ("(declare-network f (declare-input X Real [2]))\n(assert (<= X[2] 0))", 4, "lies outside of the shape [2]"),
        ("(declare-network f (declare-input X Real [2]))\n(assert (<= X[0,0] 0))", 4, "needs 1 indices"),
        ("(declare-network f (declare-input X Real [2]))\n(declare-network g (declare-input X Real []))", 4, "second"),
    ],
)  # fmt: skip
def test_what_is_refused_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(f"; first\n\n{text}")
    assert message in str(caught.value)
    assert caught.value.where == f"line {line}"
    assert len(caught.value.message) < 6000


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("(assert false)", 1),
        ("(assert (<= X_0 1))\n(assert (>= X_0 2))", 2),
        ("(assert (<= X_0 1))\n(assert (and true (not (= 1 1.0))))", 2),
        ("(assert (= X_0 1))\n(assert (< X_0 1))", 2),
        ("(assert (= (+ X_0 X_1) 1))\n(assert (> (* 2 X_0) (- 2 (* 2 X_1))))", 2),
        ("(assert (= X_0 X_1))\n(assert (not (<= X_0 X_1)))", 2),
        ("(assert (= Y_0 Y_0 1))\n(assert (< (- Y_0 Y_0) 0))", 2),
    ],
)
def test_an_empty_domain_says_so(text: str, line: int) -> None:
    with pytest.raises(DomainError, match="the domain is empty") as caught:
        read(text)
    assert caught.value.where == f"line {line}"


def test_a_property_without_inputs_is_refused() -> None:
    for text in ("(assert (<= Y_0 1))", "(assert true)", "", "; nothing"):
        with pytest.raises(DataError, match="no constraint on inputs X_0"):
            read(text)
