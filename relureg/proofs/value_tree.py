"""The tree of cells of a proof of values: no point of a domain reaches all goals.

Bounds in doubles (`relureg.behaviour.relaxation`) say where to divide a cell, and which sum of goals and rows may close
it. Each step is put to the checker's own cells before it is written, which decide: what they refuse is not written, and
the cell is divided further, until its goals are affine. Then an exact linear program gives the multipliers, or a point
that should not be there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.behaviour.affine_pieces import affine_piece
from relureg.behaviour.optima import Outcome, Row
from relureg.behaviour.programs import Program
from relureg.behaviour.relaxation import Bounds, Cells, Relaxation
from relureg.behaviour.space import Space
from relureg.errors import CheckFailedError
from relureg.exact.numbers import nearest_double
from relureg.network.model import Network
from relureg.proofs.checker import Cell, RefusedError
from relureg.proofs.questions import encoded

Step = list[Any]
Floats = NDArray[np.float64]

FEW_INPUTS = 8
"""With at most so many inputs, boxes are cut as long as many signs are open; with more, units only."""
FEW_OPEN = 5
"""With at most so many open signs that matter, a unit is cut instead of a box."""
FEW_UNITS = 16
"""Of a network with at most so many units no boxes are cut."""
MAX_IDLE = 2
"""Cuts of a box for each of its coordinates without any effect on open signs: then units are cut."""
WORTH = 0.8
"""Bounds of a unit are told again where they become closer by this factor."""
_BITS = 20
"""Of multipliers that need not be exact."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Node:
    low: Floats
    high: Floats
    exact: tuple[tuple[Fraction | None, ...], tuple[Fraction | None, ...]]
    """The box itself."""
    held: NDArray[np.int8]
    """(N,): the sides of units that the cell was divided at."""
    least: Floats
    most: Floats
    widths: Floats
    """(N,): those of the bounds that were told last."""
    cell: Cell
    """The checker's."""
    num_open: int = 2**31
    idle: int = 0


class ValueTree:
    """Divides and closes cells.

    Parameters
    ----------
    network : Network
        Its outputs are the goals.
    space : Space
        The domain.
    cell : Cell
        The checker's of the whole domain, which has the same units by other names.
    names : sequence of N int
        The checker's names of the units.
    wall_names : sequence of int
        The checker's names of the rows of the space.
    is_strict : sequence of m bool
        Whether a goal is to be positive, or else not negative.
    put : callable
        Is given each step of the proof.
    """

    def __init__(
        self,
        network: Network,
        space: Space,
        cell: Cell,
        names: Sequence[int],
        wall_names: Sequence[int],
        is_strict: Sequence[bool],
        put: Callable[[Step], None],
    ) -> None:
        self._network, self._space, self._cell, self._put = network, space, cell, put
        self._names, self._walls, self._is_strict = list(names), list(wall_names), list(is_strict)
        self._goals = list(cell.strict)
        self._relaxation = Relaxation(network)
        self.num_cells = 0

    def prove(self, tell: Callable[[int], None]) -> None:
        """Write the tree.

        Parameters
        ----------
        tell : callable
            Is given the number of cells after each of them.

        Raises
        ------
        CheckFailedError
            A point reaches the goals.
        """
        units = self._network.num_units
        low, high = self._space.box
        stack = [
            _Node(
                low=low, high=high, exact=(self._space.low, self._space.high), held=np.zeros(units, dtype=np.int8),
                least=np.full(units, -math.inf), most=np.full(units, math.inf), widths=np.full(units, math.inf),
                cell=self._cell,
            )
        ]  # fmt: skip
        while stack:
            self.num_cells += 1
            tell(self.num_cells)
            stack += reversed(self._look_at(stack.pop()))

    def _take(self, node: _Node, step: Step) -> list[Cell] | None:
        """Write a step if the checker accepts it, and give the cells that follow."""
        try:
            following = node.cell.step(*step)
        except RefusedError:
            return None
        self._put(step)
        return following

    def _look_at(self, node: _Node) -> list[_Node]:
        """Close a cell, or divide it into two, the first of which the checker goes on with."""
        cells = Cells(
            low=node.low[None],
            high=node.high[None],
            signs=node.held[None],
            least=node.least[None],
            most=node.most[None],
        )
        bounds = self._relaxation.bound(cells, with_slopes=self._space.dim <= FEW_INPUTS)
        node.least, node.most = bounds.least[0].copy(), bounds.most[0].copy()
        is_finite = bool(np.isfinite(node.low).all() and np.isfinite(node.high).all())
        if is_finite:
            self._tell_bounds(node)
            if self._close(node, bounds):
                return []
        signs = self._signs(node)
        gain = np.where(signs == 0, bounds.gain[0].max(axis=0, initial=0.0), 0.0)
        if is_finite and (axis := self._axis(node, gain, bounds)) is not None:
            return self._cut(node, axis)
        unit = int(np.argmax(gain)) if gain.any() else self._solve(node, signs)
        if unit is None:
            return []
        if not is_finite:  # in their order, each affine on the cell
            unit = int(np.flatnonzero(signs == 0)[0])
            if self._close_side(node, signs, unit):
                return [node]
        parts = self._take(node, ["split", self._names[unit]])
        if parts is None:
            raise CheckFailedError(f"unit {unit} cannot divide a cell; please report the network")
        return [self._part(node, cell, unit, sign) for cell, sign in zip(parts, (-1, 1), strict=True)]

    def _signs(self, node: _Node) -> NDArray[np.int8]:
        """Those that the checker knows; a unit that vanishes adds nothing, as one that is negative."""
        told = [node.cell.signs.get(name) for name in self._names]
        return np.array([0 if sign is None else sign or -1 for sign in told], dtype=np.int8)

    def _tell_bounds(self, node: _Node) -> None:
        """Have the checker find bounds of the units that have become closer, in the order of the stages."""
        with np.errstate(all="ignore"):
            widths = node.most - node.least
            wanted = (node.least >= 0) | (node.most <= 0) | (widths < WORTH * node.widths)
        step: Step = ["bounds"]
        for unit in np.flatnonzero(wanted).tolist():
            if self._names[unit] in node.cell.signs:  # perhaps since now: constant, as those before have theirs
                continue
            try:
                node.cell.step("bounds", self._names[unit])
            except RefusedError:
                continue
            step.append(self._names[unit])
            node.widths[unit] = widths[unit]
        if len(step) > 1:
            self._put(step)
        for unit, sign in enumerate(node.cell.signs.get(name) for name in self._names):
            if sign is not None:
                node.least[unit] = max(node.least[unit], 0.0) if sign > 0 else node.least[unit]
                node.most[unit] = min(node.most[unit], 0.0) if sign <= 0 else node.most[unit]

    def _close(self, node: _Node, bounds: Bounds) -> bool:
        """Close a cell by bounds, if they seem to allow it."""
        if bounds.is_empty[0]:
            for unit in np.flatnonzero((bounds.least[0] > bounds.most[0]) & (node.held != 0)).tolist():
                if self._take(node, ["empty", self._names[unit], 1]) is not None:
                    return True
        best = int(bounds.upper[0].argmin())
        if bounds.upper[0, best] < 0 and self._take(node, ["empty", self._goals[best], 1]) is not None:
            return True
        if not (node.held.any() or self._space.rows or len(self._goals) > 1):
            return False
        proposed = self._proposed(node, bounds)
        return bool(proposed) and self._take(node, ["empty", *proposed]) is not None

    def _proposed(self, node: _Node, bounds: Bounds) -> Step:
        """Goals and rows, of which affine bounds say that some sum is negative, and rounded multipliers; else nothing.

        A linear program: the largest t <= 1 that all of them, scaled, reach at a point of the box.
        """
        from scipy.optimize import linprog

        held = [unit for unit in np.flatnonzero(node.held).tolist() if unit in bounds.walls]
        sides = [int(node.held[unit] < 0) for unit in held]
        walls = np.array([[nearest_double(Fraction(x, max(map(abs, row)))) for x in row] for row in self._space.rows])
        a = [
            bounds.normals[0],
            *(bounds.walls[unit][0][0, side : side + 1] for unit, side in zip(held, sides, strict=True)),
        ]
        b = [
            bounds.constants[0],
            *(bounds.walls[unit][1][0, side : side + 1] for unit, side in zip(held, sides, strict=True)),
        ]
        normals = np.vstack([*a, walls.reshape(-1, self._space.dim + 1)[:, 1:]])
        constants = np.concatenate([*b, walls.reshape(-1, self._space.dim + 1)[:, 0]])
        scale = np.abs(normals).max(axis=1, initial=0.0)
        if not (np.isfinite(scale).all() and np.isfinite(constants).all()):
            return []
        scale = np.where(scale > 0, scale, 1.0)
        ends = [*zip(node.low.tolist(), node.high.tolist(), strict=True), (None, 1.0)]
        table = np.hstack([-normals / scale[:, None], np.ones((len(scale), 1))])
        try:
            found = linprog(
                [0.0] * self._space.dim + [-1.0], A_ub=table, b_ub=constants / scale, bounds=ends, method="highs-ds"
            )
        except ValueError:
            return []
        if found.status != 0 or found.x[-1] >= 0:
            return []
        # Of a wall, a row is the multiple by its largest entry.
        scale[len(scale) - len(walls) :] = [float(max(map(abs, row))) for row in self._space.rows]
        weights = np.maximum(-found.ineqlin.marginals, 0.0) / scale
        step: Step = []
        for name, y in zip([*self._goals, *(self._names[u] for u in held), *self._walls], weights, strict=True):
            weight = round(float(y / weights.max()) * 2**_BITS)
            step += [name, weight] if weight else []
        return step

    # -- dividing ------------------------------------------------------------------------------------

    def _axis(self, node: _Node, gain: Floats, bounds: Bounds) -> int | None:
        """The coordinate to cut the box at, where open signs depend on the input most; None: a unit is better."""
        num_open = int(np.count_nonzero(gain > 0))
        node.idle = 0 if num_open < node.num_open else node.idle + 1
        node.num_open = num_open
        few = FEW_OPEN if self._network.num_units > FEW_UNITS else FEW_UNITS
        if bounds.slopes is None or num_open <= few or node.idle > MAX_IDLE * self._space.dim or node.held.any():
            return None
        width = node.high - node.low
        share = np.where(gain > 0, gain / np.maximum(node.most - node.least, 1e-300), 0.0)
        weight = (share @ np.abs(bounds.slopes[0])) * width
        axis = int(np.argmax(weight if weight.max(initial=0.0) > 0 else width))
        middle = 0.5 * (node.low[axis] + node.high[axis])
        return axis if node.low[axis] < middle < node.high[axis] else None

    def _cut(self, node: _Node, axis: int) -> list[_Node]:
        middle = 0.5 * (node.low[axis] + node.high[axis])
        value = Fraction(middle)
        step: Step = ["cut", axis, *encoded([value.denominator, value.numerator])]
        following = self._take(node, step)
        if following is None:
            raise CheckFailedError(f"a cell cannot be cut at coordinate {axis}; please report the network")
        parts = []
        for side, cell in enumerate(following):
            low, high, exact = node.low.copy(), node.high.copy(), [list(node.exact[0]), list(node.exact[1])]
            (high if side == 0 else low)[axis] = middle
            exact[1 - side][axis] = value
            part = self._part(node, cell)
            part.low, part.high, part.exact = low, high, (tuple(exact[0]), tuple(exact[1]))
            parts.append(part)
        return parts

    @staticmethod
    def _part(node: _Node, cell: Cell, unit: int | None = None, sign: int = 0) -> _Node:
        held = node.held.copy()
        if unit is not None:
            held[unit] = sign
        return _Node(
            low=node.low, high=node.high, exact=node.exact, held=held, least=node.least, most=node.most,
            widths=node.widths.copy(), num_open=node.num_open, idle=node.idle, cell=cell,
        )  # fmt: skip

    # -- exact programs ------------------------------------------------------------------------------

    def _rows(self, node: _Node, signs: NDArray[np.int8]) -> tuple[list[tuple[int, Row, Fraction]], int | None]:
        """Of the units that the cell was divided at, those that are affine: name, row and by what it was multiplied.

        And a unit that one which is not depends on.
        """
        found: list[tuple[int, Row, Fraction]] = []
        blocked_by: int | None = None
        for number, stage in enumerate(self._network.stages, start=1):
            first = self._network.offsets[number - 1]
            units = np.flatnonzero(node.held[self._network.units_of(number)])
            if not len(units):
                continue
            piece = affine_piece(self._network, stage.pre_activation.entries(units), signs)
            for unit, row, blocker in zip(
                units.tolist(), piece.rows.numerators.tolist(), piece.blocked_by.tolist(), strict=True
            ):
                if blocker >= 0:
                    blocked_by = blocker
                else:
                    sense = int(signs[first + unit])
                    found.append(
                        (self._names[first + unit], *_primitive([sense * x for x in row], piece.rows.denominator))
                    )
        return found, blocked_by

    def _close_side(self, node: _Node, signs: NDArray[np.int8], unit: int) -> bool:
        """Close a side of a unit that is affine on the cell and has one sign there."""
        number = next(k for k in range(1, len(self._network.stages) + 1) if unit < self._network.offsets[k])
        form = self._network.stages[number - 1].pre_activation
        entries = form.entries(np.array([unit - self._network.offsets[number - 1]]))
        piece = affine_piece(self._network, entries, signs)
        row, scale = _primitive(piece.rows.numerators.tolist()[0], piece.rows.denominator)
        rows, _ = self._rows(node, signs)
        rows += [(name, wall, Fraction(1)) for name, wall in zip(self._walls, self._space.rows, strict=True)]
        for sign in (-1, 1):
            side = (self._names[unit], tuple(sign * entry for entry in row), scale)
            program = Program(rows=(), low=node.exact[0], high=node.exact[1])
            found = program.deepest([side[1], *(other for _, other, _ in rows)])
            if found.value <= 0:
                (_, *weights) = _weights([side, *rows], found.multipliers)
                if self._take(node, ["close", side[0], sign, *weights]) is not None:
                    return True
        return False

    def _solve(self, node: _Node, signs: NDArray[np.int8]) -> int | None:
        """Close a cell on which the goals are affine; the unit to be cut where they are not, or are elsewhere."""
        piece = affine_piece(self._network, self._network.output, signs)
        blocked = piece.blocked_by[piece.blocked_by >= 0]
        if len(blocked):
            return int(blocked[0])
        rows, blocker = self._rows(node, signs)
        rows += [(name, row, Fraction(1)) for name, row in zip(self._walls, self._space.rows, strict=True)]
        goals = [
            (name, *_primitive(row, piece.rows.denominator))
            for name, row in zip(self._goals, piece.rows.numerators.tolist(), strict=True)
        ]
        strict = [goal for goal, is_strict in zip(goals, self._is_strict, strict=True) if is_strict]
        weak = [*rows, *(goal for goal, is_strict in zip(goals, self._is_strict, strict=True) if not is_strict)]
        program = Program(rows=tuple(row for _, row, _ in weak), low=node.exact[0], high=node.exact[1])
        found = program.deepest([row for _, row, _ in strict]) if strict else program.maximise([0] * program.dim)
        if found.outcome is Outcome.EMPTY or (strict and found.value <= 0):
            if self._take(node, ["empty", *_weights([*weak, *strict], found.multipliers)]) is not None:
                return None
            raise CheckFailedError("multipliers of an exact program do not close a cell; please report the network")
        if blocker is None:
            raise CheckFailedError("a point reaches what it should not; please report the network")
        return blocker


def _weights(rows: Sequence[tuple[int, Row, Fraction]], multipliers: Sequence[Fraction]) -> Step:
    """Names and multipliers, of the functions of which the rows are multiples, as coprime integers."""
    weights = [(name, y * scale) for (name, _, scale), y in zip(rows, multipliers, strict=True) if y > 0]
    over = math.lcm(*(y.denominator for _, y in weights))
    whole = [int(y * over) for _, y in weights]
    common = math.gcd(*whole)
    step: Step = []
    for (name, _), y in zip(weights, whole, strict=True):
        step += [name, *encoded([y // common])]
    return step


def _primitive(numerators: Sequence[int], denominator: int) -> tuple[Row, Fraction]:
    """An affine function as coprime integers, and by what it was multiplied."""
    common = math.gcd(*numerators) or 1
    return tuple(entry // common for entry in numerators), Fraction(denominator, common)
