"""The units of a network at points and on the way into their regions: values, slopes and residues, side by side.

A point on a boundary is moved into a region along a direction v (see `signs`). What is known of a number there is its
value at the point, with a bound of the error; its slope along v, likewise; and, of numbers that may be 0, the integer
that a common denominator makes of it, modulo primes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import Floats, forward
from relureg.exact.rounding_bounds import Rounded
from relureg.maps.exact_regions import direction
from relureg.maps.float_forms import FloatForm, evaluate
from relureg.maps.float_network import FloatNetwork
from relureg.maps.maxima import Role
from relureg.maps.residues import ResidueNetwork, Residues
from relureg.network.affine_forms import INPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What is carried along besides values and their errors."""

    slopes: bool = False
    num_primes: int = 0
    """Modulo which residues are taken; 0: no residues."""
    num_stages: int = 0
    """Stages up to which residues are carried."""
    places: int = 0
    """Binary places of the points, with which residues begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jets:
    """Numbers at n points, (n, size) each; None what is not carried."""

    value: Rounded
    slope: Rounded | None = None
    residues: Residues | None = None

    def where(self, mask: NDArray[np.bool_], other: Jets | None = None) -> Jets:
        """The same numbers there, elsewhere others, which are constantly 0 if none are given."""
        value, slope, residues = (None, None, None) if other is None else (other.value, other.slope, other.residues)
        return Jets(
            value=self.value.where(mask, value),
            slope=None if self.slope is None else self.slope.where(mask, slope),
            residues=None
            if self.residues is None
            else np.where(mask, self.residues, 0.0 if residues is None else residues),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitJets:
    """The input, or the units of a stage."""

    jets: Jets
    varies: NDArray[np.bool_]
    """(n, size): False where it is constant around the point, inside the region."""


class JetNetwork:
    """A network on jets.

    Parameters
    ----------
    floats : FloatNetwork
    residues : ResidueNetwork
    carried : Carried
    """

    def __init__(self, floats: FloatNetwork, residues: ResidueNetwork, carried: Carried) -> None:
        self._floats, self._residues, self._carried = floats, residues, carried

    def of_points(self, points: Floats) -> UnitJets:
        """The input."""
        carried = self._carried
        v = np.tile(direction(points.shape[1]), (len(points), 1)) if carried.slopes else None
        residues = self._residues.of_points(points, carried.places, carried.num_primes) if carried.num_primes else None
        jets = Jets(value=Rounded.exactly(points), slope=None if v is None else Rounded.exactly(v), residues=residues)
        return UnitJets(jets=jets, varies=np.ones(points.shape, dtype=np.bool_))

    def form(self, stage: int, role: Role, sources: Mapping[int, UnitJets]) -> Jets:
        """The form z, p or q of a stage."""
        form, absolute = (net.stages[stage - 1].forms[role] for net in (self._floats, self._floats.absolute))
        read = {source: sources[source].jets for source in (INPUT, *form.terms)}
        value = evaluate(form, absolute, {source: h.value for source, h in read.items()})
        slope = residues = None
        if self._carried.slopes:
            slopes = {source: h.slope for source, h in read.items() if h.slope is not None}
            slope = evaluate(form, absolute, slopes, linear=True)
        if stage <= self._carried.num_stages:
            known = {source: h.residues for source, h in read.items() if h.residues is not None}
            residues = self._residues.evaluate(stage, role, known, self._carried.places)
        return Jets(value=value, slope=slope, residues=residues)

    def maxima(self, stage: int, z: Jets, on: NDArray[np.bool_], sources: Mapping[int, UnitJets]) -> UnitJets:
        """The units ``max(p, q)`` of a stage, of which p is taken where they are `on`."""
        here = self._floats.stages[stage - 1]
        if here.q is None:
            return UnitJets(jets=z.where(on), varies=on)  # units that are off are 0 without error
        p, q = (self.form(stage, role, sources) for role in ("p", "q"))
        everywhere = np.ones_like(on)
        p_varies, q_varies = (is_reached(form, sources, everywhere) for form in (here.p, here.q))
        return UnitJets(jets=p.where(on, q), varies=np.where(on, p_varies, q_varies))


def is_reached(form: FloatForm, sources: Mapping[int, UnitJets], candidates: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n, size of the form): whether a source that varies goes in, at the points with a candidate among the entries."""
    reached = np.zeros(candidates.shape, dtype=np.bool_)
    points = np.flatnonzero(candidates.any(axis=1))
    if len(points):
        for source, pattern in form.patterns.items():
            reached[points] |= forward(sources[source].varies[points].astype(np.float64), pattern) > 0
    return reached
