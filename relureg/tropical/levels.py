"""Level sets of a network: the decision boundary and its two sides, and their tropical counterparts.

For ``nu = F - G`` and a level c the boundary {nu = c} lies in the hypersurface of ``max(F, G + c)``, except where nu
equals c on a whole region, and {nu > c} has at most N(F) components, {nu < c} at most N(G), for on each of them
another set of monomials is maximal ([ZNL18], Proposition 6.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked, finite, index
from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_regions
from relureg.complex.facets import facet_units
from relureg.engine.limits import Progress
from relureg.engine.records import Point
from relureg.errors import CheckFailedError
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network, Stage
from relureg.tropical.polynomial import TropicalPolynomial
from relureg.tropical.rational_function import TropicalRational


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSet:
    """The sides of one output's level, on the exact complex."""

    level: Fraction
    positive_components: int
    """Connected components of {nu > level}."""
    negative_components: int
    """Connected components of {nu < level}."""
    flat_regions: int
    """Activation regions on the whole of which nu is the level."""
    boundary_points: tuple[Point, ...]
    """Exact points with nu = level."""


@checked
def level_set(
    network: Network,
    function: TropicalRational,
    *,
    output: int = 0,
    level: Fraction | int = 0,
    max_points: int = 100,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> LevelSet | None:
    """The level set of one output, from the complex of the network with ``nu - level`` as one more unit.

    Parameters
    ----------
    network : Network
    function : TropicalRational
        The tropical form of that output, by which the exact boundary points are found.
    output : int, optional
    level : rational, optional
    max_points : int, optional
        Most boundary points that are looked for.

    Returns
    -------
    LevelSet or None
        None when the time ran out.

    Examples
    --------
    >>> import relureg
    >>> from relureg.tropical.rational_map import tropical_map
    >>> hat = relureg.Network.from_layers([[[1], [1], [1]], [[1, -2, 1]]], [[0, -1, -2], [0]])
    >>> found = level_set(hat, tropical_map(hat).outputs[0], level=Fraction(1, 2))
    >>> found.positive_components, found.negative_components, [str(x) for (x,) in found.boundary_points]
    (1, 2, ['1/2', '3/2'])
    """
    exact = finite("level", level)
    cells = enumerate_regions(_with_level(network, output, exact), timeout=timeout, jobs=jobs, progress=progress)
    if not cells.complete:
        return None
    side = cells.records.signs[:, -1]
    return LevelSet(
        level=exact,
        positive_components=_num_components(cells, side > 0),
        negative_components=_num_components(cells, side < 0),
        flat_regions=int((side == 0).sum()),
        boundary_points=_boundary_points(cells, function, exact, max_points),
    )


def off_hypersurface(function: TropicalRational, level: LevelSet) -> Point | None:
    """A boundary point off the hypersurface of ``max(F, G + c)``, which must not be; None where there is none.

    A point at which F and G + c have one and the same monomial lies in a region where nu is the level.
    """
    shifted = function.denominator.shifted(level.level)
    together = (function.numerator + shifted).pruned()
    for point in level.boundary_points:
        if len(together.maximal(point)) > 1:
            continue
        above = {_term(function.numerator, index) for index in function.numerator.maximal(point)}
        below = {_term(shifted, index) for index in shifted.maximal(point)}
        if not above & below:
            return point
    return None


def _with_level(network: Network, output: int, level: Fraction) -> Network:
    row = network.output.entries(np.array([index(output, network.output_dim, "output")]))
    form = type(row)(constant=row.constant - RationalMatrix.from_fractions([[level]], 1), terms=row.terms)
    return network.replace(stages=(*network.stages, Stage(pre_activation=form, name="level")))


def _num_components(cells: Complex, chosen: np.ndarray) -> int:
    """Components of the open set made of regions and of the facets between them on which nu is not the level."""
    from networkx import Graph, number_connected_components

    last = cells.network.num_units - 1
    graph = Graph()
    graph.add_nodes_from(np.flatnonzero(chosen).tolist())
    pairs = cells.facets.regions
    for facet in np.flatnonzero(chosen[pairs].all(axis=1)).tolist():
        if last not in facet_units(cells.records, int(cells.facets.record[facet])):
            graph.add_edge(*pairs[facet].tolist())
    return int(number_connected_components(graph))


def _boundary_points(cells: Complex, function: TropicalRational, level: Fraction, max_points: int) -> tuple[Point, ...]:
    """One point on the segment between the points of two neighbours on different sides of the level."""
    side = cells.records.signs[:, -1]
    pairs = cells.facets.regions
    crossing = np.flatnonzero(side[pairs].prod(axis=1) < 0)
    if len(crossing) > max_points:
        crossing = crossing[np.linspace(0, len(crossing) - 1, max_points).astype(int)]
    return tuple(_root(function, cells.point(int(a)), cells.point(int(b)), level) for a, b in pairs[crossing])


def _root(function: TropicalRational, start: Point, end: Point, level: Fraction) -> Point:
    """A point between two with values on different sides of the level, exactly at the level."""

    def at(t: Fraction) -> Point:
        return tuple(a + t * (b - a) for a, b in zip(start, end, strict=True))

    rising = function(start) < level
    low, high = Fraction(0), Fraction(1)
    while True:
        middle = (low + high) / 2
        value = function(at(middle))
        slope = _slope(function, at(middle), [b - a for a, b in zip(start, end, strict=True)])
        if slope:
            guess = middle + (level - value) / slope
            if low <= guess <= high and function(at(guess)) == level:
                return at(guess)
        elif value == level:
            return at(middle)
        if high - low < Fraction(1, 1 << 4000):
            raise CheckFailedError("no boundary point between two points on different sides of a level")
        if (value < level) == rising:
            low = middle
        else:
            high = middle


def _slope(function: TropicalRational, point: Point, direction: list[Fraction]) -> Fraction:
    """The slope of a piece at a point, along a direction."""

    def along(polynomial: TropicalPolynomial) -> Fraction:
        _, *exponents = _term(polynomial, polynomial.maximal(point)[0])
        return sum((a * v for a, v in zip(exponents, direction, strict=True)), Fraction(0))

    return along(function.numerator) - along(function.denominator)


def _term(polynomial: TropicalPolynomial, index: int) -> tuple[Fraction, ...]:
    (row,) = polynomial.monomials.rows([index]).fractions()
    return tuple(row)
