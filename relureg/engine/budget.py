"""What a run may use, and how it tells how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
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
    """How far an enumeration has come."""

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


@dataclass(slots=True, kw_only=True)
class Budget:
    """Limits on regions and time, and a place to report progress to.

    Parameters
    ----------
    max_regions : int, optional
        Stop when this many regions are found and more are to come.
    timeout : float, optional
        Stop after this many seconds.
    report : callable, optional
        Called with a `Progress` a few times a second at the most.
    jobs : int, optional
        Threads, for an engine that has them; all cores when left out.
    audit : bool, optional
        Let the splitter decide every predicate both ways, and stop on a contradiction. Slow.
    scheduler : str or distributed.Client, optional
        Who searches, instead of threads of this process: see `relureg.engine.runs.scheduler.open_scheduler`.
    journal : Path, optional
        A file that keeps what is done, so that an interrupted run can go on.
    keeps_records : bool, optional
        Let the journal keep regions and facets as well, as Parquet parts.
    enumerates : bool, optional
        Let the splitter visit every region of a count, where it would count those of the last stage without.
    """

    max_regions: int | None = None
    timeout: float | None = None
    report: Callable[[Progress], None] | None = None
    jobs: int | None = None
    audit: bool = False
    scheduler: Any = None
    journal: Path | None = None
    keeps_records: bool = False
    enumerates: bool = False
    started: float = field(default_factory=time.monotonic)
    exhausted: str | None = None
    """Which limit stopped the run, None while none has."""
    proven: int = 0
    """Regions that an engine knows to be there before it has found them."""
    _reported: float = 0.0

    def __post_init__(self) -> None:
        if self.max_regions is not None:
            self.max_regions = min(whole_number("max_regions", self.max_regions, least=1), _MOST)
        if self.jobs is not None:
            self.jobs = whole_number("jobs", self.jobs, least=1, most=MAX_JOBS)
        if self.timeout is not None:
            self.timeout = positive_seconds("timeout", self.timeout)
        if self.keeps_records and self.journal is None:
            raise UsageError("regions are kept beside a journal; name one")

    @property
    def in_units(self) -> bool:
        """Whether the work is cut into units that are searched one by one."""
        return self.scheduler is not None or self.journal is not None

    def allows_more(self, regions: int) -> bool:
        """Whether to go on, with so many regions found and more to come; reports progress on the way."""
        if self.max_regions is not None and regions >= self.max_regions:
            self.exhausted = f"the limit of {self.max_regions:,} regions"
        return self.allows_more_time(regions) and self.exhausted is None

    def allows_more_time(self, regions: int, fraction: float | None = None, **known: Any) -> bool:
        """Whether the time is not over; reports progress on the way, with what else is `known` of it."""
        now = time.monotonic()
        if self.report is not None and now - self._reported > 0.2:
            self._reported = now
            self.report(Progress(regions=regions, seconds=now - self.started, fraction=fraction, **known))
        if self.timeout is not None and now - self.started > self.timeout:
            self.exhausted = stopping.time_limit(self.timeout)
        self.exhausted = self.exhausted or stopping.reason()
        return self.exhausted is None
