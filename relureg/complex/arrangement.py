"""The hyperplanes of the first stage: which are distinct, and whether they lie in general position."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from relureg.exact.numbers import primitive
from relureg.exact.rational import RationalMatrix
from relureg.families.arrangements import generic_central_regions, generic_regions
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network

MAX_MINORS = 2_000_000
"""Most determinants looked at to establish general position; beyond, the closed form is left out."""

_PRIME = 2_147_483_647  # below 2^31, so that products of two residues fit 63 bits
_CHUNK = 50_000
_SAMPLE = 256


def first_stage_hyperplanes(network: Network) -> RationalMatrix:
    """The distinct hyperplanes ``b + w . x = 0`` of the first stage, rows (b, w) in the essential inputs.

    Rows with w = 0 are no hyperplanes; rows that are multiples of each other are one.
    """
    essential = network.input_rows.pivot_columns()
    if not network.stages:
        return RationalMatrix.zeros(0, 1)
    form = network.stages[0].pre_activation
    if INPUT not in form.terms:
        return RationalMatrix.zeros(0, len(essential) + 1)
    constant, weights = form.constant, form.terms[INPUT].columns(essential)
    common = math.lcm(constant.denominator, weights.denominator)
    factor, factors = common // constant.denominator, common // weights.denominator
    rows = [
        primitive([factor * offset, *(factors * weight for weight in normal)])
        for (offset,), normal in zip(constant.numerators.tolist(), weights.numerators.tolist(), strict=True)
    ]
    distinct = {_one_direction(row): None for row in rows if any(row[1:])}
    matrix = np.empty((len(distinct), len(essential) + 1), dtype=object)
    for index, row in enumerate(distinct):
        matrix[index] = row
    return RationalMatrix(matrix)


def generic_region_count(hyperplanes: RationalMatrix) -> int | None:
    """The closed-form number of regions of n hyperplanes in R^r, or None where no closed form applies.

    * general position (any k <= r meet in dimension r - k, more than r nowhere): sum of C(n, i), i <= r
    * all through one point, normals in general position: twice the sum of C(n - 1, i), i < r

    Source: [Sch01], [Zas75]. The normals must span R^r. None as well when more than
    `MAX_MINORS` determinants would have to be looked at.
    """
    n, r = hyperplanes.shape[0], hyperplanes.shape[1] - 1
    if r < 1 or n < r or math.comb(n, min(r + 1, n)) + math.comb(n, r) > MAX_MINORS:
        return None
    if not _all_minors_nonzero(hyperplanes.columns(slice(1, None)), r):
        return None
    if n == r or _all_minors_nonzero(hyperplanes, r + 1):
        return generic_regions(n, r)
    return generic_central_regions(n, r) if hyperplanes.rank() == r else None


def expected_region_count(hyperplanes: RationalMatrix, counted: int) -> int | None:
    """The closed-form number of regions as `generic_region_count` gives it, when so many regions were counted.

    Both closed forms are also the most regions that n hyperplanes (n hyperplanes through one point) can have, attained
    in general position alone. A count that attains one therefore needs no look at determinants.
    """
    n, r = hyperplanes.shape[0], hyperplanes.shape[1] - 1
    if r >= 1 and n >= r:
        if counted == generic_regions(n, r):
            return counted
        if counted == generic_central_regions(n, r) and hyperplanes.rank() == r:
            return counted
    return generic_region_count(hyperplanes)


def _one_direction(row: tuple[int, ...]) -> tuple[int, ...]:
    leading = next(entry for entry in row[1:] if entry)
    return row if leading > 0 else tuple(-entry for entry in row)


def _all_minors_nonzero(matrix: RationalMatrix, size: int) -> bool:
    """Whether every choice of `size` rows (there are `size` columns) is linearly independent.

    A determinant that is not zero modulo a prime is not zero; the few that are zero there are decided
    over the integers. Some choices from all over come first: an arrangement that is not in general position
    mostly shows it there.
    """
    rows = matrix.primitive_rows()
    residues = np.array([[entry % _PRIME for entry in row] for row in rows], dtype=np.int64)
    for chosen in itertools.chain([_sample(len(rows), size)], _choices(len(rows), size)):
        suspicious = chosen[~_nonsingular_modulo(residues[chosen])]
        for index in suspicious.tolist():
            if matrix.rows(index).rank() < size:
                return False
    return True


def _choices(count: int, size: int) -> Iterator[NDArray[np.intp]]:
    combinations = itertools.combinations(range(count), size)
    while block := list(itertools.islice(combinations, _CHUNK)):
        yield np.array(block, dtype=np.intp)


def _sample(count: int, size: int) -> NDArray[np.intp]:
    order = np.random.default_rng(0).random((_SAMPLE, count)).argsort(axis=1)
    return order[:, :size]


def _nonsingular_modulo(stack: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which square matrices of a stack are invertible modulo the prime (elimination without division)."""
    stack = stack.copy()
    which = np.arange(stack.shape[0])
    regular = np.ones(stack.shape[0], dtype=np.bool_)
    for column in range(stack.shape[1]):
        pivot = column + (stack[:, column:, column] != 0).argmax(axis=1)
        regular &= stack[which, pivot, column] != 0
        swap = stack[which, pivot].copy()
        stack[which, pivot] = stack[:, column]
        stack[:, column] = swap
        head, below = swap[:, None, column, None], stack[:, column + 1 :]
        below[...] = (below * head % _PRIME - below[:, :, column, None] * swap[:, None, :] % _PRIME) % _PRIME
    return regular
