"""What a proof says of the rows of a leaf: which carry a facet, shared with which other leaf, and which carry none."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from relureg.complex.complex import Complex
from relureg.complex.facets import facet_units
from relureg.errors import CheckFailedError
from relureg.proofs.questions import Answer, Expected, Question, encoded
from relureg.proofs.rows import Row
from relureg.proofs.short_points import is_inside
from relureg.proofs.tree import Leaf, Step, add_multipliers


class LeafFacets:
    """Adds to the step of each leaf what is to be said of its rows.

    Parameters
    ----------
    cells : Complex
    ask : callable
        Is given each `Question`, as in `Tree`.
    """

    def __init__(self, cells: Complex, ask: Callable[[Question], None]) -> None:
        self._records, self._ask = cells.records, ask
        self._behind = cells.facets.regions_behind
        self._leaves: dict[int, tuple[int, Leaf]] = {}
        self.num_walls = 0

    def add(self, leaf: Leaf, step: Step) -> None:
        """Complete the step of the next leaf."""
        facets = self._facets_of(leaf.region)
        for k, row in enumerate(leaf.cuts):
            if row.name < 0:
                self._ask_about(leaf, k, step, Expected.UNKNOWN)
            elif row.name not in facets:
                self._ask_about(leaf, k, step, Expected.POSITIVE)
            elif (known := self._leaves.get(facets[row.name][0])) is not None:
                self._add_shared(leaf, k, step, *known, facets[row.name][1])
        self._leaves[leaf.region] = len(self._leaves), leaf

    def _facets_of(self, region: int) -> dict[int, tuple[int, tuple[int, ...]]]:
        """By each unit that vanishes on a facet inside the domain: the region behind, and all these units."""
        found: dict[int, tuple[int, tuple[int, ...]]] = {}
        start, stop = np.searchsorted(self._records.facet_region, [region, region + 1]).tolist()
        for row in range(start, stop):
            behind = int(self._behind[row])
            if behind >= 0:
                units = facet_units(self._records, row)
                found |= dict.fromkeys(units, (behind, units))
        return found

    def _add_shared(self, leaf: Leaf, k: int, step: Step, number: int, other: Leaf, units: tuple[int, ...]) -> None:
        """The facet on a row that an earlier leaf shares; the way to that leaf's point may lead through it."""
        row = leaf.cuts[k]
        there = next((j for j, cut in enumerate(other.cuts) if cut.name in units), None)
        if there is None:
            raise CheckFailedError(f"a facet of region {other.region} lies on none of the rows that cut it out")
        entry: list[Any] = ["facet", row.name, number, other.cuts[there].name]
        step.append(entry)
        inside, beyond = row.at(leaf.point), -row.at(other.point)
        crossing = [beyond * a + inside * b for a, b in zip(leaf.point, other.point, strict=True)]
        if is_inside(crossing, _without(leaf.cuts, k)) and is_inside(crossing, _without(other.cuts, there)):
            entry.append(None)
        else:
            self._ask_about(leaf, k, entry, Expected.BEYOND)

    def _ask_about(self, leaf: Leaf, k: int, step: Step, expected: Expected) -> None:
        others = np.arange(len(leaf.cuts)) != k
        over, *coordinates = leaf.point
        answer = self._take_shared if expected is Expected.BEYOND else self._take
        self._ask(
            Question(
                goal=leaf.cuts[k],
                rows=_without(leaf.cuts, k),
                scaled=leaf.scaled[others],
                start=np.array([x / over for x in coordinates]),
                exact_start=partial(_fractions, leaf.point),
                expected=expected,
                may_round=leaf.cuts[k].name >= 0,
                answer=partial(answer, step, leaf.cuts[k].name),
            )
        )

    def _take(self, step: Step, name: int, answer: Answer) -> None:
        """Of a row that carries no facet, or of a wall."""
        if isinstance(answer, list):
            entry: Step = ["none", name]
            add_multipliers(entry, answer)
        else:
            entry = ["wall", name, encoded(answer)]
            self.num_walls += 1
        step.append(entry)

    def _take_shared(self, entry: Step, name: int, answer: Answer) -> None:
        if isinstance(answer, list):
            raise CheckFailedError(f"multipliers where a point beyond row {name} was expected")
        entry.append(encoded(answer))


def _without(rows: tuple[Row, ...], k: int) -> tuple[Row, ...]:
    return rows[:k] + rows[k + 1 :]


def _fractions(point: tuple[int, ...]) -> list[Fraction]:
    return [Fraction(x, point[0]) for x in point[1:]]
