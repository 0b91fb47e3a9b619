"""A whole picture of a plane: heading, cells, lines, legends, and the dual points beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.errors import UsageError
from relureg.network.model import Network
from relureg.plots import canvas
from relureg.plots.plane import draw
from relureg.plots.plane.colouring import COLOURINGS, DEFAULTS, Choices, Colouring, colour, nice_levels
from relureg.plots.plane.components import boundary_components
from relureg.plots.plane.gradients import gradients
from relureg.plots.plane.legend import WIDTH, add_legend
from relureg.plots.plane.plane import Plane, output_range, plane_of
from relureg.plots.plane.view import View
from relureg.words import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 5.2
"""Inches of the longer side of the axes."""
LEFT, BOTTOM, TOP = 0.62, 0.48, 0.74
"""Inches around the axes, for ticks and heading."""
SHORT = (-3, 4)
"""Powers of ten between which ticks are written out; beyond, they would not fit beside the axes."""
BANDS = 12
"""Levels between which the output is coloured, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a picture shows, and how."""

    colour: str = "map"
    """One of `colouring.COLOURINGS`."""
    theme: str = "light"
    choices: Choices = DEFAULTS
    levels: tuple[Fraction | float, ...] = ()
    """Level sets of the first output to draw."""
    boundary: bool = False
    """Draw the decision boundary: where the output is 0, or where another of several outputs becomes the largest."""
    components: bool = False
    """Draw it with a colour for each of its connected components in the view."""
    lines: bool = True
    """Draw the bent hyperplanes."""
    vertices: bool = False
    graph: bool = False
    dual: bool = False
    """Draw the dual points beside the cells."""


def plane_for(
    cells: Complex,
    style: Style,
    *,
    view: View | None = None,
    points: NDArray[np.float64] | None = None,
    jobs: int | None = None,
) -> Plane:
    """Cut the complex along all that a style needs; raises as `plane_of` does."""
    if style.colour not in COLOURINGS:
        raise UsageError(f"there is no colouring {style.colour!r}; choose one of {', '.join(COLOURINGS)}")
    several = cells.network.output_dim > 1
    levels = sorted({Fraction(level) for level in style.levels})
    if style.colour == "output":
        low, high = style.choices.low, style.choices.high
        if low is None or high is None:
            low, high = output_range(cells, view, points)
        levels = sorted({*levels, *map(Fraction, nice_levels(low, high, BANDS) or (low,))})
    if (style.boundary or style.components) and not several:
        levels = sorted({*levels, Fraction(0)})
    classes = style.colour == "class" or ((style.boundary or style.components) and several)
    return plane_of(cells, view=view, points=points, levels=levels, classes=classes, jobs=jobs)


def figure_of(plane: Plane, style: Style, *, points: NDArray[np.float64] | None = None) -> Figure:
    """A picture of a plane; to be called inside `canvas.styled`."""
    theme = canvas.theme_of(style.theme)
    colouring = colour(plane, style.colour, theme, style.choices)
    width, height = _size(plane.view)
    beside = width + LEFT + 0.25 if style.dual else 0.0
    figure = canvas.new_figure(LEFT + width + beside + 0.22 + WIDTH, BOTTOM + height + TOP, theme)
    axes = canvas.add_axes(figure, LEFT, BOTTOM, width, height)
    widths = paint(axes, plane, style, colouring, points=points, size=72 * min(width, height))
    told = _subtitle(plane)
    if style.components:
        told += f"   ·   {plural(num_components(plane), 'boundary component')}"
    canvas.add_heading(figure, LEFT, plane.cells.network.name, told, theme)
    if style.dual:
        dual = canvas.add_axes(figure, LEFT + width + LEFT + 0.25, BOTTOM, width, height)
        draw.draw_dual(dual, plane, gradients(plane), colouring, theme)
        dual.set_title("dual points: the gradient of each region", fontsize=8.5, color=theme.quiet, loc="left", pad=6)
        for spine in dual.spines.values():
            spine.set_visible(False)
    on_level = np.array([(plane.edge_level == k).any() for k in range(len(plane.levels))], dtype=np.bool_)
    strong = style.boundary or style.components
    is_strong = np.array([strong and level == 0 for level in plane.levels], dtype=np.bool_)
    lines = []
    if style.components:
        count = num_components(plane)
        shown = min(count, len(theme.components))
        lines += [(f"component {k + 1}", theme.components[k], 1.9) for k in range(shown)]
        if count > shown:
            lines.append((f"and {count - shown:,} more, again", theme.components[0], 1.9))
    elif plane.edge_is_border.any() or (on_level & is_strong).any():
        lines.append(("decision boundary", theme.accent, 1.7))
    if (on_level & ~is_strong).any():
        lines.append(("level set", theme.line, 0.35))
    add_legend(
        figure,
        LEFT + width + beside + 0.24,
        BOTTOM,
        height,
        colouring=colouring,
        theme=theme,
        stage_widths=widths,
        lines=lines,
    )
    return figure


def num_components(plane: Plane) -> int:
    """Connected components of the decision boundary in the view, where it was asked for."""
    return int(boundary_components(plane, 0.0).max(initial=-1)) + 1


def paint(
    axes: Axes, plane: Plane, style: Style, colouring: Colouring, *, points: NDArray[np.float64] | None, size: float
) -> list[float]:
    """Everything inside the axes; returns the widths of the stages' lines."""
    theme = canvas.theme_of(style.theme)
    draw.draw_cells(axes, plane, colouring.colours)
    line = theme.line_on_ground if colouring.is_plain else theme.line
    widths = draw.draw_hyperplanes(axes, plane, line, size) if style.lines else []
    if plane.cells.domain is not None:
        draw.draw_boundary(axes, plane, theme)
    boundary = 0.0 if style.boundary or style.components else None
    components = boundary_components(plane, boundary) if style.components else None
    draw.draw_levels(axes, plane, theme, boundary, components)
    if style.vertices:
        draw.draw_vertices(axes, plane, theme, size)
    if style.graph:
        draw.draw_graph(axes, plane, theme, size)
    if points is not None and len(points):
        draw.draw_points(axes, plane, points, theme)
    low, high = plane.view.low, plane.view.high
    room = 0.004 * (high - low) if plane.cells.domain is not None else np.zeros(2)
    axes.set_xlim(low[0] - room[0], high[0] + room[0])
    axes.set_ylim(low[1] - room[1], high[1] + room[1])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.locator_params(nbins=6)
    axes.ticklabel_format(style="sci", scilimits=SHORT)
    x, y = axis_names(plane.cells.network)
    axes.set_xlabel(x, fontsize=8.5, labelpad=2)
    axes.set_ylabel(y, fontsize=8.5, labelpad=2)
    return widths


def save_picture(
    cells: Complex,
    path: Path,
    style: Style,
    *,
    view: View | None = None,
    points: NDArray[np.float64] | None = None,
    dpi: int = 200,
    force: bool = False,
    jobs: int | None = None,
) -> Plane:
    """Draw a complex of dimension two to a file; what is drawn is returned.

    Raises
    ------
    UsageError, OutputError, EngineUnavailableError
        As `plane_of` and `canvas.check_target` do.
    """
    canvas.check_target(path, force=force)
    plane = plane_for(cells, style, view=view, points=points, jobs=jobs)
    with canvas.styled(canvas.theme_of(style.theme)):
        canvas.save_figure(figure_of(plane, style, points=points), path, dpi=dpi, force=force)
    return plane


def axis_names(network: Network) -> Sequence[str]:
    """The inputs' names; on a slice that is no choice of inputs, lengths along it."""
    flat = network.slice
    if flat is None:
        return [f"$x_{{{k}}}$" for k in range(network.input_dim)]
    columns = flat.directions.floats.T
    if all(np.count_nonzero(column) == 1 and column.sum() == 1 for column in columns):
        return [f"$x_{{{int(np.argmax(column))}}}$" for column in columns]
    return ["distance along the slice", ""] if network.input_dim == 2 else ["$t$"]


def _size(view: View) -> tuple[float, float]:
    """Inches of the axes: a square, or on an isometric plane what the view's sides ask for."""
    if not view.is_isometric:
        return SIDE, SIDE
    width, height = (view.high - view.low).tolist()
    scale = SIDE / max(width, height)
    return width * scale, height * scale


def _subtitle(plane: Plane) -> str:
    network, cells = plane.cells.network, plane.cells
    shape = " – ".join(map(str, (network.input_dim, *network.widths, network.output_dim)))
    count = plural(cells.num_regions, "region")
    if plane.num_regions_seen != cells.num_regions:
        count += f", {plane.num_regions_seen:,} in view"
    if cells.complete:
        count += f"   ·   {plural(cells.facets.num_inner, 'facet')}"
    return f"{shape}   ·   {count}"
