"""relureg animate: the complex over training."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.options import read_network, reading_options
from relureg.cli.plot import style_of, style_options, view_of
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scoped
from relureg.cli.work import Work, work_options
from relureg.errors import LimitReachedError, UsageError
from relureg.words import plural

EPILOG = f"""\b
Examples:
  relureg animate fixtures/pictures/spiral/*.json -o training.gif --boundary
  relureg animate fixtures/pictures/spiral/*.json -o training.html --colour output --theme dark

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@click.argument("nets", shell_complete=files, nargs=-1, required=True, metavar="NET NET ...")
@reading_options
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), required=True,
    help="Write to .gif, .html, or .mp4 where ffmpeg is installed.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the file of -o where it exists.")
@click.option("--fps", type=click.FloatRange(0.05, 60), default=2.0, show_default=True, help="Checkpoints a second.")
@style_options
@work_options
@output_options
def animate(
    nets: tuple[str, ...],
    raw: bool,
    output: Path,
    force: bool,
    fps: float,
    work: Work,
    printer: Printer,
    **style: Any,
) -> None:
    """Draw the complexes of checkpoints NET NET ..., in this order, as an animation.

    View and colours are the same in all frames; beside them run the number of regions and the average degree.
    """
    from relureg.cli.answer import close, find_complex, require_passed
    from relureg.plots.plane.animation import check_target, save_animation
    from relureg.reports.animate import AnimateReport

    check_target(output, force=force)
    complexes = []
    for number, net in enumerate(nets, start=1):
        network, domain = scoped(read_network(net, printer, raw=raw), work.scope)
        if network.input_dim != 2:
            raise UsageError(f"frames show two inputs, and {network.name} has {network.input_dim}; give a --slice")
        cells = find_complex(network, domain, work, dataclasses.replace(printer, quiet=True))
        if not cells.complete:
            raise LimitReachedError(f"{network.name}: stopped by {cells.stopped_by}; a picture needs all regions")
        require_passed(cells.checks)  # before anything is written
        complexes.append(cells)
        _tell(f"counted {number} of {len(nets)}: {plural(cells.num_regions, 'region')}", printer.quiet)
    view = save_animation(
        complexes, output, style_of(style), view=view_of(style["view"], complexes[-1].network), fps=fps,
        dpi=style["dpi"] or 100, force=force, jobs=work.workers.jobs,
        progress=lambda number: _tell(f"drew {number + 1} of {len(nets)}", printer.quiet),
    )  # fmt: skip
    printer.emit(
        AnimateReport.of(complexes, view=view.bounds, colour=style["colour"], theme=style["theme"], file=str(output))
    )
    for cells in complexes:
        close(cells, cells.checks, ())


def _tell(text: str, quiet: bool) -> None:
    """Progress: one line that renews itself on a terminal, lines elsewhere."""
    if not quiet:
        click.echo(
            f"\rrelureg: {text}\x1b[K" if sys.stderr.isatty() else f"relureg: {text}",
            err=True,
            nl=not sys.stderr.isatty(),
        )
