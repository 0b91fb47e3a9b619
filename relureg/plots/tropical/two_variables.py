"""Two variables: the subdivided Newton polygon, and the tropical hypersurface in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.plots.tropical.marks import (
    Room,
    colours_of,
    draw_dots,
    draw_letter,
    floats_of,
    iter_letters,
    neighbours_of,
    set_whole_ticks,
)
from relureg.tropical.subdivision import DualSubdivision, Edge, polygon

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Polygon = NDArray[np.float64]


def draw_newton_polygon(axes: Axes, subdivision: DualSubdivision, variables: Sequence[str]) -> None:
    points = floats_of(subdivision.exponents)
    for cell in subdivision.cells:
        corners = floats_of(polygon([subdivision.exponents[k] for k in cell.monomials]))
        if len(corners) > 2:
            axes.fill(*corners.T, facecolor="0.9", edgecolor="none")
    for edge in subdivision.edges:
        axes.plot(*points[list(edge.monomials)].T, color="0.25", linewidth=1.2, zorder=2)
    room = Room(float(np.ptp(points, axis=0).max()))
    draw_dots(axes, points, colours_of(subdivision), room)
    for letter, cell in zip(iter_letters(), subdivision.cells, strict=False):
        draw_letter(axes, points[list(cell.monomials)].mean(axis=0), letter, room)
    axes.set_xlabel(f"exponent of {variables[0]}")
    axes.set_ylabel(f"exponent of {variables[1]}")
    set_whole_ticks(subdivision, axes.xaxis, axes.yaxis)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)


def draw_hypersurface(axes: Axes, subdivision: DualSubdivision, variables: Sequence[str]) -> None:
    (low_x, low_y), (high_x, high_y) = _window(subdivision)
    span = float(high_x - low_x)
    room = Room(span)
    for letter, cell in zip(iter_letters(), subdivision.cells, strict=False):
        if len(cell.monomials) > 2:
            draw_letter(axes, floats_of([cell.vertex])[0], letter, room)
    monomials = subdivision.polynomial.monomials.floats
    frame = np.array([[low_x, low_y], [high_x, low_y], [high_x, high_y], [low_x, high_y]])
    neighbours = neighbours_of(subdivision)
    for index, (row, colour) in enumerate(zip(monomials, colours_of(subdivision), strict=True)):
        region = frame
        for other in neighbours[index]:
            region = _clipped(region, row - monomials[other])
        if len(region) > 2:
            axes.fill(*region.T, facecolor=colour, alpha=0.45, edgecolor="none")
            centre, width = _centroid(region), _width(region)
            if width > 0.03 * span and room.take(centre):
                axes.text(centre[0], centre[1], str(index + 1), ha="center", va="center", fontsize=10, color="0.1")
    for edge in subdivision.edges:
        axes.plot(*_segment(subdivision, edge, 3 * span).T, color="0.1", linewidth=1.6, solid_capstyle="round")
    axes.set_xlim(low_x, high_x)
    axes.set_ylim(low_y, high_y)
    axes.set_xlabel(variables[0])
    axes.set_ylabel(variables[1])
    axes.set_aspect("equal", adjustable="box")


def _window(subdivision: DualSubdivision) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two corners of a square around all vertices of the hypersurface, with room for its rays."""
    vertices = floats_of([cell.vertex for cell in subdivision.cells])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    half = max(0.75 * float((high - low).max()), 1.0)
    middle = (low + high) / 2
    return middle - half, middle + half


def _segment(subdivision: DualSubdivision, edge: Edge, reach: float) -> NDArray[np.float64]:
    """The two ends of a facet of the hypersurface, its rays cut off far outside the window."""
    ends = list(floats_of([subdivision.cells[k].vertex for k in edge.vertices]))
    for ray in edge.rays:
        direction = floats_of([ray])[0]
        ends.append(ends[0] + reach * direction / np.linalg.norm(direction))
    if subdivision.dim == 1:  # parallel lines: the facet is a whole line, along which no vertex lies
        one, other = floats_of([subdivision.exponents[k] for k in edge.monomials])
        across = other - one
        along = np.array([-across[1], across[0]]) / np.linalg.norm(across)
        ends = [ends[0] - reach * along, ends[0] + reach * along]
    return np.array(ends)


def _clipped(region: Polygon, row: NDArray[np.float64]) -> Polygon:
    """The part of a convex polygon where ``row[0] + row[1:] . x >= 0`` (Sutherland and Hodgman)."""
    values = row[0] + region @ row[1:]
    kept: list[NDArray[np.float64]] = []
    for index, (point, value) in enumerate(zip(region, values, strict=True)):
        before, value_before = region[index - 1], values[index - 1]
        if (value >= 0) != (value_before >= 0):
            kept.append(before + (point - before) * value_before / (value_before - value))
        if value >= 0:
            kept.append(point)
    return np.array(kept).reshape(-1, 2)


def _centroid(region: Polygon) -> NDArray[np.float64]:
    x, y = region.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    total = float(cross.sum())
    if total == 0:
        return np.array([x.mean(), y.mean()])
    return np.array([((x + np.roll(x, -1)) * cross).sum(), ((y + np.roll(y, -1)) * cross).sum()]) / (3 * total)


def _width(region: Polygon) -> float:
    """Area over half the perimeter: about the width of a strip, half the side of a square."""
    x, y = region.T
    doubled = abs(float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()))
    perimeter = float(np.hypot(*(region - np.roll(region, 1, axis=0)).T).sum())
    return doubled / perimeter if perimeter else 0.0
