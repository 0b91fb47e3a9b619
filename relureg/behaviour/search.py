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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.behaviour.affine_pieces import affine_piece, walls_of
from relureg.behaviour.programs import Outcome, Program, value_at
from relureg.behaviour.relaxation import Bounds, Cells, Relaxation
from relureg.behaviour.space import Space
from relureg.engine.limits import Watch
from relureg.errors import CheckFailedError, LimitReachedError
from relureg.exact.numbers import double_below, nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import ROUNDOFF, SLACK, UNDERFLOW
from relureg.network.model import Network

Point = tuple[Fraction, ...]
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
STEPS = 30
"""Regions that a climb goes through at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is asked for: where ``min_i f_i`` is largest, or a point where all f_i are positive, or not negative."""

    is_strict: tuple[bool, ...] | None = None
    """For each output whether ``f_i > 0`` is asked, else ``f_i >= 0``; None: the maximum of ``min_i f_i`` is."""
    floor: Fraction | None = None
    """Of a maximum: only what is larger than this is of interest."""


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
    looked_at: int = 0
    best: Fraction | None = None
    best_point: Point | None = None
    _closing: float = -math.inf
    """A double that is no larger than the best value."""
    _found_signs: bool = field(default=False)

    def run(self) -> Found:
        """Search to the end.

        Raises
        ------
        LimitReachedError
            A limit was reached.
        """
        if self.goal.floor is not None:
            self._raise_closing(self.goal.floor)
        relaxation = Relaxation(self.network)
        low, high = self.space.box
        units = self.network.num_units
        root = _Node(
            low=low, high=high, signs=np.zeros(units, dtype=np.int8),
            least=np.full(units, -math.inf), most=np.full(units, math.inf),
        )  # fmt: skip
        numbers = itertools.count()
        heap = [(-math.inf, next(numbers), root)]
        self._try_points(self._first_points())
        while heap and not self._found_signs:
            batch = [heapq.heappop(heap)[2] for _ in range(min(BATCH, len(heap)))]
            batch = [node for node in batch if not self._is_closed_by(node.bound)]
            if not batch:
                continue
            if (reason := self.watch.out_of_time(self.looked_at)) is not None:
                highest = max([node.bound for node in batch] + [-bound for bound, _, _ in heap])
                raise LimitReachedError(f"the search was stopped by {reason}{self._by_then(highest)}")
            self.looked_at += len(batch)
            for node in self._look_at(batch, relaxation):
                heapq.heappush(heap, (-node.bound, next(numbers), node))
        return Found(value=self.best, point=self.best_point, cells=self.looked_at)

    def _by_then(self, highest: float) -> str:
        """What is proved where a limit ends the search."""
        if self.goal.is_strict is not None:
            return f": no point was found, nor proved that there is none, in {self.looked_at:,} cells"
        if self.best is None:
            return ""
        return f": {nearest_double(self.best):.10g} is attained, and nothing above {highest:.10g}"

    # -- bounds --------------------------------------------------------------------------------------

    def _is_closed_by(self, bound: float) -> bool:
        """Whether an upper bound of ``min f_i`` leaves nothing that is asked for."""
        if self.goal.is_strict is None:
            return bound <= self._closing
        return bound < 0 or (bound <= 0 and all(self.goal.is_strict))

    def _are_closed_by(self, upper: Floats) -> NDArray[np.bool_]:
        """The same of bounds (K, m) of each f_i."""
        if self.goal.is_strict is None:
            return np.asarray((upper <= self._closing).any(axis=1))
        strict = np.array(self.goal.is_strict)
        return np.asarray(((upper < 0) | ((upper <= 0) & strict)).any(axis=1))

    def _look_at(self, batch: list[_Node], relaxation: Relaxation) -> Iterator[_Node]:
        cells = Cells(
            low=np.array([node.low for node in batch]),
            high=np.array([node.high for node in batch]),
            signs=np.array([node.signs for node in batch]),
            least=np.array([node.least for node in batch]),
            most=np.array([node.most for node in batch]),
        )
        bounds = relaxation.bound(cells, with_slopes=self.space.dim <= FEW_INPUTS)
        self._try_corners(cells, bounds)
        known = bounds.known_signs
        closed = bounds.is_empty | self._are_closed_by(bounds.upper)
        for k, node in enumerate(batch):
            if closed[k] or self._found_signs:
                continue
            node.least, node.most = bounds.least[k], bounds.most[k]
            node.bound = min(node.bound, float(bounds.upper[k].min()))
            worst = int(bounds.upper[k].argmin())
            gain = np.where(known[k] == 0, bounds.gain[k, worst], 0.0)
            if (node.signs.any() or self.space.rows) and np.isfinite(node.low).all() and np.isfinite(node.high).all():
                value, point = self._bound_by_program(k, node, bounds)
                if value is not None:
                    node.bound = min(node.bound, value)
                    if self._is_closed_by(value):
                        continue
                if point is not None and self._looks_better(point):
                    self._try_points([point])
                    if self._found_signs:
                        continue
                    if self._is_closed_by(node.bound):
                        continue
            yield from self._divide(node, known[k], gain, None if bounds.slopes is None else bounds.slopes[k])

    def _bound_by_program(self, k: int, node: _Node, bounds: Bounds) -> tuple[float | None, Floats | None]:
        """A bound of ``min f_i`` from affine bounds of the f_i and of the units that are held; and where it is met."""
        try:
            from scipy.optimize import linprog
        except ImportError:
            return None, None
        held = np.flatnonzero(node.signs).tolist()
        side = [0 if node.signs[unit] > 0 else 1 for unit in held]
        normals = [bounds.walls[unit][0][k, s] for unit, s in zip(held, side, strict=True) if unit in bounds.walls]
        constants = [bounds.walls[unit][1][k, s] for unit, s in zip(held, side, strict=True) if unit in bounds.walls]
        walls = self._float_rows
        a = np.vstack([np.array(normals).reshape(-1, self.space.dim), walls[:, 1:]])
        b = np.concatenate([np.array(constants).reshape(-1), walls[:, 0]])
        f, g = bounds.normals[k], bounds.constants[k]
        if not (np.isfinite(a).all() and np.isfinite(b).all() and np.isfinite(f).all() and np.isfinite(g).all()):
            return None, None
        m = len(f)
        # Maximise t with t <= f_i and 0 <= rows; scaled, so that the solver's tolerances are relative.
        scale = np.abs(a).max(axis=1, initial=0.0)
        scale = np.where(scale > 0, scale, 1.0)
        table = np.block([[-f, np.ones((m, 1))], [-(a / scale[:, None]), np.zeros((len(a), 1))]])
        limits = np.concatenate([g, b / scale])
        box = [*zip(node.low.tolist(), node.high.tolist(), strict=True), (None, None)]
        try:
            found = linprog([0.0] * self.space.dim + [-1.0], A_ub=table, b_ub=limits, bounds=box, method="highs-ds")
        except ValueError:
            return None, None
        if found.status == 2 or found.ineqlin.marginals is None:
            return self._emptiness(node, a, b), None
        if found.status != 0:
            return None, None
        weights = np.maximum(-found.ineqlin.marginals, 0.0)
        total = weights[:m].sum()
        if not total > 0:
            return None, None
        # Any weights >= 0 are proof: min f_i <= sum mu_i f_i + sum lambda_j row_j, with weights mu that add up to 1.
        mu, rest = weights[:m] / total, weights[m:] / scale / total
        value = self._safe_maximum(node, np.vstack([f, a]), np.concatenate([g, b]), np.concatenate([mu, rest]), m)
        return value, np.clip(found.x[:-1], node.low, node.high)

    def _emptiness(self, node: _Node, a: Floats, b: Floats) -> float | None:
        """-inf where weights of a second program prove that no point of the box satisfies the rows."""
        from scipy.optimize import linprog

        scale = np.abs(a).max(axis=1, initial=0.0)
        scale = np.where(scale > 0, scale, 1.0)
        box = [*zip(node.low.tolist(), node.high.tolist(), strict=True), (None, None)]
        table = np.hstack([-(a / scale[:, None]), np.ones((len(a), 1))])
        found = linprog([0.0] * len(node.low) + [-1.0], A_ub=table, b_ub=b / scale, bounds=box, method="highs-ds")
        if found.status != 0:
            return None
        weights = np.maximum(-found.ineqlin.marginals, 0.0) / scale
        value = self._safe_maximum(node, a, b, weights, 0)
        return -math.inf if value < 0 else None

    def _safe_maximum(self, node: _Node, a: Floats, b: Floats, weights: Floats, num_shares: int) -> float:
        """At least the maximum on the box of ``sum weights (a x + b)``, where the first weights need to add up to 1."""
        size = np.maximum(np.abs(node.low), np.abs(node.high))
        row, constant = weights @ a, float(weights @ b)
        value = np.maximum(row, 0.0) @ node.high + np.minimum(row, 0.0) @ node.low + constant
        terms = np.abs(a) @ size + np.abs(b)
        share = 8 * (len(weights) + len(size) + 16) * ROUNDOFF
        error = share * (weights @ terms) + UNDERFLOW * (1 + terms.sum())
        if num_shares:  # by how much these weights miss 1 in their sum, times the largest f_i
            error += share * float(terms[:num_shares].max())
        return float((value + error * SLACK) + abs(value) * 4 * ROUNDOFF)

    @property
    def _float_rows(self) -> Floats:
        """The rows of the space in doubles, moved out by what rounding can do on its box."""
        if not self.space.rows:
            return np.zeros((0, self.space.dim + 1))
        low, high = self.space.box
        size = np.maximum(np.abs(low), np.abs(high))
        rows = []
        for row in self.space.rows:
            largest = max(map(abs, row))
            scaled = np.array([nearest_double(Fraction(entry, largest)) for entry in row])
            # Entries are at most 1, each rounded once.
            scaled[0] += 4 * ROUNDOFF * (1 + float(np.abs(scaled[1:]) @ size)) + UNDERFLOW * (1 + float(size.sum()))
            rows.append(scaled)
        return np.array(rows)

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
        best = self._closing if self.goal.is_strict is None else 0.0
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
        value, point = self._optimum(program, piece.rows)
        if value is None or point is None:
            return None
        if self.goal.is_strict is None and value <= (self.best if self.best is not None else self._floor_or(value - 1)):
            return None
        if (self._take(point) == value and self.goal.is_strict is None) or self._found_signs:
            return None
        if blocker is None:
            raise CheckFailedError("the optimum of a cell lies outside of it; please report the network")
        return blocker

    def _floor_or(self, value: Fraction) -> Fraction:
        return value if self.goal.floor is None else self.goal.floor

    def _optimum(self, program: Program, outputs: RationalMatrix) -> tuple[Fraction | None, Point | None]:
        """The maximum of ``min f_i`` over a polyhedron on which the outputs are these affine functions of the input.

        For a goal with signs, a point with the signs, if there is one.
        """
        scale = outputs.denominator
        rows = [tuple(row) for row in outputs.numerators.tolist()]
        if self.goal.is_strict is not None:
            strict = [row for row, is_strict in zip(rows, self.goal.is_strict, strict=True) if is_strict]
            weak = [row for row, is_strict in zip(rows, self.goal.is_strict, strict=True) if not is_strict]
            strict += list(self.strict_rows)
            bounded = Program(rows=(*program.rows, *weak), low=program.low, high=program.high)
            found = bounded.deepest(strict) if strict else bounded.maximise([0] * program.dim)
            if found.outcome is Outcome.EMPTY or (strict and found.value <= 0):
                return None, None
            return Fraction(0), found.point
        if len(rows) == 1:
            (row,) = rows
            found = program.maximise(row[1:])
            if found.outcome is Outcome.UNBOUNDED:
                raise CheckFailedError("an output grows without bound, against what was proved; please report it")
            if found.outcome is Outcome.EMPTY:
                return None, None
            return (row[0] + found.value) / scale, found.point
        lifted = Program(
            rows=(*((*row, 0) for row in program.rows), *((*row, -1) for row in rows)),
            low=(*program.low, None), high=(*program.high, None),
        )  # fmt: skip
        found = lifted.maximise([0] * program.dim + [1])
        if found.outcome is Outcome.EMPTY:
            return None, None
        return found.value / scale, found.point[:-1]

    # -- points --------------------------------------------------------------------------------------

    def _first_points(self) -> list[Any]:
        low, high = self.space.box
        if self.space.rows or not self.space.is_bounded:
            return [self.space.any_point()]
        rng = np.random.default_rng(0)
        sampled = low + (high - low) * rng.random((200, self.space.dim))
        points = np.vstack([0.5 * (low + high), sampled])
        values = float_values(self.network, points)
        return [np.clip(points[0 if values is None else int(values.min(axis=1).argmax())], low, high)]

    def _try_corners(self, cells: Cells, bounds: Bounds) -> None:
        """Look at the corner of each cell at which a bound of it is attained."""
        if self.space.rows or not self.space.is_bounded:
            return
        worst = bounds.upper.argmin(axis=1)
        normals = bounds.normals[np.arange(len(worst)), worst]
        corners = np.where(normals > 0, cells.high, cells.low)
        middle = 0.5 * (cells.low + cells.high)
        points = np.vstack([corners, middle])
        if not np.isfinite(points).all():
            return
        outputs = float_values(self.network, points)
        if outputs is None:
            return
        values = outputs.min(axis=1)
        best = int(values.argmax())
        if values[best] > self._worth_a_look:
            self._try_points([points[best]])

    @property
    def _worth_a_look(self) -> float:
        """A point is put into the network exactly where its value in doubles is larger."""
        known = self._closing if self.goal.is_strict is None else -1e-9
        return known + 1e-12 * abs(known)

    def _looks_better(self, point: Floats) -> bool:
        values = float_values(self.network, point[None])
        return values is None or float(values.min()) > self._worth_a_look

    def _try_points(self, points: Sequence[Any]) -> None:
        """Take points in, and climb from them as long as that leads higher."""
        for start in points:
            point: Point = tuple(
                min(max(Fraction(x), lo if lo is not None else Fraction(x)), hi if hi is not None else Fraction(x))
                for x, lo, hi in zip(start, self.space.low, self.space.high, strict=True)
            )
            if not self.space.program.holds_at(point):
                continue
            before = self.best
            value = self._take(point)
            if self._found_signs:
                return
            if self.goal.is_strict is None and before is not None and value <= before:
                continue
            if self.goal.is_strict is not None and before is not None and value <= before:
                continue
            self._climb(point, value)

    def _climb(self, point: Point, value: Fraction) -> None:
        """From a point to the best of its region, from there to the best of that region, as long as it gets better."""
        if self.goal.is_strict is not None and not self.space.is_bounded:
            return  # the best of a region may be infinite
        for _ in range(STEPS):
            signs = self.network.exact_signs(point)
            signs = np.where(signs == 0, 1, signs).astype(np.int8)
            rows, _ = walls_of(self.network, signs, signs)
            piece = affine_piece(self.network, self.network.output, signs)
            program = Program(rows=(*self.space.rows, *rows), low=self.space.low, high=self.space.high)
            if self.goal.is_strict is not None:
                goal, self.goal = self.goal, Goal()
                try:
                    _, found = self._optimum(program, piece.rows)
                finally:
                    self.goal = goal
            else:
                _, found = self._optimum(program, piece.rows)
            if found is None:
                return
            higher = self._take(found)
            if self._found_signs or higher <= value:
                return
            value = higher

    def _take(self, point: Point) -> Fraction:
        """Put a point of the space into the network, exactly, and keep it if it is the best so far."""
        values = self.network.exact_output(point)
        value = min(values)
        if self.best is None or value > self.best:
            if self.goal.is_strict is None:
                if self.goal.floor is None or value > self.goal.floor:
                    self.best, self.best_point = value, point
                    self._raise_closing(value)
            elif self._is_asked_for(values, point):
                self.best, self.best_point, self._found_signs = value, point, True
            elif self.best is None or value > self.best:
                self.best = value
        return value

    def _is_asked_for(self, values: Sequence[Fraction], point: Point) -> bool:
        assert self.goal.is_strict is not None
        signs = all(v > 0 if strict else v >= 0 for v, strict in zip(values, self.goal.is_strict, strict=True))
        return signs and all(
            row[0] + sum(a * x for a, x in zip(row[1:], point, strict=True)) > 0 for row in self.strict_rows
        )

    def _raise_closing(self, value: Fraction) -> None:
        self._closing = double_below(value)


def float_values(network: Network, points: Floats) -> Floats | None:
    """The outputs at points (n, d), rounded, where finite; None where doubles do not reach."""
    try:
        with np.errstate(all="ignore"):
            values = network(points)
    except OverflowError:
        return None
    return np.where(np.isfinite(values), values, -1e300)
