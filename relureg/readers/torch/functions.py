"""PyTorch's functions over affine tensors, by the names and arguments that PyTorch gives them.

One small function each; a method of a tensor and a function of the same name are one. Modules become
calls of these in `MODULES`. A function raises ValueError where it is not piecewise linear as used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

import numpy as np

from relureg.exact.numbers import as_fraction
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm, AffineTensor, concatenate
from relureg.readers.building.normalisation import batch_norm_scale
from relureg.readers.building.pieces import StageBuilder
from relureg.readers.building.windows import Windows, average, convolve, convolve_transposed, seen_by_windows
from relureg.readers.onnx.arithmetic import sum_over
from relureg.readers.onnx.shapes import pad as pad_tensor


@dataclass(slots=True)
class Context:
    """What a function may need besides its arguments."""

    dtype: Any
    """The NumPy type of the module's parameters: PyTorch rounds Python numbers to it."""
    builder: StageBuilder = field(default_factory=StageBuilder)
    notices: list[str] = field(default_factory=list)
    label: str = ""
    """How messages and stages name the node."""
    memory: dict[int, tuple[AffineTensor, int]] = field(default_factory=dict)
    """By the id of a tensor: the tensor itself, and whose memory it looks into."""
    changed: set[int] = field(default_factory=set)
    """The ids of tensors whose memory an in-place operation has overwritten."""

    def number(self, value: float) -> Fraction:
        """A Python number as PyTorch's kernels see it."""
        return as_fraction(float(self.dtype(value)))

    def tensor(self, value: Any) -> AffineTensor:
        """A number as a tensor; a tensor as it is."""
        if isinstance(value, AffineTensor):
            return value
        column = RationalMatrix.from_fractions([[self.number(value)]], 1)
        return AffineTensor(shape=(), form=AffineForm.of_constant(column))


Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

FUNCTIONS: dict[str, Function] = {}
"""Name of a function or method -> function of the context and PyTorch's own arguments."""

KINKS: set[str] = set()
"""Those that may add a stage."""

LAYERS = {"linear", "addmm", "matmul", "conv1d", "conv2d", "conv3d",
          "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}  # fmt: skip
"""Those that are a layer, so that a smooth function before and after them is an activation."""

SMOOTH = {"argmax", "log_softmax", "sigmoid", "softmax", "tanh"}
"""Functions that may stand after the last kink, where they move no region."""


VIEWS = {"flatten", "unflatten", "reshape", "view", "permute", "transpose", "swapaxes", "t", "squeeze", "unsqueeze",
         "chunk", "split", "expand", "getitem", "getattr", "select", "slice", "contiguous", "detach", "to", "float",
         "double", "identity", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
         "feature_alpha_dropout"}  # fmt: skip
"""Functions whose result may look into the memory of their argument."""

IN_PLACE = {"relu": 1, "leaky_relu": 2, "relu6": 1, "hardtanh": 3, "hardsigmoid": 1, "threshold": 3}
"""Functions that may overwrite their argument, and the place of the argument that tells them to."""


def _function(*names: str, kink: bool = False) -> Callable[[F], F]:
    def register(function: F) -> F:
        FUNCTIONS.update(dict.fromkeys(names, function))
        if kink:
            KINKS.update(names)
        return function

    return register


# -- kinks ---------------------------------------------------------------------------------------------


@_function("relu", "relu_", kink=True)
def _relu(c: Context, input: AffineTensor, inplace: bool = False) -> AffineTensor:
    return c.builder.relu(input, c.label)


@_function("leaky_relu", "leaky_relu_", kink=True)
def _leaky_relu(c: Context, input: AffineTensor, negative_slope: float = 0.01, inplace: bool = False) -> AffineTensor:
    return c.builder.leaky_relu(input, c.tensor(negative_slope), c.label)


@_function("prelu", kink=True)
def _prelu(c: Context, input: AffineTensor, weight: AffineTensor) -> AffineTensor:
    slopes = weight
    if weight.form.size > 1:  # one for each channel
        slopes = weight.reshape((weight.form.size, *([1] * (len(input.shape) - 2))))
    return c.builder.leaky_relu(input, slopes, c.label)


@_function("abs", "absolute", "abs_", kink=True)
def _abs(c: Context, input: AffineTensor) -> AffineTensor:
    return c.builder.absolute(input, c.label)


@_function("clamp", "clip", "clamp_", kink=True)
def _clamp(c: Context, input: AffineTensor, min: Any = None, max: Any = None) -> AffineTensor:
    low, high = (None if bound is None else _one(c, bound) for bound in (min, max))
    return c.builder.clip(input, low, high, c.label)


@_function("clamp_min", kink=True)
def _clamp_min(c: Context, input: AffineTensor, min: Any) -> AffineTensor:
    return _clamp(c, input, min, None)


@_function("clamp_max", kink=True)
def _clamp_max(c: Context, input: AffineTensor, max: Any) -> AffineTensor:
    return _clamp(c, input, None, max)


@_function("hardtanh", "hardtanh_", kink=True)
def _hardtanh(
    c: Context, input: AffineTensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> AffineTensor:
    return c.builder.clip(input, c.number(min_val), c.number(max_val), c.label)


@_function("relu6", kink=True)
def _relu6(c: Context, input: AffineTensor, inplace: bool = False) -> AffineTensor:
    return c.builder.clip(input, Fraction(0), Fraction(6), c.label)


@_function("hardsigmoid", kink=True)
def _hardsigmoid(c: Context, input: AffineTensor, inplace: bool = False) -> AffineTensor:
    shifted = input + c.tensor(3.0)
    return c.builder.clip(shifted, Fraction(0), Fraction(6), c.label).scale_by(Fraction(1, 6))


@_function("threshold", "threshold_", kink=True)
def _threshold(c: Context, input: AffineTensor, threshold: float, value: float, inplace: bool = False) -> AffineTensor:
    if threshold != value:
        raise ValueError("it jumps at its threshold; it is continuous only where value and threshold are equal")
    return c.builder.clip(input, c.number(threshold), None, c.label)


@_function("maximum", kink=True)
def _maximum(c: Context, input: Any, other: Any) -> AffineTensor:
    return c.builder.maximum([c.tensor(input), c.tensor(other)], c.label)


@_function("minimum", kink=True)
def _minimum(c: Context, input: Any, other: Any) -> AffineTensor:
    return c.builder.minimum([c.tensor(input), c.tensor(other)], c.label)


@_function("amax", kink=True)
def _amax(c: Context, input: AffineTensor, dim: Any = (), keepdim: bool = False) -> AffineTensor:
    axes = _axes(dim, len(input.shape))
    kept = [axis for axis in range(len(input.shape)) if axis not in axes]
    shape = [1 if a in axes else size for a, size in enumerate(input.shape) if keepdim or a not in axes]
    moved = input.positions().transpose([*kept, *axes])
    windows = moved.reshape(math.prod(input.shape[axis] for axis in kept), -1).tolist()
    return c.builder.maximum_over(input, windows, shape, c.label)


@_function("amin", kink=True)
def _amin(c: Context, input: AffineTensor, dim: Any = (), keepdim: bool = False) -> AffineTensor:
    return -_amax(c, -input, dim, keepdim)


@_function("max", kink=True)
def _max(c: Context, input: AffineTensor, other: Any = None, keepdim: bool = False, dim: Any = None) -> Any:
    return _extreme_of(c, input, other, keepdim, dim, _maximum, _amax)


@_function("min", kink=True)
def _min(c: Context, input: AffineTensor, other: Any = None, keepdim: bool = False, dim: Any = None) -> Any:
    return _extreme_of(c, input, other, keepdim, dim, _minimum, _amin)


class _Indices:
    """Where the values were, which is no affine function: nothing reads it."""


class _WithIndices(NamedTuple):
    """What PyTorch gives where it tells values and where they were."""

    values: AffineTensor
    indices: _Indices


def _extreme_of(
    c: Context, input: AffineTensor, other: Any, keepdim: bool, dim: Any, of_two: Function, along: Function
) -> Any:
    if isinstance(other, AffineTensor):
        return of_two(c, input, other)
    dim = other if dim is None else dim
    if dim is None:
        return along(c, input)
    return _WithIndices(along(c, input, dim, keepdim), _Indices())


# -- layers --------------------------------------------------------------------------------------------


@_function("linear")
def _linear(c: Context, input: AffineTensor, weight: AffineTensor, bias: AffineTensor | None = None) -> AffineTensor:
    product = input.matmul(weight.transpose((1, 0)))
    return product if bias is None else product + bias


@_function("matmul", "mm", "bmm")
def _matmul(c: Context, input: AffineTensor, other: AffineTensor) -> AffineTensor:
    return input.matmul(other)


@_function("addmm")
def _addmm(
    c: Context, input: Any, mat1: AffineTensor, mat2: AffineTensor, *, beta: float = 1, alpha: float = 1
) -> AffineTensor:  # fmt: skip
    return _add(c, _mul(c, input, beta) if beta != 1 else input, mat1.matmul(mat2), alpha)


@_function("conv1d", "conv2d", "conv3d")
def _conv(
    c: Context, input: AffineTensor, weight: AffineTensor, bias: AffineTensor | None = None, stride: Any = 1,
    padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> AffineTensor:  # fmt: skip
    rank = len(weight.shape) - 2
    dilations = _tuple(dilation, rank)
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilations, weight.shape[2:], strict=True)]
        before, after = tuple(t // 2 for t in totals), tuple(t - t // 2 for t in totals)
    else:
        before = after = _tuple(0 if padding == "valid" else padding, rank)
    windows = Windows(kernel=weight.shape[2:], strides=_tuple(stride, rank), dilations=dilations, before=before,
                      after=after)  # fmt: skip
    return _with_bias(convolve(input, weight, windows, groups=groups), bias)


@_function("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _conv_transpose(
    c: Context, input: AffineTensor, weight: AffineTensor, bias: AffineTensor | None = None, stride: Any = 1,
    padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> AffineTensor:  # fmt: skip
    rank = len(weight.shape) - 2
    strides, before, extra, dilations = (_tuple(v, rank) for v in (stride, padding, output_padding, dilation))
    output = [s * (n - 1) + e + d * (k - 1) + 1 - 2 * b for s, n, e, d, k, b in
              zip(strides, input.shape[2:], extra, dilations, weight.shape[2:], before, strict=True)]  # fmt: skip
    windows = Windows(kernel=weight.shape[2:], strides=strides, dilations=dilations, before=before, after=(0,) * rank)
    return _with_bias(convolve_transposed(input, weight, windows, groups=groups, output=output), bias)


@_function("batch_norm")
def _batch_norm(
    c: Context, input: AffineTensor, running_mean: AffineTensor | None, running_var: AffineTensor | None,
    weight: AffineTensor | None = None, bias: AffineTensor | None = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> AffineTensor:  # fmt: skip
    if running_mean is None or running_var is None:
        raise ValueError("it keeps no running statistics, and so depends on the batch")
    variance = _doubles(running_var)
    gamma = np.ones_like(variance) if weight is None else _doubles(weight)
    scale = AffineTensor.of_array(batch_norm_scale(gamma, variance, float(c.number(eps))))
    c.notices.append(
        f"{c.label}: the scale of a batch normalisation is the float64 value of gamma / sqrt(var + eps), "
        "exact from there"
    )
    shape = (variance.size, *([1] * (len(input.shape) - 2)))
    result = (input + (-running_mean.reshape(shape))).multiply(scale.reshape(shape))
    return result if bias is None else result + bias.reshape(shape)


@_function("batch_norm_with_statistics")
def _batch_norm_with_statistics(c: Context, *args: Any, **named: Any) -> tuple[AffineTensor]:
    # PyTorch also gives the mean and the deviation that it has saved, which are nothing in inference.
    return (_batch_norm(c, *args, **named),)


# -- pooling -------------------------------------------------------------------------------------------


@_function("max_pool1d", "max_pool2d", "max_pool3d", kink=True)
def _max_pool(
    c: Context, input: AffineTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> AffineTensor:  # fmt: skip
    windows = _pooling(input, kernel_size, stride, padding, dilation, ceil_mode)
    seen, shape = seen_by_windows(input, windows)
    return c.builder.maximum_over(input, seen, shape, c.label)


@_function("max_pool2d_with_indices", "max_pool3d_with_indices", kink=True)
def _max_pool_with_indices(c: Context, *args: Any, **named: Any) -> _WithIndices:
    return _WithIndices(_max_pool(c, *args, **named), _Indices())


@_function("avg_pool1d", "avg_pool2d", "avg_pool3d")
def _avg_pool(
    c: Context, input: AffineTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> AffineTensor:  # fmt: skip
    if divisor_override is not None:
        raise ValueError("divisor_override is not read")
    windows = _pooling(input, kernel_size, stride, padding, 1, ceil_mode)
    return average(input, windows, count_padding=count_include_pad)


@_function("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _adaptive_avg_pool(c: Context, input: AffineTensor, output_size: Any) -> AffineTensor:
    return average(input, _adaptive(input, output_size, c.label), count_padding=False)


@_function("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", kink=True)
def _adaptive_max_pool(c: Context, input: AffineTensor, output_size: Any, return_indices: bool = False) -> AffineTensor:
    seen, shape = seen_by_windows(input, _adaptive(input, output_size, c.label))
    return c.builder.maximum_over(input, seen, shape, c.label)


# -- arithmetic ----------------------------------------------------------------------------------------


@_function("add", "add_", "iadd", "radd")
def _add(c: Context, input: Any, other: Any, alpha: float = 1) -> AffineTensor:
    addend = c.tensor(other)
    return c.tensor(input) + (addend if alpha == 1 else addend.scale_by(c.number(alpha)))


@_function("sub", "sub_", "isub")
def _sub(c: Context, input: Any, other: Any, alpha: float = 1) -> AffineTensor:
    return _add(c, input, -c.tensor(other), alpha)


@_function("rsub")
def _rsub(c: Context, input: Any, other: Any, alpha: float = 1) -> AffineTensor:
    return _sub(c, other, input, alpha)


@_function("mul", "mul_", "imul", "multiply")
def _mul(c: Context, input: Any, other: Any) -> AffineTensor:
    left, right = c.tensor(input), c.tensor(other)
    if not (left.is_constant or right.is_constant):
        raise ValueError("both factors depend on the input, and their product is not affine")
    return left.multiply(right) if right.is_constant else right.multiply(left)


@_function("div", "div_", "truediv", "itruediv", "divide")
def _div(c: Context, input: Any, other: Any) -> AffineTensor:
    divisor = c.tensor(other)
    if not divisor.is_constant:
        raise ValueError("the divisor depends on the input, which is not affine")
    return c.tensor(input).multiply(divisor.reciprocal())


@_function("neg", "negative")
def _neg(c: Context, input: AffineTensor) -> AffineTensor:
    return -input


@_function("sum")
def _sum(c: Context, input: AffineTensor, dim: Any = (), keepdim: bool = False) -> AffineTensor:
    return sum_over(input, _axes(dim, len(input.shape)), keep=keepdim, mean=False)


@_function("mean")
def _mean(c: Context, input: AffineTensor, dim: Any = (), keepdim: bool = False) -> AffineTensor:
    return sum_over(input, _axes(dim, len(input.shape)), keep=keepdim, mean=True)


CREATE = {"zeros", "ones", "full", "scalar_tensor"}
"""Functions that make a constant tensor of numbers."""


@_function("zeros")
def _zeros(c: Context, size: Any, *_: Any, **__: Any) -> AffineTensor:
    return _full(c, size, 0)


@_function("ones")
def _ones(c: Context, size: Any, *_: Any, **__: Any) -> AffineTensor:
    return _full(c, size, 1)


@_function("scalar_tensor")
def _scalar_tensor(c: Context, value: float, *_: Any, **__: Any) -> AffineTensor:
    return c.tensor(value)


@_function("full")
def _full(c: Context, size: Any, fill_value: float, *_: Any, **__: Any) -> AffineTensor:
    return c.tensor(fill_value).broadcast_to(tuple(size))


# -- shapes --------------------------------------------------------------------------------------------


@_function("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "contiguous",
           "clone", "detach", "float", "double", "identity")  # fmt: skip
def _same(c: Context, input: AffineTensor, *_: Any, **__: Any) -> AffineTensor:
    return input


@_function("to")
def _to(c: Context, input: AffineTensor, *args: Any, **named: Any) -> AffineTensor:
    # TorchScript writes types as numbers, of which 5 to 7 are half, float and double, and 15 is bfloat16.
    for asked in (*args, *named.values()):
        names_type = str(asked).startswith("torch.") and str(asked) not in _FLOATS
        if names_type and "format" not in str(asked) and "strided" not in str(asked):
            raise ValueError(f"a conversion to {asked}, which is not piecewise linear")
    return input


_FLOATS = {"torch.float16", "torch.bfloat16", "torch.float32", "torch.float64"}


@_function("flatten")
def _flatten(c: Context, input: AffineTensor, start_dim: int = 0, end_dim: int = -1) -> AffineTensor:
    rank = len(input.shape)
    first, last = start_dim % rank, end_dim % rank
    middle = math.prod(input.shape[first : last + 1])
    return input.reshape((*input.shape[:first], middle, *input.shape[last + 1 :]))


@_function("unflatten")
def _unflatten(c: Context, input: AffineTensor, dim: int, sizes: Sequence[int]) -> AffineTensor:
    axis = dim % len(input.shape)
    return _reshape(c, input, (*input.shape[:axis], *sizes, *input.shape[axis + 1 :]))


@_function("reshape", "view")
def _reshape(c: Context, input: AffineTensor, *shape: Any) -> AffineTensor:
    target = [int(size) for size in (shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)]
    if target.count(-1) == 1:
        target[target.index(-1)] = input.form.size // max(-math.prod(target), 1)
    return input.reshape(target)


@_function("permute")
def _permute(c: Context, input: AffineTensor, *dims: Any) -> AffineTensor:
    order = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return input.transpose([dim % len(input.shape) for dim in order])


@_function("transpose", "swapaxes")
def _transpose(c: Context, input: AffineTensor, dim0: int, dim1: int) -> AffineTensor:
    order = list(range(len(input.shape)))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return input.transpose(order)


@_function("t")
def _t(c: Context, input: AffineTensor) -> AffineTensor:
    return input.transpose(list(range(len(input.shape)))[::-1])


@_function("squeeze")
def _squeeze(c: Context, input: AffineTensor, dim: Any = None) -> AffineTensor:
    axes = range(len(input.shape)) if dim is None else _axes(dim, len(input.shape))
    return input.reshape([size for axis, size in enumerate(input.shape) if size != 1 or axis not in axes])


@_function("unsqueeze")
def _unsqueeze(c: Context, input: AffineTensor, dim: int) -> AffineTensor:
    axis = dim % (len(input.shape) + 1)
    return input.reshape((*input.shape[:axis], 1, *input.shape[axis:]))


@_function("cat", "concat", "concatenate")
def _cat(c: Context, tensors: Sequence[AffineTensor], dim: int = 0) -> AffineTensor:
    return concatenate(tensors, dim % len(tensors[0].shape))


@_function("stack")
def _stack(c: Context, tensors: Sequence[AffineTensor], dim: int = 0) -> AffineTensor:
    return _cat(c, [_unsqueeze(c, tensor, dim) for tensor in tensors], dim % (len(tensors[0].shape) + 1))


@_function("chunk")
def _chunk(c: Context, input: AffineTensor, chunks: int, dim: int = 0) -> list[AffineTensor]:
    return _split(c, input, -(-input.shape[dim] // chunks), dim)


@_function("split")
def _split(c: Context, input: AffineTensor, split_size_or_sections: Any, dim: int = 0) -> list[AffineTensor]:
    size = input.shape[dim]
    step = split_size_or_sections
    ends = range(step, size, step) if isinstance(step, int) else np.cumsum(step)[:-1]
    return [input.take(part) for part in np.split(input.positions(), list(ends), axis=dim)]


@_function("expand")
def _expand(c: Context, input: AffineTensor, *sizes: Any) -> AffineTensor:
    asked = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    own = [1] * (len(asked) - len(input.shape)) + list(input.shape)
    return input.broadcast_to(tuple(o if a == -1 else a for a, o in zip(asked, own, strict=True)))


@_function("select")
def _select(c: Context, input: AffineTensor, dim: int, index: int) -> AffineTensor:
    return input.take(np.asarray(input.positions().take(index, axis=dim)))


@_function("slice")
def _slice(
    c: Context, input: AffineTensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> AffineTensor:  # fmt: skip
    places: list[slice] = [slice(None)] * len(input.shape)
    places[dim] = slice(start, end, step)
    return input.take(input.positions()[tuple(places)])


@_function("getitem")
def _getitem(c: Context, input: Any, index: Any) -> Any:
    if not isinstance(input, AffineTensor):
        return input[index]
    return input.take(input.positions()[index])


@_function("getattr")
def _getattr(c: Context, input: Any, name: str) -> Any:
    if isinstance(input, _WithIndices) and name in input._fields:
        return getattr(input, name)
    if name not in ("shape", "ndim", "T"):
        raise ValueError(f"the attribute {name!r} of a tensor is not read")
    return input.shape if name == "shape" else len(input.shape) if name == "ndim" else _t(c, input)


@_function("size")
def _size(c: Context, input: AffineTensor, dim: int | None = None) -> Any:
    return input.shape if dim is None else input.shape[dim]


@_function("dim")
def _dim(c: Context, input: AffineTensor) -> int:
    return len(input.shape)


@_function("pad")
def _pad(
    c: Context, input: AffineTensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> AffineTensor:
    around = [(pad[2 * k], pad[2 * k + 1]) for k in range(len(pad) // 2)][::-1]
    modes = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    fill = c.tensor(value or 0.0).reshape((1,))
    whole = [(0, 0)] * (len(input.shape) - len(around)) + around
    return pad_tensor(input, whole, mode=modes[mode], fill=fill)


# -- what the functions share --------------------------------------------------------------------------


def _one(c: Context, bound: Any) -> Fraction:
    tensor = c.tensor(bound)
    if not tensor.is_constant or tensor.form.size != 1:
        raise ValueError("a bound is not one constant number")
    return tensor.form.constant.fractions()[0][0]


def _axes(dim: Any, rank: int) -> list[int]:
    listed = [dim] if isinstance(dim, int) else list(dim or range(rank))
    return [axis % rank for axis in listed]


def _tuple(value: Any, rank: int) -> tuple[int, ...]:
    return (
        (int(value),) * rank
        if isinstance(value, int)
        else tuple(int(v) for v in value) * (rank if len(value) == 1 else 1)
    )


def _doubles(tensor: AffineTensor) -> Any:
    return tensor.form.constant.floats.reshape(-1)


def _with_bias(result: AffineTensor, bias: AffineTensor | None) -> AffineTensor:
    return result if bias is None else result + bias.reshape((*bias.shape, *([1] * (len(result.shape) - 2))))


def _pooling(input: AffineTensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Windows:
    rank = len(input.shape) - 2
    pads = _tuple(padding, rank)
    return Windows(
        kernel=_tuple(kernel, rank), strides=_tuple(kernel if stride in (None, []) else stride, rank),
        dilations=_tuple(dilation, rank), before=pads, after=pads, ceil_mode=bool(ceil_mode),
    )  # fmt: skip


def _adaptive(input: AffineTensor, output_size: Any, label: str) -> Windows:
    space = input.shape[2:]
    wanted = [own if size is None else size for size, own in zip(
        [output_size] * len(space) if isinstance(output_size, int) else output_size, space, strict=True)]  # fmt: skip
    if any(own % size for own, size in zip(space, wanted, strict=True)):
        raise ValueError(f"an adaptive pooling of {list(space)} to {wanted} has windows of different sizes; not read")
    kernel = tuple(own // size for own, size in zip(space, wanted, strict=True))
    zeros = (0,) * len(kernel)
    return Windows(kernel=kernel, strides=kernel, dilations=(1,) * len(kernel), before=zeros, after=zeros)
