"""Networks from tropical functions, and the round trip: the same function, proved on exact complexes."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any

import pytest

from relureg import Network
from relureg.errors import LimitReachedError, UsageError
from relureg.tropical import (
    PiecewiseLinear,
    TropicalPolynomial,
    TropicalRational,
    in_tropical_notation,
    network_of,
    parse,
    same_function,
    tropical_map,
)
from relureg.tropical.form_checks import depth, random_points
from tests.tropical.networks import REFERENCE, exact, random_network, rational, reference_network

EXPRESSIONS = [
    "max(2x, x + 2, -4) - max(x, 0)",
    "max(x, y, 3 - x - y, 2x - 5, 0) - max(x - y, y/2)",
    "x - 3y",
    "2 - max(x, 1/3)",
    "relu(x1) - relu(x2 - relu(x1 - x3))",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_a_network_of_an_expression(text: str) -> None:
    function = parse(text).function
    built = network_of(function)
    for point in random_points(function.dim, 200):
        assert built.network.exact_output(point) == (function(point),)
    (back,) = tropical_map(built.network).outputs
    assert back.is_same_function(function)
    assert depth([built]).passed


@pytest.mark.parametrize(("above", "below"), [(r, g) for r in range(1, 10) for g in (1, 2, 5)])
def test_the_depth_bound(above: int, below: int) -> None:
    """ceil(log2 max(r_f, r_g)) hidden stages, an output layer, and one less than the bound."""

    def parabola(count: int) -> TropicalPolynomial:
        return TropicalPolynomial.of_terms({(k,): -k * k for k in range(count)})

    built = network_of(TropicalRational(parabola(above), parabola(below)))
    stages = max(above - 1, below - 1).bit_length()
    assert (len(built.network.stages), built.num_layers, built.depth_bound) == (stages, stages + 1, stages + 2)


@pytest.mark.parametrize("entry", REFERENCE["forms"], ids=lambda e: str(next(iter(e.values()))))
def test_round_trips_of_known_networks(entry: dict[str, Any]) -> None:
    network = reference_network(entry)
    built = network_of(tropical_map(network).outputs[0])
    assert depth([built]).passed
    equality = same_function(network, built.network)
    assert equality.equal
    assert equality.regions >= entry["R2"]


@pytest.mark.parametrize("widths", [(1, 4, 1), (1, 3, 3, 1), (2, 3, 1), (2, 2, 2, 1), (3, 3, 1)], ids=str)
def test_round_trips_of_random_networks(widths: tuple[int, ...]) -> None:
    network = random_network(widths, 3, rational)
    assert same_function(network, network_of(tropical_map(network).outputs[0]).network).equal


def test_networks_that_differ_in_a_corner() -> None:
    """A bump of height 10^-6 far away, which random points do not meet."""
    flat = exact([[[1]], [[0]]], [[0], [0]])
    bump = exact([[[1], [1], [1]], [["1/1000", "-1/500", "1/1000"]]], [[-(10**9), -(10**9) - 1, -(10**9) - 2], [0]])
    equality = same_function(flat, bump)
    assert not equality.equal
    assert equality.witness is not None
    assert flat.exact_output(equality.witness) != bump.exact_output(equality.witness)
    assert same_function(bump, bump).equal


def test_several_outputs_are_all_compared() -> None:
    one = exact([[[1], [2]], [[1, 0], [0, 1], [1, 1]]], [[0, 0], [0, 0, 0]])
    other = exact([[[1], [2]], [[1, 0], [0, 1], [1, "999/1000"]]], [[0, 0], [0, 0, 0]])
    assert same_function(one, one).equal
    assert not same_function(one, other).equal


def test_comparisons_that_cannot_be_made() -> None:
    with pytest.raises(UsageError, match="from 1 input to 1 output cannot equal one from 2 to 1"):
        same_function(exact([[[1]]], [[0]]), exact([[[1, 1]]], [[0]]))
    network = reference_network({"lcg": {"widths": [2, 4, 4], "seed": 1}})
    with pytest.raises(LimitReachedError, match="agree on the 5 regions found so far"):
        same_function(network, network, max_regions=5)


# -- functions of one variable -------------------------------------------------------------------------


def straightforward(line: PiecewiseLinear, x: Fraction) -> Fraction:
    """Walk from the known point to x, piece by piece."""
    start, value = line.through
    low, high, sign = (start, x, 1) if start <= x else (x, start, -1)
    stops = [low, *(b for b in line.breakpoints if low < b < high), high]
    for one, other in itertools.pairwise(stops):
        piece = sum(b <= one for b in line.breakpoints)
        value += sign * line.slopes[piece] * (other - one)
    return value


@pytest.mark.parametrize("seed", range(12))
def test_piecewise_linear_functions(seed: int) -> None:
    draw = random.Random(seed)
    breakpoints = sorted({Fraction(draw.randint(-20, 20), draw.randint(1, 3)) for _ in range(draw.randint(1, 7))})
    slopes = [Fraction(draw.randint(-5, 5), draw.randint(1, 3)) for _ in range(len(breakpoints) + 1)]
    through = Fraction(draw.randint(-30, 30)), Fraction(draw.randint(-5, 5))
    line = PiecewiseLinear(breakpoints=tuple(breakpoints), slopes=tuple(slopes), through=through)
    network, form = line.network(), line.rational()
    for k in range(-100, 101):
        x = Fraction(k, 3)
        expected = straightforward(line, x)
        assert (line(x), form([x]), network.exact_output([x])[0]) == (expected,) * 3
    assert same_function(network, network_of(form).network).equal
    assert tropical_map(network).outputs[0].is_same_function(form)


def test_the_triangle_wave_from_its_breakpoints() -> None:
    wave = PiecewiseLinear(
        breakpoints=tuple(map(Fraction, (-1, 0, 1))),
        slopes=tuple(map(Fraction, (0, 1, -1, 0))),
        through=(Fraction(0), Fraction(1)),
    )
    assert in_tropical_notation(wave.rational()) == "(x^2 ⊕ 1⊗x ⊕ 0) ⊘ (x^2 ⊕ 0)"
    assert wave.network().widths == (3,)
    article = exact([[[1], [1], [1]], [[1, -2, 1]]], [[1, 0, -1], [0]])
    assert same_function(wave.network(), article).equal
    inner = exact([[[1], [1]], [[1, -2]], [[1]]], [[1, 0], [0], [0]])
    assert same_function(inner, article).equal


def test_a_straight_line_with_a_breakpoint_that_is_none() -> None:
    line = PiecewiseLinear(
        breakpoints=(Fraction(1),), slopes=(Fraction(0), Fraction(0)), through=(Fraction(3), Fraction(2))
    )
    constant: Network = line.network()
    assert constant.exact_output([7]) == (2,)


def test_what_is_no_function_of_one_variable() -> None:
    one, two = Fraction(1), Fraction(2)
    with pytest.raises(UsageError, match="at least one breakpoint"):
        PiecewiseLinear(breakpoints=(), slopes=(one,))
    with pytest.raises(UsageError, match="2 breakpoints need 3 slopes, not 2"):
        PiecewiseLinear(breakpoints=(one, two), slopes=(one, two))
    with pytest.raises(UsageError, match="breakpoints must ascend, but 1 follows 2"):
        PiecewiseLinear(breakpoints=(two, one), slopes=(one, two, one))
