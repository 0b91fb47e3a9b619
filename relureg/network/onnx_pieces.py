"""ONNX operators that are piecewise linear: they add stages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from relureg.network.affine_forms import AffineForm, AffineTensor
from relureg.network.onnx_call import Call, Value, operator, places
from relureg.network.rational import RationalMatrix

_LARGEST = float(np.finfo(np.float32).max)
"""Opset 6 writes a bound that is absent as this."""


@operator("Relu", kink=True)
def _relu(call: Call) -> Value:
    value = call.any(0)
    if not isinstance(value, AffineTensor):
        raise ValueError("a ReLU of a constant of integers is not read")
    return call.builder.relu(value, call.label)


@operator("LeakyRelu", kink=True)
def _leaky_relu(call: Call) -> Value:
    slope = RationalMatrix.from_fractions([[call.number_attribute("alpha", 0.01)]], 1)
    slopes = AffineTensor(shape=(), form=AffineForm.of_constant(slope))
    return call.builder.leaky_relu(call.tensor(0), slopes, call.label)


@operator("PRelu", kink=True)
def _prelu(call: Call) -> Value:
    return call.builder.leaky_relu(call.tensor(0), call.constant(1, "the slope"), call.label)


@operator("ThresholdedRelu", kink=True)
def _thresholded_relu(call: Call) -> Value:
    if call.number_attribute("alpha", 1.0):
        raise ValueError("it jumps at its threshold, and is continuous only for the threshold 0; use Relu")
    return call.builder.relu(call.tensor(0), call.label)


@operator("Abs", kink=True)
def _abs(call: Call) -> Value:
    return call.builder.absolute(call.tensor(0), call.label)


@operator("Clip", kink=True)
def _clip(call: Call) -> Value:
    low, high = (_bound(call, name, position) for name, position in (("min", 1), ("max", 2)))
    if isinstance(call.any(0), np.ndarray):
        raise ValueError("a clip of integers is not read")
    return call.builder.clip(call.tensor(0), low, high, call.label)


@operator("HardSigmoid", kink=True)
def _hard_sigmoid(call: Call) -> Value:
    alpha, beta = call.number_attribute("alpha", float(np.float32(0.2))), call.number_attribute("beta", 0.5)
    x = call.tensor(0)
    shift = AffineTensor(shape=(), form=AffineForm.of_constant(RationalMatrix.from_fractions([[beta]], 1)))
    return call.builder.clip(x.scale_by(alpha) + shift, Fraction(0), Fraction(1), call.label)


@operator("Max", kink=True)
def _max(call: Call) -> Value:
    if call.inputs and all(isinstance(value, np.ndarray) for value in call.inputs):
        return np.asarray(np.maximum.reduce(np.broadcast_arrays(*call.inputs)))  # type: ignore[arg-type]
    return call.builder.maximum(call.tensors(), call.label)


@operator("Min", kink=True)
def _min(call: Call) -> Value:
    if call.inputs and all(isinstance(value, np.ndarray) for value in call.inputs):
        return np.asarray(np.minimum.reduce(np.broadcast_arrays(*call.inputs)))  # type: ignore[arg-type]
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
    if name in call.attributes:
        value = call.attributes[name]
        if isinstance(value, float) and abs(value) >= _LARGEST:
            return None
        return call.number_attribute(name, 0.0)
    if not call.has(position):
        return None
    bound = call.number(position, "the bound")
    return None if abs(bound) >= Fraction(_LARGEST) else bound
