"""Theorems about bounds: none is broken, and of two the sharper one is never larger."""

from __future__ import annotations

from itertools import pairwise

from relureg.theory.comparison import Comparison, at_most, number_text
from relureg.theory.theorem import Case, theorem


@theorem("upper bounds", "no more regions than any published upper bound", "the sources of `relureg bounds`")
def upper_bounds(case: Case) -> Comparison:
    regions = case.cells.num_regions
    applicable = [(bound.value, bound.name) for bound in case.bounds if bound.is_upper and bound.value is not None]
    value, name = min(applicable, key=lambda pair: pair[0])
    comparison = at_most(regions, value)
    broken = [name for value, name in applicable if regions > value]
    return Comparison(
        holds=comparison.holds,
        lhs=regions,
        rhs=value,
        detail=f"{comparison.detail} ({'; '.join(broken) or f'{name}, the least of {len(applicable)}'})",
    )


CHAINS = (
    (
        "Serra-Ramalingam 2020, stable units",
        "Serra et al. 2018, by ranks",
        "Serra et al. 2018, Theorem 1",
        "Hinz-van de Geer 2019, binomial",
        "Montúfar 2017",
        "Raghu et al. 2017",
        "trivial",
    ),
    ("Hinz-van de Geer 2019, binomial", "Serra et al. 2018, Theorem 1"),
    ("Zhang-Naitzat-Lim 2018, Thm 6.3", "Raghu et al. 2017", "Zhang-Naitzat-Lim 2018, Thm 6.3"),
    ("Serra et al. 2018, Theorem 1", "product for one input", "Arora et al. 2018, one input"),
    ("Serra et al. 2018, Theorem 5", "product for one input", "Serra et al. 2018, Theorem 5"),
    ("one hidden layer", "Serra et al. 2018, Theorem 1", "one hidden layer"),
    ("one bias-free hidden layer", "bias-free, by a slice"),
    ("one bias-free hidden layer", "one hidden layer"),
    (
        "Pascanu et al. 2013, Theorem 1",
        "Montúfar et al. 2014, Theorem 5",
        "Serra et al. 2018, Theorem 6",
        "Theorem 6 with remainders",
        "Serra et al. 2018, Theorem 1",
    ),
    ("Arora et al. 2018, Theorem 2.11", "Serra et al. 2018, Theorem 7", "Serra et al. 2018, Theorem 1"),
)
"""Bounds of which each is at most the next, where both apply."""


@theorem("dominance", "of two published bounds the sharper one is never larger", "relureg, and the sources")
def dominance(case: Case) -> Comparison:
    values = {bound.name: bound.value for bound in case.bounds if bound.value is not None}
    compared = 0
    for chain in CHAINS:
        for lower, upper in pairwise([name for name in chain if name in values]):
            compared += 1
            if values[lower] > values[upper]:
                detail = f"{lower} = {number_text(values[lower])} > {number_text(values[upper])} = {upper}"
                return Comparison(holds=False, lhs=values[lower], rhs=values[upper], detail=detail)
    return Comparison(holds=True, detail=f"{compared} pairs in order")
