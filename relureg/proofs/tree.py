"""The tree of cells of a proof, made from the sign vectors of regions, whichever engine has found them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.errors import CheckFailedError
from relureg.proofs.questions import Answer, Expected, Question, encoded
from relureg.proofs.rows import Row, StageRows, Walls, fractions_over
from relureg.proofs.short_points import is_inside, short_point

Step = list[Any]
"""A line of the proof; what a question is to answer is added to it later."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """An open cell, with the regions inside."""

    regions: NDArray[np.int64]
    """Their numbers, at least one."""
    cuts: tuple[Row, ...]
    """What cuts it out: the walls of the domain, and the units that it was split by."""
    scaled: NDArray[np.float64]
    """(len(cuts), 1 + d): theirs."""
    maps: tuple[Any, ...]
    """The integer rows of each stage that was entered."""
    rows: dict[int, Row]
    """Those of the present stage that are not constant, by unit."""
    undecided: tuple[int, ...]
    """Units of the present stage whose sign is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaf:
    """A cell on which every unit has its sign: a region."""

    region: int
    cuts: tuple[Row, ...]
    scaled: NDArray[np.float64]
    point: tuple[int, ...]
    """(q, p_1, ..., p_d), strictly inside."""


class Tree:
    """Walks over the cells, depth first, negative sides first.

    Parameters
    ----------
    cells : Complex
        With all its regions.
    ask : callable
        Is given each `Question`; the answer completes a step that was yielded or is about to be.
    settled : set of int
        Units that have one sign in the whole domain, which need no steps.
    """

    def __init__(
        self, cells: Complex, walls: Walls, ask: Callable[[Question], None], settled: frozenset[int] = frozenset()
    ) -> None:
        self._settled = settled
        self._records, self._network, self._walls, self._ask = cells.records, cells.network, walls, ask
        self._signs = cells.records.signs
        self._stages = StageRows(cells.network)

    def iter_steps(self) -> Iterator[tuple[Step, Leaf | None]]:
        """The steps of the proof in order, those of leaves with the leaf."""
        stack = [self._root()]
        while stack:
            cell = yield from self._without_uncut(stack.pop())
            while not cell.undecided and len(cell.maps) < len(self._network.stages):
                cell = yield from self._without_uncut(self._enter(cell))
            if cell.undecided:
                unit, is_above = self._most_balanced(cell)
                yield ["split", unit], None
                stack.append(_part(cell, cell.rows[unit], cell.regions[is_above]))
                stack.append(_part(cell, -cell.rows[unit], cell.regions[~is_above]))
            else:
                leaf = self._leaf(cell)
                yield ["leaf", encoded(leaf.point)], leaf

    def _root(self) -> Cell:
        rows = self._walls.rows
        return Cell(
            regions=np.arange(self._records.num_regions),
            cuts=rows,
            scaled=np.array([row.scaled for row in rows]).reshape(-1, 1 + self._network.input_dim),
            maps=(),
            rows={},
            undecided=(),
        )

    def _enter(self, cell: Cell) -> Cell:
        """On to the next stage; signs of constant units need no proof."""
        stage, signs = len(cell.maps), self._signs[cell.regions[0]]
        matrix = self._stages.enter(signs, cell.maps)
        rows: dict[int, Row] = {}
        for unit, entries in enumerate(matrix.tolist(), start=self._stages.offsets[stage]):
            integers = [int(entry) for entry in entries]
            if unit in self._settled:
                continue
            if any(integers[1:]):
                rows[unit] = Row.of(unit, integers, self._stages.over[stage])
            elif (integers[0] > 0) - (integers[0] < 0) != signs[unit]:
                raise CheckFailedError(f"unit {unit} is constant on a cell, and a region there has another sign")
        return dataclasses.replace(cell, maps=(*cell.maps, matrix), rows=rows, undecided=tuple(rows))

    def _without_uncut(self, cell: Cell) -> Generator[tuple[Step, None], None, Cell]:
        """Close the side of every unit that has one sign in all regions of the cell."""
        if not cell.undecided:
            return cell
        signs = self._signs[np.ix_(cell.regions, np.array(cell.undecided))]
        is_cut = signs.min(axis=0) != signs.max(axis=0)
        for unit, sign in zip(np.array(cell.undecided)[~is_cut].tolist(), signs[0, ~is_cut].tolist(), strict=True):
            step: Step = ["close", unit, -sign]
            self._ask_whether_positive(cell, cell.rows[unit] if sign > 0 else -cell.rows[unit], step)
            yield step, None
        return dataclasses.replace(cell, undecided=tuple(np.array(cell.undecided)[is_cut].tolist()))

    def _ask_whether_positive(self, cell: Cell, row: Row, step: Step) -> None:
        region = int(cell.regions[0])
        self._ask(
            Question(
                goal=row,
                rows=cell.cuts,
                scaled=cell.scaled,
                start=self._records.points[region],
                exact_start=partial(self._records.point, region),
                expected=Expected.POSITIVE,
                answer=partial(add_multipliers, step),
            )
        )

    def _most_balanced(self, cell: Cell) -> tuple[int, NDArray[np.bool_]]:
        """The unit whose smaller side has the most regions, and where it is positive."""
        above = self._signs[np.ix_(cell.regions, np.array(cell.undecided))] > 0
        balance = np.abs(2 * above.sum(axis=0) - len(cell.regions))
        best = int(balance.argmin())
        return cell.undecided[best], above[:, best]

    def _leaf(self, cell: Cell) -> Leaf:
        (region,) = cell.regions.tolist()
        point = short_point(self._records.points[region], cell.cuts, cell.scaled)
        if point is None:
            point = fractions_over(self._records.point(region))
            if not is_inside(point, cell.cuts):
                raise CheckFailedError(
                    f"the point of region {region} is not strictly inside; please report the network"
                )
        return Leaf(region=region, cuts=cell.cuts, scaled=cell.scaled, point=point)


def _part(cell: Cell, row: Row, regions: NDArray[np.int64]) -> Cell:
    """The part of a cell on the positive side of a row."""
    return dataclasses.replace(
        cell,
        regions=regions,
        cuts=(*cell.cuts, row),
        scaled=np.vstack([cell.scaled, row.scaled]),
        undecided=tuple(unit for unit in cell.undecided if unit != row.name),
    )


def add_multipliers(step: Step, answer: Answer) -> None:
    """The first multiplier, then pairs of a row and its multiplier."""
    if not isinstance(answer, list):
        raise CheckFailedError("a point where multipliers were expected")
    (first, _), *others = answer
    step += encoded([first])
    for weight, row in others:
        step += [row.name, *encoded([weight])]
