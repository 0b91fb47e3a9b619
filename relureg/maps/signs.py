"""In which region a point lies: signs of all units, decided exactly, in doubles with a proven bound wherever possible.

A point on a boundary lies in the closure of several regions. The one meant here is the one entered when the point is
moved by an infinitesimal step in the direction ``v = (1, 1/2, 1/3, ..., 1/d)`` (each the nearest double), then by an
infinitely smaller one along the first input, along the second, and so on. So it is a region with interior, for every
point, and it does not depend on other points. The sign of a unit there is that of its pre-activation z at the point;
where z = 0, that of its derivative along v, then of its partial derivatives in order; where all are 0, z vanishes on
the region.

Doubles decide with the error bound that stands at `_bound`. That z = 0 is proved without rationals in three cases: all
inputs of the unit are inactive around the point, so that z is constant there (comparisons in max pooling of units that
are off); each term of the sum is 0 (blank pixels without bias); z is small and 0 modulo enough primes (comparisons of
equal patches; see `residues`). The derivative is then decided in doubles. What remains is decided over the rationals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.maps.float_network import ROUNDOFF, FloatForm, FloatNetwork, Floats, forward
from relureg.maps.residues import SMALL, ResidueNetwork, num_binary_places
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix

_UNDERFLOW = 2.0**-900  # more than all roundings of numbers near 0 in one sum can add up to
_TINY = 2.0**-500
"""A product of two numbers that are not smaller cannot underflow to 0."""

Signs = NDArray[np.int8]

_NONE: Floats = np.empty((0, 0))


def direction(input_dim: int) -> Floats:
    """v, in which a point on a boundary is moved."""
    return np.asarray(1.0 / np.arange(1, input_dim + 1))


class SignFinder:
    """The signs of all units in the regions of points.

    Parameters
    ----------
    floats : FloatNetwork
    """

    def __init__(self, floats: FloatNetwork) -> None:
        self._floats = floats
        self._network = floats.network
        self._absolute = [form.absolute() for form in floats.stages]
        self._residues = ResidueNetwork(self._network)
        self._sound = _holds_zeros(self._network, floats)
        """Whether a sum of products that is 0 in doubles, term by term, is 0."""

    def find(self, points: Floats) -> tuple[Signs, NDArray[np.int64]]:
        """(n, N): the sign vectors of the regions, 0 where z vanishes on the region.

        And (n,): the lowest unit on whose boundary each point lies; -1 for a point inside its region.
        """
        found = self._filter(points, with_tangents=False)
        again = np.flatnonzero(~found.settled)
        boundary = np.full(len(points), -1, dtype=np.int64)
        if len(again):
            moved = self._filter(points[again], with_tangents=True)
            found.signs[again] = moved.signs
            boundary[again] = moved.boundary
            for point in again[~moved.settled].tolist():
                found.signs[point], boundary[point] = exact_region_signs(self._network, points[point])
        return found.signs, boundary

    def _filter(self, points: Floats, *, with_tangents: bool) -> _Filtered:
        count = len(points)
        states = {INPUT: _State.of_points(points, with_tangents)}
        settled: NDArray[np.bool_] = np.full(count, self._sound) & ~_any_tiny(points)
        boundary = np.full(count, -1, dtype=np.int64)
        columns = [np.zeros((count, 0), dtype=np.int8)]
        num_primes = self._residues.num_primes(points) if with_tangents and self._sound else 0
        residues = {INPUT: self._residues.of_points(points, num_primes)} if num_primes else {}
        places = num_binary_places(points)
        with np.errstate(all="ignore"):
            for number, (form, absolute) in enumerate(zip(self._floats.stages, self._absolute, strict=True), start=1):
                value = form({s: states[s].value for s in (INPUT, *form.terms)})
                bound = _bound(absolute, {s: (states[s].value, states[s].error) for s in form.terms}, count)
                sign = np.where(np.abs(value) > bound, np.sign(value), 0).astype(np.int8)
                # 0 in each term, so that z is 0: constantly so, where nothing alive goes in.
                zero = bound == 0
                if num_primes:
                    residues[number] = self._residues.evaluate(number, residues, places)
                    small = np.abs(value) + bound < SMALL
                    zero |= (sign == 0) & small & (residues[number] == 0).all(axis=0)
                alive = zero & _reached(absolute, states, zero)
                tangent = terror = _NONE
                decided = (sign != 0) | (zero & ~alive)
                if with_tangents:
                    first = self._floats.offsets[number - 1] + np.argmax(alive, axis=1)
                    boundary = np.where((boundary < 0) & alive.any(axis=1), first, boundary)
                    tangent = _linear(form)({s: states[s].tangent for s in (INPUT, *form.terms)})
                    tangents = {s: (states[s].tangent, states[s].tangent_error) for s in form.terms}
                    terror = _bound(_linear(absolute), tangents, count)
                    turned = alive & (np.abs(tangent) > terror)
                    sign = np.where(turned, np.sign(tangent), sign).astype(np.int8)
                    decided |= turned
                settled &= decided.all(axis=1)
                # What is 0 has no error.
                value, bound = np.where(zero, 0.0, value), np.where(zero, 0.0, bound)
                state = _State.after(sign, value, bound, tangent, terror)
                if num_primes:
                    residues[number] = np.where(sign > 0, residues[number], 0)
                settled &= ~_any_tiny(state.value)
                states[number] = state
                columns.append(sign)
        return _Filtered(signs=np.concatenate(columns, axis=1), settled=settled, boundary=boundary)


@dataclass(slots=True, kw_only=True)
class _Filtered:
    signs: Signs
    settled: NDArray[np.bool_]
    """(n,): whether all signs of a point are proved."""
    boundary: NDArray[np.int64]
    """(n,): the lowest unit that vanishes at a point and not around it, or -1."""


@dataclass(slots=True, kw_only=True)
class _State:
    """A source at points, and on the way into their regions."""

    value: Floats
    error: Floats
    alive: NDArray[np.bool_]
    """False where it is 0 all around the point, inside the region."""
    tangent: Floats
    """The derivative along v; empty where it is not asked for, like its error."""
    tangent_error: Floats

    @classmethod
    def of_points(cls, points: Floats, with_tangents: bool) -> _State:
        zeros = np.zeros_like(points)
        tangent = np.tile(direction(points.shape[1]), (len(points), 1)) if with_tangents else _NONE
        alive = np.ones(points.shape, dtype=np.bool_)
        return cls(value=points, error=zeros, alive=alive, tangent=tangent, tangent_error=zeros)

    @classmethod
    def after(cls, sign: Signs, value: Floats, error: Floats, tangent: Floats, tangent_error: Floats) -> _State:
        active = sign > 0
        # Units that are off are 0 without error.
        value, error = (np.where(active, x, 0.0) for x in (value, error))
        if tangent is not _NONE:
            tangent, tangent_error = (np.where(active, x, 0.0) for x in (tangent, tangent_error))
        return cls(value=value, error=error, alive=active, tangent=tangent, tangent_error=tangent_error)


def _linear(form: FloatForm) -> FloatForm:
    """The form without its constant, which has no derivative."""
    return FloatForm(constant=np.zeros(form.size), terms=form.terms)


def _bound(absolute: FloatForm, sources: dict[int, tuple[Floats, Floats]], count: int) -> Floats:
    """The error of an affine form in doubles.

    With n products in a sum, ``|fl(z) - z| <= gamma_{n + 2} (|c| + sum |W| |h|) + sum |W| e``, where e bounds the
    errors of h and one of the n + 2 roundings is that of a parameter which is no double; 2^-20 covers the rounding of
    the bound. It is 0 where all terms are.
    """
    products = sum(m.shape[1] for m in absolute.terms.values()) + len(absolute.terms)
    rounding = (products + 2) * ROUNDOFF
    rounding = rounding / (1 - rounding)
    bound = np.tile(absolute.constant * rounding, (count, 1))
    for source, matrix in absolute.terms.items():
        value, error = sources[source]
        bound += forward(np.abs(value) * rounding + error, matrix)
    size = sum(np.abs(value).sum(axis=1) for value, _ in sources.values())
    return np.where(bound > 0, bound * (1 + 2.0**-20) + (np.reshape(size, (-1, 1)) + 1) * _UNDERFLOW, 0.0)


def _reached(absolute: FloatForm, states: dict[int, _State], zero: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a source that is alive goes into a unit, where it is asked: at the points with a unit that is `zero`."""
    reached = np.zeros(zero.shape, dtype=np.bool_)
    asked = np.flatnonzero(zero.any(axis=1))
    if len(asked):
        for source, matrix in absolute.terms.items():
            reached[asked] |= forward(states[source].alive[asked].astype(np.float64), matrix) > 0
    return reached


def _any_tiny(values: Floats) -> NDArray[np.bool_]:
    """(n,): whether a number of the row could underflow in a product."""
    found: NDArray[np.bool_] = ((np.abs(values) < _TINY) & (values != 0)).any(axis=1)
    return found


def _holds_zeros(network: Network, floats: FloatNetwork) -> bool:
    """Whether each parameter that is not 0 is far enough from it in doubles."""
    for stage, form in zip(network.stages, floats.stages, strict=True):
        if ((np.abs(form.constant) < _TINY) != (form.constant == 0)).any():
            return False
        if np.count_nonzero(form.constant) != len(stage.pre_activation.constant.nonzeros()[2]):
            return False
        for source, matrix in form.terms.items():
            held = matrix.data if hasattr(matrix, "tocsr") else matrix
            large = int(np.count_nonzero(np.abs(held) >= _TINY))
            if large != len(stage.pre_activation.terms[source].nonzeros()[2]):
                return False
    return True


# -- over the rationals --------------------------------------------------------------------------------


def exact_region_signs(network: Network, point: Floats) -> tuple[Signs, int]:
    """The same for one point, over the rationals: the signs in its region, and the lowest unit that turns there."""
    d = network.input_dim
    columns = RationalMatrix.hstack(
        [RationalMatrix.from_floats(np.reshape(x, (-1, 1))) for x in (point, direction(d))], d
    )
    one = RationalMatrix.from_floats([[1.0, 0.0]])  # a constant has no derivative
    sources, signs, boundary = {INPUT: columns}, np.zeros(network.num_units, dtype=np.int8), -1
    first = 0
    for number, stage in enumerate(network.stages, start=1):
        value = stage.pre_activation.evaluate(one, sources)
        last = first + stage.num_units
        steps = value.numerators
        sign = np.array([_sign(v) or _sign(t) for v, t in steps.tolist()], dtype=np.int8)
        open_units = np.flatnonzero(sign == 0)
        if len(open_units):
            gradients = _gradients(network, signs, number, open_units)
            sign[open_units] = [next((_sign(n) for n in row if n), 0) for row in gradients]
        turned = np.flatnonzero(np.array([not v for v in steps[:, 0].tolist()], dtype=np.bool_) & (sign != 0))
        if boundary < 0 and len(turned):
            boundary = first + int(turned[0])
        signs[first:last] = sign
        sources[number] = value.masked_rows(sign > 0)
        first = last
    return signs, boundary


def _gradients(network: Network, signs: Signs, number: int, units: NDArray[np.intp]) -> list[list[int]]:
    """The gradients, up to a positive factor, of some units of a stage where those before have these signs."""
    form = network.stages[number - 1].pre_activation.entries(units)
    return pull_back(network, form, signs > 0)[0].numerators.tolist()  # type: ignore[no-any-return]


def pull_back(network: Network, form: AffineForm, active: NDArray[np.bool_]) -> tuple[RationalMatrix, RationalMatrix]:
    """The exact matrix (n, d) and constant (n, 1) of a form, in the input, where these units (N,) are active.

    From the last stage to the first, so that the matrices have the n rows of the form and not those of the stages.
    """
    offsets = [0, *np.cumsum(network.widths, dtype=np.int64).tolist()]
    rows, constant = dict(form.terms), form.constant
    for number in range(len(network.stages), 0, -1):
        if number not in rows:
            continue
        on = np.flatnonzero(active[offsets[number - 1] : offsets[number]])
        stage = network.stages[number - 1].pre_activation
        passed = rows.pop(number).columns(on)
        constant = constant + passed @ stage.constant.rows(on)
        for source, matrix in stage.terms.items():
            product = passed @ matrix.rows(on)
            rows[source] = rows[source] + product if source in rows else product
    return rows.get(INPUT, RationalMatrix.zeros(form.size, network.input_dim)), constant


def exact_output_map(network: Network, active: NDArray[np.bool_]) -> tuple[RationalMatrix, RationalMatrix]:
    """The exact matrix (m, d) and constant (m, 1) of the output on the region with these active units (N,)."""
    return pull_back(network, network.output, active)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
