"""Arrangements of hyperplanes with known figures: degenerate as can be, and counted exactly."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relureg import Complex, count_regions, enumerate_regions
from relureg.families.arrangements import generic_regions, moment_curve, network_of_hyperplanes

from .arrangements import ARRANGEMENTS, SIMPLICIAL, arrangement, constructed, generic_facets

KNOWN = json.loads(Path("fixtures/reference/arrangements.json").read_text())["arrangements"]
LARGEST_IN_THE_SUITE = 100_000
LARGEST_WITH_AN_AUDIT = 20_000
LARGEST_WITH_A_GRAPH = 7_000


def _up_to(limit: int) -> list[Any]:
    return [pytest.param(entry, id=entry["name"].replace(" ", "-")) for entry in KNOWN if entry["regions"] <= limit]


def _pairs_of_neighbouring_patterns(cells: Complex) -> int:
    """Pairs of regions on different sides of one hyperplane only.

    In an arrangement these are the pairs that share a facet, which is false for networks of more than one stage.
    """
    signs = cells.records.signs
    patterns = {row.tobytes() for row in signs}
    found = 0
    for unit in range(signs.shape[1]):
        below = signs[signs[:, unit] < 0]
        below[:, unit] = 1
        found += sum(row.tobytes() in patterns for row in below)
    return found


def test_every_known_arrangement_is_built() -> None:
    assert {entry["name"] for entry in KNOWN} == set(ARRANGEMENTS) - {"E7"}


@pytest.mark.parametrize("entry", _up_to(LARGEST_IN_THE_SUITE))
def test_counts(entry: dict[str, Any]) -> None:
    made = constructed(entry["name"])
    network = made.network
    assert made.regions == entry["regions"]
    assert (network.num_units, network.input_dim, network.effective_dim) == (
        entry["hyperplanes"],
        entry["dim"],
        entry["rank"],
    )
    count = count_regions(network, audit=entry["regions"] <= LARGEST_WITH_AN_AUDIT)
    assert count.num_regions == entry["regions"]
    assert count.num_relatively_bounded == entry["relatively_bounded"]
    assert count.num_facets == entry.get("adjacencies", count.num_facets)
    checks = {check.name: check.passed for check in count.checks}
    assert checks["watertight"] is None  # one stage: no facet between cells
    assert checks["closed_form"] is (
        True if entry["name"].startswith(("generic", "Boolean")) else checks["closed_form"]
    )


@pytest.mark.parametrize("entry", _up_to(LARGEST_WITH_A_GRAPH))
def test_region_graphs(entry: dict[str, Any]) -> None:
    """One hidden stage: the graph is bipartite, and its diameter is the number of hyperplanes."""
    cells = enumerate_regions(arrangement(entry["name"]))
    graph = cells.graph
    assert cells.num_regions == entry["regions"]
    assert graph.num_facets == entry.get("adjacencies", graph.num_facets) == _pairs_of_neighbouring_patterns(cells)
    assert graph.diameter == entry["hyperplanes"] == entry.get("diameter", entry["hyperplanes"])
    assert graph.is_bipartite
    assert int(graph.degrees.min()) >= entry["rank"]
    assert graph.average_degree <= 2 * entry["rank"]
    if entry["name"].startswith(SIMPLICIAL):
        assert graph.degree_histogram == {entry["rank"]: entry["regions"]}
    assert all(check.passed is not False for check in cells.checks + cells.graph_checks)


@pytest.mark.parametrize("entry", _up_to(LARGEST_IN_THE_SUITE))
def test_the_characteristic_polynomial(entry: dict[str, Any]) -> None:
    """Zaslavsky's theorem, by deletion and restriction: regions, bounded regions and facets without a single cell."""
    count = count_regions(arrangement(entry["name"]), engine="charpoly")
    assert count.engine == "charpoly"
    assert (count.num_regions, count.num_relatively_bounded) == (entry["regions"], entry["relatively_bounded"])
    assert count.num_facets == entry.get("adjacencies", count.num_facets)


def test_distances_are_numbers_of_hyperplanes_between() -> None:
    cells = enumerate_regions(arrangement("Shi n=4"))
    signs = cells.records.signs
    for region in range(cells.num_regions):
        between = (signs != signs[region]).sum(axis=1)
        assert np.array_equal(cells.graph.distances_from(region), between)


@pytest.mark.parametrize(
    ("num", "dim"),
    [(20, 1), (40, 2), (24, 3), (16, 4), (14, 5), (12, 6), (12, 7), (11, 8), (11, 9), (12, 10), (13, 12)],
)
def test_general_position_in_every_dimension(num: int, dim: int) -> None:
    """Also beyond the dimensions that the search has loops of its own for."""
    count = count_regions(network_of_hyperplanes(moment_curve(num, dim)), audit=dim in (2, 9))
    assert count.num_regions == generic_regions(num, dim)
    assert count.num_facets == generic_facets(num, dim)
    assert count.num_bounded == (generic_regions(num - 1, dim) - generic_regions(num - 1, dim - 1))
    assert {check.name: check.passed for check in count.checks}["watertight"] is None


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "regions", "rank"), [("resonance n=6", 1_066_044, 6), ("E7", 2_903_040, 7)])
def test_the_largest_known_counts(name: str, regions: int, rank: int) -> None:
    count = count_regions(arrangement(name))
    assert (count.num_regions, count.num_bounded) == (regions, 0)
    assert {check.name: check.passed for check in count.checks}["watertight"] is True
    if name.startswith(SIMPLICIAL):
        assert count.num_facets == regions * rank // 2
