"""The documentation is true: its examples run, its schemas accept what relureg reads and prints."""

from __future__ import annotations

import copy
import doctest
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import relureg
from relureg import errors
from relureg.cli.main import COMMANDS, run
from relureg.engine.choice import AUTO
from relureg.engine.engines import COUNTERS, ENGINES
from relureg.engine.runs.journal import Journal
from relureg.engine.runs.settings import RunSettings
from relureg.errors import NetworkError
from relureg.families.random import INITIALISATIONS
from relureg.network import json_format
from relureg.network.problem import Problem

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*GUIDES, *(ROOT / name for name in ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WITHOUT_PROGRESS = (
    "from relureg.cli import main, progress; assert progress.PLAIN_INTERVAL; progress.PLAIN_INTERVAL = 1e6; main.main()"
)
_SECONDS = re.compile(r"\d+\.\d\d s$", re.MULTILINE)


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples name files as they lie in the repository."""
    monkeypatch.chdir(ROOT)


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """(line number, content) of each fenced block in one language."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start(2)) + 1, m[2]) for m in _BLOCK.finditer(text) if m[1] == language]


def console_examples() -> Iterator[Any]:
    """(command, what is shown) of each line that begins with a dollar sign."""
    for page in GUIDES:
        for line, block in blocks(page, "console"):
            for match in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
                number = line + block.count("\n", 0, match.start())
                yield pytest.param(match[1], match[2], id=f"{page.name}:{number}")


# -- examples ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_python_examples_run(page: Path) -> None:
    names: dict[str, object] = {}
    said: list[str] = []
    for line, block in blocks(page, "python"):
        test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), line - 1)
        assert test.examples, f"{page.name}:{line}: a python block without an example is never checked"
        doctest.DocTestRunner().run(test, out=said.append, clear_globs=False)
        names = test.globs
    assert not said, "".join(said)


@pytest.mark.parametrize(("command", "shown"), list(console_examples()))
def test_console_examples_print_what_is_shown(command: str, shown: str) -> None:
    # A terminal shows both streams, so both are compared. relureg and python are those that run the tests; how far a
    # run has come, which a pipe is told every ten seconds, is not told, however slow the machine is.
    functions = 'relureg() { "$PYTHON" -c "$RELUREG" "$@"; }; python() { "$PYTHON" "$@"; }; '
    done = subprocess.run(
        ["sh", "-c", functions + command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHON": sys.executable, "PYTHONUTF8": "1", "RELUREG": _WITHOUT_PROGRESS},
        encoding="utf-8",
        check=False,
    )
    assert _SECONDS.sub("N s", done.stdout).rstrip() == _SECONDS.sub("N s", shown).rstrip()


def test_every_command_has_an_example_that_is_run() -> None:
    commands = " ".join(command for example in console_examples() for command in example.values[:1])
    assert [name for name in COMMANDS if f"relureg {name} " not in commands] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_example_escapes_the_tests(page: Path) -> None:
    outside = _BLOCK.sub(lambda m: "" if m[1] in ("console", "python") else m[0], page.read_text(encoding="utf-8"))
    assert not re.findall(r"^(?:>>>|\$ ).*$", outside, re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What links may name behind a #: headings in lower case, spaces as hyphens, without punctuation."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"`[^`]*`", "", _BLOCK.sub("", page.read_text(encoding="utf-8")))
    dead = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text) + re.findall(r"(?:srcset|src)=\"([^\"]+)\"", text):
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in GUIDES[1:] if page.name != "README.md" and f"({page.name}" not in index] == []


def test_the_readme_is_short_and_leads_to_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 160
    table = "\n".join(line for line in text.splitlines() if line.startswith("| ["))
    assert [name for name in COMMANDS if not re.search(rf"`{name}`", table)] == []


# -- what --json prints --------------------------------------------------------------------------------


def schema(name: str) -> Any:
    document = json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return document


def closed(document: Any) -> Any:
    """The schema with every object closed, so that a key it does not list is an error."""
    if isinstance(document, list):
        return [closed(entry) for entry in document]
    if not isinstance(document, dict):
        return document
    result = {key: closed(value) for key, value in document.items()}
    if isinstance(result.get("properties"), dict) and "additionalProperties" not in result:
        result["additionalProperties"] = False
    return result


NETS = "fixtures/nets"
TRUTH = "fixtures/truth"
INT_2 = f"{TRUTH}/int_2-6-6-1.json"
ANSWERS = [
    (0, f"inspect {INT_2}"),
    (0, f"inspect {NETS}/acasxu_tiny_5_5_5.nnet"),
    (0, f"inspect {NETS}/marabou_fc_2_2_3.onnx"),
    (0, f"inspect {NETS}/marabou_multiInput_add.onnx"),
    (0, f"inspect {NETS}/marabou_conv_mp1.onnx"),
    *(
        (code, f"{command} --engine {engine}")
        for engine in ("auto", *ENGINES)
        for code, command in (
            (0, f"count {INT_2}"),
            (0, f"count {INT_2} --jobs 1 --box -10 10"),
            (0, f"count {TRUTH}/xor.json"),
            (0, f"count {TRUTH}/nobias_2-10-1.json"),
            (4, f"count {INT_2} --max-regions 20"),
            (0, f"graph {INT_2}"),
            (0, f"graph {INT_2} --box -10 10"),
            (0, f"graph {INT_2} --degree"),
            (0, f"graph {INT_2} --diameter"),
            (0, f"graph {INT_2} --degree --diameter"),
            (0, f"graph {TRUTH}/saw_3.json"),
            (0, f"count {INT_2} --linear"),
            (0, f"count {INT_2} --definitions --box -3 3"),
            (0, f"count {NETS}/marabou_fc_2_2_3.onnx --linear"),
            (4, f"count {INT_2} --linear --max-regions 20"),
            (0, f"regions {INT_2}"),
            (0, f"regions {INT_2} --box -10 10 --vertices --rows 9"),
        )
    ),
    (0, f"line {INT_2} --through 0,0;2,1"),
    (0, f"line {TRUTH}/saw_3.json --segment --rows 2"),
    (0, f"range {TRUTH}/xor.json --box 0 1"),
    (0, f"range {TRUTH}/xor.json --direction 1/2 --slice 0,0;1,2"),
    (0, f"check {NETS}/acasxu_1_1_nnet.nnet fixtures/properties/acasxu_1.vnnlib"),
    (1, f"check {NETS}/acasxu_1_1_eran_onnx.onnx fixtures/properties/acasxu_1.vnnlib"),
    (0, f"compare {TRUTH}/xor.json {TRUTH}/xor.json"),
    (1, f"compare {INT_2} {TRUTH}/xor.json --box -1 1"),
    (0, f"lipschitz {INT_2}"),
    (0, f"regions {INT_2} --stream -o build/schema.npz --force"),
    (0, f"trace {TRUTH}/xor.json -A 1,0;0,1 -B 1/4;0 --start 1/3,1 --steps 2 --exact"),
    (0, f"trace {TRUTH}/xor.json -A 1,0;0,1 -B 1/4;0 --start 1,1 --steps 2"),
    (0, f"range {TRUTH}/xor.json --of gradient"),
    (0, f"preimage {INT_2} --outputs 0 9 --box -1 1"),
    (0, f"preimage {INT_2} --outputs y0:0,inf"),
    (0, f"image {NETS}/marabou_fc_2_2_3.onnx --box -1 1"),
    (0, f"lipschitz {NETS}/marabou_fc_2_2_3.onnx --each --norms inf,1"),
    (0, f"topology {TRUTH}/saw_3.json --level 1/2 --infinity compactified"),
    (0, f"topology {NETS}/marabou_fc_2_2_3.onnx --box -1 1"),
    (0, f"topology {NETS}/marabou_fc_2_2_3.onnx --class 1"),
    (0, f"graph {INT_2} --spectrum --level 1/2 --box -2 2"),
    (0, f"graph {TRUTH}/rand_4-12-12-1.json --spectrum --box -1/8 1/8"),
    (0, f"graph {NETS}/marabou_fc_2_2_3.onnx --spectrum"),
    (0, f"persistence {TRUTH}/saw_3.json --box 0 1 --compare {TRUTH}/saw_6.json"),
    (0, f"persistence {INT_2} --box -2 2 --by distance:3"),
    (0, f"count {INT_2} --box x1:1/3,1/3"),
    (0, f"bounds {INT_2}"),
    (0, "bounds --widths 784,11,11"),
    (0, "bounds --widths 3"),
    (0, "bounds --widths 40,40,40,40"),
    (0, "bounds --widths 2,3,3 --maxout 3"),
    (0, "bounds --widths 3,5,5 --bias-free"),
    (0, "bounds --conv 4,2,2"),
    (0, f"bounds {INT_2} --box -1 1"),
    (0, f"count {TRUTH}/xor.json --engine charpoly"),
    (4, f"count {TRUTH}/rand_3-60-1.json --engine charpoly --max-regions 100"),
    (0, f"estimate {TRUTH}/rand_3-16-16-1.json"),
    (0, f"around {INT_2} --at 0,1/2 --radius 2"),
    (0, f"around {TRUTH}/xor.json --at 0,1/3 --box-radius 1/3"),
    (4, f"around {INT_2} --at 0,1/2 --radius 2 --max-regions 3"),
    (0, f"estimate {NETS}/hcas_pra0_tau00_nnet.nnet --precision 50%"),
    (0, "construct"),
    (0, "construct shi n=4"),
    (0, "construct montufar-folding pieces=2,2 d=3 last=3"),
    (0, "random --widths 2,4"),
    (0, f"verify {INT_2} {TRUTH}/xor.json"),
    (0, "verify --random 3 --widths 3,4,3 --seed 2 --jobs 1"),
    (0, "verify fixtures/counterexamples/counterexample-3-9-4-1.json"),
    (4, "verify fixtures/counterexamples/counterexample-3-9-4-1.json --max-regions 10"),
    (0, f"tropical {TRUTH}/xor.json --round-trip"),
    (0, f"tropical {NETS}/marabou_fc_2_2_3.onnx"),
    (0, f"tropical {TRUTH}/saw_3.json --level 1/2 --points 10"),
    (0, "tropical --expression max(2x,x+2,-4)-max(x,0)"),
    (4, f"tropical {INT_2} --max-monomials 6"),
]
REFUSALS = [
    (2, "usage", f"graph {TRUTH}/xor.json --engine charpoly"),
    (2, "usage", f"count {INT_2} --engine charpoly"),
    (2, "usage", "construct nothing"),
    (2, "usage", "random --widths 2,4 --init xavier"),
    (2, "usage", "verify --random 3"),
    (3, "malformed", "count missing.onnx"),
    (3, "malformed", f"inspect {NETS}/MANIFEST.json"),
    (2, "usage", "graph --no-such-option"),
    (2, "usage", f"bounds {INT_2} --widths 2,2"),
    (2, "domain", f"count {INT_2} --box 1 0"),
    (2, "usage", f"count {INT_2} --engine simplex"),
    (2, "usage", f"graph {INT_2} --jobs 0"),
    (2, "usage", f"topology {INT_2} --class 0"),
    (2, "usage", f"graph {INT_2} --level 1"),
    (2, "usage", f"persistence {INT_2}"),
    (3, "data", f"count {INT_2} --through missing.npy"),
    (4, "limit", f"graph {INT_2} --max-regions 20"),
    (2, "expression", "tropical --expression max(x"),
    (2, "usage", "tropical --expression x --max-monomials 0"),
    (2, "expression", "construct tropical x+"),
]


@pytest.mark.parametrize(("code", "command"), ANSWERS, ids=[command for _, command in ANSWERS])
def test_answers_match_the_output_schema(code: int, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == command.split()[0]
    for one in (schema("output.schema.json"), closed(schema("output.schema.json"))):
        Draft202012Validator(one).validate(document)


def test_lines_of_several_networks_match_the_output_schema(capsys: pytest.CaptureFixture[str]) -> None:
    nets = f"{TRUTH}/xor.json {INT_2} {INT_2} {TRUTH}/rand_3-60-1.json missing.onnx"
    assert run([*f"count {nets} --max-regions 100".split(), "--json"]) == 3
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for document in documents:
        Draft202012Validator(closed(schema("output.schema.json"))).validate(document)
    assert [document.get("complete") for document in documents] == [True, True, True, False, None]
    accepts = Draft202012Validator(schema("output.schema.json")).is_valid
    assert not accepts({key: value for key, value in documents[1].items() if key != "change"})
    assert not accepts(documents[1] | {"change": {}})


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (f"plot {INT_2} --dpi 30", "a.svg"),
        (f"plot {TRUTH}/int_3-6-6-1.json", "a.html"),
        (f"plot {TRUTH}/int_3-6-6-1.json --dpi 30", "b.png"),
        (f"explore {INT_2}", "a.html"),
        (f"animate {INT_2} --dpi 30", "a.gif"),
    ],
)
def test_pictures_match_the_output_schema(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command.split(), "-o", str(tmp_path / name), "--quiet", "--json"]) == 0
    Draft202012Validator(closed(schema("output.schema.json"))).validate(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(("code", "kind", "command"), REFUSALS, ids=[command for _, _, command in REFUSALS])
def test_errors_match_the_output_schema(code: int, kind: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(closed(schema("output.schema.json"))).validate(document)
    assert document["error"]["kind"] == kind


def test_a_network_without_hidden_layer_matches_the_output_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "affine.json"
    path.write_text(json.dumps(good(layers=[layer([[1, 2]], [0], "linear")])))
    for command in ("inspect", "count", "count --linear", "graph", "regions --vertices", "bounds"):
        assert run([*command.split(), str(path), "--json"]) == 0
        Draft202012Validator(closed(schema("output.schema.json"))).validate(json.loads(capsys.readouterr().out))


def test_answers_about_a_run_match_the_output_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = str(tmp_path / "run.journal")
    settings = RunSettings(problem=Problem(network=relureg.load(INT_2)), keeps_records=True)
    Journal.create_or_continue(Path(journal), settings).close()
    for command in (
        f"status {journal}",
        f"resume {journal}",
        f"count {INT_2} --journal {journal} --keep-regions",
        f"status {journal}",
        f"graph {journal}",
        f"graph {journal} --degree",
    ):
        assert run([*command.split(), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["command"] == {"resume": "count", "graph": "stored-graph"}.get(
            command.split()[0], command.split()[0]
        )
        Draft202012Validator(closed(schema("output.schema.json"))).validate(document)


def test_the_output_schema_refuses_what_scripts_could_not_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["count", INT_2, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    accepts = Draft202012Validator(schema("output.schema.json")).is_valid
    assert accepts(document | {"a_later_key": 1})
    assert not accepts({key: value for key, value in document.items() if key != "regions"})
    for key, value in (
        ("regions", 48.5),
        ("complete", None),
        ("command", "graph"),
        ("bounds", [{}]),
        ("checks", {}),
        ("engine", "auto"),
    ):
        assert not accepts(document | {key: value}), key


def test_engines_are_those_of_the_registry() -> None:
    definitions = schema("output.schema.json")["$defs"]
    assert definitions["engine"]["enum"] == list(ENGINES)
    assert definitions["counting_engine"]["enum"] == [*ENGINES, *COUNTERS]
    assert definitions["random"]["properties"]["init"]["enum"] == list(INITIALISATIONS)
    assert f"`{AUTO}`, which `auto` means" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_count_holds_what_its_engine_can_tell(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["count", INT_2, "--json", "--engine", engine, *(["--enumerate"] if engine == "dictionaries" else [])]) == 0
    )
    document = json.loads(capsys.readouterr().out)
    checks = ["watertight", "euler", "closed_form"]
    assert (document["engine"], document["regions"], document["facets"]) == (engine, 49, 84)
    if engine == "split":  # zeros are counted whatever decides them
        assert list(document["checks"]) == [*checks, "last_stage"]
        decided = document["predicates"]
        assert (decided["total"], decided["exact"], decided["zero"]) == (392, 0, 71)
        assert 0 <= decided["exact_share"] < 1  # a measured time
        assert sum(decided["settled_by"].values()) == 392
    elif engine == "dictionaries":
        assert list(document["checks"]) == [*checks, "last_stage", "sides"]
        assert document["predicates"]["total"] > 49
    else:
        assert list(document["checks"]) == ["witnesses", "watertight", "euler", "faces", "closed_form"]
        assert document["predicates"] is None


def test_error_kinds_and_exit_codes_are_those_of_the_library() -> None:
    def family(kind: type[errors.ReluregError]) -> Iterator[type[errors.ReluregError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from family(child)

    known = {kind.kind: kind.exit_code for kind in family(errors.ReluregError)}
    listed = schema("output.schema.json")["$defs"]["error"]["properties"]["error"]["properties"]["kind"]["enum"]
    assert sorted(listed) == sorted([*known, "interrupted"])  # by a signal, which raises no error of the library
    text = (ROOT / "docs" / "json-output.md").read_text(encoding="utf-8")
    assert {kind: int(code) for kind, code in re.findall(r"^\| `([\w-]+)` \| (\d) \|", text, re.MULTILINE)} == known


def test_every_key_of_the_output_is_explained() -> None:
    def keys(document: Any) -> Iterator[str]:
        if isinstance(document, dict):
            yield from document.get("properties", {})
            for value in document.values():
                yield from keys(value)
        if isinstance(document, list):
            for value in document:
                yield from keys(value)

    text = " ".join((ROOT / "docs" / "json-output.md").read_text(encoding="utf-8").split())
    rational = '{"num": 25, "den": 4, "float": 6.25}'
    assert rational in text
    explained = set(re.findall(r"`(\w+)`", text)) | set(json.loads(rational))
    assert set(keys(schema("output.schema.json"))) - explained == set()


# -- what networks are read ----------------------------------------------------------------------------


def layer(weight: Any, bias: Any, activation: Any = "relu", **more: Any) -> dict[str, Any]:
    return {"weight": weight, "bias": bias, "activation": activation} | more


def good(**changes: Any) -> dict[str, Any]:
    layers = [layer([[1, 2], ["1/3", "-2"]], [0.5, "+1"]), layer([[1, -1]], [0], "linear")]
    return {"format": "relureg-network", "version": 1, "layers": layers} | changes


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in good().items() if k != key}


def one_weight(value: Any) -> dict[str, Any]:
    return good(layers=[layer([[value]], [0])])


SKIP = {"from": 0, "weight": [[1, 2]]}
GOOD = [
    good(),
    good(name="a name, é\n"),
    good(name=""),
    good(source={"url": ["anything"]}, licence=None),
    good(input_box=None),
    good(input_box=[[-1, "-1/3"], [1.5, "1/3"]]),
    good(input_box=[[1, 1], [0, 0]]),
    good(version=1.0),
    good(layers=[layer([[0, 0]], [0], "linear")]),
    good(layers=[layer([[1, 2]], [0], skips=[])]),
    good(layers=[layer([[1, 2]], [0]), layer([[1]], [0], "linear", skips=[SKIP])]),
    good(layers=[layer([[1, 2]], [0], skips=[SKIP, SKIP])]),
    one_weight(1.7976931348623157e308),
    one_weight(-1.7976931348623157e308),
    one_weight(10**308),
    one_weight(5e-324),
    one_weight("-0/00100"),
    one_weight("1" * 4000 + "/" + "3" * 4000),
]
BAD = [
    [],
    None,
    {},
    *(without(key) for key in ("format", "version", "layers")),
    good(format="other"),
    good(format=None),
    *(good(version=version) for version in (0, 2, "1", True, None)),
    *(good(name=name) for name in (None, 3, ["n"])),
    *(good(layers=layers) for layers in ([], {}, None, [[]], [None])),
    *(good(**{key: 1}) for key in ("Layers", "input", "comment", "$schema")),
    *(good(input_box=box) for box in ([], [[0, 0]], [[0, 0], [1, 1], [2, 2]], {}, 1, [0, 1], [[0, "x"], [1, 1]])),
    *(good(layers=[layer(weight, [0])]) for weight in ([], [[]], [1, 2], None, "1", [[[1]]], [[None]], [[True]], [{}])),
    *(good(layers=[layer([[1]], bias)]) for bias in ([], [[0]], 0, None, ["x"], [False])),
    *(good(layers=[layer([[1]], [0], name)]) for name in ("tanh", "ReLU", "", None, 0, ["relu"])),
    *(
        good(layers=[{k: v for k, v in layer([[1]], [0]).items() if k != key}])
        for key in ("weight", "bias", "activation")
    ),
    good(layers=[layer([[1]], [0], units=1)]),
    *(good(layers=[layer([[1, 2]], [0], skips=skips)]) for skips in (None, {}, [[]], [{}], [SKIP | {"to": 1}])),
    *(good(layers=[layer([[1, 2]], [0], skips=[SKIP | {"from": k}])]) for k in (-1, "0", None, True, 0.5)),
    *(good(layers=[layer([[1, 2]], [0], skips=[SKIP | {"weight": w}])]) for w in ([], [[]], [1, 2], [["a", "b"]])),
    *(
        one_weight(text)
        for text in ("", " 1", "1 ", "1\n", "1.5", "1e3", "1/0", "0/0", "1/-2", "1/+2", "/2", "1/", "1/2/3")
    ),
    *(one_weight(text) for text in ("٣", "1_0", "0x1", "inf", "NaN", "--1", "1" * 4001, "1/" + "0" * 4000 + "1")),
    *(one_weight(number) for number in (math.inf, -math.inf, 10**400)),
]
BEYOND_A_SCHEMA = [
    good(layers=[layer([[1, 2], [1]], [0, 0])]),
    good(layers=[layer([[1, 2]], [0, 0])]),
    good(layers=[layer([[1, 2]], [0]), layer([[1, 2]], [0])]),
    good(layers=[layer([[1, 2]], [0], skips=[SKIP | {"from": 1}])]),
    good(layers=[layer([[1, 2]], [0], skips=[SKIP | {"from": 0.0}])]),
    good(layers=[layer([[1, 2]], [0], skips=[SKIP | {"weight": [[1]]}])]),
    good(layers=[layer([[1, 2]], [0], skips=[SKIP | {"weight": [[1, 2], [3, 4]]}])]),
    good(input_box=[[0], [1]]),
]
BEYOND_MESSAGES = re.compile(
    r"columns?, but|rows must be equally long|entries for|rows for|a layer before this one"
    r"|lower and upper bounds, one an input"
)


def why_refused(text: str) -> str | None:
    """What the reader objects to; None when it accepts."""
    try:
        json_format.read(text.encode(), name="example")
    except NetworkError as error:
        return str(error)
    return None


def short(document: Any) -> str:
    text = json.dumps(document)
    return text if len(text) < 150 else f"{text[:100]}...{text[-40:]}"


NETWORK = Draft202012Validator(schema("network.schema.json"))


@pytest.mark.parametrize("document", GOOD, ids=short)
def test_reader_and_network_schema_accept(document: Any) -> None:
    assert why_refused(json.dumps(document)) is None
    NETWORK.validate(document)


@pytest.mark.parametrize("document", BAD, ids=short)
def test_reader_and_network_schema_refuse(document: Any) -> None:
    assert why_refused(json.dumps(document)) is not None
    assert not NETWORK.is_valid(document)


@pytest.mark.parametrize("document", BEYOND_A_SCHEMA, ids=short)
def test_the_reader_alone_refuses_what_no_schema_can_say(document: Any) -> None:
    NETWORK.validate(document)
    assert why_refused(json.dumps(document)) is not None


def test_the_reader_refuses_duplicate_keys() -> None:
    text = json.dumps(good())
    assert "stands twice" in str(why_refused('{"version": 1, ' + text[1:]))


@pytest.mark.parametrize("path", sorted((ROOT / TRUTH).glob("*.json")), ids=lambda path: path.name)
def test_network_fixtures_match_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    is_network = path.name != "counts.json"
    assert (why_refused(text) is None) == is_network
    assert NETWORK.is_valid(json.loads(text)) == is_network


def test_written_networks_match_the_schema() -> None:
    network = json_format.read(json.dumps(good(input_box=[[-1, 0], [1, "1/3"]])).encode(), name="example")
    NETWORK.validate(json.loads(json_format.write(network)))


def test_reader_and_schema_agree_when_any_one_value_is_replaced() -> None:
    """Sweep odd values over every place of a document that uses every key."""
    document = good(
        name="n", source="s", licence="l", input_box=[[0, 0], [1, 1]],
        layers=[layer([[1, 2]], [0], skips=[SKIP]), layer([[1]], [0], "linear", skips=[{"from": 1, "weight": [[1]]}])],
    )  # fmt: skip
    odd = [
        *(None, True, 0, 1, -1, 1.5, 1e999, "", "x", "1/2", "1/0", "relu"),
        *([], [1], [[]], [[1]], [[1, 2]], {}, {"from": 0}),
    ]
    places = list(_places(document))
    assert len(places) == 41
    disagreements = []
    for place in places:
        for value in odd:
            changed = _replaced(document, place, value)
            refusal = why_refused(json.dumps(changed))
            if NETWORK.is_valid(changed) != (refusal is None) and not BEYOND_MESSAGES.search(refusal or ""):
                disagreements.append((place, value, refusal))
    assert disagreements == []


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*place, key)
        yield from _places(child, (*place, key))


def _replaced(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    parent = changed
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    return changed
