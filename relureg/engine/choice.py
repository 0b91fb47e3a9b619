"""Which engine is taken for a problem, and the numbers by which ``auto`` decides."""

from __future__ import annotations

from dataclasses import dataclass

from relureg.network.problem import Problem

AUTO = "split"
"""The engine that ``auto`` stands for, but for domains with `MANY_SLABS` pairs of parallel walls or more."""

MANY_SLABS = 8
"""The splitter holds a cell by its vertices, of which a box has 2^d; from here on dictionaries, which hold one, are
faster. Measured in [-1, 1]^d with two stages of 12 units, regions a second of dictionaries and of the splitter:
168,000 and 351,000 for d = 6, 93,000 and 153,000 for d = 7, 118,000 and 28,000 for d = 8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """The engine that was taken for a problem, and why.

    Examples
    --------
    >>> import relureg
    >>> box = relureg.Domain.box([-1] * 8, [1] * 8)
    >>> count = relureg.count_regions(relureg.random_network([8, 4], seed=1), box)
    >>> count.engine_choice.asked, count.engine_choice.engine, count.engine_choice.slabs
    ('auto', 'dictionaries', 8)
    """

    asked: str
    """What was asked for: ``auto``, or an engine by its name."""
    engine: str
    """What was taken."""
    reason: str
    """Why, in words."""
    essential_inputs: int
    """The dimension in which the search works: the rank of all rows applied to the input."""
    slabs: int
    """Independent pairs of parallel walls of the domain: a box in k dimensions has k."""
    walls: int
    """Rows of the domain."""
    units: int
    """ReLU units of the network."""

    @property
    def line(self) -> str:
        """All of it in one line."""
        numbers = f"{self.essential_inputs} essential inputs, {self.walls} walls, {self.units} units"
        return f"engine {self.engine}: {self.reason} ({numbers})"


def choose_name(asked: str, problem: Problem) -> EngineChoice:
    """The engine that a name stands for; whether there is one of that name is not looked at."""
    slabs = 0 if problem.domain is None else problem.domain.num_slabs
    name, reason = asked, "as asked for"
    if asked == "auto":
        has_many = slabs >= MANY_SLABS
        name = "dictionaries" if has_many else AUTO
        reason = f"{_bounded(problem, slabs)}; auto takes dictionaries from {MANY_SLABS} dimensions between walls on"
    return EngineChoice(
        asked=asked,
        engine=name,
        reason=reason,
        essential_inputs=problem.essential_dim,
        slabs=slabs,
        walls=problem.num_walls,
        units=problem.network.num_units,
    )


def _bounded(problem: Problem, slabs: int) -> str:
    if problem.domain is None:
        return "the whole space has no walls"
    return f"{slabs or 'no'} {'dimension lies' if slabs == 1 else 'dimensions lie'} between two walls"
