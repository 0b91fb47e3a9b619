"""A network with one input as what it is: a piecewise linear function, with its breakpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import float_output_maps
from relureg.complex.complex import Complex
from relureg.complex.line import Breakpoint, breakpoints
from relureg.errors import UsageError
from relureg.exact.numbers import nearest_double
from relureg.network.domain import Domain
from relureg.plots import canvas
from relureg.plots.colours import THEMES, Theme, along
from relureg.plots.plane.draw import FINENESS
from relureg.plots.plane.picture import BOTTOM, LEFT, SHORT, TOP, Style, axis_names
from relureg.plots.plane.view import MARGIN, MARGIN_OF_POINTS, misses
from relureg.words import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 6.4, 3.4
"""Inches of the axes."""


def save_function(
    cells: Complex,
    path: Path,
    style: Style,
    *,
    span: tuple[float, float] | None = None,
    points: NDArray[np.float64] | None = None,
    dpi: int = 200,
    force: bool = False,
) -> tuple[float, float]:
    """Draw the outputs of a network with one input to a file; returns the interval that is shown.

    Raises
    ------
    UsageError, OutputError, EngineUnavailableError
        As `function_figure` and `canvas.check_target` do.
    """
    canvas.check_target(path, force=force)
    figure, shown = function_figure(cells, style, span=span, points=points)
    with canvas.styled(canvas.theme_of(style.theme)):
        canvas.save_figure(figure, path, dpi=dpi, force=force)
    return shown


def function_figure(
    cells: Complex,
    style: Style,
    *,
    span: tuple[float, float] | None = None,
    points: NDArray[np.float64] | None = None,
) -> tuple[Figure, tuple[float, float]]:
    """The outputs of a network with one input, and the interval that is shown.

    That is `span`, by default what holds the points or all breakpoints, cut to the domain: the complex knows no
    breakpoints outside.

    Raises
    ------
    UsageError
        The span misses the domain.
    UsageError
        As `breakpoints` does.
    """
    theme = canvas.theme_of(style.theme)
    found = breakpoints(cells)
    least, most = _ends(cells.domain)
    wanted = span or _span((least, most), found, points)
    low, high = max(wanted[0], least), min(wanted[1], most)
    if not low < high:
        raise UsageError(misses(np.array(wanted[:1]), np.array(wanted[1:])))
    with canvas.styled(theme):
        figure = canvas.new_figure(LEFT + WIDTH + 0.25, BOTTOM + HEIGHT + TOP, theme)
        axes = canvas.add_axes(figure, LEFT, BOTTOM, WIDTH, HEIGHT)
        _paint(axes, cells, found, low, high, theme, style, points)
        network = cells.network
        shape = " – ".join(map(str, (network.input_dim, *network.widths, network.output_dim)))
        told = f"{shape}   ·   {plural(cells.num_regions, 'region')}   ·   {plural(len(found), 'breakpoint')}"
        canvas.add_heading(figure, LEFT, network.name, told, theme)
    return figure, (low, high)


def _ends(domain: Domain | None) -> tuple[float, float]:
    """The ends of a domain on a line, infinite where it has none."""
    low, high = (None, None) if domain is None else domain.intervals[0]
    return -np.inf if low is None else nearest_double(low), np.inf if high is None else nearest_double(high)


def _span(
    ends: tuple[float, float], breakpoints: tuple[Breakpoint, ...], points: NDArray[np.float64] | None
) -> tuple[float, float]:
    """A bounded domain; or the points to be drawn, or else all breakpoints and ends, with room around them."""
    if np.isfinite(ends).all():
        return ends
    inside = np.empty(0) if points is None else points[(points >= ends[0]) & (points <= ends[1])]
    if len(inside) > 1:
        centre, half = (inside.min() + inside.max()) / 2, MARGIN_OF_POINTS * (inside.max() - inside.min()) / 2 or 1.0
        return float(centre - half), float(centre + half)
    places = [nearest_double(point.t) for point in breakpoints] + [end for end in ends if np.isfinite(end)]
    if not places:
        return -1.0, 1.0
    centre, half = (min(places) + max(places)) / 2, MARGIN * (max(places) - min(places)) / 2 or 1.0
    return centre - half, centre + half


def _paint(
    axes: Axes, cells: Complex, breakpoints: tuple[Breakpoint, ...], low: float, high: float, theme: Theme,
    style: Style, points: NDArray[np.float64] | None,
) -> None:  # fmt: skip
    network = cells.network
    inside = [point for point in breakpoints if low < nearest_double(point.t) < high]
    knots = np.array([low, *(nearest_double(point.t) for point in inside), high])
    values = network(knots[:, None])
    _paint_cells(axes, cells, knots, theme)
    first_units = np.cumsum([0, *network.widths])
    stages = np.array([np.searchsorted(first_units, point.units[0], side="right") - 1 for point in inside], dtype=int)
    if style.lines:
        for stage in np.unique(stages):
            axes.vlines(
                knots[1:-1][stages == stage], 0, 1, transform=axes.get_xaxis_transform(), color=theme.line,
                lw=float(np.clip(60 / len(knots), 0.2, 0.9)) * FINENESS**stage, alpha=0.5, zorder=2,
            )  # fmt: skip
    dot = float(np.clip(260 / len(knots), 1.2, 5.0))
    for output in range(network.output_dim):
        # The accent for the one function; of several, each has the colour of its class, in the other theme's shade.
        other = THEMES["dark" if theme.name == "light" else "light"]
        colour = theme.accent if network.output_dim == 1 else other.classes[output % len(other.classes)]
        axes.plot(
            knots, values[:, output], color=colour, lw=1.8, solid_joinstyle="round", zorder=4, label=f"output {output}"
        )
        axes.plot(knots[1:-1], values[1:-1, output], "o", ms=dot, mfc=theme.ground, mec=colour, mew=dot / 5, zorder=5)
    if points is not None and len(points):
        axes.plot(
            points[:, 0], np.full(len(points), 0.02), "|", ms=7, color=theme.ink, transform=axes.get_xaxis_transform()
        )
    if 1 < network.output_dim <= 12:
        # Above the axes, where no function runs.
        axes.legend(
            frameon=False, fontsize=7.5, labelcolor=theme.ink, loc="lower right", bbox_to_anchor=(1, 1.015),
            ncols=min(network.output_dim, 6), borderpad=0, borderaxespad=0.2, handlelength=1.2, columnspacing=1.2,
        )  # fmt: skip
    axes.set_xlim(low, high)
    axes.margins(y=0.08)
    axes.ticklabel_format(style="sci", scilimits=SHORT)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel(axis_names(network)[0], labelpad=2)
    axes.set_ylabel("output", labelpad=4)


def _paint_cells(axes: Axes, cells: Complex, knots: NDArray[np.float64], theme: Theme) -> None:
    """A strip for each region, coloured by the slope of the first output: blue falls, orange rises."""
    matrices, _ = float_output_maps(
        cells.network, cells.records.signs_of(cells.locate((knots[1:] + knots[:-1])[:, None] / 2))
    )
    slopes = matrices[:, 0, 0]
    steep = np.median(np.abs(slopes)) or 1.0
    colours = along(theme.diverging, 0.5 + 0.3 * slopes / (np.abs(slopes) + steep))
    axes.bar(
        knots[:-1], 1, width=np.diff(knots), align="edge", color=colours, alpha=0.55, lw=0, zorder=1,
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip
