"""The epigraph of a maximum of affine functions, by double description: which monomials matter, and where they meet.

The epigraph ``{(x, t) : t >= c + a . x for all monomials}`` of a tropical polynomial is a polyhedron. Its facets are
the monomials that are maximal on an open set, its vertices and edges project to the tropical hypersurface, and its
face lattice turned upside down is the dual subdivision. So one polyhedron answers all questions.

The function is given as a maximum of sums of factors, and the product of the factors is never expanded: the largest
monomial of a sum at a point is the sum of the largest monomials of its factors. The polyhedron starts as a simplicial
cone; each of its generators asks for the largest monomial there, which either confirms the generator or cuts it off.
Each monomial found in this way is one that matters, so that the work follows the size of the result.

All numbers are integers of any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpz_mat

from relureg.network.rational import IntArray, RationalMatrix, primitive

Vector = tuple[int, ...]

_INFINITY_ROW = 0
"""The number of the inequality s >= 0, which is no monomial."""


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


@dataclass(slots=True)
class _Generator:
    """A generator of the cone over the epigraph while it is being cut."""

    vector: Vector
    """(s, x, t)."""
    rows: int
    """Bit i is set where row i vanishes."""


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
    sums = [_Sum(factors) for factors in alternatives]
    base, first, axes = _affine_basis(sums)
    columns = np.array([0, *(axis + 1 for axis in axes)], dtype=np.intp)
    cone = _Cone([tuple(row[columns] - base[columns]) for row in first])
    rows = [base, *first]
    pending = list(cone.alive)
    while pending:
        number = pending.pop()
        if number not in cone.alive:
            continue
        point = cone.alive[number].vector[:-1]
        row = _largest(sums, point, columns)
        relative = tuple((row - base)[columns].tolist())
        if cone.value(relative, number) >= 0:
            continue
        if watch is not None:
            watch(len(rows))
        rows.append(row)
        pending += cone.cut(relative)
    facets = cone.facets()
    order = sorted(facets, key=lambda facet: tuple(rows[facet - 1][1:]))
    rank = {facet: index for index, facet in enumerate(order)}
    return Hull(
        rows=np.array([rows[facet - 1] for facet in order], dtype=object).reshape(len(order), -1),
        axes=axes,
        generators=tuple(
            Generator(
                point=generator.vector[:-1],
                tight=frozenset(rank[row] for row in _bits(generator.rows) if row in rank),
            )
            for generator in cone.alive.values()
        ),
    )


class _Sum:
    """A sum of factors; its monomials are all sums of one monomial of each factor."""

    def __init__(self, factors: Sequence[IntArray]) -> None:
        self.first = sum((factor[0] for factor in factors[1:]), factors[0][0])
        self.factors = [factor for factor in factors if len(factor) > 1]
        # A factor of one monomial adds the same everywhere.
        self.constant = self.first - sum((factor[0] for factor in self.factors), 0 * self.first)

    def spanning(self) -> Iterator[IntArray]:
        """Monomials of the sum, the first one among them, of which all others are affine combinations."""
        yield self.first
        for factor in self.factors:
            yield from self.first + (factor[1:] - factor[0])

    def largest(self, point: IntArray, columns: Any) -> IntArray:
        """The monomial that is largest at a point; of several, the one with the lexicographically largest exponents.

        It is a vertex of the upper hull: that of a face of a Minkowski sum in a generic direction.
        """
        row: IntArray = self.constant
        for factor in self.factors:
            values = factor[:, columns] @ point
            best = len(values) - 1 - int(np.argmax(values[::-1]))
            row = row + factor[best]
        return row


def _largest(sums: Sequence[_Sum], point: Vector, columns: Any) -> IntArray:
    """The monomial of the maximum that is largest at (s, x), ties as in `_Sum.largest`."""
    at = np.array(point, dtype=object)
    rows = [one.largest(at, columns) for one in sums]
    return rows[0] if len(rows) == 1 else max(rows, key=lambda row: (row[columns] @ at, tuple(row[1:]), row[0]))


def _affine_basis(sums: Sequence[_Sum]) -> tuple[IntArray, list[IntArray], tuple[int, ...]]:
    """A monomial, r more whose exponents are affinely independent of it, and r inputs that tell all apart."""
    base, *others = (row for one in sums for row in one.spanning())
    if not others:
        return base, [], ()
    differences = RationalMatrix(np.array([row[1:] - base[1:] for row in others], dtype=object))
    chosen = differences.T.pivot_columns()
    return base, [others[index] for index in chosen], tuple(differences.pivot_columns())


class _Cone:
    """The cone over the epigraph, by its generators: double description (Motzkin et al. 1953; Fukuda and Prodon 1996).

    A vector (s, x, t) lies in it where s >= 0 and t - b . (s, x) >= 0 for each row b, the first of which is 0. Row 0 is
    s >= 0. Generators have numbers that are not used again.
    """

    def __init__(self, rows: Sequence[Vector]) -> None:
        """The simplicial cone of s >= 0, the zero row and r rows with independent exponents."""
        self.size = len(rows) + 2
        matrix = [[1, *[0] * (self.size - 1)], [0] * (self.size - 1) + [1]]
        matrix += [[*(-entry for entry in row), 1] for row in rows]
        # Generator k satisfies all inequalities with equality but the k-th: the columns of the inverse.
        # flint's own type information does not know that the inverse of an integer matrix is a rational one.
        exact: Any = fmpz_mat([[int(entry) for entry in row] for row in matrix]).inv()
        inverse, denominator = exact.numer_denom()
        sign = 1 if denominator > 0 else -1
        every = (1 << self.size) - 1
        self.alive: dict[int, _Generator] = {
            k: _Generator(primitive([sign * int(inverse[i, k]) for i in range(self.size)]), every & ~(1 << k))
            for k in range(self.size)
        }
        self.num_rows = self.size
        self.members = [every & ~(1 << row) for row in range(self.size)]
        """For each row, the generators on which it vanishes, as bits; those no longer alive are left in."""
        self.alive_bits = every
        self.next_number = self.size

    def value(self, row: Vector, number: int) -> int:
        """``t - row . (s, x)`` at a generator."""
        vector = self.alive[number].vector
        return vector[-1] - sum(a * b for a, b in zip(row, vector, strict=False))

    def cut(self, row: Vector) -> list[int]:
        """Add a row, and return the numbers of the new generators."""
        values = {number: self.value(row, number) for number in self.alive}
        bit = self.num_rows
        self.num_rows += 1
        self.members.append(0)
        positive = [number for number, value in values.items() if value > 0]
        negative = [number for number, value in values.items() if value < 0]
        fresh = []
        for one in negative:
            for other in positive:
                common = self.alive[one].rows & self.alive[other].rows
                if common.bit_count() >= self.size - 2 and self._are_adjacent(common):
                    low, high = self.alive[one].vector, self.alive[other].vector
                    a, b = values[other], -values[one]
                    vector = primitive([a * x + b * y for x, y in zip(low, high, strict=True)])
                    fresh.append(_Generator(vector, common | 1 << bit))
        for number, value in values.items():
            if value == 0:
                self.alive[number].rows |= 1 << bit
                self.members[bit] |= 1 << number
        for number in negative:
            del self.alive[number]
            self.alive_bits &= ~(1 << number)
        return [self._add(generator) for generator in fresh]

    def facets(self) -> list[int]:
        """The rows other than s >= 0 that carry a facet: whose generators no other row has as well."""
        found = []
        for row in range(1, self.num_rows):
            members = self.members[row] & self.alive_bits
            if not members:
                continue
            first = self.alive[members.bit_length() - 1]
            rivals = (other for other in _bits(first.rows) if other != row)
            if all(members & ~self.members[other] for other in rivals):
                found.append(row)
        return found

    def _add(self, generator: _Generator) -> int:
        number = self.next_number
        self.next_number += 1
        self.alive[number] = generator
        self.alive_bits |= 1 << number
        for row in _bits(generator.rows):
            self.members[row] |= 1 << number
        return number

    def _are_adjacent(self, common: int) -> bool:
        """Whether exactly two generators lie on all of these rows: then they span an edge."""
        on_all = self.alive_bits
        for row in _bits(common):
            if on_all.bit_count() == 2:
                break
            on_all &= self.members[row]
        return on_all.bit_count() == 2


def _bits(number: int) -> Iterator[int]:
    """The positions of the bits that are set, ascending."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def common_denominator(matrices: Sequence[RationalMatrix]) -> tuple[list[IntArray], int]:
    """The matrices as integers over one denominator."""
    denominator = math.lcm(*(matrix.denominator for matrix in matrices))
    return [matrix.numerators * (denominator // matrix.denominator) for matrix in matrices], denominator
