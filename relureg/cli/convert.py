"""relureg convert: a network in another file format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from relureg.cli.options import (
    EXIT_CODES,
    Command,
    emit,
    limit_options,
    network_argument,
    output_options,
    read_network,
    sherlock_options,
    timed,
)
from relureg.errors import CheckFailedError

EPILOG = f"""\b
Example:
  relureg convert fixtures/nets/overt_car_smallest.nnet car.onnx

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.argument("out", metavar="OUT")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), help="Type of the numbers of an ONNX file.")
@click.option("--round", "rounding", is_flag=True, help="Round parameters that the format cannot hold.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@sherlock_options
@limit_options
@output_options
@timed
def convert(
    net: str,
    out: str,
    raw: bool,
    dtype: Any,
    rounding: bool,
    force: bool,
    offset: str | None,
    scale: str | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    started: float,
) -> None:
    """Write NET as OUT, exactly: .json, .onnx, .nnet or .npz.

    NET is any file that relureg reads, or - for standard input. OUT is written whole or not at all, is not
    replaced without --force, and is read back and compared.
    """
    from relureg.readers.formats import format_to_write, load, save
    from relureg.reports.documents import convert_document
    from relureg.reports.tables import convert_table

    path = Path(out)
    chosen = format_to_write(path)
    network = read_network(net, raw=raw, quiet=quiet, verbose=verbose, offset=offset, scale=scale)
    save(network, path, force=force, dtype=dtype, allow_rounding=rounding)
    written = load(path)
    if written != network and not rounding:
        raise CheckFailedError("what was written reads back as another network; please report it", where=out)
    document = convert_document(network, written, path=out, format_name=chosen.name)
    emit(document, convert_table, as_json=as_json, started=started)
