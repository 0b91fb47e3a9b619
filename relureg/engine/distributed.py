"""Batches on a cluster of Dask's: a scheduler somewhere, worker processes here, or any client."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import signal
import time
import uuid
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from multiprocessing import resource_tracker
from typing import Any

from relureg import version
from relureg.engine import units
from relureg.engine.problem import Problem
from relureg.engine.scheduler import Lost, drain
from relureg.engine.units import Batch, Outcome, VersionError
from relureg.errors import LimitReachedError, UsageError
from relureg.packages import missing

_CONNECT_SECONDS = 10
"""How long a scheduler may take to answer."""

_LOOK_SECONDS = 2.0
"""Between looks at which workers there are."""


class DaskScheduler:
    """Batches as tasks of a Dask cluster.

    The problem goes to the scheduler once, as the argument of one task whose result the workers pass on among each
    other; unlike scattered data it is made again if every worker that holds it is lost. Batches that a lost worker had
    are run elsewhere by Dask; one that kills worker after worker comes back as `Lost`.
    """

    workers_name = "Dask workers"

    def __init__(self, client: Any, *, owned: tuple[Any, ...] = ()) -> None:
        self._client = client
        self._owned = owned
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._batches: dict[str, tuple[int, Any]] = {}  # by key: the batch's number and its future
        self._run = uuid.uuid4().hex[:8]
        self._problem: Any = None
        self._is_spread = False
        self._looked = -_LOOK_SECONDS
        self._cores = 0

    @classmethod
    def open(cls, wanted: Any) -> DaskScheduler:
        """The cluster at an address, ``local:N``, or of a client; raises `UsageError` where there is none."""
        try:
            dask, distributed = import_module("dask"), import_module("distributed")
        except ImportError as error:
            raise missing("a scheduler needs Dask", "dask") from error
        if isinstance(wanted, distributed.Client):
            return cls(wanted)
        if not isinstance(wanted, str):
            raise UsageError("is no address, no local:N and no client of Dask's", where="scheduler")
        # What happens to the cluster is told by the run, not by Dask's loggers.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        kind, _, rest = wanted.partition(":")
        if kind == "local":
            if not (rest.isascii() and rest.isdigit() and 0 < int(rest) <= 4096):
                raise UsageError(f"{wanted!r} does not say how many workers; write local:4", where="--scheduler")
            # A worker that dies is replaced; one that grows is not, since units are small.
            with _deaf_to_interrupts():
                cluster = distributed.LocalCluster(
                    n_workers=int(rest),
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=":0",
                    silence_logs=logging.CRITICAL,
                )
            client = distributed.Client(cluster)
            return cls(client, owned=(client, cluster))
        try:
            with dask.config.set({"distributed.comm.timeouts.connect": f"{_CONNECT_SECONDS}s"}):
                client = distributed.Client(wanted, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise UsageError(
                f"no Dask scheduler answers at {wanted!r}; check host and port, or give local:N", where="--scheduler"
            ) from error
        return cls(client, owned=(client,))

    @property
    def num_workers(self) -> int:
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked = now
            with self._cluster():
                self._cores = sum(self._client.nthreads().values())
        return self._cores

    @property
    def notes(self) -> list[str]:
        with contextlib.suppress(Exception):  # a link is a courtesy: its form depends on the user's configuration
            return [f"dashboard {self._client.dashboard_link}"]
        return []

    def begin(self, problem: Problem) -> None:
        with self._cluster():
            # Before a unit names the network's cells to a worker, every one must be of this version; those that come
            # later are asked by their first unit.
            try:
                versions = self._client.run(_version_here)
            except (ImportError, AttributeError) as error:
                raise _lacks(error) from error
            for address, found in versions.items():
                if found != version.__version__:
                    raise VersionError(
                        f"runs relureg {found}, but {version.__version__} asks; install the same version everywhere",
                        where=f"worker {address}",
                    )
            self._problem = self._client.submit(bytes, _packed(problem), key=f"relureg-problem-{self._run}", pure=False)

    def submit(self, batch: Batch) -> None:
        key = f"relureg-unit-{self._run}-{batch.number}-{uuid.uuid4().hex[:4]}"
        with self._cluster():
            future = self._client.submit(_search, self._problem, batch, key=key, pure=False)
        self._batches[key] = batch.number, future
        future.add_done_callback(self._done.put)

    def collect(self, timeout: float) -> list[Outcome | Lost]:
        futures = [future for future in drain(self._done, timeout) if future.key in self._batches]
        if not futures:
            self._check_alive()
            return []
        finished = [future for future in futures if future.status == "finished"]
        with self._cluster():
            back: list[Outcome | Lost] = list(self._client.gather(finished)) if finished else []
            if finished and not self._is_spread and self._problem.status == "finished":
                # Dask gives units to workers that hold what they need. Now all do; those that come later will fetch it.
                self._client.replicate(self._problem)
                self._is_spread = True
        for future in futures:
            number, _ = self._batches.pop(future.key)
            if future.status != "finished":
                back.append(self._failure(number, future))
            future.release()
        return back

    def wind_up(self) -> bool:
        return False  # workers cannot be told

    def cancel(self) -> None:
        futures = [future for _, future in self._batches.values()]
        self._batches.clear()
        with contextlib.suppress(Exception):  # the cluster may be what has gone
            self._client.cancel(futures)

    def close(self) -> None:
        self.cancel()
        self._problem = None
        for owned in self._owned:
            with contextlib.suppress(Exception):
                owned.close()

    def _failure(self, number: int, future: Any) -> Lost:
        """What a unit without a result means; raises where another try would end the same way."""
        from distributed import KilledWorker

        if future.status in ("cancelled", "lost"):
            self._check_alive()
            return Lost(batch=number, reason="the scheduler dropped it")
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Lost(batch=number, reason="its worker died")
        raise _lacks(error) if isinstance(error, ImportError) else error

    def _check_alive(self) -> None:
        if self._client.status not in ("running", "connecting"):
            raise _gone()
        scheduler = getattr(self._client, "scheduler", None)
        if self._client.status == "connecting" or scheduler is None:
            raise _gone()

    @contextlib.contextmanager
    def _cluster(self) -> Any:
        """Turn the failure of a request into one line."""
        try:
            yield
        except (OSError, TimeoutError) as error:
            raise _gone() from error


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Threads and processes that are started here do not hear Ctrl-C, which a terminal sends to everybody."""
    resource_tracker.ensure_running()  # started by a process it would let that one hear again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _gone() -> LimitReachedError:
    return LimitReachedError("the Dask scheduler has gone; with --journal, go on with: relureg resume JOURNAL")


def _lacks(error: Exception) -> UsageError:
    return UsageError(f"a worker lacks a package ({error}); install the same relureg there", where="--scheduler")


def _version_here() -> str:
    from relureg import version

    return version.__version__


def _search(packed: bytes, batch: Batch) -> Outcome:
    """On the worker."""
    return units.search(_unpacked(packed), batch)


def _packed(problem: Problem) -> bytes:
    # Not pickled: another version must be able to read whose this is.
    return json.dumps({"version": problem.version} | problem.document()).encode()


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Problem:
    document = json.loads(packed)
    units.check_version(document.pop("version"))
    return Problem.of(document)
