"""How many regions, about, where counting all of them would take too long: estimates with intervals that hold."""

from __future__ import annotations

import contextlib
import itertools
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from relureg.arguments import checked, whole_number
from relureg.complex.result import Result
from relureg.engine.choice import EngineChoice
from relureg.engine.engines import choose
from relureg.engine.intervals import FEWEST, Interval, mean_of, ratio_of
from relureg.engine.limits import Limits, Progress, Report, Workers, watching
from relureg.engine.planning import plan_samples
from relureg.engine.sampling import Sample, TreeSampler
from relureg.engine.sums import NO_INTERIOR
from relureg.errors import DomainError, UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.showing import Shown
from relureg.words import about, plural

PRECISION = 0.05
"""Half the width of the interval of `num_regions`, relative to its mean, at which an estimate is done."""

_LONGER = 1.5
"""How many times as many samples there are when the precision is looked at again: often, and it would be taken for
reached where it is so by chance."""

_MOST_SEED = 2**31 - 1
_SEEDS = 2**32
"""Samples that one seed is enough for."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegionEstimate(Result, Shown):
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
    stopped_by: str | None
    """The limit that ended the estimate before its precision was reached; None, and `complete`: it was reached."""
    num_regions: Interval | None
    """None where too little was sampled for an interval that can be trusted; `rough` and `at_least` are told then."""
    rough: float | None
    """The mean of the samples alone, which may lie far off; None where there is not one."""
    at_least: int
    """Regions that were counted: a proven lower bound."""
    num_relatively_bounded: Interval | None
    """Regions that contain no ray besides the directions along which the whole complex is invariant. None here and
    below where there is none for `num_regions`, or too few of these were seen."""
    per_stage: tuple[Interval | None, ...]
    """Regions of the networks cut off after stage 1, 2, ..., L."""
    num_facets: Interval | None
    """Facets shared by two regions."""
    average_degree: Interval | None
    """Facets a region, without those on the domain's boundary."""
    share_bounded: Interval | None
    """Relatively bounded regions, of all."""
    seconds: Interval | None
    """Processor time of a count of all regions on this machine."""
    samples: int
    """How many the estimate rests on."""
    exact: bool
    """The sample was the whole tree: the figures are those of a count."""
    engine_choice: EngineChoice | None = None
    """The engine whose search tree was sampled, and why; None where a limit came before it was chosen."""

    def __repr__(self) -> str:
        told = self.num_regions
        if told is None:
            text = f"at least {plural(self.at_least, 'region')}"
        elif self.exact:
            text = f"{plural(round(told.mean), 'region')}, exactly"
        else:
            text = f"about {about(told.mean)} regions, {about(told.low)} to {about(told.high)}"
        return f"<RegionEstimate of {self.network.name!r}: {text}>"

    def seconds_on(self, cores: int) -> float | None:
        """Wall time of a count on that many cores: work is shared as long as there is any."""
        return None if self.seconds is None else self.seconds.mean / whole_number("cores", cores, least=1)


@checked
def estimate_regions(
    network: Network,
    domain: Domain | None = None,
    *,
    precision: float = PRECISION,
    timeout: float | None = None,
    seed: int = 0,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
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
    progress : callable or True, optional
        Called with a `Progress` every now and then; True shows a bar on the terminal or in the notebook.

    Returns
    -------
    RegionEstimate

    Raises
    ------
    DomainError
        The domain does not fit the network or has no interior.
    UsageError
        The precision is not between 0 and 1, or the seed is no whole number from 0 to 2^31 - 1.
    UnsupportedNetworkError
        The domain is bounded in more dimensions than the splitter holds the vertices of.

    Notes
    -----
    The method is Russian roulette over a search tree, which [Knu75] and [Che92] began; see docs/estimates.md.
    """
    return estimate_problem(
        Problem(network=network, domain=domain),
        precision=precision,
        limits=Limits(timeout=timeout),
        seed=seed,
        workers=Workers(jobs=jobs),
        report=progress,
    )


def estimate_problem(
    problem: Problem,
    *,
    precision: float = PRECISION,
    limits: Limits = Limits(),
    seed: int = 0,
    workers: Workers = Workers(),
    report: Report | bool | None = None,
    over: threading.Event | None = None,
) -> RegionEstimate:
    """`estimate_regions` of a problem; raises as that does. It ends as if by a limit when `over` is set."""
    if not 0 < precision < 1:
        raise UsageError(f"{precision} is no precision; write a share between 0 and 1 like 0.05")
    seed = whole_number("seed", seed, least=0, most=_MOST_SEED)
    with watching(limits, report) as watch:
        problem = problem.restricted()
        engine, choice = choose("auto", problem)
        dictionaries = engine.name == "dictionaries"
        sampler = TreeSampler(problem, workers.jobs, over, dictionaries=dictionaries)
        seeds = itertools.count(seed * _SEEDS)
        plan, planned = plan_samples(sampler, seeds)
        seen = max((sample.seen for sample in planned), default=0)
        if planned[-1:] and planned[-1].is_complete and planned[-1].is_whole:
            return _of_samples(problem, planned[-1:], seen, None, choice)
        samples: list[Sample] = []
        enough = FEWEST
        if watch.out_of_time(seen) is None:
            with contextlib.closing(sampler.take(plan, seeds)) as taken:
                for sample in taken:
                    seen = max(seen, sample.seen)
                    if sample.is_complete:
                        samples.append(sample)
                    if sample.is_complete and sample.is_whole:
                        return _of_samples(problem, [sample], seen, None, choice)
                    if watch.out_of_time(seen) is not None or not sample.is_complete:
                        break
                    if len(samples) < enough:
                        continue
                    enough = math.ceil(_LONGER * enough)
                    told = mean_of([one.regions for one in samples], seen)
                    if told is not None and told.precision <= precision:
                        return _of_samples(problem, samples, seen, None, choice)
        stopped_by = watch.out_of_time(seen) or "its caller"
        return _of_samples(problem, samples, seen, stopped_by, choice)


def nothing_known(problem: Problem, seen: int, stopped_by: str) -> RegionEstimate:
    """The estimate that was stopped before there was a sample: a lower bound."""
    return _of_samples(problem, (), seen, stopped_by)


def _of_samples(
    problem: Problem,
    samples: Sequence[Sample],
    seen: int,
    stopped_by: str | None,
    choice: EngineChoice | None = None,
) -> RegionEstimate:
    has_facets = choice is not None and choice.engine != "dictionaries"
    is_exact = len(samples) == 1 and samples[0].is_whole
    if is_exact and not samples[0].regions:
        raise DomainError(NO_INTERIOR)
    regions = [sample.regions for sample in samples]
    told = _exactly(regions) if is_exact else mean_of(regions, seen)

    def of(values: list[float]) -> Interval | None:
        return _exactly(values) if is_exact else None if told is None else mean_of(values)

    def share(values: list[float]) -> Interval | None:
        if is_exact:
            return _exactly([values[0] / regions[0]])
        return None if told is None else ratio_of(values, regions)

    sides = [sample.facet_sides for sample in samples]
    stages = range(len(problem.walls), len(problem.walls) + len(problem.network.widths))
    return RegionEstimate(
        problem=problem,
        num_regions=told,
        rough=float(np.mean(regions)) if samples else None,
        at_least=max(seen, int(problem.has_plain_interior)),
        num_relatively_bounded=of([sample.bounded for sample in samples]),
        per_stage=tuple(of([sample.per_stage[stage] for sample in samples]) for stage in stages),
        num_facets=of([count / 2 for count in sides]) if has_facets else None,
        average_degree=share(sides) if has_facets else None,
        share_bounded=share([sample.bounded for sample in samples]),
        seconds=of([sample.seconds for sample in samples]),
        samples=len(samples),
        exact=is_exact,
        stopped_by=stopped_by,
        engine_choice=choice,
    )


def _exactly(values: Sequence[float]) -> Interval:
    (value,) = values
    return Interval(mean=value, low=value, high=value)
