"""Ranges against brute force: every region of the referee, its vertices and rays in rationals."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import Domain, Network, output_range
from relureg.behaviour import output_ranges
from relureg.behaviour.incumbent import Goal
from relureg.behaviour.output_ranges import Extremum, without_constants
from relureg.behaviour.search import Search
from relureg.behaviour.space import Space
from relureg.engine.limits import Watch
from tests.contract.networks import KINDS, Sample, generated
from tests.deadlines import LONG, over_after

from .brute_force import dot, supremum

SEEDS_IN_THE_SUITE = 4
SEEDS_IN_A_SWEEP = 14
SIZE = 6
"""Regions, about."""


def small_sample(kind: str, seed: int) -> Sample:
    """Most networks in a box, so that domains of all shapes come with all kinds of numbers; of many inputs two vary."""
    sample = generated(kind, seed, size=SIZE)
    if sample.domain is None and seed % 5:
        dim = sample.network.input_dim
        low, high = [Fraction(-2)] * dim, [Fraction(5, 3)] * dim
        if dim > 3:
            high[2:] = low[2:] = [Fraction(1, 2)] * (dim - 2)
        return Sample(network=sample.network, domain=Domain.box(low, high))
    return sample


def check_range(kind: str, seed: int) -> None:
    sample = small_sample(kind, seed)
    rng = np.random.default_rng(seed)
    along = rng.integers(-2, 3, sample.network.output_dim).tolist()
    (found,) = output_range(sample.network, sample.domain, direction=along)
    check_extremum(sample, along, found.maximum)
    check_extremum(sample, [-x for x in along], found.minimum, sign=-1)


@pytest.mark.parametrize("kind", KINDS)
def test_ranges_of_generated_networks(kind: str) -> None:
    for seed in range(1, 1 + SEEDS_IN_THE_SUITE):
        check_range(kind, seed)


@pytest.mark.parametrize("kind", ["box", "bounded-polytope", "integers", "rational", "wide", "beyond-doubles"])
def test_ranges_by_the_vertices_of_regions(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bounds close little: no cell is looked at, so that vertices alone decide, and known points."""
    monkeypatch.setattr(output_ranges, "MOST_CELLS", 0)
    monkeypatch.setattr(Search, "best", property(lambda _: None))
    for seed in (1, 2):
        check_range(kind, seed)


def test_published_ranges() -> None:
    """What Marabou's tests (``test_calculate_bounds``) expect of fc_2-2-3.onnx on this box."""
    network = relureg.load("fixtures/nets/marabou_fc_2_2_3.onnx")
    found = output_range(network, Domain.box([3, -2], [4, -1]))
    assert [(one.minimum.value, one.maximum.value) for one in found] == [(2, 6), (-3, -1), (1, 3)]


@pytest.mark.sweep
def test_a_wide_box() -> None:
    """Of a network of 125 units and 96,031 regions there: no sample exceeds the maximum, which a point attains."""
    network = relureg.load("fixtures/nets/hcas_pra0_tau00_nnet.nnet")
    box = Domain.box([-3e4, -3e4, -3], [3e4, 3e4, 3])
    (found,) = output_range(network, box, direction=[1, 0, 0, 0, 0])
    assert network.exact_output(found.maximum.point)[0] == found.maximum.value
    assert float(found.maximum.value) == pytest.approx(0.6924514669427073, rel=1e-15)
    points = np.random.default_rng(0).uniform([-3e4, -3e4, -3], [3e4, 3e4, 3], (100_000, 3))
    values = network(points)[:, 0]
    assert float(found.minimum.value) <= values.min() < values.max() <= float(found.maximum.value)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(5, 5 + SEEDS_IN_A_SWEEP))
@pytest.mark.parametrize("kind", KINDS)
def test_ranges_of_more_generated_networks(kind: str, seed: int) -> None:
    check_range(kind, seed)


def check_extremum(sample: Sample, along: list[int], found: Extremum, sign: int = 1) -> None:
    expected = supremum(sample.network, sample.domain, along)
    assert found.value == (None if expected is None else sign * expected)
    network, point = sample.network, found.point
    if sample.domain is not None:
        assert min(sample.domain.exact_signs(point)) >= 0
    if expected is not None:
        assert dot(along, network.exact_output(point)) == expected
        return
    assert found.ray is not None
    if sample.domain is not None:
        assert all(dot(row, found.ray) >= 0 for row in sample.domain.normals.fractions())
    assert dot(along, without_constants(network).exact_output(found.ray)) > 0
    far = [x + 10**500 * v for x, v in zip(point, found.ray, strict=True)]
    farther = [x + 10**600 * v for x, v in zip(point, found.ray, strict=True)]
    assert dot(along, network.exact_output(farther)) > dot(along, network.exact_output(far))


@pytest.mark.parametrize(
    "name",
    ["overt_single_pendulum_small.nnet", "sherlock_info16_3_4_2_1"],
)
def test_samples_never_exceed_the_range(name: str) -> None:
    network = relureg.load(f"fixtures/nets/{name}")
    dim = network.input_dim
    ranges = output_range(network, Domain.box([-1] * dim, [1] * dim))
    values = network(np.random.default_rng(5).uniform(-1, 1, (20_000, dim)))
    for k, found in enumerate(ranges):
        assert found.minimum.value is not None
        assert found.maximum.value is not None
        low, high = float(found.minimum.value), float(found.maximum.value)
        assert low - 1e-9 <= values[:, k].min() <= values[:, k].max() <= high + 1e-9
        assert network.exact_output(found.maximum.point)[k] == found.maximum.value
        assert network.exact_output(found.minimum.point)[k] == found.minimum.value


def test_many_inputs_in_a_small_box() -> None:
    rng = np.random.default_rng(3)
    sizes = [784, 24, 16, 4]
    layers = list(itertools.pairwise(sizes))
    weights = [rng.normal(size=(n, m)) / np.sqrt(m) for m, n in layers]
    network = Network.from_layers(weights, [0.1 * rng.normal(size=n) for _, n in layers])
    low, high = [Fraction(499, 1000)] * 784, [Fraction(501, 1000)] * 784
    (found,) = output_range(network, Domain.box(low, high), direction=[1, -1, 0, 0])
    assert found.maximum.value is not None
    along = [1, -1, 0, 0]
    assert dot(along, network.exact_output(found.maximum.point)) == found.maximum.value
    assert all(a <= x <= b for a, x, b in zip(low, found.maximum.point, high, strict=True))
    values = network(np.random.default_rng(0).uniform(0.499, 0.501, (500, 784))) @ along
    assert values.max() <= float(found.maximum.value)


def test_a_flat_domain_and_a_single_point() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    (on_a_line,) = output_range(network, Domain.polytope([[1, 1], [-1, -1], [1, 0], [-1, 0]], [1, -1, 2, 2]))
    line = relureg.Slice.through([[-2, 3], [2, -1]])
    (expected,) = output_range(network.on(line), Domain.box([0], [1]))
    assert (on_a_line.minimum.value, on_a_line.maximum.value) == (expected.minimum.value, expected.maximum.value)
    (at_a_point,) = output_range(network, Domain.box([1, Fraction(1, 3)], [1, Fraction(1, 3)]))
    (value,) = network.exact_output([1, Fraction(1, 3)])
    assert at_a_point.minimum.value == at_a_point.maximum.value == value


def test_an_empty_domain_and_a_wrong_direction() -> None:
    network = relureg.load("fixtures/truth/xor.json")
    with pytest.raises(relureg.errors.DomainError, match="empty"):
        output_range(network, Domain.polytope([[1, 1], [-1, -1], [1, 0]], [0, -1, 5]))
    with pytest.raises(relureg.errors.UsageError, match=r"1 output$"):
        output_range(network, direction=[1, 2])


def test_affine_networks_and_constant_outputs() -> None:
    affine = Network.from_layers([[[1, -2]]], [[3]])
    (found,) = output_range(affine, Domain.box([0, 0], [1, 1]))
    assert (found.minimum.value, found.maximum.value) == (1, 4)
    (free,) = output_range(affine)
    assert (free.minimum.value, free.maximum.value) == (None, None)
    constant = Network.from_layers([[[1, 1]], [[0]]], [[0], [Fraction(1, 3)]])
    (still,) = output_range(constant)
    assert still.minimum.value == still.maximum.value == Fraction(1, 3)


def test_units_that_vanish_together_do_not_multiply_the_work() -> None:
    """Twenty copies of one unit: without looking for cells that have no interior there would be 2^20."""
    network = Network.from_layers([[[1]] * 20, [[-1] * 20]], [[0] * 20, [0]])
    (found,) = output_range(network, Domain.box([-1], [1]))
    assert (found.minimum.value, found.maximum.value) == (-20, 0)
    assert found.maximum.cells < 200


def test_a_floor_leaves_out_what_is_not_above_it() -> None:
    network = relureg.load("fixtures/truth/xor.json")
    space = Space.of(Domain.box([0, 0], [1, 1]), 2)
    found = Search(network=network, space=space, goal=Goal(floor=Fraction(1)), watch=Watch()).run()
    assert found.value is None


def test_the_time_is_over() -> None:
    network = relureg.load("fixtures/nets/acasxu_1_1_nnet.nnet", raw=True)
    with pytest.raises(relureg.errors.LimitReachedError, match=r"is attained, and nothing above"):
        output_range(network, Domain.box([-0.5] * 5, [0.5] * 5), timeout=LONG, progress=over_after(lambda _: True))
