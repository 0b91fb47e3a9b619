"""relureg count: how many activation regions, and how that compares with the bounds."""

from __future__ import annotations

import click

from relureg.cli.options import (
    EXIT_CODES,
    Command,
    Work,
    emit,
    network_argument,
    output_options,
    parse_box,
    read_network,
    timed,
    work_options,
)  # fmt: skip

EPILOG = f"""\b
Examples:
  relureg count fixtures/nets/overt_single_pendulum_small.nnet
  relureg count fixtures/nets/acasxu_tiny_5_5_5.nnet --box file
  relureg count fixtures/truth/xor.json --box -10 10 --json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@work_options
@output_options
@timed
def count(
    net: str | None,
    raw: bool,
    work: Work,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    started: float,
) -> None:
    """Count the activation regions of NET over the whole input space, exactly.

    NET is an ONNX, .nnet or relureg JSON file, or - for standard input.
    """
    from relureg.cli.answer import close, count_with_progress
    from relureg.reports.documents import count_document
    from relureg.reports.tables import count_table
    from relureg.theory.bounds import bounds

    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
    domain = parse_box(work.box, network)
    counted = count_with_progress(network, domain, work, quiet=quiet)
    found = bounds(network, domain)
    document = count_document(counted, found)
    emit(document, count_table, as_json=as_json, started=started)
    close(counted, counted.checks, found)
