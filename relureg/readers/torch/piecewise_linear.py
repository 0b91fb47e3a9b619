"""PyTorch's functions that are piecewise linear: they add stages."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from relureg.network.affine_forms import AffineTensor
from relureg.readers.torch.functions import Context, Function, Indices, WithIndices, axes_of, function


@function("relu", "relu_", kink=True)
def _relu(c: Context, input: AffineTensor, inplace: bool = False) -> AffineTensor:
    return c.builder.relu(input, c.label)


@function("leaky_relu", "leaky_relu_", kink=True)
def _leaky_relu(c: Context, input: AffineTensor, negative_slope: float = 0.01, inplace: bool = False) -> AffineTensor:
    return c.builder.leaky_relu(input, c.tensor(negative_slope), c.label)


@function("prelu", kink=True)
def _prelu(c: Context, input: AffineTensor, weight: AffineTensor) -> AffineTensor:
    slopes = weight
    if weight.form.size > 1:  # one for each channel
        slopes = weight.reshape((weight.form.size, *([1] * (len(input.shape) - 2))))
    return c.builder.leaky_relu(input, slopes, c.label)


@function("abs", "absolute", "abs_", kink=True)
def _abs(c: Context, input: AffineTensor) -> AffineTensor:
    return c.builder.absolute(input, c.label)


@function("clamp", "clip", "clamp_", kink=True)
def _clamp(c: Context, input: AffineTensor, min: Any = None, max: Any = None) -> AffineTensor:
    low, high = (None if bound is None else _one(c, bound) for bound in (min, max))
    return c.builder.clip(input, low, high, c.label)


@function("clamp_min", kink=True)
def _clamp_min(c: Context, input: AffineTensor, min: Any) -> AffineTensor:
    return _clamp(c, input, min, None)


@function("clamp_max", kink=True)
def _clamp_max(c: Context, input: AffineTensor, max: Any) -> AffineTensor:
    return _clamp(c, input, None, max)


@function("hardtanh", "hardtanh_", kink=True)
def _hardtanh(
    c: Context, input: AffineTensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> AffineTensor:
    return c.builder.clip(input, c.number(min_val), c.number(max_val), c.label)


@function("relu6", kink=True)
def _relu6(c: Context, input: AffineTensor, inplace: bool = False) -> AffineTensor:
    return c.builder.clip(input, Fraction(0), Fraction(6), c.label)


@function("hardsigmoid", kink=True)
def _hardsigmoid(c: Context, input: AffineTensor, inplace: bool = False) -> AffineTensor:
    shifted = input + c.tensor(3.0)
    return c.builder.clip(shifted, Fraction(0), Fraction(6), c.label).scale_by(Fraction(1, 6))


@function("threshold", "threshold_", kink=True)
def _threshold(c: Context, input: AffineTensor, threshold: float, value: float, inplace: bool = False) -> AffineTensor:
    if threshold != value:
        raise ValueError("it jumps at its threshold; it is continuous only where value and threshold are equal")
    return c.builder.clip(input, c.number(threshold), None, c.label)


@function("maximum", kink=True)
def _maximum(c: Context, input: Any, other: Any) -> AffineTensor:
    return c.builder.maximum([c.tensor(input), c.tensor(other)], c.label)


@function("minimum", kink=True)
def _minimum(c: Context, input: Any, other: Any) -> AffineTensor:
    return c.builder.minimum([c.tensor(input), c.tensor(other)], c.label)


@function("amax", kink=True)
def _amax(c: Context, input: AffineTensor, dim: Any = (), keepdim: bool = False) -> AffineTensor:
    axes = axes_of(dim, len(input.shape))
    kept = [axis for axis in range(len(input.shape)) if axis not in axes]
    shape = [1 if a in axes else size for a, size in enumerate(input.shape) if keepdim or a not in axes]
    moved = input.positions().transpose([*kept, *axes])
    windows = moved.reshape(math.prod(input.shape[axis] for axis in kept), -1).tolist()
    return c.builder.maximum_over(input, windows, shape, c.label)


@function("amin", kink=True)
def _amin(c: Context, input: AffineTensor, dim: Any = (), keepdim: bool = False) -> AffineTensor:
    return -_amax(c, -input, dim, keepdim)


@function("max", kink=True)
def _max(c: Context, input: AffineTensor, other: Any = None, keepdim: bool = False, dim: Any = None) -> Any:
    return _extreme_of(c, input, other, keepdim, dim, _maximum, _amax)


@function("min", kink=True)
def _min(c: Context, input: AffineTensor, other: Any = None, keepdim: bool = False, dim: Any = None) -> Any:
    return _extreme_of(c, input, other, keepdim, dim, _minimum, _amin)


def _extreme_of(
    c: Context, input: AffineTensor, other: Any, keepdim: bool, dim: Any, of_two: Function, along: Function
) -> Any:
    if isinstance(other, AffineTensor):
        return of_two(c, input, other)
    dim = other if dim is None else dim
    if dim is None:
        return along(c, input)
    return WithIndices(along(c, input, dim, keepdim), Indices())


def _one(c: Context, bound: Any) -> Fraction:
    tensor = c.tensor(bound)
    if not tensor.is_constant or tensor.form.size != 1:
        raise ValueError("a bound is not one constant number")
    return tensor.form.constant.fractions()[0][0]
