"""Affine forms over the input and the outputs of ReLU stages: what every reader builds with.

Source 0 is the input x, source l >= 1 is ``h_l = max(z_l, 0)``, the output of stage l. A stage of a
network is one such form, and so is its output map; a layer without activation is folded by
substituting forms into forms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UnsupportedNetworkError
from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import Index, SparseMatrix, compact
from relureg.frozen import Frozen

INPUT = 0
"""The number of the source that is the network's input."""

CONSTANT = -1
"""The number under which a form's constant stands beside the matrices of its sources."""

MAX_WIDTH = 2**18
"""Most entries of the input or of a stage."""

MAX_ENTRIES = 2**24
"""Most entries of one tensor, and of one sparse matrix: beyond any network that can be enumerated, and still
in memory, for a Python integer takes some 40 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AffineForm(Frozen):
    """A vector-valued exact affine map ``y = constant + sum_s terms[s] @ h_s``."""

    constant: RationalMatrix
    """Shape (n, 1)."""
    terms: Mapping[int, RationalMatrix]
    """Source number -> matrix of shape (n, size of that source), a `SparseMatrix` where it is large and has
    few entries; zero matrices are left out."""
    span: frozenset[int] | None = field(default=None, compare=False, repr=False)
    """Stages whose input rows span those of this form, for a network under construction; None: not known."""

    def __post_init__(self) -> None:
        kept = {s: compact(matrix) for s, matrix in sorted(self.terms.items()) if not matrix.is_zero}
        object.__setattr__(self, "terms", MappingProxyType(kept))
        object.__setattr__(self, "constant", compact(self.constant))
        if INPUT not in kept:
            object.__setattr__(self, "span", frozenset())

    @classmethod
    def of_constant(cls, column: RationalMatrix) -> AffineForm:
        """The map that is `column` (shape (n, 1)) whatever the input."""
        return cls(constant=column, terms={})

    @classmethod
    def of_source(cls, source: int, size: int) -> AffineForm:
        """The map that returns source number `source`, a vector of length `size`, as it is.

        Raises
        ------
        UnsupportedNetworkError
            `size` exceeds `MAX_WIDTH`.
        """
        if size > MAX_WIDTH:
            raise UnsupportedNetworkError(
                f"{'the input' if source == INPUT else 'a layer'} has {size:,} entries; at most {MAX_WIDTH:,} are read"
            )
        return cls(constant=RationalMatrix.zeros(size, 1), terms={source: SparseMatrix.identity(size)})

    @classmethod
    def concatenate(cls, forms: Sequence[AffineForm]) -> AffineForm:
        """The values of `forms` one after the other; at least one form."""
        widths = {s: m.shape[1] for form in forms for s, m in form.terms.items()}
        if len(forms) == 1:
            return forms[0]
        terms = {
            source: RationalMatrix.vstack(
                (form.terms.get(source) or SparseMatrix.zeros(form.size, width) for form in forms), width
            )
            for source, width in widths.items()
        }
        constant = RationalMatrix.vstack((form.constant for form in forms), 1)
        return cls(constant=constant, terms=terms, span=_union(form.span for form in forms))

    @property
    def size(self) -> int:
        """The length n of the value."""
        return self.constant.shape[0]

    @property
    def is_constant(self) -> bool:
        return not self.terms

    @property
    def num_held(self) -> int:
        """How many numbers it takes to hold the form."""
        return self.size + sum(matrix.num_held for matrix in self.terms.values())

    def __add__(self, other: AffineForm) -> AffineForm:
        terms = dict(self.terms)
        for source, matrix in other.terms.items():
            terms[source] = terms[source] + matrix if source in terms else matrix
        return AffineForm(constant=self.constant + other.constant, terms=terms, span=_union((self.span, other.span)))

    def map(self, matrix: RationalMatrix) -> AffineForm:
        """The form ``matrix @ y``."""
        return AffineForm(
            constant=matrix @ self.constant, terms={s: matrix @ m for s, m in self.terms.items()}, span=self.span
        )

    def scale(self, factors: RationalMatrix) -> AffineForm:
        """The form whose i-th entry is ``factors[i] * y[i]``; `factors` has shape (n, 1)."""
        return AffineForm(
            constant=self.constant.scale_rows(factors),
            terms={s: m.scale_rows(factors) for s, m in self.terms.items()},
            span=self.span,
        )

    def entries(self, index: NDArray[np.intp]) -> AffineForm:
        """The form made of the entries `index` of y, in that order, repeated where it repeats."""
        return AffineForm(
            constant=self.constant.rows(index),
            terms={s: m.rows(index) for s, m in self.terms.items()},
            span=self.span,
        )

    def evaluate(self, one: RationalMatrix, sources: Mapping[int, RationalMatrix]) -> RationalMatrix:
        """The value, shape (n, k), at k places side by side.

        Parameters
        ----------
        one : RationalMatrix, shape (1, k)
            What the constant is multiplied with: ones for points. With the row (1, 0, ..., 0) and
            affine maps as sources, this composes maps in homogeneous coordinates.
        sources : mapping of source number to RationalMatrix, shape (size of that source, k)
        """
        value = self.constant @ one
        for source, matrix in self.terms.items():
            value = value + matrix @ sources[source]
        return value

    def evaluate_floats(self, sources: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
        """The value in floats, shape (points, n), given each source's value, shape (points, size)."""
        value = np.tile(self.constant.floats.T, (sources[INPUT].shape[0], 1))
        for source, matrix in self.terms.items():
            value += matrix.times_floats(sources[source].T).T
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class AffineTensor:
    """A tensor whose entries, in row-major order, are the entries of an affine form."""

    shape: tuple[int, ...]
    form: AffineForm

    @classmethod
    def of_array(cls, values: NDArray[Any]) -> AffineTensor:
        """A constant tensor of finite floats, taken as the dyadic rationals they are."""
        column = RationalMatrix.from_floats(values.reshape(-1, 1))
        return cls(shape=tuple(values.shape), form=AffineForm.of_constant(column))

    @property
    def is_constant(self) -> bool:
        return self.form.is_constant

    def reshape(self, shape: Sequence[int]) -> AffineTensor:
        """The same entries in another shape of the same size."""
        if math.prod(shape) != self.form.size:
            raise ValueError(f"{self.form.size} entries do not fill shape {list(shape)}")
        return AffineTensor(shape=tuple(shape), form=self.form)

    def flattened(self) -> AffineTensor:
        """The same entries as a vector."""
        return AffineTensor(shape=(self.form.size,), form=self.form)

    def positions(self) -> Index:
        """The number of each entry, in the tensor's shape: what moves these moves the entries."""
        return np.arange(self.form.size, dtype=np.intp).reshape(self.shape)

    def take(self, positions: Index) -> AffineTensor:
        """The tensor of the entries at `positions`, in the shape of that array."""
        return AffineTensor(shape=tuple(positions.shape), form=self.form.entries(positions.reshape(-1)))

    def transpose(self, axes: Sequence[int]) -> AffineTensor:
        """The axes in the order `axes`."""
        return self.take(self.positions().transpose(axes))

    def broadcast_to(self, shape: tuple[int, ...]) -> AffineTensor:
        """NumPy broadcasting."""
        check_size(shape)
        return self if shape == self.shape else self.take(np.broadcast_to(self.positions(), shape))

    def apply(self, matrix: RationalMatrix, shape: Sequence[int]) -> AffineTensor:
        """The tensor of that shape whose entries are ``matrix @`` the entries of this one."""
        return AffineTensor(shape=tuple(shape), form=self.form.map(matrix))

    def __add__(self, other: AffineTensor) -> AffineTensor:
        shape = np.broadcast_shapes(self.shape, other.shape)
        return AffineTensor(shape=shape, form=self.broadcast_to(shape).form + other.broadcast_to(shape).form)

    def __neg__(self) -> AffineTensor:
        return self.scale_by(Fraction(-1))

    def scale_by(self, factor: Fraction) -> AffineTensor:
        """Every entry times one number."""
        factors = RationalMatrix.from_fractions([[factor]] * self.form.size, 1)
        return AffineTensor(shape=self.shape, form=self.form.scale(factors))

    def multiply(self, constant: AffineTensor) -> AffineTensor:
        """Entry by entry times a constant tensor, with broadcasting."""
        shape = np.broadcast_shapes(self.shape, constant.shape)
        factors = constant.broadcast_to(shape).form.constant
        return AffineTensor(shape=shape, form=self.broadcast_to(shape).form.scale(factors))

    def reciprocal(self) -> AffineTensor:
        """Entry by entry 1 / c of a constant tensor, exactly; ZeroDivisionError where c = 0."""
        inverses = [[1 / c] for (c,) in self.form.constant.fractions()]
        return AffineTensor(shape=self.shape, form=AffineForm.of_constant(RationalMatrix.from_fractions(inverses, 1)))

    def matmul(self, other: AffineTensor) -> AffineTensor:
        """The product ``self @ other`` by NumPy's rule (vectors, stacks of matrices); one factor is constant."""
        if not self.shape or not other.shape:
            raise ValueError("a factor is a scalar")
        if not (self.is_constant or other.is_constant):
            raise ValueError("both factors depend on the input, and their product is not affine")
        # A vector on the left is a row, on the right a column, and the axis goes again.
        left = self if len(self.shape) > 1 else self.reshape((1, *self.shape))
        right = other if len(other.shape) > 1 else other.reshape((*other.shape, 1))
        (*outer_left, rows, inner), (*outer_right, also_inner, columns) = left.shape, right.shape
        if inner != also_inner:
            raise ValueError(f"shapes {list(self.shape)} and {list(other.shape)} do not multiply")
        outer = np.broadcast_shapes(tuple(outer_left), tuple(outer_right))
        left, right = left.broadcast_to((*outer, rows, inner)), right.broadcast_to((*outer, inner, columns))
        check_size((*outer, rows, columns))
        product = (
            _matmul(left, right) if right.is_constant else _transposed(_matmul(_transposed(right), _transposed(left)))
        )
        shape = [*outer, *([rows] * (len(self.shape) > 1)), *([columns] * (len(other.shape) > 1))]
        return product.reshape(shape)


def concatenate(tensors: Sequence[AffineTensor], axis: int) -> AffineTensor:
    """Tensors one after the other along an axis; `axis` counts from the front."""
    ends = np.cumsum([0, *(tensor.form.size for tensor in tensors)])
    moved = [tensor.positions() + end for tensor, end in zip(tensors, ends[:-1], strict=True)]
    order = np.concatenate(moved, axis=axis)
    check_size(order.shape)
    joined = AffineForm.concatenate([tensor.form for tensor in tensors])
    whole = AffineTensor(shape=(joined.size,), form=joined)
    return whole.reshape(order.shape) if axis == 0 else whole.take(order)


def _union(spans: Iterable[frozenset[int] | None]) -> frozenset[int] | None:
    known = list(spans)
    return None if None in known else frozenset().union(*(span for span in known if span))


def check_size(shape: Sequence[int]) -> None:
    """Small tensors can broadcast to one that no memory holds: refuse before it is made."""
    if math.prod(shape) > MAX_ENTRIES:
        raise ValueError(f"a tensor of shape {list(shape)} has more than {MAX_ENTRIES:,} entries")


def _transposed(tensor: AffineTensor) -> AffineTensor:
    rank = len(tensor.shape)
    return tensor.transpose([*range(rank - 2), rank - 1, rank - 2])


def _matmul(left: AffineTensor, right: AffineTensor) -> AffineTensor:
    """The product of stacks of matrices of the same outer shape; the right one is constant."""
    *outer, rows, inner = left.shape
    columns = right.shape[-1]
    weights = right.form.constant
    stack = math.prod(outer)
    if stack * rows == 1:
        matrix = RationalMatrix(weights.numerators.reshape(inner, columns).T, weights.denominator)
        return left.apply(matrix, (*outer, rows, columns))
    check_size((stack, rows, inner, columns))
    # Entry (s, i, j) of the product is the sum over k of left (s, i, k) times right (s, k, j).
    s, i, k, j = np.ogrid[:stack, :rows, :inner, :columns]
    full = (stack, rows, inner, columns)
    matrix = SparseMatrix.from_entries(
        (stack * rows * columns, left.form.size),
        np.broadcast_to((s * rows + i) * columns + j, full).reshape(-1),
        np.broadcast_to((s * rows + i) * inner + k, full).reshape(-1),
        np.broadcast_to(weights.numerators.reshape(stack, 1, inner, columns), full).reshape(-1),
        weights.denominator,
    )
    return left.apply(matrix, (*outer, rows, columns))
