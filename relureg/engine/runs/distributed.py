"""Batches on a cluster of Dask's: a scheduler somewhere, worker processes here, or any client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import queue
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from multiprocessing import resource_tracker
from typing import Any

from relureg import version
from relureg.engine.runs import batches
from relureg.engine.runs.batches import Batch, Outcome, VersionError
from relureg.engine.runs.scheduler import Lost, drain
from relureg.engine.runs.settings import RunSettings
from relureg.errors import LimitReachedError, UsageError
from relureg.packages import needing

_CONNECT_SECONDS = 10
"""How long a scheduler may take to answer."""

_LOOK_SECONDS = 2.0
"""Between looks at which workers there are."""


_ANSWER_SECONDS = 5.0
"""How long a worker may take to tell its version."""

_SILENT_SECONDS = 20.0
"""A worker that has not been heard of for so long gets no more work, and what it has is given to others. Workers report
every few seconds; Dask itself waits for minutes."""


@dataclass(slots=True)
class _Worker:
    cores: int
    beat: float
    """When it last reported, by the scheduler's clock."""
    at: float
    """When that was seen to change, by ours."""
    is_silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    number: int
    """Of the batch."""
    future: Any
    until: float
    """When it should be back, by `time.monotonic`."""
    is_bound: bool
    """Whether only the workers that answered then may search it."""


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
        self._batches: dict[str, _Sent] = {}  # by key
        self._run = uuid.uuid4().hex[:8]
        self._problem: Any = None
        self._is_spread = False
        self._looked = -_LOOK_SECONDS
        self._seen: dict[str, _Worker] = {}  # by address
        self._packed: bytes | None = None

    @classmethod
    def open(cls, wanted: Any) -> DaskScheduler:
        """The cluster at an address, ``local:N``, or of a client; raises `UsageError` where there is none."""
        with needing("a scheduler needs Dask", "dask"):
            dask, distributed = import_module("dask"), import_module("distributed")
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
            # A worker that dies is replaced; one that grows is not, since batches are small.
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
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            with self._cluster():
                self._see_workers()
        return sum(worker.cores for worker in self._seen.values() if not worker.is_silent)

    @property
    def notes(self) -> list[str]:
        with contextlib.suppress(Exception):  # a link is a courtesy: its form depends on the user's configuration
            return [f"dashboard {self._client.dashboard_link}"]
        return []

    def begin(self, settings: RunSettings) -> None:
        with self._cluster():
            self._see_workers()
            # Before a batch names the network's cells to a worker, it must be of this version. Those that do not answer
            # now (they die, or are asleep) and those that come later are asked by their first batch.
            for address, found in self._client.sync(_versions_on, self._client, list(self._seen)).items():
                if isinstance(found, ImportError | AttributeError):
                    raise _lacks(found) from found
                if isinstance(found, str) and found != version.__version__:
                    raise VersionError(
                        f"runs relureg {found}, but {version.__version__} asks; install the same version everywhere",
                        where=f"worker {address}",
                    )
                if not isinstance(found, str):
                    self._seen[address].is_silent = True
            self._packed = _packed(settings)
            self._spread_problem()

    def submit(self, batch: Batch) -> None:
        key = f"relureg-batch-{self._run}-{batch.number}-{uuid.uuid4().hex[:4]}"
        workers = self._answering
        with self._cluster():
            future = self._client.submit(_search, self._problem, batch, key=key, pure=False, workers=workers)
        self._batches[key] = _Sent(
            number=batch.number,
            future=future,
            until=time.monotonic() + batch.seconds,
            is_bound=workers is not None,
        )
        future.add_done_callback(self._done.put)

    def collect(self, timeout: float) -> list[Outcome | Lost]:
        futures = [future for future in drain(self._done, timeout) if future.key in self._batches]
        if not futures:
            self._check_alive()
            return self._overdue()
        finished = [future for future in futures if future.status == "finished"]
        with self._cluster():
            back = self._results(finished)
            if finished and not self._is_spread and self._problem.status == "finished":
                # Dask gives batches to workers that hold what they need. Now all do; those that come later will fetch
                # it. Nobody waits for it, since a worker may be asleep.
                self._client.loop.add_callback(_replicate, self._client, self._problem, self._answering)
                self._is_spread = True
        for future in futures:
            sent = self._batches.pop(future.key)
            if future.status != "finished":
                back.append(self._failure(sent.number, future))
            future.release()
        return back + self._overdue()

    def wind_up(self) -> bool:
        return False  # workers cannot be told

    def cancel(self) -> None:
        futures = [sent.future for sent in self._batches.values()]
        self._batches.clear()
        with contextlib.suppress(Exception):  # the cluster may be what has gone
            self._client.cancel(futures)

    def close(self) -> None:
        self.cancel()
        self._problem = None
        for owned in self._owned:
            with contextlib.suppress(Exception):
                owned.close()

    def _results(self, finished: list[Any]) -> list[Outcome | Lost]:
        """The outcomes, fetched from the workers that hold them; those of a worker that has fallen silent are lost."""
        if not finished:
            return []
        seconds = _SILENT_SECONDS
        while True:
            try:
                return list(self._client.sync(_fetch, self._client, finished, seconds))
            except CancelledError:  # lost since, as when the scheduler goes
                self._check_alive()
                break
            except TimeoutError:
                self._see_workers()
                if any(worker.is_silent for worker in self._seen.values()):
                    break
                seconds *= 2  # they are long, and the way is slow
        found = self._client.sync(_fetch_each, self._client, finished, seconds)
        return [
            Lost(batch=self._batches[future.key].number, reason="its worker does not answer")
            if isinstance(outcome, BaseException)
            else outcome
            for future, outcome in zip(finished, found, strict=True)
        ]

    def _see_workers(self) -> None:
        """See which workers there are, and which have been silent for too long."""
        now = self._looked = time.monotonic()
        silent = {address for address, worker in self._seen.items() if worker.is_silent}
        seen: dict[str, _Worker] = {}
        for address, told in _workers(self._client).items():
            worker = self._seen.get(address)
            if worker is None:
                worker = _Worker(cores=told["nthreads"], beat=told["last_seen"], at=now)
            elif worker.beat != told["last_seen"]:
                worker.beat, worker.at, worker.is_silent = told["last_seen"], now, False
            else:
                worker.is_silent |= now - worker.at > _SILENT_SECONDS
            seen[address] = worker
        self._seen = seen
        if self._packed is not None and {address for address, worker in seen.items() if worker.is_silent} - silent:
            self._spread_problem()  # it may be held by one that is silent alone

    @property
    def _answering(self) -> list[str] | None:
        """Where work may be sent; None is anywhere, to workers that are still to come as well."""
        answering = [address for address, worker in self._seen.items() if not worker.is_silent]
        return answering if 0 < len(answering) < len(self._seen) else None

    def _spread_problem(self) -> None:
        key = f"relureg-problem-{self._run}-{uuid.uuid4().hex[:4]}"
        self._is_spread = False
        self._problem = self._client.submit(bytes, self._packed, key=key, pure=False, workers=self._answering)

    def _overdue(self) -> list[Outcome | Lost]:
        """Batches that should have come back long ago, while a worker is silent: others are to search them."""
        late = time.monotonic() - _SILENT_SECONDS
        is_anyone_silent = any(worker.is_silent for worker in self._seen.values())
        keys = [
            key
            for key, sent in self._batches.items()
            if sent.until < late and (is_anyone_silent or sent.is_bound) and not sent.future.done()
        ]
        back: list[Outcome | Lost] = []
        for key in keys:
            sent = self._batches.pop(key)
            # If it comes back all the same, nobody looks at it.
            self._client.loop.add_callback(_cancel, self._client, sent.future)
            back.append(Lost(batch=sent.number, reason="its worker does not answer"))
        if back:
            with self._cluster():
                self._spread_problem()
        return back

    def _failure(self, number: int, future: Any) -> Lost:
        """What a batch without a result means; raises where another try would end the same way."""
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


def _workers(client: Any) -> dict[str, Any]:
    """What the scheduler tells of its workers, by address."""
    try:
        told = client.scheduler_info(n_workers=-1)
    except TypeError:  # older versions tell of all workers anyway
        told = client.scheduler_info()
    return dict(told["workers"])


async def _versions_on(client: Any, addresses: list[str]) -> dict[str, Any]:
    """The version on each worker, or the exception instead of an answer."""

    async def version_on(address: str) -> Any:
        answer = client._run(_version_here, workers=[address], on_error="return")
        return (await asyncio.wait_for(answer, _ANSWER_SECONDS)).get(address)

    answers = await asyncio.gather(*map(version_on, addresses), return_exceptions=True)
    return dict(zip(addresses, answers, strict=True))


async def _fetch(client: Any, futures: list[Any], seconds: float) -> Any:
    return await asyncio.wait_for(client._gather(futures), seconds)


async def _fetch_each(client: Any, futures: list[Any], seconds: float) -> list[Any]:
    """The result of each, or the exception instead."""
    found = await asyncio.gather(*(_fetch(client, [f], seconds) for f in futures), return_exceptions=True)
    return [one if isinstance(one, BaseException) else one[0] for one in found]


async def _replicate(client: Any, future: Any, workers: list[str] | None) -> None:
    with contextlib.suppress(Exception):  # it only saves workers from asking each other later
        await client._replicate([future], workers=workers)


async def _cancel(client: Any, future: Any) -> None:
    with contextlib.suppress(Exception):  # as little as the worker the scheduler need hear of it
        await client._cancel([future])


def _version_here() -> str:
    from relureg import version

    return version.__version__


def _search(packed: bytes, batch: Batch) -> Outcome:
    """On the worker."""
    return batches.search(_unpacked(packed), batch)


def _packed(settings: RunSettings) -> bytes:
    # Not pickled: another version must be able to read whose this is.
    return json.dumps({"version": settings.version} | settings.document()).encode()


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> RunSettings:
    document = json.loads(packed)
    batches.check_version(document.pop("version"))
    return RunSettings.of(document)
