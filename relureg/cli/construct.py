"""relureg construct: networks known to theory, with the exact count each must have."""

from __future__ import annotations

import click

from relureg.cli.command import EXIT_CODES, Command, one_of
from relureg.cli.output import network_output_options, write_network
from relureg.cli.printing import Printer, output_options
from relureg.errors import UsageError

EPILOG = f"""\b
Examples:
  relureg construct
  relureg construct zigzag pieces=4,3,5 | relureg count
  relureg construct shi n=4 -o shi.json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@click.argument("name", required=False, shell_complete=one_of("relureg.families.catalogue", "CONSTRUCTIONS"))
@click.argument("parameters", nargs=-1, metavar="[PARAMETER=VALUE]...")
@network_output_options
@output_options
def construct(
    name: str | None,
    parameters: tuple[str, ...],
    output: str | None,
    force: bool,
    printer: Printer,
) -> None:
    """Make the network NAME of the catalogue; without NAME, list the catalogue.

    The network goes to FILE, or as relureg JSON to standard output (unless --json asks for its figures); the number of
    regions that it must have is told on standard error, or on standard output when there is a FILE.
    """
    from relureg.families.catalogue import CONSTRUCTIONS, Constructed
    from relureg.families.catalogue import construct as build
    from relureg.reports.construct import CatalogueReport, ConstructReport

    if name is None:
        if output is not None:
            raise UsageError("name the construction to write; without a name they are listed")
        printer.emit(CatalogueReport.of(CONSTRUCTIONS.values()))
        return
    made: Constructed = build(name, _parsed(parameters))
    report = ConstructReport.of(made, _parsed(parameters), output)
    if output is not None or not printer.as_json:
        write_network(made.network, output, force=force)
    if output is not None or printer.as_json:
        printer.emit(report)
    else:
        printer.note(report.line())


def _parsed(parameters: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in parameters:
        key, equals, value = text.partition("=")
        if not equals or key in found:
            fault = "is given twice" if equals else "is not PARAMETER=VALUE"
            raise UsageError(f"{text!r} {fault}; `relureg construct` lists the parameters")
        found[key] = value
    return found
