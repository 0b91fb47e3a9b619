"""What an engine yields, whichever it is: the activation regions and their facets as columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import index
from relureg.exact.numbers import nearest_double
from relureg.exact.ranges import ranges
from relureg.frozen import Frozen
from relureg.network.problem import Problem

Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One facet of one region."""

    units: tuple[int, ...]
    """The units whose pre-activation vanishes on the facet, ascending."""
    on_boundary: bool
    """Whether a row of the domain vanishes on it, so that nothing lies behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One activation region."""

    signs: tuple[int, ...]
    """The sign vector: -1, 0 or 1 for each of the N units; 0 where z vanishes on the whole region."""
    bounded: bool
    """Whether the region, seen in the essential inputs, contains no ray."""
    point: Point
    """A rational point inside, in all d inputs."""
    facets: tuple[Facet, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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

    def equals(self, other: Records) -> bool:
        """Whether every column is the same."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__slots__)
        return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)

    def point(self, region: int) -> Point:
        """An exact point inside a region, in all d inputs."""
        number = index(region, self.num_regions, "region")
        found = self.exact_points.get(number)
        return found if found is not None else tuple(Fraction(x) for x in self.points[number].tolist())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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
    >>> decided = Predicates(total=10, exact=1, zero=2, edges=3, structural=2, small_integers=0, refined=0, twofold=0)
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
    exact_share: float = field(default=0.0, compare=False)
    """Of the processor time, spent in integers of any size."""

    @property
    def doubles(self) -> int:
        """Settled by doubles and a bound on their error: all others."""
        others = self.edges + self.structural + self.small_integers + self.refined + self.twofold
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
    missing, doubled or wrong region prevents but for a chance of about 2^-128; None likewise."""
    predicates: Predicates | None
    """None for an engine that decides everything exactly."""
    stopped_by: str | None
    """The limit that ended the count early."""
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


def gather(regions: Iterable[Region], problem: Problem) -> Records:
    """Collect regions into columns.

    A region's point is rounded to doubles where the rounded point still has the region's signs and lies in the
    domain, which is decided in exact arithmetic; otherwise the rational one is kept.
    """
    collected = list(regions)
    num_units = problem.network.num_units
    signs = np.array([region.signs for region in collected], dtype=np.int8)
    signs = signs.reshape(len(collected), num_units)
    exact_points: dict[int, Point] = {}
    points = np.zeros((len(collected), problem.network.input_dim))
    for number, region in enumerate(collected):
        points[number] = rounded_point(region.point)
        if not is_witness(points[number].tolist(), signs[number], problem):
            exact_points[number] = region.point
    facets = [facet for region in collected for facet in region.facets]
    counts = np.array([len(region.facets) for region in collected], dtype=np.int64)
    lengths = np.array([len(facet.units) for facet in facets], dtype=np.int64)
    columns = Records(
        num_units=num_units,
        patterns=np.packbits(signs > 0, axis=1, bitorder="little"),
        vanishing=np.packbits(signs == 0, axis=1, bitorder="little"),
        bounded=np.array([region.bounded for region in collected], dtype=np.bool_),
        points=points,
        exact_points=MappingProxyType(exact_points),
        facet_region=np.repeat(np.arange(len(collected), dtype=np.int64), counts),
        facet_on_boundary=np.array([facet.on_boundary for facet in facets], dtype=np.bool_),
        facet_starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]),
        facet_units=np.array([unit for facet in facets for unit in facet.units], dtype=np.int32),
    )
    freeze(columns)
    return columns


def join(parts: Sequence[Records], num_units: int, input_dim: int) -> Records:
    """Records of several sets of regions as one, in the order of their sign vectors."""

    def column(name: str, like: Any) -> NDArray[Any]:
        return np.concatenate([like, *(getattr(part, name) for part in parts)])

    rows = np.empty((0, (num_units + 7) // 8), dtype=np.uint8)
    firsts = np.cumsum([0, *(part.num_regions for part in parts)]).tolist()
    counts = [np.bincount(part.facet_region, minlength=part.num_regions) for part in parts]
    return in_order(
        num_units=num_units,
        patterns=column("patterns", rows),
        vanishing=column("vanishing", rows),
        bounded=column("bounded", np.empty(0, dtype=np.bool_)),
        points=column("points", np.empty((0, input_dim))),
        exact_points={
            first + region: point
            for first, part in zip(firsts, parts, strict=False)
            for region, point in part.exact_points.items()
        },
        facet_counts=np.concatenate([np.empty(0, dtype=np.int64), *counts]),
        facet_on_boundary=column("facet_on_boundary", np.empty(0, dtype=np.bool_)),
        facet_lengths=np.concatenate([np.empty(0, dtype=np.int64), *(np.diff(part.facet_starts) for part in parts)]),
        facet_units=column("facet_units", np.empty(0, dtype=np.int32)),
    )


def in_order(
    *,
    num_units: int,
    patterns: NDArray[np.uint8],
    vanishing: NDArray[np.uint8],
    bounded: NDArray[np.bool_],
    points: NDArray[np.float64],
    exact_points: Mapping[int, Point],
    facet_counts: NDArray[np.int64],
    facet_on_boundary: NDArray[np.bool_],
    facet_lengths: NDArray[np.int64],
    facet_units: NDArray[np.int32],
) -> Records:
    """Records of regions that come in any order, put in that of their sign vectors.

    The facets of one region stand together: `facet_counts` says how many there are of each region, `facet_lengths` how
    many units vanish on each facet.
    """
    order = by_sign_vector(patterns, vanishing, num_units)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    facets = ranges((np.cumsum(facet_counts) - facet_counts)[order], facet_counts[order])
    lengths = facet_lengths[facets]
    records = Records(
        num_units=num_units,
        patterns=patterns[order],
        vanishing=vanishing[order],
        bounded=bounded[order],
        points=points[order],
        exact_points=MappingProxyType({int(rank[region]): point for region, point in exact_points.items()}),
        facet_region=np.repeat(np.arange(len(order), dtype=np.int64), facet_counts[order]),
        facet_on_boundary=facet_on_boundary[facets],
        facet_starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]),
        facet_units=facet_units[ranges((np.cumsum(facet_lengths) - facet_lengths)[facets], lengths)],
    )
    freeze(records)
    return records


def by_sign_vector(patterns: NDArray[np.uint8], vanishing: NDArray[np.uint8], num_units: int) -> NDArray[np.int64]:
    """The permutation that sorts regions by sign vector, unit 0 first: -, 0, +."""
    if not num_units:
        return np.arange(len(patterns))
    # Bit 7 of a byte is to be its first unit; two bits a unit, + above 0 above -.
    high = np.unpackbits(patterns, axis=1, count=num_units, bitorder="little")
    low = np.unpackbits(vanishing, axis=1, count=num_units, bitorder="little")
    keys = np.packbits(np.stack([high, low], axis=2).reshape(len(patterns), 2 * num_units), axis=1)
    return np.lexsort(keys.T[::-1])


def is_witness(point: Sequence[Fraction | float], signs: NDArray[np.int8], problem: Problem) -> bool:
    """Whether a point lies inside the domain and the network has these signs there, decided exactly."""
    inside = problem.domain is None or problem.domain.has_inside(point)
    return inside and bool((problem.network.exact_signs(point) == signs).all())


def freeze(record: Any) -> None:
    """Make every array of a slotted record read-only."""
    for name in record.__slots__:
        value = getattr(record, name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False


def rounded_point(point: Point) -> list[float]:
    """The double nearest to each coordinate; 0 beyond the doubles, for which the exact point is kept."""
    rounded = [nearest_double(x) for x in point]
    return [x if math.isfinite(x) else 0.0 for x in rounded]
