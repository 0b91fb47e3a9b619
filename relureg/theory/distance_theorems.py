"""Theorems about the distances in the region graph."""

from __future__ import annotations

from relureg.theory.comparison import NOT_CONNECTED, NOT_WHOLE, Comparison, at_most, equal, not_applicable
from relureg.theory.published import LINE
from relureg.theory.theorem import Case, theorem


@theorem("connected", "the region graph is connected", "any polyhedral complex with convex support")
def connected(case: Case) -> Comparison:
    return equal(case.graph.num_components, 1)


@theorem("diameter and lines", "at most prod (n_l + 1) - 1 for any weights", "relureg; Gaines, Bi 2026, Theorem 3.8")
def line_diameter(case: Case) -> Comparison:
    if not case.graph.is_connected:
        return not_applicable(NOT_CONNECTED)
    most = next(bound.value for bound in case.bounds if bound.kind == LINE)
    return at_most(case.graph.diameter, (most or 1) - 1)


@theorem(
    "diameter and hyperplanes", "at least the distinct hyperplanes of the first layer; equal for one layer", "relureg"
)
def hyperplane_diameter(case: Case) -> Comparison:
    if not case.is_whole_space or not case.graph.is_connected:
        return not_applicable(NOT_CONNECTED if case.is_whole_space else NOT_WHOLE)
    if len(case.network.stages) == 1:
        return equal(case.graph.diameter, case.num_hyperplanes)
    return at_most(case.num_hyperplanes, case.graph.diameter)


@theorem(
    "diameter and degrees", "at most 1 + N + N (N - 1) + ... regions within the diameter", "Moore; Gaines, Bi 2026"
)
def moore(case: Case) -> Comparison:
    if not case.graph.is_connected:
        return not_applicable(NOT_CONNECTED)
    regions, units = case.graph.num_regions, case.network.num_units
    total, ring = 1, units
    for _ in range(case.graph.diameter):
        if total >= regions:
            break
        total += ring
        ring *= units - 1
    return at_most(regions, total)
