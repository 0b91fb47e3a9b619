"""relureg graph: the region graph, its degrees and its exact diameter."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.options import (
    EXIT_CODES,
    Command,
    Work,
    emit,
    file_options,
    network_argument,
    output_options,
    read_network,
    timed,
    wanted_memory,
    work_options,
)  # fmt: skip
from relureg.cli.scope import scoped
from relureg.complex.face_limits import MAX_FACES_COUNTED

EPILOG = f"""\b
Examples:
  relureg graph fixtures/truth/int_2-6-6-1.json
  relureg graph fixtures/truth/int_2-6-6-1.json --diameter --json
  relureg graph fixtures/truth/rand_4-40-1.json --faces
  relureg graph fixtures/truth/int_2-6-6-1.json -o graph.graphml

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option("--diameter", is_flag=True, help="Only diameter and radius (and what both need).")
@click.option("--degree", is_flag=True, help="Only degrees (and what they need).")
@click.option(
    "--faces/--no-faces",
    default=None,
    help="The number of faces of every dimension, or not. By default with all else, up to about "
    f"{MAX_FACES_COUNTED:,} faces.",
)
@file_options(
    "Write the graph, with attributes of regions and facets: .graphml, .gexf, .json (node-link), .npz, .csv, .parquet "
    "(the last two: the edges, and the nodes in FILE.nodes.*)."
)
@work_options
@output_options
@timed
def graph(
    net: str | None,
    raw: bool,
    diameter: bool,
    degree: bool,
    faces: bool | None,
    output: Path | None,
    force: bool,
    work: Work,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    started: float,
) -> None:
    """Build the region graph of NET: regions, joined where they share a facet.

    NET is a network, a complex (.npz) that `relureg regions --save` or Python wrote, or the journal of a complete run
    that kept its regions: then the graph is built on disk, with bounds of the diameter.

    Without --diameter, --degree and --faces, all are shown.
    """
    from relureg.cli.answer import close, find_complex, require_passed, saved_complex
    from relureg.cli.stored import is_journal, stored_graph_answer
    from relureg.reports.documents import graph_document
    from relureg.reports.exports.graph_files import graph_files, save_graph
    from relureg.reports.tables import graph_table
    from relureg.theory.bounds import bounds

    if is_journal(net):
        stored_graph_answer(
            Path(net or ""), work, wanted_memory(), with_diameter=diameter or not degree, as_json=as_json,
            started=started,
        )  # fmt: skip
        return
    if output is not None:
        graph_files(output, force=force)  # what is wrong with the file is told before the work, not after
    cells = saved_complex(net, work)
    if cells is None:
        network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
        network, domain = scoped(network, work.scope, quiet=quiet)
        cells = find_complex(network, domain, work, quiet=quiet)
    found = bounds(cells.network, cells.domain)
    everything = not (diameter or degree or faces)
    with_diameter = diameter or everything
    if faces is None:
        faces = everything and cells.face_estimate <= MAX_FACES_COUNTED
    document = graph_document(
        cells, found, with_degree=degree or everything, with_diameter=with_diameter, with_faces=faces
    )
    if output is not None:
        require_passed(cells.checks_of(faces=faces, graph=with_diameter))
        document["files"] = [str(path) for path in save_graph(cells, output, force=force)]
    emit(document, graph_table, as_json=as_json, started=started)
    close(cells, cells.checks_of(faces=faces, graph=with_diameter), found)
