"""Numerator and denominator on each activation region, where all of them are affine.

This carries the recursion of `rational_map` through one region after the other, on affine functions instead of
polynomials: on a region each maximum is decided by the region's sign. It shares with the polynomials no product,
hull or pruning, so that the pieces found here judge the monomials found there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from relureg.complex.complex import Complex
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network
from relureg.tropical.growth import Growth

Piece = tuple[Fraction, ...]
"""An affine function: constant, then slopes."""


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

    def apply(
        self, one: RationalMatrix, above: dict[int, RationalMatrix], below: dict[int, RationalMatrix]
    ) -> tuple[RationalMatrix, RationalMatrix]:
        """H and G' of the recursion."""
        high, low = self.form.constant @ one, RationalMatrix.zeros(self.form.size, one.shape[1])
        for source in self.form.terms:
            plus, minus = self.positive[source], self.negative[source]
            high = high + plus @ above[source] + minus @ below[source]
            low = low + plus @ below[source] + minus @ above[source]
        return high, low


class Pieces:
    """The affine pieces of a network's tropical rational map, region by region."""

    def __init__(self, cells: Complex, growth: Growth | None = None) -> None:
        self.cells = cells
        self._growth = growth or Growth()
        network = cells.network
        self._stages = [_SplitForm(stage.pre_activation) for stage in network.stages]
        self._output = _SplitForm(network.output)
        self._ends = np.cumsum([0, *network.widths]).tolist()

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

    def _region(self, signs: Sequence[int]) -> RegionPieces:
        network = self.cells.network
        one, identity = _coordinates(network)
        above, below = {INPUT: identity}, {INPUT: identity.masked_rows(np.zeros(network.input_dim, dtype=bool))}
        values = {INPUT: identity}
        for number, form in enumerate(self._stages, start=1):
            active = np.asarray(signs[self._ends[number - 1] : self._ends[number]]) > 0
            high, low = form.apply(one, above, below)
            above[number] = high.masked_rows(active) + low.masked_rows(~active)
            below[number] = low
            values[number] = form.form.evaluate(one, values).masked_rows(active)
        high, low = self._output.apply(one, above, below)
        return RegionPieces(
            numerators=_pieces(high),
            denominators=_pieces(low),
            values=_pieces(network.output.evaluate(one, values)),
        )


def _coordinates(network: Network) -> tuple[RationalMatrix, RationalMatrix]:
    """The constant 1 and the inputs as affine functions (constant, slopes) of the input."""
    whole = RationalMatrix.identity(network.input_dim + 1)
    return whole.rows([0]), whole.rows(slice(1, None))


def _part(matrix: RationalMatrix, sign: int) -> RationalMatrix:
    return RationalMatrix(np.where(matrix.numerators * sign > 0, matrix.numerators * sign, 0), matrix.denominator)


def _pieces(matrix: RationalMatrix) -> tuple[Piece, ...]:
    return tuple(tuple(row) for row in matrix.fractions())
