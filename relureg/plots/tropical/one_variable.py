"""One variable: the lifted monomials under their upper hull, and the graph of the function with its bends."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from relureg.plots.tropical.marks import Room, colours_of, draw_dots, floats_of, set_whole_ticks
from relureg.tropical.subdivision import DualSubdivision

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_lifted_points(axes: Axes, subdivision: DualSubdivision) -> None:
    rows = subdivision.polynomial.monomials.floats
    points = rows[:, ::-1]
    floor = rows[:, 0].min() - 0.25 * max(float(np.ptp(rows[:, 0])), 1.0)
    axes.plot(*points.T, color="0.25", linewidth=1.2, zorder=2)
    for point in points:
        axes.plot([point[0], point[0]], [floor, point[1]], color="0.7", linewidth=0.8, linestyle=":", zorder=1)
    axes.plot(points[[0, -1], 0], [floor, floor], color="0.25", linewidth=2.5, zorder=2)
    colours = colours_of(subdivision)
    draw_dots(axes, points, colours, Room(float(np.ptp(points[:, 0])), scale=(1, 0)))
    axes.scatter(points[:, 0], np.full(len(points), floor), s=40, c=colours, edgecolors="0.1", linewidths=0.8, zorder=3)
    axes.set_xlabel("exponent")
    axes.set_ylabel("coefficient")
    set_whole_ticks(subdivision, axes.xaxis)
    axes.margins(0.12)


def draw_graph(axes: Axes, subdivision: DualSubdivision, variable: str) -> None:
    rows = subdivision.polynomial.monomials.floats
    bends = floats_of([cell.vertex for cell in subdivision.cells])[:, 0]
    margin = max(0.4 * float(np.ptp(bends)), 1.0 if len(bends) == 1 else 0.0)
    ends = [bends[0] - margin, *(bends if len(rows) > 1 else []), bends[-1] + margin]
    room = Room(ends[-1] - ends[0], scale=(1, 0))
    for index, ((low, high), colour) in enumerate(zip(itertools.pairwise(ends), colours_of(subdivision), strict=True)):
        x = np.array([low, high])
        axes.plot(x, rows[index, 0] + rows[index, 1] * x, color=colour, linewidth=3.5, solid_capstyle="round")
        centre = np.array([x.mean(), rows[index, 0] + rows[index, 1] * x.mean()])
        if room.take(centre):
            axes.annotate(
                str(index + 1),
                (centre[0], centre[1]),
                xytext=(-5, 8),
                textcoords="offset points",
                ha="center",
                fontsize=10,
                color="0.1",
            )
    for bend in bends if len(rows) > 1 else ():
        axes.axvline(bend, color="0.5", linewidth=1, linestyle="--", zorder=0)
    if len(rows) > 1 and (len(bends) == 1 or float(np.diff(bends).min()) > 0.12 * (ends[-1] - ends[0])):
        axes.set_xticks(bends)
    axes.set_xlabel(variable)
    axes.margins(y=0.15)
