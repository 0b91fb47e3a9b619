"""ONNX operators as functions over affine tensors: one small function each.

A function takes the node's inputs (None where an optional one is absent) and its attributes, and
returns the output. It raises ValueError (or ArithmeticError) with the reason where the operator, as
used, is not affine; the reader adds the node's name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.network.affine_forms import AffineTensor
from relureg.network.rational import as_fraction

Value = AffineTensor | NDArray[np.int64]
Operator = Callable[[list[Value | None], Mapping[str, Any]], Value]

OPERATORS: dict[str, Operator] = {}
"""Operator type -> function, for every affine operator that is read."""

RELU = "Relu"
"""The operator that makes a stage."""

SMOOTH = frozenset({"ArgMax", "LogSoftmax", "Sigmoid", "Softmax", "Tanh"})
"""Operators that are not piecewise linear but may stand after the last ReLU, where they move no region."""

MIXING = frozenset({"Gemm", "MatMul"})
"""Operators that make a new layer, so that a smooth operator before and after them is an activation."""

_ROUNDING = {1: np.float32, 10: np.float16, 11: np.float64}
"""TensorProto type that a constant can be cast to -> what rounds it so."""


def _operator(*names: str) -> Callable[[Operator], Operator]:
    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


@_operator("Identity")
def _identity(inputs: list[Value | None], _: Mapping[str, Any]) -> Value:
    return _any(inputs, 0)


@_operator("Dropout")
def _dropout(inputs: list[Value | None], _: Mapping[str, Any]) -> Value:
    if len(inputs) > 2 and inputs[2] is not None and any(_integers(inputs, 2)):
        raise ValueError("it is in training mode, which is random; export the network for inference")
    return _any(inputs, 0)


@_operator("Cast")
def _cast(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    kind = _int(attributes, "to")
    value = _any(inputs, 0)
    if kind not in _ROUNDING:
        if isinstance(value, AffineTensor):
            raise ValueError(f"a cast to type number {kind} is not read; to float, double and float16 are")
        return value
    tensor = _tensor(inputs, 0)
    if not tensor.is_constant:
        return tensor  # how a runtime rounds what it computes is not part of the network
    with np.errstate(over="ignore"):
        rounded = tensor.form.constant.floats.astype(_ROUNDING[kind])
    return AffineTensor.of_array(rounded.reshape(tensor.shape))


@_operator("Gemm")
def _gemm(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    left, right = _as_matrix(_tensor(inputs, 0)), _as_matrix(_tensor(inputs, 1))
    if _int(attributes, "transA", 0):
        left = left.transpose((1, 0))
    if _int(attributes, "transB", 0):
        right = right.transpose((1, 0))
    product = _product(left, right).scale_by(_float(attributes, "alpha", 1.0))
    if len(inputs) < 3 or inputs[2] is None:
        return product
    addend = _tensor(inputs, 2).scale_by(_float(attributes, "beta", 1.0))
    return product + addend.broadcast_to(product.shape)


@_operator("MatMul")
def _matmul(inputs: list[Value | None], _: Mapping[str, Any]) -> Value:
    left, right = _tensor(inputs, 0), _tensor(inputs, 1)
    if not left.shape or not right.shape:
        raise ValueError("a factor is a scalar")
    # NumPy's rule: a vector on the left is a row, on the right a column, and the axis goes again.
    wide_left = left if len(left.shape) > 1 else left.reshape((1, *left.shape))
    wide_right = right if len(right.shape) > 1 else right.reshape((*right.shape, 1))
    product = _product(wide_left, wide_right)
    shape = list(product.shape)
    if len(right.shape) == 1:
        del shape[-1]
    if len(left.shape) == 1:
        del shape[-1 if len(right.shape) == 1 else -2]
    return product.reshape(shape)


@_operator("Add")
def _add(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    left, right = _aligned(inputs, attributes)
    return left + right


@_operator("Sub")
def _sub(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    left, right = _aligned(inputs, attributes)
    return left + (-right)


@_operator("Mul")
def _mul(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    left, right = _aligned(inputs, attributes)
    if right.is_constant:
        return left.multiply(right)
    if left.is_constant:
        return right.multiply(left)
    raise ValueError("both factors depend on the input, and their product is not affine")


@_operator("Div")
def _div(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    left, right = _aligned(inputs, attributes)
    if not right.is_constant:
        raise ValueError("the divisor depends on the input, which is not affine")
    return left.multiply(right.reciprocal())


@_operator("Neg")
def _neg(inputs: list[Value | None], _: Mapping[str, Any]) -> Value:
    return -_tensor(inputs, 0)


@_operator("Flatten")
def _flatten(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    return _flat(_tensor(inputs, 0), _int(attributes, "axis", 1))


@_operator("Reshape")
def _reshape(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    asked = _ints(attributes, "shape") if "shape" in attributes else _integers(inputs, 1)
    target = list(asked)
    if not _int(attributes, "allowzero", 0):
        for i, size in enumerate(asked):
            if size == 0 and i < len(value.shape):
                target[i] = value.shape[i]
    size = math.prod(value.shape)
    if target.count(-1) == 1:
        known = -math.prod(target)
        target[target.index(-1)] = size // known if known > 0 else 0
    if min(target, default=1) < 0 or math.prod(target) != size:
        raise ValueError(f"{size} entries do not fill shape {asked}")
    return value.reshape(target)


@_operator("Transpose")
def _transpose(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    axes = _ints(attributes, "perm") if "perm" in attributes else list(range(len(value.shape)))[::-1]
    if sorted(axes) != list(range(len(value.shape))):
        raise ValueError(f"perm {axes} does not order the {len(value.shape)} axes")
    return value.transpose(axes)


@_operator("Squeeze")
def _squeeze(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    axes = _axes(inputs, attributes)
    gone = {i for i, s in enumerate(value.shape) if s == 1} if axes is None else _places(axes, len(value.shape))
    if any(value.shape[axis] != 1 for axis in gone):
        raise ValueError(f"axes {sorted(gone)} of shape {list(value.shape)} are not all of size 1")
    return value.reshape([size for axis, size in enumerate(value.shape) if axis not in gone])


@_operator("Unsqueeze")
def _unsqueeze(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    axes = _axes(inputs, attributes) or []
    rank = len(value.shape) + len(axes)
    new = _places(axes, rank)
    old = iter(value.shape)
    return value.reshape([1 if axis in new else next(old) for axis in range(rank)])


# -- what the functions share --------------------------------------------------------------------------


def _any(inputs: list[Value | None], position: int) -> Value:
    value = inputs[position] if position < len(inputs) else None
    if value is None:
        raise ValueError(f"input {position} is missing")
    return value


def _tensor(inputs: list[Value | None], position: int) -> AffineTensor:
    value = _any(inputs, position)
    return value if isinstance(value, AffineTensor) else AffineTensor.of_array(value)


def _integers(inputs: list[Value | None], position: int) -> list[int]:
    value = _any(inputs, position)
    if isinstance(value, AffineTensor):
        raise ValueError(f"input {position} is not a constant of integers")
    return [int(entry) for entry in value.reshape(-1)]


def _axes(inputs: list[Value | None], attributes: Mapping[str, Any]) -> list[int] | None:
    if "axes" in attributes:
        return _ints(attributes, "axes")
    return _integers(inputs, 1) if len(inputs) > 1 and inputs[1] is not None else None


def _places(axes: list[int], rank: int) -> set[int]:
    """Axes counted from the front, each named once."""
    places = {axis % rank for axis in axes if -rank <= axis < rank}
    if len(places) != len(axes):
        raise ValueError(f"axes {axes} are not distinct axes of {rank}")
    return places


def _int(attributes: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = attributes.get(name, default)
    if not isinstance(value, int):
        raise ValueError(f"the attribute {name!r} is missing or no integer")
    return value


def _ints(attributes: Mapping[str, Any], name: str) -> list[int]:
    value = attributes.get(name)
    if not isinstance(value, list) or not all(isinstance(entry, int) for entry in value):
        raise ValueError(f"the attribute {name!r} is missing or no list of integers")
    return value


def _float(attributes: Mapping[str, Any], name: str, default: float) -> Fraction:
    value = attributes.get(name, default)
    if not isinstance(value, float):
        raise ValueError(f"the attribute {name!r} is no number")
    return as_fraction(value)


def _aligned(inputs: list[Value | None], attributes: Mapping[str, Any]) -> tuple[AffineTensor, AffineTensor]:
    """Both operands; before opset 7 the second one is aligned by the attribute `axis`."""
    left, right = _tensor(inputs, 0), _tensor(inputs, 1)
    if "axis" in attributes and _int(attributes, "broadcast", 0):
        trailing = len(left.shape) - _int(attributes, "axis") % max(len(left.shape), 1) - len(right.shape)
        right = right.reshape((*right.shape, *([1] * trailing)))
    return left, right


def _as_matrix(value: AffineTensor) -> AffineTensor:
    """Gemm takes matrices; a MATLAB exporter feeds it [1, 1, 1, n], which means [1, n]."""
    return value if len(value.shape) == 2 else _flat(value, 1)


def _flat(value: AffineTensor, axis: int) -> AffineTensor:
    rank = len(value.shape)
    if not -rank <= axis <= rank:
        raise ValueError(f"axis {axis} is none of the {rank} axes of shape {list(value.shape)}")
    rows = math.prod(value.shape[: axis if axis >= 0 else axis + rank])
    return value.reshape((rows, value.form.size // rows if rows else 0))


def _product(left: AffineTensor, right: AffineTensor) -> AffineTensor:
    if right.is_constant and len(right.shape) == 2:
        return left.matmul(right)
    if left.is_constant and len(left.shape) == 2 and len(right.shape) == 2:
        return right.transpose((1, 0)).matmul(left.transpose((1, 0))).transpose((1, 0))
    if not (left.is_constant or right.is_constant):
        raise ValueError("both factors depend on the input, and their product is not affine")
    raise ValueError(f"a constant factor of rank other than 2 is not read ({list(left.shape)} @ {list(right.shape)})")
