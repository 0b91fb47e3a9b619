"""Wrong boxes, options and commands, and standard input that holds no network: exit code 2 or 3, one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from relureg import Network, __version__, save
from relureg.cli.main import COMMANDS, HEADINGS, relureg, run
from tests.cli.command_line import INPUT, USAGE, Run, check_one_line

XOR = "fixtures/truth/xor.json"

BOXES = {
    ("1", "0"): "x0: the lower bound 1 is not below the upper bound 0, nor equal to it to fix that input",
    ("nan", "1"): "'nan' is not a number (write 1.5, 1/3, inf)",
    ("0", "1/0"): "'1/0' is not a number",
    ("-1e999", "1e999"): "'-1e999' is not a number",
    ("0", "one"): "'one' is not a number",
    ("0,1,2",): "'0,1,2' is not an interval; write LO HI, or x0:LO,HI for one input",
    ("x9:0,1",): "x9 is not one of x0..x1",
    ("x0:0,1;x0:2,3",): "x0 is given twice",
    ("x0:0,1;x1:3,2",): "x1: the lower bound 3 is not below the upper bound 2",
    ("x0:0",): "'0' is not an interval",
    ("y:0,1",): "'y:0,1' does not name an input; write x0:LO,HI;x1:LO,HI",
    ("x" + "9" * 5000 + ":0,1",): "x9999",
    ("file",): "the network file states no input box; give LO HI",
    ("0,0", "0,1"): 'bounds of each input are one word, "x0:0,0;x1:0,1"; LO HI are those of every input',
    ("-1,.5", "-2e-3,1/3", "0,1", "0,1"): 'bounds of each input are one word, "x0:-1,.5;x1:-2e-3,1/3;x2:0,1;..."; ',
    ("x0:0,1", "x1:-1,inf"): 'bounds of each input are one word, "x0:0,1;x1:-1,inf"; ',
}


@pytest.mark.parametrize("words", BOXES, ids=lambda words: " ".join(words)[:20])
def test_a_wrong_box(words: tuple[str, ...], run_relureg: Run) -> None:
    done = run_relureg("count", XOR, "--json", "--box", *words)
    check_one_line(done, USAGE, f"--box: {BOXES[words]}")
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == "domain"
    assert error["where"].startswith("--box")


COMMAND_LINES = {
    ("frobnicate",): r"there is no command 'frobnicate'; there are inspect, count, .*, maps",
    ("coutn", XOR): r"there is no command 'coutn' \(did you mean 'count'\?\)",
    ("help",): r"there is no command 'help' \(did you mean '--help'\?\)",
    ("maps", "clusster"): r"there is no command 'clusster' \(did you mean 'cluster'\?\)",
    (XOR,): rf"'{XOR}' is no command; a command comes first, as in: relureg inspect {XOR}",
    ("count", XOR, "--engine", "splt"): r"there is no engine 'splt' \(did you mean 'split'\?\); choose auto, .*",
    ("count", "--frobnicate"): r"No such option.* .*--frobnicate.* \(try --help\)",
    ("--quiet",): r"No such option.* .*--quiet.* \(try --help\)",
    ("range", XOR, "--direction", "1,2"): "--direction: 2 coefficients, but the network has 1 output",
    ("bounds", "--widths", "2,3", "--slice", "0,0"): "a --box, --domain or --slice needs a network",
    ("count", XOR, "--engine", "gpu"): r"there is no engine 'gpu'; choose auto, split, dictionaries, lp or charpoly",
    ("count", XOR, "--engine", "charpoly", "--enumerate"): r"the engine charpoly visits no region; choose .*",
    ("graph", XOR, XOR): rf"Got unexpected extra argument \({XOR}\) \(try --help\)",
    ("count", XOR, "--box"): r"Option '--box' requires an argument\. \(try --help\)",
    ("count", XOR, "--max-regions", "0"): r"Invalid value for '--max-regions': 0 is not in the range x>=1\. .*",
    ("count", XOR, "--max-regions", "many"): r"Invalid value for '--max-regions': 'many' is not a valid integer.*",
    ("count", XOR, "--timeout", "0"): r"timeout is 0; a positive number of seconds is needed",
    ("count", XOR, "--timeout", "nan"): r"timeout is nan; a positive number of seconds is needed",
    ("bounds", XOR, "--widths", "2,3"): r"give either NET or --widths or --conv, not several of them",
    ("bounds", "--widths", "2,x"): r"--widths: 'x' is not a width; write whole numbers like 2,16,16",
    ("bounds", "--widths", ""): r"--widths: '' is not a width; write whole numbers like 2,16,16",
    ("bounds", "--widths", "-2,3"): r"--widths: '-2' is not a width; .*",
}


@pytest.mark.parametrize("words", COMMAND_LINES, ids=" ".join)
def test_a_wrong_command_line(words: tuple[str, ...], run_relureg: Run) -> None:
    done = run_relureg(*words)
    check_one_line(done, USAGE, "")
    assert re.fullmatch(COMMAND_LINES[words], done.stderr.removeprefix("relureg: error: ").rstrip())
    assert done.stdout == ""


def test_a_box_in_one_word(run_relureg: Run) -> None:
    asked = [("--box", "0 1/2"), ("--box=0 1/2",), ("--box", "x0:0 1/2;x1:0 1/2"), ("--box", "0", "1/2")]
    first, *others = [run_relureg("count", XOR, *words).stdout.split("checks")[0] for words in asked]
    assert "box [0, 0.5]^2" in first
    assert others == [first] * 3
    done = run_relureg("count", XOR, "--box", "0 1 2", "--quiet")
    check_one_line(done, USAGE, "--box: '0 1 2' is not an interval; write LO HI, or x0:LO,HI for one input\n")


def test_the_help_lists_every_command_with_a_whole_sentence() -> None:
    text = CliRunner().invoke(relureg, ["--help"], prog_name="relureg").output
    listed, indented = text.split("Regions, and how many:\n")[1].split("  Examples:")[0], r"^  (?=\w)"
    entries = [" ".join(entry.split()) for entry in re.split(indented, re.sub(r"(?m)^\S.*:$", "", listed), flags=re.M)]
    assert [entry.split()[0] for entry in entries if entry] == list(COMMANDS)
    assert all(entry.endswith(".") and "..." not in entry.replace("NET NET ...", "") for entry in entries if entry)
    assert [heading for heading in HEADINGS.values() if f"\n{heading}:\n" not in text] == []
    assert max(map(len, text.splitlines())) <= 80


def test_tables_fit_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("bounds --widths 784,11,11", "bounds --conv 4,2,2", f"bounds {XOR}", "construct", f"verify {XOR}"):
        assert run(words.split()) == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_bounds_and_inspect_look_where_they_are_told(run_relureg: Run) -> None:
    net = "fixtures/truth/int_3-6-6-1.json"
    places = [("--box", "-1", "1"), ("--around", "0,0,0", "--radius", "1"), ("--through", "0,0,0;1,1,0")]
    for place in places:
        bounds, inspected = (json.loads(run_relureg(c, net, "--json", *place).stdout) for c in ("bounds", "inspect"))
        counted = json.loads(run_relureg("count", net, "--json", *place).stdout)
        assert bounds["bounds"] == inspected["bounds"] == counted["bounds"]
        assert bounds["network"] == inspected["network"] == counted["network"]
        assert (bounds["domain"] or f"whole space R^{counted['network']['input_dim']}") == counted["domain"]


STDOUT = {
    f"plot {XOR} -o -": b"<?xml ",
    f"plot {XOR} --dpi 30 -o -.png": b"\x89PNG\r\n\x1a\n",
    f"explore {XOR} -o -": b"<!",
    f"graph {XOR} -o -": b"<?xml ",
    f"regions {XOR} -o -": b"region,pattern,bounded,",
    f"count {XOR} -o -": b"file,name,inputs,",
    f"preimage {XOR} --outputs 0 1 --box 0 1 -o -": b"<?xml ",
    f"trace {XOR} -A 1,0;0,1 -B 1/4;0 --start 1/3,1 --steps 2 -o -": b"step,x0,x1,u0,pattern",
    "persistence fixtures/truth/saw_3.json --box 0 1 -o -": b"dimension,birth,death,",
    "construct xor -o -": b'{"format": "relureg-network"',
    f"convert {XOR} -": b'{"format": "relureg-network"',
}


@pytest.mark.parametrize("words", STDOUT)
def test_a_file_on_standard_output(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file would hold, and nothing else; nothing is left elsewhere."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = CliRunner().invoke(relureg, words.split(), prog_name="relureg")
    assert result.exception is None
    assert result.stdout_bytes.lstrip().startswith(STDOUT[words])
    assert b"checks  " not in result.stdout_bytes[-300:]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "option"),
    [("persistence fixtures/truth/saw_3.json --box 0 1", "--plot"), (f"around {XOR} --at 0,0", "--graph")],
)
def test_what_is_written_is_no_input(words: str, option: str, run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / f"written{'.svg' if option == '--plot' else '.csv'}"
    path.write_text("mine")
    done = run_relureg(*words.split(), option, path, "--quiet")
    check_one_line(done, USAGE, f"{path}: the file exists")
    assert run_relureg(*words.split(), option, path, "--force", "--quiet").returncode == 0
    assert path.read_text() != "mine"


def test_no_part_of_a_file_on_standard_output(run_relureg: Run) -> None:
    done = run_relureg("graph", "fixtures/truth/rand_4-12-12-1.json", "-o", "-", "--max-regions", "9", "--quiet")
    assert (done.returncode, done.stdout) == (4, "")
    no_format = run_relureg("maps", "at", XOR, "--data", "fixtures/maps/xor.csv", "-o", "-", "--quiet")
    check_one_line(no_format, USAGE, "-o: at writes no file that fits a pipe; name a file, or a format as in -.npz\n")
    unknown = run_relureg("plot", XOR, "-o", "-.xyz", "--quiet")
    check_one_line(unknown, USAGE, "-o -.xyz: the suffix is not one of .svg, .png, .pdf, .html\n")
    made = run_relureg("construct", "tropical", "max(x, 0)", "-o", "-")
    assert (made.returncode, json.loads(made.stdout)["format"]) == (0, "relureg-network")
    twice = run_relureg("count", XOR, "-o", "-", "--json")
    check_one_line(twice, USAGE, "--json and -o - both print on standard output; leave one out\n")


def test_a_shell_completes_commands_options_and_files() -> None:
    for shell, words, place, found in [
        ("bash", "relureg co", 1, "plain,count\nplain,compare\nplain,construct\nplain,convert\n"),
        ("zsh", "relureg count --eng", 2, "plain\n--engine\nsplit (the default"),
        ("bash", "relureg count fix", 2, "file,fix\n"),
        ("bash", "relureg persistence n.json --compare fix", 4, "file,fix\n"),
        ("bash", "relureg plot n.json --colour gra", 4, "plain,gradient\n"),
        (
            "bash",
            "relureg count n.json --engine ",
            4,
            "plain,auto\nplain,split\nplain,dictionaries\nplain,lp\nplain,charpoly",
        ),
        ("bash", "relureg verify --engine l", 3, "plain,lp\n"),
        ("bash", "relureg random --init n", 3, "plain,nobias\n"),
        ("bash", "relureg verify --init ", 3, "plain,he\nplain,torch\n"),
        ("bash", "relureg topology n.json --infinity b", 4, "plain,bounded\n"),
        ("bash", "relureg construct zig", 2, "plain,zigzag\n"),
        ("bash", "relureg construct tropical -o fix", 4, "file,fix\n"),
    ]:
        asked = {"_RELUREG_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        result = CliRunner().invoke(relureg, [], prog_name="relureg", env=asked, complete_var="_RELUREG_COMPLETE")
        assert result.output.startswith(found)


MAPS = ("at", "cluster", "extract", "relate")
FILES = {"FILE", "FOLDER", "NET", "OTHER", "OUT", "PROOF", "PROPERTY", "JOURNAL"}


@pytest.mark.parametrize("command", [*COMMANDS[:-1], "construct tropical", *(f"maps {name}" for name in MAPS)])
def test_a_shell_completes_files_wherever_a_file_is_meant(command: str) -> None:
    context = click.Context(relureg, info_name="relureg")
    _, found, rest = relureg.resolve_command(context, command.split())
    if isinstance(found, click.Group):
        _, found, rest = found.resolve_command(context, rest)
    assert found is not None
    assert not rest
    for parameter in found.params:
        named = parameter.make_metavar(click.Context(found))
        if FILES.intersection(re.findall("[A-Z]+", named)):
            items = parameter.shell_complete(click.Context(found, info_name=command), "fix")
            assert [(item.value, item.type) for item in items] in ([("fix", "file")], [("fix", "dir")]), named


@pytest.mark.parametrize("command", [*COMMANDS, "construct tropical", "maps at", "maps relate"])
def test_every_command_has_its_short_help(command: str) -> None:
    """In this process: twenty interpreters take their time to start."""
    runner = CliRunner()
    short, long = (
        runner.invoke(relureg, [*command.split(), option], prog_name="relureg") for option in ("-h", "--help")
    )
    assert short.exit_code == 0
    assert short.output == long.output
    assert short.output.startswith(f"Usage: relureg {command} ")


def test_the_version_in_short(run_relureg: Run) -> None:
    assert run_relureg("-V").stdout == run_relureg("--version").stdout == f"relureg, version {__version__}\n"


def test_many_intervals_are_shortened_for_people_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """784 inputs in a box of 784 intervals: no line of thousands of columns; JSON is exact."""
    network = Network.from_layers([np.ones((1, 784)), [[1.0]]], [[0.5], [0.0]], name="wide")
    save(network, tmp_path / "wide.json")
    box = ";".join(f"x{k}:0,{k + 1}" for k in range(784))
    assert run(["bounds", str(tmp_path / "wide.json"), "--box", box]) == 0
    printed = capsys.readouterr().out
    assert "box [0, 1] x [0, 2] x [0, 3] x ... (784 intervals)" in printed
    assert max(map(len, printed.splitlines())) < 250
    assert run(["bounds", str(tmp_path / "wide.json"), "--box", box, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["domain"].endswith("x [0, 783] x [0, 784]")


def test_a_word_of_thousands_of_letters(run_relureg: Run) -> None:
    for words in (["--box", "a" * 5000, "1"], ["--engine", "a" * 5000], ["--slice", "a" * 5000]):
        done = run_relureg("count", XOR, *words)
        check_one_line(done, USAGE, "")
        assert len(done.stderr) < 200


MISSING = {
    ("count", XOR, "--domain", "gone.xyz"): "--domain: gone.xyz: no such file; check the path",
    ("count", XOR, "--domain", "docs"): "--domain: docs: is a directory; name a file in it",
    ("count", XOR, "--slice", "gone.xyz"): "--slice: gone.xyz: no such file; check the path",
    ("count", XOR, "--through", "docs/gone"): "--through: docs/gone: no such file; check the path",
    ("maps", "at", XOR, "--data", "gone.xyz"): "gone.xyz: no such file; check the path",
}


@pytest.mark.parametrize("words", MISSING, ids=" ".join)
def test_a_missing_file_is_missing_whatever_its_suffix(words: tuple[str, ...], run_relureg: Run) -> None:
    check_one_line(run_relureg(*words), INPUT, f"{MISSING[words]}\n")


def test_a_wrong_command_line_with_json(run_relureg: Run) -> None:
    done = run_relureg("count", XOR, "--engine", "gpu", "--json")
    check_one_line(done, USAGE, "there is no engine 'gpu'; choose auto")
    error = json.loads(done.stdout)["error"]
    assert (error["kind"], error["where"]) == ("usage", None)
    assert done.stderr == f"relureg: error: {error['message']}\n"


def test_no_network_and_nothing_on_standard_input(run_relureg: Run) -> None:
    for words in (("count",), ("count", "-")):
        check_one_line(run_relureg(*words), INPUT, "standard input: the file is empty; a network was expected\n")
    truncated = run_relureg("count", stdin=b'{"format": ')
    check_one_line(truncated, INPUT, "standard input: line 1, column 12: not JSON: Expecting value\n")
    unknown = run_relureg("count", stdin=b"?")
    check_one_line(unknown, INPUT, "standard input: not a known network format; read are relureg JSON")


def test_standard_input_that_is_closed() -> None:
    for words, code, message in [(["count"], USAGE, "no network given; name a file, or pipe one in"),
                                 (["count", "-"], INPUT, "standard input: the file is empty")]:  # fmt: skip
        command = ["sh", "-c", 'exec "$0" -m relureg "$@" <&-', sys.executable, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        check_one_line(done, code, message)


def test_relureg_alone_shows_its_help_on_stderr(run_relureg: Run) -> None:
    done = run_relureg()
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.startswith("Usage: relureg ")
