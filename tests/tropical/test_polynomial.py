"""Tropical polynomials: pruning judged by the referee's linear programs, algebra by evaluation."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relureg.engine.lp import interior_point
from relureg.errors import LimitReachedError, UsageError
from relureg.exact.rational import RationalMatrix
from relureg.tropical import Growth, TropicalPolynomial, TropicalRational, largest_of

NUMBERS = st.fractions(min_value=-4, max_value=4, max_denominator=3)


def polynomials(dim: int, most: int = 6) -> st.SearchStrategy[TropicalPolynomial]:
    exponents = st.tuples(*[NUMBERS] * dim)
    return st.dictionaries(exponents, NUMBERS, min_size=1, max_size=most).map(TropicalPolynomial.of_terms)


def points(dim: int) -> st.SearchStrategy[list[Fraction]]:
    return st.lists(st.fractions(-9, 9, max_denominator=4), min_size=dim, max_size=dim)


def naive(f: TropicalPolynomial, point: list[Fraction]) -> Fraction:
    return max(c + sum(a * x for a, x in zip(e, point, strict=True)) for e, c in f.terms.items())


def matters(f: TropicalPolynomial, index: int) -> bool:
    """Whether a monomial is larger than all others somewhere, by an exact linear program."""
    rows = f.monomials.numerators.tolist()
    others = [tuple(a - b for a, b in zip(rows[index], row, strict=True)) for k, row in enumerate(rows) if k != index]
    return interior_point(others, f.dim) is not None


@pytest.mark.parametrize("seed", range(120))
def test_pruning_keeps_what_a_linear_program_finds_to_matter(seed: int) -> None:
    """Degenerate ones too: few different numbers, exponents in a lower dimension."""
    draw = random.Random(seed)
    dim, spread = draw.randint(1, 4), draw.choice([1, 2, 5, 100])
    basis = [[draw.randint(-2, 2) for _ in range(dim)] for _ in range(draw.randint(0, dim))]
    rows = []
    for _ in range(draw.randint(1, 22)):
        factors = [draw.randint(-spread, spread) for _ in basis]
        exponents = [sum(f * b[k] for f, b in zip(factors, basis, strict=True)) for k in range(dim)]
        rows.append([Fraction(draw.randint(-spread, spread), draw.randint(1, 3)), *exponents])
    f = TropicalPolynomial.of_rows(RationalMatrix.from_fractions(rows, 1 + dim))
    expected = {exponents for index, exponents in enumerate(f.terms) if matters(f, index)}
    pruned = f.pruned()
    assert set(pruned.terms) == expected
    assert all(pruned.terms[exponents] == f.terms[exponents] for exponents in expected)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_sums_of_products_without_expanding_them(data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, 3))
    alternatives = data.draw(st.lists(st.lists(polynomials(dim, 4), min_size=1, max_size=3), min_size=1, max_size=3))
    expanded = reduce(lambda a, b: a + b, [reduce(lambda a, b: a * b, factors) for factors in alternatives])
    assert largest_of(alternatives) == expanded.pruned()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_algebra_is_that_of_maxima_and_sums(data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, 3))
    f, g = data.draw(polynomials(dim)), data.draw(polynomials(dim))
    x = data.draw(points(dim))
    q = data.draw(st.fractions(0, 3, max_denominator=3))
    at_f, at_g = naive(f, x), naive(g, x)
    assert (f(x), f.pruned()(x)) == (at_f, at_f)
    assert (f + g)(x) == max(at_f, at_g)
    assert (f * g)(x) == at_f + at_g
    assert (f**q)(x) == q * at_f
    quotient, other = TropicalRational(f, g), TropicalRational(g, f**2)
    assert quotient(x) == at_f - at_g
    assert (quotient + other)(x) == max(at_f - at_g, at_g - 2 * at_f)
    assert (quotient * other)(x) == -at_f
    assert (quotient / other)(x) == 3 * at_f - 2 * at_g
    assert (quotient**-q)(x) == -q * (at_f - at_g)
    assert quotient.is_same_function(TropicalRational(f * f, g * f))
    assert not quotient.is_same_function(TropicalRational(f.shifted(1), g))


def test_nothing_is_rounded() -> None:
    third, huge = Fraction(1, 3), Fraction(10**40 + 1, 3**30)
    f = TropicalPolynomial.of_terms({(third, huge): huge, (0, -third): 0.1})
    assert f.terms == {(third, huge): huge, (Fraction(0), -third): Fraction(0.1)}
    assert f([third, huge]) == huge + third * third + huge * huge
    assert all(type(entry) is int for entry in (f * f).pruned().monomials.numerators.flat)


def test_coefficients_that_differ_in_the_last_place_are_told_apart() -> None:
    """The middle monomial lies above, on, or below the segment of its neighbours by 2^-200."""
    tiny = Fraction(1, 2**200)
    for lift, count in ((tiny, 3), (Fraction(0), 2), (-tiny, 2)):
        f = TropicalPolynomial.of_terms({(0,): 1, (1,): 1 + lift, (2,): 1})
        assert f.pruned().num_monomials == count


@pytest.mark.parametrize("scale", [1, 3**700, Fraction(1, 7**500)], ids=["plain", "huge", "tiny"])
@pytest.mark.parametrize("lift", [1, 0, -1])
def test_ties_that_doubles_cannot_tell(scale: Fraction | int, lift: int) -> None:
    """20 points on a line that is bent up or down by 2^-300 of their size."""
    bend = Fraction(lift, 2**300)
    f = TropicalPolynomial.of_terms({(k * scale, k * scale): (k - k * k * bend) * scale for k in range(20)})
    kept = set(range(20)) if lift > 0 else {0, 19}
    assert {exponents[0] / scale for exponents in f.pruned().terms} == kept


def test_monomials_that_differ_in_the_coefficient_alone() -> None:
    """Constants, and alternatives with the same exponents: no direction is left in which they differ."""
    low, high = (TropicalPolynomial.of_terms({(1, 2): c}) for c in (1, 5))
    assert largest_of([[low], [high]]) == largest_of([[high], [low]]) == high
    assert largest_of([[low, low], [high]]) == TropicalPolynomial.of_terms({(2, 4): 2, (1, 2): 5})


def test_many_factors_have_few_monomials() -> None:
    """40 lines in general position through three directions: S(40, 2) regions."""
    lines = [TropicalPolynomial.of_terms({(t, t * t): 1, (0, 0): 0}) for t in range(1, 41)]
    assert largest_of([lines]).num_monomials == 1 + 40 + 780


def test_limits_stop_the_growth() -> None:
    lines = [TropicalPolynomial.of_terms({(t, t * t): 1, (0, 0): 0}) for t in range(1, 41)]
    growth = Growth(max_monomials=100)
    with pytest.raises(LimitReachedError, match="the limit of 100 monomials in a polynomial"):
        largest_of([lines], growth.watch)
    with pytest.raises(LimitReachedError, match="the time limit of 1e-06 s"):
        largest_of([lines], Growth(timeout=1e-6).watch)
    assert largest_of([lines[:9]], Growth(max_monomials=46).watch).num_monomials == 46
    with pytest.raises(LimitReachedError, match="the limit of 1 monomials"):
        largest_of([lines[:1]], Growth(max_monomials=1).watch)


def test_what_is_refused() -> None:
    f = TropicalPolynomial.of_terms({(1,): 0})
    with pytest.raises(UsageError, match="at least one monomial"):
        TropicalPolynomial.of_terms({})
    with pytest.raises(UsageError, match="exponents of"):
        TropicalPolynomial.of_terms({(1,): 0, (1, 2): 0})
    with pytest.raises(UsageError, match="tropical power"):
        f**-1
    with pytest.raises(UsageError, match="1 and 2 variables"):
        f * TropicalPolynomial.of_terms({(1, 1): 0})
    with pytest.raises(UsageError, match="needs 1 coordinates"):
        f([1, 2])
    with pytest.raises(UsageError, match="max_monomials is 0"):
        Growth(max_monomials=0)
    with pytest.raises(UsageError, match="timeout is 0"):
        Growth(timeout=0)
