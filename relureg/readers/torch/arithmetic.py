"""PyTorch's functions that compute: matrix products, arithmetic, sums and means, normalisation, constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from relureg.network.affine_forms import AffineTensor
from relureg.readers.building.normalisation import batch_normalised
from relureg.readers.building.tensors import sum_over
from relureg.readers.torch.functions import Context, axes_of, function


@function("linear")
def _linear(c: Context, input: AffineTensor, weight: AffineTensor, bias: AffineTensor | None = None) -> AffineTensor:
    product = input.matmul(weight.transpose((1, 0)))
    return product if bias is None else product + bias


@function("matmul", "mm", "bmm")
def _matmul(c: Context, input: AffineTensor, other: AffineTensor) -> AffineTensor:
    return input.matmul(other)


@function("addmm")
def _addmm(
    c: Context, input: Any, mat1: AffineTensor, mat2: AffineTensor, *, beta: float = 1, alpha: float = 1
) -> AffineTensor:  # fmt: skip
    return _add(c, _mul(c, input, beta) if beta != 1 else input, mat1.matmul(mat2), alpha)


@function("add", "add_", "iadd", "radd")
def _add(c: Context, input: Any, other: Any, alpha: float = 1) -> AffineTensor:
    addend = c.tensor(other)
    return c.tensor(input) + (addend if alpha == 1 else addend.scale_by(c.number(alpha)))


@function("sub", "sub_", "isub")
def _sub(c: Context, input: Any, other: Any, alpha: float = 1) -> AffineTensor:
    return _add(c, input, -c.tensor(other), alpha)


@function("rsub")
def _rsub(c: Context, input: Any, other: Any, alpha: float = 1) -> AffineTensor:
    return _sub(c, other, input, alpha)


@function("mul", "mul_", "imul", "multiply")
def _mul(c: Context, input: Any, other: Any) -> AffineTensor:
    left, right = c.tensor(input), c.tensor(other)
    if not (left.is_constant or right.is_constant):
        raise ValueError("both factors depend on the input, and their product is not affine")
    return left.multiply(right) if right.is_constant else right.multiply(left)


@function("div", "div_", "truediv", "itruediv", "divide")
def _div(c: Context, input: Any, other: Any) -> AffineTensor:
    divisor = c.tensor(other)
    if not divisor.is_constant:
        raise ValueError("the divisor depends on the input, which is not affine")
    return c.tensor(input).multiply(divisor.reciprocal())


@function("neg", "negative")
def _neg(c: Context, input: AffineTensor) -> AffineTensor:
    return -input


@function("sum")
def _sum(c: Context, input: AffineTensor, dim: Any = (), keepdim: bool = False) -> AffineTensor:
    return sum_over(input, axes_of(dim, len(input.shape)), keep=keepdim, mean=False)


@function("mean")
def _mean(c: Context, input: AffineTensor, dim: Any = (), keepdim: bool = False) -> AffineTensor:
    return sum_over(input, axes_of(dim, len(input.shape)), keep=keepdim, mean=True)


@function("zeros")
def _zeros(c: Context, size: Any, *_: Any, **__: Any) -> AffineTensor:
    return _full(c, size, 0)


@function("ones")
def _ones(c: Context, size: Any, *_: Any, **__: Any) -> AffineTensor:
    return _full(c, size, 1)


@function("scalar_tensor")
def _scalar_tensor(c: Context, value: float, *_: Any, **__: Any) -> AffineTensor:
    return c.tensor(value)


@function("full")
def _full(c: Context, size: Any, fill_value: float, *_: Any, **__: Any) -> AffineTensor:
    return c.tensor(fill_value).broadcast_to(tuple(size))


@function("batch_norm")
def _batch_norm(
    c: Context, input: AffineTensor, running_mean: AffineTensor | None, running_var: AffineTensor | None,
    weight: AffineTensor | None = None, bias: AffineTensor | None = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> AffineTensor:  # fmt: skip
    if running_mean is None or running_var is None:
        raise ValueError("it keeps no running statistics, and so depends on the batch")
    variance = _doubles(running_var)
    gamma = np.ones_like(variance) if weight is None else _doubles(weight)
    return batch_normalised(
        input,
        gamma=gamma,
        variance=variance,
        epsilon=float(c.number(eps)),
        mean=running_mean,
        shift=bias,
        notices=c.notices,
        label=c.label,
    )


@function("batch_norm_with_statistics")
def _batch_norm_with_statistics(c: Context, *args: Any, **named: Any) -> tuple[AffineTensor]:
    # PyTorch also gives the mean and the deviation that it has saved, which are nothing in inference.
    return (_batch_norm(c, *args, **named),)


def _doubles(tensor: AffineTensor) -> Any:
    return tensor.form.constant.floats.reshape(-1)
