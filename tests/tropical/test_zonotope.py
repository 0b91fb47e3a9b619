"""Zonotopes of hidden layers: upper vertices are regions, all vertices are regions of the lift."""

from __future__ import annotations

from typing import Any

import pytest

from relureg import enumerate_regions
from relureg.errors import UsageError
from relureg.tropical import form_checks, zonotope
from tests.tropical.networks import REFERENCE, exact, integer, random_network, reference_network


@pytest.mark.parametrize("entry", REFERENCE["zonotopes"], ids=lambda e: str(next(iter(e.values()))))
def test_the_identity(entry: dict[str, Any]) -> None:
    network = reference_network(entry)
    found = zonotope(network)
    assert found.num_segments == entry["n"]
    assert found.num_vertices == entry["zonotope_vertices"] == 2 * entry["r"] - entry["r_at_infinity"]
    assert found.num_upper_vertices == entry["upper_vertices"] == entry["r"]
    cells, central = enumerate_regions(network), enumerate_regions(form_checks.without_biases(network))
    assert (cells.num_regions, cells.num_bounded) == (entry["r"], entry["b"])
    assert central.num_regions == entry["r_at_infinity"]
    assert (found.num_vertices == cells.num_regions + cells.num_bounded) == (entry["r_plus_b"] == found.num_vertices)
    assert form_checks.upper_vertices(found, cells.num_regions, central.num_regions).passed
    assert form_checks.upper_vertices(found, cells.num_regions + 1, central.num_regions).passed is False


@pytest.mark.parametrize("seed", range(6))
def test_random_layers_with_repeated_and_dead_units(seed: int) -> None:
    network = random_network((2, 5, 1), seed, integer)
    ((weights, biases),) = [
        (stage.pre_activation.terms[0].fractions(), stage.pre_activation.constant.fractions())
        for stage in network.stages
    ]
    rows = [*weights, weights[0], [-2 * w for w in weights[1]], [0, 0], [0, 0]]
    offsets = [*(b for (b,) in biases), biases[0][0], -2 * biases[1][0], 5, 0]
    doubled = exact([rows, [[1] * len(rows)]], [offsets, [0]])
    found = zonotope(doubled)
    regions = enumerate_regions(doubled).num_regions
    assert found.num_segments == sum(any(row) for row in rows)
    central = enumerate_regions(form_checks.without_biases(doubled)).num_regions
    assert form_checks.upper_vertices(found, regions, central).passed


def test_no_hidden_layer() -> None:
    with pytest.raises(UsageError, match="has no zonotope"):
        zonotope(exact([[[1]]], [[0]]))
