"""The Lipschitz constant of a network, exactly: the largest norm of its Jacobian on any region.

The regions pass by as the engine finds them, and none is kept. A bound of each norm in doubles, with its rounding,
leaves few regions whose Jacobian is composed in rationals. That no region is missing is proved as it is for a count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked
from relureg.behaviour.affine_pieces import affine_piece
from relureg.behaviour.norms import NORMS, Enclosure, OperatorNorm
from relureg.behaviour.relaxation import Relaxation
from relureg.engine.limits import Limits, Progress, Workers, watching
from relureg.engine.records import Records
from relureg.engine.split import CompiledRun, merge
from relureg.errors import CheckFailedError, DomainError, LimitReachedError, UsageError
from relureg.exact.numbers import nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import SLACK, UNDERFLOW
from relureg.network.affine_forms import INPUT
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem

Point = tuple[Fraction, ...]
Floats = NDArray[np.float64]
_BATCH = 1024
"""Regions whose norms are bounded at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LipschitzConstant:
    """The smallest L with ``|f(x) - f(y)|_q <= L |x - y|_p`` on the domain."""

    value: Enclosure
    """Exact but for roots, which lie between two rationals."""
    point: Point
    """(d,): in the interior of a region whose Jacobian has that norm, up to the width of the enclosure."""
    jacobian: RationalMatrix
    """(m, d): of that region."""
    regions: int
    """How many regions there are, of which none has a larger norm."""


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
        Called with a `Progress` every now and then.

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
    """Of some groups of outputs each, by one search for the regions, which are the same for all."""
    maxima = [_Maximum(network, outputs, norm) for outputs in groups]
    problem = Problem(network=network, domain=domain)
    if domain is not None and domain.equations is not None:
        raise DomainError(
            "the domain is flat; restrict the network to it by a slice, whose coordinates norms are then of"
        )
    num_regions, relaxation = 0, Relaxation(network)
    with watching(Limits(timeout=timeout), progress) as watch:
        run = CompiledRun(problem, Workers(jobs=jobs, enumerates=True), watch, records=True)
        for chunk in run.chunks():
            records = merge([chunk], problem)
            num_regions += records.num_regions
            for numbers, signs, sizes in _iter_sizes(records, relaxation):
                for maximum in maxima:
                    maximum.take(records, numbers, signs, sizes)
        figures = run.figures()
    if run.stopped_by is not None:
        least = ", ".join(f"{max(nearest_double(maximum.low), 0.0):.10g}" for maximum in maxima)
        what = "constant is" if len(maxima) == 1 else "constants are"
        raise LimitReachedError(
            f"the search was stopped by {run.stopped_by}: the {what} at least {least}, by {num_regions:,} regions"
        )
    if figures.is_watertight is False or figures.regions != num_regions:
        raise CheckFailedError("regions are missing; do not use this result, and please report the network")
    return tuple(maximum.constant(num_regions) for maximum in maxima)


def parse_norms(text: str) -> tuple[str, str]:
    """The norms of inputs and outputs in a text like ``2,inf``; raises `UsageError` for another one."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or any(part not in NORMS for part in parts):
        raise UsageError(f"{text!r} are no norms of inputs and outputs; write 2,2 or 1,inf", where="--norms")
    return parts[0], parts[1]


class _Maximum:
    """The largest norm of the Jacobian of some outputs among regions that pass by."""

    def __init__(self, network: Network, outputs: slice, norm: OperatorNorm) -> None:
        self.network, self.outputs, self.norm = network, outputs, norm
        self.form = network.output.entries(np.arange(network.output_dim)[outputs])
        norm.check_size(self.form.size, network.input_dim)
        self.low = self.high = Fraction(-1)
        self.best: tuple[Point, RationalMatrix] | None = None

    def take(self, records: Records, numbers: NDArray[np.intp], signs: NDArray[np.int8], sizes: Floats) -> None:
        """Look at some regions: the exact norm of those alone whose bound is above the best so far."""
        with np.errstate(all="ignore"):
            bounds = self.norm.bound(sizes[:, self.outputs])
        for k in np.argsort(-bounds).tolist():
            bound = float(bounds[k])
            if math.isfinite(bound) and Fraction(bound) <= self.low:
                break
            self._solve(signs[k], records.point(int(numbers[k])))

    def _solve(self, signs: NDArray[np.int8], point: Point) -> None:
        piece = affine_piece(self.network, self.form, signs)
        jacobian = piece.rows.columns(slice(1, None))
        found = self.norm.of(jacobian.fractions())
        self.high = max(self.high, found.high)
        if found.low > self.low:
            self.low, self.best = found.low, (point, jacobian)

    def constant(self, num_regions: int) -> LipschitzConstant:
        """The largest of all regions."""
        assert self.best is not None
        point, jacobian = self.best
        value = Enclosure(low=self.low, high=self.high)
        return LipschitzConstant(value=value, point=point, jacobian=jacobian, regions=num_regions)


def _iter_sizes(
    records: Records, relaxation: Relaxation
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int8], Floats]]:
    """Batches of regions: their numbers, the signs of their units, and the sizes of the entries of their Jacobians."""
    for first in range(0, records.num_regions, _BATCH):
        numbers = np.arange(first, min(first + _BATCH, records.num_regions))
        # A unit that vanishes on a whole region adds nothing, like one that is not active.
        signs = np.where(records.signs_of(numbers) > 0, 1, -1).astype(np.int8)
        with np.errstate(all="ignore"):
            sizes = sizes_of_jacobians(relaxation, signs)
        yield numbers, signs, sizes


def sizes_of_jacobians(relaxation: Relaxation, signs: NDArray[np.int8]) -> Floats:
    """(K, m, d): no less than the size of each entry of the Jacobian on regions with signs (K, N), and hardly more."""
    count, share, dim = len(signs), relaxation.share, relaxation.dim
    identity = np.tile(np.eye(dim)[:, None], (1, count, 1)).reshape(dim, -1)
    # Entries stand in the order unit, region, input, so that a stage is one product of two matrices.
    value: dict[int, Floats] = {INPUT: identity}
    error: dict[int, Floats] = {INPUT: np.zeros_like(identity)}
    forms = [*relaxation.stages, relaxation.output]
    for number, form in enumerate(forms, start=1):
        found, missed = np.zeros((form.size, count * dim)), np.zeros((form.size, count * dim))
        for source, weights in form.terms.items():
            found += weights @ value[source]
            # What is computed here is off by so much, relative to its terms; what was off before comes through.
            missed += form.absolute[source] @ (share * np.abs(value[source]) + error[source] * SLACK)
        missed = missed * SLACK + UNDERFLOW
        if number <= len(relaxation.stages):
            here = signs[:, relaxation.offsets[number - 1] : relaxation.offsets[number]]
            active = np.repeat(here.T > 0, dim, axis=1)
            value[number], error[number] = np.where(active, found, 0.0), np.where(active, missed, 0.0)
    sizes = ((np.abs(found) + missed) * SLACK).reshape(relaxation.output.size, count, dim)
    return np.asarray(sizes.transpose(1, 0, 2))
