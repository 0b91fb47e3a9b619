"""The last stage counted by deletion and restriction, against a search of every region."""

import json
import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

import relureg
from relureg import Domain, Network, RegionCount, Slice, count_regions
from relureg.complex.checks import Check
from relureg.engine.runs.batches import Batch, Part, search
from relureg.engine.runs.settings import RunSettings
from relureg.engine.runs.sizes import NOTHING
from relureg.engine.sums import WHOLE, Sums
from relureg.errors import UsageError
from relureg.families.arrangements import generic_regions
from relureg.network import json_format
from relureg.network.problem import Problem
from tests.contract.networks import KINDS, generated


def figures(count: RegionCount) -> tuple[object, ...]:
    return (count.num_regions, count.num_bounded, count.per_stage, count.num_facets, count.num_boundary_facets)


def check(count: RegionCount, name: str) -> Check:
    return next(found for found in count.checks if found.name == name)


def he(*widths: int, seed: int = 0) -> Network:
    random = np.random.default_rng(seed)
    pairs = list(pairwise(widths))
    weights = [random.normal(size=(b, a)) * np.sqrt(2 / a) for a, b in pairs]
    return Network.from_layers(weights, [random.normal(size=b) for _, b in pairs])


def assert_as_searched(network: Network, domain: Domain | None = None, *, audit: bool = False) -> RegionCount:
    counted = count_regions(network, domain, engine="split", jobs=1, audit=audit)
    searched = count_regions(network, domain, engine="split", jobs=1, by_enumeration=True)
    assert figures(counted) == figures(searched)
    assert all(found.passed is not False for found in counted.checks)
    assert check(searched, "last_stage").detail == "searched region by region"
    return counted


def planar_slice(network: Network, seed: int) -> Network | None:
    """The network on a plane through three lattice points near the origin, which holds many of its vertices."""
    if network.input_dim < 3:
        return None
    points = np.random.default_rng(seed).integers(-2, 3, size=(3, network.input_dim))
    if np.linalg.matrix_rank(points[1:] - points[0]) < 2:
        return None
    return network.on(Slice.through(points.tolist()))


def assert_everywhere_as_searched(kind: str, seed: int, size: int, *, audit: bool = False) -> None:
    """In its domain, in the whole space, and on a plane."""
    sample = generated(kind, seed, size=size)
    on_plane = planar_slice(sample.network, seed)
    assert_as_searched(sample.network, sample.domain, audit=audit)
    if sample.domain is not None:
        assert_as_searched(sample.network, audit=audit)
    if on_plane is not None:
        assert_as_searched(on_plane, audit=audit)


@pytest.mark.parametrize("kind", KINDS)
def test_generated_networks_of_every_kind(kind: str) -> None:
    for seed in range(200, 208):
        assert_everywhere_as_searched(kind, seed, 200, audit=seed == 200)


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_generated_networks(kind: str) -> None:
    """In their domains, boxes and polytopes and lines, in the whole space and on planes: 23 kinds, 90 of each."""
    for seed in range(1000, 1090):
        assert_everywhere_as_searched(kind, seed, 1000)


@pytest.mark.parametrize(
    "widths", [(2, 16, 16, 1), (3, 10, 10, 10, 1), (4, 8, 12, 1), (5, 8, 8, 1), (6, 7, 7, 1), (7, 9, 1)]
)
def test_generic_networks_of_every_dimension(widths: tuple[int, ...]) -> None:
    count = assert_as_searched(he(*widths))
    assert count.predicates is not None
    assert count.predicates.exact <= count.predicates.total / 10_000


def test_the_audit_searches_every_cell_and_asks_integers_at_every_section() -> None:
    count = assert_as_searched(he(3, 6, 8, 1), audit=True)
    counted, searched = map(int, re.findall(r"\d+", check(count, "last_stage").detail))
    assert counted == searched >= count.per_stage[0]
    first = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    second = np.array([[1.0, 1, 1, -1], [2, 2, 2, -2], [1, -1, 0, 1]])
    offsets = [np.array([0.0, 0, 0, -1]), np.array([-1.0, -2, 0]), np.zeros(1)]
    lattice = Network.from_layers([first, second, np.ones((1, 3))], offsets)
    assert_as_searched(lattice, audit=True)


def test_traces_that_coincide_on_a_section_only() -> None:
    """x = 0, y = 0, x + y = 0 and x = y share the axis x = y = 0 of R^3; z = 0 and z = 1 cut it."""
    rows = np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [1, -1, 0], [0, 0, 1], [0, 0, 1], [1, 0, 0]])
    offsets = np.array([0.0, 0, 0, 0, 0, -1, 0])
    network = Network.from_layers([rows, np.ones((1, 7))], [offsets, np.zeros(1)])
    count = assert_as_searched(network, audit=True)
    assert (count.num_regions, count.num_bounded, count.num_facets) == (24, 0, 8 * 3 + 2 * 8)


def hyperplanes(rows: ArrayLike, offsets: ArrayLike) -> Network:
    rows = np.asarray(rows, dtype=float)
    return Network.from_layers([rows, np.ones((1, len(rows)))], [np.asarray(offsets, dtype=float), np.zeros(1)])


def assert_as_by_charpoly(network: Network) -> RegionCount:
    """On flats, searched, and by the characteristic polynomial in rationals."""
    counted = assert_as_searched(network, audit=True)
    assert figures(counted) == figures(count_regions(network, engine="charpoly"))
    assert re.match("counted .* in 1 cell,", check(counted, "last_stage").detail)
    return counted


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("bits", [1, 2, 30])
def test_arrangements_counted_on_their_flats(dim: int, bits: int) -> None:
    """Small integers coincide often; beyond 20 bits rows are doubles."""
    random = np.random.default_rng(100 * dim + bits)
    for _ in range(4):
        rows = random.integers(-(2**bits) + 1, 2**bits, size=(min(4 * dim, 10), dim))
        offsets = random.integers(-(2**bits) + 1, 2**bits, size=len(rows))
        rows[-1], offsets[-1] = -3 * rows[0], -3 * offsets[0]
        rows[-2] = rows[1]
        assert_as_by_charpoly(hyperplanes(rows, offsets))


def test_integers_that_outgrow_62_bits_on_flats() -> None:
    """Twenty bits a row are eighty after two restrictions; the sums of rows vanish on flats all the same."""
    random = np.random.default_rng(0)
    rows = random.integers(-(2**15), 2**15, size=(9, 6))
    offsets = random.integers(-(2**15), 2**15, size=9)
    rows[7:] = rows[0] + rows[1], rows[2] + rows[3] + rows[4]
    offsets[7:] = offsets[0] + offsets[1], offsets[2] + offsets[3] + offsets[4]
    count = assert_as_by_charpoly(hyperplanes(rows, offsets))
    assert count.predicates is not None
    assert count.predicates.exact > 0


@pytest.mark.parametrize("dim", [2, 3, 5])
def test_hyperplanes_that_just_miss_a_common_point(dim: int) -> None:
    """Off by a few units in the last place: below every error bound, so that integers must tell."""
    random = np.random.default_rng(dim)
    for _ in range(6):
        point, rows = random.normal(size=dim), random.normal(size=(dim + 4, dim))
        offsets = -(rows @ point)
        offsets[::2] = np.nextafter(offsets[::2], np.inf)
        count = assert_as_by_charpoly(hyperplanes(rows, offsets))
        assert count.predicates is not None
        assert count.predicates.exact > 0


def test_hyperplanes_through_the_origin_ask_no_integers() -> None:
    """All points of a line coincide there, on every flat."""
    rows = np.random.default_rng(0).normal(size=(9, 5))
    count = count_regions(hyperplanes(rows, np.zeros(9)), jobs=1)
    assert (count.num_regions, count.num_facets) == (2 * generic_regions(8, 4), 9 * 2 * generic_regions(7, 3))
    assert count.predicates is not None
    assert count.predicates.exact == 0


def test_entries_of_very_different_sizes_on_flats() -> None:
    rows = np.diag([1e-150, 1.0, 1e150])[[0, 1, 2, 0, 1, 2]] + 1e-3 * np.eye(3)[[1, 2, 0, 2, 0, 1]]
    assert_as_by_charpoly(hyperplanes(rows, [1e-150, 1, 0, 0, 1e150, -1]))


def test_constants_that_overflow_on_flats() -> None:
    """A product is beyond the range of doubles, its bound is not."""
    assert_as_by_charpoly(hyperplanes([[1e160, 1e150], [1, 0.5], [1, -1], [1e160, 1e160]], [0, 1e160, 1, 1]))


@pytest.mark.parametrize("scale", [1.0, 1e-160])
@pytest.mark.parametrize("gap", [1e-140, 1e-38, 1e-20])
@pytest.mark.parametrize("dim", [2, 3])
def test_hyperplanes_that_are_nearly_parallel_ask_no_integers_in_pairs(dim: int, gap: float, scale: float) -> None:
    """Pairs are told by minors but where products leave the range of doubles; one near miss of three is left."""
    random = np.random.default_rng(dim)
    rows, offsets = random.normal(size=(6, dim)), random.normal(size=6)
    rows[:, 1:] *= gap
    rows[4], offsets[4] = rows[0] * 0.75, np.nextafter(offsets[0] * 0.75, np.inf)
    rows[5], offsets[5] = rows[1] * -3, offsets[1] * -3
    count = assert_as_by_charpoly(hyperplanes(rows * scale, offsets * scale))
    assert count.predicates is not None
    if dim == 2:
        assert (count.predicates.exact <= 1) == (scale == 1)


def test_weights_of_a_section_that_underflow() -> None:
    """A value at one end of an edge is 10^-250 of that at the other one, and another row's is as many times larger."""
    random = np.random.default_rng(24)
    for _ in range(4):
        weights = [random.normal(size=(6, 3)), random.normal(size=(4, 6)), np.ones((1, 4))]
        biases = [random.normal(size=6) * 10.0 ** random.integers(-200, 200, size=6), random.normal(size=4), [0.0]]
        weights[0] *= 10.0 ** random.integers(-250, 250, size=(6, 3))
        assert_as_searched(Network.from_layers(weights, biases), audit=True)


def test_rows_with_rationals_beyond_64_bits() -> None:
    lines = [[Fraction(1, 3 + k), Fraction(-1, 7 * 10**20 + k), Fraction(2, 11)] for k in range(6)]
    offsets = [Fraction(1, 10**30)] * 3 + [Fraction(0)] * 3
    layers = [
        {"weight": [[str(x) for x in row] for row in lines], "bias": [str(x) for x in offsets], "activation": "relu"},
        {"weight": [[1] * 6], "bias": [0], "activation": "linear"},
    ]
    document = {"format": "relureg-network", "version": 1, "layers": layers}
    network = json_format.read(json.dumps(document).encode(), name="rationals")
    assert_as_searched(network, audit=True)


@pytest.mark.parametrize(("dim", "units"), [(1, 100), (2, 100), (3, 70)])
def test_cells_that_more_units_cut_than_a_word_has_bits(dim: int, units: int) -> None:
    count = count_regions(he(dim, units, 1), jobs=1)
    assert count.num_regions == generic_regions(units, dim)
    assert check(count, "watertight").passed is None


def test_a_count_in_one_go_sums_no_facet() -> None:
    """One stage on the whole space, or in a box, is one cell: only where that is cut is there something to sum."""
    rows = [[1.0, 0], [0, 1], [1, 1]]
    network, box = hyperplanes(rows, [0, 0, 1]), Domain.box([-3, -3], [3, 3])
    for domain in (None, box):
        count = assert_as_searched(network, domain)
        watertight = check(count, "watertight")
        assert (watertight.passed, check(count, "last_stage").passed) == (None, True)
        assert "last_stage tells" in watertight.detail
        searched = count_regions(network, domain, jobs=1, by_enumeration=True)
        assert check(searched, "watertight").passed is True
    deep = Network.from_layers([np.array(rows), np.ones((2, 3)), np.ones((1, 2))], [[0, 0, 1], [-1, -2], [0]])
    assert check(count_regions(deep, jobs=1), "watertight").passed is True
    constant = hyperplanes([[0.0, 0], [0, 0]], [1, 2])
    alone = check(count_regions(constant, box, jobs=1), "watertight")
    assert (alone.passed, alone.detail) == (True, "0 facets shared by two regions, 4 on the domain's boundary")


def test_boxes_and_walls_through_vertices() -> None:
    network = he(3, 7, 9, 1, seed=3)
    for domain in (Domain.box([-1] * 3, [1] * 3), Domain.box([-5, 0, -1], [2, 3, Fraction(1, 3)])):
        count = assert_as_searched(network, domain, audit=True)
        assert count.num_boundary_facets is not None
        assert count.num_boundary_facets > 6


@pytest.mark.parametrize("limit", [1, 10, 777, 5_091])
def test_a_limit_is_met_within_a_cell(limit: int) -> None:
    network = relureg.load("fixtures/truth/rand_3-16-16-1.json")
    part = count_regions(network, max_regions=limit, jobs=1)
    assert (part.complete, part.num_regions, part.per_stage[-1]) == (False, limit, limit)
    assert part.num_bounded <= min(limit, 4_184)
    assert (part.num_facets, check(part, "watertight").passed) == (None, None)


def test_a_limit_that_is_just_enough() -> None:
    network = relureg.load("fixtures/truth/rand_3-16-16-1.json")
    assert count_regions(network, max_regions=5_092, jobs=2).complete


def test_results_do_not_depend_on_threads() -> None:
    network = he(4, 12, 14, 1)
    alone, together = (count_regions(network, jobs=jobs) for jobs in (1, 3))
    assert figures(alone) == figures(together)
    assert [c.detail for c in alone.checks] == [c.detail for c in together.checks]
    assert alone.predicates == together.predicates


def test_a_journal_is_of_one_way_of_counting(tmp_path: Path) -> None:
    network, journal = relureg.load("fixtures/truth/xor.json"), tmp_path / "run.journal"
    assert count_regions(network, journal=journal).num_regions == 3
    with pytest.raises(UsageError, match="--enumerate"):
        count_regions(network, journal=journal, by_enumeration=True)


def test_parts_add_up_to_the_whole_though_a_last_stage_is_cut() -> None:
    """The parts of a facet on either side of a cut of the last stage cancel only together."""
    settings = RunSettings(problem=Problem(network=he(3, 80, 1)))
    parts = [Part(prefix=WHOLE, size=NOTHING)]
    sums = Sums()
    for number in range(200):
        outcome = search(settings, Batch(number=number, parts=tuple(parts), seconds=0.01))
        sums += outcome.sums
        parts = [*outcome.left, *(parts[i] for i in outcome.untouched)]
        if not parts:
            break
    assert sums.regions == generic_regions(80, 3)
    assert (sums.balance, sums.facet_sides % 2) == (0, 0)
