"""Signs from doubles: right wherever they are given, left open where rounding could change them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from relureg import Network, enumerate_regions, maps
from relureg.exact.rounding_bounds import Rounded, affine_error, gamma

Numbers = list[list[float]]

floats = st.floats(allow_nan=False, allow_infinity=False)
near_zero = st.floats(-1e-290, 1e-290)
entries = st.one_of(floats, near_zero, st.integers(-3, 3).map(float))


def signs(constant: list[float], weights: Numbers, values: list[float], errors: list[float]) -> NDArray[np.int8]:
    """The signs of ``c + W h`` that doubles prove, for h within errors of some values."""
    c, matrix, h = np.array(constant), np.array(weights), Rounded(value=np.array([values]), error=np.array([errors]))
    with np.errstate(all="ignore"):
        error = affine_error(np.abs(c), [(np.abs(matrix), h)], len(values) + 3, 1)
        found: NDArray[np.int8] = Rounded(value=h.value @ matrix.T + c, error=error).signs[0]
    return found


def sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


@given(st.lists(st.tuples(entries, entries, entries.map(abs), st.integers(-8, 8)), min_size=1, max_size=6), entries)
def test_a_sign_that_is_given_is_that_of_every_sum_within_the_errors(
    terms: list[tuple[float, float, float, int]], constant: float
) -> None:
    weights, values, errors, eighths = zip(*terms, strict=True)
    (found,) = signs([constant], [list(weights)], list(values), list(errors))
    moved = [Fraction(v) + Fraction(e) * n / 8 for v, e, n in zip(values, errors, eighths, strict=True)]
    exact = Fraction(constant) + sum(Fraction(w) * h for w, h in zip(weights, moved, strict=True))
    assert found in (0, sign(exact))


@pytest.mark.parametrize(
    ("constant", "weights", "values"),
    [
        ([0.0], [[1.0, -1.0]], [0.1, 0.1]),  # 0
        ([-1.0], [[3.0]], [1 / 3]),  # -2^-54, and 0 in doubles
        ([-1.0], [[1.0, 2.0**-60]], [1.0, 1.0]),  # 2^-60
        ([0.0], [[1e-200]], [1e-200]),  # below all doubles
        ([0.0], [[2.0**-1074]], [0.25]),
        ([0.0], [[2.0**-1074] * 4 + [-(2.0**-1074)] * 3], [0.75] * 4 + [1.0] * 3),  # 0, and 2^-1074 in doubles
        ([-1e308], [[1e200, -1e200]], [1e200, 1e200]),  # infinity minus infinity
        ([0.0], [[1e200]], [1e200]),
    ],
)
def test_near_ties_and_what_leaves_the_doubles_are_left_open(
    constant: list[float], weights: Numbers, values: list[float]
) -> None:
    assert signs(constant, weights, values, [0.0] * len(values)).tolist() == [0]


def test_a_sign_is_given_from_a_few_roundings_on() -> None:
    for share, expected in ((2.0**-52, 0), (2.0**-49, 1)):
        assert signs([-1.0], [[1.0, 1.0]], [1.0, share], [0.0, 0.0]).tolist() == [expected]


def test_a_bound_is_zero_only_where_zeros_are_kept() -> None:
    h = Rounded.exactly(np.zeros((1, 2)))
    terms = [(np.ones((1, 2)), h)]
    assert affine_error(np.zeros(1), terms, 5, 1, keeps_zeros=True)[0, 0] == 0
    assert affine_error(np.zeros(1), terms, 5, 1)[0, 0] > 0
    tiny = Rounded.exactly(np.array([[0.0, 2.0**-1074]]))
    assert affine_error(np.zeros(1), [(np.ones((1, 2)), tiny)], 5, 1, keeps_zeros=True)[0, 0] > 0


def test_gamma_is_what_roundings_add_up_to() -> None:
    assert gamma(1) > 2.0**-53
    assert Fraction(gamma(10**6)) > (1 + Fraction(1, 2**53)) ** 10**3 - 1


NEAR = 1 + Fraction(1, 2**60)
TINY = Fraction(1, 10**330)  # rounds to 0
NETWORKS = {
    # h = 0 or 2^-60 at x = 1, and 1e18 h - 1/2 tells which.
    "zero": Network.from_layers([[[1]], [[Fraction(10**18)]], [[1]]], [[-1], [Fraction(-1, 2)], [0]]),
    "2^-60": Network.from_layers([[[NEAR]], [[Fraction(10**18)]], [[1]]], [[-1], [Fraction(-1, 2)], [0]]),
    "less than all doubles": Network.from_layers(
        [[[TINY]], [[Fraction(10**308)]], [[1]]], [[0], [-Fraction(1, 10**30)], [0]]
    ),
    "denormal": Network.from_layers([[[2.0**-1060]], [[2.0**1000]], [[1]]], [[0], [-(2.0**-61)], [0]]),
    "more than all doubles": Network.from_layers(
        [[[10.0**200], [10.0**200]], [[10.0**200, -(10.0**200)]], [[1]]], [[0, -1], [-1], [0]]
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_region_of_a_point_is_right_where_doubles_are_not(name: str) -> None:
    network = NETWORKS[name]
    cells = enumerate_regions(network)
    xs = [1.0, -1.0, 0.5, 2.0, 1e-3, 3.0]
    exact = np.array([network.exact_signs([x]) for x in xs])
    inside = (exact != 0).all(axis=1)
    assert inside.any()
    places = cells.locate([[x] for x in xs])
    assert np.array_equal(cells.records.signs[places][inside], exact[inside])
    # In the closure, where the point is on a facet.
    assert ((cells.records.signs[places] == exact) | (exact == 0)).all()
    found = maps.find_regions(network, [[x] for x in xs]).signs_of(slice(None))
    assert np.array_equal(found[inside], exact[inside])
