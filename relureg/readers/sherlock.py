"""The Sherlock text format: numbers one after the other, ReLU after every layer, the last one too.

Inputs, outputs, number of hidden layers, their sizes; then for each unit its weights and its bias. The
tool that goes with it computes ``(y - offset) * scale`` with two numbers that are not in the file: the
caller gives them. Two relatives are read as well: with both numbers at the end of the file (ReachNN), and
with the name of an activation for each layer after the sizes (POLAR). A decimal is the double it parses to.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError, UnsupportedOperator
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm
from relureg.network.model import Network, Stage
from relureg.readers.texts import parse_double
from relureg.words import short

MAX_UNITS = 1_000_000
"""Largest layer size taken from a header before any weight is seen."""

_LINEAR = {"affine", "linear", "identity"}

_Token = tuple[int, str]
"""Line number and word."""


def read(data: bytes, *, name: str, offset: Fraction | None = None, scale: Fraction | None = None) -> Network:
    """Parse one file.

    Parameters
    ----------
    data : bytes
    name : str
    offset, scale : Fraction, optional
        The output is ``(y - offset) * scale``; by default what the file says at its end, else 0 and 1.

    Raises
    ------
    MalformedNetworkError
        Too few or too many numbers, or something else than a number; says in which line.
    UnsupportedNetworkError
        Activations that are not piecewise linear.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedNetworkError(f"not text (byte {error.start}); a Sherlock file was expected") from error
    tokens = [(number, word) for number, line in enumerate(text.splitlines(), start=1) for word in line.split()]
    return _Reader(tokens).network(name, offset, scale)


class _Reader:
    """Takes the words one after the other."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.notices: list[str] = []

    def network(self, name: str, offset: Fraction | None, scale: Fraction | None) -> Network:
        num_inputs, num_outputs = self._size("the number of inputs"), self._size("the number of outputs")
        num_hidden = self._size("the number of hidden layers", least=0)
        if num_hidden > len(self.tokens):
            raise MalformedNetworkError(f"the file ends before the sizes of {num_hidden:,} layers; it is truncated")
        hidden = [self._size(f"the size of hidden layer {layer}") for layer in range(1, num_hidden + 1)]
        sizes = [num_inputs, *hidden, num_outputs]
        linear = self._activations(len(sizes) - 1)
        weights = [self._layer(layer, *pair) for layer, pair in enumerate(itertools.pairwise(sizes), start=1)]
        in_file = self._ending()
        offset = in_file[0] if offset is None else offset
        scale = in_file[1] if scale is None else scale
        stages: list[Stage] = []
        form = AffineForm.of_source(0, num_inputs)
        for layer, ((weight, bias), is_linear) in enumerate(zip(weights, linear, strict=True), start=1):
            form = form.map(weight) + AffineForm.of_constant(bias)
            if not is_linear:
                stages.append(Stage(pre_activation=form, name=f"layer {layer}"))
                form = AffineForm.of_source(len(stages), form.size)
        if offset or scale != 1:
            shift = RationalMatrix.from_fractions([[-offset]] * num_outputs, 1)
            factors = RationalMatrix.from_fractions([[scale]] * num_outputs, 1)
            form = (form + AffineForm.of_constant(shift)).scale(factors)
        self.notices.append(f"the output is (y - offset) * scale with offset {offset} and scale {scale}")
        return Network(name=name, input_dim=num_inputs, stages=tuple(stages), output=form, notices=tuple(self.notices))

    def _next(self, what: str) -> _Token:
        if self.at == len(self.tokens):
            raise MalformedNetworkError(f"the file ends where {what} was expected; it is truncated")
        self.at += 1
        return self.tokens[self.at - 1]

    def _number(self, what: str) -> tuple[int, Fraction]:
        line, word = self._next(what)
        try:
            value = parse_double(word)
        except ValueError as error:
            raise MalformedNetworkError(f"{short(word)} is not a number, in {what}", where=f"line {line}") from error
        if not math.isfinite(value):
            raise MalformedNetworkError(f"{short(word)} is not finite, in {what}", where=f"line {line}")
        return line, Fraction(value)

    def _size(self, what: str, least: int = 1) -> int:
        line, value = self._number(what)
        if value.denominator != 1 or not least <= value <= MAX_UNITS:
            raise MalformedNetworkError(
                f"{what} is {value}; a whole number from {least} to {MAX_UNITS:,} is needed", where=f"line {line}"
            )
        return int(value)

    def _activations(self, num_layers: int) -> list[bool]:
        """Whether each layer is linear; ReLU where the file names no activations."""
        if self.at == len(self.tokens) or not self.tokens[self.at][1][0].isalpha():
            return [False] * num_layers
        words = [self._next(f"the activation of layer {layer}") for layer in range(1, num_layers + 1)]
        unknown = tuple(
            UnsupportedOperator(operator=word, node=f"layer {layer}", reason=f"line {line}", alternative="ReLU")
            for layer, (line, word) in enumerate(words, start=1)
            if word.lower() not in _LINEAR | {"relu"}
        )
        if unknown:
            listed = "; ".join(map(str, unknown))
            raise UnsupportedNetworkError(f"activations that are not supported: {listed}", unsupported=unknown)
        return [word.lower() in _LINEAR for _, word in words]

    def _layer(self, layer: int, num_inputs: int, num_units: int) -> tuple[RationalMatrix, RationalMatrix]:
        needed, left = num_units * (num_inputs + 1), len(self.tokens) - self.at
        if needed > left:
            raise MalformedNetworkError(
                f"layer {layer} needs {needed:,} numbers and {left:,} are left; the file is truncated"
            )
        rows, biases = [], []
        for unit in range(1, num_units + 1):
            rows.append([self._number(f"the weights of layer {layer}, unit {unit}")[1] for _ in range(num_inputs)])
            biases.append([self._number(f"the bias of layer {layer}, unit {unit}")[1]])
        return RationalMatrix.from_fractions(rows, num_inputs), RationalMatrix.from_fractions(biases, 1)

    def _ending(self) -> tuple[Fraction, Fraction]:
        """Offset and scale, if they stand at the end."""
        left = len(self.tokens) - self.at
        if left not in (0, 2):
            line = self.tokens[self.at][0]
            raise MalformedNetworkError(
                f"{left:,} words are left after the last bias; none, or offset and scale, are expected",
                where=f"line {line}",
            )
        if not left:
            return Fraction(0), Fraction(1)
        return self._number("the offset")[1], self._number("the scale")[1]
