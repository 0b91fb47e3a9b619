"""Networks whose complex is cut along a level of an output, or where outputs tie for the maximum.

A network gets further units, which no output reads: one whose pre-activation is ``f - level``, or for the maximum of
several outputs ``z_j = y_j - max(y_0, ..., y_(j-1))`` for j = 1, 2, ..., where
``max(y_0, ..., y_j) = max(y_0, ..., y_(j-1)) + max(z_j, 0)``. So the machinery of activation regions gives the complex
that they cut, and on each of its faces the signs of these units.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from relureg.exact.rational import RationalMatrix
from relureg.frozen import Frozen
from relureg.network.affine_forms import AffineForm
from relureg.network.model import Network, Stage, StageKind


class SignedCells(Protocol):
    """Cells of a complex, on each of which every unit has a sign: faces, or facets as the engine records them."""

    @property
    def num_cells(self) -> int: ...

    def signs_of_unit(self, unit: int) -> NDArray[np.int8]:
        """(cells,): -1, 0 where the unit vanishes on the whole cell, or 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSource:
    """Where the sign of a function is read: of a unit, or of a constant."""

    unit: int | None
    constant: int = 0
    """The sign of a function that is a constant; where there is a unit 0."""

    def on(self, cells: SignedCells) -> NDArray[np.int8]:
        """(cells,): the sign on each cell."""
        if self.unit is None:
            return np.full(cells.num_cells, self.constant, dtype=np.int8)
        return cells.signs_of_unit(self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRefinement(Frozen):
    """A network cut along ``{f = level}``, with f one of its outputs."""

    network: Network
    source: SignSource

    @classmethod
    def of(cls, network: Network, output: int = 0, level: Fraction = Fraction(0)) -> LevelRefinement:
        """Cut along the level of an output."""
        below = AffineForm.of_constant(RationalMatrix.from_fractions([[-level]], 1))
        form = network.output.entries(np.array([output])) + below
        cut, source = _with_unit(network, form, StageKind.RELU)
        return cls(network=cut, source=source)

    def signs(self, cells: SignedCells) -> NDArray[np.int8]:
        """(cells,): the sign of ``f - level`` on each cell of the complex of `network`."""
        return self.source.on(cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaximumRefinement(Frozen):
    """A network cut where outputs tie for the maximum."""

    network: Network
    order: tuple[int, ...]
    """(m,): the outputs in the order in which they are compared."""
    sources: tuple[SignSource, ...]
    """(m - 1,): of each output but the first, less the largest of those before it."""

    @classmethod
    def of(cls, network: Network, last: int | None = None) -> MaximumRefinement:
        """Cut where two of all outputs are the largest, comparing the output `last` with the largest of all others."""
        last = network.output_dim - 1 if last is None else last
        order = (*(j for j in range(network.output_dim) if j != last), last)
        sources = []
        cut, outputs = network, network.output
        largest = outputs.entries(np.array([order[0]]))
        minus = RationalMatrix.from_fractions([[Fraction(-1)]], 1)
        for j in order[1:]:
            ahead = outputs.entries(np.array([j])) + largest.map(minus)
            cut, source = _with_unit(cut, ahead, StageKind.COMPARISON)
            sources.append(source)
            if source.unit is not None:
                largest = largest + AffineForm.of_source(len(cut.stages), 1)
            elif source.constant > 0:
                largest = outputs.entries(np.array([j]))
        return cls(network=cut, order=order, sources=tuple(sources))

    def signs(self, cells: SignedCells) -> NDArray[np.int8]:
        """(cells,): the sign of the output that comes last, less the largest of the others, on each cell."""
        return self.sources[-1].on(cells)

    def attains(self, cells: SignedCells, output: int) -> NDArray[np.bool_]:
        """(cells,): whether an output is the maximum inside each cell, alone or with others."""
        place = self.order.index(output)
        found = np.ones(cells.num_cells, dtype=np.bool_)
        for j, source in enumerate(self.sources, start=1):
            if j >= place:
                found &= source.on(cells) >= 0 if j == place else source.on(cells) <= 0
        return found

    def num_largest(self, cells: SignedCells) -> NDArray[np.int64]:
        """(cells,): how many outputs are the maximum inside each cell."""
        found = np.ones(cells.num_cells, dtype=np.int64)
        for source in self.sources:
            sign = source.on(cells)
            found = np.where(sign > 0, 1, found + (sign == 0))
        return found


def _with_unit(network: Network, form: AffineForm, kind: StageKind) -> tuple[Network, SignSource]:
    """The network with a stage of one more unit, unless its form is a constant; and where to read the form's sign."""
    if form.is_constant:
        ((value,),) = form.constant.fractions()
        return network, SignSource(unit=None, constant=(value > 0) - (value < 0))
    last = len(network.stages)
    spanning = None if network.spanning_stages is None else (*network.spanning_stages, last + 1)
    stage = Stage(pre_activation=form, name="level", kind=kind)
    cut = network.replace(stages=(*network.stages, stage), spanning_stages=spanning)
    return cut, SignSource(unit=network.num_units)
