"""Zeros proved by residues: a number known to be small is 0 if it is 0 modulo enough primes.

Doubles cannot tell a number that is 0 from one near 0. Rationals can, a point at a time; convolutions and poolings of
images with even backgrounds meet such zeros at every point. Here all numbers are brought to integers over one
denominator per stage, and these are carried along modulo primes for many points at once. An integer whose absolute
value is less than the product of the primes, and that is 0 modulo each of them, is 0.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.maps.float_network import Floats, Matrix, forward
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix
from relureg.network.sparse import SparseMatrix

PRIMES = (
    2147483647, 2147483629, 2147483587, 2147483579, 2147483563, 2147483549, 2147483543, 2147483497, 2147483489,
    2147483477, 2147483423, 2147483399, 2147483353, 2147483323, 2147483269, 2147483249,
)  # fmt: skip
"""The largest below 2^31, so that residues times 16-bit halves leave room for sums in 63 bits."""

SMALL = 2.0**-25
"""What cannot be told from 0 in doubles is far below; the smaller the numbers, the fewer the primes that prove 0."""

_BITS = math.log2(PRIMES[-1])

Residues = NDArray[np.int64]
"""(primes, points, size)."""


class ResidueNetwork:
    """A network over the integers modulo primes."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._denominators = {INPUT: 1}
        self._forms: list[AffineForm] = [stage.pre_activation for stage in network.stages]
        for number, form in enumerate(self._forms, start=1):
            known = (m.denominator * self._denominators[s] for s, m in form.terms.items())
            self._denominators[number] = math.lcm(form.constant.denominator, *known)
        self._matrices: dict[tuple[int, int, int], tuple[Matrix, Matrix]] = {}

    def num_primes(self, points: Floats) -> int:
        """How many primes prove zeros at all stages, of numbers that doubles say are below `SMALL`; 0: too many."""
        bits = num_binary_places(points) + math.log2(max(self._denominators.values())) + math.log2(SMALL)
        needed = max(1, math.ceil((bits + 1) / _BITS))
        return needed if needed <= len(PRIMES) else 0

    def of_points(self, points: Floats, num_primes: int) -> Residues:
        """The input: each coordinate times the power of two that makes all of them integers."""
        places = num_binary_places(points)
        mantissas, exponents = np.frexp(points)
        integers = np.ldexp(mantissas, 53).astype(np.int64)
        shifts = np.where(integers != 0, exponents.astype(np.int64) - 53 + places, 0)
        # A mantissa may end with zeros, and the shift be negative by as many.
        down = np.maximum(-shifts, 0)
        integers, shifts = integers >> down, np.maximum(shifts, 0)
        found = []
        for prime in PRIMES[:num_primes]:
            powers = np.array([pow(2, k, prime) for k in range(int(shifts.max(initial=0)) + 1)], dtype=np.int64)
            found.append((integers % prime) * powers[shifts] % prime)
        return np.array(found)

    def evaluate(self, number: int, sources: dict[int, Residues], places: int) -> Residues:
        """The pre-activations of a stage; `places` is what `num_binary_places` says of the points."""
        form = self._forms[number - 1]
        found = []
        for index in range(len(sources[INPUT])):
            prime = PRIMES[index]
            factor = self._denominators[number] // form.constant.denominator * pow(2, places, prime)
            constant = np.array([int(n) * factor % prime for n in form.constant.numerators[:, 0]], dtype=np.int64)
            value = np.tile(constant, (sources[INPUT].shape[1], 1))
            for source in form.terms:
                high, low = self._halves(number, source, index)
                residues = sources[source][index]
                product = forward(residues, high) % prime * (1 << 16) + forward(residues, low) % prime
                value = (value + product.astype(np.int64)) % prime
            found.append(value)
        return np.array(found)

    def _halves(self, number: int, source: int, index: int) -> tuple[Matrix, Matrix]:
        """The upper 15 and the lower 16 bits of a matrix modulo a prime."""
        key = (number, source, index)
        if key not in self._matrices:
            matrix = self._forms[number - 1].terms[source]
            factor = self._denominators[number] // (matrix.denominator * self._denominators[source])
            values = np.array([int(n) * factor % PRIMES[index] for n in matrix.nonzeros()[2]], dtype=np.int64)
            self._matrices[key] = _placed(matrix, values >> 16), _placed(matrix, values & 0xFFFF)
        return self._matrices[key]


def num_binary_places(points: Floats) -> int:
    """How many binary places after the point the coordinates have at most."""
    mantissas, exponents = np.frexp(points)
    integers = np.ldexp(mantissas, 53).astype(np.int64)
    _, trailing = np.frexp((integers & -integers).astype(np.float64))
    places = np.where(integers != 0, 54 - exponents - trailing, 0)
    return int(places.max(initial=0))


def _placed(matrix: RationalMatrix, values: NDArray[np.int64]) -> Matrix:
    """Values at the places of a matrix's entries that are not zero."""
    rows, columns, _ = matrix.nonzeros()
    if isinstance(matrix, SparseMatrix):
        return _sparse().csr_array((values, (rows, columns)), shape=matrix.shape)
    dense = np.zeros(matrix.shape, dtype=np.int64)
    dense[rows, columns] = values
    return dense


@cache
def _sparse() -> Any:
    import scipy.sparse

    return scipy.sparse
