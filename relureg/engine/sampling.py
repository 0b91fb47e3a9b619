"""Samples of the search tree: unbiased estimates of what a whole count would add up, each from a part of the tree.

How a cell of the tree is gone on with by chance, and why the sums are unbiased whatever was expected, is derived in
``_cells/interface/sampling.hpp``. Here are the threads that take the samples.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from relureg import stopping
from relureg.engine import split
from relureg.engine.experience import Experience, Learned, expected_regions
from relureg.engine.limits import num_cores
from relureg.engine.sums import WHOLE
from relureg.network.problem import Problem

_INTERVAL = 0.05
"""Seconds between looks at the limits while samples are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one sample adds up to: estimates of the figures of a whole count."""

    regions: float
    bounded: float
    facet_sides: float
    """Facets between regions, each from both sides."""
    boundary_facets: float
    per_stage: tuple[float, ...]
    """The rows of a domain are the first stage."""
    seconds: float
    """Processor time of a whole count."""
    cells: float
    """Cells of the tree, as `visits` counts them."""
    seen: int
    """Regions that the sample itself counted: a proven lower bound."""
    is_whole: bool
    """Nothing was left out, so that the figures are those of a count."""
    visits: int
    """Cells of the tree that it went on with."""
    is_complete: bool
    """Whether it came to its end; otherwise its figures mean nothing."""
    is_stopped: bool
    """Whether a limit was reached meanwhile, and not only `most_visits`."""
    experience: Experience


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How samples are taken."""

    threshold: float
    """Regions that each cell in the sample stands for, about; 0: a probe, which goes down to a single cell."""
    expected: tuple[tuple[float, ...], ...]
    """By stage and cutting candidates: the regions that are expected in such a cell."""


_NOTHING = 1e-200

PROBE = Plan(threshold=0.0, expected=())


class TreeSampler:
    """Takes samples of the search tree of a problem.

    Parameters
    ----------
    problem : Problem
        Restricted to its domain.
    jobs : int or None
        Threads; all cores when left out. No sample depends on it.
    over : threading.Event, optional
        Ends what is under way when it is set, as a limit does.
    dictionaries : bool, optional
        Whether that engine searches, rather than the splitter; it looks for no facets.
    """

    def __init__(
        self,
        problem: Problem,
        jobs: int | None,
        over: threading.Event | None = None,
        *,
        dictionaries: bool = False,
    ) -> None:
        self._over = over
        self._dim = problem.essential_dim
        self._widths = [*(form.size for form in problem.walls), *problem.network.widths]
        self._jobs = jobs or num_cores()
        self._run = split.module().Run(
            split.translate(problem),
            records=False,
            generators=False,
            audit=False,
            max_regions=0,
            enumerates=False,
            dictionaries=dictionaries,
            jobs=1,
            batches=[],
        )

    def take(self, plan: Plan, seeds: Iterable[int], *, most_visits: int = 0) -> Generator[Sample]:
        """One sample for each seed, in their order, for as long as somebody asks.

        A limit that is reached leaves the samples under way incomplete. One that would go on with more cells than
        `most_visits` is broken off, and incomplete too.
        """
        pending: dict[int, Future[Sample]] = {}
        numbered = enumerate(seeds)
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                for number, seed in itertools.islice(numbered, self._jobs):
                    pending[number] = pool.submit(self._sample, plan, seed, most_visits)
                for number in itertools.count():
                    if number not in pending:
                        return
                    future = pending.pop(number)
                    while not wait([future], _INTERVAL, FIRST_COMPLETED).done:
                        if stopping.reason() is not None or (self._over is not None and self._over.is_set()):
                            self._run.stop()
                    for next_number, seed in itertools.islice(numbered, 1):
                        pending[next_number] = pool.submit(self._sample, plan, seed, most_visits)
                    yield future.result()
            finally:
                if pending:
                    self._run.stop()

    def _sample(self, plan: Plan, seed: int, most_visits: int) -> Sample:
        taken = self._run.sample(
            prefix=WHOLE,
            seed=seed,
            threshold=plan.threshold,
            expected=plan.expected,
            most_visits=most_visits,
        )
        learned = taken.pop("learned")
        return Sample(
            experience=tuple(
                {cutting: Learned(cells=cells, regions=regions) for cutting, cells, regions in stage}
                for stage in learned
            ),
            per_stage=tuple(taken.pop("per_stage")),
            **taken,
        )

    @property
    def everything(self) -> Plan:
        """The sample that leaves nothing out."""
        return Plan(threshold=_NOTHING, expected=tuple((1.0,) for _ in self._widths))

    def expected(self, experience: Experience) -> tuple[tuple[float, ...], ...]:
        """What is to be expected after that experience, by stage and number of candidates that cut a cell."""
        return tuple(
            expected_regions(width, self._dim, seen) for width, seen in zip(self._widths, experience, strict=True)
        )
