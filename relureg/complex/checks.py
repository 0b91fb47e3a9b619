"""Checks by which a complex proves itself; a failed one means a defect, never a property of the network."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from relureg.complex.arrangement import first_stage_hyperplanes, generic_region_count
from relureg.complex.facets import facet_units

if TYPE_CHECKING:
    from relureg.complex.complex import Complex


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check and how it ended."""

    name: str
    passed: bool | None
    """None where the check does not apply."""
    detail: str
    """What was compared, with the numbers; for a failure, where."""


def region_checks(cells: Complex) -> tuple[Check, ...]:
    """The checks on the list of regions."""
    return (_witnesses(cells), _watertight(cells), _euler(cells), _closed_form(cells))


def graph_checks(cells: Complex) -> tuple[Check, ...]:
    """The checks on the region graph; they need its diameter."""
    return (_connected(cells), *_diameter(cells))


def failures(checks: Iterable[Check]) -> list[Check]:
    """Those that failed."""
    return [check for check in checks if check.passed is False]


def _witnesses(cells: Complex) -> Check:
    """Every listed region exists, and none twice: the network, in rationals, has its signs at its point."""
    records, signs = cells.records, cells.records.signs
    for region in range(records.num_regions):
        if not (cells.network.exact_signs(records.point(region)) == signs[region]).all():
            return Check(name="witnesses", passed=False, detail=f"region {region} does not have its signs at its point")
    distinct = len(np.unique(signs, axis=0)) if records.num_units else min(records.num_regions, 1)
    if distinct != records.num_regions:
        return Check(
            name="witnesses", passed=False, detail=f"{records.num_regions - distinct} regions are listed twice"
        )
    return Check(name="witnesses", passed=True, detail=f"{records.num_regions:,} distinct sign vectors, each attained")


def _watertight(cells: Complex) -> Check:
    """Every inner facet bounds two regions, from its two sides; then no region is missing."""
    if not cells.complete:
        return Check(name="watertight", passed=None, detail="the list of regions is not complete")
    facets = cells.facets
    if not cells.num_regions:
        return Check(name="watertight", passed=False, detail="no region at all")
    for fault, rows in (
        ("has no partner or several", facets.unmatched),
        ("has both its regions on one side", facets.record[facets.one_sided]),
    ):
        if len(rows):
            row = int(rows[0])
            place = f"region {cells.records.facet_region[row]}, units {facet_units(cells.records, row)}"
            return Check(name="watertight", passed=False, detail=f"{len(rows)} facets; the first ({place}) {fault}")
    boundary = f", {facets.num_boundary:,} on the domain's boundary" if cells.domain else ""
    return Check(name="watertight", passed=True, detail=f"{facets.num_inner:,} facets shared by two regions{boundary}")


def _euler(cells: Complex) -> Check:
    """Sum (-1)^k f_k = (-1)^r; facets and regions are the whole f-vector only up to one dimension."""
    if not cells.complete or cells.domain is not None or cells.essential_dim > 1:
        return Check(name="euler", passed=None, detail="needs faces of every dimension")
    if cells.essential_dim == 0:
        return Check(name="euler", passed=cells.num_regions == 1, detail=f"{cells.num_regions} = 1")
    value = cells.facets.num_inner - cells.num_regions
    return Check(name="euler", passed=value == -1, detail=f"{value} = -1")


def _closed_form(cells: Complex) -> Check:
    """One hidden stage in general position has a known number of regions."""
    name = "closed_form"
    if not cells.complete or cells.domain is not None or len(cells.network.stages) != 1:
        return Check(name=name, passed=None, detail="for one hidden stage on the whole space")
    expected = generic_region_count(first_stage_hyperplanes(cells.network))
    if expected is None:
        return Check(name=name, passed=None, detail="the hyperplanes are not in general position")
    return Check(name=name, passed=cells.num_regions == expected, detail=f"{cells.num_regions:,} = {expected:,}")


def _connected(cells: Complex) -> Check:
    count = cells.graph.num_components
    return Check(name="connected", passed=count == 1, detail=f"{count} component{'s' * (count != 1)}")


def _diameter(cells: Complex) -> tuple[Check, Check]:
    """Bounds that hold for all weights: along a line, and by counting hyperplanes between two regions."""
    if not cells.graph.is_connected:
        unknown = "the graph is not connected"
        return (
            Check(name="diameter_upper", passed=None, detail=unknown),
            Check(name="diameter_lower", passed=None, detail=unknown),
        )
    diameter = cells.graph.diameter
    most = math.prod(width + 1 for width in cells.network.widths) - 1
    upper = Check(name="diameter_upper", passed=diameter <= most, detail=f"{diameter:,} <= {most:,}")
    if cells.domain is not None:
        return upper, Check(name="diameter_lower", passed=None, detail="for the whole space")
    least = first_stage_hyperplanes(cells.network).shape[0]
    if len(cells.network.stages) == 1:
        return upper, Check(name="diameter_lower", passed=diameter == least, detail=f"{diameter} = {least}")
    return upper, Check(name="diameter_lower", passed=diameter >= least, detail=f"{diameter} >= {least}")
