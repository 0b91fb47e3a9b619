"""Whether the extracted function is the network itself, on the whole input space: decided exactly, region by region.

With a point in each region, N^(X) equals N everywhere. On a region R the terms extracted there must be the largest,
at each vertex and in the direction of each ray and line of R; then N^(X) is ``a+_R - a-_R`` on R, which must be the
map of N.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.errors import LimitReachedError
from relureg.exact.rational import RationalMatrix
from relureg.maps.float_forms import Numbers
from relureg.maps.layer_merging import Merger
from relureg.network.affine_forms import INPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class EverywhereCheck:
    """The comparison of N^(X), with a point in each region, and N on the whole complex."""

    num_regions: int
    num_comparisons: int
    """Terms compared at a vertex, or along a ray or a line."""
    num_failures: int
    """Comparisons in which another term was larger, and regions whose terms do not give the network's map."""

    @property
    def passed(self) -> bool:
        return not self.num_failures


@checked
def compare_everywhere(cells: Complex) -> EverywhereCheck:
    """Extract the terms of all outputs in each region, exactly, and compare N^(X) with N on the whole complex.

    Time grows with the square of the number of regions.

    Raises
    ------
    LimitReachedError
        The complex is not complete.

    Examples
    --------
    >>> import relureg
    >>> cells = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
    >>> compare_everywhere(cells).passed
    True
    """
    if not cells.complete:
        raise LimitReachedError("the comparison needs all regions; give the complex more time")
    network, count = cells.network, cells.num_regions
    active = cells.records.signs > 0
    merger = Merger.of(network, exact=True)
    terms = [_terms_of(merger, active, np.full(count, output, dtype=np.intp)) for output in range(network.output_dim)]
    comparisons = failures = 0
    for region in range(count):
        expected = _homogeneous(cells.affine_map(region).matrix, cells.affine_map(region).constant)
        shape = cells.polyhedron(region)
        # Homogeneous coordinates: (1, x) of a vertex, (0, v) of a direction; a line is two directions.
        places = np.concatenate([
            _columns(shape.vertices, 1), _columns(shape.rays, 0), _columns(shape.lines, 0), -_columns(shape.lines, 0)
        ])  # fmt: skip
        for output, (above, below) in enumerate(terms):
            failures += int(not np.array_equal(above[region] - below[region], expected[output]))
            for family in (above, below):
                margins = places @ (family[region] - family).T
                failures += int((margins < 0).sum())
                comparisons += margins.size
    return EverywhereCheck(num_regions=count, num_comparisons=comparisons, num_failures=failures)


def _terms_of(merger: Merger, active: NDArray[np.bool_], outputs: NDArray[np.intp]) -> tuple[Numbers, Numbers]:
    """The numerators and denominators, (regions, d + 1) each, constants first."""
    pair = merger.merge(active, outputs)
    zero = np.zeros((len(active), merger.network.input_dim), dtype=object)
    above, below = (
        np.concatenate([side.constants[:, None], side.coefficients.get(INPUT, zero)], axis=1) for side in pair
    )
    return above, below


def _homogeneous(matrix: RationalMatrix, constant: RationalMatrix) -> Numbers:
    return np.concatenate([_array(constant), _array(matrix)], axis=1)


def _columns(rows: RationalMatrix, first: int) -> Numbers:
    array = _array(rows)
    return np.concatenate([np.full((len(array), 1), first, dtype=object), array], axis=1)


def _array(matrix: RationalMatrix) -> NDArray[Any]:
    return np.array(matrix.fractions(), dtype=object).reshape(matrix.shape)
