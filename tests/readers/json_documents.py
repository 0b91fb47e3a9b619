"""JSON networks as Python objects, to be read or to be broken."""

from __future__ import annotations

import json
from typing import Any

from relureg import Network
from relureg.network import json_format

XOR: dict[str, Any] = {
    "format": "relureg-network",
    "version": 1,
    "name": "xor",
    "layers": [
        {"weight": [[1, 1], [1, 1]], "bias": [1, 0], "activation": "relu"},
        {"weight": [[2, -4]], "bias": [-1], "activation": "linear"},
    ],
}


def read(document: Any) -> Network:
    text = document if isinstance(document, str) else json.dumps(document)
    return json_format.read(text.encode(), name="given")


def layer(weight: Any, bias: Any, activation: str = "relu", **more: Any) -> dict[str, Any]:
    return {"weight": weight, "bias": bias, "activation": activation, **more}


def layers(*given: Any, **more: Any) -> dict[str, Any]:
    return {"format": "relureg-network", "version": 1, "layers": list(given), **more}


def with_entry(literal: str) -> str:
    """A network text with `literal` as the first weight of its second row."""
    return (
        '{"format": "relureg-network", "version": 1, "layers": ['
        f'{{"weight": [[1, 2], [{literal}, 4]], "bias": [0, 0], "activation": "relu"}}]}}'
    )
