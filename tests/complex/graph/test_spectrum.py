"""The spectrum of region graphs whose eigenvalues are known, cuts, distances and volumes against other ways to them."""

from __future__ import annotations

import json
import math
from collections import Counter
from fractions import Fraction
from pathlib import Path

import networkx
import numpy as np
import pytest
from scipy.spatial import ConvexHull

import relureg
from relureg.cli.main import run
from relureg.complex.complex import Complex
from relureg.complex.graph import eigenvalues as spectra
from relureg.complex.graph.region_graph import RegionGraph
from relureg.errors import LimitReachedError, UsageError
from relureg.plots.plane.polygons import exact_area

TRUTH = Path(__file__).parents[3] / "fixtures" / "truth"


def _grid(*cuts: int) -> Complex:
    """Hyperplanes across each axis: boxes whose graph is a product of paths, one node longer than there are cuts."""
    rows = [[int(axis == k) for k in range(len(cuts))] for axis, count in enumerate(cuts) for _ in range(count)]
    shifts = [-offset for count in cuts for offset in range(1, count + 1)]
    network = relureg.Network.from_layers([rows, [[1] * len(rows)]], [shifts, [-3]])
    return relureg.enumerate_regions(network, relureg.Domain.box([0] * len(cuts), [count + 1 for count in cuts]))


def _path(length: int) -> float:
    return 2 - 2 * math.cos(math.pi / length)


def _assert_second(found: spectra.Eigenvalue, true: float, within: float) -> None:
    assert abs(found.value - true) <= found.error <= within


def test_a_path_has_its_cosines() -> None:
    graph = relureg.enumerate_regions(relureg.load(TRUTH / "saw_3.json")).graph
    assert graph.spectrum is not None
    _assert_second(graph.spectrum.fiedler, _path(10), 1e-13)
    _assert_second(graph.spectrum.gap, 1 - math.cos(math.pi / 9), 1e-13)
    vector = graph.spectrum.fiedler_vector  # monotone along the path, and no other vector is
    path = [next(k for k in range(10) if graph.degrees[k] == 1)]
    while len(path) < 10:
        path += [k for k in graph.neighbours_of(path[-1]).tolist() if k not in path]
    assert (np.diff(vector[path]) > 0).all() or (np.diff(vector[path]) < 0).all()


def test_lines_through_a_point_are_a_cycle() -> None:
    rows = [[1, k] for k in range(7)]
    cells = relureg.enumerate_regions(relureg.Network.from_layers([rows, [[1] * 7]], [[0] * 7, [0]]))
    spectrum = cells.graph.spectrum
    assert cells.num_regions == 14
    assert spectrum is not None
    _assert_second(spectrum.fiedler, 2 - 2 * math.cos(2 * math.pi / 14), 1e-13)
    _assert_second(spectrum.gap, 1 - math.cos(2 * math.pi / 14), 1e-13)


@pytest.mark.parametrize(
    ("cuts", "within"),
    [((7, 4), 1e-12), ((2, 3, 2), 1e-12), ((30, 19), 1e-12), ((9, 8, 7), 1e-7)],
    ids=["dense", "dense-3d", "factored", "lobpcg"],
)
def test_a_grid_is_as_loose_as_its_longest_side(cuts: tuple[int, ...], within: float) -> None:
    graph = _grid(*cuts).graph
    assert graph.spectrum is not None
    _assert_second(graph.spectrum.fiedler, _path(max(cuts) + 1), within)
    degrees = networkx.normalized_laplacian_matrix(graph.to_networkx()).toarray()
    _assert_second(graph.spectrum.gap, float(np.linalg.eigvalsh(degrees)[1]), within)


def test_methods_for_large_graphs_agree_with_the_dense_one(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = relureg.enumerate_regions(relureg.load(TRUTH / "rand_2-16-16-1.json")).graph
    assert graph.num_regions > spectra.MOST_DENSE
    found = graph.spectrum
    monkeypatch.setattr(spectra, "MOST_DENSE", 10_000)
    dense = spectra.find_spectrum(graph.starts, graph.neighbours)
    assert found is not None
    assert dense is not None
    for one, other in ((found.fiedler, dense.fiedler), (found.gap, dense.gap)):
        assert abs(one.value - other.value) <= one.error + other.error < 1e-10


def test_there_is_no_second_eigenvalue_without_a_second_region_or_a_path_to_it() -> None:
    assert RegionGraph.from_facets(1, np.empty((0, 2), dtype=np.int64)).spectrum is None
    assert RegionGraph.from_facets(3, np.array([[0, 1]])).spectrum is None


def test_the_error_tells_of_a_vector_that_is_none() -> None:
    graph = _grid(7, 4).graph
    degrees = graph.degrees.astype(float)
    wrong = np.arange(graph.num_regions, dtype=float)
    laplacian = networkx.laplacian_matrix(graph.to_networkx()).toarray()
    found, _ = spectra._certified(lambda x: laplacian @ x, wrong, int(degrees.max()), degrees)
    assert np.abs(np.linalg.eigvalsh(laplacian) - found.value).min() <= found.error
    assert found.error > 0.1


def test_the_cut_of_a_path_and_of_a_grid() -> None:
    cut = relureg.decision_cut(relureg.enumerate_regions(relureg.load(TRUTH / "saw_3.json")), Fraction(1, 2))
    (side,) = cut.sides
    # Eight pieces on [0, 1] go from 0 to 1 or back, so that f > 1/2 on four intervals of two regions each; beyond
    # both ends f falls.
    assert (cut.num_crossing, side.conductance.num_crossing, side.conductance.num_regions) == (8, 8, 8)
    assert (cut.num_regions, cut.num_facets) == (18, 17)
    assert side.conductance.value == Fraction(8, 16)


def test_conductance_is_that_of_networkx_and_at_least_half_the_gap() -> None:
    cells = relureg.enumerate_regions(relureg.load(TRUTH / "int_2-6-6-1.json"))
    graph, theirs = cells.graph, cells.graph.to_networkx()
    assert graph.spectrum is not None
    for source in (0, 7, 30):
        part = graph.distances_from(source) <= 2
        found = graph.conductance(part).value
        assert float(found or 0) == pytest.approx(networkx.conductance(theirs, np.flatnonzero(part).tolist()))
        assert (found or 0) >= graph.spectrum.gap.value / 2
    with pytest.raises(UsageError, match="a Boolean for each of 49 regions"):
        graph.conductance([1, 0])


def test_the_cut_of_classes_has_each_facet_between_two_of_them() -> None:
    network = relureg.Network.from_layers([[[1, 0], [0, 1]], [[1, 0], [0, 1], [0, 0]]], [[0, 0], [0, 0, 1]])
    cut = relureg.decision_cut(relureg.enumerate_regions(network, relureg.Domain.box([-2, -2], [2, 2])))
    assert cut.level is None
    assert [side.label for side in cut.sides] == ["class 0", "class 1", "class 2"]
    crossing = [side.conductance.num_crossing for side in cut.sides]
    assert sum(crossing) == 2 * cut.num_crossing


def test_a_limit_ends_the_search_for_the_cut() -> None:
    cells = relureg.enumerate_regions(relureg.load(TRUTH / "int_2-6-6-1.json"))
    with pytest.raises(LimitReachedError, match="stopped by the limit of 50 regions"):
        relureg.decision_cut(cells, max_regions=50)


def test_distances_are_those_of_networkx() -> None:
    graph = relureg.enumerate_regions(relureg.load(TRUTH / "int_2-6-6-1.json")).graph
    lengths = dict(networkx.all_pairs_shortest_path_length(graph.to_networkx()))
    expected = Counter(steps for row in lengths.values() for steps in row.values() if steps)
    found = graph.distance_distribution
    assert dict(found.histogram) == expected
    assert found.num_sources == 49
    assert found.mean == Fraction(sum(k * n for k, n in expected.items()), 49 * 48)


@pytest.mark.parametrize("name", ["int_2-6-6-1", "int_3-6-6-1", "saw_3"])
def test_volumes_fill_the_box_and_are_those_of_hulls(name: str) -> None:
    network = relureg.load(TRUTH / f"{name}.json")
    dim = network.input_dim
    cells = relureg.enumerate_regions(network, relureg.Domain.box([-1] * dim, [Fraction(4, 3)] * dim))
    volumes = cells.volumes
    assert volumes.total == Fraction(7, 3) ** dim
    assert volumes.check.passed is True
    if dim == 1:
        return
    for region in range(0, cells.num_regions, 5):
        hull = ConvexHull(cells.polyhedron(region).vertices.floats)
        assert float(volumes.regions[region]) == pytest.approx(hull.volume, rel=1e-9)
        if dim == 2:
            assert volumes.regions[region] == exact_area(cells, region)


def test_equal_cells_have_the_largest_entropy() -> None:
    cells = _grid(3, 2, 1)
    assert set(cells.volumes.regions) == {Fraction(1)}
    assert cells.volumes.entropy == pytest.approx(math.log(24), rel=1e-14)


def test_what_has_no_volume() -> None:
    with pytest.raises(UsageError, match="unbounded region"):
        relureg.enumerate_regions(relureg.load(TRUTH / "xor.json")).volumes  # noqa: B018
    four = relureg.random_network([4, 3, 1], seed=1)
    with pytest.raises(UsageError, match="up to 3 inputs, and there are 4"):
        relureg.enumerate_regions(four, relureg.Domain.box([0] * 4, [1] * 4)).volumes  # noqa: B018


def test_the_command_tells_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(TRUTH / "int_2-6-6-1.json"), "--spectrum", "--box", "-2", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["checks"]["volumes"] is True
    assert told["diameter"] is None
    assert told["f_vector"] is None
    spectrum = told["spectrum"]
    assert spectrum["volumes"]["total"]["num"] == 16
    assert spectrum["distances"]["sources"] == told["regions"] == 34
    assert spectrum["decision_cut"]["level"] == "0"
    assert spectrum["fiedler_value"]["error"] < 1e-12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--level", "1"], "error: --level: it goes with --spectrum"),
        (["--spectrum", "--level", "x"], "error: --level: 'x' is not a finite number"),
        (
            ["--spectrum", "--max-regions", "50"],
            "error: stopped by the limit of 50 regions: the decision cut needs all",
        ),
    ],
)
def test_what_the_command_refuses(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(TRUTH / "int_2-6-6-1.json"), *options]) in (2, 4)
    shown = capsys.readouterr()
    assert message in shown.err
    assert not shown.out
