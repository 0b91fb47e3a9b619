"""Bounds for networks of a special shape, with ranks, with stable units, and exact formulas for one layer."""

import itertools
import json
import math
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import Domain, Network, bounds, count_regions
from relureg.errors import DomainError, UsageError
from relureg.exact.rational import RationalMatrix
from relureg.families.arrangements import generic_central_regions
from relureg.families.catalogue import construct
from relureg.families.random import random_network
from relureg.network.problem import Problem
from relureg.theory.architecture import Architecture
from relureg.theory.bound_theorems import CHAINS
from relureg.theory.convolution import convolution_bound, receptive_fields
from relureg.theory.lower_bounds import arora_2018, serra_2018_remainders, serra_2018_zonotope
from relureg.theory.maxout import maxout_bound
from relureg.theory.published import iter_bounds
from relureg.theory.stability import stable_units
from relureg.theory.upper_bounds import (
    bias_free,
    dimension_histogram,
    hinz_van_de_geer_2019,
    serra_2018,
    serra_2018_ranks,
)

KNOWN = json.loads(Path("fixtures/reference/theory.json").read_text())


def _architecture(entry: dict[str, Any], **more: Any) -> Architecture:
    return Architecture(input_dim=entry["n0"], widths=tuple(entry["n"]), **more)


def _values(network: Network, domain: Domain | None = None) -> dict[str, int | None]:
    return {bound.name: bound.value for bound in bounds(network, domain)}


# -- formulas ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", KNOWN["hinz_histograms"], ids=str)
def test_histograms_of_hinz_and_van_de_geer(entry: dict[str, Any]) -> None:
    found = dimension_histogram(_architecture(entry))
    known = entry["dim_histogram"]
    assert found + [0] * (len(known) - len(found)) == known


def test_hinz_and_van_de_geer_in_matrices() -> None:
    """The norm |B M ... B M e| with the matrices written out, on random architectures; it equals Serra's sum."""

    def stated(n0: int, widths: list[int]) -> int:
        vector = [int(i == n0) for i in range(n0 + 1)]
        for n in widths:
            clipped = [0] * (n + 1)
            for i, count in enumerate(vector):
                clipped[min(i, n)] += count
            after = [0] * (n + 1)
            for i, count in enumerate(clipped):
                for active in range(n + 1):
                    if n - active <= i:
                        after[min(active, i)] += count * math.comb(n, n - active)
            vector = after
        return sum(vector)

    generator = random.Random(1)
    for _ in range(400):
        n0, widths = generator.randint(1, 9), [generator.randint(1, 9) for _ in range(generator.randint(1, 5))]
        a = Architecture(input_dim=n0, widths=tuple(widths))
        assert hinz_van_de_geer_2019(a) == stated(n0, widths) == serra_2018(a), (n0, widths)


@pytest.mark.parametrize("entry", KNOWN["serra_rank"], ids=str)
def test_serra_with_ranks(entry: dict[str, Any]) -> None:
    assert serra_2018_ranks(_architecture(entry, ranks=tuple(entry["ranks"]))) == entry["value"]


@pytest.mark.parametrize("entry", KNOWN["bias_free"], ids=str)
def test_bias_free(entry: dict[str, Any]) -> None:
    assert bias_free(_architecture(entry)) == entry["ub"]


@pytest.mark.parametrize("entry", KNOWN["maxout"], ids=str)
def test_maxout(entry: dict[str, Any]) -> None:
    assert maxout_bound([entry["n0"], *entry["n"]], entry["k"]).value == entry["serra_maxout"]


@pytest.mark.parametrize("entry", KNOWN["central_generic"], ids=str)
def test_generic_hyperplanes_through_a_point(entry: dict[str, Any]) -> None:
    assert generic_central_regions(entry["n"], entry["d"]) == entry["regions"]


def test_zonotopes_and_remainders() -> None:
    """Section C: 2 S(m - 1, d - 1) w^(L - 1), and (w + 1) in place of w; a unit that is left over is used."""
    a = Architecture(input_dim=3, widths=(8, 3, 3))
    assert (arora_2018(a), serra_2018_zonotope(a)) == (14 * 9, 14 * 16)
    # 7 = 3 + 4 units on two axes: 4 * 5 boxes, and S(3, 2) = 7 regions in each
    assert serra_2018_remainders(Architecture(input_dim=2, widths=(7, 3))) == 140


def test_dominance_on_random_architectures() -> None:
    generator = random.Random(7)
    compared = 0
    for _ in range(600):
        widths = tuple(generator.randint(1, 12) for _ in range(generator.randint(1, 4)))
        a = Architecture(input_dim=generator.randint(1, 5), widths=widths)
        values = {bound.name: bound.value for bound in iter_bounds(a) if bound.value is not None}
        for chain in CHAINS:
            for lower, upper in itertools.pairwise([name for name in chain if name in values]):
                compared += 1
                assert values[lower] <= values[upper], (a, lower, upper)
        lower_bounds = [b.value for b in iter_bounds(a) if b.kind == "lower" and b.value is not None]
        assert max(lower_bounds, default=0) <= values["Serra et al. 2018, Theorem 1"], a
    assert compared > 3000


def test_wide_layers_take_no_time() -> None:
    """Sums of n_0 terms, not of n_l: ten thousand units beside 784 inputs."""
    wide = Architecture(input_dim=784, widths=(10_000, 10_000))
    product = sum(math.comb(10_000, j) for j in range(785)) ** 2
    assert serra_2018(wide) == hinz_van_de_geer_2019(wide) == product


# -- bounds of networks --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("box", [None, 0.25, 2.0])
def test_every_bound_holds_with_ranks_and_stable_units(seed: int, box: float | None) -> None:
    network = random_network([2, 6, 5, 4], ("he", "integer", "sparse", "nobias")[seed % 4], seed)
    domain = None if box is None else Domain.box([-box] * 2, [box] * 2)
    count = count_regions(network, domain).num_regions
    for bound in bounds(network, domain):
        if bound.is_upper and bound.value is not None:
            assert count <= bound.value, bound.name


def test_stable_units_sharpen_the_bound_in_a_small_box() -> None:
    network = relureg.load("fixtures/truth/rand_2-16-16-1.json")
    box = Domain.box([-0.1, -0.1], [0.1, 0.1])
    values = _values(network, box)
    stable, plain = values["Serra-Ramalingam 2020, stable units"], values["Serra et al. 2018, Theorem 1"]
    assert stable is not None
    assert plain is not None
    assert count_regions(network, box).num_regions <= stable < plain / 100


def test_stable_units_are_stable() -> None:
    """At many points of the domain no unit has the other sign."""
    network = random_network([3, 10, 10], "he", 3)
    for low, high in ([-0.2] * 3, [0.1] * 3), ([1, 1, 1], [2, 3, math.inf]):
        stable = np.array(sum(stable_units(Problem(network=network, domain=Domain.box(low, high))), ()))
        assert 0 < np.count_nonzero(stable) < 20
        ends = np.minimum(high, 50.0)
        points = np.random.default_rng(1).uniform(low, ends, (4000, 3))
        z = network.pre_activations(points)
        assert (z[:, stable > 0] >= 0).all()
        assert (z[:, stable < 0] <= 0).all()


def test_units_that_no_box_is_needed_for() -> None:
    """On the whole space: a zero row, and sums of earlier outputs with weights of one sign."""
    network = Network.from_layers(
        [[[1, 0], [0, 0], [0, 0]], [[1, 1, 1], [-1, 0, -2], [1, -1, 0]], [[1, 1, 1]]], [[0, 1, -1], [0, 0, 0], [0]]
    )
    assert stable_units(Problem(network=network)) == ((0, 1, -1), (1, -1, 0))
    values = _values(network)
    # One unit of the first layer cuts; of the second, the last one. The count is 3.
    assert values["Serra-Ramalingam 2020, stable units"] == 4
    assert count_regions(network).num_regions == 3


def test_ranks_of_a_network_sharpen_the_bound() -> None:
    rows = [[1, 2, 3], [2, 4, 6], [1, 2, 4], [-1, -2, 7], [5, 10, 1]]
    network = Network.from_layers([rows, np.eye(5), [[1] * 5]], [[1, 2, 3, 4, 5], [-1] * 5, [0]])
    values = _values(network)
    plain, ranked = values["Serra et al. 2018, Theorem 1"], values["Serra et al. 2018, by ranks"]
    assert plain == 576
    assert ranked == 416  # rank 2, then 5: sum over j_1 <= 2 alone
    assert values["Serra-Ramalingam 2020, stable units"] == 256  # the image of the first layer has 2 dimensions
    assert count_regions(network).num_regions <= 256


def test_bias_free_networks() -> None:
    network = random_network([2, 6, 6], "nobias", 1)
    values = _values(network)
    assert values["bias-free, by a slice"] == 98 < (values["Serra et al. 2018, Theorem 1"] or 0)
    assert count_regions(network).num_regions <= 98
    one_layer = random_network([4, 10], "nobias", 1)
    assert count_regions(one_layer).num_regions == generic_central_regions(10, 4) == 260
    assert _values(one_layer)["one bias-free hidden layer"] == 260 <= (_values(one_layer)["bias-free, by a slice"] or 0)
    assert bias_free(Architecture(input_dim=1, widths=(5, 5))) == 2


def test_a_domain_of_another_dimension() -> None:
    with pytest.raises(DomainError):
        bounds(random_network([2, 3], "he", 1), Domain.box([0], [1]))


# -- one convolutional layer ---------------------------------------------------------------------------


def _convolution(entry: dict[str, Any]) -> Network:
    length, size = entry["input_len"], entry["filter"]
    positions = range(length - size + 1)
    rows = [[0] * p + row + [0] * (length - size - p) for row in entry["filters"] for p in positions]
    biases = [bias for bias in entry["biases"] for _ in positions]
    return Network.from_layers([rows, [[1] * len(rows)]], [biases, [0]])


@pytest.mark.parametrize("entry", KNOWN["convolution"], ids=lambda e: f"{e['input_len']},{e['filter']},{e['d1']}")
def test_one_convolutional_layer(entry: dict[str, Any]) -> None:
    """The formula, the same weights counted by the splitter, and by the characteristic polynomial."""
    bound = convolution_bound(receptive_fields([entry["input_len"]], [entry["filter"]]), entry["d1"])
    network = _convolution(entry)
    assert bound.value == entry["xiong_thm2"] == entry["regions_exact"]
    assert count_regions(network).num_regions == entry["regions_exact"]
    assert count_regions(network, engine="charpoly").num_regions == entry["regions_exact"]


def test_a_convolution_in_the_plane_against_the_definition_of_k() -> None:
    fields = receptive_fields([2, 3], [2, 2])
    assert [sorted(field) for field in fields] == [[0, 1, 3, 4], [1, 2, 4, 5]]
    stated = sum(
        math.comb(4, s) * math.comb(4, t) for s in range(5) for t in range(5) if s <= 4 and t <= 4 and s + t <= 6
    )
    assert convolution_bound(fields, 4).value == stated


@pytest.mark.parametrize(("shape", "size", "filters"), [([3], [4], 1), ([], [], 1), ([3], [2], 0), ([30], [2], 9)])
def test_convolutions_that_cannot_be(shape: list[int], size: list[int], filters: int) -> None:
    with pytest.raises(UsageError):
        convolution_bound(receptive_fields(shape, size), filters)


# -- one hidden layer, exactly -------------------------------------------------------------------------


def test_generic_offsets_count_independent_subsets() -> None:
    entry = KNOWN["generic_offsets"]
    rows = entry["W"]
    network = Network.from_layers([rows, [[1] * len(rows)]], [entry["b"], [0]])
    subsets = itertools.chain.from_iterable(itertools.combinations(rows, k) for k in range(len(rows) + 1))
    independent = sum(RationalMatrix.from_fractions(list(s), 3).rank() == len(s) if s else True for s in subsets)
    assert independent == entry["independent_subsets"] == entry["regions"] == 21
    assert {count_regions(network, engine=engine).num_regions for engine in ("split", "charpoly")} == {21}


@pytest.mark.parametrize("entry", KNOWN["convex_window"], ids=lambda e: str(e["n"]))
def test_lines_in_a_window(entry: dict[str, Any]) -> None:
    rows = RationalMatrix.from_fractions([[Fraction(w) for w in row] for row in entry["W"]], 2)
    offsets = RationalMatrix.from_fractions([[Fraction(b)] for b in entry["b"]], 1)
    network = Network.from_layers([rows, [[1] * entry["n"]]], [offsets, [0]])
    count = count_regions(network, Domain.box([0, 0], [1, 1])).num_regions
    assert count == entry["regions_in_unit_square"] == 1 + entry["lines_meeting"] + entry["vertices_inside"]


@pytest.mark.parametrize("seed", range(12))
def test_the_characteristic_polynomial_on_random_networks(seed: int) -> None:
    """Duplicates, parallel hyperplanes, zero rows and rational weights; figures as the splitter finds them."""
    generator = random.Random(seed)
    dim, n = generator.randint(1, 4), generator.randint(1, 9)
    rows = [[Fraction(generator.randint(-2, 2), generator.randint(1, 2)) for _ in range(dim)] for _ in range(n)]
    offsets = [[Fraction(generator.randint(-2, 2))] for _ in range(n)]
    network = Network.from_layers(
        [RationalMatrix.from_fractions(rows, dim), [[1] * n]], [RationalMatrix.from_fractions(offsets, 1), [0]]
    )
    figures = [
        (c.num_regions, c.num_bounded, c.num_relatively_bounded, c.num_facets, c.per_stage)
        for c in (count_regions(network, engine=engine) for engine in ("split", "charpoly", "lp"))
    ]
    assert figures[0] == figures[1] == figures[2]


def test_what_the_characteristic_polynomial_does_not_count() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    with pytest.raises(UsageError, match="one hidden stage"):
        count_regions(network, engine="charpoly")
    shi = construct("shi", {"n": "3"}).network
    with pytest.raises(UsageError, match="a domain was given"):
        count_regions(shi, Domain.box([0] * 3, [1] * 3), "charpoly")
    with pytest.raises(UsageError, match="only counts"):
        relureg.enumerate_regions(shi, engine="charpoly")


def test_a_limit_leaves_a_proven_lower_bound() -> None:
    network = construct("moment-curve", {"n": "30", "d": "3"}).network
    count = count_regions(network, engine="charpoly", max_regions=500)
    assert not count.complete
    assert 500 <= count.num_regions < 4526 == count_regions(network, engine="charpoly").num_regions
    assert count.num_facets is None
    assert {check.name: check.passed for check in count.checks}["watertight"] is None


def test_a_network_without_hidden_layer_has_one_region() -> None:
    count = count_regions(Network.from_layers([[[1, 2]]], [[0]]), engine="charpoly")
    assert (count.num_regions, count.num_facets) == (1, 0)
