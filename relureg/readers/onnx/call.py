"""What an ONNX operator is given, and the registry of operators.

An operator is one small function of a `Call`: it reads inputs and attributes, and returns the output, or a
list of outputs. It raises ValueError (or ArithmeticError) with the reason where the operator, as used, is
not piecewise linear; the reader adds the node's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import MalformedNetworkError
from relureg.exact.numbers import as_fraction
from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import Index
from relureg.network.affine_forms import AffineForm, AffineTensor
from relureg.readers.building.pieces import StageBuilder

Value = AffineTensor | NDArray[Any]
"""Floats are affine tensors, even where they are constant. Constants of another element type (shapes, axes, indices,
quantised weights) are arrays of that type, and so are floats of which some are infinite or NaN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One node, with the values of its inputs."""

    inputs: list[Value | None]
    """None where an optional input is left out."""
    names: list[str]
    """What the file calls them."""
    attributes: Mapping[str, Any]
    """With those that the file leaves out and the operator set gives a default."""
    version: int
    """The operator set in which the operator took this form."""
    outputs: list[str]
    label: str
    """How messages and stages name the node."""
    builder: StageBuilder
    """Where an activation adds its stages."""
    notices: list[str]
    """Where an operator says what it assumed."""
    rounded: list[str]
    """Where a constant that is rounded to float64 is named."""

    @property
    def num_outputs(self) -> int:
        return len(self.outputs)

    @property
    def is_constant(self) -> bool:
        """Whether no input depends on the network's input; the first one is there."""
        return self.has(0) and all(not isinstance(value, AffineTensor) or value.is_constant for value in self.inputs)

    def has(self, position: int) -> bool:
        """Whether that input is given."""
        return position < len(self.inputs) and self.inputs[position] is not None

    def any(self, position: int) -> Value:
        """An input of either kind."""
        value = self.inputs[position] if position < len(self.inputs) else None
        if value is None:
            raise ValueError(f"input {position} is missing")
        return value

    def tensor(self, position: int) -> AffineTensor:
        """An input as an affine tensor; integers become the floats they are.

        Raises
        ------
        MalformedNetworkError
            An entry is NaN or infinite.
        """
        value = self.any(position)
        if isinstance(value, AffineTensor):
            return value
        if value.dtype.kind == "f":
            entry = [int(i) for i in np.argwhere(~np.isfinite(value))[0]]
            raise MalformedNetworkError(
                f"entry {entry} is NaN or infinite; weights must be finite", where=f"tensor {self.names[position]!r}"
            )
        return exactly(value)

    def tensors(self) -> list[AffineTensor]:
        """All inputs, at least one."""
        return [self.tensor(position) for position in range(max(len(self.inputs), 1))]

    def constant(self, position: int, what: str) -> AffineTensor:
        """An input that must not depend on the network's input."""
        tensor = self.tensor(position)
        if not tensor.is_constant:
            raise ValueError(f"{what} depends on the input, which is not affine")
        return tensor

    def floats(self, position: int, what: str) -> NDArray[np.float64]:
        """A constant input, rounded to doubles."""
        tensor = self.constant(position, what)
        return tensor.form.constant.floats.reshape(tensor.shape)

    def number(self, position: int, what: str) -> Fraction:
        """A constant input with one entry."""
        rows = self.constant(position, what).form.constant.fractions()
        if len(rows) != 1:
            raise ValueError(f"{what} is not one number")
        return rows[0][0]

    def integers(self, position: int) -> list[int]:
        """The entries of an input of constant integers."""
        value = self.any(position)
        if isinstance(value, AffineTensor) or value.dtype.kind == "f":
            raise ValueError(f"input {position} is not a constant of integers")
        return [int(entry) for entry in value.reshape(-1)]

    def listed(self, name: str, position: int) -> list[int] | None:
        """Integers that older opsets give as an attribute, and newer ones as an input; None where absent."""
        if name in self.attributes:
            return self.ints(name)
        return self.integers(position) if self.has(position) else None

    def integer(self, name: str, default: int | None = None) -> int:
        """An integer attribute."""
        value: int | None = self.attributes.get(name, default)  # of its type, as the operator set has it
        if value is None:
            raise ValueError(f"the attribute {name!r} is missing")
        return value

    def ints(self, name: str, default: list[int] | None = None) -> list[int]:
        """An attribute that lists integers."""
        value: list[int] | None = self.attributes.get(name, default)
        if value is None:
            raise ValueError(f"the attribute {name!r} is missing")
        return value

    def number_attribute(self, name: str) -> Fraction:
        """A number as an attribute, exactly."""
        return as_fraction(self.attributes[name])

    def text(self, name: str, default: str) -> str:
        """A text attribute."""
        value = self.attributes.get(name, default)
        return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)

    def axis(self, rank: int, default: int | None = None) -> int:
        """The attribute `axis`, counted from the front."""
        (axis,) = places([self.integer("axis", default)], rank)
        return axis


Operator = Callable[[Call], Value | list[Value]]

OPERATORS: dict[str, Operator] = {}
"""Operator type -> function, for every affine or piecewise-linear operator that is read."""

KINKS: set[str] = set()
"""Those of them that may add a stage."""

MOVES: set[str] = set()
"""Those that move or make entries of any element type, and do not look at their values."""

LAYERS: set[str] = set()
"""Those of them that are a layer, so that a smooth operator before and after them is an activation."""


def operator(
    *names: str, kink: bool = False, layer: bool = False, moves: bool = False
) -> Callable[[Operator], Operator]:
    """Register a function under these operator types; other domains than ONNX's own stand before a dot."""

    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        if kink:
            KINKS.update(names)
        if moves:
            MOVES.update(names)
        if layer:
            LAYERS.update(names)
        return function

    return register


def exactly(integers: NDArray[Any]) -> AffineTensor:
    """An array of integers or Booleans as a constant tensor."""
    values = integers.astype(np.int64) if integers.dtype.kind == "b" else integers
    column = RationalMatrix(values.reshape(-1, 1).astype(object))
    return AffineTensor(shape=tuple(integers.shape), form=AffineForm.of_constant(column))


def one_number(value: Fraction) -> AffineTensor:
    """A constant tensor without axes."""
    return AffineTensor(shape=(), form=AffineForm.of_constant(RationalMatrix.from_fractions([[value]], 1)))


def places(axes: list[int], rank: int) -> list[int]:
    """Axes counted from the front, each named once."""
    found = [axis % rank for axis in axes if -rank <= axis < rank]
    if len(found) != len(axes) or len(set(found)) != len(found):
        raise ValueError(f"axes {axes} are not distinct axes of {rank}")
    return found


def positions(value: Value) -> Index:
    """The number of each entry, in the value's shape."""
    return np.arange(int(np.prod(value.shape)), dtype=np.intp).reshape(value.shape)


def take(value: Value, index: Index) -> Value:
    """The entries at `index`, in the shape of that array."""
    return value.take(index) if isinstance(value, AffineTensor) else value.reshape(-1)[index]
