"""What every script here does: read one request, run one tool on it several times, print one line of JSON.

A request is a JSON object on standard input: ``weights`` and ``biases`` (ReLU after every layer but the last), ``box``
(half the side of the box around the origin; null is the whole space), ``seconds`` (how long to repeat) and
``options`` of the tool. Only the standard library is used: the scripts run in the environment of the tools.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

MOST_RUNS = 50


def serve(
    package: str,
    load: Callable[[dict[str, Any]], Any],
    count: Callable[[Any], Any],
    describe: Callable[[Any], dict[str, Any]],
) -> None:
    """Answer the request on standard input.

    Parameters
    ----------
    package
        Whose version is told.
    load
        Makes from the request what the tool works on; not timed, and done anew for every run.
    count
        The work that is timed; its result is what `describe` reads.
    describe
        The answer: ``regions``, ``facets`` (shared by two regions; None if the tool does not know) and ``note``.
    """
    request = json.load(sys.stdin)
    answer_stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # tools print what they like; the answer is the only line on standard output
    answer: dict[str, Any] = {"version": version(package)}
    try:
        answer |= _measure(request, load, count, describe)
    except Exception as error:  # whatever a tool raises is its answer
        answer["refused"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), file=answer_stream, flush=True)


def _measure(
    request: dict[str, Any],
    load: Callable[[dict[str, Any]], Any],
    count: Callable[[Any], Any],
    describe: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    wall: list[float] = []
    processor: list[float] = []
    end = time.perf_counter() + request["seconds"]
    while not wall or (time.perf_counter() < end and len(wall) < MOST_RUNS):
        prepared = load(request)
        gc.collect()
        begin, used = time.perf_counter(), _processor_seconds()
        found = count(prepared)
        processor.append(_processor_seconds() - used)
        wall.append(time.perf_counter() - begin)
    if len(wall) > 1:  # the first run warms up, unless there was time for no other
        del wall[0], processor[0]
    return {**describe(found), "wall": wall, "processor": processor}


def _processor_seconds() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
