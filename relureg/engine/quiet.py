"""Lines that a C library writes to standard error by itself, taken out before anybody sees them."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import tempfile
import threading
from collections.abc import Iterator

_LOCK = threading.RLock()
"""One at a time: standard error is the process's own."""


@contextlib.contextmanager
def without_lines(pattern: re.Pattern[bytes]) -> Iterator[None]:
    """Take out of what is written to file descriptor 2 meanwhile the lines that begin with `pattern`.

    Whatever else is written there, as by another thread, comes through at the end.
    """
    with _LOCK:
        try:
            saved = os.dup(2)
        except OSError:  # the caller closed it
            yield
            return
        kept = _scratch(os.getpid())
        os.dup2(kept, 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            _pass_on(kept, pattern)


def _pass_on(kept: int, pattern: re.Pattern[bytes]) -> None:
    size = os.lseek(kept, 0, os.SEEK_CUR)
    if not size:
        return
    text = os.pread(kept, size, 0)
    os.ftruncate(kept, 0)
    os.lseek(kept, 0, os.SEEK_SET)
    rest = b"".join(line for line in text.splitlines(keepends=True) if not pattern.match(line))
    with contextlib.suppress(OSError):  # the reader has gone
        os.write(2, rest)


@functools.cache
def _scratch(process: int) -> int:
    """A file without a name, one for each process: a child would share its parent's place in it."""
    handle, name = tempfile.mkstemp()
    os.unlink(name)
    return handle
