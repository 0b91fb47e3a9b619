"""What a picture of a plane shows: cells, edges, levels and classes, all of them cells and facets of exact complexes.

Level sets and decision boundaries are no contours of samples. They are units of one more stage, whose pre-activations
are ``f - c`` or ``f_i - f_j``: the engine cuts the cells along them as along any unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_regions
from relureg.engine.records import Records, freeze
from relureg.errors import DomainError, UsageError
from relureg.network.comparisons import largest_outputs, with_comparisons
from relureg.plots.plane.polygons import Polygons, polygons_of
from relureg.plots.plane.view import View, bounded_view, chosen_view, misses


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A complex of dimension two as it is seen in a view. P pieces: its cells, cut along levels and class borders."""

    cells: Complex
    """The complex itself, in its domain."""
    view: View
    polygons: Polygons
    """The pieces, in inputs; `view.place` gives picture coordinates."""
    region: NDArray[np.int64]
    """(P,): the region of `cells` that each piece lies in."""
    band: NDArray[np.int64]
    """(P,): how many of the levels lie below the output on the piece; 0 without levels."""
    flat_level: NDArray[np.int64]
    """(P,): the level that the output is on the whole piece; -1 for none."""
    label: NDArray[np.int64]
    """(P,): the output that is largest on the piece; 0 where classes were not asked for."""
    edge_stage: NDArray[np.int64]
    """(E,): the stage, from 0, whose unit first vanishes on an edge; L for levels and borders; -1 for the boundary."""
    edge_level: NDArray[np.int64]
    """(E,): the level that an edge lies on, be it a facet of the network as well; -1 for none."""
    edge_is_border: NDArray[np.bool_]
    """(E,): whether another class lies on its other side."""
    levels: tuple[float, ...]

    @property
    def is_facet(self) -> NDArray[np.bool_]:
        """(E,): whether an edge lies on a facet of the complex; not its domain's boundary, a level or a border."""
        facet: NDArray[np.bool_] = (self.edge_stage >= 0) & (self.edge_stage < len(self.cells.network.stages))
        return facet

    @property
    def num_regions_seen(self) -> int:
        return len(np.unique(self.region))


def plane_of(
    cells: Complex,
    *,
    view: View | None = None,
    points: NDArray[np.float64] | None = None,
    levels: Sequence[Fraction | float] = (),
    classes: bool = False,
    jobs: int | None = None,
) -> Plane:
    """See a complex in a view, cut along levels of its first output or between classes.

    Raises
    ------
    UsageError
        The network has another number of inputs than two, or the options do not fit its outputs.
    DomainError
        The view misses the domain.
    """
    network = cells.network
    if network.input_dim != 2:
        raise UsageError(f"a picture of a plane needs two inputs, and there are {network.input_dim}; give a slice")
    around = bounded_view(cells) if view is None else None
    found = around or view or chosen_view(cells, np.empty((0, 2)) if points is None else points)
    domain = cells.domain if around is not None else found.domain
    if around is None and cells.domain is not None:
        domain = cells.domain.intersect(found.domain)
    compared = with_comparisons(network, levels, classes=classes)
    try:
        seen = cells
        if compared is not network or domain is not cells.domain:
            seen = enumerate_regions(compared, domain, jobs=jobs)
    except DomainError as error:  # each of both has an interior
        raise DomainError(misses(found.low, found.high)) from error
    polygons = polygons_of(seen)
    signs = seen.records.signs
    unit = polygons.edge_unit
    first_units = np.cumsum([0, *network.widths])
    label = np.zeros(len(signs), dtype=np.int64)
    if classes:
        label = largest_outputs(signs[:, network.num_units + len(levels) :], network.output_dim)
    sides = polygons.edge_cells
    plane = Plane(
        cells=cells,
        view=found,
        polygons=polygons,
        region=_regions_of(seen.records, cells.records),
        band=(signs[:, network.num_units : network.num_units + len(levels)] > 0).sum(axis=1),
        flat_level=_flat_levels(signs[:, network.num_units : network.num_units + len(levels)]),
        label=label,
        edge_stage=np.where(unit < 0, -1, np.searchsorted(first_units, unit, side="right") - 1),
        edge_level=_levels_of(seen, polygons, network.num_units, len(levels)),
        edge_is_border=(unit >= 0) & (label[sides[:, 0]] != label[sides[:, 1]]),
        levels=tuple(float(level) for level in levels),
    )
    freeze(plane)
    return plane


def output_range(cells: Complex, view: View | None, points: NDArray[np.float64] | None) -> tuple[float, float]:
    """The least and the largest first output at the vertices in a view, between which all others lie."""
    plane = plane_of(cells, view=view, points=points)
    values = cells.network(plane.polygons.corners)[:, 0]
    return float(values.min()), float(values.max())


def _flat_levels(signs: NDArray[np.int8]) -> NDArray[np.int64]:
    """(P,): the first level whose unit vanishes on the whole piece; -1 for none."""
    is_flat = signs == 0
    if not is_flat.shape[1]:
        return np.full(len(signs), -1, dtype=np.int64)
    return np.where(is_flat.any(axis=1), np.argmax(is_flat, axis=1), -1).astype(np.int64)


def _levels_of(seen: Complex, polygons: Polygons, first: int, num_levels: int) -> NDArray[np.int64]:
    """The level that each edge lies on, by all units that vanish there: the first may be one of the network.

    Inside a piece on which the output is the level everywhere, edges are not on it: only its rim is drawn.
    """
    offset = seen.generators.num_rows - seen.records.num_units
    found = np.full(len(polygons.edges), -1, dtype=np.int64)
    for level in range(num_levels):
        word, bit = divmod(offset + first + level, 64)
        vanishes = (polygons.edge_zeros[:, word] >> np.uint64(bit)) & np.uint64(1) != 0
        signs = seen.records.signs[:, first + level][polygons.edge_cells]
        found[vanishes & ((signs != 0) & (polygons.edge_cells >= 0)).any(axis=1)] = level
    return found


def _regions_of(seen: Records, whole: Records) -> NDArray[np.int64]:
    """The region of `whole` with the signs that each region of `seen` has on its first units."""
    wanted, listed = (_keys(records.signs[:, : whole.num_units]) for records in (seen, whole))
    order = np.argsort(listed)
    regions: NDArray[np.int64] = order[np.searchsorted(listed, wanted, sorter=order)]
    return regions


def _keys(signs: NDArray[np.int8]) -> NDArray[np.void]:
    padded = np.ascontiguousarray(np.pad(signs, ((0, 0), (0, 1))))
    return padded.view(np.dtype((np.void, padded.shape[1]))).reshape(-1)
