"""Bytes in and out: reading with a limit, writing whole files or none."""

from __future__ import annotations

import contextlib
import io
import os
import select
import stat
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from io import FileIO
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

from relureg import stopping
from relureg.errors import MalformedNetworkError, OutputError

_INPUTS: ContextVar[tuple[Path, ...]] = ContextVar("inputs", default=())
"""Files that may not be replaced: see `protecting`."""

DAMAGED_HEADER = (SyntaxError, TokenError)
"""What NumPy raises for a file in its format whose header, which is parsed as Python, cannot be."""
DAMAGED_ARRAY = (ValueError, TypeError, EOFError, *DAMAGED_HEADER)
"""And for one that is damaged in any way."""

GZIP_MAGIC = b"\x1f\x8b"
"""The first bytes of a file that gzip has packed."""

MAX_BYTES = 512 * 2**20
"""No network that can be enumerated needs a larger file; a larger one is an accident or an attack."""
MAX_STREAM = 128 * 2**20
"""The same for a pipe, whose end is not known before it is read."""

_CHUNK = 2**20
_MAX_RATIO = 200
"""Texts of numbers shrink to a tenth, zeros to a thousandth: what shrinks to less than this is no network."""
_SMALL = 16 * 2**20
"""Bytes for which no ratio matters."""
_WAIT = 2.0
"""Seconds in which somebody has to open the other end of a named pipe."""


def read_bytes(path: Path, *, limit: int = MAX_BYTES, is_network: bool = True) -> bytes:
    """The content of a file of 1 to `limit` bytes, or of a pipe of at most `MAX_STREAM`; ``-`` is standard input.

    A gzip-compressed file is unpacked, to at most `limit` bytes. Nothing is unpacked before it is known how much it is.
    Messages speak of a network, unless `is_network` says that something else is read.

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
        raise MalformedNetworkError(
            f"is a directory; name a {'network ' * is_network}file in it", where=place
        ) from error
    except OSError as error:
        raise MalformedNetworkError(f"cannot be read: {error.strerror or error}", where=place) from error
    if data[:2] == GZIP_MAGIC:
        data = _gunzip(data, limit, place)
    if not data:
        raise MalformedNetworkError(f"the file is empty{'; a network was expected' * is_network}", where=place)
    if len(data) > limit:
        raise _too_large(limit, place)
    return data


def write_atomically(path: Path, content: bytes, *, force: bool = False) -> None:
    """Write `content` to `path`, whole or not at all; raises as `open_atomically` does."""
    with open_atomically(path, force=force) as stream:
        stream.write(content)


@contextlib.contextmanager
def protecting(inputs: Iterable[Path]) -> Iterator[None]:
    """Let none of these files be replaced meanwhile, under whatever name: a link, a relative path."""
    token = _INPUTS.set(tuple(inputs))
    try:
        yield
    finally:
        _INPUTS.reset(token)


def check_no_input(path: Path) -> None:
    """Raise `OutputError` where a file is one of those that are protected."""
    if path.exists() and any(os.path.samefile(path, held) for held in _INPUTS.get()):
        raise OutputError("is an input of this command; name another file", where=str(path))


def check_absent(path: Path, *, force: bool = False) -> None:
    """Find out early, before long work, that a file would not be replaced.

    Raises
    ------
    OutputError
        The file exists and `force` is not set, it is an input or no regular file, or its folder does not exist.
    """
    _destination(path, force=force)


@contextlib.contextmanager
def open_atomically(path: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """A stream to a temporary file beside `path`, which takes its place at the end, unless an error comes first.

    Where `path` is a symbolic link to a file, the link stays and that file is replaced, as `cp` and editors do it; a
    file that is replaced hands on its permissions.

    Raises
    ------
    OutputError
        As `check_absent`, or it cannot be written.
    """
    import tempfile

    destination = _destination(path, force=force)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=destination.parent, prefix=f".{destination.name}.")
        with os.fdopen(handle, "wb") as stream, stopping.temporary(temporary):
            yield stream
        os.chmod(temporary, _permissions(destination))
        os.replace(temporary, destination)
        temporary = None
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(path)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _destination(path: Path, *, force: bool) -> Path:
    """Where a file is written: where a symbolic link leads, else the path itself."""
    try:
        is_link = path.is_symlink()
        destination = Path(os.path.realpath(path)) if is_link else path
        if destination.exists():
            check_no_input(path)
            if not destination.is_file():
                kind = "a directory" if destination.is_dir() else "no regular file"
                raise OutputError(f"is {kind}; name a file", where=str(path))
            if not force:
                raise OutputError("the file exists; give --force (force=True) to replace it", where=str(path))
        elif is_link:
            raise OutputError("is a symbolic link that leads nowhere; name another file", where=str(path))
        elif not path.parent.is_dir():
            raise OutputError("cannot be written: its folder does not exist", where=str(path))
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(path)) from error
    return destination


def _permissions(path: Path) -> int:
    """Those of the file that is there, or what a new file gets."""
    with contextlib.suppress(FileNotFoundError):
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _read_file(path: Path, limit: int) -> bytes:
    # Without O_NONBLOCK, a named pipe that nobody writes to would never be opened.
    with FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)) as stream:
        status = os.fstat(stream.fileno())
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError
        if stat.S_ISFIFO(status.st_mode):
            return _read_pipe(stream, limit, str(path))
        if not stat.S_ISREG(status.st_mode):
            raise MalformedNetworkError("is neither a file nor a pipe", where=str(path))
        # A sparse file can be larger than memory: do not even begin to read it.
        if status.st_size > limit:
            raise _too_large(limit, str(path))
        return _read_stream(stream, limit, str(path))


def _read_pipe(stream: FileIO, limit: int, place: str) -> bytes:
    """All that comes through a pipe, once somebody writes into it."""
    started = time.monotonic()
    while True:
        # None: somebody holds the other end, and has not written yet; b"": nobody does.
        first = stream.read(_CHUNK)
        if first or (first is not None and time.monotonic() - started > _WAIT):
            break
        select.select([stream] if first is None else [], [], [], 0.05)
    if not first:
        raise MalformedNetworkError("is a pipe into which nobody writes", where=place)
    os.set_blocking(stream.fileno(), True)
    return _read_stream(stream, min(limit, MAX_STREAM), place, first)


def _read_stdin(limit: int) -> bytes:
    # Python has no sys.stdin at all where the caller closed it.
    return b"" if sys.stdin is None else _read_stream(sys.stdin.buffer, min(limit, MAX_STREAM), "standard input")


def _read_stream(stream: FileIO | BinaryIO, limit: int, place: str, first: bytes = b"") -> bytes:
    held = bytearray(first)
    while chunk := stream.read(_CHUNK):
        held += chunk
        if len(held) > limit:
            raise _too_large(limit, place)
    return bytes(held)


def _too_large(limit: int, place: str) -> MalformedNetworkError:
    return MalformedNetworkError(f"the file is larger than {limit // 2**20} MiB, the most that is read", where=place)


def _gunzip(data: bytes, limit: int, place: str) -> bytes:
    """What a gzip file unpacks to, counted before it is kept."""
    import gzip

    try:
        size = 0
        with gzip.open(io.BytesIO(data)) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit, place)
                if size > max(_SMALL, _MAX_RATIO * len(data)):
                    raise MalformedNetworkError(
                        f"the gzip data unpack to more than {_MAX_RATIO} times their size, which no network does",
                        where=place,
                    )
        with gzip.open(io.BytesIO(data)) as stream:
            return stream.read(size)
    except EOFError as error:
        raise MalformedNetworkError("the gzip data ends too early; the file is truncated", where=place) from error
    except (OSError, zlib.error) as error:
        raise MalformedNetworkError(f"the gzip data is damaged: {error}", where=place) from error
