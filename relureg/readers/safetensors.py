"""safetensors files: a header of JSON that says where in the file each tensor lies.

The format is small enough to be read here, strictly: every length is compared with the file before anything is made of
it. https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
import math
from typing import Any

from relureg.errors import MalformedNetworkError
from relureg.exact.doubles import Floats
from relureg.network.model import Network
from relureg.readers.building.activations import Activation
from relureg.readers.building.layer_names import choose_layers
from relureg.readers.building.perceptrons import perceptron
from relureg.readers.building.stored_arrays import ITEM_SIZES, StoredArray, decode

_MAX_HEADER = 100_000_000
"""Bytes of the header: the limit of the format."""

_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U64": "uint64",
    "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


def is_safetensors(head: bytes) -> bool:
    """Whether a file that begins so has a header of JSON after a length."""
    return len(head) > 9 and int.from_bytes(head[:8], "little") <= _MAX_HEADER and head[8:10] in (b'{"', b"{}", b"{ ")


def read_safetensors(
    data: bytes, *, name: str, prefix: str | None = None, activation: Activation | None = None
) -> Network:
    """Parse a safetensors file of a perceptron, with names as in a PyTorch state dict.

    Parameters are those of `relureg.readers.arrays.read_npz`.

    Raises
    ------
    MalformedNetworkError
        The header does not describe the file, or layers do not fit.
    UnsupportedNetworkError
        Names that give no order, or tensors that are no linear layers.
    """
    arrays = _stored(data)
    return perceptron(choose_layers(arrays, prefix), name=name, held=len(data), activation=activation)


def _stored(data: bytes) -> dict[str, StoredArray]:
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(_MAX_HEADER, len(data) - 8):
        raise MalformedNetworkError(f"the header claims {size:,} bytes, and {max(len(data) - 8, 0):,} follow")
    try:
        header = json.loads(data[8 : 8 + size].decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise MalformedNetworkError(f"the header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise MalformedNetworkError("the header is no object of names")
    header.pop("__metadata__", None)
    body = memoryview(data)[8 + size :]
    arrays: dict[str, StoredArray] = {}
    places: list[tuple[int, int, str]] = []
    for key, entry in header.items():
        try:
            arrays[key], first, last = _tensor(entry, body)
        except MalformedNetworkError as error:
            raise error.within(repr(key)) from error.__cause__
        places.append((first, last, key))
    end = 0
    for first, last, key in sorted(places):
        if first != end:
            raise MalformedNetworkError(f"its numbers begin at byte {first:,}, not at {end:,}", where=repr(key))
        end = last
    if end != len(body):
        raise MalformedNetworkError(f"the tensors take {end:,} bytes, and the file holds {len(body):,}")
    return arrays


def _tensor(entry: Any, body: memoryview) -> tuple[StoredArray, int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise MalformedNetworkError("dtype, shape and data_offsets are expected")
    shape, offsets, kind = entry["shape"], entry["data_offsets"], entry["dtype"]
    if not (_are_sizes(shape) and _are_sizes(offsets) and len(offsets) == 2 and isinstance(kind, str)):
        raise MalformedNetworkError("shape and data_offsets are lists of whole numbers, dtype is a name")
    first, last = offsets
    if not first <= last <= len(body):
        raise MalformedNetworkError(f"the bytes {first:,} to {last:,} are not in the file")
    dtype = _TYPES.get(kind)
    if dtype is None:
        return StoredArray.refused(f"of type {kind}, which is not read; save it as F32 or F64"), first, last
    if math.prod(shape) * ITEM_SIZES[dtype] != last - first:
        raise MalformedNetworkError(f"a shape of {shape} and type {kind} do not take {last - first:,} bytes")

    def fetch() -> Floats:
        return decode(body[first:last], dtype).reshape(shape)

    return StoredArray(shape=tuple(shape), dtype=dtype, fetch=fetch), first, last


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 64 and all(type(n) is int and 0 <= n < 2**62 for n in value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise ValueError("a name occurs twice")
    return held
