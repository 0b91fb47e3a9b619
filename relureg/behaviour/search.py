"""Branch and bound over cells: the maximum of the least of some outputs, or whether all can have the sign they should.

A cell is a box with some units held to a side; together the open cells cover the space wherever the answer may still
lie. A cell is closed when a bound of it, safe in doubles, says that nothing better lies in it; else it is cut in two,
at a coordinate or at a unit. Where no open sign is left that matters, the outputs are affine on the cell, and an exact
linear program says what their maximum is. So the search ends, and what it says is proved: each cell was closed by a
proved bound, and the point that is told has been put into the network in rationals.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.behaviour.affine_pieces import affine_piece, walls_of
from relureg.behaviour.incumbent import Goal, Incumbent, Point
from relureg.behaviour.optima import Outcome, value_at
from relureg.behaviour.program_bounds import ProgramBounds
from relureg.behaviour.programs import Program
from relureg.behaviour.relaxation import Cells, Relaxation
from relureg.behaviour.space import Space
from relureg.engine.limits import Watch
from relureg.errors import CheckFailedError, LimitReachedError
from relureg.exact.numbers import nearest_double
from relureg.network.model import Network

Floats = NDArray[np.float64]

FEW_INPUTS = 8
"""With at most so many inputs, boxes are cut as long as many signs are open; with more, units only."""
FEW_OPEN = 5
"""With at most so many open signs that matter, a unit is cut instead of a box."""
FEW_UNITS = 16
"""Of a network with at most so many units no boxes are cut."""
MAX_IDLE = 2
"""Cuts of a box for each of its coordinates without any effect on open signs: then units are cut, of which there are
finitely many. Near a point in which many hyperplanes meet, boxes never have few open signs."""
BATCH = 48
"""Cells that are bounded at once."""


class ManyCellsError(Exception):
    """A search was given up, for another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer of a search."""

    value: Fraction | None
    """The maximum; None where nothing above the floor, or no point as asked for, exists."""
    point: Point | None
    cells: int
    """How many cells were looked at."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Node:
    low: Floats
    high: Floats
    signs: NDArray[np.int8]
    least: Floats
    most: Floats
    num_open: int = 2**31
    """Open signs that mattered when the box was cut last."""
    idle: int = 0
    """Cuts of the box since there were fewer of them."""
    bound: float = math.inf
    inside: Point | None = None
    """Of an unbounded cell, a point in its interior."""


@dataclass(slots=True, kw_only=True)
class Search:
    """One search.

    Parameters
    ----------
    network : Network
        Its outputs are the f_i.
    space : Space
        Where.
    goal : Goal
    watch : Watch
        Whose limits end the search with a `LimitReachedError`.
    strict_rows : tuple of rows
        For a goal with signs: affine functions of the input that shall be positive at the point as well.
    """

    network: Network
    space: Space
    goal: Goal
    watch: Watch
    strict_rows: tuple[tuple[int, ...], ...] = ()
    most_cells: int | None = None
    """Where the search is to be given up with a `ManyCellsError`."""
    looked_at: int = 0
    _incumbent: Incumbent = field(init=False)
    _programs: ProgramBounds = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is known yet."""
        self._incumbent = Incumbent(
            network=self.network, space=self.space, goal=self.goal, strict_rows=self.strict_rows
        )
        self._programs = ProgramBounds(self.space)

    def run(self) -> Found:
        """Search to the end.

        Raises
        ------
        LimitReachedError
            A limit was reached.
        """
        relaxation = Relaxation(self.network)
        low, high = self.space.box
        units = self.network.num_units
        root = _Node(
            low=low, high=high, signs=np.zeros(units, dtype=np.int8),
            least=np.full(units, -math.inf), most=np.full(units, math.inf),
        )  # fmt: skip
        numbers = itertools.count()
        heap = [(-math.inf, next(numbers), root)]
        batch = [root]
        try:
            self._search(heap, batch, numbers, relaxation)
        except LimitReachedError as error:
            if (reason := stopping.reason()) is None:
                raise
            highest = max([node.bound for node in batch] + [-bound for bound, _, _ in heap])
            raise LimitReachedError(f"the search was stopped by {reason}{self._by_then(highest)}") from error
        return Found(value=self._incumbent.best, point=self._incumbent.best_point, cells=self.looked_at)

    def _search(
        self, heap: list[tuple[float, int, _Node]], batch: list[_Node], numbers: Iterator[int], relaxation: Relaxation
    ) -> None:
        """Until nothing is left in the heap; `batch` holds what was taken from it and is not settled."""
        self._incumbent.try_points(self._incumbent.first_points())
        while heap and not self._incumbent.has_signs:
            batch[:] = [heapq.heappop(heap)[2] for _ in range(min(BATCH, len(heap)))]
            batch[:] = [node for node in batch if not self._incumbent.is_closed_by(node.bound)]
            if not batch:
                continue
            self.watch.out_of_time(self.looked_at)
            stopping.check()
            if self.most_cells is not None and self.looked_at > self.most_cells:
                raise ManyCellsError
            self.looked_at += len(batch)
            for node in self._look_at(batch, relaxation):
                heapq.heappush(heap, (-node.bound, next(numbers), node))
            batch.clear()

    @property
    def best(self) -> tuple[Fraction, Point] | None:
        """The best value so far, and where it is."""
        known = self._incumbent
        return None if known.best is None or known.best_point is None else (known.best, known.best_point)

    def _by_then(self, highest: float) -> str:
        """What is proved where a limit ends the search."""
        if self.goal.is_strict is not None:
            return f": no point was found, nor proved that there is none, in {self.looked_at:,} cells"
        if self._incumbent.best is None:
            return ""
        return f": {nearest_double(self._incumbent.best):.10g} is attained, and nothing above {highest:.10g}"

    def _look_at(self, batch: list[_Node], relaxation: Relaxation) -> Iterator[_Node]:
        cells = Cells(
            low=np.array([node.low for node in batch]),
            high=np.array([node.high for node in batch]),
            signs=np.array([node.signs for node in batch]),
            least=np.array([node.least for node in batch]),
            most=np.array([node.most for node in batch]),
        )
        bounds = relaxation.bound(cells, with_slopes=self.space.dim <= FEW_INPUTS)
        self._incumbent.try_corners(cells, bounds)
        known = bounds.known_signs
        closed = bounds.is_empty | self._incumbent.are_closed_by(bounds.upper)
        for k, node in enumerate(batch):
            if closed[k] or self._incumbent.has_signs:
                continue
            node.least, node.most = bounds.least[k], bounds.most[k]
            node.bound = min(node.bound, float(bounds.upper[k].min()))
            worst = int(bounds.upper[k].argmin())
            gain = np.where(known[k] == 0, bounds.gain[k, worst], 0.0)
            if (node.signs.any() or self.space.rows) and np.isfinite(node.low).all() and np.isfinite(node.high).all():
                value, point = self._programs.bound((node.low, node.high), node.signs, bounds, k)
                if value is not None:
                    node.bound = min(node.bound, value)
                    if self._incumbent.is_closed_by(value):
                        continue
                if point is not None and self._incumbent.looks_better(point):
                    self._incumbent.try_points([point])
                    if self._incumbent.has_signs:
                        continue
                    if self._incumbent.is_closed_by(node.bound):
                        continue
            yield from self._divide(node, known[k], gain, None if bounds.slopes is None else bounds.slopes[k])

    # -- branching -----------------------------------------------------------------------------------

    def _divide(self, node: _Node, known: NDArray[np.int8], gain: Floats, slopes: Floats | None) -> Iterator[_Node]:
        """The two halves of a cell; none where it is solved."""
        num_open = int(np.count_nonzero(gain > 0))
        width = node.high - node.low
        is_finite = bool(np.isfinite(width).all())
        idle = 0 if num_open < node.num_open else node.idle + 1
        held = int(np.count_nonzero(node.signs))
        few = FEW_OPEN if self.network.num_units > FEW_UNITS else FEW_UNITS
        if is_finite and slopes is not None and num_open > few and idle <= MAX_IDLE * self.space.dim and not held:
            # Where open signs matter, and depend on the input most.
            share = np.where(gain > 0, gain / np.maximum(node.most - node.least, 1e-300), 0.0)
            weight = (share @ np.abs(slopes)) * width
            axis = int(np.argmax(weight if weight.max(initial=0.0) > 0 else width))
            middle = 0.5 * (node.low[axis] + node.high[axis])
            if node.low[axis] < middle < node.high[axis]:
                for side in (0, 1):
                    low, high = node.low.copy(), node.high.copy()
                    (high if side == 0 else low)[axis] = middle
                    yield _Node(
                        low=low, high=high, signs=node.signs, least=node.least, most=node.most,
                        num_open=num_open, idle=idle, bound=node.bound,
                    )  # fmt: skip
                return
        if not is_finite:
            yield from self._divide_unbounded(node, known)
            return
        # Cells without an interior add nothing, and there may be very many: units that vanish together.
        is_asked = held > 1 and ((slopes is not None and held % 3 == 0) or self._is_tight(node))
        if is_asked and self.space.is_full and self._inside(node) is None:
            return
        unit = int(np.argmax(gain)) if num_open else self._solve(node, known)
        if unit is None:
            return
        if self._is_tight(node) and self._is_settled(node, unit):
            yield node
            return
        for sign in (1, -1):
            yield self._child(node, unit, sign)

    def _is_settled(self, node: _Node, unit: int) -> bool:
        """Whether a unit is constant on the cell, exactly; then its sign is known from now on."""
        number = int(np.searchsorted(self.network.offsets, unit, side="right"))
        place = np.array([unit - self.network.offsets[number - 1]])
        form = self.network.stages[number - 1].pre_activation.entries(place)
        piece = affine_piece(self.network, form, self._signs(node))
        (row,) = piece.rows.primitive_rows()
        if piece.blocked_by[0] >= 0 or any(row[1:]):
            return False
        node.least, node.most = node.least.copy(), node.most.copy()
        if row[0] >= 0:
            node.least[unit] = 0.0
        if row[0] <= 0:
            node.most[unit] = 0.0
        return True

    def _child(self, node: _Node, unit: int, sign: int) -> _Node:
        signs = node.signs.copy()
        signs[unit] = sign
        return _Node(
            low=node.low, high=node.high, signs=signs, least=node.least, most=node.most,
            num_open=node.num_open, idle=node.idle, bound=node.bound,
        )  # fmt: skip

    def _divide_unbounded(self, node: _Node, known: NDArray[np.int8]) -> Iterator[_Node]:
        """Units are cut in their order, each affine on the cell; so the cells that have an interior are known."""
        unit = self._solve(node, known)
        if unit is None:
            return
        # The first unit that is open is affine, and is asked before one that depends on it.
        unit = int(np.flatnonzero(known == 0)[0])
        if self._is_settled(node, unit):
            yield node
            return
        children = []
        for sign in (1, -1):
            child = self._child(node, unit, sign)
            if self.space.is_full:
                child.inside = self._inside(child, node.inside)
                if child.inside is None:
                    continue
            children.append(child)
        if len(children) == 1 and self.space.is_full:  # the unit does not cut the cell
            (child,) = children
            sign = int(child.signs[unit])
            child.signs = node.signs
            known_bounds = child.least.copy(), child.most.copy()
            known_bounds[0 if sign > 0 else 1][unit] = 0.0
            child.least, child.most = known_bounds
        yield from children

    def _is_tight(self, node: _Node) -> bool:
        """Whether the bound of a cell is about the best value, so that it can be closed by exact numbers alone."""
        best = self._incumbent.closing if self.goal.is_strict is None else 0.0
        return node.bound <= best + 1e-6 * (1 + abs(best))

    def _inside(self, node: _Node, known: Point | None = None) -> Point | None:
        """A point at which the units that are held have their sign, and the rows of the space hold strictly.

        Held units that are not affine on the cell are not asked. None proves that the cell has no interior.
        """
        rows, _ = walls_of(self.network, node.signs, self._signs(node))
        rows = [row for row in (*self.space.rows, *rows) if any(row)]
        if known is not None and all(value_at(row, known) > 0 for row in rows):
            return known
        low, high = self.space.inner(node.low, node.high)
        found = Program(rows=(), low=low, high=high).deepest(rows)
        return found.point if found.outcome is Outcome.OPTIMAL and found.value > 0 else None

    @staticmethod
    def _signs(node: _Node) -> NDArray[np.int8]:
        known = np.where(node.least >= 0, 1, np.where(node.most <= 0, -1, 0)).astype(np.int8)
        return np.where(node.signs != 0, node.signs, known).astype(np.int8)

    def _program(self, node: _Node, rows: Sequence[tuple[int, ...]]) -> Program:
        low, high = self.space.inner(node.low, node.high)
        return Program(rows=(*self.space.rows, *rows), low=low, high=high)

    def _solve(self, node: _Node, known: NDArray[np.int8]) -> int | None:
        """Solve a cell on which the f_i are affine; the unit to be cut where they are not, or are elsewhere."""
        signs = self._signs(node)
        piece = affine_piece(self.network, self.network.output, signs)
        blocked = piece.blocked_by[piece.blocked_by >= 0]
        if len(blocked):
            return int(blocked[0])
        rows, blocker = walls_of(self.network, node.signs, signs)
        program = self._program(node, rows)
        value, point = self._incumbent.optimum(program, piece.rows)
        if value is None or point is None:
            return None
        if self.goal.is_strict is None and not self._incumbent.is_beaten_by(value):
            return None
        if (self._incumbent.take(point) == value and self.goal.is_strict is None) or self._incumbent.has_signs:
            return None
        if blocker is None:
            raise CheckFailedError("the optimum of a cell lies outside of it; please report the network")
        return blocker
