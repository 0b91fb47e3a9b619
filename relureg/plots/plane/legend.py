"""Legends beside a picture: a scale, a wheel of directions, classes, and the fineness of the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.plots.canvas import add_axes
from relureg.plots.colours import Theme, along, relief
from relureg.plots.plane.colouring import Colouring, Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 1.55
"""Inches that the legends take."""


def add_legend(
    figure: Figure, left: float, bottom: float, height: float, *, colouring: Colouring, theme: Theme,
    stage_widths: list[float], lines: list[tuple[str, str, float]],
) -> None:  # fmt: skip
    """Everything a reader needs, from top to bottom, right of the axes at `left` inches.

    `lines` are further kinds of lines and points: name, colour, width.
    """
    top = bottom + height
    if colouring.scale is not None:
        _add_scale(figure, left, top - 2.0, colouring.scale, theme)
        top -= 2.45
    elif colouring.has_wheel:
        _add_wheel(figure, left, top - 1.12, colouring.title, theme)
        top -= 1.55
    elif colouring.classes:
        top = _add_classes(figure, left, top, colouring, theme) - 0.25
    line = theme.line_on_ground if colouring.is_plain else theme.line
    rows = [(f"stage {k + 1}", line, width) for k, width in enumerate(stage_widths[:6])] + lines
    _add_lines(figure, left, top, rows, colouring, theme)


def _add_scale(figure: Figure, left: float, bottom: float, scale: Scale, theme: Theme) -> None:
    w, h = figure.get_size_inches()
    figure.text(left / w, (bottom + 1.93) / h, scale.title, fontsize=8.5, color=theme.ink, va="center")
    axes = add_axes(figure, left, bottom, 0.13, 1.76)
    count = scale.num_steps
    values = (np.arange(256) + 0.5) / 256 if count is None else np.arange(count) / max(count - 1, 1)
    axes.imshow(
        along(scale.stops, values)[:, None], origin="lower", aspect="auto", extent=(0, 1, scale.low, scale.high)
    )
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_yticks(scale.ticks, [f"{tick:g}".replace("-", "−") for tick in scale.ticks], fontsize=7.5)
    axes.set_ylim(scale.low, scale.high)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _add_wheel(figure: Figure, left: float, bottom: float, title: str, theme: Theme) -> None:
    """Direction as hue; from the middle outwards, from flat to steep."""
    from matplotlib.collections import PolyCollection

    w, h = figure.get_size_inches()
    figure.text(left / w, (bottom + 1.05) / h, title, fontsize=8.5, color=theme.ink, va="center")
    axes = add_axes(figure, left - 0.02, bottom, 0.9, 0.9)
    rings, sectors = 5, 40  # as fine as the eye tells apart at this size
    angle, ring = (grid.ravel().astype(np.float64) for grid in np.meshgrid(np.arange(sectors), np.arange(rings)))
    turn = 2 * np.pi / sectors

    def rim(step: int, radius: int) -> NDArray[np.float64]:
        at = (angle + step) * turn
        place: NDArray[np.float64] = np.column_stack([np.cos(at), np.sin(at)]) * ((ring + radius) / rings)[:, None]
        return place

    quads = np.stack([rim(0, 0), rim(1, 0), rim(1, 1), rim(0, 1)], axis=1)
    faces = relief(theme, angle * turn, (ring + 1) / rings)
    axes.add_collection(PolyCollection(list(quads), facecolors=faces, edgecolors=faces, linewidths=0.2, clip_on=False))
    axes.set(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), aspect="equal")
    axes.axis("off")


def _add_classes(figure: Figure, left: float, top: float, colouring: Colouring, theme: Theme) -> float:
    from matplotlib.patches import Rectangle

    w, h = figure.get_size_inches()
    figure.text(left / w, (top - 0.07) / h, colouring.title, fontsize=8.5, color=theme.ink, va="center")
    y = top - 0.3
    for label in colouring.classes:
        patch = Rectangle(
            (left / w, (y - 0.06) / h), 0.16 / w, 0.12 / h, transform=figure.transFigure,
            facecolor=theme.classes[label % len(theme.classes)], edgecolor="none",
        )  # fmt: skip
        figure.add_artist(patch)
        figure.text((left + 0.26) / w, y / h, f"output {label}", fontsize=7.5, color=theme.quiet, va="center")
        y -= 0.18
    return y


def _add_lines(
    figure: Figure, left: float, top: float, rows: list[tuple[str, str, float]], colouring: Colouring, theme: Theme
) -> None:
    """Each kind of line on a chip of what it is drawn on: the colour of middling brightness."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    w, h = figure.get_size_inches()
    order = np.argsort(colouring.colours.sum(axis=1))
    ground = tuple(colouring.colours[order[len(order) // 2]].tolist())
    for k, (name, colour, width) in enumerate(rows):
        y = top - 0.07 - 0.21 * k
        chip = Rectangle(
            (left / w, (y - 0.07) / h),
            0.32 / w,
            0.14 / h,
            transform=figure.transFigure,
            facecolor=ground,
            edgecolor="none",
        )
        line = Line2D(
            [left / w, (left + 0.32) / w], [y / h, y / h], color=colour, lw=width, transform=figure.transFigure,
            solid_capstyle="butt",
        )  # fmt: skip
        figure.add_artist(chip)
        figure.add_artist(line)
        figure.text((left + 0.42) / w, y / h, name, fontsize=7.5, color=theme.quiet, va="center")
