"""Random networks, seeded, and the same on every machine and with every version of every library.

The only source of randomness is `random.Random.random`, whose sequence Python guarantees; what is made of it are sums,
products, comparisons and square roots of doubles, which IEEE 754 defines to the last bit.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from relureg.arguments import checked
from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network
from relureg.words import did_you_mean

LARGEST_INTEGER = 9
"""Weights and biases of `integer` are uniform in -9..9."""

MAX_WEIGHTS = 5_000_000
"""More take minutes to draw, and no one could enumerate the regions."""

DENSITY = 0.5
"""The share of weights that `sparse` keeps, each with this chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialisation:
    """How weights and biases of a layer are drawn."""

    name: str
    summary: str
    weight: Callable[[random.Random, int], float]
    """Draw one weight of a layer with so many inputs."""
    bias: Callable[[random.Random, int], float]


@checked
def random_network(
    widths: Sequence[int], init: str = "he", seed: int = 0, *, outputs: int = 1, name: str | None = None
) -> Network:
    """A multilayer perceptron with random parameters.

    Parameters
    ----------
    widths : sequence of int
        (n_0, n_1, ..., n_L): input dimension and hidden layers, without the output layer.
    init : {"he", "torch", "integer", "sparse", "nobias"}
        ``he``: weights N(0, 2 / fan-in), biases N(0, 1). ``torch``: both uniform in +-1/sqrt(fan-in), the default of
        PyTorch. ``integer``: both whole numbers from -9 to 9, uniform. ``sparse``: as ``he``, each weight 0 with chance
        1/2. ``nobias``: as ``he``, biases 0. All but ``integer`` round to single precision.
    seed : int
    outputs : int, optional
    name : str, optional

    Raises
    ------
    UsageError
        A width is less than 1, the network is too large, or there is no such initialisation.

    Examples
    --------
    >>> network = random_network([2, 3], "integer", seed=1)
    >>> network.widths, network.stages[0].pre_activation.constant.fractions()[0]
    ((3,), [Fraction(3, 1)])
    """
    chosen = INITIALISATIONS.get(init)
    if chosen is None:
        nearest = did_you_mean(init, INITIALISATIONS)
        raise UsageError(f"there is no initialisation {init!r}{nearest}; choose {', '.join(INITIALISATIONS)}")
    if seed < 0:
        raise UsageError(f"seed {seed} is negative")
    shape = (*widths, outputs)
    _check_size(shape)
    generator = random.Random(seed)
    weights, biases = [], []
    for fan_in, units in itertools.pairwise(shape):
        rows = [[np.float32(chosen.weight(generator, fan_in)) for _ in range(fan_in)] for _ in range(units)]
        weights.append(RationalMatrix.from_floats(rows))
        column = [[np.float32(chosen.bias(generator, fan_in))] for _ in range(units)]
        biases.append(RationalMatrix.from_floats(column))
    label = name or f"{init}_{'-'.join(map(str, shape))}_seed{seed}"
    return Network.from_layers(weights, biases, name=label)


def _check_size(shape: Sequence[int]) -> None:
    if len(shape) < 2:
        raise UsageError("widths need at least the input dimension")
    for width in shape:
        if width < 1:
            raise UsageError(f"width {width} is less than 1")
    size = sum(a * b for a, b in itertools.pairwise(shape))
    if size > MAX_WEIGHTS:
        raise UsageError(f"{size:,} weights are more than the {MAX_WEIGHTS:,} that a random network may have")


def standard_normal(generator: random.Random) -> float:
    """One number from N(0, 1), by comparisons of uniform numbers alone: no logarithm that differs between machines.

    Algorithm N of Karney [Kar16]:

    1. k >= 0 with probability exp(-k / 2) (1 - 1 / sqrt(e)), accepted with probability exp(-k (k - 1) / 2);
    2. x uniform in [0, 1), accepted with probability exp(-x (2 k + x) / 2);
    3. k + x, with a random sign.
    """
    while True:
        k = 0
        while _with_chance_exp(generator, 0.5):
            k += 1
        if not all(_with_chance_exp(generator, 0.5) for _ in range(k * (k - 1))):
            continue
        x = generator.random()
        # exp(-x (2 k + x) / 2) as a product of k + 1 factors with exponents below 1
        if all(_with_chance_exp(generator, x * (2 * k + x) / (2 * k + 2)) for _ in range(k + 1)):
            return k + x if generator.random() < 0.5 else -(k + x)


def _with_chance_exp(generator: random.Random, x: float) -> bool:
    """True with probability exp(-x), for 0 <= x <= 1 [Neu51].

    The length of the run x > u_1 > u_2 > ... is even with that probability.
    """
    even = True
    bound = x
    while (u := generator.random()) < bound:
        bound, even = u, not even
    return even


def _he(generator: random.Random, fan_in: int) -> float:
    return math.sqrt(2 / fan_in) * standard_normal(generator)


def _sparse(generator: random.Random, fan_in: int) -> float:
    return _he(generator, fan_in) if generator.random() < DENSITY else 0.0


def _torch(generator: random.Random, fan_in: int) -> float:
    return (2 * generator.random() - 1) / math.sqrt(fan_in)


def _integer(generator: random.Random, fan_in: int) -> float:
    return math.floor((2 * LARGEST_INTEGER + 1) * generator.random()) - LARGEST_INTEGER


def _normal_bias(generator: random.Random, fan_in: int) -> float:
    return standard_normal(generator)


INITIALISATIONS = {
    entry.name: entry
    for entry in (
        Initialisation(name="he", summary="weights N(0, 2 / fan-in), biases N(0, 1)", weight=_he, bias=_normal_bias),
        Initialisation(name="torch", summary="uniform in +-1 / sqrt(fan-in)", weight=_torch, bias=_torch),
        Initialisation(name="integer", summary="whole numbers from -9 to 9", weight=_integer, bias=_integer),
        Initialisation(name="sparse", summary="he, half of the weights 0", weight=_sparse, bias=_normal_bias),
        Initialisation(name="nobias", summary="he, biases 0", weight=_he, bias=lambda generator, fan_in: 0.0),
    )
}
"""Every initialisation by its name."""
