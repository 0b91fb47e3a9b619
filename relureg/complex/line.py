"""A network on a line: where its regions begin and end, exactly."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.complex.facets import facet_units
from relureg.complex.walk import Walk
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
    facets, records = cells.facets, cells.records
    row_between = dict(zip(map(tuple, facets.regions.tolist()), facets.record.tolist(), strict=True))
    order = sorted(range(records.num_regions), key=lambda region: records.point(region)[0])
    walk = Walk(cells.network)
    found = []
    for here, there in itertools.pairwise(order):
        signs, beyond = records.signs_of(np.array([here, there]))
        walk.go_to(signs)
        row = row_between[min(here, there), max(here, there)]
        units = tuple(unit for unit in facet_units(records, row) if signs[unit] or beyond[unit])
        # One that does not vanish on the region itself vanishes at its end alone.
        bounding = next(unit for unit in units if signs[unit])
        found.append(Breakpoint(t=walk.root(bounding), units=units, regions=(here, there)))
    return tuple(found)
