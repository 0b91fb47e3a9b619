"""The Lipschitz constant of a network, exactly: the largest norm of its Jacobian on any region."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked
from relureg.behaviour.jacobian_search import JacobianSearch, Maximum
from relureg.behaviour.norms import NORMS, Enclosure, OperatorNorm
from relureg.engine.limits import Limits, Progress, Workers, watching
from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import SLACK
from relureg.network.domain import Domain
from relureg.network.model import Network

Point = tuple[Fraction, ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LipschitzConstant:
    """The smallest L with ``|f(x) - f(y)|_q <= L |x - y|_p`` on the domain."""

    value: Enclosure
    """Exact but for roots, which lie between two rationals."""
    point: Point
    """(d,): in the interior of a region whose Jacobian has that norm, up to the width of the enclosure."""
    jacobian: RationalMatrix
    """(m, d): of that region."""
    cells: int
    """How many cells the search looked at."""


@checked
def lipschitz_constant(
    network: Network,
    domain: Domain | None = None,
    *,
    p: str = "2",
    q: str = "2",
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> LipschitzConstant:
    """The Lipschitz constant of all outputs together, on a domain or the whole input space.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        With an interior.
    p, q : str, optional
        The norms of inputs and outputs: ``1``, ``2`` or ``inf``.
    timeout : float, optional
        Seconds.
    jobs : int, optional
        Threads of the engine; all cores when left out.
    progress : callable, optional
        Called with a `Progress` every now and then, whose `regions` are the cells looked at so far.

    Raises
    ------
    DomainError
        The domain has no interior, or is one of another number of inputs.
    UsageError
        Another norm, or one that is hard to compute for so many inputs and outputs.
    LimitReachedError
        The time is over; says between what the constant lies.

    Examples
    --------
    >>> import relureg
    >>> found = lipschitz_constant(relureg.load("fixtures/truth/xor.json"), p="inf", q="inf")
    >>> found.value.low, found.value.is_exact
    (Fraction(4, 1), True)
    """
    (found,) = _constants(network, domain, [slice(None)], OperatorNorm(p=p, q=q), timeout, jobs, progress)
    return found


@checked
def lipschitz_constants(
    network: Network,
    domain: Domain | None = None,
    *,
    p: str = "2",
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[LipschitzConstant, ...]:
    """The Lipschitz constant of each output by itself; parameters and errors are those of `lipschitz_constant`."""
    each = [slice(k, k + 1) for k in range(network.output_dim)]
    return _constants(network, domain, each, OperatorNorm(p=p), timeout, jobs, progress)


def _constants(
    network: Network,
    domain: Domain | None,
    groups: Sequence[slice],
    norm: OperatorNorm,
    timeout: float | None,
    jobs: int | None,
    progress: Callable[[Progress], None] | None,
) -> tuple[LipschitzConstant, ...]:
    """Of some groups of outputs each, by one search for all of them."""
    maxima = [NormMaximum(network, outputs, norm) for outputs in groups]
    with watching(Limits(timeout=timeout), progress) as watch:
        search = JacobianSearch(network, domain, maxima, Workers(jobs=jobs), watch, norms=(norm.p, norm.q))
        search.run("the constant is" if len(maxima) == 1 else "the constants are")
    return tuple(maximum.constant(search.cells) for maximum in maxima)


def parse_norms(text: str) -> tuple[str, str]:
    """The norms of inputs and outputs in a text like ``2,inf``; raises `UsageError` for another one."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or any(part not in NORMS for part in parts):
        raise UsageError(f"{text!r} are no norms of inputs and outputs; write 2,2 or 1,inf", where="--norms")
    return parts[0], parts[1]


class NormMaximum(Maximum):
    """The largest norm of the Jacobian of some outputs."""

    def __init__(self, network: Network, outputs: slice, norm: OperatorNorm) -> None:
        super().__init__(network, outputs)
        self.norm = norm
        norm.check_size(self.form.size, network.input_dim)

    def exactly(self, jacobian: RationalMatrix) -> Enclosure:
        return self.norm.of(jacobian.fractions())

    def bounds(self, values: Floats, errors: Floats) -> Floats:
        return self.norm.bound((np.abs(values) + errors) * SLACK)

    def about(self, values: Floats) -> Floats:
        if self.norm.p == self.norm.q == "2" and np.isfinite(values).all():
            return np.asarray(np.linalg.norm(values, 2, axis=(1, 2)))
        return super().about(values)

    def describe(self, search: Any, essential: Sequence[int]) -> None:
        first, last, _ = self.outputs.indices(self.network.output_dim)
        search.add_group(first, last)

    def constant(self, cells: int) -> LipschitzConstant:
        """The largest of all regions."""
        value, point, jacobian = self.found()
        return LipschitzConstant(value=value, point=point, jacobian=jacobian, cells=cells)
