"""The region graph against networkx, on random graphs and on complexes."""

from fractions import Fraction

import networkx
import numpy as np
import pytest

import relureg
from relureg import RegionGraph
from relureg.errors import UsageError


def _from_networkx(graph: "networkx.Graph[int]") -> RegionGraph:
    pairs = np.array([sorted(edge) for edge in graph.edges], dtype=np.int64).reshape(-1, 2)
    return RegionGraph.from_facets(graph.number_of_nodes(), pairs)


@pytest.mark.parametrize("seed", range(20))
def test_connected_random_graphs(seed: int) -> None:
    size = 5 + 7 * seed
    theirs = networkx.connected_watts_strogatz_graph(size, 4, 0.2, seed=seed)
    ours = _from_networkx(theirs)
    assert ours.diameter == networkx.diameter(theirs)
    assert ours.radius == networkx.radius(theirs)
    first, second = ours.diameter_search.pair
    assert networkx.shortest_path_length(theirs, first, second) == ours.diameter
    assert ours.eccentricity(ours.radius_search.centre) == ours.radius
    assert ours.is_bipartite == networkx.is_bipartite(theirs)
    lengths = networkx.single_source_shortest_path_length(theirs, 0)
    assert ours.distances_from(0).tolist() == [lengths[node] for node in range(size)]


@pytest.mark.parametrize(
    ("theirs", "bipartite"),
    [(networkx.path_graph(9), True), (networkx.cycle_graph(9), False), (networkx.hypercube_graph(4), True),
     (networkx.star_graph(6), True), (networkx.complete_graph(5), False), (networkx.empty_graph(1), True)],
)  # fmt: skip
def test_known_graphs(theirs: "networkx.Graph[int]", bipartite: bool) -> None:
    theirs = networkx.convert_node_labels_to_integers(theirs)
    ours = _from_networkx(theirs)
    assert (ours.diameter, ours.radius) == (networkx.diameter(theirs), networkx.radius(theirs))
    assert ours.is_bipartite is bipartite
    assert ours.is_connected


def test_a_graph_in_two_parts() -> None:
    ours = _from_networkx(networkx.disjoint_union(networkx.path_graph(4), networkx.cycle_graph(5)))
    assert ours.num_components == 2
    assert ours.components.tolist() == [0] * 4 + [1] * 5
    assert not ours.is_connected
    assert not ours.is_bipartite
    assert ours.distances_from(0).tolist() == [0, 1, 2, 3, -1, -1, -1, -1, -1]
    with pytest.raises(UsageError, match="not connected"):
        _ = ours.diameter


def test_degrees_are_exact() -> None:
    graph = relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"), engine="lp").graph
    assert graph.average_degree == Fraction(168, 49)
    assert graph.degree_histogram == {2: 7, 3: 22, 4: 13, 5: 6, 6: 1}


def test_the_networkx_graph_is_the_same_graph() -> None:
    graph = relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"), engine="lp").graph
    theirs = graph.to_networkx()
    assert (theirs.number_of_nodes(), theirs.number_of_edges()) == (49, 84)
    assert [theirs.degree(node) for node in range(49)] == graph.degrees.tolist()
    assert networkx.diameter(theirs) == graph.diameter == 10
    assert networkx.radius(theirs) == graph.radius


def test_a_region_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="there is no region 3; they are numbered 0 to 2"):
        _from_networkx(networkx.path_graph(3)).distances_from(3)


def test_a_known_upper_bound_ends_the_search() -> None:
    cycle = networkx.cycle_graph(200)
    pairs = np.array([sorted(edge) for edge in cycle.edges], dtype=np.int64)
    unaided = RegionGraph.from_facets(200, pairs)
    aided = RegionGraph.from_facets(200, pairs, longest=100)
    assert aided.diameter == unaided.diameter == 100
    assert aided.diameter_search.num_searches == 1
    assert unaided.diameter_search.num_searches > 1


def test_a_radius_that_would_take_too_many_searches_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relureg.complex.graph.radius.MAX_RADIUS_SEARCHES", 3)
    ours = _from_networkx(networkx.cycle_graph(200))
    assert (ours.radius_search.low, ours.radius_search.high) == (75, 100)
    assert ours.radius is None
