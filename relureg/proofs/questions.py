"""What a proof asks of linear programs, gathered so that many are proposed at once and each is proved by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import CheckFailedError
from relureg.proofs.descent import Descents, descend
from relureg.proofs.multipliers import Weights, found_exactly, proved
from relureg.proofs.rows import Row, Walls, fractions_over
from relureg.proofs.short_points import short_point

BATCH = 2048
"""Programs at once: enough for the work on arrays to weigh more than the calls."""


Answer = Weights | tuple[int, ...]
"""Multipliers by which a function is negative nowhere on a cell, or a point (q, p_1, ..., p_d) there where it is."""


MOST_ENTRIES = 2**21
"""Of the rows of programs that are solved at once, 16 MB: with hundreds of inputs there are few of them."""


class Expected(Enum):
    """What the search for regions says of a function on a cell."""

    POSITIVE = "positive"
    BEYOND = "beyond"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Whether a function is negative somewhere on a cell."""

    goal: Row
    rows: tuple[Row, ...]
    """Which cut out the cell, without the goal."""
    scaled: NDArray[np.float64]
    """(M, 1 + d): theirs."""
    start: NDArray[np.float64]
    """(d,): about a point strictly inside, where the goal is positive."""
    exact_start: Callable[[], Sequence[Fraction]]
    """That point."""
    expected: Expected
    answer: Callable[[Answer], None]
    may_round: bool = True
    """See `multipliers.proved`."""


def answer_all(questions: Sequence[Question], walls: Walls) -> None:
    """Answer questions about cells of one dimension, each with its proof.

    Raises
    ------
    CheckFailedError
        An answer is not what the search for regions says.
    """
    size = max(question.scaled.size for question in questions)
    count = max(1, MOST_ENTRIES // max(size, 1))
    for start in range(0, len(questions), count):
        several = questions[start : start + count]
        proposed = _propose(several)
        for k, question in enumerate(several):
            question.answer(_answer(question, proposed, k, walls))


def _propose(questions: Sequence[Question]) -> Descents:
    """Descents, in the order of the questions."""
    most, width = max(1, *(len(q.rows) for q in questions)), len(questions[0].goal.integers)
    rows = np.zeros((len(questions), most, width))
    for k, question in enumerate(questions):
        rows[k, : len(question.rows)] = question.scaled
    return descend(
        rows,
        np.array([question.goal.scaled for question in questions]),
        np.array([question.start for question in questions]),
        np.array([question.expected is not Expected.POSITIVE for question in questions]),
    )


def _answer(question: Question, proposed: Descents, k: int, walls: Walls) -> Answer:
    if proposed.is_below[k] and question.expected is not Expected.POSITIVE:
        point = _point_beyond(question, proposed.points[k])
        if point is not None:
            return point
    if proposed.is_optimal[k] and question.expected is not Expected.BEYOND:
        met = proposed.met[k].tolist()
        weighed = [(y, question.rows[i]) for y, i in zip(proposed.multipliers[k].tolist(), met, strict=True) if i >= 0]
        weights = proved(question.goal, weighed, walls, may_round=question.may_round)
        if weights is not None:
            return weights
    return _exact_answer(question)


def _exact_answer(question: Question) -> Answer:
    start = question.exact_start()
    found = found_exactly(question.goal, question.rows, start)
    if isinstance(found, list):
        if question.expected is Expected.BEYOND:
            raise CheckFailedError(f"row {question.goal.name} carries no facet, which the engine says it does")
        return found
    if question.expected is Expected.POSITIVE:
        raise CheckFailedError(
            f"unit {question.goal.name} is negative or positive where the engine knows no region or facet"
        )
    # Back inside from where it is, as far as half the way to where the goal vanishes.
    constant, *normal = map(Fraction, question.goal.integers)
    beyond, inside = (constant + sum(map(mul, normal, point), Fraction(0)) for point in (found, start))
    share = (1 + inside / (inside - beyond)) / 2
    return fractions_over([x + share * (y - x) for x, y in zip(start, found, strict=True)])


def _point_beyond(question: Question, reached: NDArray[np.float64]) -> tuple[int, ...] | None:
    """A short point between the start and what was reached, beyond the goal's hyperplane."""
    goal = question.goal.scaled
    inside, beyond = goal[0] + goal[1:] @ question.start, goal[0] + goal[1:] @ reached
    if not inside > 0 > beyond:
        return None
    share = (1 + inside / (inside - beyond)) / 2
    point = question.start + share * (reached - question.start)
    return short_point(point, (*question.rows, -question.goal), np.vstack([question.scaled, -goal]))


def encoded(integers: Sequence[int]) -> list[Any]:
    """Integers as a proof holds them: short ones as JSON integers, long ones as hexadecimal texts."""
    return [entry if -(2**53) < entry < 2**53 else f"{entry:x}" for entry in integers]
