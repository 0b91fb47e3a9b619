"""Points at which a network is steep: guesses in doubles, with which a search for the largest norm begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.behaviour.relaxation import Relaxation
from relureg.network.affine_forms import INPUT

Floats = NDArray[np.float64]

_ROUNDS = 24
_KEPT = 16
"""Points from which others are drawn."""
_DRAWN = 2000
"""Points a round, where the network is small."""
_ENTRIES = 4_000_000
"""Entries of Jacobians that are composed at once, about."""


def steep_points(
    relaxation: Relaxation,
    box: tuple[Floats, Floats],
    outputs: slice,
    norm: Callable[[Floats], Floats],
    keeps: Callable[[Floats], NDArray[np.bool_]],
    *,
    start: Sequence[Sequence[float]] = (),
) -> Floats:
    """Some points, the steepest first: drawn at random, then around the steepest ones.

    Parameters
    ----------
    relaxation : Relaxation
        Whose forms in doubles are evaluated.
    box : (low, high)
        Where; infinite where there is no bound.
    outputs : slice
        Of which the Jacobians are composed.
    norm : callable
        From these Jacobians (K, m, d) to their norms (K,), about.
    keeps : callable
        From points (K, d) to those that may be taken (K,).
    start : points, optional
        Around which others are drawn as well.
    """
    rng = np.random.default_rng(0)
    low, high = box
    unit = _unit(relaxation)
    widest = max([form.size for form in relaxation.stages], default=1)
    count = int(np.clip(_ENTRIES // (max(widest, relaxation.output.size) * relaxation.dim), 8, _DRAWN))
    centres = np.array(start, dtype=np.float64).reshape(-1, relaxation.dim)
    centres = centres[np.isfinite(centres).all(axis=1)]
    sizes = np.zeros(len(centres))
    with np.errstate(all="ignore"):
        for turn in range(_ROUNDS):
            if len(centres) and stopping.reason() is not None:
                break  # what is known by now is told
            scale = unit * 10.0 ** rng.uniform(-3 if turn else -1, 2, (count, 1))
            around = (
                centres[rng.integers(0, len(centres), count)] if len(centres) else np.zeros((count, relaxation.dim))
            )
            points = around + scale * rng.normal(size=(count, relaxation.dim))
            inside = low + (high - low) * rng.random((count, relaxation.dim))
            is_far = (points < low) | (points > high)
            points = np.where(is_far & np.isfinite(inside), inside, np.clip(points, low, high))
            # Beyond the largest double there is no point that could be tried.
            points = points[np.isfinite(points).all(axis=1) & keeps(points)]
            found = norm(_jacobians(relaxation, points)[:, outputs])
            centres, sizes = np.vstack([centres, points]), np.concatenate([sizes, np.nan_to_num(found, posinf=0.0)])
            order = np.argsort(-sizes, kind="stable")[:_KEPT]
            centres, sizes = centres[order], sizes[order]
    return centres


def _unit(relaxation: Relaxation) -> float:
    """About how far from 0 the units of the first stage vanish."""
    with np.errstate(all="ignore"):
        found = [
            np.abs(form.constant) / np.linalg.norm(form.terms[INPUT], axis=1)
            for form in relaxation.stages if INPUT in form.terms
        ]  # fmt: skip
        distances = np.concatenate([np.zeros(0), *found])
        usual = float(np.median(distances)) if len(distances) else 1.0
    return usual if np.isfinite(usual) and usual > 0 else 1.0


def _jacobians(relaxation: Relaxation, points: Floats) -> Floats:
    """(K, m, d): at points (K, d)."""
    values: dict[int, Floats] = {INPUT: points}
    slopes: dict[int, Floats] = {INPUT: np.broadcast_to(np.eye(relaxation.dim), (len(points), *[relaxation.dim] * 2))}
    for number, form in enumerate([*relaxation.stages, relaxation.output], start=1):
        value = np.tile(form.constant, (len(points), 1))
        slope = np.zeros((len(points), form.size, relaxation.dim))
        for source, weights in form.terms.items():
            value = value + values[source] @ weights.T
            slope = slope + (weights if source == INPUT else weights @ slopes[source])
        active = value > 0
        values[number], slopes[number] = np.where(active, value, 0.0), np.where(active[:, :, None], slope, 0.0)
    return slope
