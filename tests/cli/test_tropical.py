"""relureg tropical and relureg construct tropical, as people run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relureg import load
from relureg.cli.main import run
from tests.cli.command_line import INPUT, USAGE, Run, check_one_line

LIMIT = 4
SAW = "fixtures/truth/saw_3.json"
INT_2 = "fixtures/truth/int_2-6-6-1.json"


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


def document(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    assert run([*words, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "tropical", SAW, "--level", "1/2", "--round-trip")
    (output,) = found["outputs"]
    assert (output["numerator"]["monomials"], output["denominator"]["monomials"]) == (6, 8)
    assert (output["sum_monomials"], output["linear_regions"], found["regions"]) == (10, 10, 10)
    assert output["numerator"]["hypersurface_vertices"] == [["0"], ["1/4"], ["1/2"], ["3/4"], ["1"]]
    level = {"value": "1/2", "positive_components": 4, "negative_components": 5, "flat_regions": 0}
    assert output["level"] == level | {"boundary_points": 8}
    assert found["round_trip"] == [{"widths": [1, 15, 11, 6, 1], "layers": 4, "depth_bound": 5}]
    assert all(found["checks"].values())
    assert list(found["checks"]) == [
        "duality", "values", "pieces", "convex", "chain", "boundary", "sides", "depth", "round_trip"
    ]  # fmt: skip
    assert found["check_details"]["values"] == "equal at 1,000 random points, exactly"


def test_an_expression(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "tropical", "--expression", "max(2x, x + 2, -4)")
    assert found["outputs"][0]["numerator"]["hypersurface_vertices"] == [["-6"], ["2"]]
    assert found["construction"] == {"widths": [1, 3, 3, 1], "layers": 3, "depth_bound": 4}
    assert found["checks"]["same_form"] is True
    assert found["integer_exponents"] is True
    assert document(capsys, "tropical", "--expression", "max(x/2, 0)")["integer_exponents"] is False


def test_one_output_of_several(capsys: pytest.CaptureFixture[str]) -> None:
    net = "fixtures/nets/marabou_fc_2_2_3.onnx"
    every = document(capsys, "tropical", net)
    assert [one["output"] for one in every["outputs"]] == [0, 1, 2]
    assert every["common_denominator"]["denominator"]["monomials"] == 2
    alone = document(capsys, "tropical", net, "--output", "2")
    assert alone["outputs"] == every["outputs"][2:]
    assert alone["common_denominator"] is None


def test_limits_leave_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "tropical", INT_2, "--max-monomials", "6", code=LIMIT)
    assert found["stopped_by"].startswith("the limit of 6 monomials in stage 2, ")
    assert [stage["stage"] for stage in found["growth"]] == ["stage 1"]
    assert (found["complete"], found["outputs"], found["regions"]) == (False, [], None)
    assert found["checks"] == {}
    found = document(capsys, "tropical", INT_2, "--timeout", "1e-9", code=LIMIT)
    assert found["stopped_by"] == "the time limit of 1e-09 s in stage 1, 1 of 6"


def test_a_limit_after_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    """A form that fits, a sum F + G that does not."""
    found = document(capsys, "tropical", INT_2, "--max-monomials", "30", code=LIMIT)
    assert found["stopped_by"] == "the limit of 30 monomials in the polytopes of output 0"
    assert len(found["growth"]) == 3


def test_a_malformed_expression_has_a_caret(run_relureg: Run) -> None:
    for words in (("tropical", "--expression"), ("construct", "tropical")):
        done = run_relureg(*words, "max(2x, x ? 2)")
        assert done.returncode == USAGE
        assert done.stderr.splitlines() == [
            "relureg: error: column 11: '?' cannot be read",
            "  max(2x, x ? 2)",
            "            ^",
        ]
        assert done.stdout == ""


EITHER = "give either an expression or --breakpoints and --slopes, not both"
BREAKPOINTS = "construct tropical --breakpoints 0"
WRONG = {
    f"tropical {SAW} --expression x": "give either NET or --expression, not both",
    f"tropical {SAW} --output 1": "there is no output 1; number 0 is the only one",
    "tropical --expression x --output 1": "--output: an expression has output 0 only",
    f"tropical {SAW} --level one": "Invalid value for '--level': 'one' is not a number",
    f"tropical {SAW} --timeout 0": "timeout is 0; a positive number of seconds is needed",
    f"tropical {SAW} --plot saw.gif": "saw.gif: the suffix is not one of .png, .svg, .pdf",
    f"tropical {SAW} --plot missing/x.png": "missing/x.png: cannot be written: its folder does not exist",
    "construct tropical": "give an expression, or --breakpoints and --slopes",
    "construct tropical x --slopes 1,2": EITHER,
    "construct tropical --slopes 1,2": "--breakpoints and --slopes are needed together",
    f"{BREAKPOINTS} --slopes 1,z": "--slopes: 'z' is not a number (write 1.5 or 1/3)",
    f"{BREAKPOINTS} --slopes 1": "1 breakpoints need 2 slopes, not 1",
    f"{BREAKPOINTS} --slopes 1,2 --through 1": "--through: '1' is not a point X,Y",
    "construct tropical x -o net.txt": "net.txt: the suffix is not one of .json, .nnet, .onnx",
    f"construct tropical x -o {SAW}": f"{SAW}: the file exists; give --force",
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_usage(words: str, run_relureg: Run) -> None:
    check_one_line(run_relureg(*words.split()), USAGE, WRONG[words])


def test_what_cannot_be_drawn(run_relureg: Run, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    done = run_relureg("tropical", "--expression", "max(x, y, z)", "--plot", picture)
    check_one_line(done, USAGE, f"{picture}: pictures show one or two variables, not 3")
    assert list(tmp_path.iterdir()) == []
    picture.write_bytes(b"mine")
    check_one_line(run_relureg("tropical", SAW, "--plot", picture), USAGE, f"{picture}: the file exists; give --force")
    assert picture.read_bytes() == b"mine"


def test_a_network_that_cannot_be_read(run_relureg: Run) -> None:
    check_one_line(run_relureg("tropical", "missing.json"), INPUT, "missing.json: no such file")


def test_a_network_is_made_and_piped(run_relureg: Run, tmp_path: Path) -> None:
    done = run_relureg("construct", "tropical", "max(2x, x+2, -4) - max(x, 0)")
    assert (done.returncode, done.stderr) == (0, "relureg: tropical: 3 layers, at most 4\n")
    counted = run_relureg("count", "--json", stdin=done.stdout.encode())
    assert json.loads(counted.stdout)["regions"] == 4
    for suffix in (".json", ".onnx", ".nnet"):
        path = tmp_path / f"net{suffix}"
        done = run_relureg("construct", "tropical", "max(2x, x+2, -4)", "-o", path, "--quiet")
        assert (done.returncode, done.stderr) == (0, "")
        assert load(path).exact_output([-5]) == (-3,)


def test_variables_can_be_named_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "construct", "tropical", "max(b, 0)", "--variables", "c, b, a")
    assert (found["variables"], found["network"]["input_dim"], found["file"]) == (["c", "b", "a"], 3, None)
