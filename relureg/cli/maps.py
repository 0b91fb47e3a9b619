"""relureg maps: the affine maps of a network around data points."""

from __future__ import annotations

import click

from relureg.cli.command import EXIT_CODES, Group
from relureg.errors import UsageError

EPILOG = f"""\b
Example:
  relureg maps at fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label

{EXIT_CODES}"""


@click.group(
    cls=Group, modules={name: f"relureg.cli.maps_{name}" for name in ("at", "cluster", "extract", "relate")},
    epilog=EPILOG, invoke_without_command=True,
)  # fmt: skip
@click.pass_context
def maps(context: click.Context) -> None:
    """Look at the affine maps of a network around data points: which, how many, and what can be made of them."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(UsageError.exit_code)
