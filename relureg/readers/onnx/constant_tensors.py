"""Constant tensors of an ONNX file: decoded only after their size is known to be honest."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import MAX_ENTRIES, AffineTensor

_FLOATS = {"FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"}
_HALF_BYTES = {"INT4": np.int8, "UINT4": np.uint8}
"""Two to a byte; held in the smallest type that NumPy has."""
_INTEGERS = {"INT64", "INT32", "INT16", "INT8", "UINT8", "UINT16", "UINT32", "UINT64", "BOOL", *_HALF_BYTES}
_STORED_AS = {  # where a tensor without raw bytes keeps its entries
    "FLOAT": "float_data", "DOUBLE": "double_data", "INT64": "int64_data",
    "UINT32": "uint64_data", "UINT64": "uint64_data",
}  # fmt: skip

Constant = AffineTensor | NDArray[Any]
"""Finite floats are exact from here on. Integers and Booleans stay arrays of their own type, for their arithmetic
wraps around; so do floats of which some are infinite or NaN, which can be a bound but no weight."""


def decode(tensor: Any, folder: Path | None) -> Constant:
    """The value of a TensorProto.

    Parameters
    ----------
    tensor : onnx.TensorProto
    folder : Path or None
        The model's folder, the only place external data are read from; None when there is none.

    Raises
    ------
    MalformedNetworkError
        The stored bytes do not fill the declared shape, or external data are missing or outside the folder.
    UnsupportedNetworkError
        An element type that is neither float nor integer.
    """
    from onnx import TensorProto, numpy_helper

    place = f"tensor {tensor.name!r}"
    known = tensor.data_type in TensorProto.DataType.values()
    kind = TensorProto.DataType.Name(tensor.data_type) if known else f"number {tensor.data_type}"
    if kind not in _FLOATS | _INTEGERS:
        raise UnsupportedNetworkError(f"element type {kind} is not read; floats and integers are", where=place)
    shape = [int(size) for size in tensor.dims]
    if min(shape, default=1) < 0 or math.prod(shape) > MAX_ENTRIES:
        raise MalformedNetworkError(
            f"declared shape {shape} is impossible or has more than {MAX_ENTRIES:,} entries", where=place
        )
    # Half bytes come in pairs, and the last of an odd number alone.
    items = (math.prod(shape) + 1) // 2 if kind in _HALF_BYTES else math.prod(shape)
    num_bytes = items * _item_size(kind)
    if tensor.data_location == TensorProto.EXTERNAL:
        raw = _external_bytes(tensor, folder, num_bytes, place)
        tensor = TensorProto(data_type=tensor.data_type, dims=shape, raw_data=raw, name=tensor.name)
    if tensor.HasField("raw_data"):
        held, needed, unit = len(tensor.raw_data), num_bytes, "bytes"
    else:
        held, needed, unit = len(getattr(tensor, _STORED_AS.get(kind, "int32_data"))), items, "entries"
    if held != needed:
        raise MalformedNetworkError(
            f"holds {held} {unit}, but its shape {shape} needs {needed}; the file is damaged", where=place
        )
    array = numpy_helper.to_array(tensor).reshape(shape)
    if kind in _INTEGERS:
        return array.astype(_HALF_BYTES.get(kind, array.dtype))
    with np.errstate(invalid="ignore"):  # a signalling NaN
        return of_floats(array.astype(np.float64))


def of_floats(array: NDArray[np.float64]) -> Constant:
    """Floats as the exact numbers they are, where all of them are finite."""
    return AffineTensor.of_array(array) if np.isfinite(array).all() else array


def _item_size(kind: str) -> int:
    from onnx import TensorProto, helper

    if kind == "BFLOAT16":
        return 2
    if kind in _HALF_BYTES:
        return 1
    return int(np.dtype(helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(kind))).itemsize)


def _external_bytes(tensor: Any, folder: Path | None, expected: int, place: str) -> bytes:
    # Protocol buffers hand out bytes in place of text that is not UTF-8; no file can be meant by it.
    entries = {str(entry.key): str(entry.value) for entry in tensor.external_data}
    location = entries.get("location", "")
    if folder is None:
        raise MalformedNetworkError(
            f"its data are in another file ({location!r}), but a network from standard input has no folder; "
            "give the path of the .onnx file",
            where=place,
        )
    path = folder / location
    if not location or os.path.isabs(location) or not _is_inside(path, folder):
        raise MalformedNetworkError(
            f"its data are said to be in {location!r}, outside the model's folder; that is not followed", where=place
        )
    try:
        offset = _byte_count(entries.get("offset", "0"))
        length = _byte_count(entries.get("length", str(expected)))
    except ValueError as error:
        raise MalformedNetworkError(
            f"its external data have an offset or length that is no number of bytes: {error}", where=place
        ) from error
    if length != expected:
        raise MalformedNetworkError(
            f"its external data are said to have {length} bytes, but {expected} are needed", where=place
        )
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            raw: bytes = stream.read(expected)
    except FileNotFoundError as error:
        raise MalformedNetworkError(
            f"its data are in {location!r}, which is missing; keep it beside the .onnx file", where=place
        ) from error
    except OSError as error:
        raise MalformedNetworkError(
            f"its data in {location!r} cannot be read: {error.strerror or error}", where=place
        ) from error
    if len(raw) != expected:
        raise MalformedNetworkError(
            f"its data in {location!r} end after {len(raw)} of {expected} bytes; the file is truncated", where=place
        )
    return raw


def _is_inside(path: Path, folder: Path) -> bool:
    try:
        # resolve() follows symbolic links and "..": what counts is where the bytes really are.
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links; a zero byte in the name
        return False


def _byte_count(text: str) -> int:
    # 18 digits are beyond any file, and fit the 64 bits of a file offset.
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(text if len(text) <= 40 else text[:37] + "...")
    return int(text)
