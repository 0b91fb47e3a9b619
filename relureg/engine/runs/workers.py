"""Which workers a run is given: threads of this process, processes here, or a cluster."""

from __future__ import annotations

from typing import Any

from relureg.engine.runs.scheduler import Scheduler, ThreadScheduler
from relureg.errors import UsageError


def open_scheduler(wanted: Any, jobs: int | None) -> Scheduler:
    """The scheduler that is meant.

    Parameters
    ----------
    wanted : str, distributed.Client or None
        ``tcp://host:port`` (or another address of a Dask scheduler), ``local:N`` for N worker processes on this
        machine, a client of Dask's, or None for threads.
    jobs : int, optional
        Threads, where `wanted` is None.

    Raises
    ------
    UsageError
        There is no such scheduler, it cannot be reached, or Dask is not installed.
    """
    if wanted is None:
        return ThreadScheduler(jobs)
    if jobs is not None:
        raise UsageError("threads are for a run without a scheduler; leave out one of --jobs and --scheduler")
    from relureg.engine.runs.distributed import DaskScheduler  # takes a second to import

    return DaskScheduler.open(wanted)
