"""Hyperplanes that miss a corner or a wall of a box, or the others' common points, by less than doubles can tell."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from relureg import Domain, count_regions

from .networks import Draft, Exact, Rng, Sample, rational

REFEREED = 20
"""One network in so many is counted by the referee, too, which takes as long as all others together."""


@pytest.mark.parametrize("first", [0, 200, 400])
def test_what_nearly_is_a_tie_is_told_as_other_engines_tell_it(first: int) -> None:
    for seed in range(first, first + 200):
        sample = nearly_tied(np.random.default_rng(seed))
        truth = figures(sample, "split")
        assert figures(sample, "dictionaries") == truth, seed
        assert figures(sample, "dictionaries", by_enumeration=False)[:2] == truth[:2], seed
        if seed % REFEREED == 0:
            assert figures(sample, "lp") == truth, seed


def figures(sample: Sample, engine: str, *, by_enumeration: bool = True) -> tuple[object, ...]:
    count = count_regions(sample.network, sample.domain, engine, by_enumeration=by_enumeration, jobs=1)
    return count.num_regions, count.per_stage, count.num_facets, count.num_boundary_facets


def nearly_tied(rng: Rng) -> Sample:
    """Two stages in a box; off a tie by 2^-45 to 2^-114 on either side, or not at all, or as a row of doubles is."""
    dim, units = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    law = doubles if rng.random() < 0.5 else rational
    weights, constants = law(rng, (units, dim)), law(rng, (units,))
    low = doubles(rng, (dim,)) - 1
    low, high = rounded(low), rounded(low + exact(rng.random(dim) * 3 + 0.01))
    gap = Fraction(1, 2 ** int(rng.integers(45, 115)))
    for _ in range(int(rng.integers(1, 4))):
        unit, offset = int(rng.integers(units)), gap * int(rng.integers(-1, 2))
        kind = int(rng.integers(3))
        if kind == 0:
            constants[unit] = offset - weights[unit] @ corner(rng, low, high)
        elif kind == 1:
            axis = int(rng.integers(dim))
            weights[unit] = exact(np.eye(dim)[axis]) * int(rng.choice([-3, 1, 2]))
            constants[unit] = -weights[unit][axis] * (high[axis] + offset)
        else:
            factors = exact(rng.integers(-2, 3, units))
            factors[unit] = Fraction(0)
            weights[unit], constants[unit] = factors @ weights, factors @ constants + offset
        if rng.random() < 0.5:
            weights[unit], constants[unit] = rounded(weights[unit]), Fraction(float(constants[unit]))
    at = corner(rng, low, high)
    values = np.maximum(weights @ at + constants, Fraction(0))
    second = law(rng, (2, units))
    ends = [-second @ values + exact(gap * rng.integers(-1, 2, 2))]
    draft = Draft(dim=dim, constants=[constants, *ends], terms=[{0: weights}, {1: second}])
    return Sample(network=draft.to_network("nearly tied"), domain=Domain.box(low.tolist(), high.tolist()))


def rounded(values: Exact) -> Exact:
    """Each number as the double nearest to it."""
    return exact(values.astype(float))


def doubles(rng: Rng, shape: tuple[int, ...]) -> Exact:
    return exact(rng.normal(size=shape))


def corner(rng: Rng, low: Exact, high: Exact) -> Exact:
    chosen: Exact = np.where(rng.random(len(low)) < 0.5, low, high)
    return chosen


def exact(values: object) -> Exact:
    """Each number as the fraction that it is."""
    numbers: Exact = np.asarray(values, dtype=object)
    return np.vectorize(Fraction, otypes=[object])(numbers)
