"""What a cell's colour says, and the legend that explains it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import float_output_maps
from relureg.errors import UsageError
from relureg.plots.colours import Colours, Theme, along, relief, shade_of, srgb, steps
from relureg.plots.plane.gradients import gradients, middling, polar
from relureg.plots.plane.plane import Plane

STEPS = 64
"""Distinct colours along a scale, and directions on the wheel."""
MOST_STEPS = 32
"""Whole numbers up to which each is a step of the scale that the eye can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A legend with numbers: `stops` from `low` to `high`."""

    title: str
    stops: tuple[tuple[float, float, float], ...]
    low: float
    high: float
    ticks: tuple[float, ...]
    num_steps: int | None = None
    """Of whole numbers: how many there are from `low` to `high`, each a step of the scale. None: it is continuous."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colouring:
    """A colour for each piece of a plane."""

    colours: Colours
    """(P, 3)."""
    title: str
    """What the colour says, for the legend."""
    scale: Scale | None = None
    classes: tuple[int, ...] = ()
    """The classes that occur."""
    has_wheel: bool = False
    """Whether colours are directions of gradients."""
    is_plain: bool = False
    """Whether cells have no colour of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a colouring is told; where a number is None it is taken from the picture."""

    source: int = 0
    """The region from which ``distance`` counts."""
    strength: float | None = None
    """The norm of a gradient that counts as middling."""
    low: float | None = None
    high: float | None = None
    members: frozenset[int] = frozenset()
    """The regions that ``members`` tells from others."""


DEFAULTS = Choices()


def colour(plane: Plane, name: str, theme: Theme, choices: Choices = DEFAULTS) -> Colouring:
    """Colour the pieces of a plane.

    Parameters
    ----------
    name : str
        One of `COLOURINGS`.
    choices : Choices, optional

    Raises
    ------
    UsageError
        There is no such colouring or region.
    """
    if name not in COLOURINGS:
        raise UsageError(f"there is no colouring {name!r}; choose one of {', '.join(COLOURINGS)}")
    return COLOURINGS[name](plane, theme, choices)


def _map(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    slopes = gradients(plane)
    direction, strength = polar(slopes, choices.strength or middling(slopes))
    direction = np.floor(direction / (2 * np.pi) * STEPS) / STEPS * 2 * np.pi
    strength = np.where(strength > 0, np.ceil(strength * 12) / 12, 0)
    title = "gradient" if plane.cells.network.output_dim == 1 else "affine map"
    return Colouring(colours=relief(theme, direction, strength)[plane.region], title=title, has_wheel=True)


def _gradient(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    matrices, _ = float_output_maps(plane.cells.network, plane.cells.records.signs)
    norms = np.linalg.norm(matrices @ np.linalg.inv(plane.view.frame), ord=2, axis=(1, 2))
    title = "norm of the gradient" if plane.cells.network.output_dim == 1 else "norm of the Jacobian"
    return _scaled(plane, norms, title, theme, choices)


def _output(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    """Bands between the levels of the plane, in the light that falls on each cell."""
    levels = plane.levels
    if not levels:
        raise UsageError("bands of the output need levels")
    step = levels[1] - levels[0] if len(levels) > 1 else 1.0
    low, high = choices.low, choices.high
    low = levels[0] - step if low is None else low
    high = levels[-1] + step if high is None else high
    around_zero = low < 0 < high and min(-low, high) > 0.15 * (high - low)
    stops = theme.diverging if around_zero else theme.ramp
    if around_zero:
        high = max(high, -low)
        low = -high
    middle = np.concatenate([[levels[0] - step / 2], np.array(levels) + step / 2])[plane.band]
    value = np.clip((middle - low) / (high - low), 0, 1)
    slopes = gradients(plane)
    direction, strength = polar(slopes, choices.strength or middling(slopes))
    shade = np.round(shade_of(direction, strength) * 5) / 5
    colours = along(stops, value, lift=0.035 * shade[plane.region])
    shown = tuple(level for level in levels if low <= level <= high)
    return Colouring(
        colours=colours,
        title="output",
        scale=Scale(title="output", stops=stops, low=low, high=high, ticks=_thinned(shown, step)),
    )


def _class(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    palette = np.array([[int(text[k : k + 2], 16) / 255 for k in (1, 3, 5)] for text in theme.classes])
    return Colouring(
        colours=palette[plane.label % len(palette)],
        title="largest output",
        classes=tuple(np.unique(plane.label).tolist()),
    )


def _active(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    return _counted(plane, (plane.cells.records.signs > 0).sum(axis=1), "active units", theme, choices)


def _degree(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    return _counted(plane, plane.cells.graph.degrees, "degree", theme, choices)


def _distance(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    distances = plane.cells.graph.distances_from(choices.source)
    return _counted(plane, distances, f"facets from region {choices.source}", theme, choices)


def _members(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    inside = np.isin(plane.region, sorted(choices.members))
    colours = np.where(inside[:, None], srgb(np.array([[0.62, 0.0, -0.09]])), _none(plane, theme, choices).colours)
    return Colouring(colours=colours, title="")


def _none(plane: Plane, theme: Theme, choices: Choices) -> Colouring:
    lightness = 0.975 if theme.name == "light" else 0.235
    plain = srgb(np.array([[lightness, 0.0, -0.006]]))
    return Colouring(colours=np.repeat(plain, plane.polygons.num_cells, axis=0), title="", is_plain=True)


COLOURINGS: Mapping[str, Callable[[Plane, Theme, Choices], Colouring]] = MappingProxyType({
    "map": _map,
    "gradient": _gradient,
    "output": _output,
    "class": _class,
    "depth": _active,
    "degree": _degree,
    "distance": _distance,
    "none": _none,
    "members": _members,
})  # fmt: skip
"""What colours can say: the affine map (its gradient), the gradient's norm, the output, the largest output, the number
of active units, the degree in the region graph, the distance from a region, nothing, which regions are in a set."""


def _counted(plane: Plane, values: NDArray[np.integer[Any]], title: str, theme: Theme, choices: Choices) -> Colouring:
    """Whole numbers, a tick for each where there are few."""
    seen = values[plane.region]
    low = int(seen.min()) if choices.low is None else math.ceil(choices.low)
    high = int(seen.max()) if choices.high is None else math.floor(choices.high)
    share = (seen - low) / max(high - low, 1)
    few = high - low < MOST_STEPS
    ticks = tuple(range(low, high + 1)) if high - low < 8 else nice_levels(low - 0.5, high + 0.5, 6)
    scale = Scale(
        title=title,
        stops=theme.ramp,
        low=low - 0.5 * few,
        high=high + 0.5 if few else high,
        ticks=tuple(tick for tick in ticks if float(tick).is_integer()),
        num_steps=high - low + 1 if few else None,
    )
    return Colouring(colours=along(theme.ramp, np.clip(share, 0, 1)), title=title, scale=scale)


def _thinned(levels: tuple[float, ...], step: float) -> tuple[float, ...]:
    """About seven of many levels, and 0 among them where it is one."""
    every = max(1, math.ceil(len(levels) / 7))
    return tuple(level for level in levels if round(level / step) % every == 0)


def _scaled(plane: Plane, values: NDArray[np.float64], title: str, theme: Theme, choices: Choices) -> Colouring:
    seen = values[plane.region]
    low = float(seen.min()) if choices.low is None else choices.low
    # A few steep slivers would leave the same colour to all else.
    high = float(np.quantile(seen, 0.98)) if choices.high is None else choices.high
    if not high > low:
        high = low + (abs(low) or 1.0)
    share = steps((seen - low) / (high - low), STEPS)
    scale = Scale(title=title, stops=theme.ramp, low=low, high=high, ticks=nice_levels(low, high, 6))
    return Colouring(colours=along(theme.ramp, share), title=title, scale=scale)


def nice_levels(low: float, high: float, count: int) -> tuple[float, ...]:
    """About `count` round numbers strictly between `low` and `high`.

    Examples
    --------
    >>> nice_levels(-1.3, 2.2, 7)
    (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)
    """
    if not (high > low and math.isfinite(high - low)):
        return ()
    power = 10.0 ** math.floor(math.log10((high - low) / count))
    step = min((factor * power for factor in (1, 2, 2.5, 5, 10)), key=lambda s: abs((high - low) / s - count))
    first, last = math.floor(low / step) + 1, math.ceil(high / step) - 1
    return tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))
