"""Closed connected linear regions (R5) of a network with one output.

The set Z where the output f equals an affine function g is closed. It contains every activation region whose map is g,
and may cut through other regions: there it has no interior, but can connect what would be apart. Within one closed
region Z is convex, so two regions that Z meets are connected by it as soon as it meets their common facet. Where Z
passes from one region to another through a smaller face, all regions around that face meet it there, and facets lead
from each to the next.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from relureg.complex.complex import Complex

MAX_POLYHEDRA = 20_000
"""Regions looked at as exact polyhedra, some milliseconds each, before the count is given up."""


def count_closed_regions(cells: Complex, piece: NDArray[np.int64], open_region: NDArray[np.int64]) -> int | None:
    """R5; None when more than `MAX_POLYHEDRA` polyhedra would have to be looked at.

    Parameters
    ----------
    cells : Complex
        Complete, of a network with one output.
    piece, open_region : arrays, shape (R,)
        The affine piece and the open connected linear region of each activation region.
    """
    first = np.unique(open_region, return_index=True)[1]
    num_open = np.bincount(piece[first])
    count = int((num_open == 1).sum())
    left = MAX_POLYHEDRA
    for label in np.flatnonzero(num_open > 1).tolist():
        search = _LevelSet(cells, piece == label, left)
        components = search.count_components()
        if components is None:
            return None
        count += components
        left -= search.num_polyhedra
    return count


class _LevelSet:
    """The set where the output equals one of its affine pieces, followed from region to region."""

    def __init__(self, cells: Complex, members: NDArray[np.bool_], most: int) -> None:
        self.cells = cells
        self.members = members
        self.map = cells.affine_map(int(members.argmax()))
        self.most = most
        self.num_polyhedra = 0

    def count_components(self) -> int | None:
        """Connected components that contain a member, a region on which both agree; None beyond `most`."""
        seen = np.zeros(len(self.members), dtype=np.bool_)
        count = 0
        for start in np.flatnonzero(self.members).tolist():
            if seen[start]:
                continue
            count += 1
            seen[start] = True
            stack = [start]
            while stack:
                for region in self._met_behind(stack.pop()):
                    if not seen[region]:
                        seen[region] = True
                        stack.append(region)
                if self.num_polyhedra > self.most:
                    return None
        return count

    def _met_behind(self, region: int) -> list[int]:
        """The neighbours of a region that the set meets, behind a facet that it meets."""
        records = self.cells.records
        start, stop = np.searchsorted(records.facet_region, [region, region + 1])
        behind = self.cells.regions_behind[start:stop]
        inner: list[int] = behind[behind >= 0].tolist()
        if self.members[region]:
            return inner
        self.num_polyhedra += 1
        polyhedron = self.cells.polyhedron(region)
        map_here = self.cells.affine_map(region)
        matrix, constant = map_here.matrix - self.map.matrix, map_here.constant - self.map.constant
        slopes = (matrix @ polyhedron.rays.T).numerators[0].tolist()
        values = [value + constant.fractions()[0][0] for value in (matrix @ polyhedron.vertices.T).fractions()[0]]
        # A polyhedron lists its inner facets first, in the order of the records.
        return [
            other
            for other, on_facet in zip(inner, polyhedron.incidence.T.tolist(), strict=False)
            if _has_zero(
                [value for value, on in zip(values, on_facet, strict=False) if on],
                [slope for slope, on in zip(slopes, on_facet[len(values) :], strict=True) if on],
            )
        ]


def _has_zero(values: list[Fraction], slopes: list[int]) -> bool:
    """Whether an affine function with these values at the vertices, and along the rays, vanishes on the polyhedron."""
    can_be_low = any(value <= 0 for value in values) or any(slope < 0 for slope in slopes)
    can_be_high = any(value >= 0 for value in values) or any(slope > 0 for slope in slopes)
    return can_be_low and can_be_high
