"""The epigraph of a maximum of affine functions, by double description: which monomials matter, and where they meet.

The epigraph ``{(x, t) : t >= c + a . x for all monomials}`` of a tropical polynomial is a polyhedron. Its facets are
the monomials that are maximal on an open set, its vertices and edges project to the tropical hypersurface, and its
face lattice turned upside down is the dual subdivision. So one polyhedron answers all questions.

The function is given as a maximum of sums of factors, which are never expanded. The polyhedron starts as a simplicial
cone; each of its generators asks for the largest monomial there, which either confirms the generator or cuts it off.
Each monomial found in this way is one that matters, so that the work follows the size of the result.

All numbers are integers of any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from relureg.exact.rational import IntArray, RationalMatrix
from relureg.tropical.cone import EpigraphCone, Vector, bits
from relureg.tropical.maximum import Maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A vertex or a ray of the epigraph."""

    point: Vector
    """(s, x): homogeneous coordinates in the chosen inputs, coprime with the height; s > 0 at a vertex x / s, and
    s = 0 for a ray x, which is 0 for the ray that goes straight up."""
    tight: frozenset[int]
    """The rows of the hull that attain the maximum there."""

    @property
    def is_vertex(self) -> bool:
        return self.point[0] > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hull:
    """The monomials that matter, and the vertices and rays at which they meet."""

    rows: IntArray
    """(h, 1 + d): coefficient and exponents of each monomial that is maximal on an open set, exponents ascending."""
    axes: tuple[int, ...]
    """The r inputs whose coordinates `Generator.point` holds; along the others the polyhedron has lines."""
    generators: tuple[Generator, ...]


def upper_hull(alternatives: Sequence[Sequence[IntArray]], watch: Callable[[int], None] | None = None) -> Hull:
    """The epigraph of ``max over alternatives of the sum of factors``.

    Parameters
    ----------
    alternatives : sequences of factors, at least one
        A factor is an array of monomials, shape (m, 1 + d): coefficient and exponents, integers, in ascending order
        of the exponents, no exponent twice.
    watch : callable, optional
        Called with the number of monomials found so far; may raise to stop.

    Returns
    -------
    Hull
    """
    maximum = Maximum(alternatives)
    base, first, axes = _affine_basis(maximum)
    columns = np.array([0, *(axis + 1 for axis in axes)], dtype=np.intp)
    maximum.restrict(columns)
    cone = EpigraphCone([tuple(row[columns] - base[columns]) for row in first])
    rows = [base, *first]
    pending = list(cone.alive)
    while pending:
        number = pending.pop()
        if number not in cone.alive:
            continue
        row = maximum.largest(cone.alive[number].vector[:-1])
        relative = tuple((row - base)[columns].tolist())
        if cone.value(relative, number) >= 0:
            continue
        rows.append(row)
        pending += cone.cut(relative)
        if watch is not None:  # those found count, those to begin with may turn out not to matter
            watch(len(rows) - len(first) - 1)
    facets = cone.facets()
    if watch is not None:
        watch(len(facets))
    order = sorted(facets, key=lambda facet: tuple(rows[facet - 1][1:]))
    rank = {facet: index for index, facet in enumerate(order)}
    return Hull(
        rows=np.array([rows[facet - 1] for facet in order], dtype=object).reshape(len(order), -1),
        axes=axes,
        generators=tuple(
            Generator(
                point=generator.vector[:-1],
                tight=frozenset(rank[row] for row in bits(generator.rows) if row in rank),
            )
            for generator in cone.alive.values()
        ),
    )


def _affine_basis(maximum: Maximum) -> tuple[IntArray, list[IntArray], tuple[int, ...]]:
    """A monomial, r more whose exponents are affinely independent of it, and r inputs that tell all apart."""
    base, *others = maximum.spanning()
    if not others:
        return base, [], ()
    differences = RationalMatrix(np.array([row[1:] - base[1:] for row in others], dtype=object))
    chosen = differences.T.pivot_columns()
    return base, [others[index] for index in chosen], tuple(differences.pivot_columns())


def common_denominator(matrices: Sequence[RationalMatrix]) -> tuple[list[IntArray], int]:
    """The matrices as integers over one denominator."""
    denominator = math.lcm(*(matrix.denominator for matrix in matrices))
    return [matrix.numerators * (denominator // matrix.denominator) for matrix in matrices], denominator
