"""Random networks: the same everywhere, distributed as they say, and in their regions as expected."""

import json
import math
import random
import statistics
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relureg import Domain, Network, count_regions
from relureg.errors import UsageError
from relureg.families.random import INITIALISATIONS, random_network, standard_normal
from relureg.theory.expected import expected_breakpoints, hanin_rolnick_2019

KNOWN = json.loads(Path("fixtures/reference/theory.json").read_text())


def _weights(network: Network) -> np.ndarray:
    return np.concatenate([stage.pre_activation.terms[k].floats.ravel() for k, stage in enumerate(network.stages)])


def _biases(network: Network) -> np.ndarray:
    return np.concatenate([stage.pre_activation.constant.floats.ravel() for stage in network.stages])


@pytest.mark.parametrize(
    ("init", "start"),
    [
        ("he", "7fa7cf284e7ce77f"),
        ("torch", "be7432ec1cc9d7e8"),
        ("integer", "f92a201ee415cfdc"),
        ("sparse", "30b0e3c08e0a1385"),
        ("nobias", "8f1d10f50c1f1769"),
    ],
)
def test_a_seed_gives_the_same_network_on_every_machine(init: str, start: str) -> None:
    assert random_network([3, 5, 4], init, seed=42).sha256.startswith(start)


def test_seeds_and_shapes_make_a_difference() -> None:
    networks = [random_network([2, 4], init, seed) for init in INITIALISATIONS for seed in range(3)]
    assert len({network.sha256 for network in networks}) == len(networks)
    assert random_network([2, 4], "he", 1, outputs=3).output_dim == 3


def test_normal_numbers_are_normal() -> None:
    """Kolmogorov-Smirnov at 100,000 numbers, and moments within four standard errors."""
    generator = random.Random(5)
    n = 100_000
    sample = sorted(standard_normal(generator) for _ in range(n))
    normal = statistics.NormalDist()
    distance = max(abs(normal.cdf(x) - (k + 0.5) / n) for k, x in enumerate(sample))
    assert distance * math.sqrt(n) < 1.63  # 1 % level
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        mean = statistics.fmean(x**power for x in sample)
        assert abs(mean - moment) < 4 * math.sqrt(variance / n), power


def test_initialisations_are_what_they_say() -> None:
    shape = [50, 60, 40]
    he, torch, integer, sparse, nobias = (random_network(shape, init, 3) for init in INITIALISATIONS)
    first = he.stages[0].pre_activation.terms[0].floats
    assert abs(first.std() / math.sqrt(2 / 50) - 1) < 0.05
    assert abs(_biases(he).std() - 1) < 0.25
    assert abs(_weights(torch)).max() <= 1 / math.sqrt(50)
    assert abs(_biases(torch)).max() <= 1 / math.sqrt(50)
    values, counts = np.unique(_weights(integer), return_counts=True)
    assert values.tolist() == list(range(-9, 10))
    assert counts.min() > 0.7 * counts.mean()
    assert 0.45 < (_weights(sparse) == 0).mean() < 0.55
    assert not _biases(nobias).any()
    assert (_weights(nobias) != 0).all()


@pytest.mark.parametrize(
    ("widths", "init", "seed"), [([2, 0], "he", 1), ([], "he", 1), ([2, 3], "xavier", 1), ([2, 3], "he", -1),
                                 ([5000, 5000], "he", 1)],
)  # fmt: skip
def test_networks_that_cannot_be(widths: list[int], init: str, seed: int) -> None:
    with pytest.raises(UsageError):
        random_network(widths, init, seed)


# -- expected numbers of regions -----------------------------------------------------------------------


@pytest.mark.parametrize("entry", KNOWN["breakpoints"], ids=lambda e: f"{e['n']}[{e['a']},{e['b']}]")
def test_breakpoints_of_one_layer(entry: dict[str, Any]) -> None:
    """The closed form, and the mean over networks within four standard errors."""
    n, a, b = entry["n"], entry["a"], entry["b"]
    expected = expected_breakpoints(n, a, b, weight_deviation=entry["sw"], bias_deviation=entry["sb"])
    assert math.isclose(expected, entry["exact"], rel_tol=1e-12)
    generator = random.Random(n)
    counts = []
    for _ in range(300):
        weights = [[entry["sw"] * standard_normal(generator)] for _ in range(n)]
        biases = [entry["sb"] * standard_normal(generator) for _ in range(n)]
        network = Network.from_layers([weights, [[1] * n]], [biases, [0]])
        counts.append(count_regions(network, Domain.box([a], [b]), jobs=1).num_regions - 1)
    assert abs(statistics.fmean(counts) - expected) < 4 * statistics.stdev(counts) / math.sqrt(len(counts))


@pytest.mark.parametrize("entry", KNOWN["he_one_input"] + KNOWN["he_two_inputs"], ids=lambda e: str(e["widths"]))
def test_mean_regions_of_he_networks(entry: dict[str, Any]) -> None:
    """About as many as one layer with all the units would have, and within four standard errors of another program."""
    counts = [count_regions(random_network(entry["widths"], "he", seed), jobs=1).num_regions for seed in range(200)]
    error = math.hypot(statistics.stdev(counts) / math.sqrt(len(counts)), entry["se"])
    assert abs(statistics.fmean(counts) - entry["mean_regions"]) <= 4 * error
    bound = math.prod(n + 1 for n in entry["widths"][1:]) if entry["widths"][0] == 1 else entry["serra_ub"]
    assert max(counts) <= bound


def test_the_form_of_hanin_and_rolnick() -> None:
    assert hanin_rolnick_2019(16, 2, 1.0) == 128
    assert hanin_rolnick_2019(3, 5, 2.0) == 8
    with pytest.raises(UsageError):
        hanin_rolnick_2019(16, 2, 0.0)
    with pytest.raises(UsageError):
        expected_breakpoints(5, 1, -1)
    assert all(a < b for a, b in pairwise(hanin_rolnick_2019(n, 3, 1.0) for n in range(3, 9)))
