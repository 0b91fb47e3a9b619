"""docs/network.schema.json and the reader accept the same networks, but for what no schema can say."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relureg.errors import NetworkError
from relureg.network import json_format
from tests.schemas import open_schema

ROOT = Path(__file__).parents[2]


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


NETWORK = open_schema("network.schema.json")


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


@pytest.mark.parametrize("path", sorted((ROOT / "fixtures" / "truth").glob("*.json")), ids=lambda path: path.name)
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
