"""Changes of a network that keep its complex: counts, f-vectors, degrees and diameter stay."""

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from relureg import Domain, Network, enumerate_regions

Layers = list[tuple[NDArray[Any], NDArray[Any]]]


def _random_layers(seed: int, widths: tuple[int, ...]) -> Layers:
    rng = np.random.default_rng(seed)
    return [
        (rng.integers(-6, 7, size=(n, m)).astype(float), rng.integers(-6, 7, size=n).astype(float))
        for m, n in pairwise(widths)
    ]


def _network(layers: Layers) -> Network:
    return Network.from_layers([weight for weight, _ in layers], [bias for _, bias in layers])


def _figures(layers: Layers, engine: str) -> tuple[Any, ...]:
    cells = enumerate_regions(_network(layers), engine=engine)
    assert all(check.passed is not False for check in cells.checks + cells.graph_checks)
    graph = cells.graph
    return (
        cells.num_regions,
        cells.num_relatively_bounded,
        cells.f_vector,
        cells.f_vector_bounded,
        graph.degree_histogram,
        graph.diameter,
        graph.radius,
    )


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


CHANGES = [_permute_units, _permute_inputs, _scale_a_unit, _shear_the_input, _add_a_dead_unit, _duplicate_a_unit]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("engine", "seed", "widths"),
    [
        ("lp", 1, (2, 5, 4, 1)),
        ("lp", 2, (3, 4, 3, 1)),
        ("lp", 3, (2, 4, 4, 2)),
        ("lp", 4, (1, 4, 4, 1)),
        ("split", 5, (2, 14, 12, 1)),
        ("split", 6, (3, 9, 8, 1)),
        ("split", 7, (4, 7, 5, 1)),
        ("split", 8, (1, 30, 20, 1)),
    ],
)
def test_the_complex_stays(change: Any, engine: str, seed: int, widths: tuple[int, ...]) -> None:
    assert _figures(change(_random_layers(seed, widths)), engine) == _figures_unchanged(engine, seed, widths)


@cache
def _figures_unchanged(engine: str, seed: int, widths: tuple[int, ...]) -> Any:
    return _figures(_random_layers(seed, widths), engine)


@pytest.mark.parametrize("seed", range(12))
def test_a_wall_divides_the_regions_as_a_unit_does(seed: int) -> None:
    """The regions on either side of a wall are, together, those of the network with the wall as one more unit."""
    rng = np.random.default_rng(seed)
    dim = 1 + seed % 4
    layers = _random_layers(seed, (dim, *{1: (12, 10), 2: (10, 8), 3: (7, 6), 4: (5, 5)}[dim], 1))
    network = _network(layers)
    row = rng.integers(-3, 4, dim).astype(float)
    row[0] = 2.0
    bound = float(rng.integers(-2, 3))
    (w1, b1), (w2, b2), last = layers
    wider = np.concatenate([w2, np.zeros((len(w2), 1))], axis=1)
    with_unit = _network([(np.vstack([w1, row]), np.append(b1, -bound)), (wider, b2), last])
    below = enumerate_regions(network, Domain.polytope([row.tolist()], [bound]))
    above = enumerate_regions(network, Domain.polytope([(-row).tolist()], [-bound]))
    divided = enumerate_regions(with_unit)
    assert below.num_regions + above.num_regions == divided.num_regions
    on_the_wall = below.facets.num_boundary
    assert on_the_wall == above.facets.num_boundary
    assert below.facets.num_inner + above.facets.num_inner + on_the_wall == divided.facets.num_inner
    assert all(check.passed is not False for cells in (below, above, divided) for check in cells.checks)


@pytest.mark.parametrize("seed", range(6))
def test_every_point_lies_in_a_region_that_is_listed(seed: int) -> None:
    dim = 1 + seed % 4
    network = _network(_random_layers(seed, (dim, *{1: (12, 10), 2: (10, 8), 3: (7, 6), 4: (5, 5)}[dim], 1)))
    known = {signs.tobytes() for signs in enumerate_regions(network).records.signs}
    rng = np.random.default_rng(seed)
    met = set()
    for point in rng.normal(size=(200, dim)) * np.exp2(rng.integers(-4, 8, (200, 1))):
        signs = network.exact_signs(point.tolist()).tobytes()
        assert signs in known
        met.add(signs)
    assert len(met) > 5
