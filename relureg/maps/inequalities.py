"""The region around a point as a polyhedron: the irredundant inequalities of its units, by linear programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.complex.affine import AffineMap
from relureg.engine.lp import Row, interior_point
from relureg.engine.records import freeze
from relureg.errors import CheckFailedError, UsageError
from relureg.maps.float_network import FloatNetwork, Floats, check_points
from relureg.maps.nearest import exact_unit_rows
from relureg.maps.signs import SignFinder
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix

_SLACK = 1e-9
"""By how much doubles must see a row of norm 1 violated. It decides only what is called irredundant without `exact`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRegion:
    """The closed region ``{x : matrix @ x + constant >= 0}`` around a point, one inequality for each of F facets."""

    matrix: Floats
    """(F, d)."""
    constant: Floats
    """(F,)."""
    units: NDArray[np.int64]
    """(F,): the unit that vanishes on each facet; the lowest, where several do."""
    pattern: NDArray[np.bool_]
    """(N,): the active units."""
    inequalities: AffineMap | None
    """The same over the rationals, where the facets were asked for exactly."""

    @property
    def num_facets(self) -> int:
        return len(self.constant)

    @property
    def is_exact(self) -> bool:
        """Whether the facets are proved, by rational linear programs with certificates, or found in doubles."""
        return self.inequalities is not None


def region_around(network: Network, point: ArrayLike, *, exact: bool = False) -> LocalRegion:
    """The irredundant inequalities of the region in which a point lies.

    Parameters
    ----------
    point : array_like, shape (d,)
        On a boundary the region is that of `find_regions`.
    exact : bool, optional
        Decide redundancy by rational linear programs (needs the extra ``lp``); else by programs in doubles
        (HiGHS in SciPy, the extra ``maps``), which is fast and not proved. The inequalities themselves are exact either
        way, and rounded once.

    Raises
    ------
    UsageError
        The point has another shape, or SciPy is missing.
    EngineUnavailableError
        pycddlib is missing.

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
    active = signs[0] > 0
    units = np.flatnonzero(signs[0])
    matrix, constant = exact_unit_rows(network, active, units) if len(units) else _nothing(network)
    # A positive factor does not change an inequality, and makes equal ones equal; a row without x is no inequality.
    turned = RationalMatrix.hstack([constant, matrix], len(units)).primitive_rows()
    first: dict[Row, int] = {}
    for place, (row, unit) in enumerate(zip(turned, units.tolist(), strict=True)):
        if any(row[1:]):
            first.setdefault(tuple(entry * int(signs[0][unit]) for entry in row), place)
    rows, places = list(first), np.array(list(first.values()), dtype=np.intp)
    kept = _irredundant(rows) if exact else _irredundant_in_doubles(rows)
    places = places[kept]
    factors = RationalMatrix.from_fractions([[int(signs[0][unit])] for unit in units[places].tolist()], 1)
    matrix, constant = (part.rows(places).scale_rows(factors) for part in (matrix, constant))
    found = LocalRegion(
        matrix=matrix.floats, constant=constant.floats[:, 0], units=units[places].astype(np.int64), pattern=active,
        inequalities=AffineMap(matrix=matrix, constant=constant) if exact else None,
    )  # fmt: skip
    freeze(found)
    return found


def _irredundant(rows: Sequence[Row]) -> list[int]:
    """The rows that some point violates alone, each proved by that point or by a certificate that there is none."""
    if not rows:
        return []
    essential = RationalMatrix.from_fractions([list(row[1:]) for row in rows], len(rows[0]) - 1).pivot_columns()
    short = [(row[0], *(row[1 + axis] for axis in essential)) for row in rows]
    kept = []
    for number, row in enumerate(short):
        crossed = [*short[:number], tuple(-entry for entry in row), *short[number + 1 :]]
        if interior_point(crossed, len(essential)) is not None:
            kept.append(number)
    return kept


def _irredundant_in_doubles(rows: Sequence[Row]) -> list[int]:
    """The same by HiGHS: the least value of a row, held above -1, where the others are at least 0."""
    linprog = _linprog()
    lengths = [max(abs(entry) for entry in row[1:]) for row in rows]
    matrix = np.array([[n / size for n in row[1:]] for row, size in zip(rows, lengths, strict=True)])
    constant = np.array([row[0] / size for row, size in zip(rows, lengths, strict=True)])
    kept = []
    for number in range(len(rows)):
        limits = constant.copy()
        limits[number] += 1
        found = linprog(matrix[number], A_ub=-matrix, b_ub=limits, bounds=(None, None), method="highs")
        if found.status == 2:
            raise CheckFailedError("the linear program calls the region around the point empty; try exact=True")
        if found.status != 0 or found.fun + constant[number] < -_SLACK:
            kept.append(number)
    return kept


def _nothing(network: Network) -> tuple[RationalMatrix, RationalMatrix]:
    return RationalMatrix.zeros(0, network.input_dim), RationalMatrix.zeros(0, 1)


def _linprog() -> Any:
    try:
        from scipy.optimize import linprog
    except ImportError as error:
        raise UsageError(
            "linear programs in doubles need SciPy: pip install 'relureg[maps]', or ask exactly"
        ) from error
    return linprog
