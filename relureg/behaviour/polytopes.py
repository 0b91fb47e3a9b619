"""Convex hulls of points and rays in any dimension, flat ones included, and volumes: all of it exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial

import numpy as np
from numpy.typing import NDArray

from relureg.exact.double_description import Row, dot, extreme_rays
from relureg.exact.numbers import primitive
from relureg.exact.rational import RationalMatrix

Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Polytope:
    """A polyhedron by its generators and by inequalities; it may be flat and unbounded."""

    vertices: tuple[Point, ...]
    """Ascending; none of them is redundant, unless it contains a line, and so has no vertex: then points of it."""
    rays: tuple[Row, ...]
    """Coprime integers, ascending, none of them redundant; of a line both directions."""
    inequalities: tuple[Row, ...]
    """``row[0] + row[1:] . y >= 0``, one a facet, in coprime integers."""
    equations: tuple[Row, ...]
    """``row[0] + row[1:] . y = 0``: a basis of what holds on all of it."""

    def has(self, point: Sequence[Fraction]) -> bool:
        """Whether a point lies in it."""
        at = (Fraction(1), *point)
        values = [sum((a * x for a, x in zip(row, at, strict=True)), Fraction(0)) for row in self.inequalities]
        flat = [sum((a * x for a, x in zip(row, at, strict=True)), Fraction(0)) for row in self.equations]
        return all(value >= 0 for value in values) and not any(flat)


def hull(points: Sequence[Sequence[Fraction]], rays: Sequence[Sequence[Fraction]] = ()) -> Polytope:
    """The convex hull of points, of which there is one at least, plus all non-negative combinations of rays.

    Examples
    --------
    >>> square = hull([(0, 0), (2, 0), (0, 2), (2, 2), (1, 1)])
    >>> len(square.vertices), square.inequalities[:2]
    (4, ((0, 0, 1), (0, 1, 0)))
    """
    dim = len(points[0])
    rows = [[Fraction(1), *point] for point in points] + [[Fraction(0), *ray] for ray in rays]
    generators = sorted({g for g in RationalMatrix.from_fractions(rows, dim + 1).primitive_rows() if any(g)})
    matrix = RationalMatrix.from_fractions([list(map(Fraction, g)) for g in generators], dim + 1)
    equations = tuple(matrix.kernel().primitive_rows())
    # On these coordinates, of which the others are functions, the cone over the polyhedron has an interior.
    kept = list(matrix.pivot_columns())
    reduced = [tuple(g[j] for j in kept) for g in generators]
    facets = [ray.vector for ray in extreme_rays(reduced, len(kept))]
    on = [frozenset(k for k, facet in enumerate(facets) if not dot(facet, g)) for g in reduced]
    is_pointed = RationalMatrix.from_fractions([list(map(Fraction, f)) for f in facets], len(kept)).rank() == len(kept)
    chosen = [
        g for g, mine in zip(generators, on, strict=True)
        if not is_pointed or not any(mine < other for other in on)
    ]  # fmt: skip
    vertices = sorted(tuple(Fraction(x, g[0]) for x in g[1:]) for g in chosen if g[0])
    inequalities = [tuple(dict(zip(kept, facet, strict=True)).get(j, 0) for j in range(dim + 1)) for facet in facets]
    return Polytope(
        vertices=tuple(vertices),
        rays=tuple(sorted(g[1:] for g in chosen if not g[0])),
        inequalities=tuple(sorted(primitive(row) for row in inequalities if any(row[1:]))),
        equations=tuple(sorted(equations)),
    )


def volume(vertices: RationalMatrix, on_facet: NDArray[np.bool_]) -> Fraction:
    """The volume of a bounded polyhedron in R^d, from its vertices (V, d) and whether each lies on each facet (V, F).

    A face is cut into cones from its first vertex over those of its facets that it is not on, down to simplices.
    """
    points = vertices.fractions()
    dim = vertices.shape[1]
    masks = [frozenset(np.flatnonzero(column).tolist()) for column in on_facet.T]
    total = Fraction(0)
    for simplex in _simplices(frozenset(range(len(points))), masks, dim):
        corner = points[simplex[0]]
        edges = [[x - y for x, y in zip(points[k], corner, strict=True)] for k in simplex[1:]]
        total += abs(_determinant(edges))
    return total / factorial(dim)


def _simplices(face: frozenset[int], facets: Sequence[frozenset[int]], dim: int) -> list[list[int]]:
    """Simplices that a face of this dimension consists of, by the numbers of their vertices."""
    if not dim:
        return [[min(face)]]
    apex = min(face)
    parts = {face & other for other in facets if face & other != face}
    largest = [part for part in parts if part and not any(part < other for other in parts)]
    return [[apex, *rest] for part in largest if apex not in part for rest in _simplices(part, facets, dim - 1)]


def _determinant(rows: list[list[Fraction]]) -> Fraction:
    if not rows:
        return Fraction(1)
    from flint import fmpq, fmpq_mat

    size = len(rows)
    found = fmpq_mat(size, size, [fmpq(x.numerator, x.denominator) for row in rows for x in row]).det()
    return Fraction(int(found.p), int(found.q))
