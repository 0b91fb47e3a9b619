"""The regions around a point: breadth first over proven facets, in any number of dimensions.

Where counting all regions is hopeless, those near a point can still be had exactly: each region is found by itself,
with its facets (`relureg.engine.single_regions`), and behind a facet lies the region whose signs differ where they
vanish there. The result is a `Complex` of some regions, which knows what leads out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked, whole_number
from relureg.complex.checks import Check, facet_count
from relureg.complex.complex import Complex
from relureg.complex.facets import Facets, facet_units, match_facets
from relureg.complex.region_checks import watertight
from relureg.complex.sides import iter_signs_at, signs_behind
from relureg.engine.gathering import join
from relureg.engine.limits import Limits, Progress, Report, Watch, Workers, watching
from relureg.engine.records import Point, Records
from relureg.engine.single_regions import SingleRegions
from relureg.errors import CheckFailedError, DomainError, UsageError
from relureg.exact.numbers import as_fraction, exact_point
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.network.slices import Slice

RADIUS = 1
"""Facets from the region of the point, where nothing else is said."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Neighbourhood(Complex):
    """Regions around a point, with what leads out of them.

    It is asked like a whole complex: regions, polyhedra, affine maps, facets and graph are those of the regions here.
    Facets behind which a region lies that is not here are `leading_out`; `degrees` counts them, `RegionGraph.degrees`
    does not. What needs all regions (faces, linear regions) raises `LimitReachedError`.

    Examples
    --------
    >>> import relureg
    >>> near = relureg.regions_around(relureg.load("fixtures/truth/int_2-6-6-1.json"), [0, 0], radius=2)
    >>> near
    <Neighbourhood in 'int_2-6-6-1': 15 regions, 21 facets lead out>
    >>> near.distance.tolist()
    [2, 2, 2, 1, 2, 2, 1, 2, 0, 1, 1, 2, 2, 1, 2]
    """

    centre: Point
    """The point, in the d inputs of `network`."""
    distance: NDArray[np.int32]
    """(R,): facets to be crossed on the way from the region of the point, through regions that are here."""
    limit: str | None = field(default=None)
    """The limit that ended the search before it was through; None where all are here that were meant."""

    @cached_property
    def facets(self) -> Facets:
        """The facets, each once; those that lead out are `Facets.unmatched`."""
        return match_facets(self.records)

    @property
    def leading_out(self) -> NDArray[np.int64]:
        """(M,): rows of the records' facet columns, of the facets behind which no region is that is here."""
        return self.facets.unmatched

    @property
    def degrees(self) -> NDArray[np.int64]:
        """(R,): the facets of each region, those on the domain's boundary left out: its degree in the whole graph."""
        inner = self.records.facet_region[~self.records.facet_on_boundary]
        return np.bincount(inner, minlength=self.num_regions)

    @property
    def num_leading_out(self) -> NDArray[np.int64]:
        """(R,): the facets of each region that lead out."""
        return np.bincount(self.records.facet_region[self.leading_out], minlength=self.num_regions)

    @cached_property
    def signs_beyond(self) -> NDArray[np.int8]:
        """(B, N): the sign vectors of the regions that are not here, and have a facet in common with one that is."""
        found = {signs.tobytes(): signs for signs in map(self.pattern_behind, self.leading_out.tolist())}
        beyond = sorted(found.values(), key=lambda signs: signs.tolist())
        return np.array(beyond, dtype=np.int8).reshape(-1, self.network.num_units)

    @property
    def unstable_units(self) -> NDArray[np.int64]:
        """(U,): the units that have not the same sign in all regions here."""
        return unstable_units(self.records)

    def cut_short_by(
        self, *, radius: int | None, box_radius: Fraction | float | None, max_regions: int | None
    ) -> str | None:
        """The limit that left out what was asked for; nothing but a number asks for the nearest regions alone."""
        is_meant = radius is None and box_radius is None and self.num_regions == max_regions
        return None if is_meant else self.limit

    def pattern_behind(self, row: int) -> NDArray[np.int8]:
        """(N,): the sign vector of the region behind a facet, a row of the records' facet columns."""
        region = int(self.records.facet_region[row])
        return signs_behind(self.network, self._signs_of(region)[0], facet_units(self.records, row))

    def _watertight(self) -> Check:
        """Every facet has a region on either side, or leads to one that is not here."""
        rows = self.leading_out
        here = {signs.tobytes() for signs in self.records.signs}
        for row in rows.tolist():
            if self.pattern_behind(row).tobytes() in here:
                region = int(self.records.facet_region[row])
                detail = f"a facet of region {region} leads to a region that is here, and has no such facet"
                return Check(name="watertight", passed=False, detail=detail)
        if len(self.facets.one_sided):
            return watertight(self.records, self.facets)
        detail = f"{facet_count(self.facets.num_inner, self.facets.num_boundary)}, {len(rows):,} lead out"
        return Check(name="watertight", passed=True, detail=detail)

    @cached_property
    def _region_checks(self) -> tuple[Check, Check, Check]:
        witnesses, _, closed_form = super()._region_checks
        return witnesses, self._watertight(), closed_form

    def __repr__(self) -> str:
        out = len(self.leading_out)
        return (
            f"<Neighbourhood in {self.network.name!r}: {self.num_regions:,} region{'s' * (self.num_regions != 1)}, "
            f"{out:,} facet{'s' * (out != 1)} lead{'s' * (out == 1)} out>"
        )


@checked
def regions_around(
    network: Network,
    point: Sequence[Any],
    domain: Domain | None = None,
    *,
    radius: int | None = None,
    max_regions: int | None = None,
    box_radius: float | Fraction | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
) -> Neighbourhood:
    """Find the activation regions around a point, exactly.

    Parameters
    ----------
    network : Network
    point : sequence of d numbers
        Floats are taken as the dyadic rationals they are. On the boundary of regions, one of them is the first.
    domain : Domain, optional
        Only the part of the complex inside; the whole input space when left out. The point must lie in it. Where the
        domain fixes inputs, the regions are those of the network on the inputs left, as in `enumerate_regions`.
    radius : int, optional
        All regions within that many facets of the region of the point; 1 where nothing else is said.
    max_regions : int, optional
        The nearest so many: of those equally many facets away, the first by their sign vectors.
    box_radius : float or Fraction, optional
        All regions that meet the open box of this half side around the point, as they are, and not cut by it.
    timeout : float, optional
        Seconds, after which the result is what was found by then.
    jobs : int, optional
        Threads; all cores when left out. The result does not depend on it.
    progress : callable or True, optional
        Called with a `Progress` every now and then; True shows a bar on the terminal or in the notebook.

    Returns
    -------
    Neighbourhood

    Raises
    ------
    DomainError
        The point lies outside the domain, or the domain has no interior.
    UsageError
        The point does not fit the network, or `box_radius` is given along with `radius`.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> relureg.regions_around(xor, [0.25, 0.25]).degrees.tolist()
    [2, 1]
    """
    limits = Limits(max_regions=max_regions, timeout=timeout)
    flat, problem = Problem(network=network, domain=domain).restriction()
    return around_problem(
        problem,
        point,
        flat=flat,
        radius=radius,
        box_radius=box_radius,
        limits=limits,
        workers=Workers(jobs=jobs),
        report=progress,
    )


def around_problem(
    problem: Problem,
    point: Sequence[Any],
    *,
    flat: Slice | None = None,
    radius: int | None = None,
    box_radius: float | Fraction | None = None,
    limits: Limits = Limits(),
    workers: Workers = Workers(),
    report: Report | bool | None = None,
) -> Neighbourhood:
    """`regions_around` of a problem that is restricted to a flat, in whose space the point is given; raises as that."""
    if radius is not None:
        radius = whole_number("radius", radius, least=0)
    if box_radius is not None and radius is not None:
        raise UsageError("radius counts facets and box_radius measures inputs; give one of them")
    with watching(limits, report) as watch:
        centre = centre_on(problem, point, flat)
        search = _Search(problem, centre, watch, workers)
        if box_radius is not None:
            search.stay_in(box_around(problem, point, flat, box_radius))
        goes_on = box_radius is not None or limits.max_regions is not None
        search.breadth_first(RADIUS if radius is None and not goes_on else radius)
        return search.neighbourhood()


def unstable_units(records: Records) -> NDArray[np.int64]:
    """(U,): the units that have not the same sign in all regions."""
    signs = records.signs
    return np.flatnonzero((signs != signs[:1]).any(axis=0))


def centre_on(problem: Problem, point: Sequence[Any], flat: Slice | None) -> Point:
    """A point in the inputs of a problem that is restricted to a flat; raises as `regions_around`."""
    if flat is None:
        return exact_point(point, problem.network.input_dim)
    centre = exact_point(point, flat.base.shape[0])
    try:
        return flat.coordinates(centre)
    except UsageError as error:
        raise DomainError(f"the point lies outside the domain: it is not on the flat ({flat.label})") from error


def box_around(problem: Problem, point: Sequence[Any], flat: Slice | None, half_side: float | Fraction) -> Domain:
    """The domain of a problem cut with the box of a half side around a point; raises `UsageError` as above."""
    try:
        half = as_fraction(half_side)
    except (TypeError, ValueError) as error:
        raise UsageError(f"box_radius is a positive number, not {half_side!r}") from error
    if half <= 0:
        raise UsageError(f"box_radius is a positive number, not {half_side}")
    exact = [as_fraction(x) for x in point]
    box = Domain.box([x - half for x in exact], [x + half for x in exact])
    if flat is not None:
        on_flat = box.substitute(flat.base, flat.directions)
        assert on_flat is not None, "a box bounds every direction"
        box = on_flat
    return box if problem.domain is None else problem.domain.intersect(box)


class _Search:
    """Layer after layer of regions that are equally many facets away."""

    def __init__(self, problem: Problem, centre: Point, watch: Watch, workers: Workers) -> None:
        self.problem, self.centre, self.watch, self.workers = problem, centre, watch, workers
        self.finder = SingleRegions(problem, watch, workers.jobs)
        self.box: SingleRegions | None = None
        self.found: list[Records] = []
        self.distance: dict[bytes, int] = {}
        self.stopped_by: str | None = None

    def breadth_first(self, radius: int | None) -> None:
        """All within `radius`, or until the limit on regions or on time; only regions that meet the box, if any."""
        layer = self._first()
        while self._keep(layer):
            if radius is not None and len(self.found) > radius:
                return
            wanted = {row.tobytes(): row for row in self._behind(layer)}
            rows = [row for key, row in wanted.items() if key not in self.distance]
            if rows and self.box is not None:
                rows = list(self.box.find(np.array(rows, dtype=np.int8)).signs)
            if not rows:
                return
            most = self.watch.limits.max_regions
            if most is not None and len(self.distance) + len(rows) > most:
                self.stopped_by = self.watch.limits.region_limit
                rows = sorted(rows, key=lambda row: row.tolist())[: most - len(self.distance)]
            layer = self._look_for(np.array(rows, dtype=np.int8)) if rows else self._none
            if self.stopped_by is not None:
                self._keep(layer)
                return

    def stay_in(self, box: Domain) -> None:
        """Look only for what meets the open box.

        Regions that meet it are joined by facets that meet it, since it is convex.
        """
        cut = Problem(network=self.problem.network, domain=box)
        self.box = SingleRegions(cut, self.watch, self.workers.jobs)

    def neighbourhood(self) -> Neighbourhood:
        network = self.problem.network
        records = join(self.found, network.num_units, network.input_dim)
        distance = np.array([self.distance[row.tobytes()] for row in records.signs], dtype=np.int32)
        distance.flags.writeable = False
        limit = self.stopped_by or self.finder.stopped_by or (None if self.box is None else self.box.stopped_by)
        return Neighbourhood(
            problem=self.problem,
            engine="dictionaries",
            records=records,
            stopped_by=limit or "the search around a point",
            jobs=self.workers.jobs,
            centre=self.centre,
            distance=distance,
            limit=limit,
        )

    @property
    def _none(self) -> Records:
        return join([], self.problem.network.num_units, self.problem.network.input_dim)

    def _first(self) -> Records:
        """The region of the point."""
        for signs in iter_signs_at(self.problem, self.centre):
            first = self.finder.find(signs[None])
            if first.num_regions or self.finder.stopped_by is not None:
                return first
        raise CheckFailedError("no region was found at the point; please report it")

    def _keep(self, layer: Records) -> bool:
        """Take a layer in; False: there is nothing in it, or a limit is reached."""
        if layer.num_regions:
            for row in layer.signs:
                self.distance[row.tobytes()] = len(self.found)
            self.found.append(layer)
        return layer.num_regions > 0 and self.finder.stopped_by is None

    def _look_for(self, signs: NDArray[np.int8]) -> Records:
        layer = self.finder.find(signs)
        if layer.num_regions != len(signs) and self.finder.stopped_by is None:
            raise CheckFailedError("behind a facet no region was found; please report the network")
        return layer

    def _behind(self, layer: Records) -> Iterator[NDArray[np.int8]]:
        """The sign vectors behind all facets of a layer."""
        signs = layer.signs
        for row in np.flatnonzero(~layer.facet_on_boundary).tolist():
            yield signs_behind(self.problem.network, signs[layer.facet_region[row]], facet_units(layer, row))
