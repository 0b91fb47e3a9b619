"""The driver of a run in batches: what is open, who searches it, what it adds up to.

1. Open parts of the tree are on a stack, at first the whole tree. Batches of them go to a scheduler, two a worker.
2. A batch comes back after about a second: with its sums, and with what is left of it, which goes onto the stack.
3. The run is done when nothing is open and nothing is under way.

Only what comes back counts, and only once: an outcome whose batch is not under way (it was searched twice, because its
worker was thought lost) is ignored.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relureg.engine.limits import Watch, Workers
from relureg.engine.records import Figures, Records
from relureg.engine.runs import batches, stored_batches
from relureg.engine.runs.batches import Batch, Outcome, Part
from relureg.engine.runs.journal import ROOT, Entry, Journal, PartId
from relureg.engine.runs.scheduler import Lost, Scheduler
from relureg.engine.runs.settings import RunSettings
from relureg.engine.runs.sizes import NOTHING, after_search, fraction_done, sum_of
from relureg.engine.runs.workers import open_scheduler
from relureg.engine.sums import Sums
from relureg.errors import LimitReachedError

_BATCH_SECONDS = 1.0
"""What a batch may take: short enough to share work evenly, long beside the milliseconds that a batch costs."""

_BATCH_COST = 0.004
"""Seconds of the driver and the scheduler for one batch, about. With many workers batches take longer, so that these
two are busy half the time at the most (docs/scaling.md)."""

_SHORTEST = 0.05
"""The share of that time that a batch gets at least."""

_ENOUGH = 4
"""Open parts for each worker. While there are fewer, large parts go first, for the shortest time, to be cut up."""

_MOST_PARTS = 64
"""Parts in one batch. What is not begun in time comes back."""

_TRIES = 5
"""How often a batch may take its worker down."""

_INTERVAL = 0.2

_FAREWELL = 0.4
"""Seconds for batches to come back once a limit is reached."""


@dataclass(slots=True)
class _UnderWay:
    taken: list[tuple[PartId, Part]]
    tries: int


class Driver:
    """One run: use `run` once."""

    def __init__(self, settings: RunSettings, scheduler: Scheduler, watch: Watch, journal: Journal | None) -> None:
        self.settings = settings
        self.scheduler = scheduler
        self.watch = watch
        self.journal = journal
        self.sums = Sums()
        self.stopped_by: str | None = None
        """The limit that ended the run early."""
        self.records: list[Records] = []
        """What batches have kept, where no journal stores it."""
        self._numbers = itertools.count(1)
        self._row = 0
        self._total = NOTHING
        self._open: list[tuple[PartId, Part, int]] = []  # with the number of tries so far; the last one goes first
        self._under_way: dict[int, _UnderWay] = {}

    def run(self) -> None:
        """Search until all is done or a limit is reached; interrupted, it leaves the journal whole."""
        if self.journal is not None:
            self.sums, self._row = self.journal.sums, len(self.journal.entries)
            self._open = [(name, part, 0) for name, part in self.journal.open_parts().items()]
            self._total = self.journal.total
        if not self._row:
            self._open = [(ROOT, batches.whole(self.settings), 0)]
            self._total = self._open[0][1].size
        if not self._open:
            return
        for note in self.scheduler.notes:
            self._note(note)
        self.scheduler.begin(self.settings)
        if self.journal is not None:
            self.journal.begin_session(f"{self.scheduler.num_workers} {self.scheduler.workers_name}")
        try:
            while self._open or self._under_way:
                self._hand_out()
                self._keep(self.scheduler.collect(_INTERVAL))
                if self._open or self._under_way:
                    self.stopped_by = self._limit_reached()
                if self.stopped_by is not None:
                    self._wind_up()
                    break
        finally:
            self.scheduler.cancel()

    def figures(self) -> Figures:
        """What was counted; raises `DomainError` where all is done and there is nothing."""
        settings = self.settings
        has_facets = settings.keeps_records or settings.enumerates or not settings.dictionaries
        return self.sums.figures(settings.problem, stopped_by=self.stopped_by, has_facets=has_facets)

    def _wind_up(self) -> None:
        """Keep what batches under way have found, as far as it comes at once: it is proven, and done."""
        if not self.scheduler.wind_up():
            return
        begun = time.monotonic()
        while self._under_way and time.monotonic() - begun < _FAREWELL:
            self._keep(self.scheduler.collect(_FAREWELL / 4))

    def _hand_out(self) -> None:
        workers = self.scheduler.num_workers
        longest = max(_BATCH_SECONDS, 2 * _BATCH_COST * workers)
        share = sum_of([part.size for _, part, _ in self._open]).mean / (2 * max(workers, 1))
        while self._open and len(self._under_way) < 2 * workers:
            seconds = longest
            if len(self._open) < _ENOUGH * workers:
                self._open.sort(key=lambda entry: entry[1].size.mean)
                seconds *= _SHORTEST
            chosen = self._take(share)
            number = next(self._numbers)
            self._under_way[number] = _UnderWay(
                taken=[(name, part) for name, part, _ in chosen], tries=max(tries for *_, tries in chosen)
            )
            self.scheduler.submit(Batch(number=number, parts=tuple(part for _, part, _ in chosen), seconds=seconds))

    def _take(self, regions: float) -> list[tuple[PartId, Part, int]]:
        """Open parts with at most so many regions together, or else the one on top."""
        chosen = [self._open.pop()]
        rest = regions - chosen[0][1].size.mean
        # One that may have taken a worker down goes alone, so that it harms no other.
        while self._open and len(chosen) < _MOST_PARTS and not chosen[0][2] and not self._open[-1][2]:
            rest -= self._open[-1][1].size.mean
            if rest < 0:
                break
            chosen.append(self._open.pop())
        chosen.reverse()  # the last part of a batch is searched first: the one that was on top
        return chosen

    def _keep(self, outcomes: list[Outcome | Lost]) -> None:
        entries = []
        for outcome in outcomes:
            under_way = self._under_way.pop(outcome.batch, None)
            if under_way is None:
                continue  # it came back before
            if isinstance(outcome, Lost):
                self._retry(under_way, outcome)
            else:
                entries.append(self._entry(under_way, outcome))
        if self.journal is not None and entries:
            self.journal.append(entries)
        for entry in entries:
            self.sums += entry.sums
        if entries:  # at once, and not now and then: whoever ends this process tells what the journal keeps
            self.watch.report(self.sums.regions, **self._state())

    def _entry(self, under_way: _UnderWay, outcome: Outcome) -> Entry:
        self._row += 1
        untouched = set(outcome.untouched)
        taken = tuple(name for i, (name, _) in enumerate(under_way.taken) if i not in untouched)
        self._open += [(*under_way.taken[i], 0) for i in sorted(untouched)]
        before = sum_of([part.size for i, (_, part) in enumerate(under_way.taken) if i not in untouched])
        sizes = after_search(before, outcome.sums.regions, [part.size for part in outcome.left])
        left = [Part(prefix=part.prefix, size=size) for part, size in zip(outcome.left, sizes, strict=True)]
        left.sort(key=lambda part: -part.size.mean)  # small ones on top, so that few are open
        self._open += [((self._row, place), part, 0) for place, part in enumerate(left)]
        stored = None
        if outcome.records is not None:
            if self.journal is None:
                self.records.append(outcome.records)
            elif outcome.records.num_regions:
                stored = stored_batches.store(outcome.records, self.journal.parts_folder, self._row)
        return Entry(
            taken=taken,
            left=tuple(left),
            sums=outcome.sums,
            cpu_seconds=outcome.cpu_seconds,
            seconds=outcome.seconds,
            worker=outcome.worker,
            time=time.time(),
            stored=stored,
        )

    def _retry(self, under_way: _UnderWay, lost: Lost) -> None:
        if under_way.tries + 1 >= _TRIES:
            raise LimitReachedError(
                f"a batch was lost {_TRIES} times ({lost.reason}); give workers more memory, then go on"
            )
        self._note(f"a batch was lost ({lost.reason}) and is searched again")
        self._open += [(name, part, under_way.tries + 1) for name, part in under_way.taken]

    def _limit_reached(self) -> str | None:
        return self.watch.stopped_by(self.sums.regions, **self._state())

    def _state(self) -> dict[str, Any]:
        """How far the run has come, for its reports."""
        fraction, error = fraction_done(self.sums.regions, self._total)
        return {
            "fraction": fraction,
            "error": error,
            "workers": self.scheduler.num_workers,
            "per_stage": self.sums.per_stage[len(self.settings.problem.walls) :],
        }

    def _note(self, text: str) -> None:
        self.watch.report(self.sums.regions, note=text)


def drive(settings: RunSettings, workers: Workers, watch: Watch) -> Driver:
    """Run with the scheduler and the journal that are named; raises as these do."""
    if settings.keeps_records and workers.journal is not None:
        stored_batches.require_pyarrow()
    journal = None if workers.journal is None else Journal.create_or_continue(workers.journal, settings)
    return _drive(settings, workers, watch, journal)


def go_on(path: Path, workers: Workers, watch: Watch) -> Driver:
    """Run on from a journal; raises as `drive` does."""
    journal = Journal.open(path)
    return _drive(journal.settings, workers, watch, journal)


def _drive(settings: RunSettings, workers: Workers, watch: Watch, journal: Journal | None) -> Driver:
    try:
        if settings.keeps_records and journal is not None:
            stored_batches.require_pyarrow()
        # A journal that is wrong is told before a cluster is started for it.
        scheduler = open_scheduler(workers.scheduler, workers.jobs)
        try:
            driver = Driver(settings, scheduler, watch, journal)
            for note in journal.notes if journal else ():
                driver._note(note)
            driver.run()
        finally:
            scheduler.close()
    finally:
        if journal is not None:
            journal.close()
    return driver
