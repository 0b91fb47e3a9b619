"""Time limits in tests that are reached by what has been found, so that neither a fast nor a busy machine matters."""

from __future__ import annotations

import time
from collections.abc import Callable

from relureg import stopping
from relureg.engine.limits import Progress

LONG = 600.0
"""Seconds that no search takes here: `over_after` ends them."""

OVER = "the time limit of 600 s"


def over_after(is_enough: Callable[[Progress], bool]) -> Callable[[Progress], None]:
    """A callback that lets the limit `LONG` pass as soon as enough is found."""

    def look(progress: Progress) -> None:
        if is_enough(progress):
            stopping.set_deadline(time.monotonic(), stopping.time_limit(LONG))

    return look
