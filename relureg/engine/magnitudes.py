"""Inputs in units in which their magnitudes are level: powers of two, so that nothing is rounded.

An error bound of a point is one number for all its coordinates. Where inputs of size 1 stand beside inputs of size
50,000, as in controllers that take angles and distances, it says nothing of the small ones. The regions do not depend
on units: the search works in ``t`` with ``x_j = 2^c_j t_j``, and its points are mapped back exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relureg.exact.rational import RationalMatrix

_LEVEL = 8
"""Magnitudes within 2^8 of each other are level enough; then inputs stay as they are."""

_FEW = 64
"""Numbers of which the largest and the smallest are found sooner than medians."""

_MOST = 400
"""Beyond 2^400 products of a few numbers leave the range of doubles."""

_ROUNDS = 4
"""Medians of rows and of columns in turn: two rounds do, as rows differ in one factor each."""


Block = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Constants, shape (n, 1), and weights, shape (n, inputs)."""


def level(blocks: Sequence[Block], num_inputs: int) -> list[int]:
    """The exponents ``c_j`` for rows of constants and weights on the inputs; all 0 where these are level already.

    Examples
    --------
    >>> level([(np.array([[1.0], [-2.0]]), np.array([[3.0, 1e-5], [1.0, -2e-5]]))], 2)
    [0, 17]
    >>> level([(np.array([[1.0]]), np.array([[3.0, 0.1]]))], 2)
    [0, 0]
    """
    if not num_inputs or not blocks or _are_alike(blocks):
        return [0] * num_inputs  # the rule in small networks, at little cost
    rows = np.abs(np.concatenate([np.concatenate(block, axis=1) for block in blocks]))
    ordered = np.sort(rows, axis=0)  # NaN last
    half = len(rows) // 2
    typical = ordered[half].tolist()
    if len(rows) % 2 == 0:  # `np.median` takes longer than the search
        typical = [low / 2 + high / 2 for low, high in zip(ordered[half - 1].tolist(), typical, strict=True)]
    if 0 < max(typical) / 2 ** (_LEVEL / 2) < min(typical) or not np.isfinite(rows).all():
        return [0] * num_inputs  # the rule in others
    has_zeros = not rows.all()
    sizes = _sizes_without_zeros(rows) if has_zeros else np.log2(rows)
    exponents = np.zeros(num_inputs + 1)
    for _ in range(_ROUNDS):
        before = exponents
        of_rows = _medians(sizes + exponents, 1, has_gaps=has_zeros)
        exponents = _medians(of_rows[:, None] - sizes, 0, has_gaps=has_zeros)
        exponents -= exponents[0]
        if (exponents == before).all():
            break
    whole = [max(-_MOST, min(round(exponent), _MOST)) for exponent in exponents[1:].tolist()]
    return whole if max(map(abs, whole)) > _LEVEL else [0] * num_inputs


def _are_alike(blocks: Sequence[Block]) -> bool:
    """Whether all magnitudes are level, those of constants too; False of many numbers, where that is seldom so."""
    if sum(constants.size + weights.size for constants, weights in blocks) > _FEW:
        return False
    sizes = [abs(number) for block in blocks for part in block for number in part.ravel().tolist() if number]
    return not sizes or max(sizes) / 2**_LEVEL <= min(sizes)


def scaled(matrix: RationalMatrix, exponents: Sequence[int]) -> RationalMatrix:
    """The columns of a matrix times powers of two."""
    if not any(exponents):
        return matrix
    lowest = min(0, *exponents)
    factors = np.empty((len(exponents), 1), dtype=object)
    factors[:, 0] = [1 << exponent - lowest for exponent in exponents]
    return matrix.T.scale_rows(RationalMatrix(factors, 1 << -lowest)).T


def _sizes_without_zeros(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms, NaN of zeros; rows of nothing else are left out."""
    sizes = np.full(rows.shape, np.nan)
    np.log2(rows, out=sizes, where=rows != 0)
    return sizes[rows.any(axis=1)]


def _medians(sizes: NDArray[np.float64], axis: int, *, has_gaps: bool) -> NDArray[np.float64]:
    """Medians of what is no NaN; 0 where there is nothing else. (`np.nanmedian` takes milliseconds on small arrays.)"""
    if not sizes.size:
        return np.zeros(sizes.shape[1 - axis])
    ordered = (sizes if axis == 0 else sizes.T).copy()
    ordered.sort(axis=0)  # NaN last
    size = len(ordered)
    if not has_gaps:
        whole: NDArray[np.float64] = (ordered[(size - 1) // 2] + ordered[size // 2]) / 2
        return whole
    known = size - np.isnan(ordered).sum(axis=0)
    some, columns = known > 0, np.arange(ordered.shape[1])
    middle = (ordered[np.maximum(known - 1, 0) // 2, columns] + ordered[known // 2 * some, columns]) / 2
    result: NDArray[np.float64] = np.where(some, middle, 0.0)
    return result
