"""The bottleneck distance of two persistence diagrams, exactly.

Points are matched with each other or with the diagonal, so that the longest move, in the maximum norm, is as short as
can be. It is one of finitely many: the distance of two points, or half a persistence. Which moves are no longer than a
bound is decided by doubles where these are further apart than their error, else by rationals; and for each bound a
maximum matching tells whether it suffices.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.errors import LimitReachedError, UsageError
from relureg.exact.numbers import nearest_double
from relureg.packages import needing

MAX_POINTS = 4_000
"""Of both diagrams together: each pair has a distance in memory."""

_ERROR = 2.0**-50
"""More than the roundings of two coordinates, their difference and half of it: four of 2^-53 of the largest each."""

Points = Sequence[tuple[Fraction, Fraction | None]]
"""Births and deaths; None for a class that never dies."""


def bottleneck(one: Points, two: Points) -> Fraction | None:
    """The bottleneck distance; None where it is infinite, for numbers of classes that never die differ.

    Raises
    ------
    LimitReachedError
        There are more than `MAX_POINTS` points.
    UsageError
        A number lies beyond the doubles.
    MissingPackageError
        SciPy is not installed.

    Examples
    --------
    >>> bottleneck([(Fraction(0), Fraction(2)), (Fraction(0), None)], [(Fraction(1, 3), None)])
    Fraction(1, 1)
    """
    forever = [sorted(birth for birth, death in points if death is None) for points in (one, two)]
    if len(forever[0]) != len(forever[1]):
        return None
    # Of points on a line, the matching in order is the best one.
    least = max((abs(a - b) for a, b in zip(*forever, strict=True)), default=Fraction(0))
    finite = [[(birth, death) for birth, death in points if death is not None] for points in (one, two)]
    if not finite[0] and not finite[1]:
        return least
    return max(least, _Moves(*finite).shortest())


class _Moves:
    """Moves between m and n points off the diagonal: an (m + n) x (n + m) table of their lengths.

    The last m columns are the places on the diagonal nearest to the first points, the last n rows those of the second;
    a move along the diagonal takes nothing, and one from a point to the place of another is not needed [EH10, VIII.4].
    """

    def __init__(self, one: list[tuple[Fraction, Fraction]], two: list[tuple[Fraction, Fraction]]) -> None:
        if len(one) + len(two) > MAX_POINTS:
            raise LimitReachedError(
                f"{len(one):,} and {len(two):,} classes are too many for an exact bottleneck distance; at most "
                f"{MAX_POINTS:,} are compared"
            )
        self._one, self._two = one, two
        m, n = len(one), len(two)
        first, second = (
            np.array([[nearest_double(x) for x in point] for point in points]).reshape(-1, 2) for points in (one, two)
        )
        if not (np.isfinite(first).all() and np.isfinite(second).all()):
            raise UsageError("births and deaths lie beyond the doubles, by which their differences are sorted")
        self._lengths = np.full((m + n, n + m), np.inf)
        self._lengths[:m, :n] = np.abs(first[:, None] - second[None]).max(axis=2)
        self._lengths[range(m), range(n, n + m)] = (first[:, 1] - first[:, 0]) / 2
        self._lengths[range(m, m + n), range(n)] = (second[:, 1] - second[:, 0]) / 2
        self._lengths[m:, n:] = 0.0
        self._within = _ERROR * max(np.abs(first).max(initial=0.0), np.abs(second).max(initial=0.0))

    def shortest(self) -> Fraction:
        """The least length such that moves no longer than it suffice."""
        lengths = np.unique(self._lengths[np.isfinite(self._lengths)])
        # Lengths that doubles cannot tell apart are one group: it ends where the next one is further than the error.
        ends = [*np.flatnonzero(np.diff(lengths) > 4 * self._within).tolist(), len(lengths) - 1]
        begins = [0, *(end + 1 for end in ends[:-1])]
        low, high = 0, len(ends) - 1
        while low < high:
            stopping.check()
            middle = (low + high) // 2
            if self._suffices(self._lengths <= lengths[ends[middle]] + 2 * self._within):
                high = middle
            else:
                low = middle + 1
        return self._exactly(float(lengths[begins[low]]), float(lengths[ends[low]]))

    def _exactly(self, low: float, high: float) -> Fraction:
        """The shortest among the moves of one group, whose lengths are compared as rationals."""
        within = 2 * self._within
        shorter = self._lengths < low - within
        shorter[len(self._one) :, len(self._two) :] = True  # along the diagonal
        open_ = np.argwhere((self._lengths <= high + within) & ~shorter)
        group = {(i, j): self._length(i, j) for i, j in open_.tolist()}
        candidates = sorted(set(group.values()))
        first, last = 0, len(candidates) - 1
        while first < last:
            middle = (first + last) // 2
            allowed = shorter.copy()
            for place, length in group.items():
                allowed[place] = length <= candidates[middle]
            if self._suffices(allowed):
                last = middle
            else:
                first = middle + 1
        return candidates[first]

    def _length(self, i: int, j: int) -> Fraction:
        """Of a move with a point off the diagonal."""
        m, n = len(self._one), len(self._two)
        if i < m and j < n:
            return max(abs(a - b) for a, b in zip(self._one[i], self._two[j], strict=True))
        birth, death = self._one[i] if i < m else self._two[j]
        return (death - birth) / 2

    def _suffices(self, allowed: NDArray[np.bool_]) -> bool:
        """Whether all rows can be matched with columns by allowed moves."""
        with needing("bottleneck distances need SciPy", "topology"):
            from scipy.sparse import csr_array
            from scipy.sparse.csgraph import maximum_bipartite_matching
        return bool((maximum_bipartite_matching(csr_array(allowed), perm_type="column") >= 0).all())
