"""The registry of engines: a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from relureg.arguments import did_you_mean, short
from relureg.engine import charpoly, lp, split
from relureg.engine.budget import Budget
from relureg.engine.records import Figures, Generators, Records, gather, join
from relureg.engine.runs.run_problem import Problem
from relureg.errors import UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """From a network to its regions."""

    name: str
    find: Callable[[Network, Domain | None, Budget], Records] | None
    """Every region, as columns; None where the engine only counts."""
    count: Callable[[Network, Domain | None, Budget], Figures] | None
    """Figures alone, in memory that does not grow with the regions; None where the engine keeps them anyway."""
    works_in_units: bool
    """Whether it can be given to a scheduler, and keep a journal."""
    find_generators: Callable[[Network, Domain | None, Budget], tuple[Records, Generators]] | None
    """Every region with its vertices and rays; None for an engine that knows its regions by inequalities alone."""

    @property
    def finder(self) -> Callable[[Network, Domain | None, Budget], Records]:
        """What finds every region; raises `UsageError` where the engine only counts."""
        if self.find is None:
            raise UsageError(f"the engine {self.name} only counts; choose {_listed('auto', *ENGINES)}")
        return self.find

    def check_fits(self, budget: Budget) -> None:
        """Raise `UsageError` where the budget names a scheduler or a journal and this engine cannot use them."""
        if budget.in_units and not self.works_in_units:
            raise UsageError(f"the engine {self.name} works on one core and keeps no journal; choose split")


def _count_by_split(network: Network, domain: Domain | None, budget: Budget) -> Figures:
    if not budget.in_units:
        return split.count_regions(network, domain, budget)
    from relureg.engine.runs.driver import drive  # with a database, which a plain count does without

    problem = Problem(
        network=network,
        domain=domain,
        audit=budget.audit,
        keeps_records=budget.keeps_records,
        enumerates=budget.enumerates,
    )
    return drive(problem, budget).sums.figures(domain, complete=budget.exhausted is None)


def _find_by_split(network: Network, domain: Domain | None, budget: Budget) -> Records:
    if not budget.in_units:
        return split.find_records(network, domain, budget)
    from relureg.engine.runs.driver import drive

    driver = drive(Problem(network=network, domain=domain, audit=budget.audit, keeps_records=True), budget)
    driver.sums.figures(domain, complete=budget.exhausted is None)  # raises where there is nothing
    return join(driver.records, network.num_units, network.input_dim)


def _find_by_lp(network: Network, domain: Domain | None, budget: Budget) -> Records:
    return gather(lp.iter_regions(network, domain, budget), network, domain)


ENGINES = {
    "split": Engine(
        name="split",
        find=_find_by_split,
        count=_count_by_split,
        works_in_units=True,
        find_generators=split.find_generators,
    ),
    "lp": Engine(name="lp", find=_find_by_lp, count=None, works_in_units=False, find_generators=None),
}

COUNTERS = {
    "charpoly": Engine(
        name="charpoly", find=None, count=charpoly.count_regions, works_in_units=False, find_generators=None
    )
}
"""Engines that count regions without finding them."""

AUTO = "split"
"""The engine that ``auto`` stands for, but for domains with more than `MAX_SLABS` pairs of parallel walls."""

MAX_SLABS = 15
"""The splitter holds a cell by its vertices, of which a box has 2^d; beyond, the referee, which needs none, is faster
(measured for three units in a box: 0.05 s a region in 16 dimensions, where the splitter takes 0.07 to 0.17 s)."""


def choose(name: str, network: Network, domain: Domain | None) -> Engine:
    """The engine of that name; raises `UsageError` when there is none, or the domain does not fit."""
    known = ENGINES | COUNTERS
    if name == "auto":
        name = "lp" if domain is not None and domain.num_slabs > MAX_SLABS else AUTO
    engine = known.get(name)
    if engine is None:
        raise UsageError(
            f"there is no engine {short(name)}{did_you_mean(name, ['auto', *known])}; choose {_listed('auto', *known)}"
        )
    if domain is not None:
        domain.check_fits(network)
    return engine


def _listed(*names: str) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}"
