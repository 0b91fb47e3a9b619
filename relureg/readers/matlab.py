"""Weights and biases as people keep them in MAT-files: W1, b1, ...; cells W and b; structs of these."""

from __future__ import annotations

from typing import Any

import numpy as np

from relureg.errors import UnsupportedNetworkError, UsageError
from relureg.network.model import Network
from relureg.readers.building.activations import LINEAR, Activation, parse_activation
from relureg.readers.building.layer_names import choose_layers
from relureg.readers.building.layer_tree import Layer, Orientation, Path, split_name
from relureg.readers.building.perceptrons import perceptron
from relureg.readers.building.stored_arrays import StoredArray
from relureg.readers.mat_file import Cells, Unread, read_mat_file

_STATED = {"act_fcns", "act_fcn", "act_functions", "act_funcs", "activations", "activation", "activation_fcns",
           "activation_functions", "activation_function", "activation_fcn", "activationfunction", "transfer_fcns",
           "transfer_fcn", "transferfcn", "actfcns", "actfcn", "actfun", "act_fun", "acts", "act"}  # fmt: skip
"""Variables and fields that name the activation of one layer or of each."""
_DESCRIBED = {"number_of_inputs", "number_of_outputs", "number_of_layers", "number_of_hidden_layers", "layer_sizes",
              "num_layers", "n_layers", "num_inputs", "num_outputs", "nn_size", "sizes", "name"}  # fmt: skip
"""Variables that say of the layers what their shapes say."""
_HEADS = {"softmax", "logsig", "sigmoid", "tansig", "tanh"}


def read_matlab(data: bytes, *, name: str, prefix: str | None = None, activation: Activation | None = None) -> Network:
    """Parse a MAT-file of a perceptron; weights of shape (units, inputs), unless only the other orientation fits.

    Parameters are those of `relureg.readers.arrays.read_npz`; the activation is for a file that states none.

    Raises
    ------
    NetworkError
        Another version of the format, or something else than a perceptron.
    UsageError
        An activation is given and the file states its own.
    """
    arrays: dict[str, StoredArray] = {}
    texts: dict[str, list[str]] = {}
    _flatten(read_mat_file(data), "", arrays, texts)
    layers = choose_layers(arrays, prefix)
    for layer in layers:
        if layer.orientation is Orientation.UNKNOWN:  # MATLAB writes W * x + b
            layer.orientation = Orientation.EITHER
    named = _named(texts, layers)
    if named is None:
        return perceptron(layers, name=name, held=len(data) * 64, activation=activation)
    if activation is not None:
        raise UsageError("the file names its activations; leave the option out", where="--activation")
    stated, notices = _parsed(named, len(layers))
    network = perceptron(layers, name=name, held=len(data) * 64, stated=stated)
    return network.replace(notices=(*network.notices, *notices))


def _flatten(value: Any, path: str, arrays: dict[str, StoredArray], texts: dict[str, list[str]]) -> None:
    """Everything in a value under its path."""
    last = path.rpartition(".")[2].lower()
    if isinstance(value, dict):
        for key, entry in value.items():
            _flatten(entry, f"{path}.{key}" if path else key, arrays, texts)
    elif last in _STATED:
        entries = list(value.entries) if isinstance(value, Cells) else [value]
        texts[path] = [entry.strip() if isinstance(entry, str) else "" for entry in entries]
    elif last in _DESCRIBED:
        return
    elif isinstance(value, Cells):
        for number, entry in enumerate(value.entries, start=1):
            _flatten(entry, f"{path}.{number}", arrays, texts)
    elif isinstance(value, np.ndarray):
        if value.size:
            arrays[path] = StoredArray.of(value)
    else:
        arrays[path] = StoredArray.refused(value.reason if isinstance(value, Unread) else "a text")


def _named(texts: dict[str, list[str]], layers: list[Layer]) -> list[str] | None:
    """The names of activations that stand in these layers, beside them, or above them."""
    found: list[list[str]] = []
    own: dict[Path, list[str]] = {}
    for path, names in texts.items():
        parent = split_name(path)[:-1]
        inside = [layer.path for layer in layers if layer.path[: len(parent)] == parent]
        if len(layers) > 1 and inside == [parent]:
            own[parent] = names
        elif len(inside) == len(layers):
            found.append(names)
        elif inside:
            raise UnsupportedNetworkError(f"{path} names activations of {len(inside)} layers only; name all in one")
    if own:
        found.append([name for layer in layers for name in own.get(layer.path, [""])])
        if layers[-1].path not in own:  # as where all are named in one
            found[-1].pop()
    if len(found) > 1:
        raise UnsupportedNetworkError(f"it names activations twice: {', '.join(texts)}")
    return found[0] if found else None


def _parsed(names: list[str], count: int) -> tuple[list[Activation], list[str]]:
    """The activation after each layer, and what is to be said of it."""
    stated, notices = [], []
    if len(names) == 1 and count > 2:
        notices.append(f"the file names one activation: {names[0]} after every layer but the last")
        names = names * (count - 1)
    if len(names) == count - 1:
        names = [*names, "linear"]
    if len(names) != count:
        raise UnsupportedNetworkError(f"it names {len(names)} activations for {count} layers; name one for each")
    for number, text in enumerate(names, start=1):
        if number == count and text.lower() in _HEADS:
            notices.append(f"stripped the head, which moves no region: {text}")
            stated.append(LINEAR)
            continue
        try:
            stated.append(parse_activation(text))
        except UsageError as error:
            raise UnsupportedNetworkError(error.message, where=f"activation {number}") from error
        if text.lower().startswith("leaky") and ":" not in text:
            raise UnsupportedNetworkError(
                f"{text!r} has no slope; name it leaky:0.01, or save the file without names and give --activation",
                where=f"activation {number}",
            )
    if names[-1].lower() in _HEADS and all(one.is_linear for one in stated):
        raise UnsupportedNetworkError("a smooth function is the only activation of the network, which is not read")
    return stated, notices
