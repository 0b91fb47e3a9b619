"""Reference networks as `Network` objects."""

import json
from pathlib import Path
from typing import Any

import pytest

from relureg import Network

VALUES = json.loads(Path("fixtures/reference/values.json").read_text())


def network_of(entry: dict[str, Any]) -> Network:
    layers = [*entry["net"]["hidden"], entry["net"]["out"]]
    return Network.from_layers([layer["W"] for layer in layers], [layer["b"] for layer in layers])


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
