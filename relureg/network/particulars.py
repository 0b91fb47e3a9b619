"""What a network knows beside its numbers, as JSON: for files in which relureg JSON holds the numbers.

Names and kinds of stages, notices, tensors and the slice make no difference between networks, and reports tell them.
`Network.spanning_stages` is left out: it is a promise about the numbers, which a file cannot keep.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network, Port, StageKind
from relureg.network.slices import Slice


def particulars(network: Network) -> dict[str, Any]:
    """All fields but the numbers and the input box, which relureg JSON has."""
    return {
        "name": network.name,
        "stages": [[stage.name, stage.kind.value] for stage in network.stages],
        "notices": list(network.notices),
        "inputs": [_port(port) for port in network.inputs],
        "outputs": [_port(port) for port in network.outputs],
        "slice": None if network.slice is None else slice_document(network.slice),
    }


def with_particulars(network: Network, document: Any) -> Network:
    """The network with what `particulars` told of it.

    Raises
    ------
    ValueError
        The document does not describe this network.
    """
    try:
        stages = [
            dataclasses.replace(stage, name=_text(name), kind=StageKind(kind))
            for stage, (name, kind) in zip(network.stages, document["stages"], strict=True)
        ]
        return dataclasses.replace(
            network,
            name=_text(document["name"]),
            stages=tuple(stages),
            notices=tuple(map(_text, document["notices"])),
            inputs=tuple(map(_read_port, document["inputs"])),
            outputs=tuple(map(_read_port, document["outputs"])),
            slice=None if document["slice"] is None else read_slice(document["slice"], network.input_dim),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("particulars of the network with a missing or wrong entry") from error


def slice_document(flat: Slice) -> dict[str, Any]:
    """A slice, exactly."""
    return {
        "label": flat.label,
        "base": fraction_texts(x for (x,) in flat.base.fractions()),
        "directions": [fraction_texts(row) for row in flat.directions.T.fractions()],
    }


def read_slice(document: Any, dim: int) -> Slice:
    """The slice of a network with `dim` inputs; raises ValueError where the document describes none."""
    if not isinstance(document, dict):
        raise ValueError("a slice with a missing or wrong entry")
    base, directions, label = (document.get(key) for key in ("base", "directions", "label"))
    if not (isinstance(base, list) and isinstance(directions, list) and isinstance(label, str)):
        raise ValueError("a slice with a missing or wrong entry")
    rows = RationalMatrix.from_fractions([read_fractions(row, len(base)) for row in directions], len(base))
    if len(directions) != dim or rows.rank() < len(directions):
        raise ValueError(f"a slice whose directions do not span {dim} dimensions")
    column = RationalMatrix.from_fractions([[x] for x in read_fractions(base, len(base))], 1)
    return Slice(base=column, directions=rows.T, label=label)


def fraction_texts(numbers: Iterable[Fraction]) -> list[str]:
    """Fractions in hexadecimal, for which Python knows no limit of digits."""
    return [f"{x.numerator:x}/{x.denominator:x}" for x in numbers]


def read_fractions(texts: Any, length: int) -> tuple[Fraction, ...]:
    """So many fractions; raises ValueError where the texts are others."""
    try:
        if not isinstance(texts, list) or len(texts) != length:
            raise ValueError(f"{length} numbers are needed")
        pairs = [text.split("/") for text in texts]
        return tuple(Fraction(int(numerator, 16), int(denominator, 16)) for numerator, denominator in pairs)
    except (ValueError, AttributeError, ZeroDivisionError) as error:
        raise ValueError(f"a number that is no fraction: {error}") from error


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.shape), "first": port.first}


def _read_port(document: Any) -> Port:
    shape, first = document["shape"], document["first"]
    if not all(isinstance(number, int) and number >= 0 for number in (*shape, first)):
        raise TypeError("a port's shape is made of integers")
    return Port(name=_text(document["name"]), shape=tuple(shape), first=first)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value
