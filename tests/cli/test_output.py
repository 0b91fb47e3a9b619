"""What the commands print: one JSON document with exact values, plain tables in a pipe, and their exit codes."""

from __future__ import annotations

import json
import re
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import relureg
from tests.cli.command_line import Run

XOR = "fixtures/truth/xor.json"
INT = "fixtures/truth/int_2-6-6-1.json"
ACAS = "fixtures/nets/acasxu_tiny_5_5_5.nnet"
COMMON = {"schema_version", "command", "relureg_version", "network", "seconds"}
AFFINE = b"""{"format": "relureg-network", "version": 1, "name": "affine",
    "layers": [{"weight": [[1, 2]], "bias": [0], "activation": "linear"}]}"""


def document(run_relureg: Run, *words: str, stdin: bytes = b"", exit_code: int = 0) -> dict[str, Any]:
    """The one JSON document on stdout."""
    done = run_relureg(*words, "--json", stdin=stdin)
    assert done.returncode == exit_code
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def only(result: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {key: result[key] for key in expected}


def check_head(result: dict[str, Any], command: str, path: str) -> None:
    network = relureg.load(path)
    assert set(result) >= COMMON
    assert (result["schema_version"], result["command"]) == (1, command)
    assert result["relureg_version"] == relureg.__version__
    assert isinstance(result["seconds"], float)
    assert result["network"] == {
        "name": Path(path).stem,
        "input_dim": network.input_dim,
        "effective_dim": network.effective_dim,
        "widths": list(network.widths),
        "output_dim": network.output_dim,
        "num_units": network.num_units,
        "num_comparison_units": 0,
        "sha256": network.sha256,
        "slice": None,
    }


COUNTS: dict[str, dict[str, Any]] = {
    XOR: {
        "regions": 3, "bounded": 0, "unbounded": 3, "complete": True, "per_stage": [3], "engine": "lp",
        "domain": "whole space R^2",
    },
    INT: {
        "regions": 49, "bounded": 29, "unbounded": 20, "complete": True, "per_stage": [14, 49], "engine": "lp",
        "domain": "whole space R^2",
    },
}  # fmt: skip

GRAPHS: dict[str, dict[str, Any]] = {
    XOR: {
        "regions": 3, "facets": 2, "average_degree": {"num": 4, "den": 3, "float": 4 / 3}, "min_degree": 1,
        "max_degree": 2, "degree_histogram": {"1": 2, "2": 1}, "diameter": 2, "radius": 1, "connected": True,
        "bipartite": True,
    },
    INT: {
        "regions": 49, "facets": 84, "average_degree": {"num": 24, "den": 7, "float": 24 / 7}, "min_degree": 2,
        "max_degree": 6, "degree_histogram": {"2": 7, "3": 22, "4": 13, "5": 6, "6": 1}, "diameter": 10, "radius": 6,
        "connected": True, "bipartite": False,
    },
}  # fmt: skip

BOUNDS = {
    XOR: {"Serra et al. 2018, Theorem 1": 4, "trivial": 4},
    INT: {"Serra et al. 2018, Theorem 1": 484, "trivial": 4096},
}


@pytest.mark.parametrize("path", [XOR, INT])
def test_count_as_json(path: str, run_relureg: Run) -> None:
    result = document(run_relureg, "count", path, "--engine", "lp")
    check_head(result, "count", path)
    assert only(result, COUNTS[path]) == COUNTS[path]
    assert set(result) >= {"checks", "predicates", "bounds"}
    assert result["checks"]["witnesses"] is result["checks"]["watertight"] is True
    assert result["checks"]["closed_form"] is (True if path == XOR else None)
    check_bounds(result, path)


@pytest.mark.parametrize("path", [XOR, INT])
def test_graph_as_json(path: str, run_relureg: Run) -> None:
    result = document(run_relureg, "graph", path, "--engine", "lp")
    check_head(result, "graph", path)
    assert only(result, GRAPHS[path]) == GRAPHS[path]
    assert set(result) >= {"diameter_pair", "f_vector", "f_vector_bounded", "checks", "bounds"}
    assert len(result["diameter_pair"]) == 2
    assert result["checks"]["connected"] is True
    check_bounds(result, path)


def test_graph_shows_what_is_asked(run_relureg: Run) -> None:
    diameter = document(run_relureg, "graph", INT, "--diameter")
    assert (diameter["diameter"], diameter["radius"], diameter["average_degree"]) == (10, 6, None)
    degree = document(run_relureg, "graph", INT, "--degree")
    assert (degree["diameter"], degree["average_degree"]["num"]) == (None, 24)


def test_graph_tells_faces(run_relureg: Run) -> None:
    every = document(run_relureg, "graph", INT)
    assert (every["f_vector"], every["f_vector_bounded"], every["f_vector_reason"]) == (
        [36, 84, 49],
        [36, 64, 29],
        None,
    )
    assert every["checks"]["euler"] is every["checks"]["faces"] is True
    inside = document(run_relureg, "graph", INT, "--faces", "--box", "-3", "3")
    assert (inside["f_vector"], inside["diameter"], inside["average_degree"]) == ([53, 96, 44], None, None)
    for option in ("--diameter", "--degree", "--no-faces"):
        part = document(run_relureg, "graph", INT, option)
        assert (part["f_vector"], part["f_vector_bounded"]) == (None, None)
        assert part["f_vector_reason"] == "not counted: about 441 faces (--faces)"
    table = run_relureg("graph", INT).stdout
    assert "faces of each dimension    36  84  49\n    bounded                  36  64  29\n" in table
    assert "faces of each dimension    not counted" in run_relureg("graph", INT, "--no-faces").stdout


def test_graph_reads_a_saved_complex(run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / "cells.npz"
    relureg.enumerate_regions(relureg.load(INT), relureg.Domain.box([-3, -3], [3, 3])).save(path)
    saved = document(run_relureg, "graph", str(path), "--jobs", "1")
    assert (saved["regions"], saved["f_vector"], saved["domain"]) == (44, [53, 96, 44], "box [-3, 3]^2")
    assert saved["network"] == document(run_relureg, "graph", INT)["network"]
    for option in (["--box", "0", "1"], ["--engine", "lp"], ["--max-regions", "3"], ["--timeout", "3"]):
        refused = document(run_relureg, "graph", str(path), *option, exit_code=2)
        assert refused["error"]["where"] == option[0]
    path.write_bytes(path.read_bytes()[:500])
    damaged = document(run_relureg, "graph", str(path), exit_code=3)
    assert damaged["error"]["kind"] == "complex-file"


def test_graph_tells_what_is_known_of_its_shape(run_relureg: Run) -> None:
    shape = document(run_relureg, "graph", INT)
    assert shape["odd_cycle"] == [15, 10, 0, 1, 16]
    assert shape["hamming"] == {"pairs_one_apart": 75, "num_sources": 49, "most_above": 0, "most_below": 2}
    assert document(run_relureg, "graph", INT, "--degree")["hamming"] is None
    table = run_relureg("graph", INT).stdout
    assert "no   (a cycle of 5: 15 - 10 - 0 - 1 - 16)" in table
    assert "at most 0 more, 2 less (all pairs); 75 pairs one unit apart" in table


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "json", "csv", "npz", "parquet"])
@pytest.mark.parametrize("command", ["graph", "regions"])
def test_files_are_written_and_not_replaced(command: str, suffix: str, run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / f"out.{suffix}"
    words = [command, INT, "-o", str(path)]
    if command == "regions" and suffix in ("graphml", "gexf"):
        refused = document(run_relureg, *words, exit_code=2)
        suffixes = ".csv, .json, .npz, .parquet, .mat"
        assert refused["error"]["message"] == f"the suffix of a list of regions is one of {suffixes}"
        return
    written = document(run_relureg, *words)["files"]
    assert written[0] == str(path)
    assert sorted(map(Path, written)) == sorted(tmp_path.iterdir())
    before = path.read_bytes()
    refused = document(run_relureg, *words, exit_code=2)
    assert refused["error"]["message"] == "the file exists; give --force (force=True) to replace it"
    assert document(run_relureg, *words, "--force")["files"] == written
    assert path.read_bytes() == before
    assert "written to" in run_relureg(*words, "--force").stdout


def test_a_file_is_refused_before_the_work(run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / "graph.csv"
    path.touch()
    for command in ("graph", "regions"):
        done = run_relureg(command, "fixtures/truth/xor.json", "-o", path, "--engine", "no such engine")
        assert (done.returncode, "the file exists" in done.stderr) == (2, True)


def test_regions(run_relureg: Run) -> None:
    rows = document(run_relureg, "regions", INT)["rows"]
    cells = relureg.enumerate_regions(relureg.load(INT))
    assert [row["pattern"] for row in rows] == [cells.pattern(region) for region in range(49)]
    assert [row["degree"] for row in rows] == cells.graph.degrees.tolist()
    assert [row["region"] for row in document(run_relureg, "regions", INT, "--rows", "3")["rows"]] == [0, 1, 2]
    table = run_relureg("regions", INT)
    assert "not shown   29   (-o FILE writes all)" in table.stdout
    assert sum("|" in line for line in table.stdout.splitlines()) == 20
    vertices = run_relureg("regions", XOR, "--vertices").stdout
    assert "vertices (-1, 0) (0, 0)" in vertices
    assert "rays (1, 0)" in vertices
    stopped = document(run_relureg, "regions", INT, "--max-regions", "5", exit_code=4)
    assert stopped["error"]["kind"] == "limit"


def test_regions_and_graph_of_a_saved_complex(run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / "cells.npz"
    relureg.enumerate_regions(relureg.load(INT)).save(path)
    assert document(run_relureg, "regions", path)["rows"] == document(run_relureg, "regions", INT)["rows"]


def test_linear_regions(run_relureg: Run) -> None:
    saw = document(run_relureg, "count", "fixtures/truth/saw_3.json", "--linear")
    expected = {
        "activation_patterns": 12, "regions": 10, "convex_regions": {"low": 10, "high": 10},
        "linear_regions_open": 10, "linear_regions_closed": 10, "affine_pieces": 9, "definitions": None,
    }  # fmt: skip
    assert only(saw, expected) == expected
    meanings = document(run_relureg, "count", XOR, "--definitions")["definitions"]
    assert set(meanings) == set(expected) - {"definitions"}
    plain = document(run_relureg, "count", XOR)
    assert {plain[key] for key in expected if key != "regions"} == {None}
    stopped = document(run_relureg, "count", INT, "--linear", "--max-regions", "5", exit_code=4)
    assert (stopped["regions"], stopped["affine_pieces"]) == (5, None)
    table = run_relureg("count", "fixtures/truth/saw_3.json", "--definitions").stdout
    assert "R6   affine pieces                           9   maximal sets, connected or not" in table
    several = run_relureg("count", "fixtures/nets/marabou_fc_2_2_3.onnx", "--linear").stdout
    assert re.search(r"R5 +closed connected linear regions +-\n", several)


@pytest.mark.parametrize("path", [XOR, INT])
def test_bounds_as_json(path: str, run_relureg: Run) -> None:
    result = document(run_relureg, "bounds", path)
    check_head(result, "bounds", path)
    check_bounds(result, path)


def check_bounds(result: dict[str, Any], path: str) -> None:
    for bound in result["bounds"]:
        assert set(bound) >= {"name", "kind", "value", "applies", "reason", "source"}
        assert bound["kind"] in ("upper", "exact", "lower", "line")
        assert (bound["value"] is None) is not bound["applies"]
    values = {bound["name"]: bound["value"] for bound in result["bounds"]}
    assert only(values, BOUNDS[path]) == BOUNDS[path]


def test_a_bound_of_thousands_of_digits_is_exact(run_relureg: Run) -> None:
    widths = [2000] + [2000] * 10
    done = run_relureg("bounds", "--widths", ",".join(map(str, widths)), "--json")
    sys.set_int_max_str_digits(7000)  # this test reads what Python would not read unasked
    try:
        result = json.loads(done.stdout)
    finally:
        sys.set_int_max_str_digits(4300)
    assert result["network"] is None
    assert next(bound["value"] for bound in result["bounds"] if bound["name"] == "trivial") == 2**20000


def test_inspect_as_json(run_relureg: Run) -> None:
    result = document(run_relureg, "inspect", INT)
    check_head(result, "inspect", INT)
    assert [stage["units"] for stage in result["stages"]] == [6, 6]
    assert [stage["zero_weights"] for stage in result["stages"]] == [4, 6]
    assert [stage["constant_units"] for stage in result["stages"]] == [1, 0]
    assert (result["output_dim"], result["sequential"], result["notices"]) == (1, True, [])
    assert document(run_relureg, "inspect", XOR)["network"]["effective_dim"] == 1
    acas = document(run_relureg, "inspect", ACAS)
    assert acas["notices"][2] == "the normalisation of inputs and output is folded into the first and last layer"
    assert acas["input_box"][0] == ["0", str(-Fraction(3.141593)), str(-Fraction(3.141593)), "100", "0"]
    raw = document(run_relureg, "inspect", ACAS, "--raw")
    assert (raw["input_box"], raw["notices"][2]) == (
        None,
        "the normalisation of inputs and output is left out, as asked",
    )


def test_a_box_limits_the_count(run_relureg: Run) -> None:
    # x + y + 1 and x + y change sign between (-1, -1) and (1, 1), but not above (0, 0).
    both = document(run_relureg, "count", XOR, "--box", "-1", "1")
    assert (both["regions"], both["bounded"], both["domain"]) == (3, 3, "box [-1, 1]^2")
    assert document(run_relureg, "count", XOR, "--box", "0", "1")["regions"] == 1
    assert document(run_relureg, "count", XOR, "--box", "-1/4 ", "1/3")["regions"] == 2
    part = document(run_relureg, "count", XOR, "--box", "x1:-0.25,inf;x0:-0.25,inf")
    assert (part["regions"], part["bounded"], part["domain"]) == (2, 1, "box [-0.25, inf]^2")
    assert document(run_relureg, "count", ACAS, "--box", "file")["bounded"] == 32


def test_a_network_from_standard_input(fixtures: Path, run_relureg: Run) -> None:
    data = (fixtures / "truth" / "xor.json").read_bytes()
    for words in (["count", "-"], ["count"]):
        result = document(run_relureg, *words, stdin=data)
        assert (result["regions"], result["network"]["name"]) == (3, "xor")
    nnet = document(run_relureg, "inspect", stdin=(fixtures / "nets" / "nv_spiky_1d.nnet").read_bytes())
    assert nnet["network"] == document(run_relureg, "inspect", "fixtures/nets/nv_spiky_1d.nnet")["network"] | {
        "name": "stdin"
    }


def test_a_network_without_hidden_layer_has_one_region(run_relureg: Run) -> None:
    result = document(run_relureg, "count", stdin=AFFINE)
    assert only(result, {"regions": 1, "bounded": 0, "per_stage": []}) == {"regions": 1, "bounded": 0, "per_stage": []}
    graph = document(run_relureg, "graph", stdin=AFFINE)
    assert (graph["diameter"], graph["facets"], graph["average_degree"]["num"]) == (0, 0, 0)
    assert run_relureg("count", stdin=AFFINE).returncode == 0


def test_a_limit_gives_a_lower_bound_and_exit_code_4(run_relureg: Run) -> None:
    result = document(run_relureg, "count", INT, "--max-regions", "5", exit_code=4)
    assert (result["complete"], result["regions"]) == (False, 5)
    done = run_relureg("count", INT, "--max-regions", "5", "--quiet")
    assert done.stderr == "relureg: error: stopped by the limit of 5 regions: 5 regions are a proven lower bound\n"
    assert "at least 5" in done.stdout
    assert document(run_relureg, "count", INT, "--max-regions", "49")["complete"] is True
    # A graph of a part of the regions would be wrong, so there is none.
    assert document(run_relureg, "graph", INT, "--max-regions", "5", exit_code=4)["error"]["kind"] == "limit"
