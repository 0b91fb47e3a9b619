"""relureg maps: the affine maps of a network around data points."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from relureg.cli.map_options import (
    Data,
    Drawing,
    accuracy,
    data_options,
    image_option,
    parse_image_shape,
    picture_options,
    reporting,
)  # fmt: skip
from relureg.cli.options import (
    EXIT_CODES,
    Command,
    Group,
    check_npz,
    emit,
    file_options,
    limit_options,
    network_argument,
    output_options,
    read_network,
    reading_options,
    timed,
)  # fmt: skip
from relureg.errors import CheckFailedError, UsageError

if TYPE_CHECKING:
    from relureg.plots.maps.maps import Target

_MEASURABLE = 0.1
"""Seconds that a forward pass of all points takes at least where the cost of the extraction is told."""


MAPS = f"""\b
Example:
  relureg maps at fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label

{EXIT_CODES}"""


@click.group(cls=Group, epilog=MAPS, invoke_without_command=True)
@click.pass_context
def maps(context: click.Context) -> None:
    """Affine maps of a network around data points: which, how many, and what can be made of them."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(UsageError.exit_code)


AT = f"""\b
Examples:
  relureg maps at fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label
  relureg maps at fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label -o points.npz
  relureg maps at fixtures/maps/digits-16.json --data fixtures/maps/digits.npz --labels y --plot digits.svg

{EXIT_CODES}"""


@maps.command(cls=Command, epilog=AT)
@network_argument
@data_options
@click.option("--nearest/--no-nearest", default=True, show_default=True, help="The nearest facet of each point.")
@click.option(
    "--polyhedron", "polyhedra", metavar="ROW", type=click.IntRange(min=0), multiple=True,
    help="Also the irredundant inequalities of the region of that point; may be repeated.",
)  # fmt: skip
@click.option("--exact", is_flag=True, help="Prove these inequalities by rational linear programs.")
@click.option("--rows", type=click.IntRange(min=0), default=10, show_default=True, help="Points to print.")
@picture_options("gradient images, or points of two inputs, and the dual points")
@image_option
@file_options("Write all points, with their maps: .npz or .parquet.")
@limit_options
@output_options
@timed
def at(
    net: str | None, raw: bool, data: Data, nearest: bool, polyhedra: tuple[int, ...], exact: bool, rows: int,
    drawing: Drawing, image_shape: str | None, output: Path | None, force: bool, as_json: bool, quiet: bool,
    verbose: bool, started: float,
) -> None:  # fmt: skip
    """Regions, affine maps and nearest facets of NET at data points.

    A point on a boundary counts for the region entered in the direction (1, 1/2, 1/3, ...).
    """
    from relureg.maps.float_network import FloatNetwork
    from relureg.maps.inequalities import region_around
    from relureg.maps.local import classes_of, number_maps, outputs_at, regions_at
    from relureg.maps.nearest import nearest_facets
    from relureg.reports.exports.map_files import PointTable, save_points, table_writer
    from relureg.reports.map_documents import at_document, iter_point_rows, points_part
    from relureg.reports.map_tables import at_table

    if output is not None:
        table_writer(output, force=force)
    target = drawing.target(force=force)
    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
    shape = parse_image_shape(image_shape, network)
    train, asked = data.read(network)
    count, floats = len(train.points), FloatNetwork.of(network)
    outside = [row for row in polyhedra if row >= count]
    if outside:
        raise UsageError(f"there is no row {outside[0]}; rows are 0 to {count - 1:,}", where="--polyhedron")
    first, second = slice(0, count), slice(count, None)
    with reporting(quiet) as report:
        # Train and test are numbered together, so that regions of both can be compared.
        points = train.points if asked is None else np.concatenate([train.points, asked.points])
        regions = regions_at(floats, points, data.chunk, report)
        map_number, _ = number_maps(floats, regions, data.chunk, report)
        classes = classes_of(outputs_at(floats, points, data.chunk))
        mine = regions.take(first)
        found = nearest_facets(network, train.points, mine, chunk=data.chunk, report=report) if nearest else None
        around = [(row, region_around(network, train.points[row], exact=exact)) for row in polyhedra]
        columns = {
            "region": mine.region, "map": map_number[first], "class": classes[first], "on_boundary": mine.on_boundary,
        } | ({} if train.labels is None else {"label": train.labels})  # fmt: skip
        table = PointTable(
            network=network, regions=mine, columns=columns, nearest=found, chunk=data.chunk, around=around
        )
        if output is not None:
            save_points(table, output, force=force)

    def part(which: slice, truth: Any) -> dict[str, Any]:
        return points_part(regions.take(which), len(np.unique(map_number[which])), classes[which], truth)

    shared = None if asked is None else int(np.isin(regions.region[second], regions.region[first]).sum())
    document = at_document(
        network, part(first, train.labels), None if asked is None else part(second, asked.labels), shared, found,
        classes[first], around,
    )  # fmt: skip
    if target is not None:
        from relureg.plots.maps.maps import save_points_picture

        save_points_picture(target, network, train.points, mine, classes[first], shape)
    document["files"] = _written(output, target)
    emit(document, at_table, as_json=as_json, started=started, rows=iter_point_rows(table, rows))


EXTRACT = f"""\b
Examples:
  relureg maps extract fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label
  relureg maps extract fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label --everywhere
  relureg maps extract fixtures/maps/digits-16.json --data fixtures/maps/digits.npz --labels y \\
      --test fixtures/maps/digits-test.npz --test-labels y --stages --plot extracted.svg

{EXIT_CODES}"""


@maps.command(cls=Command, epilog=EXTRACT, short_help="Extract the linear terms NET uses (TropEx).")
@network_argument
@data_options
@click.option("--every-output", is_flag=True, help="Numerators of all outputs at each point, not only of its label.")
@click.option("--stages", "with_stages", is_flag=True, help="Agreement on --test after each layer that is merged.")
@click.option(
    "--everywhere", is_flag=True,
    help="Also enumerate all regions, and prove that with a point in each the extracted function is NET.",
)  # fmt: skip
@picture_options("the coefficients of N and N^(X) at the test points and, with --stages, the agreement")
@file_options("Write the extracted function: .npz, for relureg.maps.ExtractedFunction.load.")
@limit_options
@output_options
@timed
def extract(
    net: str | None, raw: bool, data: Data, every_output: bool, with_stages: bool, everywhere: bool, drawing: Drawing,
    output: Path | None, force: bool, as_json: bool, quiet: bool, verbose: bool, started: float,
) -> None:  # fmt: skip
    """Extract the linear terms that NET uses at data points (TropEx), and compare with NET on test points."""
    from relureg.complex.enumeration import enumerate_regions
    from relureg.maps.everywhere import compare_everywhere
    from relureg.maps.float_network import FloatNetwork
    from relureg.maps.local import classes_of, outputs_at, regions_at
    from relureg.maps.similarity import agreement_by_stage, compare_coefficients
    from relureg.maps.tropex import check_agreement
    from relureg.maps.tropex import extract as extract_terms
    from relureg.reports.map_documents import extract_document
    from relureg.reports.map_tables import extract_table

    if output is not None:
        check_npz(output, "an extracted function", force=force)
    for option, given in (("--stages", with_stages), ("--plot", drawing.plot is not None)):
        if given and data.test is None:
            raise UsageError("compares on test points; give --test", where=option)
    target = drawing.target(force=force)
    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
    train, asked = data.read(network)
    floats, chunk = FloatNetwork.of(network), data.chunk
    with reporting(quiet) as report:
        regions = regions_at(floats, train.points, chunk, report)
        begun = time.process_time()
        outputs_at(floats, train.points, chunk)
        passed = time.process_time()
        function = extract_terms(network, train.points, regions, every_output=every_output, chunk=chunk, report=report)
        spent = time.process_time() - passed
        # Few points take less time than the clock can tell.
        cost = spent / (passed - begun) if passed - begun >= _MEASURABLE else None
        check = check_agreement(network, function, train.points, chunk=chunk)
        compared = similarity = stages = None
        if asked is not None:
            truth = asked.labels
            by_network, by_terms = classes_of(outputs_at(floats, asked.points, chunk)), function.predict(asked.points)
            compared = {
                "points": len(by_terms),
                "agreement": float((by_network == by_terms).mean()),
                "accuracy": None if truth is None else float((by_network == truth).mean()),
                "extracted_accuracy": None if truth is None else float((by_terms == truth).mean()),
            }
            similarity = compare_coefficients(network, function, asked.points, chunk=chunk)
            if with_stages:
                stages = agreement_by_stage(network, train.points, asked.points, truth, chunk=chunk, report=report)
            if target is not None:
                from relureg.plots.maps.maps import save_coefficients

                right = None if truth is None else by_terms == truth
                save_coefficients(target, network, len(train.points), similarity, right, stages)
        whole = compare_everywhere(enumerate_regions(network)) if everywhere else None
        if output is not None:
            function.save(output, force=force)
    document = extract_document(
        network, function, check, num_points=len(train.points), cost=cost, test=compared, similarity=similarity,
        stages=stages, everywhere=whole,
    )  # fmt: skip
    document["files"] = _written(output, target)
    emit(document, extract_table, as_json=as_json, started=started)
    failed = [name for name, held in document["checks"].items() if held is False]
    if failed:
        raise CheckFailedError(f"failed: {', '.join(failed)}; please report it")


CLUSTER = f"""\b
Examples:
  relureg maps cluster fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label --k 1,2
  relureg maps cluster fixtures/maps/digits-16.json --data fixtures/maps/digits.npz --labels y --k 1,10 --plot few.svg

{EXIT_CODES}"""


@maps.command(cls=Command, epilog=CLUSTER, short_help="Replace the maps of NET by k for each output.")
@network_argument
@data_options
@click.option("--k", "counts", default="1,10,100", show_default=True, help="Numbers of maps for each output.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of k-means.")
@picture_options("accuracy against k, and the centres as images")
@image_option
@file_options("Write centres, the centre of each point, and classes: .npz, .parquet or .json.")
@limit_options
@output_options
@timed
def cluster(
    net: str | None, raw: bool, data: Data, counts: str, seed: int, drawing: Drawing, image_shape: str | None,
    output: Path | None, force: bool, as_json: bool, quiet: bool, verbose: bool, started: float,
) -> None:  # fmt: skip
    """Replace the maps of NET by k for each output, by k-means, and tell how much of its accuracy stays.

    Without --test, the points themselves are classified.
    """
    from relureg.maps.clustering import cluster_maps
    from relureg.reports.exports.map_files import cluster_writer, save_clusters
    from relureg.reports.map_documents import cluster_document
    from relureg.reports.map_tables import cluster_table

    try:
        sizes = sorted({int(word) for word in counts.split(",")})
    except ValueError as error:
        raise UsageError(f"{counts!r} is not a list of integers like 1,10,100", where="--k") from error
    if output is not None:
        cluster_writer(output, force=force)
    target = drawing.target(force=force)
    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
    shape = parse_image_shape(image_shape, network)
    train, asked = data.read(network)
    asked = asked or train
    with reporting(quiet) as report:
        found = cluster_maps(
            network, train.points, asked.points, asked.labels, k=sizes, seed=seed, chunk=data.chunk, report=report
        )
        own = accuracy(network, asked, data.chunk)
        if output is not None:
            save_clusters(found, output, force=force)
        if target is not None:
            from relureg.plots.maps.maps import save_clusters_picture

            save_clusters_picture(target, network, len(train.points), found, own, shape)
    document = cluster_document(network, found, num_points=len(train.points), num_test=len(asked.points), accuracy=own)
    document["files"] = _written(output, target)
    emit(document, cluster_table, as_json=as_json, started=started)


RELATE = f"""\b
Examples:
  relureg maps relate fixtures/truth/xor.json fixtures/truth/int_2-6-6-1.json --data fixtures/maps/xor.csv \\
      --labels label
  relureg maps relate fixtures/maps/digits-8.json fixtures/maps/digits-16.json --data fixtures/maps/digits.npz \\
      --labels y --plot related.svg

{EXIT_CODES}"""


@maps.command(cls=Command, epilog=RELATE, short_help="Send the maps of each NET to those of every other.")
@click.argument("nets", nargs=-1, required=True, metavar="NET NET...")
@reading_options
@data_options
@picture_options("the accuracy after each map, as a matrix")
@file_options("Write the matrices and classes: .npz, .parquet or .json.")
@limit_options
@output_options
@timed
def relate(
    nets: tuple[str, ...], raw: bool, data: Data, drawing: Drawing, output: Path | None, force: bool, as_json: bool,
    quiet: bool, verbose: bool, started: float,
) -> None:  # fmt: skip
    """Send the maps of each NET to those of every other by least squares, and classify by what comes out.

    Without --test, the points themselves are classified.
    """
    from relureg.maps.relating import relate_maps
    from relureg.reports.exports.map_files import Relations, relation_writer, save_relations
    from relureg.reports.map_documents import relate_document
    from relureg.reports.map_tables import relate_table

    if len(nets) < 2:
        raise UsageError("two networks at least are needed")
    if output is not None:
        relation_writer(output, force=force)
    target = drawing.target(force=force)
    networks = [read_network(net, raw=raw, quiet=quiet, verbose=verbose) for net in nets]
    train, asked = data.read(networks[0])
    asked = asked or train
    with reporting(quiet) as report:
        found = [
            (a, b, relate_maps(
                networks[a], networks[b], train.points, asked.points, asked.labels, chunk=data.chunk, report=report
            ))
            for a, b in itertools.permutations(range(len(networks)), 2)
        ]  # fmt: skip
        own = [accuracy(network, asked, data.chunk) for network in networks]
        names = [network.name for network in networks]
        if output is not None:
            save_relations(Relations(names=names, found=found), output, force=force)
        if target is not None:
            from relureg.plots.maps.maps import save_relations_picture

            save_relations_picture(target, names, len(train.points), own, found)
    document = relate_document(networks, own, found, num_points=len(train.points), num_test=len(asked.points))
    document["files"] = _written(output, target)
    emit(document, relate_table, as_json=as_json, started=started)


def _written(output: Path | None, target: Target | None) -> list[str]:
    return [str(path) for path in (output, None if target is None else target.path) if path is not None]
