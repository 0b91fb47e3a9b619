"""Real numbers of any type as doubles, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UnsupportedNetworkError

Floats = NDArray[np.float64]


def exact_doubles(values: NDArray[Any]) -> Floats:
    """Real numbers as doubles; raises `UnsupportedNetworkError` where one is no double."""
    if values.dtype.kind not in "fiub" or values.dtype.itemsize > 8:
        raise UnsupportedNetworkError(f"numbers of type {values.dtype} are not read; float64 is")
    doubles: Floats = values.astype(np.float64)
    # 2^53 is the first integer after which one is skipped.
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8 and (np.abs(doubles) > 2.0**53).any():
        raise UnsupportedNetworkError("an integer beyond 2^53 need not be a double")
    return doubles
