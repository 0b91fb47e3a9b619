"""Linear regions: the notions of "region" other than the activation region, each under its own name.

The six definitions are those of Stargalla, Hertrich and Reichman [SHR25], here R1 to R6. Their numbers satisfy
R6 <= R5 <= R4 <= R3 <= R2 <= R1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from relureg.complex.faces import count_patterns
from relureg.complex.facets import Facets
from relureg.complex.linear.affine_classes import label_affine_maps
from relureg.complex.linear.closed_regions import count_closed_regions
from relureg.complex.linear.union_find import component_numbers
from relureg.engine.records import Generators, Records, freeze
from relureg.frozen import Frozen
from relureg.network.problem import Problem
from relureg.showing import Shown

DEFINITIONS: Mapping[str, str] = MappingProxyType({
    "activation_patterns": "patterns (z > 0 or not, for each unit) that some input has, be it on a set without "
    "interior",
    "regions": "patterns that an open set of inputs has: the cells of full dimension",
    "convex_regions": "the fewest convex polyhedra of a polyhedral complex on each of which the network is affine "
    "(bounds: R4 and R2)",
    "linear_regions_open": "maximal connected open sets on which the network is affine",
    "linear_regions_closed": "maximal connected closed sets, with interior, on which the network is affine "
    "(one output)",
    "affine_pieces": "maximal sets, connected or not, on which the network is affine: distinct affine maps",
})  # fmt: skip
"""What each number counts, R1 to R6, under its key of the JSON output."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LinearRegions(Shown, Frozen):
    """The regions of a complex by all six definitions."""

    activation_patterns: int | None
    """R1; None with more than `MAX_FACES_COUNTED` faces."""
    activation_regions: int
    """R2."""
    convex_low: int
    """A lower bound of R3, whose exact value is the answer to a hard minimisation."""
    convex_high: int
    """An upper bound of R3."""
    open_connected: int
    """R4: activation regions, joined across facets where they have the same affine map."""
    closed_connected: int | None
    """R5; None with several outputs, or where proving it takes more than `closed_regions.MAX_POLYHEDRA` polyhedra."""
    affine_pieces: int
    """R6."""
    affine_piece: NDArray[np.int64]
    """(R,): the number of the affine piece of each activation region, from 0, in order of first occurrence."""
    open_region: NDArray[np.int64]
    """(R,): the number of the open connected linear region of each activation region, likewise."""

    def __repr__(self) -> str:
        told = (
            (self.activation_patterns, "patterns"), (self.activation_regions, "activation regions"),
            (self.open_connected, "open connected"), (self.closed_connected, "closed connected"),
            (self.affine_pieces, "affine pieces"),
        )  # fmt: skip
        return f"<LinearRegions: {', '.join(f'{n:,} {what}' for n, what in told if n is not None)}>"


def find_linear_regions(
    problem: Problem, records: Records, facets: Facets, incidences: Generators | None
) -> LinearRegions:
    """Count the linear regions of a complex, exactly.

    * R6: the distinct affine maps of the activation regions (all outputs), compared over the integers.
    * R4: activation regions joined across facets between equal maps. The interior of a union of closed regions that
      meet in less than a facet is not connected.
    * R5: see `count_closed_regions`; it equals R4 where no affine map has several open regions.
    * R1: the patterns of the faces of all dimensions.

    Parameters
    ----------
    records : Records
        All regions.
    incidences : Generators, optional
        Their vertices and rays, in essential inputs; R1 is left out without them.
    """
    pairs = facets.regions
    piece = label_affine_maps(problem.network, records)
    open_region = component_numbers(records.num_regions, pairs[piece[pairs[:, 0]] == piece[pairs[:, 1]]])
    num_open = int(open_region.max()) + 1
    num_closed = None
    if problem.network.output_dim == 1:
        num_closed = count_closed_regions(problem, records, facets.regions_behind, piece, open_region)
    regions = LinearRegions(
        activation_patterns=None if incidences is None else count_patterns(records, incidences, problem.essential_dim),
        activation_regions=records.num_regions,
        convex_low=num_open,
        convex_high=records.num_regions,
        open_connected=num_open,
        closed_connected=num_closed,
        affine_pieces=int(piece.max()) + 1,
        affine_piece=piece,
        open_region=open_region,
    )
    freeze(regions)
    return regions
