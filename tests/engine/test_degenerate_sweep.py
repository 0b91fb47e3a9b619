"""A thousand degenerate networks: every sign decided in integers as well, and small ones counted by the referee."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from relureg import Network, count_regions, enumerate_regions
from relureg.exact.rational import RationalMatrix
from relureg.families.lattices import two_level_lattice

_SEEDS = range(100)
_COMPARED = 5
"""One network in so many is a small one, which the referee counts as well."""

_WIDTHS = {2: (8, 6, 4, 1), 3: (6, 5, 4, 1), 4: (5, 4, 3, 1), 5: (5, 3, 2, 1), 6: (5, 3, 2, 1)}
_SMALL = (4, 3, 1)

Array = NDArray[np.float64]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "kind",
    [
        "integer",
        "without biases",
        "duplicated",
        "dead",
        "pruned",
        "quantised",
        "decayed",
        "decayed units",
        "lattice",
        "narrow",
    ],
)
def test_degenerate_networks(kind: str) -> None:
    for seed in _SEEDS:
        network = _lattice(seed) if kind == "lattice" else _network(kind, seed)
        count = count_regions(network, audit=True, jobs=1)
        failed = [check.name for check in count.checks if check.passed is False]
        assert not failed, (seed, failed)
        if seed % _COMPARED:
            continue
        truth = enumerate_regions(network, engine="lp")
        assert (count.num_regions, count.num_bounded) == (truth.num_regions, truth.num_bounded), seed
        assert count.per_stage == truth.per_stage, seed


def _lattice(seed: int) -> Network:
    dim = 2 if seed % _COMPARED == 0 else 2 + seed % 4
    return two_level_lattice(dim, functions=3 + seed % 3, minima=2, terms=2, seed=seed)


def _network(kind: str, seed: int) -> Network:
    random = np.random.default_rng(seed)
    dim = 2 + seed // 2 % 5
    widths = (dim, *(_SMALL if seed % _COMPARED == 0 else (5, 1, 2, 1, 2, 1) if kind == "narrow" else _WIDTHS[dim]))
    layers = [_layer(kind, random, fan_in, units) for fan_in, units in pairwise(widths)]
    if kind == "quantised":
        return Network.from_layers([_tenths(weight) for weight, _ in layers], [bias for _, bias in layers])
    return Network.from_layers([weight for weight, _ in layers], [bias for _, bias in layers])


def _layer(kind: str, random: np.random.Generator, fan_in: int, units: int) -> tuple[Array, Array]:
    weight, bias = random.normal(size=(units, fan_in)), random.normal(size=units)
    if kind == "integer":
        return np.round(2 * weight), np.round(2 * bias)
    if kind == "without biases":
        return weight, np.zeros(units)
    if kind == "duplicated":
        for unit in range(1, units, 2):
            factor = random.choice([1.0, -1.0, 2.0, -0.5])
            weight[unit], bias[unit] = factor * weight[unit - 1], factor * bias[unit - 1]
    elif kind == "dead":
        gone = random.random(units) < 0.3
        weight[gone], bias[gone] = 0, np.where(random.random(gone.sum()) < 0.5, 0, bias[gone])
    elif kind == "pruned":
        weight *= random.random(weight.shape) < max(0.1, 1 / fan_in)
    elif kind == "quantised":
        weight, bias = np.round(12 * weight), np.round(12 * bias) / 16
    elif kind == "decayed":
        weight = np.where(random.random(weight.shape) < 0.2, weight * 10.0 ** -random.uniform(20, 38), weight)
    elif kind == "decayed units":
        gone = random.random(units) < 0.3
        weight[gone] *= 10.0 ** -random.uniform(30, 38, size=(gone.sum(), 1))
        bias[gone] *= np.where(random.random(gone.sum()) < 0.5, 1e-35, 1)
        weight[:, random.random(fan_in) < 0.1] *= 1e-34
    return weight, bias


def _tenths(weight: Array) -> RationalMatrix:
    """Eight bits and a scale that is no double."""
    rows = [[Fraction(int(entry), 10) for entry in row] for row in weight.tolist()]
    return RationalMatrix.from_fractions(rows, weight.shape[1])
