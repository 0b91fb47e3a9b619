"""Columns of records: packing, exact points, read-only arrays."""

from fractions import Fraction

import numpy as np
import pytest

from relureg import Network, enumerate_regions
from relureg.engine.gathering import Facet, Region, gather
from relureg.network.problem import Problem


def test_signs_survive_packing() -> None:
    rng = np.random.default_rng(0)
    network = Network.from_layers([rng.integers(-3, 4, (11, 1)), [[1] * 11]], [rng.integers(-3, 4, 11), [0]])
    cells = enumerate_regions(network, engine="lp")
    for region in range(cells.num_regions):
        exact = network.exact_signs(cells.point(region))
        assert (cells.records.signs[region] == exact).all()
        assert "".join("1" if sign > 0 else "0" for sign in exact) == cells.pattern(region)


def test_a_point_too_thin_for_doubles_is_kept_exactly() -> None:
    """relu(x - 1/3) and relu(1/3 + 10^-30 - x): the sliver between holds no double."""
    low, high = Fraction(1, 3), Fraction(1, 3) + Fraction(1, 10**30)
    network = _hinges([(1, -low), (-1, high)])
    cells = enumerate_regions(network, engine="lp")
    sliver = [region for region in range(cells.num_regions) if cells.pattern(region) == "11"]
    assert list(cells.records.exact_points) == sliver
    assert low < cells.point(sliver[0])[0] < high
    assert all(check.passed is not False for check in cells.checks)


def _hinges(units: list[tuple[int, Fraction]]) -> Network:
    from relureg.exact.rational import RationalMatrix

    slopes = RationalMatrix.from_fractions([[slope] for slope, _ in units], 1)
    biases = RationalMatrix.from_fractions([[bias] for _, bias in units], 1)
    return Network.from_layers([slopes, [[1] * len(units)]], [biases, [0]])


def test_columns_are_read_only() -> None:
    cells = enumerate_regions(_hinges([(1, Fraction(0))]), engine="lp")
    with pytest.raises(ValueError, match="read-only"):
        cells.records.patterns[0, 0] = 1


def test_a_region_without_facets() -> None:
    network = Network.from_layers([[[0]], [[1]]], [[1], [0]])
    region = Region(signs=(1,), bounded=True, point=(Fraction(0),), facets=())
    records = gather([region], Problem(network=network))
    assert records.facet_starts.tolist() == [0]
    assert records.patterns.tolist() == [[1]]


def test_the_units_of_each_facet_are_kept_apart() -> None:
    network = Network.from_layers([[[1], [1]], [[1, 1]]], [[0, 0], [0]])
    facets = (Facet(units=(0, 1), on_boundary=False),)
    regions = [Region(signs=(s, s), bounded=False, point=(Fraction(s),), facets=facets) for s in (-1, 1)]
    records = gather(regions, Problem(network=network))
    assert records.facet_starts.tolist() == [0, 2, 4]
    assert records.facet_region.tolist() == [0, 1]
