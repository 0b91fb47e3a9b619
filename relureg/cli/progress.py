"""Progress of a long run on stderr: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import threading
import time
from collections.abc import Callable, Iterator

import click

from relureg.cli.forecast import Forecast
from relureg.engine.limits import Progress
from relureg.words import printable

PLAIN_INTERVAL = 10.0
"""Seconds between lines where stderr is not a terminal (a log file, CI)."""


_LIVE_INTERVAL = 0.1
"""Seconds between changes of the live line."""


@contextlib.contextmanager
def progress_on_stderr(quiet: bool, forecast: Forecast | None = None) -> Iterator[Callable[[Progress], None] | None]:
    """Yield what to report progress to, None when there is nothing to show; with the forecast, where there is one."""
    with lines_on_stderr(quiet, "enumerating regions") as show:

        def report(progress: Progress) -> None:
            if show is None or _note(progress.note):
                return
            if forecast is not None:
                _note(forecast.notice(progress))
            more = "" if forecast is None else forecast.line(progress)
            show(_line(dataclasses.replace(progress, fraction=None) if more else progress) + more)

        yield None if show is None else report


@contextlib.contextmanager
def cells_on_stderr(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """The same for a search that looks at cells, whose end nobody knows."""
    with lines_on_stderr(quiet, "looking at cells") as show:

        def report(progress: Progress) -> None:
            if show is not None:
                show(f"{progress.regions:,} cells, {progress.rate:,.0f} a second, {progress.seconds:.0f} s")

        yield None if show is None else report


@contextlib.contextmanager
def lines_on_stderr(quiet: bool, start: str = "working") -> Iterator[Callable[[str], None] | None]:
    """Yield what to call with the current state, as often as one likes; None when there is nothing to show."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(start) as status:
            yield _now_and_then(_LIVE_INTERVAL, status.update)
    else:
        yield _now_and_then(PLAIN_INTERVAL, lambda line: click.echo(f"relureg: {line}", err=True))


@contextlib.contextmanager
def waiting_on_stderr(quiet: bool, what: str) -> Iterator[None]:
    """Show that something goes on that cannot tell how far it is, once it takes long."""
    if quiet or sys.stderr is None:
        yield
        return
    over = threading.Event()
    on_terminal = sys.stderr.isatty()
    shown = printable(what)

    def tell() -> None:
        started = time.monotonic()
        while not over.wait(1.0 if on_terminal else PLAIN_INTERVAL):
            seconds = time.monotonic() - started
            line = f"relureg: {shown}, {seconds:.0f} s"
            click.echo(f"\r\x1b[K{line}" if on_terminal else line, err=True, nl=not on_terminal)
        if on_terminal and time.monotonic() - started >= 1.0:
            click.echo("\r\x1b[K", err=True, nl=False)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _now_and_then(interval: float, show: Callable[[str], None]) -> Callable[[str], None]:
    last = time.monotonic()

    def report(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= interval:
            last = time.monotonic()
            show(line)

    return report


def _note(note: str | None) -> bool:
    """Print what is worth a line of its own, if anything; whether there was something."""
    if note is not None:
        click.echo(f"relureg: {printable(note)}", err=True)
    return note is not None


def _line(progress: Progress) -> str:
    done = "" if progress.fraction is None else f", about {100 * progress.fraction:.0f} % of the tree"
    if progress.error is not None:
        done += f" (+- {100 * progress.error:.0f})"
    if progress.workers is not None:
        done += f", {progress.workers} worker{'s' * (progress.workers != 1)}"
    if len(progress.per_stage) > 1:
        done += f", after each stage {' '.join(f'{count:,}' for count in progress.per_stage)}"
    return f"{progress.regions:,} regions, {progress.rate:,.0f} a second, {progress.seconds:.0f} s{done}"
