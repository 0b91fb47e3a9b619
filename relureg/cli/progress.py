"""Progress of a long run on stderr: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click

from relureg.engine.budget import Progress

_PLAIN_INTERVAL = 10.0
"""Seconds between lines where stderr is not a terminal (a log file, CI)."""


@contextlib.contextmanager
def progress_on_stderr(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Yield what to report progress to, None when there is nothing to show."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status("enumerating regions") as status:
            yield lambda progress: status.update(_line(progress))
    else:
        yield _plain()


def _plain() -> Callable[[Progress], None]:
    last = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= _PLAIN_INTERVAL:
            last = time.monotonic()
            click.echo(f"relureg: {_line(progress)}", err=True)

    return report


def _line(progress: Progress) -> str:
    rate = progress.regions / progress.seconds if progress.seconds > 0 else 0.0
    done = "" if progress.fraction is None else f", about {100 * progress.fraction:.0f} % of the tree"
    return f"{progress.regions:,} regions, {rate:,.0f} a second, {progress.seconds:.0f} s{done}"
