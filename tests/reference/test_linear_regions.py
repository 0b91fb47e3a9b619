"""The six notions of region: worked examples, integer networks and constructions with known numbers."""

from __future__ import annotations

import itertools
import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import Complex, Network, enumerate_regions
from relureg.complex import face_limits
from relureg.complex.linear import affine_classes, closed_regions
from relureg.exact.rational import RationalMatrix

TRUTH = json.loads(Path("fixtures/truth/counts.json").read_text())


def _network(entry: dict[str, Any]) -> Network:
    layers = [*entry["net"]["hidden"], entry["net"]["out"]]
    weights = [
        RationalMatrix.from_fractions([[Fraction(w) for w in row] for row in layer["W"]], len(layer["W"][0]))
        for layer in layers
    ]
    biases = [RationalMatrix.from_fractions([[Fraction(b)] for b in layer["b"]], 1) for layer in layers]
    return Network.from_layers(weights, biases)


def _assert_numbers(entry: dict[str, Any], engine: str) -> None:
    found = enumerate_regions(_network(entry), engine=engine).linear_regions
    assert found.activation_patterns == entry["R1"]
    assert found.activation_regions == entry["R2"]
    assert found.convex_low == found.open_connected == entry["R4"]
    assert found.convex_high == entry["R2"]
    assert found.affine_pieces == entry["R6"]
    if entry.get("R5") is not None:
        assert found.closed_connected == entry["R5"]
    if isinstance(entry.get("R3_by_hand"), int):
        assert found.convex_low <= entry["R3_by_hand"] <= found.convex_high
    if len(entry["net"]["out"]["W"]) > 1:
        assert found.closed_connected is None
        return
    assert found.closed_connected is not None
    assert found.affine_pieces <= found.closed_connected <= found.open_connected


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_integer_networks_from_the_generator(lcg_entry: dict[str, Any], engine: str) -> None:
    _assert_numbers(lcg_entry, engine)


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_examples_of_the_notions_of_region(definition_entry: dict[str, Any], engine: str) -> None:
    _assert_numbers(definition_entry, engine)


@pytest.mark.parametrize("name", TRUTH)
def test_affine_maps_and_connected_pieces_of_the_known_networks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The patterns on all faces of the large ones take a while.
    monkeypatch.setattr(face_limits, "MAX_FACES_COUNTED", 100_000)
    found = enumerate_regions(relureg.load(f"fixtures/truth/{name}.json")).linear_regions
    assert found.affine_pieces == TRUTH[name]["distinct_affine_maps"]
    assert found.open_connected == TRUTH[name]["linear_pieces_connected"]


def _labels_by_fractions(cells: Complex) -> list[int]:
    """Affine pieces by exact maps, one region after the other."""
    numbers: dict[Any, int] = {}
    labels = []
    for region in range(cells.num_regions):
        found = cells.affine_map(region)
        key = str(found.matrix.fractions()), str(found.constant.fractions())
        labels.append(numbers.setdefault(key, len(numbers)))
    return labels


SMALL = ["truth/int_2-6-6-1.json", "truth/saw_6.json", "truth/dup_dead_2.json", "nets/acasxu_tiny_5_5_5.nnet"]


def _small(name: str) -> Complex:
    network = relureg.load(f"fixtures/{name}")
    return enumerate_regions(network, relureg.Domain.box([-5] * network.input_dim, [5] * network.input_dim))


@pytest.mark.parametrize("name", SMALL)
def test_affine_pieces_are_those_of_the_exact_maps(name: str) -> None:
    cells = _small(name)
    assert cells.linear_regions.affine_piece.tolist() == _labels_by_fractions(cells)


@pytest.mark.parametrize("name", SMALL)
def test_equal_residues_do_not_make_maps_equal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = _small(name)
    monkeypatch.setattr(
        affine_classes, "_residues", lambda network, forms, active: np.zeros((len(active), 4), dtype=np.int64)
    )
    monkeypatch.setattr(affine_classes, "_EXACT_CHUNK", 7)
    assert affine_classes.label_affine_maps(cells.network, cells.records).tolist() == _labels_by_fractions(cells)


def test_residues_tell_maps_apart() -> None:
    """A presort that told nothing would still be right, but never fast."""
    cells = enumerate_regions(relureg.load("fixtures/truth/rand_3-16-16-1.json"))
    forms = affine_classes._integral_forms(cells.network)
    active = cells.records.signs > 0
    residues = affine_classes._residues(cells.network, forms, active)
    assert [len(np.unique(column)) for column in residues.T] == [5092] * 4


def test_weights_with_any_denominator_and_skip_connections() -> None:
    third = Fraction(1, 3)
    layers = [([[third], [third], [1]], [0, -third, -2]), ([[3, -6, 1]], [0])]
    weights = [RationalMatrix.from_fractions(w, len(w[0])) for w, _ in layers]
    biases = [RationalMatrix.from_fractions([[x] for x in b], 1) for _, b in layers]
    found = enumerate_regions(Network.from_layers(weights, biases)).linear_regions
    assert (found.activation_regions, found.open_connected, found.affine_pieces) == (4, 4, 3)  # 0, x, -x + 2, 0


@pytest.mark.parametrize(("depth", "patterns"), [(1, 3), (2, 6), (3, 11), (4, 21), (5, 41), (6, 81)])
def test_the_tent_map_composed_with_itself(depth: int, patterns: int) -> None:
    """Telgarsky's network on all of R: for x < 0 every later unit vanishes identically."""
    again = ([[2, -4], [2, -4]], [0, -0.5])
    layers = [([[1], [1]], [0, -0.5]), *[again] * (depth - 1), ([[2, -4]], [0])]
    found = enumerate_regions(Network.from_layers(*zip(*layers, strict=True))).linear_regions
    open_ = 3 if depth == 1 else 2**depth + 2
    assert found.activation_regions == found.open_connected == found.closed_connected == open_
    assert found.affine_pieces == (3 if depth == 1 else 2**depth + 1)
    assert found.activation_patterns == patterns


def test_several_outputs_are_one_map_and_have_no_closed_regions() -> None:
    network = Network.from_layers([[[1], [-1]], [[1, -1], [1, 1]]], [[0, 0], [0, 0]])
    found = enumerate_regions(network).linear_regions  # (x, |x|): the first output alone is affine
    assert (found.open_connected, found.affine_pieces, found.closed_connected) == (2, 2, None)


def test_in_a_box_a_connection_outside_of_it_does_not_count() -> None:
    """Example A5: two cones on which f = 0 are joined by a segment between them."""
    network = Network.from_layers(
        [[[1, 0], [-1, 0], [0, 1], [0, -1]], [[-1, -1, 1, -1], [-1, -1, -1, 1]], [[1, -1]]],
        [[-1, -1, 0, 0], [0, 0], [0]],
    )
    whole = enumerate_regions(network).linear_regions
    above = enumerate_regions(network, relureg.Domain.box([-3, Fraction(1, 8)], [3, 3])).linear_regions
    assert (whole.open_connected, whole.closed_connected, whole.affine_pieces) == (7, 6, 6)
    assert above.closed_connected == above.open_connected  # the segment is outside, the cones stay apart


def test_patterns_in_boxes_are_those_of_all_their_inputs() -> None:
    """Every cell has a point that is the mean of vertices of one region: their patterns, in fractions."""
    for seed in range(12):
        rng = random.Random(seed)
        sizes = [rng.randint(1, 2), *(rng.randint(1, 4) for _ in range(rng.randint(1, 2))), 1]
        network = Network.from_layers(
            [[[rng.randint(-2, 2) for _ in range(a)] for _ in range(b)] for a, b in itertools.pairwise(sizes)],
            [[rng.randint(-1, 1) for _ in range(b)] for b in sizes[1:]],
        )
        cells = enumerate_regions(network, relureg.Domain.box([0] * sizes[0], [2] * sizes[0]))
        patterns = set()
        for region in range(cells.num_regions):
            vertices = cells.polyhedron(region).vertices.fractions()
            for count in range(1, len(vertices) + 1):
                for chosen in itertools.combinations(vertices, count):
                    mean = [sum(column) / count for column in zip(*chosen, strict=True)]
                    patterns.add(tuple((network.exact_signs(mean) > 0).tolist()))
        assert cells.linear_regions.activation_patterns == len(patterns), seed


def test_patterns_on_the_boundary_of_a_domain_count() -> None:
    identity = Network.from_layers([[[1], [-1]], [[1, -1]]], [[0, 0], [0]])
    inside = enumerate_regions(identity, relureg.Domain.box([-1], [1])).linear_regions
    beside = enumerate_regions(identity, relureg.Domain.box([0], [1])).linear_regions
    assert (inside.activation_patterns, inside.activation_regions) == (3, 2)
    assert (beside.activation_patterns, beside.activation_regions) == (2, 1)  # the input 0 is in [0, 1]


def test_patterns_by_points_of_a_fine_grid() -> None:
    """Every pattern that a grid point has is counted; integer weights put many grid points on smaller cells."""
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    cells = enumerate_regions(network)
    grid = [Fraction(k, 2) for k in range(-8, 9)]
    seen = {tuple((network.exact_signs(point) > 0).tolist()) for point in itertools.product(grid, grid)}
    assert cells.linear_regions.activation_patterns is not None
    assert cells.linear_regions.activation_patterns >= len(seen)


def test_what_would_take_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_limits, "MAX_FACES_COUNTED", 10)
    monkeypatch.setattr(closed_regions, "MAX_POLYHEDRA", 0)
    entry = json.loads(Path("fixtures/reference/values.json").read_text())["definitions"]
    found = enumerate_regions(_network(next(e for name, e in entry.items() if name.startswith("A5")))).linear_regions
    assert (found.activation_patterns, found.closed_connected, found.open_connected) == (None, None, 7)
