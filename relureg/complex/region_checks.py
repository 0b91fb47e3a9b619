"""Checks of a list of regions and of its graph, which a count that keeps no region does without."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.complex.arrangement import first_stage_hyperplanes
from relureg.complex.checks import Check, ComplexSize, closed_form, facet_count, incomplete
from relureg.complex.facets import Facets, facet_units
from relureg.complex.graph.region_graph import RegionGraph
from relureg.complex.walk import are_attained
from relureg.engine.gathering import is_witness
from relureg.engine.records import Records
from relureg.errors import LimitReachedError
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.words import figure

MAX_WITNESSES = 2_000
"""Most regions whose point is looked at again; of more, that many evenly spread ones are."""
MAX_WITNESS_WORK = 20_000_000
"""Most products of rationals for that, some seconds: of a wide network with many regions, fewer points."""


def check_regions(size: ComplexSize, records: Records, facets: Facets | None) -> tuple[Check, Check, Check]:
    """Those on the list of regions: `witnesses`, `watertight` and `closed_form`; `facets` as in `ComplexSize.of`."""
    is_watertight = incomplete("watertight") if facets is None else watertight(records, facets)
    return witnesses(size.problem, records), is_watertight, closed_form(size)


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
    return Check(name="watertight", passed=True, detail=facet_count(facets.num_inner, facets.num_boundary))


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
