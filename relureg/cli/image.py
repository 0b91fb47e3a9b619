"""relureg image: all outputs on a domain, as exact polytopes."""

from __future__ import annotations

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.progress import progress_on_stderr
from relureg.cli.scope import located
from relureg.cli.work import Work, work_options
from relureg.errors import UsageError

EPILOG = f"""\b
Examples:
  relureg image fixtures/truth/xor.json --box 0 1
  relureg image fixtures/nets/marabou_fc_2_2_3.onnx --box -1 1 --json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@work_options
@output_options
def image(net: str | None, raw: bool, work: Work, printer: Printer) -> None:
    """Find all outputs of NET on a domain, exactly: of each region a polytope, flat where its map is singular."""
    from relureg.behaviour.preimages import image as find_image
    from relureg.reports.image import ImageReport

    if work.workers.scheduler is not None:
        raise UsageError("images are found by threads of this process", where="--scheduler")
    network = read_network(net, printer, raw=raw)
    inside, domain = located(network, work.scope)
    with progress_on_stderr(printer.quiet) as progress:
        found = find_image(
            inside, domain, engine=work.engine, max_regions=work.limits.max_regions,
            jobs=work.workers.jobs, progress=progress,
        )  # fmt: skip
    printer.emit(ImageReport.of(inside, domain, found))
