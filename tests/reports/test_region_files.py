"""Lists of regions, read back by programs that share nothing with what wrote them."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow.parquet
import pytest

import relureg
from relureg.errors import OutputError, UsageError
from relureg.reports.exports import columns
from relureg.reports.exports.region_files import save_regions

NETWORKS = {
    "int": ("fixtures/truth/int_2-6-6-1.json", None),
    "box": ("fixtures/truth/int_2-6-6-1.json", relureg.Domain.box([-2, -3], [2, 2])),
    "outputs": ("fixtures/nets/acasxu_tiny_5_5_5.nnet", relureg.Domain.box([-1] * 5, [1] * 5)),
    "kernel": ("fixtures/truth/xor.json", None),
}
Row = dict[str, Any]


@pytest.fixture(scope="module", params=NETWORKS)
def cells(request: pytest.FixtureRequest) -> relureg.Complex:
    path, domain = NETWORKS[request.param]
    return relureg.enumerate_regions(relureg.load(path), domain)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CHUNK", 7)


def _check(cells: relureg.Complex, rows: list[Row], *, vertices: bool) -> None:
    """Every column against the exact polyhedron, the exact map and the graph of each region."""
    assert [row["region"] for row in rows] == list(range(cells.num_regions))
    for row in rows:
        region = row["region"]
        polyhedron, exact = cells.polyhedron(region), cells.affine_map(region)
        assert row["pattern"] == cells.pattern(region)
        assert row["bounded"] == polyhedron.is_bounded
        assert row["point"] == [float(x) for x in cells.point(region)]
        behind = {neighbour.region: list(neighbour.units) for neighbour in cells.neighbours(region)}
        inner = [(n, units) for n, units in zip(row["neighbours"], row["facets"], strict=True) if n >= 0]
        assert dict(inner) == behind
        assert row["degree"] == len(behind) == len(inner)
        assert len(row["facets"]) == len(polyhedron.facet_units)
        np.testing.assert_allclose(row["weights"], exact.matrix.floats, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(row["bias"], exact.constant.floats[:, 0], rtol=1e-9, atol=1e-9)
        assert ("vertices" in row) is ("rays" in row) is vertices
        if vertices:
            np.testing.assert_allclose(sorted(row["vertices"]), polyhedron.vertices.floats, rtol=1e-9, atol=1e-9)
            assert len(row["rays"]) == polyhedron.rays.shape[0]


def _lists(text: object, kind: type) -> list[list[Any]]:
    if not isinstance(text, str):  # pandas reads an empty cell as NaN
        return []
    return [[kind(word) for word in part.split()] for part in text.split(";")]


@pytest.mark.parametrize("vertices", [False, True])
def test_json(cells: relureg.Complex, vertices: bool, tmp_path: Path) -> None:
    save_regions(cells, tmp_path / "r.json", vertices=vertices)
    document = json.loads((tmp_path / "r.json").read_text())
    assert (document["regions"], document["sha256"]) == (cells.num_regions, cells.network.sha256)
    _check(cells, document["rows"], vertices=vertices)


@pytest.mark.parametrize("vertices", [False, True])
def test_csv(cells: relureg.Complex, vertices: bool, tmp_path: Path) -> None:
    save_regions(cells, tmp_path / "r.csv", vertices=vertices)
    table = pandas.read_csv(tmp_path / "r.csv", dtype={"pattern": str, "neighbours": str, "facets": str, "rays": str})
    rows = table.to_dict("records")
    for row in rows:
        for name, kind in (("facets", int), ("weights", float), ("vertices", float), ("rays", float)):
            if name in row:
                row[name] = _lists(str(row[name]) if name != "rays" else row[name], kind)
        for name, kind in (("neighbours", int), ("point", float), ("bias", float)):
            row[name] = _lists(str(row[name]), kind)[0]
        row["facets"] = row["facets"] if any(row["facets"]) else [[]] * len(row["neighbours"])
    _check(cells, rows, vertices=vertices)


@pytest.mark.parametrize("vertices", [False, True])
def test_parquet(cells: relureg.Complex, vertices: bool, tmp_path: Path) -> None:
    save_regions(cells, tmp_path / "r.parquet", vertices=vertices)
    table = pyarrow.parquet.read_table(tmp_path / "r.parquet")
    _check(cells, table.to_pylist(), vertices=vertices)
    assert str(table.schema.field("facets").type).count("list") == 2


def test_npz(cells: relureg.Complex, tmp_path: Path) -> None:
    save_regions(cells, tmp_path / "r.npz", vertices=True)
    with np.load(tmp_path / "r.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    units = np.split(arrays["facet_units"], arrays["facet_unit_starts"][1:-1])
    rows = []
    for region in range(cells.num_regions):
        facets = slice(*arrays["facet_starts"][region : region + 2])
        points = slice(*arrays["generator_starts"][region : region + 2])
        is_ray, coordinates = arrays["is_ray"][points], arrays["generators"][points]
        rows.append(
            {name: arrays[name][region].tolist() for name in ("bounded", "degree", "point", "weights", "bias")}
            | {
                "region": region,
                "pattern": arrays["pattern"][region].decode(),
                "facets": [part.tolist() for part in units[facets]],
                "neighbours": arrays["facet_neighbours"][facets].tolist(),
                "vertices": coordinates[~is_ray].tolist(),
                "rays": coordinates[is_ray].tolist(),
            }
        )
    _check(cells, rows, vertices=True)


def test_affine_maps_give_the_output_at_the_points(cells: relureg.Complex, tmp_path: Path) -> None:
    save_regions(cells, tmp_path / "r.json")
    for row in json.loads((tmp_path / "r.json").read_text())["rows"]:
        exact = cells.network.exact_output([Fraction(x) for x in cells.point(row["region"])])
        value = np.array(row["weights"]) @ np.array(row["point"]) + np.array(row["bias"])
        np.testing.assert_allclose(value, [float(y) for y in exact], rtol=1e-6, atol=1e-6)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    cells = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
    with pytest.raises(UsageError, match=r"suffix of a list of regions is one of \.csv"):
        save_regions(cells, tmp_path / "r.graphml")
    save_regions(cells, tmp_path / "r.csv")
    with pytest.raises(OutputError, match="exists"):
        save_regions(cells, tmp_path / "r.csv")
    save_regions(cells, tmp_path / "r.csv", force=True)


def test_patterns_are_written_as_the_complex_writes_them() -> None:
    for name in ("fixtures/truth/saw_3.json", "fixtures/truth/rand_2-16-16-1.json", "fixtures/truth/nobias_3-8-1.json"):
        cells = relureg.enumerate_regions(relureg.load(name))
        parts = [columns.patterns(cells, slice(first, first + 5)) for first in range(0, cells.num_regions, 5)]
        assert list(itertools.chain(*parts)) == [cells.pattern(region) for region in range(cells.num_regions)]
