"""Theorems about the structure of a complex: cycles, faces, and the notions of region."""

from __future__ import annotations

from itertools import pairwise

from relureg.complex.linear.notions import LinearRegions
from relureg.theory.comparison import NOT_GENERIC, NOT_WHOLE, Comparison, equal, not_applicable
from relureg.theory.theorem import Case, theorem

_NEEDS_FACES = "needs the faces of every dimension, on the whole space"


@theorem("bipartite", "no odd cycle for one hidden layer, or where facets flip one unit each", "relureg")
def bipartite(case: Case) -> Comparison:
    if len(case.network.stages) > 1 and not case.flips_one_unit:
        return not_applicable(NOT_GENERIC)
    return Comparison(holds=case.graph.is_bipartite, detail="bipartite" if case.graph.is_bipartite else "an odd cycle")


@theorem("path", "for one essential input the regions form a path", "relureg")
def path(case: Case) -> Comparison:
    if case.cells.essential_dim != 1:
        return not_applicable("for one essential input")
    return equal(case.graph.num_facets, case.graph.num_regions - 1)


@theorem("Euler", "the alternating sum of faces is (-1)^rank", "Euler, Poincaré")
def euler(case: Case) -> Comparison:
    if case.f_vector is None:
        return not_applicable(_NEEDS_FACES if case.is_whole_space else NOT_WHOLE)
    return equal(_alternating(case.f_vector), (-1) ** case.cells.essential_dim)


def _alternating(f_vector: tuple[int, ...]) -> int:
    return sum(-count if dim % 2 else count for dim, count in enumerate(f_vector))


@theorem("Euler, bounded faces", "the alternating sum of bounded faces is 1", "Euler, Poincaré")
def euler_bounded(case: Case) -> Comparison:
    if case.f_vector_bounded is None:
        return not_applicable(_NEEDS_FACES if case.is_whole_space else NOT_WHOLE)
    return equal(_alternating(case.f_vector_bounded), 1)


@theorem(
    "notions of region",
    "affine pieces <= closed linear <= open linear <= activation regions <= activation patterns",
    "Stargalla, Hertrich, Reichman, NeurIPS 2025",
)
def notions(case: Case) -> Comparison:
    return notions_in_order(case.cells.linear_regions)


def notions_in_order(regions: LinearRegions) -> Comparison:
    """R6 <= R5 <= R4 <= R2 <= R1, of those that are known."""
    notions = (
        regions.affine_pieces,
        regions.closed_connected,
        regions.open_connected,
        regions.activation_regions,
        regions.activation_patterns,
    )
    values = [value for value in notions if value is not None]
    holds = all(a <= b for a, b in pairwise(values))
    lhs, rhs = next(((a, b) for a, b in pairwise(values) if a > b), (values[0], values[-1]))
    return Comparison(
        holds=holds, lhs=lhs, rhs=rhs, detail=", ".join(map(str, values)) + ("" if holds else " out of order")
    )
