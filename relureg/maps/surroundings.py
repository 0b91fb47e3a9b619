"""How dense regions are around data points: of each point those in its ball, its nearest facet, its unstable units."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from relureg import stopping
from relureg.arguments import checked, whole_number
from relureg.complex.enumeration import enumerate_problem
from relureg.complex.neighbourhood import around_problem, box_around, centre_on, unstable_units
from relureg.complex.sides import iter_signs_at
from relureg.engine.limits import MAX_JOBS, Limits, Workers, num_cores
from relureg.engine.records import Point
from relureg.errors import CheckFailedError, ReluregError, UsageError
from relureg.exact.numbers import as_double
from relureg.frozen import Frozen
from relureg.maps.nearest import nearest_facet_exactly, nearest_facets
from relureg.maps.points import LARGEST
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.network.slices import Slice

_AT_ONCE = 256
"""Points whose nearest facets are found in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings(Frozen):
    """What is around one of several points."""

    row: int
    """The number of the point, from 0."""
    num_regions: int
    """Regions in the ball; a proven lower bound where `stopped_by` is not None."""
    num_unstable_units: int
    """Units that have not the same sign in all these regions."""
    distance: float
    """To the nearest facet of the region of the point, Euclidean, the nearest double; inf where it has none."""
    unit: int
    """The unit that vanishes on that facet, decided exactly; the lowest of several, -1 where there is none."""
    stopped_by: str | None
    """The limit that was reached before all regions were found."""


@checked
def iter_surroundings(
    network: Network,
    points: Sequence[Sequence[Any]],
    domain: Domain | None = None,
    *,
    radius: int | None = None,
    box_radius: float | Fraction | None = None,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Surroundings]:
    """Regions around each of many points, point after point, in their order.

    Parameters
    ----------
    network : Network
    points : sequence of n sequences of d numbers
        Floats are taken as the dyadic rationals they are; fractions are exact, too.
    domain : Domain, optional
        Only the part of the complex inside; all points must lie in it. Its boundary is no facet: `distance` is that to
        the nearest facet of the region in the whole space, or, where the domain fixes inputs, in the inputs left.
    radius : int, optional
        The ball: the regions within that many facets of the region of the point; 1 where nothing else is said.
    box_radius : float or Fraction, optional
        Instead, the regions that meet the open box of this half side around the point.
    max_regions : int, optional
        The nearest so many; with `radius` or `box_radius` a limit.
    timeout : float, optional
        Seconds for each point.
    jobs : int, optional
        Points at once, a thread each; as many as there are cores when left out. The rows do not depend on it.
    progress : callable, optional
        Called with the number of points that are done.

    Raises
    ------
    DomainError
        A point lies outside the domain, or the domain has no interior; says which point.
    UsageError
        A point does not fit the network, or `box_radius` is given along with `radius`.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> [(one.num_regions, one.unit) for one in iter_surroundings(xor, [[0.25, 0.25], [-0.25, 0]], radius=1)]
    [(2, 1), (3, 1)]
    """
    flat, problem = Problem(network=network, domain=domain).restriction()
    limits = Limits(max_regions=max_regions, timeout=timeout)
    yield from iter_surroundings_in(
        problem, points, flat=flat, radius=radius, box_radius=box_radius, limits=limits, jobs=jobs, progress=progress
    )


def iter_surroundings_in(
    problem: Problem,
    points: Sequence[Sequence[Any]],
    *,
    flat: Slice | None = None,
    radius: int | None = None,
    box_radius: float | Fraction | None = None,
    limits: Limits = Limits(),
    jobs: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Surroundings]:
    """`iter_surroundings` of a problem that is restricted to a flat, in whose space the points are given."""
    if radius is not None and box_radius is not None:
        raise UsageError("radius counts facets and box_radius measures inputs; give one of them")
    jobs = num_cores() if jobs is None else whole_number("jobs", jobs, least=1, most=MAX_JOBS)
    ball = _Ball(problem, flat, radius, box_radius, limits)
    waiting: deque[Future[Surroundings]] = deque()
    pool = ThreadPoolExecutor(min(jobs, max(len(points), 1)))
    done = 0
    try:
        for row, (point, facet) in enumerate(_iter_nearest(problem, points, flat)):
            # Each thread has the limits that are in force here.
            waiting.append(pool.submit(contextvars.copy_context().run, ball.around, row, point, facet))
            while len(waiting) > 2 * jobs or (waiting and waiting[0].done()):
                yield waiting.popleft().result()
                done += 1
                if progress is not None:
                    progress(done)
            if stopping.reason() is not None:
                break
        while waiting:
            yield waiting.popleft().result()
            done += 1
            if progress is not None:
                progress(done)
    finally:
        for future in waiting:
            future.cancel()
        with stopping.shielded():
            pool.shutdown()


def _iter_nearest(
    problem: Problem, points: Sequence[Sequence[Any]], flat: Slice | None
) -> Iterator[tuple[Sequence[Any], tuple[float, int]]]:
    """Each point, with the distance of its nearest facet and the unit on it."""
    network = problem.network
    for start in range(0, len(points), _AT_ONCE):
        part = points[start : start + _AT_ONCE]
        centres = [_at_row(start + k, lambda p=p: centre_on(problem, p, flat)) for k, p in enumerate(part)]  # type: ignore[misc]
        doubles = [[as_double(x) for x in centre] for centre in centres]
        is_plain = [all(x is not None and abs(x) <= LARGEST for x in row) for row in doubles]
        found: dict[int, tuple[float, int]] = {}
        if any(is_plain):
            which = np.flatnonzero(is_plain).tolist()
            near = nearest_facets(network, np.array([doubles[k] for k in which], dtype=np.float64))
            found = dict(zip(which, zip(near.distance.tolist(), near.unit.tolist(), strict=True), strict=True))
        for k, point in enumerate(part):
            yield point, found[k] if k in found else _nearest_of_fractions(network, centres[k])


def nearest_facet_of(network: Network, centre: Point) -> tuple[float, int]:
    """The distance of the nearest facet of one point, and the unit on it, as `Surroundings` has them."""
    doubles = [as_double(x) for x in centre]
    if all(x is not None and abs(x) <= LARGEST for x in doubles):
        near = nearest_facets(network, np.array([doubles], dtype=np.float64))
        return float(near.distance[0]), int(near.unit[0])
    return _nearest_of_fractions(network, centre)


def _nearest_of_fractions(network: Network, centre: Point) -> tuple[float, int]:
    """The nearest facet of a point that is not one of doubles."""
    signs = next(iter_signs_at(Problem(network=network), centre), None)
    if signs is None:
        raise CheckFailedError("no region was found at a point; please report it")
    return nearest_facet_exactly(network, centre, signs)


def _at_row(row: int, find: Callable[[], Any]) -> Any:
    """What `find` finds; its errors say of which point."""
    try:
        return find()
    except ReluregError as error:
        raise error.within(f"point {row:,}") from error


@dataclass(frozen=True, slots=True)
class _Ball:
    """What is looked for around each point."""

    problem: Problem
    flat: Slice | None
    radius: int | None
    box_radius: float | Fraction | None
    limits: Limits

    def around(self, row: int, point: Sequence[Any], facet: tuple[float, int]) -> Surroundings:
        regions, unstable, stopped_by = _at_row(row, lambda: self._count(point))
        return Surroundings(
            row=row, num_regions=regions, num_unstable_units=unstable, distance=facet[0], unit=facet[1],
            stopped_by=stopped_by,
        )  # fmt: skip

    def _count(self, point: Sequence[Any]) -> tuple[int, int, str | None]:
        """Regions, units that have not the same sign in all of them, and the limit that was reached."""
        one_thread = Workers(jobs=1)
        if self.box_radius is None:
            near = around_problem(
                self.problem, point, flat=self.flat, radius=self.radius, limits=self.limits, workers=one_thread
            )
            stopped_by = near.cut_short_by(radius=self.radius, box_radius=None, max_regions=self.limits.max_regions)
            return near.num_regions, len(near.unstable_units), stopped_by
        # The regions that meet the open box are those of the network in it.
        box = box_around(self.problem, point, self.flat, self.box_radius)
        cells = enumerate_problem(
            Problem(network=self.problem.network, domain=box), limits=self.limits, workers=one_thread
        )
        return cells.num_regions, len(unstable_units(cells.records)), cells.stopped_by
