"""What `relureg estimate` tells: how many regions, about, and how long a count of all would take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from relureg.engine.choice import EngineChoice
from relureg.reports.layout import bounds_summary, facts_table, grouped, page, seconds_line
from relureg.reports.report import BoundFacts, IntervalFacts, NetworkFacts, Report, bounds_of, place_of
from relureg.words import about, duration, plural

if TYPE_CHECKING:
    from relureg.complex.estimation import RegionEstimate
    from relureg.theory.bounds import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateReport(Report):
    """An estimate; what has no interval that can be trusted is None."""

    command: str = field(default="estimate", init=False)
    network: NetworkFacts
    domain: str
    engine_choice: EngineChoice | None
    exact: bool
    complete: bool
    stopped_by: str | None
    regions: IntervalFacts | None
    rough: float | None
    at_least: int
    relatively_bounded: IntervalFacts | None
    share_bounded: IntervalFacts | None
    per_stage: tuple[IntervalFacts | None, ...]
    facets: IntervalFacts | None
    average_degree: IntervalFacts | None
    count_seconds: IntervalFacts | None
    cores: int
    samples: int
    seed: int
    bounds: tuple[BoundFacts, ...]

    @classmethod
    def of(cls, told: RegionEstimate, bounds: Iterable[Bound], *, cores: int, seed: int) -> EstimateReport:
        return cls(
            network=NetworkFacts.of(told.network),
            domain=place_of(told.network, told.domain),
            engine_choice=told.engine_choice,
            exact=told.exact,
            complete=told.complete,
            stopped_by=told.stopped_by,
            regions=IntervalFacts.of(told.num_regions),
            rough=told.rough,
            at_least=told.at_least,
            relatively_bounded=IntervalFacts.of(told.num_relatively_bounded),
            share_bounded=IntervalFacts.of(told.share_bounded),
            per_stage=tuple(map(IntervalFacts.of, told.per_stage)),
            facets=IntervalFacts.of(told.num_facets),
            average_degree=IntervalFacts.of(told.average_degree),
            count_seconds=IntervalFacts.of(told.seconds),
            cores=cores,
            samples=told.samples,
            seed=seed,
            bounds=bounds_of(bounds),
        )

    def table(self) -> RenderableType:
        facts = facts_table("right")
        self._add_regions(facts)
        for number, stage in enumerate(self.per_stage[:-1], start=1):
            _add(facts, f"after stage {number}", stage)
        _add(facts, "bounded", self.share_bounded, 100, " %")
        _add(facts, "facets a region", self.average_degree)
        if self.count_seconds is not None:
            processor = duration(self.count_seconds.mean)
            on_cores = f"on {plural(self.cores, 'core')} like those of this machine"
            note = on_cores if self.cores == 1 else f"{on_cores}; {processor} of processor time"
            facts.add_row("a count of all takes", duration(self.count_seconds.mean / self.cores), note)
        if not self.complete:
            facts.add_row("", "", f"stopped by {self.stopped_by}")
        mean = None if self.regions is None or not math.isfinite(self.regions.mean) else round(self.regions.mean)
        return page(self.network, self.domain, facts, bounds_summary(self.bounds, mean), seconds_line(self.seconds))

    def _add_regions(self, facts: Table) -> None:
        name = "activation regions"
        if self.regions is not None:
            mean, interval = self.regions.words()
            if self.regions.is_exact:
                facts.add_row(
                    name, Text(mean, style="bold"), "exactly: the search tree is small enough to search it all"
                )
                return
            basis = f"95 % interval, {plural(self.samples, 'sample')}"
            facts.add_row(name, Text(f"about {mean}", style="bold"), f"{interval}   ({basis})")
        elif self.rough:
            note = f"roughly: {plural(self.samples, 'sample')}, too few or too uneven for an interval"
            facts.add_row(name, Text(about(self.rough), style="bold"), note)
        else:
            facts.add_row(name, Text("not estimated", style="bold"), "")
        facts.add_row("proven", f"at least {grouped(self.at_least)}", "")


def _add(facts: Table, name: str, told: IntervalFacts | None, unit: float = 1.0, sign: str = "") -> None:
    if told is not None:
        mean, interval = told.words(unit)
        facts.add_row(name, f"{mean}{sign}", "" if told.is_exact else f"{interval}{sign}")
