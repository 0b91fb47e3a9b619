"""relureg around of several points: a row each as soon as it is known, or a file of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from relureg import stopping
from relureg.cli.printing import Printer
from relureg.cli.progress import lines_on_stderr
from relureg.cli.standing import this_run
from relureg.engine.limits import Limits
from relureg.errors import DomainError, LimitReachedError, UsageError
from relureg.files import check_absent, open_atomically
from relureg.network.problem import Problem
from relureg.network.slices import Slice
from relureg.readers.data_files import Rows

if TYPE_CHECKING:
    from relureg.reports.around import Ball
    from relureg.reports.around_data import PointRow


def around_data(
    problem: Problem,
    points: Rows,
    flat: Slice | None,
    ball: Ball,
    *,
    jobs: int | None,
    printer: Printer,
    output: Path | None,
    force: bool,
) -> None:
    """Tell what is around each point: as CSV, or in a JSON document, one by one; with a file, their summary.

    Raises
    ------
    LimitReachedError
        After the last row: some rows are lower bounds. At once where an interrupt or a limit on all has come; then
        there is no file.
    """
    from relureg.maps.surroundings import iter_surroundings_in
    from relureg.reports.around_data import COLUMNS, AroundDataReport, csv_line, row_of

    if output is not None:
        if output.suffix.lower() not in (".csv", ".jsonl"):
            raise UsageError("the suffix of a list of points is .csv or .jsonl", where=str(output))
        check_absent(output, force=force)
    cut: list[str] = []
    with lines_on_stderr(printer.quiet, "looking around points") as show:

        def told(done: int) -> None:
            if show is not None:
                show(f"{done:,} of {len(points):,} points")

        def rows() -> Iterator[PointRow]:
            found = iter_surroundings_in(
                problem, points, flat=flat, radius=ball.radius,
                box_radius=ball.half_side,
                limits=Limits(max_regions=ball.max_regions), jobs=jobs, progress=told,
            )  # fmt: skip
            try:
                for one in found:
                    stopping.check()  # a row that a limit on all has cut short is none
                    if one.stopped_by is not None:
                        cut.append(one.stopped_by)
                    yield row_of(one)
            except (DomainError, UsageError) as error:
                raise error.within("--at") from error

        if output is not None:
            kept = []
            with open_atomically(output, force=force) as stream:
                if output.suffix.lower() == ".csv":
                    stream.write(f"{csv_line(COLUMNS)}\n".encode())
                for row in rows():
                    as_csv = output.suffix.lower() == ".csv"
                    stream.write(f"{csv_line(tuple(row.values())) if as_csv else json.dumps(row)}\n".encode())
                    kept.append(row)
            printer.emit(AroundDataReport.of(problem, ball, len(points), files=[str(output)]), rows=kept)
        elif printer.as_json:
            printer.emit(AroundDataReport.of(problem, ball, len(points)), rows=rows())
        else:
            this_run().answered = True
            click.echo(csv_line(COLUMNS))
            for row in rows():
                click.echo(csv_line(tuple(row.values())))
    if cut:
        raise LimitReachedError(f"stopped by {cut[0]}: of {len(points):,} points {len(cut):,} were cut short")
