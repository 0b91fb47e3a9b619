"""The decision boundary as a cut of the region graph: how few facets it crosses for what it parts.

The boundary runs through regions. So the graph is that of the complex refined by it: each region that it cuts is two or
more, joined by the facets that lie on it, and every region is on one side.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked, finite
from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_problem
from relureg.complex.graph.conductance import Conductance
from relureg.engine.limits import Limits, Workers
from relureg.errors import LimitReachedError
from relureg.exact.numbers import Number, as_fraction
from relureg.network.comparisons import largest_outputs, with_comparisons
from relureg.network.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class CutSide:
    """The regions of one side of the decision boundary, against all others."""

    label: str
    """``f > 0``, or ``class 3``."""
    conductance: Conductance


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCut:
    """The region graph of a complex that is refined by the decision boundary, cut along it."""

    level: Fraction | None
    """Of one output, the level that is the boundary; None where several outputs are compared."""
    num_regions: int
    """Regions of the refined complex."""
    num_facets: int
    """Facets between them."""
    num_crossing: int
    """Facets between regions of different sides."""
    sides: tuple[CutSide, ...]
    """Of one output the part where it is above the level: all that is not, regions on which it is the level all over
    among them, are the other side. Of several outputs each class that has a region, ascending; where outputs tie for
    the largest on a whole region, it belongs to the first of them."""


@checked
def decision_cut(
    cells: Complex,
    level: Fraction | float = 0,
    *,
    max_regions: int | None = None,
    timeout: float | None = None,
) -> DecisionCut:
    """The region graph of a complex refined by its decision boundary, and the conductance of the cut along it.

    Parameters
    ----------
    cells : Complex
    level : number, optional
        Of one output, the level that is the boundary; of several outputs the largest decides.
    max_regions, timeout : optional
        Limits of the search for the refined complex: most regions, and seconds.

    Raises
    ------
    UsageError
        More than `network.comparisons.MAX_CLASSES` outputs are compared, or the level is no finite number.
    LimitReachedError
        A limit was reached before all regions were found.

    Examples
    --------
    >>> import relureg
    >>> cut = relureg.decision_cut(relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json")))
    >>> cut.num_regions, cut.num_crossing, [(side.label, str(side.conductance.value)) for side in cut.sides]
    (5, 2, [('f > 0', '1/2')])
    """
    limits = Limits(max_regions=max_regions, timeout=timeout)
    return find_decision_cut(cells, finite("level", level), limits=limits, workers=Workers(jobs=cells.jobs))


def find_decision_cut(cells: Complex, level: Number, *, limits: Limits, workers: Workers) -> DecisionCut:
    """`decision_cut` within limits, by those who work; raises as that does."""
    network = cells.network
    several = network.output_dim > 1
    levels: list[Fraction] = [] if several else [as_fraction(level)]
    refined = enumerate_problem(
        Problem(network=with_comparisons(network, levels, classes=several), domain=cells.domain),
        cells.engine,
        limits=limits,
        workers=workers,
    )
    if not refined.complete:
        raise LimitReachedError(f"stopped by {refined.stopped_by}: the decision cut needs all regions; look at a box")
    signs = refined.records.signs[:, network.num_units :]
    graph = refined.graph
    if several:
        label = largest_outputs(signs, network.output_dim)
        parts = [(f"class {k}", label == k) for k in np.unique(label).tolist()]
    else:
        label = (signs[:, 0] > 0).astype(np.int64)
        parts = [(f"f > {levels[0]}", label > 0)]
    first, second = graph.edges.T
    return DecisionCut(
        level=levels[0] if levels else None,
        num_regions=refined.num_regions,
        num_facets=graph.num_facets,
        num_crossing=int((label[first] != label[second]).sum()),
        sides=tuple(CutSide(label=text, conductance=graph.conductance(part)) for text, part in parts),
    )
