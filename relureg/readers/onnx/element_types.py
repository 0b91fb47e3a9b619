"""ONNX operators between element types: casts, and integers that stand for quantised weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineTensor
from relureg.readers.onnx.call import Call, Value, exactly, operator
from relureg.readers.onnx.constant_tensors import of_floats

_FLOATS: dict[int, Any] = {1: np.float32, 10: np.float16, 11: np.float64}
_BFLOAT16 = 16
_INTEGERS: dict[int, Any] = {
    2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_,
    12: np.uint32, 13: np.uint64,
}  # fmt: skip
"""TensorProto type that a constant can be cast to -> the same of NumPy."""


@operator("Cast", moves=True)
def _cast(call: Call) -> Value:
    kind: Any = call.attributes.get("to")
    if kind is None:
        raise ValueError("the attribute 'to' is missing")
    if isinstance(kind, bytes):  # operator set 1 has the type's name
        from onnx import TensorProto

        name = kind.decode("ascii", "replace")
        kind = TensorProto.DataType.Value(name) if name in dict(TensorProto.DataType.items()) else name
    value = call.any(0)
    if kind in _FLOATS or kind == _BFLOAT16:
        return _to_float(value, kind)
    if kind not in _INTEGERS:
        raise ValueError(f"a cast to type number {kind} is not read; to floats, integers and Booleans are")
    if isinstance(value, AffineTensor) and not value.is_constant:
        raise ValueError("a cast of what depends on the input to integers or Booleans jumps; it is not affine")
    return _to_integer(value, np.dtype(_INTEGERS[kind]))


@operator("CastLike", moves=True)
def _cast_like(call: Call) -> Value:
    value, like = call.any(0), call.any(1)
    if isinstance(like, np.ndarray) and like.dtype.kind != "f":
        if isinstance(value, AffineTensor) and not value.is_constant:
            raise ValueError("a cast of what depends on the input to integers or Booleans jumps; it is not affine")
        return _to_integer(value, like.dtype)
    if isinstance(value, AffineTensor) and not value.is_constant:
        return value
    # Which float type it is does not matter where the smallest ones hold the numbers.
    wide, *narrow = (_to_float(value, kind) for kind in (11, 10, _BFLOAT16))
    if any(not _equal(wide, other) for other in narrow):
        raise ValueError("a constant is rounded to the float type of another tensor, which is not known; use Cast")
    return wide


@operator("DequantizeLinear")
def _dequantize(call: Call) -> Value:
    x = call.any(0)
    if isinstance(x, AffineTensor) or x.dtype.kind not in "iu":
        raise ValueError("what it takes is no constant of integers")
    shape = tuple(x.shape)
    scale = _along(call, call.constant(1, "the scale"), shape)
    offset = call.any(2) if call.has(2) else np.zeros(1, dtype=x.dtype)
    if isinstance(offset, AffineTensor) or offset.dtype != x.dtype:
        raise ValueError("its zero point has another type than the integers")
    if not call.has(2):
        return exactly(x).multiply(scale)
    return (exactly(x) + (-_along(call, exactly(offset), shape))).multiply(scale)


@operator("QuantizeLinear")
def _quantize(call: Call) -> Value:
    x = call.constant(0, "what it rounds")
    scale = _along(call, call.constant(1, "the scale"), x.shape)
    offset = (
        call.any(2) if call.has(2) else np.zeros((), dtype=_INTEGERS.get(call.integer("output_dtype", 0), np.uint8))
    )
    if isinstance(offset, AffineTensor) or offset.dtype.kind not in "iu":
        raise ValueError("it gives no integers")
    if call.integer("precision", 0):
        raise ValueError("it divides in another precision than that of its numbers, which is not read")
    whole = _decided(x.multiply(scale.reciprocal()).form.constant, round)
    shift = _along(call, exactly(offset), x.shape).form.constant.numerators[:, 0].tolist()
    info = np.iinfo(offset.dtype)
    shifted = [min(max(number + more, info.min), info.max) for number, more in zip(whole, shift, strict=True)]
    return np.array(shifted, dtype=offset.dtype).reshape(x.shape)


def _along(call: Call, parameter: AffineTensor, shape: tuple[int, ...]) -> AffineTensor:
    """A scale or zero point for each entry: one for all, for each place along an axis, or for each block there."""
    if parameter.form.size == 1 and len(parameter.shape) <= 1:
        return parameter.reshape(()).broadcast_to(shape)
    axis, block = call.axis(len(shape)), call.integer("block_size", 0)
    if not block:
        if parameter.shape != (shape[axis],):
            raise ValueError(f"a parameter of shape {list(parameter.shape)} does not fit axis {axis} of {list(shape)}")
        return parameter.reshape((-1 if not shape[axis] else shape[axis], *[1] * (len(shape) - axis - 1))).broadcast_to(
            shape
        )
    blocks = tuple(-(-size // block) if place == axis else size for place, size in enumerate(shape))
    if block < 0 or parameter.shape != blocks:
        raise ValueError(f"a parameter of shape {list(parameter.shape)} does not fit blocks of {block}: {list(blocks)}")
    return parameter.take(np.repeat(parameter.positions(), block, axis=axis).take(np.arange(shape[axis]), axis=axis))


def _to_float(value: Value, kind: int) -> Value:
    if isinstance(value, AffineTensor):
        if not value.is_constant:
            return value  # how a runtime rounds what it computes is not part of the network
        plain: NDArray[Any] = value.form.constant.floats.reshape(value.shape)
    else:
        plain = value
    with np.errstate(over="ignore"):
        if kind != _BFLOAT16:
            return of_floats(plain.astype(_FLOATS[kind]).astype(np.float64))
        import ml_dtypes

        return of_floats(plain.astype(np.float32).astype(ml_dtypes.bfloat16).astype(np.float64))


def _to_integer(value: Value, kind: np.dtype[Any]) -> NDArray[Any]:
    if isinstance(value, np.ndarray) and value.dtype.kind != "f":
        return value.astype(kind)  # wraps around, and to Booleans says what is not zero, as the operator does
    if isinstance(value, np.ndarray):
        if kind.kind == "b":
            return value.astype(kind)
        raise ValueError("a number that is NaN or infinite is cast to an integer, which nobody defines")
    exact = value.form.constant
    if kind.kind == "b":
        return exact.numerators.astype(np.bool_).reshape(value.shape)
    whole = _decided(exact, math.trunc)
    info = np.iinfo(kind)
    if any(not info.min <= number <= info.max for number in whole):
        raise ValueError(f"a number is beyond the range of {kind}, where nobody defines what a cast gives")
    return np.array(whole, dtype=kind).reshape(value.shape)


def _decided(column: RationalMatrix, to_whole: Callable[[Fraction], int]) -> list[int]:
    """Each number made whole; refused where it is so near to the next one that a float32 would be made that."""
    whole = [to_whole(number) for (number,) in column.fractions()]
    rounded = RationalMatrix.from_floats(column.floats.astype(np.float32))
    if whole != [to_whole(number) for (number,) in rounded.fractions()]:
        raise ValueError("a number is so near to where it jumps that rounding would decide what it gives")
    return whole


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, AffineTensor) and isinstance(right, AffineTensor):
        return left.form.constant == right.form.constant
    return isinstance(left, np.ndarray) and isinstance(right, np.ndarray) and np.array_equal(left, right)
