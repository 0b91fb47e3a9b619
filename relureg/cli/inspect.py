"""relureg inspect: what a network file holds."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network, sherlock_options
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scope_of, scope_options, scoped
from relureg.cli.work import limit_options

EPILOG = f"""\b
Example:
  relureg inspect fixtures/nets/acasxu_tiny_5_5_5.nnet

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@sherlock_options
@scope_options
@limit_options
@output_options
def inspect(
    net: str | None,
    raw: bool,
    offset: str | None,
    scale: str | None,
    printer: Printer,
    **where: Any,
) -> None:
    """Show layers, parameters, effective input dimension and bounds of NET.

    NET is a file of any format in docs/formats.md, or - for standard input. In a --box or --domain the bounds are those
    of the regions there; on a --slice, all is said of the network with the inputs of the slice.
    """
    from relureg.reports.inspect import InspectReport
    from relureg.theory.bounds import bounds

    silent = dataclasses.replace(printer, quiet=True)  # the notices are part of the answer
    network = read_network(net, silent, raw=raw, offset=offset, scale=scale)
    network, domain = scoped(network, scope_of(where))
    printer.emit(InspectReport.of(network, bounds(network, domain), domain=domain))
