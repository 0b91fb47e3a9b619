"""Estimates from independent samples, with intervals that hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 16
"""Samples of which an interval is told."""
_MOST_SHARE = 0.4
"""Of all samples together, in the largest: where there is more in it, what was missed may be as large, and no interval
is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate, and an interval that holds the truth in 95 of 100 estimates."""

    mean: float
    low: float
    high: float

    @property
    def precision(self) -> float:
        """Half the width, relative to the mean."""
        return (self.high - self.low) / 2 / self.mean if self.mean else 0.0


def mean_of(values: Sequence[float], at_least: float = 0.0) -> Interval | None:
    """The mean of independent estimates with Student's interval, of which nothing lies below `at_least`.

    None where they are too few, all 0, or one outweighs the others.
    """
    sample = np.asarray(values, dtype=float)
    total = float(sample.sum())
    if len(sample) < FEWEST or float(sample.max()) >= _MOST_SHARE * total:
        return None
    mean, half = total / len(sample), _half_width(sample)
    return Interval(mean=mean, low=max(mean - half, float(at_least)), high=mean + half)


def ratio_of(above: Sequence[float], below: Sequence[float]) -> Interval | None:
    """The ratio of two means, with the interval of its linear part; None where one of them is not told."""
    if mean_of(above) is None or mean_of(below) is None:
        return None
    top, bottom = np.asarray(above), np.asarray(below)
    ratio = float(top.sum() / bottom.sum())
    half = _half_width(top - ratio * bottom) / float(bottom.mean())
    return Interval(mean=ratio, low=max(ratio - half, 0.0), high=ratio + half)


def _half_width(values: NDArray[np.float64]) -> float:
    return student(len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))


def student(degrees: int) -> float:
    """The 97.5 % quantile of Student's distribution with 15 degrees of freedom or more, to four digits.

    By its expansion in powers of 1 / degrees (Fisher 1926); scipy, which has it too, takes a second to import.
    """
    z = 1.959963984540054
    terms: tuple[float, ...] = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return math.fsum(term / float(degrees**power) for power, term in enumerate(terms))
