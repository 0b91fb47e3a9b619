"""The options by which commands are told what to read and what to write: NET, how to read it, -o."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from relureg.cli.command import files
from relureg.cli.printing import Printer
from relureg.cli.progress import waiting_on_stderr
from relureg.errors import UsageError
from relureg.exact.numbers import as_fraction
from relureg.files import check_absent
from relureg.network.model import Network
from relureg.readers.formats import load
from relureg.readers.texts import parse_number


def network_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """NET, and how to read it."""
    return click.argument("net", shell_complete=files, required=False, metavar="[NET]")(reading_options(function))


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


def sherlock_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--offset and --scale, for the commands whose answer depends on the output."""
    function = click.option("--scale", metavar="NUMBER", help="Scale of a Sherlock file, which does not hold it.")(
        function
    )
    return click.option("--offset", metavar="NUMBER", help="Offset of a Sherlock file: (y - offset) * scale.")(function)


def standard_input() -> str:
    """How standard input is called where no file is named; raises `UsageError` where nothing is piped in."""
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("no network given; name a file, or pipe one in")
    return "-"


def read_network(
    net: str | None, printer: Printer, *, raw: bool, offset: str | None = None, scale: str | None = None
) -> Network:
    """Load NET, standard input where NET is ``-`` or absent; notices go to stderr."""
    net = standard_input() if net is None else net
    asked = click.get_current_context().meta.get(_READING, {})
    with waiting_on_stderr(printer.quiet, f"reading {net}"):
        network = load(
            Path(net), raw=raw, offset=finite_number(offset, "--offset"), scale=finite_number(scale, "--scale"), **asked
        )
    for notice in network.notices:
        printer.note(f"{network.name}: {notice}")
    if printer.verbose:
        click.echo(f"relureg: {network.name}: sha256 {network.sha256}", err=True)
    return network


def finite_number(text: str | None, option: str) -> Fraction | None:
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
