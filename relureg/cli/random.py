"""relureg random: a random network, seeded."""

from __future__ import annotations

import click

from relureg.cli.command import EXIT_CODES, Command, one_of
from relureg.cli.options import parse_widths
from relureg.cli.output import network_output_options, write_network
from relureg.cli.printing import Printer, output_options

EPILOG = f"""\b
Initialisations: he (weights N(0, 2 / fan-in), biases N(0, 1)), torch (both uniform in +-1/sqrt(fan-in)),
integer (both whole numbers from -9 to 9), sparse (he, half of the weights 0), nobias (he, biases 0).

\b
Examples:
  relureg random --widths 2,16,16 --seed 7 | relureg count
  relureg random --widths 3,5,5 --init integer --seed 1 -o net.json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@click.option(
    "--widths", metavar="N0,N1,...", required=True, help="Inputs and hidden layers, without the output layer."
)
@click.option(
    "--init", default="he", show_default=True, shell_complete=one_of("relureg.families.random", "INITIALISATIONS"),
    help="he, torch, integer, sparse or nobias.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same network everywhere.")
@click.option("--outputs", type=click.IntRange(min=1), default=1, show_default=True, help="Units of the output layer.")
@network_output_options
@output_options
def random(
    widths: str,
    init: str,
    seed: int,
    outputs: int,
    output: str | None,
    force: bool,
    printer: Printer,
) -> None:
    """Make a random network, the same on every machine for the same seed.

    It goes to FILE, or as relureg JSON to standard output (unless --json asks for its figures).
    """
    from relureg.families.random import random_network
    from relureg.reports.random import RandomReport

    network = random_network(parse_widths(widths), init, seed, outputs=outputs)
    if output is not None or not printer.as_json:
        write_network(network, output, force=force)
    if output is not None or printer.as_json:
        printer.emit(RandomReport.of(network, init, seed, output))
