"""Texts in files: UTF-8, JSON, and numbers as people write them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from relureg.errors import DataError, MalformedNetworkError
from relureg.exact.numbers import Number, as_double
from relureg.files import read_bytes
from relureg.words import short


def parse_double(text: str) -> float:
    """The double that a decimal parses to, as every program reads it; raises `ValueError`."""
    if "_" in text or not text.isascii():
        raise ValueError(text)  # 1_000 and digits of other scripts are numbers to Python alone
    return float(text)


def parse_number(text: str) -> Number:
    """A double, an infinity, or a rational p/q; raises `ValueError`."""
    if "/" not in text:
        value = parse_double(text)
        if value != value or (abs(value) == float("inf") and "inf" not in text.lower()):
            raise ValueError(text)  # 1e999 is finite, but no double
        return value
    if "_" in text or not text.isascii():
        raise ValueError(text)
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
        shown = short(entry) if isinstance(entry, str) else short(str(entry))[1:-1]
        raise DataError(f"{place}: {shown} is not a {'finite ' * finite}number (write 1.5, 1/3)") from error
    return value


def read_json(path: Path) -> Any:
    """A JSON document of any kind."""
    try:
        return json.loads(read_text(path), parse_int=_integer, parse_float=_double)
    except json.JSONDecodeError as error:
        raise DataError(f"is no JSON: {error.msg}", where=f"line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise DataError("lists or objects are nested too deeply") from error


def read_text(path: Path) -> str:
    """A file of text in UTF-8."""
    try:
        return read_data(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("is no text in UTF-8") from error


def read_data(path: Path) -> bytes:
    """A file's content, unpacked where gzip has packed it, as `read_bytes` does."""
    try:
        return read_bytes(path, is_network=False)
    except MalformedNetworkError as error:
        raise DataError(error.message) from error


def unpacked_suffix(path: Path) -> str:
    """The suffix in small letters, without that of gzip: ``.csv`` for ``points.CSV.gz``."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _integer(text: str) -> int | str:
    # 400 digits exceed every double. A text that is no number is refused where a number is needed.
    return int(text) if len(text) <= 400 else text


def _double(text: str) -> float | str:
    value = float(text)
    return text if abs(value) == float("inf") else value
