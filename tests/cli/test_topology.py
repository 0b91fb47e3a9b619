"""relureg topology: answers, wrong usage, exit codes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from relureg.cli.main import run

XOR = "fixtures/truth/xor.json"
CLASSES = "fixtures/nets/marabou_fc_2_2_3.onnx"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["topology", *arguments, "--json", "--quiet"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_level(capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, XOR, "--level", "1/2", "--infinity", "compactified")
    assert (document["output"], document["level"]["num"], document["level"]["den"]) == (0, 1, 2)
    assert (document["class"], document["infinity"]) == (None, "compactified")
    assert document["network"]["widths"] == [2]  # as it was read, without the unit that cuts it
    parts = {part["name"]: part for part in document["parts"]}
    assert parts["boundary"]["betti"] == parts["boundary"]["betti_rational"] == [1, 2, 0]
    assert parts["boundary"]["euler"] == -1
    assert parts["strictly above"]["relation"] == "y0 > 1/2"
    assert [part["name"] for part in document["parts"] if part["open"]] == ["strictly above", "strictly below"]
    assert all(document["checks"][name] for name in ("characteristic", "space", "alexander"))


def test_classes(capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, CLASSES, "--box", "-1", "1")
    assert (document["output"], document["level"], document["class"]) == (None, None, None)
    assert [part["name"] for part in document["parts"]][:3] == ["boundary", "class 0", "class 0 alone"]
    one = answer(capsys, CLASSES, "--box", "-1", "1", "--class", "1")
    assert one["class"] == 1
    assert one["parts"][1]["betti"] == document["parts"][3]["betti"]
    alone = answer(capsys, CLASSES, "--output", "2", "--level", "-3")
    assert (alone["output"], alone["level"]["num"]) == (2, -3)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((XOR, "--class", "0"), 2, "has no classes"),
        ((XOR, "--output", "1"), 2, "there is no output 1"),
        ((XOR, "--level", "half"), 2, "--level: 'half' is not a finite number"),
        ((XOR, "--level", "1,2"), 2, "--level: '1,2' is not a finite number"),
        ((XOR, "--level", "nan"), 2, "--level: 'nan' is not a finite number"),
        ((XOR, "--infinity", "closd"), 2, "did you mean 'closed'"),
        ((CLASSES, "--level", "1"), 2, "say which of the 3 (--output)"),
        (("fixtures/truth/int_3-6-6-1.json", "--max-regions", "20"), 4, "the limit of 20 regions"),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["topology", *arguments, "--quiet"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1
