"""Linear programs, solved exactly: a solver in doubles proposes which constraints are active, rationals prove it.

A program maximises ``c . x`` subject to rows ``b + a . x >= 0`` and to bounds of single coordinates. A basis is a set
of d independent constraints; it names a point, at which they hold with equality, and multipliers of theirs. It is
optimal where the point satisfies every constraint and no multiplier is negative, both of which are found in rationals.
Where a proposed basis is not, the criss-cross method [Ter85] goes on from it, exactly, to the end: whatever the solver
said, the answer is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from relureg import stopping
from relureg.exact import echelon
from relureg.exact.numbers import nearest_double

Row = tuple[int, ...]
"""An affine function ``row[0] + row[1:] . x`` with integer coefficients."""
Bound = Fraction | None

_ACTIVE = 1e-7
"""A constraint is proposed as active where its slack is below this share of its size; a wrong guess costs pivots."""


class Outcome(Enum):
    """How a program ends."""

    OPTIMAL = "optimal"
    EMPTY = "empty"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The proved answer of a program."""

    outcome: Outcome
    point: tuple[Fraction, ...] = ()
    """Where the maximum is attained; if unbounded, a point of the polyhedron."""
    value: Fraction = Fraction(0)
    """The maximum of ``c . x``."""
    ray: tuple[Fraction, ...] = ()
    """If unbounded, a direction of the polyhedron along which ``c . x`` grows."""
    multipliers: tuple[Fraction, ...] = ()
    """Of the rows, none negative: where bounds of coordinates hold, ``c . x`` plus the sum of multipliers times rows is
    at most the maximum; if empty, that sum alone is negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Rows ``>= 0`` and bounds of coordinates: a closed polyhedron in R^d.

    Examples
    --------
    >>> square = Program(rows=((1, -1, -1),), low=(Fraction(0),) * 2, high=(None, None))  # x + y <= 1, x, y >= 0
    >>> square.maximise((1, 2)).value
    Fraction(2, 1)
    >>> Program(rows=((-1, 1, 0),), low=(None, None), high=(None, None)).maximise((1, 0)).outcome
    <Outcome.UNBOUNDED: 'unbounded'>
    """

    rows: tuple[Row, ...]
    low: tuple[Bound, ...]
    """(d,): None where there is no bound."""
    high: tuple[Bound, ...]

    @property
    def dim(self) -> int:
        return len(self.low)

    def maximise(self, objective: Sequence[int]) -> Optimum:
        """The maximum of ``objective . x``, proved."""
        found = _Tableau(self, objective).solve()
        if found.outcome is not Outcome.UNBOUNDED:
            return found
        # A ray of the recession cone says nothing where the polyhedron is empty.
        feasible = _Tableau(self, [0] * self.dim).solve()
        if feasible.outcome is Outcome.EMPTY:
            return feasible
        return Optimum(outcome=Outcome.UNBOUNDED, point=feasible.point, ray=found.ray)

    def deepest(self, strict: Sequence[Row]) -> Optimum:
        """Maximise t <= 1 with ``row >= t`` for further rows: positive iff they can all be positive at once.

        The point and the value are those in R^d, and t.
        """
        lifted = tuple((*row, 0) for row in self.rows) + tuple((*row, -1) for row in strict)
        program = Program(rows=lifted, low=(*self.low, None), high=(*self.high, Fraction(1)))
        found = program.maximise([0] * self.dim + [1])
        return Optimum(
            outcome=found.outcome, point=found.point[: self.dim], value=found.value, multipliers=found.multipliers
        )

    def holds_at(self, point: Sequence[Fraction]) -> bool:
        """Whether a point lies in the polyhedron."""
        within = all(
            (lo is None or x >= lo) and (hi is None or x <= hi)
            for x, lo, hi in zip(point, self.low, self.high, strict=True)
        )
        return within and all(value_at(row, point) >= 0 for row in self.rows)


def value_at(row: Sequence[int], point: Sequence[Fraction]) -> Fraction:
    """``row[0] + row[1:] . x``."""
    total = fmpq(row[0])
    for a, x in zip(row[1:], point, strict=True):
        if a:
            total += fmpq(a) * fmpq(x.numerator, x.denominator)
    return _fraction(total)


class _Tableau:
    """A basis and what it says; constraints are numbered: lower bounds 0.., upper bounds d.., rows 2d..

    A coordinate that no row and no bound pins down, given the others, is held at 0 by a constraint without an end
    (number -1 - j).
    """

    def __init__(self, program: Program, objective: Sequence[int]) -> None:
        self.dim = program.dim
        self.low = [None if x is None else fmpq(x.numerator, x.denominator) for x in program.low]
        self.high = [None if x is None else fmpq(x.numerator, x.denominator) for x in program.high]
        self.rows = program.rows
        self.objective = list(objective)
        self.program = program

    def solve(self) -> Optimum:
        # A row without coefficients is no constraint to pivot on.
        for i, row in enumerate(self.rows):
            if row[0] < 0 and not any(row[1:]):
                return Optimum(outcome=Outcome.EMPTY, multipliers=self._of_rows({2 * self.dim + i: fmpq(1)}))
        self.usable = [i for i, row in enumerate(self.rows) if any(row[1:])]
        self._start()
        while True:
            stopping.check()
            self._factorise()
            point, multipliers = self._point(), self._multipliers()
            # A coordinate that nothing pins down moves freely either way.
            for number, y in multipliers.items():
                if number < 0 and y:
                    direction = self._direction(number, 1 if y < 0 else -1)
                    return Optimum(outcome=Outcome.UNBOUNDED, ray=tuple(map(_fraction, direction)))
            primal = self._violated(point)
            dual = min((number for number, y in multipliers.items() if y < 0), default=None)
            if primal is None and dual is None:
                value = sum((fmpq(c) * x for c, x in zip(self.objective, point, strict=True)), fmpq(0))
                return Optimum(
                    outcome=Outcome.OPTIMAL, point=tuple(map(_fraction, point)), value=_fraction(value),
                    multipliers=self._of_rows(multipliers),
                )  # fmt: skip
            if primal is not None and (dual is None or primal < dual):
                weights = self._weights(primal)
                leaving = min((number for number, t in weights.items() if number >= 0 and t > 0), default=None)
                if leaving is None:
                    told = {number: -t for number, t in weights.items()} | {primal: fmpq(1)}
                    return Optimum(outcome=Outcome.EMPTY, multipliers=self._of_rows(told))
                self._swap(leaving, primal)
            else:
                assert dual is not None
                direction = self._direction(dual, 1)
                entering = self._first_met(direction, dual)
                if entering is None:
                    return Optimum(outcome=Outcome.UNBOUNDED, ray=tuple(map(_fraction, direction)))
                self._swap(dual, entering)

    # -- the basis -----------------------------------------------------------------------------------

    def _start(self) -> None:
        """A basis: constraints in the order in which they look active, as far as they are independent."""
        order, at = self._proposed()
        self.basis: set[int] = set()
        held: set[int] = set()
        chosen: list[int] = []
        for number in order:
            if number < 2 * self.dim:
                if number % self.dim not in held:
                    held.add(number % self.dim)
                    self.basis.add(number)
            else:
                chosen.append(number - 2 * self.dim)
        # Of rows that look active, those independent on the coordinates not held; then bounds, then anything.
        free = [j for j in range(self.dim) if j not in held]
        picked = _independent([[self.rows[i][1 + j] for j in free] for i in chosen], len(free))
        self.basis |= {2 * self.dim + chosen[k] for k in picked}
        if len(picked) == len(free):
            return
        others = [i for i in self.usable if i not in set(chosen)]
        units: list[tuple[int, int]] = []
        for j in sorted(free, key=lambda j: at[j]):
            if self.low[j] is not None or self.high[j] is not None:
                units.append((j if self.low[j] is not None else j + self.dim, j))
        last = [(-1 - j, j) for j in free]
        rows = [[self.rows[chosen[k]][1 + j] for j in free] for k in picked]
        numbers = [2 * self.dim + chosen[k] for k in picked]
        for number, j in units:
            rows.append([int(f == j) for f in free])
            numbers.append(number)
        for i in others:
            rows.append([self.rows[i][1 + j] for j in free])
            numbers.append(2 * self.dim + i)
        for number, j in last:
            rows.append([int(f == j) for f in free])
            numbers.append(number)
        self.basis = {n for n in self.basis if n < 2 * self.dim}
        self.basis |= {numbers[k] for k in _independent(rows, len(free))}

    def _proposed(self) -> tuple[list[int], list[float]]:
        """Constraints that look active at the optimum, those with multipliers first; and distances to bounds."""
        solution = propose(self.program, self.objective)
        if solution is None:
            return [], [0.0] * self.dim
        x, weights, bound_weights = solution
        ranked: list[tuple[float, int]] = []
        nearest = []
        for j in range(self.dim):
            size = 1.0 + abs(x[j])
            gaps = [(abs(x[j] - float(b)) / size, number) for b, number in
                    ((self.program.low[j], j), (self.program.high[j], j + self.dim)) if b is not None]  # fmt: skip
            gap, number = min(gaps, default=(np.inf, j))
            nearest.append(gap)
            if gap < _ACTIVE:
                ranked.append((-abs(bound_weights[j]), number))
        for i in self.usable:
            slack, size = _slack(self.rows[i], x)
            if weights[i] > 0 or slack < _ACTIVE * size:
                ranked.append((-weights[i], 2 * self.dim + i))
        ranked.sort()
        # Rows with multipliers before bounds without.
        strong = [n for w, n in ranked if w < -1e-12]
        weak_rows = [n for w, n in ranked if w >= -1e-12 and n >= 2 * self.dim]
        weak_bounds = [n for w, n in ranked if w >= -1e-12 and n < 2 * self.dim]
        num_rows = sum(n >= 2 * self.dim for n in strong)
        held = {n % self.dim for n in strong if n < 2 * self.dim}
        # Bounds without a multiplier are held unless the rows with one need their coordinates.
        spare = self.dim - len(held) - num_rows
        return [*strong, *weak_bounds[: max(spare, 0)], *weak_rows], nearest

    def _swap(self, leaving: int, entering: int) -> None:
        self.basis.remove(leaving)
        self.basis.add(entering)

    def _factorise(self) -> None:
        """Which coordinates bounds hold, and the matrix of the active rows on the others."""
        self.sign: dict[int, int] = {}
        self.holder: dict[int, int] = {}
        for number in self.basis:
            if number < 2 * self.dim:
                j = -1 - number if number < 0 else number % self.dim
                self.holder[j] = number
                self.sign[j] = -1 if number >= self.dim else 1
        self.active = sorted(number - 2 * self.dim for number in self.basis if number >= 2 * self.dim)
        self.free = [j for j in range(self.dim) if j not in self.holder]
        size = len(self.free)
        self.matrix = fmpq_mat(size, size, [self.rows[i][1 + j] for i in self.active for j in self.free])
        self.inverse = self.matrix.inv() if size else self.matrix

    def _point(self) -> list[Any]:
        x = [fmpq(0)] * self.dim
        for j, number in self.holder.items():
            bound = fmpq(0) if number < 0 else self.low[j] if number < self.dim else self.high[j]
            assert bound is not None
            x[j] = bound
        if self.free:
            right = []
            for i in self.active:
                row = self.rows[i]
                right.append(-(row[0] + sum((row[1 + j] * x[j] for j in self.holder if row[1 + j]), fmpq(0))))
            solved = self.inverse * fmpq_mat(len(right), 1, right)
            for k, j in enumerate(self.free):
                x[j] = solved[k, 0]
        return x

    def _combination(self, coefficients: Sequence[int]) -> dict[int, Any]:
        """The weights t with ``coefficients = sum t_i`` times the coefficients of the active constraints."""
        found: dict[int, Any] = {}
        on_rows: list[Any] = []
        if self.free:
            solved = fmpq_mat(1, len(self.free), [coefficients[j] for j in self.free]) * self.inverse
            on_rows = [solved[0, k] for k in range(len(self.free))]
        for i, t in zip(self.active, on_rows, strict=True):
            found[2 * self.dim + i] = t
        pairs = [(i, t) for i, t in zip(self.active, on_rows, strict=True) if t]
        for j, number in self.holder.items():
            rest = fmpq(coefficients[j]) - sum((t * self.rows[i][1 + j] for i, t in pairs), fmpq(0))
            found[number] = rest * self.sign[j]
        return found

    def _multipliers(self) -> dict[int, Any]:
        """The y with ``objective + sum y_i a_i = 0`` over the active constraints."""
        return {number: -t for number, t in self._combination(self.objective).items()}

    def _of_rows(self, multipliers: dict[int, Any]) -> tuple[Fraction, ...]:
        """Those of the rows, in their order."""
        found = [Fraction(0)] * len(self.rows)
        for number, y in multipliers.items():
            if number >= 2 * self.dim:
                found[number - 2 * self.dim] = _fraction(y)
        return tuple(found)

    def _weights(self, number: int) -> dict[int, Any]:
        """A constraint as a combination of the active ones, but for its constant."""
        return self._combination(self._coefficients(number))

    def _coefficients(self, number: int) -> Sequence[int]:
        if number >= 2 * self.dim:
            return self.rows[number - 2 * self.dim][1:]
        unit = [0] * self.dim
        unit[number % self.dim] = -1 if number >= self.dim else 1
        return unit

    def _direction(self, number: int, sense: int) -> list[Any]:
        """Where the point moves if one active constraint grows (sense 1) and the other ones stay."""
        v = [fmpq(0)] * self.dim
        right = [fmpq(0)] * len(self.active)
        if number < 2 * self.dim:
            j = -1 - number if number < 0 else number % self.dim
            v[j] = fmpq(sense * self.sign[j])
            right = [-self.rows[i][1 + j] * v[j] for i in self.active]
        else:
            right[self.active.index(number - 2 * self.dim)] = fmpq(sense)
        if self.free:
            solved = self.inverse * fmpq_mat(len(right), 1, right)
            for k, j in enumerate(self.free):
                v[j] = solved[k, 0]
        return v

    def _violated(self, point: list[Any]) -> int | None:
        """The first constraint that a point violates."""
        for j, x in enumerate(point):
            low = self.low[j]
            if low is not None and x < low:
                return j
        for j, x in enumerate(point):
            high = self.high[j]
            if high is not None and x > high:
                return j + self.dim
        for i in self.usable:
            if 2 * self.dim + i not in self.basis and _value(self.rows[i], point) < 0:
                return 2 * self.dim + i
        return None

    def _first_met(self, direction: list[Any], leaving: int) -> int | None:
        """The first constraint that shrinks along a direction."""
        for j, v in enumerate(direction):
            if v < 0 and self.low[j] is not None and j != leaving:
                return j
        for j, v in enumerate(direction):
            if v > 0 and self.high[j] is not None and j + self.dim != leaving:
                return j + self.dim
        for i in self.usable:
            if 2 * self.dim + i not in self.basis and _value((0, *self.rows[i][1:]), direction) < 0:
                return 2 * self.dim + i
        return None


def propose(
    program: Program, objective: Sequence[int]
) -> tuple[list[float], NDArray[np.float64], NDArray[np.float64]] | None:
    """An optimal point in doubles, and the multipliers of rows and of bounds; None where there is nothing to say."""
    try:
        from scipy.optimize import linprog
    except ImportError:
        return None
    if not program.dim:
        return None
    scaled = [_scaled(row) for row in program.rows]
    table = np.array([row for row, _ in scaled]).reshape(len(scaled), program.dim + 1)
    goal = _scaled((0, *objective))[0]
    bounds = [
        (None if lo is None else nearest_double(lo), None if hi is None else nearest_double(hi))
        for lo, hi in zip(program.low, program.high, strict=True)
    ]
    try:
        found = linprog(
            [-c for c in goal[1:]], A_ub=-table[:, 1:] if len(scaled) else None,
            b_ub=table[:, 0] if len(scaled) else None, bounds=bounds, method="highs-ds",
        )  # fmt: skip
    except ValueError:
        return None
    if found.status != 0 or not np.isfinite(found.x).all():
        return None
    weights = -found.ineqlin.marginals if len(scaled) else np.zeros(0)
    return found.x.tolist(), weights, found.lower.marginals + found.upper.marginals


def _scaled(row: Sequence[int]) -> tuple[tuple[float, ...], float]:
    largest = max(map(abs, row[1:]), default=0) or abs(row[0]) or 1
    try:
        return tuple(entry / largest for entry in row), float(largest)
    except OverflowError:
        return (0.0,) * len(row), 1.0


def _slack(row: Row, x: list[float]) -> tuple[float, float]:
    """The value of a scaled row in doubles, and the size of its terms."""
    scaled, _ = _scaled(row)
    terms = [a * v for a, v in zip(scaled[1:], x, strict=True)]
    return scaled[0] + sum(terms), abs(scaled[0]) + sum(map(abs, terms)) + 1e-300


def _independent(rows: list[list[int]], dim: int) -> list[int]:
    """The first rows that are independent, of which there are `dim` at most."""
    if not rows or not dim:
        return []
    columns = [tuple(column) for column in zip(*rows, strict=True)]
    return list(echelon.pivots_of_rows(columns))[:dim]


def _value(row: Sequence[int], point: Sequence[Any]) -> Any:
    return sum((a * x for a, x in zip(row[1:], point, strict=True) if a), fmpq(row[0]))


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.p), int(number.q))
