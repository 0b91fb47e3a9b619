"""relureg count: how many activation regions, and how that compares with the bounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scoped
from relureg.cli.standing import this_run
from relureg.cli.work import Work, work_options
from relureg.errors import UsageError
from relureg.files import check_no_input
from relureg.network.problem import Problem

if TYPE_CHECKING:
    from relureg.theory.bounds import Bound

EPILOG = f"""\b
Examples:
  relureg count fixtures/nets/overt_single_pendulum_small.nnet
  relureg count fixtures/nets/acasxu_tiny_5_5_5.nnet --box file
  relureg count fixtures/truth/xor.json --box -10 10 --json
  relureg count fixtures/truth/saw_3.json --linear
  relureg count fixtures/truth/rand_4-12-12-1.json --journal run.journal --scheduler local:2

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option("--linear", is_flag=True, help="Also the regions by the other definitions (this keeps every region).")
@click.option("--definitions", is_flag=True, help="Like --linear, with the definitions beside the numbers.")
@click.option(
    "--journal",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep what is done in FILE, and go on from it if it is there (see resume and status).",
)
@click.option("--keep-regions", is_flag=True, help="Let the journal keep all regions, as Parquet files beside it.")
@click.option(
    "--enumerate",
    "by_enumeration",
    is_flag=True,
    help="Visit every region, also of the last stage, to compare (--linear, --definitions and --engine lp do anyway).",
)
@work_options
@output_options
def count(
    net: str | None,
    raw: bool,
    linear: bool,
    definitions: bool,
    journal: Path | None,
    keep_regions: bool,
    by_enumeration: bool,
    work: Work,
    printer: Printer,
) -> None:
    """Count the activation regions of NET over the whole input space, exactly.

    NET is an ONNX, .nnet or relureg JSON file, a complex (.npz) that `relureg regions --save` wrote, or - for standard
    input.
    """
    from relureg.cli.answer import close, count_with_progress, expect_regions, find_complex, saved_complex
    from relureg.complex.count import count_of, nothing_but
    from relureg.reports.count import CountReport
    from relureg.reports.report import NetworkFacts
    from relureg.theory.bounds import bounds

    if (linear or definitions) and journal is not None:
        raise UsageError("a journal is for the count alone; leave out --linear and --definitions", where="--journal")
    if keep_regions and journal is None:
        raise UsageError("regions are kept beside a journal; give --journal FILE as well", where="--keep-regions")
    if journal is not None:
        check_no_input(journal)
    standing = this_run()
    standing.journal = journal
    cells = None if journal is not None else saved_complex(net, work)
    if cells is None:
        network = read_network(net, printer, raw=raw)
        network, domain = scoped(network, work.scope)
    else:
        network, domain = cells.network, cells.domain
    problem = Problem(network=network, domain=domain)
    expect_regions(problem)
    NetworkFacts.of(network)  # what is long in it is kept: a run that is stopped has no time for that
    found: tuple[Bound, ...] = ()
    standing.partial = lambda reason, proven: CountReport.of(
        nothing_but(problem, work.engine, reason, proven), found, estimate=standing.estimate
    )
    standing.note()
    found = bounds(network, domain)
    regions = None
    if linear or definitions or cells is not None:
        cells = cells or find_complex(network, domain, work, quiet=printer.quiet)
        counted = count_of(cells)
        standing.prove(counted.num_regions)
        standing.partial = lambda reason, proven: CountReport.of(counted, found)
        if cells.complete and (linear or definitions):
            regions = cells.linear_regions
    else:
        counted = count_with_progress(
            network,
            domain,
            work,
            quiet=printer.quiet,
            journal=journal,
            keep_regions=keep_regions,
            by_enumeration=by_enumeration,
        )
        if printer.verbose:
            for check in counted.checks:
                if check.name == "last_stage":
                    printer.note(f"{network.name}: last stage {check.detail}")
    printer.emit(
        CountReport.of(counted, found, linear=regions, with_definitions=definitions, estimate=standing.estimate)
    )
    close(counted, counted.checks, found)
