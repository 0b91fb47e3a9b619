"""The nearest facet of the region around each point: the nearest of the units' hyperplanes, decided exactly.

The ball around a point up to the nearest hyperplane of all units lies in the region, and touches that hyperplane in the
inside of a facet. So the nearest facet needs no linear program: it lies on the hyperplane with the least
``|z(x)| / ||gradient of z||``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.engine.records import freeze
from relureg.frozen import Frozen
from relureg.maps.float_network import (
    FloatForm,
    FloatNetwork,
    Floats,
    Matrix,
    check_points,
    error_bound,
    forward,
    slices,
)
from relureg.maps.local import PointRegions, Report, classes_of, outputs_at, regions_at
from relureg.maps.signs import Signs, pull_back
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix, nearest_double

_AT_ONCE = 8
"""Units of a point looked at in one go."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearestFacets(Frozen):
    """The nearest facet of the region around each of n points."""

    distance: Floats
    """(n,): Euclidean, in doubles; inf where the region is the whole space."""
    unit: NDArray[np.int64]
    """(n,): the unit that vanishes on the facet, decided exactly; the lowest of several, -1 where there is no facet."""
    foot: Floats
    """(n, d): the nearest point of the facet, in doubles."""
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
        look = self._look(points, signs)
        self._narrow(look)
        ties = look.known & (look.low <= look.nearest[:, None])
        unit = np.where(ties.any(axis=1), np.argmax(ties, axis=1), -1)
        alone = np.flatnonzero((ties.sum(axis=1) == 1) & np.isfinite(look.nearest))
        distance, foot = np.full(len(points), np.inf), points.copy()
        gradients, _ = self._floats.unit_rows(unit[alone], look.active[alone])
        norms, values = row_norms(gradients), look.value[alone, unit[alone]]
        distance[alone] = np.abs(values) / norms
        foot[alone] -= (values / norms / norms)[:, None] * gradients
        for row in np.setdiff1d(np.flatnonzero(unit >= 0), alone).tolist():
            distance[row], unit[row], foot[row] = _exactly_nearest(
                self._floats.network, points[row], look.active[row], np.flatnonzero(ties[row])
            )
        return distance, unit, foot

    def _look(self, points: Floats, signs: Signs) -> _Look:
        """Values of all units, and bounds of their distances by bounds of their gradients."""
        floats, active = self._floats, signs > 0
        states = {INPUT: (points, np.zeros_like(points))}
        norms: dict[int, Floats] = {}
        echoes: dict[int, _Echo] = {INPUT: _Echo(live=np.ones_like(points), lower=np.zeros_like(points))}
        value, error, norm = (np.empty(signs.shape) for _ in range(3))
        known, off = np.zeros(signs.shape, dtype=np.bool_), signs == 0
        for number, (stage, absolute) in enumerate(zip(floats.stages, floats.absolute.stages, strict=True), start=1):
            units = floats.units(number)
            z, size, on = *_values(stage.z, absolute.z, states), active[:, units]
            value[:, units], error[:, units] = z, size
            norm[:, units] = _norm_bound(absolute.z, norms, len(points))
            known[:, units] = set(stage.z.terms) <= {INPUT}
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
        low, high = self._distances(look, ..., norm)
        look.low = np.where(off | np.isnan(low), np.inf, low)
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
        # The error of the computed gradient: the bound is one of absolute values, too.
        off = self._floats.gamma * look.norm[at]
        room = norm * (1 - 2.0**-20) - off
        value, error = np.abs(look.value[at]), look.error[at]
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.maximum(value - error, 0) / (norm * (1 + 2.0**-20) + off) * (1 - 2.0**-50)
            high = np.where(room > 0, (value + error) / room * (1 + 2.0**-50), np.inf)
        return low, high


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
    value = form({source: states[source][0] for source in (INPUT, *form.terms)})
    return value, error_bound(absolute, {source: states[source] for source in form.terms}, len(value))


def _norm_bound(absolute: FloatForm, norms: dict[int, Floats], count: int) -> Floats:
    """(count, n): no less than the norms of a form's gradients, where those of its sources are bounded by `norms`."""
    bound = np.zeros((count, absolute.size))
    for source, matrix in absolute.terms.items():
        bound += row_norms(matrix) if source == INPUT else forward(norms[source], matrix)
    return bound * (1 + 2.0**-20)


def row_norms(matrix: Matrix) -> Floats:
    """(n,): the Euclidean norms of rows; 0 only for rows of zeros."""
    largest = np.abs(matrix).max(axis=1)
    largest = np.asarray(largest.toarray() if hasattr(largest, "toarray") else largest).reshape(-1)
    scale = np.where(largest > 0, largest, 1.0)
    scaled = matrix / scale[:, None] if isinstance(matrix, np.ndarray) else matrix.multiply(1 / scale[:, None])
    return np.asarray(scale * np.sqrt(np.asarray((scaled * scaled).sum(axis=1)).reshape(-1)))


def _exactly_nearest(
    network: Network, point: Floats, active: NDArray[np.bool_], candidates: NDArray[np.intp]
) -> tuple[float, int, Floats]:
    """The nearest of some units' hyperplanes, over the rationals; the lowest unit where several are equally near."""
    matrix, constant = exact_unit_rows(network, active, candidates)
    at = RationalMatrix.from_floats(point[:, None])
    values = [x for (x,) in (matrix @ at + constant).fractions()]
    best: tuple[Any, int] | None = None
    for place, row in enumerate(matrix.fractions()):
        square = sum(entry * entry for entry in row)
        if square and (best is None or values[place] ** 2 / square < best[0]):
            best = values[place] ** 2 / square, place
    if best is None:
        return float("inf"), -1, point
    row = matrix.fractions()[best[1]]
    step = values[best[1]] / sum(entry * entry for entry in row)
    foot = np.array([nearest_double(x - step * g) for x, g in zip(at.T.fractions()[0], row, strict=True)])
    return float(np.sqrt(nearest_double(best[0]))), int(candidates[best[1]]), foot


def exact_unit_rows(
    network: Network, active: NDArray[np.bool_], units: NDArray[np.intp]
) -> tuple[RationalMatrix, RationalMatrix]:
    """The exact gradients (k, d) and constants (k, 1) of some units, ascending, where these units (N,) are active."""
    offsets = [0, *np.cumsum(network.widths, dtype=np.int64).tolist()]
    matrices, constants = [], []
    for number, stage in enumerate(network.stages):
        mine = units[(units >= offsets[number]) & (units < offsets[number + 1])] - offsets[number]
        if len(mine):
            matrix, constant = pull_back(network, stage.pre_activation.entries(mine), active)
            matrices.append(matrix)
            constants.append(constant)
    return RationalMatrix.vstack(matrices, network.input_dim), RationalMatrix.vstack(constants, 1)
