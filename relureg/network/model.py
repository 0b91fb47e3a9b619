"""What a network is: stages of ReLU units, each affine in the input and in any earlier stage."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.errors import MalformedNetworkError, UsageError
from relureg.exact.numbers import exact_point
from relureg.exact.rational import RationalMatrix
from relureg.frozen import Frozen
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.evaluation import iter_values, last_value
from relureg.network.identity import content_hash
from relureg.network.layers import read_layers
from relureg.network.slices import Slice
from relureg.showing import Drawn
from relureg.words import plural, printable

IndexRange = slice  # which is a field's name below


class StageKind(Enum):
    """What the units of a stage stand for."""

    RELU = "relu"
    """Kinks of activation functions: ReLU, leaky ReLU, absolute value, clip."""
    COMPARISON = "comparison"
    """Comparisons of two values, of which a maximum, a minimum or a max pooling is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """ReLU units computed side by side: ``h = max(z, 0)`` with z the pre-activation."""

    pre_activation: AffineForm
    """z as an affine form over the input (source 0) and earlier stages (source l: stage l, from 1)."""
    name: str = ""
    """Where the stage came from in the file, for messages."""
    kind: StageKind = StageKind.RELU
    """For reports; like the name it makes no difference between networks."""

    @property
    def num_units(self) -> int:
        return self.pre_activation.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One of several inputs or outputs of a file, as a part of the input or output vector."""

    name: str
    shape: tuple[int, ...]
    first: int
    """Where its entries begin, in row-major order."""

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network(Drawn, Frozen):
    """A ReLU network with exact rational parameters.

    Stage l = 1..L has units with pre-activations ``z_l``, an affine form over the input and the
    outputs ``h_k = max(z_k, 0)`` of earlier stages; the output is one more affine form. Units are
    numbered 0..N-1, stage after stage.

    Two networks are equal when input dimension, stages and output map are the same numbers; the name
    and the notices do not matter.

    Examples
    --------
    >>> from relureg import Network
    >>> xor = Network.from_layers([[[1, 1], [1, 1]], [[2, -4]]], [[1, 0], [-1]], name="xor")
    >>> xor.widths, xor.num_units, xor.effective_dim
    ((2,), 2, 1)
    >>> xor([[0.0, 0.0], [1.0, 0.0]])
    array([[ 1.],
           [-1.]])
    """

    name: str
    """For people; what is no printable character in it is escaped."""
    input_dim: int
    """d, at least 1."""
    stages: tuple[Stage, ...]
    output: AffineForm
    notices: tuple[str, ...] = ()
    """What was folded, stripped or assumed on reading, one sentence each."""
    input_box: tuple[RationalMatrix, RationalMatrix] | None = None
    """Lower and upper bounds of the inputs that the file states, two columns of shape (d, 1)."""
    inputs: tuple[Port, ...] = ()
    """The tensors that make up the input, one after the other; empty where the file does not name them."""
    outputs: tuple[Port, ...] = ()
    """The tensors that make up the output, likewise."""
    spanning_stages: tuple[int, ...] | None = None
    """Stages, from 1, whose input rows are known to span those of all stages; None: not known. Only the rank
    of `input_rows` is found faster with it, as a leaky ReLU hands its input rows on to every later stage."""
    slice: Slice | None = None
    """Where the inputs lie in the input space of the network that this is a slice of; None for a network as it is."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))
        if self.input_dim < 1:
            raise MalformedNetworkError("the network has no input; at least one is needed")
        sizes = {INPUT: self.input_dim}
        for number, stage in enumerate(self.stages, start=1):
            if not stage.num_units:
                raise MalformedNetworkError("the stage has no units", where=f"stage {number}")
            _check_sources(stage.pre_activation, sizes, f"stage {number}")
            sizes[number] = stage.num_units
        if not self.output.size:
            raise MalformedNetworkError("the network has no output", where="output")
        _check_sources(self.output, sizes, "output")

    @classmethod
    def from_layers(
        cls,
        weights: Sequence[ArrayLike | RationalMatrix],
        biases: Sequence[ArrayLike | RationalMatrix],
        *,
        name: str = "network",
    ) -> Network:
        """A multilayer perceptron: ReLU after every layer but the last, which is the output map.

        Parameters
        ----------
        weights : sequence of arrays, shape (units, inputs) each
        biases : sequence of arrays, shape (units,) each
            Floats are taken as the dyadic rationals they are; a `Fraction`, or a `RationalMatrix` (a bias has
            shape (units, 1)), is taken as it is.
        name : str, optional

        Raises
        ------
        MalformedNetworkError
            Shapes do not match, or a number is NaN or infinite; says in which layer.
        """
        layers = read_layers(weights, biases)
        forms = [AffineForm(constant=column, terms={k: matrix}) for k, (matrix, column) in enumerate(layers)]
        return cls(
            name=name,
            input_dim=layers[0][0].shape[1],
            stages=tuple(Stage(pre_activation=form) for form in forms[:-1]),
            output=forms[-1],
        )

    def with_output_relu(self) -> Network:
        """The same network with a ReLU after its output, so that the outputs are units as well.

        Its regions are cut along the zeros of the outputs: the decision boundary of a score, and what tools count
        that apply ReLU to every layer.

        Raises
        ------
        UsageError
            The output is that of ReLU units already.

        Examples
        --------
        >>> xor = Network.from_layers([[[1, 1], [1, 1]], [[2, -4]]], [[1, 0], [-1]])
        >>> xor.with_output_relu().widths
        (2, 1)
        """
        last = len(self.stages)
        if last and self.output == AffineForm.of_source(last, self.widths[-1]):
            raise UsageError("the output is that of ReLU units already", where="--output-relu")
        if self.output.is_constant:
            raise UsageError(
                "the output does not depend on the input, and a ReLU after it is no unit", where="--output-relu"
            )
        spanning = None if self.spanning_stages is None else (*self.spanning_stages, last + 1)
        return self.replace(
            stages=(*self.stages, Stage(pre_activation=self.output, name="output")),
            output=AffineForm.of_source(last + 1, self.output_dim),
            notices=(*self.notices, "the outputs are ReLU units, as asked for"),
            spanning_stages=spanning,
        )

    def with_forms(self, pre_activations: Sequence[AffineForm], output: AffineForm, **changes: Any) -> Network:
        """The network with other forms in its stages and for its output; all else stays, but for `changes`.

        This and `replace` are the ways from a network to another one, so that no field is lost on the way.

        Parameters
        ----------
        pre_activations : sequence of AffineForm
            One for each stage.
        output : AffineForm
        **changes
            Other fields by their names.
        """
        pairs = zip(self.stages, pre_activations, strict=True)
        stages = tuple(dataclasses.replace(stage, pre_activation=form) for stage, form in pairs)
        return self.replace(stages=stages, output=output, **changes)

    def replace(self, **changes: Any) -> Network:
        """The network with other values of some fields; other stages are not known to be spanned by some of them."""
        if "stages" in changes:
            changes.setdefault("spanning_stages", None)
        return dataclasses.replace(self, **changes)

    @checked
    def on(self, flat: Slice) -> Network:
        """The network on a flat of its input space: k inputs, the same stages and outputs; `slice` tells where it lies.

        Raises
        ------
        UsageError
            The network has another number of inputs than the flat coordinates.
        """
        if flat.base.shape[0] != self.input_dim:
            raise UsageError(
                f"the slice has {plural(flat.base.shape[0], 'coordinate')} and the network "
                f"{plural(self.input_dim, 'input')}"
            )
        return self.with_forms(
            [flat.pull(stage.pre_activation) for stage in self.stages],
            flat.pull(self.output),
            input_dim=flat.dim,
            input_box=None,
            inputs=(),
            slice=flat if self.slice is None else flat.within(self.slice),
        )

    # -- shape -------------------------------------------------------------------------------------

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Units per stage, (n_1, ..., n_L); empty for an affine network."""
        return tuple(stage.num_units for stage in self.stages)

    @property
    def num_units(self) -> int:
        """N, the number of ReLU units."""
        return sum(self.widths)

    @property
    def num_comparison_units(self) -> int:
        """How many of the units compare two values, in maxima and max poolings."""
        return sum(stage.num_units for stage in self.stages if stage.kind is StageKind.COMPARISON)

    @property
    def output_dim(self) -> int:
        return self.output.size

    @property
    def forms(self) -> tuple[AffineForm, ...]:
        """The pre-activations of all stages, then the output."""
        return (*(stage.pre_activation for stage in self.stages), self.output)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Where the units of each stage begin among all units, and N at the end."""
        return tuple(itertools.accumulate(self.widths, initial=0))

    def units_of(self, stage: int) -> IndexRange:
        """The units of a stage, counted from 1, among all units."""
        return slice(self.offsets[stage - 1], self.offsets[stage])

    @cached_property
    def is_sequential(self) -> bool:
        """Whether each stage and the output depend on nothing but the stage before."""
        return all(set(form.terms) <= {number} for number, form in enumerate(self.forms))

    @cached_property
    def input_rows(self) -> RationalMatrix:
        """Maps that units apply directly to the input, stacked: d columns, and the span of all such maps."""
        chosen = self.stages if self.spanning_stages is None else [self.stages[k - 1] for k in self.spanning_stages]
        blocks = [matrix for stage in chosen if (matrix := stage.pre_activation.terms.get(INPUT)) is not None]
        return blocks[0] if len(blocks) == 1 else RationalMatrix.vstack(blocks, self.input_dim)

    @cached_property
    def effective_dim(self) -> int:
        """r, the exact rank of `input_rows`: the complex does not change along the other d - r directions."""
        return self.input_rows.rank()

    # -- values ------------------------------------------------------------------------------------

    @checked
    def __call__(self, points: ArrayLike) -> NDArray[np.float64]:
        """The output in floats, shape (points, outputs), at points of shape (points, d)."""
        return last_value(self.forms, self._float_points(points), AffineForm.evaluate_floats, _rectified_floats)

    @checked
    def pre_activations(self, points: ArrayLike) -> NDArray[np.float64]:
        """All pre-activations in floats, shape (points, N), at points of shape (points, d).

        For looking at values. Signs taken from these are rounded; `exact_signs` decides them.
        """
        array = self._float_points(points)
        columns = iter_values(self.forms[:-1], array, AffineForm.evaluate_floats, _rectified_floats)
        return np.concatenate([np.empty((len(array), 0)), *columns], axis=1)

    @checked
    def exact_output(self, point: Sequence[Fraction | float | int]) -> tuple[Fraction, ...]:
        """The exact output at one point; floats in `point` are the dyadic rationals they are."""
        *_, value = self._exact_values(self.forms, point)
        return tuple(row[0] for row in value.fractions())

    @checked
    def exact_signs(self, point: Sequence[Fraction | float | int]) -> NDArray[np.int8]:
        """The sign vector at one point: -1, 0 or 1 for each of the N units, exactly."""
        values = self._exact_values(self.forms[:-1], point)
        entries = [number for value in values for number in value.numerators.flat]
        return np.array([(n > 0) - (n < 0) for n in entries], dtype=np.int8)

    def _float_points(self, points: ArrayLike) -> NDArray[np.float64]:
        array = np.asarray(points, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != self.input_dim:
            raise UsageError(f"points need shape (points, {self.input_dim}), not {array.shape}")
        if not np.isfinite(array).all():
            raise UsageError("points need finite coordinates, not NaN or infinity")
        return array

    def _exact_values(
        self, forms: Sequence[AffineForm], point: Sequence[Fraction | float | int]
    ) -> Iterator[RationalMatrix]:
        """The values of some of the forms, from the first stage on, as columns."""
        one = RationalMatrix.identity(1)
        column = RationalMatrix.from_fractions([[x] for x in exact_point(point, self.input_dim)], 1)
        return iter_values(forms, column, lambda form, sources: form.evaluate(one, sources), _rectified)

    # -- identity ----------------------------------------------------------------------------------

    @cached_property
    def sha256(self) -> str:
        """A hash of the exact content: equal for equal networks, whatever file they came from."""
        return content_hash(self.input_dim, self.forms)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return self.input_dim == other.input_dim and self.forms == other.forms

    def __hash__(self) -> int:
        return int(self.sha256[:15], 16)  # the same in every process, which the hash of a text is not

    def __repr__(self) -> str:
        shape = " - ".join(map(str, (self.input_dim, *self.widths, self.output_dim)))
        return f"<Network {self.name!r}: {shape}>"


def _rectified_floats(stage: int, z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(z, 0.0)


def _rectified(stage: int, z: RationalMatrix) -> RationalMatrix:
    return z.masked_rows((z.numerators[:, 0] > 0).astype(bool))


def _check_sources(form: AffineForm, sizes: dict[int, int], place: str) -> None:
    for source, matrix in form.terms.items():
        if source not in sizes:
            raise MalformedNetworkError(f"depends on stage {source}, which is not before it", where=place)
        if matrix.shape != (form.size, sizes[source]):
            raise MalformedNetworkError(
                f"the matrix on source {source} has shape {matrix.shape}, but {(form.size, sizes[source])} is needed",
                where=place,
            )
