"""Progress of a search as a bar: rich on a terminal, a line of HTML that changes in a notebook."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any, Protocol

AFTER = 0.5
"""Seconds of a run before there is a bar: a short one shows nothing."""


class Told(Protocol):
    """What a bar shows: see `relureg.engine.limits.Progress`."""

    @property
    def regions(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def rate(self) -> float: ...
    @property
    def fraction(self) -> float | None: ...


@contextlib.contextmanager
def progress_bar() -> Iterator[Callable[[Told], None]]:
    """Yield what to call with how far a search has come; the bar is gone at the end."""
    with contextlib.ExitStack() as stack:
        show: Callable[[Told], None] | None = None

        def report(progress: Told) -> None:
            nonlocal show
            if show is None and progress.seconds >= AFTER:
                show = stack.enter_context(_on_notebook() if _in_notebook() else _on_terminal())
            if show is not None:
                show(progress)

        yield report


@contextlib.contextmanager
def _on_terminal() -> Iterator[Callable[[Told], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("relureg"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(progress: Told) -> None:
            total = None if progress.fraction is None else 1.0
            bar.update(task, total=total, completed=progress.fraction or 0.0, description=_words(progress))

        yield show


@contextlib.contextmanager
def _on_notebook() -> Iterator[Callable[[Told], None]]:
    from IPython import display

    handle = display.display(display.HTML(""), display_id=True)

    def show(progress: Told) -> None:
        done = "" if progress.fraction is None else f' value="{progress.fraction:.4f}"'
        handle.update(display.HTML(f'<progress max="1"{done}></progress> {_words(progress)}'))

    try:
        yield show
    finally:
        handle.update(display.HTML(""))


def _in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter; IPython on a terminal is a terminal."""
    running: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(running).__name__ == "ZMQInteractiveShell"


def _words(progress: Told) -> str:
    done = "" if progress.fraction is None else f"   about {100 * progress.fraction:.0f} %"
    return f"{progress.regions:,} regions   {progress.rate:,.0f} a second{done}"
