"""How far a domain reaches on either side of the first stage's hyperplanes, about: which of them cut it.

In doubles, with no bound on their errors: an engine is chosen by it, and nothing is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.network.affine_forms import INPUT
from relureg.network.domain import Domain
from relureg.network.problem import Problem

_MOST_ENTRIES = 2**16
"""Weights of a stage that are looked at, which takes some milliseconds at the most."""

_MOST_DIMS = 17
"""Inputs of a domain between other walls than bounds of inputs, likewise: from then on nothing depends on it."""

_STEPS = 64
"""Parts into which the square of a radius is cut."""

_NOISE = 1e-9
"""A part of a way, or of a wall's direction, that is taken for 0."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How the hyperplanes of a stage lie in a domain."""

    dim: int
    depths: tuple[float, ...]
    """For each hyperplane that cuts the domain how far off its middle it does so: from 0 to 1, where it touches."""

    @property
    def num_cutting(self) -> int:
        return len(self.depths)

    def has_at_most(self, most: int) -> bool:
        """Whether they make so many regions at the most, about.

        There are as many as flats that meet the domain (Zaslavsky 1975). In a ball, the flat of hyperplanes at right
        angles does so if the squares of their depths add up to less than 1. Where they are at other angles, and in
        boxes, fewer do: 2 to 10 times too many are told where there are thousands, in a simplex up to 20 times.
        """
        sums = np.zeros((self.dim + 1, _STEPS))  # flats by codimension and by that sum
        sums[0, 0] = 1
        for depth in self.depths:
            step = round(_STEPS * depth * depth)
            sums[1:, step:] += sums[:-1, : _STEPS - step]
            if sums.sum() > most:
                return False
        return True


def reach_of(problem: Problem) -> Reach | None:
    """Of the first stage's units, all of which cut the whole space; None where that is not looked at, or not known."""
    stages, domain = problem.network.stages, problem.domain
    if domain is None or not stages:
        return None
    form = stages[0].pre_activation
    weights = form.terms.get(INPUT)
    if weights is None:
        return Reach(dim=domain.dim, depths=())
    if weights.shape[0] * weights.shape[1] > _MOST_ENTRIES:
        return None
    try:
        with np.errstate(all="ignore"):
            rows, constants = weights.floats, form.constant.floats[:, 0]
            ranges = _in_box(rows, domain) if _is_box(domain) else _between_walls(rows, domain)
            return None if ranges is None else _reach(constants + ranges[0], constants + ranges[1], domain.dim)
    except OverflowError:
        return None


def _reach(low: Array, high: Array, dim: int) -> Reach:
    """From the least and the largest value of each unit; what is NaN is taken to cut in the middle, as infinity is."""
    cuts = ~((low >= 0) | (high <= 0))
    depths = np.abs(low + high) / (high - low)
    depths[~np.isfinite(depths)] = 0.0
    return Reach(dim=dim, depths=tuple(np.minimum(depths[cuts], 1.0).tolist()))


def _is_box(domain: Domain) -> bool:
    """Whether each wall bounds one input."""
    return bool((np.bincount(domain.normals.nonzeros()[0], minlength=domain.num_rows) == 1).all())


def _in_box(rows: Array, domain: Domain) -> tuple[Array, Array]:
    """By interval arithmetic."""
    bounds = domain.intervals
    lower = np.array([-np.inf if low is None else float(low) for low, _ in bounds])
    upper = np.array([np.inf if high is None else float(high) for _, high in bounds])
    ends = [np.where(rows == 0, 0.0, rows * bound) for bound in (lower, upper)]
    return np.minimum(*ends).sum(axis=1), np.maximum(*ends).sum(axis=1)


def _between_walls(rows: Array, domain: Domain) -> tuple[Array, Array] | None:
    """By ways uphill from a point inside, for all units and both sides at once, along each wall met, to a corner.

    Such a corner need not be the best one. None where no point inside is found.
    """
    if domain.dim > _MOST_DIMS:
        return None
    walls, constants = domain.normals.floats, domain.constants.floats[:, 0]
    lengths = np.linalg.norm(walls, axis=1)
    walls, constants = walls / lengths[:, None], constants / lengths
    # Distances from all walls as equal as can be: of tangents of a ball that is its centre.
    inside = np.linalg.lstsq(np.hstack([walls, -np.ones((len(walls), 1))]), -constants, rcond=None)[0][:-1]
    if not (constants + walls @ inside > 0).all():
        return None
    goals = np.concatenate([-rows, rows])
    ways, points = goals.copy(), np.tile(inside, (len(goals), 1))
    is_open = np.zeros(len(goals), dtype=np.bool_)
    met: list[Array] = []
    for _ in range(domain.dim):
        lengths = np.linalg.norm(ways, axis=1, keepdims=True)
        is_over = lengths <= _NOISE * np.linalg.norm(goals, axis=1, keepdims=True)
        falls = -(ways @ walls.T)
        is_towards = ~is_over & (falls > _NOISE * lengths)
        steps = np.where(is_towards, np.maximum(constants + points @ walls.T, 0.0) / falls, np.inf)
        nearest = steps.argmin(axis=1)
        step = steps.min(axis=1, keepdims=True)
        is_open |= (np.isinf(step) & ~is_over)[:, 0]
        points += np.where(np.isinf(step), 0.0, step) * ways
        ways = _along(ways, walls[nearest], met)
    values = np.where(is_open, np.inf, (points * goals).sum(axis=1))
    return -values[: len(rows)], values[len(rows) :]


def _along(ways: Array, walls: Array, met: list[Array]) -> Array:
    """Each way without its part across a wall and across those met before, of which a basis is kept (Gram-Schmidt)."""
    across = walls
    for other in met:
        across = across - (across * other).sum(axis=1, keepdims=True) * other
    length = np.linalg.norm(across, axis=1, keepdims=True)
    across = np.where(length > _NOISE, across / length, 0.0)
    met.append(across)
    along: Array = ways - (ways * across).sum(axis=1, keepdims=True) * across
    return along
