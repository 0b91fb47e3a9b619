"""relureg trace: a closed loop followed through the regions of its controller."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import file_options, network_argument, read_network, sherlock_options
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import parse_rows
from relureg.cli.work import limit_options
from relureg.errors import LimitReachedError, ReluregError, UsageError
from relureg.exact.numbers import as_fraction
from relureg.words import plural

ROWS = 20
"""States in a table when nothing else is said."""

EPILOG = f"""\b
Examples:
  relureg trace fixtures/nets/overt_single_pendulum_small.nnet -A "1,0.1;0.1,0.9" -B "0;0.5" --start 1,0 --steps 60
  relureg trace fixtures/truth/xor.json -A "1,0;0,1" -B "1/4;0" --start 1/3,1 --steps 5 --exact --json
  relureg trace fixtures/nets/overt_single_pendulum_small.nnet -A A.csv -B B.csv --start 1,0 -o trajectory.csv

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@sherlock_options
@click.option(
    "-A",
    "--state-matrix",
    "state",
    metavar="ROWS",
    required=True,
    help='A, as "1,0.1;0,1" or a file with a line a row.',
)
@click.option("-B", "--input-matrix", "control", metavar="ROWS", required=True, help="B, likewise.")
@click.option("-c", "--plant-offset", "constant", metavar="NUMBERS", help="c; 0 when left out.")
@click.option("--start", metavar="NUMBERS", required=True, help="The state x_0 to begin with.")
@click.option("--steps", type=click.IntRange(min=0), default=100, show_default=True, help="How many steps.")
@click.option("--exact", is_flag=True, help="In rationals: no state is rounded, and every region is the right one.")
@click.option(
    "--rows", type=click.IntRange(min=0), help=f"States to print; by default {ROWS} in a table, all with --json."
)
@file_options("Write the trajectory to a file: .csv, .json.")
@limit_options
@output_options
def trace(
    net: str | None,
    raw: bool,
    offset: str | None,
    scale: str | None,
    state: str,
    control: str,
    constant: str | None,
    start: str,
    steps: int,
    exact: bool,
    rows: int | None,
    output: Path | None,
    force: bool,
    printer: Printer,
) -> None:
    """Follow the closed loop x+ = A x + B u + c, u = NET(x), through the regions of NET.

    Numbers are doubles, and p/q is exact. Without --exact each step is rounded to doubles, and a state next to a facet
    may be told in the region on the other side.
    """
    from relureg.control.closed_loop import closed_loop
    from relureg.reports.exports.trajectory_files import check_trajectory_file, save_trajectory
    from relureg.reports.trace import TraceReport

    if output is not None:
        check_trajectory_file(output, force=force)
    network = read_network(net, printer, raw=raw, offset=offset, scale=scale)
    dim, outputs = network.input_dim, network.output_dim
    found = closed_loop(
        network,
        _rows(state, dim, dim, "-A"),
        _rows(control, dim, outputs, "-B"),
        start=_rows(start, 1, dim, "--start")[0],
        offset=None if constant is None else _rows(constant, 1, dim, "-c")[0],
        steps=steps,
        exact=exact,
    )
    sys.set_int_max_str_digits(0)  # an exact state may have more digits than Python writes unasked
    files = []
    if output is not None and found.stopped_by is None:
        save_trajectory(found, output, force=force)
        files.append(str(output))
    shown = rows if printer.as_json or rows is not None else ROWS
    printer.emit(TraceReport.of(network, found, shown=shown, files=files))
    if found.stopped_by is not None:
        raise LimitReachedError(f"stopped by {found.stopped_by} after {found.num_steps:,} of {steps:,} steps")


def _rows(text: str, count: int, width: int, option: str) -> list[list[Fraction]]:
    """So many rows of so many exact numbers, written out or in a file."""
    try:
        rows = [[as_fraction(entry) for entry in row] for row in parse_rows(text, width)]
    except ReluregError as error:
        if isinstance(error, UsageError) and "coordinate" in str(error):
            raise UsageError(f"{count} x {width} numbers are needed, rows separated by ;", where=option) from error
        raise error.within(option) from error
    if len(rows) != count:
        raise UsageError(f"{count} x {width} numbers are needed, not {plural(len(rows), 'row')}", where=option)
    return rows
