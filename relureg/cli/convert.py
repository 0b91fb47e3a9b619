"""relureg convert: a network in another file format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.options import network_argument, read_network, sherlock_options
from relureg.cli.printing import Printer, output_options
from relureg.cli.work import limit_options
from relureg.errors import CheckFailedError

EPILOG = f"""\b
Example:
  relureg convert fixtures/nets/overt_car_smallest.nnet car.onnx

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.argument("out", shell_complete=files, metavar="OUT")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), help="Type of the numbers of an ONNX file.")
@click.option("--round", "rounding", is_flag=True, help="Round parameters that the format cannot hold.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@sherlock_options
@limit_options
@output_options
def convert(
    net: str,
    out: str,
    raw: bool,
    dtype: Any,
    rounding: bool,
    force: bool,
    offset: str | None,
    scale: str | None,
    printer: Printer,
) -> None:
    """Write NET as OUT, exactly: .json, .onnx, .nnet or .npz.

    NET is any file that relureg reads, or - for standard input. OUT is written whole or not at all, is not
    replaced without --force, and is read back and compared.
    """
    from relureg.readers.formats import format_to_write, load, save
    from relureg.reports.convert import ConvertReport

    path = Path(out)
    chosen = format_to_write(path)
    network = read_network(net, printer, raw=raw, offset=offset, scale=scale)
    save(network, path, force=force, dtype=dtype, allow_rounding=rounding)
    written = load(path)
    if written != network and not rounding:
        raise CheckFailedError("what was written reads back as another network; please report it", where=out)
    printer.emit(ConvertReport.of(network, written, path=out, format_name=chosen.name))
