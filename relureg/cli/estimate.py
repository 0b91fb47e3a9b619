"""relureg estimate: how many activation regions there are about, and how long a count of all would take."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scope_of, scope_options, scoped
from relureg.cli.standing import lower_bound, this_run
from relureg.cli.work import jobs_option, memory_option, timeout_option
from relureg.errors import LimitReachedError, UsageError
from relureg.network.problem import Problem
from relureg.words import short

if TYPE_CHECKING:
    from relureg.theory.bounds import Bound

EPILOG = f"""\b
Examples:
  relureg estimate fixtures/nets/hcas_pra4_tau20_nnet.nnet
  relureg estimate fixtures/nets/acasxu_1_1_nnet.nnet --box file --precision 10% --timeout 60
  relureg estimate fixtures/truth/rand_4-12-12-1.json --cores 64 --json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "--precision",
    default="5%",
    show_default=True,
    metavar="SHARE",
    help="Go on until the 95 % interval is that narrow: 5% or 0.05 is the mean +- 5 %.",
)
@click.option(
    "--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, show_default=True, help="Of the random samples."
)
@click.option(
    "--cores",
    type=click.IntRange(min=1, max=1_000_000),
    help="Tell how long a count would take on so many cores; by default those of this machine.",
)
@scope_options
@jobs_option("Threads; all cores by default. The answer does not depend on them.")
@timeout_option()
@memory_option
@output_options
def estimate(
    net: str | None,
    raw: bool,
    precision: str,
    seed: int,
    cores: int | None,
    jobs: int | None,
    timeout: float | None,
    printer: Printer,
    **where: Any,
) -> None:
    """Estimate how many activation regions NET has, where counting all would take too long.

    Told are the mean of random samples of the search tree with an interval that holds the truth in 95 of 100 cases,
    what is proven, the published upper bounds, and the time of a full count. The exit code is 0 where the precision was
    reached, and 4 where a limit came first.
    """
    from relureg.cli.answer import expect_regions, note_engine, proving
    from relureg.cli.progress import progress_on_stderr
    from relureg.complex.estimation import estimate_problem, nothing_known
    from relureg.engine.limits import Limits, Workers
    from relureg.reports.estimate import EstimateReport
    from relureg.theory.bounds import bounds

    wanted = parse_precision(precision)
    network = read_network(net, printer, raw=raw)
    network, domain = scoped(network, scope_of(where))
    problem = Problem(network=network, domain=domain)
    expect_regions(problem)
    standing = this_run()
    cores = cores or os.cpu_count() or 1
    found: tuple[Bound, ...] = ()
    standing.partial = lambda reason, proven: EstimateReport.of(
        nothing_known(problem, proven, reason), found, cores=cores, seed=seed
    )
    standing.note()
    found = bounds(network, domain)
    with progress_on_stderr(printer.quiet) as progress:
        told = estimate_problem(
            problem, precision=wanted, limits=Limits(timeout=timeout), seed=seed, workers=Workers(jobs=jobs),
            report=proving(progress),
        )  # fmt: skip
    standing.prove(told.at_least)
    note_engine(told, printer)
    printer.emit(EstimateReport.of(told, found, cores=cores, seed=seed))
    if not told.complete:
        raise LimitReachedError(f"stopped by {told.stopped_by}: {lower_bound(told.at_least)}")


def parse_precision(text: str) -> float:
    """A share as 5% or 0.05; raises `UsageError`."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = math.nan
    if not 0 < share < 1:
        raise UsageError(
            f"{short(text)} is no precision; write a share between 0 and 1 like 5% or 0.05", where="--precision"
        )
    return share
