"""Which engine is taken for a problem, and the numbers by which ``auto`` decides."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from relureg.engine.reach import Reach, reach_of
from relureg.families.arrangements import generic_regions
from relureg.network.problem import Problem
from relureg.words import figure

AUTO = "split"
"""The engine that ``auto`` stands for, but where cells have many generators or there are many dimensions."""

MANY_GENERATORS = 345
"""The splitter holds a cell by its vertices and directions, dictionaries hold one vertex. Of n hyperplanes in general
position in R^d a cell has C(n + 1, d) 2^d of them over the number of cells, on average; walls of the domain are among
them. On the whole space and in half-infinite domains, regions a second of dictionaries over those of the splitter: 0.5
at 245 (9-16-8), 0.5 at 339 (10-16-8), 2.1 at 348 (9-20-8), 5 at 442 (20-22-4); 0.6 at 365 (9-12-12, inputs from 0 on),
4 at 671 (10-12-8, likewise)."""

MANY_BETWEEN_SLABS = 150
"""The same where slabs bound the domain in some directions or in all, and dictionaries ask less often whether cells are
bounded: 0.2 to 0.7 at up to 147 (d = 8 to 14), 1.0 at 163 (8-12-12 between 3 slabs), 2.0 at 181 and 4.0 at 205 (between
4 and 6), 15 at 250 (14-14-4 between 2). A box has 108 to 128 in 7 dimensions, 0.4 to 1.0, and 152 to 256 in 8, 3.1."""

MANY_BETWEEN_WALLS = 100
"""The same where walls bound the domain that are not parallel, by which the splitter has to cut first: 0.6 to 1.4 at
56 to 63 (d = 6), 0.7 to 3.7 at 111 to 126 (d = 7), 1.9 to 9 at 203 to 236 (d = 8)."""

MANY_DIRECTIONS = 200
"""Essential dimensions from which on the splitter, which cuts as many lines and keeps the cells on the way, takes too
much memory: 200 MB in 200-200-4 on the whole space, and as their cube. Up to there it is ahead where cells have few
vertices: 5,000 regions of 64-64-4 after 0.07 s of processor time where dictionaries have 2,300 after 2 s, 2,000 of
200-200-4 after 1.3 s where these have 300 after 4.5 s."""

MANY_FLATS = 10**10
"""A network of one stage is counted on flats, without cells: the best in any dimension, up to about so many regions."""

FEW_DIMS = 7
"""In a domain, those flats are sections of it, which are few in up to so many dimensions. Further on they pay where
there are units enough, 8/5 of the dimensions: 7.6 times as fast as dictionaries on 8-20 in [-1, 1]^8, and 0.04 times on
9-12. From 11 dimensions of a box on, or 13 of other domains, sections have too many vertices: 0.3 on 11-22 in a box,
0.003 on 13-20 between 3 slabs; so they have between many walls."""

MANY_CORNERS = 250
"""So many corners of a domain between walls: 5 and 3 times as fast on 8-30 and 9-30 at 173 and 199, 0.1 and less at 374
and 580 (9-20 and 10-20)."""

MANY_OPEN_DIMS = 17
"""A domain without slabs that has one corner at most is a cone, more or less: 1.8 to 6 times as fast in 14 to 16
dimensions, 0.004 times on 20-24 with 6 inputs from 0 on."""

FEW_REGIONS = 40_000
"""A cell that is counted is searched as well, to compare, if it has no more than 4,096 regions (`kFirstCell` of the
splitter), up to 40,000 as `Reach` tells them. Then that search is what takes the time, as if there were cells, and
dictionaries are ahead: 9 times as fast at 125 generators (7-20 between 40 tangents of a ball), 9 to 30 times at 478
(9-24 in [-0.2, 0.2]^9 and [-0.35, 0.35]^9), 80 times at 918 (10-20 in [-0.4, 0.4]^10)."""

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
    cutting_units: int
    """Units of the first stage whose hyperplanes cut the domain, about; all of them where that is not known."""

    @property
    def line(self) -> str:
        """All of it in one line."""
        numbers = (
            f"{self.essential_inputs} essential inputs, {self.walls} walls, {self.units} units, "
            f"{self.cutting_units} of the first stage cut the domain, about "
            f"{figure(self.corners)} corners of the domain, {figure(self.cell_generators)} generators of a cell of the "
            "first stage"
        )
        return f"engine {self.engine}: {self.reason} ({numbers})"


def choose_name(asked: str, problem: Problem, *, visits: bool = False) -> EngineChoice:
    """The engine that a name stands for; whether there is one of that name is not looked at.

    Where the regions are not only counted but visited, there are cells of one stage, too.
    """
    slabs = 0 if problem.domain is None else problem.domain.num_slabs
    units = problem.network.widths[0] if problem.network.stages else 0
    reach = reach_of(problem)
    shape = Shape(
        dim=problem.essential_dim,
        slabs=slabs,
        walls=problem.num_walls - 2 * slabs,
        units=units,
    )
    has_cells = visits or len(problem.network.stages) != 1
    name, reason = asked, "as asked for"
    if asked == "auto":
        name, reason = _automatic(problem, shape, reach, has_cells=has_cells)
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
        cutting_units=units if reach is None else reach.num_cutting,
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
    def is_open(self) -> bool:
        """Whether no slab bounds the domain, nor walls that have several corners."""
        return not self.slabs and self.corners <= 1

    @property
    def many_generators(self) -> int:
        """So many generators of a cell are dictionaries' to search."""
        if self.is_open:
            return MANY_GENERATORS
        return MANY_BETWEEN_SLABS if self.slabs else MANY_BETWEEN_WALLS

    @property
    def has_few_sections(self) -> bool:
        """Whether a single stage is counted sooner on the sections of the domain than by dictionaries."""
        if self.dim <= FEW_DIMS:
            return True
        if self.corners <= 1:
            return self.dim < (13 if self.slabs else MANY_OPEN_DIMS)
        if 5 * self.units < 8 * self.dim:
            return False
        return self.dim < 11 if self.slabs == self.dim else self.dim < 13 and self.corners < MANY_CORNERS


def _automatic(problem: Problem, shape: Shape, reach: Reach | None, *, has_cells: bool) -> tuple[str, str]:
    """The engine for a problem, and the reason."""
    if not has_cells and problem.domain is None and generic_regions(shape.units, shape.dim) < MANY_FLATS:
        return AUTO, "a network of one stage is counted on the flats of its hyperplanes, without cells"
    if not has_cells and problem.domain is not None:
        if not shape.has_few_sections:
            return "dictionaries", f"sections of a domain in {shape.dim} dimensions have many vertices"
        if reach is None or not reach.has_at_most(FEW_REGIONS):
            return AUTO, "a network of one stage is counted on sections of the domain, without cells"
    if shape.dim >= MANY_DIRECTIONS:
        has = f"there are {shape.dim} essential dimensions"
        return "dictionaries", f"{has}; auto takes dictionaries from {MANY_DIRECTIONS} on"
    name = "dictionaries" if shape.cell_generators >= shape.many_generators else AUTO
    has = f"cells have about {figure(shape.cell_generators)} generators"
    return name, f"{has}; auto takes dictionaries from {shape.many_generators} on"
