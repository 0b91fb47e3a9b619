"""PyTorch's functions that move entries, and ask for shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from relureg.network.affine_forms import AffineTensor, concatenate
from relureg.readers.building.tensors import pad as pad_tensor
from relureg.readers.torch.functions import Context, WithIndices, axes_of, function


@function("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "contiguous",
           "clone", "detach", "float", "double", "identity")  # fmt: skip
def _same(c: Context, input: AffineTensor, *_: Any, **__: Any) -> AffineTensor:
    return input


@function("to")
def _to(c: Context, input: AffineTensor, *args: Any, **named: Any) -> AffineTensor:
    # TorchScript writes types as numbers, of which 5 to 7 are half, float and double, and 15 is bfloat16.
    for asked in (*args, *named.values()):
        names_type = str(asked).startswith("torch.") and str(asked) not in _FLOATS
        if names_type and "format" not in str(asked) and "strided" not in str(asked):
            raise ValueError(f"a conversion to {asked}, which is not piecewise linear")
    return input


_FLOATS = {"torch.float16", "torch.bfloat16", "torch.float32", "torch.float64"}


@function("flatten")
def _flatten(c: Context, input: AffineTensor, start_dim: int = 0, end_dim: int = -1) -> AffineTensor:
    rank = len(input.shape)
    first, last = start_dim % rank, end_dim % rank
    middle = math.prod(input.shape[first : last + 1])
    return input.reshape((*input.shape[:first], middle, *input.shape[last + 1 :]))


@function("unflatten")
def _unflatten(c: Context, input: AffineTensor, dim: int, sizes: Sequence[int]) -> AffineTensor:
    axis = dim % len(input.shape)
    return _reshape(c, input, (*input.shape[:axis], *sizes, *input.shape[axis + 1 :]))


@function("reshape", "view")
def _reshape(c: Context, input: AffineTensor, *shape: Any) -> AffineTensor:
    target = [int(size) for size in (shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)]
    if target.count(-1) == 1:
        target[target.index(-1)] = input.form.size // max(-math.prod(target), 1)
    return input.reshape(target)


@function("permute")
def _permute(c: Context, input: AffineTensor, *dims: Any) -> AffineTensor:
    order = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return input.transpose([dim % len(input.shape) for dim in order])


@function("transpose", "swapaxes")
def _transpose(c: Context, input: AffineTensor, dim0: int, dim1: int) -> AffineTensor:
    order = list(range(len(input.shape)))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return input.transpose(order)


@function("t")
def _t(c: Context, input: AffineTensor) -> AffineTensor:
    return input.transpose(list(range(len(input.shape)))[::-1])


@function("squeeze")
def _squeeze(c: Context, input: AffineTensor, dim: Any = None) -> AffineTensor:
    axes = range(len(input.shape)) if dim is None else axes_of(dim, len(input.shape))
    return input.reshape([size for axis, size in enumerate(input.shape) if size != 1 or axis not in axes])


@function("unsqueeze")
def _unsqueeze(c: Context, input: AffineTensor, dim: int) -> AffineTensor:
    axis = dim % (len(input.shape) + 1)
    return input.reshape((*input.shape[:axis], 1, *input.shape[axis:]))


@function("cat", "concat", "concatenate")
def _cat(c: Context, tensors: Sequence[AffineTensor], dim: int = 0) -> AffineTensor:
    return concatenate(tensors, dim % len(tensors[0].shape))


@function("stack")
def _stack(c: Context, tensors: Sequence[AffineTensor], dim: int = 0) -> AffineTensor:
    return _cat(c, [_unsqueeze(c, tensor, dim) for tensor in tensors], dim % (len(tensors[0].shape) + 1))


@function("chunk")
def _chunk(c: Context, input: AffineTensor, chunks: int, dim: int = 0) -> list[AffineTensor]:
    return _split(c, input, -(-input.shape[dim] // chunks), dim)


@function("split")
def _split(c: Context, input: AffineTensor, split_size_or_sections: Any, dim: int = 0) -> list[AffineTensor]:
    size = input.shape[dim]
    step = split_size_or_sections
    ends = range(step, size, step) if isinstance(step, int) else np.cumsum(step)[:-1]
    return [input.take(part) for part in np.split(input.positions(), list(ends), axis=dim)]


@function("expand")
def _expand(c: Context, input: AffineTensor, *sizes: Any) -> AffineTensor:
    asked = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    own = [1] * (len(asked) - len(input.shape)) + list(input.shape)
    return input.broadcast_to(tuple(o if a == -1 else a for a, o in zip(asked, own, strict=True)))


@function("select")
def _select(c: Context, input: AffineTensor, dim: int, index: int) -> AffineTensor:
    return input.take(np.asarray(input.positions().take(index, axis=dim)))


@function("slice")
def _slice(
    c: Context, input: AffineTensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> AffineTensor:  # fmt: skip
    places: list[slice] = [slice(None)] * len(input.shape)
    places[dim] = slice(start, end, step)
    return input.take(input.positions()[tuple(places)])


@function("getitem")
def _getitem(c: Context, input: Any, index: Any) -> Any:
    if not isinstance(input, AffineTensor):
        return input[index]
    return input.take(input.positions()[index])


@function("getattr")
def _getattr(c: Context, input: Any, name: str) -> Any:
    if isinstance(input, WithIndices) and name in input._fields:
        return getattr(input, name)
    if name not in ("shape", "ndim", "T"):
        raise ValueError(f"the attribute {name!r} of a tensor is not read")
    return input.shape if name == "shape" else len(input.shape) if name == "ndim" else _t(c, input)


@function("size")
def _size(c: Context, input: AffineTensor, dim: int | None = None) -> Any:
    return input.shape if dim is None else input.shape[dim]


@function("dim")
def _dim(c: Context, input: AffineTensor) -> int:
    return len(input.shape)


@function("pad")
def _pad(
    c: Context, input: AffineTensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> AffineTensor:
    around = [(pad[2 * k], pad[2 * k + 1]) for k in range(len(pad) // 2)][::-1]
    modes = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    fill = c.tensor(value or 0.0).reshape((1,))
    whole = [(0, 0)] * (len(input.shape) - len(around)) + around
    return pad_tensor(input, whole, mode=modes[mode], fill=fill)
