"""relureg count of several networks: a row each as soon as it is counted, and the table as a file."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from relureg import stopping
from relureg.cli import guard
from relureg.cli.answer import close, count_with_progress, note_count, opened, saved_complex
from relureg.cli.printing import Printer
from relureg.cli.standing import this_run
from relureg.cli.work import Work
from relureg.complex.count import RegionCount, count_of, nothing_but
from relureg.errors import LimitReachedError, ReluregError, UsageError
from relureg.files import check_absent, open_atomically
from relureg.network.difference import difference
from relureg.network.model import Network
from relureg.reports.count import CountReport
from relureg.reports.count_rows import COLUMNS, ChangeFacts, CountRow, Form, RowWriter, csv_cells
from relureg.reports.report import json_text
from relureg.theory.bounds import Bound, bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How the networks are read and counted, and what becomes of the rows."""

    raw: bool
    by_enumeration: bool
    as_csv: bool
    output: Path | None
    force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """One network: as it was read, and its row."""

    network: Network
    count: RegionCount
    found: tuple[Bound, ...]
    row: CountRow


def count_table(nets: Sequence[str], work: Work, printer: Printer, options: TableOptions) -> None:
    """Count networks one after the other; each row is printed as soon as it is known.

    Limits hold for each network. One that is stopped by them has a lower bound in its row, and the next is counted.

    Raises
    ------
    LimitReachedError
        After the last row: some rows are lower bounds. At once where an interrupt or a limit on all has come.
    CheckFailedError
        After the row in question: a check failed.
    """
    _check_options(nets, printer, options)
    guard.limit_time(work.limits.timeout, times=len(nets))
    form: Form = "csv" if options.as_csv else "json" if printer.as_json else "text"
    writer = RowWriter(nets, form)
    sys.set_int_max_str_digits(0)  # a bound may have more digits than Python writes unasked
    rows: list[CountRow] = []
    before: _Counted | None = None
    stopped: list[tuple[str, LimitReachedError]] = []
    for net in nets:
        before = _count_next(net, before, work, printer, options, writer)
        rows.append(before.row)
        try:
            close(before.count, before.count.checks, before.found)
        except LimitReachedError as error:
            if stopping.reason() is not None:  # of all: there is no time for the others
                raise
            stopped.append((net, error))
        except ReluregError as error:
            raise error.within(net) from error
    if options.output is not None:
        _write(rows, options.output, force=options.force)
    if stopped:
        net, first = stopped[0]
        some = f" (of {len(nets):,} networks {len(stopped):,} were stopped)" if len(stopped) > 1 else ""
        raise LimitReachedError(f"{first.message}{some}", where=net)


def _check_options(nets: Sequence[str], printer: Printer, options: TableOptions) -> None:
    if "-" in nets and len(nets) > 1:
        raise UsageError("standard input holds one network; give it alone, or name files", where="-")
    if options.as_csv and printer.as_json:
        raise UsageError("the table is printed as CSV or as JSON lines; leave one out", where="--csv")
    if options.output is not None:
        if options.output.suffix.lower() not in (".csv", ".jsonl"):
            raise UsageError("the suffix of a table is .csv or .jsonl", where=str(options.output))
        check_absent(options.output, force=options.force)


def _count_next(
    net: str, before: _Counted | None, work: Work, printer: Printer, options: TableOptions, writer: RowWriter
) -> _Counted:
    """Count one network and print its row; errors name its file."""
    started = time.monotonic()
    standing = this_run()
    standing.begin(net)
    try:
        cells = saved_complex(net, work)
        network, problem = opened(net, cells, work, printer, raw=options.raw)
        found: tuple[Bound, ...] = ()

        changed = None if before is None else difference(before.network, network)

        def row_of(counted: RegionCount) -> CountRow:
            report = CountReport.of(counted, found, estimate=standing.estimate)
            change = None if before is None or changed is None else ChangeFacts.of(changed, before.row, report)
            return CountRow.of_report(report, file=net, change=change)

        standing.partial = lambda reason, proven: row_of(nothing_but(problem, work.engine, reason, proven))
        above = None if before is None else before.row
        standing.as_row = lambda report: writer.lines(report, before=above)  # type: ignore[arg-type]
        standing.note()
        found = bounds(problem.network, problem.domain)
        if cells is None:
            counted = count_with_progress(
                problem.network, problem.domain, work, quiet=printer.quiet, by_enumeration=options.by_enumeration
            )
            note_count(counted, printer)
        else:
            counted = count_of(cells)
            standing.prove(counted.num_regions)
        row = dataclasses.replace(row_of(counted), seconds=round(time.monotonic() - started, 6))
    except ReluregError as error:
        raise error if error.where is not None and net in error.where else error.within(net) from error
    with stopping.shielded():  # a row is printed whole
        click.echo(writer.lines(row, before=above))
        standing.answered = True
        standing.note()
    return _Counted(network=network, count=counted, found=found, row=row)


def _write(rows: Sequence[CountRow], path: Path, *, force: bool) -> None:
    with open_atomically(path, force=force) as stream:
        if path.suffix.lower() == ".jsonl":
            stream.writelines(f"{json_text(row, indent=None)}\n".encode() for row in rows)
        else:
            from relureg.reports.exports.lines import write_csv

            write_csv(stream, COLUMNS, [map(csv_cells, rows)])
