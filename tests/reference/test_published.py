"""Figures printed in papers, or that their formulas give, compared with exact counts."""

from itertools import pairwise

import numpy as np
import pytest

from relureg import Network, count_regions, enumerate_regions
from relureg.families.arrangements import generic_regions

from .arrangements import generic_facets


def _random_network(seed: int, *widths: int) -> Network:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(n, m)).astype(np.float32) for m, n in pairwise(widths)]
    return Network.from_layers(weights, [rng.normal(size=len(weight)).astype(np.float32) for weight in weights])


@pytest.mark.parametrize(
    ("dim", "width", "regions"),
    [(2, 4, 11), (2, 8, 37), (2, 16, 137), (3, 4, 15), (3, 8, 93), (3, 16, 697), (4, 4, 16), (4, 8, 163), (4, 16, 2517),
     (5, 4, 16), (5, 8, 219), (5, 16, 6885)],
)  # fmt: skip
def test_one_hidden_layer_of_gaines_and_bi(dim: int, width: int, regions: int) -> None:
    """Table 3 of "Characterizing the Discrete Geometry of ReLU Networks" (2026).

    Two rows, found there by linear programs in doubles, are short of the exact number: 696.80 and 6884.87.
    """
    count = count_regions(_random_network(7, dim, width, 1))
    assert count.num_regions == regions == generic_regions(width, dim)
    assert count.num_facets == generic_facets(width, dim)
    assert count.num_bounded == generic_regions(width, dim) - 2 * generic_regions(width - 1, dim - 1)


def test_the_true_diameter_of_one_hidden_layer() -> None:
    """The same table gives 9.1 for 8 units in the plane, the middle of two bounds; it is the width."""
    assert enumerate_regions(_random_network(7, 2, 8, 1)).graph.diameter == 8


@pytest.mark.parametrize("dim", [3, 4])
def test_average_degrees_of_one_hidden_layer_grow_towards_twice_the_dimension(dim: int) -> None:
    """Theorem 3.7 there."""
    degrees = [2 * generic_facets(width, dim) / generic_regions(width, dim) for width in (8, 16, 24, 32)]
    assert degrees == sorted(degrees)
    for width, degree in zip((8, 16, 24, 32), degrees, strict=True):
        count = count_regions(_random_network(dim, dim, width, 1))
        assert count.num_facets is not None
        assert 2 * count.num_facets / count.num_regions == degree < 2 * dim


def test_random_networks_have_far_fewer_regions_than_the_bounds() -> None:
    """Hanin and Rolnick (2019): about as many as one stage with all the units, far from the product."""
    counts = [count_regions(_random_network(seed, 2, 8, 8, 1)).num_regions for seed in range(20)]
    one_stage, product = generic_regions(16, 2), generic_regions(8, 2) ** 2
    assert one_stage / 2 < np.mean(counts) < 2 * one_stage < product / 4


@pytest.mark.parametrize(("seed", "widths"), [(1, (2, 12, 12, 1)), (2, (2, 30, 1)), (3, (2, 6, 6, 6, 6, 1))])
def test_in_the_plane_average_degrees_stay_below_four(seed: int, widths: tuple[int, ...]) -> None:
    """By Euler's formula, for any weights; generic ones obey 2 E = 4 F - 4 - unbounded regions."""
    count = count_regions(_random_network(seed, *widths))
    assert count.num_facets is not None
    assert 2 * count.num_facets == 4 * count.num_regions - 4 - count.num_unbounded
