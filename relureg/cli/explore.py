"""relureg explore: a page in which a complex of two inputs, or of a plane, is walked through."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.plot import COLOURS, view_of
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scoped
from relureg.cli.work import Work, work_options
from relureg.errors import LimitReachedError

EPILOG = f"""\b
Examples:
  relureg explore fixtures/truth/rand_2-16-16-1.json -o complex.html
  relureg explore fixtures/pictures/spiral/6000.json --view -1.3 1.3 -o spiral.html
  relureg explore fixtures/nets/acasxu_tiny_5_5_5.nnet -o slice.html --through "0,0,0,0,0;1,1,0,0,0;0,0,1,1,0"

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), required=True, help="Write the page to .html."
)
@click.option("--force", is_flag=True, help="Replace the file of -o where it exists.")
@click.option(
    "--colour", "--color", type=click.Choice(COLOURS), default="map", show_default=True,
    help="What a cell's colour says at first; the page has all.",
)  # fmt: skip
@click.option(
    "--theme", type=click.Choice(["auto", "light", "dark"]), default="auto", show_default=True,
    help="Colours of the page at first; auto: what the browser prefers.",
)  # fmt: skip
@click.option("--view", metavar="LO HI", help='What is shown: LO HI on both axes, or "x0:LO,HI;x1:LO,HI".')
@work_options
@output_options
def explore(
    net: str | None,
    raw: bool,
    output: Path,
    force: bool,
    colour: str,
    theme: str,
    view: str | None,
    work: Work,
    printer: Printer,
) -> None:
    """Write a page for the browser in which the complex of NET is walked through.

    NET is a network, or a complex (.npz) that `relureg regions --save` or Python wrote. It has two inputs; of more,
    take a plane by --slice or --through, or a --box that fixes all but two.

    The page is one file and asks no network for anything. It zooms into the cells, and tells of each the pattern, the
    affine map, the facets and neighbours; it finds shortest paths, and lets the weights of a small network be turned.
    """
    from relureg.cli.answer import close, find_complex, saved_complex
    from relureg.pages.explorer.content import require_plane
    from relureg.pages.explorer.page import check_page, save_explorer
    from relureg.reports.explore import ExploreReport

    check_page(output, force=force)
    cells = saved_complex(net, work)
    if cells is None:
        network, domain = scoped(read_network(net, printer, raw=raw), work.scope)
    else:
        network, domain = cells.network, cells.domain
    require_plane(network)
    shown = view_of(view, network)
    if cells is None:
        cells = find_complex(network, domain, work, printer)
    if not cells.complete:
        raise LimitReachedError(f"stopped by {cells.stopped_by}: a page needs all regions; look at a --box")
    saved = save_explorer(cells, output, view=shown, colour=colour, theme=theme, force=force, jobs=work.workers.jobs)
    low, high = saved.view
    printer.emit(
        ExploreReport.of(
            cells, regions_in_view=saved.num_regions_seen, view=(tuple(low), tuple(high)), colour=colour, theme=theme,
            size=saved.size, file=str(output),
        )
    )  # fmt: skip
    close(cells, cells.checks, ())
