"""A problem as exact JSON: what a journal holds, a worker is sent and a saved complex tells.

relureg JSON (`json_format`) holds the numbers of a network, as people write them. Beside it stand its particulars,
which make no difference between networks, but reports tell them: names and kinds of stages, notices, tensors and the
slice. `Network.spanning_stages` is left out: it is a promise about the numbers, which a file cannot keep. Numbers of
domains, slices and points are fractions in hexadecimal.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from relureg.exact.rational import RationalMatrix
from relureg.network import json_format
from relureg.network.domain import Domain
from relureg.network.model import Network, Port, StageKind
from relureg.network.problem import Problem
from relureg.network.slices import Slice


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem, exactly; equal ones give equal documents."""
    network, domain = problem.network, problem.domain
    return {
        "network": json.loads(json_format.write(network)),
        "network_sha256": network.sha256,
        "particulars": particulars(network),
        "domain": None if domain is None else domain_document(domain),
    }


def read_problem(document: dict[str, Any]) -> Problem:
    """The problem of a document; raises `ReluregError`, KeyError, TypeError or ValueError where it is none."""
    network = json_format.read(json.dumps(document["network"]).encode(), name="network")
    if network.sha256 != document["network_sha256"]:
        raise ValueError("the network is not the one whose hash is given")
    domain = document["domain"]
    return Problem(
        network=with_particulars(network, document["particulars"]),
        domain=None if domain is None else read_domain(domain, network.input_dim),
    )


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
        return network.replace(
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
        "directions": _texts(flat.directions.T),
    }


def read_slice(document: Any, dim: int) -> Slice:
    """The slice of a network with `dim` inputs; raises ValueError where the document describes none."""
    if not isinstance(document, dict):
        raise ValueError("a slice with a missing or wrong entry")
    base, directions, label = (document.get(key) for key in ("base", "directions", "label"))
    if not (isinstance(base, list) and isinstance(directions, list) and isinstance(label, str)):
        raise ValueError("a slice with a missing or wrong entry")
    rows = _matrix(directions, len(base))
    if len(directions) != dim or rows.rank() < len(directions):
        raise ValueError(f"a slice whose directions do not span {dim} dimensions")
    column = RationalMatrix.from_fractions([[x] for x in read_fractions(base, len(base))], 1)
    return Slice(base=column, directions=rows.T, label=label)


def domain_document(domain: Domain) -> dict[str, Any]:
    """A domain, exactly."""
    document = {"label": domain.label, "constants": _texts(domain.constants), "normals": _texts(domain.normals)}
    return document if domain.equations is None else document | {"equations": _texts(domain.equations)}


def read_domain(document: Any, dim: int) -> Domain:
    """The domain of `dim` inputs; raises ValueError where the document describes none."""
    if not isinstance(document, dict):
        raise ValueError("a domain with a missing or wrong entry")
    label, constants, normals = (document.get(key) for key in ("label", "constants", "normals"))
    equations = document.get("equations", [])
    if not (isinstance(constants, list) and isinstance(normals, list) and isinstance(equations, list)):
        raise ValueError("a domain with a missing or wrong entry")
    if not isinstance(label, str):
        raise ValueError("a domain with a missing or wrong entry")
    if len(constants) != len(normals):
        raise ValueError(f"a domain of {len(normals)} rows with {len(constants)} constants")
    return Domain(
        constants=_matrix(constants, 1),
        normals=_matrix(normals, dim),
        label=label,
        equations=_matrix(equations, 1 + dim) if equations else None,
    )


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


def _texts(matrix: RationalMatrix) -> list[list[str]]:
    return [fraction_texts(row) for row in matrix.fractions()]


def _matrix(rows: list[Any], columns: int) -> RationalMatrix:
    return RationalMatrix.from_fractions([read_fractions(row, columns) for row in rows], columns)


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
