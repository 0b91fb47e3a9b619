"""Modules of torch.nn as calls of the functions that they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.exact.doubles import exact_doubles
from relureg.network.affine_forms import AffineTensor, check_size
from relureg.readers.torch.functions import IN_PLACE


def module_call(module: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """A module of torch.nn as a call of the function that it is."""
    kind = type(module).__name__
    describe = _MODULES.get(kind)
    if describe is None:
        return kind, (), {}
    name, keywords = describe(module)
    if name in IN_PLACE and getattr(module, "inplace", False):
        keywords = keywords | {"inplace": True}
    return name, (), {key: constant(value, f"parameter {key!r}") for key, value in keywords.items()}


def _convolution(module: Any) -> tuple[str, dict[str, Any]]:
    if module.padding_mode != "zeros":
        return f"{type(module).__name__} with padding_mode={module.padding_mode!r}", {}
    name = type(module).__name__.lower().replace("convtranspose", "conv_transpose")
    keys = ["weight", "bias", "stride", "padding", "dilation", "groups"]
    return name, _fields(module, *keys, *(["output_padding"] if "transpose" in name else []))


def _fields(module: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names}


def _plain(name: str, *fields: str) -> Callable[[Any], tuple[str, dict[str, Any]]]:
    return lambda module: (name, _fields(module, *fields))


def _padding(mode: str) -> Callable[[Any], tuple[str, dict[str, Any]]]:
    return lambda module: ("pad", {"pad": module.padding, "mode": mode, "value": getattr(module, "value", 0.0)})


_MODULES: dict[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    "Linear": _plain("linear", "weight", "bias"),
    "Identity": _plain("identity"),
    **{name: _plain("identity") for name in
       ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")},
    "Flatten": _plain("flatten", "start_dim", "end_dim"),
    "Unflatten": lambda module: ("unflatten", {"dim": module.dim, "sizes": module.unflattened_size}),
    "ReLU": _plain("relu"),
    "ReLU6": _plain("relu6"),
    "LeakyReLU": _plain("leaky_relu", "negative_slope"),
    "PReLU": _plain("prelu", "weight"),
    "RReLU": lambda module: ("leaky_relu", {"negative_slope": (module.lower + module.upper) / 2}),
    "Hardtanh": _plain("hardtanh", "min_val", "max_val"),
    "Hardsigmoid": _plain("hardsigmoid"),
    "Threshold": _plain("threshold", "threshold", "value"),
    "Softmax": _plain("softmax", "dim"),
    "LogSoftmax": _plain("log_softmax", "dim"),
    "Sigmoid": _plain("sigmoid"),
    "Tanh": _plain("tanh"),
    **{f"{kind}{n}d": _convolution for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": _plain("batch_norm", "running_mean", "running_var", "weight", "bias", "eps")
       for n in (1, 2, 3)},
    **{f"MaxPool{n}d": _plain(f"max_pool{n}d", "kernel_size", "stride", "padding", "dilation", "ceil_mode")
       for n in (1, 2, 3)},
    **{f"AvgPool{n}d": _plain(f"avg_pool{n}d", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
       for n in (1, 2, 3)},
    **{f"Adaptive{kind}Pool{n}d": _plain(f"adaptive_{kind.lower()}_pool{n}d", "output_size")
       for kind in ("Avg", "Max") for n in (1, 2, 3)},
    **{f"{kind}Pad{n}d": _padding(mode) for n in (1, 2, 3) for kind, mode in
       (("Zero", "constant"), ("Constant", "constant"), ("Reflection", "reflect"), ("Replication", "replicate"),
        ("Circular", "circular"))},
}  # fmt: skip
"""Class of torch.nn -> the function it calls, and its arguments."""


def constant(value: Any, label: str = "") -> Any:
    """A parameter or buffer as a constant tensor; anything else as it is.

    Raises
    ------
    NetworkError
        It has no real numbers, or NaN or infinity among them; `label` says which one it is.
    """
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        try:
            return AffineTensor.of_array(array_of(value))
        except ValueError as error:
            raise MalformedNetworkError(str(error), where=label or None) from error
        except UnsupportedNetworkError as error:
            raise (error.within(label) if label else error) from error.__cause__
    return value


def array_of(tensor: Any) -> NDArray[np.float64]:
    """The numbers of a tensor as doubles, exactly.

    Raises
    ------
    UnsupportedNetworkError
        It has none, or they are quantised, complex or too many.
    """
    if tensor.is_meta:
        raise UnsupportedNetworkError("a tensor on the device 'meta' has no numbers; load the weights first")
    if tensor.is_quantized:
        raise UnsupportedNetworkError(
            "a quantised tensor: a quantised network also rounds its activations, and is not piecewise linear; give "
            "the module before quantisation"
        )
    if tensor.is_complex():
        raise UnsupportedNetworkError("complex numbers are not read")
    check_size(tensor.shape)
    dense = tensor.detach().cpu() if str(tensor.layout) == "torch.strided" else tensor.detach().cpu().to_dense()
    return exact_doubles((dense.double() if dense.is_floating_point() else dense).numpy())
