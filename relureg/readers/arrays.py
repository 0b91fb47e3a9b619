"""NumPy archives (`.npz`) of weights and biases.

Such a file names no activations: ReLU after every layer but the last is assumed, and said in a notice.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.exact.doubles import Floats, exact_doubles
from relureg.exact.rational import RationalMatrix
from relureg.files import DAMAGED_ARRAY
from relureg.network.affine_forms import MAX_ENTRIES
from relureg.network.model import Network
from relureg.readers.archives import open_archive, read_member
from relureg.readers.building.activations import Activation
from relureg.readers.building.layer_names import choose_layers
from relureg.readers.building.layer_tree import Layer, Orientation
from relureg.readers.building.perceptrons import perceptron
from relureg.readers.building.stored_arrays import StoredArray

Array = NDArray[Any]

_ANY = re.compile(r"arr_(\d+)")
_MAX_BYTES = 8 * MAX_ENTRIES


def read_npz(data: bytes, *, name: str, prefix: str | None = None, activation: Activation | None = None) -> Network:
    """Parse an archive of W0, b0, W1, b1, ..., of names as PyTorch, Flax, Haiku or Keras give them, or of NumPy's own.

    A weight W0 has shape (units, inputs); where only the other orientation fits all layers, it is taken, with a
    notice. No number is read before the shapes make a network.

    Parameters
    ----------
    data : bytes
    name : str
    prefix : str, optional
        Which of several networks, as `choose_layers` takes it.
    activation : Activation, optional
        After every layer but the last.

    Raises
    ------
    MalformedNetworkError
        Not an archive of finite numbers, a layer without weight, or shapes that do not fit.
    UnsupportedNetworkError
        Names that give no order, or arrays that are no linear layers.
    """
    with open_archive(data) as archive:
        arrays = _stored(archive)
        if "header" in arrays and "patterns" in arrays:
            raise MalformedNetworkError("a saved complex is no network; count, graph, regions and plot read it")
        unnamed = bool(arrays) and all(_ANY.fullmatch(key) for key in arrays)
        layers = _pairs(arrays) if unnamed and prefix is None else choose_layers(arrays, prefix)
        held = sum(member.file_size for member in archive.infolist())
        return perceptron(layers, name=name, held=held, activation=activation)


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


def _stored(archive: zipfile.ZipFile) -> dict[str, StoredArray]:
    """The arrays of an archive, of which the headers are read alone."""
    size = sum(member.file_size for member in archive.infolist())
    if size > _MAX_BYTES:
        raise MalformedNetworkError(f"its arrays take {size:,} bytes; at most {_MAX_BYTES:,} are read")
    arrays = {}
    for member in archive.infolist():
        if not member.filename.endswith(".npy"):
            raise MalformedNetworkError(f"it holds {member.filename!r}, which is no array; not a NumPy archive")
        key = member.filename.removesuffix(".npy")
        if key in arrays:
            raise MalformedNetworkError("two arrays have one name", where=repr(key))
        arrays[key] = _array(archive, member, key)
    return arrays


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, key: str) -> StoredArray:
    try:
        with archive.open(member) as stream:
            version = np.lib.format.read_magic(stream)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, by_columns, dtype = read(stream)
            start = stream.tell()
    except (
        zipfile.BadZipFile,
        OSError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
        *DAMAGED_ARRAY,
    ) as error:
        raise MalformedNetworkError(f"not an array, or a damaged one: {error}", where=repr(key)) from error
    if dtype.hasobject:
        raise MalformedNetworkError(
            "it holds Python objects, which are not unpickled; save each array by itself: "
            'np.savez("net.npz", W0=w0, b0=b0, W1=w1, b1=b1)',
            where=repr(key),
        )
    if dtype.kind not in "fiub" or dtype.itemsize > 8:
        raise MalformedNetworkError(f"it holds no array of real numbers but {dtype}", where=repr(key))
    size = math.prod(shape)
    if size * dtype.itemsize != member.file_size - start:
        raise MalformedNetworkError(
            f"its header claims {size * dtype.itemsize:,} bytes of numbers, and {member.file_size - start:,} follow",
            where=repr(key),
        )

    def fetch() -> Floats:
        flat = np.frombuffer(read_member(archive, member.filename, _MAX_BYTES), dtype, offset=start)
        return exact_doubles(flat).reshape(shape, order="F" if by_columns else "C")

    return StoredArray(shape=tuple(shape), dtype=dtype.name, fetch=fetch)


def _pairs(arrays: Mapping[str, StoredArray]) -> list[Layer]:
    """The layers of unnamed arrays: a weight and its bias, in turn."""
    in_order = sorted(arrays, key=lambda key: int(key.removeprefix("arr_")))
    ranks = [len(arrays[key].shape) for key in in_order]
    if ranks != [2, 1] * (len(ranks) // 2):
        raise MalformedNetworkError(
            f"{len(in_order)} unnamed arrays are not pairs of a weight and a bias; save them as W0, b0, W1, b1, ..."
        )
    return [
        Layer(path=(key,), name=key, weight=arrays[key], bias=arrays[bias], orientation=Orientation.UNKNOWN)
        for key, bias in zip(in_order[::2], in_order[1::2], strict=True)
    ]
