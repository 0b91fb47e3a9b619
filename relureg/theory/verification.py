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
from relureg.complex.enumeration import enumerate_problem
from relureg.complex.result import Result
from relureg.engine.limits import Limits, Workers
from relureg.errors import CheckFailedError, LimitReachedError, UsageError
from relureg.families.random import random_network
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.theory.minimise import minimise
from relureg.theory.theorem import Case, Status, Verdict
from relureg.theory.theorems import THEOREMS, check_theorems

SEEDS_APART = 1_000_000
"""Network k of a run with seed S has seed S * this + k, so that runs share no network."""

_IN_PARALLEL = 4
"""Networks from which other processes are worth their start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Result):
    """The verdict of every theorem on one network."""

    problem: Problem
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
        Names of `families.random.INITIALISATIONS`.
    seed : int
        Network k has seed ``1,000,000 * seed + k``: `random_network` makes each one again.
    """
    if count < 1 or not shapes or not inits:
        raise UsageError("random networks need a number of them, widths and an initialisation")
    kinds = list(product(shapes, inits))
    for k in range(count):
        widths, init = kinds[k % len(kinds)]
        yield random_network(widths, init, SEEDS_APART * seed + k)


def verify(problem: Problem, limits: Limits = Limits(), *, engine: str = "auto", jobs: int | None = 1) -> Verification:
    """Enumerate a network, on the whole space or in a domain, and check every theorem on its complex.

    Raises
    ------
    CheckFailedError
        The complex fails a check of its own, so that nothing can be said.

    Examples
    --------
    >>> import relureg
    >>> found = verify(Problem(network=relureg.load("fixtures/truth/int_2-6-6-1.json")))
    >>> found.regions, found.violations(claims=True)
    (49, [])
    """
    with stopping.within(limits.timeout):
        cells = enumerate_problem(problem, engine, limits=limits, workers=Workers(jobs=jobs))
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
        problem=cells.problem,
        regions=cells.num_regions,
        verdicts=verdicts,
        stopped_by=stopped_by,
    )


def _verdicts(cells: Complex) -> tuple[Verdict, ...]:
    for check in failures(cells.checks):
        raise CheckFailedError(f"the check '{check.name}' failed ({check.detail}); please report the network")
    return check_theorems(cells)


def verify_all(
    problems: Iterable[Problem], limits: Limits = Limits(), *, engine: str = "auto", jobs: int = 1
) -> Iterator[Verification]:
    """`verify` for each problem, in the same order.

    With several jobs, processes of their own take the networks in turn; a script must then guard its top level with
    ``if __name__ == "__main__":``, as for all of `multiprocessing`.
    """
    listed = [problem.restricted() for problem in problems]
    if jobs == 1 or len(listed) < _IN_PARALLEL:
        for problem in listed:
            yield verify(problem, limits, engine=engine, jobs=jobs)
        return
    # Fresh interpreters: a forked one would inherit the splitter's threads half alive.
    context = multiprocessing.get_context("spawn")
    chunk = max(1, min(8, len(listed) // (4 * jobs)))
    with context.Pool(min(jobs, len(listed)), _leave_interrupts_to_the_parent) as pool:
        tasks = [(problem, limits, engine) for problem in listed]
        for problem, (regions, verdicts, stopped_by) in zip(listed, pool.imap(_verify_one, tasks, chunk), strict=True):
            yield Verification(problem=problem, regions=regions, verdicts=verdicts, stopped_by=stopped_by)


def smallest_violation(
    problem: Problem, theorem: str, limits: Limits = Limits(), *, engine: str = "auto", seconds: float = 30.0
) -> Network:
    """A small network that violates the same theorem in the same domain."""

    def violates(candidate: Network) -> bool:
        cells = enumerate_problem(Problem(network=candidate, domain=problem.domain), engine, limits=limits)
        if not cells.complete:
            return False
        status = THEOREMS[theorem].verdict(Case(cells)).status
        # The checks of the complex take longer than the theorem, and matter only where it fails.
        return status in (Status.VIOLATED, Status.CLAIMED_VIOLATED) and not failures(cells.checks)

    return minimise(problem.network, violates, seconds=seconds)


def _verify_one(task: tuple[Problem, Limits, str]) -> tuple[int, tuple[Verdict, ...], str | None]:
    problem, limits, engine = task
    found = verify(problem, limits, engine=engine)
    return found.regions, found.verdicts, found.stopped_by


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
