"""Pictures of persistence diagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.plots import canvas
from relureg.plots.colours import Theme
from relureg.topology.persistence import PersistenceDiagram
from relureg.words import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 4.2
"""Inches of the axes."""
LEFT, BOTTOM, TOP, LEGEND = 0.72, 0.56, 0.74, 1.45
_NAMES = ("components", "holes", "voids")
_MARKS = ("o", "s", "^", "D")
_COLOURS = {
    "light": ("#c1123f", "#1f6f9f", "#2f8a69", "#8a6d1f"),
    "dark": ("#ffd23f", "#6cb6ea", "#6fd6a8", "#e58fb0"),
}
"""For dimensions 0, 1, 2, ...: apart in lightness as well as in hue, and in their marks."""


def diagram_figure(
    diagram: PersistenceDiagram, *, beside: PersistenceDiagram | None = None, theme: str = "light"
) -> Figure:
    """A diagram: births to the right, deaths upwards; classes that never die lie on the line at the top.

    Parameters
    ----------
    beside : PersistenceDiagram, optional
        Another one, in hollow marks.

    Raises
    ------
    UsageError
        There is no such theme.
    MissingPackageError
        Matplotlib is not installed.
    """
    look = canvas.theme_of(theme)
    canvas.require_matplotlib()
    drawn = [diagram] if beside is None else [diagram, beside]
    values = np.concatenate([one.points[:, 1:].ravel() for one in drawn])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 1.0
    bottom, never, top = low - room, high + room, high + 1.7 * room
    with canvas.styled(look):
        figure = canvas.new_figure(LEFT + SIDE + LEGEND, BOTTOM + SIDE + TOP, look)
        axes = canvas.add_axes(figure, LEFT, BOTTOM, SIDE, SIDE)
        axes.fill([bottom, top, top], [bottom, bottom, top], color=look.quiet, alpha=0.08, lw=0, zorder=0)
        axes.plot([bottom, top], [bottom, top], color=look.quiet, lw=0.7, zorder=1)
        axes.plot([bottom, top], [never, never], color=look.quiet, lw=0.7, ls=(0, (4, 3)), zorder=1)
        rows: list[tuple[str, int, bool]] = []
        for number, one in enumerate(drawn):
            for dimension in one.dimensions:
                points = one.points[one.points[:, 0] == dimension, 1:]
                points[np.isinf(points)] = never
                _add_points(axes, points, dimension, look, hollow=bool(number))
                name = _NAMES[dimension] if dimension < len(_NAMES) else f"dimension {dimension}"
                rows.append((name, dimension, bool(number)))
        axes.set_xlim(bottom, top)
        axes.set_ylim(bottom, top)
        axes.set_aspect("equal")
        axes.set_xlabel("birth", labelpad=2)
        axes.set_ylabel("death", labelpad=2)
        axes.locator_params(nbins=6)
        ticks = [tick for tick in axes.get_yticks() if bottom <= tick <= high]
        axes.set_yticks([*ticks, never], [*(f"{tick:g}".replace("-", "−") for tick in ticks), "never"])
        for spine in axes.spines.values():
            spine.set_visible(False)
        told = f"{diagram.by}   ·   {plural(len(diagram.pairs), 'class')}"
        if beside is not None:
            told += f"   ·   hollow: {beside.name}, {plural(len(beside.pairs), 'class')}"
        canvas.add_heading(figure, LEFT, diagram.name, told, look)
        _add_legend(figure, rows, look)
    return figure


def _add_points(axes: Axes, points: NDArray[np.float64], dimension: int, theme: Theme, *, hollow: bool) -> None:
    """Points that coincide are drawn once, larger the more they are."""
    places, counts = np.unique(points, axis=0, return_counts=True)
    colour = _COLOURS[theme.name][dimension % 4]
    size = float(np.clip(600 / max(len(places), 1), 12, 34))
    axes.scatter(
        places[:, 0], places[:, 1], s=size * np.sqrt(counts), marker=_MARKS[dimension % 4],
        facecolors="none" if hollow else colour, edgecolors=colour if hollow else theme.ground,
        linewidths=1.1 if hollow else 0.6, alpha=0.9, zorder=3 + dimension + 4 * hollow, clip_on=False,
    )  # fmt: skip


def _add_legend(figure: Figure, rows: list[tuple[str, int, bool]], theme: Theme) -> None:
    from matplotlib.lines import Line2D

    w, h = figure.get_size_inches()
    left = LEFT + SIDE + 0.22
    for k, (name, dimension, hollow) in enumerate(rows):
        y = BOTTOM + SIDE - 0.1 - 0.22 * k
        colour = _COLOURS[theme.name][dimension % 4]
        mark = Line2D(
            [left / w], [y / h], marker=_MARKS[dimension % 4], ms=5.5, ls="none", transform=figure.transFigure,
            mfc="none" if hollow else colour, mec=colour if hollow else theme.ground, mew=1.1 if hollow else 0.6,
        )  # fmt: skip
        figure.add_artist(mark)
        figure.text((left + 0.16) / w, y / h, name, fontsize=7.5, color=theme.quiet, va="center")
