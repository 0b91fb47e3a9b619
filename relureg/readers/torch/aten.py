"""Operators of PyTorch's tensor library (ATen), which TorchScript and torch.export name, as calls of its functions.

Most have the arguments of the function of the same name. The others are put into its order here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def aten_call(operator: str, args: Sequence[Any], named: Mapping[str, Any]) -> Call:
    """The function, its arguments and its named arguments.

    Parameters
    ----------
    operator : str
        Without its overload: ``linear``, ``_softmax``.
    args, named
        As the operator's schema has them.

    Raises
    ------
    ValueError
        The operator is called as in training.
    """
    # A type of None is that of the input; memory formats and devices change no number.
    kept = {key: value for key, value in named.items() if not (key in _LAYOUT or (key == "dtype" and value is None))}
    adapt = _ADAPTED.get(operator)
    return (operator, tuple(args), kept) if adapt is None else adapt(*args, **kept)


def is_adapted(operator: str) -> bool:
    """Whether an operator is read as a function of another name."""
    return operator in _ADAPTED


_LAYOUT = {"layout", "device", "pin_memory", "non_blocking", "memory_format", "implicit"}


def _as(function: str, count: int) -> Callable[..., Call]:
    """The function with the first `count` arguments."""
    return lambda *args, **named: (function, args[:count], named)


def _dropout(input: Any, p: Any = 0.5, train: bool = False, *_: Any) -> Call:
    if train:
        raise ValueError("it was traced in training mode; call module.eval() before tracing")
    return "identity", (input,), {}


def _batch_norm(
    input: Any, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, momentum: Any, eps: float, *_: Any
) -> Call:
    if training:
        raise ValueError("it was traced in training mode; call module.eval() before tracing")
    return "batch_norm", (input, mean, variance), {"weight": weight, "bias": bias, "eps": eps}


def _batch_norm_in_inference(
    input: Any, weight: Any, bias: Any, mean: Any, variance: Any, momentum: Any, eps: float
) -> Call:
    return "batch_norm_with_statistics", (input, mean, variance), {"weight": weight, "bias": bias, "eps": eps}


def _convolution(
    input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool, output_padding: Any,
    groups: int, *_: Any,
) -> Call:  # fmt: skip
    rank = len(weight.shape) - 2
    if transposed:
        return f"conv_transpose{rank}d", (input, weight, bias, stride, padding, output_padding, groups, dilation), {}
    return f"conv{rank}d", (input, weight, bias, stride, padding, dilation, groups), {}


def _rrelu(input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, *_: Any) -> Call:
    if training:
        raise ValueError("it was traced in training mode; call module.eval() before tracing")
    return "leaky_relu", (input, (lower + upper) / 2), {}


_ADAPTED: dict[str, Callable[..., Call]] = {
    "batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _batch_norm_in_inference,
    "convolution": _convolution,
    "_convolution": _convolution,
    **dict.fromkeys(("dropout", "dropout_", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), _dropout),
    "rrelu": _rrelu,
    "mean": _as("mean", 3),
    "sum": _as("sum", 3),
    "softmax": _as("softmax", 2),
    "_softmax": _as("softmax", 2),
    "log_softmax": _as("log_softmax", 2),
    "_log_softmax": _as("log_softmax", 2),
    "_to_copy": _as("to", 1),
    "numpy_T": _as("t", 1),
    "_unsafe_view": _as("view", 2),
    "_adaptive_avg_pool2d": _as("adaptive_avg_pool2d", 2),
    **dict.fromkeys(("alias", "lift_fresh", "lift_fresh_copy", "clone", "contiguous", "detach"), _as("identity", 1)),
    **{f"max_pool{n}d_with_indices": _as(f"max_pool{n}d_with_indices", 6) for n in (2, 3)},
}
"""Operators whose arguments are not those of the function of the same name."""
