"""The nearest facet of the region around each point: the nearest of the units' hyperplanes, decided exactly.

The ball around a point up to the nearest hyperplane of all units lies in the region, and touches that hyperplane in the
inside of a facet. So the nearest facet needs no linear program: it lies on the hyperplane with the least
``|z(x)| / ||gradient of z||``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.engine.records import freeze
from relureg.exact.rational import RationalMatrix
from relureg.frozen import Frozen
from relureg.maps.distances import distances_to, exact_unit_rows
from relureg.maps.float_network import (
    FloatForm,
    FloatNetwork,
    Floats,
    Matrix,
    check_points,
    evaluate,
    forward,
    slices,
)
from relureg.maps.local import PointRegions, Report, classes_of, outputs_at, regions_at
from relureg.maps.signs import Signs
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network

_TINIEST, _HUGE = 2.0**-1074, np.finfo(np.float64).max
_FLOOR = 2.0**-500

_AT_ONCE = 8
"""Units of a point looked at in one go."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearestFacets(Frozen):
    """The nearest facet of the region around each of n points."""

    distance: Floats
    """(n,): Euclidean, the nearest doubles; inf where the region is the whole space."""
    unit: NDArray[np.int64]
    """(n,): the unit that vanishes on the facet, decided exactly; the lowest of several, -1 where there is no facet."""
    foot: Floats
    """(n, d): the nearest point of the facet, each coordinate the nearest double."""
    neighbour_class: NDArray[np.int64]
    """(n,): the class at that point, with which the neighbouring region is entered; -1 where there is no facet."""


@checked
def nearest_facets(
    network: Network,
    points: ArrayLike,
    regions: PointRegions | None = None,
    *,
    chunk: int | None = None,
    report: Report | None = None,
) -> NearestFacets:
    """The nearest facet of the region around each point, and the class on its other side.

    Which unit is nearest is decided exactly: by doubles with a proven error bound, over the rationals where the
    intervals of several units overlap.

    Parameters
    ----------
    points : array_like, shape (points, d)
    regions : PointRegions, optional
        Of the same points, where they are known already.

    Raises
    ------
    DataError
        As `find_regions`.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> found = nearest_facets(xor, [[1.0, 1.0], [-0.25, 0.0]])
    >>> found.unit.tolist(), found.distance.round(4).tolist(), found.neighbour_class.tolist()
    ([1, 1], [1.4142, 0.1768], [1, 1])
    """
    floats, array = FloatNetwork.of(network), check_points(network, points)
    found = regions if regions is not None else regions_at(floats, array, chunk, report)
    search = _Search(floats)
    # A point on a boundary is where that unit vanishes.
    distance = np.where(found.on_boundary, 0.0, np.inf)
    unit, foot = found.boundary.copy(), array.copy()
    inside = np.flatnonzero(~found.on_boundary)
    for part in slices(len(inside), floats.chunk_size(chunk, 8 * (network.num_units + network.input_dim))):
        rows = inside[part]
        distance[rows], unit[rows], foot[rows] = search.nearest(array[rows], found.signs_of(rows))
        if report is not None:
            report("nearest facets", part.stop, len(inside))
    classes = np.where(unit >= 0, classes_of(outputs_at(floats, foot, chunk)), -1)
    result = NearestFacets(distance=distance, unit=unit, foot=foot, neighbour_class=classes)
    freeze(result)
    return result


class _Search:
    """A search by bounds: few units can be nearest, and only their gradients are computed.

    The norm of a unit's gradient is at most the sum of those that go in times the weights; with it each unit has a
    distance that it is beyond. Units are looked at from the least of these on, until all others are farther than one.
    """

    def __init__(self, floats: FloatNetwork) -> None:
        self._floats = floats

    def nearest(self, points: Floats, signs: Signs) -> tuple[Floats, NDArray[np.int64], Floats]:
        """Distances (n,), units (n,) and feet (n, d) of points inside their regions with these signs (n, N)."""
        if not signs.shape[1]:
            return np.full(len(points), np.inf), np.full(len(points), -1), points.copy()
        with np.errstate(all="ignore"):  # what overflows decides nothing
            look = self._look(points, signs)
            self._narrow(look)
        ties = look.known & (look.low <= look.nearest[:, None])
        unit = np.where(ties.any(axis=1), np.argmax(ties, axis=1), -1)
        is_sure = (ties.sum(axis=1) == 1) & np.isfinite(look.nearest)
        for row in np.flatnonzero(~is_sure & (unit >= 0)).tolist():
            candidates = np.flatnonzero(ties[row])
            unit[row] = _exactly_nearest(self._floats.network, points[row], look.active[row], candidates)
        distance, foot = np.full(len(points), np.inf), points.copy()
        some = np.flatnonzero(unit >= 0)
        distance[some], foot[some] = distances_to(self._floats, points[some], look.active[some], unit[some])
        return distance, unit, foot

    def _look(self, points: Floats, signs: Signs) -> _Look:
        """Values of all units, and bounds of their distances by bounds of their gradients."""
        floats, active = self._floats, signs > 0
        states = {INPUT: (points, np.zeros_like(points))}
        norms: dict[int, Floats] = {}
        echoes: dict[int, _Echo] = {INPUT: _Echo(live=np.ones_like(points), lower=np.zeros_like(points))}
        value, error, norm, gradient = (np.empty(signs.shape) for _ in range(4))
        known, off = np.zeros(signs.shape, dtype=np.bool_), signs == 0
        for number, (stage, absolute) in enumerate(zip(floats.stages, floats.absolute.stages, strict=True), start=1):
            units = floats.units(number)
            z, size, on = *_values(stage.z, absolute.z, states), active[:, units]
            value[:, units], error[:, units] = z, size
            norm[:, units] = _norm_bound(absolute.z, norms, len(points))
            known[:, units] = set(stage.z.terms) <= {INPUT}
            gradient[:, units] = row_norms(stage.z.terms[INPUT]) if INPUT in stage.z.terms else 0.0
            if stage.q is None:
                states[number] = np.where(on, z, 0.0), np.where(on, size, 0.0)
                norms[number] = np.where(on, norm[:, units], 0.0)
                here = on.astype(np.float64)
                echoes[number] = _Echo(live=here, lower=here)
                continue
            assert absolute.q is not None
            off[:, units] |= _Echo.of(stage.z, echoes).lower > 0
            branches = [
                (*_values(form, over, states), _norm_bound(over, norms, len(points)), *_Echo.of(form, echoes).arrays)
                for form, over in ((stage.p, absolute.p), (stage.q, absolute.q))
            ]
            chosen = [np.where(on, above, below) for above, below in zip(*branches, strict=True)]
            states[number], norms[number] = (chosen[0], chosen[1]), chosen[2]
            echoes[number] = _Echo(live=chosen[3], lower=chosen[4])
        look = _Look(
            active=active, value=value, error=error, norm=norm, known=known, low=np.empty(0), nearest=np.empty(0)
        )
        # Units that vanish or are constant on the region have no facet; of those on one hyperplane the lowest counts.
        off |= norm == 0
        low, high = self._distances(look, ..., np.where(known, gradient, norm))
        look.low = np.where(off, np.inf, low)
        look.nearest = np.where(known & ~off, high, np.inf).min(axis=1, initial=np.inf)
        return look

    def _narrow(self, look: _Look) -> None:
        """Compute gradients until all units that can be nearest are known."""
        most = 1
        while True:
            low = np.where(look.known, np.inf, look.low)
            rows = np.flatnonzero((low <= look.nearest[:, None]).any(axis=1) & np.isfinite(low).any(axis=1))
            if not len(rows):
                return
            most = min(most, low.shape[1])
            units = np.argpartition(low[rows], most - 1, axis=1)[:, :most]
            place, column = np.nonzero(np.take_along_axis(low[rows], units, axis=1) <= look.nearest[rows, None])
            point, unit = rows[place], units[place, column]
            open_ = np.isfinite(low[point, unit])
            point, unit = point[open_], unit[open_]
            for part in slices(len(point), max(len(look.low), 1)):
                at = (point[part], unit[part])
                gradients, _ = self._floats.unit_rows(unit[part], look.active[point[part]])
                low_, high = self._distances(look, at, row_norms(gradients))
                look.low[at], look.known[at] = low_, True
                np.minimum.at(look.nearest, at[0], high)
            most = _AT_ONCE  # after the first one of each point, several

    def _distances(self, look: _Look, at: Any, norm: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bounds of the distances of units, by computed gradients' norms."""
        # The error of the computed gradient: the bound is one of absolute values, too; and what underflow takes.
        off = self._floats.gamma * look.norm[at] + self._floats.underflow * self._floats.network.input_dim
        room = norm * (1 - 2.0**-20) - off
        value, error = np.abs(look.value[at]), look.error[at]
        low = np.maximum(value - error, 0) / (norm * (1 + 2.0**-20) + off) * (1 - 2.0**-50)
        high = np.where(room > 0, (value + error) / room * (1 + 2.0**-50) + _TINIEST, np.inf)
        # Beyond the doubles nothing is known; and a distance that is too large for them is one still.
        return np.minimum(np.where(np.isnan(low), 0.0, low), _HUGE), np.where(np.isnan(high), np.inf, high)


@dataclass(slots=True, kw_only=True)
class _Look:
    """What is known of all units at n points; (n, N) but for the last."""

    active: NDArray[np.bool_]
    value: Floats
    error: Floats
    norm: Floats
    """A bound of the gradient's norm, also of that which is computed with absolute values all along."""
    known: NDArray[np.bool_]
    """Whether `low` comes from the gradient itself."""
    low: Floats
    """The distance is not below; inf where there is no facet."""
    nearest: Floats
    """(n,): the distance of the nearest facet is not above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Echo:
    """Where the numbers of a source are multiples of a lower unit's z, whose hyperplane is then theirs.

    A comparison with a unit that is off is such a number: ``max(z, 0) - 0``. Both arrays (n, size) hold 0 and 1.
    """

    live: Floats
    """0 where it is 0 on the whole region."""
    lower: Floats
    """1 where it is a multiple of the pre-activation of a unit, and not 0."""

    @classmethod
    def of(cls, form: FloatForm, sources: dict[int, _Echo]) -> _Echo:
        live, lower = np.zeros(form.size), np.zeros(form.size)
        for source, pattern in form.patterns.items():
            live = live + forward(sources[source].live, pattern)
            lower = lower + forward(sources[source].lower, pattern)
        plain = form.constant == 0
        return cls(
            live=((live > 0) | ~plain).astype(np.float64), lower=((live == 1) & (lower == 1) & plain).astype(np.float64)
        )

    @property
    def arrays(self) -> tuple[Floats, Floats]:
        return self.live, self.lower


def _values(form: FloatForm, absolute: FloatForm, states: dict[int, tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """A form at the points, and a bound of its error."""
    return evaluate(form, absolute, {source: states[source] for source in (INPUT, *form.terms)})


def _norm_bound(absolute: FloatForm, norms: dict[int, Floats], count: int) -> Floats:
    """(count, n): no less than the norms of a form's gradients, where those of its sources are bounded by `norms`."""
    bound = np.zeros((count, absolute.size))
    for source, matrix in absolute.terms.items():
        bound += row_norms(matrix) if source == INPUT else forward(norms[source], absolute.floors[source])
    # Products of numbers that are not this small do not vanish; so a norm is 0 only where all terms are.
    return np.where(bound == 0, 0.0, np.maximum(bound * (1 + 2.0**-20), _FLOOR))


def row_norms(matrix: Matrix) -> Floats:
    """(n,): the Euclidean norms of rows; 0 only for rows of zeros, infinite only beyond the doubles."""
    largest = abs(matrix).max(axis=1)
    _, exponent = np.frexp(np.asarray(largest.toarray() if hasattr(largest, "toarray") else largest).reshape(-1))
    if isinstance(matrix, np.ndarray):
        squares = np.square(np.ldexp(matrix, -exponent[:, None])).sum(axis=1)
    else:
        scaled = matrix.copy()
        scaled.data = np.square(np.ldexp(matrix.data, -np.repeat(exponent, np.diff(matrix.indptr))))
        squares = np.asarray(scaled.sum(axis=1)).reshape(-1)
    return np.asarray(np.ldexp(np.sqrt(squares), exponent))


def _exactly_nearest(network: Network, point: Floats, active: NDArray[np.bool_], candidates: NDArray[np.intp]) -> int:
    """The nearest of some units' hyperplanes, over the rationals: the lowest of several, -1 where all are constant."""
    matrix, constant = exact_unit_rows(network, active, candidates)
    values = [x for (x,) in (matrix @ RationalMatrix.from_floats(point[:, None]) + constant).fractions()]
    best: tuple[Fraction, int] | None = None
    for unit, value, row in zip(candidates.tolist(), values, matrix.fractions(), strict=True):
        square = sum((entry * entry for entry in row), start=Fraction(0))
        if square and (best is None or value**2 / square < best[0]):
            best = value**2 / square, unit
    return -1 if best is None else best[1]
