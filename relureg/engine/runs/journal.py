"""The journal of a run: an SQLite file that survives whatever happens to the run.

SQLite in WAL mode, and not Parquet, because what must be written is small and must be written whole: that a batch
is done, what it counted, what it left over and which files hold its records is one transaction, and a transaction that
was cut off is dropped by SQLite when the file is opened again. Regions themselves, where they are kept, stand in
Parquet files beside the journal (`stored_batches`), each written before the row that names it.

Row k holds the outcome of one batch. The open parts are known from the rows: at first the whole tree, and every row
takes some away and adds what is left of them. So any number of rows from the start is a state of the run. Each row has
a hash of itself and the row before. Where that, or a part's hash, is wrong, this row and all later ones are dropped,
and their work is done again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import itertools
import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from relureg.engine.runs.batches import Part
from relureg.engine.runs.journal_file import (
    FORMAT,
    VERSION,
    check_is_file,
    connect,
    create_file,
    lock_file,
    lock_path,
    mend,
    reading,
    writing,
)
from relureg.engine.runs.settings import RunSettings
from relureg.engine.runs.sizes import NOTHING, Estimate, sum_of
from relureg.engine.runs.stored_batches import StoredBatch
from relureg.engine.sums import WHOLE, Sums
from relureg.errors import UsageError

PartId = tuple[int, int]
"""An open part: the row that left it (0 for the whole tree) and its place there."""

ROOT: PartId = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row: the outcome of a batch."""

    taken: tuple[PartId, ...]
    left: tuple[Part, ...]
    sums: Sums
    cpu_seconds: float
    seconds: float
    worker: str
    time: float
    """Of the clock, when it was written (seconds since 1970)."""
    stored: StoredBatch | None = None


class Journal:
    """A journal that is open; to be closed, or used in a ``with`` statement."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: IO[bytes] | None) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock
        self.notes: list[str] = []
        self.settings, self._first_digest = self._read_settings()
        self.entries = list(self._read_entries())
        self._digest = self._digests[-1] if self.entries else self._first_digest

    # -- opening -----------------------------------------------------------------------------------

    @classmethod
    def create_or_continue(cls, path: Path, settings: RunSettings) -> Journal:
        """The journal of a run: a new one, or the one that is there, if it is of the same settings.

        Raises
        ------
        UsageError
            The journal is of a run with other settings, or another run is writing it.
        JournalError
            The file is no journal.
        OutputError
            It cannot be written.
        """
        if not path.exists() or not path.stat().st_size:
            with lock_file(path), writing(path):
                create_file(path, settings)
        journal = cls.open(path)
        difference = journal.settings.difference(settings)
        if difference is not None:
            journal.close()
            raise UsageError(f"is the journal of a run with {difference}; name another file", where=str(path))
        return journal

    @classmethod
    def open(cls, path: Path) -> Journal:
        """The journal at a path, to be continued; raises as `create_or_continue` does."""
        check_is_file(path)
        lock = lock_file(path)
        try:
            with writing(path):
                was_damaged = mend(path)
                connection = connect(path)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("COMMIT")
            journal = cls(path, connection, lock)
            if was_damaged:
                journal.notes.append("the journal was damaged; what could be read of it was kept")
            journal._drop_tail()
        except BaseException:
            lock.close()
            raise
        return journal

    @classmethod
    def open_to_read(cls, path: Path) -> Journal:
        """The journal at a path, to be read only, even while a run writes it; raises `JournalError`."""
        check_is_file(path)
        return cls(path, connect(path, read_only=True), None)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        if self._lock is not None:
            self._lock.close()

    # -- what it holds -----------------------------------------------------------------------------

    @property
    def parts_folder(self) -> Path:
        """Where the Parquet files of batches are."""
        return self.path.with_name(self.path.name + ".parts")

    @property
    def is_running(self) -> bool:
        """Whether a run is writing this journal now."""
        try:
            with lock_path(self.path).open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # no lock was ever taken
            return False
        return False

    @property
    def sums(self) -> Sums:
        return sum((entry.sums for entry in self.entries), Sums())

    def open_parts(self) -> dict[PartId, Part]:
        """What is still to be searched."""
        found = {ROOT: Part(prefix=WHOLE, size=NOTHING)}
        for number, entry in enumerate(self.entries, start=1):
            for part in entry.taken:
                found.pop(part, None)
            found.update({(number, place): part for place, part in enumerate(entry.left)})
        return found

    @property
    def total(self) -> Estimate:
        """All regions, as samples of the whole tree told at the start: in its first batch, and in what that left."""
        for entry in self.entries:
            if ROOT in entry.taken:
                left = sum_of([part.size for part in entry.left])
                return dataclasses.replace(left, mean=entry.sums.regions + left.mean)
        return NOTHING

    @property
    def is_complete(self) -> bool:
        return not self.open_parts()

    def sessions(self) -> list[tuple[float, str]]:
        """When the run was begun and gone on with (seconds since 1970), and with which workers."""
        with reading(self.path):
            return [(float(at), str(by)) for at, by in self._connection.execute("SELECT * FROM sessions ORDER BY 1")]

    # -- writing -----------------------------------------------------------------------------------

    def begin_session(self, workers: str) -> None:
        """Note that a run goes on from here."""
        with writing(self.path), self._connection:
            self._connection.execute("INSERT INTO sessions VALUES (?, ?)", (time.time(), workers))

    def append(self, entries: list[Entry]) -> None:
        """Write rows, all or none; they are on the disk when this returns.

        Raises
        ------
        OutputError
            They cannot be written; the journal is as it was before.
        """
        rows = []
        digest = self._digest
        for number, entry in enumerate(entries, start=len(self.entries) + 1):
            content = _to_text(entry)
            digest = _next_digest(digest, number, content)
            rows.append((number, content, digest))
        with writing(self.path), self._connection:
            self._connection.executemany("INSERT INTO batches VALUES (?, ?, ?)", rows)
        self.entries += entries
        self._digest = digest

    # -- reading -----------------------------------------------------------------------------------

    def _read_settings(self) -> tuple[RunSettings, str]:
        with reading(self.path):
            ((text, digest),) = self._connection.execute("SELECT document, digest FROM problem").fetchall()
            if hashlib.blake2b(text.encode()).hexdigest() != digest:
                raise ValueError("its problem has another hash")
            document = json.loads(text)
            if document["format"] != FORMAT or document["version"] != VERSION:
                raise ValueError(f"it has version {document['version']}, this relureg reads {VERSION}")
            return RunSettings.of(document["problem"]), digest

    def _read_entries(self) -> Iterator[Entry]:
        """All rows up to the first that is damaged."""
        self._digests: list[str] = []
        is_open = {ROOT}
        digest = self._first_digest
        rows = None
        for expected in itertools.count(1):
            try:
                if rows is None:
                    rows = self._connection.execute("SELECT number, content, digest FROM batches ORDER BY number")
                row = next(rows, None)
                if row is None:
                    return
                number, content, found = row
                digest = _next_digest(digest, expected, content)
                if number != expected or found != digest:
                    break
                entry = _from_text(content)
                if not is_open.issuperset(entry.taken) or len(set(entry.taken)) != len(entry.taken):
                    break
            except (sqlite3.Error, ValueError, KeyError, TypeError, AttributeError):
                break
            is_open.difference_update(entry.taken)
            is_open.update((expected, place) for place in range(len(entry.left)))
            self._digests.append(digest)
            yield entry

    def _drop_tail(self) -> None:
        """Forget rows that are damaged or name damaged parts, the rows after them, and files that no row names."""
        good = len(self.entries)
        for number, entry in enumerate(self.entries):
            if entry.stored is not None and not entry.stored.is_intact(self.parts_folder):
                good = number
                break
        del self.entries[good:], self._digests[good:]
        self._digest = self._digests[-1] if self._digests else self._first_digest
        with writing(self.path):
            with self._connection:
                dropped = self._connection.execute("DELETE FROM batches WHERE number > ?", (good,)).rowcount
            named = {name for entry in self.entries if entry.stored for name in entry.stored.names}
            for file in self.parts_folder.glob("*") if self.parts_folder.is_dir() else ():
                if file.name not in named:
                    file.unlink()
        if dropped:
            self.notes.append(f"{dropped} damaged rows of the journal were dropped; their work is done again")


def _next_digest(before: str, number: int, content: str) -> str:
    return hashlib.blake2b(f"{before} {number} {content}".encode(), digest_size=16).hexdigest()


def _to_text(entry: Entry) -> str:
    content = dataclasses.asdict(entry)
    content["left"] = [[part.prefix, part.size.mean, part.size.variance, part.size.descents] for part in entry.left]
    return json.dumps(content, separators=(",", ":"))


def _from_text(text: str) -> Entry:
    content = json.loads(text)
    sums = content["sums"]
    stored = content["stored"]
    return Entry(
        taken=tuple((int(row), int(place)) for row, place in content["taken"]),
        left=tuple(
            Part(
                prefix=tuple(map(int, prefix)),
                size=Estimate(mean=float(mean), variance=float(variance), descents=float(descents)),
            )
            for prefix, mean, variance, descents in content["left"]
        ),
        sums=Sums(**(sums | {"per_stage": tuple(sums["per_stage"])})),
        cpu_seconds=float(content["cpu_seconds"]),
        seconds=float(content["seconds"]),
        worker=str(content["worker"]),
        time=float(content["time"]),
        stored=None
        if stored is None
        else StoredBatch(**(stored | {"names": tuple(stored["names"]), "digests": tuple(stored["digests"])})),
    )
