"""What a run has printed and proven so far: what is said of it where it ends before its time."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from relureg.cli import guard
from relureg.words import printable

if TYPE_CHECKING:
    from relureg.cli.forecast import Forecast
    from relureg.complex.estimation import RegionEstimate
    from relureg.reports.report import IntervalFacts, Report

_INTERVAL = 0.5
"""Seconds between changes of what is said where the process has to be ended."""


@dataclass(slots=True)
class Standing:
    """One run of the command line."""

    as_json: bool = False
    answered: bool = False
    """Errors that come after the answer must not print a second document."""
    is_piped: bool = False
    """Standard output is a file that is written whole or not at all."""
    journal: Path | None = None
    """Where an interrupted run can be gone on with."""
    unwritten: Path | None = None
    """A file that is there only once the run has come to its end."""
    regions: int = 0
    """A proven lower bound, where regions are counted."""
    partial: Callable[[str, int], Report] | None = None
    """The report of a run that is stopped, from what stopped it and `regions`; None where there is none yet."""
    forecast: Forecast | None = None
    """Of the count or enumeration that is under way."""
    place: str | None = None
    """Which of several networks is at work, for messages."""
    as_row: Callable[[Report], str] | None = None
    """How a report is written where it is a row among others."""
    started: float = field(default_factory=time.monotonic)
    _noted: float = 0.0

    @property
    def estimate(self) -> RegionEstimate | None:
        """Of all regions, where there is one."""
        return None if self.forecast is None else self.forecast.told

    def begin(self, place: str) -> None:
        """Go on to the next of several networks, of which nothing is known or printed yet."""
        self.place, self.answered, self.regions = place, False, 0
        self.partial = self.forecast = None
        self.started = time.monotonic()
        self.note()

    def prove(self, regions: int) -> None:
        """Remember a proven lower bound; the largest one stays."""
        self.regions = max(self.regions, regions)
        now = time.monotonic()
        if now - self._noted > _INTERVAL:
            self._noted = now
            self.note()

    def note(self) -> None:
        """Bring what is to be said to where it is said if the process has to be ended."""
        watching = guard.current()
        if watching is not None:
            watching.set_last_words(self.last_words)

    def last_words(self, kind: int, name: str) -> tuple[str, str]:
        """What to print on stdout and on stderr where that has stopped the run."""
        return self._document(kind, name), f"{self._line(kind, name)}\n"

    def _text(self, kind: int, name: str) -> str:
        is_limit = guard.EXIT[kind] == guard.EXIT[guard.TIME]
        text = f"stopped by {name}" if is_limit else "interrupted" if kind == guard.INTERRUPT else "terminated"
        if self.regions:
            text += f": {lower_bound(self.regions)}"
            if self.partial is None and (total := self._total()) is not None:
                mean, interval = total.words()
                text += f", of about {mean} ({interval})"
        elif self.partial is not None:
            text += ": no region was counted by then"
        return text

    def _line(self, kind: int, name: str) -> str:
        prefix = "relureg: error: " if guard.EXIT[kind] == guard.EXIT[guard.TIME] else "relureg: "
        more = f"; go on with: relureg resume {printable(str(self.journal))}" if self.journal is not None else ""
        if self.unwritten is not None and not self.answered:
            more += f"; {printable(str(self.unwritten))} has not been written"
        place = f"{printable(self.place)}: " if self.place is not None else ""
        return f"{prefix}{place}{self._text(kind, name)}{more}"

    def _document(self, kind: int, name: str) -> str:
        if self.answered or self.is_piped:
            return ""
        if self.partial is not None:
            report = dataclasses.replace(
                self.partial(name, self.regions), seconds=round(time.monotonic() - self.started, 6)
            )
            return f"{self._rendered(report)}\n"
        if not self.as_json:
            return ""
        is_limit = guard.EXIT[kind] == guard.EXIT[guard.TIME]
        told = {"kind": "limit" if is_limit else "interrupted", "message": self._text(kind, name), "where": self.place}
        return f"{self.error_document(told)}\n"

    def error_document(self, told: dict[str, Any]) -> str:
        """An error as JSON, with the estimate of all regions where a limit or an interrupt ended their search."""
        if told["kind"] in ("limit", "interrupted") and (total := self._total()) is not None:
            told["estimated_regions"] = dataclasses.asdict(total)
        return json.dumps({"error": told})

    def _total(self) -> IntervalFacts | None:
        from relureg.reports.report import IntervalFacts

        return None if self.estimate is None else IntervalFacts.of(self.estimate.num_regions)

    def _rendered(self, report: Report) -> str:
        if self.as_row is not None:
            return self.as_row(report)
        if not self.as_json:
            return as_text(report.table())
        from relureg.reports.report import json_text

        return json_text(report)


def as_text(rendering: Any) -> str:
    """What rich renders, for standard output as it is."""
    from rich.console import Console

    # In a pipe there is no width to fold to: lines stay whole, for grep and for diffs.
    on_terminal = sys.stdout.isatty()
    console = Console(width=None if on_terminal else 500, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(rendering)
    if on_terminal:
        return capture.get().rstrip("\n")
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def lower_bound(regions: int) -> str:
    """In words."""
    return f"{regions:,} region{'s are' if regions != 1 else ' is'} a proven lower bound"


def this_run() -> Standing:
    """That of the command that runs."""
    return click.get_current_context().ensure_object(Standing)
