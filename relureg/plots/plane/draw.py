"""Draw a plane: cells, bent hyperplanes, boundaries, graph and points, onto axes of matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.plots.colours import Colours, Theme
from relureg.plots.plane.colouring import Colouring
from relureg.plots.plane.components import on_boundary
from relureg.plots.plane.plane import Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path as Outline

FINENESS = 0.62
"""How much finer the bent hyperplanes of each stage are drawn than those of the one before."""


def draw_cells(axes: Axes, plane: Plane, colours: Colours) -> None:
    """The cells, all of one colour in one path: thousands of cells stay a small file."""
    from matplotlib.collections import PathCollection

    corners = plane.view.place(plane.polygons.corners)
    shades = np.round(colours * 255).astype(np.int64)
    _, first, group = np.unique(shades @ (65536, 256, 1), return_index=True, return_inverse=True)
    paths = [_closed(corners, plane.polygons.starts, np.flatnonzero(group == k)) for k in range(len(first))]
    faces = colours[first]
    # A hair of its own colour around each cell closes the gaps that viewers leave between neighbours.
    axes.add_collection(PathCollection(paths, facecolors=faces, edgecolors=faces, linewidths=0.3, zorder=1))


def draw_hyperplanes(axes: Axes, plane: Plane, colour: str, size: float) -> list[float]:
    """The bent hyperplanes, finer from stage to stage; returns the width of each in points.

    `size` is the side of the picture in points: where there are many cells, all lines are finer.
    """
    num_stages = len(plane.cells.network.stages)
    cell = size / max(plane.polygons.num_cells, 1) ** 0.5
    widest = float(np.clip(cell / 12, 0.16, 1.15))
    # The first stage keeps its weight in a dense picture: it is what the eye holds on to.
    widths = [max(widest * FINENESS**k, 0.09) for k in range(num_stages)]
    if num_stages > 1:
        widths[0] = max(widths[0], 0.32)
    for stage in reversed(range(num_stages)):
        edges = plane.polygons.edges[plane.edge_stage == stage]
        alpha = max(0.92 - 0.14 * stage, 0.45)
        above = 3 + (num_stages - stage) / 99
        _add_lines(axes, plane.view.place(edges), colour, widths[stage], alpha=alpha, zorder=above)
    return widths


def draw_boundary(axes: Axes, plane: Plane, theme: Theme) -> None:
    """The domain's own boundary, where the view holds it."""
    edges = plane.view.place(plane.polygons.edges[plane.edge_stage < 0])
    _add_lines(axes, edges, theme.quiet, 0.8, zorder=4)


def draw_levels(
    axes: Axes, plane: Plane, theme: Theme, boundary: float | None, components: NDArray[np.int64] | None = None
) -> None:
    """Level sets as fine lines, and the one at `boundary`, like the border between classes, as a strong one.

    With `components`, (E,), as `boundary_components` finds them, each has a colour of its own.
    """
    edges = plane.view.place(plane.polygons.edges)
    for number, level in enumerate(plane.levels):
        if level != boundary:
            _add_lines(axes, edges[plane.edge_level == number], theme.line, 0.35, alpha=0.55, zorder=2.5)
    strong = on_boundary(plane, boundary)
    if not strong.any():
        return
    _add_lines(axes, edges[strong], theme.accent_edge, 3.0, alpha=0.9, zorder=5)
    if components is None:
        _add_lines(axes, edges[strong], theme.accent, 1.7, zorder=5.1)
        return
    for number in range(int(components.max()) + 1):
        colour = theme.components[number % len(theme.components)]
        _add_lines(axes, edges[components == number], colour, 1.9, zorder=5.1)


def draw_vertices(axes: Axes, plane: Plane, theme: Theme, size: float) -> None:
    """The vertices of the complex inside the view."""
    inner = plane.edge_stage >= 0
    ends = np.unique(plane.view.place(plane.polygons.edges[inner]).reshape(-1, 2), axis=0)
    dot = float(np.clip(size / max(plane.polygons.num_cells, 1) ** 0.5 / 5, 0.5, 2.4))
    axes.plot(*ends.T, "o", ms=dot, mfc=theme.ground, mec=theme.ink, mew=dot / 4, zorder=6)


def draw_graph(axes: Axes, plane: Plane, theme: Theme, size: float) -> None:
    """The region graph: a node in each cell, and links through the middle of the facets that cells share."""
    polygons = plane.polygons
    nodes = plane.view.place(polygons.centres)
    inner = plane.is_facet
    first, second = polygons.edge_cells[inner].T
    gates = plane.view.place(polygons.edges[inner].mean(axis=1))
    links = np.concatenate([np.stack([nodes[first], gates], axis=1), np.stack([gates, nodes[second]], axis=1)])
    dot = float(np.clip(size / max(polygons.num_cells, 1) ** 0.5 / 4, 0.6, 5.0))
    _add_lines(axes, links, theme.accent, max(dot / 5, 0.12), alpha=0.85, zorder=7)
    axes.plot(*nodes.T, "o", ms=dot, mfc=theme.node, mec=theme.ground, mew=dot / 6, zorder=7.1)


def draw_points(axes: Axes, plane: Plane, points: NDArray[np.float64], theme: Theme) -> None:
    """Data points, shape (n, 2), on top of all."""
    dot = float(np.clip(60 / max(len(points), 1) ** 0.5, 2.2, 6.0))
    axes.plot(*plane.view.place(points).T, "o", ms=dot, mfc=theme.ink, mec=theme.ground, mew=0.7, zorder=8)


def draw_dual(axes: Axes, plane: Plane, slopes: NDArray[np.float64], colouring: Colouring, theme: Theme) -> None:
    """Each region's affine map as a point, its gradient; joined where regions share a facet.

    These are the dual points of Sattelberg et al. [S+23]. The difference of two joined points is perpendicular to the
    facet between their regions, along which the two maps agree.
    """
    seen, first = np.unique(plane.region, return_index=True)
    pairs = np.unique(np.sort(plane.region[plane.polygons.edge_cells[plane.is_facet]], axis=1), axis=0)
    _add_lines(axes, slopes[pairs], theme.quiet, float(np.clip(30 / len(seen) ** 0.5, 0.15, 0.8)), alpha=0.6, zorder=2)
    dot = float(np.clip(140 / len(seen) ** 0.5, 1.6, 8.0))
    x, y = slopes[seen].T
    axes.scatter(x, y, s=dot**2, c=colouring.colours[first], edgecolors=theme.ink, linewidths=dot / 12, zorder=3)
    axes.axhline(0, color=theme.quiet, lw=0.4, zorder=1)
    axes.axvline(0, color=theme.quiet, lw=0.4, zorder=1)
    axes.margins(0.06)


def _add_lines(
    axes: Axes, segments: NDArray[np.float64], colour: str, width: float, *, zorder: float, alpha: float = 1.0
) -> None:
    """Segments (n, 2, 2), joined to long lines, as one path with round ends."""
    from matplotlib.patches import PathPatch

    if len(segments):
        outline = _open(segments)
        patch = PathPatch(outline, fill=False, ec=colour, lw=width, alpha=alpha, zorder=zorder, capstyle="round")
        patch.set_joinstyle("round")
        axes.add_patch(patch)


def _closed(corners: NDArray[np.float64], starts: NDArray[np.int64], cells: NDArray[np.int64]) -> Outline:
    """Several cells as one path."""
    from matplotlib.path import Path as Outline

    lengths = np.diff(starts)[cells]
    begins = np.cumsum(lengths + 1) - lengths - 1
    total = int((lengths + 1).sum())
    codes = np.full(total, Outline.LINETO, dtype=Outline.code_type)
    codes[begins] = Outline.MOVETO
    codes[begins + lengths] = Outline.CLOSEPOLY
    places = np.repeat(starts[:-1][cells] - begins, lengths + 1) + np.arange(total)
    places[begins + lengths] = starts[:-1][cells]
    return Outline(corners[places], codes)


def _open(segments: NDArray[np.float64]) -> Outline:
    """Segments as one path, joined where one begins at the end of another."""
    from matplotlib.path import Path as Outline

    points, codes = [], []
    for chain in _chains(segments):
        points += chain
        codes += [Outline.MOVETO] + [Outline.LINETO] * (len(chain) - 1)
    return Outline(np.array(points), codes)


def _chains(segments: NDArray[np.float64]) -> list[list[tuple[float, float]]]:
    """The segments as polylines, each used once; ends that are the same doubles are joined."""
    ends = [((a[0], a[1]), (b[0], b[1])) for a, b in segments.tolist()]
    at: dict[tuple[float, float], list[int]] = {}
    for number, (a, b) in enumerate(ends):
        at.setdefault(a, []).append(number)
        at.setdefault(b, []).append(number)
    used = [False] * len(ends)
    chains = []
    # Begin where lines end, so that a chain is as long as can be; closed ones are left for last.
    order = sorted(range(len(ends)), key=lambda k: min(len(at[ends[k][0]]), len(at[ends[k][1]])) != 1)
    for start in order:
        if used[start]:
            continue
        used[start] = True
        a, b = ends[start]
        chain = [b, a] if len(at[a]) > len(at[b]) else [a, b]
        while True:
            free = next((k for k in at[chain[-1]] if not used[k]), None)
            if free is None:
                break
            used[free] = True
            c, d = ends[free]
            chain.append(d if c == chain[-1] else c)
        chains.append(chain)
    return chains
