"""What a proof says of the rows of a leaf: which carry a facet, shared with which other leaf, and which carry none."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np

from relureg.complex.complex import Complex
from relureg.complex.facets import facet_units
from relureg.proofs.questions import Answer, Expected, Question, encoded
from relureg.proofs.rows import Row
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
        self._told: dict[tuple[int, int], int] = {}
        self.num_walls = 0

    def add(self, leaf: Leaf, step: Step) -> None:
        """Complete the step of the next leaf."""
        facets = self._facets_of(leaf.region)
        for k, row in enumerate(leaf.cuts):
            entry: Step = []
            step.append(entry)
            if row.name < 0:
                self._ask_about(leaf, k, entry, Expected.UNKNOWN)
            elif row.name not in facets:
                self._ask_about(leaf, k, entry, Expected.POSITIVE)
            elif (known := self._told.get((facets[row.name], leaf.region))) is not None:
                entry += ["met", known]
            else:
                self._told[leaf.region, facets[row.name]] = len(self._told)
                self._ask_about(leaf, k, entry, Expected.BEYOND)

    def _facets_of(self, region: int) -> dict[int, int]:
        """By each unit that vanishes on a facet inside the domain: the region behind."""
        found: dict[int, int] = {}
        start, stop = np.searchsorted(self._records.facet_region, [region, region + 1]).tolist()
        for row in range(start, stop):
            behind = int(self._behind[row])
            if behind >= 0:
                found |= dict.fromkeys(facet_units(self._records, row), behind)
        return found

    def _ask_about(self, leaf: Leaf, k: int, entry: Step, expected: Expected) -> None:
        others = np.arange(len(leaf.cuts)) != k
        over, *coordinates = leaf.point
        self._ask(
            Question(
                goal=leaf.cuts[k],
                rows=_without(leaf.cuts, k),
                scaled=leaf.scaled[others],
                start=np.array([x / over for x in coordinates]),
                exact_start=partial(_fractions, leaf.point),
                expected=expected,
                may_round=leaf.cuts[k].name >= 0,
                answer=partial(self._take, entry, is_wall=leaf.cuts[k].name < 0),
            )
        )

    def _take(self, entry: Step, answer: Answer, *, is_wall: bool) -> None:
        """Multipliers by which a row carries no facet, or a point beyond one that does."""
        if isinstance(answer, list):
            entry.append("none")
            add_multipliers(entry, answer)
        else:
            entry += ["facet", encoded(answer)]
            self.num_walls += is_wall


def _without(rows: tuple[Row, ...], k: int) -> tuple[Row, ...]:
    return rows[:k] + rows[k + 1 :]


def _fractions(point: tuple[int, ...]) -> list[Fraction]:
    return [Fraction(x, point[0]) for x in point[1:]]
