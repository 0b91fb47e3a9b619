"""Exported graphs, read back by programs that share nothing with what wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pandas
import pyarrow.parquet
import pytest

import relureg
from relureg.complex.facets import facet_units
from relureg.errors import LimitReachedError, OutputError, UsageError
from relureg.reports.exports import columns, graph_xml

NETWORKS = {
    "int": ("fixtures/truth/int_2-6-6-1.json", None),
    "dup": ("fixtures/truth/dup_dead_2.json", None),
    "box": ("fixtures/truth/int_3-6-6-1.json", relureg.Domain.box([-2] * 3, [2] * 3)),
    "kernel": ("fixtures/truth/xor.json", None),
}
SUFFIXES = (".graphml", ".gexf", ".json", ".csv", ".npz", ".parquet")


@pytest.fixture(scope="module", params=NETWORKS)
def cells(request: pytest.FixtureRequest) -> relureg.Complex:
    path, domain = NETWORKS[request.param]
    return relureg.enumerate_regions(relureg.load(path), domain)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CHUNK", 7)  # lest everything fit one


def _expected(cells: relureg.Complex) -> tuple[dict[int, dict[str, Any]], dict[tuple[int, int], list[int]]]:
    nodes = {
        region: {
            "pattern": cells.pattern(region),
            "bounded": bool(cells.records.bounded[region]) and cells.essential_dim == cells.network.input_dim,
            "degree": len(cells.neighbours(region)),
            "point": [float(x) for x in cells.point(region)],
        }
        for region in range(cells.num_regions)
    }
    edges = {
        (first, second): list(facet_units(cells.records, row))
        for (first, second), row in zip(cells.facets.regions.tolist(), cells.facets.record.tolist(), strict=True)
    }
    return nodes, edges


def _numbers(text: Any, kind: type) -> list[Any]:
    return [kind(word) for word in str(text).split()]


def _assert_networkx(graph: networkx.Graph[Any], cells: relureg.Complex, *, parsed: bool) -> None:
    nodes, edges = _expected(cells)
    assert not graph.is_directed()
    assert not graph.is_multigraph()
    found_nodes = {
        int(node): {
            "pattern": data["pattern"],
            "bounded": data["bounded"],
            "degree": data["degree"],
            "point": data["point"] if parsed else _numbers(data["point"], float),
        }
        for node, data in graph.nodes(data=True)
    }
    found_edges = {
        (min(int(u), int(v)), max(int(u), int(v))): data["units"] if parsed else _numbers(data["units"], int)
        for u, v, data in graph.edges(data=True)
    }
    assert found_nodes == nodes
    assert found_edges == edges
    assert networkx.diameter(graph) == cells.graph.diameter


def test_graphml(cells: relureg.Complex, tmp_path: Path) -> None:
    path = tmp_path / "graph.graphml"
    assert relureg.save_graph(cells, path) == (path,)
    _assert_networkx(networkx.read_graphml(path), cells, parsed=False)


def test_gexf(cells: relureg.Complex, tmp_path: Path) -> None:
    path = tmp_path / "graph.gexf"
    relureg.save_graph(cells, path)
    _assert_networkx(networkx.read_gexf(path), cells, parsed=False)


def test_node_link_json(cells: relureg.Complex, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    relureg.save_graph(cells, path)
    graph = networkx.node_link_graph(json.loads(path.read_text()), edges="edges")
    _assert_networkx(graph, cells, parsed=True)
    assert graph.graph["name"] == cells.network.name


def test_csv(cells: relureg.Complex, tmp_path: Path) -> None:
    paths = relureg.save_graph(cells, tmp_path / "graph.csv")
    assert [path.name for path in paths] == ["graph.csv", "graph.nodes.csv"]
    edge_table = pandas.read_csv(paths[0], dtype={"units": str})
    node_table = pandas.read_csv(paths[1], dtype={"pattern": str, "point": str})
    graph = networkx.from_pandas_edgelist(edge_table, edge_attr=True)
    for row in node_table.to_dict("records"):
        graph.add_node(row["region"], **row)
    _assert_networkx(graph, cells, parsed=False)


def test_parquet(cells: relureg.Complex, tmp_path: Path) -> None:
    paths = relureg.save_graph(cells, tmp_path / "graph.parquet")
    assert [path.name for path in paths] == ["graph.parquet", "graph.nodes.parquet"]
    edge_rows = pyarrow.parquet.read_table(paths[0]).to_pylist()
    node_rows = pyarrow.parquet.read_table(paths[1]).to_pylist()
    nodes, edges = _expected(cells)
    assert {(row["source"], row["target"]): row["units"] for row in edge_rows} == edges
    assert {row.pop("region"): row for row in node_rows} == nodes
    assert len(pandas.read_parquet(paths[0])) == cells.facets.num_inner


def test_npz(cells: relureg.Complex, tmp_path: Path) -> None:
    path = tmp_path / "graph.npz"
    relureg.save_graph(cells, path)
    nodes, edges = _expected(cells)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    assert [text.decode() for text in arrays["pattern"].tolist()] == [node["pattern"] for node in nodes.values()]
    for name in ("bounded", "degree", "point"):
        assert arrays[name].tolist() == [node[name] for node in nodes.values()]
    units = np.split(arrays["edge_units"], arrays["edge_unit_starts"][1:-1])
    assert {tuple(edge): part.tolist() for edge, part in zip(arrays["edges"].tolist(), units, strict=True)} == edges
    rows = np.split(arrays["neighbours"], arrays["starts"][1:-1])
    both = sorted(list(edges) + [(second, first) for first, second in edges])
    assert [(region, other) for region, row in enumerate(rows) for other in row.tolist()] == both


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_single_region_makes_a_graph_without_edges(suffix: str, tmp_path: Path) -> None:
    affine = relureg.Network.from_layers([[[1, 2]]], [[0]], name='<"&">')
    cells = relureg.enumerate_regions(affine)
    path, *_ = relureg.save_graph(cells, tmp_path / f"graph{suffix}")
    read: Any = {
        ".graphml": lambda: networkx.read_graphml(path).number_of_nodes(),
        ".gexf": lambda: networkx.read_gexf(path).number_of_nodes(),
        ".json": lambda: len(json.loads(path.read_text())["nodes"]),
        ".csv": lambda: len(pandas.read_csv(path)) + 1,
        ".npz": lambda: len(np.load(path)["degree"]),
        ".parquet": lambda: len(pandas.read_parquet(path)) + 1,
    }
    assert read[suffix]() == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_are_not_replaced_unasked_and_never_half_written(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"))
    path = tmp_path / f"graph{suffix}"
    files = relureg.save_graph(cells, path)
    contents = [file.read_bytes() for file in files]
    for file in files:
        others = [other for other in files if other != file]
        for other in others:
            other.unlink()
        with pytest.raises(OutputError, match="exists"):
            relureg.save_graph(cells, path)
        assert sorted(tmp_path.iterdir()) == [file]
        relureg.save_graph(cells, path, force=True)
        assert [file.read_bytes() for file in files] == contents

    def broken(*_: object) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(columns, "patterns", broken)
    monkeypatch.setattr(columns, "_units", broken)
    with pytest.raises(OutputError, match="No space left"):
        relureg.save_graph(cells, path, force=True)
    assert [file.read_bytes() for file in files] == contents
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_what_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    cells = relureg.enumerate_regions(network)
    with pytest.raises(UsageError, match=r"suffix of a graph is one of \.graphml"):
        relureg.save_graph(cells, tmp_path / "graph.txt")
    with pytest.raises(OutputError, match="folder does not exist"):
        relureg.save_graph(cells, tmp_path / "missing" / "graph.csv")
    with pytest.raises(LimitReachedError):
        relureg.save_graph(relureg.enumerate_regions(network, max_regions=5), tmp_path / "graph.csv")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"Parquet files need pyarrow: pip install .*\[parquet\]'"):
        relureg.save_graph(cells, tmp_path / "graph.parquet")
    assert list(tmp_path.iterdir()) == []


def test_gexf_places_every_region_for_gephi(cells: relureg.Complex, tmp_path: Path) -> None:
    relureg.save_graph(cells, tmp_path / "g.gexf")
    graph = networkx.read_gexf(tmp_path / "g.gexf", node_type=int)
    placed = np.array([[graph.nodes[k]["viz"]["position"][axis] for axis in "xyz"] for k in range(cells.num_regions)])
    dim = cells.network.input_dim
    assert not placed[:, dim:].any()
    # The inputs, moved and scaled: all differences are in one ratio.
    points = cells.records.points
    ours, theirs = placed[1:, :dim] - placed[0, :dim], points[1:] - points[0]
    ratio = np.abs(ours).max() / np.abs(theirs).max()
    np.testing.assert_allclose(ours, ratio * theirs, atol=1e-3 * np.abs(ours).max())
    assert np.mean(np.abs(placed).max(axis=1) <= 501) >= 0.75  # most of them where Gephi looks first


def test_gexf_of_many_inputs_has_positions_in_space() -> None:
    seen = relureg.enumerate_regions(relureg.random_network([5, 6], "he", seed=1))
    placed = graph_xml.positions(seen)
    assert placed.shape == (seen.num_regions, 3)
    assert np.isfinite(placed).all()
    assert np.linalg.matrix_rank(placed) == 3
