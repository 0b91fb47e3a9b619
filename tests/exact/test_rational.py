"""Exact matrices agree with plain lists of fractions, and let no float in or out unnoticed."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpz_mat
from hypothesis import given
from hypothesis import strategies as st

from relureg.exact.numbers import as_double, as_fraction, primitive
from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import SparseMatrix

fractions = st.fractions(min_value=-50, max_value=50, max_denominator=30)
finite_floats = st.floats(allow_nan=False, allow_infinity=False)


def matrices(num_rows: int, num_columns: int) -> st.SearchStrategy[list[list[Fraction]]]:
    row = st.lists(fractions, min_size=num_columns, max_size=num_columns)
    return st.lists(row, min_size=num_rows, max_size=num_rows)


def exact(rows: list[list[Fraction]]) -> RationalMatrix:
    return RationalMatrix.from_fractions(rows, len(rows[0]))


def rank_by_elimination(rows: list[list[Fraction]]) -> int:
    rows, rank = [list(row) for row in rows], 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for i in range(rank + 1, len(rows)):
            factor = rows[i][column] / rows[rank][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


@given(st.lists(finite_floats, min_size=1, max_size=6))
def test_a_float_enters_as_the_dyadic_rational_it_is_and_leaves_as_itself(values: list[float]) -> None:
    matrix = RationalMatrix.from_floats([values])
    assert matrix.fractions() == [[Fraction(x) for x in values]]
    assert matrix.floats.tolist() == [[x + 0.0 for x in values]]


def test_the_extreme_doubles_enter_exactly() -> None:
    extremes = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 0.1]
    assert RationalMatrix.from_floats([extremes]).fractions() == [[Fraction(x) for x in extremes]]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="NaN and infinity are not rational"):
        RationalMatrix.from_floats([[1.0, value]])
    with pytest.raises(ValueError):
        as_fraction(value)


@given(matrices(2, 3), matrices(3, 4), matrices(2, 3))
def test_arithmetic_is_that_of_fractions(
    a: list[list[Fraction]], b: list[list[Fraction]], c: list[list[Fraction]]
) -> None:
    product = [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(4)] for i in range(2)]
    assert (exact(a) @ exact(b)).fractions() == product
    assert (exact(a) + exact(c)).fractions() == [
        [x + y for x, y in zip(r, s, strict=True)] for r, s in zip(a, c, strict=True)
    ]
    assert (exact(a) - exact(c)).fractions() == [
        [x - y for x, y in zip(r, s, strict=True)] for r, s in zip(a, c, strict=True)
    ]
    factors = exact([[c[0][0]], [c[1][0]]])
    assert exact(a).scale_rows(factors).fractions() == [[c[i][0] * x for x in a[i]] for i in range(2)]


@given(matrices(2, 3), matrices(1, 3))
def test_stacking_keeps_every_entry(a: list[list[Fraction]], b: list[list[Fraction]]) -> None:
    assert RationalMatrix.vstack([exact(a), exact(b)], 3).fractions() == a + b
    side_by_side = RationalMatrix.hstack([exact(a), exact(a)], 2)
    assert side_by_side.fractions() == [row + row for row in a]


@given(matrices(2, 3))
def test_equal_entries_make_equal_matrices_however_they_came_about(a: list[list[Fraction]]) -> None:
    detour = exact([[7 * x for x in row] for row in a]).scale_rows(exact([[Fraction(1, 7)]] * 2))
    assert detour == exact(a)
    assert hash(detour) == hash(exact(a))
    assert detour.denominator == math.lcm(*(x.denominator for row in a for x in row))


def test_matrices_that_differ_in_one_entry_or_in_shape_are_different() -> None:
    assert RationalMatrix.from_floats([[1, 2]]) != RationalMatrix.from_floats([[1, 3]])
    assert RationalMatrix.zeros(1, 2) != RationalMatrix.zeros(2, 1)


@given(matrices(3, 4))
def test_rank_and_pivots_are_those_of_elimination(a: list[list[Fraction]]) -> None:
    matrix = exact(a)
    assert matrix.rank() == rank_by_elimination(a)
    pivots = matrix.pivot_columns()
    assert matrix.columns(pivots).rank() == len(pivots) if pivots else matrix.is_zero


def test_pivots_are_the_first_columns_of_a_basis() -> None:
    assert RationalMatrix.from_floats([[0, 2, 4, 1], [0, 1, 2, 1]]).pivot_columns() == [1, 3]
    assert RationalMatrix.zeros(0, 3).pivot_columns() == []


def test_a_rational_leaves_as_the_nearest_double() -> None:
    third = exact([[Fraction(1, 3), Fraction(-2, 3)]])
    assert third.floats.tolist() == [[1 / 3, -2 / 3]]
    with pytest.raises(OverflowError):
        _ = exact([[Fraction(10**400)]]).floats


@pytest.mark.parametrize(
    ("value", "as_single", "as_double_"),
    [
        (Fraction(1, 4), True, True),
        (Fraction(0.1), False, True),
        (Fraction(1, 3), False, False),
        (Fraction(2**200), False, True),
        (Fraction(10**400), False, False),
    ],
)
def test_what_is_exact_as_which_float(value: Fraction, as_single: bool, as_double_: bool) -> None:
    assert exact([[value]]).is_exact_as(np.float32) is as_single
    assert exact([[value]]).is_exact_as(np.float64) is as_double_
    assert as_double(value) == (float(value) if as_double_ else None)


def test_masked_rows_and_selections() -> None:
    matrix = RationalMatrix.from_floats([[1, 2], [3, 4], [5, 6]])
    assert matrix.masked_rows(np.array([True, False, True])).fractions() == [[1, 2], [0, 0], [5, 6]]
    assert matrix.rows([2, 0]).fractions() == [[5, 6], [1, 2]]
    assert matrix.columns([1]).fractions() == [[2], [4], [6]]
    assert matrix.primitive_rows() == [(1, 2), (3, 4), (5, 6)]
    assert primitive([-6, 9, 0]) == (-2, 3, 0)
    assert primitive([0, 0]) == (0, 0)


def test_wrong_shapes_and_changes_are_refused() -> None:
    row = RationalMatrix.zeros(1, 2)
    with pytest.raises(ValueError, match=r"cannot multiply shapes \(1, 2\) and \(1, 2\)"):
        _ = row @ row
    with pytest.raises(ValueError, match="cannot add shapes"):
        _ = row + row.T
    with pytest.raises(ValueError, match="read-only"):
        row.numerators[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        row.floats[0, 0] = 1


def test_a_numpy_integer_does_not_keep_its_few_bits() -> None:
    point = np.array([200, 100], dtype=np.uint8)
    total = sum(as_fraction(x) for x in point)
    assert total == 300
    assert -as_fraction(point[0]) == -200
    assert RationalMatrix.from_fractions([[np.int64(2**62)]], 1).numerators[0, 0] * 4 == 2**64


@pytest.mark.parametrize("seed", range(6))
def test_pivot_columns_of_large_matrices_are_those_of_elimination_over_the_rationals(seed: int) -> None:
    """Of full rank, deficient, with rows that are multiples of others, in parts, with empty rows and columns."""
    rng = np.random.default_rng(seed)
    low = rng.integers(-2, 3, size=(90, 7)) @ rng.integers(-2, 3, size=(7, 60))
    full = rng.integers(-9, 10, size=(70, 80)) * (rng.random((70, 80)) < 0.3)
    parts = np.zeros((160, 140), dtype=np.int64)
    parts[:70, 60:] = full
    parts[70:, :60] = low
    parts = parts[rng.permutation(160)][:, rng.permutation(140)]
    repeated = np.concatenate([full, -3 * full, 2 * full])
    for entries in (low, full, full.T, parts, repeated, np.zeros((50, 50), dtype=np.int64)):
        matrix = RationalMatrix(entries.astype(object), 6)
        echelon, rank = fmpz_mat(entries.tolist()).rref()[::2]
        expected = [next(j for j in range(entries.shape[1]) if echelon[i, j] != 0) for i in range(rank)]
        assert matrix.pivot_columns() == SparseMatrix.of(matrix).pivot_columns() == expected
