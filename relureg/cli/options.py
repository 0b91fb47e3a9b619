"""What all commands share: reading NET and --box, printing, errors, exit codes."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from relureg.errors import DomainError, UsageError
from relureg.network.domain import Domain, Number
from relureg.network.formats import load
from relureg.network.model import Network
from relureg.network.rational import as_double, as_fraction

EXIT_CODES = """\b
Exit codes: 0 done and every check held; 1 the answer is "no"; 2 wrong usage; 3 the input
cannot be read or is not supported; 4 stopped by a limit you set; 5 an internal check
failed; 130 interrupted."""


@dataclass(slots=True)
class Outcome:
    """What a run has printed so far; errors that come after the answer must not print a second document."""

    answered: bool = False


class Command(click.Command):
    """A command whose --box takes one word (x0:0,1;x1:-2,2 or file) or two (LO HI)."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _join_box(args))


def _join_box(args: list[str]) -> list[str]:
    if "--box" not in args:
        return args
    at = args.index("--box")
    words = args[at + 1 : at + 3]
    if len(words) < 2 or ":" in words[0] or words[0] == "file":
        return args
    return [*args[:at], f"--box={words[0]},{words[1]}", *args[at + 3 :]]


def network_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """NET and --raw."""
    function = click.option("--raw", is_flag=True, help="Leave out the normalisation that a .nnet file states.")(
        function
    )
    return click.argument("net", required=False, metavar="[NET]")(function)


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--json, --quiet, --verbose."""
    function = click.option("--verbose", is_flag=True, help="Tell more on stderr.")(function)
    function = click.option("--quiet", is_flag=True, help="No progress and no notices on stderr.")(function)
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def file_options(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """-o and --force, given to the command as `output` and `force`; `what` says which formats there are."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option("--force", is_flag=True, help="Replace the file of -o where it exists.")(function)
        return click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help=what)(function)

    return decorate


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the commands that enumerate are asked for."""

    box: str | None
    engine: str
    jobs: int | None
    max_regions: int | None
    timeout: float | None


def work_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--box, --engine, --jobs and limits, given to the command as one `Work`."""

    @functools.wraps(function)
    def with_work(*args: Any, **kwargs: Any) -> Any:
        work = Work(**{field.name: kwargs.pop(field.name) for field in dataclasses.fields(Work)})
        return function(*args, work=work, **kwargs)

    decorated: Callable[..., Any] = with_work
    for option in reversed([
        click.option(
            "--box", metavar="LO HI",
            help='Look only inside a box: LO HI for every input, or "x0:0,1;x1:-2,2" for some, or '
            '"file" for the box a .nnet file states. Numbers are doubles, p/q is exact.',
        ),
        click.option(
            "--engine", default="auto", show_default=True,
            help="split (compiled, the default) or lp (exact linear programs, slow). Both are exact.",
        ),
        click.option("--jobs", type=click.IntRange(min=1), help="Threads of the splitter; all cores by default."),
        click.option("--max-regions", type=click.IntRange(min=1), help="Stop after that many regions (exit code 4)."),
        click.option("--timeout", type=float, metavar="SECONDS", help="Stop after that time (exit code 4)."),
    ]):  # fmt: skip
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
    network = load(Path(net), raw=raw, offset=_finite(offset, "--offset"), scale=_finite(scale, "--scale"))
    if not quiet:
        for notice in network.notices:
            click.echo(f"relureg: {network.name}: {notice}", err=True)
    if verbose:
        click.echo(f"relureg: {network.name}: sha256 {network.sha256}", err=True)
    return network


def _finite(text: str | None, option: str) -> Fraction | None:
    """A decimal as the double it parses to, or p/q exactly."""
    try:
        return None if text is None else as_fraction(_number(text))
    except (ValueError, DomainError) as error:
        raise UsageError(f"{text!r} is not a finite number (write 1.5, 1/3)", where=option) from error


def parse_box(text: str | None, network: Network) -> Domain | None:
    """The domain that --box names."""
    if text is None:
        return None
    try:
        if text == "file":
            return _file_box(network)
        low: list[Number] = [-math.inf] * network.input_dim
        high: list[Number] = [math.inf] * network.input_dim
        if ":" not in text:
            for axis in range(network.input_dim):
                low[axis], high[axis] = _interval(text)
            return Domain.box(low, high)
        seen: set[int] = set()
        for part in filter(None, text.split(";")):
            name, _, interval = part.strip().partition(":")
            if not (name.startswith("x") and name[1:].isascii() and name[1:].isdigit()):
                raise DomainError(f"{part!r} does not name an input; write x0:LO,HI;x1:LO,HI")
            axis = int(name[1:]) if len(name) < 10 else network.input_dim
            if axis >= network.input_dim:
                raise DomainError(f"{name} is not one of x0..x{network.input_dim - 1}")
            if axis in seen:
                raise DomainError(f"{name} is given twice")
            seen.add(axis)
            low[axis], high[axis] = _interval(interval)
        return Domain.box(low, high)
    except DomainError as error:
        raise error.within("--box") from error


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
    outcome = click.get_current_context().ensure_object(Outcome)
    outcome.answered = True
    if as_json:
        sys.set_int_max_str_digits(0)  # a bound may have more digits than Python writes unasked
        text = json.dumps(document, indent=1)
        if rows is None:
            click.echo(text)
            return
        click.echo(text.removesuffix("\n}") + ',\n "rows": [', nl=False)
        for number, row in enumerate(rows):
            click.echo(",\n" * bool(number) + json.dumps(row), nl=False)
        click.echo("]\n}")
        return
    if rows is not None:
        document["rows"] = list(rows)
    from rich.console import Console

    # In a pipe there is no width to fold to: lines stay whole, for grep and for diffs.
    console = Console(width=None if sys.stdout.isatty() else 500, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(table(document))
    lines = capture.get().splitlines()
    click.echo("\n".join(line.rstrip() for line in lines) if not sys.stdout.isatty() else capture.get().rstrip("\n"))


def _file_box(network: Network) -> Domain:
    if network.input_box is None:
        raise DomainError("the network file states no input box; give LO HI")
    low, high = ([x for (x,) in bound.fractions()] for bound in network.input_box)
    return Domain.box(low, high)


def _interval(text: str) -> tuple[Number, Number]:
    bounds = text.split(",")
    if len(bounds) != 2:
        raise DomainError(f"{text!r} is not an interval; write LO HI, or x0:LO,HI for one input")
    return _number(bounds[0]), _number(bounds[1])


def _number(text: str) -> Number:
    """A double, an infinity, or a rational p/q."""
    try:
        if "/" not in text:
            value = float(text)
            if math.isnan(value) or (math.isinf(value) and "inf" not in text.lower()):
                raise ValueError  # 1e999 is finite, but no double
            return value
        rational = Fraction(text.strip())
    except (ValueError, ZeroDivisionError) as error:
        raise DomainError(f"{text!r} is not a number (write 1.5, 1/3, inf)") from error
    double = as_double(rational)
    return rational if double is None else double
