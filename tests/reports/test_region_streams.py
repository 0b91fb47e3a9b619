"""Files of regions that were written while they were found, and inequalities in files, read by other programs."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow.parquet
import pytest
import scipy.io

import relureg
from relureg.complex.stream import CellStream
from relureg.errors import LimitReachedError, UsageError
from relureg.reports.exports import mat

BOX = relureg.Domain.box([-2, -3], [2, 2])
NETWORKS = {
    "whole": ("fixtures/truth/int_2-6-6-1.json", None),
    "box": ("fixtures/truth/int_2-6-6-1.json", BOX),
    "outputs": ("fixtures/nets/acasxu_tiny_5_5_5.nnet", relureg.Domain.box([-1] * 5, [1] * 5)),
}
Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=NETWORKS)
def cells(request: pytest.FixtureRequest) -> relureg.Complex:
    path, domain = NETWORKS[request.param]
    return relureg.enumerate_regions(relureg.load(path), domain)


def _stream(cells: relureg.Complex) -> CellStream:
    return relureg.iter_cells(cells.network, cells.domain, batch_size=11, vertices=True)


def _lists(text: object) -> list[list[float]]:
    return [] if not isinstance(text, str) else [list(map(float, part.split())) for part in text.split(";")]


def _rows(path: Path) -> Rows:
    """By pattern, the rows of a file."""
    if path.suffix == ".json":
        rows = json.loads(path.read_text())["rows"]
    elif path.suffix == ".parquet":
        rows = pyarrow.parquet.read_table(path).to_pylist()
    elif path.suffix == ".csv":
        rows = pandas.read_csv(path, dtype={"pattern": str, "bias": str, "b": str, "rays": str}).to_dict("records")
        for row in rows:
            row |= {name: _lists(row[name]) for name in ("facets", "weights", "vertices", "rays", "A")}
            row |= {name: _lists(str(row[name]))[0] for name in ("bias", "b", "point")}
    else:
        rows = _npz_rows(path)
    return {str(row["pattern"]): row for row in rows}


def _npz_rows(path: Path) -> list[dict[str, Any]]:
    with np.load(path) as z:
        facets = [
            z["facet_units"][a:b].tolist()
            for a, b in zip(z["facet_unit_starts"], z["facet_unit_starts"][1:], strict=False)
        ]
        rows = []
        for i, (a, b) in enumerate(zip(z["facet_starts"], z["facet_starts"][1:], strict=False)):
            ray = z["is_ray"][z["generator_starts"][i] : z["generator_starts"][i + 1]]
            generators = z["generators"][z["generator_starts"][i] : z["generator_starts"][i + 1]]
            rows.append({
                "pattern": z["pattern"][i].decode(), "bounded": bool(z["bounded"][i]), "degree": int(z["degree"][i]),
                "point": z["point"][i].tolist(), "facets": facets[a:b], "weights": z["weights"][i].tolist(),
                "bias": z["bias"][i].tolist(), "A": z["A"][a:b].tolist(), "b": z["b"][a:b].tolist(),
                "vertices": generators[~ray].tolist(), "rays": generators[ray].tolist(),
            })  # fmt: skip
        return rows


@pytest.mark.parametrize("suffix", [".json", ".csv", ".npz", ".parquet"])
def test_a_stream_writes_the_rows_of_the_complex(cells: relureg.Complex, suffix: str, tmp_path: Path) -> None:
    streamed, whole = tmp_path / f"stream{suffix}", tmp_path / f"whole{suffix}"
    relureg.save_regions(_stream(cells), streamed, vertices=True, inequalities=True)
    relureg.save_regions(cells, whole, vertices=True, inequalities=True)
    found, expected = _rows(streamed), _rows(whole)
    assert set(found) == set(expected)
    for pattern, row in found.items():
        other = expected[pattern]
        assert (row["bounded"], row["degree"]) == (other["bounded"], other["degree"])
        assert sorted(map(list, row["facets"])) == sorted(map(list, other["facets"]))
        for name in ("point", "weights", "bias"):
            np.testing.assert_allclose(row[name], other[name], rtol=1e-9, atol=1e-12)
        assert (len(row["vertices"]), len(row["rays"])) == (len(other["vertices"]), len(other["rays"]))
        sides, others = (np.array(sorted([*a, b] for a, b in zip(r["A"], r["b"], strict=True))) for r in (row, other))
        np.testing.assert_allclose(sides, others, rtol=1e-9, atol=1e-12)


def test_inequalities_stand_beside_their_facets(cells: relureg.Complex, tmp_path: Path) -> None:
    relureg.save_regions(cells, tmp_path / "r.json", inequalities=True, exact=True)
    for row in json.loads((tmp_path / "r.json").read_text())["rows"]:
        polyhedron = cells.polyhedron(row["region"])
        vertices = polyhedron.vertices.floats
        assert len(row["A"]) == len(row["facets"]) == len(polyhedron.facet_units)
        assert (np.array(row["A"]) @ row["point"] < row["b"]).all()
        for normal, bound, units, behind in zip(row["A"], row["b"], row["facets"], row["neighbours"], strict=True):
            on_facet = np.abs(vertices @ normal - bound) < 1e-6 * (1 + abs(bound))
            place = [tuple(units)] if behind >= 0 else polyhedron.facet_units
            assert any(
                (polyhedron.incidence[: len(vertices), k] == on_facet).all()
                for k, of in enumerate(polyhedron.facet_units)
                if of in place
            )


def test_a_file_as_before_has_no_new_array(cells: relureg.Complex, tmp_path: Path) -> None:
    relureg.save_regions(cells, tmp_path / "r.npz")
    with zipfile.ZipFile(tmp_path / "r.npz") as archive:
        assert [name for name in archive.namelist() if re.match("A|b[.]|domain|input", name)] == []


def test_matlab_files(cells: relureg.Complex, tmp_path: Path) -> None:
    names = [f"x{k}" for k in range(cells.network.input_dim)]
    relureg.save_regions(cells, tmp_path / "f.mat", input_names=names, exact=True)
    found = scipy.io.loadmat(tmp_path / "f.mat")
    assert [str(name[0]) for name in found["input_names"][:, 0]] == names
    assert found["A"].shape == found["F"].shape == (cells.num_regions, 1)
    for region in range(cells.num_regions):
        a, b, f, g = (found[name][region, 0] for name in "AbFg")
        exact = cells.affine_map(region)
        assert np.array_equal(f, exact.matrix.floats)
        assert np.array_equal(g, exact.constant.floats)
        assert found["pattern"][region] == cells.pattern(region)
        rows = cells.polyhedron(region).inequalities
        assert sorted(np.hstack([a, b]).tolist()) == sorted(
            np.hstack([0 - rows.matrix.floats, rows.constant.floats]).tolist()
        )


@pytest.mark.parametrize("suffix", [".parquet", ".npz"])
def test_a_limit_leaves_no_file(suffix: str, tmp_path: Path) -> None:
    stream = relureg.iter_cells(relureg.random_network([3, 30, 30, 1], seed=1), max_regions=500)
    with pytest.raises(LimitReachedError, match="no file has been written"):
        relureg.save_regions(stream, tmp_path / f"r{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_check_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from relureg.engine.sums import Sums

    monkeypatch.setattr(Sums, "_is_watertight", property(lambda _: False))
    stream = relureg.iter_cells(relureg.load("fixtures/truth/int_2-6-6-1.json"))
    with pytest.raises(relureg.errors.CheckFailedError, match="watertight"):
        relureg.save_regions(stream, tmp_path / "r.json")
    assert list(tmp_path.iterdir()) == []


def test_more_than_a_matlab_file_holds_is_refused(
    cells: relureg.Complex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, n = cells.inequalities().matrix.size, cells.num_regions
    assert rows > cells.affine_maps()[0].size
    size = 8 * rows + 120 * n
    monkeypatch.setattr(mat, "_MOST_BYTES", size + 1)
    relureg.save_regions(cells, tmp_path / "fits.mat")
    monkeypatch.setattr(mat, "_MOST_BYTES", size)
    told = f"{n} regions take {size:,} bytes, and a variable .* holds less than {size:,}; choose .npz or .parquet"
    with pytest.raises(relureg.errors.OutputError, match=told):
        relureg.save_regions(cells, tmp_path / "more.mat")
    assert [path.name for path in tmp_path.iterdir()] == ["fits.mat"]


def test_what_does_not_fit_is_refused_before_the_work(tmp_path: Path) -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    with pytest.raises(UsageError, match=r"suffix of a stream .*; a \.mat file is made in memory"):
        relureg.save_regions(relureg.iter_cells(network), tmp_path / "f.mat")
    with pytest.raises(UsageError, match="no place for names"):
        relureg.save_regions(relureg.iter_cells(network), tmp_path / "f.csv", input_names=["a", "b"])
    for names in (["a"], ["a", "a"], ["a", ""]):
        with pytest.raises(UsageError, match="2 different names"):
            relureg.save_regions(relureg.iter_cells(network), tmp_path / "f.json", input_names=names)
    assert list(tmp_path.iterdir()) == []
