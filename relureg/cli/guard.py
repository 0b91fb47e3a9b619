"""What ends a command from outside: limits on time and memory, Ctrl-C, SIGTERM. What is proven by then is told.

A limit is met in three steps. Long loops ask `stopping` and come to an end with what they have. Where none asks for
half a second, `Stopped` is raised in the midst of whatever the main thread does. Where that does not help either,
because a library computes on and lets nobody else run, a thread of the compiled module ends the process within a second
of the limit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from relureg import stopping
from relureg.errors import EngineUnavailableError, LimitReachedError, UsageError

TIME, MEMORY, INTERRUPT, TERMINATED = 1, 2, 3, 4
"""Why a run is stopped, as the compiled module numbers it."""

EXIT = {TIME: LimitReachedError.exit_code, MEMORY: LimitReachedError.exit_code, INTERRUPT: 130, TERMINATED: 143}

_PATIENCE = 0.5
"""Seconds until work that has not come to an end by itself is broken off."""

_MOST = 0.95
"""Seconds until the process ends."""

_SHARE = 0.9
"""Of the memory that is free when a command begins, what it may take."""

_RESERVE = 0.03
"""Of the machine's memory, what stays free where this process holds most."""

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
          "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40,
          "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}  # fmt: skip


class Stopped(BaseException):
    """Raised in the midst of work that has to end."""


Words = Callable[[int, str], tuple[str, str]]
"""For what stopped the run, as a number and in words: what to print on stdout and on stderr."""


class Guard:
    """Watches over one command."""

    def __init__(self) -> None:
        from relureg.engine import split

        self.started = time.monotonic()
        self.names = {
            TIME: "a time limit", MEMORY: "a memory limit",
            INTERRUPT: "an interrupt", TERMINATED: "a request to terminate (SIGTERM)",
        }  # fmt: skip
        self._signals, self._tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._dog: Any = split.module().Watchdog(self._signals, _PATIENCE, _MOST)
        self._interrupts = 0
        self._words: Words | None = None
        self._is_answered = False
        self._pid = os.getpid()
        self._before: dict[int, Any] = {}
        self._handle(signal.SIGALRM, self._on_alarm)
        self._handle(signal.SIGINT, self._on_request)
        self._handle(signal.SIGTERM, self._on_request)
        signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        os.register_at_fork(after_in_child=self._forget)
        limit = memory_share()
        if limit is not None:
            self.limit_memory(limit, "what was free of this machine's memory")

    def _handle(self, number: int, handler: Callable[[int, FrameType | None], None]) -> None:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as a shell wants it for what runs in the background
            self._before[number] = signal.signal(number, handler)

    @property
    def reason(self) -> int | None:
        """Why the run is stopped; None where it is not."""
        found: int = self._dog.reason
        return found or None

    @property
    def stopped_by(self) -> str:
        """The same in words."""
        return self.names.get(self.reason or TIME, "")

    def limit_time(self, seconds: float) -> None:
        """Stop that long after the command began."""
        self.names[TIME] = stopping.time_limit(seconds)
        left = self.started + seconds - time.monotonic()
        stopping.set_deadline(self.started + seconds, self.names[TIME])
        self._dog.limit_time(max(left, 0.0))
        self._say_again()

    def limit_memory(self, amount: int, name: str) -> None:
        """Stop where this process takes more than `amount` bytes, or nothing is left for others."""
        self.names[MEMORY] = name
        total = _meminfo().get("MemTotal", 0)
        self._dog.limit_memory(amount, int(_RESERVE * total))
        self._say_again()

    def _say_again(self) -> None:
        if self._words is not None:
            self.set_last_words(self._words)

    def set_last_words(self, words: Words) -> None:
        """What is printed where the process has to be ended."""
        self._words = words
        for reason, name in self.names.items():
            out, err = words(reason, name)
            self._dog.set_last_words(reason, out, err, EXIT[reason])

    def set_temporaries(self, paths: set[str]) -> None:
        """Files that are not to stay where the process has to be ended."""
        self._dog.set_temporaries(sorted(paths))

    def answering(self) -> None:
        """The answer is being printed: nothing breaks that off any more."""
        self._is_answered = True
        self._dog.acknowledge()

    def close(self) -> None:
        """Give the signals back."""
        if os.getpid() != self._pid:
            return
        self._dog.acknowledge()
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._tell)  # wakes the thread, which ends
        self._dog = None
        os.close(self._signals)

    def _forget(self) -> None:
        """A process that was forked has no watchdog, and must not wake that of its parent."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        stopping.stop(self.stopped_by)
        if not self._is_answered and not stopping.is_shielded() and self._dog.seconds_since >= _PATIENCE:
            raise Stopped

    def _on_request(self, number: int, frame: FrameType | None) -> None:
        self._interrupts += 1
        stopping.stop(self.names[INTERRUPT if number == signal.SIGINT else TERMINATED])
        if (self._interrupts > 1 or self._is_answered) and not stopping.is_shielded():
            raise Stopped


_guard: Guard | None = None


@contextlib.contextmanager
def guarding() -> Iterator[None]:
    """While a command runs `start` may be called; what it started ends here."""
    global _guard
    try:
        yield
    finally:
        stopping.watch_temporaries(None)
        if _guard is not None:
            _guard.close()
        _guard = None


def start() -> None:
    """Begin to watch, once; without the compiled module there is nobody who could."""
    global _guard
    if _guard is None:
        with contextlib.suppress(EngineUnavailableError, ValueError):  # signals are for the main thread
            _guard = Guard()
            stopping.watch_temporaries(_guard.set_temporaries)


def current() -> Guard | None:
    """What watches over this command."""
    return _guard


def limit_time(seconds: float | None) -> None:
    """Stop the command so long after its beginning; raises `UsageError` where that is no time."""
    if seconds is None:
        return
    if not seconds > 0:
        raise UsageError(f"timeout is {seconds:g}; a positive number of seconds is needed")
    if _guard is not None and seconds < 1e9:
        _guard.limit_time(seconds)


def limit_memory(text: str | None) -> None:
    """Stop the command where it takes more; raises `UsageError` where that is no amount of memory."""
    if text is not None:
        amount = parse_memory(text)
        if _guard is not None:
            _guard.limit_memory(amount, f"the memory limit of {text}")


def parse_memory(text: str) -> int:
    """Bytes, from ``4GB``, ``500MiB``, ``2e9`` or ``50%`` of what is free.

    Examples
    --------
    >>> parse_memory("4GB"), parse_memory("1.5 GiB"), parse_memory("2e9")
    (4000000000, 1610612736, 2000000000)
    """
    word = text.strip()
    number = word.rstrip("%BbKkMmGgTtIi ")
    unit = word[len(number) :].strip().upper()
    try:
        value = float(number)
        factor = (memory_share() or 0) / (100 * _SHARE) if unit == "%" else _UNITS[unit]
        amount = int(value * factor)
    except (KeyError, ValueError, OverflowError):
        amount = 0
    if amount < 1:
        raise UsageError(f"{text!r} is not an amount of memory (write 4GB, 500MiB, 50%)", where="--memory")
    return amount


def memory_share() -> int | None:
    """Bytes that this process may take: most of what the machine, or its control group, has left; None: not known."""
    free = [available for available in (_meminfo().get("MemAvailable"), _group_left()) if available is not None]
    if not free:
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + int(_SHARE * min(free))


def _meminfo() -> dict[str, int]:
    """What /proc/meminfo says, in bytes; empty where there is no such file."""
    with contextlib.suppress(OSError, ValueError):
        rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
        return {words[0].rstrip(":"): 1024 * int(words[1]) for words in rows if len(words) > 2}
    return {}


def _group_left() -> int | None:
    """What control groups (version 2, else 1) leave to this process; None where they set no limit."""
    left = []
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                root, names = Path("/sys/fs/cgroup"), ("memory.max", "memory.current")
            elif "memory" in controllers.split(","):
                root, names = Path("/sys/fs/cgroup/memory"), ("memory.limit_in_bytes", "memory.usage_in_bytes")
            else:
                continue
            place = root / path.lstrip("/")
            for folder in (place, *place.parents):  # each group confines those below it
                left += _left_in(folder, *names)
                if folder == root:
                    break
    return min(left, default=None)


def _left_in(folder: Path, limit: str, usage: str) -> list[int]:
    try:
        most, used = (folder / limit).read_text().strip(), int((folder / usage).read_text())
        cached = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return []
    if most == "max" or int(most) > 2**60:  # version 1 writes a huge number for none
        return []
    return [max(int(most) - used + int(cached.get("inactive_file", 0)), 0)]


def discard_stopped(unraisable: Any) -> None:
    """Say nothing of a `Stopped` that came in a place from which nothing can be raised: it comes again."""
    if not isinstance(unraisable.exc_value, Stopped):
        sys.__unraisablehook__(unraisable)
