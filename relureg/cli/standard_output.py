"""-o -: the file that a command would write goes to standard output, whole or not at all, in place of the table."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from relureg import stopping
from relureg.cli.standing import this_run
from relureg.errors import ReluregError, UsageError

FORMATS = {
    "animate": ".gif", "around": ".csv", "convert": ".json", "count": ".csv", "construct": ".json",
    "explore": ".html", "graph": ".graphml", "persistence": ".csv", "plot": ".svg", "preimage": ".svg",
    "random": ".json", "regions": ".csv", "trace": ".csv",
}  # fmt: skip
"""What ``-`` stands for; ``-.png`` chooses another format."""


@contextlib.contextmanager
def to_standard_output(context: click.Context) -> Iterator[None]:
    """Where the output is named ``-``, a file elsewhere stands for it meanwhile; it is copied where all went well.

    Raises
    ------
    UsageError
        ``--json`` is given too, or the command has no format that fits a pipe.
    """
    key = "out" if context.info_name == "convert" else "output"
    named = context.params.get(key)
    name = "" if named is None else str(named)
    if name != "-" and not (name.startswith("-.") and "/" not in name):
        yield
        return
    command = context.info_name or ""
    suffix = name[1:] or FORMATS.get(command.partition(" ")[0])
    if suffix is None:
        raise UsageError(f"{command} writes no file that fits a pipe; name a file, or a format as in -.npz", where="-o")
    printer = context.params.get("as_json")
    if printer:
        raise UsageError("--json and -o - both print on standard output; leave one out")
    folder = tempfile.mkdtemp(prefix="relureg-")
    path = Path(folder, f"stdout{suffix}")
    context.params[key] = path if isinstance(named, Path) else str(path)
    this_run().is_piped = True
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), stopping.temporary(str(path)):
            yield
        sys.stdout.flush()
        with path.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except ReluregError as error:
        if error.where == str(path):
            error.where = f"-o {name}"
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
