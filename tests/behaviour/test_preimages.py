"""Preimages and images: points put into the network, and areas by clipping the referee's polygons."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg import Domain, Network, image, preimage
from relureg.complex.polyhedron import Polyhedron
from tests.contract.networks import KINDS, generated

from .brute_force import clipped_area, dot, regions_of

ABS = Network.from_layers([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])


def holds(piece: Polyhedron, point: list[Fraction]) -> bool:
    rows = zip(piece.inequalities.matrix.fractions(), piece.inequalities.constant.fractions(), strict=True)
    return all(dot(row, point) + constant >= 0 for row, (constant,) in rows)


@pytest.mark.parametrize("name", ["rand_2-16-16-1", "int_2-6-6-1", "xor"])
def test_areas(name: str) -> None:
    network = relureg.load(f"fixtures/truth/{name}.json")
    box = Domain.box([-1, -1], [1, Fraction(3, 2)])
    low, high = Fraction(-1, 3), Fraction(1, 2)
    expected = Fraction(0)
    for region in regions_of(network, box) if name != "rand_2-16-16-1" else ():
        slope, constant = region.matrix[0], region.constant[0]
        rows = [[constant - low, *slope], [high - constant, *(-x for x in slope)]]
        expected += clipped_area(region.vertices, rows)
    found = preimage(network, Domain.box([low], [high]), box)
    if name == "rand_2-16-16-1":  # many regions: those that the splitter lists
        cells = relureg.enumerate_regions(network, box)
        for k in range(cells.num_regions):
            affine = cells.affine_map(k)
            ((constant,),), (slope,) = affine.constant.fractions(), affine.matrix.fractions()
            rows = [[constant - low, *slope], [high - constant, *(-x for x in slope)]]
            expected += clipped_area(cells.polyhedron(k).vertices.fractions(), rows)
    assert found.volume() == expected > 0


@pytest.mark.parametrize("kind", KINDS)
def test_points_of_generated_networks(kind: str) -> None:
    """A point lies in a piece iff its output lies in the set; the image of its region has that output."""
    sample = generated(kind, 6, size=6)
    if sample.domain is not None and sample.domain.equations is not None:
        return
    network, m = sample.network, sample.network.output_dim
    middle = network.exact_output([Fraction(1, 3)] * network.input_dim)
    target = Domain.box([y - 1 for y in middle], [y + abs(y) for y in middle[:1]] + [float("inf")] * (m - 1))
    pieces, outputs = list(preimage(network, target, sample.domain)), image(network, sample.domain)
    rng = np.random.default_rng(3)
    points = [[Fraction(1, 3)] * network.input_dim, *rng.integers(-20, 21, (30, network.input_dim)).tolist()]
    for point in [[Fraction(x) / 7 for x in point] for point in points]:
        if sample.domain is not None and not sample.domain.has_inside(point):
            continue
        values = network.exact_output(point)
        assert any(piece.polytope.has(values) for piece in outputs)
        signs = target.exact_signs(values)
        if 0 not in signs:  # on the boundary the preimage may have no interior
            assert any(holds(piece, point) for piece in pieces) == (min(signs, default=1) > 0)


def test_vertices_of_images_are_outputs() -> None:
    """The hull of all pieces has the range of each output, and each vertex an input."""
    network = Network.from_layers([[[1, 2], [3, -1], [1, 1]], [[1, 1, -1], [2, -1, 1]]], [[0, 1, -1], [0, 2]])
    square = Domain.box([-1, -1], [1, 1])
    pieces = image(network, square)
    for k, found in enumerate(relureg.output_range(network, square)):
        values = [vertex[k] for piece in pieces for vertex in piece.polytope.vertices]
        assert (min(values), max(values)) == (found.minimum.value, found.maximum.value)
    for region, piece in zip(regions_of(network, square), pieces, strict=True):
        for vertex in piece.polytope.vertices:
            outputs = [
                tuple(dot(row, x) + c for row, c in zip(region.matrix, region.constant, strict=True))
                for x in region.vertices
            ]
            assert vertex in outputs


def test_a_union_of_cases_and_what_a_strict_inequality_means(tmp_path: Path) -> None:
    path = tmp_path / "set.vnnlib"
    head = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (>= X_0 -3))(assert (<= X_0 3))"
    path.write_text(f"{head}(assert (or (>= Y_0 2) (and (<= Y_0 1) (>= X_0 0)) (<= X_0 -2.5)))")
    found = preimage(ABS, path)
    assert sorted(vertex for piece in found for (vertex,) in piece.vertices.fractions()) == [
        -3,
        Fraction(-5, 2),
        Fraction(-5, 2),
        -2,
        0,
        1,
        2,
        3,
    ]
    assert found.volume() == 3
    relu = Network.from_layers([[[1]], [[1]]], [[0], [0]])
    path.write_text(f"{head}(assert (<= Y_0 0))")
    assert preimage(relu, path).volume() == 3
    path.write_text(f"{head}(assert (< Y_0 0))")
    assert len(preimage(relu, path)) == 0


def test_what_is_unbounded_and_what_has_no_interior() -> None:
    above = preimage(ABS, Domain.box([1], [float("inf")]))
    assert (len(above), above.volume(), above.is_bounded) == (2, None, False)
    assert len(preimage(ABS, Domain.box([1], [1]))) == 0


def test_what_is_refused() -> None:
    with pytest.raises(relureg.errors.UsageError, match="the set is one of 2 outputs"):
        preimage(ABS, Domain.box([0, 0], [1, 1]))
    with pytest.raises(relureg.errors.LimitReachedError, match="not all pieces"):
        preimage(relureg.load("fixtures/truth/rand_2-16-16-1.json"), Domain.box([0], [1]), max_regions=3)
