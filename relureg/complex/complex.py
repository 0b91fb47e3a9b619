"""The polyhedral complex of a network: its activation regions, their facets, and what proves them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from relureg.complex import checks
from relureg.complex.checks import Check, Tally
from relureg.complex.facets import Facets, match_facets
from relureg.complex.graph import RegionGraph
from relureg.engine.budget import Budget, Progress
from relureg.engine.engines import choose_finder
from relureg.engine.records import Point, Records
from relureg.errors import LimitReachedError
from relureg.network.domain import Domain, essential_inputs
from relureg.network.model import Network


@dataclass(frozen=True, kw_only=True, eq=False)
class Complex:
    """All activation regions of a network, over the whole input space or inside a domain.

    Regions are numbered 0..R-1 in the order of their sign vectors (-, 0, +), whatever the engine.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
    >>> xor.num_regions, xor.facets.num_inner, xor.graph.diameter
    (3, 2, 2)
    >>> [xor.pattern(region) for region in range(3)]
    ['00', '10', '11']
    >>> all(check.passed is not False for check in xor.checks)
    True
    """

    network: Network
    domain: Domain | None
    """None is the whole input space."""
    engine: str
    """The engine that found the regions."""
    records: Records
    stopped_by: str | None
    """The limit that ended the run early; None when every region is here."""

    @property
    def complete(self) -> bool:
        """Whether every region is here; otherwise each one that is here is proven, and more exist."""
        return self.stopped_by is None

    # -- regions -----------------------------------------------------------------------------------

    @property
    def num_regions(self) -> int:
        """R, the number of activation regions; a proven lower bound when not `complete`."""
        return self.records.num_regions

    @cached_property
    def essential_dim(self) -> int:
        """The dimension that carries the complex: the rank of all rows applied to the input."""
        return len(essential_inputs(self.network, self.domain))

    @property
    def num_relatively_bounded(self) -> int:
        """Regions that contain no ray besides the directions along which the whole complex is invariant."""
        return int(self.records.bounded.sum())

    @property
    def num_bounded(self) -> int:
        """Regions that are bounded in the input space: none where the complex is invariant along a line."""
        return self.num_relatively_bounded if self.essential_dim == self.network.input_dim else 0

    @property
    def num_unbounded(self) -> int:
        return self.num_regions - self.num_bounded

    @cached_property
    def per_stage(self) -> tuple[int, ...]:
        """Regions of the networks cut off after stage 1, 2, ..., L, seen through the regions here."""
        signs = self.records.signs
        ends = np.cumsum(self.network.widths)
        return tuple(len(np.unique(signs[:, :end], axis=0)) for end in ends)

    def pattern(self, region: int) -> str:
        """The activation pattern: 1 for an active unit, stages separated by ``|``."""
        bits = "".join("1" if sign > 0 else "0" for sign in self.records.signs[region])
        ends = np.cumsum([0, *self.network.widths]).tolist()
        return "|".join(bits[start:end] for start, end in itertools.pairwise(ends))

    def point(self, region: int) -> Point:
        """An exact point inside a region."""
        return self.records.point(region)

    # -- facets and graph --------------------------------------------------------------------------

    @cached_property
    def facets(self) -> Facets:
        """The facets, each once.

        Raises
        ------
        LimitReachedError
            A limit stopped the enumeration, so that facets lack their second region.
        """
        if not self.complete:
            raise LimitReachedError(
                f"stopped by {self.stopped_by} after {self.num_regions:,} regions: facets and graph need all of them"
            )
        return match_facets(self.records)

    @cached_property
    def graph(self) -> RegionGraph:
        """The region graph; raises as `facets` does."""
        return RegionGraph.from_facets(self.num_regions, self.facets.regions, checks.most_steps(self.network))

    # -- proof -------------------------------------------------------------------------------------

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The checks that the list of regions passed or failed."""
        tally = Tally(
            network=self.network,
            domain=self.domain,
            essential_dim=self.essential_dim,
            regions=self.num_regions,
            inner_facets=self.facets.num_inner if self.complete else None,
        )
        return (
            checks.witnesses(self.network, self.domain, self.records),
            checks.watertight(self.records, self.facets) if self.complete else checks.incomplete("watertight"),
            checks.euler(tally),
            checks.closed_form(tally),
        )

    @cached_property
    def graph_checks(self) -> tuple[Check, ...]:
        """The checks on the region graph; they need its diameter."""
        return checks.connected(self.graph), *checks.diameter(self.network, self.domain, self.graph)


def enumerate_regions(
    network: Network,
    domain: Domain | None = None,
    engine: str = "auto",
    *,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    audit: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Complex:
    """Find every activation region of a network, exactly.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        Only the part of the complex inside; the whole input space when left out.
    engine : {"auto", "split", "lp"}, optional
        ``split`` (the default) is the compiled splitter, ``lp`` the referee: exact rational linear programs,
        slow. Both are exact and give the same regions, facets and order.
    max_regions : int, optional
    timeout : float, optional
        Seconds. When a limit stops the run the result has ``complete`` False and holds the regions found.
    jobs : int, optional
        Threads of the splitter; all cores when left out. The result does not depend on it.
    audit : bool, optional
        Let the splitter decide every predicate in doubles and in integers, and stop on a contradiction. Slow.
    progress : callable, optional
        Called with a `Progress` every now and then.

    Returns
    -------
    Complex

    Raises
    ------
    DomainError
        The domain does not fit the network or has no interior.
    EngineUnavailableError
        The engine needs a package that is not installed.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    >>> relureg.enumerate_regions(network).num_regions
    49
    >>> relureg.enumerate_regions(network, relureg.Domain.box([-10, -10], [10, 10])).num_regions
    48
    """
    name, find = choose_finder(engine, network, domain)
    budget = Budget(max_regions=max_regions, timeout=timeout, jobs=jobs, audit=audit, report=progress)
    records = find(network, domain, budget)
    return Complex(network=network, domain=domain, engine=name, records=records, stopped_by=budget.exhausted)
