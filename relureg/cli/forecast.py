"""While a long run goes on: how much there is in all, and a notice where it will not end in time or in memory."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from relureg.cli import guard
from relureg.engine.limits import Limits, Progress, Workers
from relureg.errors import ReluregError
from relureg.network.problem import Problem
from relureg.words import about, duration

if TYPE_CHECKING:
    from relureg.complex.estimation import RegionEstimate

_DELAY = 1.0
"""Seconds until samples are taken: nothing is told of runs that are over sooner."""

_LONGEST = 30.0
"""Seconds for the samples, on one core; on an idle machine they take one or two."""

_PRECISION = 0.1
"""How well a run that goes on needs to be known."""

_LONG = 7200.0
"""Seconds from which on a run is worth a notice."""

_BYTES = 3
"""Times the columns of the regions, in memory: chunks, and what they are merged into."""

_INSTEAD = "a part (--box, --slice, relureg line), the estimate alone (relureg estimate)"


@dataclass(slots=True)
class Forecast:
    """What is known of a run while it goes on; nothing at first."""

    problem: Problem
    keeps_regions: bool
    """Whether all regions are held in memory."""
    told: RegionEstimate | None = None
    _is_noticed: bool = field(default=False, init=False)

    def line(self, progress: Progress) -> str:
        """What to add to the line of progress."""
        total = None if self.told is None else self.told.num_regions
        if total is None:
            return ""
        done = min(progress.regions / total.mean, 1.0)
        left = self._seconds_left(progress)
        rest = "" if left is None else f", {duration(left)} left"
        return f", {100 * done:.2g} % of about {about(total.mean)} ({about(total.low)} to {about(total.high)}){rest}"

    def notice(self, progress: Progress) -> str | None:
        """Once, what is worth a line of its own: the run takes hours, or more memory than there is."""
        total = None if self.told is None else self.told.num_regions
        if self._is_noticed or total is None:
            return None
        self._is_noticed = True
        memory = total.mean * _BYTES * self._bytes_a_region()
        if self.keeps_regions and memory > (guard.memory_share() or memory):
            return (
                f"about {about(total.mean)} regions take about {memory / 1e9:,.0f} GB, more than there is; instead: "
                f"{_INSTEAD}, or count --journal FILE --keep-regions, which goes to disk"
            )
        left = self._seconds_left(progress)
        if left is not None and left > _LONG:
            return (
                f"about {about(total.mean)} regions take about {duration(left)} here; instead: {_INSTEAD}, or "
                "count --journal FILE, which goes on after any interruption"
            )
        return None

    def _seconds_left(self, progress: Progress) -> float | None:
        total = None if self.told is None else self.told.num_regions
        if total is None or not progress.regions:
            return None
        return max(total.mean - progress.regions, 0.0) * progress.seconds / progress.regions

    def _bytes_a_region(self) -> float:
        """Of its columns: signs, a point, and its facets with the units that make them."""
        degree = (
            2 * self.problem.essential_dim
            if self.told is None or self.told.average_degree is None
            else (self.told.average_degree.mean)
        )
        return 2 * self.problem.num_rows / 8 + 8 * self.problem.network.input_dim + 16 * degree


@contextlib.contextmanager
def forecasting(forecast: Forecast | None) -> Iterator[None]:
    """Take samples in a thread of its own, once what is done inside has taken a while; nothing without a forecast."""
    if forecast is None:
        yield
        return
    over = threading.Event()

    def sample() -> None:
        if over.wait(_DELAY):
            return
        from relureg.complex.estimation import estimate_problem  # not for runs that are over at once

        with contextlib.suppress(ReluregError):  # the run itself tells what is wrong
            forecast.told = estimate_problem(
                forecast.problem,
                precision=_PRECISION,
                limits=Limits(timeout=_LONGEST),
                workers=Workers(jobs=1),
                over=over,
            )

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield
    finally:
        over.set()
        sampler.join()
