"""relureg maps at: regions, affine maps and nearest facets at data points."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.map_options import (
    Data,
    Drawing,
    data_options,
    image_option,
    parse_image_shape,
    picture_options,
    reporting,
    written,
)
from relureg.cli.options import file_options, network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.work import limit_options
from relureg.errors import ArgumentIndexError

EPILOG = f"""\b
Examples:
  relureg maps at fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label
  relureg maps at fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label -o points.npz
  relureg maps at fixtures/maps/digits-16.json --data fixtures/maps/digits.npz --labels y --plot digits.svg

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@data_options
@click.option("--nearest/--no-nearest", default=True, show_default=True, help="The nearest facet of each point.")
@click.option(
    "--polyhedron", "polyhedra", metavar="ROW", type=click.IntRange(min=0), multiple=True,
    help="Also the irredundant inequalities of the region of that point; may be repeated.",
)  # fmt: skip
@click.option("--exact", is_flag=True, help="Prove these inequalities, by points and multipliers.")
@click.option("--rows", type=click.IntRange(min=0), default=10, show_default=True, help="Points to print.")
@picture_options("gradient images, or points of two inputs, and the dual points")
@image_option
@file_options("Write all points, with their maps: .npz or .parquet.")
@limit_options
@output_options
def at(
    net: str | None,
    raw: bool,
    data: Data,
    nearest: bool,
    polyhedra: tuple[int, ...],
    exact: bool,
    rows: int,
    drawing: Drawing,
    image_shape: str | None,
    output: Path | None,
    force: bool,
    printer: Printer,
) -> None:
    """Regions, affine maps and nearest facets of NET at data points.

    A point on a boundary counts for the region entered in the direction (1, 1/2, 1/3, ...).
    """
    from relureg.maps.survey import survey_points
    from relureg.reports.exports.map_files import PointTable, save_points, table_writer
    from relureg.reports.maps_at import MapsAtReport, iter_point_rows

    if output is not None:
        table_writer(output, force=force)
    target = drawing.target(force=force)
    network = read_network(net, printer, raw=raw)
    shape = parse_image_shape(image_shape, network)
    train, test = data.read(network)
    with reporting(printer.quiet) as report:
        try:
            found = survey_points(
                network, train, test, nearest=nearest, around=polyhedra, exact=exact, chunk=data.chunk, report=report
            )
        except ArgumentIndexError as error:
            raise error.within("--polyhedron") from error
        table = PointTable.of(network, found, data.chunk)
        if output is not None:
            save_points(table, output, force=force)
    if target is not None:
        from relureg.plots.maps.maps import save_points_picture

        save_points_picture(target, network, train.points, found.data.regions, found.data.classes, shape)
    printer.emit(
        MapsAtReport.of(network, found, files=written(output, target)),
        rows=iter_point_rows(table, rows),
    )
