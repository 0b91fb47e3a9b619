"""Linear regions: the notions of "region" other than the activation region, each under its own name.

The six definitions are those of Stargalla, Hertrich and Reichman (NeurIPS 2025), here R1 to R6. Their numbers satisfy
R6 <= R5 <= R4 <= R3 <= R2 <= R1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.complex.faces import count_patterns
from relureg.complex.linear.affine_classes import label_affine_maps
from relureg.complex.linear.closed_regions import count_closed_regions
from relureg.complex.linear.union_find import component_numbers
from relureg.engine.records import freeze
from relureg.frozen import Frozen

if TYPE_CHECKING:
    from relureg.complex.complex import Complex

MAX_FACES = 10_000_000
"""Most faces, by `Complex.face_estimate`, for which R1 is counted: about ten seconds' work."""

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearRegions(Frozen):
    """The regions of a complex by all six definitions."""

    activation_patterns: int | None
    """R1; None with more than `MAX_FACES` faces."""
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


def find_linear_regions(cells: Complex) -> LinearRegions:
    """Count the linear regions of a complex, exactly.

    * R6: the distinct affine maps of the activation regions (all outputs), compared over the integers.
    * R4: activation regions joined across facets between equal maps. The interior of a union of closed regions that
      meet in less than a facet is not connected.
    * R5: see `count_closed_regions`; it equals R4 where no affine map has several open regions.
    * R1: the patterns of the faces of all dimensions.

    Raises
    ------
    LimitReachedError
        The complex is not complete.
    """
    pairs = cells.facets.regions
    piece = label_affine_maps(cells.network, cells.records)
    open_region = component_numbers(cells.num_regions, pairs[piece[pairs[:, 0]] == piece[pairs[:, 1]]])
    num_open = int(open_region.max()) + 1
    patterns = None
    if cells.face_estimate <= MAX_FACES:
        patterns = count_patterns(cells.records, cells.incidences, cells.essential_dim)
    found = LinearRegions(
        activation_patterns=patterns,
        activation_regions=cells.num_regions,
        convex_low=num_open,
        convex_high=cells.num_regions,
        open_connected=num_open,
        closed_connected=count_closed_regions(cells, piece, open_region) if cells.network.output_dim == 1 else None,
        affine_pieces=int(piece.max()) + 1,
        affine_piece=piece,
        open_region=open_region,
    )
    freeze(found)
    return found
