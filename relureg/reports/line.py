"""What `relureg line` tells: the regions on a line, and where one ends and the next begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from relureg.engine.choice import EngineChoice
from relureg.exact.numbers import nearest_double
from relureg.reports.layout import MAX_DIGITS, checks_line, facts_table, grouped, page, plain_table
from relureg.reports.report import ExactNumber, NetworkFacts, Report, checks_of, details_of, place_of

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.complex.line import Breakpoint
    from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakpointFacts:
    """Where a region ends: the parameter t, the point in the space of the line (rounded), and what meets there."""

    t: ExactNumber
    point: tuple[float, ...]
    units: tuple[int, ...]
    regions: tuple[int, int]

    @classmethod
    def of(cls, crossing: Breakpoint, network: Network) -> BreakpointFacts:
        before, after = crossing.regions
        return cls(
            t=ExactNumber.of(crossing.t),
            point=_embedded(network, crossing.t),
            units=tuple(crossing.units),
            regions=(before, after),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport(Report):
    """The regions that a line crosses."""

    command: str = field(default="line", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    engine_choice: EngineChoice | None
    complete: bool
    stopped_by: str | None
    regions: int
    breakpoints: int | None
    rows: tuple[BreakpointFacts, ...]
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]

    @classmethod
    def of(cls, cells: Complex, points: Iterable[Breakpoint]) -> LineReport:
        """`points` are the breakpoints to list."""
        return cls(
            network=NetworkFacts.of(cells.network),
            domain=place_of(cells.network, cells.domain),
            engine=cells.engine,
            engine_choice=cells.engine_choice,
            complete=cells.complete,
            stopped_by=cells.stopped_by,
            regions=cells.num_regions,
            breakpoints=cells.facets.num_inner if cells.complete else None,
            rows=tuple(BreakpointFacts.of(point, cells.network) for point in points),
            checks=checks_of(cells.checks),
            check_details=details_of(cells.checks),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        checks = checks_line(self.checks, self.seconds, engine=self.engine)
        regions = grouped(self.regions)
        facts.add_row("regions on the line", Text(regions if self.complete else f"at least {regions}", style="bold"))
        if self.breakpoints is None:
            facts.add_row("", f"stopped by {self.stopped_by}: a proven lower bound")
            return page(self.network, self.domain, facts, checks)
        table = plain_table("breakpoint t", "exactly", "units", "regions", left=(1, 2, 3))
        for row in self.rows:
            exact = row.t.ratio
            table.add_row(
                f"{row.t.float_:.10g}",
                exact if len(exact) <= 2 * MAX_DIGITS else f"{len(exact) - 1} digits (--json)",
                ", ".join(map(str, row.units)),
                f"{row.regions[0]} | {row.regions[1]}",
            )
        facts.add_row("breakpoints", grouped(self.breakpoints))
        if left_out := self.breakpoints - len(self.rows):
            facts.add_row("not shown", f"{grouped(left_out)}   (--rows N, --json)")
        return page(self.network, self.domain, facts, table, checks)


def _embedded(network: Network, t: Fraction) -> tuple[float, ...]:
    """A point of the line in the space in which it lies, rounded."""
    if network.slice is None:
        return (nearest_double(t),)
    (point,) = network.slice.embed(np.array([[t]], dtype=object)).tolist()
    return tuple(point)
