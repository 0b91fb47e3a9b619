"""Two networks as functions: equal where they are, and the largest difference where they are not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import Domain, Network, compare_networks
from relureg.network.editing import with_parameters
from relureg.network.subtraction import subtract

from .brute_force import supremum

ABS = Network.from_layers([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])


def test_the_same_function_in_another_form() -> None:
    """|x| with scaled units, in another order, and with a unit that is never active."""
    other = Network.from_layers([[[-2], [Fraction(1, 3)], [0]], [[Fraction(1, 2), 3, 5]]], [[0, 0, -1], [0]])
    assert compare_networks(ABS, other).are_equal
    assert compare_networks(ABS, other, Domain.box([-1], [2])).are_equal


def test_a_difference_on_half_the_line() -> None:
    identity = Network.from_layers([[[1]]], [[0]])
    assert compare_networks(ABS, identity, Domain.box([0], [5])).are_equal
    found = compare_networks(ABS, identity, Domain.box([-3], [5])).largest
    assert found is not None
    assert (found.value, found.point, found.output) == (6, (-3,), 0)
    unbounded = compare_networks(ABS, identity).largest
    assert unbounded is not None
    assert unbounded.value is None
    assert unbounded.ray is not None
    assert unbounded.ray[0] < 0


def test_a_difference_of_the_least_size() -> None:
    other = Network.from_layers([[[1], [-1]], [[1, 1]]], [[0, 0], [Fraction(1, 10**40)]])
    found = compare_networks(ABS, other, Domain.box([-1], [1])).largest
    assert found is not None
    assert found.value == Fraction(1, 10**40)


@pytest.mark.parametrize("seed", range(6))
def test_rounded_networks_against_brute_force(seed: int) -> None:
    network = relureg.random_network([2, 5, 3], seed=seed)
    rounded = with_parameters(network, lambda _, value: Fraction(round(value * 4), 4))
    domain = Domain.box([-1, -1], [2, 1])
    found = compare_networks(network, rounded, domain).largest
    apart = subtract(network, rounded)
    expected = 0
    for k in range(apart.output_dim):
        for sign in (1, -1):
            along = [sign * int(i == k) for i in range(apart.output_dim)]
            value = supremum(apart, domain, along)
            assert value is not None
            expected = max(expected, value)
    assert (0 if found is None else found.value) == expected
    if found is not None:
        a, b = network.exact_output(found.point), rounded.exact_output(found.point)
        assert abs(a[found.output] - b[found.output]) == expected
    values = np.abs(apart(np.random.default_rng(0).uniform([-1, -1], [2, 1], (2000, 2))))
    assert values.max() <= float(expected) + 1e-12


def test_networks_that_do_not_fit() -> None:
    with pytest.raises(relureg.errors.UsageError, match="cannot equal"):
        compare_networks(ABS, relureg.load("fixtures/truth/xor.json"))
