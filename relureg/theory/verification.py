"""Theorems checked on many networks at once, in parallel, with violations reproduced and made small."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from relureg import stopping
from relureg.complex.checks import failures
from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_regions
from relureg.errors import CheckFailedError, LimitReachedError, UsageError
from relureg.families.random import random_network
from relureg.network import document as json_
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.slices import restrict
from relureg.theory.minimise import minimise
from relureg.theory.theorem import Case, Status, Verdict
from relureg.theory.theorems import THEOREMS, check_theorems

SEEDS_APART = 1_000_000
"""Network k of a run with seed S has seed S * this + k, so that runs share no network."""

_IN_PARALLEL = 4
"""Networks from which other processes are worth their start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one network may cost."""

    engine: str = "auto"
    max_regions: int | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The verdict of every theorem on one network."""

    network: Network
    domain: Domain | None
    """None is the whole input space."""
    regions: int
    verdicts: tuple[Verdict, ...]
    stopped_by: str | None
    """The limit that ended the enumeration, or the checks after it; there is then no verdict."""

    def violations(self, *, claims: bool) -> list[Verdict]:
        """Theorems that are violated, with `claims` the claimed ones as well."""
        bad = {Status.VIOLATED, Status.CLAIMED_VIOLATED} if claims else {Status.VIOLATED}
        return [verdict for verdict in self.verdicts if verdict.status in bad]


def random_networks(
    count: int, shapes: Sequence[Sequence[int]], inits: Sequence[str] = ("he",), seed: int = 0
) -> Iterator[Network]:
    """`count` random networks, dealt in turn to each pair of a shape and an initialisation.

    Parameters
    ----------
    count : int
    shapes : sequence of sequences of int
        Widths (n_0, n_1, ..., n_L).
    inits : sequence of str
        Names of `network.random_.INITIALISATIONS`.
    seed : int
        Network k has seed ``1,000,000 * seed + k``: `random_network` makes each one again.
    """
    if count < 1 or not shapes or not inits:
        raise UsageError("random networks need a number of them, widths and an initialisation")
    kinds = list(product(shapes, inits))
    for k in range(count):
        widths, init = kinds[k % len(kinds)]
        yield random_network(widths, init, SEEDS_APART * seed + k)


def verify(
    network: Network, limits: Limits = Limits(), *, domain: Domain | None = None, jobs: int | None = 1
) -> Verification:
    """Enumerate a network, on the whole space or in a domain, and check every theorem on its complex.

    Raises
    ------
    CheckFailedError
        The complex fails a check of its own, so that nothing can be said.

    Examples
    --------
    >>> import relureg
    >>> found = verify(relureg.load("fixtures/truth/int_2-6-6-1.json"))
    >>> found.regions, found.violations(claims=True)
    (49, [])
    """
    with stopping.within(limits.timeout):
        cells = _enumerate(network, domain, limits, jobs)
        verdicts: tuple[Verdict, ...] = ()
        stopped_by = cells.stopped_by
        if stopped_by is None:
            try:
                verdicts = _verdicts(cells)
            except LimitReachedError as error:
                stopped_by = stopping.reason()
                if stopped_by is None:  # a limit that a theorem has set itself
                    raise error
    return Verification(
        network=cells.network,
        domain=cells.domain,
        regions=cells.num_regions,
        verdicts=verdicts,
        stopped_by=stopped_by,
    )


def _verdicts(cells: Complex) -> tuple[Verdict, ...]:
    for check in failures(cells.checks):
        raise CheckFailedError(f"the check '{check.name}' failed ({check.detail}); please report the network")
    return check_theorems(cells)


def verify_all(
    cases: Iterable[tuple[Network, Domain | None]], limits: Limits = Limits(), *, jobs: int = 1
) -> Iterator[Verification]:
    """`verify` for each network and domain, in the same order.

    With several jobs, processes of their own take the networks in turn; a script must then guard its top level with
    ``if __name__ == "__main__":``, as for all of `multiprocessing`.
    """
    listed = [restrict(network, domain) for network, domain in cases]
    if jobs == 1 or len(listed) < _IN_PARALLEL:
        for network, domain in listed:
            yield verify(network, limits, domain=domain, jobs=jobs)
        return
    # Fresh interpreters: a forked one would inherit the splitter's threads half alive.
    context = multiprocessing.get_context("spawn")
    chunk = max(1, min(8, len(listed) // (4 * jobs)))
    with context.Pool(min(jobs, len(listed)), _leave_interrupts_to_the_parent) as pool:
        # A network as JSON: exact, and shorter than a pickle.
        tasks = [(json_.write(network), domain, limits) for network, domain in listed]
        for (network, domain), (regions, verdicts, stopped_by) in zip(
            listed, pool.imap(_verify_one, tasks, chunk), strict=True
        ):
            yield Verification(
                network=network, domain=domain, regions=regions, verdicts=verdicts, stopped_by=stopped_by
            )


def smallest_violation(
    network: Network, theorem: str, limits: Limits = Limits(), *, domain: Domain | None = None, seconds: float = 30.0
) -> Network:
    """A small network that violates the same theorem in the same domain."""

    def violates(candidate: Network) -> bool:
        cells = _enumerate(candidate, domain, limits, None)
        if not cells.complete:
            return False
        status = THEOREMS[theorem].verdict(Case(cells)).status
        # The checks of the complex take longer than the theorem, and matter only where it fails.
        return status in (Status.VIOLATED, Status.CLAIMED_VIOLATED) and not failures(cells.checks)

    return minimise(network, violates, seconds=seconds)


def _enumerate(network: Network, domain: Domain | None, limits: Limits, jobs: int | None) -> Complex:
    return enumerate_regions(
        network, domain, engine=limits.engine, max_regions=limits.max_regions, timeout=limits.timeout, jobs=jobs
    )


def _verify_one(task: tuple[bytes, Domain | None, Limits]) -> tuple[int, tuple[Verdict, ...], str | None]:
    data, domain, limits = task
    found = verify(json_.read(data, name="network"), limits, domain=domain)
    return found.regions, found.verdicts, found.stopped_by


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
