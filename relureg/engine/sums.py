"""What batches add up to, whoever searched them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from relureg.engine.records import Figures, Predicates
from relureg.errors import DomainError
from relureg.network.problem import Problem

Prefix = tuple[int, ...]
"""The cuts on the way from the whole space to a cell, each the number of its unit plus 1 (the rows of a domain are
counted first), with the sign of the side."""

WHOLE: Prefix = ()
"""The whole space, or the whole domain."""

NO_INTERIOR = "the domain has no interior: it is empty or flat; write a flat by equations (two opposite inequalities)"
"""What is said where a search has found nothing."""

_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Figures of some batches. Those of disjoint batches add up to those of their union."""

    regions: int = 0
    bounded: int = 0
    unclassified: int = 0
    """Regions that a limit left no time to ask whether they are bounded."""
    facet_sides: int = 0
    """Facets, counted once for each region that they bound, without those on the domain's boundary."""
    boundary_facets: int = 0
    per_stage: tuple[int, ...] = ()
    """Regions of the network cut off after each stage; the rows of a domain are its first stage."""
    balance: int = 0
    """Sum of side x mix(facet key) modulo 2^128: 0 when every facet was seen from both its sides."""
    unsummed_sides: int = 0
    """Of the sides of facets, those that parts of a counted cell have in common, which no balance has."""
    counted_cells: int = 0
    """Cells in which the last stage was counted by deletion and restriction."""
    compared_cells: int = 0
    """Of these, cells in which it was searched, too, with the same figures."""
    decisions: int = 0
    exact_decisions: int = 0
    zeros: int = 0
    edges: int = 0
    structural: int = 0
    small_integers: int = 0
    refined: int = 0
    twofold: int = 0
    by_values: int = 0
    modular: int = 0
    identities: int = 0
    remembered: int = 0
    exact_nanoseconds: int = field(default=0, compare=False)
    """Processor time spent in integers of any size."""
    nanoseconds: int = field(default=0, compare=False)
    """Processor time in all."""

    @classmethod
    def of(cls, run: Any) -> Sums:
        """What a compiled run has counted."""
        counted = run.figures()
        balance, per_stage = int(counted.pop("balance"), 16), tuple(counted.pop("per_stage"))
        return cls(balance=balance, per_stage=per_stage, **counted)

    def __add__(self, other: Sums) -> Sums:
        stages = max(len(self.per_stage), len(other.per_stage))
        per_stage = zip(*(s.per_stage + (0,) * (stages - len(s.per_stage)) for s in (self, other)), strict=True)
        numbers = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in dataclasses.fields(Sums)
            if field.name != "per_stage"
        }
        numbers["balance"] %= _MODULUS
        return Sums(per_stage=tuple(a + b for a, b in per_stage), **numbers)

    @property
    def _is_watertight(self) -> bool | None:
        """Whether the sides of all facets that were summed cancel; None where there are facets, but none was summed."""
        if self.facet_sides and self.facet_sides == self.unsummed_sides:
            return None
        return self.balance == 0 and self.facet_sides % 2 == 0

    def figures(self, problem: Problem, *, stopped_by: str | None, has_facets: bool = True) -> Figures:
        """The figures of a run, which a limit may have ended early, or which did not look for facets.

        Raises
        ------
        DomainError
            The run is complete and has found nothing.
        """
        complete = stopped_by is None
        knows_facets = complete and has_facets
        if complete and not self.regions:
            raise DomainError(NO_INTERIOR)
        return Figures(
            regions=self.regions,
            bounded=self.bounded,
            unclassified=self.unclassified,
            per_stage=self.per_stage[len(problem.walls) :],
            inner_facets=self.facet_sides // 2 if knows_facets else None,
            boundary_facets=self.boundary_facets if knows_facets else None,
            is_watertight=self._is_watertight if knows_facets else None,
            predicates=Predicates(
                total=self.decisions,
                exact=self.exact_decisions,
                zero=self.zeros,
                edges=self.edges,
                structural=self.structural,
                small_integers=self.small_integers,
                refined=self.refined,
                twofold=self.twofold,
                by_values=self.by_values,
                modular=self.modular,
                identities=self.identities,
                remembered=self.remembered,
                exact_share=min(self.exact_nanoseconds / self.nanoseconds, 1.0) if self.nanoseconds else 0.0,
            ),
            stopped_by=stopped_by,
            counted_cells=self.counted_cells if has_facets else None,
            compared_cells=self.compared_cells,
        )
