"""The best point that a search has seen, and how points are tried: corners of cells, and climbs from region to region.

No point is taken at the word of doubles: it is put into the network in rationals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.behaviour.affine_pieces import affine_piece, walls_of
from relureg.behaviour.optima import Outcome
from relureg.behaviour.programs import Program
from relureg.behaviour.relaxation import Bounds, Cells
from relureg.behaviour.space import Space
from relureg.errors import CheckFailedError
from relureg.exact.numbers import double_below
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network

Point = tuple[Fraction, ...]
Floats = NDArray[np.float64]

STEPS = 30
"""Regions that a climb goes through at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is asked for: where ``min_i f_i`` is largest, or a point where all f_i are positive, or not negative."""

    is_strict: tuple[bool, ...] | None = None
    """For each output whether ``f_i > 0`` is asked, else ``f_i >= 0``; None: the maximum of ``min_i f_i`` is."""
    floor: Fraction | None = None
    """Of a maximum: only what is larger than this is of interest."""


@dataclass(slots=True, kw_only=True)
class Incumbent:
    """The best so far of what a goal asks for.

    Parameters
    ----------
    network : Network
        Its outputs are the f_i.
    space : Space
        Where.
    goal : Goal
    strict_rows : tuple of rows
        For a goal with signs: affine functions of the input that shall be positive at the point as well.
    """

    network: Network
    space: Space
    goal: Goal
    strict_rows: tuple[tuple[int, ...], ...] = ()
    best: Fraction | None = None
    best_point: Point | None = None
    closing: float = -math.inf
    """A double that is no larger than the best value."""
    has_signs: bool = False
    """Whether a point with the signs of the goal was found."""

    def __post_init__(self) -> None:
        """What is no larger than the floor is closed from the start."""
        if self.goal.floor is not None:
            self.closing = double_below(self.goal.floor)

    def is_closed_by(self, bound: float) -> bool:
        """Whether an upper bound of ``min f_i`` leaves nothing that is asked for."""
        if self.goal.is_strict is None:
            return bound <= self.closing
        return bound < 0 or (bound <= 0 and all(self.goal.is_strict))

    def are_closed_by(self, upper: Floats) -> NDArray[np.bool_]:
        """The same of bounds (K, m) of each f_i."""
        if self.goal.is_strict is None:
            return np.asarray((upper <= self.closing).any(axis=1))
        strict = np.array(self.goal.is_strict)
        return np.asarray(((upper < 0) | ((upper <= 0) & strict)).any(axis=1))

    def is_beaten_by(self, value: Fraction) -> bool:
        """Whether a maximum is larger than what is known, and than the floor."""
        known = self.best if self.best is not None else self.goal.floor
        return known is None or value > known

    def first_points(self) -> list[Any]:
        """Where to begin: the best of some points drawn from a box, else a point of the space."""
        low, high = self.space.box
        if self.space.rows or not self.space.is_bounded:
            return [self.space.any_point()]
        rng = np.random.default_rng(0)
        sampled = low + (high - low) * rng.random((200, self.space.dim))
        points = np.vstack([0.5 * (low + high), sampled])
        values = float_values(self.network, points)
        return [np.clip(points[0 if values is None else int(values.min(axis=1).argmax())], low, high)]

    def try_corners(self, cells: Cells, bounds: Bounds) -> None:
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
            self.try_points([points[best]])

    @property
    def _worth_a_look(self) -> float:
        """A point is put into the network exactly where its value in doubles is larger."""
        known = self.closing if self.goal.is_strict is None else -1e-9
        return known + 1e-12 * abs(known)

    def looks_better(self, point: Floats) -> bool:
        """Whether a point is worth to be put into the network exactly."""
        values = float_values(self.network, point[None])
        return values is None or float(values.min()) > self._worth_a_look

    def try_points(self, points: Sequence[Any]) -> None:
        """Take points in, and climb from them as long as that leads higher."""
        for start in points:
            point: Point = tuple(
                min(max(Fraction(x), lo if lo is not None else Fraction(x)), hi if hi is not None else Fraction(x))
                for x, lo, hi in zip(start, self.space.low, self.space.high, strict=True)
            )
            if not self.space.program.holds_at(point):
                continue
            before = self.best
            value = self.take(point)
            if self.has_signs:
                return
            if before is None or value > before:
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
            _, found = _maximum(program, piece.rows)
            if found is None:
                return
            higher = self.take(found)
            if self.has_signs or higher <= value:
                return
            value = higher

    def take(self, point: Point) -> Fraction:
        """Put a point of the space into the network, exactly, and keep it if it is the best so far."""
        values = self.network.exact_output(point)
        value = min(values)
        if self.best is None or value > self.best:
            if self.goal.is_strict is None:
                if self.goal.floor is None or value > self.goal.floor:
                    self.best, self.best_point = value, point
                    self.closing = double_below(value)
            elif self._is_asked_for(values, point):
                self.best, self.best_point, self.has_signs = value, point, True
            elif self.best is None or value > self.best:
                self.best = value
        return value

    def _is_asked_for(self, values: Sequence[Fraction], point: Point) -> bool:
        assert self.goal.is_strict is not None
        signs = all(v > 0 if strict else v >= 0 for v, strict in zip(values, self.goal.is_strict, strict=True))
        return signs and all(
            row[0] + sum(a * x for a, x in zip(row[1:], point, strict=True)) > 0 for row in self.strict_rows
        )

    def optimum(self, program: Program, outputs: RationalMatrix) -> tuple[Fraction | None, Point | None]:
        """The best of a polyhedron on which the outputs are these affine functions of the input; None if there is none.

        The maximum of ``min f_i`` and where it is; for a goal with signs, 0 and a point with the signs.
        """
        if self.goal.is_strict is None:
            return _maximum(program, outputs)
        rows = [tuple(row) for row in outputs.numerators.tolist()]
        strict = [row for row, is_strict in zip(rows, self.goal.is_strict, strict=True) if is_strict]
        weak = [row for row, is_strict in zip(rows, self.goal.is_strict, strict=True) if not is_strict]
        strict += list(self.strict_rows)
        bounded = Program(rows=(*program.rows, *weak), low=program.low, high=program.high)
        found = bounded.deepest(strict) if strict else bounded.maximise([0] * program.dim)
        if found.outcome is Outcome.EMPTY or (strict and found.value <= 0):
            return None, None
        return Fraction(0), found.point


def _maximum(program: Program, outputs: RationalMatrix) -> tuple[Fraction | None, Point | None]:
    """The maximum of the least of some affine functions over a polyhedron, and where it is."""
    scale = outputs.denominator
    rows = [tuple(row) for row in outputs.numerators.tolist()]
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


def float_values(network: Network, points: Floats) -> Floats | None:
    """The outputs at points (n, d), rounded, where finite; None where doubles do not reach."""
    try:
        with np.errstate(all="ignore"):
            values = network(points)
    except OverflowError:
        return None
    return np.where(np.isfinite(values), values, -1e300)
