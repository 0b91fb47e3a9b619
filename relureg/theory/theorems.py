"""Theorems about the complexes of ReLU networks, each a check that says holds, violated, or not applicable.

A check gets a `Case`: a complete complex with what several checks need. A new theorem is a function with the decorator
`theorem` in the module of its family.

In a domain, which is convex, degrees and distances are those of the graph of inner facets. Bounds from above hold there
too: a region of a convex domain is a region of the whole space cut by it, and the proofs need convexity alone. Bounds
from below and equations over all faces do not, and say so.

Sources: [FST91], [GB26], [SHR25].
"""

from __future__ import annotations

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.theory import bound_theorems, claimed_theorems, degree_theorems, distance_theorems, structure_theorems
from relureg.theory.theorem import Case, Theorem, Verdict

_FAMILIES = (bound_theorems, degree_theorems, distance_theorems, structure_theorems, claimed_theorems)

THEOREMS: dict[str, Theorem] = {
    entry.name: entry for family in _FAMILIES for entry in vars(family).values() if isinstance(entry, Theorem)
}
"""Every theorem by its name, in the order of reports: that of the families, and in each that of its module."""


@checked
def check_theorems(cells: Complex) -> tuple[Verdict, ...]:
    """The verdict of every theorem on a complex.

    Raises
    ------
    LimitReachedError
        The complex is not complete.

    Examples
    --------
    >>> import relureg
    >>> cells = relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"))
    >>> {verdict.theorem: verdict.detail for verdict in check_theorems(cells)}["average degree in the plane"]
    '24/7 < 4'
    """
    case = Case(cells)
    return tuple(entry.verdict(case) for entry in THEOREMS.values())
