"""Samples of the search tree: unbiased estimates of what a whole count would add up, each from a part of the tree.

How a cell of the tree is gone on with by chance, and why the sums are unbiased whatever was expected, is derived in
``_cells/sampling.hpp``. Here is what is expected, learned from samples before, and the threads that take the samples.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import comb, exp, log

import numpy as np

from relureg import stopping
from relureg.engine import split
from relureg.engine.sums import WHOLE
from relureg.network.problem import Problem

_INTERVAL = 0.05
"""Seconds between looks at the limits while samples are taken."""
_PRIOR = 8.0
"""Cells that the fitted curve counts for, beside those that were seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Cells of a stage that so many candidates cut, as samples saw them."""

    cells: int = 0
    regions: float = 0.0
    """Estimated regions in all of these cells together."""

    def __add__(self, other: Learned) -> Learned:
        return Learned(cells=self.cells + other.cells, regions=self.regions + other.regions)


Experience = tuple[dict[int, Learned], ...]
"""By stage, the rows of a domain first, and the number of candidates that cut: what was learned of such cells."""


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


PROBE = Plan(threshold=0.0, expected=())


class TreeSampler:
    """Takes samples of the search tree of a problem.

    Parameters
    ----------
    problem : Problem
        Restricted to its domain.
    jobs : int or None
        Threads; all cores when left out. No sample depends on it.
    """

    def __init__(self, problem: Problem, jobs: int | None) -> None:
        self._dim = problem.essential_dim
        self._widths = [*(form.size for form in problem.walls), *problem.network.widths]
        self._jobs = jobs or os.cpu_count() or 1
        self._run = split.module().Run(
            split.translate(problem),
            records=False,
            generators=False,
            audit=False,
            max_regions=0,
            enumerates=False,
            jobs=1,
            batches=[],
        )

    def take(self, plan: Plan, seeds: Iterable[int], *, most_visits: int = 0) -> Iterator[Sample]:
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
                        if stopping.reason() is not None:
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

    def expected(self, experience: Experience) -> tuple[tuple[float, ...], ...]:
        """What is to be expected after that experience.

        On a cell of a stage, regions grow about as a power of the most that its cutting candidates can make; the power
        and the factor are fitted for each stage, and where many cells with one number of candidates were seen, their
        own mean counts for more.
        """
        return tuple(
            self._expected_of_stage(width, seen) for width, seen in zip(self._widths, experience, strict=True)
        )

    def _expected_of_stage(self, width: int, seen: dict[int, Learned]) -> tuple[float, ...]:
        known = {cutting: it for cutting, it in seen.items() if it.regions > 0}
        most = [_log_most_regions(cutting, self._dim) for cutting in range(width + 1)]
        if not known:
            return tuple(map(exp, most))
        at = np.array([most[cutting] for cutting in known])
        logs = np.log([it.regions / it.cells for it in known.values()])
        weights = np.array([float(it.cells) for it in known.values()])
        mean_at, mean_log = np.average(at, weights=weights), np.average(logs, weights=weights)
        spread = np.average((at - mean_at) ** 2, weights=weights)
        power = np.average((at - mean_at) * (logs - mean_log), weights=weights) / spread if spread > 1e-9 else 0.5
        power = min(max(float(power), 0.0), 1.5)
        fitted = [mean_log + power * (x - mean_at) for x in most]
        for cutting, it in known.items():
            own = log(it.regions / it.cells)
            fitted[cutting] = (it.cells * own + _PRIOR * fitted[cutting]) / (it.cells + _PRIOR)
        return tuple(map(exp, fitted))


def joined(experiences: Sequence[Experience]) -> Experience:
    """What several samples have learned, together."""
    stages = zip(*experiences, strict=True)
    return tuple(
        {
            cutting: sum((stage.get(cutting, Learned()) for stage in same), Learned())
            for cutting in sorted(set().union(*same))
        }
        for same in stages
    )


def _log_most_regions(hyperplanes: int, dim: int) -> float:
    """The logarithm of the most regions into which so many hyperplanes divide a space."""
    return log(sum(comb(hyperplanes, k) for k in range(min(dim, hyperplanes) + 1)))
