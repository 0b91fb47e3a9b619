"""Points that a caller hands in, as doubles."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relureg.errors import DataError
from relureg.exact.float_matrices import Floats
from relureg.network.model import Network
from relureg.readers.point_tables import FINITE, refuse_entries
from relureg.words import plural

LARGEST = 1e100
"""No coordinate of a point is larger, so that squares, and sums of products with weights, are far from overflow."""


def check_points(network: Network, points: ArrayLike, *, where: str | None = None) -> Floats:
    """Points as doubles, shape (points, d).

    Raises
    ------
    DataError
        Another shape, not numbers, or a coordinate that is NaN, infinite or beyond `LARGEST`; says in which row.
    """
    array = as_numbers(points, where=where)
    if array.ndim > 2:  # images are flattened in row-major order
        array = array.reshape(len(array), -1)
    if array.ndim != 2 or array.shape[1] != network.input_dim:
        columns = plural(array.shape[1], "column") if array.ndim == 2 else f"shape {array.shape}"
        raise DataError(
            f"{columns}, but {network.name} has {plural(network.input_dim, 'input')}: one row a point", where=where
        )
    refuse_entries(array, ~np.isfinite(array), FINITE, where=where)
    refuse_entries(array, np.abs(array) > LARGEST, f"scale the data to numbers below {LARGEST:g}", where=where)
    return array


def as_numbers(values: ArrayLike, *, where: str | None = None) -> Floats:
    """An array of doubles; text and objects that are no numbers are refused."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise DataError(f"numbers are needed, not entries of type {array.dtype}", where=where)
    return np.ascontiguousarray(array, dtype=np.float64)
