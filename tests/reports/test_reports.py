"""Reports are what the output schema says: field by field, and None where null is allowed."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from relureg import reports
from relureg.reports.count import CountReport
from relureg.reports.count_rows import CountRow
from relureg.reports.report import ExactNumber, Report, json_text, key_of
from tests.schemas import schema

SCHEMA = schema("output.schema.json")

NAMES = {
    int: {"integer", "number", "int"},
    float: {"number"},
    str: {"string", "str"},
    bool: {"boolean"},
}

WITH_MORE: dict[Any, type[Report]] = {CountReport: CountRow}
"""Reports with a subclass whose other fields are not in every document of the command."""


OTHERS = {"CatalogueReport": "catalogue", "DerivativeReport": "range_of_gradient"}
"""Reports of a command that has another one as well, and the names of their definitions."""


def all_reports() -> dict[str, type[Report]]:
    """Every report, by the name of its definition in the schema."""
    for module in pkgutil.iter_modules(reports.__path__):
        importlib.import_module(f"relureg.reports.{module.name}")
    found = {}
    for report in Report.__subclasses__():
        command = next(field.default for field in dataclasses.fields(report) if field.name == "command")
        found[OTHERS.get(report.__name__, str(command).replace(" ", "_"))] = report
    return {name.replace("-", "_"): report for name, report in found.items()}


REPORTS = all_reports()


def resolved(node: Any, kind: Any) -> Any:
    """Where a reference, or the first part of an `allOf`, leads; of alternatives that which fits the type."""
    while True:
        if "$ref" in node:
            node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
        elif "allOf" in node:
            node = node["allOf"][0]
        elif "oneOf" in node:
            others = [part for part in node["oneOf"] if part != {"type": "null"}]
            node = others[-1 if dataclasses.is_dataclass(kind) else 0]
        else:
            return node


def allows_null(node: Any) -> bool:
    return Draft202012Validator({"$defs": SCHEMA["$defs"], "oneOf": [node]}).is_valid(None)


def differences(kind: Any, node: Any, place: str) -> Iterator[str]:
    """Where a type of a field and a node of the schema say different things."""
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if (type(None) in options or kind is None) != allows_null(node):
        yield f"{place}: {kind} against {node}"
    for option in options:
        yield from _inside(option, resolved(node, option), place)


def _inside(kind: Any, node: Any, place: str) -> Iterator[str]:
    if dataclasses.is_dataclass(kind):
        widest = WITH_MORE.get(kind, kind)
        hints = typing.get_type_hints(widest)
        fields = {key_of(f.name): hints[f.name] for f in dataclasses.fields(widest)}
        yield from _fields(fields, set(fields) - {key_of(f.name) for f in dataclasses.fields(kind)}, node, place)
    elif typing.is_typeddict(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        optional = {name for name, hint in hints.items() if typing.get_origin(hint) is typing.NotRequired}
        yield from _fields(typing.get_type_hints(kind), optional, node, place)
    elif typing.get_origin(kind) in (tuple, list):
        assert node["type"] in ("array", ["array", "null"]), place
        first, *more = typing.get_args(kind)
        length = len((first, *more)) if more != [...] and typing.get_origin(kind) is tuple else None
        if length is not None and (node.get("minItems"), node.get("maxItems")) != (length, length):
            yield f"{place}: {kind} against {node}"
        yield from differences(first, node["items"], f"{place}[]")
    elif typing.get_origin(kind) is Mapping:
        assert node["type"] in ("object", ["object", "null"]), place
    elif kind in NAMES:
        names = node.get("type") or {type(one).__name__ for one in node.get("enum", [node.get("const")])}
        if not NAMES[kind] & set([names] if isinstance(names, str) else names):
            yield f"{place}: {kind} against {node}"


def _fields(fields: Mapping[str, Any], optional: set[str], node: Any, place: str) -> Iterator[str]:
    if set(fields) != set(node["properties"]):
        yield f"{place}: only in one of both: {set(fields) ^ set(node['properties'])}"
        return
    if set(fields) - optional != set(node["required"]):
        yield f"{place}: required: {(set(fields) - optional) ^ set(node['required'])}"
    for name, kind in fields.items():
        yield from differences(kind, node["properties"][name], f"{place}.{name}")


def test_every_report_has_a_definition_and_every_answer_a_report() -> None:
    answers = {part["$ref"].rpartition("/")[2] for part in SCHEMA["oneOf"]}
    assert set(REPORTS) == answers - {"error"}


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_fields_are_those_of_the_schema(name: str) -> None:
    assert list(_inside(REPORTS[name], SCHEMA["$defs"][name], name)) == []


def test_a_field_that_drifts_is_found() -> None:
    drifted = dataclasses.make_dataclass("Drifted", [("num", int), ("den", int), ("float_", "float | None")])
    drifted.__module__ = __name__
    assert list(_inside(drifted, SCHEMA["$defs"]["rational"], "it"))
    for fields in ([("num", int)], [("num", int), ("den", int), ("float_", float), ("more", int)]):
        assert list(_inside(dataclasses.make_dataclass("Drifted", fields), SCHEMA["$defs"]["rational"], "it"))
    assert list(_inside(ExactNumber, SCHEMA["$defs"]["rational"], "it")) == []


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_nobody_can_change_a_report(name: str) -> None:
    parameters = REPORTS[name].__dataclass_params__  # type: ignore[attr-defined]
    assert (parameters.frozen, "__slots__" in vars(REPORTS[name])) == (True, True)


def test_a_name_of_python_loses_its_underscore_in_json() -> None:
    assert json_text(ExactNumber(num=1, den=2, float_=0.5), indent=None) == '{"num": 1, "den": 2, "float": 0.5}'
