"""relureg line: how many regions a line crosses, and where."""

from __future__ import annotations

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scoped
from relureg.cli.work import Work, work_options
from relureg.errors import UsageError
from relureg.network.domain import Domain

ROWS = 20
"""Breakpoints in a table when nothing else is said."""

EPILOG = f"""\b
Examples:
  relureg line fixtures/truth/int_2-6-6-1.json --through "0,0;2,1"
  relureg line fixtures/nets/acasxu_tiny_5_5_5.nnet --through "0,0,0,0,0;1,1,1,1,1" --segment
  relureg line fixtures/truth/saw_3.json --rows 100

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option("--segment", is_flag=True, help="Only between t = 0 and t = 1: between the two points of --through.")
@click.option(
    "--rows", type=click.IntRange(min=0), help=f"Breakpoints to print; by default {ROWS} in a table, all with --json."
)
@work_options
@output_options
def line(
    net: str | None,
    raw: bool,
    segment: bool,
    rows: int | None,
    work: Work,
    printer: Printer,
) -> None:
    """Count the regions of NET on a line, and list where one ends and the next begins, exactly.

    The line is given by --through two points or by --slice; a network with one input is a line already. This is the
    experiment of Hanin and Rolnick (2019) and of Serra, Tjandraatmadja and Ramalingam (2018).
    """
    from relureg.cli.answer import close, find_complex
    from relureg.complex.line import breakpoints
    from relureg.reports.line import LineReport

    network = read_network(net, printer, raw=raw)
    on_line, domain = scoped(network, work.scope)
    if on_line.input_dim != 1:
        raise UsageError(
            f"there are {on_line.input_dim} inputs; name a line by two points (--through) or a direction (--slice)"
        )
    if segment:
        unit = Domain.box([0], [1])
        domain = unit if domain is None else domain.intersect(unit)
    cells = find_complex(on_line, domain, work, printer)
    shown = rows if printer.as_json or rows is not None else ROWS
    printer.emit(LineReport.of(cells, breakpoints(cells)[:shown] if cells.complete else ()))
    close(cells, cells.checks, ())
