"""The layers of a perceptron from arrays of numbers: exact, each with its bias as a column."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from relureg.errors import ArgumentTypeError, MalformedNetworkError, UnsupportedNetworkError, UsageError
from relureg.exact.doubles import exact_doubles
from relureg.exact.numbers import as_fraction
from relureg.exact.rational import RationalMatrix
from relureg.words import short


def read_layers(
    weights: Sequence[ArrayLike | RationalMatrix], biases: Sequence[ArrayLike | RationalMatrix]
) -> list[tuple[RationalMatrix, RationalMatrix]]:
    """A weight (units, inputs) and a bias (units, 1) for each layer; raises as `Network.from_layers` does."""
    for what, given in (("weights", weights), ("biases", biases)):
        if not hasattr(given, "__len__"):
            raise ArgumentTypeError(f"{what}: {short(given)} is not a sequence; one array for each layer is needed")
    if len(weights) != len(biases) or not len(weights):
        raise UsageError(f"{len(weights)} weight matrices need as many biases, and at least one")
    layers = [_layer(number, *pair) for number, pair in enumerate(zip(weights, biases, strict=True), start=1)]
    for number, ((before, _), (matrix, _)) in enumerate(itertools.pairwise(layers), start=2):
        if matrix.shape[1] != before.shape[0]:
            raise MalformedNetworkError(
                f"a weight of shape {matrix.shape} does not fit the {before.shape[0]} units before it",
                where=f"layer {number}",
            )
    return layers


def _layer(
    number: int, weight: ArrayLike | RationalMatrix, bias: ArrayLike | RationalMatrix
) -> tuple[RationalMatrix, RationalMatrix]:
    place = f"layer {number}"
    try:
        matrix = weight if isinstance(weight, RationalMatrix) else _numbers(weight, "weight", 2)
        column = bias if isinstance(bias, RationalMatrix) else _numbers(bias, "bias", 1)
    except (ValueError, UnsupportedNetworkError) as error:
        raise MalformedNetworkError(str(error), where=place) from error
    if column.shape != (matrix.shape[0], 1):
        raise MalformedNetworkError(
            f"a bias of {column.shape[0]} entries does not fit a weight of shape {matrix.shape}", where=place
        )
    return matrix, column


def _numbers(values: ArrayLike, what: str, rank: int) -> RationalMatrix:
    """Numbers as they are, a bias as a column; raises `ValueError` where they are none, or of another shape."""
    try:
        array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    except (ValueError, TypeError, RuntimeError) as error:
        reason = "rows of different lengths" if "inhomogeneous" in str(error) else str(error).split(". ")[0]
        raise ValueError(f"a {what} of {reason}; an array of {rank} dimension{'s' * (rank > 1)} is needed") from error
    if array.ndim != rank and not (what == "bias" and array.ndim == 2 and 1 in array.shape):
        shape = "(units, inputs)" if what == "weight" else "(units,)"
        raise ValueError(f"a {what} of shape {array.shape}; shape {shape} is needed")
    if array.dtype.kind in "US":
        raise ValueError(f"a {what} of texts; numbers are needed")
    array = array if what == "weight" else array.reshape(-1, 1)
    if array.dtype.kind != "O":
        return RationalMatrix.from_floats(exact_doubles(array))
    for entry in array.flat:
        if isinstance(entry, bool) or not isinstance(entry, int | float | Fraction):
            raise ValueError(f"a {what} with an entry of type {type(entry).__name__}; numbers are needed")
    return RationalMatrix.from_fractions([[as_fraction(entry) for entry in row] for row in array], array.shape[1])
