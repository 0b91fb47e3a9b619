"""The criss-cross method: a linear program solved in rationals, from whatever basis is proposed.

A basis is a set of d independent constraints; it names a point, at which they hold with equality, and multipliers of
theirs. It is optimal where the point satisfies every constraint and no multiplier is negative, both of which are found
in rationals. Where a proposed basis is not, the criss-cross method [Ter85] goes on from it, exactly, to the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat

from relureg import stopping
from relureg.behaviour.optima import Constraints, Optimum, Outcome, as_python
from relureg.behaviour.proposed_bases import looks_active
from relureg.exact import echelon


class Tableau:
    """A basis and what it says; constraints are numbered: lower bounds 0.., upper bounds d.., rows 2d..

    A coordinate that no row and no bound pins down, given the others, is held at 0 by a constraint without an end
    (number -1 - j).
    """

    def __init__(self, program: Constraints, objective: Sequence[int]) -> None:
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
                    return Optimum(outcome=Outcome.UNBOUNDED, ray=tuple(map(as_python, direction)))
            primal = self._violated(point)
            dual = min((number for number, y in multipliers.items() if y < 0), default=None)
            if primal is None and dual is None:
                value = sum((fmpq(c) * x for c, x in zip(self.objective, point, strict=True)), fmpq(0))
                return Optimum(
                    outcome=Outcome.OPTIMAL, point=tuple(map(as_python, point)), value=as_python(value),
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
                    return Optimum(outcome=Outcome.UNBOUNDED, ray=tuple(map(as_python, direction)))
                self._swap(dual, entering)

    # -- the basis -----------------------------------------------------------------------------------

    def _start(self) -> None:
        """A basis: constraints in the order in which they look active, as far as they are independent."""
        order, at = looks_active(self.program, self.objective, self.usable)
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
                found[number - 2 * self.dim] = as_python(y)
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


def _independent(rows: list[list[int]], dim: int) -> list[int]:
    """The first rows that are independent, of which there are `dim` at most."""
    if not rows or not dim:
        return []
    columns = [tuple(column) for column in zip(*rows, strict=True)]
    return list(echelon.pivots_of_rows(columns))[:dim]


def _value(row: Sequence[int], point: Sequence[Any]) -> Any:
    return sum((a * x for a, x in zip(row[1:], point, strict=True) if a), fmpq(row[0]))
