"""What stops a search is in what it returns; limits and workers are values that nobody changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

import relureg
from relureg import stopping
from relureg.engine.engines import COUNTERS, ENGINES
from relureg.engine.limits import Limits, Progress, Watch, Workers, watching
from relureg.errors import UsageError
from relureg.network.problem import Problem

PROBLEM = Problem(network=relureg.load("fixtures/truth/int_2-6-6-1.json"))
ONE_STAGE = Problem(network=relureg.load("fixtures/truth/rand_3-60-1.json"))

SEARCHES: dict[str, Callable[[Watch], str | None]] = {
    "split finds": lambda watch: ENGINES["split"].finder(PROBLEM, Workers(jobs=1), watch).stopped_by,
    "split counts": lambda watch: ENGINES["split"].count(PROBLEM, Workers(jobs=1), watch).stopped_by,
    "split finds again": lambda watch: ENGINES["split"].find_generators(PROBLEM, Workers(jobs=1), watch).stopped_by,
    "lp finds": lambda watch: ENGINES["lp"].finder(PROBLEM, Workers(), watch).stopped_by,
    "charpoly counts": lambda watch: COUNTERS["charpoly"].count(ONE_STAGE, Workers(), watch).stopped_by,
}


@pytest.mark.parametrize("name", ["lp finds", "charpoly counts"])
def test_time_stops_it_too(name: str) -> None:
    with stopping.within(1e-9):
        assert SEARCHES[name](Watch()) == "the time limit of 1e-09 s"


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_returns_what_stopped_it(name: str) -> None:
    search, watch = SEARCHES[name], Watch(Limits(max_regions=3))
    assert search(watch) == "the limit of 3 regions"
    assert search(Watch()) is None


def test_work_in_units_returns_it_too(tmp_path: Path) -> None:
    count = ENGINES["split"].count
    assert count is not None
    long = Problem(network=relureg.random_network([4, 20, 20, 1]))
    with stopping.within(1e-9):
        stopped = count(long, Workers(journal=tmp_path / "run.journal"), Watch())
    assert stopped.stopped_by == "the time limit of 1e-09 s"
    stopped = count(long, Workers(journal=tmp_path / "run.journal"), Watch(Limits(max_regions=1)))
    assert stopped.stopped_by == "the limit of 1 regions"


def test_a_limit_on_time_ends_with_what_it_is_for() -> None:
    with watching(Limits(timeout=1e-9), None) as watch:
        assert watch.stopped_by(0) == "the time limit of 1e-09 s"
    assert watch.stopped_by(0) is None


def test_they_do_not_change() -> None:
    for value, field in ((Limits(timeout=1), "timeout"), (Workers(jobs=2), "jobs")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field, 3)
    with pytest.raises(UsageError, match="name one"):
        Workers(keeps_records=True)


def test_progress_is_told_now_and_then_and_notes_at_once() -> None:
    told: list[Progress] = []
    watch = Watch(report=told.append)
    for regions in range(1000):
        watch.stopped_by(regions)
    watch.report(7, note="here")
    assert (told[0].regions, told[-1].note) == (0, "here")
    assert len(told) < 100
