"""Every answer about a function on small networks, degenerate ones included, by vertices in rationals."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import Domain, Network
from relureg.behaviour.polytopes import volume
from relureg.network.subtraction import subtract

from .brute_force import clipped_area, regions_of, supremum

BOX = Domain.box([-2, -1], [1, 2])


def small(seed: int) -> Network:
    """Two inputs, small integers: hyperplanes coincide, meet in one point, and lie on the walls of the box."""
    rng = np.random.default_rng(seed)
    widths = [2, int(rng.integers(1, 5)), int(rng.integers(1, 4)), 2]
    layers = [rng.integers(-2, 3, (n, k)).tolist() for k, n in itertools.pairwise(widths)]
    biases = [rng.integers(-2, 3, n).tolist() for n in widths[1:]]
    return Network.from_layers(layers, biases)


def check(seed: int) -> None:
    network, other = small(seed), small(seed + 1000)
    regions = list(regions_of(network, BOX))
    points = [vertex for region in regions for vertex in region.vertices]
    outputs = [network.exact_output(point) for point in points]
    samples = network(np.random.default_rng(seed).uniform([-2, -1], [1, 2], (200, 2)))
    for k, found in enumerate(relureg.output_range(network, BOX)):
        values = [output[k] for output in outputs]
        assert (found.minimum.value, found.maximum.value) == (min(values), max(values))
        assert min(values) - Fraction(1, 10**9) <= samples[:, k].min()
        assert samples[:, k].max() <= max(values) + Fraction(1, 10**9)
    for slope in relureg.derivative_ranges(network, BOX):
        entries = [region.matrix[slope.output][slope.input] for region in regions]
        assert (slope.minimum.value, slope.maximum.value) == (min(entries), max(entries))
    constant = relureg.lipschitz_constant(network, BOX, p="inf", q="inf").value
    assert constant.low == constant.high == max(sum(map(abs, row)) for region in regions for row in region.matrix)
    difference = relureg.compare_networks(network, other, BOX).largest
    apart = subtract(network, other)
    suprema = [supremum(apart, BOX, along) for along in ([1, 0], [-1, 0], [0, 1], [0, -1])]
    expected = max(value for value in suprema if value is not None)
    assert (0 if difference is None else difference.value) == max(expected, 0)
    pieces = relureg.image(network, BOX)
    assert {vertex for piece in pieces for vertex in piece.polytope.vertices} <= set(map(tuple, outputs))
    assert all(any(piece.polytope.has(output) for piece in pieces) for output in outputs[:10])
    low, high = Fraction(-1, 2), Fraction(3, 2)
    rows = [
        [[region.constant[0] - low, *region.matrix[0]], [high - region.constant[0], *(-x for x in region.matrix[0])]]
        for region in regions
    ]
    inside = relureg.preimage(network, Domain.box([low, -np.inf], [high, np.inf]), BOX)
    assert inside.volume() == sum(
        (clipped_area(region.vertices, kept) for region, kept in zip(regions, rows, strict=True)), Fraction(0)
    )
    total = Fraction(0)
    with relureg.iter_cells(network, BOX, vertices=True) as stream:
        seen = {pattern for batch in stream for pattern in batch.patterns}
    cells = relureg.enumerate_regions(network, BOX, engine="lp")
    assert seen == {cells.pattern(k) for k in range(cells.num_regions)}
    for k in range(cells.num_regions):
        body = cells.polyhedron(k)
        total += volume(body.vertices, body.incidence)
    assert total == 9
    loop = relureg.closed_loop(
        network, [[Fraction(1, 2), 0], [0, Fraction(1, 3)]], [[0, Fraction(1, 9)], [Fraction(1, 9), 0]],
        start=[1, Fraction(1, 2)], steps=4, exact=True,
    )  # fmt: skip
    assert loop.exact_states is not None
    for (x, y), (after_x, after_y) in zip(loop.exact_states, loop.exact_states[1:], strict=False):
        u, v = network.exact_output((x, y))
        assert (after_x, after_y) == (x / 2 + v / 9, y / 3 + u / 9)


@pytest.mark.parametrize("seed", range(2))
def test_small_networks(seed: int) -> None:
    check(seed)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(2, 302))
def test_three_hundred_small_networks(seed: int) -> None:
    check(seed)
