"""relureg persistence: persistent homology of the sublevel sets of a network, and how far two networks are apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.options import file_options, network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scoped
from relureg.cli.work import Work, work_options
from relureg.errors import LimitReachedError, UsageError

if TYPE_CHECKING:
    from relureg.complex.complex import Complex

EPILOG = f"""\b
Examples:
  relureg persistence fixtures/truth/saw_3.json --box 0 1
  relureg persistence fixtures/truth/int_2-6-6-1.json --box -2 2 --by unit:2:0 -o build/diagram.csv
  relureg persistence fixtures/truth/saw_3.json --box 0 1 --compare fixtures/truth/saw_6.json
  relureg persistence fixtures/pictures/pendulum.json --box -3 3 --plot build/diagram.svg

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "--by", default="output:0", show_default=True, metavar="FUNCTION",
    help="What sublevel sets are of: output:K, unit:STAGE:UNIT (its pre-activation; stages from 1, units from 0) or "
    "distance:REGION (steps in the region graph).",
)  # fmt: skip
@click.option(
    "--compare", "other", metavar="OTHER", shell_complete=files,
    help="Also the bottleneck distances to this network, exactly.",
)  # fmt: skip
@click.option(
    "--plot", "picture", metavar="FILE", type=click.Path(path_type=Path), help="Draw the diagram: .svg, .png or .pdf."
)
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@file_options("Write the classes, a row each: .csv or .json.")
@work_options
@output_options
def persistence(
    net: str | None,
    raw: bool,
    by: str,
    other: str | None,
    picture: Path | None,
    theme: str,
    output: Path | None,
    force: bool,
    work: Work,
    printer: Printer,
) -> None:
    """Find the persistent homology of NET in a bounded domain: components, holes and voids of {f <= t} as t grows.

    Births and deaths are values of f at vertices of the complex, exactly. NET is a network, or a complex (.npz) that
    `relureg regions --save` or Python wrote.
    """
    from relureg.cli.answer import require_passed
    from relureg.plots.canvas import check_target, save_figure, styled, theme_of
    from relureg.reports.exports.persistence_files import check_diagram_file, save_diagram
    from relureg.reports.persistence import ComparedFacts, PersistenceReport
    from relureg.topology.persistence import persistence as persistence_of

    if output is not None:
        check_diagram_file(output, force=force)
    if picture is not None:
        check_target(picture, force=force)
    elif click.get_current_context().get_parameter_source("theme") is not click.core.ParameterSource.DEFAULT:
        raise UsageError("it goes with --plot; leave it out", where="--theme")
    cells = _complex(net, by, work, printer, raw=raw)
    diagram = persistence_of(cells, by)
    require_passed((*cells.checks, diagram.check))
    compared = beside = None
    if other is not None:
        theirs = _complex(other, by, work, printer, raw=raw)
        beside = persistence_of(theirs, by)
        require_passed((*theirs.checks, beside.check))
        compared = ComparedFacts.of(theirs, diagram, beside)
    files = []
    if output is not None:
        save_diagram(diagram, output, force=force)
        files.append(str(output))
    if picture is not None:
        from relureg.plots.diagram import diagram_figure

        figure = diagram_figure(diagram, beside=beside, theme=theme)
        with styled(theme_of(theme)):
            save_figure(figure, picture, dpi=200, force=force)
        files.append(str(picture))
    printer.emit(PersistenceReport.of(cells, diagram, compared=compared, files=files))


def _complex(net: str | None, by: str, work: Work, printer: Printer, *, raw: bool) -> Complex:
    """All regions of a network in a bounded domain; what can be refused is, before they are looked for."""
    from relureg.cli.answer import find_complex, saved_complex
    from relureg.topology.filtration import Filtration

    cells = saved_complex(net, work)
    if cells is None:
        network, domain = scoped(read_network(net, printer, raw=raw), work.scope)
        Filtration.parse(by, network, where="--by")
        if domain is None:
            raise UsageError("persistent homology needs a bounded domain; give a --box")
        cells = find_complex(network, domain, work, printer)
    if not cells.complete:
        raise LimitReachedError(f"stopped by {cells.stopped_by}: persistent homology needs all regions")
    Filtration.parse(by, cells.network, cells.num_regions, where="--by")
    return cells
