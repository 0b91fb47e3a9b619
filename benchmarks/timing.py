"""How a time is taken: warm, several times, on the wall clock and on the processor's."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from machine import Others

LEAST_SECONDS = 0.5
"""All rounds together last at least this long, so that very short runs are repeated more often."""

MOST_SECONDS = 20.0
"""No further round starts after this long, unless there were fewer than `LEAST_RUNS`."""

LEAST_RUNS = 3

MOST_RUNS = 100


@dataclass(slots=True, kw_only=True)
class Times:
    """Seconds of every run of one action."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    """Of all threads together."""

    @property
    def median(self) -> float:
        return median(self.wall)

    @property
    def least(self) -> float:
        return min(self.wall)

    @property
    def effort(self) -> float:
        """The least processor time: hardly changed by what else the machine does."""
        return min(self.processor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What several actions took and gave."""

    times: list[Times]
    """Of each action."""
    results: list[Any]
    """Of each action, from its last run."""
    others: float | None
    """Cores that other processes used meanwhile; None where the system does not say."""


def alternate(actions: Sequence[Callable[[Any], Any]], prepare: Callable[[], Any], *, runs: int) -> Rounds:
    """Run actions in turn, after one round that is not counted, each on what `prepare` has just made.

    Taking turns spreads what else the machine does evenly over the actions, so that their ratios suffer less.
    """
    times = [Times() for _ in actions]
    results = [action(prepare()) for action in actions]
    others = Others()
    begin = time.perf_counter()
    while not _enough(len(times[0].wall), time.perf_counter() - begin, runs):
        for number, action in enumerate(actions):
            argument = prepare()
            gc.collect()
            wall, processor = time.perf_counter(), time.process_time()
            results[number] = action(argument)
            times[number].processor.append(time.process_time() - processor)
            times[number].wall.append(time.perf_counter() - wall)
    return Rounds(times=times, results=results, others=others.cores)


def _enough(done: int, seconds: float, runs: int) -> bool:
    if done < min(runs, LEAST_RUNS):
        return False
    return done >= MOST_RUNS or seconds >= MOST_SECONDS or (done >= runs and seconds >= LEAST_SECONDS)
