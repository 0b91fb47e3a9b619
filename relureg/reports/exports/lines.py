"""Rows as CSV and as JSON, a line each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO


def write_csv(stream: BinaryIO, header: Sequence[str], batches: Iterable[Iterable[Sequence[Any]]]) -> None:
    """Write batches of rows; a list in a row becomes its entries, separated by spaces."""
    stream.write((",".join(header) + "\n").encode())
    for batch in batches:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([_cell(value) for value in row] for row in batch)
        stream.write(text.getvalue().encode())


def json_rows(rows: Iterable[object]) -> Iterator[bytes]:
    """The entries of a JSON list, without its brackets."""
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n").encode() + json.dumps(row).encode()


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list) else value
