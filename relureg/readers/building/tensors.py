"""Tensors from tensors, in whatever dialect: sums over axes, entries put around, outputs side by side."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from relureg.exact.sparse import Index, SparseMatrix
from relureg.network.affine_forms import AffineForm, AffineTensor, check_size, concatenate
from relureg.network.model import Port


def sum_over(x: AffineTensor, axes: list[int], *, keep: bool, mean: bool) -> AffineTensor:
    """The sum or mean of a tensor over some axes, counted from the front."""
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape) if keep or axis not in axes]
    rows = math.prod(x.shape[axis] for axis in kept)
    if not x.form.size:
        raise ValueError("a sum over an empty tensor")
    gathered = x.positions().transpose([*kept, *axes]).reshape(rows, -1)
    number = gathered.shape[1]
    matrix = SparseMatrix.from_entries(
        (rows, x.form.size),
        np.repeat(np.arange(rows), number),
        gathered.reshape(-1),
        np.full(gathered.size, 1, dtype=object),
        number if mean else 1,
    )
    return x.apply(matrix, shape)


def pad(x: AffineTensor, around: list[tuple[int, int]], *, mode: Any, fill: AffineTensor) -> AffineTensor:
    """The tensor with entries put before and behind each axis; a negative number takes some away."""
    whole = concatenate([x.flattened(), fill], 0) if mode == "constant" else x
    return whole.take(padded(x.positions(), around, mode=mode, fill=x.form.size))


def padded(index: Index, around: list[tuple[int, int]], *, mode: Any, fill: int) -> Index:
    """An array with the same done to it; `fill` is what the mode "constant" puts there."""
    check_size([max(size, size + a + b, 0) for size, (a, b) in zip(index.shape, around, strict=True)])
    if any(size + min(a, 0) + min(b, 0) < 0 for size, (a, b) in zip(index.shape, around, strict=True)):
        raise ValueError("the pads take away more than there is")
    kept = index[tuple(slice(max(-a, 0), size - max(-b, 0)) for size, (a, b) in
                       zip(index.shape, around, strict=True))]  # fmt: skip
    widths = [(max(a, 0), max(b, 0)) for a, b in around]
    return np.pad(kept, widths, constant_values=fill) if mode == "constant" else np.pad(kept, widths, mode=mode)


def side_by_side(names: Sequence[str], tensors: Sequence[AffineTensor]) -> tuple[AffineForm, tuple[Port, ...]]:
    """Tensors as one output, one after the other, and where each of them begins."""
    starts = itertools.accumulate((tensor.form.size for tensor in tensors), initial=0)
    ports = tuple(
        Port(name=name, shape=tensor.shape, first=first)
        for name, tensor, first in zip(names, tensors, starts, strict=False)
    )
    return AffineForm.concatenate([tensor.form for tensor in tensors]), ports
