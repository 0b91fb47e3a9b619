"""Functions on a complex by whose sublevel sets it is filtered: an output, a unit, the distance from a region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from relureg import stopping
from relureg.complex.affine import exact_maps
from relureg.engine.records import Point
from relureg.errors import UsageError
from relureg.words import short

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.network.model import Network

_FORMS = "output:K, unit:STAGE:UNIT (stages from 1, units from 0) or distance:REGION"


class FilterKind(Enum):
    """What a filtration goes by."""

    OUTPUT = "output"
    UNIT = "unit"
    DISTANCE = "distance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtration:
    """A function on the domain whose sublevel sets grow from nothing to all of it."""

    kind: FilterKind
    number: int
    """The output; the unit, counted through all stages; or the region."""
    text: str
    """As it was written: ``output:0``."""

    @classmethod
    def parse(cls, text: str, network: Network, num_regions: int | None = None, *, where: str = "by") -> Filtration:
        """``output:K``, ``unit:STAGE:UNIT`` or ``distance:REGION``.

        Parameters
        ----------
        num_regions : int, optional
            Where it is known; else a region is not held against it.

        Raises
        ------
        UsageError
            The text is none of these, or there is no such output, unit or region.
        """
        name, *numbers = text.split(":")
        if not all(number.isascii() and number.isdigit() and len(number) < 19 for number in numbers):
            raise UsageError(f"{short(text)} is no filtration; write {_FORMS}", where=where)
        match name, [int(number) for number in numbers]:
            case "output", [output]:
                _require(output, range(network.output_dim), "output {}", where)
                return cls(kind=FilterKind.OUTPUT, number=output, text=text)
            case "unit", [stage, unit]:
                _require(stage, range(1, len(network.stages) + 1), "stage {}", where)
                _require(unit, range(network.widths[stage - 1]), f"unit {{}} in stage {stage}", where)
                return cls(kind=FilterKind.UNIT, number=sum(network.widths[: stage - 1]) + unit, text=text)
            case "distance", [region]:
                if num_regions is not None:
                    _require(region, range(num_regions), "region {}", where)
                return cls(kind=FilterKind.DISTANCE, number=region, text=text)
        raise UsageError(f"{short(text)} is no filtration; write {_FORMS}", where=where)


def vertex_values(
    cells: Complex, filtration: Filtration, points: Sequence[Point], numbers: np.ndarray
) -> list[Fraction]:
    """The exact values of an output or a unit at the vertices of a complex.

    Parameters
    ----------
    points : sequence of V points
    numbers : (G,)
        The vertex that each generator is, as `exact_vertices` finds both.
    """
    owner = np.repeat(np.arange(cells.num_regions), np.diff(cells.incidences.starts))
    _, first = np.unique(numbers, return_index=True)
    values: list[Fraction] = [Fraction(0)] * len(points)
    region = -1
    for vertex in np.argsort(owner[first], kind="stable").tolist():
        if owner[first[vertex]] != region:
            stopping.check()
            region = int(owner[first[vertex]])
            units, outputs = exact_maps(cells.network, cells.records.signs_of(np.array([region]))[0])
            maps = outputs if filtration.kind is FilterKind.OUTPUT else units
            row = maps.rows([filtration.number])
            ((constant,),), (slope,) = row.constant.fractions(), row.matrix.fractions()
        values[vertex] = constant + sum((a * x for a, x in zip(slope, points[vertex], strict=True)), Fraction(0))
    return values


def _require(number: int, known: range, what: str, where: str) -> None:
    if number not in known:
        others = f"there are {known.start} to {known.stop - 1}" if known else "there is none at all"
        raise UsageError(f"there is no {what.format(number)}; {others}", where=where)
