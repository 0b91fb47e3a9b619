"""Pictures as figures of matplotlib: what `relureg plot` draws, for Python and notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_regions
from relureg.errors import ArgumentTypeError, LimitReachedError, UsageError
from relureg.exact.numbers import Number
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.slices import Slice
from relureg.plots import canvas
from relureg.plots.plane.colouring import COLOURINGS, Choices
from relureg.plots.plane.picture import Style
from relureg.plots.plane.view import View, frame_of
from relureg.words import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Bounds = Sequence[Any]
"""Two bounds, each a number for every input or one number an input."""

PLANE_ONLY = ("colour", "boundary", "components", "levels", "vertices", "region_graph", "dual", "source")
"""Options that only a picture of two inputs heeds; one of three heeds no others of a picture but `theme` either."""
NOT_SOLID = ("view", "lines", "points")


@checked
def plot(
    subject: Network | Complex,
    *,
    box: Domain | Bounds | None = None,
    on: Slice | None = None,
    view: Bounds | None = None,
    colour: str = "map",
    theme: str = "light",
    boundary: bool = False,
    components: bool = False,
    levels: Sequence[Fraction | float] = (),
    lines: bool = True,
    vertices: bool = False,
    region_graph: bool = False,
    dual: bool = False,
    source: int = 0,
    points: ArrayLike | None = None,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
) -> Figure:
    """Draw a complex: two inputs as cells in the plane, one as a function, three as facets from a fixed view.

    A notebook shows the figure, and ``figure.savefig(path)`` writes it; docs/pictures.md explains the options,
    which are those of `relureg plot`.

    Parameters
    ----------
    subject : Network or Complex
        A network is enumerated first, within `max_regions` and `timeout` seconds, by `jobs` threads.
    box : Domain, or two bounds, optional
        Where to look: ``(-1, 1)`` for every input, ``([-1, 0], [1, 2])`` for two. Of a complex, a part of its domain.
    on : Slice, optional
        The plane or line to look at, of a network; a `box` is then in its coordinates.
    view : two bounds, optional
        What is shown, in the picture's own coordinates. Taken from the complex when left out.
    colour : str
        ``map``, ``gradient``, ``output``, ``class``, ``depth``, ``degree``, ``distance`` (from region `source`) or
        ``none``.
    theme : str
        ``light`` or ``dark``.
    boundary : bool
        The decision boundary: output 0, or where another output becomes the largest.
    components : bool
        The same, with a colour for each of its connected components in the view.
    levels : sequence of numbers
        Level sets of the first output.
    lines, vertices, region_graph, dual : bool
        Bent hyperplanes; vertices; the region graph over the cells; beside them each region's gradient as a point.
    points : array_like, shape (n, inputs), optional
        Data points, drawn on top.

    Raises
    ------
    UsageError
        There are more than three inputs, or an option would change nothing in such a picture.
    LimitReachedError
        A limit stopped the enumeration: a picture needs all regions.
    MissingPackageError
        Matplotlib is not installed.

    Examples
    --------
    >>> import relureg
    >>> figure = relureg.plot(relureg.load("fixtures/truth/xor.json"), box=(-1, 1), colour="degree")
    >>> [text.get_text() for text in figure.texts][:2]
    ['xor', '2 – 2 – 1   ·   3 regions   ·   2 facets']
    """
    canvas.require_matplotlib()
    cells = _complex(subject, box, on, max_regions=max_regions, timeout=timeout, jobs=jobs)
    dim = cells.network.input_dim
    chosen: dict[str, Any] = {
        "colour": colour, "boundary": boundary, "components": components, "levels": tuple(levels), "vertices": vertices,
        "region_graph": region_graph, "dual": dual, "source": source, "view": view, "lines": lines, "points": points,
    }  # fmt: skip
    _check_effects(dim, chosen)
    style = Style(
        colour=colour, theme=theme, choices=Choices(source=source), levels=tuple(levels),
        boundary=boundary, components=components, lines=lines, vertices=vertices, graph=region_graph, dual=dual,
    )  # fmt: skip
    if colour not in COLOURINGS:
        raise UsageError(f"there is no colouring {short(colour)}; choose one of {', '.join(COLOURINGS)}")
    marked = None if points is None else _points(points, dim)
    shown = None if view is None else view_from(view, cells.network)
    if dim == 2:
        from relureg.plots.plane.picture import figure_of, plane_for

        plane = plane_for(cells, style, view=shown, points=marked, jobs=jobs)
        with canvas.styled(canvas.theme_of(theme)):
            return figure_of(plane, style, points=marked)
    if dim == 1:
        from relureg.plots.plane.function import function_figure

        span = None if shown is None else (float(shown.low[0]), float(shown.high[0]))
        return function_figure(cells, style, span=span, points=marked)[0]
    from relureg.plots.plane.still import still_figure

    return still_figure(cells, canvas.theme_of(theme), jobs=jobs)[0]


def _complex(subject: Network | Complex, box: Domain | Bounds | None, on: Slice | None, **limits: Any) -> Complex:
    """What is to be drawn, with all its regions."""
    network = subject if isinstance(subject, Network) else subject.network
    if on is not None:
        if isinstance(subject, Complex):
            raise UsageError("a complex lies where it was found; take the slice of its network", where="on")
        network = network.on(on)
    if network.input_dim > 3:
        raise UsageError(
            f"{network.input_dim} inputs cannot be drawn; look at a plane through points of yours "
            "(on=relureg.Slice.through(points)), or fix inputs by equal bounds of the box"
        )
    inside = None if box is None else _domain(box, network.input_dim)
    if isinstance(subject, Complex):
        cells = subject
        if inside is not None:
            inside = inside if cells.domain is None else cells.domain.intersect(inside)
            cells = enumerate_regions(network, inside, **limits)
    else:
        cells = enumerate_regions(network, inside, **limits)
    if not cells.complete:
        raise LimitReachedError(f"stopped by {cells.stopped_by}: a picture needs all regions; look at a box")
    return cells


def _domain(box: Domain | Bounds, dim: int) -> Domain:
    return box if isinstance(box, Domain) else Domain.box(*_bounds("box", box, dim))


def _bounds(name: str, bounds: Bounds, dim: int) -> tuple[list[Number], list[Number]]:
    """A lower and an upper bound for every axis."""
    if len(bounds) != 2:
        raise ArgumentTypeError(
            f"{short(list(bounds))} is not two bounds; write (-1, 1), or ([-1, 0], [1, 2])", where=name
        )
    low, high = ([bound] * dim if not isinstance(bound, Sequence) else list(bound) for bound in bounds)
    if len(low) != dim or len(high) != dim:
        raise UsageError(f"there are {dim} inputs, and bounds for {len(low)} and {len(high)}", where=name)
    return low, high


def view_from(view: Bounds, network: Network) -> View:
    """The rectangle, or on one input the interval, that two bounds name in the picture's own coordinates.

    Raises
    ------
    UsageError
        There are other bounds than two, or not one for every axis, or they leave nothing to see.
    """
    low, high = (np.array(list(map(float, bound))) for bound in _bounds("view", view, network.input_dim))
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise UsageError(
            "both bounds of every axis are needed, finite, the lower one below the upper one", where="view"
        )
    frame, is_isometric = frame_of(network) if network.input_dim == 2 else (np.eye(network.input_dim), False)
    return View(frame=frame, low=low, high=high, is_isometric=is_isometric)


def _points(points: ArrayLike, dim: int) -> NDArray[np.float64]:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != dim:
        raise UsageError(f"an array of shape (points, {dim}) is needed, not {array.shape}", where="points")
    if not np.isfinite(array).all():
        raise UsageError("finite coordinates are needed, not NaN or infinity", where="points")
    return array


def _check_effects(dim: int, chosen: dict[str, Any]) -> None:
    """Refuse options that were given and would change nothing in a picture of this many inputs."""
    without = {1: PLANE_ONLY, 2: (), 3: PLANE_ONLY + NOT_SOLID}[dim]
    defaults = plot.__kwdefaults__ or plot.__wrapped__.__kwdefaults__  # type: ignore[attr-defined]
    given = [name for name in without if chosen[name] is not defaults[name] and chosen[name] != defaults[name]]
    if given:
        shape = "one input is drawn as a function" if dim == 1 else "three inputs are drawn as facets in space"
        raise UsageError(f"{shape}, in which {', '.join(given)} would show nothing; leave out what does not fit")
