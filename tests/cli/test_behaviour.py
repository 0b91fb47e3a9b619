"""relureg range, check, compare, lipschitz, preimage and image: answers, wrong usage, exit codes, files."""

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


def test_derivatives(run_relureg: Run) -> None:
    found = json.loads(run_relureg("range", INT_2, "--of", "gradient", "--json").stdout)["ranges"]
    ends = [(one["input"], one["minimum"]["value"]["num"], one["maximum"]["value"]["num"]) for one in found]
    assert ends == [(0, -4, 18), (1, -28, 14)]
    (along, _) = json.loads(run_relureg("range", XOR, "--of", "gradient", "--direction", "-3", "--json").stdout)[
        "ranges"
    ]
    assert (along["minimum"]["value"]["num"], along["maximum"]["value"]["num"]) == (-6, 6)


def test_a_preimage_and_its_picture(run_relureg: Run, tmp_path: Path) -> None:
    picture = tmp_path / "preimage.svg"
    done = json.loads(
        run_relureg("preimage", XOR, "--outputs", "0", "1", "--box", "0", "1", "-o", picture, "--json").stdout
    )
    assert (done["num_pieces"], done["volume"]["num"], done["volume"]["den"]) == (1, 1, 8)
    assert done["pieces"][0]["vertices"] == [["0", "0"], ["0", "1/2"], ["1/2", "0"]]
    assert picture.read_text().startswith("<?xml")
    again = run_relureg("preimage", XOR, "--outputs", "0", "1", "-o", picture)
    check_one_line(again, USAGE, str(picture))


def test_the_set_of_a_preimage_in_files(run_relureg: Run, tmp_path: Path) -> None:
    polyhedron = tmp_path / "set.json"
    polyhedron.write_text('{"C": [[1], [-1]], "c": [1, 0]}')
    found = json.loads(run_relureg("preimage", XOR, "--target", polyhedron, "--box", "0", "1", "--json").stdout)
    assert (found["volume"]["num"], found["volume"]["den"]) == (1, 8)
    asserted = property_file(tmp_path, "(>= Y_0 0)")
    found = json.loads(run_relureg("preimage", XOR, "--target", asserted, "--json").stdout)
    assert (found["volume"]["num"], found["volume"]["den"]) == (1, 8)


def test_what_a_preimage_refuses(run_relureg: Run, tmp_path: Path) -> None:
    check_one_line(run_relureg("preimage", XOR), USAGE, "name the set of outputs, by --outputs or by --target")
    check_one_line(run_relureg("preimage", XOR, "--outputs", "x0:1,2"), USAGE, "--outputs: outputs are called y0")
    check_one_line(run_relureg("preimage", XOR, "--outputs", "y0:2,1"), USAGE, "--outputs: y0: the lower bound")
    check_one_line(run_relureg("preimage", XOR, "--target", tmp_path / "none.json"), INPUT, "--target")
    three = run_relureg(
        "preimage", "fixtures/truth/rand_3-16-16-1.json", "--outputs", "y0:0,1", "-o", tmp_path / "a.svg"
    )
    check_one_line(three, USAGE, f"{tmp_path / 'a.svg'}: 3 inputs")


def test_an_image(run_relureg: Run) -> None:
    done = json.loads(run_relureg("image", XOR, "--box", "0", "1", "--json").stdout)
    assert [piece["vertices"] for piece in done["pieces"]] == [[["-3"], ["1"]]]
    assert done["pieces"][0]["inequalities"] == [["1", "-1"], ["3", "1"]]


def test_a_box_is_given_once(run_relureg: Run) -> None:
    """The first box would be dropped without a word."""
    done = run_relureg("range", XOR, "--box", "x0:0,0", "--box", "x1:0,1")
    check_one_line(done, USAGE, "--box: is given twice; the intervals of a box are one word")


def test_derivatives_of_a_combination_are_told_as_such(run_relureg: Run) -> None:
    found = json.loads(run_relureg("range", XOR, "--of", "gradient", "--direction=-1/2", "--json").stdout)["ranges"]
    assert [(one["direction"], one["input"], one["maximum"]["value"]["num"]) for one in found] == [
        (["-1/2"], 0, 1),
        (["-1/2"], 1, 1),
    ]
    assert "d(-0.5) y/dx0" in run_relureg("range", XOR, "--of", "gradient", "--direction=-1/2").stdout


def test_sets_of_outputs_are_told_as_such(run_relureg: Run) -> None:
    done = run_relureg("preimage", XOR, "--outputs", "0")
    check_one_line(done, USAGE, "--outputs: '0' is not an interval; write LO HI, or y0:LO,HI for one output")
