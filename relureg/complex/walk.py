"""A walk along a network with one input: every pre-activation, exactly, from region to region by what changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.errors import UsageError
from relureg.exact.numbers import nearest_double
from relureg.exact.ranges import ranges
from relureg.exact.rational import IntArray, RationalMatrix
from relureg.exact.rounding_bounds import Rounded, gamma
from relureg.exact.sparse import SparseMatrix
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network


@dataclass(frozen=True, slots=True)
class _Columns:
    """A matrix by its columns, over the common denominator of the stage that reads them."""

    starts: NDArray[np.intp]
    rows: NDArray[np.intp]
    values: IntArray

    @classmethod
    def of(cls, matrix: RationalMatrix, factor: int) -> _Columns:
        by_column = SparseMatrix.of(matrix).T
        return cls(by_column.starts, by_column.places, by_column.values * factor)

    def add(self, target: IntArray, at: NDArray[np.intp], change: IntArray) -> NDArray[np.intp]:
        """Add the columns `at`, times the rows of `change`, to `target`; the rows that this touches."""
        counts = np.diff(self.starts)[at]
        entries = ranges(self.starts[at], counts)
        rows, values = self.rows[entries], self.values[entries]
        for side in range(2):
            np.add.at(target[:, side], rows, values * np.repeat(change[:, side], counts))
        return np.unique(rows)


_ERROR = gamma(10)
"""Of ``constant + slope * t`` in doubles, by the sum of the two sizes: of the parameters, t, product, sum, and more."""

_TINY = 1e-290
"""Below this, rounding may lose more than a share of a number."""


class Walk:
    """The pre-activations of all units as affine functions of the one input, on one region after the other.

    A step costs as much as changes: where a unit of a convolution flips, that is little of the network.
    """

    def __init__(self, network: Network) -> None:
        if network.input_dim != 1:
            raise UsageError(f"a walk is along a line, and the network has {network.input_dim} inputs")
        self._ends = np.cumsum([0, *network.widths]).tolist()
        self._signs = np.zeros(network.num_units, dtype=np.int8)  # of no region: nothing is active
        denominators = {INPUT: 1}
        self._values: list[IntArray] = []
        self._outputs: list[IntArray] = []
        self._denominators: list[int] = []
        self._doubles: list[NDArray[np.float64]] = []
        self._readers: dict[int, list[tuple[int, _Columns]]] = {number: [] for number in range(len(network.stages) + 1)}
        for number, stage in enumerate(network.stages, start=1):
            form = stage.pre_activation
            scales = {source: m.denominator * denominators[source] for source, m in form.terms.items()}
            common = lcm(form.constant.denominator, *scales.values())
            denominators[number] = common
            self._denominators.append(common)
            self._doubles.append(np.empty((form.size, 2)))
            value = np.zeros((form.size, 2), dtype=object)
            value[:, 0] = form.constant.numerators[:, 0] * (common // form.constant.denominator)
            self._values.append(value)
            self._outputs.append(np.zeros((form.size, 2), dtype=object))
            for source, matrix in form.terms.items():
                self._readers[source].append((number - 1, _Columns.of(matrix, common // scales[source])))
        identity = np.array([[0, 1]], dtype=object)
        for stage_number, columns in self._readers[INPUT]:
            columns.add(self._values[stage_number], np.zeros(1, dtype=np.intp), identity)
        for stage_number, value in enumerate(self._values):
            self._round(stage_number, np.arange(len(value)))

    def go_to(self, signs: NDArray[np.int8]) -> None:
        """Take the signs (N,) of a region."""
        stopping.check()
        touched = [np.empty(0, dtype=np.intp) for _ in self._values]
        for stage, (start, end) in enumerate(itertools.pairwise(self._ends)):
            was, is_now = self._signs[start:end] > 0, signs[start:end] > 0
            moved = touched[stage]
            self._round(stage, moved)
            at = np.union1d(np.flatnonzero(was != is_now), moved[is_now[moved]])
            if not len(at):
                continue
            output = np.where(is_now[at, None], self._values[stage][at], 0)
            change = output - self._outputs[stage][at]
            self._outputs[stage][at] = output
            for reader, columns in self._readers[stage + 1]:
                rows = columns.add(self._values[reader], at, change)
                touched[reader] = np.union1d(touched[reader], rows)
        self._signs = signs

    def root(self, unit: int) -> Fraction:
        """Where a unit that is not constant on this region vanishes, inside the region or not."""
        stage = int(np.searchsorted(self._ends, unit, side="right")) - 1
        constant, slope = self._values[stage][unit - self._ends[stage]]
        return Fraction(-constant, slope)

    def has_signs_at(self, t: Fraction) -> bool:
        """Whether the network has the signs of this region at a point, decided exactly.

        Stage by stage: where all earlier units have their signs at `t`, the functions are those of the network there.
        """
        for stage, (start, end) in enumerate(itertools.pairwise(self._ends)):
            signs = self._signs[start:end]
            certain = self._signs_in_doubles(stage, t)
            if ((certain != signs) & (certain != 0)).any():
                return False
            for unit in np.flatnonzero(certain == 0).tolist():
                constant, slope = self._values[stage][unit]
                value = constant * t.denominator + slope * t.numerator
                if (value > 0) - (value < 0) != signs[unit]:
                    return False
        return True

    def _signs_in_doubles(self, stage: int, t: Fraction) -> NDArray[np.int8]:
        """Signs at a point, 0 where rounding can have changed them."""
        place = nearest_double(t)
        constants, slopes = self._doubles[stage].T
        if t and not _TINY < abs(place) < 1 / _TINY:
            return np.zeros(len(slopes), dtype=np.int8)
        with np.errstate(over="ignore", invalid="ignore"):
            moved = slopes * place
            error = _ERROR * (np.abs(constants) + np.abs(moved)) + _TINY
            return Rounded(value=constants + moved, error=error).signs

    def _round(self, stage: int, units: NDArray[np.intp]) -> None:
        """Bring the doubles of some units up to date; what no double holds is not a number."""
        denominator, doubles = self._denominators[stage], self._doubles[stage]
        for unit, pair in zip(units.tolist(), self._values[stage][units].tolist(), strict=True):
            try:
                rounded = [number / denominator for number in pair]
            except OverflowError:
                rounded = [np.nan, np.nan]
            # A far point makes much of a slope that underflows.
            lost = any(number and not abs(double) > _TINY for number, double in zip(pair, rounded, strict=True))
            doubles[unit] = np.nan if lost else rounded


def are_attained(network: Network, points: Sequence[Fraction], signs: NDArray[np.int8]) -> Iterator[tuple[int, bool]]:
    """For each point of a line, from left to right: its number, and whether the network has its `signs` there."""
    walk = Walk(network)
    for number in sorted(range(len(points)), key=points.__getitem__):
        walk.go_to(signs[number])
        yield number, walk.has_signs_at(points[number])
