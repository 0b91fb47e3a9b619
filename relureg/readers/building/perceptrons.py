"""Perceptrons from named arrays: weights turned the right way, shapes checked before numbers are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.exact.doubles import Floats
from relureg.network.affine_forms import INPUT, MAX_ENTRIES, AffineForm, AffineTensor
from relureg.network.model import Network
from relureg.readers.building.activations import LINEAR, RELU, Activation
from relureg.readers.building.layer_tree import Layer, Orientation
from relureg.readers.building.pieces import StageBuilder
from relureg.readers.building.stored_arrays import StoredArray

_ASSUMED = "the file names no activations: ReLU after every layer but the last is assumed"

Chain = Sequence[tuple[tuple[int, ...], int | None]]
"""Shape of the weight and number of biases of each layer."""


def perceptron(
    layers: Sequence[Layer],
    *,
    name: str,
    held: int,
    activation: Activation | None = None,
    stated: Sequence[Activation] | None = None,
) -> Network:
    """The network of layers one after the other.

    Parameters
    ----------
    layers : sequence of Layer
    name : str
    held : int
        Bytes that the file holds: the layers may not have more entries, but for a few.
    activation : Activation, optional
        After every layer but the last; ReLU by default, with a notice that it is assumed.
    stated : sequence of Activation, optional
        After each layer, as the file states them.

    Raises
    ------
    NetworkError
        Shapes do not fit, or a number is none.
    """
    shapes = [_array(layer).shape for layer in layers]
    entries = sum(shape[0] * shape[1] for shape in shapes)
    if entries > min(MAX_ENTRIES, held + _SLACK):
        reason = f"at most {MAX_ENTRIES:,} are read" if held >= MAX_ENTRIES else f"the file has {held:,} bytes"
        raise MalformedNetworkError(f"its weights claim {entries:,} entries; {reason}")
    turned, notices = _turned(layers)
    weights = [_fetch(_array(layer), layer.name) for layer in layers]
    if turned:
        weights = [weight.T for weight in weights]
    biases = [
        np.zeros(len(weight)) if layer.bias is None else _fetch(layer.bias, layer.name).reshape(-1)
        for layer, weight in zip(layers, weights, strict=True)
    ]
    if stated is None and len(layers) > 1:
        chosen = activation or RELU
        asked = f"{activation} after every layer but the last, as asked for"
        notices = [_ASSUMED if activation is None else asked, *notices]
    else:
        chosen = RELU
    after = stated if stated is not None else [chosen] * (len(layers) - 1) + [LINEAR]
    plain = Network.from_layers(weights, biases, name=name)
    if all(one == RELU for one in after[:-1]) and after[-1].is_linear:
        return _with_notices(plain, notices)
    single = all(_array(layer).is_single for layer in layers)
    return _with_notices(_activated(plain, layers, after, np.float32 if single else np.float64), notices)


_SLACK = 2**16
"""Entries that expanded and sparse arrays may have beyond those in the file."""


def _activated(plain: Network, layers: Sequence[Layer], after: Sequence[Activation], dtype: type) -> Network:
    """The same layers with other activations after them."""
    builder = StageBuilder()
    forms = [*(stage.pre_activation for stage in plain.stages), plain.output]
    value = AffineTensor(shape=(plain.input_dim,), form=AffineForm.of_source(INPUT, plain.input_dim))
    for source, (form, layer, activation) in enumerate(zip(forms, layers, after, strict=True)):
        constant = AffineForm.of_constant(form.constant)
        matrix = form.terms.get(source)
        z = constant if matrix is None else value.form.map(matrix) + constant
        value = activation.apply(builder, AffineTensor(shape=(z.size,), form=z), layer.name, dtype)
    return Network(
        name=plain.name, input_dim=plain.input_dim, stages=tuple(builder.stages), output=value.form,
        spanning_stages=tuple(builder.spanning),
    )  # fmt: skip


def _with_notices(network: Network, notices: Sequence[str]) -> Network:
    return Network(
        name=network.name, input_dim=network.input_dim, stages=network.stages, output=network.output,
        notices=tuple(notices), spanning_stages=network.spanning_stages,
    )  # fmt: skip


def _turned(layers: Sequence[Layer]) -> tuple[bool, list[str]]:
    """Whether the weights are (inputs, units), and what is to be said of it."""
    chain = [(_array(layer).shape, None if layer.bias is None else layer.bias.size) for layer in layers]
    straight, reverse = _fault(layers, chain), _fault(layers, [(shape[::-1], size) for shape, size in chain])
    kinds = {layer.orientation for layer in layers}
    if kinds == {Orientation.INPUTS}:
        if reverse is not None:
            raise reverse
        return True, []
    if Orientation.INPUTS in kinds and len(kinds) > 1:
        raise UnsupportedNetworkError("weights of several frameworks, which differ in what a row is; name them alike")
    if kinds & {Orientation.UNKNOWN} and straight is None and reverse is None:
        raise UnsupportedNetworkError(
            "all weights are square, and nothing says whether a row is a unit or an input; save them as W0, b0, W1, "
            'b1, ... of shape (units, inputs): np.savez("net.npz", W0=w0, b0=b0, W1=w1, b1=b1)'
        )
    if straight is None:
        return False, []
    if reverse is None and kinds != {Orientation.UNITS}:
        return True, ["weights are read as (inputs, units)"]
    raise straight


def _fault(layers: Sequence[Layer], chain: Chain) -> NetworkError | None:
    """What keeps shapes (units, inputs) with biases of that many units from being a chain."""
    for layer, (shape, size) in zip(layers, chain, strict=True):
        if size not in (None, shape[0]):
            bias = [] if layer.bias is None else list(layer.bias.shape)
            return MalformedNetworkError(
                f"a weight of shape {list(_array(layer).shape)} and a bias of shape {bias} make no layer",
                where=repr(layer.name),
            )
    for number in range(1, len(chain)):
        (units, _), (_, inputs) = chain[number - 1][0], chain[number][0]
        if units != inputs:
            return MalformedNetworkError(
                f"a weight of shape {list(_array(layers[number]).shape)} does not fit the {units} units before it"
                + _advice(layers, number),
                where=repr(layers[number].name),
            )
    return None


def _advice(layers: Sequence[Layer], number: int) -> str:
    """Where layers of two networks may have been numbered through, the first of them."""
    names = [".".join(layer.path) for layer in layers[:number]]
    return (
        f"; of several networks in one file, name the layers of one: --prefix {','.join(names)}" if number > 1 else ""
    )


def _array(layer: Layer) -> StoredArray:
    assert layer.weight is not None  # a layer without one is none
    return layer.weight


def _fetch(array: StoredArray, name: str) -> Floats:
    try:
        values = array.fetch()
    except NetworkError as error:
        raise error.within(repr(name)) from error.__cause__
    if not np.isfinite(values).all():
        raise MalformedNetworkError("NaN and infinity are not rational numbers", where=repr(name))
    return values
