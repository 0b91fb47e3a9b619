"""How much work a command that enumerates may do, where, and by whom: --engine, --jobs, limits, and the scope."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from relureg.cli import guard
from relureg.cli.command import one_of
from relureg.cli.scope import OPTIONS, Scope, scope_of
from relureg.engine.limits import MAX_JOBS, Limits, Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the commands that enumerate are asked for."""

    scope: Scope
    engine: str
    limits: Limits
    workers: Workers

    @property
    def given(self) -> list[str]:
        """The options that were given, but for --jobs, which changes no answer."""
        scope = self.scope
        values = {
            "--box": scope.box, "--around": scope.around, "--radius": scope.radius,
            "--domain": scope.domain, "--slice": scope.slice_, "--through": scope.through,
            "--engine": None if self.engine == "auto" else self.engine, "--scheduler": self.workers.scheduler,
            "--max-regions": self.limits.max_regions, "--timeout": self.limits.timeout,
        }  # fmt: skip
        return [option for option, value in values.items() if value is not None]


def _limit_time(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    guard.limit_time(value)
    return value


def timeout_option(*, exposed: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--timeout, which counts from the beginning of the command; given to it as `timeout` where it counts regions."""
    return click.option(
        "--timeout", type=float, metavar="SECONDS", callback=_limit_time, expose_value=exposed,
        help="Stop that long after the start, reading included (exit code 4).",
    )  # fmt: skip


def _limit_memory(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    guard.limit_memory(value)
    context.meta[_MEMORY] = value
    return value


_MEMORY = "relureg.memory"


def wanted_memory() -> str | None:
    """What --memory says, for one that goes to disk instead of stopping: then the process has its own limit again."""
    text: str | None = click.get_current_context().meta.get(_MEMORY)
    if text is not None:
        guard.limit_memory("100%")
    return text


memory_option = click.option(
    "--memory", metavar="AMOUNT", expose_value=False, callback=_limit_memory,
    help="Stop before more memory is taken: 4GB, 50% (exit code 4). By default most of what is free.",
)  # fmt: skip


def limit_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--timeout and --memory, for commands that count nothing."""
    return timeout_option(exposed=False)(memory_option(function))


def jobs_option(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--jobs."""
    return click.option("--jobs", type=click.IntRange(min=1, max=MAX_JOBS), help=what)


scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS",
    help="Let a Dask cluster do the work: tcp://HOST:PORT, or local:N for N processes here.",
)  # fmt: skip


def work_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where to look (`relureg.cli.scope`), --engine, --jobs and limits, given to the command as one `Work`."""

    @functools.wraps(function)
    def with_work(*args: Any, **kwargs: Any) -> Any:
        scope = scope_of(kwargs)
        limits = Limits(max_regions=kwargs.pop("max_regions"), timeout=kwargs.pop("timeout"))
        workers = Workers(jobs=kwargs.pop("jobs"), scheduler=kwargs.pop("scheduler"))
        work = Work(scope=scope, engine=kwargs.pop("engine"), limits=limits, workers=workers)
        return function(*args, work=work, **kwargs)

    decorated: Callable[..., Any] = with_work
    options: list[Callable[..., Any]] = [
        *OPTIONS,
        click.option(
            "--engine", default="auto", show_default=True,
            shell_complete=one_of("relureg.engine.engines", "ENGINES", "COUNTERS"),
            help="split (the default; cells by their vertices), dictionaries (cells at one vertex; the default where "
            "cells have many, as in domains bounded in 8 dimensions: --verbose tells why) or lp (exact linear "
            "programs, slow); `count` also has charpoly (characteristic polynomial, one hidden layer). All are exact.",
        ),
        jobs_option("Threads of the splitter; all cores by default."),
        scheduler_option,
        click.option("--max-regions", type=click.IntRange(min=1), help="Stop after that many regions (exit code 4)."),
        timeout_option(),
        memory_option,
    ]  # fmt: skip
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
