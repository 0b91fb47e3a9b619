"""ONNX operators that are piecewise linear: they add stages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from relureg.exact.numbers import as_fraction
from relureg.network.affine_forms import AffineTensor
from relureg.readers.onnx.call import Call, Value, one_number, operator, places

_LARGEST = Fraction(float(np.finfo(np.float32).max))
"""Opset 6 writes a bound that is absent as this."""


@operator("Relu", kink=True)
def _relu(call: Call) -> Value:
    return call.builder.relu(call.tensor(0), call.label)


@operator("LeakyRelu", kink=True)
def _leaky_relu(call: Call) -> Value:
    return call.builder.leaky_relu(call.tensor(0), one_number(call.number_attribute("alpha")), call.label)


@operator("PRelu", kink=True)
def _prelu(call: Call) -> Value:
    x, slope = call.tensor(0), call.constant(1, "the slope")
    if call.version < 7 and slope.form.size > 1:  # then it has an entry for each channel
        slope = slope.reshape((slope.form.size, *([1] * (len(x.shape) - 2))))
    return call.builder.leaky_relu(x, slope, call.label)


@operator("ThresholdedRelu", kink=True)
def _thresholded_relu(call: Call) -> Value:
    if call.number_attribute("alpha"):
        raise ValueError("it jumps at its threshold, and is continuous only for the threshold 0; use Relu")
    return call.builder.relu(call.tensor(0), call.label)


@operator("Abs", kink=True)
def _abs(call: Call) -> Value:
    return call.builder.absolute(call.tensor(0), call.label)


@operator("Clip", kink=True)
def _clip(call: Call) -> Value:
    low, high = (_bound(call, name, position) for name, position in (("min", 1), ("max", 2)))
    return call.builder.clip(call.tensor(0), low, high, call.label)


@operator("HardSigmoid", kink=True)
def _hard_sigmoid(call: Call) -> Value:
    line = call.tensor(0).scale_by(call.number_attribute("alpha")) + one_number(call.number_attribute("beta"))
    return call.builder.clip(line, Fraction(0), Fraction(1), call.label)


@operator("Max", kink=True)
def _max(call: Call) -> Value:
    return call.builder.maximum(call.tensors(), call.label)


@operator("Min", kink=True)
def _min(call: Call) -> Value:
    return call.builder.minimum(call.tensors(), call.label)


@operator("ReduceMax", kink=True)
def _reduce_max(call: Call) -> Value:
    return _largest(call, call.tensor(0))


@operator("ReduceMin", kink=True)
def _reduce_min(call: Call) -> Value:
    return -_largest(call, -call.tensor(0))


@operator("GlobalMaxPool", kink=True)
def _global_max_pool(call: Call) -> Value:
    x = call.tensor(0)
    axes = list(range(2, len(x.shape)))
    windows, shape = _groups(x, axes, keep=True)
    return call.builder.maximum_over(x, windows, shape, call.label)


def _largest(call: Call, x: AffineTensor) -> AffineTensor:
    axes = call.listed("axes", 1)
    if axes is None or not axes:
        if call.integer("noop_with_empty_axes", 0):
            return x
        axes = list(range(len(x.shape)))
    windows, shape = _groups(x, places(axes, len(x.shape)), keep=bool(call.integer("keepdims", 1)))
    return call.builder.maximum_over(x, windows, shape, call.label)


def _groups(x: AffineTensor, axes: Sequence[int], *, keep: bool) -> tuple[list[list[int]], list[int]]:
    """The entries that fall together when `axes` are reduced, and the shape that is left."""
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape) if keep or axis not in axes]
    if not x.form.size:
        raise ValueError("a maximum over an empty tensor")
    moved = x.positions().transpose([*kept, *axes])
    return moved.reshape(math.prod(x.shape[axis] for axis in kept), -1).tolist(), shape


def _bound(call: Call, name: str, position: int) -> Fraction | None:
    """The lower (`position` 1) or upper bound of a Clip; None where it bounds nothing."""
    given = call.attributes[name] if name in call.attributes else call.any(position) if call.has(position) else None
    if given is None:
        return None
    if not isinstance(given, float) and math.prod(given.shape) != 1:
        raise ValueError("the bound is not one number")
    if isinstance(given, np.ndarray) and given.dtype.kind == "f":
        given = float(given.reshape(()))
    if isinstance(given, float) and not math.isfinite(given):
        if given == (-math.inf if position == 1 else math.inf):
            return None
        raise ValueError(f"its bound {given} leaves no finite number")
    bound = as_fraction(given) if isinstance(given, float) else call.number(position, "the bound")
    return None if bound == (-_LARGEST if position == 1 else _LARGEST) else bound
