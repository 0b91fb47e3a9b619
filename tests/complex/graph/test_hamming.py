"""Distances against Hamming distances of sign vectors."""

import numpy as np
import pytest

import relureg
from relureg.complex.graph import hamming


def _hamming_distances(cells: relureg.Complex) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    return np.array([(cells.records.signs != signs).sum(axis=1) for signs in cells.records.signs])


@pytest.mark.parametrize(
    "name", ["xor", "saw_6", "int_2-6-6-1", "int_3-6-6-1", "dup_dead_2", "nobias_3-8-1", "rand_2-16-16-1"]
)
def test_all_pairs_of_small_complexes(name: str) -> None:
    cells = relureg.enumerate_regions(relureg.load(f"fixtures/truth/{name}.json"))
    theirs = _hamming_distances(cells)
    ours = np.array([cells.graph.distances_from(region) for region in range(cells.num_regions)])
    found = cells.hamming
    assert found.num_sources == cells.num_regions
    assert found.pairs_one_apart == (theirs == 1).sum() // 2
    assert (found.most_above, found.most_below) == ((ours - theirs).max(), (theirs - ours).max())
    assert np.array_equal(hamming.hamming_distances(cells.records, 1), theirs[1])


def test_arrangements_agree_and_deep_networks_do_not() -> None:
    flat = relureg.enumerate_regions(relureg.load("fixtures/truth/rand_3-60-1.json")).hamming
    assert (flat.agree, flat.num_sources, flat.pairs_one_apart) == (True, 16, 106_260)
    deep = relureg.enumerate_regions(relureg.load("fixtures/truth/rand_2-16-16-1.json")).hamming
    assert (deep.agree, deep.pairs_one_apart) == (False, 1098)
    assert deep.most_above > 0
    assert deep.most_below == 0  # generic: a facet changes one sign, so a distance is at least the Hamming distance


def test_colliding_hashes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"))
    expected = (_hamming_distances(cells) == 1).sum() // 2
    monkeypatch.setattr(hamming, "random_words", lambda count: np.zeros(count, dtype=np.uint64))
    assert hamming.count_pairs_one_apart(cells.records) == expected
