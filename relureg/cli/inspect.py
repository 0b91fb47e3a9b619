"""relureg inspect: what a network file holds."""

from __future__ import annotations

import click

from relureg.cli.options import (
    EXIT_CODES,
    Command,
    emit,
    limit_options,
    network_argument,
    output_options,
    read_network,
    sherlock_options,
    timed,
)

EPILOG = f"""\b
Example:
  relureg inspect fixtures/nets/acasxu_tiny_5_5_5.nnet

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@sherlock_options
@limit_options
@output_options
@timed
def inspect(
    net: str | None,
    raw: bool,
    offset: str | None,
    scale: str | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    started: float,
) -> None:
    """Show layers, parameters, effective input dimension and bounds of NET.

    NET is a file of any format in docs/formats.md, or - for standard input.
    """
    from relureg.reports.documents import inspect_document
    from relureg.reports.tables import inspect_table
    from relureg.theory.bounds import bounds

    network = read_network(
        net, raw=raw, quiet=True, verbose=verbose, offset=offset, scale=scale
    )  # the notices are part of the answer
    document = inspect_document(network, bounds(network))
    emit(document, inspect_table, as_json=as_json, started=started)
