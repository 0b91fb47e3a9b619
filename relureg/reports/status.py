"""What `relureg status` tells: how far the run of a journal has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from relureg.reports.layout import facts_table, grouped, page
from relureg.reports.report import NetworkFacts, Report, place_of
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.engine.runs.status import JournalStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number that is estimated from what is done."""

    mean: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport(Report):
    """A run, while it runs or after."""

    command: str = field(default="status", init=False)
    network: NetworkFacts
    domain: str
    complete: bool
    running: bool
    regions: int
    per_stage: tuple[int, ...]
    expected_regions: Estimate
    fraction: Estimate
    batches: int
    open_parts: int
    cpu_seconds: float
    regions_per_second: float | None
    seconds_left: float | None
    sessions: int
    workers: str | None
    stored_regions: int | None

    @classmethod
    def of(cls, status: JournalStatus) -> StatusReport:
        network = status.problem.network
        return cls(
            network=NetworkFacts.of(network),
            domain=place_of(network, status.problem.domain),
            complete=status.complete,
            running=status.running,
            regions=status.regions,
            per_stage=tuple(status.per_stage),
            expected_regions=Estimate(mean=status.expected, standard_error=status.expected_error),
            fraction=Estimate(mean=status.fraction, standard_error=status.fraction_error),
            batches=status.batches,
            open_parts=status.open_parts,
            cpu_seconds=status.cpu_seconds,
            regions_per_second=status.rate,
            seconds_left=status.seconds_left,
            sessions=status.sessions,
            workers=status.workers,
            stored_regions=status.stored_regions,
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        state = "complete" if self.complete else "running" if self.running else "interrupted"
        facts.add_row("run", Text(state, style="bold"))
        facts.add_row("regions so far", grouped(self.regions))
        for number, count in enumerate(self.per_stage[:-1], start=1):
            facts.add_row(f"after stage {number}", grouped(count))
        if not self.complete:
            share, expected = self.fraction, self.expected_regions
            facts.add_row("found", f"{100 * share.mean:.1f} %   (+- {100 * share.standard_error:.1f}, estimated)")
            facts.add_row("regions in all", f"{expected.mean:,.0f}   (+- {expected.standard_error:,.0f}, estimated)")
        if self.regions_per_second is not None:
            facts.add_row("rate", f"{self.regions_per_second:,.0f} regions a second   ({self.workers})")
        if self.seconds_left is not None and not self.complete:
            facts.add_row("time left", f"about {self.seconds_left:,.0f} s at that rate")
        facts.add_row("batches", f"{grouped(self.batches)} done, {grouped(self.open_parts)} parts of the tree open")
        facts.add_row("processor time", f"{self.cpu_seconds:,.1f} s in {plural(self.sessions, 'session')}")
        if self.stored_regions is not None:
            facts.add_row("regions stored", grouped(self.stored_regions))
        return page(self.network, self.domain, facts)
