"""Samples of the search tree: right on average whatever is expected, and exact where nothing is left out."""

import itertools
from itertools import pairwise

import numpy as np
import pytest

from relureg import Domain, Network, count_regions, stopping
from relureg.engine.experience import Learned, joined
from relureg.engine.sampling import PROBE, Plan, Sample, TreeSampler
from relureg.network.problem import Problem


def he(*widths: int, seed: int = 0) -> Network:
    random = np.random.default_rng(seed)
    pairs = list(pairwise(widths))
    weights = [random.normal(size=(b, a)) * np.sqrt(2 / a) for a, b in pairs]
    return Network.from_layers(weights, [0.3 * random.normal(size=b) for _, b in pairs])


def integers(*widths: int, seed: int = 0) -> Network:
    random = np.random.default_rng(seed)
    weights = [random.integers(-2, 3, size=(b, a)).astype(float) for a, b in pairwise(widths)]
    return Network.from_layers(weights, [random.integers(-2, 3, size=len(w)).astype(float) for w in weights])


def duplicated() -> Network:
    """Units that are there several times, with either sign and scaled, and one that is dead."""
    random = np.random.default_rng(7)
    rows, offsets = random.normal(size=(4, 2)), random.normal(size=4)
    first = np.vstack([rows, -rows, 2 * rows, np.zeros((1, 2))])
    second = random.normal(size=(6, 13))
    return Network.from_layers(
        [first, np.vstack([second, second[:2]]), np.ones((1, 8))],
        [np.concatenate([offsets, -offsets, 2 * offsets, [-1.0]]), np.arange(8) / 4 - 1, np.zeros(1)],
    )


CASES: list[tuple[Network, Domain | None]] = [
    (he(1, 12, 12, 1), None),
    (he(2, 8, 8, 1), None),
    (he(2, 5, 5, 5, 5, 1), None),
    (he(3, 7, 6, 1), None),
    (he(4, 6, 5, 1), None),
    (integers(2, 8, 8, 1), None),
    (integers(3, 6, 6, 1, seed=1), None),
    (duplicated(), None),
    (he(2, 8, 8, 1), Domain.box([-1, -1], [1, 2])),
    (he(3, 7, 6, 1), Domain.box([-1, -1, -1], [1, 1, 1])),
    (he(3, 7, 6, 1), Domain.polytope([[1, 1, 0]], [0.5])),
]


def plans(sampler: TreeSampler, regions: int) -> list[tuple[Plan, int]]:
    """A probe, and samples that expect something sensible, the same everywhere, and nonsense; each with the number of
    samples after which the error is small: the less a plan knows, the more, and the cheaper they are."""
    random = np.random.default_rng(regions)
    none = sampler.expected(joined([sample.experience for sample in sampler.take(PROBE, range(8))]))
    same = tuple((1.0,) * len(stage) for stage in none)
    nonsense = tuple(tuple(np.exp(random.normal(size=len(stage)))) for stage in none)
    return [
        (PROBE, 1500),
        (Plan(threshold=regions / 10, expected=none), 400),
        (Plan(threshold=1.7, expected=same), 300),
        (Plan(threshold=2.5, expected=nonsense), 1500),
    ]


def figures(sample: Sample, walls: int) -> tuple[float, ...]:
    return (
        sample.regions, sample.bounded, sample.facet_sides, sample.boundary_facets, *sample.per_stage[walls:],
    )  # fmt: skip


def truth(problem: Problem) -> tuple[float, ...]:
    count = count_regions(problem.network, problem.domain, jobs=1)
    assert count.complete
    assert count.num_facets is not None
    assert count.num_boundary_facets is not None
    return (
        count.num_regions, count.num_relatively_bounded, 2 * count.num_facets, count.num_boundary_facets,
        *count.per_stage,
    )  # fmt: skip


@pytest.mark.parametrize("case", range(len(CASES)))
def test_samples_are_right_on_average(case: int) -> None:
    problem = Problem(network=CASES[case][0], domain=CASES[case][1]).restricted()
    expected = np.array(truth(problem))
    sampler = TreeSampler(problem, 2)
    for plan, number in plans(sampler, int(expected[0])):
        samples = list(sampler.take(plan, range(100, 100 + number)))
        assert all(sample.is_complete and sample.seen <= expected[0] for sample in samples)
        assert not all(sample.is_whole for sample in samples)
        found = np.array([figures(sample, len(problem.walls)) for sample in samples])
        error = found.std(axis=0, ddof=1) / len(found) ** 0.5
        assert (error <= 0.12 * expected).all()  # no weight that is wrong would be hidden
        assert (np.abs(found.mean(axis=0) - expected) <= 4 * error + 1e-9).all()


@pytest.mark.parametrize("widths", [(3, 12, 10, 1), (9, 6, 5, 1), (10, 6, 4, 1)])
def test_samples_of_dictionaries_are_right_on_average(widths: tuple[int, ...]) -> None:
    problem = Problem(network=he(*widths), domain=Domain.box([-1] * widths[0], [1] * widths[0])).restricted()
    count = count_regions(problem.network, problem.domain, jobs=1)
    assert count.complete
    sampler = TreeSampler(problem, 2, dictionaries=True)
    for plan, number in plans(sampler, count.num_regions):
        samples = list(sampler.take(plan, range(100, 100 + number)))
        assert not all(sample.is_whole for sample in samples)
        found = np.array([(sample.regions, *sample.per_stage[-2:]) for sample in samples])
        error = found.std(axis=0, ddof=1) / len(found) ** 0.5
        assert (error <= 0.12 * np.array([count.num_regions, *count.per_stage])).all()
        assert (np.abs(found.mean(axis=0) - [count.num_regions, *count.per_stage]) <= 4 * error + 1e-9).all()


def test_what_leaves_nothing_out_is_exact() -> None:
    for network, domain in CASES:
        problem = Problem(network=network, domain=domain).restricted()
        sampler = TreeSampler(problem, 1)
        (probe,) = sampler.take(PROBE, [0])
        (sample,) = sampler.take(Plan(threshold=1e-3, expected=sampler.expected(probe.experience)), [1])
        assert sample.is_whole
        assert sample.seen == sample.regions
        assert figures(sample, len(problem.walls)) == truth(problem)
        again = list(sampler.take(Plan(threshold=1e-3, expected=sampler.expected(sample.experience)), [2, 3]))
        assert [figures(one, len(problem.walls)) for one in again] == 2 * [truth(problem)]


def test_the_same_seeds_give_the_same_samples_on_any_number_of_threads() -> None:
    problem = Problem(network=he(3, 16, 16, 1), domain=None).restricted()
    plan = Plan(threshold=50.0, expected=TreeSampler(problem, 1).expected(({}, {})))
    alone, together = (
        [
            (figures(sample, 0), sample.visits, sample.experience)
            for sample in TreeSampler(problem, jobs).take(plan, range(40))
        ]
        for jobs in (1, 5)
    )
    assert alone == together
    assert len({figures for figures, *_ in alone}) > 30


@pytest.mark.parametrize("dictionaries", [False, True])
def test_a_sample_that_grows_too_large_is_broken_off_alone(dictionaries: bool) -> None:
    problem = Problem(network=he(3, 16, 16, 1), domain=Domain.box([-1] * 3, [1] * 3)).restricted()
    sampler = TreeSampler(problem, 1, dictionaries=dictionaries)
    plan = Plan(threshold=1e-3, expected=sampler.expected(({}, {}, {})))
    (large,) = sampler.take(plan, [0], most_visits=20)
    assert not large.is_complete
    assert not large.is_stopped
    (whole,) = sampler.take(plan, [0])
    assert whole.is_complete
    assert whole.is_whole
    assert whole.visits > 20


def test_a_limit_ends_what_is_under_way() -> None:
    problem = Problem(network=he(5, 60, 60, 60, 1), domain=None).restricted()
    sampler = TreeSampler(problem, 2)
    with stopping.within(0.3):
        samples = list(
            itertools.islice(sampler.take(Plan(threshold=1e-3, expected=sampler.expected(({},) * 3)), [1, 2]), 2)
        )
    assert [(sample.is_complete, sample.is_stopped) for sample in samples] == 2 * [(False, True)]


def test_experience_adds_up_and_is_learned_from() -> None:
    seen = joined([({3: Learned(cells=1, regions=4.0)},), ({3: Learned(cells=2, regions=8.0), 5: Learned(cells=1)},)])
    assert seen == ({3: Learned(cells=3, regions=12.0), 5: Learned(cells=1)},)
    sampler = TreeSampler(Problem(network=he(2, 9, 1), domain=None).restricted(), 1)
    # What was seen often weighs more than what was seen at its side; what was never seen follows a power between.
    often = sampler.expected(({2: Learned(cells=10**6, regions=3e6), 8: Learned(cells=10**6, regions=2e7)},))[0]
    assert (often[2], often[8]) == pytest.approx((3, 20), rel=1e-3)
    assert list(often) == sorted(often)
    assert len(often) == 10
