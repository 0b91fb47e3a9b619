"""How far a run has come, from its journal alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from relureg.arguments import checked
from relureg.engine.runs.journal import Journal
from relureg.engine.runs.sizes import fraction_done
from relureg.network.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStatus:
    """What a journal says about its run."""

    problem: Problem
    complete: bool
    running: bool
    """Whether a run is writing the journal now."""
    regions: int
    bounded: int
    per_stage: tuple[int, ...]
    """Regions so far of the network cut off after each stage."""
    expected: float
    """Regions in all, as samples of the search tree tell."""
    expected_error: float
    """Standard error of `expected`."""
    fraction: float
    """Of the regions that are found; 1 exactly when complete."""
    fraction_error: float
    batches: int
    """Batches that are done."""
    open_parts: int
    """Parts of the tree that are still to be searched."""
    cpu_seconds: float
    """Of all searches so far."""
    rate: float | None
    """Regions a second since the run was last begun; None where nothing has been done since."""
    seconds_left: float | None
    """At that rate."""
    sessions: int
    """How often the run was begun or gone on with."""
    workers: str | None
    """Who works or worked in the last session."""
    stored_regions: int | None
    """Regions in Parquet files; None where these are not asked for."""


@checked
def journal_status(path: str | Path) -> JournalStatus:
    """How far the run of a journal has come, while it runs and after.

    Raises
    ------
    JournalError
        The file is no journal.
    """
    with Journal.open_to_read(Path(path)) as journal:
        sums, entries, sessions = journal.sums, journal.entries, journal.sessions()
        running, complete = journal.is_running, journal.is_complete
        total = journal.total
        settings = journal.settings
        open_parts = len(journal.open_parts())
    fraction, error = fraction_done(sums.regions, total)
    expected = sums.regions if complete else max(total.mean, sums.regions + 1.0)
    recent = [entry for entry in entries if sessions and entry.time >= sessions[-1][0]]
    rate = None
    if recent:
        until = time.time() if running else recent[-1].time
        rate = sum(entry.sums.regions for entry in recent) / max(until - sessions[-1][0], 1e-3)
    return JournalStatus(
        problem=settings.problem,
        complete=complete,
        running=running,
        regions=sums.regions,
        bounded=sums.bounded,
        per_stage=sums.per_stage[len(settings.problem.walls) :],
        expected=float(expected),
        expected_error=0.0 if complete else total.variance**0.5,
        fraction=1.0 if complete else fraction if entries else 0.0,
        fraction_error=0.0 if complete else error,
        batches=len(entries),
        open_parts=open_parts,
        cpu_seconds=sum(entry.cpu_seconds for entry in entries),
        rate=rate,
        seconds_left=(expected - sums.regions) / rate if rate else None,
        sessions=len(sessions),
        workers=sessions[-1][1] if sessions else None,
        stored_regions=sum(entry.stored.regions for entry in entries if entry.stored)
        if settings.keeps_records
        else None,
    )
