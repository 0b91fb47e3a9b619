"""Units that keep their sign on a whole domain, proved by exact interval arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from relureg import stopping
from relureg.network.affine_forms import AffineForm
from relureg.network.domain import Interval
from relureg.network.evaluation import iter_values
from relureg.network.problem import Problem


def stable_units(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """For each stage 1, -1 or 0 a unit: proved active (z >= 0), inactive (z <= 0) on the domain, or neither.

    Interval arithmetic in rationals, one pass over the stages: what it finds is proved, but it does not find every
    stable unit. Of a polytope it sees the rows that bound a single input. A unit that vanishes everywhere is inactive.

    Examples
    --------
    >>> from relureg import Domain, Network
    >>> hat = Network.from_layers([[[1], [1], [1]], [[1, -2, 1]]], [[0, -1, -2], [0]])
    >>> stable_units(Problem(network=hat)), stable_units(Problem(network=hat, domain=Domain.box([0], [1])))
    (((0, 0, 0),), ((1, -1, -1),))
    """
    stages = iter_values(
        problem.network.forms[:-1], _input_intervals(problem), _image, lambda _, z: [_rectified(x) for x in z]
    )
    return tuple(tuple(_sign(interval) for interval in intervals) for intervals in stages)


def _input_intervals(problem: Problem) -> list[Interval]:
    if problem.domain is None:
        return [(None, None)] * problem.network.input_dim
    return problem.domain.intervals


def _image(form: AffineForm, sources: Mapping[int, list[Interval]]) -> list[Interval]:
    """The interval of each entry of an affine form."""
    lows: list[Fraction | None] = [constant for (constant,) in form.constant.fractions()]
    highs = list(lows)
    for source, matrix in form.terms.items():
        intervals = sources[source]
        for unit, column, weight in zip(*map(np.ndarray.tolist, matrix.nonzeros()), strict=True):
            low, high = intervals[column]
            least, most = (low, high) if weight > 0 else (high, low)
            lows[unit] = _plus(lows[unit], weight, matrix.denominator, least)
            highs[unit] = _plus(highs[unit], weight, matrix.denominator, most)
        stopping.check()
    return list(zip(lows, highs, strict=True))


def _plus(total: Fraction | None, weight: int, denominator: int, value: Fraction | None) -> Fraction | None:
    """Total + weight / denominator * value, where both are finite."""
    return None if total is None or value is None else total + Fraction(weight, denominator) * value


def _sign(interval: Interval) -> int:
    low, high = interval
    if high is not None and high <= 0:
        return -1
    return 1 if low is not None and low >= 0 else 0


def _rectified(interval: Interval) -> Interval:
    low, high = interval
    zero = Fraction(0)
    return (zero if low is None else max(low, zero), None if high is None else max(high, zero))
