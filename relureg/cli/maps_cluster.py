"""relureg maps cluster: fewer affine maps for each output, by k-means."""

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
from relureg.errors import UsageError

EPILOG = f"""\b
Examples:
  relureg maps cluster fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label --k 1,2
  relureg maps cluster fixtures/maps/digits-16.json --data fixtures/maps/digits.npz --labels y --k 1,10 --plot few.svg

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG, short_help="Replace the maps of NET by k for each output.")
@network_argument
@data_options
@click.option("--k", "counts", default="1,10,100", show_default=True, help="Numbers of maps for each output.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of k-means.")
@picture_options("accuracy against k, and the centres as images")
@image_option
@file_options("Write centres, the centre of each point, and classes: .npz, .parquet or .json.")
@limit_options
@output_options
def cluster(
    net: str | None,
    raw: bool,
    data: Data,
    counts: str,
    seed: int,
    drawing: Drawing,
    image_shape: str | None,
    output: Path | None,
    force: bool,
    printer: Printer,
) -> None:
    """Replace the maps of NET by k for each output, by k-means, and tell how much of its accuracy stays.

    Without --test, the points themselves are classified.
    """
    from relureg.maps.clustering import cluster_maps
    from relureg.maps.data import accuracy
    from relureg.reports.exports.map_files import cluster_writer, save_clusters
    from relureg.reports.maps_cluster import MapsClusterReport

    try:
        sizes = sorted({int(word) for word in counts.split(",")})
    except ValueError as error:
        raise UsageError(f"{counts!r} is not a list of integers like 1,10,100", where="--k") from error
    if output is not None:
        cluster_writer(output, force=force)
    target = drawing.target(force=force)
    network = read_network(net, printer, raw=raw)
    shape = parse_image_shape(image_shape, network)
    train, test = data.read(network)
    test = test or train
    with reporting(printer.quiet) as report:
        clusterings = cluster_maps(
            network, train.points, test.points, test.labels, k=sizes, seed=seed, chunk=data.chunk, report=report
        )
    own = accuracy(network, test, chunk=data.chunk)
    if output is not None:
        save_clusters(clusterings, output, force=force)
    if target is not None:
        from relureg.plots.maps.maps import save_clusters_picture

        save_clusters_picture(target, network, len(train.points), clusterings, own, shape)
    printer.emit(
        MapsClusterReport.of(
            network,
            clusterings,
            num_points=len(train.points),
            num_test=len(test.points),
            accuracy=own,
            files=written(output, target),
        )
    )
