"""What the tests of runs in units share: networks, and an entry-by-entry comparison."""

from __future__ import annotations

import itertools

import numpy as np

import relureg
from relureg.engine.records import Records


def he_network(*widths: int) -> relureg.Network:
    """Normal weights of variance 2 / fan-in and normal biases, always the same."""
    random = np.random.default_rng(1)
    pairs = list(itertools.pairwise(widths))
    weights = [random.normal(size=(units, fan_in)) * np.sqrt(2 / fan_in) for fan_in, units in pairs]
    return relureg.Network.from_layers(weights, [random.normal(size=units) for _, units in pairs], name="he")


def assert_same_records(one: Records, other: Records) -> None:
    """The same regions with the same facets, in the same order."""
    for column in ("patterns", "vanishing", "bounded", "facet_region", "facet_on_boundary", "facet_starts"):
        assert np.array_equal(getattr(one, column), getattr(other, column)), column
    assert facets(one) == facets(other)
    assert np.array_equal(one.points, other.points)
    assert one.exact_points == other.exact_points


def facets(records: Records) -> set[tuple[int, tuple[int, ...]]]:
    starts, units = records.facet_starts.tolist(), records.facet_units.tolist()
    return {
        (region, tuple(units[starts[row] : starts[row + 1]]))
        for row, region in enumerate(records.facet_region.tolist())
    }
