"""The command line: the group of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import signal
import sys
import warnings
from dataclasses import asdict

import click

from relureg import stopping
from relureg.cli import guard
from relureg.cli.command import EXIT_CODES, Group, sentence
from relureg.cli.standing import Standing
from relureg.errors import (
    ExpressionError,
    LimitReachedError,
    OutputError,
    ReluregError,
    UnsupportedNetworkError,
    UsageError,
)
from relureg.version import __version__
from relureg.words import printable

COMMANDS = (
    "inspect", "count", "estimate", "around", "bounds", "resume", "status",
    "graph", "regions", "line",
    "range", "check", "compare", "lipschitz", "preimage", "image", "trace", "topology", "persistence",
    "plot", "animate", "explore",
    "verify", "check-proof", "tropical",
    "construct", "random", "convert",
    "maps",
)  # fmt: skip
"""Each is a function of its name, with _ for -, in the module of that name; imported only when it runs."""

HEADINGS = {
    "inspect": "Regions, and how many",
    "graph": "The complex of regions",
    "range": "What the network computes",
    "plot": "Pictures",
    "verify": "Theorems and proofs",
    "construct": "Networks to begin with, and other files",
    "maps": "Networks too large to enumerate",
}
"""In `--help` the commands from this one on, in the order of `COMMANDS`, stand under the heading."""

TWO_WORDS = {("construct", "tropical"): "construct_tropical"}
"""Commands of two words: the module, in which the function has the name of the second word."""

EPILOG = f"""\b
Examples:
  relureg count fixtures/nets/overt_single_pendulum_small.nnet
  relureg count --help

{EXIT_CODES}"""

_READER_HAS_GONE = 128 + signal.SIGPIPE
"""The exit code of a program that SIGPIPE ends, as it does those that do not ignore it as Python does."""


class _Commands(Group):
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands under their headings, each with the first sentence of its help."""
        names = self.list_commands(ctx)
        starts = [0, *(names.index(name) for name in HEADINGS if name in names[1:]), len(names)]
        widest = max(map(len, names))
        for heading, start, stop in zip(HEADINGS.values(), starts, starts[1:], strict=False):
            with formatter.section(heading):
                formatter.write_dl(
                    [(name.ljust(widest), sentence(self.get_command(ctx, name))) for name in names[start:stop]]
                )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        module = TWO_WORDS.get((args[0], args[1])) if len(args) > 1 else None
        if module is None:
            return super().resolve_command(ctx, args)
        command = getattr(importlib.import_module(f"relureg.cli.{module}"), args[1])
        return " ".join(args[:2]), command, args[2:]


@click.group(
    cls=_Commands, modules={name: f"relureg.cli.{name.replace('-', '_')}" for name in COMMANDS}, epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
@click.version_option(__version__, "-V", "--version", prog_name="relureg")
@click.pass_context
def relureg(context: click.Context) -> None:
    """Exact activation regions of ReLU networks, over the whole input space."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(UsageError.exit_code)
    guard.start()
    context.ensure_object(Standing).note()


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.unraisablehook = guard.discard_stopped
    if not sys.warnoptions:  # what libraries have to say of themselves is no message of this program
        warnings.simplefilter("ignore")
        sys.unraisablehook = lambda _: None
    if sys.stdout is None:  # the caller closed it: what is written there is an error, and goes into no other file
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w")  # noqa: SIM115 - open as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 still gets an answer
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; every error becomes one line on stderr and an exit code."""
    stopping.reset()
    with guard.guarding():
        try:
            return _run(arguments)
        except guard.Stopped:  # it came while an error was told
            watching = guard.current()
            return LimitReachedError.exit_code if watching is None else guard.EXIT[watching.reason or guard.TIME]


def _run(arguments: list[str]) -> int:
    standing = Standing(as_json="--json" in arguments)
    try:
        result = relureg.main(arguments, prog_name="relureg", standalone_mode=False, obj=standing)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        return _fail(UsageError(f"{error.format_message()} (try --help)"), standing)
    except LimitReachedError as error:
        return _stop(standing, error)
    except ReluregError as error:
        return _fail(error, standing)
    except (KeyboardInterrupt, click.Abort, guard.Stopped):
        return _stop(standing, None)
    except SystemExit:
        # Raised by click where the reader (head, less) has gone.
        return _fail_to_write(OSError(errno.EPIPE, os.strerror(errno.EPIPE)), standing)
    except OSError as error:
        return _fail_to_write(error, standing)
    except MemoryError:
        return _stop(standing, LimitReachedError("out of memory; give --max-regions, or a smaller box"))
    except Exception as error:
        if "--verbose" in arguments:
            import traceback

            traceback.print_exc()
        message = f"unexpected {type(error).__name__}: {error}; please report it (--verbose shows where)"
        return _fail(ReluregError(" ".join(message.split())), standing)


def _stop(standing: Standing, error: LimitReachedError | None) -> int:
    """Tell what is proven where a limit or an interrupt (no error) ended the work, before or after the answer."""
    watching, stopped_by = guard.current(), stopping.reason()
    if error is not None and stopped_by is None:
        return _fail(error, standing)
    if watching is not None:
        watching.answering()
    kind = (watching and watching.reason) or (guard.INTERRUPT if error is None else guard.TIME)
    out, line = standing.last_words(kind, stopped_by or "an interrupt")
    if error is not None and not error.message.startswith(f"stopped by {stopped_by}"):
        line = f"relureg: error: {printable(' '.join(str(error).split()))}\n"
        if standing.as_json and not standing.answered and standing.partial is None:
            told = {"kind": error.kind, "message": error.message, "where": error.where}
            out = f"{standing.error_document(told)}\n"
    try:
        sys.stdout.write(out)
        sys.stdout.flush()
    except OSError as fault:
        return _fail_to_write(fault, standing)
    click.echo(line, nl=False, err=True)
    return guard.EXIT[kind]


def _fail_to_write(error: OSError, standing: Standing) -> int:
    _abandon_stdout()
    standing.answered = True
    if error.errno == errno.EPIPE:  # head has seen enough: nobody needs to be told
        return _READER_HAS_GONE
    return _fail(OutputError(f"cannot be written: {error.strerror or error}", where="standard output"), standing)


def _fail(error: ReluregError, standing: Standing) -> int:
    click.echo(f"relureg: error: {printable(' '.join(str(error).split()))}", err=True)
    if isinstance(error, ExpressionError):
        click.echo("\n".join(f"  {line}" for line in error.excerpt.splitlines()), err=True)
    # After a failed check the answer may be on stdout already, and stays the one document there.
    if standing.as_json and not standing.answered:
        told: dict[str, object] = {"kind": error.kind, "message": error.message, "where": error.where}
        if isinstance(error, UnsupportedNetworkError) and error.unsupported:
            told["unsupported"] = [asdict(problem) for problem in error.unsupported]
        try:
            click.echo(standing.error_document(told))
        except OSError:  # the exit code and stderr tell it too
            _abandon_stdout()
    return error.exit_code


def _abandon_stdout() -> None:
    """Send what is still unwritten nowhere, lest Python fails to flush it on leaving."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
