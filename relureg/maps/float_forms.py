"""Affine forms in doubles, with what bounds their rounding; sparse where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UnsupportedNetworkError
from relureg.exact.float_matrices import Floats, Matrix, dense, entries, forward, transposed, with_entries
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import Rounded, affine_error, floored
from relureg.exact.sparse import SparseMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.packages import needing

Numbers = NDArray[Any]
"""Doubles, or fractions in an array of objects."""


_TINIEST = 2.0**-1074
"""The smallest double: what a product near 0, or a parameter, can lose."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatForm:
    """An affine form ``y = constant + sum_s terms[s] @ h_s`` in doubles, each parameter rounded once.

    A parameter that is not 0 is not rounded to 0 but to the smallest double, so that zeros are those of the network.
    """

    constant: Floats
    """(n,)."""
    terms: Mapping[int, Matrix]
    """Source -> (n, size of that source)."""

    @classmethod
    def of(cls, form: AffineForm) -> FloatForm:
        try:
            terms = {source: float_matrix(matrix) for source, matrix in form.terms.items()}
            constant = float_matrix(form.constant)
            return cls(constant=dense(constant)[:, 0], terms=terms)
        except OverflowError as error:
            raise UnsupportedNetworkError(
                "a parameter is beyond the range of doubles, in which maps on data are computed"
            ) from error

    @property
    def size(self) -> int:
        return len(self.constant)

    def __call__(self, sources: Mapping[int, Floats]) -> Floats:
        """(points, n), at sources of shape (points, size)."""
        return self.linear(sources) + self.constant

    def linear(self, sources: Mapping[int, Floats]) -> Floats:
        """(points, n): the same without the constant."""
        products = [forward(sources[source], matrix) for source, matrix in self.terms.items()]
        return sum(products[1:], start=products[0]) if products else np.zeros((len(sources[INPUT]), self.size))

    def rows(self, index: NDArray[np.intp]) -> tuple[dict[int, Floats], Floats]:
        """Some of its entries, repeated where `index` (k,) repeats: source -> (k, size), and constants (k,)."""
        return {s: dense(m[index]) for s, m in self.terms.items()}, self.constant[index]

    @cached_property
    def transposes(self) -> dict[int, Matrix]:
        """The matrices transposed, by which rows are passed back."""
        return {source: transposed(matrix) for source, matrix in self.terms.items()}

    @cached_property
    def patterns(self) -> dict[int, Matrix]:
        """The matrices with 1 for each entry that is not 0."""
        return {source: (matrix != 0).astype(np.float64) for source, matrix in self.terms.items()}

    @cached_property
    def floors(self) -> dict[int, Matrix]:
        """The matrices of a form of absolute values, with entries that are not 0 no smaller than `FLOOR`."""
        return {s: with_entries(matrix, floored(entries(matrix))) for s, matrix in self.terms.items()}

    @cached_property
    def num_roundings(self) -> int:
        """More than there are in an entry, or in what is passed back to one entry of a source.

        Besides the sums: a product, a parameter that is no double, what is added to the sum before and after.
        """
        sums = sum(max(_most(m, 0), _most(m, 1)) for m in self.terms.values())
        return 2 * len(self.terms) + max(sums, int(np.count_nonzero(self.constant))) + 3

    def absolute(self) -> FloatForm:
        """The form of the parameters' absolute values."""
        return FloatForm(constant=np.abs(self.constant), terms={s: abs(m) for s, m in self.terms.items()})


def float_matrix(matrix: RationalMatrix) -> Matrix:
    """In doubles; sparse where the matrix is held sparsely.

    Raises
    ------
    UsageError
        It is sparse, and SciPy is not installed.
    """
    if not isinstance(matrix, SparseMatrix) and matrix.doubles is not None:
        return matrix.floats
    rows, columns, numerators = matrix.nonzeros()
    values = np.array([_not_zero(n, matrix.denominator) for n in numerators.tolist()], dtype=np.float64)
    if isinstance(matrix, SparseMatrix):
        return sparse_matrices().csr_array((values, (rows, columns)), shape=matrix.shape)
    whole = np.zeros(matrix.shape)
    whole[rows, columns] = values
    return whole


def _not_zero(numerator: int, denominator: int) -> float:
    return numerator / denominator or (_TINIEST if numerator > 0 else -_TINIEST)


def evaluate(form: FloatForm, absolute: FloatForm, sources: Mapping[int, Rounded], *, linear: bool = False) -> Rounded:
    """An affine form, or its linear part, at values with errors. The error is 0 where all terms are.

    Parameters
    ----------
    form, absolute : FloatForm
        The second of the parameters' absolute values.
    sources : mapping of source number to Rounded
        The input, and the sources that the form reads.
    """
    values = {source: h.value for source, h in sources.items()}
    value = form.linear(values) if linear else form(values)
    constant = np.zeros(form.size) if linear else absolute.constant
    terms = ((matrix, sources[source]) for source, matrix in absolute.floors.items())
    error = affine_error(constant, terms, absolute.num_roundings, len(value), keeps_zeros=True)
    # What overflows says nothing.
    return Rounded(value=value, error=np.where(np.isfinite(value), error, np.inf))


def _most(matrix: Matrix, axis: int) -> int:
    """The most entries in a row (axis 1) or a column (axis 0)."""
    if isinstance(matrix, np.ndarray):
        return int(matrix.shape[axis])
    return int(np.bincount(matrix.nonzero()[1 - axis], minlength=1).max())


def is_normal(values: Floats) -> bool:
    """Whether all numbers but 0 have 53 bits."""
    size = np.abs(values)
    return bool(((size == 0) | (size >= np.finfo(np.float64).tiny)).all())


def sparse_matrices() -> Any:
    """scipy.sparse, imported where a convolution needs it."""
    with needing("maps of convolutional networks on data need SciPy", "maps"):
        import scipy.sparse
    return scipy.sparse
