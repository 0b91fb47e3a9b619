"""The file of a journal: an SQLite database, made whole, mended where it is damaged, locked by who writes it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from relureg.engine.runs.settings import RunSettings
from relureg.errors import JournalError, OutputError, ReluregError, UsageError

FORMAT = "relureg-journal"
VERSION = 2

SCHEMA = """
CREATE TABLE problem (document TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE sessions (started REAL NOT NULL, workers TEXT NOT NULL);
CREATE TABLE batches (number INTEGER PRIMARY KEY, content TEXT NOT NULL, digest TEXT NOT NULL);
"""


def create_file(path: Path, settings: RunSettings) -> None:
    """Make a journal without rows; raises what SQLite and the system do."""
    text = json.dumps({"format": FORMAT, "version": VERSION, "problem": settings.document()})
    # Built beside its place, so that a journal is there with its problem or not at all.
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    connection = connect(temporary)
    try:
        connection.executescript(SCHEMA)
        with connection:
            digest = hashlib.blake2b(text.encode()).hexdigest()
            connection.execute("INSERT INTO problem VALUES (?, ?)", (text, digest))
        connection.close()
        os.replace(temporary, path)
    finally:
        connection.close()
        temporary.unlink(missing_ok=True)


def mend(path: Path) -> bool:
    """Copy what can be read of a journal with damaged pages into a sound file in its place; False: it was sound."""
    _pad(path)
    with contextlib.closing(connect(path)) as connection:
        try:
            if connection.execute("PRAGMA quick_check").fetchone() == ("ok",):
                return False
        except sqlite3.DatabaseError as error:
            if _is_about_writing(error):
                raise
    with contextlib.closing(connect(path)) as connection:
        rows: dict[str, list[Any]] = {"problem": [], "sessions": [], "batches": []}
        for table, found in rows.items():
            with contextlib.suppress(sqlite3.DatabaseError):  # what was read before the error stays
                found.extend(connection.execute(f"SELECT * FROM {table} ORDER BY rowid"))
    if not rows["problem"]:
        raise JournalError("is damaged from its beginning; start anew with another file", where=str(path))
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with contextlib.closing(connect(temporary)) as connection:
        connection.executescript(SCHEMA)
        with connection:
            for table, found in rows.items():
                for row in found:
                    with contextlib.suppress(sqlite3.IntegrityError):
                        connection.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    os.replace(temporary, path)
    return True


def _pad(path: Path) -> None:
    """Give a file that was cut off its length again: SQLite reads nothing at all of one that is too short."""
    with path.open("rb") as stream:
        header = stream.read(100)
    page = int.from_bytes(header[16:18], "big")
    length = (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    if path.stat().st_size < length < 1 << 40:
        os.truncate(path, length)


def check_is_file(path: Path) -> None:
    """Raise `JournalError` where there is no file, or one of another kind."""
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except FileNotFoundError as error:
        raise JournalError("no such file; check the path", where=str(path)) from error
    except OSError as error:
        raise JournalError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    if start != b"SQLite format 3\0":
        raise JournalError("is no journal of a run; name a file that --journal made", where=str(path))


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """The database, to be closed."""
    if read_only:
        # In a folder that cannot be written SQLite cannot share the file, and nobody can be writing it.
        how = "mode=ro" if os.access(path.parent, os.W_OK) else "immutable=1"
        return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=10)
    return sqlite3.connect(path, timeout=10, isolation_level="IMMEDIATE")


def lock_path(path: Path) -> Path:
    """The file beside a journal that its writer holds."""
    return path.with_name(path.name + ".lock")


def lock_file(path: Path) -> IO[bytes]:
    """Hold the journal for this run alone; the system lets go when the process ends, however it ends."""
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError("is read-only; make it writable, or copy it", where=str(path))
    try:
        stream = lock_path(path).open("wb")  # never removed: a lock on a file that has gone would be none
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(path)) from error
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise UsageError("another run is writing this journal; wait for it, or stop it", where=str(path)) from error
    return stream


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say while writing into one line."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise OutputError(f"cannot be written: {error}; what it holds is safe", where=str(path)) from error
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(path)) from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what is wrong with a journal into one line."""
    try:
        yield
    except (sqlite3.Error, ValueError, KeyError, TypeError, AttributeError, ReluregError) as error:
        raise JournalError(f"is no sound journal: {error}", where=str(path)) from error


def _is_about_writing(error: sqlite3.DatabaseError) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error)
