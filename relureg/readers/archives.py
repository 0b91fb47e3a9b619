"""Zip archives in memory, of which no file is unpacked beyond a limit."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from relureg.errors import MalformedNetworkError

_DAMAGED = (
    zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, struct.error, zlib.error
)  # fmt: skip
"""What the standard library raises for a damaged archive; RuntimeError for an encrypted one."""


def open_archive(data: bytes) -> zipfile.ZipFile:
    """A zip archive in memory; raises `MalformedNetworkError`."""
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED as error:
        raise MalformedNetworkError(f"not a zip archive, or a damaged one: {error}") from error


def read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """One file of an archive, of at most `limit` bytes; raises `MalformedNetworkError`."""
    try:
        info = archive.getinfo(name)
        if info.file_size > limit:
            raise MalformedNetworkError(
                f"it has {info.file_size:,} bytes; at most {limit:,} are read", where=repr(name)
            )
        return archive.read(info)
    except KeyError as error:
        raise MalformedNetworkError("the archive lacks it", where=repr(name)) from error
    except _DAMAGED as error:
        raise MalformedNetworkError(f"cannot be unpacked: {error}", where=repr(name)) from error
