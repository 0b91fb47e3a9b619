"""Bytes in and out: reading with a limit, writing whole files or none."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

from relureg import stopping
from relureg.errors import MalformedNetworkError, OutputError

DAMAGED_HEADER = (SyntaxError, TokenError)
"""What NumPy raises for a file in its format whose header, which is parsed as Python, cannot be."""
DAMAGED_ARRAY = (ValueError, TypeError, EOFError, *DAMAGED_HEADER)
"""And for one that is damaged in any way."""

MAX_BYTES = 512 * 2**20
"""No network that can be enumerated needs a larger file; a larger one is an accident or an attack."""


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """The content of a regular file of 1 to `limit` bytes; ``-`` is standard input.

    A gzip-compressed file is unpacked, to at most `limit` bytes.

    Raises
    ------
    MalformedNetworkError
        The file is missing, a directory, unreadable, empty, too large or damaged.
    """
    place = "standard input" if str(path) == "-" else str(path)
    try:
        data = _read_stdin(limit) if str(path) == "-" else _read_file(path, limit)
    except FileNotFoundError as error:
        raise MalformedNetworkError("no such file; check the path", where=place) from error
    except IsADirectoryError as error:
        raise MalformedNetworkError("is a directory; name a network file in it", where=place) from error
    except OSError as error:
        raise MalformedNetworkError(f"cannot be read: {error.strerror or error}", where=place) from error
    if data[:2] == b"\x1f\x8b":
        data = _gunzip(data, limit, place)
    if not data:
        raise MalformedNetworkError("the file is empty; a network was expected", where=place)
    if len(data) > limit:
        raise _too_large(limit, place)
    return data


def write_atomically(path: Path, content: bytes, *, force: bool = False) -> None:
    """Write `content` to `path`, whole or not at all; raises as `open_atomically` does."""
    with open_atomically(path, force=force) as stream:
        stream.write(content)


def check_absent(path: Path, *, force: bool = False) -> None:
    """Find out early, before long work, that a file would not be replaced.

    Raises
    ------
    OutputError
        The file exists and `force` is not set, or its folder does not exist.
    """
    if path.exists() and not force:
        raise OutputError("the file exists; give --force (force=True) to replace it", where=str(path))
    if not path.parent.is_dir():
        raise OutputError("cannot be written: its folder does not exist", where=str(path))


@contextlib.contextmanager
def open_atomically(path: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """A stream to a temporary file beside `path`, which takes its place at the end, unless an error comes first.

    Raises
    ------
    OutputError
        The file exists and `force` is not set, or it cannot be written.
    """
    check_absent(path, force=force)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream, stopping.temporary(temporary):
            yield stream
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(path)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _read_file(path: Path, limit: int) -> bytes:
    with path.open("rb") as stream:
        # A sparse file can be larger than memory: do not even begin to read it.
        if os.fstat(stream.fileno()).st_size > limit:
            raise _too_large(limit, str(path))
        return stream.read(limit + 1)


def _read_stdin(limit: int) -> bytes:
    # Python has no sys.stdin at all where the caller closed it.
    return b"" if sys.stdin is None else sys.stdin.buffer.read(limit + 1)


def _too_large(limit: int, place: str) -> MalformedNetworkError:
    return MalformedNetworkError(f"the file is larger than {limit // 2**20} MiB, the most that is read", where=place)


def _gunzip(data: bytes, limit: int, place: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            return stream.read(limit + 1)
    except EOFError as error:
        raise MalformedNetworkError("the gzip data ends too early; the file is truncated", where=place) from error
    except (OSError, zlib.error) as error:
        raise MalformedNetworkError(f"the gzip data is damaged: {error}", where=place) from error
