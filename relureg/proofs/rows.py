"""The rows of units on cells, in integers for proofs and scaled in doubles for proposals; the walls of a domain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import Any

import numpy as np
from flint import fmpz_mat
from numpy.typing import NDArray

from relureg.network.affine_forms import INPUT
from relureg.network.domain import Domain
from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """An affine function that is positive inside a cell: ``(integers[0] + integers[1:] . x) / over``."""

    name: int
    """Unit u has the name u, wall k has the name -1 - k."""
    integers: tuple[int, ...]
    """(1 + d,)."""
    over: int
    scaled: NDArray[np.float64]
    """(1 + d,): about the function, with a normal of length 1."""
    weight: float
    """About how many times as large `scaled` is as the function; 0 or infinite beyond the doubles."""

    @classmethod
    def of(cls, name: int, integers: Sequence[int], over: int) -> Row:
        """From integers whose normal is not 0."""
        largest = max(map(abs, integers[1:]))
        scaled = np.array([_ratio(entry, largest) for entry in integers])
        length = float(np.linalg.norm(scaled[1:]))
        weight = _ratio(over, largest) / length
        return cls(name=name, integers=tuple(integers), over=over, scaled=scaled / length, weight=weight)

    def __neg__(self) -> Row:
        integers = tuple(-entry for entry in self.integers)
        return Row(name=self.name, integers=integers, over=self.over, scaled=-self.scaled, weight=self.weight)

    def at(self, point: Sequence[int]) -> int:
        """The value at a point (q, p_1, ..., p_d), which is p / q, times `over` and q > 0."""
        return sum(map(mul, self.integers, point))


def _ratio(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return math.copysign(math.inf, numerator)


class Walls:
    """The walls of a domain: rows, and what they say of each coordinate alone."""

    def __init__(self, domain: Domain | None) -> None:
        primitives = [] if domain is None else dict.fromkeys(domain.rows.primitive_rows())
        kept = [integers for integers in primitives if any(integers[1:])]
        self.rows = tuple(Row.of(-1 - k, integers, 1) for k, integers in enumerate(kept))
        intervals = [] if domain is None else domain.intervals
        self.is_bounded = bool(intervals) and all(None not in interval for interval in intervals)
        """Whether walls along the axes bound every coordinate."""
        self._over = math.lcm(*(end.denominator for ends in intervals for end in ends if end is not None))
        self._ends = [tuple(None if end is None else int(end * self._over) for end in ends) for ends in intervals]

    def is_nowhere_positive(self, integers: Sequence[int]) -> bool:
        """Whether a function is at most 0 where the walls along the axes hold, exactly."""
        most = integers[0] * (self._over if self._ends else 1)
        for j, entry in enumerate(integers[1:]):
            if entry:
                end = self._ends[j][entry > 0] if self._ends else None
                if end is None:
                    return False
                most += entry * end
        return most <= 0


class StageRows:
    """The pre-activations of each stage as integer rows, where the units before it have their signs.

    ``over[l] z_l`` is a matrix of integers; ``over[l]`` is a multiple of that of every stage before.
    """

    def __init__(self, network: Network) -> None:
        self.offsets = network.offsets
        self.over: list[int] = []
        self._bases: list[fmpz_mat] = []
        self._terms: list[list[tuple[int, fmpz_mat]]] = []
        for form in network.forms[:-1]:
            own = math.lcm(form.constant.denominator, *(matrix.denominator for matrix in form.terms.values()))
            over = own * (self.over[-1] if self.over else 1)
            base = np.zeros((form.size, 1 + network.input_dim), dtype=object)
            base[:, 0] = form.constant.numerators[:, 0] * (over // form.constant.denominator)
            if (matrix := form.terms.get(INPUT)) is not None:
                base[:, 1:] = matrix.numerators * (over // matrix.denominator)
            self._bases.append(_integers(base))
            self._terms.append(
                [
                    (source - 1, _integers(matrix.numerators * (over // (self.over[source - 1] * matrix.denominator))))
                    for source, matrix in form.terms.items()
                    if source != INPUT
                ]
            )
            self.over.append(over)

    def enter(self, signs: NDArray[np.int8], before: Sequence[Any]) -> fmpz_mat:
        """The next stage, (n, 1 + d) integers.

        Parameters
        ----------
        signs : (N,) array
            Right for the units of all stages before.
        before : sequence of fmpz_mat
            What this gave for them.
        """
        rows = self._bases[len(before)]
        for source, matrix in self._terms[len(before)]:
            active = signs[self.offsets[source] : self.offsets[source + 1]] > 0
            rows = rows + matrix * _masked(before[source], active)
        return rows

    def over_of(self, name: int) -> int:
        """Over what the integers of a unit stand; of a wall 1."""
        return 1 if name < 0 else self.over[int(np.searchsorted(self.offsets, name, side="right")) - 1]


def _integers(matrix: NDArray[Any]) -> fmpz_mat:
    return fmpz_mat(matrix.shape[0], matrix.shape[1], matrix.ravel().tolist())


def _masked(rows: fmpz_mat, keep: NDArray[np.bool_]) -> fmpz_mat:
    none = [0] * rows.ncols()
    return fmpz_mat([row if kept else none for row, kept in zip(rows.table(), keep.tolist(), strict=True)])


def fractions_over(point: Sequence[Fraction]) -> tuple[int, ...]:
    """A point as integers (q, p_1, ..., p_d): it is p / q."""
    over = math.lcm(*(x.denominator for x in point))
    return over, *(x.numerator * (over // x.denominator) for x in point)
