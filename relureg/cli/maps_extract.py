"""relureg maps extract: the linear terms that a network uses at data points (TropEx)."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.map_options import Data, Drawing, data_options, picture_options, reporting, written
from relureg.cli.options import check_npz, file_options, network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.work import limit_options
from relureg.errors import CheckFailedError, UsageError

EPILOG = f"""\b
Examples:
  relureg maps extract fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label
  relureg maps extract fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label --everywhere
  relureg maps extract fixtures/maps/digits-16.json --data fixtures/maps/digits.npz --labels y \\
      --test fixtures/maps/digits-test.npz --test-labels y --stages --plot extracted.svg

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG, short_help="Extract the linear terms NET uses (TropEx).")
@network_argument
@data_options
@click.option("--every-output", is_flag=True, help="Numerators of all outputs at each point, not only of its label.")
@click.option("--stages", is_flag=True, help="Agreement on --test after each layer that is merged.")
@click.option(
    "--everywhere", is_flag=True,
    help="Also enumerate all regions, and prove that with a point in each the extracted function is NET.",
)  # fmt: skip
@picture_options("the coefficients of N and N^(X) at the test points and, with --stages, the agreement")
@file_options("Write the extracted function: .npz, for relureg.maps.ExtractedFunction.load.")
@limit_options
@output_options
def extract(
    net: str | None,
    raw: bool,
    data: Data,
    every_output: bool,
    stages: bool,
    everywhere: bool,
    drawing: Drawing,
    output: Path | None,
    force: bool,
    printer: Printer,
) -> None:
    """Extract the linear terms that NET uses at data points (TropEx), and compare with NET on test points."""
    from relureg.maps.extraction import extract_and_compare
    from relureg.reports.maps_extract import MapsExtractReport

    if output is not None:
        check_npz(output, "an extracted function", force=force)
    for option, given in (("--stages", stages), ("--plot", drawing.plot is not None)):
        if given and data.test is None:
            raise UsageError("compares on test points; give --test", where=option)
    target = drawing.target(force=force)
    network = read_network(net, printer, raw=raw)
    train, test = data.read(network)
    with reporting(printer.quiet) as report:
        found = extract_and_compare(
            network, train, test, every_output=every_output, stages=stages, everywhere=everywhere, chunk=data.chunk,
            report=report,
        )  # fmt: skip
    if target is not None and found.test is not None:
        from relureg.plots.maps.maps import save_coefficients

        compared = found.test
        right = None if compared.labels is None else compared.classes == compared.labels
        save_coefficients(target, network, found.num_points, compared.similarity, right, compared.stages)
    if output is not None:
        found.function.save(output, force=force)
    printer.emit(MapsExtractReport.of(network, found, files=written(output, target)))
    failed = [name for name, held in found.checks.items() if not held]
    if failed:
        raise CheckFailedError(f"failed: {', '.join(failed)}; please report it")
