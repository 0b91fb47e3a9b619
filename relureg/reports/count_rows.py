"""What `relureg count` tells of several networks: a row each, and what has changed since the one before."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from relureg.network.difference import Difference
from relureg.reports.count import CountReport
from relureg.reports.layout import few_parts, grouped
from relureg.reports.report import json_text


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
        self._widths: list[int] | None = None
        self._longest = max((len(self._label(file)) for file in files), default=0)

    def lines(self, row: CountRow, *, is_first: bool) -> str:
        """A row, below the header where it is the first, without a line break at its end."""
        if self._form == "json":
            return json_text(row, indent=None)
        if self._form == "csv":
            return "\n".join([*([_csv_line(COLUMNS)] if is_first else []), _csv_line(csv_cells(row))])
        cells = self._text_cells(row)
        if self._widths is None or is_first:
            least = [self._longest, 16, 0, 11, 10, 8, 6, 15, 0, 12, 0, 7]
            self._widths = [max(map(len, words)) for words in zip(_HEADERS, cells, strict=True)]
            self._widths = [max(pair) for pair in zip(least, self._widths, strict=True)]
        lines = [self._joined(cells)]
        if is_first:
            header = self._joined(_HEADERS)
            lines = [header, "─" * len(header), *lines]
        return "\n".join(lines)

    def _joined(self, cells: Sequence[str]) -> str:
        assert self._widths is not None
        shown = [
            cell.ljust(width) if header in _LEFT else cell.rjust(width)
            for header, cell, width in zip(_HEADERS, cells, self._widths, strict=True)
        ]
        return "   ".join(shown).rstrip()

    def _text_cells(self, row: CountRow) -> list[str]:
        network, change = row.network, row.change
        regions = grouped(row.regions) if row.complete else f">= {grouped(row.regions)}"
        return [
            self._label(row.file),
            " - ".join(map(str, (network.input_dim, *network.widths, network.output_dim))),
            grouped(network.num_units),
            regions if row.regions else "not counted",
            grouped(row.bounded),
            "-" if change is None or change.regions is None else f"{change.regions:+,}",
            "-" if change is None or change.ratio is None else f"{change.ratio:.4g}",
            _changed(change),
            row.verdict,
            " - ".join(map(grouped, row.per_stage[:-1])) or "-",
            few_parts(row.domain),
            f"{row.seconds:.2f} s",
        ]


_HEADERS = (
    "network", "widths", "units", "regions", "bounded", "change", "ratio", "weights changed", "checks",
    "after stages", "domain", "seconds",
)  # fmt: skip
_LEFT = {"network", "widths", "after stages", "domain"}


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
