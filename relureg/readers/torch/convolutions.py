"""PyTorch's convolutions and poolings."""

from __future__ import annotations

from typing import Any

from relureg.network.affine_forms import AffineTensor
from relureg.readers.building.windows import (
    Windows,
    add_bias,
    average,
    convolve,
    convolve_transposed,
    seen_by_windows,
)
from relureg.readers.torch.functions import Context, Indices, WithIndices, function


@function("conv1d", "conv2d", "conv3d")
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


@function("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
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


@function("max_pool1d", "max_pool2d", "max_pool3d", kink=True)
def _max_pool(
    c: Context, input: AffineTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> AffineTensor:  # fmt: skip
    windows = _pooling(input, kernel_size, stride, padding, dilation, ceil_mode)
    seen, shape = seen_by_windows(input, windows)
    return c.builder.maximum_over(input, seen, shape, c.label)


@function("max_pool2d_with_indices", "max_pool3d_with_indices", kink=True)
def _max_pool_with_indices(c: Context, *args: Any, **named: Any) -> WithIndices:
    return WithIndices(_max_pool(c, *args, **named), Indices())


@function("avg_pool1d", "avg_pool2d", "avg_pool3d")
def _avg_pool(
    c: Context, input: AffineTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> AffineTensor:  # fmt: skip
    if divisor_override is not None:
        raise ValueError("divisor_override is not read")
    windows = _pooling(input, kernel_size, stride, padding, 1, ceil_mode)
    return average(input, windows, count_padding=count_include_pad)


@function("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _adaptive_avg_pool(c: Context, input: AffineTensor, output_size: Any) -> AffineTensor:
    return average(input, _adaptive(input, output_size, c.label), count_padding=False)


@function("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", kink=True)
def _adaptive_max_pool(c: Context, input: AffineTensor, output_size: Any, return_indices: bool = False) -> AffineTensor:
    seen, shape = seen_by_windows(input, _adaptive(input, output_size, c.label))
    return c.builder.maximum_over(input, seen, shape, c.label)


def _tuple(value: Any, rank: int) -> tuple[int, ...]:
    return (
        (int(value),) * rank
        if isinstance(value, int)
        else tuple(int(v) for v in value) * (rank if len(value) == 1 else 1)
    )


def _with_bias(result: AffineTensor, bias: AffineTensor | None) -> AffineTensor:
    return result if bias is None else add_bias(result, bias)


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
