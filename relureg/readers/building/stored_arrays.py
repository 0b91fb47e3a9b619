"""Arrays that lie in a file: their shapes are known before their numbers are fetched."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.exact.doubles import Floats, exact_doubles
from relureg.network.affine_forms import MAX_ENTRIES

ITEM_SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1, "int64": 8,
    "int32": 4, "int16": 2, "int8": 1, "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1, "bool": 1,
}  # fmt: skip
"""Bytes of one number of each type that is read."""

_WIDER = {"float64", "int64", "int32", "uint64", "uint32"}
"""The types whose numbers are not all single-precision ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArray:
    """One array of a file."""

    shape: tuple[int, ...]
    dtype: str
    """As in `ITEM_SIZES`; another name is refused when the numbers are fetched."""
    fetch: Callable[[], Floats]
    """The numbers as doubles, in that shape; raises `NetworkError`."""
    refusal: str = ""
    """Why it is not read, where that is known."""

    @property
    def is_single(self) -> bool:
        """Whether a computation with these numbers is one in single precision."""
        return self.dtype not in _WIDER

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @classmethod
    def refused(cls, reason: str) -> StoredArray:
        """An array that is not read, which matters only where it would be a part of the network."""

        def fetch() -> Floats:
            raise UnsupportedNetworkError(reason)

        return cls(shape=(), dtype="", fetch=fetch, refusal=reason)

    @classmethod
    def of(cls, values: NDArray[Any]) -> StoredArray:
        """An array that is in memory already."""
        return cls(shape=values.shape, dtype=values.dtype.name, fetch=lambda: exact_doubles(values))


def check_size(shape: tuple[int, ...], held: int) -> None:
    """Raise where an array has more entries than are read, or than a file that holds `held` of them may claim.

    An array of stride 0, or a sparse one, has more entries than the file; small ones are common.
    """
    size = math.prod(shape)
    if size > MAX_ENTRIES:
        raise MalformedNetworkError(f"it has {size:,} entries; at most {MAX_ENTRIES:,} are read")
    if size > max(held, _SMALL):
        raise MalformedNetworkError(
            f"it claims {size:,} entries, of which the file holds {held:,}; save it with .contiguous() or .to_dense()"
        )


_SMALL = 4096
"""Entries that an expanded or sparse array may have beyond those that the file holds."""


def decode(raw: bytes | memoryview, dtype: str) -> Floats:
    """Little-endian numbers of a type as doubles, exactly.

    Raises
    ------
    UnsupportedNetworkError
        A type that is not read, or an integer that is no double.
    """
    if dtype not in ITEM_SIZES:
        raise UnsupportedNetworkError(f"numbers of type {dtype} are not read; save real floating-point numbers")
    if dtype == "bfloat16":  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    if dtype == "float8_e5m2":  # the upper half of a float16
        return (np.frombuffer(raw, np.uint8).astype(np.uint16) << 8).view(np.float16).astype(np.float64)
    if dtype == "float8_e4m3fn":
        return _E4M3[np.frombuffer(raw, np.uint8)]
    kind = np.dtype(dtype)
    return exact_doubles(np.frombuffer(raw, kind.newbyteorder("<")))


def _e4m3() -> Floats:
    """The numbers of type float8_e4m3fn: a sign, 4 bits of exponent, 3 of mantissa, and no infinity."""
    code = np.arange(256)
    exponent, mantissa = (code >> 3) & 15, (code & 7) / 8.0
    value = np.where(exponent > 0, np.ldexp(1.0 + mantissa, exponent - 7), np.ldexp(mantissa, -6))
    value[code & 127 == 127] = np.nan
    return np.where(code & 128, -value, value)


_E4M3 = _e4m3()
