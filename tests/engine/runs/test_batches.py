"""Work units: what they count and hand back makes up what they were given, however they are cut."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg.engine import split
from relureg.engine.gathering import join
from relureg.engine.limits import Watch, Workers
from relureg.engine.runs import batches
from relureg.engine.runs.batches import Batch, Part, VersionError
from relureg.engine.runs.settings import RunSettings
from relureg.engine.runs.sizes import NOTHING, Estimate, after_search, fraction_done, sum_of
from relureg.engine.sums import WHOLE, Sums
from relureg.errors import CheckFailedError, UsageError
from relureg.network.problem import Problem
from tests.engine.runs.runs import assert_same_records, he_network

TRUTH = json.loads(Path("fixtures/truth/counts.json").read_text())


def _settings(network: relureg.Network, domain: relureg.Domain | None = None, *, keeps: bool = False) -> RunSettings:
    return RunSettings(problem=Problem(network=network, domain=domain), keeps_records=keeps)


def _search(settings: RunSettings, *prefixes: tuple[int, ...], seconds: float = 60.0) -> batches.Outcome:
    parts = tuple(Part(prefix=prefix, size=NOTHING) for prefix in prefixes)
    return batches.search(settings, Batch(number=1, parts=parts, seconds=seconds))


def _search_in_pieces(settings: RunSettings, seconds: float) -> list[batches.Outcome]:
    """All outcomes, the tree cut wherever the time is over."""
    parts, outcomes = [WHOLE], []
    while parts:
        outcomes.append(_search(settings, *parts, seconds=seconds))
        untouched = [parts[i] for i in outcomes[-1].untouched]
        parts = untouched + [part.prefix for part in outcomes[-1].left]
    return outcomes


@pytest.mark.parametrize("name", TRUTH)
def test_pieces_of_any_size_add_up_to_the_truth(name: str) -> None:
    settings = _settings(relureg.load(f"fixtures/truth/{name}.json"), keeps=True)
    outcomes = _search_in_pieces(settings, seconds=TRUTH[name]["regions"] / 2e6)
    figures = sum((outcome.sums for outcome in outcomes), Sums()).figures(settings.problem, stopped_by=None)
    assert (figures.regions, figures.inner_facets) == (TRUTH[name]["regions"], TRUTH[name]["edges"])
    assert figures.is_watertight
    whole = split.find_records(settings.problem, Workers(jobs=1), Watch()).records
    kept = [outcome.records for outcome in outcomes if outcome.records is not None]
    assert_same_records(join(kept, settings.problem.network.num_units, settings.problem.network.input_dim), whole)


def test_a_large_tree_is_cut_many_times() -> None:
    settings = _settings(he_network(5, 16, 16, 1))
    outcomes = _search_in_pieces(settings, seconds=0.005)
    assert len(outcomes) > 5
    total = sum((outcome.sums for outcome in outcomes), Sums())
    assert total.figures(settings.problem, stopped_by=None) == split.count_regions(
        settings.problem, Workers(jobs=1), Watch()
    )


def test_a_part_missing_or_twice_is_not_watertight() -> None:
    settings = _settings(he_network(3, 10, 8, 1))
    whole = _search(settings, WHOLE).sums
    halves = [_search(settings, (first,)).sums for first in _first_steps(settings)]
    assert dataclasses.replace(halves[0] + halves[1], decisions=whole.decisions) == whole  # but for the first cut's
    assert (halves[0] + halves[1]).figures(settings.problem, stopped_by=None).is_watertight
    assert not halves[0].figures(settings.problem, stopped_by=None).is_watertight
    assert not (whole + halves[1]).figures(settings.problem, stopped_by=None).is_watertight


def _first_steps(settings: RunSettings) -> tuple[int, int]:
    """The two sides of the first cut."""
    unit = next(u for u in range(1, settings.problem.network.num_units + 1) if _names_a_cell(settings, (u,)))
    return -unit, unit


def _names_a_cell(settings: RunSettings, prefix: tuple[int, ...]) -> bool:
    try:
        return _search(settings, prefix).sums.regions > 0
    except CheckFailedError:
        return False


def test_a_prefix_of_another_network_is_refused() -> None:
    settings = _settings(he_network(3, 10, 8, 1))
    first = abs(_first_steps(settings)[0])
    with pytest.raises(CheckFailedError, match="other cuts than this network's"):
        _search(settings, (first % 10 + 1,))
    with pytest.raises(ValueError, match="not there"):
        _search(settings, (1000,))


def test_a_domain_comes_along() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    domain = relureg.Domain.box([Fraction(-10, 3), -5], [7, Fraction(1, 7)])
    settings = _settings(network, domain)
    outcomes = _search_in_pieces(settings, seconds=0.001)
    total = sum((outcome.sums for outcome in outcomes), Sums()).figures(settings.problem, stopped_by=None)
    assert total == split.count_regions(settings.problem, Workers(jobs=1), Watch())
    assert total.boundary_facets


def test_samples_estimate_the_tree() -> None:
    # 36,051 regions by the formula for arrangements, in a tree that is small enough to be searched.
    size = batches.whole(_settings(relureg.load("fixtures/truth/rand_3-60-1.json"))).size
    assert (size.mean, size.variance) == (36_051, 0)
    network = relureg.random_network([4, 30, 20], seed=1)
    size = batches.whole(_settings(network)).size
    assert abs(size.mean - relureg.count_regions(network).num_regions) < 4 * size.variance**0.5
    assert size.variance > 0
    one = batches.whole(_settings(relureg.Network.from_layers([np.eye(1)], [np.zeros(1)]))).size
    assert (one.mean, one.variance) == (1.0, 0.0)


def test_random_descents_are_right_on_average() -> None:
    # Of a network with a later stage, whose regions the chances of a descent know nothing of.
    settings = _settings(relureg.load("fixtures/truth/rand_3-16-16-1.json"))
    run = batches._compiled(settings, ())
    size = Estimate.of(batches.probes(run, WHOLE, 8000, 1))
    assert abs(size.mean - TRUTH["rand_3-16-16-1"]["regions"]) < 4 * size.variance**0.5
    assert size.variance**0.5 < 0.04 * TRUTH["rand_3-16-16-1"]["regions"]


def test_what_many_descents_said_is_kept_when_a_part_is_cut() -> None:
    before = Estimate(mean=1000.0, variance=100.0, descents=300.0)
    # The few descents below have missed most of it.
    left = [Estimate(mean=mean, variance=1.0, descents=4.0) for mean in (10.0, 40.0)]
    after = after_search(before, 100, left)
    weight = 300 * 0.9
    assert sum_of(after).mean == pytest.approx((weight * 900 + 8 * 50) / (weight + 8))
    assert sum_of(after).variance == pytest.approx((weight**2 * 100 + 8**2 * 2) / (weight + 8) ** 2)
    assert sum_of(after).descents == pytest.approx(weight + 8)
    assert [size.mean / sum_of(after).mean for size in after] == pytest.approx([0.2, 0.8])
    # It was larger than they had said: then only what is seen below counts.
    assert after_search(before, 1200, left) == left
    assert after_search(before, 1000, []) == []


def test_the_share_that_is_done_is_that_of_the_samples_of_the_whole_tree() -> None:
    total = Estimate(mean=1000.0, variance=100.0, descents=300.0)
    assert fraction_done(100, total) == pytest.approx((0.1, 0.001))
    assert fraction_done(1000, total)[0] < 1  # something is left
    assert fraction_done(1200, total)[0] < 1
    assert fraction_done(0, NOTHING) == (0.0, 0.0)


def test_another_version_may_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(he_network(2, 4, 1))
    monkeypatch.setattr("relureg.version.__version__", "0.0.1")
    with pytest.raises(VersionError, match=r"runs relureg 0\.0\.1, but .* asks"):
        _search(settings, WHOLE)


def test_a_problem_survives_its_document() -> None:
    domain = relureg.Domain.box([Fraction(-1, 3), -2], [0.1, Fraction(10**30, 7)])
    settings = _settings(relureg.load("fixtures/truth/int_2-6-6-1.json"), domain, keeps=True)
    again = RunSettings.of(json.loads(json.dumps(settings.document())))
    assert settings.difference(again) is None
    assert again.problem.network == settings.problem.network
    assert again.problem.domain == domain
    assert settings.difference(_settings(settings.problem.network, keeps=True)) == "another domain"
    assert settings.difference(_settings(settings.problem.network, domain)) == "--keep-regions"
    assert settings.difference(_settings(he_network(2, 3, 1), domain)) == "another network"


def test_what_an_engine_cannot_do_is_said(tmp_path: Path) -> None:
    network = he_network(2, 3, 1)
    with pytest.raises(UsageError, match="keeps no journal"):
        relureg.count_regions(network, engine="lp", journal=tmp_path / "run.journal")
    with pytest.raises(UsageError, match="name one"):
        relureg.count_regions(network, keep_regions=True)
    with pytest.raises(UsageError, match="leave out one"):
        relureg.count_regions(network, scheduler="local:1", jobs=2)
