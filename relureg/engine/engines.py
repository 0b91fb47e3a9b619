"""The registry of engines: a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from relureg.engine import dictionaries, split
from relureg.engine.choice import EngineChoice, choose_name
from relureg.engine.gathering import gather, join
from relureg.engine.limits import Watch, Workers
from relureg.engine.records import Enumeration, Figures
from relureg.engine.runs.settings import RunSettings
from relureg.errors import UsageError
from relureg.network.problem import Problem
from relureg.words import did_you_mean, short


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """From a network to its regions."""

    name: str
    find: Callable[[Problem, Workers, Watch], Enumeration] | None
    """Every region, as columns; None where the engine only counts."""
    count: Callable[[Problem, Workers, Watch], Figures] | None
    """Figures alone, in memory that does not grow with the regions; None where the engine keeps them anyway."""
    works_in_batches: bool
    """Whether it can be given to a scheduler, and keep a journal."""
    find_generators: Callable[[Problem, Workers, Watch], Enumeration] | None
    """Every region with its vertices and rays; None for an engine that knows its regions by inequalities alone."""
    is_compiled: bool = False
    """Whether it hands regions over while it searches, in memory that does not grow with them."""

    @property
    def finder(self) -> Callable[[Problem, Workers, Watch], Enumeration]:
        """What finds every region; raises `UsageError` where the engine only counts."""
        if self.find is None:
            raise UsageError(f"the engine {self.name} only counts; choose {_listed('auto', *ENGINES)}")
        return self.find

    def check_fits(self, workers: Workers) -> None:
        """Raise `UsageError` where this engine cannot use a scheduler or a journal, or visit every region, as asked."""
        if workers.enumerates and self.find is None:
            raise UsageError(f"the engine {self.name} visits no region; choose split, or leave out --enumerate")
        if workers.in_batches and not self.works_in_batches:
            raise UsageError(
                f"the engine {self.name} works on one core and keeps no journal; choose split or dictionaries"
            )


def _count_by_split(problem: Problem, workers: Workers, watch: Watch) -> Figures:
    return _count_in_batches(problem, workers, watch) or split.count_regions(problem, workers, watch)


def _find_by_split(problem: Problem, workers: Workers, watch: Watch) -> Enumeration:
    return _find_in_batches(problem, workers, watch) or split.find_records(problem, workers, watch)


def _count_by_dictionaries(problem: Problem, workers: Workers, watch: Watch) -> Figures:
    found = _count_in_batches(problem, workers, watch, dictionaries=True)
    return found or dictionaries.count_regions(problem, workers, watch)


def _find_by_dictionaries(problem: Problem, workers: Workers, watch: Watch) -> Enumeration:
    found = _find_in_batches(problem, workers, watch, dictionaries=True)
    return found or dictionaries.find_records(problem, workers, watch)


def _count_in_batches(
    problem: Problem, workers: Workers, watch: Watch, *, dictionaries: bool = False
) -> Figures | None:
    """The figures of a run with a scheduler or a journal; None where there is neither."""
    if not workers.in_batches:
        return None
    from relureg.engine.runs.driver import drive  # with a database, which a plain count does without

    settings = RunSettings(
        problem=problem,
        audit=workers.audit,
        keeps_records=workers.keeps_records,
        enumerates=workers.enumerates,
        dictionaries=dictionaries,
    )
    return drive(settings, workers, watch).figures()


def _find_in_batches(
    problem: Problem, workers: Workers, watch: Watch, *, dictionaries: bool = False
) -> Enumeration | None:
    """The regions that a run with a scheduler finds; None where there is none."""
    if not workers.in_batches:
        return None
    from relureg.engine.runs.driver import drive

    settings = RunSettings(problem=problem, audit=workers.audit, keeps_records=True, dictionaries=dictionaries)
    driver = drive(settings, workers, watch)
    driver.figures()  # raises where there is nothing
    records = join(driver.records, problem.network.num_units, problem.network.input_dim)
    return Enumeration(records=records, stopped_by=driver.stopped_by)


def _find_by_lp(problem: Problem, workers: Workers, watch: Watch) -> Enumeration:
    from relureg.engine import lp

    regions, stopped_by = lp.find_regions(problem, watch)
    return Enumeration(records=gather(regions, problem), stopped_by=stopped_by, num_proven=1)


def _count_by_charpoly(problem: Problem, workers: Workers, watch: Watch) -> Figures:
    from relureg.engine import charpoly

    return charpoly.count_regions(problem, watch)


ENGINES = {
    "split": Engine(
        name="split",
        find=_find_by_split,
        count=_count_by_split,
        works_in_batches=True,
        find_generators=split.find_generators,
        is_compiled=True,
    ),
    "dictionaries": Engine(
        name="dictionaries",
        find=_find_by_dictionaries,
        count=_count_by_dictionaries,
        works_in_batches=True,
        find_generators=None,
        is_compiled=True,
    ),
    "lp": Engine(name="lp", find=_find_by_lp, count=None, works_in_batches=False, find_generators=None),
}

COUNTERS = {
    "charpoly": Engine(
        name="charpoly", find=None, count=_count_by_charpoly, works_in_batches=False, find_generators=None
    )
}
"""Engines that count regions without finding them."""


def choose(name: str, problem: Problem, *, visits: bool = False) -> tuple[Engine, EngineChoice]:
    """The engine of that name for a problem, which counts its regions or visits each of them, and why it is that one.

    Raises `UsageError` when there is none.
    """
    choice = choose_name(name, problem, visits=visits)
    engine = ENGINES.get(choice.engine) or COUNTERS.get(choice.engine)
    if engine is None:
        known = [*ENGINES, *COUNTERS]
        raise UsageError(
            f"there is no engine {short(name)}{did_you_mean(name, ['auto', *known])}; choose {_listed('auto', *known)}"
        )
    return engine, choice


def _listed(*names: str) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}"
