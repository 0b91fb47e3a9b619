"""Deep networks from the literature with known numbers of regions, built from their definitions.

Each function gives a network; the exact count it must have is beside it, in `families.catalogue`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network

Rows = Sequence[Sequence[Fraction | int]]

Layer = tuple[Rows, Sequence[Fraction | int]]
"""Weights by rows, and biases."""


def network_of_layers(layers: Sequence[Layer], name: str, output: Layer | None = None) -> Network:
    """ReLU after every layer; the output is the sum of the last one, unless it is given."""
    total: Layer = ([[1] * len(layers[-1][1])], [0])
    every = [*layers, output or total]
    return Network.from_layers(
        [RationalMatrix.from_fractions(weights, len(weights[0])) for weights, _ in every],
        [RationalMatrix.from_fractions([[bias] for bias in biases], 1) for _, biases in every],
        name=name,
    )


def exclusive_or(values: Sequence[Fraction]) -> Network:
    """1 where exactly one of two inputs is the higher one of two values, -1 where both or none are."""
    low, high = values
    scale = 1 / (high - low)
    hidden: Layer = ([[scale, scale]] * 2, [-2 * low * scale, -2 * low * scale - 1])
    return network_of_layers([hidden], f"xor_{low}_{high}", ([[2, -4]], [-1]))


# -- folding a line ------------------------------------------------------------------------------------


def sawtooth(depth: int) -> Network:
    """The tent map 2 relu(x) - 4 relu(x - 1/2), applied `depth` times: 2^depth pieces on [0, 1].

    Source: [Tel16].
    """
    half = Fraction(-1, 2)
    then: Layer = ([[2, -4]] * 2, [0, half])
    layers: list[Layer] = [([[1], [1]], [0, half]), *[then] * (depth - 1)]
    return network_of_layers(layers, f"sawtooth_{depth}", ([[2, -4]], [0]))


def closed_sawtooth(depth: int) -> Network:
    """The same with one more unit, 2 relu(x - 1), so that the map is 0 beyond 1 too."""
    biases = [Fraction(0), Fraction(-1, 2), Fraction(-1)]
    then: Layer = ([[2, -4, 2]] * 3, biases)
    layers: list[Layer] = [([[1]] * 3, biases), *[then] * (depth - 1)]
    return network_of_layers(layers, f"closed_sawtooth_{depth}", ([[2, -4, 2]], [0]))


def zigzag(pieces: Sequence[int]) -> Network:
    """Layers of p >= 3 units that fold the whole line p + 1 times each: as many regions as the bound allows.

    Source: [STR18], Theorem 5.
    """
    (first, *_) = pieces
    layers = [_hinges([1], 0, first)]
    for before, p in pairwise(pieces):
        layers.append(_refolded(_coefficients(before), p))
    return network_of_layers(layers, _named("zigzag", pieces))


def _hinges(row: Sequence[Fraction | int], bias: Fraction | int, p: int) -> Layer:
    """Of t = row . h + bias: relu(t - j) for j = 1..p, save relu(3 - t) for j = 3."""
    if p < 3:
        raise UsageError(f"a zigzag of {p} units; 3 or more are needed, fewer cannot fold every piece")
    signs = [-1 if j == 3 else 1 for j in range(1, p + 1)]
    return [[s * c for c in row] for s in signs], [s * (bias - j) for j, s in enumerate(signs, start=1)]


def _coefficients(p: int) -> list[int]:
    """Of the hinges in the map g that zigzags with slopes -2, 1, -1, 1, ...: 3, -2, 2, -2, ..."""
    return [3, *(-2 if j % 2 == 0 else 2 for j in range(2, p + 1))]


def _refolded(row: Sequence[int], p: int) -> Layer:
    """Hinges on a zigzag ``row . h``: its every piece covers [4, 5], which is stretched to [0, p + 1]."""
    return _hinges([(p + 1) * c for c in row], -4 * (p + 1), p)


# -- folding a space -----------------------------------------------------------------------------------


def folds(layers: Sequence[Sequence[int]], last: int) -> Network:
    """A zigzag along each axis in every layer, then `last` hyperplanes in general position inside the folded box.

    Parameters
    ----------
    layers : sequence of sequences of int
        For each layer, the units p >= 3 of each axis.
    last : int
        Units of the last layer.

    Source: [STR18], Theorem 6, with no unit left over.
    """
    dim = len(layers[0])
    rows: list[list[int]] = []
    stack: list[Layer] = []
    for pieces in layers:
        if len(pieces) != dim:
            raise UsageError(f"every layer needs {dim} numbers of units, one an axis")
        if not stack:
            stack.append(_along_axes(pieces))
        else:
            stack.append(_joined([_refolded(row, p) for row, p in zip(rows, pieces, strict=True)]))
        rows = _axis_rows([_coefficients(p) for p in pieces])
    stack.append(_general_position(rows, last, Fraction(9, 2), Fraction(1)))
    return network_of_layers(stack, "folds")


def montufar_folding(layers: Sequence[int], dim: int, last: int) -> Network:
    """Per axis p units relu(x), relu(2x - 1), ..., relu(2x - (p - 1)) that fold [0, p/2] onto [0, 1/2].

    Parameters
    ----------
    layers : sequence of int
        For each layer that folds, the units p of each axis.
    dim : int
        n_0.
    last : int
        Units of the last layer, hyperplanes in general position inside [0, 1/2]^n_0.

    Source: [MPCB14], Theorem 5. On the whole space there are more regions than that bound,
    because of the pieces outside the box.
    """
    stack: list[Layer] = []
    rows = _axis_rows([[1]] * dim)
    for index, p in enumerate(layers):
        scale = 1 if index == 0 else p  # [0, 1/2] is stretched to [0, p/2]
        biases = [0, *(-k for k in range(1, p))]
        stack.append(
            _joined([([[scale * (1 if k == 0 else 2) * c for c in row] for k in range(p)], biases) for row in rows])
        )
        rows = _axis_rows([[(-1) ** k for k in range(p)]] * dim)
    stack.append(_general_position(rows, last, Fraction(1, 4), Fraction(1, 2)))
    return network_of_layers(stack, "montufar_folding")


def _along_axes(pieces: Sequence[int]) -> Layer:
    """The hinges across each axis."""
    return _joined([_hinges(row, 0, p) for row, p in zip(_axis_rows([[1]] * len(pieces)), pieces, strict=True)])


def _axis_rows(coefficients: Sequence[Sequence[int]]) -> list[list[int]]:
    """For each axis the row with its own coefficients at its own units, and 0 elsewhere."""
    return [
        [c if i == axis else 0 for i, block in enumerate(coefficients) for c in block]
        for axis in range(len(coefficients))
    ]


def _joined(blocks: Sequence[Layer]) -> Layer:
    return [row for rows, _ in blocks for row in rows], [bias for _, biases in blocks for bias in biases]


def _general_position(rows: Sequence[Sequence[int]], num: int, centre: Fraction, size: Fraction) -> Layer:
    """Hyperplanes with normals (1, t, t^2, ...) near the centre of a box, t spread evenly around 0."""
    dim = len(rows)
    parameters = [Fraction(2 * k - num - 1, num) for k in range(1, num + 1)]
    weights = [
        [sum((t**axis * row[unit] for axis, row in enumerate(rows)), Fraction(0)) for unit in range(len(rows[0]))]
        for t in parameters
    ]
    biases = [-centre * sum(t**axis for axis in range(dim)) - size * t**dim / 8 for t in parameters]
    return weights, biases


# -- zonotopes -----------------------------------------------------------------------------------------


def zonotope(directions: Sequence[Sequence[int]], pieces: Sequence[int]) -> Network:
    """Units relu(b . x) and relu(-b . x) for each direction b, whose sum is then folded by zigzags.

    Source: [ABMM18], Theorem 2.11; with zigzags [STR18], Theorem 7. The directions
    must be in general position.
    """
    dim = len(directions[0])
    weights = [[sign * c for c in b] for b in directions for sign in (1, -1)]
    if any(len(row) != dim for row in weights):
        raise UsageError(f"the directions need {dim} coordinates each")
    layers: list[Layer] = [(weights, [0] * len(weights))]
    if pieces:
        layers.append(_hinges([1] * len(weights), 0, pieces[0]))
        layers += [_refolded(_coefficients(before), p) for before, p in pairwise(pieces)]
    return network_of_layers(layers, "zonotope")


def moment_directions(num: int, dim: int) -> list[list[int]]:
    """Directions (1, t, t^2, ...) for t = 0, 1, ..., num - 1: every `dim` of them are independent."""
    return [[t**k for k in range(dim)] for t in range(num)]


# -- cuts through many boxes at once -------------------------------------------------------------------


def cut_grid(pieces: Sequence[int], thresholds: Sequence[Fraction]) -> Network:
    """A grid of p_i planes across axis i, and in the second layer sum g(x_i) - threshold for each threshold.

    A threshold near the middle of the values of sum g cuts every box in two.
    """
    row = [c for p in pieces for c in _coefficients(p)]
    second: Layer = ([row] * len(thresholds), [-t for t in thresholds])
    return network_of_layers([_along_axes(pieces), second], _named("cut_grid", pieces))


def folded_cut(dim: int) -> Network:
    """Three planes across each axis, a second fold along each, and one cut of the middle of every box.

    With three axes this is the network (3; 9, 4, 1) with 1024 regions and average degree 25/4, more than twice the
    dimension, which contradicts Theorem 3.4 of Gaines and Bi [GB26].
    """
    rows = _axis_rows([_coefficients(3)] * dim)
    total = [sum(column) for column in zip(*rows, strict=True)]
    second: Layer = ([total, *rows], [0, *[Fraction(-9, 2)] * dim])
    third: Layer = ([[1, *[-2] * dim]], [Fraction(-17 * dim, 4)])
    return network_of_layers([_along_axes([3] * dim), second, third], f"folded_cut_{dim}")


def perturbed(network: Network, size: Fraction, seed: int) -> Network:
    """Every hidden weight and bias moved by a pseudo-random number of at most `size`; the output stays.

    The numbers are those of a linear congruential generator, drawn layer by layer, weights by rows before biases. The
    network must be a multilayer perceptron.
    """
    numbers = _congruential(seed)
    layers: list[Layer] = []
    for source, stage in enumerate(network.stages):
        form = stage.pre_activation
        weights = [[w + size * next(numbers) for w in row] for row in form.terms[source].fractions()]
        biases = [b + size * next(numbers) for (b,) in form.constant.fractions()]
        layers.append((weights, biases))
    output = network.output
    last: Layer = (output.terms[len(network.stages)].fractions(), [c for (c,) in output.constant.fractions()])
    return network_of_layers(layers, f"{network.name}_perturbed_{seed}", last)


def _congruential(seed: int) -> Iterator[Fraction]:
    """Multiples of 1/1000 from -1 to 1."""
    state = seed
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield Fraction((state >> 16) % 2001 - 1000, 1000)


def _named(name: str, numbers: Sequence[int]) -> str:
    return f"{name}_{'-'.join(map(str, numbers))}"
