"""Counting without keeping: the figures of a complex in memory that does not grow with its regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relureg.arguments import checked
from relureg.complex import checks
from relureg.complex.checks import Check, ComplexSize
from relureg.complex.result import Result
from relureg.engine.choice import EngineChoice
from relureg.engine.engines import choose
from relureg.engine.limits import Limits, Progress, Report, Workers, watching
from relureg.engine.records import Figures, Predicates
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.showing import Shown
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.complex.complex import Complex


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegionCount(Result, Shown):
    """How many activation regions, and the checks that prove it.

    Examples
    --------
    >>> import relureg
    >>> count = relureg.count_regions(relureg.load("fixtures/truth/rand_3-16-16-1.json"))
    >>> count
    <RegionCount of 'rand_3-16-16-1': 5,092 regions in R^3, 4,184 bounded, 14,762 facets>
    >>> count.num_regions, count.num_bounded, count.per_stage, count.num_facets
    (5092, 4184, (697, 5092), 14762)
    """

    problem: Problem
    """Whose regions were counted."""
    engine: str
    num_regions: int
    """A proven lower bound when not `complete`."""
    num_relatively_bounded: int
    """Regions that contain no ray besides the directions along which the whole complex is invariant."""
    num_bounded: int
    """Regions that are bounded in the input space."""
    per_stage: tuple[int, ...]
    """Regions of the networks cut off after stage 1, 2, ..., L."""
    num_facets: int | None
    """Facets shared by two regions; None when not `complete`."""
    num_boundary_facets: int | None
    """Facets on the domain's boundary, behind which nothing lies; None when not `complete`."""
    checks: tuple[Check, ...]
    predicates: Predicates | None
    """How signs were decided; None for an engine that takes every decision exactly."""
    stopped_by: str | None
    """The limit that ended the count early."""
    num_unclassified: int = 0
    """Regions that a limit left no time to ask whether they are bounded: neither `num_bounded` nor `num_unbounded` has
    them."""
    engine_choice: EngineChoice | None = field(default=None, compare=False)
    """Why that engine; None where a journal or a file tells which one it was."""

    @property
    def num_unbounded(self) -> int:
        return self.num_regions - self.num_bounded - self.num_unclassified

    def __repr__(self) -> str:
        facets = "" if self.num_facets is None else f", {plural(self.num_facets, 'facet')}"
        return f"<RegionCount of {self.found_in(self.num_regions)}, {self.num_bounded:,} bounded{facets}>"


@checked
def count_regions(
    network: Network,
    domain: Domain | None = None,
    engine: str = "auto",
    *,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    audit: bool = False,
    progress: Callable[[Progress], None] | bool | None = None,
    scheduler: Any = None,
    journal: str | Path | None = None,
    keep_regions: bool = False,
    by_enumeration: bool = False,
) -> RegionCount:
    """Count the activation regions of a network, exactly, and prove that none is missing.

    Parameters, errors and limits are those of `enumerate_regions`; the engine ``charpoly`` counts one hidden stage by
    the characteristic polynomial of its hyperplanes, without finding a region. The splitter keeps no region: it adds
    up, over all facets between the cells that the stages before the last one leave, a signed hash that cancels if and
    (but for a chance of 2^-128) only if every facet is seen from either side, divided by the last stage into as many
    parts. In these cells it counts the last stage by deletion and restriction, which visits no region, and searches a
    sample of them as well, to compare. Where there is one such cell only, as with one stage, no facet is summed, and
    the check `watertight` does not apply.

    Parameters
    ----------
    scheduler : str or distributed.Client, optional
        Who does the work, instead of threads: ``tcp://host:port`` of a Dask scheduler, ``local:N`` for N processes on
        this machine, or a client of Dask's.
    journal : str or Path, optional
        A file that keeps what is done. Where it is there already, the run goes on from it; see `resume`.
    keep_regions : bool, optional
        Let the journal keep regions and facets too, as Parquet files beside it; see `stored_graph`.
    by_enumeration : bool, optional
        Let the splitter visit every region, and prove the count by the facets of all of them. Slow; to compare. The
        engine ``lp`` does so anyway, ``charpoly`` cannot.

    Raises
    ------
    UsageError
        The journal is of another network or other options, or another run is writing it; the scheduler does not answer,
        or a worker runs another relureg; the engine cannot work in batches.
    JournalError
        The file is no journal.
    OutputError
        The journal cannot be written; what it holds stays.
    """
    return _count(
        Problem(network=network, domain=domain),
        engine,
        limits=Limits(max_regions=max_regions, timeout=timeout),
        workers=Workers(
            jobs=jobs,
            scheduler=scheduler,
            journal=None if journal is None else Path(journal),
            keeps_records=keep_regions,
            enumerates=by_enumeration,
            audit=audit,
        ),
        report=progress,
    )


@checked
def count_problem(
    problem: Problem,
    engine: str = "auto",
    *,
    limits: Limits = Limits(),
    workers: Workers = Workers(),
    report: Report | bool | None = None,
) -> RegionCount:
    """`count_regions` of a problem, within limits, by those who work; raises as that does.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.Problem(network=relureg.load("fixtures/truth/xor.json"))
    >>> count_problem(xor, limits=Limits(timeout=60), workers=Workers(jobs=1)).num_regions
    3
    """
    return _count(problem, engine, limits=limits, workers=workers, report=report)


def _count(
    problem: Problem, engine: str, *, limits: Limits, workers: Workers, report: Report | bool | None
) -> RegionCount:
    with watching(limits, report) as watch:
        problem = problem.restricted()
        chosen, choice = choose(engine, problem, visits=workers.enumerates)
        chosen.check_fits(workers)
        if chosen.count is not None:
            return count_of_figures(problem, chosen.name, chosen.count(problem, workers, watch), choice)
        from relureg.complex.complex import Complex  # with all that is known of regions that are kept

        found = chosen.finder(problem, workers, watch)
        cells = Complex(
            problem=problem,
            engine=chosen.name,
            records=found.records,
            stopped_by=found.stopped_by,
            engine_choice=choice,
        )
        return _at_least_one(count_of(cells), found.num_proven)


@checked
def resume(
    journal: str | Path,
    *,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
    scheduler: Any = None,
) -> RegionCount:
    """Go on with a count that was interrupted, from its journal alone, on as many cores as there are now.

    Parameters and errors are those of `count_regions`. A run that is complete is only told again.
    """
    from relureg.engine.runs.driver import go_on  # with a database, which a plain count does without

    workers = Workers(jobs=jobs, scheduler=scheduler)
    with watching(Limits(timeout=timeout), progress) as watch:
        driver = go_on(Path(journal), workers, watch)
    engine = "dictionaries" if driver.settings.dictionaries else "split"
    return count_of_figures(driver.settings.problem, engine, driver.figures())


def _at_least_one(counted: RegionCount, proven: int = 0) -> RegionCount:
    """The count itself; where it was stopped before its first region, what a point inside the domain proves."""
    stopped_by = counted.stopped_by
    least = max(proven, int(counted.problem.has_plain_interior))
    if stopped_by is None or counted.num_regions >= least:
        return counted
    nothing = nothing_but(counted.problem, counted.engine, stopped_by, least)
    return replace(nothing, engine_choice=counted.engine_choice)


def count_of(cells: Complex) -> RegionCount:
    """The figures of a complex that has been enumerated."""
    counted = RegionCount(
        problem=cells.problem,
        engine=cells.engine,
        num_regions=cells.num_regions,
        num_relatively_bounded=cells.num_relatively_bounded,
        num_bounded=cells.num_bounded,
        per_stage=cells.per_stage,
        num_facets=cells.facets.num_inner if cells.complete else None,
        num_boundary_facets=cells.facets.num_boundary if cells.complete else None,
        checks=cells.checks,
        predicates=None,
        stopped_by=cells.stopped_by,
        engine_choice=cells.engine_choice,
    )
    return _at_least_one(counted)


def nothing_but(problem: Problem, engine: str, stopped_by: str, regions: int) -> RegionCount:
    """What a count that was stopped before it could tell anything knows: a lower bound of the regions."""
    names = ("watertight", "euler", "closed_form")
    bounded = regions if problem.domain is not None and problem.domain.is_plainly_bounded else 0
    return RegionCount(
        problem=problem,
        engine=engine,
        num_regions=regions,
        num_relatively_bounded=bounded,
        num_bounded=bounded,
        num_unclassified=regions - bounded,
        per_stage=(),
        num_facets=None,
        num_boundary_facets=None,
        checks=tuple(checks.incomplete(name) for name in names),
        predicates=None,
        stopped_by=stopped_by,
    )


def count_of_figures(
    problem: Problem, engine: str, figures: Figures, choice: EngineChoice | None = None
) -> RegionCount:
    """What an engine has counted, with its checks."""
    size = ComplexSize(
        problem=problem,
        regions=figures.regions,
        complete=figures.stopped_by is None,
        inner_facets=figures.inner_facets,
        boundary_facets=figures.boundary_facets,
    )
    counted = RegionCount(
        problem=problem,
        engine=engine,
        num_regions=figures.regions,
        num_relatively_bounded=figures.bounded,
        num_bounded=figures.bounded if problem.essential_dim == problem.network.input_dim else 0,
        num_unclassified=figures.unclassified if problem.essential_dim == problem.network.input_dim else 0,
        per_stage=figures.per_stage,
        num_facets=figures.inner_facets,
        num_boundary_facets=figures.boundary_facets,
        checks=(
            checks.balanced(figures),
            checks.euler(size),
            checks.closed_form(size),
            *(() if figures.counted_cells is None else (checks.last_stage(figures),)),
            *((checks.sides(figures),) if engine == "dictionaries" else ()),
        ),
        predicates=figures.predicates,
        stopped_by=figures.stopped_by,
        engine_choice=choice,
    )
    return _at_least_one(counted)
