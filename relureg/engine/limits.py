"""What a search may take, who works on it, and how it tells how far it has come."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from relureg import stopping
from relureg.arguments import positive_seconds, whole_number
from relureg.errors import UsageError

MAX_JOBS = 1024
"""Threads or processes; each thread of the search has a stack of its own."""

_MOST = 2**63 - 1
"""More regions than anybody finds: a limit beyond it is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a search has come."""

    regions: int
    seconds: float
    fraction: float | None = None
    """Of the work, weighted by depth of the search tree or by estimated regions; None where the engine cannot tell."""
    error: float | None = None
    """Standard error of `fraction`, where that is an estimate with a known error."""
    workers: int | None = None
    """Cores at work, where a scheduler knows them."""
    per_stage: tuple[int, ...] = ()
    """Regions so far of the network cut off after each stage, where they are known."""
    note: str | None = None
    """Something worth a line of its own."""

    @property
    def rate(self) -> float:
        """Regions a second."""
        return self.regions / self.seconds if self.seconds > 0 else 0.0


Report = Callable[[Progress], None]
"""What is called with how far a search has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a search may take; one that reaches a limit ends with what it has proved by then, and says which it was.

    Memory is none of them: no engine knows how much it will need, so the command line watches the whole process.
    """

    max_regions: int | None = None
    """Stop when this many regions are found and more are to come."""
    timeout: float | None = None
    """Stop after this many seconds."""

    def __post_init__(self) -> None:
        """Raise `UsageError` for what is no number of regions or of seconds."""
        if self.max_regions is not None:
            most = min(whole_number("max_regions", self.max_regions, least=1), _MOST)
            object.__setattr__(self, "max_regions", most)
        if self.timeout is not None:
            object.__setattr__(self, "timeout", positive_seconds("timeout", self.timeout))

    @property
    def region_limit(self) -> str:
        """How the limit on regions is called."""
        return f"the limit of {self.max_regions:,} regions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Who searches, how, and what is kept of it meanwhile."""

    jobs: int | None = None
    """Threads, for an engine that has them; all cores when left out."""
    scheduler: Any = None
    """Who searches instead of threads of this process: see `relureg.engine.runs.workers.open_scheduler`."""
    journal: Path | None = None
    """A file that keeps what is done, so that an interrupted run can go on."""
    keeps_records: bool = False
    """Let the journal keep regions and facets as well, as Parquet files."""
    enumerates: bool = False
    """Let the splitter visit every region of a count, where it would count those of the last stage without."""
    audit: bool = False
    """Let the splitter decide every predicate both ways, and stop on a contradiction. Slow."""

    def __post_init__(self) -> None:
        """Raise `UsageError` for what is no number of threads, and where regions are to be kept without a journal."""
        if self.jobs is not None:
            object.__setattr__(self, "jobs", whole_number("jobs", self.jobs, least=1, most=MAX_JOBS))
        if self.keeps_records and self.journal is None:
            raise UsageError("regions are kept beside a journal; name one")

    @property
    def threads(self) -> int:
        """How many threads there may be."""
        return self.jobs or num_cores()

    @property
    def in_batches(self) -> bool:
        """Whether the work is cut into batches that are searched one by one."""
        return self.scheduler is not None or self.journal is not None


class Watch:
    """Looks at the limits while a search runs, and reports how far it has come, a few times a second at the most.

    On time the limits are those in force where it is asked (`relureg.stopping`): see `watching`.
    """

    def __init__(self, limits: Limits = Limits(), report: Report | None = None) -> None:
        self.limits = limits
        self._report = report
        self._started = time.monotonic()
        self._reported = 0.0

    def stopped_by(self, regions: int, fraction: float | None = None, **known: Any) -> str | None:
        """The limit that ends a search with so many regions found and more to come; None: it goes on.

        What else is `known` is reported with it.
        """
        reason = self.out_of_time(regions, fraction, **known)
        is_full = self.limits.max_regions is not None and regions >= self.limits.max_regions
        return self.limits.region_limit if is_full else reason

    def out_of_time(self, regions: int, fraction: float | None = None, **known: Any) -> str | None:
        """The same where the number of regions is looked at elsewhere."""
        now = time.monotonic()
        if self._report is not None and now - self._reported > 0.2:
            self._reported = now
            self.report(regions, fraction=fraction, **known)
        return stopping.reason()

    def report(self, regions: int, **known: Any) -> None:
        """Report now."""
        if self._report is not None:
            self._report(Progress(regions=regions, seconds=time.monotonic() - self._started, **known))


@cache
def num_cores() -> int:
    """The cores of this machine; asking the system takes longer than a small network."""
    return os.cpu_count() or 1


def watching(limits: Limits, report: Report | bool | None) -> contextlib.AbstractContextManager[Watch]:
    """A watch over what is done inside, which begins now; where `report` is True, with a bar for people."""
    if limits.timeout is None and report is not True:  # nothing to undo afterwards, which takes time of its own
        return contextlib.nullcontext(Watch(limits, report or None))
    return _watching(limits, report)


@contextlib.contextmanager
def _watching(limits: Limits, report: Report | bool | None) -> Iterator[Watch]:
    with stopping.within(limits.timeout), _reporting(report) as report_to:
        yield Watch(limits, report_to)


def _reporting(report: Report | bool | None) -> contextlib.AbstractContextManager[Report | None]:
    if report is True:
        from relureg.engine.progress_bar import progress_bar

        return progress_bar()
    return contextlib.nullcontext(None if isinstance(report, bool) else report)
