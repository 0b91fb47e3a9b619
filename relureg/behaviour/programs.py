"""Linear programs, solved exactly: a solver in doubles proposes which constraints are active, rationals prove it.

A program maximises ``c . x`` subject to rows ``b + a . x >= 0`` and to bounds of single coordinates. What a solver in
doubles proposes (`proposed_bases.py`) is where the exact method begins (`criss_cross.py`), and proves nothing: whatever
it said, the answer is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from relureg.behaviour.criss_cross import Tableau
from relureg.behaviour.optima import Constraints, Optimum, Outcome, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Constraints):
    """What a function is maximised over.

    Examples
    --------
    >>> square = Program(rows=((1, -1, -1),), low=(Fraction(0),) * 2, high=(None, None))  # x + y <= 1, x, y >= 0
    >>> square.maximise((1, 2)).value
    Fraction(2, 1)
    >>> Program(rows=((-1, 1, 0),), low=(None, None), high=(None, None)).maximise((1, 0)).outcome
    <Outcome.UNBOUNDED: 'unbounded'>
    """

    def maximise(self, objective: Sequence[int]) -> Optimum:
        """The maximum of ``objective . x``, proved."""
        found = Tableau(self, objective).solve()
        if found.outcome is not Outcome.UNBOUNDED:
            return found
        # A ray of the recession cone says nothing where the polyhedron is empty.
        feasible = Tableau(self, [0] * self.dim).solve()
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
