"""Level sets that are known: lines, spheres, rings, a torus, products of teeth, tripods."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg import DecisionTopology, Network, decision_topology
from relureg.topology.face_complex import Chains
from relureg.topology.morse import reduce_chains

from .networks import Builder, largest, saw, smallest, torus


def numbers(found: DecisionTopology) -> dict[str, tuple[int, ...]]:
    """The Betti numbers of all parts but the whole space; all checks hold, and both fields agree."""
    assert all(check.passed is not False for check in found.checks)
    assert all(part.betti == part.betti_rational for part in found.parts)
    return {part.name: part.betti for part in found.parts[:-1]}


@pytest.mark.parametrize("folds", [1, 2, 3])
def test_parallel_lines(folds: int) -> None:
    build = Builder(2)
    x, y = build.x
    network = build.network(saw(x, folds) + y.relu() * 0)
    k = 2**folds
    found = decision_topology(network, level=Fraction(1, 3))
    assert numbers(found) == {
        "boundary": (k, 0, 0), "above": (k // 2, 0, 0), "strictly above": (k // 2, 0, 0),
        "below": (k // 2 + 1, 0, 0), "strictly below": (k // 2 + 1, 0, 0),
    }  # fmt: skip
    assert numbers(decision_topology(network, level=Fraction(1, 3), infinity="compactified")) == {
        # Circles that meet at infinity; strips with their two ends joined; two half-planes with k / 2 - 1 strips.
        "boundary": (1, k, 0), "above": (1, k // 2, 0), "strictly above": (1, k // 2, 0),
        "below": (1, k // 2 - 1, 0), "strictly below": (1, k // 2 - 1, 0),
    }  # fmt: skip


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_the_boundary_of_a_simplex(dim: int) -> None:
    build = Builder(dim)
    total = build.x[0]
    for x in build.x[1:]:
        total = total + x
    network = build.network(largest([-x for x in build.x] + [total - 1]))
    point, empty = (1, *[0] * dim), (0,) * (dim + 1)
    sphere = tuple(np.eye(1, dim + 1, dim - 1, dtype=int)[0] + np.eye(1, dim + 1, 0, dtype=int)[0])
    assert numbers(decision_topology(network)) == {
        "boundary": sphere, "above": sphere, "strictly above": sphere, "below": point, "strictly below": point
    }  # fmt: skip
    closed = numbers(decision_topology(network, infinity="compactified"))
    assert closed["boundary"] == sphere
    assert closed["above"] == closed["strictly above"] == closed["below"] == closed["strictly below"] == point
    below = numbers(decision_topology(network, level=-1))
    assert below["boundary"] == below["below"] == empty
    assert below["above"] == below["strictly above"] == point


def test_a_ring() -> None:
    build = Builder(2)
    x, y = build.x
    ring = abs(abs(x) + abs(y) - 2) * -1 + 1
    network = build.network(ring)
    assert numbers(decision_topology(network)) == {
        "boundary": (2, 2, 0), "above": (1, 1, 0), "strictly above": (1, 1, 0),
        "below": (2, 1, 0), "strictly below": (2, 1, 0),
    }  # fmt: skip
    # Whole circles in a box that holds them; without its corners the outside falls apart.
    box = relureg.Domain.box([-3, -3], [3, 3])
    assert numbers(decision_topology(network, box)) == {
        "boundary": (2, 2, 0), "above": (1, 1, 0), "strictly above": (1, 1, 0),
        "below": (2, 1, 0), "strictly below": (5, 0, 0),
    }  # fmt: skip


def test_a_torus() -> None:
    # Surface, ring and outside; the outside has a hole through the ring, and a void around it where it is open.
    assert numbers(decision_topology(torus())) == {
        "boundary": (1, 2, 1, 0), "above": (1, 1, 1, 0), "strictly above": (1, 1, 1, 0),
        "below": (1, 1, 0, 0), "strictly below": (1, 1, 0, 0),
    }  # fmt: skip
    assert numbers(decision_topology(torus(), infinity="compactified")) == {
        "boundary": (1, 2, 1, 0), "above": (1, 1, 0, 0), "strictly above": (1, 1, 0, 0),
        "below": (1, 1, 0, 0), "strictly below": (1, 1, 0, 0),
    }  # fmt: skip


def test_a_product_of_teeth() -> None:
    build = Builder(2)
    network = build.network(smallest([saw(x, 3) for x in build.x]))
    # 4 x 4 teeth, around each a circle.
    assert numbers(decision_topology(network, level=Fraction(1, 2))) == {
        "boundary": (16, 16, 0), "above": (16, 0, 0), "strictly above": (16, 0, 0),
        "below": (1, 16, 0), "strictly below": (1, 16, 0),
    }  # fmt: skip


def test_a_level_that_is_attained_on_a_whole_region() -> None:
    build = Builder(2)
    x, y = build.x
    network = build.network((abs(x) + abs(y) - 1).relu())  # 0 on a square
    assert numbers(decision_topology(network)) == {
        "boundary": (1, 0, 0), "above": (1, 0, 0), "strictly above": (1, 1, 0),
        "below": (1, 0, 0), "strictly below": (0, 0, 0),
    }  # fmt: skip
    assert decision_topology(network).boundary.f_vector[2] == 4
    flat = Builder(2)
    nothing = flat.network(flat.x[0] * 0 + 3)
    assert numbers(decision_topology(nothing, level=3))["boundary"] == (1, 0, 0)
    assert numbers(decision_topology(nothing, level=3, infinity="compactified"))["boundary"] == (1, 0, 1)
    assert numbers(decision_topology(nothing, level=2))["boundary"] == (0, 0, 0)


def test_three_classes() -> None:
    # Three sectors of the plane, between which three rays run from one point.
    network = Network.from_layers([[[1, 0], [-1, 1], [-1, -1]]], [[0, 0, 0]])
    found = numbers(decision_topology(network))
    assert found["boundary"] == (1, 0, 0)
    assert {found[f"class {k}{alone}"] for k in range(3) for alone in ("", " alone")} == {(1, 0, 0)}
    assert numbers(decision_topology(network, infinity="compactified"))["boundary"] == (1, 2, 0)
    assert numbers(decision_topology(network, of_class=1, infinity="compactified"))["boundary"] == (1, 1, 0)


def test_a_class_that_is_nowhere_alone() -> None:
    # Outputs 0 and 2 are the same function: neither is the largest alone.
    network = Network.from_layers([[[1], [-1], [1]]], [[0, 0, 0]])
    found = decision_topology(network)
    assert numbers(found) == {
        "boundary": (1, 0), "class 0": (1, 0), "class 0 alone": (0, 0), "class 1": (1, 0), "class 1 alone": (1, 0),
        "class 2": (1, 0), "class 2 alone": (0, 0),
    }  # fmt: skip
    # Nowhere: less by 1 than another output; everywhere else only two are left.
    shifted = Network.from_layers([[[1], [1], [-1]]], [[0, -1, 0]])
    assert numbers(decision_topology(shifted))["class 1"] == (0, 0)
    assert numbers(decision_topology(shifted, of_class=0))["above"] == (1, 0)
    # Above the first by 1, and so above all others where the inputs are small.
    above = Network.from_layers([[[1], [1], [0]]], [[0, 1, Fraction(1, 2)]])
    small = relureg.Domain.box([Fraction(-1, 4)], [Fraction(1, 4)])
    assert numbers(decision_topology(above, small)) == {
        "boundary": (0, 0), "class 0": (0, 0), "class 0 alone": (0, 0), "class 1": (1, 0), "class 1 alone": (1, 0),
        "class 2": (0, 0), "class 2 alone": (0, 0),
    }  # fmt: skip


def test_bounded_faces_alone() -> None:
    build = Builder(1)
    (x,) = build.x
    network = build.network(saw(x, 2))
    # Of {y > 1/2} both teeth are bounded; of {y < 1/2} the two unbounded ends are gone but for their part in [0, 1].
    assert numbers(decision_topology(network, level=Fraction(1, 2), infinity="bounded")) == {
        "boundary": (4, 0), "above": (2, 0), "strictly above": (2, 0), "below": (3, 0), "strictly below": (3, 0)
    }  # fmt: skip


def test_the_projective_plane_has_a_hole_modulo_2_only() -> None:
    triangles = ["012", "023", "034", "045", "051", "124", "235", "341", "452", "513"]
    cells = sorted(
        {"".join(c) for t in map(sorted, triangles) for c in (t, t[:2], t[1:], t[::2], t[:1], t[1:2], t[2:])}
    )
    cells.sort(key=lambda cell: (len(cell), cell))
    place = {cell: i for i, cell in enumerate(cells)}
    starts, facets, signs = [0], [], []
    for cell in cells:
        for k in range(len(cell) if len(cell) > 1 else 0):
            facets.append(place[cell[:k] + cell[k + 1 :]])
            signs.append((-1) ** k)
        starts.append(len(facets))
    chains = Chains(
        dims=np.array([len(cell) - 1 for cell in cells]),
        starts=np.array(starts),
        facets=np.array(facets),
        signs=np.array(signs, dtype=np.int8),
    )
    reduced = reduce_chains(chains, 2)
    assert reduced.betti_numbers(2) == (1, 1, 1)
    assert reduced.betti_numbers(0) == reduced.betti_numbers(3) == (1, 0, 0)
