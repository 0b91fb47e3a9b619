"""What `--json` prints is what docs/output.schema.json says, and that schema says what the library does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import relureg
from relureg import errors
from relureg.cli.main import run
from relureg.engine.choice import AUTO
from relureg.engine.engines import COUNTERS, ENGINES
from relureg.engine.runs.journal import Journal
from relureg.engine.runs.settings import RunSettings
from relureg.families.random import INITIALISATIONS
from relureg.network.problem import Problem
from tests.schemas import closed_schema, open_schema, schema

ROOT = Path(__file__).parents[2]
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
    for one in (open_schema(), closed_schema()):
        one.validate(document)


def test_lines_of_several_networks_match_the_output_schema(capsys: pytest.CaptureFixture[str]) -> None:
    nets = f"{TRUTH}/xor.json {INT_2} {INT_2} {TRUTH}/rand_3-60-1.json missing.onnx"
    assert run([*f"count {nets} --max-regions 100".split(), "--json"]) == 3
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for document in documents:
        closed_schema().validate(document)
    assert [document.get("complete") for document in documents] == [True, True, True, False, None]
    accepts = open_schema().is_valid
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
        (f"regions {INT_2} --stream", "a.npz"),
    ],
)
def test_files_match_the_output_schema(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command.split(), "-o", str(tmp_path / name), "--quiet", "--json"]) == 0
    closed_schema().validate(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(("code", "kind", "command"), REFUSALS, ids=[command for _, _, command in REFUSALS])
def test_errors_match_the_output_schema(code: int, kind: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    closed_schema().validate(document)
    assert document["error"]["kind"] == kind


def test_a_network_without_hidden_layer_matches_the_output_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "affine.json"
    relureg.save(relureg.Network.from_layers([[[1, 2]]], [[0]]), path)
    for command in ("inspect", "count", "count --linear", "graph", "regions --vertices", "bounds"):
        assert run([*command.split(), str(path), "--json"]) == 0
        closed_schema().validate(json.loads(capsys.readouterr().out))


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
        closed_schema().validate(document)


def test_the_output_schema_refuses_what_scripts_could_not_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["count", INT_2, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    accepts = open_schema().is_valid
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
