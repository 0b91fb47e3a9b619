"""What an engine yields, whichever it is: the activation regions and their facets as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import index
from relureg.exact.ranges import ranges
from relureg.frozen import Frozen

Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Records(Frozen):
    """The regions of one complex (or, where a limit stopped the engine, some of them), as columns.

    R regions of a network with N units and d inputs; K facets, each counted once for every region it
    bounds. Bit i of a packed row is bit ``i % 8`` of byte ``i // 8``.
    """

    num_units: int
    """N."""
    patterns: NDArray[np.uint8]
    """(R, ceil(N / 8)): bit i is set where unit i is active (z > 0 inside)."""
    vanishing: NDArray[np.uint8]
    """(R, ceil(N / 8)): bit i is set where z of unit i is 0 on the whole region."""
    bounded: NDArray[np.bool_]
    """(R,): whether the region contains no ray of the essential inputs."""
    points: NDArray[np.float64]
    """(R, d): row k, taken as the dyadic rationals it holds, lies inside region k, save where
    `exact_points` has k: there it is only rounded."""
    exact_points: Mapping[int, Point]
    """Region -> a rational point inside, for regions too thin for their rounded point."""
    facet_region: NDArray[np.int64]
    """(K,): the region, ascending."""
    facet_on_boundary: NDArray[np.bool_]
    """(K,): whether the facet lies on the domain's boundary."""
    facet_starts: NDArray[np.int64]
    """(K + 1,): facet k has the units ``facet_units[facet_starts[k]:facet_starts[k + 1]]``."""
    facet_units: NDArray[np.int32]
    """The units that vanish on each facet, ascending within a facet."""

    @property
    def num_regions(self) -> int:
        return int(self.bounded.shape[0])

    @property
    def signs(self) -> NDArray[np.int8]:
        """(R, N): the sign vectors, unpacked."""
        return self.signs_of(slice(None))

    def signs_of(self, regions: slice | NDArray[np.int64]) -> NDArray[np.int8]:
        """The sign vectors of some regions, a row each."""
        active, zero = (
            np.unpackbits(bits[regions], axis=1, count=self.num_units, bitorder="little").astype(np.int8)
            for bits in (self.patterns, self.vanishing)
        )
        return 2 * active - 1 + zero

    @property
    def num_distinct(self) -> int:
        """The number of different sign vectors among the regions."""
        if not self.num_units:
            return min(self.num_regions, 1)
        rows = np.ascontiguousarray(np.concatenate([self.patterns, self.vanishing], axis=1))
        return len(np.unique(rows.view(np.dtype((np.void, rows.shape[1])))))

    def point(self, region: int) -> Point:
        """An exact point inside a region, in all d inputs."""
        number = index(region, self.num_regions, "region")
        found = self.exact_points.get(number)
        return found if found is not None else tuple(Fraction(x) for x in self.points[number].tolist())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Generators(Frozen):
    """The vertices and rays of every region, as columns: region k has ``starts[k]:starts[k + 1]``.

    Rows are what may vanish: first the W rows of the domain, then the N units. Two vertices are the same if and only
    if their sign vectors are, so that `zeros` and the signs of the region identify them exactly.
    """

    num_rows: int
    """W + N."""
    starts: NDArray[np.int64]
    """(R + 1,)."""
    coordinates: NDArray[np.float64]
    """(G, d): a vertex, or the direction of a ray with largest entry 1 in size; rounded, and 0 in inputs that are not
    essential. Infinite where a vertex lies beyond the doubles."""
    zeros: NDArray[np.uint64]
    """(G, (W + N) // 64 + 1): bit i of a row, ``i % 64`` of word ``i // 64``, is set where row i vanishes (along a ray:
    does not change); bit W + N is set for a ray."""

    @property
    def num_regions(self) -> int:
        return len(self.starts) - 1

    @property
    def is_ray(self) -> NDArray[np.bool_]:
        """(G,)."""
        word, bit = divmod(self.num_rows, 64)
        flags: NDArray[np.bool_] = (self.zeros[:, word] >> np.uint64(bit)) & np.uint64(1) != 0
        return flags

    def take(self, regions: NDArray[np.int64]) -> Generators:
        """Those of some regions, in that order."""
        counts = np.diff(self.starts)
        rows = ranges(self.starts[:-1][regions], counts[regions])
        taken = Generators(
            num_rows=self.num_rows,
            starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts[regions])]),
            coordinates=self.coordinates[rows],
            zeros=self.zeros[rows],
        )
        freeze(taken)
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicates:
    """How the signs of affine forms at generators were decided.

    Examples
    --------
    >>> decided = Predicates(total=10, exact=1, zero=2, edges=3, structural=2, small_integers=0, refined=0, twofold=0,
    ...                      by_values=0, modular=0)
    >>> decided.doubles
    4
    """

    total: int
    exact: int
    """Settled by integers of any size, because nothing else could."""
    zero: int
    """The form vanishes."""
    edges: int
    """Settled by the signs at the two ends of the edge on which a new generator lies."""
    structural: int
    """Settled by what rows and generators are: dead units, constant ones, hyperplanes parallel to a facet."""
    small_integers: int
    """Settled by doubles that are integers of at most 53 bits, so that nothing is rounded."""
    refined: int
    """Settled by doubles after the generator was computed anew from its hyperplanes."""
    twofold: int
    """Settled by pairs of doubles, with bounds by coordinate."""
    by_values: int
    """Settled by the values of the units that are read, each known relative to its own size."""
    modular: int
    """Zeros, proved by remainders modulo primes."""
    identities: int = 0
    """Of dictionaries: settled by multipliers that are solved for in doubles, with bounds on their errors."""
    remembered: int = 0
    """Of dictionaries: settled by what integers had found for the same basis before."""
    exact_share: float = field(default=0.0, compare=False)
    """Of the processor time, spent in integers of any size."""

    @property
    def doubles(self) -> int:
        """Settled by doubles and a bound on their error: all others."""
        others = self.edges + self.structural + self.small_integers + self.refined
        others += self.twofold + self.by_values + self.modular + self.identities + self.remembered
        return self.total - self.exact - others


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a count yields that keeps no region."""

    regions: int
    bounded: int
    """Regions that contain no ray of the essential inputs."""
    per_stage: tuple[int, ...]
    """Regions of the network cut off after each stage."""
    inner_facets: int | None
    """Facets shared by two regions; None when a limit stopped the count, or where nobody looked for them."""
    boundary_facets: int | None
    """Facets on the domain's boundary; None likewise."""
    is_watertight: bool | None
    """Whether the sum over all regions and their inner facets of side x mix(facet key) is 0 modulo 2^128, which a
    missing, doubled or wrong region prevents but for a chance of about 2^-128; None likewise, and where all facets are
    of one cell in which the last stage was counted, so that nothing was summed."""
    predicates: Predicates | None
    """None for an engine that decides everything exactly."""
    stopped_by: str | None
    """The limit that ended the count early."""
    unclassified: int = 0
    """Of the regions, those that it left no time to ask whether they are bounded."""
    counted_cells: int | None = None
    """Cells in which the last stage was counted by deletion and restriction; None where an engine never does that."""
    compared_cells: int = 0
    """Of these, cells in which it was searched, too, with the same figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumeration:
    """What an enumeration yields."""

    records: Records
    generators: Generators | None = None
    """The vertices and rays of each region, where they were asked for."""
    stopped_by: str | None
    """The limit that ended it early; every region listed is proven."""
    num_proven: int = 0
    """Regions that are there for certain, where that may be more than are listed."""


def freeze(record: Any) -> None:
    """Make every array of a record read-only."""
    for column in fields(record):
        value = getattr(record, column.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
