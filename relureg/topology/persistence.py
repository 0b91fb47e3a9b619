"""Persistent homology of the sublevel sets of a piecewise linear function on a complex.

Outputs and units are affine on each region, so on each simplex of its triangulation. Then {f <= t} is deformed onto the
simplices all of whose vertices have values of at most t ([EH10, Section VI.3]), and the lower-star filtration of the
triangulation has the same persistent homology as the sublevel sets themselves: nothing is sampled. The distance from a
region filters by unions of closed regions.

GUDHI sorts simplices by doubles. They are given it as ranks among the exact values, so that the order is exact; births
and deaths are looked up by their ranks.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.arguments import checked
from relureg.complex.checks import Check
from relureg.complex.coordinates import exact_vertices
from relureg.complex.triangulation import Triangulation, triangulate
from relureg.errors import UsageError
from relureg.exact.numbers import nearest_double
from relureg.frozen import Frozen
from relureg.packages import needing
from relureg.showing import Shown
from relureg.topology.bottleneck import bottleneck
from relureg.topology.filtration import FilterKind, Filtration, vertex_values
from relureg.words import plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from relureg.complex.complex import Complex


@dataclass(frozen=True, slots=True, kw_only=True)
class PersistencePair:
    """A homology class of sublevel sets, from the value at which it is born to that at which it dies."""

    dimension: int
    """0 for a component, 1 for a hole, 2 for a void."""
    birth: Fraction
    death: Fraction | None
    """None for a class that never dies."""

    @property
    def persistence(self) -> Fraction | None:
        """``death - birth``; None for a class that never dies."""
        return None if self.death is None else self.death - self.birth


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PersistenceDiagram(Shown, Frozen):
    """The classes of all dimensions, over the integers modulo 2; those that die at birth are left out.

    Examples
    --------
    >>> import relureg
    >>> box = relureg.Domain.box([0], [1])
    >>> saw = relureg.enumerate_regions(relureg.load("fixtures/truth/saw_3.json"), box)
    >>> diagram = relureg.persistence(saw)
    >>> diagram
    <PersistenceDiagram of output:0: 5 classes>
    >>> [(pair.dimension, str(pair.birth), str(pair.death)) for pair in diagram.pairs[-2:]]
    [(0, '0', '1'), (0, '0', 'None')]
    """

    name: str
    """The network."""
    by: str
    """The filtration: ``output:0``."""
    pairs: tuple[PersistencePair, ...]
    """By dimension, then birth, then death, those that never die last."""
    num_simplices: int
    """Simplices of the triangulation, of all dimensions."""
    least: Fraction
    """The least value, at which the filtration begins."""
    largest: Fraction
    """The largest, at which it is all of the domain."""

    def of_dimension(self, dimension: int) -> tuple[PersistencePair, ...]:
        """The classes of one dimension."""
        return tuple(pair for pair in self.pairs if pair.dimension == dimension)

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Those that have classes, ascending."""
        return tuple(sorted({pair.dimension for pair in self.pairs}))

    def betti(self, value: Fraction | float, dimension: int) -> int:
        """The Betti number of the sublevel set at a value: the classes born by then that live beyond it."""
        return sum(
            pair.birth <= value and (pair.death is None or pair.death > value) for pair in self.of_dimension(dimension)
        )

    @property
    def points(self) -> NDArray[np.float64]:
        """(P, 3): dimension, birth and death of each class in doubles, infinite for one that never dies."""
        rows = [
            (pair.dimension, nearest_double(pair.birth), np.inf if pair.death is None else nearest_double(pair.death))
            for pair in self.pairs
        ]
        return np.array(rows, dtype=np.float64).reshape(-1, 3)

    @property
    def check(self) -> Check:
        """One component, born at the least value, never dies, and nothing else does: the domain is convex."""
        forever = [(pair.dimension, pair.birth) for pair in self.pairs if pair.death is None]
        detail = f"{plural(len(forever), 'class')} of the whole domain, which is contractible"
        return Check(name="contractible", passed=forever == [(0, self.least)], detail=detail)

    @checked
    def bottleneck_distance(self, other: PersistenceDiagram, dimension: int = 0) -> Fraction | None:
        """The bottleneck distance to another diagram in one dimension, exactly; None where it is infinite.

        For two functions on one domain it is at most the largest difference of their values [CEH07].

        Raises
        ------
        LimitReachedError
            The diagrams have too many classes for their differences to be held.
        MissingPackageError
            SciPy is not installed.
        """
        return bottleneck(
            [(pair.birth, pair.death) for pair in self.of_dimension(dimension)],
            [(pair.birth, pair.death) for pair in other.of_dimension(dimension)],
        )

    def plot(self, *, theme: str = "light") -> Figure:
        """The diagram as a figure of matplotlib: births to the right, deaths upwards.

        Raises
        ------
        UsageError
            There is no such theme.
        MissingPackageError
            Matplotlib is not installed.
        """
        figure: Figure = importlib.import_module("relureg.plots.diagram").diagram_figure(self, theme=theme)
        return figure

    def __repr__(self) -> str:
        return f"<PersistenceDiagram of {self.by}: {plural(len(self.pairs), 'class')}>"


@checked
def persistence(cells: Complex, by: str = "output:0") -> PersistenceDiagram:
    """The persistent homology of a complex in a bounded domain.

    Parameters
    ----------
    cells : Complex
        In a bounded domain: on the whole space a sublevel set may be unbounded, and would be cut off somewhere.
    by : str, optional
        ``output:K``; ``unit:STAGE:UNIT`` for the pre-activation of a unit (stages from 1, units from 0); or
        ``distance:REGION`` for the steps in the region graph from a region.

    Raises
    ------
    UsageError
        There is no such output, unit or region, or the domain is not bounded.
    LimitReachedError
        The complex is not complete, or there are too many simplices.
    MissingPackageError
        GUDHI is not installed.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    >>> cells = relureg.enumerate_regions(network, relureg.Domain.box([-2, -2], [2, 2]))
    >>> [(pair.dimension, pair.birth, pair.death) for pair in relureg.persistence(cells, "distance:3").pairs]
    [(0, Fraction(0, 1), None)]
    """
    filtration = Filtration.parse(by, cells.network, cells.num_regions)
    if cells.domain is None or cells.num_unbounded:
        raise UsageError("persistent homology needs a bounded domain, such as a box (--box)")
    graph = cells.graph  # raises where the complex is not complete
    with needing("persistent homology needs GUDHI", "topology"):
        import gudhi
    generators = cells.incidences
    points, numbers = exact_vertices(cells.problem, cells.records, generators)
    triangulation = triangulate(generators, numbers, cells.essential_dim)
    stopping.check()
    tree = gudhi.SimplexTree()
    if filtration.kind is FilterKind.DISTANCE:
        steps = graph.distances_from(filtration.number)
        tree.insert_batch(triangulation.simplices.T, steps[triangulation.region].astype(np.float64))
        values = [Fraction(step) for step in range(int(steps.max()) + 1)]
    else:
        at_vertices = vertex_values(cells, filtration, points, numbers)
        values = sorted(set(at_vertices))
        _insert_lower_stars(tree, triangulation, at_vertices, values)
    stopping.check()
    tree.compute_persistence(homology_coeff_field=2, min_persistence=0, persistence_dim_max=True)
    return PersistenceDiagram(
        name=cells.network.name,
        by=filtration.text,
        pairs=tuple(sorted(_pairs(tree, values, cells.essential_dim), key=_order)),
        num_simplices=tree.num_simplices(),
        least=values[0],
        largest=values[-1],
    )


def _insert_lower_stars(
    tree: Any, triangulation: Triangulation, at_vertices: list[Fraction], values: list[Fraction]
) -> None:
    """All simplices, each at the largest rank of its vertices."""
    rank = {value: number for number, value in enumerate(values)}
    tree.insert_batch(triangulation.simplices.T, np.full(len(triangulation.simplices), -1.0))
    for vertex, value in enumerate(at_vertices):
        tree.assign_filtration([vertex], float(rank[value]))
    tree.make_filtration_non_decreasing()


def _pairs(tree: Any, values: list[Fraction], dim: int) -> Iterator[PersistencePair]:
    for dimension in range(dim + 1):
        for birth, death in tree.persistence_intervals_in_dimension(dimension):
            yield PersistencePair(
                dimension=dimension,
                birth=values[int(birth)],
                death=None if np.isinf(death) else values[int(death)],
            )


def _order(pair: PersistencePair) -> tuple[int, Fraction, bool, Fraction]:
    return pair.dimension, pair.birth, pair.death is None, pair.death or Fraction(0)
