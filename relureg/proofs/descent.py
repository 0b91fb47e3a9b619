"""Many small linear programs at once, in doubles: they propose multipliers and points, and decide nothing.

Each asks how small a goal becomes inside its rows. From a point inside it goes down along the goal's gradient,
projected onto the rows that have been met, until there is none left [Ros60]; then the gradient is a combination of the
normals that were met, and where a multiplier is negative, its row is let go (Dantzig's rule). All programs of a batch
take their steps together, as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FLAT = 1e-9
"""A projected gradient of less than this part of its length is taken for none. A wrong guess makes a proposal fail."""
_RELAXED = 1e-6
"""Every row is moved outwards by about this part of its distance from the start, so that no two vertices coincide."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Descents:
    """What B programs in d dimensions with up to M rows have come to."""

    points: NDArray[np.float64]
    """(B, d): the last point."""
    is_below: NDArray[np.bool_]
    """(B,): whether the goal seems to be negative there; where that is wanted, a program ends as soon as it is so."""
    is_optimal: NDArray[np.bool_]
    """(B,): whether the multipliers are those of an optimum, which is not negative."""
    met: NDArray[np.intp]
    """(B, d): the rows that hold with equality at an optimum; -1 for none."""
    multipliers: NDArray[np.float64]
    """(B, d): the goal's normal is the sum of these times the normals of `met`."""


def descend(
    rows: NDArray[np.float64],
    goals: NDArray[np.float64],
    starts: NDArray[np.float64],
    stops_below: NDArray[np.bool_],
) -> Descents:
    """Go down from points inside.

    Parameters
    ----------
    rows : (B, M, 1 + d) array
        Positive inside, normals of length 1; rows of zeros are none.
    goals : (B, 1 + d) array
        Normals of length 1.
    starts : (B, d) array
        Points where all rows are positive.
    stops_below : (B,) array
        Whether a point is wanted where the goal is negative; else only an optimum is.
    """
    count, dim = starts.shape
    found = Descents(
        points=starts.copy(),
        is_below=np.zeros(count, dtype=np.bool_),
        is_optimal=np.zeros(count, dtype=np.bool_),
        met=np.full((count, dim), -1, dtype=np.intp),
        multipliers=np.zeros((count, dim)),
    )
    normals, gradients = rows[:, :, 1:], goals[:, 1:]
    exists: NDArray[np.bool_] = np.asarray(normals.any(axis=2))
    values = rows[:, :, 0] + _times(normals, starts)
    share = _RELAXED * np.random.default_rng(1).uniform(1, 2, size=values.shape)
    constants = rows[:, :, 0] + share * np.abs(values)
    left = np.arange(count)
    for _ in range(20 * dim + 100):
        if not len(left):
            break
        with np.errstate(all="ignore"):
            still = _step(found, left, normals[left], constants[left], exists[left], gradients[left], goals[left, 0])
        left = still[~(found.is_below[still] & stops_below[still])]
    return found


def _step(
    found: Descents,
    left: NDArray[np.intp],
    normals: NDArray[np.float64],
    constants: NDArray[np.float64],
    exists: NDArray[np.bool_],
    gradients: NDArray[np.float64],
    offsets: NDArray[np.float64],
) -> NDArray[np.intp]:
    """One step of the programs that are left; returns those of them that are left then."""
    met, points = found.met[left], found.points[left]
    each = np.arange(len(left))
    multipliers, rest = _project(normals, met, gradients)
    lengths = np.linalg.norm(rest, axis=1)
    is_flat = (lengths < _FLAT) | (met >= 0).all(axis=1)
    # Where nothing is left of the gradient: an optimum, or a row to let go.
    worst = multipliers.argmin(axis=1)
    is_optimal = is_flat & (multipliers[each, worst] >= -_FLAT)
    found.multipliers[left] = multipliers
    found.is_optimal[left] = is_optimal
    lets_go = is_flat & ~is_optimal
    met[each[lets_go], worst[lets_go]] = -1
    # Elsewhere: down, as far as the rows allow.
    moves = ~is_flat
    ways = np.where(moves[:, None], -rest / np.maximum(lengths, _FLAT)[:, None], 0.0)
    slopes, values = _times(normals, ways), constants + _times(normals, points)
    is_met = np.zeros(exists.shape, dtype=np.bool_)
    for column in range(met.shape[1]):  # a row 0 that stands for none must not unset one that was met
        is_met[each, np.maximum(met[:, column], 0)] |= met[:, column] >= 0
    blocks = exists & ~is_met & (slopes < -1e-12)
    reach = np.where(blocks, np.maximum(values, 0) / np.where(blocks, -slopes, 1), np.inf)
    first = reach.argmin(axis=1)
    furthest = reach[each, first]
    heights = offsets + (gradients * points).sum(axis=1)
    # Without a row in the way, far enough to be below 0.
    endless = moves & np.isinf(furthest)
    furthest = np.where(endless, (np.abs(heights) + 1) / np.maximum(lengths, _FLAT), np.where(moves, furthest, 0.0))
    points = points + furthest[:, None] * ways
    heights = offsets + (gradients * points).sum(axis=1)
    stops = moves & ~endless
    free = (met < 0).argmax(axis=1)
    met[each[stops], free[stops]] = first[stops]
    below = moves & (heights < -_FLAT * (np.abs(offsets) + 1e-300))
    found.points[left], found.met[left] = points, met
    found.is_below[left] = below
    still: NDArray[np.intp] = left[~(is_optimal | endless)]
    return still


def _project(
    normals: NDArray[np.float64], met: NDArray[np.intp], gradients: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The gradient by the normals that were met, and what is left of it; refined once."""
    each = np.arange(len(met))[:, None]
    is_met = met >= 0
    held = np.where(is_met[:, :, None], normals[each, np.maximum(met, 0)], 0.0)
    gram = held @ held.transpose(0, 2, 1)
    diagonal = np.arange(met.shape[1])
    gram[:, diagonal, diagonal] += np.where(is_met, 1e-14, 1.0)
    multipliers = np.zeros(met.shape)
    rest = gradients
    for _ in range(3):
        change = np.linalg.solve(gram, _times(held, rest)[:, :, None])[:, :, 0]
        multipliers += change
        rest = gradients - _times(held.transpose(0, 2, 1), multipliers)
    return multipliers, rest


def _times(matrices: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = (matrices @ vectors[:, :, None])[:, :, 0]
    return product
