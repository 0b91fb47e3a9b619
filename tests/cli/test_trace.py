"""relureg trace, and files of regions with inequalities: answers, files, wrong usage, exit codes."""

import csv
import itertools
import json
from fractions import Fraction
from pathlib import Path

import numpy as np

import relureg
from tests.cli.command_line import INPUT, USAGE, Run, check_one_line

XOR = "fixtures/truth/xor.json"
INT_2 = "fixtures/truth/int_2-6-6-1.json"
LOOP = ("-A", "1,0;0,1", "-B", "1/4;0", "--start", "1/3,1")
LIMIT = 4


def test_a_loop_as_json_and_in_files(run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    done = run_relureg("trace", XOR, *LOOP, "--steps", "3", "--exact", "--json", "-o", path, "-c", "1,-1/2")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    states = [[Fraction(text) for text in row["exact_state"]] for row in document["rows"]]
    network = relureg.load(XOR)
    for before, after in itertools.pairwise(states):
        (control,) = network.exact_output(before)
        assert after == [before[0] + control / 4 + 1, before[1] - Fraction(1, 2)]
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [[Fraction(row["x0"]), Fraction(row["x1"])] for row in rows] == states
    assert [row["pattern"] for row in rows] == [row["pattern"] for row in document["rows"]]


def test_a_plant_is_read_from_files(run_relureg: Run, tmp_path: Path) -> None:
    (tmp_path / "A.csv").write_text("1,0\n0,1\n")
    (tmp_path / "B.csv").write_text("0.25\n0\n")
    here, files = tmp_path / "A.csv", ("-A", tmp_path / "A.csv", "-B", tmp_path / "B.csv", "--start", "1,1")
    one = json.loads(run_relureg("trace", XOR, *files, "--steps", "2", "--json").stdout)
    two = json.loads(
        run_relureg("trace", XOR, "-A", here, "-B", "1/4;0", "--start", "1,1", "--steps", "2", "--json").stdout
    )
    assert one["rows"] == two["rows"]


def test_wrong_plants(run_relureg: Run, tmp_path: Path) -> None:
    check_one_line(run_relureg("trace", XOR, *LOOP, "-A", "1,0"), USAGE, "-A: 2 x 2 numbers are needed")
    check_one_line(run_relureg("trace", XOR, *LOOP, "-B", "1;2;3"), USAGE, "-B: 2 x 1 numbers are needed")
    check_one_line(run_relureg("trace", XOR, *LOOP, "--start", "1"), USAGE, "--start: 1 x 2 numbers are needed")
    check_one_line(run_relureg("trace", XOR, *LOOP, "-A", "none.csv"), INPUT, "-A: none.csv: no such file")
    check_one_line(run_relureg("trace", XOR, *LOOP, "-o", tmp_path / "t.xyz"), USAGE, f"{tmp_path}/t.xyz: the suffix")


def test_a_limit_ends_a_loop_without_a_file(run_relureg: Run, tmp_path: Path) -> None:
    done = run_relureg(
        "trace", XOR, *LOOP, "--steps", "100000000", "--exact", "--timeout", "2", "-o", tmp_path / "t.csv"
    )
    assert done.returncode == LIMIT
    assert "stopped by the time limit of 2 s" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_regions_as_a_stream_and_as_a_function(run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    done = run_relureg(
        "regions",
        INT_2,
        "--stream",
        "--inequalities",
        "--exact",
        "--names",
        "a, b",
        "-o",
        path,
        "--box",
        "-2",
        "2",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["rows"], document["files"], document["checks"]["watertight"]) == ([], [str(path)], True)
    function = relureg.PiecewiseAffine.load(path)
    assert (function.num_regions, function.input_names) == (document["regions"], ("a", "b"))
    states = np.random.default_rng(1).uniform(-2, 2, size=(50, 2))
    np.testing.assert_allclose(function(states), relureg.load(INT_2)(states), atol=1e-9)


def test_wrong_streams(run_relureg: Run, tmp_path: Path) -> None:
    check_one_line(run_relureg("regions", INT_2, "--stream"), USAGE, "--stream: is about a file")
    check_one_line(run_relureg("regions", INT_2, "--names", "a,b"), USAGE, "--names: is about a file")
    file = tmp_path / "r.json"
    check_one_line(run_relureg("regions", INT_2, "-o", file, "--names", "a"), USAGE, "--names: 2 different names")
    check_one_line(run_relureg("regions", INT_2, "--stream", "-o", file, "--rows", "3"), USAGE, "--rows: needs all")
    check_one_line(run_relureg("regions", INT_2, "--stream", "-o", file, "--engine", "lp"), USAGE, "--engine lp: lists")
    check_one_line(run_relureg("regions", INT_2, "--stream", "-o", tmp_path / "r.mat"), USAGE, str(tmp_path / "r.mat"))
    done = run_relureg("regions", INT_2, "--stream", "-o", file, "--max-regions", "5")
    assert done.returncode == LIMIT
    assert list(tmp_path.iterdir()) == []
