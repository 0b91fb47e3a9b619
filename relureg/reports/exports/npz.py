"""NumPy archives (.npz) written piece by piece, so that no array need be in memory as a whole."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_EPOCH = (1980, 1, 1, 0, 0, 0)  # so that equal content makes equal files


class NpzWriter:
    """An archive that takes one array after the other.

    Parameters
    ----------
    stream : binary stream
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._archive = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1)

    def __enter__(self) -> NpzWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def write(self, name: str, array: NDArray[Any]) -> None:
        """Add a whole array."""
        self.write_pieces(name, array.dtype, array.shape, [array])

    def write_pieces(self, name: str, kind: Any, shape: tuple[int, ...], pieces: Iterable[NDArray[Any]]) -> None:
        """Add an array of this type and shape, given piece by piece along its first axis."""
        kind = np.dtype(kind)
        info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        with self._archive.open(info, "w", force_zip64=True) as entry:
            np.lib.format.write_array_header_1_0(entry, header)
            for piece in pieces:
                entry.write(np.ascontiguousarray(piece, dtype=kind).tobytes())
