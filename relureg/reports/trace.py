"""What `relureg trace` tells: the states of a closed loop, what the controller does at each, and its regions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.exact_points import Texts
from relureg.reports.layout import add_files, facts_table, few_numbers, grouped, page, plain_table, seconds_line
from relureg.reports.report import NetworkFacts, Report

if TYPE_CHECKING:
    from relureg.control.closed_loop import Trajectory
    from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFacts:
    """One state: in doubles, and as texts p/q where it is known exactly."""

    step: int
    state: tuple[float, ...]
    control: tuple[float, ...]
    pattern: str
    exact_state: Texts | None
    exact_control: Texts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceReport(Report):
    """A trajectory of a closed loop."""

    command: str = field(default="trace", init=False)
    network: NetworkFacts
    exact: bool
    steps: int
    complete: bool
    stopped_by: str | None
    regions: int
    """Different regions on the way."""
    changes: tuple[int, ...]
    """Steps after which the region is another one."""
    files: tuple[str, ...]
    rows: tuple[StateFacts, ...]

    @classmethod
    def of(cls, network: Network, found: Trajectory, *, shown: int | None, files: Iterable[str] = ()) -> TraceReport:
        return cls(
            network=NetworkFacts.of(network),
            exact=found.is_exact,
            steps=found.num_steps,
            complete=found.stopped_by is None,
            stopped_by=found.stopped_by,
            regions=len(set(found.regions)),
            changes=found.changes,
            files=tuple(files),
            rows=state_facts(found, shown),
        )

    def table(self) -> RenderableType:
        table = plain_table("step", "state", "control", "region", left=(1, 2, 3))
        before = None
        for row in self.rows:
            pattern = row.pattern if row.pattern != before else "the same"
            table.add_row(grouped(row.step), few_numbers(row.state), few_numbers(row.control), pattern)
            before = row.pattern
        facts = facts_table()
        facts.add_row("steps", grouped(self.steps))
        if left_out := self.steps + 1 - len(self.rows):
            facts.add_row("not shown", f"{grouped(left_out)} states   (--rows N, or -o FILE writes all)")
        facts.add_row("regions", f"{grouped(self.regions)} different, {grouped(len(self.changes))} changes")
        facts.add_row("numbers", "exact" if self.exact else "doubles, rounded in every step (--exact: rationals)")
        add_files(facts, self.files)
        return page(self.network, "", table, facts, seconds_line(self.seconds))


def state_facts(found: Trajectory, shown: int | None = None) -> tuple[StateFacts, ...]:
    """The first states of a trajectory, all when nothing else is said."""
    states, controls = found.states.tolist(), found.controls.tolist()
    return tuple(
        StateFacts(
            step=step,
            state=tuple(states[step]),
            control=tuple(controls[step]),
            pattern=str(found.regions[step]),
            exact_state=None if found.exact_states is None else tuple(map(str, found.exact_states[step])),
            exact_control=None if found.exact_controls is None else tuple(map(str, found.exact_controls[step])),
        )
        for step in range(len(states))[:shown]
    )
