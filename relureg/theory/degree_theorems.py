"""Theorems about the degrees of the region graph."""

from __future__ import annotations

from relureg.theory.comparison import (
    NOT_GENERIC,
    NOT_WHOLE,
    ONE_LAYER,
    Comparison,
    at_most,
    below,
    not_applicable,
    number_text,
)
from relureg.theory.theorem import Case, theorem


@theorem(
    "least degree", "every region has at least rank W^1 neighbours", "relureg; implies Gaines, Bi 2026, Theorem 3.5"
)
def least_degree(case: Case) -> Comparison:
    if not case.is_whole_space:
        return not_applicable(NOT_WHOLE)
    return at_most(case.cells.essential_dim, int(case.graph.degrees.min()))


@theorem("largest degree", "no region has more neighbours than there are units", "relureg")
def largest_degree(case: Case) -> Comparison:
    return at_most(int(case.graph.degrees.max()), case.network.num_units)


@theorem("average degree in the plane", "below 4 for any weights", "relureg, by Euler's formula")
def planar_degree(case: Case) -> Comparison:
    """Inner vertices have four edges or more, and there are F - R + 1 of them: 4 (F - R + 1) <= 2 F.

    Edges that end on the boundary of a domain only add to the right side.
    """
    if case.cells.essential_dim != 2:
        return not_applicable("for two essential inputs")
    return below(case.graph.average_degree, 4)


@theorem(
    "average degree of an arrangement", "at most twice the rank for one hidden layer", "Fukuda, Saito, Tamura 1991"
)
def arrangement_degree(case: Case) -> Comparison:
    """F <= r (R - 1) in any convex domain, by induction.

    A new hyperplane, cut into k regions, makes k regions and k facets, and divides at most (r - 1) (k - 1) others.
    """
    if len(case.network.stages) != 1:
        return not_applicable(ONE_LAYER)
    return at_most(case.graph.average_degree, 2 * case.network.effective_dim)


@theorem(
    "average degree and log2", "at most log2 of the regions where facets flip one unit each", "relureg, by hypercubes"
)
def logarithmic_degree(case: Case) -> Comparison:
    """2 F / R <= log2 R, decided in integers: 4^F <= R^R."""
    if not case.flips_one_unit:
        return not_applicable(NOT_GENERIC)
    regions, facets = case.graph.num_regions, case.graph.num_facets
    floor = regions.bit_length() - 1
    holds = 2 * facets <= regions * floor or 4**facets <= regions**regions
    relation = "<=" if holds else ">"
    detail = f"{number_text(case.graph.average_degree)} {relation} log2 {regions}"
    return Comparison(holds=holds, lhs=case.graph.average_degree, detail=detail)
