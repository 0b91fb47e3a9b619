"""relureg verify: theorems checked on exact complexes."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from relureg.cli import guard, progress
from relureg.cli.command import EXIT_CODES, Command, files, one_of
from relureg.cli.options import parse_widths, read_network, reading_options
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import Scope, scope_of, scope_options, scoped
from relureg.cli.work import jobs_option, memory_option
from relureg.errors import LimitReachedError, OutputError, ReluregError, TheoremViolatedError, UsageError
from relureg.files import check_absent, write_atomically
from relureg.network import json_format
from relureg.network.problem import Problem
from relureg.readers.data_files import write_domain

if TYPE_CHECKING:
    from relureg.engine.limits import Limits
    from relureg.network.domain import Domain
    from relureg.network.model import Network
    from relureg.theory.verification import Verification

EPILOG = f"""\b
Examples:
  relureg verify fixtures/truth/int_2-6-6-1.json
  relureg verify --random 20 --widths 2,6,6 --widths 3,5,5 --init he --init integer --seed 1
  relureg verify fixtures/counterexamples/counterexample-3-9-4-1.json --claims --save violations
  relureg verify fixtures/truth/xor.json fixtures/truth/int_2-6-6-1.json --box -1 1

{EXIT_CODES}"""

MAX_SAVED = 10
"""Violating networks that are saved and made small in one run."""


@click.command(cls=Command, epilog=EPILOG)
@click.argument("nets", shell_complete=files, nargs=-1, metavar="[NET]...")
@reading_options
@click.option("--random", "count", type=click.IntRange(min=1), metavar="K", help="Verify K random networks.")
@click.option("--widths", multiple=True, metavar="N0,N1,...", help="Of random networks; several are taken in turn.")
@click.option(
    "--init", "inits", multiple=True, shell_complete=one_of("relureg.families.random", "INITIALISATIONS"),
    help="Of random networks: he, torch, integer, sparse, nobias; several in turn.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of random networks.")
@scope_options
@click.option("--claims", is_flag=True, help="Let violated claims fail the run as well.")
@click.option(
    "--junit", metavar="FILE", shell_complete=files, help="Write a JUnit XML report; one of relureg's own is replaced."
)
@click.option(
    "--save", metavar="FOLDER", type=click.Path(path_type=Path),
    help="Write violating networks here, each as it is and made small.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace another file of the name of the report.")
@click.option(
    "--engine", default="auto", show_default=True, shell_complete=one_of("relureg.engine.engines", "ENGINES"),
    help="split, dictionaries or lp, as for `relureg count`.",
)  # fmt: skip
@jobs_option("Processes; as many as cores by default.")
@click.option(
    "--max-regions", type=click.IntRange(min=1), help="Of one network; one with more is left out (exit code 4)."
)
@click.option(
    "--timeout", type=float, metavar="SECONDS",
    help="For one network; a slower one is left out (exit code 4). All end after that time for each.",
)  # fmt: skip
@memory_option
@output_options
def verify(
    nets: tuple[str, ...],
    raw: bool,
    count: int | None,
    widths: tuple[str, ...],
    inits: tuple[str, ...],
    seed: int,
    claims: bool,
    junit: str | None,
    save: Path | None,
    force: bool,
    engine: str,
    jobs: int | None,
    max_regions: int | None,
    timeout: float | None,
    printer: Printer,
    **where: Any,
) -> None:
    """Check theorems on the exact complexes of networks: of each NET, or of random ones.

    In a --box or --domain, theorems that need the whole space are reported as not applicable; a --slice is a network
    with inputs of its own, of which every theorem is asked. Theorems marked "claimed" are published but false as
    stated; they are reported, and fail the run only with --claims. A network that violates a theorem is named with its
    seed; --save keeps it, as it is and made small (units dropped, weights rounded).
    """
    from relureg.engine.limits import Limits
    from relureg.reports.exports.junit import is_report, junit_report
    from relureg.reports.verify import VerifyReport
    from relureg.theory.verification import random_networks, verify_all

    guard.limit_time(timeout, times=count or len(nets) or 1)
    if junit is not None:
        force = force or is_report(Path(junit))
        check_absent(Path(junit), force=force)
    if count is None:
        if widths or inits:
            raise UsageError("--widths and --init need --random K")
        networks = [read_network(net, printer, raw=raw) for net in nets or (None,)]
    elif nets:
        raise UsageError("give either NET or --random, not both")
    elif not widths:
        raise UsageError("--random needs --widths, such as --widths 2,6,6")
    else:
        networks = list(random_networks(count, [parse_widths(text) for text in widths], inits or ("he",), seed))
    scope = scope_of(where)
    cases = [_case(network, scope) for network in networks]
    limits = Limits(max_regions=max_regions, timeout=timeout)
    cores = jobs or os.cpu_count() or 1
    results = list(_with_progress(verify_all(cases, limits, engine=engine, jobs=cores), len(networks), printer.quiet))
    saved: dict[str, str] = {}
    if save is not None:
        saved = _save_violations(results, save, limits, engine, claims=claims, printer=printer)
    elif any(result.violations(claims=claims) for result in results):
        printer.note("--save FOLDER keeps the networks that violate a theorem, each as it is and made small")
    if junit is not None:
        write_atomically(Path(junit), junit_report(results, claims=claims), force=force)
    printer.emit(VerifyReport.of(results, claims=claims, seed=None if count is None else seed, saved=saved))
    _close(results, claims=claims)


def _case(network: Network, scope: Scope) -> Problem:
    try:
        network, domain = scoped(network, scope)
    except ReluregError as error:
        raise error.within(network.name) from error
    return Problem(network=network, domain=domain)


def _with_progress(results: Iterable[Verification], total: int, quiet: bool) -> Iterator[Verification]:
    """Say now and then on stderr how far the run is."""
    told = time.monotonic()
    for number, result in enumerate(results, start=1):
        yield result
        if (
            not quiet
            and number < total
            and time.monotonic() - told >= (1.0 if sys.stderr.isatty() else progress.PLAIN_INTERVAL)
        ):
            told = time.monotonic()
            click.echo(f"relureg: {number:,} of {total:,} networks verified", err=True)


def _save_violations(
    results: Iterable[Verification], folder: Path, limits: Limits, engine: str, *, claims: bool, printer: Printer
) -> dict[str, str]:
    """Save each violating network and a small one; files are named by content, so that a rerun finds them there."""
    from relureg.theory.verification import smallest_violation

    saved: dict[str, str] = {}
    for result in [result for result in results if result.violations(claims=claims)][:MAX_SAVED]:
        verdict = result.violations(claims=claims)[0]
        what = f"{result.network.name} violates {verdict.theorem}: {verdict.detail}"
        saved[_write(result.network, folder)] = what
        if result.domain is not None:
            saved[_write_domain(result.domain, folder)] = f"the domain of {result.network.name}, for --domain"
        printer.note(f"{what}; looking for a smaller one")
        small = smallest_violation(result.problem, verdict.theorem, limits, engine=engine)
        if small != result.network:
            saved[_write(small, folder)] = f"the same with widths {', '.join(map(str, small.widths))}"
    return saved


def _write(network: Network, folder: Path) -> str:
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in network.name)[:80]
    return _write_file(folder, f"{name}_{network.sha256[:12]}.json", json_format.write(network))


def _write_domain(domain: Domain, folder: Path) -> str:
    content = write_domain(domain)
    return _write_file(folder, f"domain_{hashlib.sha256(content).hexdigest()[:12]}.json", content)


def _write_file(folder: Path, name: str, content: bytes) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made: {error.strerror or error}", where=str(folder)) from error
    target = folder / name
    # The names tell what is in the files: one that holds it already may be the very network that is verified.
    if not (target.is_file() and target.read_bytes() == content):
        write_atomically(target, content, force=True)
    return str(target)


def _close(results: list[Verification], *, claims: bool) -> None:
    """After the answer is printed: raise what its exit code must tell."""
    violations = [(result, verdict) for result in results for verdict in result.violations(claims=claims)]
    if violations:
        result, verdict = violations[0]
        more = f", and {len(violations) - 1:,} more" if len(violations) > 1 else ""
        raise TheoremViolatedError(f"{result.network.name} violates {verdict.theorem}: {verdict.detail}{more}")
    stopped = [result for result in results if result.stopped_by is not None]
    if stopped:
        limits = " and ".join(dict.fromkeys(str(result.stopped_by) for result in stopped))
        raise LimitReachedError(f"stopped by {limits}: {len(stopped):,} of {len(results):,} networks not verified")
