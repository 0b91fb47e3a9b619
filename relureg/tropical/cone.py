"""The cone over an epigraph, by its generators: double description [MRTT53, FP96]."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpz_mat

from relureg.exact.numbers import primitive
from relureg.exact.rational import IntArray

Vector = tuple[int, ...]


@dataclass(slots=True)
class ConeGenerator:
    """A generator of the cone while it is being cut."""

    vector: Vector
    """(s, x, t), coprime integers."""
    rows: int
    """Bit i is set where row i vanishes."""


class EpigraphCone:
    """The vectors (s, x, t) with s >= 0 and t - b . (s, x) >= 0 for each row b.

    Row 0 is s >= 0, row 1 is b = 0, and rows are added by `cut`. Generators have numbers that are not used again.

    Parameters
    ----------
    rows : sequence of r rows b with linearly independent exponents b[1:], of length r + 1
        With the first two they make the cone simplicial.
    """

    def __init__(self, rows: Sequence[Vector]) -> None:
        self.size = len(rows) + 2
        matrix = [[1, *[0] * (self.size - 1)], [0] * (self.size - 1) + [1]]
        matrix += [[*(-entry for entry in row), 1] for row in rows]
        # Generator k satisfies all inequalities with equality but the k-th: the columns of the inverse.
        # flint's own type information does not know that the inverse of an integer matrix is a rational one.
        exact: Any = fmpz_mat([[int(entry) for entry in row] for row in matrix]).inv()
        inverse, denominator = exact.numer_denom()
        sign = 1 if denominator > 0 else -1
        every = (1 << self.size) - 1
        self.alive: dict[int, ConeGenerator] = {
            k: ConeGenerator(primitive([sign * int(inverse[i, k]) for i in range(self.size)]), every & ~(1 << k))
            for k in range(self.size)
        }
        self._vectors: IntArray = np.array([g.vector for g in self.alive.values()], dtype=object)
        """The vectors of the generators alive, in their order."""
        self._members = [every & ~(1 << row) for row in range(self.size)]
        """For each row, the generators on which it vanishes, as bits; those no longer alive are left in."""
        self._alive_bits = every
        self._next_number = self.size

    def value(self, row: Vector, number: int) -> int:
        """``t - row . (s, x)`` at a generator."""
        vector = self.alive[number].vector
        return vector[-1] - sum(a * b for a, b in zip(row, vector, strict=False))

    def cut(self, row: Vector) -> list[int]:
        """Add a row, and return the numbers of the new generators."""
        heights = self._vectors[:, -1] - self._vectors[:, :-1] @ np.array(row, dtype=object)
        values = dict(zip(self.alive, heights.tolist(), strict=True))
        above = sum(1 << number for number, value in values.items() if value > 0)
        bit = len(self._members)
        fresh = [
            ConeGenerator(self._between(one, other, values), self.alive[one].rows & self.alive[other].rows | 1 << bit)
            for one, value in values.items()
            if value < 0
            for other in bits(self._near(one) & above)
            if self._are_adjacent(self.alive[one].rows & self.alive[other].rows)
        ]
        self._members.append(0)
        for number, value in values.items():
            if value == 0:
                self.alive[number].rows |= 1 << bit
                self._members[bit] |= 1 << number
            elif value < 0:
                del self.alive[number]
                self._alive_bits &= ~(1 << number)
        added = np.array([generator.vector for generator in fresh], dtype=object).reshape(-1, self.size)
        self._vectors = np.concatenate([self._vectors[[value >= 0 for value in values.values()]], added])
        return [self._add(generator) for generator in fresh]

    def facets(self) -> list[int]:
        """The rows other than s >= 0 that carry a facet: whose generators no other row has as well."""
        found = []
        for row in range(1, len(self._members)):
            members = self._members[row] & self._alive_bits
            if not members:
                continue
            first = self.alive[members.bit_length() - 1]
            rivals = (other for other in bits(first.rows) if other != row)
            if all(members & ~self._members[other] for other in rivals):
                found.append(row)
        return found

    def _add(self, generator: ConeGenerator) -> int:
        number = self._next_number
        self._next_number += 1
        self.alive[number] = generator
        self._alive_bits |= 1 << number
        for row in bits(generator.rows):
            self._members[row] |= 1 << number
        return number

    def _near(self, number: int) -> int:
        """The generators that share a row with one, as bits; all of them where no shared row is needed for an edge."""
        if self.size == 2:
            return self._alive_bits
        near = 0
        for row in bits(self.alive[number].rows):
            near |= self._members[row]
        return near

    def _between(self, one: int, other: int, values: dict[int, int]) -> Vector:
        """The point of an edge at which a row vanishes whose values at the ends have different signs."""
        low, high = self.alive[one].vector, self.alive[other].vector
        return primitive([values[other] * x - values[one] * y for x, y in zip(low, high, strict=True)])

    def _are_adjacent(self, common: int) -> bool:
        """Whether exactly two generators lie on all of these rows: then they span an edge."""
        if common.bit_count() < self.size - 2:
            return False
        on_all = self._alive_bits
        for row in bits(common):
            if on_all.bit_count() == 2:
                break
            on_all &= self._members[row]
        return on_all.bit_count() == 2


def bits(number: int) -> Iterator[int]:
    """The positions of the bits that are set, ascending.

    Examples
    --------
    >>> list(bits(0b1010))
    [1, 3]
    """
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
