"""relureg regions: one row for each activation region."""

from __future__ import annotations

import itertools
from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import check_npz, file_options, network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scoped
from relureg.cli.work import Work, work_options
from relureg.errors import UsageError

ROWS = 20
"""Regions in a table when nothing else is said."""

EPILOG = f"""\b
Examples:
  relureg regions fixtures/truth/int_2-6-6-1.json --rows 5
  relureg regions fixtures/truth/int_2-6-6-1.json --vertices -o regions.csv
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
@file_options("Write all regions to a file: .csv, .json, .npz, .parquet.")
@work_options
@output_options
def regions(
    net: str | None,
    raw: bool,
    vertices: bool,
    rows: int | None,
    save: Path | None,
    output: Path | None,
    force: bool,
    work: Work,
    printer: Printer,
) -> None:
    """List the activation regions of NET: pattern, a point inside, facets, neighbours, affine map.

    NET is an ONNX, .nnet or relureg JSON file, a complex (.npz) that --save or Python wrote, or - for standard input.
    """
    from relureg.cli.answer import close, find_complex, require_passed, saved_complex
    from relureg.reports.exports.region_files import iter_rows, region_writer, save_regions
    from relureg.reports.regions import RegionsReport

    if output is not None:
        region_writer(output, force=force)  # what is wrong with the file is told before the work, not after
    if save is not None:
        check_npz(save, "a complex", force=force)
        if output is not None and output.resolve() == save.resolve():
            raise UsageError("is the file of --save, too; give two names", where="-o")
    cells = saved_complex(net, work)
    if cells is None:
        network = read_network(net, printer, raw=raw)
        network, domain = scoped(network, work.scope)
        cells = find_complex(network, domain, work, printer)
    if output is not None:
        require_passed(cells.checks)
        save_regions(cells, output, vertices=vertices, force=force)
    if save is not None:
        cells.save(save, force=force)
    files = [str(path) for path in (save, output) if path is not None]
    shown = itertools.islice(iter_rows(cells, vertices=vertices), rows if printer.as_json else rows or ROWS)
    printer.emit(RegionsReport.of(cells, files=files), rows=shown)
    close(cells, cells.checks, ())
