"""The largest norms, or entries, of Jacobians on the regions of a network, by branch and bound over sign prefixes.

The search is that of the engine ``dictionaries``, whose cells are all proved to be there and whose absent sides are
proved absent: a cell is closed where a bound in it, safe in doubles, is no larger than what is attained
(``norm_cut.hpp``). Points at which the network is steep give something to begin with. Rounds first ask for twice as
much, for half as much again, ...: each that ends proves an upper bound, should a limit end the next one. The Jacobians
of the few regions that are left are composed in rationals.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.behaviour.affine_pieces import affine_piece
from relureg.behaviour.norms import Enclosure
from relureg.behaviour.open_stages import derivative_bounds, output_weights
from relureg.behaviour.optima import value_at
from relureg.behaviour.relaxation import Relaxation
from relureg.behaviour.space import Space
from relureg.behaviour.steep_points import steep_points
from relureg.engine.limits import Watch, Workers
from relureg.engine.records import Records
from relureg.engine.split import CompiledRun, merge, module, unit_scales
from relureg.engine.sums import NO_INTERIOR
from relureg.errors import DomainError, LimitReachedError
from relureg.exact.numbers import double_below, nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import SLACK, UNDERFLOW
from relureg.network.affine_forms import INPUT
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem

Point = tuple[Fraction, ...]
Floats = NDArray[np.float64]

_BATCH = 1024
"""Regions that are bounded at once."""
_POINTS = 4
"""Points whose Jacobian is found exactly before the search."""
_SLACKS = (Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 16), Fraction(1, 32), Fraction(0))
"""By how much more than what is attained, relative to it, the rounds of a search ask for."""


class Maximum(ABC):
    """The largest value of a function of the Jacobian of some outputs."""

    def __init__(self, network: Network, outputs: slice) -> None:
        self.network, self.outputs = network, outputs
        self.form = network.output.entries(np.arange(network.output_dim)[outputs])
        self.low: Fraction | float = -math.inf
        self.high: Fraction | float = -math.inf
        self.best: tuple[Point, RationalMatrix] | None = None
        self.closed_above: Fraction | float = math.inf
        """No region has a larger value, as far as is proved."""

    @abstractmethod
    def exactly(self, jacobian: RationalMatrix) -> Enclosure:
        """The value of a Jacobian (m, d)."""

    @abstractmethod
    def bounds(self, values: Floats, errors: Floats) -> Floats:
        """(K,): no less than the values of Jacobians (K, m, d) of these outputs that are known up to errors."""

    def about(self, values: Floats) -> Floats:
        """(K,): about the values of Jacobians (K, m, d) of these outputs."""
        return self.bounds(values, np.zeros(1))

    @abstractmethod
    def describe(self, search: Any, essential: Sequence[int]) -> None:
        """Tell the compiled search what is looked for."""

    def take(
        self, records: Records, numbers: NDArray[np.intp], signs: NDArray[np.int8], values: Floats, errors: Floats
    ) -> None:
        """Look at some regions: exactly at those alone whose bound is above the best so far."""
        with np.errstate(all="ignore"):
            bounds = self.bounds(values[:, self.outputs], errors[:, self.outputs])
        bounds = np.where(np.isnan(bounds), np.inf, bounds)
        for k in np.argsort(-bounds).tolist():
            bound = float(bounds[k])
            if math.isfinite(bound) and Fraction(bound) <= self.low:
                break
            self._solve(signs[k], records.point(int(numbers[k])))

    def try_point(self, point: Point, space: Space) -> None:
        """The value at a point, if that is in the interior of a region and of the space."""
        bounds = zip(point, space.low, space.high, strict=True)
        if not all((lo is None or lo < x) and (hi is None or x < hi) for x, lo, hi in bounds):
            return
        signs = self.network.exact_signs(point)
        if signs.all() and all(value_at(row, point) > 0 for row in space.rows):
            self._solve(signs, point)

    def _solve(self, signs: NDArray[np.int8], point: Point) -> None:
        jacobian = affine_piece(self.network, self.form, signs).rows.columns(slice(1, None))
        found = self.exactly(jacobian)
        self.high = max(self.high, found.high)
        if found.low > self.low:
            self.low, self.best = found.low, (point, jacobian)

    def found(self) -> tuple[Enclosure, Point, RationalMatrix]:
        """The largest value, a point in a region that has it, and its Jacobian."""
        assert self.best is not None
        return Enclosure(low=Fraction(self.low), high=Fraction(self.high)), *self.best

    def enclosure_so_far(self) -> str:
        """What is proved by now."""
        known = [] if math.isinf(self.low) else [f"at least {_shown(Fraction(self.low), up=False)}"]
        if not math.isinf(self.closed_above):
            known.append(f"at most {_shown(Fraction(self.closed_above), up=True)}")
        return " and ".join(known) or "not known at all"


class JacobianSearch:
    """One search for some maxima, on the whole space or the interior of a domain.

    Raises
    ------
    DomainError
        The domain has no interior.
    """

    def __init__(
        self,
        network: Network,
        domain: Domain | None,
        maxima: Sequence[Maximum],
        workers: Workers,
        watch: Watch,
        norms: tuple[str, str] = ("2", "2"),
    ) -> None:
        if domain is not None and domain.equations is not None:
            raise DomainError(
                "the domain is flat; restrict the network to it by a slice, whose coordinates norms are then of"
            )
        self.problem = Problem(network=network, domain=domain)
        self.space = Space.of(domain, network.input_dim)
        if not self.space.is_full:
            raise DomainError(NO_INTERIOR)
        self.maxima, self.workers, self.watch, self.norms = maxima, workers, watch, norms
        self.relaxation = Relaxation(network)
        self.cells = 0
        """How many cells were looked at."""

    def run(self, what: str) -> None:
        """Find all maxima; in messages they are called so.

        Raises
        ------
        LimitReachedError
            A limit was reached; says between what the maxima lie.
        """
        if not self.problem.network.num_units or not self.problem.essential_inputs:
            for maximum in self.maxima:  # one Jacobian is that of all points
                maximum._solve(np.ones(self.problem.network.num_units, dtype=np.int8), self.space.inner_point())
            return
        self._bound_from_weights()
        try:
            self._search(what)
        except LimitReachedError as error:
            if (reason := stopping.reason()) is None:
                raise
            raise self._stopped(reason, what) from error

    def _search(self, what: str) -> None:
        """From values at points to the largest ones, round after round."""
        self._try_points()
        slacks = _SLACKS if all(maximum.low > 0 for maximum in self.maxima) else _SLACKS[-1:]
        for slack in slacks:
            values = [maximum.low * (1 + slack) for maximum in self.maxima]
            if all(maximum.low >= maximum.closed_above for maximum in self.maxima):
                return
            if slack and all(v >= maximum.closed_above for v, maximum in zip(values, self.maxima, strict=True)):
                continue  # that is proved
            before = [maximum.low for maximum in self.maxima]
            self._close_above(values, what)
            if before != [maximum.low for maximum in self.maxima]:
                self._try_points()

    def _bound_from_weights(self) -> None:
        """What no Jacobian exceeds, whatever the signs of units: it holds before anything is searched."""
        low, high = derivative_bounds(self.relaxation)
        with np.errstate(all="ignore"):
            middle = 0.5 * low + 0.5 * high
            errors = np.maximum(high - middle, middle - low) * SLACK
            for maximum in self.maxima:
                (bound,) = maximum.bounds(middle[None, maximum.outputs], errors[None, maximum.outputs]).tolist()
                if math.isfinite(bound):
                    maximum.closed_above = Fraction(bound)

    def _close_above(self, values: Sequence[Fraction | float], what: str) -> None:
        """Prove that none is larger than a value, for each maximum, or find the largest one."""
        p, q = self.norms
        search = module().NormSearch(outputs=self.problem.network.output_dim, p=p, q=q)
        self._describe_outputs(search)
        for number, value in enumerate(values):
            _raise_to(search, number, value)
        run = CompiledRun(self.problem, self.workers, self.watch, records=True, dictionaries=True, norms=search)
        for chunk in run.chunks():
            records = merge([chunk], self.problem)
            for numbers, signs, found, errors in _iter_jacobians(records, self.relaxation):
                for number, maximum in enumerate(self.maxima):
                    maximum.take(records, numbers, signs, found, errors)
                    _raise_to(search, number, maximum.low)
        self.cells += search.cells
        if run.stopped_by is not None:
            raise self._stopped(run.stopped_by, what)
        for value, maximum in zip(values, self.maxima, strict=True):
            maximum.closed_above = max(value, maximum.low)

    def _stopped(self, reason: str, what: str) -> LimitReachedError:
        between = ", ".join(maximum.enclosure_so_far() for maximum in self.maxima)
        return LimitReachedError(f"the search was stopped by {reason}: {what} {between}")

    def _describe_outputs(self, search: Any) -> None:
        """Tell the compiled search what the outputs are of each stage's units, and what is looked for."""
        essential, walls = list(self.problem.essential_inputs), len(self.problem.walls)
        scales = unit_scales(self.problem)
        for number, weights in enumerate(output_weights(self.relaxation)):
            for source, (low, high) in weights.items():
                if source == INPUT:
                    low, high = low[:, essential], high[:, essential]
                elif scales[source] != 1:
                    low, high = -_divided(-low, scales[source]), _divided(high, scales[source])
                search.add(
                    stage=number + walls, source=source + walls if source else INPUT, columns=low.shape[1],
                    low=np.ascontiguousarray(low).reshape(-1), high=np.ascontiguousarray(high).reshape(-1),
                )  # fmt: skip
        for maximum in self.maxima:
            maximum.describe(search, essential)

    def _try_points(self) -> None:
        """Values at points, which the search is to exceed."""
        for maximum in self.maxima:
            start = [] if maximum.best is None else [list(map(nearest_double, maximum.best[0]))]
            points = steep_points(
                self.relaxation, self.space.box, maximum.outputs, maximum.about, self._holds_at, start=start
            )
            for point in points[:_POINTS].tolist():
                maximum.try_point(tuple(map(Fraction, point)), self.space)

    def _holds_at(self, points: Floats) -> NDArray[np.bool_]:
        """About: whether points satisfy the rows of the space."""
        if not self.space.rows:
            return np.ones(len(points), dtype=np.bool_)
        rows = np.array([[nearest_double(Fraction(x, max(map(abs, row)))) for x in row] for row in self.space.rows])
        return np.asarray((rows[:, 0] + points @ rows[:, 1:].T > 0).all(axis=1))


def _divided(high: Floats, scale: Fraction) -> Floats:
    """Upper bounds of numbers over a scale between 1 and 2, of which upper bounds are given.

    Scale, quotient and what is added to it are each rounded, by 2^-53 or less: 2^-51 is more than all three, and the
    next double more than what is lost where doubles are denormal. No number becomes 0, and 0 stays.
    """
    with np.errstate(all="ignore"):
        found: Floats = high / float(scale)
        return np.where(found == 0, 0.0, np.nextafter(found + np.abs(found) * 2.0**-51, np.inf))


def _raise_to(search: Any, number: int, value: Fraction | float) -> None:
    search.raise_to(number, double_below(value) if isinstance(value, Fraction) else value)


def _shown(number: Fraction, *, up: bool) -> str:
    """A number in ten digits, rounded up or down."""
    with localcontext(prec=10, rounding=ROUND_CEILING if up else ROUND_FLOOR):
        return f"{Decimal(number.numerator) / Decimal(number.denominator):g}"


def _iter_jacobians(
    records: Records, relaxation: Relaxation
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int8], Floats, Floats]]:
    """Batches of regions: numbers, signs of units, Jacobians (K, m, d), and by how much each entry can err."""
    for first in range(0, records.num_regions, _BATCH):
        numbers = np.arange(first, min(first + _BATCH, records.num_regions))
        # A unit that vanishes on a whole region adds nothing, like one that is not active.
        signs = np.where(records.signs_of(numbers) > 0, 1, -1).astype(np.int8)
        with np.errstate(all="ignore"):
            yield numbers, signs, *jacobians(relaxation, signs)


def jacobians(relaxation: Relaxation, signs: NDArray[np.int8]) -> tuple[Floats, Floats]:
    """The Jacobians (K, m, d) on regions with signs (K, N), in doubles, and by how much each entry can err."""
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
    shape = relaxation.output.size, count, dim
    return found.reshape(shape).transpose(1, 0, 2), missed.reshape(shape).transpose(1, 0, 2)
