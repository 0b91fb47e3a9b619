"""In which region a point lies: signs of all units, decided exactly, in doubles with a proven bound wherever possible.

A point on a boundary lies in the closure of several regions. The one meant here is the one entered when the point is
moved by an infinitesimal step in the direction ``v = (1, 1/2, 1/3, ..., 1/d)`` (each the nearest double), then by an
infinitely smaller one along the first input, along the second, and so on. So it is a region with interior, for every
point, and it does not depend on other points. The sign of a unit there is that of its pre-activation z at the point;
where z = 0, that of its derivative along v, then of its partial derivatives in order; where all are 0, z vanishes on
the region.

Doubles decide with the bound of their error (`relureg.exact.rounding_bounds`). That z = 0 is proved without rationals
in three cases: all inputs of the unit are inactive around the point, so that z is constant there (comparisons in max
pooling of units that are off); each term of the sum is 0 (blank pixels without bias); z is small and 0 modulo enough
primes (comparisons of equal patches; see `residues`). The derivative is then decided in doubles. What remains is
decided over the rationals (`exact_regions`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import Floats, entries
from relureg.maps.exact_regions import Signs, exact_region_signs
from relureg.maps.float_network import FloatNetwork
from relureg.maps.jets import Carried, JetNetwork, Jets, UnitJets, is_reached
from relureg.maps.residues import ResidueNetwork, num_binary_places, num_primes, proved_bits
from relureg.network.evaluation import iter_values

_TINY = 2.0**-500
"""A product of two numbers that are not smaller cannot underflow to 0."""


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
        found = self._pass(points, Carried())
        boundary = np.full(len(points), -1, dtype=np.int64)
        for again, carried in self._further_passes(points, found):
            closer = self._pass(points[again], carried)
            found.signs[again], boundary[again] = closer.signs, closer.boundary
            for point in again[~closer.settled].tolist():
                found.signs[point], boundary[point] = exact_region_signs(self._network, points[point])
        return found.signs, boundary

    def _further_passes(self, points: Floats, decided: _Decided) -> Iterator[tuple[NDArray[np.intp], Carried]]:
        """The points that values alone left open, and what decides them, so far as can be foreseen.

        The bounds of a first pass foresee how many primes are needed. They are not relied on: behind a number that was
        left open they are those of another region.
        """
        again = np.flatnonzero(~decided.settled)
        places = num_binary_places(points[again])
        exact = self._sound & (decided.open_stage[again] > 0) & (decided.open_stage[again] <= self._residues.num_exact)
        counts = np.array([num_primes(bits) for bits in (decided.open_bits[again] + places).tolist()], dtype=np.int64)
        provable = exact & (counts > 0)
        if not provable.all():
            yield again[~provable], Carried(slopes=True)
        if provable.any():
            stages = int(decided.open_stage[again[provable]].max())
            most, finest = int(counts[provable].max()), int(places[provable].max())
            yield again[provable], Carried(slopes=True, num_primes=most, num_stages=stages, places=finest)

    def _pass(self, points: Floats, carried: Carried) -> _Decided:
        """Take points through all stages."""
        jets = JetNetwork(self._floats, self._residues, carried)

        def stage_signs(stage: int, sources: Mapping[int, UnitJets]) -> _StageSigns:
            return self._stage_signs(stage, sources, jets, carried)

        count, stages = len(points), range(1, len(self._floats.stages) + 1)
        signs = np.empty((count, self._network.num_units), dtype=np.int8)
        settled: NDArray[np.bool_] = np.full(count, self._sound) & ~_any_tiny(points)
        boundary = np.full(count, -1, dtype=np.int64)
        open_bits, open_stage = np.full(count, -np.inf), np.zeros(count, dtype=np.int64)
        with np.errstate(all="ignore"):
            found = iter_values(stages, jets.of_points(points), stage_signs, lambda _, known: known.units)
            for stage, known in zip(stages, found, strict=True):
                signs[:, self._network.units_of(stage)] = known.signs
                settled &= known.settled
                turning = self._network.offsets[stage - 1] + np.argmax(known.turns, axis=1)
                boundary = np.where((boundary < 0) & known.turns.any(axis=1), turning, boundary)
                open_bits = np.maximum(open_bits, known.open_bits)
                open_stage[known.open_bits > -np.inf] = stage
        return _Decided(signs=signs, settled=settled, boundary=boundary, open_bits=open_bits, open_stage=open_stage)

    def _stage_signs(
        self, stage: int, sources: Mapping[int, UnitJets], jets: JetNetwork, carried: Carried
    ) -> _StageSigns:
        """The signs of the units of one stage, and the units themselves."""
        z = jets.form(stage, "z", sources)
        signs = z.value.signs
        # A sum whose terms are all 0 has no error.
        is_zero = z.value.error == 0
        # z times a common denominator is an integer below 2^bits.
        bits = np.log2(np.abs(z.value.value) + z.value.error) + self._residues.denominator(stage).bit_length() + 1
        if z.residues is not None:
            is_small = bits + carried.places < proved_bits(carried.num_primes)
            is_zero |= (signs == 0) & is_small & (z.residues == 0).all(axis=0)
        is_open = (signs == 0) & ~is_zero
        # 0 at the point: constantly so where nothing that varies goes in, else the slope decides.
        turns = is_zero & is_reached(self._floats.stages[stage - 1].z, sources, is_zero)
        if z.slope is not None:
            signs = np.where(turns, z.slope.signs, signs)
        decided = (signs != 0) | (is_zero & ~turns)
        exact = Jets(value=z.value.where(~is_zero), slope=z.slope, residues=z.residues)
        units = jets.maxima(stage, exact, signs > 0, sources)
        return _StageSigns(
            signs=signs,
            settled=decided.all(axis=1) & ~_any_tiny(units.jets.value.value),
            turns=turns,
            open_bits=np.where(is_open, bits, -np.inf).max(axis=1),
            units=units,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _StageSigns:
    """What a pass finds of the n_l units of a stage at n points."""

    signs: Signs
    """(n, n_l)."""
    settled: NDArray[np.bool_]
    """(n,): whether all of them are proved, if those of the stages before are."""
    turns: NDArray[np.bool_]
    """(n, n_l): whether a unit vanishes at a point, and not constantly around it."""
    open_bits: Floats
    """(n,): numbers whose sign was left open are integers below 2^bits, over a denominator; -inf if there are none."""
    units: UnitJets


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """What a pass finds of all units at n points."""

    signs: Signs
    """(n, N)."""
    settled: NDArray[np.bool_]
    """(n,): whether all signs of a point are proved."""
    boundary: NDArray[np.int64]
    """(n,): the lowest unit that vanishes at a point and not around it, or -1."""
    open_bits: Floats
    """(n,): the most of all stages."""
    open_stage: NDArray[np.int64]
    """(n,): the last stage with a number whose sign was left open; 0 if there is none."""


def _any_tiny(values: Floats) -> NDArray[np.bool_]:
    """(n,): whether a number of the row could underflow in a product."""
    found: NDArray[np.bool_] = ((np.abs(values) < _TINY) & (values != 0)).any(axis=1)
    return found


def _holds_zeros(floats: FloatNetwork) -> bool:
    """Whether each parameter that is not 0 is far enough from it in doubles."""
    pairs = [
        (exact.forms[role], form)
        for exact, stage in zip(floats.exact, floats.stages, strict=True)
        for role, form in stage.forms.items()
    ]
    for exact, form in pairs:
        if ((np.abs(form.constant) < _TINY) != (form.constant == 0)).any():
            return False
        if np.count_nonzero(form.constant) != len(exact.constant.nonzeros()[2]):
            return False
        for source, matrix in form.terms.items():
            far = np.abs(entries(matrix)) >= _TINY
            if int(np.count_nonzero(far)) != len(exact.terms[source].nonzeros()[2]):
                return False
    return True
