"""ONNX operators as functions over affine tensors: one small function each.

A function takes the node's inputs (None where an optional one is absent) and its attributes, and
returns the output. It raises ValueError (or ZeroDivisionError) with the reason where the operator, as
used, is not affine; the reader adds the node's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.network.affine_forms import AffineTensor

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

_FLOAT_TYPES = {1, 10, 11, 16}  # TensorProto FLOAT, FLOAT16, DOUBLE, BFLOAT16


def _operator(*names: str) -> Callable[[Operator], Operator]:
    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


@_operator("Identity", "Dropout")
def _identity(inputs: list[Value | None], _: Mapping[str, Any]) -> Value:
    return _any(inputs, 0)


@_operator("Cast")
def _cast(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    if attributes["to"] in _FLOAT_TYPES:
        return _tensor(inputs, 0)
    if isinstance(value, AffineTensor):
        raise ValueError("a cast to integers rounds, which is not affine")
    return value


@_operator("Gemm")
def _gemm(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    left, right = _as_matrix(_tensor(inputs, 0)), _as_matrix(_tensor(inputs, 1))
    if attributes.get("transA", 0):
        left = left.transpose((1, 0))
    if attributes.get("transB", 0):
        right = right.transpose((1, 0))
    product = _product(left, right).scale_by(Fraction(attributes.get("alpha", 1.0)))
    if len(inputs) < 3 or inputs[2] is None:
        return product
    addend = _tensor(inputs, 2).scale_by(Fraction(attributes.get("beta", 1.0)))
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
    return _flat(_tensor(inputs, 0), attributes.get("axis", 1))


@_operator("Reshape")
def _reshape(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    target = list(attributes["shape"]) if "shape" in attributes else _integers(inputs, 1)
    if not attributes.get("allowzero", 0):
        target = [value.shape[i] if size == 0 else size for i, size in enumerate(target)]
    if target.count(-1) == 1:
        known = int(np.prod([size for size in target if size != -1], dtype=np.int64))
        size = int(np.prod(value.shape, dtype=np.int64))
        if known <= 0 or size % known:
            raise ValueError(f"{size} entries do not fill shape {target}")
        target[target.index(-1)] = size // known
    return value.reshape(target)


@_operator("Transpose")
def _transpose(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    axes = attributes.get("perm") or list(range(len(value.shape)))[::-1]
    if sorted(axes) != list(range(len(value.shape))):
        raise ValueError(f"perm {list(axes)} does not order the {len(value.shape)} axes")
    return value.transpose(axes)


@_operator("Squeeze")
def _squeeze(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    axes = _axes(inputs, attributes)
    rank = len(value.shape)
    gone = {i for i, s in enumerate(value.shape) if s == 1} if axes is None else {a % rank for a in axes}
    if any(value.shape[axis] != 1 for axis in gone):
        raise ValueError(f"axes {sorted(gone)} of shape {list(value.shape)} are not all of size 1")
    return value.reshape([size for axis, size in enumerate(value.shape) if axis not in gone])


@_operator("Unsqueeze")
def _unsqueeze(inputs: list[Value | None], attributes: Mapping[str, Any]) -> Value:
    value = _any(inputs, 0)
    axes = _axes(inputs, attributes) or []
    rank = len(value.shape) + len(axes)
    new = {axis % rank for axis in axes}
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
        return list(attributes["axes"])
    return _integers(inputs, 1) if len(inputs) > 1 and inputs[1] is not None else None


def _aligned(inputs: list[Value | None], attributes: Mapping[str, Any]) -> tuple[AffineTensor, AffineTensor]:
    """Both operands; before opset 7 the second one is aligned by the attribute `axis`."""
    left, right = _tensor(inputs, 0), _tensor(inputs, 1)
    if "axis" in attributes and attributes.get("broadcast", 0):
        trailing = len(left.shape) - attributes["axis"] % max(len(left.shape), 1) - len(right.shape)
        right = right.reshape((*right.shape, *([1] * trailing)))
    return left, right


def _as_matrix(value: AffineTensor) -> AffineTensor:
    """Gemm takes matrices; a MATLAB exporter feeds it [1, 1, 1, n], which means [1, n]."""
    return value if len(value.shape) == 2 else _flat(value, 1)


def _flat(value: AffineTensor, axis: int) -> AffineTensor:
    axis = axis if axis >= 0 else axis + len(value.shape)
    rows = int(np.prod(value.shape[:axis], dtype=np.int64))
    return value.reshape((rows, value.form.size // rows if rows else 0))


def _product(left: AffineTensor, right: AffineTensor) -> AffineTensor:
    if right.is_constant and len(right.shape) == 2:
        return left.matmul(right)
    if left.is_constant and len(left.shape) == 2 and len(right.shape) == 2:
        return right.transpose((1, 0)).matmul(left.transpose((1, 0))).transpose((1, 0))
    if not (left.is_constant or right.is_constant):
        raise ValueError("both factors depend on the input, and their product is not affine")
    raise ValueError(f"a constant factor of rank other than 2 is not read ({list(left.shape)} @ {list(right.shape)})")
