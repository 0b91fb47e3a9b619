"""The distance of points from hyperplanes, and where on these they are nearest: each number the nearest double.

In pairs of doubles with a proven bound, which nearly always leaves one double; over the rationals where it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import Floats
from relureg.exact.numbers import nearest_double, nearest_root
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import ROUNDOFF, SLACK
from relureg.maps.exact_regions import exact_unit_rows
from relureg.maps.float_network import FloatNetwork
from relureg.network.affine_forms import INPUT
from relureg.network.double_double import Pairs, is_nearest, two_product, two_sum
from relureg.network.evaluation import iter_values, pull_back
from relureg.network.model import Network

_SMALL = 64 * ROUNDOFF**2
"""More than the relative error of a product or quotient of two pairs."""


def distances_to(
    floats: FloatNetwork, points: Floats, active: NDArray[np.bool_], units: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Distances (n,) and nearest points (n, d), of points (n, d) to the hyperplanes of one unit each.

    Parameters
    ----------
    floats : FloatNetwork
    points : (n, d)
    active : (n, N)
        The active units in the region of each point.
    units : (n,)
        Their gradients are not 0 there.
    """
    with np.errstate(all="ignore"):  # a bound that is NaN or infinite proves nothing
        value, gradient = _value(floats, points, active, units), _gradient(floats, active, units)
        distance, foot, proved = _nearest(points, value, gradient)
    for row in np.flatnonzero(~proved).tolist():
        distance[row], foot[row] = _exactly(floats.network, points[row], active[row], int(units[row]))
    return distance, foot


def _value(floats: FloatNetwork, points: Floats, active: NDArray[np.bool_], units: NDArray[np.int64]) -> Pairs:
    """(n,): the values of the units."""
    stages = iter_values(
        floats.pairs,
        Pairs.of(points),
        lambda form, sources: form(np.ones(len(points)), sources),
        lambda stage, z: z.where(active[:, floats.network.units_of(stage)]),
    )
    return Pairs.concatenate([*stages], axis=1).take((np.arange(len(points)), units))


def _gradient(floats: FloatNetwork, active: NDArray[np.bool_], units: NDArray[np.int64]) -> Pairs:
    """(n, d): the gradients of the units."""
    found = Pairs.of(np.zeros((len(units), floats.network.input_dim)))
    network = floats.network
    stages = np.searchsorted(network.offsets, units, side="right")
    for last in np.unique(stages).tolist():
        mine = np.flatnonzero(stages == last)
        on = active[mine]

        def through(stage: int, rows: Pairs, on: NDArray[np.bool_] = on) -> Iterator[tuple[int, Pairs]]:
            taken = rows.where(on[:, network.units_of(stage)])
            for source, matrix in floats.pairs[stage - 1].transposes.items():
                yield source, matrix.times(taken)

        held = pull_back(floats.pairs[last - 1].rows(units[mine] - network.offsets[last - 1]), last - 1, through)
        if INPUT in held:
            for name in Pairs.__slots__:
                getattr(found, name)[mine] = getattr(held[INPUT], name)
    return found


def _nearest(points: Floats, value: Pairs, gradient: Pairs) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Distances, feet, and of which points all of these are proved to be the nearest doubles."""
    # Scaled by a power of two, which is exact, so that no square underflows or overflows.
    _, exponent = np.frexp(np.abs(gradient.high).max(axis=1))
    g, g_low, g_error = (np.ldexp(getattr(gradient, name), -exponent[:, None]) for name in Pairs.__slots__)
    squares, lost = two_product(g, g)
    total, low = np.zeros(len(g)), np.zeros(len(g))
    for square in squares.T:
        total, rest = two_sum(total, square)
        low += rest
    low += (lost + 2 * g * g_low).sum(axis=1)
    total, low = two_sum(total, low)
    count = g.shape[1] + 4
    square_error = 4 * count**2 * ROUNDOFF**2 * total + ((2 * np.abs(g) + g_error) * g_error).sum(axis=1)
    # Relative errors of the value and of the square of the norm.
    of_value, of_square = value.error / np.abs(value.high), square_error / total
    root = np.sqrt(total)
    product, rest = two_product(root, root)
    root, root_low = two_sum(root, ((total - product) - rest + low) / (2 * root))
    distance, distance_low = _quotient(np.abs(value.high), np.sign(value.high) * value.low, root, root_low)
    relative = (of_value + of_square + _SMALL) * SLACK
    step, step_low = _quotient(value.high, value.low, total, low)
    # The foot, x - (z / |g|^2) g.
    moved, moved_low = _product(step[:, None], step_low[:, None], g, g_low)
    moved_error = np.abs(moved) * relative[:, None] + np.abs(step)[:, None] * g_error * SLACK
    scale = -exponent
    distance, distance_low = np.ldexp(distance, scale), np.ldexp(distance_low, scale)
    moved, moved_low, moved_error = (np.ldexp(x, scale[:, None]) for x in (moved, moved_low, moved_error))
    foot, rest = two_sum(points, -moved)
    foot, rest = two_sum(foot, rest - moved_low)
    foot_error = (moved_error + 4 * ROUNDOFF**2 * np.abs(moved)) * SLACK
    good = np.isfinite(relative) & (relative < 2.0**-60) & (np.abs(exponent) < 300) & _is_middling(value.high)
    good &= ((moved == 0) | _is_middling(moved)).all(axis=1)  # near 0 the low part of a step would lose bits
    good &= is_nearest(distance, distance_low, distance * relative) & is_nearest(foot, rest, foot_error).all(axis=1)
    return distance, foot, good


def _is_middling(values: Floats) -> NDArray[np.bool_]:
    """Whether a quotient by about 1 keeps all the bits of its low part."""
    return np.asarray((np.abs(values) > 2.0**-300) & (np.abs(values) < 2.0**300))


def _quotient(a: Floats, a_low: Floats, b: Floats, b_low: Floats) -> tuple[Floats, Floats]:
    ratio = a / b
    product, lost = two_product(ratio, b)
    return two_sum(ratio, ((a - product) - lost + a_low - ratio * b_low) / b)


def _product(a: Floats, a_low: Floats, b: Floats, b_low: Floats) -> tuple[Floats, Floats]:
    product, lost = two_product(a, b)
    return two_sum(product, lost + (a * b_low + a_low * b))


def _exactly(network: Network, point: Floats, active: NDArray[np.bool_], unit: int) -> tuple[float, Floats]:
    matrix, constant = exact_unit_rows(network, active, np.array([unit], dtype=np.intp))
    at = RationalMatrix.from_floats(point[:, None])
    (value,) = (matrix @ at + constant).fractions()[0]
    row = matrix.fractions()[0]
    square = sum((entry * entry for entry in row), start=Fraction(0))
    coordinates = [x for (x,) in at.fractions()]
    foot = [nearest_double(x - value / square * g) for x, g in zip(coordinates, row, strict=True)]
    return nearest_root(value * value / square), np.array(foot)
