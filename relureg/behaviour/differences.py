"""Whether two networks are the same function on a domain, proved, or how far they are apart and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from relureg.arguments import checked
from relureg.behaviour.incumbent import Point
from relureg.behaviour.output_ranges import Extremum, maximum_along, unit_directions
from relureg.behaviour.space import Space
from relureg.engine.limits import Limits, Progress, watching
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.subtraction import subtract


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """The largest difference of two networks in one of their outputs."""

    value: Fraction | None
    """``max |a - b|`` over all outputs, exactly; None: it is unbounded."""
    output: int
    """The number of the output, from 0."""
    point: Point
    """(d,): where it is attained; if unbounded, where a ray begins."""
    ray: Point | None
    """(d,): if unbounded, the difference grows without end along ``point + t ray``; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkComparison:
    """What two networks differ in as functions."""

    largest: Deviation | None
    """None: it is proved that they are equal on the domain."""
    cells: int
    """How many cells the search looked at."""

    @property
    def are_equal(self) -> bool:
        return self.largest is None


@checked
def compare_networks(
    one: Network,
    other: Network,
    domain: Domain | None = None,
    *,
    timeout: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> NetworkComparison:
    """The largest difference of two networks in any output, exactly, or the proof that there is none.

    Parameters
    ----------
    one, other : Network
        Of as many inputs and outputs; their stages may differ.
    domain : Domain, optional
        A closed polyhedron; the whole input space when left out.
    timeout : float, optional
        Seconds.
    progress : callable, optional
        Called with a `Progress` every now and then, whose `regions` are the cells looked at so far.

    Raises
    ------
    UsageError
        Inputs or outputs differ in number.
    DomainError
        The domain is empty, or one of another number of inputs.
    LimitReachedError
        The time is over.

    Examples
    --------
    >>> import relureg
    >>> absolute = Network.from_layers([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    >>> compare_networks(absolute, Network.from_layers([[[2]], [[1]]], [[0], [0]]), Domain.box([-1], [3])).largest.value
    Fraction(3, 1)
    """
    if domain is not None:
        domain.check_fits(one)
    apart = subtract(one, other)
    if one == other:
        return NetworkComparison(largest=None, cells=0)
    largest: Deviation | None = None
    cells = 0
    with watching(Limits(timeout=timeout), progress) as watch:
        space = Space.of(domain, one.input_dim)
        for output, direction in enumerate(unit_directions(apart)):
            for sign in (1, -1):
                floor = Fraction(0) if largest is None or largest.value is None else largest.value
                found, looked_at = maximum_along(apart, space, tuple(sign * x for x in direction), watch, floor)
                cells += looked_at
                if found is not None:
                    largest = _deviation(found, output)
                    if found.value is None:
                        return NetworkComparison(largest=largest, cells=cells)
    return NetworkComparison(largest=largest, cells=cells)


def _deviation(found: Extremum, output: int) -> Deviation:
    return Deviation(value=found.value, output=output, point=found.point, ray=found.ray)
