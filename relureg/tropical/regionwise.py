"""Numerator and denominator on each activation region, where all of them are affine.

This carries the recursion of `rational_map` through one region after the other, on affine functions instead of
polynomials: on a region each maximum is decided by the region's sign. It shares with the polynomials no product,
hull or pruning, so that the pieces found here judge the monomials found there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import iter_exact_maps
from relureg.complex.complex import Complex
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm
from relureg.network.evaluation import last_value
from relureg.network.model import Network
from relureg.tropical.growth import Growth

Piece = tuple[Fraction, ...]
"""An affine function: constant, then slopes."""

Difference = tuple[RationalMatrix, RationalMatrix]
"""F and G as rows of such functions, for values F - G."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPieces:
    """The affine functions of all outputs on one region."""

    numerators: tuple[Piece, ...]
    denominators: tuple[Piece, ...]
    values: tuple[Piece, ...]
    """The network itself, composed from its own maps and not as a difference."""


class _SplitForm:
    """An affine form, its weights parted by sign."""

    def __init__(self, form: AffineForm) -> None:
        self.form = form
        self.positive = {s: _part(matrix, 1) for s, matrix in form.terms.items()}
        self.negative = {s: _part(matrix, -1) for s, matrix in form.terms.items()}

    def apply(self, one: RationalMatrix, sources: Mapping[int, Difference]) -> Difference:
        """H and G' of the recursion."""
        high, low = self.form.constant @ one, RationalMatrix.zeros(self.form.size, one.shape[1])
        for source in self.form.terms:
            plus, minus, (above, below) = self.positive[source], self.negative[source], sources[source]
            high = high + plus @ above + minus @ below
            low = low + plus @ below + minus @ above
        return high, low


class Pieces:
    """The affine pieces of a network's tropical rational map, region by region."""

    def __init__(self, cells: Complex, growth: Growth | None = None) -> None:
        self.cells = cells
        self._growth = growth or Growth()
        self._forms = [_SplitForm(form) for form in cells.network.forms]

    @cached_property
    def regions(self) -> list[RegionPieces]:
        """In the order of the complex."""
        found = []
        self._growth.place = "the pieces on the regions"
        for number, signs in enumerate(self.cells.records.signs):
            self._growth.check_time(f"pieces on {number:,} of {self.cells.num_regions:,} regions")
            found.append(self._region(signs))
        return found

    def num_linear_regions(self, output: int) -> int:
        """Maximal connected open sets on which one output is affine, by joining regions across facets."""
        from networkx import Graph, number_connected_components

        graph = Graph()
        graph.add_nodes_from(range(self.cells.num_regions))
        pairs = self.cells.facets.regions.tolist()
        values = [region.values[output] for region in self.regions]
        graph.add_edges_from((a, b) for a, b in pairs if values[a] == values[b])
        return int(number_connected_components(graph))

    def _region(self, signs: NDArray[np.int8]) -> RegionPieces:
        network = self.cells.network
        one, identity = _coordinates(network)

        def units(stage: int, z: Difference) -> Difference:
            (high, low), active = z, signs[network.units_of(stage)] > 0
            return high.masked_rows(active) + low.masked_rows(~active), low

        zero = RationalMatrix.zeros(*identity.shape)
        high, low = last_value(self._forms, (identity, zero), lambda form, sources: form.apply(one, sources), units)
        *_, output = iter_exact_maps(network, signs)
        return RegionPieces(numerators=_pieces(high), denominators=_pieces(low), values=_pieces(output))


def _coordinates(network: Network) -> tuple[RationalMatrix, RationalMatrix]:
    """The constant 1 and the inputs as affine functions (constant, slopes) of the input."""
    whole = RationalMatrix.identity(network.input_dim + 1)
    return whole.rows([0]), whole.rows(slice(1, None))


def _part(matrix: RationalMatrix, sign: int) -> RationalMatrix:
    return RationalMatrix(np.where(matrix.numerators * sign > 0, matrix.numerators * sign, 0), matrix.denominator)


def _pieces(matrix: RationalMatrix) -> tuple[Piece, ...]:
    return tuple(tuple(row) for row in matrix.fractions())
