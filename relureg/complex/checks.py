"""Checks by which a result proves itself; a failed one means a defect, never a property of the network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.arguments import figure
from relureg.complex.arrangement import expected_region_count, first_stage_hyperplanes
from relureg.complex.facets import Facets, facet_units
from relureg.complex.graph.region_graph import RegionGraph
from relureg.complex.walk import are_attained
from relureg.engine.records import Figures, Records, is_witness
from relureg.errors import LimitReachedError
from relureg.network.model import Network
from relureg.network.problem import Problem

MAX_WITNESSES = 2_000
"""Most regions whose point is looked at again; of more, that many evenly spread ones are."""
MAX_WITNESS_WORK = 20_000_000
"""Most products of rationals for that, some seconds: of a wide network with many regions, fewer points."""


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


def failures(checks: Iterable[Check]) -> list[Check]:
    """Those that failed."""
    return [check for check in checks if check.passed is False]


def witnesses(problem: Problem, records: Records) -> Check:
    """Every listed region exists, and none twice: the network, in rationals, has its signs at its point.

    The engine has certified each point already; this asks the network itself again, which shares nothing with it.
    """
    signs = records.signs
    count = records.num_regions
    weights = sum(m.num_held for stage in problem.network.stages for m in stage.pre_activation.terms.values())
    most = MAX_WITNESSES if count <= MAX_WITNESSES else max(100, min(MAX_WITNESSES, MAX_WITNESS_WORK // (weights or 1)))
    looked_at = range(count) if count <= most else np.linspace(0, count - 1, most).astype(int).tolist()
    try:
        for region, is_attained in _are_attained(problem, records, signs, looked_at):
            if not is_attained:
                detail = f"region {region} does not have its signs at its point, or the point is outside the domain"
                return Check(name="witnesses", passed=False, detail=detail)
    except LimitReachedError as error:  # the engine has certified each region: none of them is lost
        return Check(name="witnesses", passed=None, detail=f"left out: {error}")
    distinct = records.num_distinct
    if distinct != count:
        return Check(name="witnesses", passed=False, detail=f"{count - distinct} regions are listed twice")
    attained = "each attained" if count <= most else f"{most:,} of them attained again"
    return Check(name="witnesses", passed=True, detail=f"{count:,} distinct sign vectors, {attained}")


def _are_attained(
    problem: Problem, records: Records, signs: NDArray[np.int8], regions: Sequence[int]
) -> Iterator[tuple[int, bool]]:
    """For some regions, whether the point of each is in the domain and has its signs."""
    network, domain = problem.network, problem.domain
    if network.input_dim != 1:
        for region in regions:
            stopping.check()
            yield region, is_witness(records.point(region), signs[region], problem)
        return
    points = [records.point(region) for region in regions]
    for number, is_attained in are_attained(network, [t for (t,) in points], signs[list(regions)]):
        yield regions[number], is_attained and (domain is None or domain.has_inside(points[number]))


def watertight(records: Records, facets: Facets) -> Check:
    """Every inner facet bounds two regions, from its two sides; then no region is missing."""
    if not records.num_regions:
        return Check(name="watertight", passed=False, detail="no region at all")
    for fault, rows in (
        ("has no partner or several", facets.unmatched),
        ("has both its regions on one side", facets.record[facets.one_sided]),
    ):
        if len(rows):
            row = int(rows[0])
            place = f"region {records.facet_region[row]}, units {facet_units(records, row)}"
            detail = f"{len(rows)} facets; the first ({place}) {fault}"
            return Check(name="watertight", passed=False, detail=detail)
    return Check(name="watertight", passed=True, detail=_facet_count(facets.num_inner, facets.num_boundary))


def balanced(figures: Figures) -> Check:
    """The same for a count that keeps no region: the sides of all facets cancel."""
    if figures.stopped_by is not None:
        return incomplete("watertight")
    if figures.inner_facets is None:
        return Check(name="watertight", passed=None, detail="no facet was looked for: --enumerate does")
    if figures.is_watertight is None:
        return Check(name="watertight", passed=None, detail="the engine counts without finding regions")
    detail = _facet_count(figures.inner_facets or 0, figures.boundary_facets or 0)
    if not figures.is_watertight:
        detail = f"the sides of {detail} do not cancel"
    return Check(name="watertight", passed=figures.is_watertight, detail=detail)


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


def connected(graph: RegionGraph) -> Check:
    """The region graph of a polyhedral complex is connected."""
    count = graph.num_components
    return Check(name="connected", passed=count == 1, detail=f"{count} component{'s' * (count != 1)}")


def diameter(problem: Problem, graph: RegionGraph) -> tuple[Check, Check]:
    """Bounds that hold for all weights: along a line, and by counting hyperplanes between two regions."""
    if not graph.is_connected:
        unknown = "the graph is not connected"
        return (
            Check(name="diameter_upper", passed=None, detail=unknown),
            Check(name="diameter_lower", passed=None, detail=unknown),
        )
    found = graph.diameter
    network = problem.network
    most = most_steps(network)
    upper = Check(name="diameter_upper", passed=found <= most, detail=f"{found:,} <= {figure(most)}")
    if problem.domain is not None:
        return upper, Check(name="diameter_lower", passed=None, detail="for the whole space")
    least = first_stage_hyperplanes(network).shape[0]
    if len(network.stages) == 1:
        return upper, Check(name="diameter_lower", passed=found == least, detail=f"{found} = {least}")
    return upper, Check(name="diameter_lower", passed=found >= least, detail=f"{found} >= {least}")


def most_steps(network: Network) -> int:
    """An upper bound of the diameter, for all weights and any convex domain.

    Two regions have a generic segment between them. Along it, each unit of stage l cuts each piece left by the stages
    before at most once: prod (n_l + 1) - 1 steps. With one stage, each distinct hyperplane is crossed at most once.
    """
    if len(network.stages) == 1:
        return first_stage_hyperplanes(network).shape[0]
    return math.prod(width + 1 for width in network.widths) - 1


def _facet_count(inner: int, boundary: int) -> str:
    text = f"{inner:,} facet{'s' * (inner != 1)} shared by two regions"
    return f"{text}, {boundary:,} on the domain's boundary" if boundary else text
