"""Networks from the literature with known numbers of regions, built from their definitions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from relureg import Network
from relureg.network.rational import RationalMatrix

Layer = tuple[list[list[Fraction]], list[Fraction]]
"""Weights by rows, and biases."""


def network_of_layers(layers: Sequence[Layer], name: str = "construction") -> Network:
    """ReLU after every layer; the output is the sum of the last one."""
    last: Layer = ([[Fraction(1)] * len(layers[-1][1])], [Fraction(0)])
    every = [*layers, last]
    return Network.from_layers(
        [RationalMatrix.from_fractions(weights, len(weights[0])) for weights, _ in every],
        [RationalMatrix.from_fractions([[bias] for bias in biases], 1) for _, biases in every],
        name=name,
    )


def telgarsky(depth: int) -> Network:
    """The tent map 2 relu(x) - 4 relu(x - 1/2), applied `depth` times: 2^depth pieces on [0, 1]."""
    half = Fraction(-1, 2)
    first: Layer = ([[Fraction(1)], [Fraction(1)]], [Fraction(0), half])
    then: Layer = ([[Fraction(2), Fraction(-4)]] * 2, [Fraction(0), half])
    return network_of_layers([first, *[then] * (depth - 1)], name=f"telgarsky_{depth}")


def sawtooth(depth: int) -> Network:
    """The same with one more unit, 2 relu(x - 1), so that the map is 0 beyond 1 too."""
    biases = [Fraction(0), Fraction(-1, 2), Fraction(-1)]
    first: Layer = ([[Fraction(1)]] * 3, biases)
    then: Layer = ([[Fraction(2), Fraction(-4), Fraction(2)]] * 3, biases)
    return network_of_layers([first, *[then] * (depth - 1)], name=f"saw_{depth}")


def zigzag(pieces: Sequence[int]) -> Network:
    """Layers of p >= 3 units that fold the whole line p + 1 times each: as many regions as the bound allows.

    Source: Serra, Tjandraatmadja, Ramalingam, Bounding and Counting Linear Regions (2018), Theorem 5.
    """
    (first, *_) = pieces
    layers = [_hinges([Fraction(1)], Fraction(0), first)]
    for before, p in pairwise(pieces):
        # The map before it sends each of its pieces onto an interval that contains [4, 5]: stretch that to [0, p + 1].
        layers.append(_hinges([c * (p + 1) for c in _coefficients(before)], Fraction(-4 * (p + 1)), p))
    return network_of_layers(layers, name="zigzag")


def _hinges(row: Sequence[Fraction], bias: Fraction, p: int) -> Layer:
    """Of t = row . h + bias: relu(t - j) for j = 1..p, save relu(3 - t) for j = 3."""
    signs = [-1 if j == 3 else 1 for j in range(1, p + 1)]
    return [[s * c for c in row] for s in signs], [s * (bias - j) for j, s in enumerate(signs, start=1)]


def _coefficients(p: int) -> list[Fraction]:
    """Of the hinges in the map that zigzags with slopes -2, 1, -1, 1, ..."""
    return [Fraction(3), *(Fraction(-2 if j % 2 == 0 else 2) for j in range(2, p + 1))]


def cut_grid(pieces: Sequence[int], thresholds: Sequence[Fraction]) -> Network:
    """A grid of p_i planes across axis i, and in the second layer sum g(x_i) - threshold for each threshold."""
    first, coefficients = _axes(pieces)
    row = [c for axis in coefficients for c in axis]
    return network_of_layers([first, ([row] * len(thresholds), [-t for t in thresholds])], name="cut grid")


def folded_cut(dim: int) -> Network:
    """Three planes across each axis, a second fold along each, and one cut of the middle of every box.

    With three axes this has 1024 regions and average degree 25/4, more than twice the dimension.
    """
    first, coefficients = _axes([3] * dim)
    total = [c for axis in coefficients for c in axis]
    folds = [[c if i == axis else Fraction(0) for i in range(dim) for c in coefficients[i]] for axis in range(dim)]
    second: Layer = ([total, *folds], [Fraction(0), *[Fraction(-9, 2)] * dim])
    third: Layer = ([[Fraction(1), *[Fraction(-2)] * dim]], [Fraction(-17 * dim, 4)])
    return network_of_layers([first, second, third], name="folded cut")


def _axes(pieces: Sequence[int]) -> tuple[Layer, list[list[Fraction]]]:
    """The hinges across each axis, and for each axis the coefficients of its zigzag."""
    weights, biases = [], []
    for axis, p in enumerate(pieces):
        rows, offsets = _hinges([Fraction(int(k == axis)) for k in range(len(pieces))], Fraction(0), p)
        weights += rows
        biases += offsets
    return (weights, biases), [_coefficients(p) for p in pieces]


def perturbed(network: Network, size: Fraction, seed: int) -> Network:
    """Every hidden weight and bias moved by a pseudo-random number of at most `size`; the output stays.

    The numbers are those of a linear congruential generator, drawn layer by layer, weights by rows before biases.
    """
    numbers = _congruential(seed)
    layers = []
    for source, stage in enumerate(network.stages):
        form = stage.pre_activation
        weights = [[w + size * next(numbers) for w in row] for row in form.terms[source].fractions()]
        biases = [b + size * next(numbers) for (b,) in form.constant.fractions()]
        layers.append((weights, biases))
    return network_of_layers(layers, name=f"{network.name}, perturbed")


def _congruential(seed: int) -> Iterator[Fraction]:
    """Multiples of 1/1000 from -1 to 1."""
    state = seed
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield Fraction((state >> 16) % 2001 - 1000, 1000)


def zigzag_regions(pieces: Sequence[int]) -> int:
    return math.prod(p + 1 for p in pieces)
