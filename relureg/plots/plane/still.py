"""Three-dimensional complexes from a fixed view: the facets of every stage in a box, as a picture for print."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.plots import canvas
from relureg.plots.colours import Theme, along
from relureg.plots.plane.solid import facet_polygons, facets_in_box
from relureg.words import plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 6.0
"""Inches of the axes."""
TOP, LEFT, RIGHT = 0.6, 0.25, 1.1
"""Inches around them, for the heading and the names of the stages."""
AZIMUTH, ELEVATION = 51.7, 25.4
"""Degrees: from where the figure to turn is seen at first."""


def save_still(
    cells: Complex, path: Path, theme: Theme, *, dpi: int = 200, force: bool = False, jobs: int | None = None
) -> int:
    """Draw the facets of a network with three inputs to a file; returns how many are drawn.

    Raises
    ------
    UsageError, OutputError, MissingPackageError
        As `facets_in_box` and `canvas.check_target` do.
    """
    canvas.check_target(path, force=force)
    figure, drawn = still_figure(cells, theme, jobs=jobs)
    with canvas.styled(theme):
        canvas.save_figure(figure, path, dpi=dpi, force=force)
    return drawn


def still_figure(cells: Complex, theme: Theme, *, jobs: int | None = None) -> tuple[Figure, int]:
    """The picture, and how many facets are in it; raises as `facets_in_box` does."""
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    seen = facets_in_box(cells, jobs=jobs)
    polygons, units = facet_polygons(seen)
    stages = np.searchsorted(np.cumsum([0, *seen.network.widths]), units, side="right") - 1
    num_stages = len(seen.network.stages)
    colours = along(theme.diverging, np.linspace(0.12, 0.88, max(num_stages, 2)))
    low, high = _corners(seen)
    with canvas.styled(theme):
        figure = canvas.new_figure(LEFT + SIDE + RIGHT, SIDE + TOP, theme)
        width, height = figure.get_size_inches()
        place = (LEFT / width, 0.0, SIDE / width, SIDE / height)
        axes: Any = figure.add_axes(place, projection="3d", computed_zorder=False)
        axes.view_init(elev=ELEVATION, azim=AZIMUTH)
        axes.set_box_aspect((1, 1, 1), zoom=0.92)
        _draw_box(axes, low, high, theme)
        if polygons:
            alpha = np.maximum(0.34 - 0.07 * stages, 0.18)[:, None]
            # All in one collection: what is behind must be drawn before what is in front, whatever its stage.
            axes.add_collection3d(Poly3DCollection(
                _equally_long(polygons), facecolors=np.hstack([colours[stages], alpha]), edgecolors=theme.ink,
                linewidths=np.maximum(0.7 - 0.25 * stages, 0.25) * min(1.0, 25 / len(polygons) ** 0.5),
            ))  # fmt: skip
        for axis, bounds, name in zip("xyz", zip(low, high, strict=True), ("$x_0$", "$x_1$", "$x_2$"), strict=True):
            getattr(axes, f"set_{axis}lim")(*bounds)
            getattr(axes, f"set_{axis}label")(name, labelpad=-2)
            pane = getattr(axes, f"{axis}axis")
            pane.set_pane_color((0, 0, 0, 0))
            pane.line.set_color(theme.quiet)
        axes.grid(False)
        axes.tick_params(pad=-1)
        axes.locator_params(nbins=5)
        told = f"{plural(cells.num_regions, 'region')}   ·   {plural(len(polygons), 'facet')} drawn"
        canvas.add_heading(figure, LEFT, cells.network.name, told, theme)
        _name_stages(figure, [stage for stage in range(num_stages) if (stages == stage).any()], colours, theme)
    return figure, len(polygons)


def _equally_long(polygons: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(F, most corners, 3), the last corner again where there are fewer.

    What is not equally long matplotlib fills up with memory as it finds it, and scales the axes by that, too.
    """
    most = max(map(len, polygons))
    return np.array(
        [np.concatenate([corners, np.repeat(corners[-1:], most - len(corners), axis=0)]) for corners in polygons]
    )


def _corners(seen: Complex) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    coordinates = seen.generators.coordinates
    return coordinates.min(axis=0), coordinates.max(axis=0)


def _draw_box(axes: Any, low: NDArray[np.float64], high: NDArray[np.float64], theme: Theme) -> None:
    """The twelve edges of the box: where facets end, and how far back they lie."""
    corners = np.array(list(itertools.product(*zip(low, high, strict=True))))
    for first, second in itertools.combinations(corners, 2):
        if (first != second).sum() == 1:
            axes.plot(*np.stack([first, second]).T, color=theme.quiet, lw=0.5, alpha=0.7)


def _name_stages(figure: Figure, stages: list[int], colours: NDArray[np.float64], theme: Theme) -> None:
    from matplotlib.patches import Rectangle

    w, h = figure.get_size_inches()
    for row, stage in enumerate(stages[:12]):
        y = h - TOP - 0.3 - 0.21 * row
        figure.add_artist(Rectangle(
            ((w - RIGHT) / w, (y - 0.06) / h), 0.2 / w, 0.12 / h, transform=figure.transFigure,
            facecolor=(*colours[stage], 0.75), edgecolor=theme.ink, linewidth=0.4,
        ))  # fmt: skip
        figure.text((w - RIGHT + 0.3) / w, y / h, f"stage {stage + 1}", fontsize=8, color=theme.quiet, va="center")
