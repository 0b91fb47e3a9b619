"""A theorem and its check, and the complex that is checked, with what several theorems ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from relureg.complex.arrangement import first_stage_hyperplanes
from relureg.complex.complex import Complex
from relureg.errors import LimitReachedError
from relureg.theory.architecture import Architecture
from relureg.theory.bounds import Bound, iter_bounds
from relureg.theory.comparison import Comparison, Number


class Status(StrEnum):
    """How a check ended."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_APPLICABLE = "not-applicable"
    CLAIMED_VIOLATED = "claimed-violated"
    """A theorem marked as claimed does not hold here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one theorem says about one network."""

    theorem: str
    status: Status
    lhs: Number | None = None
    rhs: Number | None = None
    detail: str = ""
    """The comparison with its numbers, or why the theorem does not apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theorem:
    """One theorem and its check."""

    name: str
    statement: str
    source: str
    is_claimed: bool
    check: Callable[[Case], Comparison]

    def verdict(self, case: Case) -> Verdict:
        """The check of one complex."""
        found = self.check(case)
        if found.holds is None:
            status = Status.NOT_APPLICABLE
        elif found.holds:
            status = Status.HOLDS
        else:
            status = Status.CLAIMED_VIOLATED if self.is_claimed else Status.VIOLATED
        return Verdict(theorem=self.name, status=status, lhs=found.lhs, rhs=found.rhs, detail=found.detail)


class Case:
    """A complex, and what several theorems ask of it, found once."""

    def __init__(self, cells: Complex) -> None:
        if not cells.complete:
            raise LimitReachedError(f"stopped by {cells.stopped_by}: theorems need every region")
        self.cells = cells
        self.network = cells.network
        self.graph = cells.graph
        self.is_whole_space = cells.domain is None

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        """Every published bound."""
        return tuple(iter_bounds(Architecture.of(self.cells.problem)))

    @cached_property
    def num_hyperplanes(self) -> int:
        """Distinct hyperplanes of the first stage."""
        return first_stage_hyperplanes(self.network).shape[0]

    @cached_property
    def flips_one_unit(self) -> bool:
        """Whether each facet is crossed by one unit alone and no unit vanishes on a region.

        Generic networks do this. The region graph is then a subgraph of the hypercube of activation patterns. Facets on
        a domain's boundary cross nothing.
        """
        records = self.cells.records
        crossed = np.diff(records.facet_starts)[~records.facet_on_boundary]
        return bool((crossed == 1).all()) and not records.vanishing.any()

    @cached_property
    def f_vector(self) -> tuple[int, ...] | None:
        """Faces by dimension in the essential inputs; None where they are not found."""
        return self.cells.f_vector if self.has_faces else None

    @cached_property
    def f_vector_bounded(self) -> tuple[int, ...] | None:
        """The same for bounded faces."""
        return self.cells.f_vector_bounded if self.has_faces else None

    @cached_property
    def has_faces(self) -> bool:
        """Whether the faces of every dimension are looked at: on the whole space, if they are not too many."""
        return self.is_whole_space and self.cells.has_few_faces


def theorem(
    name: str, statement: str, source: str, *, claimed: bool = False
) -> Callable[[Callable[[Case], Comparison]], Theorem]:
    """Make a check a theorem; one that is claimed is published, but known to be false as stated."""

    def made(check: Callable[[Case], Comparison]) -> Theorem:
        return Theorem(name=name, statement=statement, source=source, is_claimed=claimed, check=check)

    return made
