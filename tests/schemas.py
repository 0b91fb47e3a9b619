"""The published schemas of `docs`, as they stand, and closed: then a key that they do not list is an error, too."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DOCS = Path(__file__).resolve().parents[1] / "docs"


@cache
def schema(name: str) -> Any:
    """The document itself, which is a schema; not to be changed."""
    document = json.loads((DOCS / name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return document


@cache
def open_schema(name: str = "output.schema.json") -> Draft202012Validator:
    """What programs of today may rely on: keys that come later are allowed."""
    return Draft202012Validator(schema(name))


@cache
def closed_schema(name: str = "output.schema.json") -> Draft202012Validator:
    """All that is written today: every key is listed."""
    return Draft202012Validator(_closed(schema(name)))


def _closed(document: Any) -> Any:
    if isinstance(document, list):
        return [_closed(entry) for entry in document]
    if not isinstance(document, dict):
        return document
    result = {key: _closed(value) for key, value in document.items()}
    if isinstance(result.get("properties"), dict) and "additionalProperties" not in result:
        result["additionalProperties"] = False
    return result
