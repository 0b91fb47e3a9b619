"""Connected components of a graph given by pairs of nodes, many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def component_numbers(size: int, pairs: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """(size,): the number of the component of each node, from 0, in the order of their first nodes.

    Every node points to a node of its component with a lower number, or to itself. Until no pair has two roots, the
    higher root of each pair is hung under the lowest root it is paired with, and paths are halved to length 1.

    Parameters
    ----------
    size : int
    pairs : array, shape (P, 2)

    Examples
    --------
    >>> component_numbers(5, np.array([[3, 4], [1, 3]])).tolist()
    [0, 1, 2, 1, 1]
    """
    root = np.arange(size)
    left, right = pairs[:, 0], pairs[:, 1]
    while len(left):
        left, right = root[left], root[right]
        apart = left != right
        left, right = left[apart], right[apart]
        np.minimum.at(root, np.maximum(left, right), np.minimum(left, right))
        while not np.array_equal(above := root[root], root):
            root = above
    return np.unique(root, return_inverse=True)[1].reshape(-1)
