"""Activation functions by name, for files that name none or name them in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from relureg.errors import UsageError
from relureg.exact.numbers import as_fraction
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm, AffineTensor
from relureg.readers.building.pieces import StageBuilder

NAMES = "relu, leaky:SLOPE (leaky:0.01), relu6, hardtanh, hardsigmoid, abs, linear"
"""What can be asked for, for messages and help."""

_ALIASES = {
    "leakyrelu": "leaky", "leaky_relu": "leaky", "lrelu": "leaky", "identity": "linear", "none": "linear",
    "poslin": "relu", "purelin": "linear", "affine": "linear", "satlins": "hardtanh", "satlin": "sat",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One piecewise-linear activation function."""

    name: str
    slope: Fraction | None = None
    """Of a leaky ReLU, exactly."""
    is_decimal: bool = False
    """Whether the slope was written as a decimal, which a computation rounds to the type of its numbers."""

    @property
    def is_linear(self) -> bool:
        return self.name == "linear"

    def __str__(self) -> str:
        return self.name if self.slope is None else f"{self.name}:{_text(self.slope, self.is_decimal)}"

    def apply(self, builder: StageBuilder, z: AffineTensor, label: str, dtype: Any = np.float64) -> AffineTensor:
        """The function at each entry of z, as PyTorch computes it with numbers of `dtype`."""
        return _FUNCTIONS[self.name](builder, z, label, self, dtype)


RELU = Activation(name="relu")
LINEAR = Activation(name="linear")


def parse_activation(text: str | Activation) -> Activation:
    """An activation as it is written on the command line.

    Raises
    ------
    UsageError
        It is none that is piecewise linear, or its slope is no number.

    Examples
    --------
    >>> parse_activation("leaky:0.01").slope, parse_activation("leaky:1/100").slope == Fraction(1, 100)
    (Fraction(5764607523034235, 576460752303423488), True)
    """
    if isinstance(text, Activation):
        return text
    if not isinstance(text, str):
        raise UsageError(f"an activation is a text like 'relu' or 'leaky:0.01', not {text!r}", where="--activation")
    name, colon, argument = text.strip().lower().partition(":")
    name = _ALIASES.get(name, name)
    if name not in _FUNCTIONS:
        raise UsageError(f"{text!r} is not read; piecewise linear are {NAMES}", where="--activation")
    if name != "leaky":
        if colon:
            raise UsageError(f"{name} has no number after it", where="--activation")
        return Activation(name=name)
    try:
        slope = as_fraction(Fraction(argument) if "/" in argument else float(argument or "0.01"))
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise UsageError(f"{argument!r} is no slope; write leaky:0.01 or leaky:1/100", where="--activation") from error
    return Activation(name=name, slope=slope, is_decimal="/" not in argument)


def _text(slope: Fraction, is_decimal: bool) -> str:
    return repr(float(slope)) if is_decimal else str(slope)


def _leaky(builder: StageBuilder, z: AffineTensor, label: str, own: Activation, dtype: Any) -> AffineTensor:
    assert own.slope is not None
    slope = as_fraction(float(dtype(float(own.slope)))) if own.is_decimal else own.slope
    column = RationalMatrix.from_fractions([[slope]], 1)
    return builder.leaky_relu(z, AffineTensor(shape=(), form=AffineForm.of_constant(column)), label)


def _clip(low: int, high: int) -> Callable[..., AffineTensor]:
    return lambda builder, z, label, *_: builder.clip(z, Fraction(low), Fraction(high), label)


def _hardsigmoid(builder: StageBuilder, z: AffineTensor, label: str, *_: Any) -> AffineTensor:
    three = AffineTensor.of_array(np.full(z.shape, 3.0))
    return builder.clip(z + three, Fraction(0), Fraction(6), label).scale_by(Fraction(1, 6))


_FUNCTIONS: dict[str, Callable[..., AffineTensor]] = {
    "relu": lambda builder, z, label, *_: builder.relu(z, label),
    "leaky": _leaky,
    "relu6": _clip(0, 6),
    "hardtanh": _clip(-1, 1),
    "sat": _clip(0, 1),
    "hardsigmoid": _hardsigmoid,
    "abs": lambda builder, z, label, *_: builder.absolute(z, label),
    "linear": lambda builder, z, label, *_: z,
}  # fmt: skip
