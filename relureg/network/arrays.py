"""Networks as lists of named arrays: NumPy archives (`.npz`) and PyTorch checkpoints of perceptrons.

Such a file holds weights and biases and no activations: ReLU after every layer but the last is assumed,
and said in a notice.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import MAX_ENTRIES
from relureg.network.files import DAMAGED_ARRAY
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix

Array = NDArray[Any]

_ASSUMED = "the file names no activations: ReLU after every layer but the last is assumed"
_WEIGHT = re.compile(r"(?:W|w|weight|weights|weight_|weights_|W_)(\d+)")
_BIAS = re.compile(r"(?:b|bias|biases|bias_|biases_|b_)(\d+)")
_ANY = re.compile(r"arr_(\d+)")


def read_npz(data: bytes, *, name: str) -> Network:
    """Parse an archive of W0, b0, W1, b1, ...; `weight_0` and NumPy's own `arr_0`, `arr_1` are read as well.

    A weight has shape (units, inputs); where only the other orientation fits all layers, it is taken, with a
    notice.

    Raises
    ------
    MalformedNetworkError
        Not an archive of finite numbers, a layer without weight, or shapes that do not fit.
    """
    return from_arrays(_layers_of(_archive(data)), name=name)


def write_npz(network: Network) -> bytes:
    """An archive of W0, b0, W1, b1, ... in doubles, weights of shape (units, inputs).

    Raises
    ------
    UnsupportedNetworkError
        Skip connections, or a number that is no double: the format has no place for them.
    """
    if not network.is_sequential:
        raise UnsupportedNetworkError(".npz has no place for skip connections; write JSON or ONNX")
    forms = [stage.pre_activation for stage in network.stages] + [network.output]
    sizes = [network.input_dim, *network.widths]
    arrays: dict[str, Array] = {}
    for number, (form, size) in enumerate(zip(forms, sizes, strict=True)):
        weight = form.terms.get(number, RationalMatrix.zeros(form.size, size))
        if not (weight.is_exact_as(np.float64) and form.constant.is_exact_as(np.float64)):
            raise UnsupportedNetworkError(
                "a parameter is no double, and .npz holds only doubles; write JSON, or allow rounding",
                where=f"layer {number + 1}",
            )
        arrays |= {f"W{number}": weight.floats, f"b{number}": form.constant.floats.reshape(-1)}
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]  # the keyword allow_pickle is none of the names
    return stream.getvalue()


def read_checkpoint(data: bytes, *, name: str) -> Network:
    """Parse a PyTorch checkpoint that is the state dict of a perceptron, or holds one; no code in it is run.

    Raises
    ------
    MalformedNetworkError
        Not a checkpoint of tensors alone, or one that is no perceptron.
    UnsupportedNetworkError
        PyTorch is not installed.
    """
    from relureg.network.torch_ import load_state

    state = load_state(data)
    weights = [(key, value) for key, value in state.items() if key.endswith("weight")]
    odd = [key for key, value in weights if value.ndim != 2]
    odd += [key for key in state if not key.endswith(("weight", "bias"))]
    if odd or not weights:
        shown = f"{odd[0]!r} is no weight or bias of a linear layer" if odd else "it holds no weights"
        raise UnsupportedNetworkError(
            f"a checkpoint is read where it holds linear layers alone, and {shown}; "
            "make the module, load the checkpoint into it, and give it to relureg.from_torch"
        )
    layers = []
    for key, weight in weights:
        bias = state.get(key.removesuffix("weight") + "bias")
        layers.append((key, weight, np.zeros(weight.shape[0]) if bias is None else bias))
    return from_arrays(layers, name=name)


def from_arrays(layers: Sequence[tuple[str, Array, Array]], *, name: str, notices: Sequence[str] = ()) -> Network:
    """A perceptron of layers (name, weight, bias), weights in either orientation."""
    chain = [(weight.shape, bias.size) for _, weight, bias in layers]
    for key, weight, bias in layers:
        if weight.ndim != 2 or bias.size not in weight.shape or not weight.size:
            raise MalformedNetworkError(
                f"a weight of shape {list(weight.shape)} and a bias of shape {list(bias.shape)} make no layer",
                where=repr(key),
            )
    notes = [*notices, _ASSUMED] if len(layers) > 1 else list(notices)
    if not _fits(chain) and _fits([(shape[::-1], size) for shape, size in chain]):
        layers = [(key, weight.T, bias) for key, weight, bias in layers]
        notes.append("weights are read as (inputs, units)")
    network = Network.from_layers(
        [weight for _, weight, _ in layers], [bias.reshape(-1) for *_, bias in layers], name=name
    )
    return Network(
        name=network.name, input_dim=network.input_dim, stages=network.stages, output=network.output,
        notices=tuple(notes),
    )  # fmt: skip


def _fits(chain: Sequence[tuple[tuple[int, ...], int]]) -> bool:
    """Whether shapes (units, inputs) with biases of that many units make a chain."""
    inputs = [shape[1] for shape, _ in chain[1:]]
    units = [shape[0] for shape, _ in chain]
    return units == [size for _, size in chain] and inputs == units[:-1]


def _archive(data: bytes) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > 8 * MAX_ENTRIES:
            raise MalformedNetworkError(f"its arrays take {size:,} bytes; at most {8 * MAX_ENTRIES:,} are read")
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            return {key: _numbers(key, held[key]) for key in held.files}
    except (zipfile.BadZipFile, OSError, KeyError, NotImplementedError, *DAMAGED_ARRAY) as error:
        raise MalformedNetworkError(f"not a NumPy archive of numbers, or a damaged one: {error}") from error


def _numbers(key: str, array: Any) -> Array:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise MalformedNetworkError("it holds no array of numbers", where=repr(key))
    if array.size > MAX_ENTRIES:
        raise MalformedNetworkError(f"it has {array.size:,} entries; at most {MAX_ENTRIES:,} are read", where=repr(key))
    return array.astype(np.float64)


def _layers_of(arrays: Mapping[str, Array]) -> list[tuple[str, Array, Array]]:
    numbered = {int(match[1]): array for key, array in arrays.items() if (match := _ANY.fullmatch(key))}
    if numbered and len(numbered) == len(arrays):
        in_order = [numbered[number] for number in sorted(numbered)]
        if len(in_order) % 2:
            raise MalformedNetworkError(f"{len(in_order)} arrays are not pairs of a weight and a bias")
        return [(f"arr_{2 * k}", *pair) for k, pair in enumerate(zip(in_order[::2], in_order[1::2], strict=True))]
    weights = {int(match[1]): key for key in arrays if (match := _WEIGHT.fullmatch(key))}
    biases = {int(match[1]): key for key in arrays if (match := _BIAS.fullmatch(key))}
    unknown = sorted(set(arrays) - set(weights.values()) - set(biases.values()))
    if "header" in unknown and "patterns" in unknown:
        raise MalformedNetworkError("a saved complex is no network; count, graph, regions and plot read it")
    if unknown or not weights or not set(biases) <= set(weights):
        held = ", ".join(sorted(arrays)[:8]) or "nothing"
        raise MalformedNetworkError(f"arrays W0, b0, W1, b1, ... are expected; it holds {held}")
    return [
        (key, arrays[key], arrays[biases[k]] if k in biases else np.zeros(arrays[key].shape[0]))
        for k, key in sorted(weights.items())
    ]
