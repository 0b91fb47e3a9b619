"""What a command prints on standard output: its report, as JSON or as a table."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from relureg import stopping
from relureg.cli import guard
from relureg.cli.standing import as_text, lower_bound, this_run
from relureg.errors import LimitReachedError

if TYPE_CHECKING:
    from relureg.reports.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """How a command is asked to print, and when it began."""

    as_json: bool
    quiet: bool
    """No progress and no notices on stderr."""
    verbose: bool
    started: float

    def emit(self, report: Report, *, rows: Iterable[Any] | None = None) -> None:
        """Print a report on stdout, with the seconds since the command began.

        `rows`, where there are any, are its last field; in JSON they are printed one by one.
        """
        report = dataclasses.replace(report, seconds=round(time.monotonic() - self.started, 6))
        if (watching := guard.current()) is not None:
            watching.answering()
        this_run().answered = True
        if self.as_json:
            sys.set_int_max_str_digits(0)  # a bound may have more digits than Python writes unasked
            _print_json(report, rows)
        else:
            if rows is not None:
                report = dataclasses.replace(report, rows=tuple(_until_stopped(rows)))  # type: ignore[call-arg]
            click.echo(as_text(report.table()))
        if rows is not None:
            _require_rows()

    def note(self, line: str) -> None:
        """A line on stderr, unless it shall be quiet there."""
        if not self.quiet:
            click.echo(f"relureg: {line}", err=True)


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--json, --quiet and --verbose, given to the command as one `Printer`."""

    @functools.wraps(function)
    def with_printer(*args: Any, as_json: bool, quiet: bool, verbose: bool, **kwargs: Any) -> Any:
        printer = Printer(as_json=as_json, quiet=quiet, verbose=verbose, started=time.monotonic())
        return function(*args, printer=printer, **kwargs)

    decorated: Callable[..., Any] = with_printer
    for option in (
        click.option("--verbose", is_flag=True, help="Tell more on stderr."),
        click.option("--quiet", is_flag=True, help="No progress and no notices on stderr."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    ):
        decorated = option(decorated)
    return decorated


def _print_json(report: Report, rows: Iterable[Any] | None) -> None:
    from relureg.reports.report import json_text

    text = json_text(report)
    if rows is None:
        click.echo(text)
        return
    click.echo(text.removesuffix("[]\n}") + "[", nl=False)
    for number, row in enumerate(_until_stopped(rows)):
        click.echo(",\n" * bool(number) + json.dumps(row), nl=False)
    click.echo("]\n}")


def _until_stopped(rows: Iterable[Any]) -> Iterator[Any]:
    """Rows until a limit is reached, so that the document is a whole one all the same."""
    for row in rows:
        if stopping.reason() is not None:
            return
        yield row


def _require_rows() -> None:
    if (stopped_by := stopping.reason()) is not None:
        proven = this_run().regions
        more = f"{lower_bound(proven)}; " if proven else ""
        raise LimitReachedError(f"stopped by {stopped_by}: {more}the rows are cut short")
