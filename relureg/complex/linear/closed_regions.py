"""Closed connected linear regions (R5) of a network with one output.

The set Z where the output f equals an affine function g is closed. It contains every activation region whose map is g,
and may cut through other regions: there it has no interior, but can connect what would be apart. Within one closed
region Z is convex, so two regions that Z meets are connected by it as soon as it meets their common facet. Where Z
passes from one region to another through a smaller face, all regions around that face meet it there, and facets lead
from each to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import exact_maps
from relureg.complex.polyhedron import homogeneous_rows, homogeneous_walls, inner_facets
from relureg.engine.records import Records
from relureg.exact.double_description import Row, dot, extreme_rays
from relureg.exact.rational import RationalMatrix
from relureg.network.problem import Problem

MAX_POLYHEDRA = 20_000
"""Regions looked at as exact polyhedra, about a millisecond each, before the count is given up."""

MAX_MEETINGS = 1_000_000
"""Regions compared with the map of another one, some ten microseconds each, likewise."""


def count_closed_regions(
    problem: Problem,
    records: Records,
    regions_behind: NDArray[np.int64],
    piece: NDArray[np.int64],
    open_region: NDArray[np.int64],
) -> int | None:
    """R5; None when it would take more than `MAX_POLYHEDRA` polyhedra or `MAX_MEETINGS` comparisons.

    Parameters
    ----------
    problem : Problem
        Of a network with one output.
    records : Records
        All regions.
    regions_behind : array, shape (K,)
        For each row of the facet columns, the region on the other side; -1 on the boundary.
    piece, open_region : arrays, shape (R,)
        The affine piece and the open connected linear region of each activation region.
    """
    first = np.unique(open_region, return_index=True)[1]
    num_open = np.bincount(piece[first])
    polyhedra = _Polyhedra(problem, records, regions_behind)
    count = int((num_open == 1).sum())
    for label in np.flatnonzero(num_open > 1).tolist():
        components = _count_components(polyhedra, piece == label)
        if components is None:
            return None
        count += components
    return count


@dataclass(frozen=True, slots=True)
class _Polyhedron:
    """A region in homogeneous essential coordinates, in integers."""

    output: Row
    """The output's affine map, times `scale`."""
    scale: int
    facets: tuple[tuple[int, tuple[Row, ...]], ...]
    """The region behind each inner facet, and the vertices and rays of the facet."""


class _Polyhedra:
    """The regions of a complex that were looked at, each once."""

    def __init__(self, problem: Problem, records: Records, regions_behind: NDArray[np.int64]) -> None:
        self.meetings = 0
        self._network = problem.network
        self._records = records
        self._regions_behind = regions_behind
        self._known: dict[int, _Polyhedron] = {}
        self._essential = problem.essential_inputs
        self._walls = homogeneous_walls(problem)

    @property
    def is_exhausted(self) -> bool:
        return len(self._known) > MAX_POLYHEDRA or self.meetings > MAX_MEETINGS

    def behind(self, region: int) -> NDArray[np.int64]:
        """The regions behind the facets of a region, -1 for those on the domain's boundary."""
        start, stop = np.searchsorted(self._records.facet_region, [region, region + 1])
        return self._regions_behind[start:stop]

    def polyhedron(self, region: int) -> _Polyhedron:
        if region not in self._known:
            self._known[region] = self._make(region)
        return self._known[region]

    def _make(self, region: int) -> _Polyhedron:
        signs = self._records.signs_of(np.array([region]))[0]
        maps, output = exact_maps(self._network, signs)
        crossed = inner_facets(self._records, region, signs)
        facets = maps.rows([unit for unit, _ in crossed])
        rows = homogeneous_rows(facets.constant, facets.matrix, self._essential)
        inner = [tuple(sign * entry for entry in row) for (_, sign), row in zip(crossed, rows, strict=True)]
        infinity = (1, *(0 for _ in self._essential))
        rays = extreme_rays([*inner, infinity, *self._walls], len(self._essential) + 1)
        image = RationalMatrix.hstack([output.constant, output.matrix.columns(self._essential)], 1)
        return _Polyhedron(
            output=tuple(image.numerators[0].tolist()),
            scale=image.denominator,
            facets=tuple(
                (other, tuple(ray.vector for ray in rays if ray.zeros >> i & 1))
                for i, other in enumerate(other for other in self.behind(region).tolist() if other >= 0)
            ),
        )


def _count_components(polyhedra: _Polyhedra, members: NDArray[np.bool_]) -> int | None:
    """Connected components of the set where the output has the members' map that contain a member; None at a limit."""
    starts = np.flatnonzero(members).tolist()
    target = polyhedra.polyhedron(starts[0])
    seen = np.zeros(len(members), dtype=np.bool_)
    count = 0
    for start in starts:
        if seen[start]:
            continue
        count += 1
        seen[start] = True
        stack = [start]
        while stack:
            region = stack.pop()
            if members[region]:
                behind = polyhedra.behind(region)
                met = behind[behind >= 0].tolist()
            else:
                met = _met_behind(polyhedra.polyhedron(region), target)
                polyhedra.meetings += 1
            for other in met:
                if not seen[other]:
                    seen[other] = True
                    stack.append(other)
            if polyhedra.is_exhausted:
                return None
    return count


def _met_behind(here: _Polyhedron, target: _Polyhedron) -> list[int]:
    """The regions behind those facets on which the two outputs are equal somewhere."""
    difference = tuple(
        mine * target.scale - other * here.scale for mine, other in zip(here.output, target.output, strict=True)
    )
    return [
        behind
        for behind, generators in here.facets
        if _has_zero([(ray[0] > 0, dot(difference, ray)) for ray in generators])
    ]


def _has_zero(values: list[tuple[bool, int]]) -> bool:
    """Whether an affine function vanishes on a polyhedron with these values at its vertices (True) and along its rays.

    Some vertex or ray must bring it down to zero, and some up; at a vertex 0 is enough, along a ray it is not.
    """
    can_be_low = any(value < 0 or (is_vertex and not value) for is_vertex, value in values)
    can_be_high = any(value > 0 or (is_vertex and not value) for is_vertex, value in values)
    return can_be_low and can_be_high
