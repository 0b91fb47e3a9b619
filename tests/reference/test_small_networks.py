"""The small integer networks of the theory page, and the worked examples of the notions of region."""

from fractions import Fraction
from typing import Any

import pytest

from .conftest import complex_of


def _assert_complex(entry: dict[str, Any], engine: str) -> None:
    cells = complex_of(entry, engine)
    graph = cells.graph
    assert cells.num_regions == entry["R2"] == entry["regions"]
    assert cells.facets.num_inner == entry["adjacencies"]
    assert graph.average_degree == Fraction(entry["avg_degree"])
    assert (int(graph.degrees.min()), int(graph.degrees.max())) == (entry["min_degree"], entry["max_degree"])
    assert graph.diameter == entry["diameter"]
    assert graph.is_bipartite is entry["bipartite"]
    assert graph.is_connected is entry["connected"]
    assert cells.network.input_dim - cells.essential_dim == entry["lineality"]
    assert cells.num_relatively_bounded == entry["bounded_fvector"][-1]
    assert cells.hamming.pairs_one_apart == entry["hamming1_pairs"]
    assert cells.hamming.agree is entry["dist_equals_hamming"]
    assert cells.hamming.most_above == entry["max_dist_minus_hamming"]
    assert all(check.passed is not False for check in cells.checks + cells.graph_checks)


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_integer_networks_from_the_generator(lcg_entry: dict[str, Any], engine: str) -> None:
    _assert_complex(lcg_entry, engine)


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_examples_of_the_notions_of_region(definition_entry: dict[str, Any], engine: str) -> None:
    _assert_complex(definition_entry, engine)


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_the_graph_of_example_a1_is_a_cycle_of_five(values: dict[str, Any], engine: str) -> None:
    entry = next(entry for name, entry in values["definitions"].items() if name.startswith("A1"))
    graph = complex_of(entry, engine).graph
    assert graph.num_regions == graph.num_facets == 5
    assert set(graph.degrees.tolist()) == {2}
    assert not graph.is_bipartite
    assert graph.odd_cycle is not None
    assert sorted(graph.odd_cycle) == [0, 1, 2, 3, 4]
