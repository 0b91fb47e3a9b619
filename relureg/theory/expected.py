"""Expected numbers of regions of random networks, for comparison: no network need attain them."""

from __future__ import annotations

import math

from relureg.errors import UsageError


def expected_breakpoints(
    units: int, low: float, high: float, *, weight_deviation: float = 1.0, bias_deviation: float = 1.0
) -> float:
    """The mean number of breakpoints in [low, high] of one hidden layer on one input.

    Weights and biases are independent, N(0, weight_deviation^2) and N(0, bias_deviation^2), so that a breakpoint -b / w
    has a Cauchy distribution: n / pi (atan(high s) - atan(low s)) with s = weight_deviation / bias_deviation. The
    interval holds one region more.

    Examples
    --------
    >>> round(expected_breakpoints(10, -1, 1), 12)
    5.0
    """
    if not (low <= high and weight_deviation > 0 and bias_deviation > 0):
        raise UsageError("an interval low <= high and positive deviations are needed")
    scale = weight_deviation / bias_deviation
    return units / math.pi * (math.atan(high * scale) - math.atan(low * scale))


def hanin_rolnick_2019(units: int, dim: int, constant: float) -> float:
    """(T N)^d / d!: at most that many activation regions a unit of volume on average, in a large cube, for N >= d.

    For N <= d it is 2^N. T depends on bounds of gradients and of the density of biases, and is not made explicit by the
    theorem, so it must be given.

    Source: [HR19b], Theorem 5 (wording not seen in the original).

    Examples
    --------
    >>> hanin_rolnick_2019(16, 2, 1.0)
    128.0
    """
    if units < 0 or dim < 1 or not constant > 0:
        raise UsageError("a number of units, a dimension and a positive constant are needed")
    return float(2**units) if units <= dim else (constant * units) ** dim / math.factorial(dim)
