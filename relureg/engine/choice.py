"""Which engine is taken for a problem, and the numbers by which ``auto`` decides."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from relureg.families.arrangements import generic_regions
from relureg.network.problem import Problem
from relureg.words import figure

AUTO = "split"
"""The engine that ``auto`` stands for, but where cells have many vertices: see `MANY_SLABS` and `MANY_VERTICES`."""

MANY_SLABS = 8
"""The splitter holds a cell by its vertices, of which a box has 2^d; from here on dictionaries, which hold one, are
faster. Measured in [-1, 1]^d with two stages of 12 units, regions a second of dictionaries and of the splitter:
168,000 and 351,000 for d = 6, 93,000 and 153,000 for d = 7, 118,000 and 28,000 for d = 8."""

MANY_VERTICES = 200
"""The same on the whole space, where a cell of n hyperplanes in general position has C(n, d) 2^d vertices over the
number of cells, on average. Regions a second, dictionaries and the splitter: 54,000 and 242,000 at 116 vertices
(9-16-16), 63,000 and 11,000 at 272 (13-18-4), 52,000 and 5,000 at 438 (11-20-4), 25,000 and 90 at 643 (13-20-16-8)."""

MANY_FLATS = 10**10
"""A network of one stage is counted on flats, without cells: the best in any dimension, up to about so many regions."""


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
    cell_vertices: int
    """Vertices of a cell of the first stage's hyperplanes, on average, if these were in general position in the whole
    space."""
    walls: int
    """Rows of the domain."""
    units: int
    """ReLU units of the network."""

    @property
    def line(self) -> str:
        """All of it in one line."""
        numbers = (
            f"{self.essential_inputs} essential inputs, {self.walls} walls, {self.units} units, "
            f"about {figure(self.cell_vertices)} vertices a cell of the first stage"
        )
        return f"engine {self.engine}: {self.reason} ({numbers})"


def choose_name(asked: str, problem: Problem) -> EngineChoice:
    """The engine that a name stands for; whether there is one of that name is not looked at."""
    slabs = 0 if problem.domain is None else problem.domain.num_slabs
    vertices = _cell_vertices(problem)
    name, reason = _automatic(problem, slabs, vertices) if asked == "auto" else (asked, "as asked for")
    return EngineChoice(
        asked=asked,
        engine=name,
        reason=reason,
        essential_inputs=problem.essential_dim,
        slabs=slabs,
        cell_vertices=vertices,
        walls=problem.num_walls,
        units=problem.network.num_units,
    )


def _automatic(problem: Problem, slabs: int, vertices: int) -> tuple[str, str]:
    """The engine for a problem, and the reason."""
    if problem.domain is not None:
        lie = f"{slabs or 'no'} {'dimension lies' if slabs == 1 else 'dimensions lie'} between two walls"
        name = "dictionaries" if slabs >= MANY_SLABS else AUTO
        return name, f"{lie}; auto takes dictionaries from {MANY_SLABS} on"
    if vertices < MANY_VERTICES:
        return AUTO, f"cells have about {figure(vertices)} vertices; auto takes dictionaries from {MANY_VERTICES} on"
    if (
        len(problem.network.stages) == 1
        and generic_regions(problem.network.num_units, problem.essential_dim) < MANY_FLATS
    ):
        return AUTO, "a network of one stage is counted on the flats of its hyperplanes, without cells"
    return (
        "dictionaries",
        f"cells have about {figure(vertices)} vertices; auto takes dictionaries from {MANY_VERTICES} on",
    )


def _cell_vertices(problem: Problem) -> int:
    """Each of the C(n, d) vertices of n hyperplanes in general position in R^d belongs to 2^d cells."""
    first = problem.network.widths[0] if problem.network.stages else 0
    dim = problem.essential_dim
    return (comb(first, dim) << dim) // generic_regions(first, dim)
