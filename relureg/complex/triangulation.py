"""A triangulation of a bounded complex without new vertices.

Each face is triangulated by pulling its vertex of the lowest number: a cone from that vertex over the facets of the
face that do not contain it, which are triangulated likewise. Since the order of the vertices is one for the whole
complex, regions that share a face triangulate it alike ([LRS10, Lemma 4.3.6]), and all simplices form one complex.
Which vertices lie on which face is known by what vanishes where; no coordinate is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.engine.records import Generators, freeze
from relureg.errors import LimitReachedError, UsageError
from relureg.frozen import Frozen

MAX_SIMPLICES = 4_000_000
"""Simplices of full dimension: with their faces some gigabytes where they are sorted by a filtration."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Triangulation(Frozen):
    """S simplices of full dimension r, which with their faces triangulate the union of the regions."""

    simplices: NDArray[np.int64]
    """(S, r + 1): the numbers of the vertices, ascending in each row."""
    region: NDArray[np.int64]
    """(S,): the region that each simplex is a part of, ascending."""


def triangulate(generators: Generators, numbers: NDArray[np.int64], dim: int) -> Triangulation:
    """Triangulate the regions of a complex.

    Parameters
    ----------
    generators : Generators
        Of bounded regions.
    numbers : (G,)
        The number of the vertex that each generator is.
    dim : int
        r, the dimension of the regions.

    Raises
    ------
    UsageError
        A region is unbounded.
    LimitReachedError
        There are more than `MAX_SIMPLICES` simplices.
    """
    if generators.is_ray.any():
        raise UsageError("only bounded regions are triangulated; look at a bounded domain, such as a box")
    simplices: list[tuple[int, ...]] = []
    counts = []
    known: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for region in range(generators.num_regions):
        stopping.check()
        start, stop = generators.starts[region : region + 2].tolist()
        order = start + np.argsort(numbers[start:stop])
        cell = _Cell(vertices=tuple(numbers[order].tolist()), known=known)
        found = cell.pulled((1 << len(order)) - 1, _row_sets(generators.zeros[order]), dim)
        simplices += found
        counts.append(len(found))
        if len(simplices) > MAX_SIMPLICES:
            raise LimitReachedError(
                f"more than {MAX_SIMPLICES:,} simplices after {region + 1:,} of {generators.num_regions:,} regions; "
                "look at a smaller box"
            )
    triangulation = Triangulation(
        simplices=np.array(simplices, dtype=np.int64).reshape(-1, dim + 1),
        region=np.repeat(np.arange(generators.num_regions), counts),
    )
    freeze(triangulation)
    return triangulation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One region: sets of its vertices are bits, the vertex of the lowest number first."""

    vertices: tuple[int, ...]
    known: dict[tuple[int, ...], list[tuple[int, ...]]]
    """Faces that other regions have triangulated, by their vertices."""

    def pulled(self, face: int, cuts: Sequence[int], dim: int) -> list[tuple[int, ...]]:
        """The simplices of a face of some dimension, given the sets of its vertices at which some row vanishes."""
        if face.bit_count() == dim + 1:
            return [tuple(self._members(face))]
        named = tuple(self._members(face))
        found = self.known.get(named)
        if found is None:
            apex = face & -face
            first = self.vertices[apex.bit_length() - 1]
            found = [
                (first, *simplex)
                for facet in _maximal(face, cuts)
                if not facet & apex
                for simplex in self.pulled(facet, [facet & cut for cut in cuts], dim - 1)
            ]
            self.known[named] = found
        return found

    def _members(self, face: int) -> Iterator[int]:
        while face:
            lowest = face & -face
            yield self.vertices[lowest.bit_length() - 1]
            face ^= lowest


def _maximal(face: int, cuts: Sequence[int]) -> list[int]:
    """The facets of a face: among the sets that rows cut out of it, those that lie in no other."""
    facets: list[int] = []
    for cut in sorted({cut & face for cut in cuts} - {face, 0}, key=int.bit_count, reverse=True):
        if not any(cut & facet == cut for facet in facets):
            facets.append(cut)
    return facets


def _row_sets(zeros: NDArray[np.uint64]) -> list[int]:
    """The distinct sets of vertices, as bits, at which rows vanish."""
    rows = np.unpackbits(np.ascontiguousarray(zeros.astype("<u8")).view(np.uint8), axis=1, bitorder="little")
    packed = np.packbits(rows[:, rows.any(axis=0)].T, axis=1, bitorder="little")
    width = math.ceil(len(zeros) / 8)
    data = packed.tobytes()
    return [int.from_bytes(column, "little") for column in {data[k : k + width] for k in range(0, len(data), width)}]
