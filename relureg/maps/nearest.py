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

from relureg.engine.records import freeze
from relureg.maps.float_network import FloatForm, FloatNetwork, Floats, Matrix, check_points
from relureg.maps.local import PointRegions, Report, classes_of, outputs_at, regions_at
from relureg.maps.signs import pull_back
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix, nearest_double


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestFacets:
    """The nearest facet of the region around each of n points."""

    distance: Floats
    """(n,): Euclidean, in doubles; inf where the region is the whole space."""
    unit: NDArray[np.int64]
    """(n,): the unit that vanishes on the facet, decided exactly; the lowest of several, -1 where there is no facet."""
    foot: Floats
    """(n, d): the nearest point of the facet, in doubles."""
    neighbour_class: NDArray[np.int64]
    """(n,): the class at that point, with which the neighbouring region is entered; -1 where there is no facet."""


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
    count = len(array)
    distance, unit = np.full(count, np.inf), np.full(count, -1, dtype=np.int64)
    foot = array.copy()
    for point in range(count):
        if found.boundary[point] >= 0:
            distance[point], unit[point] = 0.0, found.boundary[point]
            continue
        signs = found.signs_of(slice(point, point + 1))[0]
        distance[point], unit[point], foot[point] = search.nearest(array[point], signs)
        if report is not None:
            report("nearest facets", point + 1, count)
    classes = np.where(unit >= 0, classes_of(outputs_at(floats, foot, chunk)), -1)
    result = NearestFacets(distance=distance, unit=unit, foot=foot, neighbour_class=classes)
    freeze(result)
    return result


class _Search:
    def __init__(self, floats: FloatNetwork) -> None:
        self._floats = floats
        network = floats.network
        everywhere = np.ones(network.num_units, dtype=np.bool_)
        absolute = FloatNetwork(
            network=network, stages=tuple(form.absolute() for form in floats.stages), output=floats.output.absolute()
        )
        gradients, constants = _unit_maps(absolute, everywhere)
        self._absolute, self._absolute_constant = gradients, constants
        self._gradient_error = floats.gamma * _norms(gradients)

    def nearest(self, point: Floats, signs: NDArray[np.int8]) -> tuple[float, int, Floats]:
        """Distance, unit and foot."""
        active = signs > 0
        gradients, constants = _unit_maps(self._floats, active)
        norm = _norms(gradients)
        value = _stacked(gradients, lambda m: m @ point) + constants
        error = self._floats.gamma * (_stacked(self._absolute, lambda m: m @ np.abs(point)) + self._absolute_constant)
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.maximum(np.abs(value) - error, 0) / (norm * (1 + 2.0**-20) + self._gradient_error)
            room = norm * (1 - 2.0**-20) - self._gradient_error
            high = np.where(room > 0, (np.abs(value) + error) / room, np.inf)
        # Units that vanish on the region have no facet.
        low, high = (np.where((signs == 0) | np.isnan(bound), np.inf, bound) for bound in (low, high))
        candidates = np.flatnonzero(low <= high.min(initial=np.inf))
        if len(candidates) == 1 and room[candidates[0]] > 0:
            unit = int(candidates[0])
            gradient = _row(gradients, unit)
            step = value[unit] / (norm[unit] * norm[unit])
            return float(abs(value[unit]) / norm[unit]), unit, point - step * gradient
        return _exactly_nearest(self._floats.network, point, active, candidates)


def _unit_maps(floats: FloatNetwork, active: NDArray[np.bool_]) -> tuple[list[Matrix], Floats]:
    """The gradients of the units, a matrix (n_l, d) for each stage, and the constants (N,), on one region."""
    network = floats.network
    maps: dict[int, tuple[Any, Floats]] = {INPUT: (None, np.zeros(network.input_dim))}
    gradients, constants = [], [np.zeros(0)]
    for number, form in enumerate(floats.stages, start=1):
        gradient, constant = _compose(form, maps, network.input_dim)
        gradients.append(gradient)
        constants.append(constant)
        on = active[floats.offsets[number - 1] : floats.offsets[number]]
        maps[number] = _masked(gradient, on), np.where(on, constant, 0.0)
    return gradients, np.concatenate(constants)


def _compose(form: FloatForm, maps: dict[int, tuple[Any, Floats]], dim: int) -> tuple[Matrix, Floats]:
    gradient: Any = None
    constant = form.constant
    for source, matrix in form.terms.items():
        inner, offset = maps[source]
        product = matrix if inner is None else matrix @ inner
        constant = constant + matrix @ offset
        if gradient is not None and isinstance(gradient, np.ndarray) != isinstance(product, np.ndarray):
            gradient, product = (m if isinstance(m, np.ndarray) else m.toarray() for m in (gradient, product))
        gradient = product if gradient is None else gradient + product
    return (np.zeros((form.size, dim)) if gradient is None else gradient), constant


def _masked(matrix: Matrix, keep: NDArray[np.bool_]) -> Matrix:
    if isinstance(matrix, np.ndarray):
        return matrix * keep[:, None]
    masked = matrix.copy()
    masked.data = masked.data * np.repeat(keep, np.diff(masked.indptr))
    return masked


def _norms(gradients: list[Matrix]) -> Floats:
    return _stacked(gradients, lambda m: np.sqrt(np.asarray((m * m).sum(axis=1)).reshape(-1)))


def _stacked(matrices: list[Matrix], apply: Any) -> Floats:
    return np.concatenate([np.zeros(0), *(apply(matrix) for matrix in matrices)])


def _row(gradients: list[Matrix], unit: int) -> Floats:
    for matrix in gradients:
        if unit < matrix.shape[0]:
            return np.asarray(matrix[unit] if isinstance(matrix, np.ndarray) else matrix[[unit]].toarray()[0])
        unit -= matrix.shape[0]
    raise IndexError(unit)


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
