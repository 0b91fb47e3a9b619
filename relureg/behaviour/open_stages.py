"""Intervals of the weights of outputs on earlier units, where each later unit may be active or not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from relureg.behaviour.relaxation import Relaxation
from relureg.exact.rounding_bounds import SLACK, UNDERFLOW
from relureg.network.affine_forms import INPUT

Floats = NDArray[np.float64]
Weights = dict[int, tuple[Floats, Floats]]
"""For a source, 0 the input and l the units of stage l: lower and upper bounds (m, n) of the outputs' weights on it."""


def output_weights(relaxation: Relaxation) -> list[Weights]:
    """For each stage, the weights where all signs of stages after it are open.

    A unit with an open sign is taken as any multiple, between 0 and 1, of its pre-activation. Where doubles do not
    reach, bounds are infinite or no numbers.
    """
    return list(_iter_weights(relaxation))[:-1][::-1]


def derivative_bounds(relaxation: Relaxation) -> tuple[Floats, Floats]:
    """Lower and upper bounds (m, d) of each derivative, whatever the signs of all units: on the whole space."""
    *_, weights = _iter_weights(relaxation)
    nothing = np.zeros((relaxation.output.size, relaxation.dim))
    return weights.get(INPUT, (nothing, nothing))


def _iter_weights(relaxation: Relaxation) -> Iterator[Weights]:
    """The weights with no stage open, then with the last one, with the last two, ..., with all of them."""
    form, share = relaxation.output, relaxation.share
    weights: Weights = {}
    for source, matrix in form.terms.items():
        error = 0.0 if form.is_exact else share * form.absolute[source] + UNDERFLOW
        weights[source] = matrix - error, matrix + error
    yield dict(weights)
    for number in range(len(relaxation.stages), 0, -1):
        with np.errstate(all="ignore"):
            _open(relaxation, number, weights)
        yield dict(weights)


def _open(relaxation: Relaxation, number: int, weights: Weights) -> None:
    """Put the units of a stage, with open signs, in terms of what they read; in place."""
    stage, share = relaxation.stages[number - 1], relaxation.share
    bounds = weights.pop(number, None)
    if bounds is None:
        return
    low, high = np.minimum(bounds[0], 0.0), np.maximum(bounds[1], 0.0)
    for source, matrix in stage.terms.items():
        positive, negative = np.maximum(matrix, 0.0), np.minimum(matrix, 0.0)
        error = share * (np.maximum(-low, high) @ stage.absolute[source]) * SLACK + UNDERFLOW
        before = weights.get(source, (np.zeros_like(error), np.zeros_like(error)))
        least = before[0] + (low @ positive + high @ negative)
        most = before[1] + (high @ positive + low @ negative)
        # The sum with what was there before rounds once more.
        error = error + share * (np.abs(before[0]) + np.abs(before[1]))
        weights[source] = least - error, most + error
