"""relureg maps relate: the affine maps of networks, sent to those of others."""

from __future__ import annotations

import itertools
from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.map_options import Data, Drawing, data_options, picture_options, reporting, written
from relureg.cli.options import file_options, read_network, reading_options
from relureg.cli.printing import Printer, output_options
from relureg.cli.work import limit_options
from relureg.errors import UsageError

EPILOG = f"""\b
Examples:
  relureg maps relate fixtures/truth/xor.json fixtures/truth/int_2-6-6-1.json --data fixtures/maps/xor.csv \\
      --labels label
  relureg maps relate fixtures/maps/digits-8.json fixtures/maps/digits-16.json --data fixtures/maps/digits.npz \\
      --labels y --plot related.svg

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG, short_help="Send the maps of each NET to those of every other.")
@click.argument("nets", shell_complete=files, nargs=-1, required=True, metavar="NET NET...")
@reading_options
@data_options
@picture_options("the accuracy after each map, as a matrix")
@file_options("Write the matrices and classes: .npz, .parquet or .json.")
@limit_options
@output_options
def relate(
    nets: tuple[str, ...],
    raw: bool,
    data: Data,
    drawing: Drawing,
    output: Path | None,
    force: bool,
    printer: Printer,
) -> None:
    """Send the maps of each NET to those of every other by least squares, and classify by what comes out.

    Without --test, the points themselves are classified.
    """
    from relureg.maps.data import accuracy
    from relureg.maps.relating import relate_maps
    from relureg.reports.exports.map_files import Relations, relation_writer, save_relations
    from relureg.reports.maps_relate import MapsRelateReport

    if len(nets) < 2:
        raise UsageError("two networks at least are needed")
    if output is not None:
        relation_writer(output, force=force)
    target = drawing.target(force=force)
    networks = [read_network(net, printer, raw=raw) for net in nets]
    train, test = data.read(networks[0])
    test = test or train
    with reporting(printer.quiet) as report:
        pairs = [
            (a, b, relate_maps(
                networks[a], networks[b], train.points, test.points, test.labels, chunk=data.chunk, report=report
            ))
            for a, b in itertools.permutations(range(len(networks)), 2)
        ]  # fmt: skip
    own = [accuracy(network, test, chunk=data.chunk) for network in networks]
    names = [network.name for network in networks]
    if output is not None:
        save_relations(Relations(names=names, pairs=pairs), output, force=force)
    if target is not None:
        from relureg.plots.maps.maps import save_relations_picture

        save_relations_picture(target, names, len(train.points), own, pairs)
    printer.emit(
        MapsRelateReport.of(
            networks,
            own,
            pairs,
            num_points=len(train.points),
            num_test=len(test.points),
            files=written(output, target),
        )
    )
