"""Sign vectors of regions that are named by where they lie: behind a facet, or at a point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import exact_maps
from relureg.engine.limits import Watch
from relureg.engine.records import Point
from relureg.engine.single_regions import SingleRegions
from relureg.errors import CheckFailedError, DomainError
from relureg.exact.rational import RationalMatrix
from relureg.network.evaluation import last_value
from relureg.network.model import Network
from relureg.network.problem import Problem

_DIRECTIONS = 16
"""Random directions from a point that lies on the boundary of regions, one of which must lead into one."""


def signs_behind(network: Network, signs: NDArray[np.int8], units: Sequence[int]) -> NDArray[np.int8]:
    """(N,): the sign vector behind a facet on which these units vanish, of the region with `signs`.

    Whatever does not vanish on the facet keeps its sign. A single unit changes it: all stages before its own are the
    same on both sides, so that it is affine across the facet. Where there are more units, let d point across the
    facet. What vanishes on it is ``c n . x`` behind it, n being the facet's normal, so it has the sign of its slope
    along d, which goes from stage to stage with the units that are active there.

    Raises
    ------
    CheckFailedError
        None of the units has a sign in the region.
    """
    if len(units) == 1:
        behind = signs.copy()
        behind[units[0]] = -signs[units[0]]
        return behind
    first = next((unit for unit in units if signs[unit]), None)
    if first is None:
        raise CheckFailedError("a facet has no unit that changes its sign")
    row = exact_maps(network, signs)[0].rows([first]).matrix
    across = row.T if signs[first] < 0 else -row.T
    vanishing = np.zeros(network.num_units, dtype=np.bool_)
    vanishing[list(units)] = True

    def sides(place: slice, slopes: RationalMatrix) -> NDArray[np.int8]:
        return np.where(vanishing[place], _signs(slopes.numerators[:, 0]), signs[place])

    return _along_stages(network, across, RationalMatrix.zeros(1, 1), sides)


def iter_signs_at(problem: Problem, point: Point) -> Iterator[NDArray[np.int8]]:
    """Sign vectors of which one, mostly the first, is that of a region whose closure holds the point.

    It is the point's own; on the boundary of regions, that of one which a direction leads into, unless the direction
    happens to be parallel to a hyperplane there.

    Raises
    ------
    DomainError
        The point lies outside the domain, or the domain has no interior.
    """
    network, domain = problem.network, problem.domain
    walls = [] if domain is None else domain.exact_signs(list(point))
    if any(sign < 0 for sign in walls):
        raise DomainError("the point lies outside the domain")
    signs = network.exact_signs(list(point))
    if all(walls) and signs.all():
        yield signs
        return
    random = np.random.default_rng(0)
    inwards = _inwards(problem, point)
    for attempt in range(_DIRECTIONS):
        aside = random.integers(-999, 1000, size=len(point)).tolist()
        share = Fraction(1, 1000 << 2 * attempt) if domain is not None else Fraction(1)
        direction = [[x + share * y] for x, y in zip(inwards, aside, strict=True)]
        column = RationalMatrix.from_fractions(direction, 1)
        if domain is not None:
            slopes = (domain.normals @ column).numerators[:, 0]
            if any(not sign and slope <= 0 for sign, slope in zip(walls, slopes, strict=True)):
                continue
        yield _signs_beside(network, point, column)


def _inwards(problem: Problem, point: Point) -> list[Fraction]:
    """From a point to one inside the domain, found by the search for many inputs; 0 without a domain."""
    if problem.domain is None:
        return [Fraction(0)] * len(point)
    no_units = Network.from_layers([np.zeros((1, len(point)))], [np.zeros(1)])
    whole = SingleRegions(Problem(network=no_units, domain=problem.domain), Watch(), jobs=1)
    inside = whole.find_one(np.zeros(0, dtype=np.int8))
    if inside is None:
        raise DomainError("the domain has no interior")
    return [there - x for there, x in zip(inside.point(0), point, strict=True)]


def _signs_beside(network: Network, point: Point, direction: RationalMatrix) -> NDArray[np.int8]:
    """(N,): the signs a little beside a point: of the values there, else of their slopes."""

    def sides(place: slice, values: RationalMatrix) -> NDArray[np.int8]:
        at, slope = values.numerators.T
        here = _signs(at)
        return np.where(here != 0, here, _signs(slope))

    start = RationalMatrix.from_fractions([[x] for x in point], 1)
    both = RationalMatrix.hstack([start, direction], len(point))
    return _along_stages(network, both, RationalMatrix.identity(2).rows([0]), sides)


def _along_stages(
    network: Network,
    inputs: RationalMatrix,
    one: RationalMatrix,
    sides: Callable[[slice, RationalMatrix], NDArray[np.int8]],
) -> NDArray[np.int8]:
    """(N,): the signs of all units, where those of a stage follow from its values; positive units are active."""
    signs = np.zeros(network.num_units, dtype=np.int8)

    def active(stage: int, values: RationalMatrix) -> RationalMatrix:
        place = network.units_of(stage)
        signs[place] = sides(place, values)
        return values.masked_rows(signs[place] > 0)

    last_value(network.forms, inputs, lambda form, sources: form.evaluate(one, sources), active)
    return signs


def _signs(numbers: NDArray[np.object_]) -> NDArray[np.int8]:
    return np.array([(n > 0) - (n < 0) for n in numbers], dtype=np.int8)
