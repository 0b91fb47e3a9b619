"""The splitter in one to twelve dimensions, and on networks whose many inputs carry few."""

from itertools import pairwise
from math import comb

import numpy as np
import pytest

from relureg import Domain, Network, count_regions, enumerate_regions
from relureg.exact.rational import RationalMatrix
from tests.contract.agreement import assert_engines_agree
from tests.contract.networks import Draft, integers


def _boolean(dim: int) -> Network:
    return Network.from_layers([np.eye(dim), np.ones((1, dim))], [np.zeros(dim), [0]])


@pytest.mark.parametrize("dim", range(1, 13))
def test_orthants(dim: int) -> None:
    """The coordinate hyperplanes: 2^d regions, each with d neighbours."""
    cells = enumerate_regions(_boolean(dim), engine="split", audit=dim <= 9)
    assert cells.graph.degree_histogram == {dim: 2**dim}
    assert cells.graph.diameter == dim
    assert cells.num_bounded == 0
    assert {check.name: check.passed for check in cells.checks}["watertight"] is True


@pytest.mark.parametrize("dim", range(1, 11))
def test_orthants_in_a_box(dim: int) -> None:
    """Every orthant has d inner facets, and d on the boundary."""
    count = count_regions(_boolean(dim), Domain.box([-1] * dim, [2] * dim), "split", audit=dim <= 6)
    assert (count.num_regions, count.num_bounded, count.num_facets) == (2**dim, 2**dim, dim * 2 ** (dim - 1))
    assert count.num_boundary_facets == dim * 2**dim


@pytest.mark.parametrize(("dim", "units"), [(1, 60), (2, 40), (3, 25), (5, 14), (7, 13), (8, 12), (9, 12), (10, 12)])
def test_gaussian_hyperplanes_in_general_position(dim: int, units: int) -> None:
    rng = np.random.default_rng(dim)
    network = Network.from_layers([rng.normal(size=(units, dim)), np.ones((1, units))], [rng.normal(size=units), [0]])
    count = count_regions(network)
    assert count.num_regions == sum(comb(units, k) for k in range(dim + 1))
    assert count.num_bounded == comb(units - 1, dim)
    assert count.num_facets == units * sum(comb(units - 1, k) for k in range(dim))


@pytest.mark.parametrize("dim", [7, pytest.param(9, marks=pytest.mark.sweep)])
def test_later_stages_that_add_dimensions(dim: int) -> None:
    """Many inputs, three units that see them, and as many more as are left: as by the referee, region by region."""
    rng = np.random.default_rng(1)
    late = dim - 3
    draft = Draft(
        dim=dim,
        constants=[integers(rng, (3,)), integers(rng, (late,))],
        terms=[{0: integers(rng, (3, dim))}, {0: integers(rng, (late, dim)), 1: integers(rng, (late, 3))}],
    )
    cells = assert_engines_agree(draft.to_network("late dimensions"))
    assert (cells.essential_dim, cells.num_regions) == (dim, 2**dim)


def test_an_image_network_in_its_ten_dimensions() -> None:
    """784-10-10-10, He-initialised: the whole space is counted, and any ten inputs that span it give the same."""
    rng = np.random.default_rng(0)
    weights = [
        RationalMatrix.from_floats((rng.normal(size=(n, m)) * np.sqrt(2 / m)).astype(np.float32))
        for m, n in pairwise((784, 10, 10, 10))
    ]
    biases = [(rng.normal(size=10) / 10).astype(np.float32) for _ in weights]
    network = Network.from_layers(weights, biases)
    assert network.effective_dim == 10
    count = count_regions(network)
    assert count.per_stage[0] == 2**10
    assert count.num_regions > 100_000
    assert (count.num_bounded, count.num_relatively_bounded > 0) == (0, True)
    assert {check.name: check.passed for check in count.checks}["watertight"] is True
    directions = RationalMatrix.from_floats(rng.integers(-1, 2, (784, 10)))
    reduced = Network.from_layers([weights[0] @ directions, *weights[1:]], biases)
    assert (reduced.input_dim, reduced.effective_dim) == (10, 10)
    same = count_regions(reduced)
    assert (same.num_regions, same.num_facets, same.per_stage) == (count.num_regions, count.num_facets, count.per_stage)
    assert same.num_bounded == count.num_relatively_bounded
