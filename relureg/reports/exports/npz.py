"""NumPy archives (.npz) written piece by piece, so that no array need be in memory as a whole."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

_PIECE = 1 << 18
"""Bytes that are read back at once: few enough to stay near the processor while they are summed up and written."""

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

    def write_pieces(
        self, name: str, kind: Any, shape: tuple[int, ...], pieces: Iterable[NDArray[Any]], *, is_packed: bool = True
    ) -> None:
        """Add an array of this type and shape, given piece by piece along its first axis; compressed if `is_packed`."""
        kind = np.dtype(kind)
        info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        with self._archive.open(info, "w", force_zip64=True) as entry:
            np.lib.format.write_array_header_1_0(entry, header)
            for piece in pieces:
                entry.write(np.ascontiguousarray(piece, dtype=kind).reshape(-1).view(np.uint8).data)


class SpooledNpz:
    """An archive whose arrays grow side by side, each in a file of its own, until `write` brings them together.

    Parameters
    ----------
    folder : path
        Where these files are meanwhile; they have no name, so that nothing is left of them whatever happens.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _Growing] = {}

    def __enter__(self) -> SpooledNpz:
        return self

    def __exit__(self, *_: object) -> None:
        for growing in self._files.values():
            growing.file.close()

    def append(self, name: str, rows: NDArray[Any]) -> None:
        """Add rows to an array; all pieces of one have the same type and the same shape but for the first axis."""
        growing = self._files.get(name)
        if growing is None:
            file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115  # closed by __exit__
            growing = self._files[name] = _Growing(file=file, kind=rows.dtype, shape=rows.shape[1:])
        growing.length += len(rows)
        growing.file.write(np.ascontiguousarray(rows, dtype=growing.kind).data)

    def write(self, archive: NpzWriter) -> None:
        """Put every array into the archive, in the order in which they were begun.

        Nothing is compressed: most of the time would go there.
        """
        for name, growing in self._files.items():
            growing.file.seek(0)
            archive.write_pieces(
                name, growing.kind, (growing.length, *growing.shape), growing.pieces(), is_packed=False
            )


@dataclass(slots=True, kw_only=True)
class _Growing:
    file: BinaryIO
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    length: int = 0

    def pieces(self) -> Iterator[NDArray[Any]]:
        """What has been written, in one piece of memory that holds the next part as soon as it is asked for."""
        buffer = np.empty(max(1, _PIECE // self.kind.itemsize), dtype=self.kind)
        while size := self.file.readinto(buffer.view(np.uint8).data):  # type: ignore[attr-defined]
            yield buffer[: size // self.kind.itemsize]
