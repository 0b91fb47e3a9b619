"""Points, bounds and domains in files: .npy, .csv, .json and .vnnlib."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from relureg.errors import DataFileError, DomainError, MalformedNetworkError
from relureg.network import vnnlib
from relureg.network.domain import Domain, Number
from relureg.network.files import read_bytes
from relureg.network.rational import as_double

Rows = list[list[Number]]


def read_points(path: Path, dim: int) -> Rows:
    """Points of R^dim, a row each.

    ``.npy`` holds an array of shape (points, ...), each point flattened; ``.csv`` a line a point, ``.json`` a list of
    lists. Numbers are doubles; in the two texts ``p/q`` is exact.

    Raises
    ------
    DataFileError
        The file cannot be read, or does not hold finite points of that many coordinates.
    """
    try:
        rows = _read_rows(path)
        if not rows:
            raise DataFileError("holds no point")
        for number, row in enumerate(rows):
            if len(row) != dim:
                raise DataFileError(f"row {number} has {len(row)} numbers, but the network has {dim} inputs")
    except DataFileError as error:
        raise error.within(str(path)) from error
    return rows


def read_domain(path: Path, dim: int) -> Domain:
    """A domain of R^dim from a file.

    * ``.vnnlib``: the input constraints of a property.
    * ``.json``: ``{"C": [[...], ...], "c": [...]}`` for C x <= c, or ``{"lower": [...], "upper": [...]}``.
    * ``.csv`` and ``.npy``: a row for each input, its lower and its upper bound; infinities are no bounds.

    Raises
    ------
    DataFileError
        The file cannot be read or is of another form.
    DomainError
        What it states is no domain, or one of another space.
    """
    try:
        domain = _read_domain(path, dim)
        if domain.dim != dim:
            raise DomainError(f"the domain has {domain.dim} coordinates and the network {dim} inputs")
    except (DataFileError, DomainError) as error:
        raise error.within(str(path)) from error
    return domain


def write_domain(domain: Domain) -> bytes:
    """A domain as JSON that `read_domain` reads again, exactly; equations as two opposite inequalities."""
    rows = domain.rows.fractions()
    equations = [] if domain.equations is None else domain.equations.fractions()
    rows += [*equations, *([-x for x in row] for row in equations)]
    document = {"C": [[str(-x) for x in row[1:]] for row in rows], "c": [str(row[0]) for row in rows]}
    return json.dumps(document).encode() + b"\n"


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


def _read_domain(path: Path, dim: int) -> Domain:
    suffix = path.suffix.lower()
    if suffix == ".vnnlib":
        return vnnlib.read(_text(path), dim, path.name)
    if suffix != ".json":
        rows = _read_rows(path, finite=False)
        if any(len(row) != 2 for row in rows) or len(rows) != dim:
            raise DataFileError(f"needs {dim} rows, a lower and an upper bound for each input")
        return Domain.box([row[0] for row in rows], [row[1] for row in rows])
    document = _json(path)
    keys = set(document) if isinstance(document, dict) else set()
    if keys == {"C", "c"}:
        matrix, bounds = document["C"], document["c"]
        if not isinstance(matrix, list) or not isinstance(bounds, list):
            raise DataFileError('needs lists: {"C": [[...], ...], "c": [...]}')
        return Domain.polytope([_numbers(row, "C") for row in matrix], _numbers(bounds, "c"))
    if keys == {"lower", "upper"}:
        low, high = (_numbers(document[key], key, finite=False) for key in ("lower", "upper"))
        return Domain.box(low, high)
    raise DataFileError('needs {"C": [[...], ...], "c": [...]} for C x <= c, or {"lower": [...], "upper": [...]}')


def _read_rows(path: Path, *, finite: bool = True) -> Rows:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return _npy_rows(_bytes(path), finite=finite)
    if suffix == ".json":
        document = _json(path)
        if not isinstance(document, list):
            raise DataFileError("needs a list of rows: [[...], ...]")
        return [_numbers(row, f"row {number}", finite=finite) for number, row in enumerate(document)]
    if suffix in (".csv", ".txt"):
        lines = [line for line in _text(path).splitlines() if line.strip()]
        return [
            _numbers(line.split(","), f"line {number}", finite=finite) for number, line in enumerate(lines, start=1)
        ]
    raise DataFileError("the suffix is none of .npy, .csv, .json")


def _npy_rows(data: bytes, *, finite: bool) -> Rows:
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
        values = np.asarray(array, dtype=np.float64)
    except (ValueError, TypeError, EOFError, OSError) as error:
        raise DataFileError(f"is no array of numbers: {error}") from error
    if values.ndim < 2:
        raise DataFileError(f"holds an array of shape {values.shape}; rows are needed")
    if np.isnan(values).any() or (finite and not np.isfinite(values).all()):
        raise DataFileError("holds NaN or infinite numbers")
    return [list(row) for row in values.reshape(len(values), -1).tolist()]


def _numbers(row: Any, place: str, *, finite: bool = True) -> list[Number]:
    if not isinstance(row, list):
        raise DataFileError(f"{place}: a list of numbers is needed")
    numbers: list[Number] = []
    for entry in row:
        try:
            if isinstance(entry, bool) or not isinstance(entry, (int, float, str)):
                raise ValueError
            value = parse_number(entry) if isinstance(entry, str) else entry
            if value != value or (finite and abs(value) == float("inf")):
                raise ValueError
        except ValueError as error:
            raise DataFileError(f"{place}: {entry!r} is not a number (write 1.5, 1/3)") from error
        numbers.append(value)
    return numbers


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataFileError(f"is no JSON: {error}") from error


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFileError("is no text in UTF-8") from error


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except MalformedNetworkError as error:
        # What is wrong with the file is the same; that a network was expected is not.
        message = error.message.replace("; a network was expected", "").replace("a network file", "a file")
        raise DataFileError(message) from error
