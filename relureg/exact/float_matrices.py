"""Matrices of doubles, dense or sparse, by one set of names."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Matrix = Any
"""A dense array, or a scipy.sparse.csr_array, of doubles, shape (n, size)."""


def forward(values: Floats, matrix: Matrix) -> Floats:
    """``values @ matrix.T``, shape (k, n), of values (k, size)."""
    return np.asarray(values @ matrix.T) if isinstance(matrix, np.ndarray) else np.asarray(matrix @ values.T).T


def transposed(matrix: Matrix) -> Matrix:
    """The transpose, of a sparse matrix as a csr_array too."""
    return matrix.T if isinstance(matrix, np.ndarray) else matrix.T.tocsr()


def dense(matrix: Matrix) -> Floats:
    """The same as a dense array."""
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())


def entries(matrix: Matrix) -> Floats:
    """The array itself, or those entries of a sparse matrix that are held."""
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.data)


def with_entries(matrix: Matrix, values: Floats) -> Matrix:
    """A matrix with other values in the same places as `entries`."""
    if isinstance(matrix, np.ndarray):
        return values
    return type(matrix)((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def at_entries(matrix: Matrix, of_rows: NDArray[Any]) -> NDArray[Any]:
    """What belongs to the row of each of `entries`, given what belongs to each row (n,)."""
    return of_rows[:, None] if isinstance(matrix, np.ndarray) else np.repeat(of_rows, np.diff(matrix.indptr))


def row_maxima(matrix: Matrix) -> Floats:
    """(n,): the largest entry of each row, 0 in rows without entries."""
    if not matrix.shape[1]:
        return np.zeros(matrix.shape[0])
    return np.asarray(dense(matrix.max(axis=1))).reshape(-1)


def row_norms(matrix: Matrix) -> Floats:
    """(n,): the Euclidean norms of rows; 0 only for rows of zeros, infinite only beyond the doubles."""
    _, exponent = np.frexp(row_maxima(abs(matrix)))
    # Scaled by powers of two, which is exact, so that no square underflows or overflows.
    scaled = with_entries(matrix, np.square(np.ldexp(entries(matrix), -at_entries(matrix, exponent))))
    return np.asarray(np.ldexp(np.sqrt(np.asarray(scaled.sum(axis=1)).reshape(-1)), exponent))
