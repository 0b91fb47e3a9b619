"""Rows of numbers in texts: .csv, with or without names of the columns, and .json."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from relureg.errors import DataError
from relureg.exact.numbers import Number
from relureg.readers.texts import parse_entry, parse_number, read_json

Numbers = NDArray[Any]
"""Doubles or integers; Python objects where an entry is a rational."""

Source = Callable[[], BinaryIO]
"""What opens a file, or what gzip had packed in it, at its beginning."""

_QUOTIENT = re.compile(r"[+-]?[0-9.]+/[0-9.]+")


_NO_NAMES = {"na", "n/a", "null", "none", "nan", "true", "false", "?", "-"}
"""What stands for a missing number or a truth value, and names no column where nothing else does."""


def read_rows(path: Path, *, finite: bool) -> Numbers:
    """The numbers (n, w) of a JSON list of lists; raises `DataError`."""
    document = read_json(path)
    if not isinstance(document, list):
        raise DataError("needs a list of rows: [[...], ...]")
    rows = []
    for number, row in enumerate(document):
        if not isinstance(row, list):
            raise DataError(f"row {number}: a list of numbers is needed")
        rows.append([parse_entry(x, f"row {number}, column {k}", finite=finite) for k, x in enumerate(row)])
        if len(row) != len(rows[0]):
            raise DataError(f"row {number} has {len(row)} numbers, but row 0 has {len(rows[0])}")
    return _as_array(rows)


def read_csv(source: Source, *, finite: bool) -> tuple[Numbers, list[str]]:
    """The numbers (n, w) and the names of the columns, 0, 1, ... where there is no header; raises `DataError`."""
    try:
        first = next(_records(source), (0, []))[1]
        header = first if _is_header(first) else None
        array = _parse_quickly(source, header is not None)
        # Whatever is wrong, or is a rational, the slow parser tells or reads.
        if array is None or array.shape[1] != len(first) or not np.isfinite(array).all():
            array = _parse(source, header, finite)
    except UnicodeDecodeError as error:
        raise DataError("is no text in UTF-8") from error
    except csv.Error as error:
        raise DataError(f"is no table: {error}") from error
    names = header if header is not None else [str(k) for k in range(len(first))]
    return array, names


def _records(source: Source) -> Iterator[tuple[int, list[str]]]:
    """The number of each line that is not blank, from 1, and its cells."""
    with io.TextIOWrapper(source(), encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, skipinitialspace=True, strict=True)
        for cells in reader:
            if len(cells) > 1 or any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a first line names columns: no cell is a number, but for those that count from 0 or 1 (as in pandas).

    And none is empty, or a number that cannot be read: that is a row with something wrong, which must not be taken for
    names and left out.
    """
    counts = [cell for cell in cells if _is_number(cell)]
    others = [cell for cell in cells if not _is_number(cell)]
    start = 0 if counts[:1] == ["0"] else 1
    if not others or not all(cells) or any(map(_is_meant_as_number, others)):
        return False
    if all(cell.lower() in _NO_NAMES for cell in others):
        return False
    if counts and not all(cell[0].isalpha() or cell[0] == "_" for cell in others):
        return False
    return counts == [str(k) for k in range(start, start + len(counts))]


def _is_meant_as_number(cell: str) -> bool:
    """Whether a cell that is no number was to be one: 1e400, 1_000, 1/0."""
    try:
        float(cell)
    except ValueError:
        return bool(_QUOTIENT.fullmatch(cell))
    return True


def _parse_quickly(source: Source, has_header: bool) -> Numbers | None:
    """A regular table of doubles by NumPy's parser, None where it cannot."""
    with io.TextIOWrapper(source(), encoding="utf-8-sig") as stream:
        while has_header and not stream.readline().strip():
            pass
        with contextlib.suppress(ValueError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no data: told below
            return np.loadtxt(stream, delimiter=",", comments=None, quotechar='"', ndmin=2)
    return None


def _parse(source: Source, header: Sequence[str] | None, finite: bool) -> Numbers:
    rows: list[list[Number]] = []
    width, records = 0, _records(source)
    if header is not None:
        next(records)
    for line, cells in records:
        width = width or len(header or cells)
        if len(cells) != width:
            raise DataError(f"line {line} has {len(cells)} numbers, but the lines before have {width}")
        names = header or range(width)
        places = (f"line {line}, column {name!r}" for name in names)
        rows.append([parse_entry(x, place, finite=finite) for x, place in zip(cells, places, strict=True)])
    return _as_array(rows, width=len(header or ()))


def _as_array(rows: list[list[Number]], *, width: int = 0) -> Numbers:
    if not rows:
        return np.empty((0, width))
    exact = any(isinstance(x, Fraction) or (isinstance(x, int) and abs(x) > 2**53) for row in rows for x in row)
    return np.array(rows, dtype=object if exact else np.float64)


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except ValueError:
        return text.lower() == "nan"
    return True
