"""relureg bounds: published bounds for a network, or for widths alone."""

from __future__ import annotations

import click

from relureg.cli.options import EXIT_CODES, Command, emit, network_argument, output_options, read_network, timed
from relureg.errors import UsageError

EPILOG = f"""\b
Examples:
  relureg bounds --widths 784,11,11
  relureg bounds fixtures/truth/rand_2-16-16-1.json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option("--widths", metavar="N0,N1,...", help="Input dimension and hidden layers, without the output layer.")
@output_options
@timed
def bounds(
    net: str | None, raw: bool, widths: str | None, as_json: bool, quiet: bool, verbose: bool, started: float
) -> None:
    """Evaluate every published upper bound for NET or for --widths, exactly."""
    from relureg.reports.documents import bounds_document
    from relureg.reports.tables import bounds_table
    from relureg.theory.bounds import bounds as evaluate

    if widths is not None and net is not None:
        raise UsageError("give either NET or --widths, not both")
    if widths is not None:
        listed = _parse_widths(widths)
        document = bounds_document(evaluate(widths=listed), None, listed)
    else:
        network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
        document = bounds_document(evaluate(network), network, None)
    emit(document, bounds_table, as_json=as_json, started=started)


def _parse_widths(text: str) -> list[int]:
    fields = [field.strip() for field in text.split(",")]
    for field in fields:
        if not (field.isascii() and field.isdigit() and len(field) < 10):
            raise UsageError(f"{field!r} is not a width; write whole numbers like 2,16,16", where="--widths")
    return [int(field) for field in fields]
