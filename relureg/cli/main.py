"""The command line: the group of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback

import click

from relureg.cli.options import EXIT_CODES
from relureg.errors import CheckFailedError, LimitReachedError, ReluregError, UsageError
from relureg.version import __version__

COMMANDS = ("inspect", "count", "graph", "bounds")
"""Each is a function of its name in the module of its name; imported only when it runs."""

EPILOG = f"""\b
Example:
  relureg count fixtures/nets/overt_single_pendulum_small.nnet

{EXIT_CODES}"""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"relureg.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, epilog=EPILOG)
@click.version_option(__version__, prog_name="relureg")
def relureg() -> None:
    """Exact activation regions of ReLU networks, over the whole input space."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; every error becomes one line on stderr and an exit code."""
    as_json = "--json" in arguments
    try:
        result = relureg.main(arguments, prog_name="relureg", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        return _fail(UsageError(f"{error.format_message()} (try --help)"), as_json)
    except ReluregError as error:
        # After a limit or a failed check the answer is on stdout already, and stays the one document there.
        return _fail(error, as_json and not isinstance(error, CheckFailedError | LimitReachedError))
    except (KeyboardInterrupt, click.Abort):
        click.echo("relureg: interrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error, and Python must not flush into the void.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        return _fail(LimitReachedError("out of memory; give --max-regions, or a smaller box"), as_json)
    except Exception as error:
        if "--verbose" in arguments:
            traceback.print_exc()
        message = f"unexpected {type(error).__name__}: {error}; please report it (--verbose shows where)"
        return _fail(ReluregError(" ".join(message.split())), as_json)


def _fail(error: ReluregError, as_json: bool) -> int:
    if as_json:
        document = {"error": {"kind": error.kind, "message": error.message, "where": error.where}}
        click.echo(json.dumps(document, ensure_ascii=False))
    click.echo(f"relureg: error: {' '.join(str(error).split())}", err=True)
    return error.exit_code
