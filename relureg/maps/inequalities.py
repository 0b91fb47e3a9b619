"""The region around a point as a polyhedron: the irredundant inequalities of its units, by linear programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.complex.affine import AffineMap
from relureg.complex.facets import facet_units
from relureg.engine.limits import Watch
from relureg.engine.lp import Row
from relureg.engine.records import freeze
from relureg.engine.single_regions import SingleRegions
from relureg.errors import CheckFailedError, UsageError
from relureg.exact.float_matrices import Floats, row_norms
from relureg.exact.rational import RationalMatrix, nearest_doubles
from relureg.frozen import Frozen
from relureg.maps.exact_regions import direction, exact_unit_rows
from relureg.maps.float_network import FloatNetwork
from relureg.maps.points import check_points
from relureg.maps.redundancy import facets_among
from relureg.maps.signs import SignFinder
from relureg.network.model import Network
from relureg.network.problem import Problem

MOST = 256
"""Hyperplanes of which it is decided whether they are facets. Around an image a convolutional network has ten thousand,
and each takes a linear program in all pixels, in doubles."""

_DIGITS = 9
"""Rows of norm 1 that agree to so many digits count as one, without `exact`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LocalRegion(Frozen):
    """The closed region ``{x : matrix @ x + constant >= 0}`` around a point, one inequality for each of F facets."""

    matrix: Floats
    """(F, d)."""
    constant: Floats
    """(F,)."""
    units: NDArray[np.int64]
    """(F,): the unit that vanishes on each facet; the lowest, where several do."""
    pattern: NDArray[np.bool_]
    """(N,): the active units."""
    num_left_out: int
    """Hyperplanes of which it was not decided whether they are facets: all of them are farther from the point."""
    inequalities: AffineMap | None
    """The same over the rationals, where the facets were asked for exactly."""

    @property
    def num_facets(self) -> int:
        return len(self.constant)

    @property
    def is_exact(self) -> bool:
        """Whether the facets are proved, by points and multipliers, or found in doubles."""
        return self.inequalities is not None


@checked
def region_around(network: Network, point: ArrayLike, *, exact: bool = False, most: int | None = MOST) -> LocalRegion:
    """The irredundant inequalities of the region in which a point lies.

    Parameters
    ----------
    point : array_like, shape (d,)
        On a boundary the region is that of `find_regions`.
    exact : bool, optional
        Rows over the rationals, rounded once, and each facet proved by a point that violates it alone, each other row
        by multipliers; else all in doubles (HiGHS in SciPy, the extra ``maps``), not proved.
    most : int, optional
        Decide for that many hyperplanes, the nearest ones; None: all of them. Each is compared with all others.

    Raises
    ------
    DataError
        The point has another shape.
    UsageError
        SciPy is missing.
    CheckFailedError
        The region has no interior.
    LimitReachedError
        A limit on time or memory is reached, as of a command.
    EngineUnavailableError
        The compiled engine is missing.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> region = region_around(xor, [-0.5, 0.0], exact=True)
    >>> region.matrix.tolist(), region.constant.tolist(), region.units.tolist()
    ([[1.0, 1.0], [-1.0, -1.0]], [1.0, 0.0], [0, 1])
    """
    floats = FloatNetwork.of(network)
    array = check_points(network, np.reshape(np.asarray(point), (1, -1)))
    signs, _ = SignFinder(floats).find(array)
    active, units = signs[0] > 0, np.flatnonzero(signs[0])
    turns = signs[0][units].astype(np.int64)
    if most is not None and most < 0:
        raise UsageError(f"the number of hyperplanes to decide is at least 0, not {most}")
    found = (_exactly if exact else _in_doubles)(floats, array[0], active, units, turns, most)
    freeze(found)
    return found


def _exactly(
    floats: FloatNetwork, point: Floats, active: NDArray[np.bool_], units: NDArray[np.intp], turns: NDArray[np.int64],
    most: int | None,
) -> LocalRegion:  # fmt: skip
    network = floats.network
    matrix, constant = exact_unit_rows(network, active, units)
    # A positive factor does not change an inequality, and makes equal ones equal; a row without x is no inequality.
    turned = RationalMatrix.hstack([constant, matrix], len(units)).primitive_rows()
    first: dict[Row, int] = {}
    for place, (row, turn) in enumerate(zip(turned, turns.tolist(), strict=True)):
        if any(row[1:]):
            first.setdefault(tuple(entry * turn for entry in row), place)
    rows, places = list(first), np.array(list(first.values()), dtype=np.intp)
    asked = _nearest_rows(rows, point, most)
    places = places[_irredundant(rows, asked)]
    factors = RationalMatrix.from_fractions([[turn] for turn in turns[places].tolist()], 1)
    matrix, constant = (part.rows(places).scale_rows(factors) for part in (matrix, constant))
    return LocalRegion(
        matrix=nearest_doubles(matrix), constant=nearest_doubles(constant)[:, 0],
        units=units[places].astype(np.int64), pattern=active,
        num_left_out=len(rows) - len(asked), inequalities=AffineMap(matrix=matrix, constant=constant),
    )  # fmt: skip


def _in_doubles(
    floats: FloatNetwork, point: Floats, active: NDArray[np.bool_], units: NDArray[np.intp], turns: NDArray[np.int64],
    most: int | None,
) -> LocalRegion:  # fmt: skip
    everywhere = np.broadcast_to(active, (len(units), len(active)))
    matrix, constant = floats.unit_rows(units, everywhere)
    # What rounding can make of a row of zeros is none.
    noise = floats.gamma * row_norms(floats.absolute.unit_rows(units, everywhere)[0]) + floats.underflow * len(point)
    matrix, constant, norms = matrix * turns[:, None], constant * turns, row_norms(matrix)
    rows = np.flatnonzero(norms > noise)
    scaled = np.concatenate([matrix[rows], constant[rows, None]], axis=1) / norms[rows, None]
    scaled[:, -1] /= 1 + np.abs(scaled[:, -1])
    _, first = np.unique(np.round(scaled, _DIGITS), axis=0, return_index=True)
    rows = rows[np.sort(first)]
    normals, values = matrix[rows] / norms[rows, None], (matrix[rows] @ point + constant[rows]) / norms[rows]
    asked = _nearest(values, most)
    if len(asked):
        asked = np.sort(facets_among(asked, normals, np.maximum(values, 0), direction(len(point))))
    kept = rows[asked]
    return LocalRegion(
        matrix=matrix[kept], constant=constant[kept], units=units[kept].astype(np.int64), pattern=active,
        num_left_out=max(len(rows) - most, 0) if most is not None else 0, inequalities=None,
    )  # fmt: skip


def _nearest(distances: Floats, most: int | None) -> NDArray[np.intp]:
    return np.argsort(distances, kind="stable")[:most]


def _nearest_rows(rows: Sequence[Row], point: Floats, most: int | None) -> list[int]:
    """The hyperplanes nearest to a point, exactly, in the order of the rows; of several as near the first ones."""
    if most is None or most >= len(rows):
        return list(range(len(rows)))
    at = [Fraction(x) for x in point.tolist()]
    values = [row[0] + sum(a * x for a, x in zip(row[1:], at, strict=True)) for row in rows]
    squares = [value * value / sum(a * a for a in row[1:]) for value, row in zip(values, rows, strict=True)]
    return sorted(sorted(range(len(rows)), key=squares.__getitem__)[:most])


def _irredundant(rows: Sequence[Row], candidates: Sequence[int]) -> list[int]:
    """Those of some distinct rows that a point violates alone: facets of the region of all rows, as one of a network.

    Each is proved by such a point, each other one by multipliers, as all facets of that engine are.
    """
    if not rows:
        return []
    weights = RationalMatrix.from_fractions([list(row[1:]) for row in rows], len(rows[0]) - 1)
    constants = RationalMatrix.from_fractions([[row[0]] for row in rows], 1)
    network = Network.from_layers([weights, np.zeros((1, len(rows)))], [constants, np.zeros(1)])
    search = SingleRegions(Problem(network=network), Watch(), jobs=1, asks_bounded=False)
    found = search.find_one(np.ones(len(rows), dtype=np.int8))
    if found is None:
        raise CheckFailedError("the region around the point is empty")
    facets = {unit for facet in range(len(found.facet_region)) for unit in facet_units(found, facet)}
    return [number for number in candidates if number in facets]
