"""The `.nnet` text format (github.com/sisl/NNet): a ReLU perceptron with its normalisation.

The network computes ``mean_out + range_out * net((x - mean) / range)``; normalisation is folded into
the first and last layer, exactly, unless the reader is asked for the raw weights. Decimals are taken as
the doubles they parse to. Quirks met in public files and read here: a header with the layer count
alone; more sizes than layers; a normalisation line ``0`` for "none"; means and ranges with
more entries than inputs + 1 (the first ones and the last one count); numbers after the last bias.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.exact.numbers import as_double
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm
from relureg.network.model import Network, Stage
from relureg.readers.texts import parse_double
from relureg.words import short

MAX_UNITS = 1_000_000
"""Largest layer size taken from a header before any weight is seen."""


def read(data: bytes, *, name: str, raw: bool = False) -> Network:
    """Parse one `.nnet` file; with `raw`, leave the normalisation out.

    Raises
    ------
    MalformedNetworkError
        A line is missing, has too few numbers, or holds something else; says which line.
    """
    return _Reader(data).network(name, raw)


def write(network: Network) -> bytes:
    """The network as `.nnet` text without normalisation, each double written so that it reads back equal.

    Raises
    ------
    UnsupportedNetworkError
        Skip connections, or a number that is no double: the format has no place for them.
    """
    if not network.is_sequential:
        raise UnsupportedNetworkError(".nnet has no place for skip connections; write JSON or ONNX")
    forms = [stage.pre_activation for stage in network.stages] + [network.output]
    sizes = [network.input_dim, *network.widths, network.output_dim]
    bounds = ["0,", "0,"]
    if network.input_box is not None:
        bounds = [_csv(map(repr, _doubles(bound.fractions(), "the input box"))) for bound in network.input_box]
    lines = [
        "// Neural network in the .nnet format, written by relureg",
        _csv([len(forms), sizes[0], sizes[-1], max(sizes)]),
        _csv(sizes),
        "0,",
        *bounds,
        _csv(["0.0"] * (sizes[0] + 1)),
        _csv(["1.0"] * (sizes[0] + 1)),
    ]
    for number, form in enumerate(forms):
        weight = form.terms.get(number, RationalMatrix.zeros(form.size, sizes[number]))
        lines += [_csv(map(repr, _doubles([row], f"layer {number + 1}"))) for row in weight.fractions()]
        lines += [f"{bias!r}," for bias in _doubles(form.constant.fractions(), f"layer {number + 1}")]
    return ("\n".join(lines) + "\n").encode()


class _Reader:
    """Walks the lines that hold numbers, with their line numbers for messages."""

    def __init__(self, data: bytes) -> None:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise MalformedNetworkError(f"not text (byte {error.start}); a .nnet file was expected") from error
        self.lines = self._numbered(text)
        self.notices: list[str] = []

    def network(self, name: str, raw: bool) -> Network:
        sizes = self._sizes()
        num_inputs = sizes[0]
        self._next("the unused flag line")
        low = self._bounds("minimum", num_inputs)
        high = self._bounds("maximum", num_inputs)
        means = self._normalisation("means", num_inputs, Fraction(0))
        ranges = self._normalisation("ranges", num_inputs, Fraction(1))
        weights = [self._layer(number, *pair) for number, pair in enumerate(itertools.pairwise(sizes), 1)]
        if leftover := [number for number, _ in self.lines]:
            self.notices.append(f"{len(leftover)} lines after the last bias are ignored (line {leftover[0]} on)")
        normalised = any(means) or any(scale != 1 for scale in ranges)
        if normalised and raw:
            self.notices.append("the normalisation of inputs and output is left out, as asked")
        elif normalised:
            self.notices.append("the normalisation of inputs and output is folded into the first and last layer")
            weights[0] = _fold_inputs(*weights[0], means[:-1], ranges[:-1])
            weights[-1] = _fold_output(*weights[-1], means[-1], ranges[-1])
        forms = [AffineForm(constant=bias, terms={number: weight}) for number, (weight, bias) in enumerate(weights)]
        box = _box(low, high)
        if box and normalised and raw:
            box = None  # the bounds are in units before normalisation, which the raw weights do not see
        return Network(
            name=name,
            input_dim=num_inputs,
            stages=tuple(Stage(pre_activation=f, name=f"layer {i}") for i, f in enumerate(forms[:-1], start=1)),
            output=forms[-1],
            notices=tuple(self.notices),
            input_box=box,
        )

    @staticmethod
    def _numbered(text: str) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip() and not line.lstrip().startswith("//"):
                yield number, line

    def _next(self, what: str) -> tuple[int, str]:
        line = next(self.lines, None)
        if line is None:
            raise MalformedNetworkError(f"the file ends where {what} was expected; it is truncated")
        return line

    def _numbers(self, what: str) -> tuple[int, list[Fraction]]:
        number, line = self._next(what)
        fields = [field.strip() for field in line.rstrip().rstrip(",").split(",")]
        return number, [_decimal(field, f"line {number}", what) for field in fields]

    def _sizes(self) -> list[int]:
        number, header = self._numbers("the header (layers, inputs, outputs, largest layer)")
        num_layers = _size(header[0], f"line {number}", "the number of layers")
        number, numbers = self._numbers("the layer sizes")
        if len(numbers) < num_layers + 1:
            raise MalformedNetworkError(
                f"{num_layers} layers need {num_layers + 1} sizes, found {len(numbers)}", where=f"line {number}"
            )
        sizes = [_size(n, f"line {number}", "a layer size") for n in numbers[: num_layers + 1]]
        if len(numbers) > num_layers + 1:
            self.notices.append(f"line {number}: {len(numbers)} sizes for {num_layers} layers, the first are taken")
        if len(header) >= 3 and header[1:3] != [sizes[0], sizes[-1]]:
            raise MalformedNetworkError(
                f"the header says {header[1]} inputs and {header[2]} outputs, the sizes {sizes[0]} and {sizes[-1]}",
                where=f"line {number}",
            )
        return sizes

    def _bounds(self, what: str, count: int) -> list[Fraction] | None:
        number, values = self._numbers(f"the input {what} values")
        if len(values) >= count:
            return values[:count]
        if values == [0]:
            return None
        raise MalformedNetworkError(f"{count} {what} values are needed, found {len(values)}", where=f"line {number}")

    def _normalisation(self, what: str, count: int, none: Fraction) -> list[Fraction]:
        """Entries for the inputs, and a last one for the output."""
        number, values = self._numbers(f"the {what}")
        if not any(values) and (len(values) == 1 or what == "ranges"):
            return [none] * (count + 1)
        if len(values) < count + 1:
            raise MalformedNetworkError(
                f"{count} inputs and the output need {count + 1} {what}, found {len(values)}", where=f"line {number}"
            )
        if len(values) > count + 1:
            self.notices.append(
                f"line {number}: {len(values)} {what} for {count} inputs; the first {count} and the last are taken"
            )
        if what == "ranges" and not all(values[:count]):
            raise MalformedNetworkError("a range of 0 cannot normalise an input", where=f"line {number}")
        return [*values[:count], values[-1]]

    def _layer(self, layer: int, num_inputs: int, num_units: int) -> tuple[RationalMatrix, RationalMatrix]:
        rows = []
        for unit in range(1, num_units + 1):
            number, row = self._numbers(f"the weights of layer {layer}, unit {unit}")
            if len(row) != num_inputs:
                raise MalformedNetworkError(
                    f"layer {layer}, unit {unit} needs {num_inputs} weights, found {len(row)}", where=f"line {number}"
                )
            rows.append(row)
        biases = []
        for unit in range(1, num_units + 1):
            number, bias = self._numbers(f"the bias of layer {layer}, unit {unit}")
            if len(bias) != 1:
                raise MalformedNetworkError(
                    f"layer {layer}, unit {unit} needs one bias, found {len(bias)} numbers", where=f"line {number}"
                )
            biases.append(bias)
        return RationalMatrix.from_fractions(rows, num_inputs), RationalMatrix.from_fractions(biases, 1)


def _decimal(field: str, place: str, what: str) -> Fraction:
    try:
        value = parse_double(field)
    except ValueError as error:
        raise MalformedNetworkError(f"{short(field)} is not a number, in {what}", where=place) from error
    if not math.isfinite(value):
        raise MalformedNetworkError(f"{short(field)} is not finite, in {what}", where=place)
    return Fraction(value)


def _size(value: Fraction, place: str, what: str) -> int:
    if value.denominator != 1 or not 1 <= value <= MAX_UNITS:
        raise MalformedNetworkError(f"{what} is {value}; a whole number from 1 to {MAX_UNITS:,} is needed", where=place)
    return int(value)


def _fold_inputs(
    weight: RationalMatrix, bias: RationalMatrix, means: list[Fraction], ranges: list[Fraction]
) -> tuple[RationalMatrix, RationalMatrix]:
    scales = RationalMatrix.from_fractions([[1 / scale] for scale in ranges], 1)
    scaled = weight.T.scale_rows(scales).T
    return scaled, bias - scaled @ RationalMatrix.from_fractions([[mean] for mean in means], 1)


def _fold_output(
    weight: RationalMatrix, bias: RationalMatrix, mean: Fraction, scale: Fraction
) -> tuple[RationalMatrix, RationalMatrix]:
    factors = RationalMatrix.from_fractions([[scale]] * weight.shape[0], 1)
    means = RationalMatrix.from_fractions([[mean]] * weight.shape[0], 1)
    return weight.scale_rows(factors), bias.scale_rows(factors) + means


def _box(low: list[Fraction] | None, high: list[Fraction] | None) -> tuple[RationalMatrix, RationalMatrix] | None:
    if low is None or high is None or not any(low + high):
        return None
    return (
        RationalMatrix.from_fractions([[bound] for bound in low], 1),
        RationalMatrix.from_fractions([[bound] for bound in high], 1),
    )


def _doubles(rows: list[list[Fraction]], place: str) -> list[float]:
    doubles = []
    for value in (entry for row in rows for entry in row):
        double = as_double(value)
        if double is None:
            raise UnsupportedNetworkError(
                "a parameter is no double, and .nnet holds only doubles; write JSON, or allow rounding", where=place
            )
        doubles.append(double)
    return doubles


def _csv(fields: Iterable[object]) -> str:
    return "".join(f"{field}," for field in fields)
