"""The Newton polytope, its dual subdivision and the tropical hypersurface, read off one epigraph.

Of ``f = max (c_k + a_k . x)`` the upper faces of the lifted points (a_k, c_k), projected, subdivide the Newton polytope
``conv {a_k}``. Faces of the subdivision and of the hypersurface, where the maximum is attained twice, correspond and
reverse inclusion ([MS15], Proposition 3.1.6):

==============================  =========================================
dual subdivision                hypersurface
==============================  =========================================
vertex: a monomial that counts  region on which the monomial is maximal
edge                            facet, between two regions
cell of full dimension          vertex
==============================  =========================================

Where the exponents span fewer than d dimensions, dimensions are counted in that span.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked
from relureg.exact.rational import RationalMatrix
from relureg.tropical.epigraph import Generator, Hull
from relureg.tropical.polynomial import Exponents, TropicalPolynomial, Watch

Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of full dimension, and the vertex of the hypersurface that it is dual to."""

    monomials: tuple[int, ...]
    """The monomials that span it, ascending."""
    vertex: Point
    """Where they are all maximal, in all d variables (0 in those that do not matter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An edge of the subdivision, and the facet of the hypersurface that it is dual to."""

    monomials: tuple[int, int]
    """Its two ends."""
    vertices: tuple[int, ...]
    """The cells it lies in: the facet is the convex hull of their dual vertices ..."""
    rays: tuple[Point, ...]
    """... plus the cone of these directions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DualSubdivision:
    """The subdivision of the Newton polytope that a tropical polynomial induces, with its dual."""

    polynomial: TropicalPolynomial
    """Pruned: monomial k is vertex k of the subdivision and region k of the function."""
    dim: int
    """r, the dimension of the Newton polytope."""
    axes: tuple[int, ...]
    """r variables whose exponents tell all monomials apart."""
    cells: tuple[Cell, ...]
    edges: tuple[Edge, ...]
    newton_vertices: tuple[int, ...]
    """The monomials at the vertices of the Newton polytope; the regions of the others are bounded."""

    @property
    def exponents(self) -> list[Exponents]:
        """The vertices of the subdivision."""
        return list(self.polynomial.terms)

    @property
    def points(self) -> list[Point]:
        """The vertices in the coordinates `axes`, in which the polytope has full dimension."""
        return [tuple(exponent[axis] for axis in self.axes) for exponent in self.exponents]


@checked
def dual_subdivision(polynomial: TropicalPolynomial, watch: Watch | None = None) -> DualSubdivision:
    """The dual subdivision of a tropical polynomial; monomials that do not matter are no vertices of it.

    Examples
    --------
    >>> f = TropicalPolynomial.of_terms({(2,): 0, (1,): 2, (0,): -4})
    >>> [int(cell.vertex[0]) for cell in dual_subdivision(f).cells]
    [-6, 2]
    """
    hull = polynomial.hull(watch)
    pruned = TropicalPolynomial(RationalMatrix(hull.rows, polynomial.monomials.denominator))
    vertices = sorted((g for g in hull.generators if g.is_vertex), key=lambda g: _point(g, hull, polynomial.dim))
    return DualSubdivision(
        polynomial=pruned,
        dim=len(hull.axes),
        axes=hull.axes,
        cells=tuple(Cell(monomials=tuple(sorted(g.tight)), vertex=_point(g, hull, polynomial.dim)) for g in vertices),
        edges=_edges(hull, vertices, polynomial.dim),
        newton_vertices=_newton_vertices(pruned),
    )


def newton_vertices(polynomial: TropicalPolynomial) -> list[Exponents]:
    """The vertices of the Newton polytope, ascending."""
    exponents = list(polynomial.terms)
    return [exponents[index] for index in _newton_vertices(polynomial)]


def polygon(points: Sequence[Point]) -> list[Point]:
    """The corners of the convex hull of points in the plane, counterclockwise (Andrew's monotone chain)."""

    def chain(listed: Iterable[Point]) -> list[Point]:
        corners: list[Point] = []
        for point in listed:
            while len(corners) > 1 and _turn(corners[-2], corners[-1], point) <= 0:
                corners.pop()
            corners.append(point)
        return corners

    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered
    return chain(ordered)[:-1] + chain(reversed(ordered))[:-1]


def area(points: Sequence[Point]) -> Fraction:
    """The exact area of the convex hull of points in the plane, the length of one on a line, 1 for the single point."""
    dim = len(points[0])
    if dim == 0:
        return Fraction(1)
    if dim == 1:
        return max(x for (x,) in points) - min(x for (x,) in points)
    first, *corners = polygon(points)
    doubled = (_turn(first, one, other) for one, other in itertools.pairwise(corners))
    return sum(doubled, Fraction(0)) / 2


def _turn(origin: Point, one: Point, other: Point) -> Fraction:
    """Twice the signed area of a triangle."""
    (x, y), (a, b), (c, d) = origin, one, other
    return (a - x) * (d - y) - (b - y) * (c - x)


def _newton_vertices(polynomial: TropicalPolynomial) -> tuple[int, ...]:
    """Lifted to height 0, the upper hull is the polytope itself."""
    flat = polynomial.monomials.numerators.copy()
    flat[:, 0] = 0
    rows = TropicalPolynomial(RationalMatrix(flat)).hull().rows
    wanted = {tuple(row[1:]) for row in rows}
    return tuple(index for index, row in enumerate(flat) if tuple(row[1:]) in wanted)


def _edges(hull: Hull, vertices: list[Generator], dim: int) -> tuple[Edge, ...]:
    """Pairs of monomials that are maximal together on a face of dimension r - 1 of the epigraph, seen from above."""
    r = len(hull.axes)
    rays = [g for g in hull.generators if not g.is_vertex]
    pairs = sorted({pair for g in vertices for pair in itertools.combinations(sorted(g.tight), 2)})
    at: dict[int, list[int]] = {}
    for number, generator in enumerate(vertices):
        for monomial in generator.tight:
            at.setdefault(monomial, []).append(number)
    edges = []
    for one, other in pairs:
        shared = [number for number in at[one] if other in vertices[number].tight]
        ends = [ray for ray in rays if one in ray.tight and other in ray.tight]
        spanned = [list(vertices[number].point) for number in shared] + [list(ray.point) for ray in ends]
        if len(spanned) >= r and RationalMatrix(np.array(spanned, dtype=object)).rank() == r:
            directions = tuple(_direction(ray, hull, dim) for ray in ends)
            edges.append(Edge(monomials=(one, other), vertices=tuple(shared), rays=directions))
    return tuple(edges)


def _point(generator: Generator, hull: Hull, dim: int) -> Point:
    scale, *coordinates = generator.point
    point = [Fraction(0)] * dim
    for axis, coordinate in zip(hull.axes, coordinates, strict=True):
        point[axis] = Fraction(coordinate, scale)
    return tuple(point)


def _direction(generator: Generator, hull: Hull, dim: int) -> Point:
    direction = [Fraction(0)] * dim
    for axis, coordinate in zip(hull.axes, generator.point[1:], strict=True):
        direction[axis] = Fraction(coordinate)
    return tuple(direction)
