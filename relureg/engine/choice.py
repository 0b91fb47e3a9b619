"""Which engine is taken for a problem, and the numbers by which ``auto`` decides."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from relureg.families.arrangements import generic_regions
from relureg.network.problem import Problem
from relureg.words import figure

AUTO = "split"
"""The engine that ``auto`` stands for, but where cells have many corners or there are many dimensions: see below."""

MANY_CORNERS = 150
"""The splitter holds a cell by its vertices, of which a box has 2^d; dictionaries hold one. Measured in [-1, 1]^d with
two stages of 12 units, regions a second of dictionaries and of the splitter: 204,000 and 544,000 for d = 6, 202,000 and
254,000 for d = 7, 129,000 and 59,000 for d = 8; between 30 walls in 8 dimensions, 174 corners, 8.9 times as many."""

MANY_GENERATORS = 400
"""The same by vertices and directions of cells, of which n hyperplanes in general position in R^d have C(n + 1, d) 2^d
over the number of cells, on average; walls of the domain are among them. Dictionaries over splitter, regions a second:
0.11 at 246 (9-16-16 on the whole space), 0.42 at 340 (10-16-8), 1.3 at 348 (9-20-8), 2.2 at 443 (20-22-4), 4.4 at 586
(10-20-4), 1.2 at 672 and 32 at 2,187 (10-12-12 and 12-12-4, inputs from 0 on)."""

MANY_DIRECTIONS = 200
"""Essential dimensions from which on the splitter, which cuts as many lines and keeps the cells on the way, takes too
much memory: 200 MB in 200-200-4 on the whole space, and as their cube. Up to there it is ahead where cells have few
vertices: 5,000 regions of 64-64-4 after 0.07 s of processor time where dictionaries have 2,300 after 2 s, 2,000 of
200-200-4 after 1.3 s where these have 300 after 4.5 s."""

MANY_FLATS = 10**10
"""A network of one stage is counted on flats, without cells: the best in any dimension, up to about so many regions."""

MANY_DIMS = 8
"""In a domain, those flats are sections of it, which pays where it has one corner; or else in fewer dimensions than
this; or where there are units enough, 7/4 of the dimensions: 7.6 times as fast as dictionaries on 8-20 in [-1, 1]^8,
9.5 times on 9-24, 3.5 times on 10-20, and 0.05 times on 9-12. From 12 dimensions of a box on, or 10 of other bounded
domains, sections have too many vertices: 0.03 on 12-24, and 0.06 on 10-20 between 30 walls."""

_MOST = 10**15
"""More corners are told as so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """The engine that was taken for a problem, and why.

    Examples
    --------
    >>> import relureg
    >>> box = relureg.Domain.box([-1] * 8, [1] * 8)
    >>> count = relureg.count_regions(relureg.random_network([8, 4, 2], seed=1), box)
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
    corners: int
    """About how many vertices the domain has, as if walls without a parallel one were in general position."""
    cell_generators: int
    """Vertices and directions of a cell of the first stage's hyperplanes and the walls, on average, as if those
    without a parallel one were in general position."""
    walls: int
    """Rows of the domain."""
    units: int
    """ReLU units of the network."""

    @property
    def line(self) -> str:
        """All of it in one line."""
        numbers = (
            f"{self.essential_inputs} essential inputs, {self.walls} walls, {self.units} units, about "
            f"{figure(self.corners)} corners of the domain, {figure(self.cell_generators)} generators of a cell of the "
            "first stage"
        )
        return f"engine {self.engine}: {self.reason} ({numbers})"


def choose_name(asked: str, problem: Problem, *, visits: bool = False) -> EngineChoice:
    """The engine that a name stands for; whether there is one of that name is not looked at.

    Where the regions are not only counted but visited, there are cells of one stage, too.
    """
    slabs = 0 if problem.domain is None else problem.domain.num_slabs
    shape = Shape(
        dim=problem.essential_dim,
        slabs=slabs,
        walls=problem.num_walls - 2 * slabs,
        units=problem.network.widths[0] if problem.network.stages else 0,
    )
    has_cells = visits or len(problem.network.stages) != 1
    name, reason = _automatic(problem, shape, has_cells=has_cells) if asked == "auto" else (asked, "as asked for")
    return EngineChoice(
        asked=asked,
        engine=name,
        reason=reason,
        essential_inputs=shape.dim,
        slabs=slabs,
        corners=shape.corners,
        cell_generators=shape.cell_generators,
        walls=problem.num_walls,
        units=problem.network.num_units,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Hyperplanes in R^dim: pairs of parallel ones, and others in general position."""

    dim: int
    slabs: int
    walls: int
    """Besides the slabs."""
    units: int
    """Of the first stage."""

    @property
    def corners(self) -> int:
        """Of the domain: 2^k of k slabs, times those of a cell of the other walls."""
        dim = max(self.dim - self.slabs, 0)
        return min((comb(self.walls, dim) << dim) // generic_regions(self.walls, dim) << self.slabs, _MOST)

    @property
    def cell_generators(self) -> int:
        """Each point where d hyperplanes meet belongs to 2^d cells, each end of a line of d - 1 to 2^(d - 1).

        There are as many cells as flats (Zaslavsky 1975). Of m hyperplanes and s slabs (1 + t)^m (1 + 2 t)^s counts the
        flats by codimension; f' / f = m / (1 + t) + 2 s / (1 + 2 t) makes a recursion of that.
        """
        m, s = self.walls + self.units, self.slabs
        before, flats, cells = 0, 1, 1
        for k in range(self.dim):
            following = ((m + 2 * s - 3 * k) * flats + 2 * (m + s - k + 1) * before) // (k + 1)
            before, flats = flats, following
            cells += flats
        return min((before + flats << self.dim) // cells, _MOST)

    @property
    def has_few_sections(self) -> bool:
        """Whether a single stage is counted sooner on the sections of the domain than by dictionaries."""
        if self.dim < MANY_DIMS or self.corners <= 1:
            return True
        return 4 * self.units >= 7 * self.dim and self.dim < (10 if self.walls else 12)


def _automatic(problem: Problem, shape: Shape, *, has_cells: bool) -> tuple[str, str]:
    """The engine for a problem, and the reason."""
    if not has_cells and problem.domain is None and generic_regions(shape.units, shape.dim) < MANY_FLATS:
        return AUTO, "a network of one stage is counted on the flats of its hyperplanes, without cells"
    if not has_cells and problem.domain is not None:
        if shape.has_few_sections:
            return AUTO, "a network of one stage is counted on sections of the domain, without cells"
        return "dictionaries", f"sections of a domain in {shape.dim} dimensions have many vertices"
    if shape.dim >= MANY_DIRECTIONS:
        has = f"there are {shape.dim} essential dimensions"
        return "dictionaries", f"{has}; auto takes dictionaries from {MANY_DIRECTIONS} on"
    if shape.corners >= MANY_CORNERS:
        name, has = "dictionaries", f"the domain has about {figure(shape.corners)} corners"
        return name, f"{has}; auto takes dictionaries from {MANY_CORNERS} on"
    name = "dictionaries" if shape.cell_generators >= MANY_GENERATORS else AUTO
    has = f"cells have about {figure(shape.cell_generators)} generators"
    return name, f"{has}; auto takes dictionaries from {MANY_GENERATORS} on"
