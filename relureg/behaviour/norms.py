"""Operator norms of matrices: proved enclosures in rationals, and bounds of interval matrices in doubles.

The norm from p to q is ``max |J x|_q`` over ``|x|_p <= 1``. But for 2 to 2 it is the largest norm of finitely many
vectors: of the columns where p is 1, of the rows (in the dual norm) where q is inf, else of sums of rows or columns
with all signs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from relureg.errors import UsageError
from relureg.exact.numbers import as_fraction, nearest_double
from relureg.exact.rounding_bounds import ROUNDOFF, UNDERFLOW

Floats = NDArray[np.float64]
Matrix = list[list[Fraction]]

NORMS = ("1", "2", "inf")
MAX_SIGNS = 12
"""Most rows or columns that are summed up with all signs."""
_PLACES = 60
"""Binary places of a square root, relative to its size."""
_DUAL = {"1": "inf", "2": "2", "inf": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A real number between two rationals."""

    low: Fraction
    high: Fraction

    @property
    def is_exact(self) -> bool:
        return self.low == self.high

    @classmethod
    def of_root(cls, square: Fraction) -> Enclosure:
        """The square root of a number that is not negative."""
        return cls(low=_root(square), high=-_root(square, up=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorNorm:
    """The norm from p, of the inputs, to q, of the outputs; each 1, 2 or inf."""

    p: str = "2"
    q: str = "2"

    def __post_init__(self) -> None:
        """Raise `UsageError` for another norm."""
        for norm in (self.p, self.q):
            if norm not in NORMS:
                raise UsageError(f"{norm!r} is none of the norms {', '.join(NORMS)}")

    def check_size(self, num_rows: int, num_columns: int) -> None:
        """Raise `UsageError` where too many signs would have to be tried."""
        size = {("2", "1"): num_rows, ("inf", "1"): min(num_rows, num_columns), ("inf", "2"): num_columns}
        if size.get((self.p, self.q), 0) > MAX_SIGNS and num_rows > 1:
            raise UsageError(f"the norm from {self.p} to {self.q} is hard: at most {MAX_SIGNS} inputs or outputs")

    def of(self, matrix: Matrix) -> Enclosure:
        """The norm of a matrix (m, d)."""
        vectors, norm = self._vectors(matrix)
        if norm is not None:
            return max((_vector_norm(v, norm) for v in vectors), key=lambda found: found.high)
        return _spectral_norm(matrix)

    def bound(self, matrices: Floats) -> Floats:
        """(K,): no less than the norms of all matrices whose entries are at most these (K, m, d) in size."""
        num_terms = matrices.shape[1] + matrices.shape[2] + 8
        slack = 1 + 32 * num_terms * ROUNDOFF
        # Scaled to entries of about 1, whose squares neither vanish nor overflow; what is so much smaller than the
        # largest entry that it vanishes itself is less than the slack.
        _, exponents = np.frexp(matrices.max(axis=(1, 2), initial=0.0))
        matrices = np.ldexp(matrices, -exponents[:, None, None])
        if matrices.shape[1] == 1:
            sizes = _float_norm(matrices[:, 0], _DUAL[self.p])
        elif self.p == "1":
            sizes = _float_norm(matrices, self.q, axis=1).max(axis=1)
        elif self.q == "inf":
            sizes = _float_norm(matrices, _DUAL[self.p], axis=2).max(axis=1)
        elif self.q == "1":
            sizes = _float_norm(matrices.sum(axis=1), _DUAL[self.p])
        elif self.p == "inf":
            sizes = _float_norm(matrices.sum(axis=2), "2")
        else:
            sizes = _perron(matrices)
        bounds = np.ldexp(sizes * slack, exponents) + UNDERFLOW
        return np.where(np.isnan(bounds), np.inf, bounds)  # where doubles do not reach, nothing is known

    def _vectors(self, matrix: Matrix) -> tuple[list[list[Fraction]], str | None]:
        """The vectors of which the largest norm is that of the matrix, and which norm; None for the spectral norm."""
        columns = [list(column) for column in zip(*matrix, strict=True)]
        if len(matrix) == 1 or self.q == "inf":
            return matrix, _DUAL[self.p]
        if self.p == "1":
            return columns, self.q
        if self.q == "1" and (self.p == "2" or len(matrix) <= len(columns)):
            return _signed_sums(matrix), _DUAL[self.p]
        if self.p == "inf":
            return _signed_sums(columns), self.q
        return [], None


def _signed_sums(vectors: Matrix) -> Matrix:
    first, *rest = vectors
    return [
        [
            sum((s * x for s, x in zip((1, *signs), entries, strict=True)), Fraction(0))
            for entries in zip(first, *rest, strict=True)
        ]
        for signs in itertools.product((1, -1), repeat=len(rest))
    ]


def _vector_norm(vector: Sequence[Fraction], norm: str) -> Enclosure:
    if norm == "2":
        return Enclosure.of_root(sum((x * x for x in vector), Fraction(0)))
    value = sum(map(abs, vector), Fraction(0)) if norm == "1" else max(map(abs, vector))
    return Enclosure(low=value, high=value)


def _float_norm(vectors: Floats, norm: str, axis: int = -1) -> Floats:
    if norm == "1":
        return np.asarray(vectors.sum(axis=axis))
    return np.asarray(vectors.max(axis=axis) if norm == "inf" else np.sqrt((vectors * vectors).sum(axis=axis)))


def _perron(matrices: Floats) -> Floats:
    """(K,): no less than the spectral norms of matrices without negative entries.

    For any v > 0, ``|A|^2`` is at most the largest ``(A^T A v)_i / v_i`` (Collatz and Wielandt).
    """
    v = np.ones((len(matrices), matrices.shape[2]))
    for _ in range(12):
        grown = np.einsum("kij,kil,kl->kj", matrices, matrices, v, optimize=True)
        v = grown / np.maximum(grown.max(axis=1, keepdims=True), 1e-300) + 1e-9
    grown = np.einsum("kij,kil,kl->kj", matrices, matrices, v, optimize=True)
    return np.asarray(np.sqrt((grown / v).max(axis=1)))


def _spectral_norm(matrix: Matrix) -> Enclosure:
    """Between a Rayleigh quotient and a number that is proved to be above all eigenvalues."""
    a = matrix if len(matrix) <= len(matrix[0]) else [list(column) for column in zip(*matrix, strict=True)]
    size = len(a)
    gram = [[sum((x * y for x, y in zip(one, two, strict=True)), Fraction(0)) for two in a] for one in a]
    largest = max(gram[i][i] for i in range(size))
    if not largest:
        return Enclosure(low=Fraction(0), high=Fraction(0))
    scaled = np.array([[nearest_double(x / largest) for x in row] for row in gram])
    _, vectors = np.linalg.eigh(scaled)
    v = [as_fraction(x) for x in vectors[:, -1].tolist()]
    image = [sum((x * y for x, y in zip(row, v, strict=True)), Fraction(0)) for row in gram]
    low = sum((x * y for x, y in zip(v, image, strict=True)), Fraction(0)) / sum((x * x for x in v), Fraction(0))
    step = Fraction(1, 2**44)
    while True:
        high = low * (1 + step)
        if _is_above(high, gram):
            return Enclosure(low=_root(low), high=-_root(high, up=True))
        step *= 4


def _is_above(value: Fraction, gram: Matrix) -> bool:
    """Whether a number is above all eigenvalues of a symmetric matrix: all leading minors of the rest are positive."""
    size = len(gram)
    entries = [
        fmpq((value if i == j else Fraction(0)).numerator, (value if i == j else Fraction(0)).denominator)
        - fmpq(gram[i][j].numerator, gram[i][j].denominator)
        for i in range(size)
        for j in range(size)
    ]
    rest = fmpq_mat(size, size, entries)
    return all(fmpq_mat(k, k, [rest[i, j] for i in range(k) for j in range(k)]).det() > 0 for k in range(1, size + 1))


def _root(square: Fraction, *, up: bool = False) -> Fraction:
    """A square root rounded down, exact where it is rational and short; with `up` minus the one rounded up."""
    if not square:
        return Fraction(0)
    exact = Fraction(math.isqrt(square.numerator), math.isqrt(square.denominator))
    if exact * exact == square:
        return -exact if up else exact
    places = max(0, _PLACES + (square.denominator.bit_length() - square.numerator.bit_length()) // 2)
    root = math.isqrt((square.numerator << 2 * places) // square.denominator)
    return -Fraction(root + 1, 1 << places) if up else Fraction(root, 1 << places)
