"""One activation region as an object: what a complex knows of it, under the region's own name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import AffineMap
from relureg.complex.facets import Facets, Neighbour, facet_units
from relureg.complex.polyhedron import Polyhedron
from relureg.engine.records import Point, Records
from relureg.network.model import Network
from relureg.words import plural


class Cells(Protocol):
    """What a region asks of the complex it belongs to: see `Complex`."""

    @property
    def network(self) -> Network: ...
    @property
    def records(self) -> Records: ...
    @property
    def facets(self) -> Facets: ...
    @property
    def complete(self) -> bool: ...
    @property
    def essential_dim(self) -> int: ...
    def pattern(self, region: int) -> str: ...
    def point(self, region: int) -> Point: ...
    def neighbours(self, region: int) -> tuple[Neighbour, ...]: ...
    def affine_map(self, region: int) -> AffineMap: ...
    def polyhedron(self, region: int) -> Polyhedron: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionFacet:
    """A facet, seen from one of its regions."""

    units: tuple[int, ...]
    """The units that vanish on it."""
    region: int | None
    """The region behind it; None where there is none, on the domain's boundary."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Region:
    """An activation region of a complex: ``cells[i]``. Nothing is kept here; each attribute asks the complex.

    What needs the facets of every region (`facets`, `neighbours`, `degree`) raises `LimitReachedError` where a limit
    stopped the enumeration.

    Examples
    --------
    >>> import relureg
    >>> cells = relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"))
    >>> region = cells[48]
    >>> region
    <Region 48 of 'int_2-6-6-1': 111111|110100, unbounded, 2 neighbours>
    >>> region.facets
    (RegionFacet(units=(1,), region=35), RegionFacet(units=(9,), region=47))
    >>> region.affine_map, region.polyhedron
    (<AffineMap R^2 -> R^1: 12 x0 - 18 x1 + 15>, <Polyhedron in R^2: 2 facets, 1 vertex, 2 rays>)
    """

    cells: Cells
    """The complex."""
    number: int
    """0..R-1."""

    @property
    def pattern(self) -> str:
        """1 for an active unit, stages separated by ``|``."""
        return self.cells.pattern(self.number)

    @property
    def signs(self) -> NDArray[np.int8]:
        """(N,): the sign of each unit inside: -1, 0 where it vanishes on the whole region, 1."""
        row: NDArray[np.int8] = self.cells.records.signs_of(np.array([self.number]))[0]
        return row

    @property
    def point(self) -> Point:
        """An exact point inside."""
        return self.cells.point(self.number)

    @property
    def is_bounded(self) -> bool:
        """Whether it is bounded in the input space."""
        everywhere = self.cells.essential_dim == self.cells.network.input_dim
        return bool(self.cells.records.bounded[self.number]) and everywhere

    @property
    def facets(self) -> tuple[RegionFacet, ...]:
        """Its facets, those on the domain's boundary among them."""
        records, behind = self.cells.records, self.cells.facets.regions_behind
        start, stop = np.searchsorted(records.facet_region, [self.number, self.number + 1]).tolist()
        found = ((facet_units(records, row), int(behind[row])) for row in range(start, stop))
        return tuple(RegionFacet(units=units, region=None if other < 0 else other) for units, other in found)

    @property
    def neighbours(self) -> tuple[Region, ...]:
        """The regions that share a facet with it, ascending."""
        return tuple(Region(cells=self.cells, number=n.region) for n in self.cells.neighbours(self.number))

    @property
    def degree(self) -> int:
        """The number of its neighbours."""
        return len(self.cells.neighbours(self.number))

    @property
    def affine_map(self) -> AffineMap:
        """The exact map from input to output on it."""
        return self.cells.affine_map(self.number)

    @property
    def polyhedron(self) -> Polyhedron:
        """It by its irredundant inequalities, vertices and rays, exactly."""
        return self.cells.polyhedron(self.number)

    def __repr__(self) -> str:
        pattern = self.pattern
        shown = pattern if len(pattern) <= _PATTERN_SHOWN else f"{pattern[:_PATTERN_SHOWN]}..."
        around = f", {plural(self.degree, 'neighbour')}" if self.cells.complete else ""
        bounded = "bounded" if self.is_bounded else "unbounded"
        return f"<Region {self.number} of {self.cells.network.name!r}: {shown}, {bounded}{around}>"


_PATTERN_SHOWN = 60
"""Characters of a pattern in a representation."""
