"""The commands about theory as people run them: bounds, construct, random, verify."""

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relureg
from relureg.cli.main import run
from relureg.families.constructions import folded_cut, perturbed
from relureg.families.random import random_network

Finished = subprocess.CompletedProcess[str]
ROOT = Path(__file__).parents[2]
COUNTEREXAMPLE = ROOT / "fixtures" / "counterexamples" / "counterexample-3-9-4-1.json"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is written into the project's folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command line with --json: exit code and document."""

    def ask(*arguments: object) -> tuple[int, Any]:
        code = run([*map(str, arguments), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return ask


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command line: exit code, standard output, standard error."""

    def ask(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        return (code, *capsys.readouterr())

    return ask


# -- bounds --------------------------------------------------------------------------------------------


def test_bounds_of_widths(answer: Callable[..., Any]) -> None:
    code, document = answer("bounds", "--widths", "784,1,21")
    values = {bound["name"]: bound["value"] for bound in document["bounds"]}
    assert code == 0
    assert values["Serra et al. 2018, Theorem 1"] == values["Hinz-van de Geer 2019, binomial"] == 23
    assert (values["Montúfar 2017"], values["trivial"]) == (44, 4_194_304)
    assert values["Serra et al. 2018, by ranks"] is None


def test_bounds_of_maxout_and_convolutions(answer: Callable[..., Any]) -> None:
    assert [b["value"] for b in answer("bounds", "--widths", "2,3", "--maxout", "3")[1]["bounds"]] == [46]
    assert [b["value"] for b in answer("bounds", "--conv", "4,2,2")[1]["bounds"]] == [55]
    assert [b["kind"] for b in answer("bounds", "--conv", "2x3,2x2,1")[1]["bounds"]] == ["exact"]


def test_bounds_of_bias_free_widths(answer: Callable[..., Any]) -> None:
    _, document = answer("bounds", "--widths", "3,5,5", "--bias-free")
    assert document["bounds"][0]["value"] == 512
    assert document["bounds"][0]["name"] == "bias-free, by a slice"


def test_bounds_in_a_box(answer: Callable[..., Any]) -> None:
    path = ROOT / "fixtures" / "truth" / "rand_2-16-16-1.json"
    _, document = answer("bounds", path, "--box", "-0.1", "0.1")
    assert document["domain"] == "box [-0.1, 0.1]^2"
    assert document["bounds"][0]["name"] == "Serra-Ramalingam 2020, stable units"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--widths", "2,3", "--conv", "4,2,2"],
        ["--bias-free"],
        ["--maxout", "2"],
        ["--widths", "2,3", "--maxout", "1"],
        ["--widths", "2,3", "--maxout", "2", "--bias-free"],
        ["--widths", "2,3", "--box", "0", "1"],
        ["--conv", "4,2"],
        ["--conv", "4,5,1"],
        ["--conv", "a,b,c"],
    ],
)
def test_bounds_that_make_no_sense(said: Callable[..., Any], arguments: list[str]) -> None:
    code, out, err = said("bounds", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("relureg: error: ")


# -- construct and random ------------------------------------------------------------------------------


def test_a_construction_can_be_piped_into_a_count(run_relureg: Callable[..., Finished]) -> None:
    made = run_relureg("construct", "zigzag", "pieces=4,3,5")
    assert made.stderr.startswith("relureg: zigzag_4-3-5: 120 activation regions (Serra")
    counted = run_relureg("count", "--json", stdin=made.stdout.encode())
    assert json.loads(counted.stdout)["regions"] == 120


def test_a_construction_in_a_file(answer: Callable[..., Any], tmp_path: Path) -> None:
    code, document = answer("construct", "shi", "n=4", "-o", tmp_path / "shi.onnx")
    assert (code, document["regions"], document["parameters"]) == (0, 125, {"n": "4"})
    assert relureg.load(tmp_path / "shi.onnx").sha256 == document["network"]["sha256"]
    code, document = answer("construct", "shi", "n=4", "-o", tmp_path / "shi.onnx")
    assert (code, document["error"]["kind"]) == (2, "output")
    assert answer("construct", "shi", "n=4", "-o", tmp_path / "shi.onnx", "--force")[0] == 0


def test_the_catalogue_lists_every_construction(answer: Callable[..., Any], said: Callable[..., Any]) -> None:
    from relureg.families.catalogue import CONSTRUCTIONS

    _, document = answer("construct")
    assert [entry["name"] for entry in document["constructions"]] == list(CONSTRUCTIONS)
    _, out, _ = said("construct")
    assert all(name in out for name in CONSTRUCTIONS)


def test_where_only_a_lower_bound_is_known(said: Callable[..., Any]) -> None:
    _, _, err = said("construct", "montufar-folding", "pieces=2,2", "d=3", "last=3")
    assert "at least 512 activation regions" in err
    _, _, err = said("construct", "resonance", "n=8")
    assert "an unknown number of activation regions" in err


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["shi"], ["shi", "n"], ["shi", "n=3", "n=4"], ["shi", "n=99999"], ["shi", "n=3", "-o", "x.txt"]],
)
def test_constructions_that_cannot_be(said: Callable[..., Any], arguments: list[str]) -> None:
    code, out, err = said("construct", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_random_networks_are_those_of_the_library(said: Callable[..., Any], tmp_path: Path) -> None:
    same = ("random", "--widths", "2,3", "--init", "integer", "--seed", "1", "--outputs", "2")
    code, out, _ = said(*same)
    assert code == 0
    (tmp_path / "a.json").write_text(out)
    expected = random_network([2, 3], "integer", 1, outputs=2)
    assert relureg.load(tmp_path / "a.json") == expected
    assert (
        said("random", "--widths", "2,3", "--init", "integer", "--seed", "1", "--outputs", "2", "-o", "b.nnet")[0] == 0
    )
    assert relureg.load(tmp_path / "b.nnet").sha256 == expected.sha256


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--widths", "2,x"],
        ["--widths", "2,3", "--init", "xavier"],
        ["--widths", "2,3", "--seed", "-1"],
        ["--widths", "2,3", "--outputs", "0"],
    ],
)
def test_random_networks_that_cannot_be(said: Callable[..., Any], arguments: list[str]) -> None:
    code, out, _ = said("random", *arguments)
    assert (code, out) == (2, "")


# -- verify --------------------------------------------------------------------------------------------

RANDOM = ("verify", "--random", "12", "--widths", "2,4,4", "--widths", "3,4", "--init", "he", "--init", "integer")


def test_random_networks_obey_every_theorem(answer: Callable[..., Any]) -> None:
    code, document = answer(*RANDOM, "--seed", "3", "--jobs", "1")
    assert (code, document["violations"], document["seed"]) == (0, 0, 3)
    assert len(document["results"]) == 12 * len(document["theorems"])
    assert not list(Path().iterdir())
    names = [network["name"] for network in document["networks"]]
    assert names[:5] == [
        "he_2-4-4-1_seed3000000",
        "integer_2-4-4-1_seed3000001",
        "he_3-4-1_seed3000002",
        "integer_3-4-1_seed3000003",
        "he_2-4-4-1_seed3000004",
    ]
    assert document["networks"][3]["sha256"] == random_network([3, 4], "integer", 3_000_003).sha256


def test_processes_and_runs_do_not_change_the_answer(answer: Callable[..., Any]) -> None:
    documents = [answer(*RANDOM, "--seed", "5", "--jobs", jobs)[1] for jobs in (1, 2, 2)]
    for document in documents:
        del document["seconds"]
    assert documents[0] == documents[1] == documents[2]


def test_a_claim_that_fails_is_reported_only(said: Callable[..., Any]) -> None:
    code, out, _ = said("verify", COUNTEREXAMPLE)
    assert code == 0
    assert "claimed-violated: Theorem 3.4: 25/4 > 6   counterexample-3-9-4-1" in out
    assert "no violation (1 claimed one does not count; --claims)" in out
    assert not list(Path().iterdir())


def test_with_claims_it_fails_the_run(said: Callable[..., Any]) -> None:
    violated = "relureg: error: counterexample-3-9-4-1 violates Theorem 3.4: 25/4 > 6\n"
    code, out, err = said("verify", COUNTEREXAMPLE, "--claims")
    assert code == 1
    assert "Theorem 3.4: 25/4 > 6" in out
    assert "--save FOLDER keeps the networks" in err
    assert violated in err
    assert not list(Path().iterdir())  # nobody asked for a file
    code, _, err = said("verify", COUNTEREXAMPLE, "--claims", "--quiet", "--save", "bad")
    assert (code, err) == (1, violated)
    (saved,) = Path("bad").iterdir()
    assert relureg.load(saved) == relureg.load(COUNTEREXAMPLE)


def test_a_violating_network_is_saved_and_made_small(answer: Callable[..., Any], tmp_path: Path) -> None:
    from fractions import Fraction

    network = perturbed(folded_cut(3), Fraction(1, 100), 2)
    relureg.save(network, "net.json")
    command = ("verify", "net.json", "--claims", "--save", tmp_path / "bad", "--junit", "report.xml")
    code, document = answer(*command)
    assert (code, document["violations"]) == (1, 1)
    first, second = (relureg.load(entry["file"]) for entry in document["saved"])
    assert first == network
    assert second.num_units < network.num_units
    assert answer("verify", document["saved"][1]["file"], "--claims", "--quiet")[0] == 1
    violated = [r for r in document["results"] if r["status"] == "claimed-violated"]
    assert [(r["theorem"], r["lhs"]["num"], r["lhs"]["den"], r["rhs"]) for r in violated] == [
        ("Theorem 3.4", 7292, 1155, 6)
    ]
    failures = ElementTree.parse("report.xml").findall(".//testcase/failure")
    assert [(f.get("type"), f.get("message")) for f in failures] == [("claimed-violated", "7292/1155 > 6")]
    Path("report.xml").write_text("another's")
    code, document = answer(*command)
    assert (code, document["error"]["kind"]) == (2, "output")  # the report exists


def test_a_junit_report_takes_the_place_of_the_one_before(said: Callable[..., Any], tmp_path: Path) -> None:
    report = tmp_path / "own.xml"
    words = ("verify", "--random", "1", "--widths", "1,2", "--junit", report)
    assert [said(*words)[0] for _ in range(2)] == [0, 0]
    report.write_bytes(report.read_bytes().replace(b"relureg verify", b"others"))
    code, _, line = said(*words)
    assert (code, line.rstrip().endswith("the file exists; give --force (force=True) to replace it")) == (2, True)
    assert b"others" in report.read_bytes()


def test_the_junit_report(said: Callable[..., Any]) -> None:
    assert said(*RANDOM, "--junit", "report.xml", "--max-regions", "30", "--jobs", "1")[0] == 4
    suites = ElementTree.parse("report.xml").getroot().findall("testsuite")
    assert len(suites) == 12
    for suite in suites:
        cases = suite.findall("testcase")
        assert (len(cases), len(suite.findall(".//skipped"))) == (int(suite.get("tests")), int(suite.get("skipped")))
        assert suite.get("failures") == "0"
    stopped = [s for s in suites if s[0].get("name") == "all theorems"]
    assert 0 < len(stopped) < 12


def test_networks_stopped_by_a_limit_are_said(said: Callable[..., Any]) -> None:
    code, out, err = said("verify", COUNTEREXAMPLE, "--max-regions", "100")
    assert code == 4
    assert "1 network stopped by a limit" in out
    assert "not verified" in err


def test_several_networks_and_standard_input(run_relureg: Callable[..., Finished]) -> None:
    xor, saw = "fixtures/truth/xor.json", "fixtures/truth/saw_3.json"
    done = run_relureg("verify", xor, saw)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "2 networks, 3 to 10 regions")
    piped = run_relureg("verify", stdin=(ROOT / xor).read_bytes())
    assert (piped.returncode, piped.stdout.splitlines()[0]) == (0, "1 network, 3 regions")


def test_theorems_in_a_domain_and_on_a_slice(answer: Callable[..., Any], said: Callable[..., Any]) -> None:
    net, cube = ROOT / "fixtures/truth/int_3-6-6-1.json", ROOT / "fixtures/truth/rand_3-16-16-1.json"
    code, document = answer("verify", net, cube, "--box", "-1", "1", "--junit", "report.xml")
    assert (code, document["violations"]) == (0, 0)
    assert [network["domain"] for network in document["networks"]] == ["box [-1, 1]^3"] * 2
    assert document["networks"][0]["regions"] == answer("count", net, "--box", "-1", "1")[1]["regions"]
    status = {result["theorem"]: result["status"] for result in document["results"][: len(document["theorems"])]}
    assert (status["least degree"], status["upper bounds"]) == ("not-applicable", "holds")
    place = ElementTree.parse("report.xml").find("testsuite/properties/property")
    assert place is not None
    assert (place.get("name"), place.get("value")) == ("domain", "box [-1, 1]^3")
    plane = ("--through", "0,0,0;1,2,0;0,1,3")
    _, document = answer("verify", net, *plane)
    assert document["networks"][0]["slice"]["label"] == "plane through 3 points"
    assert document["networks"][0]["domain"] is None
    assert {r["status"] for r in document["results"] if r["theorem"] == "least degree"} == {"holds"}
    assert said("verify", net, *plane)[1].startswith("1 network, 73 regions   plane through 3 points\n")
    # Processes get the domain, too.
    random = ("verify", "--random", "8", "--widths", "2,4,4", "--seed", "3", "--box", "0", "1/3")
    several, alone = (answer(*random, "--jobs", jobs)[1] for jobs in ("2", "1"))
    assert several["results"] == alone["results"]
    assert {network["domain"] for network in several["networks"]} == {"box [0, 1/3]^2"}
    assert max(n["regions"] for n in several["networks"]) < min(
        n["regions"] for n in answer(*random[:-3])[1]["networks"]
    )


def test_a_violation_in_a_domain_is_saved_with_it(
    answer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dataclasses import replace

    from relureg.theory import theorems
    from relureg.theory.comparison import at_most

    wrong = replace(theorems.THEOREMS["path"], check=lambda case: at_most(case.cells.num_regions, 6))
    monkeypatch.setitem(theorems.THEOREMS, "path", wrong)
    net = ROOT / "fixtures/truth/int_2-6-6-1.json"
    code, document = answer("verify", net, "--box", "x0:-1,1/3;x1:0,1", "--save", tmp_path / "bad", "--jobs", "1")
    assert (code, document["violations"]) == (1, 1)
    files = [entry["file"] for entry in document["saved"]]
    assert len(files) == 3
    regions = [answer("count", path, "--domain", files[1])[1]["regions"] for path in (files[0], files[2])]
    assert regions[0] == document["networks"][0]["regions"]
    assert 6 < regions[1] <= regions[0]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (2, [str(COUNTEREXAMPLE), "--box", "1", "0"]),
        (2, [str(COUNTEREXAMPLE), "--through", "0,0;1,1"]),
        (3, [str(COUNTEREXAMPLE), "--domain", "missing.json"]),
        (2, ["--random", "3"]),
        (2, ["--widths", "2,3"]),
        (2, ["--random", "3", "--widths", "2,0"]),
        (2, ["--random", "3", "--widths", "2,3", "--init", "xavier"]),
        (2, ["--random", "3", "--widths", "2,3", str(COUNTEREXAMPLE)]),
        (2, ["--random", "0", "--widths", "2,3"]),
        (2, [str(COUNTEREXAMPLE), "--engine", "charpoly"]),
        (3, ["missing.json"]),
    ],
)
def test_verifications_that_cannot_be(said: Callable[..., Any], code: int, arguments: list[str]) -> None:
    found, out, err = said("verify", *arguments)
    assert (found, out, err.count("\n")) == (code, "", 1)
