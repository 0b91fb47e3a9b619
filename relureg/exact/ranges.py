"""Indices of many ranges at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def ranges(starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.int64]:
    """The indices ``starts[i], ..., starts[i] + lengths[i] - 1`` for all i, one range after the other."""
    ends = np.cumsum(lengths)
    indices: NDArray[np.int64] = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
    return indices
