"""All faces of a complex with what lies in the boundary of what: the chains that homology is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.complex.faces import FaceLevel, iter_levels, positive_rows
from relureg.errors import LimitReachedError
from relureg.exact.ranges import ranges
from relureg.frozen import Frozen, read_only
from relureg.topology.orientation import orient, orient_edges
from relureg.words import figure

if TYPE_CHECKING:
    from relureg.complex.complex import Complex

MAX_FACES = 30_000_000
"""Most faces, as `Complex.face_estimate` has it, whose incidences are held: some minutes and gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Chains(Frozen):
    """A chain complex with a basis: cells by ascending dimension, and the boundary of each, with integers."""

    dims: NDArray[np.int64]
    """(n,): the dimension of each cell, ascending."""
    starts: NDArray[np.int64]
    """(n + 1,): the boundary of cell i is the sum of ``signs[k] * facets[k]`` for k in ``starts[i]:starts[i + 1]``."""
    facets: NDArray[np.int64]
    """(m,): cells one dimension lower."""
    signs: NDArray[np.int8]
    """(m,): incidence numbers, 1 or -1."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FaceComplex(Frozen):
    """The faces of a complex, by ascending dimension, seen in its r essential dimensions.

    Vertices come first, numbered as in `Faces`. Each face has a vertex; it is unbounded where it contains a ray.

    Examples
    --------
    >>> import relureg
    >>> faces = FaceComplex.of(relureg.enumerate_regions(relureg.load("fixtures/truth/int_3-6-6-1.json")))
    >>> faces.f_vector, faces.dim
    ((119, 428, 511, 203), 3)
    >>> int(faces.is_bounded.sum())
    781
    """

    chains: Chains
    """All faces; facets of a face that is not bounded are those that it has in R^r."""
    is_bounded: NDArray[np.bool_]
    """(F,)."""
    is_on_wall: NDArray[np.bool_]
    """(F,): whether the face lies in the boundary of the domain."""
    region: NDArray[np.int64]
    """(F,): a region that the face is a face of."""
    zeros: NDArray[np.uint64]
    """(F, words): the rows that vanish on the whole face, packed as in `Generators.zeros`."""
    positive: NDArray[np.uint64]
    """(F, words): the rows that are positive inside the face."""
    num_walls: int
    """W: rows 0..W-1 are those of the domain, unit i is row W + i."""
    vertex_starts: NDArray[np.int64]
    """(F + 1,): face i has the vertices ``vertices[vertex_starts[i]:vertex_starts[i + 1]]``."""
    vertices: NDArray[np.int64]

    @classmethod
    def of(cls, cells: Complex) -> FaceComplex:
        """The faces of a complex.

        Raises
        ------
        LimitReachedError
            There are too many, or a limit has been reached.
        CheckFailedError
            They contradict each other.
        """
        if cells.face_estimate > MAX_FACES:
            raise LimitReachedError(
                f"{cells.num_regions:,} regions have about {figure(cells.face_estimate)} faces, and the topology of at "
                f"most {MAX_FACES:,} is found; take a smaller domain"
            )
        faces, generators = cells.faces, cells.incidences
        positive = positive_rows(cells.records, generators.num_rows)
        levels = []
        for level in iter_levels(generators, positive, cells.essential_dim):
            stopping.check()
            levels.append(level)
        levels.reverse()
        is_ray, num_walls = generators.is_ray, cells.problem.num_walls
        region = np.concatenate([level.region for level in levels])
        zeros = np.concatenate([level.zeros for level in levels])
        vertex_starts, vertices = _vertices_of(levels, faces.vertex_of_generator)
        found = {
            "chains": _chains_of(levels),
            "is_bounded": np.concatenate([level.are_bounded(is_ray) for level in levels]),
            "is_on_wall": (zeros & _first_rows(num_walls, zeros.shape[1])).any(axis=1),
            "region": region,
            "zeros": zeros,
            "positive": positive[region] & ~zeros,
            "num_walls": num_walls,
            "vertex_starts": vertex_starts,
            "vertices": vertices,
        }
        return cls(**{name: read_only(value) for name, value in found.items()})

    @property
    def num_cells(self) -> int:
        """F, the number of faces."""
        return len(self.region)

    @property
    def dim(self) -> int:
        """The essential dimension r."""
        return int(self.chains.dims[-1])

    @cached_property
    def f_vector(self) -> tuple[int, ...]:
        """(f_0, ..., f_r)."""
        return tuple(np.bincount(self.chains.dims, minlength=self.dim + 1).tolist())

    def signs_of_unit(self, unit: int) -> NDArray[np.int8]:
        """(F,): the sign of a unit's pre-activation inside each face, 0 where it vanishes on the whole face."""
        word, bit = divmod(self.num_walls + unit, 64)
        has = [(rows[:, word] >> np.uint64(bit)) & np.uint64(1) != 0 for rows in (self.positive, self.zeros)]
        return np.where(has[1], 0, np.where(has[0], 1, -1)).astype(np.int8)

    def all_vertices(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(F,): whether all vertices of each face are among some faces, which are given by a flag for each face."""
        found: NDArray[np.bool_] = np.logical_and.reduceat(chosen[self.vertices], self.vertex_starts[:-1])
        return found

    def chains_of(self, chosen: NDArray[np.bool_]) -> Chains:
        """The chains of some faces, numbered among these; what of a boundary is not among them is left out.

        Chains again where the faces between two of the chosen ones are chosen, as those of a closed set less a closed
        subset are.

        Parameters
        ----------
        chosen : ndarray of bool, shape (F,)
        """
        number = np.cumsum(chosen) - 1
        whole = self.chains
        faces = np.flatnonzero(chosen)
        lengths = np.diff(whole.starts)[faces]
        entry = ranges(whole.starts[faces], lengths)
        kept = chosen[whole.facets[entry]]
        owner = np.repeat(np.arange(len(faces)), lengths)[kept]
        return Chains(
            dims=whole.dims[faces],
            starts=_starts_of(owner, len(faces)),
            facets=number[whole.facets[entry[kept]]],
            signs=whole.signs[entry[kept]],
        )


def _chains_of(levels: list[FaceLevel]) -> Chains:
    """The chains of all faces, of which `levels` has those of dimension 0, 1, ..., r."""
    offsets = np.cumsum([0, *(level.count for level in levels)])
    starts = [np.zeros(levels[0].count + 1, dtype=np.int64)]
    all_facets, all_signs = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int8)]
    below = starts[0], all_facets[0], all_signs[0]
    for dim in range(1, len(levels)):
        stopping.check()
        lower, upper = levels[dim - 1], levels[dim]
        order = np.lexsort((lower.facets, lower.cofaces))
        facets = lower.facets[order]
        own = _starts_of(lower.cofaces[order], upper.count)
        signs = orient_edges(own) if dim == 1 else orient(own, facets, below, levels[dim - 2].count)
        starts.append(own[1:] + starts[-1][-1])
        all_facets.append(facets + offsets[dim - 1])
        all_signs.append(signs)
        below = own, facets, signs
    return Chains(
        dims=np.repeat(np.arange(len(levels)), np.diff(offsets)),
        starts=np.concatenate(starts),
        facets=np.concatenate(all_facets),
        signs=np.concatenate(all_signs),
    )


def _vertices_of(
    levels: list[FaceLevel], vertex_of_generator: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The vertices of each face."""
    owners, vertices, offset = [], [], 0
    for level in levels:
        number = vertex_of_generator[level.members]
        owners.append(np.repeat(np.arange(level.count) + offset, np.diff(level.starts))[number >= 0])
        vertices.append(number[number >= 0])
        offset += level.count
    return _starts_of(np.concatenate(owners), offset), np.concatenate(vertices)


def _starts_of(owners: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Where the entries of each of `count` owners begin, of entries sorted by owner; and their number."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(owners, minlength=count))])


def _first_rows(count: int, words: int) -> NDArray[np.uint64]:
    """The set of the first rows, packed."""
    bits = np.zeros(64 * words, dtype=np.uint8)
    bits[:count] = 1
    return np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64)
