"""The nearest facet of the region around each point: the nearest of the units' hyperplanes, decided exactly.

The ball around a point up to the nearest hyperplane of all units lies in the region, and touches that hyperplane in the
inside of a facet. So the nearest facet needs no linear program: it lies on the hyperplane with the least
``|z(x)| / ||gradient of z||``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.engine.records import Point, freeze
from relureg.exact.float_matrices import Floats, row_norms
from relureg.exact.numbers import nearest_root
from relureg.exact.ranges import chunks
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import SLACK, Rounded
from relureg.frozen import Frozen
from relureg.maps.distances import distances_to
from relureg.maps.exact_regions import Signs, exact_unit_rows
from relureg.maps.float_network import FloatNetwork
from relureg.maps.gradient_bounds import iter_stage_bounds
from relureg.maps.local import PointRegions, Report, classes_of, outputs_at, regions_at
from relureg.maps.points import check_points
from relureg.network.model import Network

_TINIEST, _HUGE = 2.0**-1074, np.finfo(np.float64).max

_AT_ONCE = 8
"""Gradients of a point computed in one go."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
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
    for part in chunks(len(inside), floats.chunk_size(chunk, 8 * (network.num_units + network.input_dim))):
        rows = inside[part]
        distance[rows], unit[rows], foot[rows] = search.nearest(array[rows], found.signs_of(rows))
        if report is not None:
            report("nearest facets", part.stop, len(inside))
    classes = np.where(unit >= 0, classes_of(outputs_at(floats, foot, chunk)), -1)
    result = NearestFacets(distance=distance, unit=unit, foot=foot, neighbour_class=classes)
    freeze(result)
    return result


def nearest_facet_exactly(network: Network, point: Point, signs: Signs) -> tuple[float, int]:
    """The same for one point of any fractions, in the closure of the region with these signs: distance and unit.

    Slow: the rows of all units are made over the rationals.
    """
    units = np.flatnonzero(signs != 0)
    column = RationalMatrix.from_fractions([[x] for x in point], 1)
    unit, square = _exactly_nearest(network, column, signs > 0, units)
    return (np.inf if unit < 0 else nearest_root(square)), unit


class _Search:
    """A search by bounds: few units can be nearest, and only their gradients are computed.

    With a bound of the norm of its gradient (`gradient_bounds`) each unit has a distance that its hyperplane is beyond.
    Gradients are computed from the least of these on, until all other hyperplanes are farther than one.
    """

    def __init__(self, floats: FloatNetwork) -> None:
        self._floats = floats

    def nearest(self, points: Floats, signs: Signs) -> tuple[Floats, NDArray[np.int64], Floats]:
        """Distances (n,), units (n,) and feet (n, d) of points inside their regions with these signs (n, N)."""
        if not signs.shape[1]:
            return np.full(len(points), np.inf), np.full(len(points), -1), points.copy()
        with np.errstate(all="ignore"):  # what overflows decides nothing
            planes = self._hyperplanes(points, signs)
            self._compute_gradients(planes)
        ties = planes.computed & (planes.at_least <= planes.nearest[:, None])
        unit = np.where(ties.any(axis=1), np.argmax(ties, axis=1), -1)
        is_sure = (ties.sum(axis=1) == 1) & np.isfinite(planes.nearest)
        for row in np.flatnonzero(~is_sure & (unit >= 0)).tolist():
            candidates = np.flatnonzero(ties[row])
            unit[row], _ = _exactly_nearest(
                self._floats.network, RationalMatrix.from_floats(points[row][:, None]), planes.active[row], candidates
            )
        distance, foot = np.full(len(points), np.inf), points.copy()
        some = np.flatnonzero(unit >= 0)
        distance[some], foot[some] = distances_to(self._floats, points[some], planes.active[some], unit[some])
        return distance, unit, foot

    def _hyperplanes(self, points: Floats, signs: Signs) -> _Hyperplanes:
        """All units, with what one pass through the network tells of their distances."""
        network, active = self._floats.network, signs > 0
        value, error, norm, gradient_norm = (np.empty(signs.shape) for _ in range(4))
        computed = np.zeros(signs.shape, dtype=np.bool_)
        # Units that vanish or are constant on the region have no facet; of those on one hyperplane the lowest counts.
        without = signs == 0
        for stage, found in enumerate(iter_stage_bounds(self._floats, points, active), start=1):
            units = network.units_of(stage)
            value[:, units], error[:, units], norm[:, units] = found.value.value, found.value.error, found.norm
            computed[:, units] = found.gradient_norm is not None
            gradient_norm[:, units] = found.norm if found.gradient_norm is None else found.gradient_norm
            if found.repeats is not None:
                without[:, units] |= found.repeats
        without |= norm == 0
        values = Rounded(value=value, error=error)
        at_least, at_most = self._distances(values, norm, gradient_norm)
        return _Hyperplanes(
            active=active,
            value=values,
            norm=norm,
            computed=computed,
            at_least=np.where(without, np.inf, at_least),
            nearest=np.where(computed & ~without, at_most, np.inf).min(axis=1, initial=np.inf),
        )

    def _compute_gradients(self, planes: _Hyperplanes) -> None:
        """Compute gradients until those of all units that can be nearest are computed."""
        most = 1
        while True:
            beyond = np.where(planes.computed, np.inf, planes.at_least)
            rows = np.flatnonzero((beyond <= planes.nearest[:, None]).any(axis=1) & np.isfinite(beyond).any(axis=1))
            if not len(rows):
                return
            most = min(most, beyond.shape[1])
            units = np.argpartition(beyond[rows], most - 1, axis=1)[:, :most]
            is_near = np.take_along_axis(beyond[rows], units, axis=1) <= planes.nearest[rows, None]
            place, column = np.nonzero(is_near)
            point, unit = rows[place], units[place, column]
            has_facet = np.isfinite(beyond[point, unit])
            point, unit = point[has_facet], unit[has_facet]
            for part in chunks(len(point), max(len(beyond), 1)):
                self._compute(planes, point[part], unit[part])
            most = _AT_ONCE  # after the first one of each point, several

    def _compute(self, planes: _Hyperplanes, point: NDArray[np.intp], unit: NDArray[np.intp]) -> None:
        """Compute the gradients of one unit each at some points, and bound the distances anew, in place."""
        at = (point, unit)
        gradients, _ = self._floats.unit_rows(unit, planes.active[point])
        value = Rounded(value=planes.value.value[at], error=planes.value.error[at])
        planes.at_least[at], at_most = self._distances(value, planes.norm[at], row_norms(gradients))
        planes.computed[at] = True
        np.minimum.at(planes.nearest, point, at_most)

    def _distances(self, z: Rounded, norm_bound: Floats, norm: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bounds of ``|z| / ||gradient||``, by norms of computed gradients, or by their bounds."""
        # The error of the computed gradient: the bound is one of absolute values, too; and what underflow takes.
        off = self._floats.gamma * norm_bound + self._floats.underflow * self._floats.network.input_dim
        room = norm * (1 - 2.0**-20) - off
        size = np.abs(z.value)
        at_least = np.maximum(size - z.error, 0) / (norm * SLACK + off) * (1 - 2.0**-50)
        at_most = np.where(room > 0, (size + z.error) / room * (1 + 2.0**-50) + _TINIEST, np.inf)
        # Beyond the doubles nothing is known; and a distance that is too large for them is one still.
        at_least = np.minimum(np.where(np.isnan(at_least), 0.0, at_least), _HUGE)
        return at_least, np.where(np.isnan(at_most), np.inf, at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hyperplanes:
    """The hyperplanes of all units as seen from n points; (n, N) but for the last."""

    active: NDArray[np.bool_]
    value: Rounded
    norm: Floats
    """A bound of the gradient's norm; see `gradient_bounds.Source`."""
    computed: NDArray[np.bool_]
    """Whether `at_least` comes from the gradient itself."""
    at_least: Floats
    """The distance is not below; inf where there is no facet."""
    nearest: Floats
    """(n,): the distance of the nearest facet is not above."""


def _exactly_nearest(
    network: Network, point: RationalMatrix, active: NDArray[np.bool_], candidates: NDArray[np.intp]
) -> tuple[int, Fraction]:
    """The nearest of some units' hyperplanes, over the rationals, and the square of its distance from a point (d, 1).

    Of several the lowest; -1 where all are constant.
    """
    matrix, constant = exact_unit_rows(network, active, candidates)
    values = [x for (x,) in (matrix @ point + constant).fractions()]
    best: tuple[Fraction, int] | None = None
    for unit, value, row in zip(candidates.tolist(), values, matrix.fractions(), strict=True):
        square = sum((entry * entry for entry in row), start=Fraction(0))
        if square and (best is None or value**2 / square < best[0]):
            best = value**2 / square, unit
    return (-1, Fraction(0)) if best is None else (best[1], best[0])
