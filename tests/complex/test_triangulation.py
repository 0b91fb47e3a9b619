"""Triangulations of complexes: simplices meet face to face, and cubes are cut into as many as pulling says."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg.complex import triangulation
from relureg.complex.coordinates import exact_vertices
from relureg.complex.triangulation import triangulate
from relureg.errors import LimitReachedError, UsageError

TRUTH = Path(__file__).parents[2] / "fixtures" / "truth"


@pytest.mark.parametrize("name", ["int_2-6-6-1", "int_3-6-6-1", "rand_4"])
def test_every_inner_facet_of_a_simplex_is_one_of_two_simplices(name: str) -> None:
    network = relureg.random_network([4, 4, 2], seed=2) if name == "rand_4" else relureg.load(TRUTH / f"{name}.json")
    low, high = Fraction(-1), Fraction(3, 2)
    cells = relureg.enumerate_regions(
        network, relureg.Domain.box([low] * network.input_dim, [high] * network.input_dim)
    )
    points, numbers = exact_vertices(cells.problem, cells.records, cells.incidences)
    found = triangulate(cells.incidences, numbers, network.input_dim)
    facets = Counter(
        facet for simplex in found.simplices.tolist() for facet in itertools.combinations(simplex, network.input_dim)
    )
    for facet, count in facets.items():
        corners = [points[vertex] for vertex in facet]
        on_wall = any(set(values) in ({low}, {high}) for values in zip(*corners, strict=True))
        assert count == (1 if on_wall else 2)
    assert np.bincount(found.region, minlength=cells.num_regions).min() >= 1


def test_vertices_are_numbered_as_those_of_faces() -> None:
    network = relureg.load(TRUTH / "int_3-6-6-1.json")
    cells = relureg.enumerate_regions(network, relureg.Domain.box([-1] * 3, [2] * 3))
    points, numbers = exact_vertices(cells.problem, cells.records, cells.incidences)
    assert numbers.tolist() == cells.faces.vertex_of_generator.tolist()
    assert np.array(points, dtype=float).tolist() == cells.vertices.tolist()


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5])
def test_a_cube_is_cut_into_a_factorial_of_simplices(dim: int) -> None:
    network = relureg.Network.from_layers([[[1] * dim], [[1]]], [[9], [0]])
    cells = relureg.enumerate_regions(network, relureg.Domain.box([0] * dim, [1] * dim))
    _, numbers = exact_vertices(cells.problem, cells.records, cells.incidences)
    assert len(triangulate(cells.incidences, numbers, dim).simplices) == math.factorial(dim)


def test_what_is_not_triangulated(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = relureg.enumerate_regions(relureg.load(TRUTH / "int_2-6-6-1.json"))
    numbers = np.arange(len(cells.incidences.zeros))
    with pytest.raises(UsageError, match="only bounded regions"):
        triangulate(cells.incidences, numbers, 2)
    monkeypatch.setattr(triangulation, "MAX_SIMPLICES", 3)
    network = relureg.Network.from_layers([[[1] * 3], [[1]]], [[9], [0]])
    cube = relureg.enumerate_regions(network, relureg.Domain.box([0] * 3, [1] * 3))
    with pytest.raises(LimitReachedError, match="more than 3 simplices after 1 of 1 regions"):
        triangulate(cube.incidences, np.arange(8), 3)
