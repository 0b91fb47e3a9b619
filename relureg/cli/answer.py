"""From a network to an answer with an exit code, for the commands that enumerate."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from relureg.cli.forecast import Forecast, forecasting
from relureg.cli.options import read_network
from relureg.cli.printing import Printer
from relureg.cli.progress import progress_on_stderr
from relureg.cli.scope import scoped
from relureg.cli.standing import lower_bound, this_run
from relureg.cli.work import Work
from relureg.complex.checks import Check, failures
from relureg.complex.count import RegionCount, count_problem
from relureg.engine.limits import Progress, Workers
from relureg.errors import CheckFailedError, LimitReachedError, UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.theory.bounds import Bound
from relureg.words import figure

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.complex.estimation import RegionEstimate

FEW_REGIONS = 1000
"""With fewer than these a limit has ended a search that had hardly begun."""

MANY_INPUTS = 8
"""With more than these a network is likely to have more regions than anybody counts."""


def find_complex(network: Network, domain: Domain | None, work: Work, printer: Printer) -> Complex:
    """Enumerate with progress on stderr; with --verbose, tell by which engine."""
    from relureg.complex.enumeration import enumerate_problem

    problem = Problem(network=network, domain=domain)
    expect_regions(problem)
    forecast = this_run().forecast = _forecast(problem, work.workers, keeps_regions=True)
    with forecasting(forecast), progress_on_stderr(printer.quiet, forecast) as progress:
        cells = enumerate_problem(
            problem, work.engine, limits=work.limits, workers=work.workers, report=proving(progress)
        )
    this_run().prove(cells.num_regions)
    note_engine(cells, printer)
    return cells


def opened(
    net: str | None, cells: Complex | None, work: Work, printer: Printer, *, raw: bool
) -> tuple[Network, Problem]:
    """The network as it was read, or that of the complex that was saved, and the problem that is meant.

    A run that is stopped from now on tells its lower bound.
    """
    from relureg.reports.report import NetworkFacts

    if cells is None:
        network = read_network(net, printer, raw=raw)
        inside, domain = scoped(network, work.scope)
        problem = Problem(network=inside, domain=domain)
    else:
        network, problem = cells.network, cells.problem
    expect_regions(problem)
    NetworkFacts.of(problem.network)  # what is long in it is kept: a run that is stopped has no time for that
    return network, problem


def saved_complex(net: str | None, work: Work) -> Complex | None:
    """The complex in NET, where that is a file that `Complex.save` wrote; its checks run again.

    Raises
    ------
    UsageError
        An option asks for another run than the one that was saved.
    """
    if net is None or not net.lower().endswith(".npz"):
        return None
    from relureg.complex.archive import is_complex_file
    from relureg.complex.enumeration import load_complex

    if not is_complex_file(net):
        return None
    for option in work.given:
        raise UsageError("a saved complex is not enumerated again; leave this option out", where=option)
    cells = load_complex(net)
    # What the checks have found is kept with the object: no new one is made without need.
    jobs = work.workers.jobs
    return cells if jobs is None else dataclasses.replace(cells, jobs=jobs)


def count_with_progress(
    network: Network,
    domain: Domain | None,
    work: Work,
    *,
    quiet: bool,
    journal: Path | None = None,
    keep_regions: bool = False,
    by_enumeration: bool = False,
) -> RegionCount:
    """Count with progress on stderr."""
    problem = Problem(network=network, domain=domain)
    workers = dataclasses.replace(work.workers, journal=journal, keeps_records=keep_regions, enumerates=by_enumeration)
    forecast = this_run().forecast = _forecast(problem, workers, keeps_regions=False)
    with forecasting(forecast), progress_on_stderr(quiet, forecast) as progress:
        counted = count_problem(problem, work.engine, limits=work.limits, workers=workers, report=proving(progress))
    this_run().prove(counted.num_regions)
    return counted


def note_engine(found: Complex | RegionCount | RegionEstimate, printer: Printer) -> None:
    """With --verbose, which engine was taken, and why."""
    if printer.verbose and found.engine_choice is not None:
        printer.note(f"{found.network.name}: {found.engine_choice.line}")


def note_count(counted: RegionCount, printer: Printer) -> None:
    """With --verbose, by which engine was counted, and how the last stage."""
    note_engine(counted, printer)
    if printer.verbose:
        for check in counted.checks:
            if check.name == "last_stage":
                printer.note(f"{counted.network.name}: last stage {check.detail}")


def _forecast(problem: Problem, workers: Workers, *, keeps_regions: bool) -> Forecast | None:
    """None where the work goes in batches, which have samples of their own."""
    return None if workers.in_batches else Forecast(problem=problem, keeps_regions=keeps_regions)


def expect_regions(problem: Problem) -> None:
    """From now on a run that is stopped tells its lower bound: a point proves one region."""
    standing = this_run()
    standing.regions = max(standing.regions, int(problem.has_plain_interior))
    standing.note()


def proving(report: Callable[[Progress], None] | None) -> Callable[[Progress], None]:
    """Remember what a report proves, and pass it on."""
    standing = this_run()

    def prove(progress: Progress) -> None:
        standing.prove(progress.regions)
        if report is not None:
            report(progress)

    return prove


def require_passed(checks: Iterable[Check]) -> None:
    """Raise `CheckFailedError` for the first check that failed; before a file is written, too."""
    for check in failures(checks):
        raise CheckFailedError(
            f"the check '{check.name}' failed ({check.detail}); do not use this result, and please report the network"
        )


def close(cells: Complex | RegionCount, checks: Iterable[Check], bounds: Iterable[Bound]) -> None:
    """After the answer is printed: raise what its exit code must tell.

    Raises
    ------
    CheckFailedError
        A check of the result failed, or more regions than a proven bound allows.
    LimitReachedError
        The answer is a lower bound only.
    """
    require_passed(checks)
    for bound in bounds:
        if bound.is_upper and bound.value is not None and cells.num_regions > bound.value:
            raise CheckFailedError(
                f"{cells.num_regions:,} regions exceed the bound {figure(bound.value)} of {bound.name}; "
                "please report the network"
            )
    if not cells.complete:
        standing = this_run()
        standing.prove(cells.num_regions)
        proven = lower_bound(standing.regions) if standing.regions else "no region was counted by then"
        raise LimitReachedError(f"stopped by {cells.stopped_by}: {proven}{_instead(cells)}")


def _instead(cells: Complex | RegionCount) -> str:
    """What can be answered where few regions of a network of many inputs were found."""
    inputs = cells.network.input_dim
    if inputs <= MANY_INPUTS or cells.num_regions >= FEW_REGIONS:
        return ""
    return (
        f"; with {inputs:,} inputs, look at a part: a line (relureg line, --through), a plane (--slice), the regions "
        "around data (relureg maps at), or a --box that fixes inputs"
    )
