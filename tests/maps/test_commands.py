"""The commands relureg maps ..., their files and their errors."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import relureg
from relureg import maps
from relureg.cli.main import run
from tests.schemas import closed_schema

ROOT = Path(__file__).parents[2]
XOR = str(ROOT / "fixtures" / "truth" / "xor.json")
INT = str(ROOT / "fixtures" / "truth" / "int_2-6-6-1.json")
DATA = str(ROOT / "fixtures" / "maps" / "xor.csv")


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert run(["maps", *words, "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    closed_schema().validate(document)
    return document


def test_at(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = (XOR, "--data", DATA, "--labels", "label", "--test", DATA, "--test-labels", "label")
    found = answer(capsys, "at", *words, "--polyhedron", "3", "--exact")
    assert found["train"] == found["test"]
    assert (found["train"]["activation_regions"], found["train"]["affine_maps"], found["train"]["points"]) == (3, 3, 5)
    assert (found["train"]["accuracy"], found["train"]["on_boundary"]) == (1.0, 2)
    assert found["test_points_in_train_regions"] == 5
    assert found["local_regions"][0]["matrix"] == [[1, 1], [-1, -1]]
    assert [row["facet_unit"] for row in found["rows"]] == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_files_of_points_hold_all_maps(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"points.{suffix}"
    random = np.random.default_rng(0).normal(size=(50, 2))
    np.save(tmp_path / "X.npy", random)
    found = answer(capsys, "at", INT, "--data", str(tmp_path / "X.npy"), "-o", str(path), "--chunk", "7")
    assert found["files"] == [str(path)]
    if suffix == "npz":
        with np.load(path) as archive:
            table = dict(archive)
        weights, bias = table["weights"], table["bias"]
    else:
        table = pandas.read_parquet(path)
        weights = np.array([np.stack(w) for w in table["weights"]])
        bias = np.stack(table["bias"])
    network = relureg.load(INT)
    np.testing.assert_allclose(np.einsum("nmd,nd->nm", weights, random) + bias, network(random), atol=1e-12)
    assert len(np.unique(table["region"])) == found["train"]["activation_regions"]
    assert run(["maps", "at", INT, "--data", str(tmp_path / "X.npy"), "-o", str(path)]) == 2  # exists


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_files_of_points_hold_inequalities(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"points.{suffix}"
    rows = ("--polyhedron", "4", "--polyhedron", "1", "--exact", "--chunk", "2")
    found = answer(capsys, "at", XOR, "--data", DATA, "--labels", "label", *rows, "-o", str(path))["local_regions"]
    assert [(region["point"], region["facets"], region["units"]) for region in found] == [(4, 1, [1]), (1, 1, [0])]
    for region in found:
        if suffix == "npz":
            with np.load(path) as archive:
                table = dict(archive)
            units, weights, bias = (table[f"facet_{name}_{region['point']}"] for name in ("units", "weights", "bias"))
        else:
            table = pandas.read_parquet(path)
            assert [len(units) for units in table["facet_units"]] == [0, 1, 0, 0, 1]
            row = table.iloc[region["point"]]
            units, weights, bias = row["facet_units"], np.stack(row["facet_weights"]), row["facet_bias"]
        assert (units.tolist(), weights.tolist(), bias.tolist()) == (
            region["units"], region["matrix"], region["constant"],
        )  # fmt: skip


def test_extract_cluster_and_relate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ("--data", DATA, "--labels", "label", "--test", DATA, "--test-labels", "label")
    found = answer(capsys, "extract", XOR, *words, "--stages", "--everywhere", "-o", str(tmp_path / "f.npz"))
    assert found["checks"] == {"theorem_3_3": True, "everywhere": True}
    assert (found["numerators"], found["test"]["extracted_accuracy"]) == (3, 1.0)
    assert [stage["agreement"] for stage in found["stages"]] == [1.0, 1.0]
    assert maps.ExtractedFunction.load(tmp_path / "f.npz").predict([[0.25, -0.25]]).tolist() == [1]
    clusters = answer(capsys, "cluster", XOR, *words, "--k", "1,3")["clusters"]
    assert clusters[1]["accuracy"] == 1.0  # there are three maps
    relations = answer(capsys, "relate", XOR, XOR, *words)["relations"]
    assert [row["accuracy"] for row in relations] == [1.0, 1.0]
    assert max(row["residual"] for row in relations) < 1e-12


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


@pytest.mark.parametrize(
    ("text", "labels", "code", "message"),
    [
        ("1,2,3,4\n4,5,6,7\n", None, 3, "4 columns, but xor has 2 inputs"),
        ("x,y,c\n1,2,0\n", None, 3, "one more than xor has inputs; if one holds the labels, say which: x, y, c"),
        ("x,y\n1,2\n3,nan\n", None, 3, "line 3, column 'y': 'nan' is not a finite number"),
        ("x,y\n1,2\n3,inf\n", None, 3, "line 3, column 'y': 'inf' is not a finite number"),
        ("x,y\n1,2\n3,four\n", None, 3, "line 3, column 'y': 'four' is not a finite number"),
        ("x,y\n1,2\n3\n", None, 3, "line 3 has 1 numbers, but the lines before have 2"),
        ("x,y\n", None, 3, "there are no points"),
        ("", None, 3, "the file is empty"),
        ("x,y,c\n1,2,0\n1,2,2\n", "c", 3, "row 1 is 2; labels are integers from 0 to 1"),
        ("x,y,c\n1,2,0.5\n", "c", 3, "row 0 is 0.5"),
        ("x,y,c\n1,2,yes\n", "c", 3, "line 2, column 'c': 'yes' is not a finite number"),
        ("x,y,c\n1,2,0\n", "z", 3, "neither a file nor the name of an array or column; points.csv has x, y, c"),
    ],
)
def test_bad_data_is_told_in_one_line(
    text: str, labels: str | None, code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "points.csv", text)
    target = tmp_path / "out.npz"
    words = [] if labels is None else ["--labels", labels]
    assert run(["maps", "at", XOR, "--data", path, *words, "-o", str(target)]) == code
    error = capsys.readouterr().err
    assert error.startswith("relureg: error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not target.exists()


def test_other_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "two.npz", a=np.zeros((2, 2)), b=np.zeros(2))
    np.save(tmp_path / "text.npy", np.array([["a", "b"]]))
    np.save(tmp_path / "short.npy", np.zeros(3))
    np.save(points := tmp_path / "points.npy", np.zeros((2, 2)))
    (tmp_path / "x.xls").write_bytes(b"no table")
    for words, code, message in (
        (["at", XOR, "--data", str(tmp_path / "none.npy")], 3, "no such file"),
        (["at", XOR, "--data", str(tmp_path / "x.xls")], 3, "the suffix is none of .npy, .npz"),
        (["at", XOR, "--data", str(tmp_path / "two.npz")], 3, "holds the arrays a, b"),
        (["at", XOR, "--data", str(tmp_path / "text.npy")], 3, "numbers are needed"),
        (["at", XOR, "--data", DATA, "--labels", str(tmp_path / "short.npy")], 3, "3 columns"),
        (
            ["at", XOR, "--data", str(points), "--labels", str(tmp_path / "short.npy")],
            3,
            "2 points need as many labels",
        ),
        (["at", XOR, "--data", str(points), "--labels", str(tmp_path / "none.npy")], 3, "neither a file nor the name"),
        (["at", XOR, "--data", str(points), "--test", str(tmp_path / "none.npy")], 3, "none.npy: no such file"),
        (["at", XOR, "--data", str(points), "--test-labels", "y"], 2, "--test-labels needs --test"),
        (["at", XOR, "--data", DATA, "--labels", "label", "--polyhedron", "9"], 2, "there is no row 9"),
        (["at", XOR, "--data", DATA, "--labels", "label", "-o", str(tmp_path / "x.csv")], 2, "the suffix of a table"),
        (["extract", XOR, "--data", DATA, "--labels", "label", "--stages"], 2, "give --test"),
        (["cluster", XOR, "--data", DATA, "--labels", "label", "--k", "9"], 2, "k = 9 is not between"),
        (["cluster", XOR, "--data", DATA, "--labels", "label", "--k", "a"], 2, "not a list of integers"),
        (["relate", XOR, "--data", DATA, "--labels", "label"], 2, "two networks"),
    ):
        assert run(["maps", *words]) == code, words
        assert message in capsys.readouterr().err, words


def test_labels_from_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pandas.read_csv(DATA)
    np.savez(tmp_path / "d.npz", X=table[["x", "y"]].to_numpy(), y=table["label"].to_numpy())
    table[["x", "y"]].to_parquet(tmp_path / "d.parquet")
    np.save(tmp_path / "y.npy", table["label"].to_numpy())
    for words in (("d.npz", "y"), ("d.parquet", str(tmp_path / "y.npy")), ("d.npz", str(tmp_path / "y.npy"))):
        found = answer(capsys, "at", XOR, "--data", str(tmp_path / words[0]), "--labels", words[1])
        assert found["train"]["accuracy"] == 1.0


def test_every_example_of_the_help_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["maps", "--help"]) == 0
    texts = [capsys.readouterr().out]
    for name in ("at", "extract", "cluster", "relate"):
        assert run(["maps", name, "--help"]) == 0
        texts.append(capsys.readouterr().out)
        assert f"relureg maps {name} fixtures" in texts[-1]
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"^    relureg (.*)$", "".join(texts).replace("\\\n", ""), re.MULTILINE)
    assert len(examples) >= 9
    for number, example in enumerate(examples):
        assert run([*shlex.split(example), "--force"] if "--plot" in example else shlex.split(example)) == 0, number
    assert {path.name for path in tmp_path.iterdir()} >= {"points.npz", "digits.svg", "extracted.svg", "few.svg"}


def test_maps_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["maps"]) == 2
    assert "relureg maps at fixtures" in capsys.readouterr().err
    assert run(["maps", "att"]) == 2
    assert "there is no command 'att' (did you mean 'at'?)" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["npz", "parquet", "json"])
def test_files_of_clusters_hold_centres_and_labels(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, points = tmp_path / f"few.{suffix}", pandas.read_csv(DATA)[["x", "y"]].to_numpy()
    words = ("cluster", XOR, "--data", DATA, "--labels", "label", "--k", "3,2", "-o", str(path))
    assert answer(capsys, *words)["files"] == [str(path)]
    found = maps.cluster_maps(relureg.load(XOR), points, points, [0, 0, 1, 0, 1], k=[2, 3])
    # What belongs to a centre of k-means has it as its mean.
    rows = np.concatenate(
        [maps.local_maps(relureg.load(XOR), points).weights[:, 0], [[1], [-1], [1], [1], [1]]], axis=1
    )
    for one in found:
        for centre in range(one.k):
            np.testing.assert_allclose(
                one.centres[0, centre], rows[one.labels[:, 0] == centre].mean(axis=0), atol=1e-12
            )
    if suffix == "npz":
        with np.load(path) as archive:
            table = dict(archive)
        assert table["k"].tolist() == [2, 3]
        assert table["accuracy"].tolist() == [one.accuracy for one in found]
        for one in found:
            assert np.array_equal(table[f"centres_{one.k}"], one.centres)
            assert np.array_equal(table[f"labels_{one.k}"], one.labels)
            assert np.array_equal(table[f"classes_{one.k}"], one.classes)
    elif suffix == "parquet":
        frame = pandas.read_parquet(path)
        assert frame["k"].tolist() == [2, 2, 3, 3, 3]
        for row in frame.itertuples():
            one = found[row.k - 2]
            assert [*row.weights, row.bias] == one.centres[row.output, row.centre].tolist()
            assert row.members.tolist() == np.flatnonzero(one.labels[:, row.output] == row.centre).tolist()
            assert (row.points, row.accuracy, row.agreement) == (len(row.members), one.accuracy, one.agreement)
    else:
        for entry, one in zip(json.loads(path.read_text())["clusters"], found, strict=True):
            assert (entry["k"], entry["accuracy"], entry["classes"]) == (one.k, one.accuracy, one.classes.tolist())
            assert (entry["centres"], entry["labels"]) == (one.centres.tolist(), one.labels.tolist())
    assert run(["maps", *words]) == 2
    assert "the file exists; give --force" in capsys.readouterr().err
    assert run(["maps", *words, "--force"]) == 0


@pytest.mark.parametrize("suffix", ["npz", "parquet", "json"])
def test_files_of_relations_hold_the_matrices(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, points = tmp_path / f"related.{suffix}", pandas.read_csv(DATA)[["x", "y"]].to_numpy()
    words = ("relate", XOR, INT, "--data", DATA, "--labels", "label", "-o", str(path))
    assert answer(capsys, *words)["files"] == [str(path)]
    first, second = relureg.load(XOR), relureg.load(INT)
    labels = [0, 0, 1, 0, 1]
    found = [maps.relate_maps(a, b, points, points, labels) for a, b in ((first, second), (second, first))]
    if suffix == "npz":
        with np.load(path) as archive:
            table = dict(archive)
        assert (table["names"].tolist(), table["from"].tolist(), table["to"].tolist()) == (
            ["xor", "int_2-6-6-1"], [0, 1], [1, 0],
        )  # fmt: skip
        matrices, residual, classes = table["matrices"], table["residual"], table["classes"].tolist()
    elif suffix == "parquet":
        frame = pandas.read_parquet(path)
        assert (frame["from"].tolist(), frame["to"].tolist()) == (["xor", "int_2-6-6-1"], ["int_2-6-6-1", "xor"])
        matrices = np.array([[np.stack(matrix)] for matrix in frame["matrix"]])
        residual, classes = frame["residual"].to_numpy()[:, None], [one.classes.tolist() for one in found]
    else:
        entries = json.loads(path.read_text())["relations"]
        matrices, residual = (np.array([entry[key] for entry in entries]) for key in ("matrices", "residual"))
        classes = [entry["classes"] for entry in entries]
    np.testing.assert_allclose(matrices, [one.matrices for one in found], rtol=1e-12)
    np.testing.assert_allclose(residual, [one.residual for one in found], rtol=1e-9)
    assert classes == [one.classes.tolist() for one in found]
    assert run(["maps", "relate", XOR, INT, "--data", DATA, "--labels", "label", "-o", str(tmp_path / "x.csv")]) == 2
    assert "the suffix of a file of maps between networks is .npz, .parquet or .json" in capsys.readouterr().err


def test_progress_goes_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relureg.cli.progress.PLAIN_INTERVAL", 0.0)
    assert run(["maps", "at", XOR, "--data", DATA, "--labels", "label", "--chunk", "2"]) == 0
    told = capsys.readouterr()
    assert "relureg: regions: 2 of 5\n" in told.err
    assert "relureg: distinct maps: 3 of 3\n" in told.err
    assert " of 5" not in told.out
    assert run(["maps", "at", XOR, "--data", DATA, "--labels", "label", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
