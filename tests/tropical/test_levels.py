"""Level sets: components counted on the exact complex, boundary points on the hypersurface."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from relureg.tropical import form_checks, level_set, tropical_map
from relureg.tropical.levels import off_hypersurface
from tests.tropical.networks import REFERENCE, exact, integer, random_network, rational, reference_network


def test_the_two_sides_of_a_sawtooth() -> None:
    """relu(x) - 2 relu(x-1) + 2 relu(x-2) - ...: teeth of height 1, with n peaks."""
    bends = range(7)
    saw = exact([[[1]] * 7, [[1, -2, 2, -2, 2, -2, 1]]], [[-k for k in bends], [0]])
    (function,) = tropical_map(saw).outputs
    found = level_set(saw, function, level=Fraction(1, 3))
    assert found is not None
    assert (found.positive_components, found.negative_components, found.flat_regions) == (3, 4, 0)
    assert [x for (x,) in found.boundary_points] == sorted(
        Fraction(k) + f for k in (0, 2, 4) for f in (Fraction(1, 3), Fraction(5, 3))
    )
    at_zero = level_set(saw, function)
    assert at_zero is not None
    assert (at_zero.positive_components, at_zero.negative_components, at_zero.flat_regions) == (3, 0, 2)


def test_sides_that_touch_in_a_point() -> None:
    """min(|x|, |y|)-like: four quadrants, two positive ones that meet in the origin alone."""
    network = reference_network({"definition": "A4_bowtie relu(min(x,-y))+relu(min(-x,y))"})
    (function,) = tropical_map(network).outputs
    found = level_set(network, function)
    assert found is not None
    assert (found.positive_components, found.negative_components) == (2, 0)


@pytest.mark.parametrize("law", [integer, rational], ids=lambda law: law.__name__)
@pytest.mark.parametrize("widths", [(1, 5, 3, 1), (2, 5, 1), (2, 4, 3, 2), (3, 3, 2, 1)], ids=str)
@pytest.mark.parametrize("level", [Fraction(0), Fraction(7, 3)])
def test_random_networks(widths: tuple[int, ...], law: Any, level: Fraction) -> None:
    network = random_network(widths, 5, law)
    for output, function in enumerate(tropical_map(network).outputs):
        found = level_set(network, function, output=output, level=level)
        assert found is not None
        for point in found.boundary_points:
            assert network.exact_output(point)[output] == level
        assert form_checks.boundary(function, found).passed is not False
        assert form_checks.sides(function, found).passed


def test_points_off_the_boundary_are_caught() -> None:
    network = reference_network(REFERENCE["forms"][2])
    (function,) = tropical_map(network).outputs
    found = level_set(network, function)
    assert found is not None
    assert len(found.boundary_points) == 8
    assert form_checks.boundary(function, found).passed
    away = tuple(x + Fraction(1, 100) for x in found.boundary_points[0])
    wrong = replace(found, boundary_points=(*found.boundary_points, away))
    assert off_hypersurface(function, wrong) == away
    assert form_checks.boundary(function, wrong).passed is False
    assert form_checks.sides(function, replace(found, positive_components=23)).passed is False
    assert form_checks.boundary(function, replace(found, boundary_points=())).passed is None
