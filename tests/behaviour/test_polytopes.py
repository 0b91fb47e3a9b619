"""Convex hulls and volumes against what geometry knows."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from relureg.behaviour.polytopes import hull, volume
from relureg.exact.rational import RationalMatrix


def points(rows: list[tuple[int, ...]]) -> list[list[Fraction]]:
    return [list(map(Fraction, row)) for row in rows]


def volume_of(rows: list[tuple[int, ...]]) -> Fraction:
    """Of a convex hull, by its own facets."""
    body = hull(points(rows))
    on = [
        [not sum(a * x for a, x in zip(row, (1, *v), strict=True)) for row in body.inequalities] for v in body.vertices
    ]
    return volume(RationalMatrix.from_fractions([list(v) for v in body.vertices], len(rows[0])), np.array(on))


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_cubes_crosses_and_simplices(dim: int) -> None:
    cube = list(itertools.product((0, 3), repeat=dim))
    assert (len(hull(points([*cube, (1,) * dim])).vertices), volume_of(cube)) == (2**dim, 3**dim)
    units = [tuple(int(i == j) for i in range(dim)) for j in range(dim)]
    cross = [*units, *(tuple(-x for x in unit) for unit in units)]
    factorial = int(np.prod(range(1, dim + 1)))
    assert volume_of(cross) == Fraction(2**dim, factorial)
    assert volume_of([(0,) * dim, *units]) == Fraction(1, factorial)
    assert len(hull(points(cross)).inequalities) == 2**dim


def test_a_flat_one() -> None:
    square = hull(points([(0, 0, 1), (2, 0, 1), (0, 2, 1), (2, 2, 1), (1, 1, 1), (1, 0, 1)]))
    assert (len(square.vertices), len(square.inequalities), square.equations) == (4, 4, ((-1, 0, 0, 1),))
    assert square.has((Fraction(1, 3), Fraction(2), Fraction(1)))
    assert not square.has((Fraction(1, 3), Fraction(2), Fraction(2)))
    assert hull(points([(5, 7)])).equations == ((-7, 0, 1), (-5, 1, 0))


def test_rays_and_lines() -> None:
    wedge = hull(points([(0, 0), (1, 1)]), points([(1, 0), (0, 1), (1, 1)]))
    assert (wedge.vertices, wedge.rays) == (((0, 0),), ((0, 1), (1, 0)))
    strip = hull(points([(0, 0), (0, 2)]), points([(1, 0), (-1, 0)]))
    assert strip.inequalities == ((0, 0, 1), (2, 0, -1))
    assert strip.has((Fraction(-100), Fraction(1)))
    assert not strip.has((Fraction(0), Fraction(3)))
