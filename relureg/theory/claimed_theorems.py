"""Theorems that are published, but known to be false as stated: reported as comparisons."""

from __future__ import annotations

from relureg.complex.enumeration import enumerate_regions
from relureg.network.editing import without_unit
from relureg.theory.comparison import NOT_GENERIC, NOT_WHOLE, Comparison, at_most, not_applicable
from relureg.theory.theorem import Case, theorem

_GAINES_BI = "Gaines, Bi, Characterizing the discrete geometry of ReLU networks, ICLR 2026"


@theorem(
    "Theorem 3.4", "the average degree is at most 2d", f"{_GAINES_BI}, Theorem 3.4",
    claimed=True,
)  # fmt: skip
def claimed_degree(case: Case) -> Comparison:
    if not case.is_whole_space or not case.flips_one_unit:
        return not_applicable(NOT_GENERIC if case.is_whole_space else NOT_WHOLE)
    return at_most(case.graph.average_degree, 2 * case.network.input_dim)


@theorem(
    "Theorem 3.6", "a unit more in the last layer does not lower the average degree",
    f"{_GAINES_BI}, Theorem 3.6", claimed=True,
)  # fmt: skip
def claimed_monotony(case: Case) -> Comparison:
    if not case.is_whole_space or not case.flips_one_unit:
        return not_applicable(NOT_GENERIC if case.is_whole_space else NOT_WHOLE)
    if case.network.num_units < 2 or not case.network.is_sequential:
        return not_applicable("for at least two units, layer after layer")
    last = len(case.network.stages)
    smaller = Case(enumerate_regions(without_unit(case.network, last, case.network.widths[-1] - 1), jobs=1))
    if not smaller.flips_one_unit:
        return not_applicable(NOT_GENERIC)
    return at_most(smaller.graph.average_degree, case.graph.average_degree)
