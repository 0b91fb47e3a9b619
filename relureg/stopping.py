"""When to stop: the limits that hold for all of a call or of a process, and the one place where long loops ask.

A limit says how it is called in messages: "the time limit of 10 s". Once one has been reached, `reason` says so, and
`check` raises wherever it is asked next.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from relureg.errors import LimitReachedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A limit on time."""

    at: float
    """On the clock of `time.monotonic`."""
    reason: str


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
_stopped_by: str | None = None
_temporaries: set[str] = set()
_watcher: Callable[[set[str]], None] | None = None
_shields = 0


def stop(reason: str) -> None:
    """Let everything in this process come to an end soon; the first reason stays."""
    global _stopped_by
    _stopped_by = _stopped_by or reason


def reset() -> None:
    """Forget what stopped this process, and its deadline."""
    global _stopped_by
    _stopped_by = None
    _deadline.set(None)


def set_deadline(at: float, reason: str) -> None:
    """A limit on the time of this process, on the clock of `time.monotonic`."""
    _deadline.set(Deadline(at=at, reason=reason))


def reason() -> str | None:
    """The limit that has been reached; None: none has."""
    deadline = _deadline.get()
    if _stopped_by is None and deadline is not None and time.monotonic() > deadline.at:
        return deadline.reason
    return _stopped_by


def check() -> None:
    """Raise `LimitReachedError` where a limit has been reached."""
    found = reason()
    if found is not None:
        raise LimitReachedError(f"stopped by {found}")


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """While threads are waited for, which must not be broken off: Python would take them for ended."""
    global _shields
    _shields += 1
    try:
        yield
    finally:
        _shields -= 1


def is_shielded() -> bool:
    """Whether the main thread is not to be broken off now."""
    return _shields > 0


def time_limit(seconds: float) -> str:
    """How a limit on time is called."""
    return f"the time limit of {seconds:g} s"


def seconds_left() -> float | None:
    """Until the deadline, at least 0; None where there is none."""
    deadline = _deadline.get()
    return None if deadline is None else max(deadline.at - time.monotonic(), 0.0)


@contextlib.contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """A limit on the time of what is done inside; an earlier one around it stays in force."""
    outer = _deadline.get()
    at = None if seconds is None else time.monotonic() + seconds
    if at is None or seconds is None or (outer is not None and outer.at <= at):
        yield
        return
    token = _deadline.set(Deadline(at=at, reason=time_limit(seconds)))
    try:
        yield
    finally:
        _deadline.reset(token)


@contextlib.contextmanager
def temporary(path: str) -> Iterator[None]:
    """A file that is not to stay, whatever ends this process meanwhile; who removes it otherwise is the caller."""
    _temporaries.add(path)
    _note_temporaries()
    try:
        yield
    finally:
        _temporaries.discard(path)
        _note_temporaries()


def watch_temporaries(watcher: Callable[[set[str]], None] | None) -> None:
    """Let `watcher` know at any time which files are not to stay."""
    global _watcher
    _watcher = watcher
    _note_temporaries()


def _note_temporaries() -> None:
    if _watcher is not None:
        _watcher(_temporaries)
