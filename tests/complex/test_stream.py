"""Regions while they are found: the same as all at once, whatever the engine; and the search ends when told to."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

import relureg
from relureg.engine.limits import Limits, Watch, Workers
from relureg.engine.split import CompiledRun
from relureg.errors import DomainError, UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.problem import Problem

INT2 = "fixtures/truth/int_2-6-6-1.json"
INT3 = "fixtures/truth/int_3-6-6-1.json"
BOX2 = relureg.Domain.box([-1, -1], [2, 2])
BOX3 = relureg.Domain.box([-1, -1, -1], [2, 2, 2])
CASES = {
    "split": (INT2, None, "split"),
    "split in a box": (INT3, BOX3, "split"),
    "dictionaries": (INT2, None, "dictionaries"),
    "dictionaries in a box": (INT3, BOX3, "dictionaries"),
    "lp in a box": (INT2, BOX2, "lp"),
    "not essential": ("fixtures/truth/xor.json", None, "split"),
}


def _huge() -> relureg.Network:
    return relureg.random_network([4, 100, 100, 1], seed=1)


def _exact_rows(polyhedron: relureg.Polyhedron) -> list[tuple[int, ...]]:
    """The inequalities of a polyhedron, which were found from its vertices, as integers a_1, ..., a_d, b."""
    found = polyhedron.inequalities
    rows = RationalMatrix.hstack([found.constant, found.matrix], found.matrix.shape[0]).primitive_rows()
    return sorted((*(-entry for entry in normal), constant) for constant, *normal in rows)


def _compare(network: relureg.Network, domain: relureg.Domain | None, engine: str) -> None:
    cells = relureg.enumerate_regions(network, domain, engine)
    number = {cells.records.signs[region].tobytes(): region for region in range(cells.num_regions)}
    whole = cells.inequalities(exact=True)
    seen = []
    for batch in relureg.iter_cells(network, domain, engine, batch_size=7, vertices=True):
        assert len(batch) <= 7
        assert batch.first == len(seen)
        exact, rounded, (gains, offsets) = batch.inequalities(exact=True), batch.inequalities(), batch.affine_maps()
        np.testing.assert_allclose(rounded.matrix, exact.matrix, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(rounded.bounds, exact.bounds, rtol=1e-12, atol=1e-12)
        assert exact.exact is not None
        assert whole.exact is not None
        assert batch.generators is not None
        for place in range(len(batch)):
            region = number[batch.signs[place].tobytes()]
            seen.append(region)
            polyhedron = cells.polyhedron(region)
            rows = exact.exact[exact.starts[place] : exact.starts[place + 1]]
            assert sorted(rows) == _exact_rows(polyhedron)
            assert sorted(whole.exact[whole.starts[region] : whole.starts[region + 1]]) == sorted(rows)
            point = batch.point(place)
            assert all(sum(a * x for a, x in zip(row, point, strict=False)) < row[-1] for row in rows)
            assert batch.bounded[place] == polyhedron.is_bounded
            assert batch.patterns[place] == cells.pattern(region)
            map_ = cells.affine_map(region)
            np.testing.assert_allclose(gains[place], map_.matrix.floats, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(offsets[place], map_.constant.floats[:, 0], rtol=1e-12, atol=1e-12)
            first, last = batch.generators.starts[place : place + 2]
            assert last - first == polyhedron.vertices.shape[0] + polyhedron.rays.shape[0]
    assert sorted(seen) == list(range(cells.num_regions))


@pytest.mark.parametrize("case", CASES)
def test_batches_hold_what_the_complex_does(case: str) -> None:
    path, domain, engine = CASES[case]
    _compare(relureg.load(path), domain, engine)


def _degenerate(seed: int) -> tuple[relureg.Network, relureg.Domain]:
    """Small integers, so that hyperplanes of units meet each other and the walls of the box, or coincide."""
    random = np.random.default_rng(seed)
    widths = [2, 4, 3, 1]
    weights = [random.integers(-1, 2, size=(n, k)) for k, n in itertools.pairwise(widths)]
    biases = [random.integers(-1, 2, size=n) for n in widths[1:]]
    box = relureg.Domain.polytope([[1, 0], [1, 0], [-1, 0], [2, 0], [0, 1], [0, -1], [1, 1]], [3, 1, 1, 2, 1, 1, 2])
    return relureg.Network.from_layers(weights, biases), box


@pytest.mark.parametrize("engine", ["split", "dictionaries"])
@pytest.mark.parametrize("seed", range(6))
def test_walls_are_told_where_units_coincide_with_them(seed: int, engine: str) -> None:
    network, box = _degenerate(seed)
    _compare(network, box, engine)
    _compare(network, None, engine)


@pytest.mark.sweep
@pytest.mark.parametrize("engine", ["split", "dictionaries", "lp"])
@pytest.mark.parametrize("seed", range(100))
def test_walls_of_many_degenerate_networks(seed: int, engine: str) -> None:
    network, box = _degenerate(1000 + seed)
    _compare(network, box, engine)


def test_the_order_is_the_same_in_every_run_with_one_job() -> None:
    network = relureg.load("fixtures/truth/rand_3-16-16-1.json")
    one, two = (
        np.concatenate([batch.records.patterns for batch in relureg.iter_cells(network, jobs=1, batch_size=size)])
        for size in (100, 3000)
    )
    assert np.array_equal(one, two)


def test_a_stream_counts_on_its_way() -> None:
    network = relureg.load("fixtures/truth/rand_3-16-16-1.json")
    stream = relureg.iter_cells(network, batch_size=50)
    with pytest.raises(UsageError, match="at its end"):
        stream.count()
    assert sum(len(batch) for batch in stream) == stream.num_regions == 5092
    counted, other = stream.count(), relureg.count_regions(network)
    assert (counted.num_bounded, counted.num_facets, counted.per_stage) == (
        other.num_bounded, other.num_facets, other.per_stage,
    )  # fmt: skip
    assert [check.passed for check in counted.checks if check.name == "watertight"] == [True]


def test_a_search_that_is_closed_ends() -> None:
    with relureg.iter_cells(_huge(), batch_size=100) as stream:  # millions of regions: minutes, if it went on
        assert 0 < len(next(stream)) <= 100
    assert list(stream) == []


def test_a_search_waits_for_whoever_takes_its_regions() -> None:
    run = CompiledRun(
        Problem(network=_huge()), Workers(jobs=2), Watch(Limits()), records=True, chunk_regions=100
    )  # fmt: skip
    chunks = run.chunks()
    next(chunks)
    most = 0
    for _ in range(10):
        time.sleep(0.02)
        most = max(most, run._run.regions_so_far)
    assert most <= (1 + 4 + 2 + 2) * 100  # taken, waiting, and what each thread holds and hands over
    assert sum(len(next(chunks)["bounded"]) for _ in range(20)) > 1000
    chunks.close()


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_limit_on_time_holds_while_others_work(is_slow: bool) -> None:
    stream = relureg.iter_cells(_huge(), batch_size=1000, timeout=0.2)
    for _ in stream:
        time.sleep(0.1 * is_slow)
    assert stream.stopped_by == "the time limit of 0.2 s"
    assert not stream.complete


def test_a_limit_on_regions_ends_a_stream() -> None:
    stream = relureg.iter_cells(_huge(), batch_size=100, max_regions=250)
    assert sum(len(batch) for batch in stream) == 250
    assert stream.stopped_by == "the limit of 250 regions"


@pytest.mark.parametrize("engine", ["split", "dictionaries", "lp"])
def test_a_domain_without_interior_is_told_at_the_end(engine: str) -> None:
    empty = relureg.Domain.polytope([[1, 0], [0, 1], [-1, -1]], [0, 0, -1])
    with pytest.raises(DomainError, match="no interior"):
        list(relureg.iter_cells(relureg.load(INT2), empty, engine))


def test_what_only_counts_has_no_stream() -> None:
    with pytest.raises(UsageError, match="only counts"):
        relureg.iter_cells(relureg.load("fixtures/truth/xor.json"), engine="charpoly")


def test_a_network_without_units_is_one_region() -> None:
    affine = relureg.Network.from_layers([[[2, 3]]], [[1]])
    (batch,) = relureg.iter_cells(affine)
    assert (len(batch), batch.inequalities().starts.tolist(), batch.affine_maps()[0].tolist()) == (
        1,
        [0, 0],
        [[[2, 3]]],
    )
    (inside,) = relureg.iter_cells(affine, BOX2)
    assert sorted(inside.inequalities().bounds.tolist()) == [1, 1, 2, 2]
