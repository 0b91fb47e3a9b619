"""The range of each partial derivative: the exact least and largest slope on any region, and where it is attained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked
from relureg.behaviour.jacobian_search import JacobianSearch, Maximum
from relureg.behaviour.norms import Enclosure
from relureg.engine.limits import Limits, Progress, Workers, watching
from relureg.exact.rational import RationalMatrix
from relureg.network.domain import Domain
from relureg.network.model import Network

Point = tuple[Fraction, ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivativeExtremum:
    """The largest or smallest value of a partial derivative."""

    value: Fraction
    point: Point
    """(d,): in the interior of a region on which the derivative has this value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivativeRange:
    """All values of a partial derivative on regions lie between these two, which are among them."""

    output: int
    input: int
    minimum: DerivativeExtremum
    maximum: DerivativeExtremum


@checked
def derivative_ranges(
    network: Network,
    domain: Domain | None = None,
    *,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[DerivativeRange, ...]:
    """The exact minimum and maximum of each output's derivative in each input, over all regions.

    Between regions a network has no derivative; those of Clarke are averages of the derivatives around, so that they
    lie between the same two numbers.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        With an interior; the whole input space when left out.
    timeout : float, optional
        Seconds.
    jobs : int, optional
        Threads of the engine; all cores when left out.
    progress : callable, optional
        Called with a `Progress` every now and then, whose `regions` are the cells looked at so far.

    Returns
    -------
    tuple of DerivativeRange
        m d of them: of output 0 in each input, of output 1, ...

    Raises
    ------
    DomainError
        The domain has no interior, or is one of another number of inputs.
    LimitReachedError
        The time is over.

    Examples
    --------
    >>> import relureg
    >>> absolute = Network.from_layers([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    >>> (found,) = derivative_ranges(absolute)
    >>> found.minimum.value, found.maximum.value
    (Fraction(-1, 1), Fraction(1, 1))
    """
    m, d = network.output_dim, network.input_dim
    maxima = [_Derivative(network, k, j, sense) for k in range(m) for j in range(d) for sense in (-1, 1)]
    with watching(Limits(timeout=timeout), progress) as watch:
        search = JacobianSearch(network, domain, maxima, Workers(jobs=jobs), watch)
        search.run("derivatives, each times -1 and 1, are")
    pairs = zip(maxima[::2], maxima[1::2], strict=True)
    return tuple(
        DerivativeRange(output=low.outputs.start, input=low.input, minimum=low.extremum(), maximum=high.extremum())
        for low, high in pairs
    )


class _Derivative(Maximum):
    """Of one output in one input, times a sense."""

    def __init__(self, network: Network, output: int, number: int, sense: int) -> None:
        super().__init__(network, slice(output, output + 1))
        self.input, self.sense = number, sense

    def exactly(self, jacobian: RationalMatrix) -> Enclosure:
        value = self.sense * jacobian.fractions()[0][self.input]
        return Enclosure(low=value, high=value)

    def bounds(self, values: Floats, errors: Floats) -> Floats:
        errors = np.broadcast_to(errors, values.shape)
        # The sum rounds once, up or down.
        return np.nextafter(self.sense * values[:, 0, self.input] + errors[:, 0, self.input], np.inf)

    def describe(self, search: Any, essential: Sequence[int]) -> None:
        """An input that nothing depends on is as good as any: the derivative is 0 on the first region."""
        if self.input in essential:
            search.add_group(self.outputs.start, self.outputs.stop, essential.index(self.input), self.sense)
        else:
            search.add_group(self.outputs.start, self.outputs.stop, essential.index(essential[0]), self.sense)

    def extremum(self) -> DerivativeExtremum:
        value, point, _ = self.found()
        return DerivativeExtremum(value=self.sense * value.low, point=point)
