"""The whole view of random networks: every check holds, whatever their shape."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from relureg.tropical import Growth, Wanted, analyse_network
from tests.tropical.networks import exact, integer, random_network, rational


@pytest.mark.parametrize("seed", range(30))
def test_every_check_holds(seed: int) -> None:
    draw = random.Random(seed)
    widths = (draw.randint(1, 3), *(draw.randint(1, 4) for _ in range(draw.randint(0, 3))), draw.randint(1, 2))
    network = random_network(widths, seed, draw.choice([integer, rational]))
    wanted = Wanted(num_points=20, round_trip=widths[0] == 1, level=Fraction(draw.randint(-3, 3)))
    analysis = analyse_network(network, growth=Growth(), wanted=wanted)
    assert analysis.complete
    assert [check for check in analysis.checks if check.passed is False] == []


def test_a_layer_with_constant_units() -> None:
    network = exact([[[1], [0], [0]], [[1, 2, -1]]], [[-1, 3, -3], [0]])
    analysis = analyse_network(network, growth=Growth(), wanted=Wanted(num_points=20))
    assert analysis.zonotope is not None
    assert (analysis.zonotope.num_segments, analysis.zonotope.num_vertices, analysis.zonotope.num_upper_vertices) == (
        1,
        2,
        2,
    )
    assert [check for check in analysis.checks if check.passed is False] == []
