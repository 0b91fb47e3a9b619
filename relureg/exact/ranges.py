"""Many ranges of indices at once, and one range in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def ranges(starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.int64]:
    """The indices ``starts[i], ..., starts[i] + lengths[i] - 1`` for all i, one range after the other."""
    ends = np.cumsum(lengths)
    indices: NDArray[np.int64] = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
    return indices


def chunks(size: int, most: int, *, least: int = 0) -> Iterator[slice]:
    """The range from 0 to `size` in consecutive slices of at most `most`; with `least` 1 an empty range is one, too.

    Examples
    --------
    >>> list(chunks(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for first in range(0, max(size, least), most):
        yield slice(first, min(first + most, size))
