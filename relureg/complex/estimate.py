"""How many regions, about, where counting all of them would take too long: estimates with intervals that hold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked
from relureg.engine.limits import Limits, Progress, Report, watching
from relureg.engine.sampling import PROBE, Experience, Plan, Sample, TreeSampler, joined
from relureg.errors import UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem

PRECISION = 0.05
"""Half the width of the interval of `num_regions`, relative to its mean, at which an estimate is done."""

_PROBES = 32
"""Descents to single cells, from which the first sample is planned."""
_ROUNDS = (16, 64, 256)
"""Cells of the samples from which the next one is planned, each better than the one before."""
_MOST_VISITS = 40_000
"""Cells that a sample may go on with while it is only planned; one that would be larger is made smaller."""
_VISITS = 4_000
"""The same that the samples of the estimate itself are planned for, on average."""
_FEWEST = 16
"""Samples of which an interval is told."""
_MOST_SHARE = 0.4
"""Of all samples together, in the largest: where there is more in it, what was missed may be as large, and no interval
is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate, and an interval that holds the truth in 95 of 100 estimates."""

    mean: float
    low: float
    high: float

    @property
    def precision(self) -> float:
        """Half the width, relative to the mean."""
        return (self.high - self.low) / 2 / self.mean if self.mean else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionEstimate:
    """How many activation regions there are, about.

    Examples
    --------
    >>> import relureg
    >>> estimate = relureg.estimate_regions(relureg.load("fixtures/truth/rand_3-16-16-1.json"), seed=1)
    >>> estimate.num_regions.low <= 5092 <= estimate.num_regions.high
    True
    """

    problem: Problem
    """Whose regions were estimated."""
    num_regions: Interval | None
    """None where too little was sampled for an interval that can be trusted; `rough` and `at_least` are told then."""
    rough: float | None
    """The mean of the samples alone, which may lie far off; None where there is not one."""
    at_least: int
    """Regions that were counted: a proven lower bound."""
    num_bounded: Interval | None
    """Regions that contain no ray besides the directions along which the whole complex is invariant."""
    per_stage: tuple[Interval, ...]
    """Regions of the networks cut off after stage 1, 2, ..., L; empty without an interval."""
    num_facets: Interval | None
    """Facets shared by two regions."""
    average_degree: Interval | None
    """Facets a region, without those on the domain's boundary."""
    share_bounded: Interval | None
    seconds: Interval | None
    """Processor time of a count of all regions on this machine."""
    samples: int
    """How many the estimate rests on."""
    exact: bool
    """The sample was the whole tree: the figures are those of a count."""
    stopped_by: str | None
    """The limit that ended the estimate before its precision was reached."""

    @property
    def network(self) -> Network:
        return self.problem.network

    @property
    def domain(self) -> Domain | None:
        """None is the whole input space."""
        return self.problem.domain

    def seconds_on(self, cores: int) -> float | None:
        """Wall time of a count on that many cores: work is shared as long as there is any."""
        return None if self.seconds is None else self.seconds.mean / cores


@checked
def estimate_regions(
    network: Network,
    domain: Domain | None = None,
    *,
    precision: float = PRECISION,
    timeout: float | None = None,
    seed: int = 0,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RegionEstimate:
    """Estimate how many activation regions a network has, and how long it would take to count them.

    Cells of the search tree are gone on with by chance, and stand for those that are left out; the regions of the last
    stage are counted in each cell that the sample comes to. Samples are independent and their means are not biased, so
    the interval is Student's.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        Only the part of the complex inside; the whole input space when left out.
    precision : float, optional
        Go on until half the interval's width is at most that share of the mean.
    timeout : float, optional
        Seconds, after which the estimate is that of the samples by then.
    seed : int, optional
        The same seed gives the same samples, on any number of threads; how many there are may depend on the time.
    jobs : int, optional
        Threads; all cores when left out.
    progress : callable, optional
        Called with a `Progress` every now and then.

    Returns
    -------
    RegionEstimate

    Raises
    ------
    DomainError
        The domain does not fit the network or has no interior.
    UsageError
        The precision is not between 0 and 1.

    Notes
    -----
    The method is Russian roulette over a search tree, which [Knu75] and [Che92] began; see docs/estimates.md.
    """
    return estimate_problem(
        Problem(network=network, domain=domain),
        precision=precision,
        limits=Limits(timeout=timeout),
        seed=seed,
        jobs=jobs,
        report=progress,
    )


def estimate_problem(
    problem: Problem,
    *,
    precision: float = PRECISION,
    limits: Limits = Limits(),
    seed: int = 0,
    jobs: int | None = None,
    report: Report | None = None,
) -> RegionEstimate:
    """`estimate_regions` of a problem; raises as that does."""
    if not 0 < precision < 1:
        raise UsageError(f"{precision} is no precision; write a share between 0 and 1 like 0.05")
    with watching(limits, report) as watch:
        problem = problem.restricted()
        sampler = TreeSampler(problem, jobs)
        seeds = itertools.count(seed << 32)
        plan, planned = _plan(sampler, seeds)
        seen = max((sample.seen for sample in planned), default=0)
        if planned and planned[-1].is_complete and planned[-1].is_whole:
            return _of_samples(problem, planned[-1:], seen, exact=True, stopped_by=None)
        samples: list[Sample] = []
        stopped_by = watch.out_of_time(seen)
        if stopped_by is None:
            for sample in sampler.take(plan, seeds):
                seen = max(seen, sample.seen)
                if not sample.is_complete:
                    stopped_by = watch.out_of_time(seen)
                    break
                samples.append(sample)
                told = interval_of([s.regions for s in samples], seen)
                if told is not None and _is_power_of_two(len(samples)) and told.precision <= precision:
                    break
                stopped_by = watch.out_of_time(seen)
                if stopped_by is not None:
                    break
        return _of_samples(problem, samples, seen, exact=False, stopped_by=stopped_by)


def _plan(sampler: TreeSampler, seeds: itertools.count[int]) -> tuple[Plan, list[Sample]]:
    """How to take the samples of an estimate, learned from some that are not part of it."""
    probes = [s for s in sampler.take(PROBE, itertools.islice(seeds, _PROBES)) if s.is_complete]
    taken = list(probes)
    if not probes:
        return PROBE, taken
    experience = joined([probe.experience for probe in probes])
    regions = float(np.mean([probe.regions for probe in probes]))
    own: list[Experience] = []
    plan, visits = PROBE, 1.0
    for cells in _ROUNDS:
        threshold = max(regions / cells, 1e-9)
        while True:
            plan = Plan(threshold=threshold, expected=sampler.expected(experience))
            (sample,) = sampler.take(plan, itertools.islice(seeds, 1), most_visits=_MOST_VISITS)
            taken.append(sample)
            if sample.is_complete:
                break
            if sample.is_stopped:
                return plan, taken
            threshold *= 8
        if sample.is_whole:
            return plan, taken
        own.append(sample.experience)
        experience = joined(own[-2:] if len(own) > 1 else [own[0], experience])
        regions = max(sample.regions, 1.0)
        visits = float(sample.visits)
    threshold = plan.threshold * max(visits, 1.0) / _VISITS
    return Plan(threshold=threshold, expected=sampler.expected(experience)), taken


def interval_of(values: Sequence[float], at_least: float = 0.0) -> Interval | None:
    """The mean of independent estimates with Student's interval; None where they are too few or one outweighs all."""
    sample = np.asarray(values)
    total = float(sample.sum())
    if len(sample) < _FEWEST or float(sample.max()) > _MOST_SHARE * total:
        return None
    from scipy.stats import t  # takes a while to import

    mean = total / len(sample)
    half = float(t.ppf(0.975, len(sample) - 1)) * float(sample.std(ddof=1)) / math.sqrt(len(sample))
    return Interval(mean=mean, low=max(mean - half, float(at_least)), high=mean + half)


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> Interval | None:
    """The ratio of two sums, with the interval of its linear part."""
    if not below.sum():
        return None
    ratio = float(above.sum() / below.sum())
    rest = interval_of(list(above - ratio * below + below.mean()))
    if rest is None:
        return None
    half = (rest.high - rest.low) / 2 / float(below.mean())
    return Interval(mean=ratio, low=max(ratio - half, 0.0), high=ratio + half)


def _of_samples(
    problem: Problem, samples: Sequence[Sample], seen: int, *, exact: bool, stopped_by: str | None
) -> RegionEstimate:
    def of(values: Sequence[float], at_least: float = 0.0) -> Interval | None:
        if exact:
            return Interval(mean=values[0], low=values[0], high=values[0])
        return interval_of(values, at_least)

    def ratio(above: Sequence[float], below: Sequence[float]) -> Interval | None:
        if exact:
            return of([above[0] / below[0]])
        return _ratio(np.asarray(above), np.asarray(below))

    regions = [s.regions for s in samples]
    told = of(regions, seen) if samples else None
    is_told = told is not None
    stages = [of([s.per_stage[k] for s in samples]) for k in range(len(problem.walls), len(samples[0].per_stage))] if is_told else []
    return RegionEstimate(
        problem=problem,
        num_regions=told,
        rough=float(np.mean(regions)) if samples else None,
        at_least=max(seen, int(problem.has_plain_interior)),
        num_bounded=of([s.bounded for s in samples]) if is_told else None,
        per_stage=tuple(stage for stage in stages if stage is not None),
        num_facets=of([s.facet_sides / 2 for s in samples]) if is_told else None,
        average_degree=ratio([s.facet_sides for s in samples], regions) if is_told else None,
        share_bounded=ratio([s.bounded for s in samples], regions) if is_told else None,
        seconds=of([s.seconds for s in samples]) if is_told else None,
        samples=len(samples),
        exact=exact,
        stopped_by=stopped_by,
    )


def _is_power_of_two(number: int) -> bool:
    return not number & (number - 1)
