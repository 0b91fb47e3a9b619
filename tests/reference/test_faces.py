"""f-vectors: of networks with known values, of arrangements with formulas, and of domains."""

import dataclasses
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import Complex, Domain, Network, enumerate_regions
from relureg.families.arrangements import boolean, generic_regions, moment_curve, network_of_hyperplanes, type_b

from .arrangements import arrangement
from .conftest import complex_of

TRUTH = json.loads(Path("fixtures/truth/counts.json").read_text())
COUNTEREXAMPLES = json.loads(Path("fixtures/counterexamples/counts.json").read_text())
FOR_THE_REFEREE = ("xor", "saw_3", "nobias_2-10-1", "nobias_3-8-1", "int_2-6-6-1", "int_3-6-6-1", "dup_dead_2")
LARGE = ("rand_4-40-1",)
"""102,091 regions, whose faces take seconds; there are arrangements in four dimensions below."""


def _stirling(n: int, k: int) -> int:
    """Partitions of n things into k blocks."""
    return sum((-1) ** (k - j) * math.comb(k, j) * j**n for j in range(k + 1)) // math.factorial(k)


def _assert_faces(cells: Complex, f_vector: Any, bounded: Any) -> None:
    assert cells.f_vector == tuple(f_vector)
    assert cells.f_vector_bounded == tuple(bounded)
    assert {check.name: check.passed for check in cells.face_checks}["euler"] is True
    assert all(check.passed is not False for check in cells.face_checks)


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        *(("lp", name) for name in FOR_THE_REFEREE),
        *(("split", name) for name in TRUTH if name not in LARGE),
        *(pytest.param("split", name, marks=pytest.mark.sweep) for name in LARGE),
    ],
)
def test_the_known_vertices(engine: str, name: str) -> None:
    truth = TRUTH[name]
    cells = enumerate_regions(relureg.load(f"fixtures/truth/{name}.json"), engine=engine)
    assert len(cells.f_vector) == cells.essential_dim + 1
    assert cells.f_vector[0] == len(cells.vertices) == truth.get("vertices", cells.f_vector[0])
    assert cells.f_vector[-2:] == (truth["edges"], truth["regions"])
    assert cells.f_vector_bounded[-1] == truth["bounded"] or cells.essential_dim < cells.network.input_dim
    assert [(check.name, check.passed) for check in cells.face_checks] == [("euler", True), ("faces", True)]


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_integer_networks_from_the_generator(lcg_entry: dict[str, Any], engine: str) -> None:
    cells = complex_of(lcg_entry, engine)
    _assert_faces(cells, lcg_entry["fvector"], lcg_entry["bounded_fvector"])


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_examples_of_the_notions_of_region(definition_entry: dict[str, Any], engine: str) -> None:
    cells = complex_of(definition_entry, engine)
    _assert_faces(cells, definition_entry["fvector"], definition_entry["bounded_fvector"])


@pytest.mark.parametrize(
    ("num", "dim"), [(5, 1), (5, 2), (16, 2), (5, 3), (8, 3), (16, 3), (10, 4), (16, 4), (9, 5), (8, 6)]
)
def test_general_position(num: int, dim: int) -> None:
    """f_k = C(n, d - k) S(n - d + k, k), bounded C(n, d - k) C(n - d + k - 1, k)."""
    cells = enumerate_regions(network_of_hyperplanes(moment_curve(num, dim)))
    _assert_faces(
        cells,
        [math.comb(num, dim - k) * generic_regions(num - dim + k, k) for k in range(dim + 1)],
        [math.comb(num, dim - k) * math.comb(num - dim + k - 1, k) for k in range(dim + 1)],
    )


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5, 6])
def test_coordinate_hyperplanes(dim: int) -> None:
    cells = enumerate_regions(network_of_hyperplanes(boolean(dim)))
    _assert_faces(cells, [math.comb(dim, k) * 2**k for k in range(dim + 1)], [1] + [0] * dim)


@pytest.mark.parametrize(("name", "size"), [("braid A_2 (n=3)", 3), ("braid A_3 (n=4)", 4), ("braid A_4 (n=5)", 5)])
def test_braid_arrangements(name: str, size: int) -> None:
    """Faces are ordered partitions; all contain a line, so that vertices have one block."""
    cells = enumerate_regions(arrangement(name))
    assert cells.f_vector == tuple(math.factorial(k) * _stirling(size, k) for k in range(1, size + 1))
    assert cells.num_bounded == 0
    assert cells.f_vector_bounded == (1,) + (0,) * (size - 1)


@pytest.mark.parametrize("dim", [2, 3, 4])
def test_arrangements_of_type_b(dim: int) -> None:
    """Faces are ordered partitions of some coordinates, with signs; the other coordinates are 0."""
    cells = enumerate_regions(network_of_hyperplanes(type_b(dim)))
    assert cells.f_vector == tuple(
        sum(math.comb(dim, m) * 2**m * math.factorial(k) * _stirling(m, k) for m in range(k, dim + 1))
        for k in range(dim + 1)
    )


@pytest.mark.parametrize("name", COUNTEREXAMPLES)
def test_counterexamples(name: str) -> None:
    """Average degree above twice the dimension, or falling with one unit more, with every face accounted for."""
    known = COUNTEREXAMPLES[name]
    cells = enumerate_regions(relureg.load(f"fixtures/counterexamples/{name}.json"))
    graph, signs = cells.graph, cells.records.signs
    _assert_faces(cells, known["f_vector"], known["f_vector_bounded"])
    assert (graph.num_regions, graph.num_facets) == (known["regions"], known["facets"])
    assert graph.average_degree == Fraction(known["average_degree"])
    assert (int(graph.degrees.min()), int(graph.degrees.max())) == (known["min_degree"], known["max_degree"])
    assert (graph.diameter, graph.is_bipartite) == (known["diameter"], known["bipartite"])
    apart = sum(int(((signs[i + 1 :] != signs[i]).sum(axis=1) == 1).sum()) for i in range(len(signs)))
    assert apart == known["pairs_one_unit_apart"]
    assert all(check.passed is not False for check in cells.checks_of(faces=True, graph=True))


def test_what_the_counterexamples_say() -> None:
    degree = {name: Fraction(known["average_degree"]) for name, known in COUNTEREXAMPLES.items()}
    assert degree["folded_cut"] == Fraction(25, 4)
    assert min(value for name, value in degree.items() if name.startswith("folded_cut")) > 6
    assert degree["last_layer_after"] < degree["last_layer_before"]


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_a_box_without_a_unit_is_a_cube(engine: str) -> None:
    affine = Network.from_layers([[[1, 2, 3]]], [[4]])
    cube = enumerate_regions(affine, Domain.box([0] * 3, [1] * 3), engine=engine)
    _assert_faces(cube, (8, 12, 6, 1), (8, 12, 6, 1))
    assert sorted(map(tuple, cube.vertices.tolist())) == sorted(np.ndindex(2, 2, 2))
    orthant = enumerate_regions(affine, Domain.box([0] * 3, [math.inf] * 3), engine=engine)
    _assert_faces(orthant, (1, 3, 3, 1), (1, 0, 0, 0))


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_walls_through_vertices_and_along_facets(engine: str) -> None:
    """Two lines through the centre of a square and one along its side: four triangles, whatever is doubled."""
    cross = Network.from_layers([[[1, 1], [1, -1], [1, 0], [2, 2]], [[1] * 4]], [[0, 0, -1, 0], [0]])
    square = Domain.polytope([[1, 0], [-1, 0], [0, 1], [0, -1], [0, 2], [1, 1]], [1, 1, 1, 1, 2, 2])
    cells = enumerate_regions(cross, square, engine=engine)
    _assert_faces(cells, (5, 8, 4), (5, 8, 4))


def test_a_strip_has_no_known_euler_characteristic() -> None:
    """A domain that contains lines, in a complex that does not: only that check is left out."""
    network = Network.from_layers([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]])
    cells = enumerate_regions(network, Domain.box([-1, -math.inf], [1, math.inf]))
    assert cells.f_vector == (3, 8, 4)
    assert {check.name: check.passed for check in cells.face_checks} == {"euler": None, "faces": True}


def test_no_essential_dimension_is_one_face() -> None:
    cells = enumerate_regions(Network.from_layers([[[0, 0]], [[1]]], [[1], [0]]))
    _assert_faces(cells, (1,), (1,))


def test_more_rows_than_a_word_has_bits() -> None:
    """Grids of 130 and of 66 units, with vertices on the 64th, 65th and last of them."""
    for engine, lines in (("split", 65), ("lp", 33)):
        offsets = [-k for k in range(lines)]
        normals = [[1, 0]] * lines + [[0, 1]] * lines
        plane = Network.from_layers([normals, [[1] * 2 * lines]], [[*offsets, *offsets], [0]], name="grid")
        # The splitter finds the regions; "lp" then means that their vertices are derived from the inequalities.
        cells = dataclasses.replace(enumerate_regions(plane), engine=engine)
        _assert_faces(
            cells,
            (lines**2, 2 * lines * (lines + 1), (lines + 1) ** 2),
            (lines**2, 2 * lines * (lines - 1), (lines - 1) ** 2),
        )
        assert sorted(map(tuple, cells.vertices.tolist())) == sorted(np.ndindex(lines, lines))
