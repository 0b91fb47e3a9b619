"""Dictionaries against the referee, which shares no code with them: a thousand small networks of all degenerate kinds.

Each lies in the whole space, a box, one that is half-infinite, or a polytope; in one to eight inputs.
"""

import math
import os
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from relureg import Domain, enumerate_regions

from .agreement import facet_rows
from .networks import KINDS, Rng, Sample, gaussian, generated, integers, of_law, pruned

SEEDS = 41
FIRST_SEED = int(os.environ.get("RELUREG_SWEEP_SEED", 0))
MANY_INPUTS: dict[str, Callable[[Rng, int], Sample]] = {
    "gaussian": of_law(gaussian, dims=(7, 8)),
    "integers": of_law(integers, dims=(7, 8)),
    "pruned": of_law(pruned, dims=(7, 8)),
}
SIZE = 40


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
def test_small_networks_in_every_kind_of_domain(kind: str) -> None:
    for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
        sample = generated(kind, seed, SIZE)
        assert_dictionaries_are_right(sample, np.random.default_rng(seed), seed)


@pytest.mark.sweep
@pytest.mark.parametrize("law", MANY_INPUTS)
def test_seven_and_eight_inputs(law: str) -> None:
    for seed in range(FIRST_SEED, FIRST_SEED + SEEDS // 2):
        rng = np.random.default_rng(seed)
        assert_dictionaries_are_right(MANY_INPUTS[law](rng, SIZE), rng, seed)


def assert_dictionaries_are_right(sample: Sample, rng: Rng, seed: int) -> None:
    """The same regions in the same order, each bounded or not, with the same facets."""
    domain = sample.domain or _domain(rng, sample.network.input_dim, seed % 4)
    referee = enumerate_regions(sample.network, domain, engine="lp")
    found = enumerate_regions(sample.network, domain, engine="dictionaries", jobs=1)
    where = seed, domain
    assert found.records.signs.tolist() == referee.records.signs.tolist(), where
    assert found.records.bounded.tolist() == referee.records.bounded.tolist(), where
    assert facet_rows(found.records) == facet_rows(referee.records), where
    assert found.per_stage == referee.per_stage, where


def _domain(rng: Rng, dim: int, kind: int) -> Domain | None:
    if kind == 0:
        return None
    low, high = rng.integers(-3, 0, dim).tolist(), rng.integers(1, 4, dim).tolist()
    if kind == 1:
        return Domain.box(low, high)
    if kind == 2:
        ends = rng.integers(0, 3, dim)  # 0: no lower bound, 1: no upper one, 2: both are there
        lower = [-math.inf if end == 0 else bound for end, bound in zip(ends, low, strict=True)]
        upper = [math.inf if end == 1 else bound for end, bound in zip(ends, high, strict=True)]
        return Domain.box(lower, upper)
    rows = rng.integers(-2, 3, (dim + 1, dim)).tolist()
    return Domain.polytope(rows, [Fraction(int(bound), 2) for bound in rng.integers(1, 5, dim + 1)])
