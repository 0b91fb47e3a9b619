"""Back from tropical rational functions to networks.

Two values meet by ``max(p, q) = relu(p - q) + relu(q) - relu(-q)``, so that r monomials become one in ceil(log2 r)
hidden stages ([ZNL18], Theorem 5.4 and Corollary 5.5; [ABMM18], Theorem 2.1). Numerator
and denominator are computed side by side.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from relureg.arguments import checked
from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network
from relureg.tropical.polynomial import TropicalPolynomial
from relureg.tropical.rational_function import TropicalRational

Row = tuple[Fraction, ...]
"""An affine function of the units before: constant and weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Construction:
    """A network that computes a tropical rational function."""

    function: TropicalRational
    network: Network

    @property
    def num_layers(self) -> int:
        """Affine layers, the output layer included."""
        return len(self.network.stages) + 1

    @property
    def depth_bound(self) -> int:
        """ceil(log2 max(r_f, r_g)) + 2 for r_f and r_g monomials in numerator and denominator."""
        return (_most_monomials(self.function) - 1).bit_length() + 2


@checked
def network_of(function: TropicalRational, *, name: str = "tropical") -> Construction:
    """A multilayer perceptron with one output that computes a tropical rational function, by pairwise maxima.

    Examples
    --------
    >>> from relureg.tropical.expression import parse
    >>> built = network_of(parse("max(2x, x + 2, -4) - max(x, 0)").function)
    >>> built.network.widths, built.num_layers, built.depth_bound
    ((4, 5), 3, 4)
    >>> [int(built.network.exact_output([x])[0]) for x in (-8, -2, 4)]
    [-4, 0, 4]
    """
    values = [_affine_rows(function.numerator), _affine_rows(function.denominator)]
    layers: list[tuple[list[Row], int]] = []
    width = function.dim
    while max(map(len, values)) > 1:
        stage = _Stage(width)
        pending = [[stage.merge(group) for group in _in_pairs(rows)] for rows in values]
        layers.append((stage.units, width))
        width = len(stage.units)
        values = [[one.row(width) for one in listed] for listed in pending]
    ((above,), (below,)) = values
    output = tuple(a - b for a, b in zip(above, below, strict=True))
    layers.append(([output], width))
    return Construction(function=function, network=_network(layers, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class PiecewiseLinear:
    """A continuous piecewise linear function of one variable.

    Parameters
    ----------
    breakpoints : sequence of n numbers, strictly ascending
    slopes : sequence of n + 1 numbers
        Of each piece, from left to right.
    through : (x, y)
        A point of the graph.
    """

    breakpoints: tuple[Fraction, ...]
    slopes: tuple[Fraction, ...]
    through: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))

    def __post_init__(self) -> None:
        if not self.breakpoints:
            raise UsageError("at least one breakpoint is needed")
        if len(self.slopes) != len(self.breakpoints) + 1:
            raise UsageError(
                f"{len(self.breakpoints)} breakpoints need {len(self.breakpoints) + 1} slopes, not {len(self.slopes)}"
            )
        for low, high in itertools.pairwise(self.breakpoints):
            if low >= high:
                raise UsageError(f"breakpoints must ascend, but {high} follows {low}")

    @checked
    def __call__(self, x: Fraction | int) -> Fraction:
        """The exact value."""
        start, value = self.through
        return value + self._from_first(Fraction(x)) - self._from_first(start)

    def rational(self) -> TropicalRational:
        """As a difference of convex functions: rising bends in the numerator, falling ones in the denominator."""
        first = self.breakpoints[0]
        line = TropicalRational.affine(self(first) - self.slopes[0] * first, [self.slopes[0]])
        for bend, change in self._bends():
            corner = TropicalRational.affine(-bend, [1]) + TropicalRational.affine(0, [0])
            line = line * corner**change
        return line

    def network(self, *, name: str = "piecewise_linear") -> Network:
        """With one hidden stage: ``f(x1) - m0 relu(x1 - x) + m1 relu(x - x1) + sum of change_i relu(x - x_i)``.

        x1 is the first breakpoint, m0 and m1 are the slopes beside it. No unit bends elsewhere than the function.
        """
        first = self.breakpoints[0]
        units = [(Fraction(-1), first, -self.slopes[0]), (Fraction(1), -first, self.slopes[1])]
        units += [(Fraction(1), -bend, change) for bend, change in self._bends() if bend != first]
        used = [unit for unit in units if unit[2]] or units[:1]
        rows: list[Row] = [(bias, weight) for weight, bias, _ in used]
        output: Row = (self(first), *(factor for *_, factor in used))
        return _network([(rows, 1), ([output], len(rows))], name)

    def _bends(self) -> list[tuple[Fraction, Fraction]]:
        """Each breakpoint with the change of slope there, where there is one."""
        changes = (after - before for before, after in itertools.pairwise(self.slopes))
        return [(bend, change) for bend, change in zip(self.breakpoints, changes, strict=True) if change]

    def _from_first(self, x: Fraction) -> Fraction:
        """f(x) - f(0) up to a constant that is the same everywhere."""
        return self.slopes[0] * x + sum(
            (change * max(x - bend, Fraction(0)) for bend, change in self._bends()), Fraction(0)
        )


@dataclass(frozen=True, slots=True)
class _Combination:
    """A constant plus multiples of units of the stage under construction."""

    constant: Fraction
    weights: dict[int, Fraction]

    def row(self, width: int) -> Row:
        return (self.constant, *(self.weights.get(unit, Fraction(0)) for unit in range(width)))


class _Stage:
    """Units made as they are asked for, none twice."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.units: list[Row] = []

    def merge(self, group: Sequence[Row]) -> _Combination:
        """The maximum of two rows; of one row, the row itself."""
        if len(group) == 1:
            return self._combine([(Fraction(1), group[0]), (Fraction(-1), _negated(group[0]))])
        p, q = group if any(group[0][1:]) else group[::-1]
        difference = tuple(a - b for a, b in zip(p, q, strict=True))
        return self._combine([(Fraction(1), difference), (Fraction(1), q), (Fraction(-1), _negated(q))])

    def _combine(self, terms: Sequence[tuple[Fraction, Row]]) -> _Combination:
        """``sum of factor * relu(row)``; the relu of a constant is a constant and needs no unit."""
        constant = Fraction(0)
        weights: dict[int, Fraction] = {}
        for factor, row in terms:
            if not any(row[1:]):
                constant += factor * max(row[0], Fraction(0))
                continue
            if row not in self.units:
                self.units.append(row)
            unit = self.units.index(row)
            weights[unit] = weights.get(unit, Fraction(0)) + factor
        return _Combination(constant, weights)


def _affine_rows(polynomial: TropicalPolynomial) -> list[Row]:
    return [tuple(row) for row in polynomial.monomials.fractions()]


def _in_pairs(rows: Sequence[Row]) -> list[Sequence[Row]]:
    return [rows[start : start + 2] for start in range(0, len(rows), 2)]


def _negated(row: Row) -> Row:
    return tuple(-entry for entry in row)


def _most_monomials(function: TropicalRational) -> int:
    return max(function.numerator.num_monomials, function.denominator.num_monomials)


def _network(layers: Sequence[tuple[Sequence[Row], int]], name: str) -> Network:
    weights = [RationalMatrix.from_fractions([row[1:] for row in rows], width) for rows, width in layers]
    biases = [RationalMatrix.from_fractions([row[:1] for row in rows], 1) for rows, _ in layers]
    return Network.from_layers(weights, biases, name=name)
