"""relureg graph: the region graph, its degrees and its exact diameter."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import file_options, finite_number, network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.proof import check_proof_file, proof_option, prove
from relureg.cli.scope import scoped
from relureg.cli.work import Work, wanted_memory, work_options
from relureg.complex.face_limits import MAX_FACES_COUNTED
from relureg.errors import UsageError

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.network.model import Network
    from relureg.reports.spectrum import SpectrumFacts

MOST_FOR_DIAMETER = 10_000
"""Regions up to which a proof claims the diameter unasked: the checker takes memory for the square of their number."""

EPILOG = f"""\b
Examples:
  relureg graph fixtures/truth/int_2-6-6-1.json
  relureg graph fixtures/truth/int_2-6-6-1.json --diameter --json
  relureg graph fixtures/truth/rand_4-12-12-1.json --faces
  relureg graph fixtures/truth/int_2-6-6-1.json --spectrum --box -2 2
  relureg graph fixtures/truth/int_2-6-6-1.json -o graph.graphml
  relureg graph fixtures/truth/int_2-6-6-1.json --proof build/graph.proof

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
@click.option(
    "--spectrum",
    is_flag=True,
    help="Fiedler value and spectral gap, degrees and distances, the conductance of the decision cut, and in a bounded "
    "domain of up to 3 inputs the entropy of the regions' volumes. Only when asked for.",
)
@click.option(
    "--level", metavar="C", help="With --spectrum and one output, the level whose sides the cut parts. [default: 0]"
)
@proof_option("the facets and degrees, and of the diameter")
@file_options(
    "Write the graph, with attributes of regions and facets: .graphml, .gexf, .json (node-link), .npz, .csv, .parquet "
    "(the last two: the edges, and the nodes in FILE.nodes.*)."
)
@work_options
@output_options
def graph(
    net: str | None,
    raw: bool,
    diameter: bool,
    degree: bool,
    faces: bool | None,
    spectrum: bool,
    level: str | None,
    proof: Path | None,
    output: Path | None,
    force: bool,
    work: Work,
    printer: Printer,
) -> None:
    """Build the region graph of NET: regions, joined where they share a facet.

    NET is a network, a complex (.npz) that `relureg regions --save` or Python wrote, or the journal of a complete run
    that kept its regions: then the graph is built on disk, with bounds of the diameter.

    Without --diameter, --degree, --faces and --spectrum, all but the spectrum are shown.
    """
    from relureg.cli.answer import close, find_complex, require_passed, saved_complex
    from relureg.cli.stored import is_journal, stored_graph_answer
    from relureg.reports.exports.graph_files import graph_files, save_graph
    from relureg.reports.graph import GraphReport
    from relureg.reports.spectrum import volumes_check
    from relureg.theory.bounds import bounds

    check_proof_file(proof, force=force, journal=Path(net or "") if is_journal(net) else None)
    if level is not None and not spectrum:
        raise UsageError("it goes with --spectrum; leave one out, or give both", where="--level")
    if is_journal(net):
        if spectrum:
            raise UsageError("the graph of a journal stays on disk; give the network", where="--spectrum")
        stored_graph_answer(Path(net or ""), work, wanted_memory(), printer, with_diameter=diameter or not degree)
        return
    exact_level = finite_number(level, "--level") or Fraction(0)
    if output is not None:
        graph_files(output, force=force)  # what is wrong with the file is told before the work, not after
    network: Network | None = None
    cells = saved_complex(net, work)
    if cells is None:
        network = read_network(net, printer, raw=raw)
        inside, domain = scoped(network, work.scope)
        cells = find_complex(inside, domain, work, printer)
    if level is not None and cells.network.output_dim > 1:
        raise UsageError("the largest of several outputs decides, and no level; leave it out", where="--level")
    found = bounds(cells.network, cells.domain)
    everything = not (diameter or degree or faces or spectrum)
    with_diameter = diameter or everything
    if faces is None:
        faces = everything and cells.face_estimate <= MAX_FACES_COUNTED
    files = []
    if output is not None:
        require_passed(cells.checks_of(faces=faces, graph=with_diameter))
        files = [str(path) for path in save_graph(cells, output, force=force)]
    proved = None
    if proof is not None:
        claims_diameter = with_diameter and (diameter or cells.num_regions <= MOST_FOR_DIAMETER)
        proved = prove(
            cells, proof, printer, slice_of=network, force=force, facets=True, diameter=claims_diameter
        )  # fmt: skip
    printer.emit(
        GraphReport.of(
            cells,
            found,
            with_degree=degree or everything or spectrum,
            with_diameter=with_diameter,
            with_faces=faces,
            spectrum=_spectrum(cells, exact_level, work) if spectrum else None,
            files=files,
            proof=proved,
        )
    )
    checks = cells.checks_of(faces=faces, graph=with_diameter)
    close(cells, (*checks, *volumes_check(cells)) if spectrum else checks, found)


def _spectrum(cells: Complex, level: Fraction, work: Work) -> SpectrumFacts:
    """The spectrum with the decision cut, or the reason why there is none."""
    from relureg.complex.decision_cut import find_decision_cut
    from relureg.network.comparisons import MAX_CLASSES
    from relureg.reports.spectrum import SpectrumFacts

    if cells.network.output_dim > MAX_CLASSES:
        return SpectrumFacts.of(cells, f"not found between more than {MAX_CLASSES} outputs")
    return SpectrumFacts.of(cells, find_decision_cut(cells, level, limits=work.limits, workers=work.workers))
