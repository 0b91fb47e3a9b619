"""Counts, facets and diameters found by independent exact programs (fixtures/truth/counts.json)."""

import json
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg import Complex

TRUTH = json.loads(Path("fixtures/truth/counts.json").read_text())
FOR_THE_REFEREE = (
    "xor",
    "saw_3",
    "saw_6",
    "nobias_2-10-1",
    "nobias_3-8-1",
    "int_2-6-6-1",
    "int_3-6-6-1",
    "dup_dead_2",
)
"""Others, the referee finds entry by entry as the splitter does: tests/contract."""

LARGE_ARRANGEMENTS = ("rand_3-60-1", "rand_4-40-1")
"""36,051 and 102,091 regions, one hidden stage."""


def _complex(name: str, engine: str) -> Complex:
    return relureg.enumerate_regions(relureg.load(f"fixtures/truth/{name}.json"), engine=engine)


@pytest.mark.parametrize(
    ("engine", "name"), [("lp", name) for name in FOR_THE_REFEREE] + [("split", name) for name in TRUTH]
)
def test_the_known_figures(engine: str, name: str) -> None:
    truth = TRUTH[name]
    cells = _complex(name, engine)
    assert cells.num_regions == truth["regions"]
    assert cells.num_bounded == truth["bounded"]
    assert cells.facets.num_inner == truth["edges"]
    assert cells.graph.diameter == truth["diameter"]
    assert cells.graph.is_connected is truth["connected"]
    assert cells.essential_dim == truth.get("reduced_dim", cells.network.input_dim)
    assert {check.name: check.passed for check in cells.checks}["watertight"] is True
    assert all(check.passed is not False for check in cells.checks + cells.graph_checks)


@pytest.mark.parametrize("name", LARGE_ARRANGEMENTS)
def test_distances_in_large_arrangements(name: str) -> None:
    """One hidden stage: regions are as far apart as there are hyperplanes between them."""
    cells = _complex(name, "split")
    signs = cells.records.signs
    for region in np.linspace(0, cells.num_regions - 1, 5).astype(int).tolist():
        between = (signs != signs[region]).sum(axis=1)
        assert np.array_equal(cells.graph.distances_from(region), between)


@pytest.mark.parametrize("name", TRUTH)
def test_counting_gives_the_same_figures(name: str) -> None:
    truth = TRUTH[name]
    network = relureg.load(f"fixtures/truth/{name}.json")
    count = relureg.count_regions(network)
    assert (count.num_regions, count.num_bounded, count.num_facets) == (
        truth["regions"],
        truth["bounded"],
        truth["edges"],
    )
    passed = {check.name: check.passed for check in count.checks}
    assert passed["watertight"] is (None if len(network.stages) == 1 else True)  # one stage takes one step
    assert False not in passed.values()


def test_facets_are_not_patterns_that_differ_in_one_unit() -> None:
    """The 564 regions of rand_2-16-16-1 have 1098 such pairs of patterns, but share 1092 facets."""
    cells = _complex("rand_2-16-16-1", "split")
    signs = cells.records.signs
    pairs = sum(int(((signs[i + 1 :] != signs[i]).sum(axis=1) == 1).sum()) for i in range(len(signs)))
    assert pairs == 1098
    assert cells.facets.num_inner == 1092
