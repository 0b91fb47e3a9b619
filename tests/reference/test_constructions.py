"""Constructions that attain bounds, with exact counts; and region graphs that contradict published theorems."""

import json
from collections.abc import Sequence
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest

from relureg import Complex, Network, count_regions, enumerate_regions
from relureg.families.constructions import closed_sawtooth, cut_grid, folded_cut, perturbed, sawtooth, zigzag
from relureg.theory.bounds import bounds

from .conftest import network_of

KNOWN = json.loads(Path("fixtures/reference/constructions.json").read_text())
GRAPHS = {entry["name"]: entry for entry in KNOWN["region_graphs"]}


def _proven(network: Network) -> Complex:
    cells = enumerate_regions(network)
    assert {check.name: check.passed for check in cells.checks}["watertight"] is True
    assert all(check.passed is not False for check in cells.checks + cells.graph_checks)
    return cells


def _assert_graph(network: Network, entry: dict[str, Any]) -> None:
    cells = _proven(network)
    graph = cells.graph
    assert (graph.num_regions, graph.num_facets) == (entry["regions"], entry["adjacencies"])
    assert graph.average_degree == Fraction(entry["avg_degree"])
    assert int(graph.degrees.min()) == entry.get("min_degree", int(graph.degrees.min()))
    assert int(graph.degrees.max()) == entry.get("max_degree", int(graph.degrees.max()))
    assert graph.is_bipartite is entry.get("bipartite", True)
    assert graph.diameter == entry.get("diameter", graph.diameter)
    if "bounded_fvector" in entry:
        assert cells.num_bounded == entry["bounded_fvector"][-1]


# -- counts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", KNOWN["constructions"], ids=lambda entry: entry["name"].replace(" ", "-"))
def test_constructions_with_exact_counts(entry: dict[str, Any]) -> None:
    cells = _proven(network_of(entry))
    assert cells.num_regions == entry["regions"] >= entry.get("lower_bound", 0)
    assert count_regions(cells.network, jobs=2).num_regions == entry["regions"]


@pytest.mark.parametrize("entry", KNOWN["random_search"], ids=lambda entry: str(entry["regions"]))
def test_the_best_networks_of_a_random_search(entry: dict[str, Any]) -> None:
    assert _proven(network_of(entry)).num_regions == entry["regions"]


@pytest.mark.parametrize("pieces", [[3], [5], [4, 3, 5], [5, 6, 7], [3] * 4, [7, 3, 4, 6]])
def test_zigzags_attain_the_bound_on_a_line(pieces: list[int]) -> None:
    cells = _proven(zigzag(pieces))
    most = prod(p + 1 for p in pieces)
    assert cells.num_regions == most
    assert cells.graph.diameter == most - 1
    assert min(bound.value for bound in bounds(cells.network) if bound.is_upper and bound.value is not None) == most


def test_a_zigzag_of_a_million_pieces() -> None:
    """Ten layers of three units: 4^10."""
    count = count_regions(zigzag([3] * 10))
    assert (count.num_regions, count.num_facets) == (1_048_576, 1_048_575)
    assert count.per_stage == tuple(4**depth for depth in range(1, 11))


@pytest.mark.parametrize("depth", range(1, 13))
def test_telgarsky_networks(depth: int) -> None:
    """2^L pieces on [0, 1], and one on either side; with one stage the piece on the right goes on."""
    cells = _proven(sawtooth(depth))
    assert cells.num_regions == (3 if depth == 1 else 2**depth + 2)
    assert cells.graph.diameter == cells.num_regions - 1


@pytest.mark.parametrize(
    ("family", "depth"), [(sawtooth, 20), (closed_sawtooth, 20), (closed_sawtooth, 3), (closed_sawtooth, 6)]
)
def test_sawteeth_of_more_than_a_million_pieces(family: Any, depth: int) -> None:
    count = count_regions(family(depth))
    assert (count.num_regions, count.num_bounded, count.num_facets) == (2**depth + 2, 2**depth, 2**depth + 1)
    assert count.per_stage[1:] == tuple(2**k + 2 for k in range(2, depth + 1))
    assert all(check.passed is not False for check in count.checks)


def test_sawteeth_vanish_where_they_are_flat() -> None:
    """Left of 0 the map is 0, and so is the first unit of every later stage: sign 0, not minus.

    Right of 1 the map is negative, so the same holds from the third stage on.
    """
    cells = _proven(sawtooth(6))
    assert cells.records.signs[0].tolist() == [-1, -1] + [0, -1] * 5
    assert sorted((cells.records.signs == 0).sum(axis=1).tolist()) == [0] * 64 + [4, 5]


# -- region graphs -------------------------------------------------------------------------------------


def test_average_degree_above_twice_the_dimension() -> None:
    """A counterexample to theorems 3.1 and 3.4 of Gaines and Bi (2026): 25/4 > 6, with 3 inputs and 14 units."""
    entry = GRAPHS["thm3.4_structured (3;9,4,1)"]
    network = folded_cut(3)
    assert network.widths == (9, 4, 1)
    assert network == network_of(entry)
    _assert_graph(network, entry)
    assert (entry["regions"], entry["adjacencies"], entry["avg_degree"]) == (1024, 3200, "25/4")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_stays_above_when_weights_are_perturbed(seed: int) -> None:
    entry = GRAPHS[f"thm3.4_generic eps=1/100 lcg seed={seed} (3;9,4,1)"]
    assert Fraction(entry["avg_degree"]) > 6
    _assert_graph(perturbed(folded_cut(3), Fraction(1, 100), seed), entry)


@pytest.mark.parametrize(
    ("name", "deltas"),
    [
        ("grid 7x7x7 + 1 neuron (3;21,1)", ["0"]),
        ("grid 7x7x7 + 3 neurons (3;21,3)", ["-1/4", "0", "1/4"]),
        ("grid 7x7x7 + 7 neurons (3;21,7)", ["-3/10", "-1/5", "-1/10", "0", "1/10", "1/5", "3/10"]),
    ],
)
def test_grids_cut_through_every_box(name: str, deltas: Sequence[str]) -> None:
    network = cut_grid([7, 7, 7], [Fraction(27, 2) + Fraction(delta) for delta in deltas])
    _assert_graph(network, GRAPHS[name])


def test_a_generic_network_of_two_stages_above_twice_the_dimension() -> None:
    network = perturbed(cut_grid([8, 8, 8], [Fraction(27, 2)]), Fraction(1, 100), 1)
    _assert_graph(network, GRAPHS["generic (3;24,1) eps=1/100 seed=1"])


def test_four_inputs() -> None:
    """The same construction with average degree 8, and above 8 when perturbed."""
    exact = count_regions(folded_cut(4))
    assert (exact.num_regions, exact.num_facets) == (8192, 32768)
    moved = count_regions(perturbed(folded_cut(4), Fraction(1, 100), 1))
    assert moved.num_facets is not None
    assert 2 * moved.num_facets > 8 * moved.num_regions


def test_a_new_unit_can_lower_the_average_degree() -> None:
    """A counterexample to theorem 3.6 of Gaines and Bi (2026): 25/8, and 28/9 with one unit more."""
    before, after = GRAPHS["thm3.6_before (2;5)"], GRAPHS["thm3.6_after (2;5,1)"]
    _assert_graph(network_of(before), before)
    _assert_graph(network_of(after), after)
    assert Fraction(after["avg_degree"]) == Fraction(28, 9) < Fraction(before["avg_degree"]) == Fraction(25, 8)


def test_patterns_one_unit_apart_are_more_than_the_facets() -> None:
    entry = GRAPHS["thm3.4_generic eps=1/100 lcg seed=1 (3;9,4,1)"]
    signs = _proven(perturbed(folded_cut(3), Fraction(1, 100), 1)).records.signs
    pairs = sum(int(((signs[i + 1 :] != signs[i]).sum(axis=1) == 1).sum()) for i in range(len(signs)))
    assert (pairs, entry["adjacencies"]) == (entry["hamming1_pairs"], 3654)
    assert pairs == 4727


def test_the_diameter_of_a_zigzag_that_ignores_an_input() -> None:
    """The bound prod (n_l + 1) - 1 on the diameter is attained in every dimension."""
    line = zigzag([3, 3])
    weights = [[1, 0], [1, 0], [-1, 0]]
    second = line.stages[1].pre_activation
    plane = Network.from_layers(
        [weights, second.terms[1], [[1, 1, 1]]], [line.stages[0].pre_activation.constant, second.constant, [0]]
    )
    cells = _proven(plane)
    assert (cells.num_regions, cells.essential_dim, cells.num_bounded, cells.graph.diameter) == (16, 1, 0, 15)
