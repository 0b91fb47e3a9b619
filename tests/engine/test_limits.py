"""What stops a search is in what it returns; limits and workers are values that nobody changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

import relureg
from relureg import stopping
from relureg.complex.count import nothing_but
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


@pytest.mark.parametrize("engine", ["split", "dictionaries"])
@pytest.mark.parametrize("visits", [False, True])
@pytest.mark.parametrize("limit", [1, 7, 50])
def test_regions_after_the_last_stage_are_those_that_the_limit_allows(engine: str, visits: bool, limit: int) -> None:
    network = relureg.random_network([4, 20, 20], seed=1)
    count = relureg.count_regions(network, engine=engine, max_regions=limit, by_enumeration=visits)
    assert count.num_regions == count.per_stage[-1] == limit


@pytest.mark.parametrize("engine", ["split", "dictionaries"])
def test_no_thread_loses_a_region_to_the_limit_that_another_one_has_met(engine: str) -> None:
    dim = 60 if engine == "dictionaries" else 4  # the facets of a region take longer than others take to come to one
    network, box = relureg.random_network([dim, 30], seed=1), relureg.Domain.box([0] * dim, [1] * dim)
    for limit in [2, 3, 5] * 8:
        assert relureg.enumerate_regions(network, box, engine, max_regions=limit, jobs=4).num_regions == limit


def test_regions_that_a_limit_left_open_are_neither_bounded_nor_unbounded() -> None:
    """On flats bounded regions are told in the end only: all 1,000 were called unbounded, where 100 are."""
    network = relureg.random_network([2, 50], seed=1)
    whole = relureg.count_regions(network)
    assert (whole.num_bounded, whole.num_unbounded, whole.num_unclassified) == (1176, 100, 0)
    for engine in ("split", "dictionaries", "charpoly"):
        for limit in (1, 100, 1000, 1275):
            part = relureg.count_regions(network, engine=engine, max_regions=limit)
            assert limit <= part.num_regions <= 1276
            assert part.num_bounded <= 1176, (engine, limit)
            assert part.num_unbounded <= 100, (engine, limit)
            assert part.num_bounded + part.num_unbounded + part.num_unclassified == part.num_regions
    of_a_point = nothing_but(Problem(network=network), "split", "a limit", 1)
    assert (of_a_point.num_regions, of_a_point.num_unbounded, of_a_point.num_unclassified) == (1, 0, 1)


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
