"""Networks of the tropical tests: those with known forms, and random ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from relureg import Network
from relureg.exact.rational import RationalMatrix

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = json.loads((ROOT / "fixtures/reference/tropical.json").read_text())
VALUES = json.loads((ROOT / "fixtures/reference/values.json").read_text())

Draw = Callable[[random.Random], Fraction]


def exact(weights: Sequence[Any], biases: Sequence[Any]) -> Network:
    """A perceptron from rows of exact numbers."""
    return Network.from_layers(
        [RationalMatrix.from_fractions([[Fraction(w) for w in row] for row in rows], len(rows[0])) for rows in weights],
        [RationalMatrix.from_fractions([[Fraction(b)] for b in column], 1) for column in biases],
    )


def reference_network(entry: dict[str, Any]) -> Network:
    """The network that an entry of the reference file names."""
    if "moment_curve" in entry:
        n, d = entry["moment_curve"]
        return exact([[[t**k for k in range(1, d + 1)] for t in range(1, n + 1)], [[1] * n]], [[1] * n, [0]])
    if "grid" in entry:
        planes = [(axis, k) for axis, count in enumerate(entry["grid"]) for k in range(1, count + 1)]
        rows = [[int(axis == column) for column in range(entry["d"])] for axis, _ in planes]
        return exact([rows, [[1] * len(rows)]], [[-k for _, k in planes], [0]])
    if "definition" in entry:
        net = VALUES["definitions"][entry["definition"]]["net"]
    else:
        wanted = entry["lcg"]
        (net,) = (
            one["net"] for one in VALUES["lcg"]
            if (one["widths"], one["seed"], one["bias"]) == (wanted["widths"], wanted["seed"], True)
        )  # fmt: skip
    layers = [*net["hidden"], net["out"]]
    return exact([layer["W"] for layer in layers], [layer["b"] for layer in layers])


def integer(draw: random.Random) -> Fraction:
    return Fraction(draw.randint(-4, 4))


def rational(draw: random.Random) -> Fraction:
    return Fraction(draw.randint(-9, 9), draw.randint(1, 7))


def random_network(widths: Sequence[int], seed: int, law: Draw) -> Network:
    """A perceptron of `widths`, inputs first and outputs last."""
    draw = random.Random(f"{list(widths)} {seed} {law.__name__}")
    weights = [[[law(draw) for _ in range(columns)] for _ in range(rows)] for columns, rows in pairwise(widths)]
    biases = [[law(draw) for _ in range(rows)] for rows in widths[1:]]
    return exact(weights, biases)
