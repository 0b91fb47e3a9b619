"""What tropical work may use, and how it tells how far it has come: the number of monomials can grow exponentially."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from relureg.arguments import positive_seconds, whole_number
from relureg.errors import LimitReachedError


@dataclass(slots=True, kw_only=True)
class Growth:
    """Limits on monomials and time, and a place to report progress to.

    These are not `relureg.Limits`: what grows here are monomials and not regions, a form that is cut short proves
    nothing, so that a limit raises where a search would hand over what it has, and the message names what was being
    made. The search for regions that comes after it has the time that is `seconds_left`.

    Parameters
    ----------
    max_monomials : int, optional
        Stop when a pruned polynomial has more monomials than this.
    timeout : float, optional
        Stop after this many seconds.
    report : callable, optional
        Called with a line of text whenever something has been done.
    """

    max_monomials: int | None = None
    timeout: float | None = None
    report: Callable[[str], None] | None = None
    place: str = "a polynomial"
    """What is being made, for messages."""
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.max_monomials is not None:
            self.max_monomials = whole_number("max_monomials", self.max_monomials, least=1)
        if self.timeout is not None:
            self.timeout = positive_seconds("timeout", self.timeout)

    @property
    def seconds_left(self) -> float | None:
        """Until the time limit, a little at least; None without a limit."""
        if self.timeout is None:
            return None
        return max(self.timeout - (time.monotonic() - self.started), 1e-3)

    def watch(self, monomials: int) -> None:
        """Look at the limits with so many monomials found in the polynomial under way.

        Raises
        ------
        LimitReachedError
            One is reached.
        """
        if self.max_monomials is not None and monomials > self.max_monomials:
            raise LimitReachedError(f"the limit of {self.max_monomials:,} monomials in {self.place}")
        self.check_time(f"{self.place}: {monomials:,} monomials")

    def check_time(self, line: str) -> None:
        """Look at the time limit, and report."""
        if self.timeout is not None and time.monotonic() - self.started > self.timeout:
            raise LimitReachedError(f"the time limit of {self.timeout:g} s in {self.place}")
        if self.report is not None:
            self.report(line)
