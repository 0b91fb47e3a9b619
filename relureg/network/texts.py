"""Texts in files: UTF-8, JSON, and numbers as people write them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from relureg.errors import DataError, MalformedNetworkError
from relureg.network.domain import Number
from relureg.network.files import read_bytes
from relureg.network.rational import as_double


def plural(count: int, noun: str) -> str:
    """A count and its noun."""
    ending = "" if count == 1 else "es" if noun.endswith("ch") else "s"
    return f"{count:,} {noun}{ending}"


def parse_number(text: str) -> Number:
    """A double, an infinity, or a rational p/q; raises `ValueError`."""
    if "/" not in text:
        value = float(text)
        if value != value or (abs(value) == float("inf") and "inf" not in text.lower()):
            raise ValueError(text)  # 1e999 is finite, but no double
        return value
    try:
        rational = Fraction(text.strip())
    except ZeroDivisionError as error:
        raise ValueError(text) from error
    double = as_double(rational)
    return rational if double is None else double


def parse_entry(entry: Any, place: str, *, finite: bool = True) -> Number:
    """A number of a text file or a JSON document; raises `DataError`, which tells the place."""
    try:
        if isinstance(entry, bool) or not isinstance(entry, (int, float, str)):
            raise ValueError
        value = parse_number(entry) if isinstance(entry, str) else entry
        if value != value or (finite and abs(value) == float("inf")):
            raise ValueError
    except ValueError as error:
        raise DataError(f"{place}: {entry!r} is not a {'finite ' * finite}number (write 1.5, 1/3)") from error
    return value


def read_json(path: Path) -> Any:
    """A JSON document of any kind."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise DataError("not JSON of numbers: lists are nested too deeply") from error


def read_text(path: Path) -> str:
    """A file of text in UTF-8."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("is no text in UTF-8") from error
    except MalformedNetworkError as error:
        # What is wrong with the file is the same; that a network was expected is not.
        message = error.message.replace("; a network was expected", "").replace("a network file", "a file")
        raise DataError(message) from error
