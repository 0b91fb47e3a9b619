"""Persistence diagrams in files: a row a class."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from relureg.errors import UsageError
from relureg.exact.numbers import nearest_double
from relureg.files import check_absent, write_atomically

if TYPE_CHECKING:
    from relureg.topology.persistence import PersistenceDiagram

SUFFIXES = (".csv", ".json")
_COLUMNS = ("dimension", "birth", "death", "birth_exact", "death_exact")


def check_diagram_file(path: Path, *, force: bool = False) -> None:
    """Find out before the work that a diagram can be written; raises `UsageError` or `OutputError`."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"the suffix is not one of {', '.join(SUFFIXES)}", where=str(path))
    check_absent(path, force=force)


def save_diagram(diagram: PersistenceDiagram, path: Path, *, force: bool = False) -> None:
    """Write a diagram, whole or not at all: births and deaths as doubles and as p/q, empty or null for never.

    Raises
    ------
    UsageError, OutputError
        As `check_diagram_file` does, or the file cannot be written.
    """
    check_diagram_file(path, force=force)
    rows = [
        (
            pair.dimension,
            nearest_double(pair.birth),
            None if pair.death is None else nearest_double(pair.death),
            str(pair.birth),
            None if pair.death is None else str(pair.death),
        )
        for pair in diagram.pairs
    ]
    if path.suffix.lower() == ".json":
        text = json.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in rows], indent=1) + "\n"
    else:
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(rows)
        text = stream.getvalue()
    write_atomically(path, text.encode(), force=force)
