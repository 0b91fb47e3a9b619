"""Two-level lattices: maxima of minima of affine functions, as ReLU networks. They are degenerate by construction.

Every piecewise linear function has this form (Tarela and Martínez 1999), and controllers are made of it (Ferlez and
Shoukry, HSCC 2020). The same affine functions return in many minima, so that hyperplanes of later stages coincide with
earlier ones on many cells.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np

from relureg.errors import UsageError
from relureg.families.constructions import Layer, network_of_layers
from relureg.network.model import Network

_HALF = Fraction(1, 2)


def two_level_lattice(dim: int, functions: int, minima: int, terms: int, seed: int = 0) -> Network:
    """The largest of `minima` minima, each of `terms` out of `functions` affine functions with random coefficients.

    A pair a, b takes four units, of +-(a - b) and +-(a + b). The sum of the first two is ``|a - b|``, the difference of
    the others ``a + b``, and maximum and minimum are ``(a + b +- |a - b|) / 2``.

    Raises
    ------
    UsageError
        A number of minima or terms is no power of two, or a minimum would have more terms than there are functions.

    Examples
    --------
    >>> two_level_lattice(2, functions=24, minima=8, terms=8).widths
    (128, 64, 32, 16, 8, 4)
    """
    if any(count & (count - 1) for count in (minima, terms)) or minima * terms < 2:
        raise UsageError(f"minima={minima} terms={terms}: powers of two are needed, two values in all at the least")
    if terms > functions:
        raise UsageError(f"minima of {terms} functions need as many, not {functions}")
    random = Random(seed)
    pool = [[_coefficient(random) for _ in range(dim + 1)] for _ in range(functions)]
    chosen = [sorted(range(functions), key=lambda _: random.random())[:terms] for _ in range(minima)]
    rows = [pool[index][1:] for minimum in chosen for index in minimum]
    constants = [pool[index][0] for minimum in chosen for index in minimum]
    layers: list[Layer] = []
    width = len(rows)
    while width > 1:
        layers.append(_pairs(rows, constants))
        rows = _results(width // 2, sign=-1 if width > minima else 1)
        constants = [Fraction(0)] * (width // 2)
        width //= 2
    name = f"lattice_{dim}-{functions}-{minima}x{terms}"
    return network_of_layers(layers, name, (rows, constants))


def _coefficient(random: Random) -> Fraction:
    """Uniform in -1..1, in single precision."""
    return Fraction(float(np.float32(2 * random.random() - 1)))


def _pairs(rows: list[list[Fraction]], constants: list[Fraction]) -> Layer:
    """Four units for each two neighbours: of +-(a - b), +-(a + b)."""
    weights, biases = [], []
    for first in range(0, len(rows), 2):
        a, b = ([constants[k], *rows[k]] for k in (first, first + 1))
        for of_a, of_b in ((1, -1), (-1, 1), (1, 1), (-1, -1)):
            constant, *weight = (of_a * x + of_b * y for x, y in zip(a, b, strict=True))
            weights.append(weight)
            biases.append(constant)
    return weights, biases


def _results(pairs: int, sign: int) -> list[list[Fraction]]:
    """The maxima (sign 1) or minima (-1) of pairs, from their units."""
    each = [sign * _HALF, sign * _HALF, _HALF, -_HALF]
    zero = Fraction(0)
    return [[each[k % 4] if k // 4 == pair else zero for k in range(4 * pairs)] for pair in range(pairs)]
