"""relureg graph: the region graph, its degrees and its exact diameter."""

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
  relureg graph fixtures/truth/int_2-6-6-1.json
  relureg graph fixtures/truth/int_2-6-6-1.json --diameter --json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option("--diameter", is_flag=True, help="Only diameter and radius (and what both need).")
@click.option("--degree", is_flag=True, help="Only degrees (and what they need).")
@work_options
@output_options
@timed
def graph(
    net: str | None,
    raw: bool,
    diameter: bool,
    degree: bool,
    work: Work,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    started: float,
) -> None:
    """Build the region graph of NET: regions, joined where they share a facet.

    Without --diameter and --degree, both are shown.
    """
    from relureg.cli.answer import close, find_complex
    from relureg.reports.documents import graph_document
    from relureg.reports.tables import graph_table
    from relureg.theory.bounds import bounds

    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
    domain = parse_box(work.box, network)
    cells = find_complex(network, domain, work, quiet=quiet)
    found = bounds(network, domain)
    with_diameter = diameter or not degree
    document = graph_document(cells, found, with_degree=degree or not diameter, with_diameter=with_diameter)
    emit(document, graph_table, as_json=as_json, started=started)
    close(cells, cells.checks + (cells.graph_checks if with_diameter else ()), found)
