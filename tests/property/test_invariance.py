"""Changes of a network that keep its complex: counts, facets, degrees and diameter stay."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from relureg import Network, enumerate_regions

Layers = list[tuple[NDArray[Any], NDArray[Any]]]


def _random_layers(seed: int, widths: tuple[int, ...]) -> Layers:
    rng = np.random.default_rng(seed)
    return [
        (rng.integers(-6, 7, size=(n, m)).astype(float), rng.integers(-6, 7, size=n).astype(float))
        for m, n in pairwise(widths)
    ]


def _figures(layers: Layers) -> tuple[Any, ...]:
    network = Network.from_layers([weight for weight, _ in layers], [bias for _, bias in layers])
    cells = enumerate_regions(network, engine="lp")
    assert all(check.passed is not False for check in cells.checks + cells.graph_checks)
    graph = cells.graph
    return cells.num_regions, cells.num_relatively_bounded, graph.degree_histogram, graph.diameter, graph.radius


def _permute_units(layers: Layers) -> Layers:
    (w1, b1), (w2, b2), last = layers
    order = np.random.default_rng(1).permutation(len(b1))
    return [(w1[order], b1[order]), (w2[:, order], b2), last]


def _permute_inputs(layers: Layers) -> Layers:
    (w1, b1), *rest = layers
    return [(w1[:, ::-1], b1), *rest]


def _scale_a_unit(layers: Layers) -> Layers:
    (w1, b1), (w2, b2), last = layers
    factors = np.ones(len(b1))
    factors[0] = 8.0  # a power of two, so that the compensation is exact
    return [(w1 * factors[:, None], b1 * factors), (w2 / factors, b2), last]


def _shear_the_input(layers: Layers) -> Layers:
    (w1, b1), *rest = layers
    shear = np.eye(w1.shape[1])
    shear[0, 1:] = 3.0
    return [(w1 @ shear, b1 + w1 @ np.arange(1.0, w1.shape[1] + 1)), *rest]


def _add_a_dead_unit(layers: Layers) -> Layers:
    (w1, b1), (w2, b2), last = layers
    dead = np.zeros((1, w1.shape[1]))
    wider = np.concatenate([w2, np.full((len(b2), 1), 5.0)], axis=1)
    return [(np.concatenate([w1, dead]), np.append(b1, -1.0)), (wider, b2), last]


def _duplicate_a_unit(layers: Layers) -> Layers:
    (w1, b1), (w2, b2), last = layers
    halved = np.concatenate([w2, w2[:, :1] / 2], axis=1)
    halved[:, 0] /= 2
    return [(np.concatenate([w1, w1[:1]]), np.append(b1, b1[0])), (halved, b2), last]


@pytest.mark.parametrize(
    "change",
    [_permute_units, _permute_inputs, _scale_a_unit, _shear_the_input, _add_a_dead_unit, _duplicate_a_unit],
)
@pytest.mark.parametrize(
    ("seed", "widths"), [(1, (2, 5, 4, 1)), (2, (3, 4, 3, 1)), (3, (2, 4, 4, 2)), (4, (1, 4, 4, 1))]
)
def test_the_complex_stays(change: Any, seed: int, widths: tuple[int, ...]) -> None:
    layers = _random_layers(seed, widths)
    assert _figures(change(layers)) == _figures(layers)
