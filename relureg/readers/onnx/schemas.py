"""What the operator sets say of a node: its version, the attributes it may have, and what those left out are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.words import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One version of one operator."""

    version: int
    """The operator set in which the operator took this form."""
    defaults: Mapping[str, Any]
    """Attributes that have a default: floats are float32 numbers, as they are in a file."""
    attributes: Mapping[str, int]
    """Name -> AttributeProto type, of all that it may have."""
    num_inputs: tuple[int, int]
    """The fewest and the most inputs."""


def opsets_of(model: Any) -> dict[str, int]:
    """Domain -> version of its operator set that a model declares.

    Raises
    ------
    UnsupportedNetworkError
        A version that the installed onnx package does not know: nobody can say what its operators mean.
    """
    from onnx import defs

    versions = {_domain(entry.domain): int(entry.version) for entry in model.opset_import}
    if "" not in versions and model.ir_version < 3:
        versions[""] = 1  # files older than operator sets
    known = int(defs.onnx_opset_version())
    if versions.get("", 0) > known:
        raise UnsupportedNetworkError(
            f"operator set {versions['']} is newer than {known}, the newest that the installed onnx package knows; "
            "update onnx, or export with an older operator set"
        )
    return versions


def schema_of(node: Any, opsets: Mapping[str, int]) -> Schema:
    """The form that a node's operator has in the operator set of the model.

    Raises
    ------
    ValueError
        The operator is not in that set, or the node has an attribute, a type of one, or as many inputs, as the
        operator has not.
    MalformedNetworkError
        The model declares no operator set for it.
    """
    domain = _domain(node.domain)
    if domain not in opsets:
        raise MalformedNetworkError(
            f"the model declares no operator set for the domain {domain or 'ai.onnx'!r}, so that its operators "
            "have no meaning"
        )
    schema = _schema(str(node.op_type), domain, opsets[domain])
    if schema is None:
        raise ValueError(f"it is no operator of the model's operator set {opsets[domain]}")
    # Protocol buffers hand out a name that is no text as bytes.
    unknown = sorted(map(str, {attribute.name for attribute in node.attribute} - schema.attributes.keys()))
    if unknown:
        raise ValueError(f"the attribute {unknown[0]!r} is none it has in the model's operator set {opsets[domain]}")
    for attribute in node.attribute:
        if attribute.type != schema.attributes[attribute.name]:
            expected, found = (_type_name(kind) for kind in (schema.attributes[attribute.name], attribute.type))
            raise ValueError(f"the attribute {attribute.name!r} is of type {found}; it takes {expected}")
    fewest, most = schema.num_inputs
    if not fewest <= len(node.input) <= most:
        raise ValueError(
            f"it has {plural(len(node.input), 'input')}; in the model's operator set {opsets[domain]} "
            f"it takes {fewest if fewest == most else f'{fewest} to {most}'}"
        )
    return schema


@lru_cache(maxsize=1024)
def _schema(operator: str, domain: str, opset: int) -> Schema | None:
    from onnx import defs, helper

    try:
        schema = defs.get_schema(operator, opset, domain)
    except defs.SchemaError:
        return None
    return Schema(
        version=schema.since_version,
        defaults={
            name: helper.get_attribute_value(attribute.default_value)
            for name, attribute in schema.attributes.items()
            if attribute.default_value.name
        },
        attributes={name: _number(attribute.type) for name, attribute in schema.attributes.items()},
        num_inputs=(schema.min_input, schema.max_input),
    )


def _type_name(kind: int) -> str:
    from onnx import AttributeProto

    names: dict[int, str] = {number: name for name, number in AttributeProto.AttributeType.items()}
    return names.get(kind, f"number {kind}")


def _number(kind: Any) -> int:
    return int(kind.value)


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
