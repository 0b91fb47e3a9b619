"""In which region a point lies: signs of all units, decided exactly, in doubles with a proven bound wherever possible.

A point on a boundary lies in the closure of several regions. The one meant here is the one entered when the point is
moved by an infinitesimal step in the direction ``v = (1, 1/2, 1/3, ..., 1/d)`` (each the nearest double), then by an
infinitely smaller one along the first input, along the second, and so on. So it is a region with interior, for every
point, and it does not depend on other points. The sign of a unit there is that of its pre-activation z at the point;
where z = 0, that of its derivative along v, then of its partial derivatives in order; where all are 0, z vanishes on
the region.

Doubles decide with the bound of their error, `evaluate`. That z = 0 is proved without rationals in three cases: all
inputs of the unit are inactive around the point, so that z is constant there (comparisons in max pooling of units that
are off); each term of the sum is 0 (blank pixels without bias); z is small and 0 modulo enough primes (comparisons of
equal patches; see `residues`). The derivative is then decided in doubles. What remains is decided over the rationals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.exact.rational import RationalMatrix
from relureg.maps.float_network import FloatForm, FloatNetwork, Floats, FloatStage, evaluate, forward
from relureg.maps.residues import ResidueNetwork, Residues, num_binary_places, num_primes, proved_bits
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network

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
        self._residues = ResidueNetwork(floats.exact)
        self._sound = _holds_zeros(floats)
        """Whether a sum of products that is 0 in doubles, term by term, is 0."""

    def find(self, points: Floats) -> tuple[Signs, NDArray[np.int64]]:
        """(n, N): the sign vectors of the regions, 0 where z vanishes on the region.

        And (n,): the lowest unit on whose boundary each point lies; -1 for a point inside its region.
        """
        found = self._filter(points, _Effort())
        boundary = np.full(len(points), -1, dtype=np.int64)
        for again, effort in self._efforts(points, found):
            moved = self._filter(points[again], effort)
            found.signs[again] = moved.signs
            boundary[again] = moved.boundary
            for point in again[~moved.settled].tolist():
                found.signs[point], boundary[point] = exact_region_signs(self._network, points[point])
        return found.signs, boundary

    def _efforts(self, points: Floats, found: _Filtered) -> Iterator[tuple[NDArray[np.intp], _Effort]]:
        """The points that doubles left open, and what decides them, so far as can be foreseen.

        The bounds of a first pass foresee how many primes are needed. They are not relied on: behind a number that was
        left open they are those of another region.
        """
        again = np.flatnonzero(~found.settled)
        places = num_binary_places(points[again])
        exact = self._sound & (found.open_stage[again] > 0) & (found.open_stage[again] <= self._residues.num_exact)
        counts = np.array([num_primes(bits) for bits in (found.open_bits[again] + places).tolist()], dtype=np.int64)
        provable = exact & (counts > 0)
        if not provable.all():
            yield again[~provable], _Effort(tangents=True)
        if provable.any():
            stages = int(found.open_stage[again[provable]].max())
            most, finest = int(counts[provable].max()), int(places[provable].max())
            yield again[provable], _Effort(tangents=True, num_primes=most, num_stages=stages, places=finest)

    def _filter(self, points: Floats, effort: _Effort) -> _Filtered:
        count, units = len(points), self._network.num_units
        signs = np.empty((count, units), dtype=np.int8)
        settled: NDArray[np.bool_] = np.full(count, self._sound) & ~_any_tiny(points)
        boundary = np.full(count, -1, dtype=np.int64)
        open_bits, open_stage = np.full(count, -np.inf), np.zeros(count, dtype=np.int64)
        first = _State.of_points(points, effort.tangents)
        if effort.num_primes:
            first.residues = self._residues.of_points(points, effort.places, effort.num_primes)
        states = {INPUT: first}
        with np.errstate(all="ignore"):
            for number, stage in enumerate(self._floats.stages, start=1):
                z = self._evaluated(number, "z", states, effort)
                sign = np.where(np.abs(z.value) > z.error, np.sign(z.value), 0).astype(np.int8)
                # 0 in each term, so that z is 0: constantly so, where nothing alive goes in.
                zero = z.error == 0
                # z times a common denominator is an integer below 2^bits.
                bits = np.log2(np.abs(z.value) + z.error) + self._residues.denominator(number).bit_length() + 1
                if z.residues is not None:
                    proved = (sign == 0) & (bits + effort.places < proved_bits(effort.num_primes))
                    zero |= proved & (z.residues == 0).all(axis=0)
                unknown = (sign == 0) & ~zero
                open_bits = np.maximum(open_bits, np.where(unknown, bits, -np.inf).max(axis=1))
                open_stage[unknown.any(axis=1)] = number
                alive = zero & _reached(stage.z, states, zero)
                decided = (sign != 0) | (zero & ~alive)
                if effort.tangents:
                    lowest = self._floats.offsets[number - 1] + np.argmax(alive, axis=1)
                    boundary = np.where((boundary < 0) & alive.any(axis=1), lowest, boundary)
                    turned = alive & (np.abs(z.tangent) > z.tangent_error)
                    sign = np.where(turned, np.sign(z.tangent), sign).astype(np.int8)
                    decided |= turned
                settled &= decided.all(axis=1)
                # What is 0 has no error.
                z.value, z.error = np.where(zero, 0.0, z.value), np.where(zero, 0.0, z.error)
                states[number] = self._maximum(number, stage, z, sign > 0, states, effort)
                settled &= ~_any_tiny(states[number].value)
                signs[:, self._floats.units(number)] = sign
        return _Filtered(signs=signs, settled=settled, boundary=boundary, open_bits=open_bits, open_stage=open_stage)

    def _maximum(
        self, number: int, stage: FloatStage, z: _State, on: NDArray[np.bool_], states: dict[int, _State],
        effort: _Effort,
    ) -> _State:  # fmt: skip
        """The units ``max(p, q)``, of which p is taken where they are `on`."""
        if stage.q is None:
            z.alive = on  # units that are off are 0 without error
            return z.where(on, None)
        p, q = (self._evaluated(number, role, states, effort) for role in ("p", "q"))
        p.alive, q.alive = (_reached(form, states, np.ones_like(on)) for form in (stage.p, stage.q))
        return p.where(on, q)

    def _evaluated(self, number: int, role: str, states: dict[int, _State], effort: _Effort) -> _State:
        """The form z, p or q of a stage, with its errors."""
        form: FloatForm = getattr(self._floats.stages[number - 1], role)
        absolute: FloatForm = getattr(self._floats.absolute.stages[number - 1], role)
        used = (INPUT, *form.terms)
        state = _State(*evaluate(form, absolute, {s: (states[s].value, states[s].error) for s in used}))
        if effort.tangents:
            tangents = {s: (states[s].tangent, states[s].tangent_error) for s in used}
            state.tangent, state.tangent_error = evaluate(form, absolute, tangents, linear=True)
        if number <= effort.num_stages:
            residues = {s: r for s in used if (r := states[s].residues) is not None}
            state.residues = self._residues.evaluate(number, role, residues, effort.places)
        return state


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effort:
    """What is carried along besides values and their errors."""

    tangents: bool = False
    """Derivatives along v."""
    num_primes: int = 0
    num_stages: int = 0
    """Stages up to which residues are carried."""
    places: int = 0
    """Binary places of the points, with which residues begin."""


@dataclass(slots=True, kw_only=True)
class _Filtered:
    signs: Signs
    settled: NDArray[np.bool_]
    """(n,): whether all signs of a point are proved."""
    boundary: NDArray[np.int64]
    """(n,): the lowest unit that vanishes at a point and not around it, or -1."""
    open_bits: Floats
    """(n,): numbers whose sign was left open are integers below 2^bits, over a denominator; -inf if there are none."""
    open_stage: NDArray[np.int64]
    """(n,): the last stage with such a number; 0 if there is none."""


@dataclass(slots=True)
class _State:
    """A form, or the units of a stage, at points and on the way into their regions."""

    value: Floats
    error: Floats
    alive: NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 0), dtype=np.bool_))
    """False where it is constant around the point, inside the region."""
    tangent: Floats = field(default_factory=lambda: _NONE)
    """The derivative along v; empty where it is not asked for, like its error."""
    tangent_error: Floats = field(default_factory=lambda: _NONE)
    residues: Residues | None = None

    @classmethod
    def of_points(cls, points: Floats, with_tangents: bool) -> _State:
        zeros = np.zeros_like(points)
        tangent = np.tile(direction(points.shape[1]), (len(points), 1)) if with_tangents else _NONE
        alive = np.ones(points.shape, dtype=np.bool_)
        return cls(value=points, error=zeros, alive=alive, tangent=tangent, tangent_error=zeros)

    def where(self, on: NDArray[np.bool_], other: _State | None) -> _State:
        """The state itself there, elsewhere the other one; None is constantly 0."""

        def choose(name: str) -> Any:
            mine = getattr(self, name)
            return mine if mine is None or mine is _NONE else np.where(on, mine, getattr(other, name, 0))

        return _State(**{name: choose(name) for name in _State.__slots__})


def _reached(form: FloatForm, states: dict[int, _State], asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a source that is alive goes into a unit, at the points with a unit that is asked for."""
    reached = np.zeros(asked.shape, dtype=np.bool_)
    points = np.flatnonzero(asked.any(axis=1))
    if len(points):
        for source, pattern in form.patterns.items():
            reached[points] |= forward(states[source].alive[points].astype(np.float64), pattern) > 0
    return reached


def _any_tiny(values: Floats) -> NDArray[np.bool_]:
    """(n,): whether a number of the row could underflow in a product."""
    found: NDArray[np.bool_] = ((np.abs(values) < _TINY) & (values != 0)).any(axis=1)
    return found


def _holds_zeros(floats: FloatNetwork) -> bool:
    """Whether each parameter that is not 0 is far enough from it in doubles."""
    pairs = [
        (getattr(exact, role), getattr(stage, role))
        for exact, stage in zip(floats.exact, floats.stages, strict=True)
        for role in ("z", "p", "q")
        if getattr(stage, role) is not None
    ]
    for exact, form in pairs:
        if ((np.abs(form.constant) < _TINY) != (form.constant == 0)).any():
            return False
        if np.count_nonzero(form.constant) != len(exact.constant.nonzeros()[2]):
            return False
        for source, matrix in form.terms.items():
            held = matrix.data if hasattr(matrix, "tocsr") else matrix
            if int(np.count_nonzero(np.abs(held) >= _TINY)) != len(exact.terms[source].nonzeros()[2]):
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
