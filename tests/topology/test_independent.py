"""Every network of fixtures/truth, and generated ones, against simplices and GUDHI."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

import relureg
from relureg import Domain, Network, Problem, Slice, decision_topology
from tests.contract.networks import KINDS, generated

from .independent import LargeTriangulation, Triangulation, sides
from .networks import torus

SMALL = ["dup_dead_2", "int_2-6-6-1", "nobias_2-10-1", "saw_3", "xor"]
LARGE = ["nobias_3-8-1", "saw_6", "int_3-6-6-1", "rand_2-16-16-1", "rand_2-100-1", "rand_3-16-16-1"]
LARGEST = ["rand_3-60-1", "rand_4-12-12-1", "rand_4-40-1"]


def compare(
    network: Network,
    output: int,
    level: Fraction,
    domain: Domain | None = None,
    kind: type[Triangulation] = Triangulation,
) -> None:
    for compactified, expected in sides(network, output, level, domain, kind):
        infinity = "compactified" if compactified else "closed"
        found = decision_topology(network, domain, output=output, level=level, infinity=infinity)
        assert all(check.passed is not False for check in found.checks)
        assert {part.name: list(part.betti) for part in found.parts} == expected
        assert {part.name: list(part.betti_rational) for part in found.parts} == expected


@pytest.mark.parametrize("kind", [Triangulation, LargeTriangulation])
@pytest.mark.parametrize("name", SMALL)
def test_networks_of_known_size(name: str, kind: type[Triangulation]) -> None:
    compare(relureg.load(f"fixtures/truth/{name}.json"), 0, Fraction(0), kind=kind)


@pytest.mark.sweep
@pytest.mark.parametrize("name", LARGE)
def test_larger_networks_of_known_size(name: str) -> None:
    network = relureg.load(f"fixtures/truth/{name}.json")
    compare(network, 0, Fraction(0))
    compare(network, 0, network.exact_output([0] * network.input_dim)[0])


@pytest.mark.sweep
@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_networks_of_known_size(name: str) -> None:
    network = relureg.load(f"fixtures/truth/{name}.json")
    compare(network, 0, network.exact_output([0] * network.input_dim)[0], kind=LargeTriangulation)


@pytest.mark.sweep
def test_a_part_of_a_network_of_a_million_faces() -> None:
    network = relureg.load("fixtures/truth/rand_4-40-1.json")
    quarter = Domain.box([Fraction(-1, 4)] * 4, [Fraction(1, 4)] * 4)
    compare(network, 0, network.exact_output([0] * 4)[0], quarter, LargeTriangulation)


@pytest.mark.parametrize(
    "kind", ["box", "bias-free", "ignored-inputs", "low-rank", "sparse-integers", "unbounded-polytope"]
)
def test_generated_networks(kind: str) -> None:
    compare_generated(kind, 5, 8)


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(20))
def test_more_generated_networks(kind: str, seed: int) -> None:
    compare_generated(kind, seed, 30)


def compare_generated(kind: str, seed: int, size: int) -> None:
    sample = generated(kind, seed, size=size)
    problem = Problem(network=sample.network, domain=sample.domain).restricted()
    network, domain = problem.network, problem.domain
    if network.input_dim > 3:  # a box has too many vertices
        axes = [[int(i == k) for i in range(network.input_dim)] for k in range(3)]
        network, domain = network.on(Slice.along([Fraction(1, 3)] * network.input_dim, axes)), None
    # A level that the output attains at a point, perhaps on all of a region.
    point = [Fraction(1, 3)] * network.input_dim
    if domain is not None:
        point = relureg.enumerate_regions(network, domain).point(0)
    level = network.exact_output(point)[-1]
    for value in (level, level / 2):
        compare(network, network.output_dim - 1, value, domain)


@pytest.mark.parametrize(
    "domain",
    [
        Domain.box([0, 0, -math.inf], [1, math.inf, math.inf]),
        pytest.param(Domain.box([-1, -1, -1], [1, 2, 2]), marks=pytest.mark.sweep),
        pytest.param(Domain.polytope([[1, 1, 1]], [0]), marks=pytest.mark.sweep),  # contains lines
        pytest.param(Domain.polytope([[1, 1, 1], [-1, -1, -1]], [1, 2]), marks=pytest.mark.sweep),
    ],
)
def test_a_torus(domain: Domain) -> None:
    compare(torus(), 0, Fraction(0), domain)
