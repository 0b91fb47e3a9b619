"""The cells of a two-dimensional complex as polygons, put together by what vanishes where."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.complex.faces import distinct_generators
from relureg.engine.records import Generators, Records, freeze
from relureg.errors import UsageError

Corners = tuple[tuple[Fraction, Fraction], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygons:
    """The R cells of a bounded two-dimensional complex, and its E edges, each once."""

    starts: NDArray[np.int64]
    """(R + 1,): cell k has the corners ``corners[starts[k]:starts[k + 1]]``."""
    corners: NDArray[np.float64]
    """(G, 2): counter-clockwise around each cell; vertices that are known exactly, rounded."""
    vertices: NDArray[np.int64]
    """(G,): the numbers of the vertices of each cell, in no order: corners of different cells are the same or not."""
    edges: NDArray[np.float64]
    """(E, 2, 2): the two ends of each edge."""
    edge_vertices: NDArray[np.int64]
    """(E, 2): their numbers."""
    edge_zeros: NDArray[np.uint64]
    """(E, words): the rows that vanish on the whole edge, as bits like `Generators.zeros`."""
    edge_unit: NDArray[np.int64]
    """(E,): the first unit that vanishes on the edge; -1 on the domain's boundary."""
    edge_cells: NDArray[np.int64]
    """(E, 2): the cell on the positive side of that unit and the other; -1 for none."""

    @property
    def num_cells(self) -> int:
        return len(self.starts) - 1

    @property
    def owner(self) -> NDArray[np.int64]:
        """(G,): the cell of each corner."""
        return np.repeat(np.arange(self.num_cells), np.diff(self.starts))

    @property
    def areas(self) -> NDArray[np.float64]:
        """(R,): rounded; exact in `exact_area`."""
        here, following = self.corners, self.corners[_following(self.starts)]
        # Relative to each cell's first corner, so that small cells far from the origin keep their digits.
        origin = here[self.starts[:-1]][self.owner]
        (x, y), (u, v) = (here - origin).T, (following - origin).T
        return np.add.reduceat(x * v - u * y, self.starts[:-1]) / 2

    @property
    def centres(self) -> NDArray[np.float64]:
        """(R, 2): the mean of each cell's corners, which lies inside."""
        means: NDArray[np.float64] = np.add.reduceat(self.corners, self.starts[:-1], axis=0)
        return means / np.diff(self.starts)[:, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """For each cell and each of its sides the two generators on it."""

    cell: NDArray[np.int64]
    row: NDArray[np.int64]
    """The first row that vanishes on the side, walls counted before units."""
    ends: NDArray[np.int64]
    """(n, 2): generators."""


def polygons_of(cells: Complex) -> Polygons:
    """The cells as polygons.

    Two vertices of a cell span a side if and only if some row vanishes on both and not on the whole cell. So corners
    are ordered by what vanishes, which is exact, and not by angles.

    Raises
    ------
    UsageError
        The complex is not two-dimensional, or has unbounded cells: look inside a bounded domain.
    """
    if cells.network.input_dim != 2 or cells.essential_dim != 2 or not cells.records.bounded.all():
        raise UsageError("polygons are the bounded cells of a network with two inputs; give a bounded domain")
    generators, records = cells.generators, cells.records
    sides = _sides(generators)
    order = _around(generators, sides)
    corners = _counter_clockwise(generators.coordinates[order], generators.starts)
    _, number = distinct_generators(records, generators)
    num_walls = generators.num_rows - records.num_units
    unit = sides.row - num_walls
    kept = (unit < 0) | (_sign_of(records, sides.cell, np.maximum(unit, 0)) > 0)
    polygons = Polygons(
        starts=generators.starts,
        corners=corners,
        vertices=number,
        edge_vertices=number[sides.ends[kept]],
        edges=generators.coordinates[sides.ends[kept]],
        edge_zeros=np.bitwise_and.reduce(generators.zeros[sides.ends[kept]], axis=1),
        edge_unit=np.maximum(unit[kept], -1),
        edge_cells=np.column_stack([sides.cell[kept], _behind(cells, sides.cell[kept], unit[kept])]),
    )
    freeze(polygons)
    return polygons


def exact_corners(cells: Complex, region: int) -> Corners:
    """The exact corners of one bounded cell of a network with two inputs, counter-clockwise."""
    found = cells.polyhedron(region)
    points = [(row[0], row[1]) for row in found.vertices.fractions()]
    facets = [set(np.flatnonzero(line).tolist()) for line in found.incidence]
    around = [0]
    while len(around) < len(points):
        around.append(next(k for k in range(len(points)) if k not in around and facets[k] & facets[around[-1]]))
    corners = tuple(points[k] for k in around)
    return corners if _twice_area(corners) > 0 else corners[::-1]


def exact_area(cells: Complex, region: int) -> Fraction:
    """The exact area of one bounded cell of a network with two inputs.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/truth/xor.json")
    >>> cells = relureg.enumerate_regions(network, relureg.Domain.box([-10, -10], [10, 10]))
    >>> [str(exact_area(cells, region)) for region in range(3)], sum(exact_area(cells, region) for region in range(3))
    (['361/2', '39/2', '200'], Fraction(400, 1))
    """
    return _twice_area(exact_corners(cells, region)) / 2


def _twice_area(corners: Corners) -> Fraction:
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return sum((x * v - u * y for (x, y), (u, v) in pairs), Fraction(0))


def _sides(generators: Generators) -> _Sides:
    common = np.bitwise_and.reduceat(generators.zeros, generators.starts[:-1], axis=0)
    cell_of = np.repeat(np.arange(generators.num_regions), np.diff(generators.starts))
    own = np.ascontiguousarray((generators.zeros & ~common[cell_of]).astype("<u8")).view(np.uint8)
    place, row = np.nonzero(np.unpackbits(own, axis=1, bitorder="little"))
    order = np.lexsort((row, cell_of[place]))
    place, row = place[order], row[order]
    cell = cell_of[place]
    # A row that vanishes somewhere on a cell does so at one corner, or along a side: then at two.
    second = np.flatnonzero((cell[1:] == cell[:-1]) & (row[1:] == row[:-1])) + 1
    ends = np.sort(np.column_stack([place[second - 1], place[second]]), axis=1)
    _, first = np.unique(ends[:, 0] * len(cell_of) + ends[:, 1], return_index=True)
    return _Sides(cell=cell[second[first]], row=row[second[first]], ends=ends[first])


def _around(generators: Generators, sides: _Sides) -> NDArray[np.int64]:
    """(G,): the generators in order around each cell; every cell takes a step at a time."""
    total = len(generators.zeros)
    ends = np.concatenate([sides.ends, sides.ends[:, ::-1]])
    ends = ends[np.argsort(ends[:, 0], kind="stable")]
    neighbours = ends[:, 1].reshape(total, 2)
    starts, lengths = generators.starts[:-1], np.diff(generators.starts)
    order = np.empty(total, dtype=np.int64)
    previous, current = neighbours[starts, 1], starts.copy()
    for step in range(int(lengths.max(initial=0))):
        open_ = step < lengths
        order[starts[open_] + step] = current[open_]
        left, right = neighbours[current].T
        previous, current = current, np.where(left == previous, right, left)
    return order


def _counter_clockwise(corners: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    # Each cell to the same size, halved before a difference is taken: no product leaves the doubles.
    shifted = corners / 2 - corners[starts[:-1]][owner] / 2
    size = np.maximum.reduceat(np.abs(shifted), starts[:-1], axis=0)
    shifted = shifted / np.where(size > 0, size, 1.0)[owner]
    (x, y), (u, v) = shifted.T, shifted[_following(starts)].T
    clockwise = np.add.reduceat(x * v - u * y, starts[:-1]) < 0
    index = np.arange(len(corners))
    mirrored = (starts[:-1] + starts[1:] - 1)[owner] - index
    return corners[np.where(clockwise[owner], mirrored, index)]


def _following(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The index of the next corner of the same cell."""
    following = np.arange(1, starts[-1] + 1)
    following[starts[1:] - 1] = starts[:-1]
    return following


def _sign_of(records: Records, cell: NDArray[np.int64], unit: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sign of one unit on one cell, for many pairs; 0 is not asked for."""
    if not records.num_units:
        return np.zeros(len(cell), dtype=np.int64)
    return 2 * ((records.patterns[cell, unit // 8] >> (unit % 8).astype(np.uint8)) & 1).astype(np.int64) - 1


def _behind(cells: Complex, cell: NDArray[np.int64], unit: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cell on the other side of the facet of `cell` whose first vanishing unit is `unit`; -1 where unit < 0."""
    records = cells.records
    facet = np.repeat(np.arange(len(records.facet_region)), np.diff(records.facet_starts))
    region = records.facet_region[facet]
    units = records.facet_units.astype(np.int64)
    own = ~((records.vanishing[region, units // 8] >> (units % 8).astype(np.uint8)) & 1).astype(np.bool_)
    facet, units = facet[own], units[own]
    rows, first = np.unique(facet, return_index=True)
    inner = ~records.facet_on_boundary[rows]
    rows, units = rows[inner], units[first[inner]]
    keys = records.facet_region[rows] * (records.num_units + 1) + units
    order = np.argsort(keys)
    wanted = cell * (records.num_units + 1) + unit
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), max(len(keys) - 1, 0))] if len(keys) else None
    behind = cells.facets.regions_behind
    return np.where(unit < 0, -1, behind[rows[place]]) if place is not None else np.full(len(cell), -1, dtype=np.int64)
