"""Arrays of exact numbers as doubles, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UnsupportedNetworkError

Floats = NDArray[np.float64]

_FEW = 16
"""Numbers that are looked at one by one sooner than as an array."""


def exact_doubles(values: NDArray[Any]) -> Floats:
    """Real numbers as doubles; raises `UnsupportedNetworkError` where one is no double."""
    if values.dtype.kind not in "fiub" or values.dtype.itemsize > 8:
        raise UnsupportedNetworkError(f"numbers of type {values.dtype} are not read; float64 is")
    doubles: Floats = values.astype(np.float64)
    # 2^53 is the first integer after which one is skipped.
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8 and (np.abs(doubles) > 2.0**53).any():
        raise UnsupportedNetworkError("an integer beyond 2^53 need not be a double")
    return doubles


def as_doubles(numerators: NDArray[Any], denominator: int) -> NDArray[np.float64] | None:
    """A vector of integers over a denominator as doubles; None when one of these fractions is no double."""
    if denominator & (denominator - 1):
        return None
    if len(numerators) > _FEW and denominator < 2**1000 and (small := _small_integers(numerators)) is not None:
        return small / float(denominator)
    integers = numerators.tolist()
    try:
        doubles = [n / denominator for n in integers]
    except OverflowError:
        return None
    if denominator >= 2**1000 or max(map(abs, integers), default=0) >= 2**53:
        for n, (p, q) in zip(integers, map(float.as_integer_ratio, doubles), strict=True):
            if n * q != p * denominator:
                return None
    return np.array(doubles, dtype=np.float64)


def _small_integers(numbers: NDArray[Any]) -> Floats | None:
    """Integers of less than 2^62 in size as the doubles they are; None where one is larger, or no double."""
    try:
        words = numbers.astype(np.int64)
    except OverflowError:
        return None
    doubles: Floats = words.astype(np.float64)
    largest = max(doubles.max(), -doubles.min())
    if largest < 2.0**53:  # the rule
        return doubles
    return doubles if largest < 2.0**62 and (doubles.astype(np.int64) == words).all() else None


def are_exact_as(doubles: NDArray[np.float64] | None, kind: type[np.float32] | type[np.float64]) -> bool:
    """Whether there are doubles, and all of them are numbers of that floating-point type."""
    with np.errstate(over="ignore"):
        return doubles is not None and bool((doubles.astype(kind) == doubles).all())
