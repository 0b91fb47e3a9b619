"""Matching facets: against a dictionary of sign vectors, with many units on a facet, and when hashes collide."""

from collections import defaultdict

import numpy as np
import pytest

import relureg
from relureg.complex import facets
from relureg.engine import facet_keys
from relureg.engine.records import Records

NETWORKS = ["truth/int_2-6-6-1", "truth/int_3-6-6-1", "truth/dup_dead_2", "truth/nobias_3-8-1", "truth/rand_2-16-16-1"]


def _by_sign_vectors(records: Records) -> set[tuple[int, int, tuple[int, ...]]]:
    """(region, region, units) of each facet, by the definition."""
    behind = defaultdict(list)
    for row, region in enumerate(records.facet_region.tolist()):
        if not records.facet_on_boundary[row]:
            units = facets.facet_units(records, row)
            signs = records.signs[region].copy()
            signs[list(units)] = 0
            behind[signs.tobytes(), units].append(region)
    return {(*sorted(regions), units) for (_, units), regions in behind.items()}  # type: ignore[misc]


def _found(records: Records) -> set[tuple[int, int, tuple[int, ...]]]:
    result = facets.match_facets(records)
    assert not len(result.unmatched)
    assert not len(result.one_sided)
    assert (result.regions[:, 0] < result.regions[:, 1]).all()
    order = np.lexsort((result.regions[:, 1], result.regions[:, 0]))
    assert np.array_equal(order, np.arange(len(order)))
    for rows, side in ((result.record, 0), (result.record_behind, 1)):
        assert np.array_equal(records.facet_region[rows], result.regions[:, side])
    behind = result.regions_behind
    assert np.array_equal(behind == -1, records.facet_on_boundary)
    assert np.array_equal(behind[result.record_behind], result.regions[:, 0])
    return {
        (*regions, facets.facet_units(records, row))
        for regions, row in zip(result.regions.tolist(), result.record.tolist(), strict=True)
    }  # type: ignore[misc]


@pytest.mark.parametrize("box", [None, relureg.Domain.box([-3], [3])], ids=["space", "box"])
@pytest.mark.parametrize("name", NETWORKS)
def test_facets_are_those_with_equal_sign_vectors(name: str, box: relureg.Domain | None) -> None:
    network = relureg.load(f"fixtures/{name}.json")
    domain = None if box is None else relureg.Domain.box([-3] * network.input_dim, [3] * network.input_dim)
    records = relureg.enumerate_regions(network, domain).records
    assert _found(records) == _by_sign_vectors(records)


@pytest.mark.parametrize("words", ["zero", "few"])
@pytest.mark.parametrize("name", NETWORKS)
def test_colliding_hashes_change_nothing(name: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    records = relureg.enumerate_regions(relureg.load(f"fixtures/{name}.json")).records
    expected = _found(records)
    few = 1 if words == "zero" else 8
    monkeypatch.setattr(facet_keys, "random_words", lambda count: np.arange(count, dtype=np.uint64) % np.uint64(few))
    hashes, _ = facet_keys.hash_facets(records)
    assert len(np.unique(hashes)) <= few
    assert _found(records) == expected


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_the_size_of_a_chunk_changes_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    records = relureg.enumerate_regions(relureg.load("fixtures/truth/int_3-6-6-1.json")).records
    expected = facet_keys.hash_facets(records)
    found = _found(records)
    monkeypatch.setattr(facet_keys, "_ROWS", rows)
    for theirs, ours in zip(expected, facet_keys.hash_facets(records), strict=True):
        assert np.array_equal(theirs, ours)
    assert _found(records) == found


def test_a_facet_lists_all_units_that_vanish_on_it() -> None:
    network = relureg.Network.from_layers([[[1, 0], [-2, 0], [0, 1], [3, 0]], [[1, 1, 1, 1]]], [[1, -2, 0, 3], [0]])
    cells = relureg.enumerate_regions(network)
    listed = {facets.facet_units(cells.records, row) for row in cells.facets.record.tolist()}
    assert listed == {(0, 1, 3), (2,)}
    assert cells.facets.num_inner == 4
