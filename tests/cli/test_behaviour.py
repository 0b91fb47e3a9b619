"""relureg range, check, compare and lipschitz: answers, wrong usage, exit codes, files."""

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.cli.command_line import INPUT, USAGE, Run, check_one_line

XOR = "fixtures/truth/xor.json"
INT_2 = "fixtures/truth/int_2-6-6-1.json"


def test_a_range_as_json(run_relureg: Run) -> None:
    (found,) = json.loads(run_relureg("range", XOR, "--box", "0", "1", "--json").stdout)["ranges"]
    assert found["minimum"]["value"] == {"num": -3, "den": 1, "float": -3.0}
    assert (found["maximum"]["value"]["num"], found["maximum"]["point"]) == (1, ["0", "0"])


def test_a_point_on_a_slice_is_told_in_all_inputs(run_relureg: Run) -> None:
    done = run_relureg("range", XOR, "--through", "0,0;1,1/2", "--box", "0", "1", "--json")
    (found,) = json.loads(done.stdout)["ranges"]
    assert len(found["maximum"]["point"]) == 2


def test_wrong_directions_and_boxes(run_relureg: Run) -> None:
    check_one_line(run_relureg("range", XOR, "--direction", "1,2"), USAGE, "--direction: 2 coefficients")
    check_one_line(run_relureg("range", XOR, "--direction", "a"), USAGE, "--direction: 'a' is no list")
    check_one_line(run_relureg("range", XOR, "--box", "1", "0"), USAGE, "--box: x0")


def property_file(folder: Path, asserted: str) -> Path:
    path = folder / "property.vnnlib"
    box = "".join(f"(assert (>= X_{k} 0))(assert (<= X_{k} 1))" for k in (0, 1))
    path.write_text(f"{box}(assert {asserted})")
    return path


def test_a_property_that_holds_and_one_that_does_not(run_relureg: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    done = run_relureg("check", XOR, property_file(tmp_path, "(> Y_0 1)"), "--json", "--junit", report)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["holds"] is True
    assert ElementTree.parse(report).getroot()[0].attrib["failures"] == "0"
    violated = run_relureg("check", XOR, property_file(tmp_path, "(>= Y_0 1)"), "--json", "--junit", report, "--force")
    assert violated.returncode == 1
    assert violated.stderr == "relureg: error: xor violates property.vnnlib\n"
    found = json.loads(violated.stdout)["counterexample"]
    assert found == {"point": ["0", "0"], "output": ["1"], "case": 0}
    assert ElementTree.parse(report).getroot()[0].attrib["failures"] == "1"


def test_a_report_is_not_replaced_and_a_bad_property_leaves_none(run_relureg: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    bad = run_relureg("check", XOR, property_file(tmp_path, "(> Y_7 1)"), "--junit", report)
    check_one_line(bad, INPUT, str(tmp_path / "property.vnnlib"))
    assert not report.exists()
    report.write_text("mine")
    done = run_relureg("check", XOR, property_file(tmp_path, "(> Y_0 1)"), "--junit", report)
    assert done.returncode == USAGE
    assert report.read_text() == "mine"


def test_networks_compared(run_relureg: Run) -> None:
    assert run_relureg("compare", XOR, XOR, "--quiet").returncode == 0
    done = run_relureg("compare", XOR, INT_2, "--box", "-1", "1", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["equal"] is False
    check_one_line(run_relureg("compare", XOR, "fixtures/truth/rand_4-40-1.json"), USAGE, "a network from 2 inputs")


def test_lipschitz_constants(run_relureg: Run) -> None:
    done = json.loads(run_relureg("lipschitz", XOR, "--norms", "inf,1", "--json").stdout)
    assert done["constants"][0]["low"] == done["constants"][0]["high"] == {"num": 4, "den": 1, "float": 4.0}
    check_one_line(run_relureg("lipschitz", XOR, "--norms", "3,1"), USAGE, "--norms: '3,1' are no norms")
