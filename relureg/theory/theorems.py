"""Theorems about the complexes of ReLU networks, each a check that says holds, violated, or not applicable.

A check gets a `Case`: a complete complex with what several checks need. A new theorem is a function with the decorator
`theorem`. Those marked as claimed are published, but known to be false as stated; they are reported as comparisons.

In a domain, which is convex, degrees and distances are those of the graph of inner facets. Bounds from above hold there
too: a region of a convex domain is a region of the whole space cut by it, and the proofs need convexity alone. Bounds
from below and equations over all faces do not, and say so.

Sources: [FST91], [GB26], [SHR25].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np

from relureg.arguments import checked
from relureg.complex.arrangement import first_stage_hyperplanes
from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_regions
from relureg.complex.linear.notions import LinearRegions
from relureg.errors import LimitReachedError
from relureg.network.editing import without_unit
from relureg.theory.architecture import Architecture
from relureg.theory.published import LINE, Bound, iter_bounds

Number = Fraction | int


class Status(StrEnum):
    """How a check ended."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_APPLICABLE = "not-applicable"
    CLAIMED_VIOLATED = "claimed-violated"
    """A theorem marked as claimed does not hold here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one theorem says about one network."""

    theorem: str
    status: Status
    lhs: Number | None = None
    rhs: Number | None = None
    detail: str = ""
    """The comparison with its numbers, or why the theorem does not apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theorem:
    """One theorem and its check."""

    name: str
    statement: str
    source: str
    is_claimed: bool
    check: Callable[[Case], _Outcome]

    def verdict(self, case: Case) -> Verdict:
        """The check of one complex."""
        outcome = self.check(case)
        if outcome.holds is None:
            status = Status.NOT_APPLICABLE
        elif outcome.holds:
            status = Status.HOLDS
        else:
            status = Status.CLAIMED_VIOLATED if self.is_claimed else Status.VIOLATED
        return Verdict(theorem=self.name, status=status, lhs=outcome.lhs, rhs=outcome.rhs, detail=outcome.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    holds: bool | None
    lhs: Number | None = None
    rhs: Number | None = None
    detail: str = ""


class Case:
    """A complex, and what several theorems ask of it, found once."""

    def __init__(self, cells: Complex) -> None:
        if not cells.complete:
            raise LimitReachedError(f"stopped by {cells.stopped_by}: theorems need every region")
        self.cells = cells
        self.network = cells.network
        self.graph = cells.graph
        self.is_whole_space = cells.domain is None

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        """Every published bound."""
        return tuple(iter_bounds(Architecture.of(self.cells.problem)))

    @cached_property
    def num_hyperplanes(self) -> int:
        """Distinct hyperplanes of the first stage."""
        return first_stage_hyperplanes(self.network).shape[0]

    @cached_property
    def flips_one_unit(self) -> bool:
        """Whether each facet is crossed by one unit alone and no unit vanishes on a region.

        Generic networks do this. The region graph is then a subgraph of the hypercube of activation patterns. Facets on
        a domain's boundary cross nothing.
        """
        records = self.cells.records
        crossed = np.diff(records.facet_starts)[~records.facet_on_boundary]
        return bool((crossed == 1).all()) and not records.vanishing.any()

    @cached_property
    def f_vector(self) -> tuple[int, ...] | None:
        """Faces by dimension in the essential inputs; None where they are not found."""
        return self.cells.f_vector if self.has_faces else None

    @cached_property
    def f_vector_bounded(self) -> tuple[int, ...] | None:
        """The same for bounded faces."""
        return self.cells.f_vector_bounded if self.has_faces else None

    @cached_property
    def has_faces(self) -> bool:
        """Whether the faces of every dimension are looked at: on the whole space, if they are not too many."""
        return self.is_whole_space and self.cells.has_few_faces


THEOREMS: dict[str, Theorem] = {}
"""Every theorem by its name, in the order of reports."""

_Check = Callable[[Case], _Outcome]


def theorem(name: str, statement: str, source: str, *, claimed: bool = False) -> Callable[[_Check], _Check]:
    """Register a check."""

    def register(check: _Check) -> _Check:
        THEOREMS[name] = Theorem(name=name, statement=statement, source=source, is_claimed=claimed, check=check)
        return check

    return register


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


# -- comparing -----------------------------------------------------------------------------------------


def _skip(reason: str) -> _Outcome:
    return _Outcome(holds=None, detail=reason)


def _at_most(lhs: Number, rhs: Number) -> _Outcome:
    holds = lhs <= rhs
    return _Outcome(holds=holds, lhs=lhs, rhs=rhs, detail=f"{_text(lhs)} {'<=' if holds else '>'} {_text(rhs)}")


def _below(lhs: Number, rhs: Number) -> _Outcome:
    holds = lhs < rhs
    return _Outcome(holds=holds, lhs=lhs, rhs=rhs, detail=f"{_text(lhs)} {'<' if holds else '>='} {_text(rhs)}")


def _equal(lhs: Number, rhs: Number) -> _Outcome:
    holds = lhs == rhs
    return _Outcome(holds=holds, lhs=lhs, rhs=rhs, detail=f"{_text(lhs)} {'=' if holds else '!='} {_text(rhs)}")


def _text(value: Number) -> str:
    """A number as reports print it; long integers by their size."""
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    whole = int(value)
    return str(whole) if abs(whole) < 10**18 else f"about 2^{whole.bit_length() - 1}"


_NOT_WHOLE = "for the whole space, not for a domain"
_NOT_CONNECTED = "the graph is not connected"
_NOT_GENERIC = "for networks whose facets flip one unit each"
_ONE_LAYER = "for one hidden layer"


# -- bounds --------------------------------------------------------------------------------------------


@theorem("upper bounds", "no more regions than any published upper bound", "the sources of `relureg bounds`")
def _upper_bounds(case: Case) -> _Outcome:
    regions = case.cells.num_regions
    applicable = [(bound.value, bound.name) for bound in case.bounds if bound.is_upper and bound.value is not None]
    value, name = min(applicable, key=lambda pair: pair[0])
    outcome = _at_most(regions, value)
    broken = [name for value, name in applicable if regions > value]
    return _Outcome(
        holds=outcome.holds,
        lhs=regions,
        rhs=value,
        detail=f"{outcome.detail} ({'; '.join(broken) or f'{name}, the least of {len(applicable)}'})",
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
def _dominance(case: Case) -> _Outcome:
    values = {bound.name: bound.value for bound in case.bounds if bound.value is not None}
    compared = 0
    for chain in CHAINS:
        for lower, upper in pairwise([name for name in chain if name in values]):
            compared += 1
            if values[lower] > values[upper]:
                detail = f"{lower} = {_text(values[lower])} > {_text(values[upper])} = {upper}"
                return _Outcome(holds=False, lhs=values[lower], rhs=values[upper], detail=detail)
    return _Outcome(holds=True, detail=f"{compared} pairs in order")


# -- degrees -------------------------------------------------------------------------------------------


@theorem(
    "least degree", "every region has at least rank W^1 neighbours", "relureg; implies Gaines, Bi 2026, Theorem 3.5"
)
def _least_degree(case: Case) -> _Outcome:
    if not case.is_whole_space:
        return _skip(_NOT_WHOLE)
    return _at_most(case.cells.essential_dim, int(case.graph.degrees.min()))


@theorem("largest degree", "no region has more neighbours than there are units", "relureg")
def _largest_degree(case: Case) -> _Outcome:
    return _at_most(int(case.graph.degrees.max()), case.network.num_units)


@theorem("average degree in the plane", "below 4 for any weights", "relureg, by Euler's formula")
def _planar_degree(case: Case) -> _Outcome:
    """Inner vertices have four edges or more, and there are F - R + 1 of them: 4 (F - R + 1) <= 2 F.

    Edges that end on the boundary of a domain only add to the right side.
    """
    if case.cells.essential_dim != 2:
        return _skip("for two essential inputs")
    return _below(case.graph.average_degree, 4)


@theorem(
    "average degree of an arrangement", "at most twice the rank for one hidden layer", "Fukuda, Saito, Tamura 1991"
)
def _arrangement_degree(case: Case) -> _Outcome:
    """F <= r (R - 1) in any convex domain, by induction.

    A new hyperplane, cut into k regions, makes k regions and k facets, and divides at most (r - 1) (k - 1) others.
    """
    if len(case.network.stages) != 1:
        return _skip(_ONE_LAYER)
    return _at_most(case.graph.average_degree, 2 * case.network.effective_dim)


@theorem(
    "average degree and log2", "at most log2 of the regions where facets flip one unit each", "relureg, by hypercubes"
)
def _logarithmic_degree(case: Case) -> _Outcome:
    """2 F / R <= log2 R, decided in integers: 4^F <= R^R."""
    if not case.flips_one_unit:
        return _skip(_NOT_GENERIC)
    regions, facets = case.graph.num_regions, case.graph.num_facets
    floor = regions.bit_length() - 1
    holds = 2 * facets <= regions * floor or 4**facets <= regions**regions
    relation = "<=" if holds else ">"
    detail = f"{_text(case.graph.average_degree)} {relation} log2 {regions}"
    return _Outcome(holds=holds, lhs=case.graph.average_degree, detail=detail)


# -- distances -----------------------------------------------------------------------------------------


@theorem("connected", "the region graph is connected", "any polyhedral complex with convex support")
def _connected(case: Case) -> _Outcome:
    return _equal(case.graph.num_components, 1)


@theorem("diameter and lines", "at most prod (n_l + 1) - 1 for any weights", "relureg; Gaines, Bi 2026, Theorem 3.8")
def _line_diameter(case: Case) -> _Outcome:
    if not case.graph.is_connected:
        return _skip(_NOT_CONNECTED)
    most = next(bound.value for bound in case.bounds if bound.kind == LINE)
    return _at_most(case.graph.diameter, (most or 1) - 1)


@theorem(
    "diameter and hyperplanes", "at least the distinct hyperplanes of the first layer; equal for one layer", "relureg"
)
def _hyperplane_diameter(case: Case) -> _Outcome:
    if not case.is_whole_space or not case.graph.is_connected:
        return _skip(_NOT_CONNECTED if case.is_whole_space else _NOT_WHOLE)
    if len(case.network.stages) == 1:
        return _equal(case.graph.diameter, case.num_hyperplanes)
    return _at_most(case.num_hyperplanes, case.graph.diameter)


@theorem(
    "diameter and degrees", "at most 1 + N + N (N - 1) + ... regions within the diameter", "Moore; Gaines, Bi 2026"
)
def _moore(case: Case) -> _Outcome:
    if not case.graph.is_connected:
        return _skip(_NOT_CONNECTED)
    regions, units = case.graph.num_regions, case.network.num_units
    total, ring = 1, units
    for _ in range(case.graph.diameter):
        if total >= regions:
            break
        total += ring
        ring *= units - 1
    return _at_most(regions, total)


# -- structure -----------------------------------------------------------------------------------------


@theorem("bipartite", "no odd cycle for one hidden layer, or where facets flip one unit each", "relureg")
def _bipartite(case: Case) -> _Outcome:
    if len(case.network.stages) > 1 and not case.flips_one_unit:
        return _skip(_NOT_GENERIC)
    return _Outcome(holds=case.graph.is_bipartite, detail="bipartite" if case.graph.is_bipartite else "an odd cycle")


@theorem("path", "for one essential input the regions form a path", "relureg")
def _path(case: Case) -> _Outcome:
    if case.cells.essential_dim != 1:
        return _skip("for one essential input")
    return _equal(case.graph.num_facets, case.graph.num_regions - 1)


@theorem("Euler", "the alternating sum of faces is (-1)^rank", "Euler, Poincaré")
def _euler(case: Case) -> _Outcome:
    if case.f_vector is None:
        return _skip("needs the faces of every dimension, on the whole space" if case.is_whole_space else _NOT_WHOLE)
    return _equal(_alternating(case.f_vector), (-1) ** case.cells.essential_dim)


def _alternating(f_vector: tuple[int, ...]) -> int:
    return sum(-count if dim % 2 else count for dim, count in enumerate(f_vector))


@theorem("Euler, bounded faces", "the alternating sum of bounded faces is 1", "Euler, Poincaré")
def _euler_bounded(case: Case) -> _Outcome:
    if case.f_vector_bounded is None:
        return _skip("needs the faces of every dimension, on the whole space" if case.is_whole_space else _NOT_WHOLE)
    return _equal(_alternating(case.f_vector_bounded), 1)


@theorem(
    "notions of region",
    "affine pieces <= closed linear <= open linear <= activation regions <= activation patterns",
    "Stargalla, Hertrich, Reichman, NeurIPS 2025",
)
def _notions(case: Case) -> _Outcome:
    return notions_in_order(case.cells.linear_regions)


def notions_in_order(found: LinearRegions) -> _Outcome:
    """R6 <= R5 <= R4 <= R2 <= R1, of those that are known."""
    notions = (
        found.affine_pieces,
        found.closed_connected,
        found.open_connected,
        found.activation_regions,
        found.activation_patterns,
    )
    values = [value for value in notions if value is not None]
    holds = all(a <= b for a, b in pairwise(values))
    lhs, rhs = next(((a, b) for a, b in pairwise(values) if a > b), (values[0], values[-1]))
    return _Outcome(
        holds=holds, lhs=lhs, rhs=rhs, detail=", ".join(map(str, values)) + ("" if holds else " out of order")
    )


# -- claimed -------------------------------------------------------------------------------------------

_GAINES_BI = "Gaines, Bi, Characterizing the discrete geometry of ReLU networks, ICLR 2026"


@theorem(
    "Theorem 3.4", "the average degree is at most 2d", f"{_GAINES_BI}, Theorem 3.4",
    claimed=True,
)  # fmt: skip
def _claimed_degree(case: Case) -> _Outcome:
    if not case.is_whole_space or not case.flips_one_unit:
        return _skip(_NOT_GENERIC if case.is_whole_space else _NOT_WHOLE)
    return _at_most(case.graph.average_degree, 2 * case.network.input_dim)


@theorem(
    "Theorem 3.6", "a unit more in the last layer does not lower the average degree",
    f"{_GAINES_BI}, Theorem 3.6", claimed=True,
)  # fmt: skip
def _claimed_monotony(case: Case) -> _Outcome:
    if not case.is_whole_space or not case.flips_one_unit:
        return _skip(_NOT_GENERIC if case.is_whole_space else _NOT_WHOLE)
    if case.network.num_units < 2 or not case.network.is_sequential:
        return _skip("for at least two units, layer after layer")
    last = len(case.network.stages)
    smaller = Case(enumerate_regions(without_unit(case.network, last, case.network.widths[-1] - 1), jobs=1))
    if not smaller.flips_one_unit:
        return _skip(_NOT_GENERIC)
    return _at_most(smaller.graph.average_degree, case.graph.average_degree)
