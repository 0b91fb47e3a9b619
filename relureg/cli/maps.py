"""relureg maps: the affine maps of a network around data points."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from relureg.cli.options import (
    EXIT_CODES,
    Command,
    emit,
    file_options,
    network_argument,
    output_options,
    read_network,
    timed,
)  # fmt: skip
from relureg.errors import CheckFailedError, DataError, UsageError

_INTERVAL = 10.0
"""Seconds between lines of progress."""

_MEASURABLE = 0.1
"""Seconds that a forward pass of all points takes at least where the cost of the extraction is told."""


@click.group()
def maps() -> None:
    """Affine maps of a network around data points: which, how many, and what can be made of them."""


def _data_options(function: Callable[..., Any]) -> Callable[..., Any]:
    path = click.Path(path_type=Path)
    for option in (
        click.option("--chunk", type=click.IntRange(min=1), help="Points at once; by default what fits into 128 MB."),
        click.option("--test-labels", metavar="Y", help="Labels of the test points, likewise."),
        click.option("--test", metavar="FILE", type=path, help="Test points, in the same formats."),
        click.option(
            "--labels", metavar="Y", help="True classes: a file, or the name of an array or column of --data."
        ),
        click.option(
            "--data",
            metavar="FILE",
            type=path,
            required=True,
            help="Points, one a row: .npy, .npz, .csv, .json or .parquet.",
        ),
    ):
        function = option(function)
    return function


AT = f"""\b
Examples:
  relureg maps at fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label
  relureg maps at fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label -o points.npz

{EXIT_CODES}"""


@maps.command(cls=Command, epilog=AT)
@network_argument
@_data_options
@click.option("--nearest/--no-nearest", default=True, show_default=True, help="The nearest facet of each point.")
@click.option(
    "--polyhedron", "polyhedra", metavar="ROW", type=click.IntRange(min=0), multiple=True,
    help="Also the irredundant inequalities of the region of that point; may be repeated.",
)  # fmt: skip
@click.option("--exact", is_flag=True, help="Prove these inequalities by rational linear programs.")
@click.option("--rows", type=click.IntRange(min=0), default=10, show_default=True, help="Points to print.")
@file_options("Write all points, with their maps: .npz or .parquet.")
@output_options
@timed
def at(
    net: str | None, raw: bool, data: Path, labels: str | None, test: Path | None, test_labels: str | None,
    chunk: int | None, nearest: bool, polyhedra: tuple[int, ...], exact: bool, rows: int, output: Path | None,
    force: bool, as_json: bool, quiet: bool, verbose: bool, started: float,
) -> None:  # fmt: skip
    """Regions, affine maps and nearest facets of NET at data points.

    A point on a boundary counts for the region entered in the direction (1, 1/2, 1/3, ...).
    """
    from relureg.maps.float_network import FloatNetwork
    from relureg.maps.inequalities import region_around
    from relureg.maps.local import classes_of, iter_float_maps, number_maps, outputs_at, regions_at
    from relureg.maps.nearest import nearest_facets
    from relureg.reports.map_documents import at_document, points_part
    from relureg.reports.map_files import PointTable, save_points, table_writer
    from relureg.reports.map_tables import at_table

    if output is not None:
        table_writer(output, force=force)
    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
    train, asked = _read(network, data, labels, test, test_labels)
    outside = [row for row in polyhedra if row >= len(train.points)]
    if outside:
        raise UsageError(f"there is no row {outside[0]}; rows are 0 to {len(train.points) - 1:,}", where="--polyhedron")
    report, floats = _progress(quiet), FloatNetwork.of(network)
    # Train and test are numbered together, so that regions of both can be compared.
    count = len(train.points)
    points = train.points if asked is None else np.concatenate([train.points, asked.points])
    regions = regions_at(floats, points, chunk, report)
    map_number, _ = number_maps(floats, regions, chunk, report)
    classes = classes_of(outputs_at(floats, points, chunk))
    first, second = slice(0, count), slice(count, None)

    def part(which: slice, truth: Any) -> dict[str, Any]:
        mine = regions.take(which)
        return points_part(mine, len(np.unique(map_number[which])), classes[which], truth)

    shared = None if asked is None else int(np.isin(regions.region[second], regions.region[first]).sum())
    mine = regions.take(first)
    found = nearest_facets(network, train.points, mine, chunk=chunk, report=report) if nearest else None
    document = at_document(
        network, part(first, train.labels), None if asked is None else part(second, asked.labels), shared, found,
        classes[first], [(row, region_around(network, train.points[row], exact=exact)) for row in polyhedra],
    )  # fmt: skip
    columns = {
        "region": mine.region,
        "map": map_number[first],
        "class": classes[first],
        "on_boundary": mine.on_boundary,
    }
    if train.labels is not None:
        columns["label"] = train.labels
    if output is not None:
        table = PointTable(network=network, regions=mine, columns=columns, nearest=found, chunk=chunk)
        save_points(table, output, force=force)
        document["files"] = [str(output)]
    shown = min(rows, count)
    head = regions.take(slice(0, shown))
    listed = []
    for piece, weights, bias in iter_float_maps(floats, head, chunk):
        patterns = head.patterns(network, piece)
        for place, row in enumerate(range(piece.start, piece.stop)):
            entry = {"point": row, "pattern": patterns[place]} | {k: v[row].item() for k, v in columns.items()}
            if found is not None:
                entry |= {
                    "distance": float(found.distance[row]) if found.unit[row] >= 0 else None,
                    "facet_unit": int(found.unit[row]), "neighbour_class": int(found.neighbour_class[row]),
                }  # fmt: skip
            listed.append(entry | {"weights": weights[place].tolist(), "bias": bias[place].tolist()})
    emit(document, at_table, as_json=as_json, started=started, rows=listed)


EXTRACT = f"""\b
Examples:
  relureg maps extract fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label
  relureg maps extract fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label --everywhere

{EXIT_CODES}"""


@maps.command(cls=Command, epilog=EXTRACT)
@network_argument
@_data_options
@click.option("--every-output", is_flag=True, help="Numerators of all outputs at each point, not only of its label.")
@click.option("--stages", "with_stages", is_flag=True, help="Agreement on --test after each layer that is merged.")
@click.option(
    "--everywhere", is_flag=True,
    help="Also enumerate all regions, and prove that with a point in each the extracted function is NET.",
)  # fmt: skip
@file_options("Write the extracted function: .npz, for relureg.maps.ExtractedFunction.load.")
@output_options
@timed
def extract(
    net: str | None, raw: bool, data: Path, labels: str | None, test: Path | None, test_labels: str | None,
    chunk: int | None, every_output: bool, with_stages: bool, everywhere: bool, output: Path | None, force: bool,
    as_json: bool, quiet: bool, verbose: bool, started: float,
) -> None:  # fmt: skip
    """Extract the linear terms that NET uses at data points (TropEx), and compare with NET on test points."""
    from relureg.complex.complex import enumerate_regions
    from relureg.maps.everywhere import compare_everywhere
    from relureg.maps.float_network import FloatNetwork
    from relureg.maps.local import classes_of, outputs_at, regions_at
    from relureg.maps.similarity import agreement_by_stage, compare_coefficients
    from relureg.maps.tropex import check_agreement
    from relureg.maps.tropex import extract as extract_terms
    from relureg.network.files import check_absent
    from relureg.reports.map_documents import extract_document
    from relureg.reports.map_tables import extract_table

    if output is not None:
        if output.suffix != ".npz":
            raise UsageError("the suffix of an extracted function is .npz", where=str(output))
        check_absent(output, force=force)
    if with_stages and test is None:
        raise UsageError("--stages compares on test points; give --test")
    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
    train, asked = _read(network, data, labels, test, test_labels)
    report, floats = _progress(quiet), FloatNetwork.of(network)
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
    whole = compare_everywhere(enumerate_regions(network)) if everywhere else None
    document = extract_document(
        network, function, check, num_points=len(train.points), cost=cost, test=compared, similarity=similarity,
        stages=stages, everywhere=whole,
    )  # fmt: skip
    if output is not None:
        function.save(output, force=force)
        document["files"] = [str(output)]
    emit(document, extract_table, as_json=as_json, started=started)
    failed = [name for name, held in document["checks"].items() if held is False]
    if failed:
        raise CheckFailedError(f"failed: {', '.join(failed)}; please report it")


CLUSTER = f"""\b
Example:
  relureg maps cluster fixtures/truth/xor.json --data fixtures/maps/xor.csv --labels label --k 1,2

{EXIT_CODES}"""


@maps.command(cls=Command, epilog=CLUSTER)
@network_argument
@_data_options
@click.option("--k", "counts", default="1,10,100", show_default=True, help="Numbers of maps for each output.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of k-means.")
@output_options
@timed
def cluster(
    net: str | None, raw: bool, data: Path, labels: str | None, test: Path | None, test_labels: str | None,
    chunk: int | None, counts: str, seed: int, as_json: bool, quiet: bool, verbose: bool, started: float,
) -> None:  # fmt: skip
    """Replace the maps of NET by k for each output, by k-means, and tell how much of its accuracy stays.

    Without --test, the points themselves are classified.
    """
    from relureg.maps.clustering import cluster_maps
    from relureg.reports.map_documents import cluster_document
    from relureg.reports.map_tables import cluster_table

    try:
        sizes = [int(word) for word in counts.split(",")]
    except ValueError as error:
        raise UsageError(f"{counts!r} is not a list of integers like 1,10,100", where="--k") from error
    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose)
    train, asked = _read(network, data, labels, test, test_labels)
    asked = asked or train
    found = cluster_maps(
        network, train.points, asked.points, asked.labels, k=sizes, seed=seed, chunk=chunk, report=_progress(quiet)
    )
    document = cluster_document(
        network, found, num_points=len(train.points), num_test=len(asked.points), accuracy=_accuracy(network, asked)
    )
    emit(document, cluster_table, as_json=as_json, started=started)


RELATE = f"""\b
Example:
  relureg maps relate fixtures/truth/xor.json fixtures/truth/int_2-6-6-1.json --data fixtures/maps/xor.csv

{EXIT_CODES}"""


@maps.command(cls=Command, epilog=RELATE)
@click.argument("nets", nargs=-1, required=True, metavar="NET NET...")
@click.option("--raw", is_flag=True, help="Leave out the normalisation that a .nnet file states.")
@_data_options
@output_options
@timed
def relate(
    nets: tuple[str, ...], raw: bool, data: Path, labels: str | None, test: Path | None, test_labels: str | None,
    chunk: int | None, as_json: bool, quiet: bool, verbose: bool, started: float,
) -> None:  # fmt: skip
    """Send the maps of each NET to those of every other by least squares, and classify by what comes out.

    Without --test, the points themselves are classified.
    """
    from relureg.maps.relating import relate_maps
    from relureg.reports.map_documents import relate_document
    from relureg.reports.map_tables import relate_table

    if len(nets) < 2:
        raise UsageError("two networks at least are needed")
    networks = [read_network(net, raw=raw, quiet=quiet, verbose=verbose) for net in nets]
    train, asked = _read(networks[0], data, labels, test, test_labels)
    asked = asked or train
    report, size = _progress(quiet), range(len(networks))
    found = [
        (a, b, relate_maps(
            networks[a], networks[b], train.points, asked.points, asked.labels, chunk=chunk, report=report
        ))
        for a in size for b in size if a != b
    ]  # fmt: skip
    document = relate_document(
        networks, [_accuracy(network, asked) for network in networks], found,
        num_points=len(train.points), num_test=len(asked.points),
    )  # fmt: skip
    emit(document, relate_table, as_json=as_json, started=started)


def _read(network: Any, data: Path, labels: str | None, test: Path | None, test_labels: str | None) -> tuple[Any, Any]:
    from relureg.maps.data import read_data

    if test is None and test_labels is not None:
        raise UsageError("--test-labels needs --test")
    train = read_data(network, data, labels)
    if test is None:
        return train, None
    asked = read_data(network, test, test_labels)
    if labels is not None and asked.labels is None:
        raise DataError("the test points have no labels; give --test-labels", where=str(test))
    return train, asked


def _accuracy(network: Any, dataset: Any) -> float | None:
    from relureg.maps.local import classes_of

    return None if dataset.labels is None else float((classes_of(network(dataset.points)) == dataset.labels).mean())


def _progress(quiet: bool) -> Callable[[str, int, int], None] | None:
    """A line on stderr now and then."""
    if quiet:
        return None
    last = time.monotonic()

    def report(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _INTERVAL:
            last = time.monotonic()
            print(f"relureg: {what}: {done:,} of {total:,}", file=sys.stderr)

    return report
