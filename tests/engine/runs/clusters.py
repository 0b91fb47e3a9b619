"""A Dask cluster of real processes on this machine, to be started, added to and killed by tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Cluster:
    """A scheduler and its workers, each a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        address = folder / "scheduler.json"
        self.scheduler = self._start(
            "dask_scheduler", "--scheduler-file", address, "--port", 0, "--no-dashboard", "--host", "127.0.0.1"
        )
        self._file = address
        _wait_until(self._is_written)

    @property
    def address(self) -> str:
        return str(json.loads(self._file.read_text())["address"])

    def _is_written(self) -> bool:
        """A scheduler opens its file before it writes it: one that is there may be empty still."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return bool(self.address)
        return False

    def add_worker(self, *more: object) -> subprocess.Popen[bytes]:
        """A worker with one core, that nobody replaces when it dies; once it is one of the cluster's."""
        name = f"worker-{len(self.processes)}"
        common = ("--scheduler-file", self._file, "--nthreads", 1, "--no-dashboard", "--no-nanny", "--name", name)
        from distributed import Client

        worker = self._start("dask_worker", *common, "--local-directory", self.folder, *more)
        with Client(self.address, set_as_default=False) as client:
            _wait_until(lambda: name in _names(client))
        return worker

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()

    def _start(self, command: str, *words: object) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command}.{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{command}", *map(str, words)],
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5"},
            )
        self.processes.append(process)
        return process


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster without workers."""
    found = Cluster(folder)
    try:
        yield found
    finally:
        found.close()


def _names(client: Any) -> set[str]:
    """Of the workers that there are."""
    return {told["name"] for told in client.scheduler_info(n_workers=-1)["workers"].values()}


def _wait_until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "a process did not start in time"
        time.sleep(0.05)
