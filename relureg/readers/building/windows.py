"""Sliding windows over the last axes of a tensor: convolutions and poolings of any number of dimensions.

A tensor has shape (batch, channels, size, ...). What a window sees is an array of positions, -1 in the
padding; a convolution is then one sparse matrix, and a pooling as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import Index, SparseMatrix
from relureg.network.affine_forms import AffineForm, AffineTensor, check_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Where windows lie along each axis; every field has an entry for each."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    """Padding in front."""
    after: tuple[int, ...]
    """Padding behind."""
    ceil_mode: bool = False
    """Whether a last window may reach beyond the padding, if it begins before the padding behind."""

    def __post_init__(self) -> None:
        lengths = {len(self.kernel), len(self.strides), len(self.dilations), len(self.before), len(self.after)}
        if lengths != {len(self.kernel)}:
            raise ValueError("kernel, strides, dilations and pads are of different lengths")
        if (
            min((*self.kernel, *self.strides, *self.dilations), default=1) < 1
            or min((*self.before, *self.after), default=0) < 0
        ):
            raise ValueError("kernel, strides and dilations must be positive, pads not negative")

    @property
    def extent(self) -> tuple[int, ...]:
        """How far a window reaches along each axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True))

    def count(self, space: Sequence[int]) -> tuple[int, ...]:
        """How many windows there are along each axis of a space of that size."""
        return tuple(
            _count(size, reach, stride, begin, end, self.ceil_mode)
            for size, reach, stride, begin, end in zip(
                space, self.extent, self.strides, self.before, self.after, strict=True
            )
        )

    def positions(self, space: Sequence[int], count: Sequence[int]) -> Index:
        """What each of `count` windows sees, shape (windows, entries of the kernel): flat positions, -1 outside."""
        check_size((math.prod(count), math.prod(self.kernel)))
        flat = np.zeros((1, 1), dtype=np.intp)
        inside = np.ones((1, 1), dtype=np.bool_)
        axes = zip(space, count, self.kernel, self.strides, self.dilations, self.before, strict=True)
        for size, number, kernel, stride, dilation, begin in axes:
            at = np.arange(number)[:, None] * stride + np.arange(kernel)[None, :] * dilation - begin
            valid = (at >= 0) & (at < size)
            flat = (flat[:, None, :, None] * size + at[None, :, None, :]).reshape(len(flat) * number, -1)
            inside = (inside[:, None, :, None] & valid[None, :, None, :]).reshape(flat.shape)
        return np.where(inside, flat, -1)


def convolve(x: AffineTensor, weight: AffineTensor, windows: Windows, *, groups: int = 1) -> AffineTensor:
    """The convolution (cross-correlation) of x with a constant weight of shape (out, in / groups, kernel...)."""
    batch, channels, space = _split(x, len(windows.kernel))
    out_channels, in_channels, *_ = weight.shape
    if groups < 1 or out_channels % groups or in_channels * groups != channels:
        raise ValueError(f"{channels} channels do not fit a weight of shape {list(weight.shape)} in {groups} groups")
    count = windows.count(space)
    seen = windows.positions(space, count)
    full = (out_channels, in_channels, *seen.shape)
    check_size(full)
    out = np.arange(out_channels).reshape(-1, 1, 1, 1)
    first = out // (out_channels // groups) * in_channels
    channel = first + np.arange(in_channels).reshape(1, -1, 1, 1)
    row = out * len(seen) + np.arange(len(seen)).reshape(1, 1, -1, 1)
    column = np.where(seen < 0, -1, channel * math.prod(space) + seen)
    values = weight.form.constant.numerators.reshape(out_channels, in_channels, 1, -1)
    matrix = _gather(
        (out_channels * len(seen), channels * math.prod(space)), full, row, column, values,
        weight.form.constant.denominator,
    )  # fmt: skip
    return _for_each(x, batch, matrix, (out_channels, *count))


def convolve_transposed(
    x: AffineTensor, weight: AffineTensor, windows: Windows, *, groups: int = 1, output: Sequence[int]
) -> AffineTensor:
    """The transposed convolution into a space of that size; the weight has shape (in, out / groups, kernel...)."""
    batch, channels, space = _split(x, len(windows.kernel))
    in_channels, per_group, *_ = weight.shape
    if groups < 1 or in_channels % groups or in_channels != channels:
        raise ValueError(f"{channels} channels do not fit a weight of shape {list(weight.shape)} in {groups} groups")
    if min(output, default=1) < 1:
        raise ValueError(f"the output would have the size {list(output)}")
    check_size((groups * per_group, *output))
    # An input entry is spread over what a window sees of the output.
    seen = windows.positions(output, space)
    full = (in_channels, per_group, *seen.shape)
    check_size(full)
    channel = np.arange(in_channels).reshape(-1, 1, 1, 1)
    out = channel // (in_channels // groups) * per_group + np.arange(per_group).reshape(1, -1, 1, 1)
    row = np.where(seen < 0, -1, out * math.prod(output) + seen)
    column = channel * math.prod(space) + np.arange(len(seen)).reshape(1, 1, -1, 1)
    values = weight.form.constant.numerators.reshape(in_channels, per_group, 1, -1)
    out_channels = groups * per_group
    matrix = _gather(
        (out_channels * math.prod(output), channels * math.prod(space)), full, row, column, values,
        weight.form.constant.denominator,
    )  # fmt: skip
    return _for_each(x, batch, matrix, (out_channels, *output))


def add_bias(result: AffineTensor, bias: AffineTensor) -> AffineTensor:
    """A number for each channel added to what a convolution gives."""
    if bias.shape != result.shape[1:2]:
        raise ValueError(f"a bias of shape {list(bias.shape)} does not fit {result.shape[1]} channels")
    return result + bias.reshape((*bias.shape, *([1] * (len(result.shape) - 2))))


def average(x: AffineTensor, windows: Windows, *, count_padding: bool) -> AffineTensor:
    """The mean over each window, exactly; `count_padding` says whether the padding counts as zeros."""
    batch, channels, space = _split(x, len(windows.kernel))
    count = windows.count(space)
    seen = windows.positions(space, count)
    if count_padding:  # what lies beyond the padding, as ceil_mode allows, never counts
        padded = tuple(b + s + e for b, s, e in zip(windows.before, space, windows.after, strict=True))
        shifted = Windows(
            kernel=windows.kernel, strides=windows.strides, dilations=windows.dilations,
            before=(0,) * len(space), after=(0,) * len(space),
        )  # fmt: skip
        sizes = (shifted.positions(padded, count) >= 0).sum(axis=1)
    else:
        sizes = (seen >= 0).sum(axis=1)
    if not sizes.all():
        raise ValueError("a window holds no entry at all")
    full = (channels, *seen.shape)
    check_size(full)
    channel = np.arange(channels).reshape(-1, 1, 1)
    row = channel * len(seen) + np.arange(len(seen)).reshape(1, -1, 1)
    column = np.where(seen < 0, -1, channel * math.prod(space) + seen)
    sums = _gather((channels * len(seen), channels * math.prod(space)), full, row, column, np.array(1, dtype=object), 1)
    common = math.lcm(*sizes.tolist())
    inverses = np.array([[common // size] for size in sizes.tolist()] * channels, dtype=object)
    return _for_each(x, batch, sums.scale_rows(RationalMatrix(inverses, common)), (channels, *count))


def seen_by_windows(x: AffineTensor, windows: Windows) -> tuple[list[list[int]], tuple[int, ...]]:
    """The entries of x under each window and channel, without the padding; and the shape of a pooling's result."""
    batch, channels, space = _split(x, len(windows.kernel))
    count = windows.count(space)
    seen = windows.positions(space, count)
    check_size((batch * channels, *seen.shape))
    size = math.prod(space)
    inside = [[place for place in row if place >= 0] for row in seen.tolist()]
    lists = [[image * size + place for place in row] for image in range(batch * channels) for row in inside]
    return lists, (batch, channels, *count)


def _split(x: AffineTensor, dimensions: int) -> tuple[int, int, tuple[int, ...]]:
    if len(x.shape) != dimensions + 2:
        raise ValueError(f"a tensor of shape {list(x.shape)} has not batch, channels and {dimensions} more axes")
    batch, channels, *space = x.shape
    if not x.form.size:
        raise ValueError("the tensor is empty")
    return batch, channels, tuple(space)


def _count(size: int, reach: int, stride: int, begin: int, end: int, ceil_mode: bool) -> int:
    room = size + begin + end - reach
    if room < 0:
        raise ValueError(f"a window of {reach} does not fit into {size} entries padded by {begin} and {end}")
    number = (-(-room // stride) if ceil_mode else room // stride) + 1
    # The last window must begin inside the input or the padding in front.
    return number - (ceil_mode and (number - 1) * stride >= size + begin)


def _gather(
    shape: tuple[int, int],
    full: tuple[int, ...],
    row: Index,
    column: Index,
    values: np.ndarray[tuple[int, ...], np.dtype[np.object_]],
    denominator: int,
) -> SparseMatrix:
    """The sparse matrix of arrays that broadcast to the shape `full`; -1 marks what is in the padding."""
    rows, columns = (np.broadcast_to(index, full).reshape(-1) for index in (row, column))
    inside = (rows >= 0) & (columns >= 0)
    entries = np.broadcast_to(values, full).reshape(-1)
    return SparseMatrix.from_entries(shape, rows[inside], columns[inside], entries[inside], denominator)


def _for_each(x: AffineTensor, batch: int, matrix: RationalMatrix, shape: tuple[int, ...]) -> AffineTensor:
    """The matrix applied to each image of the batch."""
    if batch == 1:
        return x.apply(matrix, (1, *shape))
    images = x.positions().reshape(batch, -1)
    forms = [x.form.entries(image).map(matrix) for image in images]
    return AffineTensor(shape=(batch, *shape), form=AffineForm.concatenate(forms))
