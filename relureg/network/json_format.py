"""The relureg JSON format: exact, readable, one object a network (schema in docs/network.schema.json).

A number is the IEEE double it parses to; a string "p/q" or "p" is that rational. Layer k reads the
layer before it through ``weight``; ``skips`` add terms from the input (``"from": 0``) or from the
output of an earlier layer (``"from": k``), which is how residual networks are written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.exact.numbers import as_double
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network, Stage
from relureg.words import plural

FORMAT = "relureg-network"
VERSION = 1
MAX_DIGITS = 4000
"""Longest numerator or denominator in a string: far beyond any double (1075 bits), and quick to parse."""

_RATIONAL = re.compile(r"([+-]?\d+)(?:/(\d+))?", re.ASCII)
_TOP_KEYS = {"format", "version", "name", "layers", "source", "licence", "input_box"}
_LAYER_KEYS = {"weight", "bias", "activation", "skips"}
_SKIP_KEYS = {"from", "weight"}


def read(data: bytes, *, name: str) -> Network:
    """Parse one network.

    Raises
    ------
    MalformedNetworkError
        Not JSON, an unknown or duplicate key, ragged rows, shapes that do not match, NaN, infinity, or a
        string that is not a rational; says in which layer and place.
    UnsupportedNetworkError
        Another format version or an unknown activation.
    """
    document = _object(_parse(data), _TOP_KEYS, {"format", "version", "layers"}, "")
    if document["format"] != FORMAT:
        raise MalformedNetworkError(f'"format" is {_show(document["format"])}, not "{FORMAT}"')
    if document["version"] != VERSION or isinstance(document["version"], bool):
        raise UnsupportedNetworkError(
            f"format version {_show(document['version'])} is not known; this relureg reads version {VERSION}"
        )
    if not isinstance(document.get("name", ""), str):
        raise MalformedNetworkError(f'"name" is {_show(document["name"])}, not a string')
    layers = document["layers"]
    if not isinstance(layers, list) or not layers:
        raise MalformedNetworkError('"layers" must be a list with at least one layer')
    return _Builder().build(layers, document.get("input_box"), document.get("name") or name)


def write(network: Network) -> bytes:
    """The network as JSON; reading it back gives an equal network, exactly."""
    layers: list[dict[str, Any]] = []
    forms = [stage.pre_activation for stage in network.stages] + [network.output]
    sizes = [network.input_dim, *network.widths]
    for number, form in enumerate(forms):
        layer: dict[str, Any] = {
            "weight": _rows(form.terms.get(number, RationalMatrix.zeros(form.size, sizes[number]))),
            "bias": [row[0] for row in _rows(form.constant)],
            "activation": "relu" if number < len(network.stages) else "linear",
        }
        skips = [{"from": s, "weight": _rows(m)} for s, m in form.terms.items() if s != number]
        layers.append(layer | ({"skips": skips} if skips else {}))
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, "name": network.name}
    if network.input_box is not None:
        document["input_box"] = [[row[0] for row in _rows(bound)] for bound in network.input_box]
    head = json.dumps(document, ensure_ascii=False)[:-1]
    body = ",\n  ".join(json.dumps(layer) for layer in layers)
    return f'{head},\n "layers": [\n  {body}]}}\n'.encode()


class _Builder:
    """Turns the list of layers into stages; linear layers in between are folded away."""

    def __init__(self) -> None:
        self.outputs: list[AffineForm] = []  # the output of layer k as a form, [0] the input
        self.stages: list[Stage] = []
        self.notices: list[str] = []

    def build(self, layers: list[Any], box: Any, name: str) -> Network:
        for number, layer in enumerate(layers, start=1):
            try:
                self._add(number, layer, is_last=number == len(layers))
            except NetworkError as error:
                raise error.within(f"layer {number}") from None
        input_dim = self.outputs[0].size
        return Network(
            name=name,
            input_dim=input_dim,
            stages=tuple(self.stages),
            output=self.outputs[-1],
            notices=tuple(self.notices),
            input_box=None if box is None else _input_box(box, input_dim),
        )

    def _add(self, number: int, layer: Any, *, is_last: bool) -> None:
        fields = _object(layer, _LAYER_KEYS, {"weight", "bias", "activation"}, "")
        activation = fields["activation"]
        if activation not in ("relu", "linear"):
            raise UnsupportedNetworkError(f'unknown activation {_show(activation)}; "relu" and "linear" are known')
        weight = _matrix(fields["weight"], "weight")
        if not self.outputs:
            if not weight.shape[1]:
                raise MalformedNetworkError("weight has no columns: the network has no input")
            self.outputs.append(AffineForm.of_source(INPUT, weight.shape[1]))
        bias = _column(fields["bias"], "bias")
        if bias.shape[0] != weight.shape[0]:
            raise MalformedNetworkError(f"bias has {bias.shape[0]} entries for {weight.shape[0]} units")
        form = AffineForm.of_constant(bias) + self._term(weight, number - 1, "weight")
        for place, skip in _skips(fields.get("skips", [])):
            source = skip["from"]
            if isinstance(source, bool) or not isinstance(source, int) or not 0 <= source < number:
                raise MalformedNetworkError(
                    f'"from" is {_show(source)}; a layer before this one (0 is the input) is needed', where=place
                )
            matrix = _matrix(skip["weight"], f"{place} weight")
            if matrix.shape[0] != weight.shape[0]:
                raise MalformedNetworkError(
                    f"weight has {matrix.shape[0]} rows for {weight.shape[0]} units", where=place
                )
            form = form + self._term(matrix, source, f"{place} weight")
        if activation == "relu":
            self.stages.append(Stage(pre_activation=form, name=f"layer {number}"))
            form = AffineForm.of_source(len(self.stages), form.size)
        elif not is_last:
            self.notices.append(f"layer {number} is linear: folded into the layers after it")
        self.outputs.append(form)

    def _term(self, matrix: RationalMatrix, source: int, place: str) -> AffineForm:
        before = self.outputs[source]
        if matrix.shape[1] != before.size:
            raise MalformedNetworkError(
                f"{place} has {matrix.shape[1]} columns, but layer {source} gives {before.size} values"
                if source
                else f"{place} has {plural(matrix.shape[1], 'column')}, but the network has "
                f"{plural(before.size, 'input')}"
            )
        return before.map(matrix)


def _parse(data: bytes) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            repeated = next(key for key in keys if keys.count(key) > 1)
            raise MalformedNetworkError(f"the key {_show(repeated)} stands twice in one object; keep one")
        return dict(pairs)

    def integer(text: str) -> int | float:
        return int(text) if len(text) <= 400 else float(text)  # 400 digits exceed every double

    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=unique, parse_int=integer)
    except UnicodeDecodeError as error:
        raise MalformedNetworkError(f"not UTF-8 text (byte {error.start}); a JSON file was expected") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MalformedNetworkError(f"not JSON: {error.msg}", where=place) from error
    except RecursionError as error:
        raise MalformedNetworkError("not a network: objects are nested too deeply") from error


def _object(value: Any, known: set[str], needed: set[str], place: str) -> dict[str, Any]:
    where = place or None
    if not isinstance(value, dict):
        raise MalformedNetworkError(f"an object was expected, not {_show(value)}", where=where)
    if unknown := sorted(set(value) - known):
        raise MalformedNetworkError(
            f"unknown key {_show(unknown[0])}; known are {', '.join(sorted(known))}", where=where
        )
    if missing := sorted(needed - set(value)):
        raise MalformedNetworkError(f"the key {_show(missing[0])} is missing", where=where)
    return value


def _skips(value: Any) -> Iterable[tuple[str, dict[str, Any]]]:
    if not isinstance(value, list):
        raise MalformedNetworkError(f'"skips" must be a list, not {_show(value)}')
    for index, skip in enumerate(value, start=1):
        yield f"skip {index}", _object(skip, _SKIP_KEYS, _SKIP_KEYS, f"skip {index}")


def _matrix(value: Any, place: str) -> RationalMatrix:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise MalformedNetworkError(f"{place} must be a list of rows")
    if not value:
        raise MalformedNetworkError(f"{place} has no rows: a layer needs at least one unit")
    for index, row in enumerate(value, start=1):
        if len(row) != len(value[0]):
            raise MalformedNetworkError(
                f"{place} row {index} has {len(row)} entries, row 1 has {len(value[0])}; rows must be equally long"
            )
    return RationalMatrix.from_fractions(
        [[_number(entry, f"{place} row {i}, entry {j}") for j, entry in enumerate(row, start=1)]
         for i, row in enumerate(value, start=1)],
        len(value[0]),
    )  # fmt: skip


def _column(value: Any, place: str) -> RationalMatrix:
    if not isinstance(value, list):
        raise MalformedNetworkError(f"{place} must be a list of numbers")
    return RationalMatrix.from_fractions(
        [[_number(entry, f"{place} entry {i}")] for i, entry in enumerate(value, start=1)], 1
    )


def _number(value: Any, place: str) -> Fraction:
    if isinstance(value, str):
        return _rational(value, place)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedNetworkError(f'{place} is {_show(value)}; a number or a string "p/q" was expected')
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        raise MalformedNetworkError(f"{place} is NaN; a finite number was expected")
    if math.isinf(number):
        raise MalformedNetworkError(f"{place} is infinite as a double; a finite number was expected")
    return Fraction(number)


def _rational(text: str, place: str) -> Fraction:
    if len(text) > 2 * MAX_DIGITS + 2:
        raise MalformedNetworkError(
            f"{place} is a string of {len(text):,} characters; a rational may have {MAX_DIGITS:,} digits "
            "above and below"
        )
    match = _RATIONAL.fullmatch(text)
    if match is None:
        raise MalformedNetworkError(f'{place} is {_show(text)}; a rational is written "p/q" or "p"')
    numerator, denominator = match[1], match[2] or "1"
    if max(len(numerator.lstrip("+-")), len(denominator)) > MAX_DIGITS:
        raise MalformedNetworkError(f"{place} has more than {MAX_DIGITS:,} digits above or below")
    if int(denominator) == 0:
        raise MalformedNetworkError(f"{place} is {_show(text)}: the denominator is zero")
    return Fraction(int(numerator), int(denominator))


def _input_box(value: Any, input_dim: int) -> tuple[RationalMatrix, RationalMatrix]:
    if not isinstance(value, list) or len(value) != 2:
        raise MalformedNetworkError('"input_box" must be two lists: lower and upper bounds')
    low, high = _column(value[0], "input_box lower bounds"), _column(value[1], "input_box upper bounds")
    if low.shape != (input_dim, 1) or high.shape != (input_dim, 1):
        raise MalformedNetworkError(f'"input_box" must hold {input_dim} lower and upper bounds, one an input')
    return low, high


def _rows(matrix: RationalMatrix) -> list[list[float | str]]:
    return [[_literal(entry) for entry in row] for row in matrix.fractions()]


def _literal(value: Fraction) -> float | str:
    """The shortest exact form: a double where it is one, else the string "p/q"."""
    double = as_double(value)
    if double is not None:
        return double
    if max(abs(value.numerator), value.denominator) >= 10**MAX_DIGITS:
        raise UnsupportedNetworkError(
            f"a parameter has more than {MAX_DIGITS:,} digits above or below, the most that the format allows"
        )
    return str(value)


def _show(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False) if not isinstance(value, float) else repr(value)
    except RecursionError:
        return "a deeply nested value"
    return text if len(text) <= 60 else text[:57] + "..."
