"""Regions brought together as records: one by one, in several sets, or in any order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine.records import Point, Records, freeze
from relureg.exact.numbers import nearest_double
from relureg.exact.ranges import ranges
from relureg.network.problem import Problem


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
    as_found: bool = False,
) -> Records:
    """Records of regions that come in any order, put in that of their sign vectors, unless it is left `as_found`.

    The facets of one region stand together: `facet_counts` says how many there are of each region, `facet_lengths` how
    many units vanish on each facet.
    """
    order = np.arange(len(bounded)) if as_found else by_sign_vector(patterns, vanishing, num_units)
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


def rounded_point(point: Point) -> list[float]:
    """The double nearest to each coordinate; 0 beyond the doubles, for which the exact point is kept."""
    rounded = [nearest_double(x) for x in point]
    return [x if math.isfinite(x) else 0.0 for x in rounded]
