"""Diameter, radius and what bounds them: against networkx and all pairs, and how many searches they take."""

import itertools

import networkx
import numpy as np
import pytest

import relureg
from relureg import RegionGraph
from relureg.complex.graph.breadth_first import distances
from relureg.complex.graph.diameter import find_diameter
from relureg.complex.graph.far_pairs import open_pairs
from relureg.complex.graph.radius import find_radius
from relureg.complex.linear.union_find import component_numbers

Graph = networkx.Graph


def _rows(theirs: Graph) -> RegionGraph:
    theirs = networkx.convert_node_labels_to_integers(theirs)
    pairs = np.array([sorted(edge) for edge in theirs.edges], dtype=np.int64).reshape(-1, 2)
    return RegionGraph.from_facets(theirs.number_of_nodes(), pairs)


def _graphs() -> list[Graph]:
    random = [
        make(size, seed)
        for size, seed in itertools.product((2, 3, 10, 60, 150), range(4))
        for make in (
            lambda size, seed: networkx.connected_watts_strogatz_graph(max(size, 5), 4, 0.1, seed=seed),
            lambda size, seed: networkx.random_labeled_tree(size, seed=seed),
            lambda size, seed: networkx.compose(
                networkx.path_graph(size), networkx.gnp_random_graph(size, 2 / size, seed=seed)
            ),
        )
    ]
    known = [networkx.path_graph(70), networkx.cycle_graph(61), networkx.star_graph(20), networkx.barbell_graph(12, 30),
             networkx.grid_graph((4, 5, 6)), networkx.hypercube_graph(7), networkx.lollipop_graph(5, 20),
             networkx.empty_graph(1), networkx.circular_ladder_graph(40)]  # fmt: skip
    return random + known


GRAPHS = _graphs()


@pytest.mark.parametrize("theirs", GRAPHS, ids=str)
def test_diameter_and_radius_are_those_of_networkx(theirs: Graph) -> None:
    ours = _rows(theirs)
    assert ours.diameter == networkx.diameter(theirs)
    first, second = ours.diameter_search.pair
    assert ours.distances_from(first)[second] == ours.diameter
    assert ours.radius == networkx.radius(theirs)
    assert ours.eccentricity(ours.radius_search.centre) == ours.radius


@pytest.mark.parametrize("theirs", GRAPHS[::3], ids=str)
def test_open_pairs_are_those_that_no_landmark_closes(theirs: Graph) -> None:
    ours = _rows(theirs)
    size = ours.num_regions
    for num_landmarks, distance in itertools.product((1, 2, 5), (1, 3, networkx.diameter(theirs))):
        landmarks = [ours.distances_from(node) for node in range(min(num_landmarks, size))]
        expected = {
            (u, v)
            for u, v in itertools.combinations(range(size), 2)
            if all(steps[u] + steps[v] > distance for steps in landmarks)
        }
        pairs, is_complete = open_pairs(landmarks, distance, most_found=10**6, most_looked_at=10**9)
        found = [(min(pair), max(pair)) for pair in pairs.tolist()]
        assert is_complete
        assert len(found) == len(set(found))
        assert set(found) == expected


def test_a_search_for_open_pairs_that_finds_too_many_is_given_up() -> None:
    landmarks = [np.full(1000, 5, dtype=np.int32)]
    pairs, is_complete = open_pairs(landmarks, 9, most_found=100, most_looked_at=10**9)
    assert not is_complete
    assert len(pairs) > 100
    assert not open_pairs(landmarks, 9, most_found=10**9, most_looked_at=10)[1]
    assert open_pairs(landmarks, 10, most_found=0, most_looked_at=10)[0].shape == (0, 2)


def test_two_ends_of_a_diameter_prove_it_in_a_cube() -> None:
    """Bounds on single nodes would need a search from each of the 4,096."""
    ours = _rows(networkx.hypercube_graph(12))
    assert ours.diameter == 12
    assert ours.diameter_search.num_searches <= 6


@pytest.mark.parametrize(
    ("name", "diameter", "most"),
    [("rand_4-40-1", 40, 10), ("rand_3-60-1", 60, 10), ("rand_2-100-1", 100, 10), ("rand_3-16-16-1", 29, 30),
     ("rand_4-12-12-1", 24, 30), ("rand_2-16-16-1", 33, 30)],
)  # fmt: skip
def test_diameters_are_proved_in_few_searches(name: str, diameter: int, most: int) -> None:
    graph = relureg.enumerate_regions(relureg.load(f"fixtures/truth/{name}.json")).graph
    unaided = find_diameter(graph.starts, graph.neighbours)
    assert graph.diameter == unaided.value == diameter
    assert graph.diameter_search.num_searches <= unaided.num_searches <= most


def test_diameter_and_radius_of_a_deep_network_are_those_of_all_pairs() -> None:
    graph = relureg.enumerate_regions(relureg.load("fixtures/truth/rand_2-16-16-1.json")).graph
    eccentricities = [graph.eccentricity(region) for region in range(graph.num_regions)]
    assert (graph.diameter, graph.radius) == (max(eccentricities), min(eccentricities))


def test_results_do_not_depend_on_the_run() -> None:
    graph = relureg.enumerate_regions(relureg.load("fixtures/truth/rand_3-16-16-1.json"), jobs=1).graph
    again = relureg.enumerate_regions(relureg.load("fixtures/truth/rand_3-16-16-1.json"), jobs=2).graph
    assert graph.diameter_search == again.diameter_search
    assert find_radius(graph.starts, graph.neighbours) == again.radius_search


@pytest.mark.parametrize("theirs", [*GRAPHS, networkx.complete_graph(5)], ids=str)
def test_an_odd_cycle_is_the_witness(theirs: Graph) -> None:
    ours = _rows(theirs)
    cycle = ours.odd_cycle
    assert (cycle is None) is networkx.is_bipartite(theirs)
    if cycle is not None:
        assert len(cycle) % 2 == 1
        assert len(set(cycle)) == len(cycle) >= 3
        for region, following in zip(cycle, cycle[1:] + cycle[:1], strict=True):
            assert following in ours.neighbours_of(region)


def test_an_odd_cycle_in_another_component_is_found() -> None:
    cycle = _rows(networkx.disjoint_union(networkx.path_graph(4), networkx.cycle_graph(5))).odd_cycle
    assert cycle is not None
    assert sorted(cycle) == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("seed", range(6))
def test_merging_gives_the_components_of_networkx(seed: int) -> None:
    theirs = networkx.gnp_random_graph(300, 0.003, seed=seed)
    pairs = np.array(theirs.edges, dtype=np.int64).reshape(-1, 2)
    numbers = component_numbers(300, pairs)
    classes = {frozenset(np.flatnonzero(numbers == number).tolist()) for number in np.unique(numbers)}
    assert classes == {frozenset(nodes) for nodes in networkx.connected_components(theirs)}
    firsts = [int((numbers == number).argmax()) for number in range(int(numbers.max()) + 1)]
    assert firsts == sorted(firsts)
    ours = RegionGraph.from_facets(300, pairs)
    assert ours.components.tolist() == numbers.tolist()


def test_edges_and_neighbours() -> None:
    theirs = networkx.gnp_random_graph(40, 0.2, seed=1)
    ours = _rows(theirs)
    assert ours.edges.tolist() == sorted(map(list, theirs.edges))
    assert [ours.neighbours_of(node).tolist() for node in range(40)] == [sorted(theirs[node]) for node in range(40)]
    steps = distances(ours.starts, ours.neighbours, 0)
    assert ours.neighbours_of(0).tolist() == np.flatnonzero(steps == 1).tolist()
