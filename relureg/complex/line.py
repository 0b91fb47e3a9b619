"""A network on a line: where its regions begin and end, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked
from relureg.complex.affine import exact_maps
from relureg.complex.complex import Complex
from relureg.complex.facets import facet_units
from relureg.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakpoint:
    """A point of a line at which one region ends and the next begins."""

    t: Fraction
    """The coordinate on the line."""
    units: tuple[int, ...]
    """The units that vanish there, those left out that vanish on both sides as well."""
    regions: tuple[int, int]
    """The regions before and behind it."""


@checked
def breakpoints(cells: Complex) -> tuple[Breakpoint, ...]:
    """The breakpoints of a network with one input (a `Slice` along one direction, say), ascending.

    Raises
    ------
    UsageError
        The network has more than one input.
    LimitReachedError
        The complex is not complete.

    Examples
    --------
    >>> import relureg
    >>> saw = relureg.enumerate_regions(relureg.load("fixtures/truth/saw_3.json"))
    >>> [str(point.t) for point in breakpoints(saw)]
    ['0', '1/8', '1/4', '3/8', '1/2', '5/8', '3/4', '7/8', '1']
    """
    if cells.network.input_dim != 1:
        raise UsageError(f"breakpoints are those of a line, and the network has {cells.network.input_dim} inputs")
    facets = cells.facets
    found = []
    for pair, row in zip(facets.regions.tolist(), facets.record.tolist(), strict=True):
        signs, beyond = cells.records.signs_of(np.array(pair))
        units = tuple(unit for unit in facet_units(cells.records, row) if signs[unit] or beyond[unit])
        maps, _ = exact_maps(cells.network, signs)
        # One that does not vanish on the region itself is positive on the side to which its slope points.
        bounding = next(unit for unit in units if signs[unit])
        ((constant,),) = maps.constant.rows([bounding]).fractions()
        ((slope,),) = maps.matrix.rows([bounding]).fractions()
        before = (slope > 0) == (signs[bounding] < 0)
        found.append(
            Breakpoint(t=-constant / slope, units=units, regions=tuple(pair) if before else (pair[1], pair[0]))
        )
    return tuple(sorted(found, key=lambda point: point.t))
