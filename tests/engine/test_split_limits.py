"""The splitter stopped early, interrupted, or asked for more than fits: limits, memory, depth."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg import Domain, Network, count_regions, enumerate_regions
from relureg.engine.gathering import is_witness
from relureg.engine.limits import Limits, Progress, Watch, Workers
from relureg.engine.split import CompiledRun
from relureg.errors import LimitReachedError, UsageError
from relureg.network.problem import Problem
from tests.deadlines import LONG, OVER, over_after

INTERRUPTED_WITHIN = 20.0  # seconds, on a busy machine; a search looks whether it is to stop at every cell
GROWTH = 4_000  # kB that a count of a million regions may take beyond one of ten thousand; 300 were seen


def _gaussian(seed: int, *widths: int) -> Network:
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    return Network.from_layers([rng.normal(size=shape) for shape in shapes], [rng.normal(size=n) for n, _ in shapes])


def _endless() -> Network:
    """More regions than any test has time for."""
    return _gaussian(0, 7, 40, 40, 40, 1)


def test_a_limit_ends_a_single_long_step() -> None:
    """A box in 19 dimensions has half a million vertices; to look for its edges takes minutes."""
    dim = 19
    found = count_regions(_gaussian(1, dim, 2, 1), Domain.box([-1] * dim, [1] * dim), "split", timeout=0.5, jobs=1)
    assert found.stopped_by == "the time limit of 0.5 s"
    assert found.num_regions < 4


def _round_polygon(lines: int = 100) -> Network:
    """100 lines round a circle: 5,051 regions, one of which has 100 edges."""
    angles = 2 * np.pi * np.sqrt(2) * np.arange(lines)
    return Network.from_layers(
        [np.stack([np.cos(angles), np.sin(angles)], axis=1), np.ones((1, lines))], [np.ones(lines), [0]]
    )


# -- limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2, 8])
@pytest.mark.parametrize("make", [lambda: _gaussian(1, 3, 16, 16, 1), _round_polygon], ids=["narrow", "many-facets"])
def test_a_limit_on_regions_is_exact(make: Callable[[], Network], jobs: int) -> None:
    network = make()
    everything = count_regions(network).num_regions
    assert everything > 4_000
    for limit in (1, 100, everything - 1):
        part = count_regions(network, max_regions=limit, jobs=jobs)
        assert (part.num_regions, part.complete, part.num_facets) == (limit, False, None)
        assert part.stopped_by == f"the limit of {limit:,} regions"
        assert {check.name: check.passed for check in part.checks}["watertight"] is None
    for limit in (everything, everything + 1):
        whole = count_regions(network, max_regions=limit, jobs=jobs)
        assert (whole.num_regions, whole.complete) == (everything, True)
        passed = {check.name: check.passed for check in whole.checks}
        assert passed["watertight"] is (None if len(network.stages) == 1 else True)  # one stage takes one step
        assert False not in passed.values()


@pytest.mark.parametrize("enumerates", [False, True])
def test_no_more_regions_are_told_than_the_limit_allows(enumerates: bool) -> None:
    """What is told meanwhile is kept as a proven lower bound, beside the count in the end."""
    run = CompiledRun(
        Problem(network=_gaussian(1, 3, 16, 16, 1)),
        Workers(jobs=2, enumerates=enumerates),
        Watch(Limits(max_regions=100)),
    )
    assert run.count().regions == run._run.regions_so_far == 100


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_regions_up_to_a_limit_are_proven(jobs: int) -> None:
    network = _gaussian(1, 3, 16, 16, 1)
    part = enumerate_regions(network, max_regions=500, jobs=jobs)
    assert (part.num_regions, part.complete) == (500, False)
    signs = part.records.signs
    assert part.records.num_distinct == 500
    assert all(is_witness(part.point(region), signs[region], Problem(network=network)) for region in range(500))
    with pytest.raises(LimitReachedError, match="the limit of 500 regions"):
        _ = part.facets


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_limit_on_time(jobs: int) -> None:
    started = time.monotonic()
    part = count_regions(_endless(), timeout=0.2, jobs=jobs)
    assert time.monotonic() - started >= 0.2
    assert part.stopped_by == "the time limit of 0.2 s"
    part = count_regions(_endless(), timeout=LONG, jobs=jobs, progress=over_after(lambda p: p.regions > 1_000))
    assert part.stopped_by == OVER
    assert (part.complete, part.num_regions > 1_000, part.num_facets) == (False, True, None)


def test_what_was_found_before_a_cell_with_many_facets_stays() -> None:
    """Half a million regions and more are told before the cell in the middle turns out to have 1,500 edges."""
    seen: list[Progress] = []
    count = count_regions(_round_polygon(1500), timeout=1.5, jobs=1, progress=seen.append)
    assert seen
    assert max(progress.regions for progress in seen) <= count.num_regions


def test_a_journal_keeps_what_batches_have_found_at_the_limit(tmp_path: Path) -> None:
    over = over_after(lambda progress: progress.regions > 0)
    count = count_regions(_endless(), timeout=LONG, jobs=2, journal=tmp_path / "run.journal", progress=over)
    assert count.stopped_by == OVER
    assert count.num_regions == relureg.journal_status(tmp_path / "run.journal").regions > 0


def test_the_regions_up_to_a_limit_on_time_are_proven() -> None:
    network = _gaussian(0, 3, 150, 150, 1)
    part = enumerate_regions(network, timeout=LONG, progress=over_after(lambda progress: progress.regions > 1_000))
    assert not part.complete
    assert part.num_regions > 1_000
    signs = part.records.signs
    some = np.linspace(0, part.num_regions - 1, 20).astype(int).tolist()
    assert all(is_witness(part.point(region), signs[region], Problem(network=network)) for region in some)


def test_one_stage_of_a_billion_regions_is_counted_in_steps() -> None:
    """It is one cell, which is cut in parts of up to four million regions: each is a step of the progress."""
    seen: list[int] = []

    def has_three(progress: Progress) -> bool:
        seen.append(progress.regions)
        return len({*seen, 0}) > 3

    part = count_regions(_gaussian(1, 4, 400, 1), timeout=LONG, jobs=1, progress=over_after(has_three))
    assert part.stopped_by == OVER
    assert seen == sorted(seen)
    assert 1_000_000_000 > part.num_regions >= seen[-1] > 0


def test_limits_that_make_no_sense() -> None:
    network = relureg.load("fixtures/truth/xor.json")
    for limits in ({"max_regions": 0}, {"timeout": 0.0}, {"jobs": 0}, {"jobs": 100_000}):
        with pytest.raises(UsageError, match=next(iter(limits))):
            count_regions(network, **limits)


def test_progress_is_reported() -> None:
    seen: list[Progress] = []

    def is_third(progress: Progress) -> bool:
        seen.append(progress)
        return len(seen) == 3

    count = count_regions(_endless(), timeout=LONG, progress=over_after(is_third))
    assert len(seen) >= 3
    regions = [progress.regions for progress in seen]
    fractions = [progress.fraction for progress in seen if progress.fraction is not None]
    assert regions == sorted(regions)
    assert regions[-1] <= count.num_regions
    assert fractions == sorted(fractions)
    assert len(fractions) == len(seen)
    assert 0 <= fractions[0] <= fractions[-1] < 1


def test_an_error_in_the_callback_stops_the_search() -> None:
    def refuse(_: Progress) -> None:
        raise RuntimeError("enough")

    before = _threads()
    with pytest.raises(RuntimeError, match="enough"):
        count_regions(_endless(), timeout=LONG, progress=refuse)
    assert _threads() == before


def test_threads_begin_as_there_are_parts_for_them() -> None:
    before = _threads()
    small = CompiledRun(Problem(network=relureg.load("fixtures/truth/xor.json")), Workers(jobs=8), Watch())
    small._run.start()
    assert _threads() <= before + 1
    small._run.join()
    assert small.figures().regions == 3
    seen: list[int] = []

    def are_three(_: Progress) -> bool:
        seen.append(_threads() - before)
        return seen[-1] == 3

    count_regions(_endless(), timeout=60, jobs=3, progress=over_after(are_three))
    assert max(seen) == 3
    assert _threads() == before


# -- interruption --------------------------------------------------------------------------------------


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


@pytest.fixture
def default_interrupt() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where a shell started the tests with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("default_interrupt")
@pytest.mark.parametrize("records", [False, True], ids=["count", "records"])
@pytest.mark.parametrize(
    "make",
    [_endless, lambda: _gaussian(0, 2, 1000, 1000, 1), lambda: _gaussian(0, 12, 30, 30, 1)],
    ids=["small-cells", "many-units", "large-cells"],
)
def test_an_interrupt_ends_the_search_at_once(make: Callable[[], Network], records: bool) -> None:
    network = make()
    before = _threads()
    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    timer = threading.Timer(0.5, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        (enumerate_regions if records else count_regions)(network, timeout=LONG, jobs=2)
    assert time.monotonic() - sent[0] < INTERRUPTED_WITHIN
    timer.join()
    assert _threads() == before


# -- memory and depth ----------------------------------------------------------------------------------

PEAK = """
import resource, sys
import numpy as np
from relureg import Network, count_regions
units = int(sys.argv[1])
rng = np.random.default_rng(0)
network = Network.from_layers([rng.normal(size=(units, 4)), np.ones((1, units))], [rng.normal(size=units), [0]])
count = count_regions(network, jobs=2)
assert count.complete
print(count.num_regions, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _regions_and_peak(units: int) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(units)], capture_output=True, text=True, timeout=600, check=True
    )
    regions, kilobytes = done.stdout.split()
    return int(regions), int(kilobytes)


def test_memory_does_not_grow_with_the_number_of_regions() -> None:
    """S(23, 4) and S(71, 4): a hundred times as many regions, in the same memory."""
    few, small = _regions_and_peak(23)
    many, large = _regions_and_peak(71)
    assert (few, many) == (10_903, 1_031_347)
    assert large - small < GROWTH


LEFT = """
import ctypes
from relureg.engine import split
network = split.module().Network(1, [0])
ctypes.pythonapi.Py_IncRef(ctypes.py_object(network))
"""


def test_a_process_that_ends_in_the_midst_of_a_search_says_nothing_of_it() -> None:
    """Its objects are left behind then, which the bindings would tell on standard error, line by line."""
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, timeout=LONG)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


DEEP = """
import numpy as np
from relureg import Network, count_regions
print(count_regions(Network.from_layers({layers}), jobs={jobs}).num_regions)
"""


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("layers", "regions"),
    [
        # 10,000 breakpoints from left to right: each splits what is right of the one before.
        ("[np.ones((10_000, 1)), np.ones((1, 10_000))], [-np.arange(10_000), [0]]", 10_001),
        # 3,000 stages with one breakpoint each.
        ("[[[1]]] * 3_001, [[-1]] * 3_001", 3_001),
    ],
    ids=["units", "stages"],
)
def test_long_chains_of_splits_do_not_exhaust_the_stack(layers: str, regions: int, jobs: int) -> None:
    """In a process of its own, as a stack overflow would end this one."""
    program = DEEP.format(layers=layers, jobs=jobs)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout.strip()) == (0, str(regions))
