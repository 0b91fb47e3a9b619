"""Theorems as checks: they hold where proved, fail on wrong complexes, and expose what was claimed."""

import itertools
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import Complex, Domain, LinearRegions, Network, RegionGraph, enumerate_regions
from relureg.errors import LimitReachedError
from relureg.families.catalogue import construct
from relureg.families.constructions import folded_cut, perturbed
from relureg.families.random import INITIALISATIONS, random_network
from relureg.network.editing import hidden_parameters, parameter, with_parameters, without_unit
from relureg.network.problem import Problem
from relureg.theory import published
from relureg.theory.architecture import Architecture
from relureg.theory.minimise import minimise
from relureg.theory.structure_theorems import notions_in_order
from relureg.theory.theorem import Case, Status, Verdict
from relureg.theory.theorems import THEOREMS, check_theorems
from relureg.theory.upper_bounds import serra_2018

GRAPHS = {
    entry["name"]: entry
    for entry in json.loads(Path("fixtures/reference/constructions.json").read_text())["region_graphs"]
}
LCG = json.loads(Path("fixtures/reference/values.json").read_text())["lcg"]
COUNTEREXAMPLE = "fixtures/counterexamples/counterexample-3-9-4-1.json"


def _verdicts(network: Network, domain: Domain | None = None) -> dict[str, Verdict]:
    return {verdict.theorem: verdict for verdict in check_theorems(enumerate_regions(network, domain))}


def _network(entry: dict[str, Any]) -> Network:
    hidden = entry["net"]["hidden"]
    weights = [layer["W"] for layer in hidden] + [[[1] * len(hidden[-1]["b"])]]
    return Network.from_layers(weights, [layer["b"] for layer in hidden] + [[0]])


def _violated(verdicts: dict[str, Verdict]) -> set[str]:
    bad = (Status.VIOLATED, Status.CLAIMED_VIOLATED)
    return {name for name, verdict in verdicts.items() if verdict.status in bad}


# -- they hold -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("init", INITIALISATIONS)
@pytest.mark.parametrize("widths", [[1, 4, 3], [2, 6], [2, 4, 4], [3, 4, 4], [4, 5, 3], [3, 2, 4], [2, 3, 3, 3]])
def test_no_theorem_fails_on_random_networks(init: str, widths: list[int]) -> None:
    for seed in range(4):
        verdicts = _verdicts(random_network(widths, init, seed))
        assert list(verdicts) == list(THEOREMS)
        assert [v for v in verdicts.values() if v.status is Status.VIOLATED] == []


@pytest.mark.parametrize(
    "path", sorted(str(p) for p in Path("fixtures/truth").glob("*.json") if p.stem not in ("counts", "rand_4-40-1"))
)
def test_no_theorem_fails_on_networks_with_known_figures(path: str) -> None:
    verdicts = _verdicts(relureg.load(path))
    assert [v for v in verdicts.values() if v.status is Status.VIOLATED] == []


def test_figures_of_a_small_network() -> None:
    """The eight orthants of R^3: every verdict can be read off."""
    verdicts = _verdicts(construct("boolean", {"n": "3"}).network)
    shown = {name: (v.status.value, v.lhs, v.rhs) for name, v in verdicts.items()}
    assert shown["upper bounds"] == ("holds", 8, 8)
    assert shown["least degree"] == ("holds", 3, 3)
    assert shown["largest degree"] == ("holds", 3, 3)
    assert shown["average degree of an arrangement"] == ("holds", 3, 6)
    assert shown["average degree and log2"] == ("holds", 3, None)
    assert verdicts["average degree and log2"].detail == "3 <= log2 8"
    assert shown["diameter and lines"] == ("holds", 3, 3)
    assert shown["diameter and hyperplanes"] == ("holds", 3, 3)
    assert shown["diameter and degrees"] == ("holds", 8, 10)  # 1 + 3 + 6, enough for 8 regions
    assert shown["average degree in the plane"][0] == "not-applicable"
    assert shown["Theorem 3.4"] == ("holds", 3, 6)


def test_bounds_that_are_attained() -> None:
    verdicts = _verdicts(construct("zigzag", {"pieces": "3,3,3"}).network)
    assert (verdicts["upper bounds"].lhs, verdicts["upper bounds"].rhs) == (64, 64)
    assert (verdicts["diameter and lines"].lhs, verdicts["diameter and lines"].rhs) == (63, 63)
    assert (verdicts["path"].lhs, verdicts["path"].rhs) == (63, 63)


def test_inside_a_box_some_theorems_do_not_apply() -> None:
    verdicts = _verdicts(random_network([2, 6, 6], "he", 1), Domain.box([-0.1, -0.1], [0.1, 0.1]))
    assert verdicts["least degree"].status is Status.NOT_APPLICABLE
    assert verdicts["Theorem 3.4"].status is Status.NOT_APPLICABLE
    assert verdicts["upper bounds"].status is Status.HOLDS
    assert verdicts["diameter and lines"].status is Status.HOLDS


NEEDS_THE_WHOLE_SPACE = {
    "least degree",
    "diameter and hyperplanes",
    "Euler",
    "Euler, bounded faces",
    "Theorem 3.4",
    "Theorem 3.6",
}


@pytest.mark.parametrize("init", INITIALISATIONS)
@pytest.mark.parametrize("widths", [[1, 4, 3], [2, 6], [2, 4, 4], [3, 5], [3, 4, 4]])
def test_no_theorem_fails_in_a_domain(init: str, widths: list[int]) -> None:
    dim = widths[0]
    for seed, domain in enumerate((
        Domain.box([-1] * dim, [Fraction(1, 2)] * dim),
        Domain.polytope([[1] * dim, *(-np.eye(dim, dtype=int)).tolist()], [2, *[1] * dim]),
        Domain.polytope([[1] * dim], [0]),  # unbounded
    )):  # fmt: skip
        verdicts = _verdicts(random_network(widths, init, seed), domain)
        assert _violated(verdicts) == set()
        for name in NEEDS_THE_WHOLE_SPACE:
            assert verdicts[name].status is Status.NOT_APPLICABLE
            assert "for the whole space" in verdicts[name].detail


def test_facets_on_the_boundary_of_a_domain_are_no_neighbours() -> None:
    """Two lines that cross in a square: four regions, four inner facets; x = 2 misses it."""
    network = Network.from_layers([[[1, 0], [0, 1], [1, 0]], [[1, 1, 1]]], [[0, 0, -2], [0]])
    verdicts = _verdicts(network, Domain.box([-1, -1], [1, 1]))
    shown = {name: (v.status.value, v.lhs, v.rhs) for name, v in verdicts.items()}
    assert shown["upper bounds"][:2] == ("holds", 4)
    assert shown["largest degree"] == ("holds", 2, 3)
    assert shown["average degree in the plane"] == ("holds", 2, 4)
    assert shown["average degree of an arrangement"] == ("holds", 2, 4)
    assert verdicts["average degree and log2"].detail == "2 <= log2 4"
    assert shown["diameter and degrees"][0] == "holds"
    assert shown["bipartite"][0] == "holds"


def test_a_thin_box_has_the_degrees_of_its_network_not_of_its_walls() -> None:
    """One unit that reads one of three inputs: in a cube the rank of W^1 is still 1, so the bound is 2 and not 6."""
    network = Network.from_layers([[[1, 0, 0]], [[1]]], [[0], [0]])
    verdict = _verdicts(network, Domain.box([-1] * 3, [1] * 3))["average degree of an arrangement"]
    assert (verdict.lhs, verdict.rhs) == (1, 2)


def test_degenerate_networks_are_not_generic() -> None:
    a1 = Network.from_layers([[[1, 0], [0, 1], [0, -1]], [[1, -1, 1], [1, 0, 0]], [[1, -1]]], [[0, 0, 0], [0, 0], [0]])
    verdicts = _verdicts(a1)  # a cycle of five regions
    assert verdicts["bipartite"].status is Status.NOT_APPLICABLE
    assert verdicts["average degree and log2"].status is Status.NOT_APPLICABLE
    assert _violated(verdicts) == set()


def test_a_complex_that_is_not_complete() -> None:
    cells = enumerate_regions(random_network([2, 8, 8], "he", 1), max_regions=10)
    with pytest.raises(LimitReachedError):
        check_theorems(cells)


# -- they fail when something is wrong -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "caught"),
    [
        (lambda a: serra_2018(a) - 1, True),  # one too small
        (lambda a: sum(1 for _ in range(serra_2018(a) - a.widths[0])), True),  # the term j = 1 left out
        (serra_2018, False),
    ],
)
def test_a_bound_with_a_term_left_out_is_caught(monkeypatch: pytest.MonkeyPatch, broken: Any, caught: bool) -> None:
    """A zigzag attains the bound of Serra et al., so that the smallest error shows."""
    registry = [
        replace(entry, formula=broken) if entry.name == "Serra et al. 2018, Theorem 1" else entry
        for entry in published._REGISTRY
    ]
    monkeypatch.setattr(published, "_REGISTRY", registry)
    verdicts = _verdicts(construct("zigzag", {"pieces": "3,3"}).network)
    assert ("upper bounds" in _violated(verdicts)) is caught
    assert ("dominance" in _violated(verdicts)) is caught
    if caught:
        assert "16 > " in verdicts["upper bounds"].detail
        assert "Serra et al. 2018, Theorem 1" in verdicts["upper bounds"].detail


def _case(cells: Complex, pairs: list[tuple[int, int]]) -> Case:
    """A complex with a wrong region graph."""
    case = Case(cells)
    case.graph = RegionGraph.from_facets(cells.num_regions, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    return case


def _failing(case: Case) -> set[str]:
    return {name for name, entry in THEOREMS.items() if entry.verdict(case).status is Status.VIOLATED}


def test_wrong_graphs_in_the_plane_are_caught() -> None:
    cells = enumerate_regions(construct("moment-curve", {"n": "5", "d": "2"}).network)
    regions = range(cells.num_regions)
    complete = _case(cells, list(itertools.combinations(regions, 2)))
    assert _failing(complete) == {
        "largest degree",
        "average degree in the plane",
        "average degree of an arrangement",
        "average degree and log2",
        "diameter and hyperplanes",
        "diameter and degrees",
        "bipartite",
    }
    path = _case(cells, list(itertools.pairwise(regions)))
    assert _failing(path) == {"least degree", "diameter and lines", "diameter and hyperplanes"}
    star = _case(cells, [(0, region) for region in regions[1:]])
    assert _failing(star) == {"least degree", "largest degree", "diameter and hyperplanes"}
    halves = _case(cells, [pair for pair in itertools.pairwise(regions) if pair != (7, 8)])
    assert _failing(halves) == {"least degree", "connected"}


def test_wrong_graphs_on_a_line_are_caught() -> None:
    cells = enumerate_regions(construct("zigzag", {"pieces": "3"}).network)
    assert _failing(_case(cells, [(0, 1), (1, 2), (2, 3), (3, 0)])) >= {"path", "diameter and hyperplanes"}


@pytest.mark.parametrize("entry", LCG, ids=lambda entry: f"{entry['widths']}s{entry['seed']}")
def test_euler_on_known_faces(entry: dict[str, Any]) -> None:
    """With the f-vectors that another program found; one face more or less is noticed."""
    case = Case(enumerate_regions(_network(entry)))
    for name, key in [("Euler", "fvector"), ("Euler, bounded faces", "bounded_fvector")]:
        for change, status in [(0, Status.HOLDS), (1, Status.VIOLATED), (-1, Status.VIOLATED)]:
            faces = (entry[key][0] + change, *entry[key][1:])
            setattr(case, "f_vector" if name == "Euler" else "f_vector_bounded", faces)
            assert THEOREMS[name].verdict(case).status is status


def _notions(pieces: int, closed: int | None, opened: int, patterns: int) -> LinearRegions:
    labels = np.zeros(5, dtype=np.int64)
    return LinearRegions(
        activation_patterns=patterns, activation_regions=5, convex_low=opened, convex_high=5, open_connected=opened,
        closed_connected=closed, affine_pieces=pieces, affine_piece=labels, open_region=labels,
    )  # fmt: skip


def test_the_chain_of_notions_of_region() -> None:
    """The figures of a published example, 7, 5, 3, 3, 3, and each of them out of order."""
    assert notions_in_order(_notions(3, 3, 3, 7)).holds
    assert notions_in_order(_notions(3, None, 3, 7)).holds
    for wrong in (_notions(4, 3, 3, 7), _notions(3, 4, 3, 7), _notions(3, 3, 6, 7), _notions(3, 3, 3, 4)):
        assert not notions_in_order(wrong).holds


# -- what was claimed ----------------------------------------------------------------------------------


def test_the_average_degree_can_exceed_twice_the_dimension() -> None:
    verdict = _verdicts(relureg.load(COUNTEREXAMPLE))["Theorem 3.4"]
    assert verdict.status is Status.CLAIMED_VIOLATED
    assert (verdict.lhs, verdict.rhs, verdict.detail) == (Fraction(25, 4), 6, "25/4 > 6")


def test_the_fixture_is_the_construction() -> None:
    assert relureg.load(COUNTEREXAMPLE) == folded_cut(3) == construct("folded-cut", {"d": "3"}).network


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_also_when_perturbed(seed: int) -> None:
    entry = GRAPHS[f"thm3.4_generic eps=1/100 lcg seed={seed} (3;9,4,1)"]
    verdicts = _verdicts(perturbed(folded_cut(3), Fraction(1, 100), seed))
    assert verdicts["Theorem 3.4"].status is Status.CLAIMED_VIOLATED
    assert verdicts["Theorem 3.4"].lhs == Fraction(entry["avg_degree"])
    assert _violated(verdicts) == {"Theorem 3.4"}


def test_the_average_degree_can_fall_with_a_unit_more() -> None:
    before, after = (_network(GRAPHS[name]) for name in ("thm3.6_before (2;5)", "thm3.6_after (2;5,1)"))
    assert without_unit(after, 2, 0) == Network.from_layers(
        [before.stages[0].pre_activation.terms[0], [[0] * 5]], [before.stages[0].pre_activation.constant, [0]]
    )
    verdict = _verdicts(after)["Theorem 3.6"]
    assert verdict.status is Status.CLAIMED_VIOLATED
    assert (verdict.lhs, verdict.rhs) == (Fraction(25, 8), Fraction(28, 9))


# -- smaller ones --------------------------------------------------------------------------------------


def _exceeds_twice_the_dimension(network: Network) -> bool:
    return THEOREMS["Theorem 3.4"].verdict(Case(enumerate_regions(network))).status is Status.CLAIMED_VIOLATED


def test_a_violation_is_made_small() -> None:
    """A unit can be dropped, and then the weights be rounded."""
    large = perturbed(folded_cut(3), Fraction(1, 100), 1)
    small = minimise(large, _exceeds_twice_the_dimension)
    assert _exceeds_twice_the_dimension(small)
    assert small.num_units < large.num_units
    assert small.name == f"{large.name}_minimal"
    longest = max(parameter(large, entry).denominator for entry in hidden_parameters(large))
    assert max(parameter(small, entry).denominator for entry in hidden_parameters(small)) <= 100 < longest


def test_minimal_networks_lose_every_unit_they_can() -> None:
    network = random_network([2, 5, 5], "he", 3)
    small = minimise(network, lambda candidate: enumerate_regions(candidate).num_regions >= 10)
    assert enumerate_regions(small).num_regions >= 10
    for stage, width in enumerate(small.widths, start=1):
        for unit in range(width):
            assert enumerate_regions(without_unit(small, stage, unit)).num_regions < 10


def test_out_of_time_the_network_stays() -> None:
    network = random_network([2, 5, 5], "he", 3)
    assert minimise(network, lambda _: True, seconds=0.0) == network


# -- editing -------------------------------------------------------------------------------------------


def test_a_unit_is_dropped_as_if_its_output_were_zero() -> None:
    network = random_network([3, 4, 3, 2], "integer", 1)
    points = np.random.default_rng(1).normal(size=(50, 3))
    for stage, unit in [(1, 0), (2, 2), (3, 1)]:
        smaller = without_unit(network, stage, unit)
        assert smaller.num_units == network.num_units - 1
        silenced = with_parameters(
            network, lambda at, value, s=stage, u=unit: Fraction(0) if (at[0], at[2]) == (s, u) else value
        )
        assert np.allclose(smaller(points), silenced(points))


def test_a_stage_that_is_left_empty_goes() -> None:
    network = random_network([2, 3, 1, 2], "integer", 1)
    smaller = without_unit(network, 2, 0)
    assert smaller.widths == (3, 2)
    assert smaller.stages[1].pre_activation.constant == network.stages[2].pre_activation.constant
    assert not smaller.stages[1].pre_activation.terms


def test_architecture_of_a_network() -> None:
    a = Architecture.of(Problem(network=random_network([3, 4, 2], "nobias", 1, outputs=2)))
    assert (a.input_dim, a.widths, a.output_dim, a.is_bias_free, a.ranks) == (3, (4, 2), 2, True, (3, 2))
