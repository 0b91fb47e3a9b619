"""A network in doubles, made for many points: stages of maxima, matrices dense or sparse, what rounding can do to them.

How far a number is off is bounded as `relureg.exact.rounding_bounds` derives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.errors import DataError, UnsupportedNetworkError, UsageError
from relureg.exact.float_matrices import Floats, Matrix, dense, entries, forward, transposed, with_entries
from relureg.exact.ranges import chunks
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import SLACK, Rounded, affine_error, floored, gamma
from relureg.exact.sparse import SparseMatrix
from relureg.maps.maxima import MaximumStage, Role, as_maxima
from relureg.network.affine_forms import CONSTANT, INPUT, AffineForm
from relureg.network.double_double import PairForm
from relureg.network.evaluation import last_value, pull_back
from relureg.network.model import Network
from relureg.packages import needing
from relureg.readers.point_tables import FINITE, refuse_entries
from relureg.words import plural

Numbers = NDArray[Any]
"""Doubles, or fractions in an array of objects."""

LARGEST = 1e100
"""No coordinate of a point is larger, so that squares, and sums of products with weights, are far from overflow."""

_TINIEST = 2.0**-1074
"""The smallest double: what a product near 0, or a parameter, can lose."""

_CHUNK_BYTES = 2**27
"""What the arrays of one chunk may take, unless its size is given."""

_MAX_CHUNK = 4096
"""Points in a chunk at most; more make nothing faster."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatStage:
    """A stage of maxima in doubles; see `maxima.MaximumStage`. TropEx also holds fractions in it."""

    z: FloatForm
    p: FloatForm
    """z itself for a plain ReLU."""
    q: FloatForm | None
    """None: 0."""

    @classmethod
    def of(cls, stage: MaximumStage) -> FloatStage:
        z = FloatForm.of(stage.z)
        if stage.is_relu:
            return cls(z=z, p=z, q=None)
        return cls(z=z, p=FloatForm.of(stage.p), q=FloatForm.of(stage.q))

    @property
    def forms(self) -> dict[Role, FloatForm]:
        """Those that there are."""
        forms: dict[Role, FloatForm] = {"z": self.z, "p": self.p}
        return forms if self.q is None else {**forms, "q": self.q}

    def __call__(self, sources: Mapping[int, Floats]) -> Floats:
        """(points, n): the maxima."""
        return np.maximum(self.p(sources), 0.0 if self.q is None else self.q(sources))

    def pass_back(self, rows: Numbers, on: NDArray[np.bool_]) -> Iterator[tuple[int, Numbers]]:
        """Put p, where units are `on`, and elsewhere q in the place of the stage's units.

        Parameters
        ----------
        rows, on : (k, n)
            The coefficients of the units in k forms, and which are active in the region of each.

        Yields
        ------
        int, array
            Sources, and what is added to their coefficients (k, size); in the end `CONSTANT`, and what is added to the
            constants (k,).
        """
        masked = np.where(on, rows, 0)
        branches = [(self.p, masked)] + ([] if self.q is None else [(self.q, rows - masked)])
        constants: Any = 0
        for form, taken in branches:
            if form.constant.any():
                constants = constants + taken @ form.constant
            for source, matrix in form.transposes.items():
                yield source, forward(taken, matrix)
        yield CONSTANT, constants

    def absolute(self) -> FloatStage:
        """The stage of the parameters' absolute values."""
        z = self.z.absolute()
        p = z if self.p is self.z else self.p.absolute()
        return FloatStage(z=z, p=p, q=None if self.q is None else self.q.absolute())

    @property
    def num_roundings(self) -> int:
        """More than there are in a unit, or in what is passed back through the stage to one entry of a source."""
        return max(form.num_roundings for form in self.forms.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNetwork:
    """Stages of maxima and the output of a network in doubles, over the input and the maxima of earlier stages."""

    network: Network
    stages: tuple[FloatStage, ...]
    output: FloatForm
    exact: tuple[MaximumStage, ...]
    """The same stages over the rationals."""

    @classmethod
    def of(cls, network: Network) -> FloatNetwork:
        exact, output = as_maxima(network)
        stages = tuple(map(FloatStage.of, exact))
        return cls(network=network, stages=stages, output=FloatForm.of(output), exact=exact)

    def outputs(self, points: Floats) -> Floats:
        """(points, m)."""
        forms: tuple[FloatStage | FloatForm, ...] = (*self.stages, self.output)
        return last_value(forms, points, lambda form, sources: form(sources), lambda _, maxima: maxima)

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
        # One row of the output's matrix for each region and output.
        rows, bias = self.output.rows(which)
        weights, bias = self.pull_back(rows, bias, np.repeat(active, width, axis=0))
        return weights.reshape(count, width, -1), bias.reshape(count, width)

    def pull_back(
        self, rows: Mapping[int, Floats], constant: Floats, active: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Affine forms over the sources as maps of the input, each in a region.

        Parameters
        ----------
        rows : mapping of source to (k, size of that source)
            The coefficients of form i are row i of each.
        constant : (k,)
        active : (k, N)
            The active units in the region of each form.

        Returns
        -------
        gradients : (k, d)
        constants : (k,)
        """
        held = pull_back(
            {**rows, CONSTANT: constant},
            len(self.stages),
            lambda stage, taken: self.stages[stage - 1].pass_back(taken, active[:, self.network.units_of(stage)]),
        )
        return held.get(INPUT, np.zeros((len(active), self.network.input_dim))), held[CONSTANT]

    def unit_rows(self, units: NDArray[np.integer[Any]], active: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """The gradients (k, d) and constants (k,) of units, each in a region with these active units (k, N)."""
        gradients, constants = np.zeros((len(units), self.network.input_dim)), np.zeros(len(units))
        stages = np.searchsorted(self.network.offsets, units, side="right")
        for number in np.unique(stages).tolist():
            mine = np.flatnonzero(stages == number)
            for part in chunks(len(mine), self.chunk_size(None, 4 * self.widest)):
                at = mine[part]
                rows, constant = self.stages[number - 1].z.rows(units[at] - self.network.offsets[number - 1])
                gradients[at], constants[at] = self.pull_back(rows, constant, active[at])
        return gradients, constants

    # -- rounding ----------------------------------------------------------------------------------

    @cached_property
    def absolute(self) -> FloatNetwork:
        """The network of the parameters' absolute values, passed through region by region as this one is.

        What it gives, times `gamma`, bounds the error of what this one gives.
        """
        stages = tuple(stage.absolute() for stage in self.stages)
        return FloatNetwork(network=self.network, stages=stages, output=self.output.absolute(), exact=self.exact)

    @cached_property
    def num_roundings(self) -> int:
        """More roundings than any number computed from input or output has on its way through all stages."""
        return self.output.num_roundings + sum(stage.num_roundings for stage in self.stages)

    @cached_property
    def gamma(self) -> float:
        """The relative error that `num_roundings` roundings add up to, against sums of absolute values."""
        return gamma(self.num_roundings) * SLACK

    @cached_property
    def underflow(self) -> float:
        """What numbers near 0 can lose in all, on a backward pass, in each entry; infinite where that is not small.

        Each product loses at most 2^-1074, and so does a parameter where it meets an entry. The stages that follow
        multiply the loss at most by the largest sums of their columns, as they do the entries.
        """
        lost, growth, is_normal = 1.0, 0.0, True
        absolute = self.absolute
        for stage in (*absolute.stages, FloatStage(z=absolute.output, p=absolute.output, q=None)):
            forms = [form for form in (stage.p, stage.q) if form is not None]
            sums = [float(matrix.sum(axis=0).max(initial=0.0)) for form in forms for matrix in form.terms.values()]
            with np.errstate(all="ignore"):
                growth += float(np.log2(1 + np.sum(sums)))
            lost += 2 * sum(form.size for form in forms)
            is_normal &= all(_is_normal(entries(matrix)) for form in forms for matrix in form.terms.values())
        places = growth * (1 if is_normal else 2) + np.log2(lost) - 1070
        return float(2.0**places) if places < -100 else np.inf

    @cached_property
    def pairs(self) -> tuple[PairForm, ...]:
        """The pre-activations of all stages, over the input and the units of earlier ones, in pairs of doubles."""
        return tuple(PairForm.of(stage.pre_activation) for stage in self.network.stages)

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


def check_points(network: Network, points: ArrayLike, *, where: str | None = None) -> Floats:
    """Points as doubles, shape (points, d).

    Raises
    ------
    DataError
        Another shape, not numbers, or a coordinate that is NaN, infinite or beyond `LARGEST`; says in which row.
    """
    array = as_numbers(points, where=where)
    if array.ndim > 2:  # images are flattened in row-major order
        array = array.reshape(len(array), -1)
    if array.ndim != 2 or array.shape[1] != network.input_dim:
        columns = plural(array.shape[1], "column") if array.ndim == 2 else f"shape {array.shape}"
        raise DataError(
            f"{columns}, but {network.name} has {plural(network.input_dim, 'input')}: one row a point", where=where
        )
    refuse_entries(array, ~np.isfinite(array), FINITE, where=where)
    refuse_entries(array, np.abs(array) > LARGEST, f"scale the data to numbers below {LARGEST:g}", where=where)
    return array


def as_numbers(values: ArrayLike, *, where: str | None = None) -> Floats:
    """An array of doubles; text and objects that are no numbers are refused."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise DataError(f"numbers are needed, not entries of type {array.dtype}", where=where)
    return np.ascontiguousarray(array, dtype=np.float64)


def _most(matrix: Matrix, axis: int) -> int:
    """The most entries in a row (axis 1) or a column (axis 0)."""
    if isinstance(matrix, np.ndarray):
        return int(matrix.shape[axis])
    return int(np.bincount(matrix.nonzero()[1 - axis], minlength=1).max())


def _is_normal(values: Floats) -> bool:
    """Whether all numbers but 0 have 53 bits."""
    size = np.abs(values)
    return bool(((size == 0) | (size >= np.finfo(np.float64).tiny)).all())


def sparse_matrices() -> Any:
    """scipy.sparse, imported where a convolution needs it."""
    with needing("maps of convolutional networks on data need SciPy", "maps"):
        import scipy.sparse
    return scipy.sparse
