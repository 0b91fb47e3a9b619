"""What `relureg count` tells of several networks: a row each, and what has changed since the one before."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from relureg.network.difference import Difference
from relureg.reports.count import CountReport
from relureg.reports.layout import WIDTH, few_parts, grouped, huge
from relureg.reports.report import json_text
from relureg.words import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFacts:
    """What has changed since the network before."""

    same_architecture: bool
    parameters: int | None
    """Weights and biases, and how many of them are others; None where the architecture is another."""
    changed_parameters: int | None
    regions: int | None
    """So many more regions; None, as `ratio`, where one of the two counts is not complete."""
    ratio: float | None

    @classmethod
    def of(cls, changed: Difference, before: CountReport, after: CountReport) -> ChangeFacts:
        is_known = before.complete and after.complete
        return cls(
            same_architecture=changed.same_architecture,
            parameters=changed.parameters,
            changed_parameters=changed.changed_parameters,
            regions=after.regions - before.regions if is_known else None,
            ratio=after.regions / before.regions if is_known else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow(CountReport):
    """The count of one of several networks."""

    file: str
    change: ChangeFacts | None
    """None of the first."""

    @classmethod
    def of_report(cls, report: CountReport, *, file: str, change: ChangeFacts | None) -> CountRow:
        known = {entry.name: getattr(report, entry.name) for entry in dataclasses.fields(report) if entry.init}
        return cls(**known, file=file, change=change)

    @property
    def verdict(self) -> str:
        """How the checks of a complete count ended, in a word."""
        held = set(self.checks.values())
        return "NO" if False in held else "yes" if True in held and self.complete else "n/a"


COLUMNS = (
    "file", "name", "inputs", "widths", "outputs", "units", "regions", "bounded", "per_stage", "complete",
    "stopped_by", "watertight", "failed_checks", "same_architecture", "parameters", "changed_parameters",
    "regions_change", "regions_ratio", "seconds", "engine", "domain", "sha256",
)  # fmt: skip
"""Of a table as CSV."""


def csv_cells(row: CountRow) -> tuple[Any, ...]:
    """The cells of `COLUMNS`: an empty one where there is nothing to tell, spaces between numbers of one cell."""
    change, network = row.change, row.network
    changes = (
        (None,) * 5 if change is None
        else (change.same_architecture, change.parameters, change.changed_parameters, change.regions, change.ratio)
    )  # fmt: skip
    failed = " ".join(name for name, passed in row.checks.items() if passed is False)
    return (
        row.file, network.name, network.input_dim, _spaced(network.widths), network.output_dim, network.num_units,
        row.regions, row.bounded, _spaced(row.per_stage), row.complete, row.stopped_by, row.checks.get("watertight"),
        failed, *changes, row.seconds, row.engine, row.domain, network.sha256,
    )  # fmt: skip


Form = Literal["text", "csv", "json"]


class RowWriter:
    """Rows as lines of text, one at a time: a table for people, CSV, or JSON.

    The table for people keeps to `WIDTH` columns. What is told of a network and of the place stands below its row,
    where it is not what the row before has; a name that is too long for its column has a line of its own.

    Parameters
    ----------
    files : sequence of str
        Of all rows that are to come.
    form : {"text", "csv", "json"}
    """

    def __init__(self, files: Sequence[str], form: Form) -> None:
        self._form = form
        folders = {os.path.dirname(file) for file in files}
        self._label = os.path.basename if len(folders) == 1 else str
        longest = max((len(self._label(file)) for file in (*files, _FIRST)), default=0)
        self._room = min(longest, WIDTH - sum(len(_GAP) + width for width in _NUMBERS.values()))

    def lines(self, row: CountRow, *, before: CountRow | None) -> str:
        """A row, below the header where none is before it, without a line break at its end."""
        if self._form == "json":
            return json_text(row, indent=None)
        if self._form == "csv":
            return "\n".join([*([_csv_line(COLUMNS)] if before is None else []), _csv_line(csv_cells(row))])
        lines = self._folded(self._label(row.file), _numbers(row))
        if before is None:
            (header,) = self._folded(_FIRST, tuple(_NUMBERS))
            lines = [header, "─" * len(header), *lines]
        place = _place(row)
        if before is None or place != _place(before):
            lines += _wrapped(place)
        return "\n".join(lines)

    def _folded(self, name: str, numbers: Sequence[str]) -> list[str]:
        """A row on one line where it fits; else the name first, and the numbers below."""
        cells = [number.rjust(width) for number, width in zip(numbers, _NUMBERS.values(), strict=True)]
        if len(name) <= self._room and len(line := _GAP.join([name.ljust(self._room), *cells])) <= WIDTH:
            return [line]
        if len(line := _GAP.join([" " * self._room, *cells])) <= WIDTH:
            return [name, line]
        return [
            name,
            *_wrapped("   ".join(f"{header} {number}" for header, number in zip(_NUMBERS, numbers, strict=True))),
        ]


_FIRST = "network"
_NUMBERS = {"regions": 11, "bounded": 9, "change": 7, "new weights": 12, "checks": 6, "time": 7}
"""Columns of the table for people, and how wide they are."""
_GAP = "  "


def _numbers(row: CountRow) -> tuple[str, ...]:
    regions = huge(row.regions) if row.complete else f">= {huge(row.regions)}"
    changed = None if row.change is None else row.change.regions
    return (
        regions if row.regions else "not counted",
        huge(row.bounded),
        "-" if changed is None else f"{'-' if changed < 0 else '+'}{huge(abs(changed))}",
        _changed(row.change),
        row.verdict,
        f"{row.seconds:.2f} s",
    )


def _place(row: CountRow) -> str:
    """The architecture of a network, and where its regions were counted."""
    network = row.network
    widths = " - ".join(map(str, (network.input_dim, *network.widths, network.output_dim)))
    return f"{widths}   {plural(network.num_units, 'ReLU unit')}   {few_parts(row.domain)}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _changed(change: ChangeFacts | None) -> str:
    if change is None:
        return "-"
    if change.changed_parameters is None or change.parameters is None:
        return "other widths"
    return f"{grouped(change.changed_parameters)} of {grouped(change.parameters)}"


def _spaced(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers))


def _csv_line(cells: Sequence[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
