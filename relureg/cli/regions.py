"""relureg regions: one row for each activation region."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import check_npz, file_options, network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scoped
from relureg.cli.work import Work, work_options
from relureg.errors import UsageError
from relureg.network.model import Network

ROWS = 20
"""Regions in a table when nothing else is said."""

EPILOG = f"""\b
Examples:
  relureg regions fixtures/truth/int_2-6-6-1.json --rows 5
  relureg regions fixtures/truth/int_2-6-6-1.json --vertices -o regions.csv
  relureg regions fixtures/nets/overt_single_pendulum_small.nnet --names theta,omega --inequalities -o function.npz
  relureg regions fixtures/nets/sherlock_cartpole_matlab_gemm4d.onnx --stream -o regions.parquet
  relureg regions fixtures/truth/int_3-6-6-1.json --through "0,0,0;1,2,0;0,1,3" --save slice.npz

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option("--vertices", is_flag=True, help="Also the vertices and rays of each region.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    help=f"Regions to print; by default {ROWS} in a table, all with --json. A file always has all.",
)
@click.option(
    "--save", metavar="FILE", type=click.Path(path_type=Path),
    help="Keep the whole complex in a .npz file, which graph, regions, count and plot read instead of a network.",
)  # fmt: skip
@click.option("--inequalities", is_flag=True, help="In the file, also A x <= b of each region, irredundant.")
@click.option("--exact", is_flag=True, help="Round inequalities and affine maps once, from rationals: slow.")
@click.option("--names", metavar="NAME,...", help="Names of the inputs, kept in the file; not in .csv.")
@click.option(
    "--stream",
    is_flag=True,
    help="Write regions to the file while they are found: in that order, without neighbours, in little memory.",
)
@file_options("Write all regions to a file: .csv, .json, .npz, .parquet, .mat.")
@work_options
@output_options
def regions(
    net: str | None,
    raw: bool,
    vertices: bool,
    rows: int | None,
    save: Path | None,
    inequalities: bool,
    exact: bool,
    names: str | None,
    stream: bool,
    output: Path | None,
    force: bool,
    work: Work,
    printer: Printer,
) -> None:
    """List the activation regions of NET: pattern, a point inside, facets, neighbours, affine map.

    NET is an ONNX, .nnet or relureg JSON file, a complex (.npz) that --save or Python wrote, or - for standard input.
    """
    from relureg.cli.answer import close, find_complex, require_passed, saved_complex
    from relureg.reports.exports.region_files import check_destination, iter_rows, save_regions
    from relureg.reports.regions import RegionsReport

    input_names = tuple(name.strip() for name in names.split(",")) if names is not None else ()
    wanted: dict[str, Any] = {"vertices": vertices, "inequalities": inequalities, "exact": exact}
    wanted |= {"input_names": input_names, "force": force}
    for option, is_given in (
        ("--inequalities", inequalities), ("--exact", exact), ("--names", names is not None), ("--stream", stream)
    ):  # fmt: skip
        if is_given and output is None:
            raise UsageError("is about a file; name one with -o", where=option)
    for option, is_given in (("--save", save is not None), ("--rows", rows is not None)):
        if is_given and stream:
            raise UsageError("needs all regions at once; leave it out, or --stream", where=option)
    if output is not None:  # what is wrong with the file is told before the work, not after
        check_destination(output, force=force, is_stream=stream, input_names=input_names)
    if save is not None:
        check_npz(save, "a complex", force=force)
        if output is not None and output.resolve() == save.resolve():
            raise UsageError("is the file of --save, too; give two names", where="-o")
    cells = saved_complex(net, work)
    if stream and output is not None:
        if cells is not None:
            raise UsageError("a saved complex is in memory already; leave this option out", where="--stream")
        return _stream(read_network(net, printer, raw=raw), work, printer, output, wanted)
    if cells is None:
        network = read_network(net, printer, raw=raw)
        network, domain = scoped(network, work.scope)
        _check_names(network, input_names)
        cells = find_complex(network, domain, work, printer)
    if output is not None:
        require_passed(cells.checks)
        save_regions(cells, output, **wanted)
    if save is not None:
        cells.save(save, force=force)
    files = [str(path) for path in (save, output) if path is not None]
    shown = itertools.islice(iter_rows(cells, vertices=vertices), rows if printer.as_json else rows or ROWS)
    printer.emit(RegionsReport.of(cells, files=files), rows=shown)
    return close(cells, cells.checks, ())


def _stream(network: Network, work: Work, printer: Printer, output: Path, wanted: dict[str, Any]) -> None:
    """Regions into a file while they are found."""
    from relureg.cli.answer import close, expect_regions, proving
    from relureg.cli.progress import progress_on_stderr
    from relureg.cli.standing import this_run
    from relureg.complex.stream import open_stream
    from relureg.network.problem import Problem
    from relureg.reports.exports.region_files import save_regions
    from relureg.reports.regions import RegionsReport

    if work.engine == "lp":
        raise UsageError("lists all regions before it tells of any; leave --stream out", where="--engine lp")
    if work.workers.in_batches:
        raise UsageError("a stream is found by threads of this process; leave it out", where="--scheduler")
    network, domain = scoped(network, work.scope)
    _check_names(network, wanted["input_names"])
    problem = Problem(network=network, domain=domain).restricted()
    this_run().unwritten = output
    expect_regions(problem)
    with progress_on_stderr(printer.quiet) as progress:
        cells = open_stream(
            problem, work.engine, vertices=wanted["vertices"], limits=work.limits, workers=work.workers,
            report=proving(progress),
        )  # fmt: skip
        with cells:
            save_regions(cells, output, **wanted)
    counted = cells.count()
    printer.emit(RegionsReport.of_stream(counted, files=[str(output)]), rows=())
    close(counted, counted.checks, ())


def _check_names(network: Network, names: tuple[str, ...]) -> None:
    """Raise `UsageError` before the work where names and inputs do not fit."""
    from relureg.reports.exports.region_streams import fitting_names

    try:
        fitting_names(network.input_dim, names)
    except UsageError as error:
        raise error.within("--names") from error
