"""Where commands that make a network put it: a file, or standard output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from relureg.cli.command import files
from relureg.network import json_format
from relureg.network.model import Network
from relureg.readers.formats import save


def network_output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """-o and --force."""
    function = click.option("--force", is_flag=True, help="Replace an existing file.")(function)
    return click.option(
        "-o", "--output", metavar="FILE", shell_complete=files,
        help="A .json, .nnet or .onnx file; relureg JSON on stdout without it.",
    )(function)  # fmt: skip


def write_network(network: Network, output: str | None, *, force: bool) -> None:
    """Write to the file; without one, print relureg JSON on stdout, to be piped into another command."""
    if output is None:
        click.echo(json_format.write(network).decode(), nl=False)
    else:
        save(network, Path(output), force=force)
