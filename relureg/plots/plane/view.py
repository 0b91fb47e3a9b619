"""What part of the plane a picture shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.network.domain import Domain
from relureg.network.model import Network

MARGIN = 1.25
"""How much wider than what it holds a view is."""
MARGIN_OF_POINTS = 1.6
"""The same around data points: what lies between and behind them is what people look for."""
SHARE = 0.8
"""The share of vertices, on each axis, that a view reaches for."""


_CLOSE = 0.05
"""Lines that are closer together than this would be one in a view from -1 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A rectangle of the picture's plane: ``low <= frame @ t <= high`` for inputs t."""

    frame: NDArray[np.float64]
    """(2, 2): from the two inputs to the picture's plane. On a slice it makes distances those of the space around."""
    low: NDArray[np.float64]
    """(2,)."""
    high: NDArray[np.float64]
    """(2,)."""
    is_isometric: bool
    """Whether both axes have the same unit, so that the picture must not be stretched."""

    @property
    def domain(self) -> Domain:
        """The rectangle as a domain of the inputs; the doubles of the frame are its exact rows."""
        if np.array_equal(self.frame, np.eye(2)):
            return Domain.box(self.low.tolist(), self.high.tolist())
        rows = np.concatenate([self.frame, -self.frame])
        return Domain.polytope(rows.tolist(), np.concatenate([self.high, -self.low]).tolist())

    @property
    def bounds(self) -> list[list[float]]:
        """Low and high, without negative zeros."""
        bounds: list[list[float]] = (np.stack([self.low, self.high]) + 0.0).tolist()
        return bounds

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inputs (..., 2) in the picture's plane."""
        placed: NDArray[np.float64] = points @ self.frame.T
        return placed


def misses(low: NDArray[np.float64], high: NDArray[np.float64]) -> str:
    """What to say of a view that shows nothing of the domain."""
    shown = " x ".join(f"[{a:.6g}, {b:.6g}]" for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return f"the view {shown} misses the domain; choose a --view that overlaps it"


def frame_of(network: Network) -> tuple[NDArray[np.float64], bool]:
    """The frame of a network's plane, and whether it is isometric: the triangular factor of a slice's directions."""
    if network.slice is None:
        return np.eye(2), False
    directions = network.slice.directions.floats
    if (np.count_nonzero(directions, axis=0) == 1).all() and (directions.sum(axis=0) == 1).all():
        return np.eye(2), False  # inputs that were left free: each keeps its own unit
    triangular = np.linalg.qr(directions, mode="r")
    return np.sign(np.diag(triangular))[:, None] * triangular, True


def bounded_view(cells: Complex) -> View | None:
    """The rectangle around a complex in a bounded domain; None where the complex is not bounded."""
    if not cells.records.bounded.all() or cells.essential_dim < 2:
        return None
    frame, is_isometric = frame_of(cells.network)
    placed = cells.generators.coordinates @ frame.T
    return View(frame=frame, low=placed.min(axis=0), high=placed.max(axis=0), is_isometric=is_isometric)


def chosen_view(cells: Complex, points: NDArray[np.float64]) -> View:
    """A view of an unbounded complex: given points, shape (n, 2), with room around them; without any, most vertices.

    A few vertices far out would shrink all others to a dot, so the view reaches from their median
    as far as `SHARE` of them do.
    """
    frame, is_isometric = frame_of(cells.network)
    generators = cells.generators
    vertices = generators.coordinates[~generators.is_ray & np.isfinite(generators.coordinates).all(axis=1)] @ frame.T
    corners = points @ frame.T
    # Every axis that is not essential has all its vertices at 0, and any scale will do.
    if len(corners) < 2 and len(vertices):
        centre = np.median(vertices, axis=0)
        reach = np.quantile(np.abs(vertices - centre), SHARE, axis=0)
        corners = np.concatenate([corners, [centre - reach, centre + reach]])
    if not len(corners):
        corners = np.zeros((1, 2))
    # Parallel lines have feet and no vertices: what people look for is around the origin, unless the lines are closer.
    if len(points) == 0 and cells.essential_dim < 2 and not 0 < np.ptp(corners, axis=0).max() < _CLOSE:
        corners = np.concatenate([corners, [[-1.0, -1.0], [1.0, 1.0]]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = MARGIN if len(points) < 2 else MARGIN_OF_POINTS
    centre, half = (low + high) / 2, margin * (high - low) / 2
    half = np.where(half > 0, half, half.max() or 1.0)
    if is_isometric or half.max() < 4 * half.min():
        half[:] = half.max()
    step = 10.0 ** (math.floor(math.log10(half.max())) - 1)
    return View(
        frame=frame,
        low=np.floor((centre - half) / step) * step,
        high=np.ceil((centre + half) / step) * step,
        is_isometric=is_isometric,
    )
