"""What a run may use, and how it tells how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from relureg.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an enumeration has come."""

    regions: int
    seconds: float


@dataclass(slots=True, kw_only=True)
class Budget:
    """Limits on regions and time, and a place to report progress to.

    Parameters
    ----------
    max_regions : int, optional
        Stop when this many regions are found and more are to come.
    timeout : float, optional
        Stop after this many seconds.
    report : callable, optional
        Called with a `Progress` a few times a second at the most.
    """

    max_regions: int | None = None
    timeout: float | None = None
    report: Callable[[Progress], None] | None = None
    started: float = field(default_factory=time.monotonic)
    exhausted: str | None = None
    """Which limit stopped the run, None while none has."""
    _reported: float = 0.0

    def __post_init__(self) -> None:
        if self.max_regions is not None and self.max_regions < 1:
            raise UsageError(f"max_regions is {self.max_regions}; at least 1 is needed")
        if self.timeout is not None and not self.timeout > 0:
            raise UsageError(f"timeout is {self.timeout}; a positive number of seconds is needed")

    def allows_more(self, regions: int) -> bool:
        """Whether to go on, with so many regions found; reports progress on the way."""
        now = time.monotonic()
        if self.report is not None and now - self._reported > 0.2:
            self._reported = now
            self.report(Progress(regions=regions, seconds=now - self.started))
        if self.max_regions is not None and regions >= self.max_regions:
            self.exhausted = f"the limit of {self.max_regions:,} regions"
        elif self.timeout is not None and now - self.started > self.timeout:
            self.exhausted = f"the time limit of {self.timeout:g} s"
        return self.exhausted is None
