"""Zeros proved by residues: a number known to be small is 0 if it is 0 modulo enough primes.

Doubles cannot tell a number that is 0 from one near 0. Rationals can, a point at a time; convolutions and poolings of
images with even backgrounds meet such zeros at every point. Here all numbers are brought to integers over one
denominator per stage, and these are carried along modulo primes for many points at once. An integer whose absolute
value is less than the product of the primes, and that is 0 modulo each of them, is 0.

Residues are held in doubles, in which sums of products of 20-bit numbers are exact: sixteen times as fast as products
of 64-bit integers. What is 0 in doubles but for rounding is about 2^-48 at most, and the denominators of two
convolutions of grey values k / 255 are about 2^130: five primes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import Floats, Matrix, forward
from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import SparseMatrix
from relureg.maps.float_forms import FloatForm, sparse_matrices
from relureg.maps.maxima import MaximumStage, Role
from relureg.network.affine_forms import INPUT

_PRIME_BITS, _NUM_PRIMES = 20, 48
_MAX_ENTRIES = 2**14
"""Entries of a row at most: with residues between -2^19 and 2^19 (and a little more) a sum stays below 2^53."""

Residues = NDArray[np.float64]
"""(primes, points, size): integers in doubles, each from -p / 2 to p / 2, and a little beyond."""


@cache
def primes() -> tuple[int, ...]:
    """The largest primes below 2^20."""
    found = []
    for number in range(2**_PRIME_BITS - 1, 0, -2):
        if all(number % divisor for divisor in range(3, math.isqrt(number) + 1, 2)):
            found.append(number)
            if len(found) == _NUM_PRIMES:
                break
    return tuple(found)


class ResidueNetwork:
    """Stages of maxima over the integers modulo primes."""

    def __init__(self, stages: tuple[MaximumStage, ...]) -> None:
        self._stages = stages
        self._denominators = {INPUT: 1}
        for number, stage in enumerate(stages, start=1):
            forms = stage.forms.values()
            known = (m.denominator * self._denominators[s] for form in forms for s, m in form.terms.items())
            self._denominators[number] = math.lcm(*(form.constant.denominator for form in forms), *known)
        self._reduced_forms: dict[tuple[int, Role, int], FloatForm] = {}

    def denominator(self, number: int) -> int:
        """What makes the numbers of a stage integers, at integer points."""
        return self._denominators[number]

    @cached_property
    def num_exact(self) -> int:
        """How many stages, from the first, have no row with so many entries that its sums could be inexact."""
        for number, stage in enumerate(self._stages):
            if any(_most_entries(m) > _MAX_ENTRIES for form in stage.forms.values() for m in form.terms.values()):
                return number
        return len(self._stages)

    def of_points(self, points: Floats, places: int, num_primes: int) -> Residues:
        """The input: each coordinate times ``2^places``, which must make all of them integers."""
        mantissas, exponents = np.frexp(points)
        integers = np.ldexp(mantissas, 53).astype(np.int64)
        shifts = np.where(integers != 0, exponents.astype(np.int64) - 53 + places, 0)
        # A mantissa may end with zeros, and the shift be negative by as many.
        integers, shifts = integers >> np.maximum(-shifts, 0), np.maximum(shifts, 0)
        found = np.empty((num_primes, *points.shape))
        for index, prime in enumerate(primes()[:num_primes]):
            powers = np.array([pow(2, k, prime) for k in range(int(shifts.max(initial=0)) + 1)], dtype=np.int64)
            found[index] = _reduce((integers % prime * powers[shifts]).astype(np.float64), prime)
        return found

    def evaluate(self, number: int, role: Role, sources: Mapping[int, Residues], places: int) -> Residues:
        """The form z, p or q (the role) of a stage; `places` is what `of_points` was given."""
        count, size = sources[INPUT].shape[:2]
        found = np.empty((count, size, self._stages[number - 1].z.size))
        for index, prime in enumerate(primes()[:count]):
            form = self._form(number, role, index)
            found[index] = _reduce(form.constant * pow(2, places, prime), prime)
            for source, matrix in form.terms.items():
                found[index] += _reduce(forward(sources[source][index], matrix), prime)
            if len(form.terms) > 1 or form.constant.any():
                found[index] = _reduce(found[index], prime)
        return found

    def _form(self, number: int, role: Role, index: int) -> FloatForm:
        key = (number, role, index)
        if key not in self._reduced_forms:
            form = self._stages[number - 1].forms[role]
            prime, whole = primes()[index], self._denominators[number]
            factor = whole // form.constant.denominator
            constant = np.array([int(n) * factor % prime for n in form.constant.numerators[:, 0]], dtype=np.float64)
            terms = {
                source: _placed(matrix, whole // (matrix.denominator * self._denominators[source]), prime)
                for source, matrix in form.terms.items()
            }
            self._reduced_forms[key] = FloatForm(constant=_reduce(constant, prime), terms=terms)
        return self._reduced_forms[key]


def num_primes(bits: float) -> int:
    """How many primes prove that integers below ``2^bits`` are 0; 0: more than there are."""
    for count, found in enumerate(_proved_bits(), start=1):
        if bits < found:
            return count
    return 0


def proved_bits(count: int) -> float:
    """The binary logarithm of the product of so many primes, or less."""
    return _proved_bits()[count - 1]


@cache
def _proved_bits() -> list[float]:
    return (np.cumsum(np.log2(primes())) - 2.0**-20).tolist()  # type: ignore[no-any-return]


def num_binary_places(points: Floats) -> NDArray[np.int64]:
    """(n,): how many binary places after the point the coordinates of each have at most."""
    mantissas, exponents = np.frexp(points)
    integers = np.ldexp(mantissas, 53).astype(np.int64)
    _, trailing = np.frexp((integers & -integers).astype(np.float64))
    places = np.where(integers != 0, 54 - exponents - trailing, 0)
    return np.asarray(places.max(axis=1, initial=0), dtype=np.int64)


def _reduce(values: Floats, prime: int) -> Floats:
    """Integers below 2^53 modulo a prime, as close to 0 as can be; exactly 0 if they are multiples of it."""
    return np.asarray(values - np.rint(values * (1 / prime)) * prime)


def _placed(matrix: RationalMatrix, factor: int, prime: int) -> Matrix:
    """A matrix times a factor modulo a prime, sparse or dense as it is."""
    rows, columns, numerators = matrix.nonzeros()
    factor %= prime
    values = _reduce(np.array([n % prime * factor for n in numerators.tolist()], dtype=np.float64), prime)
    if isinstance(matrix, SparseMatrix):
        return sparse_matrices().csr_array((values, (rows, columns)), shape=matrix.shape)
    dense = np.zeros(matrix.shape)
    dense[rows, columns] = values
    return dense


def _most_entries(matrix: RationalMatrix) -> int:
    return int(np.bincount(matrix.nonzeros()[0], minlength=1).max())
