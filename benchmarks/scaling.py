"""How runs in units scale: measured on this machine, and simulated for clusters from the recorded times of units.

    python benchmarks/scaling.py overhead              cost of a unit that has nothing to do, on a local cluster
    python benchmarks/scaling.py measure               strong and weak scaling on one and two local workers
    python benchmarks/scaling.py simulate RUN.journal  what a cluster would give, 2 to 10,000 workers

The simulation draws, for each unit, how long it took and into how many parts it fell from the units of the journal. The
driver and Dask's scheduler serve one unit after the other, at the cost that `overhead` measures. Units last as long as
the driver lets them for that many workers, and a twentieth of that while few parts are open.
"""

from __future__ import annotations

import argparse
import heapq
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import networks
import numpy as np

import relureg
from relureg.engine.runs import driver
from relureg.engine.runs.batches import Batch
from relureg.engine.runs.distributed import DaskScheduler
from relureg.engine.runs.journal import Journal
from relureg.engine.runs.settings import RunSettings
from relureg.network.problem import Problem

STRONG = ((8, 12, 12, 1), (4, 100, 60, 1))
WEAK = ((4, 60, 60, 1), (4, 71, 71, 1))
"""The second has about twice the regions of the first."""

SMALL = ((4, 12, 12, 1),)
"""Instead of all these with `--small`: done in seconds, and too short to say anything about scaling."""

REPEATS = 3
"""Of strong scaling: one and two workers by turns."""

UNITS = 2000
_LEAST = 0.2
"""Seconds of a unit that says something about how long units are."""
WORKERS = (2, 10, 100, 1000, 3000, 10_000)
WORK = (3.6e4, 3.6e6)
"""Seconds of one core: ten hours, and a thousand."""


def overhead(units: int = UNITS) -> float:
    """Seconds of processor time of driver and scheduler (here one process) for a unit, and print it."""
    scheduler = DaskScheduler.open("local:2")
    scheduler.begin(RunSettings(problem=Problem(network=networks.he_initialised((2, 4, 1)).network())))
    started, wall = time.process_time(), time.perf_counter()
    done = sent = 0
    while done < units:
        while sent < units and sent - done < 4:
            sent += 1
            scheduler.submit(Batch(number=sent, parts=(), seconds=1))
        done += len(scheduler.collect(1.0))
    cost = (time.process_time() - started) / units
    print(f"{1e3 * cost:.2f} ms of processor time a unit, {1e3 * (time.perf_counter() - wall) / units:.2f} ms in all")
    scheduler.close()
    return cost


def measure(*, small: bool = False) -> None:
    """Seconds from the first unit to the last, without the start of the cluster, on one and two local workers.

    And the most memory that a worker and this process, which is client and scheduler, have held by then.
    """
    repeats = 1 if small else REPEATS
    strong = [
        (workers, widths) for widths in (SMALL if small else STRONG) for _ in range(repeats) for workers in (1, 2)
    ]
    weak = [] if small else list(enumerate(WEAK, start=1))
    for name, cases in (("strong", strong), ("weak", weak)):
        for workers, widths in cases:
            network = networks.he_initialised(widths).network()
            scheduler = DaskScheduler.open(f"local:{workers}")
            while scheduler.num_workers < workers:
                time.sleep(0.1)
            settings = RunSettings(problem=Problem(network=network))
            with TemporaryDirectory() as folder, Journal.create_or_continue(Path(folder, "run"), settings) as journal:
                run = driver.Driver(settings, scheduler, driver.Watch(), journal)
                started = time.perf_counter()
                run.run()
                seconds = time.perf_counter() - started
                busy = sum(entry.seconds for entry in journal.entries) / workers / seconds
                cpu = sum(entry.cpu_seconds for entry in journal.entries)
            memory = max(scheduler._client.run(_peak_memory).values())
            scheduler.close()
            print(f"{name}: {workers} workers, {run.sums.regions:,} regions, {seconds:.1f} s, "
                  f"{cpu:.1f} s of processor time in units, workers busy {busy:.0%}, at most {memory:.0f} MB a worker, "
                  f"{_peak_memory():.0f} MB here", flush=True)  # fmt: skip


def _peak_memory() -> float:
    """Megabytes that this process has held at most; what its parent held before it began does not count."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1e3


def simulate(path: Path, cost: float, *, small: bool = False) -> None:
    """Print efficiencies for several amounts of work and numbers of workers."""
    with Journal.open_to_read(path) as journal:
        entries = [entry for entry in journal.entries if small or entry.cpu_seconds > _LEAST]
    if not entries:
        sys.exit(f"{path}: no unit took {_LEAST} s; simulate needs the journal of a longer run")
    left = np.array([len(entry.left) for entry in entries])
    share = np.array([entry.cpu_seconds for entry in entries]) / max(entry.cpu_seconds for entry in entries)
    print(
        f"{len(entries)} units of at least {0 if small else _LEAST} s: {np.mean(left):.1f} parts left by one on average"
    )
    for work in WORK[:1] if small else WORK:
        for workers in WORKERS[:2] if small else WORKERS:
            seconds, units = _makespan(work, workers, cost, share, left)
            print(f"{work / 3600:,.0f} hours of one core, {workers:6,} workers: {seconds:12,.1f} s, {units:10,} units, "
                  f"efficiency {work / workers / seconds:6.1%}")  # fmt: skip


def _makespan(
    work: float, workers: int, cost: float, share: np.ndarray, left: np.ndarray, seed: int = 0
) -> tuple[float, int]:
    """Seconds that `work` seconds of one core take, and the number of units."""
    random = np.random.default_rng(seed)
    slice_seconds = max(driver._BATCH_SECONDS, 2 * driver._BATCH_COST * workers)
    now, server_free, rest = 0.0, 0.0, work
    open_parts, idle, units = 1, workers, 0
    ends: list[tuple[float, int]] = []  # when a worker is done, and the parts that it leaves
    while rest > 0 or ends:
        while idle and open_parts and rest > 0:
            server_free = max(server_free, now) + cost
            seconds = slice_seconds * (driver._SHORTEST if open_parts < driver._ENOUGH * workers else 1.0)
            pick = int(random.integers(len(share)))
            seconds = min(seconds * share[pick], rest)
            rest -= seconds
            heapq.heappush(ends, (server_free + seconds, max(1, int(left[pick]))))
            open_parts, idle, units = open_parts - 1, idle - 1, units + 1
        if not ends:
            break
        now, parts = heapq.heappop(ends)
        idle, open_parts = idle + 1, open_parts + parts
    return now, units


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("overhead", "measure", "simulate"))
    parser.add_argument("journal", nargs="?", type=Path)
    parser.add_argument("--small", action="store_true", help="one small network or run, to see that all works")
    parser.add_argument("--units", type=int, default=UNITS, help=f"units without work for overhead (default {UNITS})")
    parser.add_argument("--cost", type=float, help="seconds of driver and scheduler for one unit (else measured)")
    chosen = parser.parse_args()
    print(f"relureg {relureg.__version__}")
    if chosen.what == "measure":
        measure(small=chosen.small)
    elif chosen.what == "overhead":
        overhead(chosen.units)
    elif chosen.journal is None:
        sys.exit("simulate needs the journal of a run")
    else:
        simulate(chosen.journal, chosen.cost or overhead(chosen.units), small=chosen.small)


if __name__ == "__main__":
    main()
