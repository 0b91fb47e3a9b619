"""What the checker rounds in its sums leads away from what is to be proved: no bound is below what is attained."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import relureg
from relureg.network import json_format
from relureg.proofs.checker import FINE, Cell, read_network


def top(inner: int, shift: int, weight: Fraction, sense: int, upper: Fraction = Fraction(2)) -> Fraction:
    """What sense * weight * max(inner x + shift, 0) is at most for -1 <= x <= upper, as the checker bounds it.

    An idle unit beside it stays open, so that the second stage has no rows.
    """
    weights: list[list[list[Any]]] = [[[inner], [5]], [[weight, 0]], [[1]]]
    network = relureg.Network.from_layers(weights, [[shift, -1], [0], [0]])
    walls = [[1, 1], [upper.numerator, -upper.denominator]]
    cell = Cell({"slice": None, "walls": walls}, [read_network(json_format.write(network))])
    cell.step("bounds", 0)
    return Fraction(cell.most({2: sense * FINE**2})) / FINE**2


THIRD, SEVENTH = Fraction(1, 3), Fraction(1, 7)


@pytest.mark.parametrize(
    ("inner", "shift", "weight", "sense", "attained"),
    [
        # w max(z, 0): at an end of the box where the chord of an open unit touches it
        (1, 0, THIRD, 1, 2 * THIRD),
        (1, 0, -THIRD, -1, 2 * THIRD),
        (-1, 0, SEVENTH, 1, SEVENTH),
        (3, -1, SEVENTH, 1, 5 * SEVENTH),
        # below the kink of a unit that is more often negative
        (-1, 0, THIRD, -1, Fraction(0)),
        # where the unit is positive throughout
        (1, 2, THIRD, 1, 4 * THIRD),
        (1, 2, -SEVENTH, 1, -SEVENTH),
    ],
)
def test_a_bound_is_no_less_than_what_is_attained(
    inner: int, shift: int, weight: Fraction, sense: int, attained: Fraction
) -> None:
    bound = top(inner, shift, weight, sense)
    assert attained <= bound <= attained + Fraction(1, 2**20)


@pytest.mark.parametrize("denominator", [3, 4, 5, 7, 8, 16])
def test_the_rise_of_a_chord_is_rounded_up(denominator: int) -> None:
    """Where its unit is largest a chord touches it, so that nothing else makes up for what would be lost."""
    for upper in (Fraction(k, denominator) for k in range(1, 3 * denominator)):
        assert upper <= top(1, 0, Fraction(1), 1, upper) <= upper + Fraction(1, 2**20)
