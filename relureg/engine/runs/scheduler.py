"""Who searches batches: the interface that threads and a cluster share, and the threads."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from relureg import stopping
from relureg.engine.limits import num_cores
from relureg.engine.runs import batches
from relureg.engine.runs.batches import Batch, Outcome
from relureg.engine.runs.settings import RunSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A batch that its worker did not survive; nothing of it counts."""

    batch: int
    reason: str


class Scheduler(Protocol):
    """Searches batches somewhere. Each one comes back as an `Outcome` or as `Lost`; possibly twice, in any order."""

    workers_name: str
    """What a worker is, in the plural."""

    @property
    def num_workers(self) -> int:
        """Batches that can be searched at once; it may change, and be 0."""

    @property
    def notes(self) -> list[str]:
        """What people want to know, such as where to watch."""

    def begin(self, settings: RunSettings) -> None:
        """Bring what the run is about to the workers."""

    def submit(self, batch: Batch) -> None:
        """Have a batch searched."""

    def collect(self, timeout: float) -> list[Outcome | Lost]:
        """What has come back, after at most `timeout` seconds; raises what a search has raised."""

    def wind_up(self) -> bool:
        """Have batches come back soon with what they have; whether they will."""

    def cancel(self) -> None:
        """Drop all batches that have not come back."""

    def close(self) -> None:
        """Free what this scheduler has started, and nothing else."""


class ThreadScheduler:
    """Batches on threads of this process. The search holds no lock of Python's, so that they run side by side."""

    workers_name = "threads"

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs or num_cores()
        self._pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="relureg")
        self._done: queue.SimpleQueue[Future[Outcome]] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._over = threading.Event()
        self._settings: RunSettings | None = None

    @property
    def num_workers(self) -> int:
        return self._jobs

    @property
    def notes(self) -> list[str]:
        return []

    def begin(self, settings: RunSettings) -> None:
        self._settings = settings

    def submit(self, batch: Batch) -> None:
        assert self._settings is not None
        searched = self._pool.submit(batches.search, self._settings, batch, self._cancelled, self._over)
        searched.add_done_callback(self._done.put)

    def collect(self, timeout: float) -> list[Outcome | Lost]:
        done = drain(self._done, timeout)
        return [] if self._cancelled.is_set() else [future.result() for future in done]

    def wind_up(self) -> bool:
        self._over.set()
        return True

    def cancel(self) -> None:
        self._cancelled.set()
        with stopping.shielded():
            self._pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        self.cancel()


def drain(done: queue.SimpleQueue[Any], timeout: float) -> list[Any]:
    """What is in a queue, after waiting for the first one for at most `timeout` seconds."""
    found = []
    try:
        found.append(done.get(timeout=timeout))
        while True:
            found.append(done.get_nowait())
    except queue.Empty:
        return found
