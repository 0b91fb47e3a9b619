"""Batches of prefixes that one core searches for about a second, and hands back what is left.

A prefix names a cell, so a batch is a few bytes, needs nothing but the network, and may be searched anywhere, again,
and after any interruption. An outcome stands for itself: its sums and what it hands back make up all that it was given.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from relureg import stopping, version
from relureg.engine import split
from relureg.engine.intervals import mean_of, student
from relureg.engine.planning import plan_samples
from relureg.engine.records import Records
from relureg.engine.runs.settings import RunSettings
from relureg.engine.runs.sizes import Estimate
from relureg.engine.sampling import Sample, TreeSampler
from relureg.engine.sums import WHOLE, Prefix, Sums
from relureg.errors import UsageError
from relureg.network.problem import Problem

_INTERVAL = 0.05
"""Seconds between looks at a search at the most."""

_PROBES = 4
"""Random descents into each part handed back: some milliseconds in a second of work."""

_FIRST_SECONDS = 2.0
"""For samples of the whole tree at the start, at the most."""

_ALL = 1e15
"""Descents that a search of the whole tree stands for: no others change what it says."""

_PRECISION = 0.03
"""How well they are to tell it."""

_PROBE = {"threshold": 0.0, "expected": [], "most_visits": 0}

MAX_KEPT = 200_000
"""Regions that a batch keeps at most, about: some hundreds of megabytes while it is searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the tree that is still to be searched."""

    prefix: Prefix
    size: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Parts for one core, and how long it may take over them."""

    number: int
    parts: tuple[Part, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a batch."""

    batch: int
    sums: Sums
    untouched: tuple[int, ...]
    """Indices of the parts of the batch that were not begun."""
    left: tuple[Part, ...]
    """What is left of the others."""
    cpu_seconds: float
    """Of the search alone."""
    seconds: float
    """From the batch's arrival to its departure, on the worker."""
    worker: str
    records: Records | None = None


class VersionError(UsageError):
    """A worker runs another relureg than the one that asks."""


def search(
    settings: RunSettings, batch: Batch, cancelled: threading.Event | None = None, over: threading.Event | None = None
) -> Outcome:
    """Search the parts of a batch, the last one first, until all is done, the time is over or `over` is set.

    Raises
    ------
    VersionError
        This is not the relureg that asks.
    LimitReachedError
        Memory is exhausted.
    CancelledError
        `cancelled` was set.
    """
    started = time.monotonic()
    check_version(settings.version)
    run = _compiled(settings, batch.parts)
    chunks: list[dict[str, Any]] = []

    def take() -> None:
        while (chunk := run.take_chunk()) is not None:
            chunks.append(chunk)

    run.start()
    try:
        while not run.wait(min(_INTERVAL, batch.seconds)):
            take()
            is_full = settings.keeps_records and run.regions_so_far >= MAX_KEPT
            is_over = over is not None and over.is_set()
            if is_full or is_over or time.monotonic() - started > batch.seconds:
                run.hand_back()
            if cancelled is not None and cancelled.is_set():
                raise CancelledError  # what was found would be a part of the batch only
    finally:
        run.stop()
        run.join()
    take()
    split.raise_error(run)
    remaining = run.remaining()
    index = {part.prefix: i for i, part in enumerate(batch.parts)}
    left = tuple(
        Part(prefix=prefix, size=Estimate.of(probes(run, prefix, _PROBES, _PROBES * batch.number)))
        for prefix in remaining
        if prefix not in index
    )
    records = None
    if settings.keeps_records:
        records = split.merge(chunks, settings.problem)
    return Outcome(
        batch=batch.number,
        sums=Sums.of(run),
        untouched=tuple(sorted(index[prefix] for prefix in remaining if prefix in index)),
        left=left,
        cpu_seconds=run.cpu_seconds,
        seconds=time.monotonic() - started,
        worker=worker_name(),
        records=records,
    )


def check_version(asking: str) -> None:
    """Raise `VersionError` where another relureg asks than this one."""
    if asking != version.__version__:
        raise VersionError(
            f"runs relureg {version.__version__}, but {asking} asks; install the same version everywhere",
            where=f"worker {worker_name()}",
        )


def whole(settings: RunSettings) -> Part:
    """The whole tree, with an estimate of its size by samples of some seconds; its error is all of it without one."""
    sampler, seeds, found = TreeSampler(settings.problem, 1), itertools.count(), list[Sample]()
    with stopping.within(_FIRST_SECONDS):
        plan, planned = plan_samples(sampler, seeds)
        if planned[-1].is_complete and planned[-1].is_whole:
            return Part(prefix=WHOLE, size=Estimate(mean=planned[-1].regions, variance=0.0, descents=_ALL))
        with contextlib.closing(sampler.take(plan, seeds)) as samples:
            for sample in itertools.takewhile(lambda sample: sample.is_complete, samples):
                found.append(sample)
                told = mean_of([one.regions for one in found])
                if told is not None and told.precision < _PRECISION:
                    break
    known = [sample for sample in found or planned if sample.is_complete]
    mean = float(np.mean([sample.regions for sample in known])) if known else 1.0
    told = mean_of([sample.regions for sample in found])
    error = mean if told is None else (told.high - told.low) / 2 / student(len(found) - 1)
    return Part(prefix=WHOLE, size=Estimate(mean=mean, variance=error**2, descents=_visits(known)))


def _visits(samples: Sequence[Sample]) -> float:
    return float(sum(sample.visits for sample in samples))


def probes(run: Any, prefix: Prefix, count: int, seed: int) -> list[float]:
    """What random descents into the cell of a prefix say of its regions, with `count` seeds from that one on."""
    return [run.sample(prefix=prefix, seed=seed + k, **_PROBE)["regions"] for k in range(count)]


def worker_name() -> str:
    """The name of this process, as people find it again."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _compiled(settings: RunSettings, parts: tuple[Part, ...]) -> Any:
    return split.module().Run(
        _translated(settings.problem),
        records=settings.keeps_records,
        generators=False,
        audit=settings.audit,
        max_regions=0,
        enumerates=settings.enumerates,
        dictionaries=settings.dictionaries,
        jobs=1,
        batches=[part.prefix for part in parts],
    )


@lru_cache(maxsize=2)
def _translated(problem: Problem) -> Any:
    """The network as the search reads it: made once for all batches of a run."""
    return split.translate(problem)
