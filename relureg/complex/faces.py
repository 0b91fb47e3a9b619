"""All faces of a complex, of every dimension, each once: its f-vector and its vertices.

A face is named by its sign vector, which no other face shares. So faces of different regions are identified by signs
alone, and no coordinate is ever compared. The faces of one dimension are found from those of the next: on a face F of
a region, every row that vanishes at some vertex of F but not on all of F cuts out a smaller face; the facets of F are
the ones among these that lie in no other [KP02]. Each face is then looked at once, in one of the
regions around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.engine.records import Generators, Records, freeze
from relureg.exact.ranges import ranges
from relureg.frozen import Frozen

_CHUNK = 1 << 18
"""Generators of faces handled at once, so that temporary arrays stay below about 100 MB."""

_NONE = np.zeros(0, dtype=np.int64)

Words = NDArray[np.uint64]
"""Sets of rows, packed as in `Generators.zeros`: one set a line."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Faces(Frozen):
    """The faces of a complex, seen in its r essential dimensions."""

    f_vector: tuple[int, ...]
    """(f_0, ..., f_r): faces of dimension 0 (vertices) to r (regions)."""
    f_vector_bounded: tuple[int, ...]
    """The same for the faces that contain no ray."""
    generator_of_vertex: NDArray[np.int64]
    """(V,): for each distinct vertex, in the order of their sign vectors, a generator that it is."""
    vertex_of_generator: NDArray[np.int64]
    """(G,): the number of the vertex that each generator is; -1 for a ray."""

    def vertices_of(self, generators: Generators, region: int) -> NDArray[np.int64]:
        """The numbers of the vertices of a region, of whose complex `generators` holds the vertices and rays."""
        start, stop = generators.starts[region : region + 2].tolist()
        numbers = self.vertex_of_generator[start:stop]
        return numbers[numbers >= 0]

    @property
    def euler(self) -> int:
        """The alternating sum of the f-vector, f_0 - f_1 + f_2 - ..."""
        return _alternating(self.f_vector)

    @property
    def euler_bounded(self) -> int:
        """The alternating sum of the bounded faces."""
        return _alternating(self.f_vector_bounded)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceLevel:
    """Faces of one dimension, each with one region that it is a face of."""

    cofaces: NDArray[np.int64]
    """(m,): faces of the level above, each as often as it has facets; empty at the top."""
    facets: NDArray[np.int64]
    """(m,): the face of this level that is a facet of ``cofaces[i]``; no pair comes twice."""
    region: NDArray[np.int64]
    """(n,)."""
    zeros: Words
    """(n, words): the rows that vanish on the whole face."""
    starts: NDArray[np.int64]
    """(n + 1,): face i has the generators ``members[starts[i]:starts[i + 1]]``."""
    members: NDArray[np.int64]

    @property
    def count(self) -> int:
        return len(self.region)

    def take(self, faces: NDArray[np.int64]) -> FaceLevel:
        """Some of the faces, without what they are facets of."""
        lengths = np.diff(self.starts)[faces]
        return FaceLevel(
            cofaces=_NONE,
            facets=_NONE,
            region=self.region[faces],
            zeros=self.zeros[faces],
            starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]),
            members=self.members[ranges(self.starts[faces], lengths)],
        )

    def are_bounded(self, is_ray: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n,): whether each face is without a ray; `is_ray` as in `Generators`."""
        if not self.count:
            return np.zeros(0, dtype=np.bool_)
        found: NDArray[np.bool_] = ~np.logical_or.reduceat(is_ray[self.members], self.starts[:-1])
        return found


def find_faces(records: Records, generators: Generators, dim: int) -> Faces:
    """All faces of the listed regions.

    Parameters
    ----------
    records : Records
    generators : Generators
        Of the same regions.
    dim : int
        r, the number of essential dimensions.
    """
    positive = positive_rows(records, generators.num_rows)
    is_ray = generators.is_ray
    counts, bounded = [], []
    for level in iter_levels(generators, positive, dim):
        counts.append(level.count)
        bounded.append(int(level.are_bounded(is_ray).sum()))
    numbers, first = _number_vertices(generators, positive)
    faces = Faces(
        f_vector=tuple(reversed(counts)),
        f_vector_bounded=tuple(reversed(bounded)),
        generator_of_vertex=first,
        vertex_of_generator=numbers,
    )
    freeze(faces)
    return faces


def count_patterns(records: Records, generators: Generators, dim: int) -> int:
    """The different activation patterns on the cells of all dimensions, those on the domain's boundary among them.

    Parameters are those of `find_faces`. A unit is active on a cell if it is positive there: different cells can have
    the same pattern, for a unit that vanishes counts as inactive.
    """
    positive = positive_rows(records, generators.num_rows)
    units = np.ones(generators.zeros.shape[1] * 64, dtype=np.uint8)
    units[: generators.num_rows - records.num_units] = 0
    of_units = np.packbits(units, bitorder="little").view("<u8").astype(np.uint64)
    patterns: Words = np.empty((0, len(of_units)), dtype=np.uint64)
    for level in iter_levels(generators, positive, dim):
        found = positive[level.region] & ~level.zeros & of_units
        patterns = np.concatenate([patterns, found[_distinct(found)[0]]])
    return len(_distinct(patterns)[0])


def distinct_generators(records: Records, generators: Generators) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One generator for each distinct vertex and ray, and the number of each generator among these.

    Rays with one sign vector are the same direction, whatever their regions: the rows that vanish along them are rows
    of the network without its constants, in which a unit that vanishes makes no difference.
    """
    region = np.repeat(np.arange(generators.num_regions), np.diff(generators.starts))
    return _distinct(_sign_vectors(region, generators.zeros, positive_rows(records, generators.num_rows)))


def iter_levels(generators: Generators, positive: Words, dim: int) -> Iterator[FaceLevel]:
    """The faces of dimension dim (the regions), dim - 1, ..., 0, with what they are facets of.

    Parameters
    ----------
    generators : Generators
        Of all regions.
    positive : ndarray of uint64, shape (R, words)
        See `positive_rows`.
    dim : int
        r, the number of essential dimensions.
    """
    level = _regions(generators)
    yield level
    for _ in range(dim):
        stopping.check()
        level = _distinct_faces(_facets(level, generators), positive)
        yield level


def positive_rows(records: Records, num_rows: int) -> Words:
    """(R, words): the rows that are positive inside each region; those of the domain, which come first, all are."""
    packed = np.zeros((records.num_regions, 64 * (num_rows // 64 + 1)), dtype=np.uint8)
    packed[:, : num_rows - records.num_units] = 1
    packed[:, num_rows - records.num_units : num_rows] = np.unpackbits(
        records.patterns, axis=1, count=records.num_units, bitorder="little"
    )
    return np.packbits(packed, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def _regions(generators: Generators) -> FaceLevel:
    """The regions themselves; each has a vertex, for in the essential dimensions it contains no line."""
    count = generators.num_regions
    return FaceLevel(
        cofaces=_NONE,
        facets=_NONE,
        region=np.arange(count),
        zeros=np.bitwise_and.reduceat(generators.zeros, generators.starts[:-1], axis=0),
        starts=generators.starts,
        members=np.arange(len(generators.zeros)),
    )


def _facets(level: FaceLevel, generators: Generators) -> FaceLevel:
    """The facets of all faces of a level; a facet of several faces comes several times."""
    parts = [_facets_of(level, chunk, generators) for chunk in _runs(level)]
    lengths = [np.diff(part.starts) for part in parts]
    return FaceLevel(
        cofaces=np.concatenate([part.cofaces for part in parts]),
        facets=_NONE,
        region=np.concatenate([part.region for part in parts]),
        zeros=np.concatenate([part.zeros for part in parts]),
        starts=np.cumsum(np.concatenate([np.zeros(1, dtype=np.int64), *lengths])),
        members=np.concatenate([part.members for part in parts]),
    )


def _facets_of(whole: FaceLevel, chunk: NDArray[np.int64], generators: Generators) -> FaceLevel:
    stopping.check()
    # Every face that one row cuts out of a face of the level: the generators on it, and the rows that vanish there.
    level = whole.take(chunk)
    owner = np.repeat(np.arange(level.count), np.diff(level.starts))
    entry, row = _bits(generators.zeros[level.members] & ~level.zeros[owner])
    finite = row != generators.num_rows
    entry, row = entry[finite], row[finite]
    order = np.argsort(owner[entry] * (generators.num_rows + 1) + row, kind="stable")
    entry, row = entry[order], row[order]
    face = owner[entry]
    starts = np.flatnonzero(np.concatenate([[True], (face[1:] != face[:-1]) | (row[1:] != row[:-1])])[: len(entry)])
    members = level.members[entry]
    cut = FaceLevel(
        cofaces=_NONE,
        facets=_NONE,
        region=level.region[face[starts]],
        zeros=_reduce(generators.zeros[members], starts),
        starts=np.append(starts, len(members)),
        members=members,
    )
    chosen = _maximal(face[starts], cut.zeros, level.zeros[face[starts]])
    return replace(cut.take(chosen), cofaces=chunk[face[starts[chosen]]])


def _maximal(owner: NDArray[np.int64], zeros: Words, common: Words) -> NDArray[np.int64]:
    """Of the faces cut out of each owner by one row, one of each that lies in no other.

    Such a face is cut out alike by each of its rows that do not vanish on the owner; any other face also has a row that
    cuts out more. A face without a vertex has the bit of infinity besides, which no row stands for, and is left out.
    """
    num_rows = _count_bits(zeros & ~common)
    alone = np.flatnonzero(num_rows == 1)
    shared = np.flatnonzero(num_rows > 1)
    first, inverse = _distinct(np.column_stack([owner[shared].astype(np.uint64), zeros[shared]]))
    alike = np.bincount(inverse, minlength=len(first))
    chosen = shared[first[alike == num_rows[shared][first]]]
    return np.concatenate([alone, chosen])


def _distinct_faces(level: FaceLevel, positive: Words) -> FaceLevel:
    """Each face once, by its sign vector."""
    first, number = _distinct(_sign_vectors(level.region, level.zeros, positive))
    return replace(level.take(first), cofaces=level.cofaces, facets=number)


def _number_vertices(generators: Generators, positive: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of the vertex that each generator is (-1: a ray), and one generator for each number."""
    region = np.repeat(np.arange(generators.num_regions), np.diff(generators.starts))
    finite = np.flatnonzero(~generators.is_ray)
    first, inverse = _distinct(_sign_vectors(region[finite], generators.zeros[finite], positive))
    numbers = np.full(len(region), -1, dtype=np.int64)
    numbers[finite] = inverse
    return numbers, finite[first]


def _sign_vectors(region: NDArray[np.int64], zeros: Words, positive: Words) -> Words:
    return np.concatenate([positive[region] & ~zeros, zeros], axis=1)


# -- sets of rows ----------------------------------------------------------------------------------------


def _distinct(rows: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each distinct line first occurs, in lexicographic order, and the number of each line among these."""
    order = np.lexsort(rows.T[::-1])
    is_new = np.ones(len(rows), dtype=np.bool_)
    is_new[1:] = (rows[order[1:]] != rows[order[:-1]]).any(axis=1)
    inverse = np.empty(len(rows), dtype=np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    return order[is_new], inverse


def _bits(sets: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs (line, row) with the row in the set of that line, line after line."""
    lines, rows = np.nonzero(np.unpackbits(_as_bytes(sets), axis=1, bitorder="little"))
    return lines.astype(np.int64), rows.astype(np.int64)


def _count_bits(sets: Words) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = _BITS_OF_BYTE[_as_bytes(sets)].sum(axis=1, dtype=np.int64)
    return counts


def _reduce(sets: Words, starts: NDArray[np.int64]) -> Words:
    """The intersections of runs of lines."""
    return np.bitwise_and.reduceat(sets, starts, axis=0) if len(starts) else sets[:0]


def _as_bytes(sets: Words) -> NDArray[np.uint8]:
    return np.ascontiguousarray(sets.astype("<u8")).view(np.uint8)


def _runs(level: FaceLevel) -> Iterator[NDArray[np.int64]]:
    """The faces in runs with about `_CHUNK` generators each; at least one run."""
    cuts = np.unique(np.searchsorted(level.starts, np.arange(_CHUNK, len(level.members), _CHUNK)))
    yield from np.split(np.arange(level.count), cuts)


def _alternating(counts: tuple[int, ...]) -> int:
    return sum(-count if k % 2 else count for k, count in enumerate(counts))


_BITS_OF_BYTE = np.array([value.bit_count() for value in range(256)], dtype=np.uint8)
