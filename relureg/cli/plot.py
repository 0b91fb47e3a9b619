"""relureg plot: a picture of a network with one, two or three inputs, or of a slice."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import chosen_slice, parse_box, scoped
from relureg.cli.work import Work, work_options
from relureg.errors import LimitReachedError, UsageError
from relureg.exact.numbers import nearest_double
from relureg.network.model import Network
from relureg.readers.data_files import read_points
from relureg.readers.texts import parse_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from relureg.plots.plane.picture import Style
    from relureg.plots.plane.view import View

EPILOG = f"""\b
Examples:
  relureg plot fixtures/truth/rand_2-16-16-1.json -o complex.svg
  relureg plot fixtures/truth/rand_2-16-16-1.json -o output.png --colour output --theme dark
  relureg plot fixtures/nets/acasxu_tiny_5_5_5.nnet -o slice.pdf --through "0,0,0,0,0;1,1,0,0,0;0,0,1,1,0"
  relureg plot fixtures/truth/saw_3.json -o function.svg

{EXIT_CODES}"""

COLOURS = ("map", "gradient", "output", "class", "depth", "degree", "distance", "none")
COLOURS_OF = {1: "slope", 3: "stage"}
"""What colours say of other numbers of inputs than two, where there is no choice."""
PLANE_ONLY = ("colour", "boundary", "components", "levels", "vertices", "region_graph", "dual", "source")
"""Options that only a picture of two inputs heeds; one of three heeds --theme, and --dpi in a file of pixels."""
NOT_SOLID = ("view", "no_lines", "points")


def style_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a picture shows: given to the command as one `Style`, by `style_of`."""
    for option in reversed([
        click.option(
            "--colour", "--color", type=click.Choice(COLOURS), default="map", show_default=True,
            help="What a cell's colour says: its affine map, the norm of its gradient, the output in bands, the "
            "largest output, the number of active units, the degree, the distance from a region (--source), nothing.",
        ),
        click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True),
        click.option("--view", metavar="LO HI", help='What is shown: LO HI on both axes, or "x0:LO,HI;x1:LO,HI".'),
        click.option("--boundary", is_flag=True, help="The decision boundary: output 0, or another output is largest."),
        click.option("--levels", metavar="C,C,...", help="Draw these level sets of the first output."),
        click.option("--no-lines", is_flag=True, help="Leave out the bent hyperplanes."),
        click.option("--dpi", type=click.IntRange(30, 1200), help="Pixels an inch: 200 in a PNG file, 100 in a film."),
    ]):  # fmt: skip
        function = option(function)
    return function


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), required=True,
    help="Write to .svg, .png or .pdf; three inputs also to .html, a figure to turn.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the file of -o where it exists.")
@style_options
@click.option("--components", is_flag=True, help="The decision boundary with a colour for each component in the view.")
@click.option("--vertices", is_flag=True, help="Mark the vertices.")
@click.option("--region-graph", is_flag=True, help="Draw the region graph over the cells.")
@click.option("--dual", is_flag=True, help="Beside the cells, each region's affine map as a point (its gradient).")
@click.option("--source", type=click.IntRange(min=0), default=0, help="The region that --colour distance counts from.")
@click.option(
    "--points", metavar="FILE", type=click.Path(path_type=Path),
    help="Draw data points (.npy, .npz, .csv, .json, .parquet: a row a point) on top; on a slice, where it is nearest "
    "to them.",
)  # fmt: skip
@work_options
@output_options
def plot(
    net: str | None,
    raw: bool,
    output: Path,
    force: bool,
    components: bool,
    vertices: bool,
    region_graph: bool,
    dual: bool,
    source: int,
    points: Path | None,
    work: Work,
    printer: Printer,
    **style: Any,
) -> None:
    """Draw the complex of NET: two inputs as cells in the plane, one as a function, three as facets in space.

    NET is a network, or a complex (.npz) that `relureg regions --save` or Python wrote.

    More inputs need a --slice, --through, or a --box that fixes all but two or three. Cells are exact polygons from
    the complex's own vertices; level sets and decision boundaries are facets of an exact complex as well.
    """
    from relureg.cli.answer import close, find_complex, saved_complex
    from relureg.plots.canvas import SUFFIXES, check_target
    from relureg.reports.plot import PlotReport

    suffixes = (*SUFFIXES, ".html")
    check_target(output, suffixes, force=force)
    cells = saved_complex(net, work)
    if cells is None:
        read = read_network(net, printer, raw=raw)
        network, domain = scoped(read, work.scope)
    else:
        read, network, domain = cells.network, cells.network, cells.domain
    if network.input_dim > 3:
        raise UsageError(
            f"{network.input_dim} inputs cannot be drawn; look at a plane through points of yours (--through), "
            "or fix inputs by equal bounds (--box)"
        )
    to_turn = output.suffix.lower() == ".html"
    if to_turn and network.input_dim != 3:
        raise UsageError("three inputs are drawn as .html, one or two as .svg, .png or .pdf", where=str(output))
    _check_effects(network.input_dim, to_turn=to_turn)
    marked = _points(read, network, work, points)
    look = style_of(style, components=components, vertices=vertices, graph=region_graph, dual=dual, source=source)
    view = view_of(style["view"], network)
    cells = find_complex(network, domain, work, printer) if cells is None else cells
    if not cells.complete:
        raise LimitReachedError(f"stopped by {cells.stopped_by}: a picture needs all regions; look at a --box")
    drawn: dict[str, Any] = {"view": None}
    if network.input_dim == 3:
        from relureg.plots.canvas import theme_of
        from relureg.plots.plane.solid import save_solid
        from relureg.plots.plane.still import save_still

        theme, jobs = theme_of(look.theme), work.workers.jobs
        if to_turn:
            drawn["facets_drawn"] = save_solid(cells, output, theme, force=force, jobs=jobs)
        else:
            dpi = style["dpi"] or 200
            drawn["facets_drawn"] = save_still(cells, output, theme, dpi=dpi, force=force, jobs=jobs)
    elif network.input_dim == 2:
        from relureg.plots.plane.picture import num_components, save_picture

        plane = save_picture(
            cells, output, look, view=view, points=marked, dpi=style["dpi"] or 200, force=force, jobs=work.workers.jobs
        )
        drawn = {
            "view": plane.view.bounds,
            "regions_in_view": plane.num_regions_seen,
            "boundary_components": num_components(plane) if components else None,
            "facets_drawn": int((plane.polygons.edge_unit >= 0).sum()),
        }
    else:
        from relureg.plots.plane.function import save_function

        span = None if view is None else (float(view.low[0]), float(view.high[0]))
        low, high = save_function(cells, output, look, span=span, points=marked, dpi=style["dpi"] or 200, force=force)
        drawn = {"view": [[low + 0.0], [high + 0.0]]}  # without negative zeros
    colour = COLOURS_OF.get(network.input_dim, look.colour)
    printer.emit(PlotReport.of(cells, **drawn, colour=colour, theme=look.theme, file=str(output)))
    close(cells, cells.checks, ())


def _check_effects(input_dim: int, *, to_turn: bool) -> None:
    """Refuse options that were given and would change nothing in a picture of this many inputs."""
    without = {1: PLANE_ONLY, 2: (), 3: PLANE_ONLY + NOT_SOLID}[input_dim] + (("dpi",) if to_turn else ())
    context = click.get_current_context()
    given = [
        f"--{name.replace('_', '-')}"
        for name in without
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    ]
    if given:
        shape = "one input is drawn as a function" if input_dim == 1 else "three inputs are drawn as facets in space"
        raise UsageError(f"{shape}, in which {', '.join(given)} would show nothing; leave out what does not fit")


def style_of(options: dict[str, Any], *, source: int = 0, **more: bool) -> Style:
    """The options of `style_options` as a `Style`."""
    from relureg.plots.plane.colouring import Choices
    from relureg.plots.plane.picture import Style

    levels: list[Fraction | float] = []
    for text in filter(None, (options["levels"] or "").split(",")):
        try:
            levels.append(Fraction(parse_number(text)))
        except (ValueError, OverflowError) as error:
            raise UsageError(f"{text!r} is not a number (write 1.5, 1/3)", where="--levels") from error
    return Style(
        colour=options["colour"],
        theme=options["theme"],
        levels=tuple(levels),
        boundary=options["boundary"],
        lines=not options["no_lines"],
        choices=Choices(source=source),
        **more,
    )


def view_of(text: str | None, network: Network) -> View | None:
    """The rectangle that --view names, in the picture's own coordinates."""
    if text is None:
        return None
    import numpy as np

    from relureg.plots.plane.view import View, frame_of

    _check_bounds(text)
    domain = parse_box(text, network, "--view")
    bounds = [bound for interval in domain.intervals for bound in interval if bound is not None]
    if domain.equations is not None or len(bounds) < 2 * network.input_dim:
        raise UsageError("both bounds of every axis are needed, and finite", where="--view")
    low, high = np.array(list(map(nearest_double, bounds))).reshape(-1, 2).T
    frame, is_isometric = frame_of(network) if network.input_dim == 2 else (np.eye(network.input_dim), False)
    return View(frame=frame, low=low + 0.0, high=high + 0.0, is_isometric=is_isometric)  # without negative zeros


def _check_bounds(text: str) -> None:
    """Unlike a box, a view cannot fix an input; what is no interval at all is left to `parse_box`."""
    for part in text.split(";"):
        words = part.rpartition(":")[2].split(",")
        try:
            low, high = map(parse_number, words)
        except ValueError:
            continue
        if low == high:
            raise UsageError(f"the bounds {words[0]} and {words[1]} are equal and leave nothing to see", where="--view")
        if low > high:
            raise UsageError(f"the lower bound {words[0]} is above the upper bound {words[1]}", where="--view")


def _points(read: Network, network: Network, work: Work, path: Path | None) -> NDArray[np.float64] | None:
    """Data points in the coordinates of what is drawn; the points of --through are drawn unasked."""
    import numpy as np

    if path is not None and network.slice is not None:
        # Data lie in the space around a slice: each point is drawn where the slice is nearest to it.
        rows = np.array(read_points(path, network.slice.base.shape[0]), dtype=np.float64)
        offsets = (rows - network.slice.base.floats[:, 0]).T
        nearest, *_ = np.linalg.lstsq(network.slice.directions.floats, offsets)
        return nearest.T.astype(np.float64)
    if path is not None:
        return np.array(read_points(path, network.input_dim), dtype=np.float64)
    if work.scope.through is None or (flat := chosen_slice(read, work.scope)) is None:
        return None
    corners = itertools.chain([np.zeros(flat.dim)], np.eye(flat.dim))
    return np.array(list(corners)) if flat.dim == network.input_dim else None
