"""The graph on disk: the graph in memory, found by another way, from parts in files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg.complex.graph.stored_graph import stored_graph
from relureg.engine.gathering import by_sign_vector
from relureg.engine.runs import driver, stored_batches
from relureg.engine.runs.journal import Journal
from relureg.errors import LimitReachedError, UsageError
from tests.cli.command_line import Run
from tests.engine.runs.runs import he_network

TRUTH = json.loads(Path("fixtures/truth/counts.json").read_text())


@pytest.fixture(autouse=True)
def short_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_BATCH_SECONDS", 0.02)


def _store(path: Path, network: relureg.Network, domain: relureg.Domain | None = None) -> Path:
    relureg.count_regions(network, domain, journal=path, keep_regions=True, jobs=2)
    return path


def _check_same_graph(path: Path, network: relureg.Network, domain: relureg.Domain | None = None) -> None:
    """The stored graph is the graph of the complex, region for region, once its regions are put in order."""
    found, cells = stored_graph(path), relureg.enumerate_regions(network, domain)
    with Journal.open_to_read(path) as journal:
        stored = [entry.stored for entry in journal.entries if entry.stored]
        records = [stored_batches.read(part, journal.parts_folder, network.num_units) for part in stored]
    patterns, vanishing = (np.concatenate([getattr(r, name) for r in records]) for name in ("patterns", "vanishing"))
    order = by_sign_vector(patterns, vanishing, network.num_units)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    tails = np.repeat(np.arange(len(order)), found.graph.degrees)
    arcs = np.stack([rank[tails], rank[found.graph.neighbours]], axis=1)
    arcs = arcs[np.lexsort((arcs[:, 1], arcs[:, 0]))]
    assert np.array_equal(arcs[:, 1], cells.graph.neighbours)
    assert np.array_equal(np.sort(found.graph.degrees), np.sort(cells.graph.degrees))
    assert (found.graph.num_facets, found.num_boundary) == (cells.facets.num_inner, cells.facets.num_boundary)
    assert found.average_degree == cells.graph.average_degree
    assert found.is_watertight
    assert found.num_components == 1
    bounds = found.diameter_bounds()
    assert bounds.low <= cells.graph.diameter <= bounds.high
    first, second = bounds.pair
    assert int(found.graph.distances_from(first)[second]) == bounds.low
    assert found.pattern(first) == cells.pattern(rank[first])


@pytest.mark.parametrize("name", [name for name in TRUTH if TRUTH[name]["regions"] < 6000])
def test_truth_networks(name: str, tmp_path: Path) -> None:
    network = relureg.load(f"fixtures/truth/{name}.json")
    _check_same_graph(_store(tmp_path / "run.journal", network), network)


def test_many_units_and_a_domain(tmp_path: Path) -> None:
    network, domain = he_network(4, 24, 20, 1), relureg.Domain.box([-1] * 4, [1] * 4)
    path = _store(tmp_path / "run.journal", network, domain)
    with Journal.open_to_read(path) as journal:
        assert sum(entry.stored is not None for entry in journal.entries) > 3
    _check_same_graph(path, network, domain)


def test_little_memory(tmp_path: Path) -> None:
    network = he_network(4, 24, 20, 1)
    path = _store(tmp_path / "run.journal", network)
    assert stored_graph(path, memory="60MB").graph.num_facets == relureg.enumerate_regions(network).facets.num_inner


def test_a_region_too_many_or_too_few_shows(tmp_path: Path) -> None:
    network = he_network(3, 8, 1)
    path = _store(tmp_path / "run.journal", network)
    assert stored_graph(path).is_watertight
    with Journal.open_to_read(path) as journal:
        entry = next(entry for entry in journal.entries if entry.stored)
    folder = path.with_name("run.journal.parts")
    records = stored_batches.read(entry.stored, folder, network.num_units)  # type: ignore[arg-type]
    only = records.facet_region < records.num_regions - 1
    fewer = relureg.engine.records.Records(
        **{name: getattr(records, name) for name in records.__slots__}
        | {
            "facet_region": records.facet_region[only],
            "facet_on_boundary": records.facet_on_boundary[only],
            "facet_starts": records.facet_starts[: only.sum() + 1],
        }
    )
    stored = stored_batches.store(fewer, folder, 1)
    found = stored_graph_of(path, stored)
    assert found.unmatched > 0
    assert not found.is_watertight


def stored_graph_of(path: Path, stored: stored_batches.StoredBatch) -> relureg.StoredGraph:
    """The graph of a journal whose first part is another one."""
    import dataclasses
    import sqlite3

    from relureg.engine.runs import journal as journals

    with Journal.open_to_read(path) as journal:
        entries, digest = journal.entries, journal._first_digest
    with sqlite3.connect(path) as connection:
        for number, entry in enumerate(entries, start=1):
            mine = entry.stored is not None and entry.stored.names == stored.names
            content = journals._to_text(dataclasses.replace(entry, stored=stored) if mine else entry)
            digest = journals._next_digest(digest, number, content)
            connection.execute("UPDATE batches SET content = ?, digest = ? WHERE number = ?", (content, digest, number))
    return stored_graph(path)


def test_what_cannot_be_a_graph(tmp_path: Path, run_relureg: Run) -> None:
    network = he_network(4, 18, 12, 1)
    plain = tmp_path / "plain.journal"
    relureg.count_regions(network, journal=plain)
    with pytest.raises(UsageError, match="keeps no regions"):
        stored_graph(plain)
    half = tmp_path / "half.journal"
    relureg.count_regions(network, journal=half, keep_regions=True, max_regions=100, jobs=1)
    with pytest.raises(LimitReachedError, match="relureg resume"):
        stored_graph(half)
    whole = _store(tmp_path / "whole.journal", he_network(2, 4, 1))
    with pytest.raises(UsageError, match="no amount of memory"):
        stored_graph(whole, memory="much")
    for option in (("--jobs", 2), ("--box", "-1", "1")):
        done = run_relureg("graph", whole, *option)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"relureg: error: {option[0]}: the run of a journal is over; leave this option out\n"
    done = run_relureg("graph", whole, "--json", "--degree")
    document = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert document["regions"] == relureg.count_regions(he_network(2, 4, 1)).num_regions
    assert document["diameter_bounds"] is None
    next(tmp_path.glob("whole.journal.parts/*.facets.parquet")).write_bytes(b"")
    with pytest.raises(UsageError, match="missing or damaged"):
        stored_graph(whole)
