"""What is wrong in a JSON network is named by its layer and place, in a message that stays short."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from relureg.errors import MalformedNetworkError, NetworkError
from relureg.network import json_format
from tests.readers.json_documents import XOR, layer, layers, read, with_entry

ENTRY_ERRORS = {
    "NaN": "layer 1: weight row 2, entry 1 is NaN; a finite number was expected",
    "Infinity": "layer 1: weight row 2, entry 1 is infinite as a double",
    "-Infinity": "layer 1: weight row 2, entry 1 is infinite as a double",
    "1e999": "layer 1: weight row 2, entry 1 is infinite as a double",
    "1" + "0" * 308 + "0": "layer 1: weight row 2, entry 1 is infinite as a double",
    "true": "layer 1: weight row 2, entry 1 is true; a number or a string",
    "null": "layer 1: weight row 2, entry 1 is null; a number or a string",
    "[5]": "layer 1: weight row 2, entry 1 is [5]; a number or a string",
    '"1/0"': 'layer 1: weight row 2, entry 1 is "1/0": the denominator is zero',
    '"1/-2"': 'layer 1: weight row 2, entry 1 is "1/-2"; a rational is written "p/q" or "p"',
    '"0.5"': 'layer 1: weight row 2, entry 1 is "0.5"; a rational is written "p/q" or "p"',
    '""': 'layer 1: weight row 2, entry 1 is ""; a rational is written',
    '"١"': "layer 1: weight row 2, entry 1 is ",
    '"1/' + "3" * 4001 + '"': "layer 1: weight row 2, entry 1 has more than 4,000 digits above or below",
}


@pytest.mark.parametrize("literal", ENTRY_ERRORS, ids=lambda text: text[:12])
def test_a_wrong_number_is_named_by_layer_row_and_entry(literal: str) -> None:
    with pytest.raises(MalformedNetworkError, match=re.escape(ENTRY_ERRORS[literal])) as caught:
        read(with_entry(literal))
    assert caught.value.exit_code == 3
    assert len(str(caught.value)) < 200


def test_a_number_of_five_million_digits_is_refused_at_once() -> None:
    with pytest.raises(MalformedNetworkError, match="layer 1: weight row 2, entry 1 is infinite as a double"):
        read(with_entry("7" * 5_000_000))
    with pytest.raises(MalformedNetworkError, match="entry 1 is a string of 5,000,000 characters; a rational may have"):
        read(with_entry('"' + "7" * 5_000_000 + '"'))
    # Digits that change nothing are a number like any other.
    net = read(with_entry("0." + "3" * 5_000_000))
    assert net.stages[0].pre_activation.terms[0].floats[1, 0] == 1 / 3


WRONG_LAYERS: dict[str, tuple[Any, str]] = {
    "ragged rows": (layers(layer([[1, 2], [3]], [0, 0])), "layer 1: weight row 2 has 1 entries, row 1 has 2"),
    "columns": (
        layers(layer([[1, 2]], [0]), layer([[1, 2]], [0])),
        "layer 2: weight has 2 columns, but layer 1 gives 1 values",
    ),
    "bias": (layers(layer([[1, 2]], [0, 0])), "layer 1: bias has 2 entries for 1 units"),
    "skip source": (
        layers(layer([[1]], [0], skips=[{"from": 1, "weight": [[1]]}])),
        'layer 1: skip 1: "from" is 1; a layer before this one',
    ),
    "skip columns": (
        layers(layer([[1]], [0]), layer([[1]], [0], skips=[{"from": 0, "weight": [[1, 2]]}])),
        "layer 2: skip 1 weight has 2 columns, but the network has 1 input",
    ),
    "skip rows": (
        layers(layer([[1]], [0]), layer([[1]], [0], skips=[{"from": 0, "weight": [[1], [2]]}])),
        "layer 2: skip 1: weight has 2 rows for 1 units",
    ),
    "skip key": (
        layers(layer([[1]], [0], skips=[{"from": 0, "weight": [[1]], "to": 2}])),
        'layer 1: skip 1: unknown key "to"',
    ),
    "skip is no list": (layers(layer([[1]], [0], skips={})), 'layer 1: "skips" must be a list'),
    "skip from a bool": (
        layers(layer([[1]], [0], skips=[{"from": False, "weight": [[1]]}])),
        'layer 1: skip 1: "from" is false',
    ),
    "zero units": (layers(layer([], [])), "layer 1: weight has no rows: a layer needs at least one unit"),
    "zero inputs": (layers(layer([[]], [0])), "layer 1: weight has no columns: the network has no input"),
    "no layer": (layers(), '"layers" must be a list with at least one layer'),
    "layers is no list": ({**XOR, "layers": {}}, '"layers" must be a list with at least one layer'),
    "layer is no object": (layers([1]), "layer 1: an object was expected, not [1]"),
    "weight is no matrix": (layers(layer([1, 2], [0])), "layer 1: weight must be a list of rows"),
    "bias is no list": (layers(layer([[1]], 0)), "layer 1: bias must be a list of numbers"),
    "bias entry": (layers(layer([[1]], [True])), "layer 1: bias entry 1 is true"),
    "layer key": (layers(layer([[1]], [0], stride=2)), 'layer 1: unknown key "stride"; known are activation, bias'),
    "missing key": (layers({"weight": [[1]], "activation": "relu"}), 'layer 1: the key "bias" is missing'),
    "activation": (layers(layer([[1]], [0], "tanh")), 'layer 1: unknown activation "tanh"; "relu" and "linear"'),
    "activation list": (layers(layer([[1]], [0], ["relu"])), 'layer 1: unknown activation ["relu"]'),  # type: ignore[arg-type]
    "top key": ({**XOR, "comment": 1}, 'unknown key "comment"; known are format'),
    "format": ({**XOR, "format": "onnx"}, '"format" is "onnx", not "relureg-network"'),
    "no format": ({"version": 1, "layers": []}, 'the key "format" is missing'),
    "version": ({**XOR, "version": 2}, "format version 2 is not known; this relureg reads version 1"),
    "bool version": ({**XOR, "version": True}, "format version true is not known"),
    "name": ({**XOR, "name": 5}, '"name" is 5, not a string'),
    "box": ({**XOR, "input_box": [[0], [1]]}, '"input_box" must hold 2 lower and upper bounds, one an input'),
    "box is no pair": ({**XOR, "input_box": [0, 1, 2]}, '"input_box" must be two lists'),
    "box entry": ({**XOR, "input_box": [[0, "x"], [1, 1]]}, 'input_box lower bounds entry 2 is "x"'),
    "array": ([1, 2], "an object was expected, not [1, 2]"),
    "long array": ([1] * 100, "..."),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_LAYERS)
def test_a_wrong_document_is_named_by_its_place(name: str) -> None:
    document, message = WRONG_LAYERS[name]
    with pytest.raises(NetworkError, match=re.escape(message)) as caught:
        read(document)
    assert caught.value.exit_code == 3
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("name", "kind"), [("activation", "unsupported"), ("version", "unsupported"), ("ragged rows", "malformed")]
)
def test_what_another_version_may_hold_is_unsupported_and_the_rest_malformed(name: str, kind: str) -> None:
    with pytest.raises(NetworkError) as caught:
        read(WRONG_LAYERS[name][0])
    assert caught.value.kind == kind


def test_duplicate_keys_are_refused_where_they_stand() -> None:
    text = json.dumps(XOR).replace('"bias": [-1]', '"bias": [-1], "bias": [7]')
    with pytest.raises(MalformedNetworkError, match='the key "bias" stands twice in one object; keep one'):
        read(text)
    with pytest.raises(MalformedNetworkError, match='the key "version" stands twice'):
        read(json.dumps(XOR).replace('"version": 1', '"version": 2, "version": 1'))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"format": ', "line 1, column 12: not JSON: Expecting value"),
        (b'{"a": 1,\n "b" 2}', r"line 2, column 6: not JSON: Expecting ':' delimiter"),
        (b'{"format": "relureg-network"} x', "not JSON: Extra data"),
        (b"\xff\xfe{}", r"not UTF-8 text \(byte 0\)"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[]", r"an object was expected, not \[\]"),
        (b"NaN", "an object was expected, not nan"),
    ],
)
def test_what_is_no_json_object_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MalformedNetworkError, match=message):
        json_format.read(data, name="given")


def test_nesting_at_the_edge_of_what_the_parser_takes_is_refused() -> None:
    # A value that the parser just takes may still be too deep to be shown in a message.
    messages = set()
    for depth in range(700, 1100):
        with pytest.raises(MalformedNetworkError) as caught:
            read(with_entry("[" * depth + "]" * depth))
        messages.add(caught.value.message)
    assert "not a network: objects are nested too deeply" in messages
    assert any(message.startswith("weight row 2, entry 1 is [[[") for message in messages)
