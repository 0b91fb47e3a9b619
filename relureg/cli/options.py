"""What all commands share: reading NET, work and output options, printing, errors, exit codes."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from relureg import stopping
from relureg.arguments import did_you_mean, short
from relureg.cli import guard
from relureg.cli.outcome import as_text, lower_bound, this_outcome
from relureg.cli.progress import waiting_on_stderr
from relureg.cli.scope import OPTIONS, Scope, scope_of
from relureg.engine.limits import MAX_JOBS, Limits, Workers
from relureg.errors import LimitReachedError, UsageError
from relureg.exact.rational import as_fraction
from relureg.files import check_absent, protecting
from relureg.network.model import Network
from relureg.readers.formats import load
from relureg.readers.texts import parse_number

EXIT_CODES = """\b
Exit codes: 0 done and every check held; 1 the answer is "no"; 2 wrong usage; 3 the input
cannot be read or is not supported; 4 stopped by a limit you set; 5 an internal check
failed; 130 interrupted; 141 the reader of stdout has gone; 143 terminated (SIGTERM)."""


def remember_journal(path: Path | None) -> None:
    """Let an interruption say how to go on."""
    this_outcome().journal = path


OUTPUTS = {"output", "out", "save", "plot", "junit", "journal"}
"""The parameters that name files or folders to write; all others that name a file read it."""


class Group(click.Group):
    """Commands under one name; of one that is not there it says which was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        if Path(name).suffix or Path(name).exists():
            raise UsageError(
                f"{short(name)} is no command; a command comes first, as in: {ctx.command_path} "
                f"{self.list_commands(ctx)[0]} {short(name)[1:-1]}"
            )
        nearest = did_you_mean(name, self.list_commands(ctx)) or f"; there are {', '.join(self.list_commands(ctx))}"
        raise UsageError(f"there is no command {short(name)}{nearest}")


class Command(click.Command):
    """A command whose --box and --view take one word (x0:0,1;x1:-2,2 or file) or two (LO HI).

    It replaces none of the files that it reads.
    """

    def invoke(self, ctx: click.Context) -> Any:
        with protecting(_files_read(ctx.params)):
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _join_words(_join_words(args, "--box"), "--view"))


def _files_read(parameters: dict[str, Any]) -> list[Path]:
    """The files that a command line names to be read."""
    values = [value for name, value in parameters.items() if name not in OUTPUTS]
    words = [word for value in values for word in (value if isinstance(value, tuple) else [value])]
    return [Path(word) for word in words if isinstance(word, (str, Path)) and os.path.isfile(word)]


def _join_words(args: list[str], option: str) -> list[str]:
    if option not in args:
        return args
    at = args.index(option)
    words = args[at + 1 : at + 3]
    if len(words) < 2 or ":" in words[0] or "," in words[0] or words[0] == "file":
        return args
    return [*args[:at], f"{option}={words[0]},{words[1]}", *args[at + 3 :]]


def network_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """NET, and how to read it."""
    return click.argument("net", required=False, metavar="[NET]")(reading_options(function))


def reading_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--raw, given to the command; --prefix, --activation and --output-relu, which `read_network` asks for."""

    @functools.wraps(function)
    def with_reading(*args: Any, **kwargs: Any) -> Any:
        asked = {name: kwargs.pop(name) for name in ("prefix", "activation", "output_relu")}
        click.get_current_context().meta[_READING] = asked
        return function(*args, **kwargs)

    decorated: Callable[..., Any] = with_reading
    for option in reversed([
        click.option("--raw", is_flag=True, help="Leave out the normalisation that a .nnet file states."),
        click.option(
            "--prefix", metavar="NAME",
            help="Of several networks in a file of named arrays, that under NAME (actor); A,B: one after the other.",
        ),
        click.option(
            "--activation", metavar="NAME",
            help="What follows each layer but the last where the file does not say it: relu (assumed otherwise), "
            "leaky:0.01, relu6, hardtanh, hardsigmoid, abs, linear.",
        ),
        click.option("--output-relu", is_flag=True, help="Let the outputs be ReLU units too."),
    ]):  # fmt: skip
        decorated = option(decorated)
    return decorated


_READING = "relureg.reading"
"""Where the options of reading are kept, for the commands hand on nothing but NET and --raw."""


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--json, --quiet, --verbose."""
    function = click.option("--verbose", is_flag=True, help="Tell more on stderr.")(function)
    function = click.option("--quiet", is_flag=True, help="No progress and no notices on stderr.")(function)
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def check_npz(path: Path, what: str, *, force: bool) -> None:
    """Find out before the work that an archive can be written; raises `UsageError` or `OutputError`."""
    if path.suffix.lower() != ".npz":
        raise UsageError(f"the suffix of {what} is .npz", where=str(path))
    check_absent(path, force=force)


def file_options(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """-o and --force, given to the command as `output` and `force`; `what` says which formats there are."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option("--force", is_flag=True, help="Replace a file that exists.")(function)
        return click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help=what)(function)

    return decorate


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
            "--box": scope.box, "--domain": scope.domain, "--slice": scope.slice_, "--through": scope.through,
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
            help="split (compiled, the default but for domains bounded in more than 15 dimensions) or lp (exact linear "
            "programs, slow); `count` also has charpoly "
            "(characteristic polynomial, one hidden layer). All are exact.",
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


def timed(function: Callable[..., None]) -> Callable[..., None]:
    """Pass the time at which the command began as `started`."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        function(*args, started=time.monotonic(), **kwargs)

    return wrapper


def sherlock_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--offset and --scale, for the commands whose answer depends on the output."""
    function = click.option("--scale", metavar="NUMBER", help="Scale of a Sherlock file, which does not hold it.")(
        function
    )
    return click.option("--offset", metavar="NUMBER", help="Offset of a Sherlock file: (y - offset) * scale.")(function)


def read_network(
    net: str | None,
    *,
    raw: bool,
    quiet: bool,
    verbose: bool = False,
    offset: str | None = None,
    scale: str | None = None,
) -> Network:
    """Load NET, standard input where NET is ``-`` or absent; notices go to stderr."""
    if net is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("no network given; name a file, or pipe one in")
        net = "-"
    asked = click.get_current_context().meta.get(_READING, {})
    with waiting_on_stderr(quiet, f"reading {net}"):
        network = load(Path(net), raw=raw, offset=_finite(offset, "--offset"), scale=_finite(scale, "--scale"), **asked)
    if not quiet:
        for notice in network.notices:
            click.echo(f"relureg: {network.name}: {notice}", err=True)
    if verbose:
        click.echo(f"relureg: {network.name}: sha256 {network.sha256}", err=True)
    return network


def _finite(text: str | None, option: str) -> Fraction | None:
    """A decimal as the double it parses to, or p/q exactly."""
    try:
        return None if text is None else as_fraction(parse_number(text))
    except ValueError as error:
        raise UsageError(f"{text!r} is not a finite number (write 1.5, 1/3)", where=option) from error


def parse_widths(text: str) -> list[int]:
    """The numbers of --widths: input dimension and hidden layers."""
    fields = [field.strip() for field in text.split(",")]
    for field in fields:
        if not (field.isascii() and field.isdigit() and len(field) < 10):
            raise UsageError(f"{field!r} is not a width; write whole numbers like 2,16,16", where="--widths")
    return [int(field) for field in fields]


def _until_stopped(rows: Iterable[Any]) -> Iterator[Any]:
    """Rows until a limit is reached, so that the document is a whole one all the same."""
    for row in rows:
        if stopping.reason() is not None:
            return
        yield row


def _require_rows() -> None:
    if (stopped_by := stopping.reason()) is not None:
        proven = this_outcome().regions
        more = f"{lower_bound(proven)}; " if proven else ""
        raise LimitReachedError(f"stopped by {stopped_by}: {more}the rows are cut short")


def emit(
    document: dict[str, Any],
    table: Callable[[dict[str, Any]], Any],
    *,
    as_json: bool,
    started: float,
    rows: Iterable[Any] | None = None,
) -> None:
    """Print a result on stdout, as JSON or as a table, with the seconds since `started`.

    `rows`, where there are any, are the list under the key ``rows`` of the document; JSON is printed row by row.
    """
    document["seconds"] = round(time.monotonic() - started, 6)
    if (watching := guard.current()) is not None:
        watching.answering()
    this_outcome().answered = True
    if as_json:
        sys.set_int_max_str_digits(0)  # a bound may have more digits than Python writes unasked
        text = json.dumps(document, indent=1)
        if rows is None:
            click.echo(text)
            return
        click.echo(text.removesuffix("\n}") + ',\n "rows": [', nl=False)
        for number, row in enumerate(_until_stopped(rows)):
            click.echo(",\n" * bool(number) + json.dumps(row), nl=False)
        click.echo("]\n}")
        _require_rows()
        return
    if rows is not None:
        document["rows"] = list(_until_stopped(rows))
    click.echo(as_text(table(document)))
    if rows is not None:
        _require_rows()
