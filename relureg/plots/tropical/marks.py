"""What pictures of duality have in common: colours, numbers and letters, drawn where there is room for them."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relureg.tropical.subdivision import DualSubdivision

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Okabe and Ito: eight colours that people with any common colour blindness tell apart."""


class Room:
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


def draw_dots(axes: Axes, points: NDArray[np.float64], colours: Sequence[str], room: Room) -> None:
    """The vertices of the subdivision: with their number where there is room, small where there is none."""
    for index, (point, colour) in enumerate(zip(points, colours, strict=True)):
        x, y = point
        numbered = room.take(point)
        size, layer = (260, 4) if numbered else (30, 3)
        axes.scatter(x, y, s=size, c=colour, edgecolors="0.1", linewidths=0.8, zorder=layer)
        if numbered:
            axes.text(x, y, str(index + 1), ha="center", va="center", fontsize=9, color=_ink(colour), zorder=layer)


def draw_letter(axes: Axes, point: NDArray[np.float64], letter: str, room: Room) -> None:
    """A cell of the subdivision, or the vertex of the hypersurface dual to it."""
    if not room.take(point):
        return
    x, y = point
    axes.text(
        x, y, letter, ha="center", va="center", fontsize=9, fontweight="bold", zorder=5, clip_on=True,
        bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "0.1", "linewidth": 0.8},
    )  # fmt: skip


def colours_of(subdivision: DualSubdivision) -> list[str]:
    """A colour for each monomial, different from those of its neighbours, each used about equally often."""
    neighbours = neighbours_of(subdivision)
    chosen: list[int] = []
    for index in range(len(neighbours)):
        near = {chosen[other] for other in neighbours[index] if other < index}
        free = [colour for colour in range(len(_PALETTE)) if colour not in near] or [index % len(_PALETTE)]
        chosen.append(min(free, key=lambda colour: (chosen.count(colour), colour)))
    return [_PALETTE[colour] for colour in chosen]


def neighbours_of(subdivision: DualSubdivision) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(subdivision.polynomial.num_monomials)]
    for edge in subdivision.edges:
        one, other = edge.monomials
        found[one].append(other)
        found[other].append(one)
    return found


def set_whole_ticks(subdivision: DualSubdivision, *directions: Any) -> None:
    """Integer exponents get integer ticks."""
    from matplotlib.ticker import MaxNLocator

    if subdivision.polynomial.has_integer_exponents:
        for direction in directions:
            direction.set_major_locator(MaxNLocator(nbins=8, integer=True))


def iter_letters() -> Iterator[str]:
    """A, B, ..., Z, AA, AB, ..."""
    for length in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_uppercase, repeat=length))


def _ink(colour: str) -> str:
    """Black or white, whichever is read better on a colour."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else "white"


def floats_of(points: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
    """For drawing alone."""
    return np.array([[float(x) for x in point] for point in points], dtype=np.float64)
