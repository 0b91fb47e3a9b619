"""From a network to an answer with an exit code, for the commands that enumerate."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from relureg.cli.options import Work
from relureg.cli.progress import progress_on_stderr
from relureg.complex.archive import is_complex_file, load_complex
from relureg.complex.checks import Check, failures
from relureg.complex.complex import Complex, enumerate_regions
from relureg.complex.count import RegionCount, count_regions
from relureg.errors import CheckFailedError, LimitReachedError, UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.theory.bounds import Bound


def find_complex(network: Network, domain: Domain | None, work: Work, *, quiet: bool) -> Complex:
    """Enumerate with progress on stderr."""
    with progress_on_stderr(quiet) as progress:
        return enumerate_regions(
            network,
            domain,
            work.engine,
            max_regions=work.max_regions,
            timeout=work.timeout,
            jobs=work.jobs,
            progress=progress,
            scheduler=work.scheduler,
        )


def saved_complex(net: str | None, work: Work) -> Complex | None:
    """The complex in NET, where that is a file that `Complex.save` wrote; its checks run again.

    Raises
    ------
    UsageError
        An option asks for another run than the one that was saved.
    """
    if net is None or not net.lower().endswith(".npz") or not is_complex_file(net):
        return None
    for option in work.given:
        raise UsageError("a saved complex is not enumerated again; leave this option out", where=option)
    cells = load_complex(net)
    # What the checks have found is kept with the object: no new one is made without need.
    return cells if work.jobs is None else dataclasses.replace(cells, jobs=work.jobs)


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
    with progress_on_stderr(quiet) as progress:
        return count_regions(
            network,
            domain,
            work.engine,
            max_regions=work.max_regions,
            timeout=work.timeout,
            jobs=work.jobs,
            progress=progress,
            scheduler=work.scheduler,
            journal=journal,
            keep_regions=keep_regions,
            by_enumeration=by_enumeration,
        )


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
                f"{cells.num_regions:,} regions exceed the bound {bound.value:,} of {bound.name}; "
                "please report the network"
            )
    if not cells.complete:
        raise LimitReachedError(
            f"stopped by {cells.stopped_by}: {cells.num_regions:,} regions are a proven lower bound"
        )
