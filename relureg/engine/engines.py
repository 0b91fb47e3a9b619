"""The registry of engines: a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from relureg.engine import lp, split
from relureg.engine.budget import Budget
from relureg.engine.records import Figures, Generators, Records, gather
from relureg.errors import UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """From a network to its regions."""

    name: str
    find: Callable[[Network, Domain | None, Budget], Records]
    """Every region, as columns."""
    count: Callable[[Network, Domain | None, Budget], Figures] | None
    """Figures alone, in memory that does not grow with the regions; None where the engine keeps them anyway."""
    find_generators: Callable[[Network, Domain | None, Budget], tuple[Records, Generators]] | None
    """Every region with its vertices and rays; None for an engine that knows its regions by inequalities alone."""


def _find_by_lp(network: Network, domain: Domain | None, budget: Budget) -> Records:
    return gather(lp.iter_regions(network, domain, budget), network, domain)


ENGINES = {
    "split": Engine(
        name="split",
        find=split.find_records,
        count=split.count_regions,
        find_generators=split.find_generators,
    ),
    "lp": Engine(name="lp", find=_find_by_lp, count=None, find_generators=None),
}

AUTO = "split"
"""The engine that ``auto`` stands for."""


def choose(name: str, network: Network, domain: Domain | None) -> Engine:
    """The engine of that name; raises `UsageError` when there is none, or the domain does not fit."""
    engine = ENGINES.get(AUTO if name == "auto" else name)
    if engine is None:
        raise UsageError(f"there is no engine {name!r}; choose auto, {' or '.join(ENGINES)}")
    if domain is not None:
        domain.check_fits(network)
    return engine
