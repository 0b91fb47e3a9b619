"""What `relureg around` tells of one point: the regions around it, shell by shell, and what leads out of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from rich.console import RenderableType

from relureg.exact.numbers import nearest_double
from relureg.reports.layout import add_files, checks_line, facts_table, few_numbers, grouped, page, plain_table
from relureg.reports.report import ExactNumber, NetworkFacts, Report, checks_of, details_of, place_of
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.complex.neighbourhood import Neighbourhood

_MOST_SHELLS = 20
"""Rows of the table; --json has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """What was asked for around a point."""

    radius: int | None
    box_radius: str | None
    max_regions: int | None

    @property
    def half_side(self) -> Fraction | None:
        """Of the box, exactly."""
        return None if self.box_radius is None else Fraction(self.box_radius)

    @property
    def words(self) -> str:
        """What the regions are."""
        if self.box_radius is not None:
            return f"that meet the open box of half-side {self.box_radius}"
        if self.radius is not None:
            return f"within {plural(self.radius, 'facet')}"
        return "the nearest" if self.max_regions is not None else "within 1 facet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellFacts:
    """The regions that are equally many facets away."""

    distance: int
    regions: int
    average_degree: float
    min_degree: int
    max_degree: int
    leading_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundReport(Report):
    """The regions around a point."""

    command: str = field(default="around", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    at: tuple[float, ...]
    radius: int | None
    box_radius: str | None
    max_regions: int | None
    complete: bool
    stopped_by: str | None
    regions: int
    facets: int
    boundary_facets: int
    leading_out: int
    regions_beyond: int
    average_degree: ExactNumber
    min_degree: int
    max_degree: int
    unstable_units: tuple[int, ...]
    nearest_facet: float | None
    nearest_unit: int | None
    shells: tuple[ShellFacts, ...]
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]
    files: tuple[str, ...]

    @classmethod
    def of(
        cls,
        near: Neighbourhood,
        ball: Ball,
        nearest: tuple[float, int],
        *,
        stopped_by: str | None,
        files: Iterable[str] = (),
    ) -> AroundReport:
        """`nearest` is the distance of the nearest facet and the unit on it; -1 for none."""
        distance, unit = nearest
        degrees = near.degrees
        return cls(
            network=NetworkFacts.of(near.network),
            domain=place_of(near.network, near.domain),
            engine=near.engine,
            at=tuple(map(nearest_double, near.centre)),
            radius=1 if ball == _DEFAULT else ball.radius,
            box_radius=ball.box_radius,
            max_regions=ball.max_regions,
            complete=stopped_by is None,
            stopped_by=stopped_by,
            regions=near.num_regions,
            facets=near.facets.num_inner,
            boundary_facets=near.facets.num_boundary,
            leading_out=len(near.leading_out),
            regions_beyond=len(near.signs_beyond),
            average_degree=ExactNumber.of(Fraction(int(degrees.sum()), near.num_regions)),
            min_degree=int(degrees.min()),
            max_degree=int(degrees.max()),
            unstable_units=tuple(near.unstable_units.tolist()),
            nearest_facet=None if unit < 0 else distance,
            nearest_unit=None if unit < 0 else unit,
            shells=tuple(_shells(near)),
            checks=checks_of(near.checks),
            check_details=details_of(near.checks),
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        ball = Ball(radius=self.radius, box_radius=self.box_radius, max_regions=self.max_regions)
        of_what = f"{ball.words}{'' if self.complete else ', cut short'}"
        facts.add_row("point", few_numbers(self.at))
        facts.add_row("regions", f"{grouped(self.regions)}   ({of_what})")
        facts.add_row("facets between them", grouped(self.facets))
        if self.boundary_facets:
            facts.add_row("on the domain's boundary", grouped(self.boundary_facets))
        facts.add_row("facets that lead out", f"{grouped(self.leading_out)}   (to {_others(self.regions_beyond)})")
        facts.add_row("average degree", f"{self.average_degree.float_:.6g}   ({self.average_degree.ratio})")
        facts.add_row("least and largest degree", f"{self.min_degree}, {self.max_degree}")
        facts.add_row(
            "unstable units", f"{grouped(len(self.unstable_units))} of {grouped(self.network.num_units)}"
            if self.network is not None else grouped(len(self.unstable_units))
        )  # fmt: skip
        if self.nearest_facet is not None:
            facts.add_row("nearest facet", f"{self.nearest_facet:.6g}   (unit {self.nearest_unit})")
        add_files(facts, self.files)
        shells = plain_table("facets away", "regions", "average degree", "least", "largest", "lead out", left=())
        for shell in self.shells[:_MOST_SHELLS]:
            shells.add_row(
                grouped(shell.distance), grouped(shell.regions), f"{shell.average_degree:.4g}",
                grouped(shell.min_degree), grouped(shell.max_degree), grouped(shell.leading_out),
            )  # fmt: skip
        if left_out := len(self.shells) - _MOST_SHELLS:
            facts.add_row("shells not shown", f"{left_out:,}   (--json has all)") if left_out > 0 else None
        checks = checks_line(self.checks, self.seconds, engine=self.engine)
        return page(self.network, self.domain, facts, shells, checks)


_DEFAULT = Ball(radius=None, box_radius=None, max_regions=None)


def _others(regions: int) -> str:
    return plural(regions, "other region")


def _shells(near: Neighbourhood) -> Iterable[ShellFacts]:
    degrees = near.degrees
    out = near.num_leading_out
    for distance in np.unique(near.distance).tolist():
        here = near.distance == distance
        yield ShellFacts(
            distance=distance,
            regions=int(here.sum()),
            average_degree=float(degrees[here].mean()),
            min_degree=int(degrees[here].min()),
            max_degree=int(degrees[here].max()),
            leading_out=int(out[here].sum()),
        )
