"""Checks by which a result proves itself; a failed one means a defect, never a property of the network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relureg.complex.arrangement import expected_region_count, first_stage_hyperplanes
from relureg.engine.records import Figures
from relureg.network.problem import Problem
from relureg.words import figure

if TYPE_CHECKING:
    from relureg.complex.facets import Facets


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check and how it ended."""

    name: str
    passed: bool | None
    """None where the check does not apply."""
    detail: str
    """What was compared, with the numbers; for a failure, where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexSize:
    """The size of a complex, by which it is checked."""

    problem: Problem
    regions: int
    complete: bool
    """Whether every region is among them."""
    inner_facets: int | None
    """Facets shared by two regions; None when the list of regions is not complete, or nobody looked for them."""
    boundary_facets: int | None
    """Facets on the domain's boundary; None likewise."""

    @classmethod
    def of(cls, problem: Problem, regions: int, facets: Facets | None) -> ComplexSize:
        """That of a complex with these facets; None where the list of regions is not complete."""
        return cls(
            problem=problem,
            regions=regions,
            complete=facets is not None,
            inner_facets=None if facets is None else facets.num_inner,
            boundary_facets=None if facets is None else facets.num_boundary,
        )


def failures(checks: Iterable[Check]) -> list[Check]:
    """Those that failed."""
    return [check for check in checks if check.passed is False]


def balanced(figures: Figures) -> Check:
    """The same for a count that keeps no region: the sides of all facets cancel."""
    if figures.stopped_by is not None:
        return incomplete("watertight")
    if figures.inner_facets is None:
        return Check(name="watertight", passed=None, detail="no facet was looked for: --enumerate does")
    if figures.is_watertight is None:
        return Check(name="watertight", passed=None, detail=_why_unsummed(figures))
    detail = facet_count(figures.inner_facets or 0, figures.boundary_facets or 0)
    if not figures.is_watertight:
        detail = f"the sides of {detail} do not cancel"
    return Check(name="watertight", passed=figures.is_watertight, detail=detail)


def _why_unsummed(figures: Figures) -> str:
    if not figures.counted_cells:
        return "the engine counts without finding regions"
    return "counted in one go, so that no facet was summed: last_stage tells what was compared"


def last_stage(figures: Figures) -> Check:
    """Where the last stage was counted without a search, some cells were searched as well, with the same figures.

    A cell in which they differ ends the run, so this holds wherever a cell was compared.
    """
    name = "last_stage"
    if not figures.counted_cells:
        return Check(name=name, passed=None, detail="searched region by region")
    counted, compared = figures.counted_cells, figures.compared_cells
    cells = f"{counted:,} cell{'s' * (counted != 1)}"
    detail = f"counted by deletion and restriction in {cells}, and searched in {compared:,}"
    return Check(name=name, passed=True if compared else None, detail=detail)


def sides(figures: Figures) -> Check:
    """Where cells are held by dictionaries, each cell that was entered has a point inside and each other side is empty.

    Proofs that fail are no answer: the search asks for others, in the end for a linear program in rationals.
    """
    if figures.stopped_by is not None or figures.predicates is None:
        return incomplete("sides")
    detail = f"each entered with a point inside or proven empty, by {figures.predicates.total:,} answers"
    return Check(name="sides", passed=True, detail=detail)


def incomplete(name: str) -> Check:
    """A check that a limit made impossible."""
    return Check(name=name, passed=None, detail="the list of regions is not complete")


def euler(size: ComplexSize) -> Check:
    """Sum (-1)^k f_k = (-1)^r; facets and regions are the whole f-vector only up to one dimension."""
    if size.inner_facets is None or size.problem.domain is not None or size.problem.essential_dim > 1:
        return Check(name="euler", passed=None, detail="needs faces of every dimension")
    if size.problem.essential_dim == 0:
        return Check(name="euler", passed=size.regions == 1, detail=f"{size.regions} = 1")
    value = size.inner_facets - size.regions
    return Check(name="euler", passed=value == -1, detail=f"{value} = -1")


def closed_form(size: ComplexSize) -> Check:
    """One hidden stage in general position has a known number of regions."""
    name = "closed_form"
    if not size.complete or size.problem.domain is not None or len(size.problem.network.stages) != 1:
        return Check(name=name, passed=None, detail="for one hidden stage on the whole space")
    expected = expected_region_count(first_stage_hyperplanes(size.problem.network), size.regions)
    if expected is None:
        return Check(name=name, passed=None, detail="the hyperplanes are not in general position, or too many to tell")
    return Check(name=name, passed=size.regions == expected, detail=f"{size.regions:,} = {figure(expected)}")


def facet_count(inner: int, boundary: int) -> str:
    """In words."""
    text = f"{inner:,} facet{'s' * (inner != 1)} shared by two regions"
    return f"{text}, {boundary:,} on the domain's boundary" if boundary else text
