"""Which region contains a point: decided exactly, in doubles with a proven error bound wherever these suffice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.engine.records import Records
from relureg.errors import UsageError
from relureg.exact.rounding_bounds import Rounded, affine_error
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.evaluation import iter_values
from relureg.network.problem import Problem

OUTSIDE = -1
"""What `locate` says of a point in no listed region."""


def locate(problem: Problem, records: Records, points: ArrayLike) -> NDArray[np.int64]:
    """The number of the region that each point lies in.

    A point on a facet or a smaller face lies in the closure of several regions; the one with the lowest number is
    given. A point outside the domain gives -1, as does one in no listed region when the list is not complete.

    Parameters
    ----------
    points : array_like, shape (points, d)
        Floats are the dyadic rationals they are; integers and fractions of any size are exact, too.

    Raises
    ------
    UsageError
        The shape is another one, or a coordinate is NaN or infinite.
    """
    array = _points(points, problem.network.input_dim)
    signs, inside = _signs(problem, array)
    index = _SignIndex(records)
    found = index.find(signs)
    for point in np.flatnonzero((found == OUTSIDE) & inside).tolist():
        found[point] = index.find_closure(signs[point])
    found[~inside] = OUTSIDE
    return found


def _points(points: ArrayLike, dim: int) -> NDArray[Any]:
    """Doubles where these hold the points exactly, else Python numbers."""
    array = np.asarray(points)
    if array.ndim != 2 or array.shape[1] != dim:
        raise UsageError(f"points need shape (points, {dim}), not {array.shape}")
    if array.dtype.kind in "iub" and (np.abs(array.astype(np.float64)) < 2.0**53).all():
        return array.astype(np.float64)
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        if not np.isfinite(array).all():
            raise UsageError("points need finite coordinates; NaN or infinity was given")
        return array.astype(np.float64)
    return array.astype(object)


def _signs(problem: Problem, points: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """(n, N): the sign vectors; (n,): whether each point is in the closed domain."""
    num_walls = problem.num_walls
    signs = np.zeros((len(points), problem.num_rows), dtype=np.int8)
    is_open: NDArray[np.bool_] = np.ones(len(points), dtype=np.bool_)
    if points.dtype != object:
        signs = _filtered_signs(problem, points)
        is_open = (signs == 0).any(axis=1)
    for point in np.flatnonzero(is_open).tolist():
        coordinates = points[point].tolist()
        signs[point, num_walls:] = problem.network.exact_signs(coordinates)
        if problem.domain is not None:
            signs[point, :num_walls] = problem.domain.exact_signs(coordinates)
    inside: NDArray[np.bool_] = np.logical_and.reduce(signs[:, :num_walls] >= 0, axis=1)
    return signs[:, num_walls:], inside


def _filtered_signs(problem: Problem, points: NDArray[np.float64]) -> NDArray[np.int8]:
    """(n, W + N): the signs of walls and units as doubles prove them, 0 where they do not."""
    inputs = Rounded.exactly(points)
    columns = [np.zeros((len(points), 0), dtype=np.int8)]
    try:
        with np.errstate(all="ignore"):
            columns += [_rounded(form, {INPUT: inputs}).signs for form in problem.walls]
            stages = iter_values(problem.network.forms[:-1], inputs, _rounded, lambda _, z: z.rectified)
            columns += [z.signs for z in stages]
    except OverflowError:  # a parameter beyond the doubles
        columns = [np.zeros((len(points), problem.num_rows), dtype=np.int8)]
    return np.concatenate(columns, axis=1)


def _rounded(form: AffineForm, sources: Mapping[int, Rounded]) -> Rounded:
    # A product and a sum for each entry, a sum for each source; a parameter's rounding and one more.
    num_roundings = sum(matrix.shape[1] + 1 for matrix in form.terms.values()) + 2
    terms = ((np.abs(matrix.floats), sources[source]) for source, matrix in form.terms.items())
    constant = np.abs(form.constant.floats[:, 0])
    return Rounded(
        value=form.evaluate_floats({source: h.value for source, h in sources.items()}),
        error=affine_error(constant, terms, num_roundings, len(sources[INPUT].value)),
    )


class _SignIndex:
    """Regions by their sign vectors."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.keys = _keys(records.patterns, records.vanishing)
        self.order = np.argsort(self.keys, kind="stable")

    def find(self, signs: NDArray[np.int8]) -> NDArray[np.int64]:
        """The region that has each sign vector, or `OUTSIDE`."""
        wanted = _keys(*_packed(signs))
        if not len(self.keys):
            return np.full(len(signs), OUTSIDE, dtype=np.int64)
        place = np.searchsorted(self.keys, wanted, sorter=self.order)
        region = self.order[np.minimum(place, len(self.keys) - 1)]
        return np.where(self.keys[region] == wanted, region, OUTSIDE)

    def find_closure(self, signs: NDArray[np.int8]) -> int:
        """The first region whose closure holds the points with these signs.

        These are the regions that have the same sign wherever it is not 0: stage by stage, the pre-activations of
        the region are those at the point, and are weakly on the region's side.
        """
        positive, zero = _packed(signs[None])
        apart = (self.records.patterns ^ positive) | self.records.vanishing
        touching = np.flatnonzero(~(apart & ~zero).any(axis=1))
        return int(touching[0]) if len(touching) else OUTSIDE


def _packed(signs: NDArray[np.int8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    positive = np.packbits(signs > 0, axis=1, bitorder="little")
    return positive, np.packbits(signs == 0, axis=1, bitorder="little")


def _keys(patterns: NDArray[np.uint8], vanishing: NDArray[np.uint8]) -> NDArray[Any]:
    """A sign vector as one entry that can be sorted; one byte more lets there be no units."""
    filler = np.zeros((len(patterns), 1), dtype=np.uint8)
    rows = np.ascontiguousarray(np.concatenate([patterns, vanishing, filler], axis=1))
    return rows.view(np.dtype((np.void, rows.shape[1]))).reshape(-1)
