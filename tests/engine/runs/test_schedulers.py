"""One contract for whoever searches batches: threads of this process, and a cluster of real processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import relureg
from relureg.engine.limits import Progress, Watch, Workers
from relureg.engine.runs import distributed, driver
from relureg.engine.runs.batches import Batch, Outcome, Part
from relureg.engine.runs.distributed import DaskScheduler
from relureg.engine.runs.journal import Journal
from relureg.engine.runs.scheduler import Lost, Scheduler, ThreadScheduler
from relureg.engine.runs.settings import RunSettings
from relureg.engine.runs.sizes import NOTHING
from relureg.engine.runs.workers import open_scheduler
from relureg.engine.sums import WHOLE, Sums
from relureg.errors import LimitReachedError, UsageError
from relureg.network.problem import Problem
from tests.engine.runs.clusters import Cluster, cluster
from tests.engine.runs.runs import assert_same_records, he_network

TRUTH = json.loads(Path("fixtures/truth/counts.json").read_text())
LONG = he_network(6, 14, 12, 1)
"""Work for dozens of batches as short as `short_batches`."""

NOT_SO_LARGE = [name for name, truth in TRUTH.items() if truth["regions"] < 20_000]

# Dask closes some of its sockets only when they are collected.
pytestmark = pytest.mark.filterwarnings("default")

Open = Callable[[], Scheduler]


@pytest.fixture(autouse=True)
def short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_BATCH_SECONDS", 0.01)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("dask")) as found:
        found.add_worker()
        yield found


@pytest.fixture(params=["threads", "dask"])
def open_one(request: pytest.FixtureRequest) -> Open:
    if request.param == "threads":
        return lambda: ThreadScheduler(2)
    address = request.getfixturevalue("dask").address
    return lambda: DaskScheduler.open(address)


@pytest.fixture(scope="module")
def expected() -> relureg.RegionCount:
    return relureg.count_regions(LONG)


def _figures(count: relureg.RegionCount) -> tuple[object, ...]:
    watertight = {check.name: check.passed for check in count.checks}["watertight"]
    return count.num_regions, count.num_bounded, count.per_stage, count.num_facets, watertight


def _collect(scheduler: Scheduler, seconds: float = 60) -> list[Outcome | Lost]:
    end = time.monotonic() + seconds
    while not (found := scheduler.collect(0.2)):
        assert time.monotonic() < end
    return found


# -- the contract ------------------------------------------------------------------------------------


def _check_the_contract(scheduler: Scheduler) -> None:
    settings = RunSettings(problem=Problem(network=LONG))
    scheduler.begin(settings)
    assert scheduler.num_workers >= 1
    parts, sums, number, rounds = [Part(prefix=WHOLE, size=NOTHING)], Sums(), 0, 0
    while parts:
        rounds += 1
        sent = {}
        for part in parts:
            number += 1
            sent[number] = part
            scheduler.submit(Batch(number=number, parts=(part,), seconds=0.005 if rounds < 4 else 60))
        parts = []
        while sent:
            for outcome in _collect(scheduler):
                assert isinstance(outcome, Outcome)
                part = sent.pop(outcome.batch)  # each comes back, and once
                sums += outcome.sums
                parts += [part] * len(outcome.untouched) + list(outcome.left)
    assert rounds > 2
    assert sums.figures(settings.problem, stopped_by=None) == _plain_figures()
    # A batch that cannot be searched raises here; one that is cancelled never comes back.
    scheduler.submit(Batch(number=number + 1, parts=(Part(prefix=(1000,), size=NOTHING),), seconds=60))
    with pytest.raises(ValueError, match="not there"):
        _collect(scheduler)
    scheduler.submit(Batch(number=number + 2, parts=(Part(prefix=WHOLE, size=NOTHING),), seconds=1))
    scheduler.cancel()
    assert scheduler.collect(2) == []


def _plain_figures() -> object:
    from relureg.engine import split

    return split.count_regions(Problem(network=LONG), Workers(jobs=1), Watch())


def test_the_contract(open_one: Open) -> None:
    scheduler = open_one()
    try:
        _check_the_contract(scheduler)
    finally:
        scheduler.close()


def test_unknown_schedulers(monkeypatch: pytest.MonkeyPatch) -> None:
    for wanted in ("local:", "local:0", "local:x"):
        with pytest.raises(UsageError, match="write local:4"):
            open_scheduler(wanted, None)
    with pytest.raises(UsageError, match="is no address"):
        open_scheduler(3, None)
    monkeypatch.setattr(distributed, "_CONNECT_SECONDS", 0.5)
    with socket.socket() as silent:  # a port that is taken, and at which nobody listens
        silent.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"--scheduler: no Dask scheduler answers at '{address}'") as found:
            open_scheduler(address, None)
    assert found.value.exit_code == 2


# -- results -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_truth_networks_on_so_many_workers(dask: Cluster, workers: int, expected: relureg.RegionCount) -> None:
    from distributed import Client

    with Client(dask.address, set_as_default=False) as client:
        while len(client.nthreads()) < workers:
            dask.add_worker()
        for name in NOT_SO_LARGE if workers == 2 else ["rand_3-16-16-1"]:
            network = relureg.load(f"fixtures/truth/{name}.json")
            cells = relureg.enumerate_regions(network, scheduler=client)
            assert (cells.num_regions, cells.facets.num_inner) == (TRUTH[name]["regions"], TRUTH[name]["edges"])
            assert_same_records(cells.records, relureg.enumerate_regions(network).records)
        assert _figures(relureg.count_regions(LONG, scheduler=client)) == _figures(expected)
        assert client.status == "running"  # it is the caller's, and stays open


def test_a_worker_is_killed_and_one_is_added(dask: Cluster, tmp_path: Path, expected: relureg.RegionCount) -> None:
    path = tmp_path / "run.journal"
    doomed = dask.add_worker()

    def kill_when_it_has_worked(progress: object) -> None:
        if doomed.returncode is None and any(name.endswith(f":{doomed.pid}") for name in _workers(path)):
            doomed.kill()
            doomed.wait()
            dask.add_worker()

    counted = relureg.count_regions(LONG, scheduler=dask.address, journal=path, progress=kill_when_it_has_worked)
    assert doomed.returncode is not None, "the run was over before a worker could be killed"
    assert _figures(counted) == _figures(expected)
    assert len(_workers(path)) >= 2


def test_a_worker_that_joins_works(dask: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    joined: list[subprocess.Popen[bytes]] = []

    def add_when_begun(progress: object) -> None:
        if not joined:
            joined.append(dask.add_worker())

    relureg.count_regions(LONG, scheduler=dask.address, journal=path, progress=add_when_begun)
    assert any(name.endswith(f":{joined[0].pid}") for name in _workers(path))


def _workers(path: Path) -> set[str]:
    try:
        with Journal.open_to_read(path) as journal:
            return {entry.worker for entry in journal.entries}
    except relureg.errors.JournalError:
        return set()


# -- interruptions -----------------------------------------------------------------------------------

_KEEPING_FEW = """
import signal, sys
from relureg.cli.main import main
from relureg.engine.runs import driver
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored
driver._BATCH_SECONDS = 0.01
rows = int(sys.argv.pop(1))
keep = driver.Driver._keep
driver.Driver._keep = lambda self, outcomes: keep(self, outcomes if self._row < rows else [])
main()
"""
"""A run that keeps what its first batches find, and then waits for the others without end."""


def _client(rows: int, *words: object, **options: Any) -> subprocess.Popen[str]:
    """A command in a process of its own that gets on until its journal has at least so many rows."""
    command = [sys.executable, "-c", _KEEPING_FEW, str(rows), *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def _signal_at(process: subprocess.Popen[str], path: Path, rows: int, number: int) -> tuple[str, str]:
    """Send a signal to all of its group once it has kept so much, and return what it has said by its end."""
    _wait_for_rows(process, path, rows)
    os.killpg(process.pid, number)
    return process.communicate(timeout=60)


def _wait_for_rows(process: subprocess.Popen[str], path: Path, rows: int) -> None:
    end = time.monotonic() + 60
    while not path.exists() or _num_rows(path) < rows:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def _num_rows(path: Path) -> int:
    with Journal.open_to_read(path) as journal:
        return len(journal.entries)


def test_the_client_is_killed_twice(dask: Cluster, tmp_path: Path, expected: relureg.RegionCount) -> None:
    path, network = tmp_path / "run.journal", tmp_path / "net.json"
    relureg.save(LONG, network)

    def kill_at(rows: int, *words: object) -> None:
        process = _client(rows, *words, start_new_session=True)
        _signal_at(process, path, rows, signal.SIGKILL)

    kill_at(3, "count", network, "--journal", path, "--jobs", 2)
    rows = _num_rows(path)
    status = relureg.journal_status(path)
    assert (status.complete, status.running, status.sessions) == (False, False, 1)
    assert 0 < status.regions < expected.num_regions
    kill_at(rows + 3, "resume", path, "--scheduler", dask.address)
    assert relureg.journal_status(path).regions > status.regions
    process = _client(10**9, "resume", path, "--jobs", 1, "--json")
    stdout, stderr = process.communicate(timeout=100)
    assert process.returncode == 0, stderr
    document = json.loads(stdout)
    assert document["regions"] == expected.num_regions
    assert document["facets"] == expected.num_facets
    assert document["checks"]["watertight"] is True
    assert relureg.journal_status(path).sessions == 3


@pytest.mark.parametrize("workers", [("--jobs", "1"), ("--scheduler", "local:2", "--quiet")], ids=["threads", "dask"])
def test_ctrl_c_leaves_a_journal(workers: tuple[str, ...], tmp_path: Path, expected: relureg.RegionCount) -> None:
    """In a terminal it reaches workers, too."""
    path, network = tmp_path / "run.journal", tmp_path / "net.json"
    relureg.save(LONG, network)
    process = _client(2, "count", network, "--journal", path, *workers, start_new_session=True)
    stdout, stderr = _signal_at(process, path, 2, signal.SIGINT)
    assert process.returncode == 130
    assert "activation regions   at least " in stdout
    told = rf"relureg: interrupted: [\d,]+ regions are a proven lower bound; go on with: relureg resume {path}"
    assert re.fullmatch(told, stderr.strip())
    assert _is_gone(process.pid), "a worker has stayed"
    assert _figures(relureg.resume(path)) == _figures(expected)


def _is_gone(group: int, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("when", ["between batches", "as results are fetched"])
def test_the_scheduler_goes_away(
    when: str, tmp_path: Path, expected: relureg.RegionCount, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.journal"
    fetch = distributed._fetch
    with cluster(tmp_path) as own:
        own.add_worker()

        def kill_it(progress: object) -> None:
            if _num_rows(path) >= 2:
                own.scheduler.kill()
                own.scheduler.wait()

        async def fetch_late(client: Any, futures: list[Any], seconds: float) -> Any:
            if _num_rows(path) >= 2:
                own.scheduler.kill()
                while client.status == "running":
                    await asyncio.sleep(0.01)
            return await fetch(client, futures, seconds)

        if when != "between batches":
            monkeypatch.setattr(distributed, "_fetch", fetch_late)
        progress = kill_it if when == "between batches" else None
        with pytest.raises(LimitReachedError, match="relureg resume"):
            relureg.count_regions(LONG, scheduler=own.address, journal=path, progress=progress)
    assert _num_rows(path) >= 2
    assert _figures(relureg.resume(path)) == _figures(expected)


@pytest.fixture
def asleep(dask: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    """One more worker, to be sent to sleep."""
    found = dask.add_worker()
    yield found
    found.kill()
    found.wait()


def test_a_worker_dies_while_it_is_asked_its_version(
    dask: Cluster,
    asleep: subprocess.Popen[bytes],
    expected: relureg.RegionCount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    versions_on = distributed._versions_on
    asked: list[str] = []

    async def kill_meanwhile(client: Any, addresses: list[str]) -> dict[str, Any]:
        asked.extend(addresses)
        asyncio.get_running_loop().call_later(0.5, asleep.kill)
        return await versions_on(client, addresses)

    monkeypatch.setattr(distributed, "_versions_on", kill_meanwhile)
    asleep.send_signal(signal.SIGSTOP)
    counted = relureg.count_regions(LONG, scheduler=dask.address)
    assert len(asked) >= 2
    assert asleep.wait(timeout=60) == -signal.SIGKILL
    assert _figures(counted) == _figures(expected)


def test_a_worker_that_sleeps_all_the_time(
    dask: Cluster,
    asleep: subprocess.Popen[bytes],
    expected: relureg.RegionCount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributed, "_ANSWER_SECONDS", 0.5)
    asleep.send_signal(signal.SIGSTOP)
    counted = relureg.count_regions(LONG, scheduler=dask.address)
    assert asleep.poll() is None
    assert _figures(counted) == _figures(expected)


def test_a_worker_that_falls_asleep_over_a_batch(
    tmp_path: Path, expected: relureg.RegionCount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "_SILENT_SECONDS", 3.0)
    notes: list[str] = []
    with cluster(tmp_path) as own:
        asleep = own.add_worker()
        own.add_worker()
        path = tmp_path / "run.journal"

        def watch(progress: Progress) -> None:
            notes.append(progress.note or "")
            if _num_rows(path) >= 2:
                asleep.send_signal(signal.SIGSTOP)

        counted = relureg.count_regions(LONG, scheduler=own.address, journal=path, progress=watch)
    assert _figures(counted) == _figures(expected)
    assert any("its worker does not answer" in note for note in notes)


def test_a_worker_with_another_version(tmp_path: Path) -> None:
    preload = tmp_path / "older.py"
    preload.write_text("from relureg import version\nversion.__version__ = '0.0.1'\n")
    path = tmp_path / "run.journal"
    with cluster(tmp_path) as own:
        nobody = relureg.count_regions(LONG, scheduler=own.address, timeout=1)  # limits hold while workers are awaited
        assert (nobody.num_regions, nobody.complete) == (1, False)  # where any point is, there is a region
        own.add_worker("--preload", preload)
        with pytest.raises(UsageError, match=r"runs relureg 0\.0\.1, but .* install the same version") as found:
            relureg.count_regions(LONG, scheduler=own.address, journal=path)
        assert found.value.exit_code == 2
        # Its units say so too, for a worker that joins later.
        scheduler = DaskScheduler.open(own.address)
        scheduler._problem = scheduler._client.submit(bytes, _packed_problem(), pure=False)
        scheduler.submit(Batch(number=1, parts=(), seconds=1))
        with pytest.raises(UsageError, match=r"runs relureg 0\.0\.1"):
            _collect(scheduler)
        scheduler.close()
    assert os.path.exists(path)
    assert _num_rows(path) == 0


def _packed_problem() -> bytes:
    from relureg.engine.runs.distributed import _packed

    return _packed(RunSettings(problem=Problem(network=LONG)))


def test_a_unit_that_comes_back_twice_counts_once(expected: relureg.RegionCount) -> None:
    class Doubling(ThreadScheduler):
        def collect(self, timeout: float) -> list[Outcome | Lost]:
            found = super().collect(timeout)
            return found + found

    run = driver.Driver(RunSettings(problem=Problem(network=LONG)), Doubling(2), Watch(), None)
    run.run()
    assert run.sums.regions == expected.num_regions
    assert run.sums.balance == 0


def test_a_unit_that_is_lost_is_searched_again(expected: relureg.RegionCount) -> None:
    class Losing(ThreadScheduler):
        losses = 0

        def collect(self, timeout: float) -> list[Outcome | Lost]:
            found = super().collect(timeout)
            if found and self.losses < 3:
                self.losses += 1
                return [Lost(batch=outcome.batch, reason="its worker died") for outcome in found]
            return found

    notes: list[str | None] = []
    watch = Watch(report=lambda progress: notes.append(progress.note))
    run = driver.Driver(RunSettings(problem=Problem(network=LONG)), Losing(2), watch, None)
    run.run()
    assert run.sums.regions == expected.num_regions
    assert sum("is searched again" in note for note in notes if note) == 3
    Losing.losses = -100
    with pytest.raises(LimitReachedError, match="lost 5 times"):
        driver.Driver(RunSettings(problem=Problem(network=LONG)), Losing(1), Watch(), None).run()
