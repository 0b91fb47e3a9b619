"""Scales that are no rational function of what a file stores: where rounding enters, once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def batch_norm_scale(gamma: NDArray[np.float64], variance: NDArray[np.float64], epsilon: float) -> NDArray[np.float64]:
    """The float64 value of ``gamma / sqrt(variance + epsilon)``, taken as exact from here on.

    Raises
    ------
    ValueError
        ``variance + epsilon`` is not positive.
    """
    spread = variance + epsilon
    if not (spread > 0).all():
        raise ValueError("variance + epsilon of a batch normalisation is not positive")
    scale: NDArray[np.float64] = gamma / np.sqrt(spread)
    return scale
