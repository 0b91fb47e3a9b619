"""What is decided: by an output at a level, by the largest of several, or whether one class is that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import index
from relureg.errors import UsageError
from relureg.frozen import Frozen
from relureg.network.model import Network
from relureg.topology.refinement import LevelRefinement, MaximumRefinement, SignedCells
from relureg.words import short

BOUNDARY = "boundary"
"""The name of the part in which a decision is made."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Selection(Frozen):
    """Some cells of a complex, under a name."""

    name: str
    relation: str
    """Where they are, as in ``y0 >= 0``."""
    chosen: NDArray[np.bool_]
    """(cells,)."""
    is_open: bool = False
    """Whether with a cell all cells around it are chosen; otherwise all in its boundary are."""
    ends_in_faces: bool = False
    """Of an open selection: whether what is not chosen of a chosen cell's closure is one face of it, or nothing; as
    where one function, affine on each cell, is positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Frozen):
    """What a boundary is looked for of: an output at a level, the largest of all outputs, or one class of these."""

    network: Network
    """Cut along the boundary."""
    refinement: LevelRefinement | MaximumRefinement
    output: int | None
    """The output; None: the largest of all."""
    level: Fraction
    of_class: int | None
    """The class; None: of an output, or all of them."""

    @classmethod
    def of(
        cls, network: Network, *, output: int | None = None, level: Fraction = Fraction(0), of_class: int | None = None
    ) -> Decision:
        """The decision that a network makes: by its only output at a level, or by the largest of several.

        Raises
        ------
        UsageError
            There is no such output or class, or options that exclude each other.
        """
        refinement: LevelRefinement | MaximumRefinement
        if of_class is not None:
            if output is not None or level:
                raise UsageError("a class has no level: the region is where its output is the largest of all")
            if network.output_dim < 2:
                raise UsageError("a network with one output has no classes; give a level instead")
            of_class = index(of_class, network.output_dim, "output")
        if output is None and network.output_dim == 1:
            output = 0
        if output is not None:
            output = index(output, network.output_dim, "output")
            refinement = LevelRefinement.of(network, output, level)
        elif level:
            raise UsageError(f"a level is that of an output; say which of the {network.output_dim} (--output)")
        else:
            refinement = MaximumRefinement.of(network, of_class)
        return cls(network=refinement.network, refinement=refinement, output=output, level=level, of_class=of_class)

    def iter_selections(self, cells: SignedCells) -> Iterator[Selection]:
        """The parts, each with the cells that are in it."""
        if isinstance(self.refinement, LevelRefinement):
            yield from _sides(f"y{self.output}", short(self.level), self.refinement.signs(cells))
        elif self.of_class is not None:
            yield from _sides(f"y{self.of_class}", "the largest other", self.refinement.signs(cells))
        else:
            tied = self.refinement.num_largest(cells) > 1
            yield Selection(name=BOUNDARY, relation="two are the largest", chosen=tied)
            for k in range(len(self.refinement.order)):
                attains = self.refinement.attains(cells, k)
                yield Selection(name=f"class {k}", relation=f"y{k} >= all others", chosen=attains)
                yield Selection(
                    name=f"class {k} alone",
                    relation=f"y{k} > all others",
                    chosen=attains & ~tied,
                    is_open=True,
                    ends_in_faces=len(self.refinement.order) == 2,
                )


def _sides(name: str, level: str, signs: NDArray[np.int8]) -> Iterator[Selection]:
    """The level and the sides of a function that is affine on each cell."""
    for part, symbol, chosen, is_open in (
        (BOUNDARY, "=", signs == 0, False),
        ("above", ">=", signs >= 0, False),
        ("strictly above", ">", signs > 0, True),
        ("below", "<=", signs <= 0, False),
        ("strictly below", "<", signs < 0, True),
    ):
        yield Selection(
            name=part, relation=f"{name} {symbol} {level}", chosen=chosen, is_open=is_open, ends_in_faces=is_open
        )
