"""Reference networks as `Network` objects."""

import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from relureg import Complex, Network, enumerate_regions
from relureg.families.constructions import network_of_layers

VALUES = json.loads(Path("fixtures/reference/values.json").read_text())


def network_of(entry: dict[str, Any]) -> Network:
    """The hidden layers of an entry; numbers may be written as fractions. The output map has no part in the complex."""
    layers = [
        ([[Fraction(w) for w in row] for row in layer["W"]], [Fraction(b) for b in layer["b"]])
        for layer in entry["net"]["hidden"]
    ]
    return network_of_layers(layers, name=entry.get("name", "reference"))


def complex_of(entry: dict[str, Any], engine: str) -> Complex:
    """The complex of an entry, found once for the tests of figures and of faces."""
    return _complex(network_of(entry), engine)


@cache
def _complex(network: Network, engine: str) -> Complex:
    return enumerate_regions(network, engine=engine)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lcg_entry" in metafunc.fixturenames:
        entries = VALUES["lcg"]
        labels = [f"{e['widths']}s{e['seed']}{'' if e['bias'] else 'nobias'}".replace(" ", "") for e in entries]
        metafunc.parametrize("lcg_entry", entries, ids=labels)
    if "definition_entry" in metafunc.fixturenames:
        entries = VALUES["definitions"]
        metafunc.parametrize("definition_entry", list(entries.values()), ids=[name.split()[0] for name in entries])


@pytest.fixture
def values() -> dict[str, Any]:
    return VALUES
