"""Domains: boxes and polytopes as exact rows, and the inputs that carry the complex."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from relureg import Domain, Network
from relureg.errors import DomainError
from relureg.network.problem import Problem


def rows(domain: Domain) -> list[list[Fraction]]:
    """Each row as [constant, coefficients...], which is >= 0 inside."""
    pairs = zip(domain.constants.fractions(), domain.normals.fractions(), strict=True)
    return [constant + normal for constant, normal in pairs]


def test_a_box_is_two_rows_an_axis() -> None:
    box = Domain.box([0, Fraction(-1, 3)], [1.5, 2])
    assert rows(box) == [[0, 1, 0], [Fraction(3, 2), -1, 0], [Fraction(1, 3), 0, 1], [2, 0, -1]]
    assert (box.num_rows, box.dim) == (4, 2)
    assert box.label == "box [0, 1.5] x [-1/3, 2]"
    assert Domain.box([0.1], [1e300]).label == "box [0.1, 1e+300]"
    assert Domain.box([-10] * 3, [10] * 3).label == "box [-10, 10]^3"


def test_a_float_bound_is_the_double_it_is() -> None:
    assert rows(Domain.box([0.1], [1])) == [[-Fraction(0.1), 1], [1, -1]]
    small = np.array([100, 200], dtype=np.uint8)
    assert rows(Domain.box([small[0]], [small[1]])) == [[-100, 1], [200, -1]]


def test_an_infinite_bound_is_no_bound() -> None:
    assert rows(Domain.box([-math.inf, 0], [math.inf, math.inf])) == [[0, 0, 1]]
    whole = Domain.box([-math.inf] * 2, [math.inf] * 2)
    assert (whole.num_rows, whole.dim) == (0, 2)


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        ([0, 0], [1], "as many lower as upper bounds, not 2 and 1"),
        ([2], [1], "x0: the lower bound 2 is not below"),
        ([math.nan], [1], "x0: the lower bound nan is not below"),
        ([0], [math.nan], "x0: the lower bound 0 is not below the upper bound nan"),
        ([math.inf], [math.inf], "x0: the lower bound inf is not below"),
        ([0.1], [Fraction(1, 10)], "x0: the lower bound 0.1 is not below the upper bound 1/10"),
    ],
)
def test_a_box_without_interior_is_refused(low: list[float], high: list[float], message: str) -> None:
    with pytest.raises(DomainError, match=message) as caught:
        Domain.box(low, high)
    assert caught.value.exit_code == 2


def test_equal_bounds_are_an_equation() -> None:
    box = Domain.box([0, Fraction(1, 3), 2], [1, Fraction(1, 3), 2.0])
    assert box.equations is not None
    assert box.equations.fractions() == [[-Fraction(1, 3), 0, 1, 0], [-2, 0, 0, 1]]
    assert rows(box) == [[0, 1, 0, 0], [1, -1, 0, 0]]
    assert box.label == "box [0, 1] x {1/3} x {2}"
    assert box.has_inside([0.5, Fraction(1, 3), 2])
    assert not box.has_inside([0.5, 1 / 3, 2])  # the double is not a third
    assert not box.has_inside([1, Fraction(1, 3), 2])


def test_a_polytope_is_a_row_an_inequality() -> None:
    triangle = Domain.polytope([[1, 1], [-1, 0], [0, Fraction(-1, 3)]], [1, 0, 0.5])
    assert rows(triangle) == [[1, -1, -1], [0, 1, 0], [Fraction(1, 2), 0, Fraction(1, 3)]]
    assert triangle.label == "polytope of 3 inequalities"
    arrays = Domain.polytope(np.array([[1, 1], [-1, 0]]), np.array([0.5, 0.25]))
    assert rows(arrays) == [[Fraction(1, 2), -1, -1], [Fraction(1, 4), 1, 0]]


@pytest.mark.parametrize(
    ("matrix", "bounds", "message"),
    [
        ([[1, 2], [3]], [1, 1], "equally long rows"),
        ([[1, 2]], [1, 1], "one bound for each"),
        ([], [], "equally long rows"),
        ([[1, math.nan]], [1], "finite numbers"),
        ([[1, math.inf]], [1], "finite numbers"),
        ([[1, 2]], [math.inf], "finite numbers"),
    ],
)
def test_a_polytope_that_is_none_is_refused(matrix: list[list[float]], bounds: list[float], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Domain.polytope(matrix, bounds)


def test_a_domain_must_have_the_networks_dimension() -> None:
    network = Network.from_layers([[[1, 1]], [[1]]], [[0], [0]])
    Domain.box([0, 0], [1, 1]).check_fits(network)
    with pytest.raises(DomainError, match="the domain has 3 coordinates and the network 2 inputs"):
        Domain.box([0] * 3, [1] * 3).check_fits(network)


def test_essential_inputs_are_those_that_units_and_walls_tell_apart() -> None:
    network = Network.from_layers([[[0, 1, 1], [0, 2, 2]], [[1, 1]]], [[0, 1], [0]])
    assert Problem(network=network).essential_inputs == (1,)
    unbounded = [-math.inf] * 2
    slab = Domain.box([0, *unbounded], [1, math.inf, math.inf])
    assert Problem(network=network, domain=slab).essential_inputs == (0, 1)
    assert Problem(network=network, domain=Domain.box([0] * 3, [1] * 3)).essential_inputs == (0, 1, 2)
