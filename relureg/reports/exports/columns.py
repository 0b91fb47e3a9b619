"""Regions and facets as columns, chunk thousands of rows at a time: what every export is made of."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import float_output_maps
from relureg.complex.complex import Complex
from relureg.complex.halfspaces import output_maps
from relureg.complex.neighbourhood import Neighbourhood
from relureg.engine.streams import part_of
from relureg.exact.ranges import chunks, ranges
from relureg.network.patterns import texts

CHUNK = 1 << 14
"""Rows at a time: chunk megabytes as Python objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """One list for each row: row i has ``values[starts[i]:starts[i + 1]]``, numbers or rows of numbers."""

    starts: NDArray[np.int64]
    values: NDArray[Any]

    def tolist(self) -> list[list[Any]]:
        values = self.values.tolist()
        return [values[start:stop] for start, stop in itertools.pairwise(self.starts.tolist())]


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedLists:
    """One list of lists for each row, likewise."""

    starts: NDArray[np.int64]
    values: Lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Some regions, in order, with the attributes of a node."""

    region: NDArray[np.int64]
    """(n,)."""
    pattern: list[str]
    """1 for an active unit, stages separated by a vertical bar."""
    bounded: NDArray[np.bool_]
    """(n,): whether the region contains no ray in the input space."""
    degree: NDArray[np.int64]
    """(n,): the number of neighbours."""
    point: NDArray[np.float64]
    """(n, d): an interior point, rounded to doubles."""
    more: Mapping[str, NDArray[np.int64]]
    """(n,) each: the columns of `more_columns`."""

    def columns(self) -> dict[str, Any]:
        """The same by name, in the order of files."""
        return {
            "region": self.region, "pattern": self.pattern, "bounded": self.bounded, "degree": self.degree,
            "point": self.point, **self.more,
        }  # fmt: skip

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The same, region after region."""
        return zip(*(c if isinstance(c, list) else c.tolist() for c in self.columns().values()), strict=True)


def more_columns(cells: Complex) -> dict[str, NDArray[np.int64]]:
    """What is told besides of regions around a point, a number a region: facets away from it, facets that lead out."""
    if not isinstance(cells, Neighbourhood):
        return {}
    return {"distance": cells.distance.astype(np.int64), "leading_out": cells.num_leading_out}


def node_columns(cells: Complex) -> tuple[str, ...]:
    """The names of the columns of `Nodes`."""
    return ("region", "pattern", "bounded", "degree", "point", *more_columns(cells))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Some facets, in the order of their regions, as edges."""

    source: NDArray[np.int64]
    """(n,): the region with the lower number."""
    target: NDArray[np.int64]
    """(n,)."""
    units: Lists
    """The units that vanish on each facet."""

    def rows(self) -> Iterator[tuple[int, int, list[int]]]:
        """The same, facet after facet."""
        return zip(self.source.tolist(), self.target.tolist(), self.units.tolist(), strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """What `relureg regions` tells of chunk regions besides the attributes of a node."""

    facet_count: NDArray[np.int64]
    """(n,): facets, those on the domain's boundary among them."""
    neighbour: NDArray[np.int64]
    """For each facet of each region in turn the region behind it; see `Facets.regions_behind`."""
    units: Lists
    """For each of these facets the units that vanish on it."""
    weights: NDArray[np.float64]
    """(n, m, d): on a region the output is ``weights @ x + bias``, up to rounding."""
    bias: NDArray[np.float64]
    """(n, m)."""


def iter_nodes(cells: Complex) -> Iterator[Nodes]:
    """All regions."""
    degrees, more = cells.degrees, more_columns(cells)
    for chunk in chunks(cells.num_regions, CHUNK, least=1):  # lest a file be left without its columns
        yield Nodes(
            region=np.arange(chunk.start, chunk.stop),
            pattern=patterns(cells, chunk),
            bounded=bounded(cells, chunk),
            degree=degrees[chunk],
            point=cells.records.points[chunk],
            more={name: column[chunk] for name, column in more.items()},
        )


def iter_edges(cells: Complex) -> Iterator[Edges]:
    """All facets that two regions share."""
    facets = cells.facets
    for chunk in chunks(facets.num_inner, CHUNK, least=1):
        yield Edges(
            source=facets.regions[chunk, 0],
            target=facets.regions[chunk, 1],
            units=_units(cells, facets.record[chunk]),
        )


def geometry(cells: Complex, chunk: slice, *, exact: bool = False) -> Geometry:
    """Facets, neighbours and affine maps of the regions of a slice; the maps composed in doubles, or rounded once."""
    first, last = np.searchsorted(cells.records.facet_region, [chunk.start, chunk.stop]).tolist()
    region = cells.records.facet_region[first:last] - chunk.start
    if exact:
        weights, bias = output_maps(cells.problem, part_of(cells.records, chunk), exact=True)
    else:
        weights, bias = float_output_maps(cells.network, cells.records.signs_of(chunk))
    return Geometry(
        facet_count=np.bincount(region, minlength=chunk.stop - chunk.start),
        neighbour=cells.facets.regions_behind[first:last],
        units=_units(cells, np.arange(first, last)),
        weights=weights,
        bias=bias,
    )


def patterns(cells: Complex, chunk: slice) -> list[str]:
    """The patterns of the regions of a slice, as `Complex.pattern` writes them."""
    bits = np.unpackbits(cells.records.patterns[chunk], axis=1, count=cells.records.num_units, bitorder="little")
    return texts(bits.astype(np.bool_), cells.network.widths)


def bounded(cells: Complex, chunk: slice) -> NDArray[np.bool_]:
    """Which regions of a slice are bounded in the input space."""
    everywhere = cells.essential_dim == cells.network.input_dim
    return cells.records.bounded[chunk] & everywhere


def _units(cells: Complex, rows: NDArray[np.int64]) -> Lists:
    starts = cells.records.facet_starts[rows]
    lengths = cells.records.facet_starts[rows + 1] - starts
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    return Lists(starts=offsets, values=cells.records.facet_units[ranges(starts, lengths)])
