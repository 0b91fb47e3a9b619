"""relureg around: the regions around a point, or around each of many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import file_options, network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import parse_radius, parse_rows, place_options, placed, scope_of
from relureg.cli.work import jobs_option, memory_option, timeout_option
from relureg.errors import LimitReachedError, ReluregError, UsageError
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.network.problem import Problem
    from relureg.network.slices import Slice
    from relureg.readers.data_files import Rows
    from relureg.reports.around import Ball

EPILOG = f"""\b
Examples:
  relureg around fixtures/truth/int_2-6-6-1.json --at 0,1/2 --radius 2
  relureg around fixtures/maps/digits-16.json --at fixtures/maps/digits.npz --row 7 --max-regions 100 -o near.csv
  relureg around fixtures/truth/xor.json --at fixtures/maps/xor.csv --labels label --box-radius 1

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "--at", metavar="POINT", required=True,
    help='The point, "0,1/2", or a file of points, one a row (.npy, .npz, .csv, .json, .parquet); several points, '
    '"0,0;1,1" too, give a row of figures each.',
)  # fmt: skip
@click.option("--labels", metavar="NAME", help="The column of a file of points that holds labels, and is left out.")
@click.option("--row", metavar="K", type=click.IntRange(min=0), help="Only that point of --at; the first is 0.")
@click.option(
    "--radius", metavar="K", type=click.IntRange(min=0),
    help="All regions within K facets of the region of the point; 1 where nothing else is said.",
)  # fmt: skip
@click.option("--box-radius", metavar="EPS", help="All regions that meet the open box of half-side EPS around it.")
@click.option(
    "--max-regions",
    metavar="N",
    type=click.IntRange(min=1),
    help="The N nearest regions; with --radius or --box-radius a limit (exit code 4).",
)
@file_options(
    "Of one point: write the regions, with how many facets away they are: .csv, .json, .npz, .parquet. Of several: "
    "write their rows to .csv or .jsonl instead of printing them."
)
@click.option(
    "--graph", metavar="FILE", type=click.Path(path_type=Path),
    help="Write the graph of the regions, with how many facets lead out of each: .graphml, .gexf, .json, .npz, .csv, "
    ".parquet.",
)  # fmt: skip
@place_options
@jobs_option("Threads; all cores by default. The answer does not depend on them.")
@timeout_option()
@memory_option
@output_options
def around(
    net: str | None,
    raw: bool,
    at: str,
    labels: str | None,
    row: int | None,
    radius: int | None,
    box_radius: str | None,
    max_regions: int | None,
    output: Path | None,
    force: bool,
    graph: Path | None,
    jobs: int | None,
    timeout: float | None,
    printer: Printer,
    **where: Any,
) -> None:
    """Find the activation regions around a point of the inputs of NET, however many there are elsewhere.

    Each region is found by itself, with its facets, and behind a facet lies the next: breadth first, exactly, in any
    number of inputs. Told are how many regions are how many facets away, their degrees, and what leads out of them.

    Of several points a row each is told: regions, the nearest facet, unstable units.
    """
    from relureg.cli.around_data import around_data
    from relureg.reports.around import Ball

    if radius is not None and box_radius is not None:
        raise UsageError("--radius counts facets and --box-radius measures inputs; give one of them")
    half = None if box_radius is None else parse_radius(box_radius, "--box-radius")
    ball = Ball(radius=radius, box_radius=None if half is None else str(half), max_regions=max_regions)
    network = read_network(net, printer, raw=raw)
    points = _points(at, labels, row, network.input_dim)
    flat, problem = placed(network, scope_of(where))
    if len(points) > 1:
        if graph is not None:
            raise UsageError("the graph is that of one point; choose it by --row", where="--graph")
        around_data(problem, points, flat, ball, jobs=jobs, printer=printer, output=output, force=force)
    else:
        _around_one(problem, points[0], flat, ball, jobs, timeout, printer, output, graph, force)


def _points(at: str, labels: str | None, row: int | None, dim: int) -> Rows:
    try:
        points = parse_rows(at, dim, labels)
    except ReluregError as error:
        raise error.within("--at") from error
    if row is None:
        return points
    if row >= len(points):
        raise UsageError(f"there is no row {row:,}; rows are 0 to {len(points) - 1:,}", where="--row")
    return points[row : row + 1]


def _around_one(
    problem: Problem,
    point: Any,
    flat: Slice | None,
    ball: Ball,
    jobs: int | None,
    timeout: float | None,
    printer: Printer,
    output: Path | None,
    graph: Path | None,
    force: bool,
) -> None:
    from relureg.cli.answer import expect_regions, proving, require_passed
    from relureg.cli.progress import progress_on_stderr
    from relureg.complex.neighbourhood import around_problem
    from relureg.engine.limits import Limits, Workers
    from relureg.maps.surroundings import nearest_facet_of
    from relureg.reports.around import AroundReport
    from relureg.reports.exports.graph_files import graph_files, save_graph
    from relureg.reports.exports.region_files import check_destination, save_regions

    # What is wrong with the files is told before the work, not after.
    if output is not None:
        check_destination(output, force=force)
    if graph is not None:
        paths = [path.resolve() for path, _ in graph_files(graph, force=force)]
        if output is not None and output.resolve() in paths:
            raise UsageError("is a file of --graph, too; give two names", where="-o")
    expect_regions(problem)
    with progress_on_stderr(printer.quiet) as progress:
        try:
            near = around_problem(
                problem, point, flat=flat, radius=ball.radius,
                box_radius=ball.half_side,
                limits=Limits(max_regions=ball.max_regions, timeout=timeout), workers=Workers(jobs=jobs),
                report=proving(progress),
            )  # fmt: skip
        except ReluregError as error:
            raise error if error.where is not None else error.within("--at") from error
    require_passed(near.checks)
    if not near.num_regions:
        raise LimitReachedError(f"stopped by {near.limit}: no region was found by then")
    files: list[Path] = []
    if output is not None:
        save_regions(near, output, force=force)
        files.append(output)
    if graph is not None:
        files += save_graph(near, graph, force=force)
    stopped_by = near.cut_short_by(radius=ball.radius, box_radius=ball.half_side, max_regions=ball.max_regions)
    nearest = nearest_facet_of(near.network, near.centre)
    printer.emit(AroundReport.of(near, ball, nearest, stopped_by=stopped_by, files=map(str, files)))
    if stopped_by is not None:
        raise LimitReachedError(f"stopped by {stopped_by}: {plural(near.num_regions, 'region')} found by then")
