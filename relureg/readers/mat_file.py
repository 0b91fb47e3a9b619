"""MAT-files of version 5 (MATLAB 5 to 7.2, Octave, SciPy) as nested dictionaries, lists, texts and arrays.

"MAT-File Format", The MathWorks, chapter 1. Every length is compared with the bytes there are before anything is made
of it; what is compressed is unpacked to a limit.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.exact.doubles import exact_doubles
from relureg.network.affine_forms import MAX_ENTRIES

_MAX_BYTES = 8 * MAX_ENTRIES
_MAX_RATIO = 200
"""Zeros shrink to a thousandth: what shrinks to less than this is no network."""
_SMALL = 16 * 2**20
"""Bytes for which no ratio matters."""
_MAX_DEPTH = 20
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE = 1, 2, 3, 4, 5
_FIRST_NUMBER, _LAST_NUMBER = 6, 15

_AGAIN = "in MATLAB: save('net.mat', 'W', 'b', '-v7') with the weights and biases as matrices or cells of matrices"


@dataclass(frozen=True, slots=True)
class Unread:
    """A value that is not read, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cells:
    """A cell array, or an array of structs: its entries one after the other."""

    entries: tuple[Any, ...]


def is_mat_file(head: bytes) -> bool:
    """Whether a file that begins so is a MAT-file of version 5 or later."""
    return head[:10] == b"MATLAB 5.0" or head[:10] == b"MATLAB 7.3" or head[126:128] in (b"IM", b"MI")


def read_mat_file(data: bytes) -> dict[str, Any]:
    """The variables of a file: arrays of doubles, texts, dictionaries (structs), `Cells` or `Unread`.

    Raises
    ------
    NetworkError
        Another version, or a damaged file.
    """
    if data[:10] == b"MATLAB 7.3" or data[512:516] == b"\x89HDF" or data[:4] == b"\x89HDF":
        raise UnsupportedNetworkError(
            f"a MAT-file of version 7.3 (HDF5) is not read; load it and save it again, {_AGAIN}"
        )
    if len(data) < 128 or data[126:128] not in (b"IM", b"MI"):
        raise MalformedNetworkError(f"not a MAT-file of version 5 to 7; save it again, {_AGAIN}")
    order = "<" if data[126:128] == b"IM" else ">"
    try:
        return _variables(data[128:], order)
    except (struct.error, zlib.error, UnicodeDecodeError, ValueError, IndexError, TypeError, RecursionError) as error:
        raise MalformedNetworkError(f"a damaged MAT-file: {error}") from error


def _variables(data: bytes, order: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    budget = _MAX_BYTES
    at = 0
    while at < len(data):
        kind, content, at = _element(data, at, order)
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            limit = min(budget, max(_SMALL, _MAX_RATIO * len(content)))
            content = unpacker.decompress(content, limit)
            if not unpacker.eof:
                raise MalformedNetworkError(
                    f"a variable unpacks to more than {limit:,} bytes, which no network of its size does, or is cut off"
                )
            budget -= len(content)
            kind, content, _ = _element(content, 0, order)
        if kind == _MATRIX:
            name, value = _matrix(content, order, 0)
            if name:
                found[name] = value
    return found


def _element(data: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """Type and content of the data element at a place, and where the next one begins."""
    (kind,) = struct.unpack_from(order + "I", data, at)
    if kind >> 16:  # a small element: length and type in one word, the content in the next
        size, kind, start, after = kind >> 16, kind & 0xFFFF, at + 4, at + 8
        if size > 4:
            raise ValueError("a small element of more than 4 bytes")
    else:
        (size,) = struct.unpack_from(order + "I", data, at + 4)
        start = at + 8
        after = start + size if kind == _COMPRESSED else start + -(-size // 8) * 8
    if start + size > len(data):
        raise ValueError(f"an element claims {size:,} bytes, and {max(len(data) - start, 0):,} follow")
    return kind, data[start : start + size], after


def _numbers(kind: int, content: bytes, order: str) -> np.ndarray[Any, np.dtype[Any]]:
    if kind not in _NUMBERS:
        raise ValueError(f"an element of type {kind} holds no numbers")
    return np.frombuffer(content, np.dtype(order + _NUMBERS[kind]))


def _matrix(data: bytes, order: str, depth: int) -> tuple[str, Any]:
    """A name and a value."""
    if depth > _MAX_DEPTH:
        raise ValueError("values nest too deeply")
    if not data:
        return "", np.zeros((0, 0))
    _, flags, at = _element(data, 0, order)
    (word,) = struct.unpack_from(order + "I", flags, 0)
    kind, is_complex = word & 0xFF, bool(word & 0x800)
    if kind == 17:
        return "", Unread(f"an object of a MATLAB class is not read; save its weights, {_AGAIN}")
    size_kind, sizes, at = _element(data, at, order)
    shape = tuple(int(n) for n in _numbers(size_kind, sizes, order))
    _, raw, at = _element(data, at, order)
    name = raw.decode("ascii")
    count = math.prod(shape)
    if len(shape) < 2 or min(shape) < 0:
        raise ValueError(f"an array of shape {list(shape)}")
    if kind == _CELL:
        entries = []
        for _ in range(count):
            _, content, at = _element(data, at, order)
            entries.append(_matrix(content, order, depth + 1)[1])
        return name, Cells(tuple(entries))
    if kind == _STRUCT:
        return name, _structs(data, at, order, count, depth)
    if kind == _OBJECT:
        return name, Unread(f"an object of a MATLAB class is not read; save its weights, {_AGAIN}")
    if kind == _SPARSE:
        return name, _sparse(data, at, order, shape, is_complex)
    value_kind, content, at = _element(data, at, order)
    if kind == _CHAR:
        encoded = _TEXTS.get(value_kind)
        codes = [] if encoded else _numbers(value_kind, content, order).tolist()
        text = content.decode(encoded) if encoded else "".join(map(chr, codes))
        if len(shape) == 2 and shape[0] > 1 and len(text) == count:  # rows of a matrix of characters, by columns
            return name, Cells(tuple(text[row :: shape[0]].rstrip() for row in range(shape[0])))
        return name, text
    if not _FIRST_NUMBER <= kind <= _LAST_NUMBER:
        return name, Unread(f"a variable of MATLAB's class {kind} is not read")
    if is_complex:
        return name, Unread("complex numbers are not read")
    values = _numbers(value_kind, content, order)
    if values.size != count:
        raise ValueError(f"an array of shape {list(shape)} with {values.size:,} numbers")
    # A file may hold doubles as integers where that is exact: what is read are the numbers.
    return name, exact_doubles(values).reshape(shape, order="F")


def _structs(data: bytes, at: int, order: str, count: int, depth: int) -> Any:
    length_kind, lengths, at = _element(data, at, order)
    (length,) = _numbers(length_kind, lengths, order).tolist()
    _, raw, at = _element(data, at, order)
    if length < 1:
        raise ValueError("names of no length")
    names = [raw[i : i + length].split(b"\0")[0].decode("ascii") for i in range(0, len(raw), length)]
    structs: list[dict[str, Any]] = []
    for _ in range(count if names else 0):
        fields = {}
        for name in names:
            _, content, at = _element(data, at, order)
            fields[name] = _matrix(content, order, depth + 1)[1]
        structs.append(fields)
    return structs[0] if count == 1 and structs else Cells(tuple(structs))


def _sparse(data: bytes, at: int, order: str, shape: tuple[int, ...], is_complex: bool) -> Any:
    parts = []
    for _ in range(3):
        kind, content, at = _element(data, at, order)
        parts.append(_numbers(kind, content, order))
    rows, ends, values = parts
    count = math.prod(shape)
    if is_complex or len(shape) != 2:
        return Unread("complex numbers are not read")
    if count > max(4096, 64 * values.size):
        return Unread(f"a sparse matrix that claims {count:,} entries is not read; save full(W)")
    held = int(ends[-1])
    if len(ends) != shape[1] + 1 or not 0 <= held <= min(len(rows), len(values)) or (np.diff(ends) < 0).any():
        raise ValueError("a sparse matrix with wrong columns")
    columns = np.repeat(np.arange(shape[1]), np.diff(ends))
    if held and not (rows[:held].min() >= 0 and rows[:held].max() < shape[0]):
        raise ValueError("a sparse matrix with an entry outside of its shape")
    whole = np.zeros(shape)
    whole[rows[:held], columns] = exact_doubles(values[:held])
    return whole
