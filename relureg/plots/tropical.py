"""Pictures of duality: the subdivided Newton polytope beside the tropical hypersurface, in matching colours.

A region of the function and the vertex of the subdivision it is dual to have one colour and one number, a vertex of
the hypersurface and its cell one letter. So the picture can be read without telling colours apart.
"""

from __future__ import annotations

import io
import itertools
import string
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UsageError
from relureg.files import check_absent, write_atomically
from relureg.packages import needing
from relureg.tropical.subdivision import DualSubdivision, Edge, polygon
from relureg.tropical.view import TropicalView

SUFFIXES = (".png", ".svg", ".pdf")
MAX_MONOMIALS = 400
"""More regions than this are specks."""

_PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Okabe and Ito: eight colours that people with any common colour blindness tell apart."""

Polygon = NDArray[np.float64]


def check_picture(path: Path, num_variables: int, *, force: bool) -> None:
    """Refuse a picture that could not be drawn or written.

    Raises
    ------
    UsageError
        There are more than two variables, the suffix is not known, or matplotlib is not installed.
    OutputError
        The file exists and `force` is not set, or there is no such folder.
    """
    if not 1 <= num_variables <= 2:
        raise UsageError(f"pictures show one or two variables, not {num_variables}", where=str(path))
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"the suffix is not one of {', '.join(SUFFIXES)}", where=str(path))
    check_absent(path, force=force)
    _matplotlib()


def plot_view(view: TropicalView, path: Path, *, force: bool = False) -> None:
    """Draw numerator and denominator of the first output, a row each; a denominator of one monomial is left out.

    Raises
    ------
    UsageError, OutputError
        As `plot_subdivisions`.
    """
    one = view.outputs[0]
    rows = [("F", one.numerator)]
    if len(one.denominator.edges):
        rows.append(("G", one.denominator))
    plot_subdivisions(rows, path, variables=view.variables, force=force)


def plot_subdivisions(
    rows: Sequence[tuple[str, DualSubdivision]], path: Path, *, variables: Sequence[str], force: bool = False
) -> None:
    """Draw subdivisions, each beside its hypersurface.

    Parameters
    ----------
    rows : sequence of (name, DualSubdivision)
    path : Path
        The suffix is the format.
    variables : sequence of one or two names
    force : bool, optional
        Replace an existing file.

    Raises
    ------
    UsageError, OutputError
        As `check_picture`, or there are too many monomials to draw.
    """
    check_picture(path, len(variables), force=force)
    for name, subdivision in rows:
        if subdivision.polynomial.num_monomials > MAX_MONOMIALS:
            raise UsageError(f"{name} has more than {MAX_MONOMIALS} monomials, too many to draw", where=str(path))
    try:
        figure = _drawn(rows, variables)
    except OverflowError as error:
        raise UsageError("numbers exceed the doubles that a picture is drawn with", where=str(path)) from error
    buffer = io.BytesIO()
    with _matplotlib().rc_context({"svg.hashsalt": "relureg"}):  # the same picture gives the same file
        figure.savefig(buffer, format=path.suffix.lower()[1:], dpi=150, metadata=_no_date(path))
    write_atomically(path, buffer.getvalue(), force=force)


def _drawn(rows: Sequence[tuple[str, DualSubdivision]], variables: Sequence[str]) -> Any:
    """The figure, a row for each subdivision."""
    figure = _matplotlib().figure.Figure(figsize=(10, 4.6 * len(rows)), layout="constrained")
    for index, (name, subdivision) in enumerate(rows):
        left, right = (figure.add_subplot(len(rows), 2, 2 * index + k) for k in (1, 2))
        if len(variables) == 1:
            _lifted_points(left, subdivision)
            _graph(right, subdivision, variables[0])
            left.set_title(f"{name}: lifted monomials, upper hull, subdivision")
            right.set_title(f"{name} and where it bends")
        else:
            _newton_polygon(left, subdivision, variables)
            _hypersurface(right, subdivision, variables)
            left.set_title(f"{name}: Newton polygon, subdivided")
            right.set_title(f"{name}: tropical hypersurface")
    return figure


# -- two variables -------------------------------------------------------------------------------------


def _newton_polygon(axes: Any, subdivision: DualSubdivision, variables: Sequence[str]) -> None:
    points = _floats(subdivision.exponents)
    for cell in subdivision.cells:
        corners = _floats(polygon([subdivision.exponents[k] for k in cell.monomials]))
        if len(corners) > 2:
            axes.fill(*corners.T, facecolor="0.9", edgecolor="none")
    for edge in subdivision.edges:
        axes.plot(*points[list(edge.monomials)].T, color="0.25", linewidth=1.2, zorder=2)
    room = _Room(float(np.ptp(points, axis=0).max()))
    _dots(axes, points, _colours(subdivision), room)
    for letter, cell in zip(_letters(), subdivision.cells, strict=False):
        _mark(axes, points[list(cell.monomials)].mean(axis=0), letter, room)
    axes.set_xlabel(f"exponent of {variables[0]}")
    axes.set_ylabel(f"exponent of {variables[1]}")
    _whole_ticks(subdivision, axes.xaxis, axes.yaxis)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)


def _hypersurface(axes: Any, subdivision: DualSubdivision, variables: Sequence[str]) -> None:
    (low_x, low_y), (high_x, high_y) = _window(subdivision)
    span = float(high_x - low_x)
    room = _Room(span)
    for letter, cell in zip(_letters(), subdivision.cells, strict=False):
        if len(cell.monomials) > 2:
            _mark(axes, _floats([cell.vertex])[0], letter, room)
    monomials = subdivision.polynomial.monomials.floats
    frame = np.array([[low_x, low_y], [high_x, low_y], [high_x, high_y], [low_x, high_y]])
    neighbours = _neighbours(subdivision)
    for index, (row, colour) in enumerate(zip(monomials, _colours(subdivision), strict=True)):
        region = frame
        for other in neighbours[index]:
            region = _clipped(region, row - monomials[other])
        if len(region) > 2:
            axes.fill(*region.T, facecolor=colour, alpha=0.45, edgecolor="none")
            centre, width = _centroid(region), _width(region)
            if width > 0.03 * span and room.take(centre):
                axes.text(*centre, str(index + 1), ha="center", va="center", fontsize=10, color="0.1")
    for edge in subdivision.edges:
        axes.plot(*_segment(subdivision, edge, 3 * span).T, color="0.1", linewidth=1.6, solid_capstyle="round")
    axes.set_xlim(low_x, high_x)
    axes.set_ylim(low_y, high_y)
    axes.set_xlabel(variables[0])
    axes.set_ylabel(variables[1])
    axes.set_aspect("equal", adjustable="box")


def _window(subdivision: DualSubdivision) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two corners of a square around all vertices of the hypersurface, with room for its rays."""
    vertices = _floats([cell.vertex for cell in subdivision.cells])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    half = max(0.75 * float((high - low).max()), 1.0)
    middle = (low + high) / 2
    return middle - half, middle + half


def _segment(subdivision: DualSubdivision, edge: Edge, reach: float) -> NDArray[np.float64]:
    """The two ends of a facet of the hypersurface, its rays cut off far outside the window."""
    ends = list(_floats([subdivision.cells[k].vertex for k in edge.vertices]))
    for ray in edge.rays:
        direction = _floats([ray])[0]
        ends.append(ends[0] + reach * direction / np.linalg.norm(direction))
    if subdivision.dim == 1:  # parallel lines: the facet is a whole line, along which no vertex lies
        one, other = _floats([subdivision.exponents[k] for k in edge.monomials])
        across = other - one
        along = np.array([-across[1], across[0]]) / np.linalg.norm(across)
        ends = [ends[0] - reach * along, ends[0] + reach * along]
    return np.array(ends)


def _neighbours(subdivision: DualSubdivision) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(subdivision.polynomial.num_monomials)]
    for edge in subdivision.edges:
        one, other = edge.monomials
        found[one].append(other)
        found[other].append(one)
    return found


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


# -- one variable --------------------------------------------------------------------------------------


def _lifted_points(axes: Any, subdivision: DualSubdivision) -> None:
    rows = subdivision.polynomial.monomials.floats
    points = rows[:, ::-1]
    floor = rows[:, 0].min() - 0.25 * max(float(np.ptp(rows[:, 0])), 1.0)
    axes.plot(*points.T, color="0.25", linewidth=1.2, zorder=2)
    for point in points:
        axes.plot([point[0], point[0]], [floor, point[1]], color="0.7", linewidth=0.8, linestyle=":", zorder=1)
    axes.plot(points[[0, -1], 0], [floor, floor], color="0.25", linewidth=2.5, zorder=2)
    colours = _colours(subdivision)
    _dots(axes, points, colours, _Room(float(np.ptp(points[:, 0])), scale=(1, 0)))
    axes.scatter(points[:, 0], np.full(len(points), floor), s=40, c=colours, edgecolors="0.1", linewidths=0.8, zorder=3)
    axes.set_xlabel("exponent")
    axes.set_ylabel("coefficient")
    _whole_ticks(subdivision, axes.xaxis)
    axes.margins(0.12)


def _graph(axes: Any, subdivision: DualSubdivision, variable: str) -> None:
    rows = subdivision.polynomial.monomials.floats
    bends = _floats([cell.vertex for cell in subdivision.cells])[:, 0]
    margin = max(0.4 * float(np.ptp(bends)), 1.0 if len(bends) == 1 else 0.0)
    ends = [bends[0] - margin, *(bends if len(rows) > 1 else []), bends[-1] + margin]
    room = _Room(ends[-1] - ends[0], scale=(1, 0))
    for index, ((low, high), colour) in enumerate(zip(itertools.pairwise(ends), _colours(subdivision), strict=True)):
        x = np.array([low, high])
        axes.plot(x, rows[index, 0] + rows[index, 1] * x, color=colour, linewidth=3.5, solid_capstyle="round")
        centre = np.array([x.mean(), rows[index, 0] + rows[index, 1] * x.mean()])
        if room.take(centre):
            axes.annotate(
                str(index + 1),
                centre,
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


# -- both ----------------------------------------------------------------------------------------------


def _whole_ticks(subdivision: DualSubdivision, *directions: Any) -> None:
    """Integer exponents get integer ticks."""
    from matplotlib.ticker import MaxNLocator

    if subdivision.polynomial.has_integer_exponents:
        for direction in directions:
            direction.set_major_locator(MaxNLocator(nbins=8, integer=True))


class _Room:
    """Where labels are already: another one is drawn only where it is legible."""

    def __init__(self, span: float, *, scale: tuple[float, float] = (1, 1)) -> None:
        self.distance = 0.055 * span
        self.scale = np.array(scale)
        self.taken: list[NDArray[np.float64]] = []

    def take(self, point: NDArray[np.float64]) -> bool:
        """Whether a label fits here; then its place is taken."""
        place = point * self.scale
        if any(float(np.hypot(*(place - other))) < self.distance for other in self.taken):
            return False
        self.taken.append(place)
        return True


def _dots(axes: Any, points: NDArray[np.float64], colours: Sequence[str], room: _Room) -> None:
    """The vertices of the subdivision: with their number where there is room, small where there is none."""
    for index, (point, colour) in enumerate(zip(points, colours, strict=True)):
        numbered = room.take(point)
        size, layer = (260, 4) if numbered else (30, 3)
        axes.scatter(*point, s=size, c=colour, edgecolors="0.1", linewidths=0.8, zorder=layer)
        if numbered:
            axes.text(*point, str(index + 1), ha="center", va="center", fontsize=9, color=_ink(colour), zorder=layer)


def _mark(axes: Any, point: NDArray[np.float64], letter: str, room: _Room) -> None:
    """A cell of the subdivision, or the vertex of the hypersurface dual to it."""
    if not room.take(point):
        return
    axes.text(
        *point, letter, ha="center", va="center", fontsize=9, fontweight="bold", zorder=5, clip_on=True,
        bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "0.1", "linewidth": 0.8},
    )  # fmt: skip


def _colours(subdivision: DualSubdivision) -> list[str]:
    """A colour for each monomial, different from those of its neighbours, each used about equally often."""
    neighbours = _neighbours(subdivision)
    chosen: list[int] = []
    for index in range(len(neighbours)):
        near = {chosen[other] for other in neighbours[index] if other < index}
        free = [colour for colour in range(len(_PALETTE)) if colour not in near] or [index % len(_PALETTE)]
        chosen.append(min(free, key=lambda colour: (chosen.count(colour), colour)))
    return [_PALETTE[colour] for colour in chosen]


def _ink(colour: str) -> str:
    """Black or white, whichever is read better on a colour."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else "white"


def _letters() -> Iterator[str]:
    """A, B, ..., Z, AA, AB, ..."""
    for length in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_uppercase, repeat=length))


def _floats(points: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
    """For drawing alone."""
    return np.array([[float(x) for x in point] for point in points], dtype=np.float64)


def _no_date(path: Path) -> dict[str, None] | None:
    """No time of making: see above."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower())


def _matplotlib() -> Any:
    """Matplotlib with `matplotlib.figure`, which draws without a display and without global state."""
    with needing("pictures need matplotlib", "plot"):
        import matplotlib
        import matplotlib.figure
    return matplotlib
