"""A network in doubles, made for many points: its matrices dense or sparse, and what rounding can do to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.errors import DataError, UnsupportedNetworkError, UsageError
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix
from relureg.network.sparse import SparseMatrix

Floats = NDArray[np.float64]
Matrix = Any
"""A dense array, or a scipy.sparse.csr_array, of doubles, shape (n, size of a source)."""

ROUNDOFF = 2.0**-53

_CHUNK_BYTES = 2**27
"""What the arrays of one chunk may take, unless its size is given."""

_MAX_CHUNK = 4096
"""Points in a chunk at most; more make nothing faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatForm:
    """An affine form ``y = constant + sum_s terms[s] @ h_s`` in doubles, each parameter rounded once."""

    constant: Floats
    """(n,)."""
    terms: Mapping[int, Matrix]
    """Source -> (n, size of that source)."""

    @classmethod
    def of(cls, form: AffineForm) -> FloatForm:
        try:
            terms = {source: float_matrix(matrix) for source, matrix in form.terms.items()}
            return cls(constant=form.constant.floats[:, 0], terms=terms)
        except OverflowError as error:
            raise UnsupportedNetworkError(
                "a parameter is beyond the range of doubles, in which maps on data are computed"
            ) from error

    @property
    def size(self) -> int:
        return len(self.constant)

    def __call__(self, sources: Mapping[int, Floats]) -> Floats:
        """(points, n), at sources of shape (points, size)."""
        value = np.tile(self.constant, (len(sources[INPUT]), 1))
        for source, matrix in self.terms.items():
            value += forward(sources[source], matrix)
        return value

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
    if not isinstance(matrix, SparseMatrix):
        return matrix.floats
    sparse = _sparse()
    rows, columns, numerators = matrix.nonzeros()
    values = np.array([n / matrix.denominator for n in numerators.tolist()], dtype=np.float64)
    return sparse.csr_array((values, (rows, columns)), shape=matrix.shape)


def forward(values: Floats, matrix: Matrix) -> Floats:
    """``values @ matrix.T``, shape (points, n)."""
    if isinstance(matrix, np.ndarray):
        return np.asarray(values @ matrix.T)
    return np.asarray(matrix @ values.T).T


def backward(rows: Floats, matrix: Matrix) -> Floats:
    """``rows @ matrix``, shape (rows, size of the source)."""
    if isinstance(matrix, np.ndarray):
        return np.asarray(rows @ matrix)
    return np.asarray(matrix.T @ rows.T).T


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNetwork:
    """Stages and output of a network in doubles."""

    network: Network
    stages: tuple[FloatForm, ...]
    output: FloatForm

    @classmethod
    def of(cls, network: Network) -> FloatNetwork:
        return cls(
            network=network,
            stages=tuple(FloatForm.of(stage.pre_activation) for stage in network.stages),
            output=FloatForm.of(network.output),
        )

    @cached_property
    def offsets(self) -> list[int]:
        """Where the units of each stage begin, and their number at the end."""
        return [0, *np.cumsum(self.network.widths, dtype=np.int64).tolist()]

    def outputs(self, points: Floats) -> Floats:
        """(points, m)."""
        sources = {INPUT: points}
        for number, form in enumerate(self.stages, start=1):
            sources[number] = np.maximum(form(sources), 0.0)
        return self.output(sources)

    def output_maps(self, active: NDArray[np.bool_], outputs: NDArray[np.intp] | None = None) -> tuple[Floats, Floats]:
        """The maps from input to output on regions with these active units (n, N), by one backward pass.

        Parameters
        ----------
        active : (n, N)
        outputs : (k,) or (n, 1), optional
            The same outputs for all regions, or one for each; all m when left out.

        Returns
        -------
        weights : (n, k, d)
        bias : (n, k)
        """
        chosen = np.arange(self.output.size)[None, :] if outputs is None else np.atleast_2d(outputs)
        count, width = len(active), chosen.shape[1]
        which = np.broadcast_to(chosen, (count, width)).reshape(-1)
        bias = self.output.constant[which]
        # One row of the output's matrix for each region and output.
        rows = {s: _dense(m)[which] for s, m in self.output.terms.items()}
        for number in range(len(self.stages), 0, -1):
            if number not in rows:
                continue
            on = np.repeat(active[:, self.offsets[number - 1] : self.offsets[number]], width, axis=0)
            masked = rows.pop(number) * on
            form = self.stages[number - 1]
            bias = bias + masked @ form.constant
            for source, matrix in form.terms.items():
                passed = backward(masked, matrix)
                rows[source] = rows[source] + passed if source in rows else passed
        weights = rows.get(INPUT, np.zeros((count * width, self.network.input_dim)))
        return weights.reshape(count, width, -1), bias.reshape(count, width)

    # -- rounding ----------------------------------------------------------------------------------

    @cached_property
    def num_roundings(self) -> int:
        """More roundings than any number computed from input or output has on its way through all stages."""
        forms = [*self.stages, self.output]
        return sum(sum(m.shape[1] for m in form.terms.values()) + len(form.terms) + 3 for form in forms)

    @cached_property
    def gamma(self) -> float:
        """The relative error that `num_roundings` roundings add up to, against sums of absolute values."""
        total = self.num_roundings * ROUNDOFF
        return total / (1 - total) * (1 + 2.0**-20)

    @cached_property
    def absolute_output(self) -> tuple[Floats, Floats]:
        """(m, d) and (m,): the output map when all parameters are replaced by absolute values and all units are active.

        It bounds each entry of each region's map, and times `gamma` the error of computing it.
        """
        whole = FloatNetwork(
            network=self.network,
            stages=tuple(form.absolute() for form in self.stages),
            output=self.output.absolute(),
        )
        weights, bias = whole.output_maps(np.ones((1, self.network.num_units), dtype=np.bool_))
        return weights[0], bias[0]

    def chunk_size(self, wanted: int | None, columns: int) -> int:
        """Points at once: as many as were wanted, else as fit into the usual memory at `columns` doubles a point."""
        if wanted is not None:
            if wanted < 1:
                raise UsageError(f"a chunk holds at least one point, not {wanted}")
            return wanted
        return max(1, min(_MAX_CHUNK, _CHUNK_BYTES // (8 * max(columns, 1))))

    @cached_property
    def widest(self) -> int:
        """Entries of the largest source."""
        return max([self.network.input_dim, *self.network.widths])


def check_points(network: Network, points: ArrayLike, *, where: str | None = None) -> Floats:
    """Points as doubles, shape (points, d).

    Raises
    ------
    DataError
        Another shape, not numbers, or a coordinate that is NaN or infinite; says in which row.
    """
    array = as_numbers(points, where=where)
    if array.ndim > 2:  # images are flattened in row-major order
        array = array.reshape(len(array), -1)
    if array.ndim != 2 or array.shape[1] != network.input_dim:
        columns = f"{array.shape[1]:,} columns" if array.ndim == 2 else f"shape {array.shape}"
        raise DataError(f"{columns}, but {network.name} has {network.input_dim:,} inputs: one row a point", where=where)
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        column = int(np.argmin(np.isfinite(array[row])))
        raise DataError(f"row {row}, column {column} is {array[row, column]}; finite numbers are needed", where=where)
    return array


def as_numbers(values: ArrayLike, *, where: str | None = None) -> Floats:
    """An array of doubles; text and objects that are no numbers are refused."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise DataError(f"numbers are needed, not entries of type {array.dtype}", where=where)
    return np.ascontiguousarray(array, dtype=np.float64)


def slices(size: int, step: int) -> Iterator[slice]:
    """Consecutive slices of at most `step`."""
    for first in range(0, size, step):
        yield slice(first, min(first + step, size))


def _dense(matrix: Matrix) -> Floats:
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())


def _sparse() -> Any:
    try:
        import scipy.sparse
    except ImportError as error:
        raise UsageError("maps of convolutional networks on data need SciPy: pip install 'relureg[maps]'") from error
    return scipy.sparse
