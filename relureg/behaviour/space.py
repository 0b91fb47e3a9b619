"""Where an optimum is looked for: bounds of single inputs and further rows, exactly and in doubles around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from relureg.behaviour.optima import Bound, Optimum, Outcome, Row
from relureg.behaviour.programs import Program
from relureg.errors import DomainError
from relureg.exact.numbers import double_below
from relureg.frozen import Frozen
from relureg.network.domain import Domain


@dataclass(frozen=True, kw_only=True)
class Space(Frozen):
    """A closed polyhedron in R^d, with or without an interior, that is not empty."""

    low: tuple[Bound, ...]
    """(d,): None where there is no bound; where the polyhedron is bounded there is one."""
    high: tuple[Bound, ...]
    rows: tuple[Row, ...]
    """What bounds more than one input: ``row[0] + row[1:] . x >= 0``."""

    @classmethod
    def of(cls, domain: Domain | None, dim: int) -> Space:
        """The closed polyhedron of a domain.

        Raises
        ------
        DomainError
            It is empty.
        """
        if domain is None:
            return cls(low=(None,) * dim, high=(None,) * dim, rows=())
        primitives = domain.rows.primitive_rows()
        if domain.equations is not None:
            flat = domain.equations.primitive_rows()
            primitives = [*primitives, *flat, *(tuple(-x for x in row) for row in flat)]
        space = cls.of_rows(primitives, dim)
        if space is None:
            raise DomainError("the domain is empty: no input satisfies all its inequalities")
        return space

    @classmethod
    def of_rows(cls, primitives: Sequence[Row], dim: int) -> Space | None:
        """The closed polyhedron on which rows are not negative; None where it is empty."""
        low: list[Bound] = [None] * dim
        high: list[Bound] = [None] * dim
        rows: list[Row] = []
        for row in primitives:
            axes = [j for j in range(dim) if row[1 + j]]
            if len(axes) != 1:
                rows.append(row)
                continue
            (axis,) = axes
            bound = Fraction(-row[0], row[1 + axis])
            if row[1 + axis] > 0:
                low[axis] = bound if (known := low[axis]) is None else max(known, bound)
            else:
                high[axis] = bound if (known := high[axis]) is None else min(known, bound)
        rows = [row for row in dict.fromkeys(rows) if any(row[1:]) or row[0] < 0]
        if any(a is not None and b is not None and a > b for a, b in zip(low, high, strict=True)):
            return None
        program = Program(rows=tuple(rows), low=tuple(low), high=tuple(high))
        if rows and program.maximise([0] * dim).outcome is Outcome.EMPTY:
            return None
        if rows:
            for axis in range(dim):
                low[axis] = _extent(program, axis, -1) if low[axis] is None else low[axis]
                high[axis] = _extent(program, axis, 1) if high[axis] is None else high[axis]
        return cls(low=tuple(low), high=tuple(high), rows=tuple(rows))

    @property
    def dim(self) -> int:
        return len(self.low)

    @property
    def is_bounded(self) -> bool:
        return None not in self.low and None not in self.high

    @cached_property
    def is_full(self) -> bool:
        """Whether it has an interior, given the inputs that are fixed by equal bounds."""
        if not self.rows:
            return all(lo is None or hi is None or lo <= hi for lo, hi in zip(self.low, self.high, strict=True))
        found = Program(rows=(), low=self.low, high=self.high).deepest(self.rows)
        return found.outcome is Outcome.OPTIMAL and found.value > 0

    @cached_property
    def program(self) -> Program:
        """Its constraints."""
        return Program(rows=self.rows, low=self.low, high=self.high)

    @cached_property
    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Doubles that enclose it; infinite where it has no bound."""
        return (
            np.array([-math.inf if x is None else double_below(x) for x in self.low]),
            np.array([math.inf if x is None else -double_below(-x) for x in self.high]),
        )

    def inner(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[tuple[Bound, ...], tuple[Bound, ...]]:
        """The exact bounds of a part that a box in doubles cuts out of it: the space's own at its ends."""
        first, last = self.box
        return (
            tuple(self.low[j] if low[j] == first[j] else Fraction(low[j]) for j in range(self.dim)),
            tuple(self.high[j] if high[j] == last[j] else Fraction(high[j]) for j in range(self.dim)),
        )

    def cone(self) -> Space:
        """Its recession cone, cut by ``-1 <= v <= 1``."""
        zero, one = Fraction(0), Fraction(1)
        return Space(
            low=tuple(-one if x is None else zero for x in self.low),
            high=tuple(one if x is None else zero for x in self.high),
            rows=tuple((0, *row[1:]) for row in self.rows),
        )

    def face(self, axis: int, value: Fraction) -> Space | None:
        """The part with one coordinate fixed; None where it is empty."""
        low = tuple(value if j == axis else x for j, x in enumerate(self.low))
        high = tuple(value if j == axis else x for j, x in enumerate(self.high))
        if not (_least(self.low[axis]) <= value <= _most(self.high[axis])):
            return None
        part = Space(low=low, high=high, rows=self.rows)
        empty = bool(part.rows) and part.program.maximise([0] * self.dim).outcome is Outcome.EMPTY
        return None if empty else part

    def inner_point(self) -> tuple[Fraction, ...]:
        """A point strictly inside all constraints, where there is one."""
        ends = [(j, 1, -x) for j, x in enumerate(self.low) if x is not None]
        ends += [(j, -1, x) for j, x in enumerate(self.high) if x is not None]
        strict = [
            (x.numerator, *(sense * x.denominator * (k == j) for k in range(self.dim))) for j, sense, x in ends
        ]  # fmt: skip
        free = Program(rows=(), low=(None,) * self.dim, high=(None,) * self.dim)
        return free.deepest([*self.rows, *strict]).point

    def any_point(self) -> tuple[Fraction, ...]:
        """A point of it."""
        found: Optimum = self.program.maximise([0] * self.dim)
        return found.point


def _least(bound: Bound) -> Fraction | float:
    return -math.inf if bound is None else bound


def _most(bound: Bound) -> Fraction | float:
    return math.inf if bound is None else bound


def _extent(program: Program, axis: int, sense: int) -> Bound:
    """The largest (sense 1) or smallest value of a coordinate; None where there is none."""
    objective = [0] * program.dim
    objective[axis] = sense
    found = program.maximise(objective)
    return None if found.outcome is Outcome.UNBOUNDED else sense * found.value
